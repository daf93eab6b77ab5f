"""The README: its config is the tutorial's own, and its commands are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generator.commands import every_command
from tests.docs.commands.markdown import Block, blocks

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CONFIGS = [block for block in blocks(README) if block.info == "yaml"]


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: f"line {block.line}")
def test_the_config_is_in_the_tutorials_own_file(block: Block) -> None:
    name, _, lines = block.text.partition("\n")
    file = ROOT / "examples" / "tutorial" / name.removeprefix("# ")
    assert f"{lines}\n" in file.read_text(encoding="utf-8")


def test_both_sides_are_shown() -> None:
    assert len(CONFIGS) == 2


def test_the_commands_that_documents_name_exist() -> None:
    there = {name.split()[0] for name, _ in every_command()}
    documents = [README, *ROOT.glob("docs/*.md"), *ROOT.glob("docs/guide/*.md")]
    named = {
        (file.name, name)
        for file in documents
        for name in re.findall(r"`crossaccount ([a-z-]+)", file.read_text(encoding="utf-8"))
    }
    assert {(file, name) for file, name in named if name not in there} == set()


def _links(file: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", text)


def _anchors(file: Path) -> set[str]:
    """The headings as GitHub links to them."""
    text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")])


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(file: Path) -> None:
    dead = []
    for link in _links(file):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (file.parent / path).resolve() if path else file
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(link)
    assert dead == []


def test_every_guide_is_in_the_index() -> None:
    listed = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in _links(ROOT / "docs" / "README.md")}
    pages = {*ROOT.glob("docs/*.md"), *ROOT.glob("docs/guide/*.md"), *ROOT.glob("docs/reference/*.md")}
    assert pages - listed == {ROOT / "docs" / "README.md"}
