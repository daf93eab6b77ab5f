"""What another program gives a component is refused by name, all of it at once, before AWS is asked."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components import ManagedPolicies, TrustedAccount, TrustingAccount
from crossaccount.engine.deployment import Deployment, DeploymentError
from tests.components.conftest import Declare, only

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole"}],
}
LIST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def _output(value: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)


def _lines(declare: Declare, component: Any, args: Any) -> list[str]:
    with pytest.raises(DeploymentError) as refused:
        declare(lambda: component("x", args), preview=True)
    return str(refused.value).splitlines()


def _role(**args: Any) -> dict[str, Any]:
    return {"roles": {"R": {"assume_role_policy": TRUST, **args}}}


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (_role(exclusiv=False), 'R.exclusiv: no such argument, got "exclusiv"; did you mean `exclusive`?'),
        (_role(assumeRolePolicy={}), 'R.assumeRolePolicy: no such argument, got "assumeRolePolicy"; did you mean'),
        ({"roles": {"R": {}}}, "R.assume_role_policy: is required; add it"),
        ({"roles": {"R": {"assume_role_policy": None}}}, "R.assume_role_policy: is required; add it"),
        (_role(exclusive="no"), 'R.exclusive: must be true or false, got "no"; write true or false'),
        (_role(max_session_duration=True), "R.max_session_duration: must be a whole number, got true;"),
        (
            _role(max_session_duration=60),
            "R.max_session_duration: must be 3600 to 43200 seconds (1 to 12 hours), got 60;",
        ),
        (_role(trusts_roles="R"), 'R.trusts_roles: must be a list, got "R"; write a list'),
        (
            _role(path="team"),
            'R.path: a path begins and ends with / and holds names between single slashes, got "team"',
        ),
        (_role(description="–"), "R.description: a description has only Latin-1 characters"),
        (_role(tags={"aws:x": "y"}), "R.tags.aws:x: AWS keeps tags that begin with aws: for itself"),
        (_role(tags={f"t{n}": "" for n in range(51)}), "R.tags: a user, role or policy has at most 50 tags, got 51"),
        (_role(tags=["a"]), 'R.tags: must be a mapping, got ["a"]; write a mapping'),
        (_role(attached={"ro": "ReadOnlyAccess"}), 'R.attached.ro: not the ARN of a managed policy, got "ReadOnlyAcc'),
        (
            _role(permissions_boundary="arn:aws:iam::aws:role/x"),
            "R.permissions_boundary: not the ARN of a managed policy",
        ),
        (
            _role(attached={str(n): READ_ONLY for n in range(26)}),
            "R.attached: a role may hold at most 25 managed policies",
        ),
        (_role(inline={"p": "{"}), "R.inline.p: is not JSON"),
        (_role(inline={"a b": LIST}), "R.inline.a b: the name of a policy has only letters"),
        (
            _role(inline={"p": {"Statement": LIST["Statement"][0] | {"Principal": "*"}}}),
            "an identity policy has no principal",
        ),
        (_role(assume_role_policy=LIST), "R.assume_role_policy.Statement[0].Resource: a trust policy has no resource"),
        (
            _role(assume_role_policy=json.dumps(LIST)),
            "R.assume_role_policy.Statement[0].Resource: a trust policy has no",
        ),
        ({"roles": {"a b": _role()["roles"]["R"]}}, "roles.a b: the name of a role has only letters"),
        ({"roles": {name: _role()["roles"]["R"] for name in "Rr"}}, "roles.r: differs only in case from R"),
        ({"roles": {"R": []}}, "roles.R: must be a mapping, got []"),
        ([], "TrustingAccount x: must be a mapping, got []; write {roles: …}"),
        ({"role": {}}, 'role: no such argument, got "role"; did you mean `roles`?'),
    ],
)
def test_a_role_is_refused_by_the_name_of_what_is_wrong(declare: Declare, args: Any, line: str) -> None:
    lines = _lines(declare, TrustingAccount, args)
    assert any(line in each for each in lines), lines
    assert all(each.startswith("TrustingAccount x: ") for each in lines)


@pytest.mark.parametrize(
    ("user", "line"),
    [
        ({"console": {}}, "users.u.console: needs exactly one of secret_name and pgp_key; add one of them"),
        ({"console": True}, "users.u.console: must be a mapping, got true; write {secret_name: …}"),
        ({"console": {"secret_name": "a b"}}, "users.u.console.secret_name: Secrets Manager takes only letters"),
        ({"access_key": {"secret_name": "s", "pgp_key": "k"}}, "users.u.access_key: needs exactly one of"),
        (
            {"access_key": {"pgp_key": "k", "recovery_days": 7}},
            "users.u.access_key.recovery_days: is about a secret of",
        ),
        ({"console": {"secret_name": "s", "recovery_days": 3}}, "users.u.console.recovery_days: must be 0 or 7 to 30"),
        ({"console": {"secret_name": "s", "password_length": 7}}, "users.u.console.password_length: must be 8 to 128"),
        ({"access_key": {"secret_name": "s", "status": "active"}}, "users.u.access_key.status: must be Active or Ina"),
        ({"groups": ["G", "G"]}, 'users.u.groups: names a group twice, got "G"; keep one of the two'),
        ({"aliases": ["was"], "console": {"secret_name": "s"}}, "users.u.aliases: a rename moves the login profile"),
        ({"aliases": [7]}, "users.u.aliases[0]: must be a text, got 7; write a text"),
    ],
)
def test_a_user_is_refused_by_the_name_of_what_is_wrong(declare: Declare, user: Any, line: str) -> None:
    lines = _lines(declare, TrustedAccount, {"users": {"u": user}, "groups": {"G": {}}})
    assert any(each.startswith(f"TrustedAccount x: {line}") for each in lines), lines


def test_a_policy_above_its_quota_is_refused_and_one_that_aws_may_allow_is_a_warning(declare: Declare) -> None:
    def trust(accounts: int) -> dict[str, Any]:
        names = [f"{n:012d}" for n in range(accounts)]
        return {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": names}}]}

    assert _lines(declare, TrustingAccount, _role(assume_role_policy=trust(600))) == [
        "TrustingAccount x: roles.R.assume_role_policy: a trust policy may hold at most 8192 characters without white "
        "space, got 9105; shorten it"
    ]
    deployed = declare(lambda: TrustingAccount("x", _role(assume_role_policy=trust(200))))
    assert [each.partition("; ")[0] for each in deployed.messages] == [
        "TrustingAccount x: roles.R.assume_role_policy: a trust policy may hold 2048 characters without white space, "
        "unless AWS raised it for the account, got 3105"
    ]


def test_inline_policies_are_measured_together(declare: Declare) -> None:
    wide = {**LIST, "Statement": [{**LIST["Statement"][0], "Resource": [f"arn:aws:s3:::{n:060d}" for n in range(80)]}]}
    inline = dict.fromkeys("ab", wide)
    assert _lines(declare, TrustingAccount, _role(inline=inline)) == [
        "TrustingAccount x: roles.R.inline: the inline policies of a role together may hold at most 10240 characters "
        "without white space, got 12362; attach some instead"
    ]


def test_everything_wrong_is_reported_at_once(declare: Declare) -> None:
    args = {"roles": {"a b": {"assume_role_policy": TRUST}, "R": {"assume_role_policy": LIST, "path": "x", "tagz": {}}}}
    assert [line.partition(": ")[2].partition(": ")[0] for line in _lines(declare, TrustingAccount, args)] == [
        "roles.R.tagz",
        "roles.a b",
    ]
    args["roles"]["R"].pop("tagz")
    assert [line.partition(": ")[2].partition(": ")[0] for line in _lines(declare, TrustingAccount, args)] == [
        "roles.a b",
        "roles.R.path",
        "roles.R.assume_role_policy.Statement[0].Action",
        "roles.R.assume_role_policy.Statement[0]",
        "roles.R.assume_role_policy.Statement[0].Resource",
    ]


def test_a_key_that_is_none_is_as_good_as_absent(declare: Declare) -> None:
    deployed = declare(
        lambda: TrustingAccount("x", _role(path=None, tags=None, inline=None, max_session_duration=None))
    )
    role = only(deployed, "aws:iam/role:Role")
    assert (role["path"], "tags" in role) == ("/", False)


def test_names_must_be_known_before_the_first_output(declare: Declare) -> None:
    args = {"roles": lambda: _output({"R": {"assume_role_policy": TRUST}})}
    with pytest.raises(DeploymentError) as refused:
        declare(lambda: TrustingAccount("x", {key: each() for key, each in args.items()}))  # type: ignore[arg-type]
    assert str(refused.value).splitlines() == [
        "TrustingAccount x: roles: must be a plain value: it decides which resources there are, before any output is "
        'known, got "Output"; give the value itself'
    ]


ORDERED = {"Statement": LIST["Statement"], "Version": "2012-10-17"}
CANONICAL = '{"Statement":[{"Action":"s3:ListAllMyBuckets","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}'
SPACED = json.dumps(ORDERED, indent=1)


@pytest.mark.parametrize(
    ("document", "sent"),
    [
        (lambda: ORDERED, CANONICAL),
        (lambda: SPACED, SPACED),
        (lambda: _output(ORDERED), CANONICAL),
        (lambda: _output(SPACED), SPACED),
        (lambda: {**ORDERED, "Statement": [{**LIST["Statement"][0], "Resource": _output("*")}]}, CANONICAL),
    ],
    ids=["mapping", "text", "output of a mapping", "output of a text", "output within"],
)
def test_a_document_is_a_mapping_or_json_known_or_not(declare: Declare, document: Any, sent: str) -> None:
    def both() -> None:
        ManagedPolicies("x", {"policies": {"P": {"document": document()}}})
        TrustingAccount("x", {"roles": {"R": {"assume_role_policy": TRUST, "inline": {"p": document()}}}})

    deployed = declare(both)
    assert only(deployed, "aws:iam/policy:Policy")["policy"] == sent
    assert only(deployed, "aws:iam/rolePolicy:RolePolicy")["policy"] == sent


@pytest.mark.parametrize("known", [True, False])
def test_a_whole_number_of_another_language_is_one(declare: Declare, known: bool) -> None:
    statement = {**TRUST["Statement"][0], "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600.0}}}
    trust = {**TRUST, "Statement": [statement]}

    def given(value: Any) -> Any:
        return value if known else _output(value)

    deployed = declare(
        lambda: TrustingAccount("x", _role(assume_role_policy=given(trust), max_session_duration=given(7200.0)))
    )
    found = only(deployed, "aws:iam/role:Role")
    assert found["maxSessionDuration"] == 7200
    condition = json.loads(found["assumeRolePolicy"])["Statement"][0]["Condition"]
    assert condition == {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}


@pytest.mark.parametrize("preview", [True, False])
def test_a_document_that_is_an_output_is_checked_once_it_is_known(declare: Declare, preview: bool) -> None:
    wrong = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}
    with pytest.raises(DeploymentError, match=r"x-role-R\.inline\.p\.Statement\[0\]: needs exactly one of Resource"):
        declare(lambda: TrustingAccount("x", _role(inline={"p": _output(wrong)})), preview=preview)


def _outputs(deployed: Deployment, component: str) -> dict[str, Any]:
    (found,) = [each.outputs for each in deployed.resources if each.type == f"crossaccount:index:{component}"]
    return dict(found)


def test_arns_and_names_are_outputs(declare: Declare) -> None:
    def both() -> None:
        trusted = TrustedAccount(
            "x",
            {
                "users": {"bo": {"path": "/team/"}},
                "groups": {"G": {}},
                "applications": {"App": {"assume_role_policy": TRUST}},
            },
        )
        trusting = TrustingAccount("x", _role())
        pulumi.export("bo", trusted.user_arns["bo"])
        pulumi.export("R", trusting.role_names["R"])

    deployed = declare(both)
    assert deployed.outputs == {"bo": "arn:aws:iam::111111111111:user/team/bo", "R": "R"}
    assert _outputs(deployed, "TrustedAccount") == {
        "userArns": {"bo": "arn:aws:iam::111111111111:user/team/bo"},
        "userNames": {"bo": "bo"},
        "groupArns": {"G": "arn:aws:iam::111111111111:group/G"},
        "groupNames": {"G": "G"},
        "roleArns": {"App": "arn:aws:iam::111111111111:role/App"},
        "roleNames": {"App": "App"},
    }
    assert _outputs(deployed, "TrustingAccount") == {
        "roleArns": {"R": "arn:aws:iam::111111111111:role/R"},
        "roleNames": {"R": "R"},
    }


def test_what_is_accepted_and_probably_not_meant_is_a_warning(declare: Declare) -> None:
    deployed = declare(lambda: TrustingAccount("x", _role(inline={"p": {"Statement": LIST["Statement"]}})))
    assert [each.partition("; ")[0] for each in deployed.messages] == [
        "TrustingAccount x: roles.R.inline.p.Version: without it AWS reads the policy as 2008-10-17, where ${…} is "
        "plain text"
    ]
