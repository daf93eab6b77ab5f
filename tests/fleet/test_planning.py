"""From ``fleet.yaml`` to files: written once, left alone when nothing changes, taken over and given up with care."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from crossaccount.fleet import plan
from crossaccount.fleet.editing import MARK
from crossaccount.fleet.planning import Change, write_all
from crossaccount.settings import SettingsError, read_project
from crossaccount.settings.in_force import dated_parts
from tests.fleet.conftest import AUDIT, AUDITOR, IDS, role_set

FLEET = {"role_sets": AUDIT, "region": "us-east-1"}
SHOP = "Pulumi.shop.yaml"
SHARED = "fleet/role-sets/audit.yaml"


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
    assert [(each.name, each.kind) for each in found.changes] == [
        (SHARED, "new"),
        *((f"Pulumi.{name}.yaml", "new") for name in sorted(IDS)),
    ]
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


DATED = {"starts": date(2027, 1, 11), "expires": date(2027, 3, 31)}
DATED_SETS = {
    "one account": role_set(
        [{"accounts": "security"}],
        trusted={"users": {"ann": {"inline": {"audit": {"assume": ["shop/role/Auditor"], **DATED}}}}},
    ),
    "every account": role_set(
        trusting={"roles": {"Auditor": {"trust": [{"principals": ["security"], **DATED}]}}},
        suppress=[{"code": "XA101", "where": "trusting", "reason": "for now", "until": date(2027, 6, 30)}],
    ),
}


@pytest.mark.parametrize("dated", DATED_SETS.values(), ids=DATED_SETS)
def test_access_that_ends_keeps_its_dates_and_is_written_once(write, dated):
    folder = write({"role_sets": {"dated": dated}, "region": "us-east-1"})
    write_all(plan(folder).changes)
    assert plan(folder).changes == ()
    project = read_project(folder)
    found = [each for name in project.stacks for _, _, each in dated_parts(project.settings(name)) if each.expires]
    assert found
    assert {each.expires.isoformat() for each in found} == {"2027-04-01T00:00:00+00:00"}


def test_the_order_of_role_sets_is_no_difference(write):
    more = {"b": role_set(trusting={"roles": {"B": AUDITOR}})}
    _written(write({"role_sets": {**AUDIT, **more}}))
    assert plan(write({"role_sets": {**more, **AUDIT}})).changes == ()


def test_a_change_of_a_role_set_is_one_change(write):
    folder = write(FLEET)
    _written(folder)
    audit = role_set(trusting={"roles": {"Auditor": {**AUDITOR, "path": "/x/"}}})
    found = plan(write({**FLEET, "role_sets": {"audit": audit}}))
    [change] = found.changes
    assert (change.name, found.unchanged) == (SHARED, 0)
    assert change.diff().splitlines()[3:] == [
        "       trust:",
        "         - principals: [security]",
        "+      path: /x/",
    ]


def test_an_exception_touches_its_account_alone_which_then_has_the_whole_role_set_in_its_file(write):
    folder = write(FLEET)
    _written(folder)
    found = plan(write({**FLEET, "exceptions": {"shop": {"trusting": {"roles": {"Auditor": {"path": "/x/"}}}}}}))
    assert ([each.name for each in found.changes], found.unchanged) == ([SHOP], 2)
    write_all(found.changes)
    project = read_project(folder)
    assert "crossaccount:include" not in project.stacks["shop"]
    paths = {name: project.settings(name).trusting.roles["Auditor"].path for name in project.stacks}
    assert paths == {"play": "/", "security": "/", "shop": "/x/"}


def test_an_exception_that_only_adds_leaves_the_rest_shared(write):
    folder = write({**FLEET, "exceptions": {"shop": {"trusting": {"roles": {"More": AUDITOR}}}}})
    _written(folder)
    project = read_project(folder)
    assert project.stacks["shop"]["crossaccount:trusting"] == {"roles": {"More": AUDITOR}}
    assert list(project.settings("shop").trusting.roles) == ["More", "Auditor"]


def test_what_is_shared_has_the_placeholders_and_each_stack_fills_them(write):
    role = {**AUDITOR, "description": "<account.ou>", "tags": {"stage": "<account.tags.stage>"}}
    shops = [{"accounts": ["shop", "till"]}]
    accounts = [
        {"name": "security", "id": IDS["security"]},
        {"name": "shop", "id": IDS["shop"], "ou": "Work", "tags": {"stage": "prod", "other": "x"}},
        {"name": "till", "id": "444444444444", "ou": "Work/Till", "tags": {"stage": "test"}},
    ]
    roles = {"x-<account.name>-admin": role}
    folder = write({"accounts": accounts, "role_sets": {"shops": role_set(shops, trusting={"roles": roles})}})
    _written(folder)
    project = read_project(folder)
    own = project.stacks["shop"]["crossaccount:accounts"]
    assert own == {"shop": {"id": IDS["shop"], "stack": "shop", "ou": "Work", "tags": {"stage": "prod"}}}
    found = {name: project.settings(name).trusting.roles for name in ("shop", "till")}
    assert {name: (list(each), next(iter(each.values())).description) for name, each in found.items()} == {
        "shop": (["x-shop-admin"], "Work"),
        "till": (["x-till-admin"], "Work/Till"),
    }
    assert found["till"]["x-till-admin"].tags == {"stage": "test"}


def test_a_role_set_of_one_account_is_in_its_stack(write):
    only = {"shops": role_set([{"accounts": "shop"}], trusting={"roles": {"x-<account.name>": AUDITOR}})}
    folder = write({"role_sets": only})
    _written(folder)
    assert not (folder / "fleet").exists()
    assert list(read_project(folder).stacks["shop"]["crossaccount:trusting"]["roles"]) == ["x-shop"]


def test_a_role_set_that_goes_takes_its_file_along(write):
    folder = write(FLEET)
    _written(folder)
    found = plan(write({"region": "us-east-1"}))
    assert [(each.name, each.kind) for each in found.changes][-1] == (SHARED, "removed")
    write_all(found.changes)
    assert not (folder / SHARED).exists()
    assert plan(folder).changes == ()


def test_a_file_among_the_shared_ones_that_somebody_else_wrote_stays(write):
    folder = write(FLEET)
    _written(folder)
    (folder / "fleet" / "role-sets" / "mine.yaml").write_text("trusting: {}\n")
    assert plan(folder).changes == ()


def test_defaults_and_accepted_findings_of_a_fleet_and_of_a_role_set(write):
    accepted = {"code": "XA205", "where": "trusting.roles.Auditor", "reason": "made by hand", "until": "2027-01-31"}
    everywhere = {"code": "XA306", "where": "trusting", "reason": "known"}
    content = {
        "x-free": {"anything": 1},
        "defaults": {"path": "/all/", "tags": {"a": "1", "b": "1"}},
        "suppress": [everywhere],
        "role_sets": {
            "audit": role_set(
                defaults={"path": "/<account.name>/", "tags": {"b": "2"}},
                suppress=[accepted],
                trusting={"roles": {"Auditor": AUDITOR}},
            ),
            "shop": role_set([{"accounts": "shop"}], trusting={"roles": {"Till": {**AUDITOR, "tags": {"a": "own"}}}}),
        },
        "exceptions": {"play": {"trusting": {"roles": {"Auditor": {"description": "x"}}}}},
    }
    folder = write(content)
    _written(folder)
    project = read_project(folder)
    roles = {name: project.settings(name).trusting.roles for name in project.stacks}
    assert [(each["Auditor"].path, each["Auditor"].tags) for each in roles.values()] == [
        (f"/{name}/", {"a": "1", "b": "2"}) for name in roles
    ]
    assert (roles["shop"]["Till"].path, roles["shop"]["Till"].tags) == ("/all/", {"a": "own", "b": "1"})
    for name in project.stacks:
        found = [(each.where, each.value.code) for each in project.settings(name).suppressions]
        assert found == [
            ("fleet/accepted/audit.yaml: suppress[0]", "XA205"),
            ("fleet/all/accepted.yaml: suppress[0]", "XA306"),
        ]


def test_what_others_make_is_named_in_the_shared_file_and_in_that_of_an_exception(write):
    roles = {"A": {**AUDITOR, "permissions_boundary": "limit"}}
    audit = role_set(existing={"policies": ["limit"], "roles": ["of-<account.name>"]}, trusting={"roles": roles})
    gone = {"play": {"trusting": {"roles": {"A": {"description": "x"}}}}}
    folder = write({"role_sets": {"audit": audit}, "exceptions": gone})
    _written(folder)
    project = read_project(folder)
    assert {name: list(project.settings(name).outside.roles) for name in project.stacks} == {
        name: [f"of-{name}"] for name in IDS
    }
    assert "crossaccount:existing" not in project.stacks["shop"]


def test_what_is_wrong_with_defaults_is_reported_once_at_its_place(write):
    wrong = {"audit": role_set(defaults={"path": "<account.name>", "pats": "/x/"}, trusting={"roles": {"A": AUDITOR}})}
    assert _said(write({"defaults": {"tags": {"aws:x": "y"}}, "role_sets": wrong})) == [
        "fleet.yaml: role_sets.audit.defaults.path: a path begins and ends with / and holds names between single "
        'slashes (in play and 2 other accounts), got "play"; write /play/',
        "fleet.yaml: role_sets.audit.defaults.pats: unknown key (in play and 2 other accounts); did you mean `path`?",
        "fleet.yaml: defaults.tags.aws:x: AWS keeps tags that begin with aws: for itself (in play and 2 other "
        'accounts), got "y"; choose another key',
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
    file.write_text(file.read_text().replace("include: [", "include: [more.yaml, "))
    write(FLEET, **{"more.yaml": "trusting: {roles: {Auditor: {trust: [{principals: [shop]}]}}}\n"})
    assert "the role is declared twice, first at" in _said(folder)[0]


def test_what_is_wrong_with_a_role_set_is_reported_once_at_its_place(write):
    wrong = {"Auditor": {"trust": [{"principals": ["security"], "mfas": True}], "policies": ["Missing"]}}
    assert _said(write({"role_sets": {"audit": role_set(trusting={"roles": wrong})}})) == [
        "fleet.yaml: role_sets.audit.trusting.roles.Auditor.trust[0].mfas: unknown key (in play and 2 other accounts); "
        "did you mean `mfa`?",
        "fleet.yaml: role_sets.audit.trusting.roles.Auditor.policies[0]: no such policy under policies (in play and 2 "
        'other accounts), got "Missing"; declare it under policies, or write arn:aws:iam::aws:policy/Missing',
    ]


def test_what_aws_has_no_room_for_is_reported_before_anything_is_written(write):
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
    assert len({each.stack for each in plan(write(content)).changes} - {""}) == 171


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
    assert [each.kind for each in plan(folder, adopt=True).changes] == ["new", "new", "new", "changed"]
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


LINKS = (SHARED, "Pulumi.shop.yaml", "fleet", "fleet/role-sets")


@pytest.mark.parametrize(
    ("link", "there"),
    [*((link, there) for link in LINKS for there in (True, False)), ("fleet/role-sets/old.yaml", True)],
)
def test_nothing_is_written_removed_or_shown_that_a_link_leads_out_of_the_project(write, tmp_path_factory, link, there):
    """The victim has the fleet's mark, as a file that may be removed."""
    folder = write(FLEET)
    outside = tmp_path_factory.mktemp("stranger") / "outside"
    is_folder = not link.endswith(".yaml")
    if there:
        victim = (
            outside / "role-sets" / "old.yaml" if link == "fleet" else outside / "old.yaml" if is_folder else outside
        )
        victim.parent.mkdir(parents=True, exist_ok=True)
        victim.write_text(f"{MARK}: change it there.\nsecret: hunter2\n")
        before = victim.read_text()
    elif is_folder:
        outside.mkdir()
    (folder / link).parent.mkdir(parents=True, exist_ok=True)
    (folder / link).symlink_to(outside)
    said = _said(folder)
    assert any("leads out of the project's folder" in each for each in said)
    assert "hunter2" not in "".join(said)
    assert not there or victim.read_text() == before
    assert not list(outside.rglob("audit.yaml")) if outside.is_dir() else outside.exists() is there


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


def test_problems_that_differ_only_by_account_are_one(write):
    inline = {"logs": {"document": {"template": "logs.json"}}}
    roles = {"Auditor": {**AUDITOR, "inline": inline}}
    fleet = {"role_sets": {"audit": role_set(trusting={"roles": roles})}}
    resource = '"Resource": "arn:aws:s3:::<account.tags.team>/*"'
    statement = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", %s}}'
    folder = write(fleet, **{"logs.json": "// a comment\n" + statement % resource})
    with pytest.raises(SettingsError) as found:
        plan(folder)
    assert str(found.value).splitlines() == [
        "fleet.yaml: play: logs.json: is not JSON: it has a comment, and JSON has none (in play and 2 other "
        "accounts); remove the comments"
    ]
    (folder / "logs.json").write_text(statement % resource)
    with pytest.raises(SettingsError) as found:
        plan(folder)
    [line] = str(found.value).splitlines()
    assert "the account has no tag team (in play and 2 other accounts)" in line
    assert line.endswith("add it under accounts.play.tags")
