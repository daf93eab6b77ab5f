"""A stack that names very many accounts stays below what Pulumi can hand to the program."""

from __future__ import annotations

import pytest

from crossaccount.fleet import plan
from crossaccount.fleet.planning import write_all
from crossaccount.settings import SettingsError, read_project
from crossaccount.settings.raw import check_size
from tests.fleet.conftest import AUDIT, IDS, role_set

SHARED = "fleet/role-sets/audit.yaml"
PEOPLE = {"groups": {"auditors": {"inline": {"audit": {"assume": ["<audit>/role/Auditor"]}}}}}


def _fleet(number):
    accounts = [{"name": "security", "id": IDS["security"]}]
    accounts += [{"name": f"application-{each:05}", "id": f"{500000000000 + each}"} for each in range(number)]
    people = role_set([{"accounts": "security"}], trusted=PEOPLE)
    return {"accounts": accounts, "role_sets": {**AUDIT, "people": people}}


@pytest.fixture(autouse=True)
def _tight(monkeypatch):
    """What takes a thousand accounts in earnest takes thirty here."""
    monkeypatch.setattr("crossaccount.settings.raw.SIZE_LIMIT", 3 * 1024)


@pytest.fixture
def written(write):
    """Write a fleet."""

    def written(content, **files):
        folder = write(content, **files)
        write_all(plan(folder).changes)
        return folder

    return written


def _grants(project):
    settings = project.settings("security")
    return settings.trusted.groups["auditors"].inline["audit"].assume


def test_a_stack_that_fits_is_one_file(written):
    folder = written(_fleet(20))
    assert not (folder / "fleet" / "security.yaml").exists()
    assert len(_grants(read_project(folder))) == 21


def test_what_does_not_fit_goes_to_a_file_that_the_stack_includes(written):
    folder = written(_fleet(35))
    project = read_project(folder)
    assert project.stacks["security"]["crossaccount:include"] == [SHARED, "fleet/security.yaml"]
    assert check_size(project.stacks["security"], "") == []
    assert check_size({"all": _grants(project), **project.stacks["security"]}, "") != []
    assert len(_grants(project)) == 36
    assert "application-00000/role/Auditor" in _grants(project)
    assert plan(folder).changes == ()


def test_where_even_the_address_book_is_too_large_ids_stand_for_names(written):
    folder = written(_fleet(100))
    project = read_project(folder)
    assert list(project.stacks["security"]["crossaccount:accounts"]) == ["security"]
    grants = _grants(project)
    assert grants[:2] == (f"{500000000000}/role/Auditor", "500000000001/role/Auditor")
    assert len(grants) == 101
    assert plan(folder).changes == ()


def test_a_fleet_that_shrinks_takes_the_file_back_and_keeps_what_people_include(written):
    folder = written(_fleet(35))
    file = folder / "Pulumi.security.yaml"
    theirs = f"crossaccount:include: [{SHARED}, fleet/security.yaml]"
    file.write_text(file.read_text().replace(theirs, theirs.replace("[", "[people.yaml, ")))
    (folder / "people.yaml").write_text("trusted: {users: {bo: {}}}\n")
    assert plan(folder).changes == ()
    written(_fleet(10))
    assert not (folder / "fleet" / "security.yaml").exists()
    project = read_project(folder)
    assert project.stacks["security"]["crossaccount:include"] == ["people.yaml", SHARED]
    assert (len(_grants(project)), list(project.settings("security").trusted.users)) == (11, ["bo"])


def test_what_no_form_makes_small_enough_is_reported(write):
    reader = role_set([{"accounts": "security"}], reads=["<audit>"])
    content = _fleet(100)
    content["role_sets"] = {**AUDIT, "reader": reader}
    with pytest.raises(SettingsError) as found:
        plan(write(content))
    assert str(found.value).startswith("fleet.yaml: security: its config has more than 100 KiB in every form")
