"""Writing a first project: all of its files or none, and never over one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import SettingsError


def write_new(files: Mapping[Path, str]) -> None:
    """Write every file.

    Raises:
        SettingsError: files are in the way, all of them; or one cannot be written, and those before it are gone again.
    """
    in_the_way = [file for file in files if file.exists() or file.is_symlink()]
    if in_the_way:
        fix = "choose another folder, or move it away"
        raise SettingsError([Problem(str(file), "is there already", NOT_GIVEN, fix) for file in in_the_way])
    written: list[Path] = []
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as opened:
                written.append(file)
                opened.write(text)
        except OSError as error:
            for each in written:
                each.unlink(missing_ok=True)
            problem = Problem(str(file), f"cannot be written ({error.strerror})", NOT_GIVEN, "choose another folder")
            raise SettingsError([problem]) from None


def top_of_repository(folder: Path) -> Path:
    """The folder with ``.git`` above ``folder``, where GitHub looks for workflows; ``folder`` where there is none."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
