"""The config guide: every block is accepted without a warning, becomes the documents it shows, and no key is left out.

The first line of a YAML block names its file. A block with ``config`` is the whole file, any other stands under
``config:`` of that file and replaces its keys. A JSON block is a document that the YAML block before it becomes, or
the file that a comment above it names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.access_tests import parse_access_tests
from crossaccount.iam.documents import to_json
from crossaccount.settings import Settings, load_settings, models, read_project
from crossaccount.settings.documents import build_documents
from crossaccount.settings.models.base import Model
from crossaccount.settings.models.config import KEYS
from crossaccount.settings.yaml_text import parse_yaml

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "config.md"
FENCED = re.compile(r"(?:^<!-- file: (\S+) -->\n)?^```(yaml|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """A YAML block at a line of the guide, the file that it names, and the documents that it shows."""

    file: str
    line: int
    text: str
    documents: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def content(self) -> dict[str, Any]:
        value: dict[str, Any] = parse_yaml(self.text, self.file)
        return value

    @property
    def is_whole_file(self) -> bool:
        return not self.file.startswith("Pulumi.") or "config" in self.content


def _blocks() -> Iterator[Block]:
    guide = GUIDE.read_text(encoding="utf-8")
    block = None
    for found in FENCED.finditer(guide):
        file, language, text = found.groups()
        if file:
            yield Block(file, 0, text)
        elif language == "yaml":
            if block:
                yield block
            line = guide.count("\n", 0, found.start()) + 1
            block = Block(text.splitlines()[0].removeprefix("# "), line, text)
        else:
            assert block is not None, "a document without a config"
            block.documents.append(json.loads(text))
    if block:
        yield block


BLOCKS = list(_blocks())
CONFIGS = [block for block in BLOCKS if not block.is_whole_file]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The guide's whole files in a folder."""
    for block in BLOCKS:
        if block.is_whole_file:
            path = tmp_path / block.file
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    return tmp_path


def _load(block: Block, project: Path) -> Settings:
    stack = block.file.removeprefix("Pulumi.").removesuffix(".yaml")
    return load_settings({**read_project(project).stacks[stack], **block.content}, root=project, where=block.file)


def _documents(settings: Settings) -> set[str]:
    built, problems = build_documents(settings)
    assert not problems
    inline = (each for owners in (built.user_inline, built.group_inline, built.role_inline) for each in owners.values())
    return {*built.managed.values(), *built.trust.values(), *(text for owned in inline for text in owned.values())}


def test_the_whole_files_are_a_project(project: Path) -> None:
    stacks = read_project(project)
    assert {name: stacks.settings(name).account for name in stacks.stacks} == {"auth": "auth", "workload": "workload"}


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: f"line {block.line}")
def test_a_config_is_accepted_and_becomes_what_is_shown(block: Block, project: Path) -> None:
    settings = _load(block, project)
    # A rename leaves something to do, and says so.
    assert [str(each) for each in settings.warnings if not each.where.endswith(".aliases")] == []
    assert {to_json(document) for document in block.documents} <= _documents(settings)


def test_the_access_tests_are_accepted_and_know_their_accounts(project: Path) -> None:
    [block] = [block for block in BLOCKS if block.file == "access-tests.yaml"]
    book = read_project(project).settings("auth").account_ids
    assert len(parse_access_tests(block.content, book, block.file).tests) == 5


def _all_keys() -> set[str]:
    found = {f"crossaccount:{key}" for key in KEYS} | {"aws:allowedAccountIds"}
    for name in models.__all__:
        model = getattr(models, name)
        assert issubclass(model, Model)
        found |= {each.alias or key for key, each in model.model_fields.items()}
    return found


def _keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield str(key)
            yield from _keys_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from _keys_in(member)


def test_every_key_of_the_schema_has_an_example() -> None:
    shown = {key for block in BLOCKS for key in _keys_in(block.content)}
    assert _all_keys() - shown == set()
