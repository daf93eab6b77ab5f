"""``paths``, ``who-can`` and ``what-can``: tables for people, JSON for programs, names that are checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import BOTH, ROOT, Run, edit, with_mfa

DAVID = "arn:aws:iam::111111111111:user/David"
UPDATE_APP = "arn:aws:iam::999999999999:role/UpdateApp"
PATH = {
    "principal": DAVID,
    "role": UPDATE_APP,
    "alternatives": [[]],
    "grants": [
        {"policy": "allow-assume-S3-role-in-production", "statement": "0"},
        {"policy": "arn:aws:iam::aws:policy/PowerUserAccess", "statement": "0"},
    ],
    "trust": [{"statement": "0"}],
}

pytestmark = pytest.mark.usefixtures("tutorial")


@pytest.mark.parametrize(
    "command",
    [
        ("paths",),
        ("who-can", "production/role/UpdateApp"),
        ("who-can", UPDATE_APP),
        ("what-can", "development/user/David"),
        ("what-can", DAVID),
    ],
)
def test_the_tutorial_s_one_path(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, *BOTH, "--json")
    assert (done.code, done.json["paths"], done.err) == (0, [PATH], "")


def test_nobody_is_an_answer_too(run: Run) -> None:
    elsewhere = [{"roles": "*", "alternatives": [[]], "denied": []}]
    assert run("what-can", "development/user/Theresa", *BOTH, "--json").json == {
        "paths": [],
        "chains": [],
        "grants_elsewhere": elsewhere,
        "possible": [],
    }
    done = run("what-can", "development/user/Theresa", *BOTH)
    assert done.code == 0
    assert done.out.splitlines() == [
        "development/user/Theresa can assume no role of the sources; to see what stops it at one role: "
        "crossaccount who-can ROLE --why development/user/Theresa",
        "also granted, in accounts that no source describes: every role (*)",
    ]


def test_a_grant_into_an_account_without_a_source_is_not_nothing(run: Run) -> None:
    lines = run("what-can", "development/user/David", "stack:development").out.splitlines()
    assert lines[0].startswith("development/user/David can assume no role of the sources; ")
    assert lines[1].startswith("also granted, in accounts that no source describes: ")
    assert "production/role/UpdateApp" in lines[1]
    done = run("what-can", "development/user/David", "stack:development", "--json").json
    assert (done["paths"], done["grants_elsewhere"][0]["alternatives"]) == ([], [[]])


def test_of_a_grant_elsewhere_the_denies_are_reported(run: Run) -> None:
    done = run("what-can", "development/user/Theresa", "stack:development")
    said = "every role (*) (denied: production/role/UpdateApp)"
    assert done.out.splitlines()[-1] == f"also granted, in accounts that no source describes: {said}"


def test_of_an_account_without_a_source_only_its_trusts_are_known(run: Run) -> None:
    asked = "if its account grants it"
    assert asked in run("paths", "stack:production").out
    *_, row, said = run("what-can", "development/user/Ann", "stack:production").out.splitlines()
    assert "production/role/UpdateApp" in row
    assert asked in row
    assert said == "no source describes 111111111111: only the trusts that allow it are known"


def test_services_stand_below_the_tables(run: Run) -> None:
    where = ("stack:auth", "stack:workload", "--dir", str(ROOT))
    services = "AWS services that its trust policy allows: ec2.amazonaws.com, lambda.amazonaws.com"
    assert run("who-can", "auth/role/AssumingRole", *where).out.splitlines() == [
        "only AWS services can assume auth/role/AssumingRole; to see what stops one principal: --why PRINCIPAL",
        services,
    ]
    assert run("who-can", "auth/role/AssumingRole", *where, "--json").json == {
        "paths": [],
        "chains": [],
        "services": [{"service": f"{name}.amazonaws.com", "alternatives": [[]]} for name in ("ec2", "lambda")],
        "possible": [],
    }
    assert run("paths", *where).out.splitlines()[-1] == (
        "1 trust policy allows AWS services, which are not listed: see who-can ROLE"
    )
    why = run("who-can", "auth/role/AssumingRole", *where, "--why", "lambda.amazonaws.com")
    assert why.out.splitlines()[0] == "lambda.amazonaws.com can assume auth/role/AssumingRole"
    assert run("what-can", "lambda.amazonaws.com", *where, "--direct").out.splitlines() == [
        "AWS services have no paths; trusts that name this one: auth/role/AssumingRole"
    ]
    [way] = run("what-can", "lambda.amazonaws.com", *where, "--json").json["chains"]
    assert way["via"] == ["arn:aws:iam::111111111111:role/AssumingRole"]


def without_groups(config: dict[str, Any]) -> None:
    """Nobody has a grant."""
    for user in config["crossaccount:trusted"]["users"].values():
        user["groups"] = []


def test_the_answer_comes_before_what_is_possible(run: Run, tutorial: Path) -> None:
    edit(tutorial, "development", without_groups)
    role = "production/role/UpdateApp"
    assert run("who-can", role, *BOTH, "--dir", "changed").out.splitlines() == [
        f"nobody can assume {role}; to see what stops one principal: --why PRINCIPAL",
        f"possible: development → {role}, if a principal that no stack declares has a grant",
    ]
    [answer, _] = run("who-can", role, *BOTH, "--dir", "changed", "--direct").out.splitlines()
    assert answer.startswith(f"nobody can assume {role} in one call; ")


def test_a_table_has_names_and_conditions_in_words(run: Run, tutorial: Path) -> None:
    edit(tutorial, "production", with_mfa)
    table = run("who-can", "production/role/UpdateApp", *BOTH, "--dir", "changed").out
    assert "development/user/David" in table
    assert "with MFA (< 1 h)" in table
    assert "allow-assume-S3-role-in-production[0]" in table


def test_what_is_outside_of_the_sources_is_a_principal(run: Run) -> None:
    [path] = run("paths", "stack:production", "--json").json["paths"]
    assert path["principal"] == "arn:aws:iam::111111111111:root"
    assert run("what-can", "development", "stack:production", "--json").json["paths"] == [path]


def test_why_names_the_statement_in_the_way(run: Run) -> None:
    asked = ("who-can", "production/role/UpdateApp", *BOTH, "--why", "development/user/Theresa")
    done = run(*asked)
    assert "deny-assume-S3-role-in-production" in done.out
    assert run(*asked, "--json").json["outcome"] == "denied"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            ("who-can", "production/role/UpdateAp"),
            'ROLE: no such role in the sources, got "production/role/UpdateAp"; did you mean'
            " `production/role/UpdateApp`?",
        ),
        (
            ("who-can", "development/role/UpdateApp"),
            'ROLE: no such role in the sources, got "development/role/UpdateApp"; did you mean'
            " `production/role/UpdateApp`?",
        ),
        (
            ("what-can", "develpment/user/David"),
            'PRINCIPAL: unknown account, got "develpment/user/David"; did you mean `development`?',
        ),
        (
            ("what-can", "development/user/Davd"),
            'PRINCIPAL: no such user or role in the sources, got "development/user/Davd"; did you mean'
            " `development/user/David`?",
        ),
        (
            ("what-can", "development/user/nobody-near"),
            'PRINCIPAL: no such user or role in the sources, got "development/user/nobody-near"; list them with:'
            " crossaccount paths SOURCE…",
        ),
        (
            ("what-can", "arn:aws:sts::999999999999:assumed-role/UpdateApp/now"),
            'PRINCIPAL: a session is judged as its role, got "arn:aws:sts::999999999999:assumed-role/UpdateApp/now";'
            " write `production/role/UpdateApp`",
        ),
        (
            ("who-can", "production/role/UpdateApp", "--why", "arn:aws:sts::999999999999:assumed-role/gone/now"),
            '--why: a session is judged as its role, got "arn:aws:sts::999999999999:assumed-role/gone/now";'
            " write `production/role/gone`",
        ),
        *(
            (
                ("who-can", "production/role/UpdateApp", "--why", session),
                f'--why: names no role and session, got "{session}"; write <account>/role/<name>,'
                " <account>/user/<name>, or a full ARN",
            )
            for session in (
                "arn:aws:sts::999999999999:assumed-role",
                "arn:aws:sts::999999999999:assumed-role/",
                "arn:aws:sts::444444444444:assumed-role/gone",
            )
        ),
        (
            ("what-can", "development/group/Testers"),
            'PRINCIPAL: a group is no principal, got "development/group/Testers"; name one of its users',
        ),
        (
            ("what-can", "development/policy/x"),
            'PRINCIPAL: neither a user nor a role, got "development/policy/x"; write <account>/role/<name>,'
            " <account>/user/<name>, or a full ARN",
        ),
        (
            ("what-can", "AIDAJQABLZS4A3QDU576Q"),
            'PRINCIPAL: no user or role of the sources has this unique ID, got "AIDAJQABLZS4A3QDU576Q"; write'
            " <account>/role/<name>, <account>/user/<name>, or a full ARN",
        ),
        (
            ("who-can", "UpdateApp"),
            'ROLE: the name must begin with its account, got "UpdateApp"; write `production/role/UpdateApp`',
        ),
        (
            ("who-can", "444444444444/role/UpdateApp"),
            'ROLE: no source describes its account, got "444444444444/role/UpdateApp"; add a source of `444444444444`',
        ),
        (
            ("what-can", "arn:aws:iam"),
            'PRINCIPAL: neither a name nor an ARN, got "arn:aws:iam"; write <account>/role/<name>,'
            " <account>/user/<name>, or a full ARN",
        ),
    ],
)
def test_names_that_nobody_has(run: Run, command: tuple[str, ...], line: str) -> None:
    done = run(*command, *BOTH)
    assert (done.code, done.out, done.err) == (2, "", line + "\n")
    assert run(*command, *BOTH, "--json").json == {"error": line}


@pytest.fixture
def dotted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source with the user bo.smith, and a role that trusts a provider of AWS's own, whose name a user has, too."""
    users = [
        {"UserName": name, "UserId": name, "Path": "/", "Arn": f"arn:aws:iam::111111111111:user/{name}"}
        for name in ("bo.smith", "accounts.google.com")
    ]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": "accounts.google.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    role = {
        "RoleName": "r",
        "RoleId": "AROAAAAAAAAAAAAAAAAAA",
        "Path": "/",
        "Arn": "arn:aws:iam::111111111111:role/r",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    source = tmp_path / "account.json"
    lists = {"UserDetailList": users, "RoleDetailList": [role], "GroupDetailList": [], "Policies": []}
    source.write_text(json.dumps(lists))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "accounts.yaml").write_text('my.account: {id: "111111111111"}\n')
    return source


