"""The docs as a site: the same pages, at the same places, with search. ``make site`` runs it.

Pages stay where they are in the repository, so that their links lead to the same pages there and here. What else they
link to, such as a module or a config, is in the site as a file.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "build" / "site" / "pages"
LEFT_OUT = ("tests/", "node_modules/")
_LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


def pages() -> list[Path]:
    """Every page of the repository, but those of the tests."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(filter(None, listed.split("\0"))) if not name.startswith(LEFT_OUT)]


def linked(page: Path) -> Iterator[Path]:
    """The files of the repository that a page links to; a folder is its README."""
    for target in _LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        found = (ROOT / page.parent / target).resolve()
        if "://" not in target and found.is_relative_to(ROOT) and found.is_file():
            yield found.relative_to(ROOT)


def text_of(page: Path) -> str:
    """A page as the site has it: a link to a folder leads to its README, or to its place in the list of files."""

    def written(found: re.Match[str]) -> str:
        target = ROOT / page.parent / found[1]
        if "://" in found[1] or not target.is_dir():
            return found[0]
        readme = target / "README.md"
        return found[0].replace(found[1], f"{found[1].rstrip('/')}/README.md") if readme.is_file() else "]"

    return _LINK.sub(written, (ROOT / page).read_text(encoding="utf-8"))


def main() -> int:
    """Put the pages together and build the site; its exit code is that of mkdocs."""
    shutil.rmtree(PAGES.parent, ignore_errors=True)
    known = pages()
    for page in known:
        (PAGES / page).parent.mkdir(parents=True, exist_ok=True)
        (PAGES / page).write_text(text_of(page), encoding="utf-8")
    for file in {file for page in known for file in linked(page)} - set(known):
        (PAGES / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, PAGES / file)
    config = Path(__file__).with_name("mkdocs.yml")
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(config)]
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
