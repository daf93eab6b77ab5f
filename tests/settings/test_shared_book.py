"""An address book that stacks share is read once, and says the same as if each had read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from crossaccount.settings import SettingsError, read_project
from crossaccount.settings import load as loading
from crossaccount.settings.models import AccountEntry

ACCOUNTS = {
    f"a{number % 10}": {"id": f"{number:012}", "stack": f"a{number % 10}", "color": "blue"}
    for number in range(100000000001, 100000000009)
}


def _project(folder: Path, accounts: object) -> Path:
    book = {"crossaccount:accounts": {"value": accounts}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python", "config": book}))
    for name, entry in ACCOUNTS.items():
        config = {
            "aws:allowedAccountIds": [entry["id"]],
            "crossaccount:account": name,
            "crossaccount:trusting": {"roles": {"R": {"trust": [{"principals": ["a1"]}]}}},
        }
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
    return folder


def test_every_stack_has_the_same_settings_as_on_its_own(tmp_path: Path) -> None:
    project = read_project(_project(tmp_path, ACCOUNTS))
    alone = replace(project, shared={})
    assert {name: project.settings(name) for name in project.stacks} == {
        name: alone.settings(name) for name in project.stacks
    }


def test_its_entries_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = read_project(_project(tmp_path, ACCOUNTS))
    first = project.settings("a1")
    read = loading.parse

    def parse(entries: object, model: object, *more: object) -> object:
        assert model is not AccountEntry, "an address book is read again"
        return read(entries, model, *more)  # type: ignore[arg-type,type-var]

    monkeypatch.setattr(loading, "parse", parse)
    second = project.settings("a2")
    assert second.accounts["a3"] is first.accounts["a3"]


@pytest.mark.parametrize("wrong", [{**ACCOUNTS, "b": {"id": "1"}}, {**ACCOUNTS, "b": ACCOUNTS["a1"]}, "no book"])
def test_what_is_wrong_in_it_is_reported_as_before(tmp_path: Path, wrong: object) -> None:
    project = read_project(_project(tmp_path, wrong))
    said = []
    for each in (project, replace(project, shared={})):
        with pytest.raises(SettingsError) as error:
            each.settings("a1")
        said.append(str(error.value))
    assert said[0] == said[1]


def test_a_stack_with_a_book_of_its_own_has_that(tmp_path: Path) -> None:
    file = _project(tmp_path, ACCOUNTS) / "Pulumi.a1.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["crossaccount:accounts"] = {"a1": ACCOUNTS["a1"]}
    file.write_text(yaml.safe_dump(content))
    project = read_project(tmp_path)
    assert (set(project.settings("a1").accounts), len(project.settings("a2").accounts)) == ({"a1"}, 8)
