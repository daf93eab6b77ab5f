"""What ``check`` says of projects: findings at their places in the config, each once, tests and quotas beside them."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import pytest
import yaml

from components.program import program
from crossaccount.access.findings.finding import Finding
from crossaccount.check.markdown import markdown
from crossaccount.check.run import Checked, check
from crossaccount.settings import SettingsError, read_project
from crossaccount.sources import SourceError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FLAWED = ROOT / "docs" / "guide" / "flawed"
PROJECTS = [ROOT, *sorted(path.parent for path in ROOT.glob("examples/*/Pulumi.yaml"))]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OWN = {"trusting": {"roles": {"Own": {"trust": [{"services": ["ec2.amazonaws.com"]}]}}}}
GRANT = {"inline": {"p": {"assume": ["workload/role/Target"]}}}


def _check(directory: Path, *stacks: str) -> Checked:
    return check(read_project(directory), stacks, lambda: program, NOW)


def _said(found: Checked) -> list[str]:
    return [f"{each.code} {each.where}" for each in found.findings]


def test_the_flawed_config_has_just_these_findings():
    found = _check(FLAWED)
    assert sorted(_said(found)) == (HERE / "flawed.txt").read_text(encoding="utf-8").splitlines()
    assert [each.code for each in found.suppressed] == ["XA306"]
    assert [test.ok for test in found.tests] == [False, True]
    assert not found.ok


@pytest.mark.parametrize("directory", PROJECTS, ids=lambda path: path.name)
def test_the_projects_own_stacks_have_no_error_and_pass_their_tests(directory):
    found = _check(directory)
    assert found.ok
    assert found.tests
    # The one mistake of the hand-made version that is shown as it is.
    assert {each.code for each in found.findings} == ({"XA304"} if directory.name == "deployer" else set())


@pytest.mark.parametrize("directory", [*PROJECTS, FLAWED], ids=lambda path: path.name)
def test_by_settings_all_is_found_that_the_program_shows(directory):
    """Findings, tests and quotas of a fleet are told without running the program for each of its stacks."""

    def refuse():
        raise AssertionError("the program is run")

    given = any("given" in yaml.safe_load(file.read_text()) for file in directory.glob("access-tests.yaml"))
    found = check(read_project(directory), (), (lambda: program) if given else refuse, NOW, by_settings=True)
    assert found == _check(directory)


def test_what_settings_warn_of_is_reported_once(project):
    """MFA of a role: settings see the option, the rules see the condition that is made of it."""
    trust = [{"principals": ["auth/role/Ci"], "mode": "by-name", "mfa": True}]
    found = _check(
        project(
            auth={"trusted": {"applications": {"Ci": {"services": ["ec2.amazonaws.com"], **GRANT}}}},
            workload={"trusting": {"roles": {"Target": {"trust": trust}}}},
        )
    )
    assert [line for line in _said(found) if "XA101" in line] == [
        "XA101 Pulumi.workload.yaml: trusting.roles.Target.trust[0].mfa"
    ]


def test_a_raw_condition_is_found_at_its_place(project):
    """One wish becomes several statements, in another order: each finding still leads to the line that says it."""
    trust = [
        {"principals": ["auth"]},
        {
            "principals": ["auth/role/Ci*"],
            "services": ["states.amazonaws.com"],
            "conditions": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    ]
    found = _check(
        project(
            auth={
                "trusted": {
                    "users": {"ann": GRANT},
                    "applications": {"Ci": {"services": ["ec2.amazonaws.com"], **GRANT}},
                }
            },
            workload={"trusting": {"roles": {"Target": {"trust": trust}}}},
        )
    )
    where = "Pulumi.workload.yaml: trusting.roles.Target.trust[1]"
    assert f"XA101 {where}.conditions" in _said(found)
    assert f"XA110 {where}.services" in _said(found)


def test_one_stack_is_judged_with_the_others_in_view(project):
    directory = project(
        tests=[
            {"principal": "auth/user/ann", "role": "workload/role/Target", "expect": "allowed"},
            {"principal": "auth/user/bob", "role": "auth/role/None", "expect": "denied"},
        ],
        auth={"trusted": {"users": {"ann": GRANT, "bob": {}}}},
        workload={
            "trusting": {
                "roles": {
                    "Target": {"trust": [{"principals": ["auth"]}]},
                    "Idle": {"trust": [{"principals": ["auth/user/bob"], "mode": "by-name"}]},
                }
            }
        },
    )
    assert _said(_check(directory, "auth")) == []
    found = _check(directory, "workload")
    assert _said(found) == ["XA205 Pulumi.workload.yaml: trusting.roles.Idle"]
    assert [test.test.principal for test in found.tests] == ["auth/user/ann"]
    assert {where.partition(":")[0] for where, _ in found.quotas} == {"Pulumi.workload.yaml"}


def test_a_test_that_cannot_be_judged_fails(project):
    directory = project(
        tests=[{"principal": "auth/user/nobody", "role": "workload/role/Target", "expect": "denied"}],
        auth={"trusted": {"users": {"ann": GRANT}}},
        workload={"trusting": {"roles": {"Target": {"trust": [{"principals": ["auth"]}]}}}},
    )
    found = _check(directory)
    assert [test.actual for test in found.tests] == ["undetermined"]
    assert not found.ok


def test_a_project_without_access_tests_is_checked_all_the_same(project):
    found = _check(project(auth={"trusted": {"users": {"ann": {}}}}))
    assert found.to_json()["tests"] == {"results": [], "failed": 0}
    assert found.ok


def test_quotas_are_those_of_the_account(project):
    users = {"ann": {"inline": {"p": {"assume": ["*"]}}}}
    stack = {
        "trusted": {"users": users},
        "quotas": {"RolesQuota": 5000},
        "trusting": {"roles": {"R": {"trust": [{"principals": ["workload"]}]}}},
    }
    quotas = _check(project(auth=stack, workload={})).to_json()["quotas"]
    assert {"where": "Pulumi.auth.yaml", "quota": "RolesQuota", "used": 1, "limit": 5000} in quotas
    inline = next(each for each in quotas if each["where"] == "Pulumi.auth.yaml: trusted.users.ann.inline")
    assert inline["limit"] == 2048
    assert 0 < inline["used"] < 200


def test_an_included_file_is_the_place(project):
    directory = project(auth={"include": ["people.yaml"]}, workload=OWN)
    (directory / "people.yaml").write_text(
        "trusted: {users: {ann: {inline: {p: {assume: [workload/role/Gone]}}}}}", encoding="utf-8"
    )
    assert _said(_check(directory)) == ["XA201 people.yaml: trusted.users.ann.inline.p.assume"]


def _with_boundary(project: Callable[..., Path], **more: object) -> Path:
    boundary = {"Boundary": {"document": {"file": "policies/boundary.json"}}}
    user = {"ann": {"policies": ["Boundary"]}}
    directory = project(auth={"policies": boundary, "trusted": {"users": user}, **more}, workload=OWN)
    (directory / "policies").mkdir()
    (directory / "policies" / "boundary.json").write_text(
        '{"Version": "2012-10-17",\n "Statement": [\n  {"Effect": "Allow", "Action": "*", "Resource": "*"}\n ]}'
    )
    return directory


def test_a_finding_on_a_document_of_a_file_names_the_place_and_the_line(project):
    place = "policies.Boundary.document.Statement[0].Action (policies/boundary.json:3)"
    assert f"XA306 Pulumi.auth.yaml: {place}" in _said(_check(_with_boundary(project)))


@pytest.mark.parametrize("kind", ["file", "template"])
def test_what_the_settings_warn_of_in_a_file_is_one_finding(project, kind):
    directory = _with_boundary(project)
    file = directory / "policies" / "boundary.json"
    file.write_text(file.read_text().replace('"Action": "*"', '"Action": "s3:PutObjct"'))
    stack = directory / "Pulumi.auth.yaml"
    stack.write_text(stack.read_text().replace("file: policies", f"{kind}: policies"))
    place = "policies.Boundary.document.Statement[0].Action (policies/boundary.json:3)"
    assert _said(_check(directory)).count(f"XA303 Pulumi.auth.yaml: {place}") == 1


@pytest.mark.parametrize("where", ["policies.Boundary", "policies.Boundary.document.Statement[0].Action", "policies"])
def test_it_is_accepted_by_its_place_in_the_config(project, where):
    accepted = {"code": "XA306", "where": where, "reason": "a boundary"}
    found = _check(_with_boundary(project, suppress=[accepted]))
    assert [each.code for each in found.suppressed] == ["XA306"]


def test_a_finding_is_accepted_at_its_place_or_around(project):
    accepted = [{"code": "XA201", "where": "trusted.users.ann", "reason": "made by another team next week"}]
    users = {"ann": {"inline": {"p": {"assume": ["workload/role/Gone"]}}}}
    found = _check(
        project(
            auth={"trusted": {"users": users}, "suppress": accepted},
            workload={"trusting": {"roles": {"R": {"trust": [{"principals": ["workload"]}]}}}},
        ),
        "auth",
    )
    assert _said(found) == []
    assert [each.code for each in found.suppressed] == ["XA201"]


_GONE = {"trusted": {"users": {"ann": {"inline": {"p": {"assume": ["workload/role/Gone"]}}}}}}
_HERE = {"trusting": {"roles": {"R": {"trust": [{"principals": ["workload"]}]}}}}
_ACCEPTED = {"code": "XA201", "where": "trusted.users.ann", "reason": "made next week"}


def _share(directory: Path, accepted: object) -> None:
    """Put suppressions into Pulumi.yaml, for all stacks that have none of their own."""
    file = directory / "Pulumi.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["crossaccount:suppress"] = {"value": accepted}
    file.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize("stacks", [(), ("auth",), ("workload",)])
def test_a_suppression_that_stacks_share_is_used_if_one_of_them_has_the_finding(project, stacks):
    directory = project(auth=_GONE, workload=_HERE)
    _share(directory, [_ACCEPTED])
    assert [line for line in _said(_check(directory, *stacks)) if "XA9" in line or "XA201" in line] == []


def test_a_shared_suppression_that_no_stack_needs_is_reported_once_at_its_place(project):
    directory = project(auth=_GONE, workload=_HERE)
    _share(directory, [_ACCEPTED, {**_ACCEPTED, "code": "XA107"}])
    assert [line for line in _said(_check(directory)) if "XA9" in line] == ["XA901 Pulumi.yaml: suppress[1]"]


def test_an_included_file_accepts_findings_of_every_stack_that_includes_it(project):
    directory = project(auth={**_GONE, "include": ["both.yaml"]}, workload={**_HERE, "include": ["both.yaml"]})
    (directory / "both.yaml").write_text(yaml.safe_dump({"suppress": [_ACCEPTED]}))
    found = _check(directory)
    assert [line for line in _said(found) if "XA9" in line or "XA201" in line] == []
    assert [each.code for each in found.suppressed] == ["XA201"]


def test_after_its_last_day_a_suppression_shows_the_finding_again_and_says_so(project):
    ended = {**_ACCEPTED, "until": (NOW.date() - timedelta(days=1)).isoformat()}
    found = _check(project(auth={**_GONE, "suppress": [ended]}, workload=_HERE), "auth")
    assert _said(found) == [
        "XA201 Pulumi.auth.yaml: trusted.users.ann.inline.p.assume",
        "XA902 Pulumi.auth.yaml: suppress[0]",
    ]
    assert found.findings[1].message == "XA201 at trusted.users.ann was accepted until 2026-11-21"
    still = {**_ACCEPTED, "until": NOW.date().isoformat()}
    assert _said(_check(project(auth={**_GONE, "suppress": [still]}, workload=_HERE), "auth")) == []


def test_findings_that_differ_only_by_account_are_one_row(project):
    """In text, Markdown and by group in the JSON, whose list of findings stays as it is."""
    role = {
        "trust": [{"principals": ["auth"], "mfa": True}],
        "policies": ["arn:aws:iam::aws:policy/AdministratorAccess"],
    }
    user = {"ann": {"inline": {"p": {"assume": ["*"]}}}}
    both = {"trusting": {"roles": {"Admin": role}}}
    found = _check(project(auth={**both, "trusted": {"users": user}}, workload=both))
    assert [line for line in _said(found) if "XA306" in line] == [
        "XA306 Pulumi.auth.yaml: trusting.roles.Admin",
        "XA306 Pulumi.workload.yaml: trusting.roles.Admin",
    ]
    row = "| XA306 | `Pulumi.auth.yaml: trusting.roles.Admin` and 1 more: in workload |"
    assert [line[: len(row)] for line in markdown(found).splitlines() if "XA306" in line] == [row]
    [group] = [each for each in found.to_json()["groups"] if each["code"] == "XA306"]
    assert (group["count"], group["accounts"]) == (2, ["auth", "workload"])


def test_what_others_make_is_assumed_and_reported_to_be(project):
    user = {"ann": {"policies": ["limit"], "inline": {"p": {"assume": ["workload/role/Provisioner"]}}}}
    existing = {"policies": ["limit"], "roles": ["Provisioner"]}
    reader = {"R": {"trust": [{"principals": ["workload/role/Provisioner"]}]}}
    found = _check(
        project(
            auth={"existing": existing, "trusted": {"users": user}},
            workload={"existing": existing, "trusting": {"roles": reader}},
        )
    )
    assert not [line for line in _said(found) if "XA315" in line]
    assert list(found.assumptions) == [
        "assumed to be there, made by others: policy limit (in auth and 1 other stack)",
        "assumed to be there, made by others: role Provisioner (in auth and 1 other stack)",
    ]
    assert found.to_json()["assumed"] == {
        "policy limit": ["auth", "workload"],
        "role Provisioner": ["auth", "workload"],
    }


def test_a_check_fits_a_comment_and_leaves_no_finding_out():
    """Many findings that differ in more than the account: by message, then by code, with their number."""
    by_role = [
        Finding("XA306", "warning", f"Pulumi.a.yaml: trusting.roles.R{number}", "allows everything", "name less", "a")
        for number in range(900)
    ]
    text = markdown(Checked(tuple(by_role), (), (), ()))
    assert "| XA306 | `Pulumi.a.yaml: trusting.roles.R0` and 899 more places | allows everything | name less |" in text
    errors = [
        Finding("XA105", "error", f"Pulumi.a.yaml: trusting.roles.R{number}.trust[0]", f"trusts {number}", "mend", "a")
        for number in range(900)
    ]
    text = markdown(Checked((*errors, *by_role), (), (), ()))
    assert len(text) < 65_536
    assert "and 899 more places | trusts 0 | mend |" in text
    assert "**Check**: 900 errors, 900 warnings" in text


def test_unknown_stacks_are_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"worklaod: no such stack in the project; did you mean `workload`\?"):
        _check(ROOT, "worklaod")


def test_markdown_has_a_table_of_findings_and_failed_tests():
    text = markdown(_check(FLAWED))
    assert text.startswith("**Check**: 3 errors, 15 warnings, 1 of 2 tests as expected, 1 finding suppressed\n")
    assert "| **XA103** | `Pulumi.workload.yaml: trusting.roles.Deploy.trust[1].principals` |" in text
    assert "| nobody deploys without MFA | denied | allowed |  |" in text


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"import": True}, ["XA503 Pulumi.auth.yaml: trusted.users.bo.import"]),
        ({"import": True, "exclusive": True}, []),
        ({"import": True, "exclusive": False}, []),
        ({"aliases": ["bob"]}, ["XA504 Pulumi.auth.yaml: trusted.users.bo.aliases"]),
        ({"aliases": []}, []),
    ],
)
def test_changes_that_take_a_second_step_are_reported_until_it_is_taken(project, user, said):
    assert _said(_check(project(auth={"trusted": {"users": {"bo": user}}}))) == said


def test_a_renamed_role_is_another_role_and_waits_for_nothing(project):
    role = {"trust": [{"services": ["ec2.amazonaws.com"]}], "aliases": ["Former"]}
    found = _check(project(auth={"trusting": {"roles": {"Own": role}}}))
    assert "XA504" not in {each.code for each in found.findings}


def _set_region(file, region):
    content = yaml.safe_load(file.read_text())
    content["config"]["aws:region"] = region
    file.write_text(yaml.safe_dump(content))


def test_a_region_that_there_is_not_is_warned_of(project):
    """A stack's own, where it stands; the shapes of names alone would let it pass."""
    directory = project(auth={}, workload=OWN)
    for name, region in (("auth", "eu-central-9"), ("workload", "us-gov-west-1")):
        _set_region(directory / f"Pulumi.{name}.yaml", region)
    [finding] = [each for each in _check(directory).findings if each.code == "XA310"]
    assert (finding.where, finding.severity) == ("Pulumi.auth.yaml: aws:region", "warning")
    assert (finding.message, finding.fix) == (
        'AWS\'s SDK knows no such region, got "eu-central-9"',
        "did you mean `eu-central-2`?",
    )
    assert [each.code for each in _check(directory, "workload").findings if each.code == "XA310"] == []