def test_a_user_s_name_with_a_dot_is_no_provider(run: Run, dotted: Path) -> None:
    line = '--why: the name must begin with its account, got "bo.smith"; write `111111111111/user/bo.smith`'
    done = run("who-can", "111111111111/role/r", str(dotted), "--why", "bo.smith")
    assert (done.code, done.out, done.err.splitlines()[-1:]) == (2, "", [line])


def test_an_account_s_name_with_a_dot_is_no_provider(run: Run, dotted: Path) -> None:
    done = run("who-can", "my.account/role/r", str(dotted), "--accounts", "accounts.yaml", "--why", "my.account")
    assert done.out.splitlines()[0] == "my.account (its root user) cannot assume my.account/role/r"


@pytest.mark.parametrize(("name", "verb"), [("accounts.google.com", "can"), ("www.amazon.com", "cannot")])
def test_a_provider_that_a_trust_names_comes_first(name: str, verb: str, run: Run, dotted: Path) -> None:
    done = run("who-can", "111111111111/role/r", str(dotted), "--why", name)
    assert (done.code, done.out.splitlines()[0]) == (0, f"{name} {verb} assume 111111111111/role/r")


@pytest.mark.parametrize("name", [".", "*.*", "a.", "o-", "o-*", "o-a/user/b"])
def test_what_no_host_and_no_organisation_is_called(name: str, run: Run) -> None:
    done = run("who-can", "production/role/UpdateApp", *BOTH, "--why", name)
    assert (done.code, done.out, done.err.startswith("--why: unknown account, got ")) == (2, "", True)


