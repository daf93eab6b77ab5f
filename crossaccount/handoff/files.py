"""Hand-offs that are files: profiles merged into a config, and a folder of Granted's."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from crossaccount.handoff.config_file import read_text, replace_text
from crossaccount.handoff.entry import HandedOut
from crossaccount.handoff.errors import HandoffError
from crossaccount.handoff.kinds import granted, profiles
from crossaccount.handoff.merge import merged
from crossaccount.iam.problem import NOT_GIVEN, Problem


def merge_profiles(handed: HandedOut, file: Path, now: datetime) -> Path | None:
    """Merge the profiles into ``file``; the backup's name, if one was needed.

    Raises:
        HandoffError: somebody else's profiles have names of ours, or the file cannot be read or written.
    """
    target = file.expanduser()
    text = merged(read_text(target), profiles.sections(handed), handed, str(file))
    return replace_text(target, text, now)


def write_granted(handed: HandedOut, folder: Path, now: datetime) -> None:
    """Write the registry into ``folder``, merging its config as any other.

    Raises:
        HandoffError: there is a ``granted.yml`` that does not name our config, or a file cannot be read or written.
    """
    index = folder / granted.INDEX
    wanted = granted.files(handed)[granted.INDEX]
    there = read_text(index)
    if there and granted.CONFIG not in there:
        fix = f"add ./{granted.CONFIG} to its awsConfig, or choose another folder"
        raise HandoffError([Problem(str(index), f"does not name ./{granted.CONFIG}", NOT_GIVEN, fix)])
    merge_profiles(handed, folder / granted.CONFIG, now)
    if not there:
        replace_text(index, wanted, now)
