"""The build backend: setuptools, whose archives are then the same byte for byte wherever they are built.

setuptools writes the time, the owner and the order of files as it finds them. ``SOURCE_DATE_EPOCH`` gives the time of
every file (https://reproducible-builds.org/specs/source-date-epoch/); without it, that is a fixed day.
"""

import gzip
import io
import os
import tarfile
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

A_DAY = 1_767_225_600
"""2026-01-01. A ZIP archive knows no time before 1980."""


def _seconds():
    return int(os.environ.get("SOURCE_DATE_EPOCH") or A_DAY)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    os.environ["SOURCE_DATE_EPOCH"] = str(_seconds())
    os.umask(0o022)
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    name = build_meta.build_sdist(sdist_directory, config_settings)
    archive = Path(sdist_directory, name)
    archive.write_bytes(_normal(archive.read_bytes(), _seconds()))
    return name


def _normal(content, seconds):
    """The archive with its files in the order of their names, of nobody, at one time.

    It has what was in the checkout and ``PKG-INFO``, not what setuptools noted for itself in ``*.egg-info``.
    """
    plain = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as old,
        tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        members = [each for each in old.getmembers() if ".egg-info" not in each.name]
        for member in sorted(members, key=lambda each: each.name):
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime, member.pax_headers = seconds, {}
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=seconds) as file:
        file.write(plain.getvalue())
    return packed.getvalue()