def test_an_account_that_the_address_book_has_in_another_stack_is_warned_of(project):
    directory = project(auth={}, workload=OWN)
    (directory / "Pulumi.workload.yaml").rename(directory / "Pulumi.wl.yaml")
    [finding] = [each for each in _check(directory).findings if each.code == "XA317"]
    assert (finding.where, finding.severity, finding.message, finding.fix) == (
        "Pulumi.wl.yaml: account",
        "warning",
        'the address book has account workload in another stack, got "workload" (the project has no such stack)',
        "write stack: wl under accounts.workload, or correct the account here",
    )
    assert [each.code for each in _check(directory, "auth").findings if each.code == "XA317"] == []


def test_what_two_stacks_share_is_wrong_once(project):
    directory = project(auth={}, workload=OWN)
    file = directory / "Pulumi.yaml"
    file.write_text(file.read_text().replace("'111111111111'", "111111111111"))
    with pytest.raises(SettingsError) as refused:
        _check(directory)
    assert [each.where for each in refused.value.problems] == ["Pulumi.yaml: accounts.auth.id"]


def test_a_region_of_the_project_file_may_be_accepted(project):
    directory = project(auth={"suppress": [{"code": "XA310", "where": "Pulumi.yaml: aws:region", "reason": "new"}]})
    _set_region(directory / "Pulumi.yaml", "xx-future-1")
    found = _check(directory)
    assert [(each.code, each.where) for each in found.suppressed] == [("XA310", "Pulumi.yaml: aws:region")]


