"""From ``fleet.yaml`` to files: written once, left alone when nothing changes, taken over and given up with care."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from crossaccount.fleet import plan
from crossaccount.fleet.planning import Change, write_all
from crossaccount.settings import SettingsError, read_project
from tests.fleet.conftest import AUDIT, AUDITOR, IDS, role_set

FLEET = {"role_sets": AUDIT, "region": "us-east-1"}
SHOP = "Pulumi.shop.yaml"


def _said(folder: Path, **options: bool) -> list[str]:
    with pytest.raises(SettingsError) as found:
        plan(folder, **options)
    return str(found.value).splitlines()


def _written(folder: Path) -> dict[str, str]:
    write_all(plan(folder).changes)
    return {file.name: file.read_text() for file in folder.glob("Pulumi.*.yaml")}


def test_one_file_an_account_which_loads_as_any_stack(write):
    folder = write(FLEET)
    found = plan(folder)
    assert [(each.stack, each.kind) for each in found.changes] == [(name, "new") for name in sorted(IDS)]
    write_all(found.changes)
    project = read_project(folder)
    assert {name: project.settings(name).account_id for name in project.stacks} == IDS


def test_writing_twice_changes_nothing(write):
    folder = write(FLEET)
    before = _written(folder)
    stamps = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    found = plan(folder)
    assert (found.changes, found.unchanged) == ((), 3)
    assert _written(folder) == before
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == stamps


def test_the_order_of_role_sets_is_no_difference(write):
    more = {"b": role_set(trusting={"roles": {"B": AUDITOR}})}
    _written(write({"role_sets": {**AUDIT, **more}}))
    assert plan(write({"role_sets": {**more, **AUDIT}})).changes == ()


def test_a_change_touches_the_accounts_that_it_is_about(write):
    folder = write(FLEET)
    _written(folder)
    found = plan(write({**FLEET, "exceptions": {"shop": {"trusting": {"roles": {"Auditor": {"path": "/x/"}}}}}}))
    [change] = found.changes
    assert change.diff().splitlines()[3:] == [
        "         trust:",
        "           - principals: [security]",
        "+        path: /x/",
    ]


def test_what_people_and_pulumi_add_stays(write):
    folder = write(FLEET)
    _written(folder)
    file = folder / SHOP
    ours = "  # ours\n  crossaccount:quotas: {GroupsQuota: 400}\n  aws:token:\n    secure: AAA\n"
    file.write_text(file.read_text() + ours + "encryptionsalt: v1:abc\n")
    assert plan(folder).changes == ()
    assert _written(write({**FLEET, "region": "eu-west-1"}))[SHOP].endswith(ours + "encryptionsalt: v1:abc\n")


def test_settings_are_checked_with_what_is_added_by_hand(write):
    folder = write(FLEET)
    _written(folder)
    file = folder / SHOP
    file.write_text(file.read_text() + "  crossaccount:include: [more.yaml]\n")
    write(FLEET, **{"more.yaml": "trusting: {roles: {Auditor: {trust: [{principals: [shop]}]}}}\n"})
    assert "the role is declared twice, first at" in _said(folder)[0]


def test_what_is_wrong_with_a_role_set_is_said_once_at_its_place(write):
    wrong = {"Auditor": {"trust": [{"principals": ["security"], "mfas": True}], "policies": ["Missing"]}}
    assert _said(write({"role_sets": {"audit": role_set(trusting={"roles": wrong})}})) == [
        "fleet.yaml: role_sets.audit.trusting.roles.Auditor.trust[0].mfas: unknown key (in play and 2 other accounts); "
        "did you mean `mfa`?",
        "fleet.yaml: role_sets.audit.trusting.roles.Auditor.policies[0]: no such policy under policies (in play and 2 "
        'other accounts), got "Missing"; declare it under policies, or write arn:aws:iam::aws:policy/Missing',
    ]


def test_what_aws_has_no_room_for_is_said_before_anything_is_written(write):
    """A group has ten managed policies; a grant on a thousand roles by name needs more, on long names sooner."""
    long = "p" * 400
    accounts = [{"name": "security", "id": IDS["security"]}]
    accounts += [{"name": f"a{each}", "id": f"{500000000000 + each}"} for each in range(170)]
    audit = role_set([{"accounts": "a*"}], trusting={"roles": {"Auditor": {**AUDITOR, "path": f"/{long}/"}}})
    people = {"auditors": {"inline": {"audit": {"assume": [f"<audit>/role/{long}/Auditor"]}}}}
    content = {"accounts": accounts, "role_sets": {"audit": audit, "people": role_set([{"accounts": "security"}])}}
    content["role_sets"]["people"]["trusted"] = {"groups": people}
    [line] = _said(write(content))
    assert line.startswith(
        "fleet.yaml: role_sets.people.trusted.groups.auditors: a group has at most 10 managed policies"
    )
    people["auditors"]["inline"]["audit"]["assume"] = [f"arn:aws:iam::*:role/{long}/Auditor"]
    assert len(plan(write(content)).changes) == 171


def test_a_file_of_others_is_not_written_over(write):
    mine = (
        f'config:\n  crossaccount:account: shop\n  aws:allowedAccountIds: ["{IDS["shop"]}"]\n  aws:region: eu-west-1\n'
    )
    folder = write(FLEET, **{SHOP: mine})
    assert _said(folder) == [
        "Pulumi.shop.yaml: was not written by the fleet, and has another aws:region than fleet.yaml; put it into "
        "fleet.yaml, under exceptions for this account alone, or overwrite it with --adopt"
    ]
    assert not (folder / "Pulumi.play.yaml").exists()
    assert [each.kind for each in plan(folder, adopt=True).changes] == ["new", "new", "changed"]
    found = plan(write({**FLEET, "exceptions": {"shop": {"region": "eu-west-1"}}}, **{SHOP: mine}))
    write_all(found.changes)
    assert mine.removeprefix("config:\n").splitlines()[0] in (folder / SHOP).read_text()


def test_accounts_that_left_are_named_and_stay_until_they_are_pruned(write):
    folder = write(FLEET)
    _written(folder)
    (folder / "Pulumi.byhand.yaml").write_text("config:\n  a:b: c\n")
    accounts = [{"name": "security", "id": IDS["security"]}, {"name": "shop", "id": IDS["shop"]}]
    found = plan(write({**FLEET, "accounts": accounts}))
    assert [(each.name, each.kind) for each in found.left] == [("Pulumi.play.yaml", "removed")]
    write_all(found.changes)
    assert (folder / "Pulumi.play.yaml").exists()
    write_all(found.left)
    assert sorted(file.name for file in folder.glob("Pulumi.*.yaml")) == [
        "Pulumi.byhand.yaml",
        "Pulumi.security.yaml",
        "Pulumi.shop.yaml",
    ]


def test_a_stack_that_declares_its_own_deployer_is_warned_of(write):
    deployer = {"assume_roles": [{"role": "<account.name>/role/x/Auditor"}]}
    roles = {"Auditor": {**AUDITOR, "path": "/x/"}}
    only_shop = {"audit": role_set([{"accounts": "shop"}], trusting={"roles": roles})}
    found = plan(write({"role_sets": only_shop, "credentials": deployer}))
    assert [each.where for each in found.warnings] == ["fleet.yaml: shop: trusting.roles.Auditor"]
    assert plan(write({"role_sets": AUDIT, "credentials": deployer})).warnings == ()


@pytest.mark.skipif(os.geteuid() != 0 and not hasattr(os, "chmod"), reason="needs permissions")
def test_all_files_are_written_or_none(write, monkeypatch):
    folder = write(FLEET)
    before = _written(folder)
    wanted = plan(write({**FLEET, "region": "eu-west-1"})).changes
    really = Path.replace

    def fail_at_shop(self: Path, target: Path) -> Path:
        if target.name == SHOP:
            raise OSError(28, "No space left on device", str(target))
        return really(self, target)

    monkeypatch.setattr(Path, "replace", fail_at_shop)
    with pytest.raises(SettingsError, match=r"Pulumi\.shop\.yaml: cannot be written \(No space left on device\)"):
        write_all(wanted)
    assert {file.name: file.read_text() for file in folder.glob("Pulumi.*.yaml")} == before
    assert [file.name for file in folder.iterdir() if file.name.startswith(".")] == []


def test_permissions_and_links_of_files_stay(write, tmp_path):
    folder = write(FLEET)
    _written(folder)
    real = tmp_path / "elsewhere.yaml"
    shutil.move(folder / SHOP, real)
    (folder / SHOP).symlink_to(real)
    real.chmod(0o640)
    write_all(plan(write({**FLEET, "region": "eu-west-1"})).changes)
    assert (folder / SHOP).is_symlink()
    assert "eu-west-1" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_difference_reads_as_a_diff(tmp_path):
    change = Change("a", tmp_path / "Pulumi.a.yaml", "config:\n  a:b: 1\n", "config:\n  a:b: 2\n")
    assert change.diff() == "--- Pulumi.a.yaml\n+++ Pulumi.a.yaml\n@@ -1,2 +1,2 @@\n config:\n-  a:b: 1\n+  a:b: 2\n"
