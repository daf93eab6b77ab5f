"""Every guide can be followed in one checkout, in any order: none needs or meets the folder of another."""

from __future__ import annotations

from collections import defaultdict

from tests.docs.commands.markdown import blocks, commands
from tests.docs.commands.sandbox import ROOT
from tests.docs.test_commands import WITH_COMMANDS

GOES_ON = {"README.md", "docs/guide/first-project.md"}
"""The guide goes on with the project of the README, and says so."""


def _made(text: str) -> str | None:
    """The folder that a command makes at the top of the checkout."""
    words = text.split()
    if words[:2] == ["crossaccount", "init"] or words[:1] == ["mkdir"]:
        return words[len(words[:2]) if words[0] == "crossaccount" else 1]
    return words[3] if words[:2] == ["cp", "-r"] else None


def test_no_two_guides_make_the_same_folder() -> None:
    makers: dict[str, set[str]] = defaultdict(set)
    for document in WITH_COMMANDS:
        for block in blocks(ROOT / document):
            if block.info == "console":
                for command in commands(block):
                    folder = _made(command.text)
                    if folder and not folder.startswith("-"):
                        makers[folder].add(str(document))
    assert {"mine", "three", "metrics"} <= set(makers)
    shared = {folder: found for folder, found in makers.items() if len(found) > 1}
    assert shared == {"mine": GOES_ON}