def test_a_test_file_that_is_a_link_to_nothing_is_named(project):
    directory = project(auth={"trusted": {"users": {"bo": {}}}}, workload={})
    (directory / "access-tests.yaml").unlink(missing_ok=True)
    (directory / "access-tests.yaml").symlink_to("nowhere.yaml")
    with pytest.raises(SettingsError, match=r"access-tests.yaml: is a link to a file that does not exist"):
        _check(directory)


def test_no_test_is_reported_and_so_is_none_of_the_stacks_that_are_requested(project):
    directory = project(auth={"trusted": {"users": {"bo": {}}}}, workload=OWN)
    file = directory / "access-tests.yaml"
    file.unlink(missing_ok=True)
    [nothing] = _check(directory).warnings
    assert nothing.startswith("0 of 0 tests: nothing is proven; write access tests")
    test = {"principal": "workload/role/Own", "role": "workload/role/Own", "expect": "denied"}
    file.write_text(yaml.safe_dump({"tests": [test]}), encoding="utf-8")
    assert _check(directory).warnings == ()
    found = _check(directory, "auth")
    assert found.warnings == ("0 of 0 tests: none of the project's 1 is about these stacks",)
    assert f"**Warning**: {found.warnings[0]}" in markdown(found)
    assert found.to_json()["warnings"] == list(found.warnings)


