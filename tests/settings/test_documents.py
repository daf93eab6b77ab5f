"""From settings to policy documents: where each comes from, and that none is larger than IAM takes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.iam import quotas
from crossaccount.iam.documents import size
from crossaccount.iam.names import resolve
from crossaccount.iam.problem import Problem
from crossaccount.settings import Settings, load_settings
from crossaccount.settings.documents import Documents, build_documents, exact_principals, service_trust
from tests.settings.conftest import BASE

ACCOUNTS = {"auth": "111111111111", "workload": "222222222222", "stranger": "333333333333"}
ROOT = "arn:aws:iam::222222222222:root"


def _settings(**parts: Any) -> Settings:
    return load_settings({**BASE, **{f"crossaccount:{key}": value for key, value in parts.items()}}, root=None)


def _derive(name: str, where: str, *, derived: bool = False) -> str:
    del where, derived
    return name if name == "*" else resolve(name, ACCOUNTS)


def _build(**parts: Any) -> tuple[Documents, list[Problem]]:
    return build_documents(_settings(**parts), _derive)


def _documents(**parts: Any) -> Documents:
    documents, problems = _build(**parts)
    assert problems == []
    return documents


def _granting(characters: int, blanks: int = 0) -> dict[str, Any]:
    """An identity policy of as many characters, white space aside, and of as many blanks."""
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:GetObject", "Resource": ""}}
    resource = "arn:aws:s3:::b/"
    missing = characters - size(document) - len(resource)
    document["Statement"] = {**_statement(document), "Resource": f"{resource}x{' ' * blanks}{'x' * (missing - 1)}"}
    assert size(document) == characters
    return {"document": document}


def _statement(document: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = document["Statement"]
    return statement


def _trusting(characters: int) -> list[dict[str, Any]]:
    """The trust of one role as long as this, by a condition on user names."""
    empty = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}
    conditioned = {**empty, "Condition": {"StringEquals": {"aws:username": ""}}}
    missing = characters - size({"Version": "2012-10-17", "Statement": [conditioned]})
    conditions = {"StringEquals": {"aws:username": "x" * missing}}
    return [{"principals": ["workload"], "conditions": conditions}]


def _managed(characters: int) -> dict[str, Any]:
    return {"policies": {"P": _granting(characters)}}


def _trust(characters: int) -> dict[str, Any]:
    return {"trusting": {"roles": {"R": {"trust": _trusting(characters)}}}}


def _application_trust(characters: int) -> dict[str, Any]:
    grown = _trusting(characters - size('{"Service":"lambda.amazonaws.com"}') + size(f'{{"AWS":"{ROOT}"}}'))
    application = {"services": ["lambda.amazonaws.com"], "conditions": grown[0]["conditions"]}
    return {"trusted": {"applications": {"A": application}}}


def _halves(characters: int) -> dict[str, Any]:
    """Two inline policies; the quota is on both together."""
    return {"one": _granting(characters // 2), "two": _granting(characters - characters // 2)}


def _user(characters: int) -> dict[str, Any]:
    return {"trusted": {"users": {"bo": {"inline": _halves(characters)}}}}


def _group(characters: int) -> dict[str, Any]:
    return {"trusted": {"groups": {"G": {"inline": _halves(characters)}}}}


def _application(characters: int) -> dict[str, Any]:
    application = {"services": ["lambda.amazonaws.com"], "inline": _halves(characters)}
    return {"trusted": {"applications": {"A": application}}}


def _role(characters: int) -> dict[str, Any]:
    return {"trusting": {"roles": {"R": {"trust": [{"principals": ["workload"]}], "inline": _halves(characters)}}}}


SIZES = pytest.mark.parametrize(
    ("config", "quota", "where"),
    [
        (_managed, quotas.MANAGED_POLICY, "policies.P"),
        (_trust, quotas.TRUST_POLICY, "trusting.roles.R.trust"),
        (_application_trust, quotas.TRUST_POLICY, "trusted.applications.A.trust"),
        (_user, quotas.USER_INLINE, "trusted.users.bo.inline"),
        (_group, quotas.GROUP_INLINE, "trusted.groups.G.inline"),
        (_application, quotas.ROLE_INLINE, "trusted.applications.A.inline"),
        (_role, quotas.ROLE_INLINE, "trusting.roles.R.inline"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or getattr(value, "code", value),
)

Config = Callable[[int], dict[str, Any]]


@SIZES
def test_a_document_may_be_as_large_as_its_quota(config: Config, quota: quotas.Quota, where: str) -> None:
    del where
    _, problems = _build(**config(quota.limit))
    assert problems == []


@SIZES
@pytest.mark.parametrize("over", [1, 250])
def test_a_document_over_its_quota_is_refused_with_how_much(
    config: Config, quota: quotas.Quota, where: str, over: int
) -> None:
    _, (problem,) = _build(**config(quota.limit + over))
    assert (problem.where, problem.got) == (where, quota.limit + over)
    assert problem.what == (f"{quota.name} may hold {quota.limit} characters without white space, this is {over} over")


def test_white_space_is_not_counted() -> None:
    _, problems = _build(policies={"P": _granting(quotas.MANAGED_POLICY.limit, blanks=100)})
    assert problems == []


def test_every_document_over_its_quota_is_in_the_report() -> None:
    config = {**_managed(9000), **_role(11000)}
    config["trusting"]["roles"]["R"]["trust"] = _trusting(3000)
    _, problems = _build(**config)
    assert [problem.where for problem in problems] == [
        "policies.P",
        "trusting.roles.R.inline",
        "trusting.roles.R.trust",
    ]


def test_documents_are_kept_by_what_holds_them() -> None:
    inline = {"p": {"assume": ["*"]}}
    documents = _documents(
        policies={"P": {"deny": ["workload/role/R"]}},
        trusted={
            "users": {"bo": {"inline": inline}},
            "groups": {"G": {"inline": inline}},
            "applications": {"A": {"services": ["lambda.amazonaws.com"], "inline": inline}},
        },
        trusting={"roles": {"R": {"trust": [{"principals": ["workload"]}]}}},
    )
    everywhere = '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}'
    assert documents.user_inline == {"bo": {"p": everywhere}}
    assert documents.group_inline == {"G": {"p": everywhere}}
    assert documents.role_inline == {"A": {"p": everywhere}, "R": {}}
    assert documents.trust.keys() == {"A", "R"}
    assert json.loads(documents.managed["P"])["Statement"] == [
        {"Action": "sts:AssumeRole", "Effect": "Deny", "Resource": "arn:aws:iam::222222222222:role/R"}
    ]


def test_a_document_of_the_config_is_canonical_and_otherwise_its_own() -> None:
    raw = {
        "Statement": {"Resource": ["*"], "Effect": "Allow", "Action": ["b:B", "a:A"], "Sid": "X"},
        "Version": "2012-10-17",
    }
    documents = _documents(policies={"P": {"document": raw}})
    assert documents.managed["P"] == (
        '{"Statement":[{"Action":["a:A","b:B"],"Effect":"Allow","Resource":"*","Sid":"X"}],"Version":"2012-10-17"}'
    )


def test_every_trust_statement_is_in_the_roles_policy() -> None:
    trust = [{"principals": ["workload"], "mfa": True}, {"services": ["lambda.amazonaws.com"]}]
    document = json.loads(_documents(trusting={"roles": {"R": {"trust": trust}}}).trust["R"])
    assert [statement["Principal"] for statement in document["Statement"]] == [
        {"AWS": ROOT},
        {"Service": "lambda.amazonaws.com"},
    ]


def test_every_option_of_a_trust_statement_is_in_its_document() -> None:
    trust = {
        "principals": ["stranger/role/X"],
        "mode": "by-name",
        "effect": "Allow",
        "actions": ["sts:AssumeRole", "sts:TagSession"],
        "mfa": {"max_age": "1h"},
        "external_id": ["abc", "def"],
        "conditions": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    }
    deny = {"principals": ["stranger"], "effect": "Deny", "conditions": {"Bool": {"aws:SecureTransport": "false"}}}
    document = json.loads(_documents(trusting={"roles": {"R": {"trust": [trust, deny]}}}).trust["R"])
    assert document["Statement"] == [
        {
            "Effect": "Deny",
            "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::333333333333:role/X"},
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
                "StringEquals": {"sts:ExternalId": ["abc", "def"]},
            },
        },
    ]


@pytest.mark.parametrize(
    ("conditions", "operator", "key"),
    [
        ({"StringEquals": {"sts:ExternalId": "other"}}, "StringEquals", "sts:ExternalId"),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "Bool", "aws:MultiFactorAuthPresent"),
    ],
)
def test_a_raw_condition_that_contradicts_an_option_is_refused(
    conditions: dict[str, Any], operator: str, key: str
) -> None:
    trust = {"principals": ["workload"], "external_id": ["abc"], "mfa": True, "conditions": conditions}
    _, (problem,) = _build(trusting={"roles": {"R": {"trust": [trust]}}})
    assert str(problem) == (
        f'trusting.roles.R: an option and a raw condition both set {operator}, got "{key}"; '
        "keep one of the two: the option or the raw condition"
    )


def test_the_resolver_is_told_each_name_with_its_place() -> None:
    asked: list[tuple[str, str, bool]] = []

    def resolver(name: str, where: str, *, derived: bool = False) -> str:
        asked.append((name, where, derived))
        return _derive(name, where)

    settings = _settings(
        policies={"P": {"assume": ["workload/role/A", "*"]}},
        trusted={"users": {"bo": {"inline": {"i": {"deny": ["workload/role/B"]}}}}},
        trusting={
            "roles": {
                "R": {
                    "trust": [
                        {"principals": ["stranger", "stranger/role/X"]},
                        {"principals": ["workload/role/Y"], "mode": "by-name"},
                    ]
                }
            }
        },
    )
    build_documents(settings, resolver)
    assert asked == [
        ("workload/role/A", "policies.P.assume[0]", False),
        ("*", "policies.P.assume[1]", False),
        ("workload/role/B", "trusted.users.bo.inline.i.deny[0]", False),
        ("stranger", "trusting.roles.R.trust[0].principals[0]", False),
        ("stranger/role/X", "trusting.roles.R.trust[0].principals[1]", False),
        ("workload/role/Y", "trusting.roles.R.trust[1].principals[0]", True),
    ]


@pytest.mark.parametrize(
    ("principals", "mode", "exact"),
    [
        (["stranger/role/X", "stranger/user/bo"], "exact", {"role/X", "user/bo"}),
        (["stranger/role/X"], "by-name", set()),
        (["stranger"], "exact", set()),
        (["stranger/role/x*"], "exact", set()),
    ],
)
def test_who_must_exist_before_a_role(principals: list[str], mode: str, exact: set[str]) -> None:
    settings = _settings(trusting={"roles": {"R": {"trust": [{"principals": principals, "mode": mode}]}}})
    assert settings.trusting is not None
    found = exact_principals(settings.trusting.roles["R"], _derive)
    assert found == {f"arn:aws:iam::333333333333:{each}" for each in exact}


def test_anybody_needs_not_exist() -> None:
    deny = {"principals": ["*"], "effect": "Deny", "conditions": {"Bool": {"aws:SecureTransport": "false"}}}
    settings = _settings(trusting={"roles": {"R": {"trust": [deny]}}})
    assert settings.trusting is not None
    assert exact_principals(settings.trusting.roles["R"], _derive) == set()


def test_an_application_trusts_its_services_under_its_conditions() -> None:
    conditions = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    application = {"services": ["lambda.amazonaws.com"], "conditions": conditions}
    settings = _settings(trusted={"applications": {"A": application}})
    assert settings.trusted is not None
    trust = service_trust(settings.trusted.applications["A"])
    assert (trust.services, trust.conditions, trust.principals) == (("lambda.amazonaws.com",), conditions, ())