@pytest.mark.parametrize(
    "name",
    [
        "arn:aws:iam::444444444444:user/*",
        "444444444444/role/a/*",
        "arn:aws:iam::*:root",
        "arn:aws:iam::444444444444:oidc-provider/a?b",
        "development/user/*",
    ],
)
def test_no_principal_has_a_wildcard(name: str, run: Run) -> None:
    done = run("who-can", "production/role/UpdateApp", *BOTH, "--why", name)
    said = (
        f'--why: IAM takes no wildcard inside a principal\'s ARN, got "{name}"; name one user or role, or the account'
    )
    assert (done.code, done.out, done.err) == (2, "", said + "\n")


def test_bad_sources_end_with_two_and_all_of_their_lines(run: Run) -> None:
    done = run("paths", "stack:nope", "none.json")
    assert done.code == 2
    assert len(done.err.splitlines()) == 2


CHAIN = tuple(str(path) for path in sorted(Path(__file__).parent.glob("chain/*.json")))
TOOLING, DEPLOY = "arn:aws:iam::111111111111:role/tooling", "arn:aws:iam::222222222222:role/deploy"
KIM, ADMIN = "arn:aws:iam::111111111111:user/kim", "arn:aws:iam::222222222222:role/ProdAdmin"
NOTHING_TO_MEET = {"alternatives": [[]], "session_seconds": 3600, "kept": [], "more": 0}


def test_who_can_says_who_gets_there_through_other_roles(run: Run) -> None:
    done = run("who-can", ADMIN, *CHAIN, "--json").json
    assert [path["principal"] for path in done["paths"]] == ["arn:aws:iam::111111111111:user/bo", DEPLOY]
    assert done["chains"] == [
        {"principal": TOOLING, "role": ADMIN, "via": [DEPLOY], "lost": [], **NOTHING_TO_MEET},
        {"principal": KIM, "role": ADMIN, "via": [TOOLING, DEPLOY], "lost": ["mfa"], **NOTHING_TO_MEET},
    ]
    assert done["paths"][0]["alternatives"][0][0]["key"] == "aws:MultiFactorAuthPresent"
    assert "222222222222/role/deploy" in run("who-can", ADMIN, *CHAIN).out