def test_given_adds_to_what_stacks_declare_and_never_replaces_it(project):
    groups = {"dev": {"inline": {"p": {"assume": ["workload/role/Target"]}}}}
    auth = {"trusted": {"users": {"ann": {"groups": ["dev"]}}, "groups": groups}}
    directory = project(auth=auth, workload={"trusting": {"roles": {"Target": {"trust": [{"principals": ["auth"]}]}}}})
    file = directory / "access-tests.yaml"

    def write(user, expect, **own):
        test = {"principal": f"auth/user/{user}", "role": "workload/role/Target", "expect": expect}
        given = {"auth": {"trusted": {"users": {user: own}}}}
        file.write_text(yaml.safe_dump({"given": given, "tests": [test]}), encoding="utf-8")

    write("newbie", "allowed", groups=["DEV"])
    assert _check(directory).ok
    write("ann", "denied")
    with pytest.raises(SourceError, match=r"given.auth.trusted.users.ann: stack:auth has a user of this name already"):
        _check(directory)


def _calls(run: Callable[[], object]) -> int:
    """How many functions are called, of Python and of C: time that no other process can change."""
    counted = itertools.count()

    def count(_: FrameType, event: str, __: object) -> None:
        if event.endswith("call"):
            next(counted)

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return next(counted)


BY_NAME = {"mode": "by-name", "mfa": True}


@pytest.mark.parametrize(
    "trust",
    [
        [{"principals": ["auth"]}],
        [{"principals": ["auth"], "external_id": "abc"}],
        [{"principals": [f"auth/role/Ci{number}"], **BY_NAME} for number in range(6)],
        [{"principals": ["nobody"]}],
    ],
    ids=["in order", "found", "warned of", "wrong"],
)
def test_four_times_the_roles_are_about_four_times_the_work(project, trust):
    def checked(roles: int) -> int:
        made = {f"Role{number}": {"trust": trust, **GRANT} for number in range(roles)}
        ci = {"Ci": {"services": ["ec2.amazonaws.com"], "inline": {"p": {"assume": ["workload/role/Role1"]}}}}
        folder = project(auth={"trusted": {"applications": ci}}, workload={"trusting": {"roles": made}})

        def run() -> None:
            with contextlib.suppress(SettingsError):
                _check(folder)

        return _calls(run)

    checked(10)  # what is loaded once
    assert checked(160) <= 4**1.15 * checked(40)