def test_hops_with_conditions_of_their_own_stand_on_lines_of_their_own(run: Run, tmp_path: Path) -> None:
    ours, theirs = (json.loads(Path(name).read_text(encoding="utf-8")) for name in CHAIN)
    deploy = next(each for each in theirs["RoleDetailList"] if each["RoleName"] == "deploy")
    [statement] = deploy["AssumeRolePolicyDocument"]["Statement"]
    statement["Condition"] = {"StringEquals": {"sts:ExternalId": "[b]"}}
    files = [tmp_path / "ours.json", tmp_path / "theirs.json"]
    for file, account in zip(files, (ours, theirs), strict=True):
        file.write_text(json.dumps(account), encoding="utf-8")
    rows = run("who-can", ADMIN, *map(str, files), "--format", "table").out.splitlines()
    assert any(" 1: external ID [b] " in row for row in rows)
    assert any(" 2: always " in row for row in rows)
    assert not any("\\n" in row for row in rows)


def test_what_can_and_paths_have_the_same_ways(run: Run) -> None:
    every = run("paths", *CHAIN, "--json").json["chains"]
    assert [(way["principal"], way["role"]) for way in every] == [(TOOLING, ADMIN), (KIM, ADMIN), (KIM, DEPLOY)]
    of_kim = run("what-can", KIM, *CHAIN, "--json").json
    assert of_kim["chains"] == [way for way in every if way["principal"] == KIM]
    assert [path["role"] for path in of_kim["paths"]] == [TOOLING]


@pytest.mark.parametrize("command", [("who-can", ADMIN), ("what-can", KIM), ("paths",)])
def test_direct_is_one_call_alone(run: Run, command: tuple[str, ...]) -> None:
    assert "chains" not in run(*command, *CHAIN, "--direct", "--json").json
    assert "through other roles" not in run(*command, *CHAIN, "--direct").out
    assert "through other roles" in run(*command, *CHAIN).out


def test_why_shows_the_way_and_what_is_in_the_way_of_one_call(run: Run) -> None:
    asked = ("who-can", ADMIN, *CHAIN, "--why", KIM)
    lines = run(*asked).out.splitlines()
    assert lines[0] == "111111111111/user/kim can get to 222222222222/role/ProdAdmin through other roles"
    assert "    hop 3, 222222222222/role/deploy → 222222222222/role/ProdAdmin: always" in lines
    assert "    MFA is gone after the first hop" in lines
    assert any(line.startswith("  in the way: no identity policy allows it") for line in lines)
    said = run(*asked, "--json").json
    assert (said["outcome"], said["chains"][0]["via"]) == ("chained", [TOOLING, DEPLOY])
    assert run(*asked, "--direct", "--json").json["outcome"] == "denied"


def test_escalations_stand_apart_from_ways(run: Run) -> None:
    plain, more = (run("who-can", ADMIN, *CHAIN, *option, "--json").json for option in ((), ("--escalations",)))
    assert "escalations" not in plain
    assert more == {**plain, "escalations": []}
    assert run("who-can", ADMIN, *CHAIN, "--escalations").out.splitlines()[-1] == (
        "by changing something on the way: nobody"
    )


def test_escalations_of_a_principal_and_of_all(run: Run, tmp_path: Path) -> None:
    ours, theirs = (json.loads(Path(name).read_text(encoding="utf-8")) for name in CHAIN)
    grant = {"Effect": "Allow", "Action": "iam:UpdateAssumeRolePolicy", "Resource": ADMIN}
    document = {"Version": "2012-10-17", "Statement": [grant]}
    eve = "arn:aws:iam::222222222222:user/eve"
    user = {"UserName": "eve", "Arn": eve, "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}]}
    theirs.setdefault("UserDetailList", []).append(user)
    files = [str(tmp_path / "ours.json"), str(tmp_path / "theirs.json")]
    for file, account in zip(files, (ours, theirs), strict=True):
        Path(file).write_text(json.dumps(account), encoding="utf-8")
    of_eve = run("what-can", eve, *files, "--escalations", "--json").json["escalations"]
    steps = {each["role"]: [step["action"] for step in each["steps"]] for each in of_eve}
    assert {each["principal"] for each in of_eve} == {eve}
    assert steps[ADMIN] == ["iam:UpdateAssumeRolePolicy"]
    every = run("paths", *files, "--escalations", "--json").json["escalations"]
    assert [each for each in every if each["principal"] == eve] == of_eve
    assert run("what-can", KIM, *files, "--escalations", "--json").json["escalations"] == []
    said = "  222222222222/user/eve → 222222222222/role/ProdAdmin: iam:UpdateAssumeRolePolicy, always"
    assert said in run("paths", *files, "--escalations").out.splitlines()
