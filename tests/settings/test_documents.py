"""From settings to policy documents: where each comes from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.settings.documents import Documents, exact_principals, service_trust
from crossaccount.settings.models import Conditioned, Policy, TrustStatement
from crossaccount.settings.models.trusts import keywords_of
from tests.settings.built import ROOT, build, settings_of


def _documents(**parts: Any) -> Documents:
    documents, problems = build(**parts)
    assert problems == []
    return documents


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


def test_the_keywords_and_conditions_of_a_grant_are_in_its_document() -> None:
    office = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    documents = _documents(
        policies={"P": {"assume": ["workload/role/R"], "mfa": {"max_age": "24h"}, "conditions": office}},
        trusted={
            "users": {
                "bo": {"inline": {"p": {"deny": ["*"], "conditions": office}, "q": {"assume": ["*"], "mfa": True}}}
            }
        },
    )
    assert json.loads(documents.managed["P"])["Statement"][0]["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "86400"},
        **office,
    }
    inline = {name: json.loads(text)["Statement"][0] for name, text in documents.user_inline["bo"].items()}
    assert (inline["p"]["Effect"], inline["p"]["Condition"]) == ("Deny", office)
    assert inline["q"]["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


TAGGED = {"StringEquals": {"aws:RequestTag/project": "web"}}
EXTERNAL = {"StringEquals": {"sts:ExternalId": "a-long-one"}}


@pytest.mark.parametrize(
    ("keywords", "statements"),
    [
        pytest.param(
            {"source_identity": "${aws:username}"},
            [
                (
                    ["sts:AssumeRole", "sts:SetSourceIdentity"],
                    {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}},
                )
            ],
            id="its own action",
        ),
        pytest.param(
            {"session_tags": {"required": {"project": "web"}}, "mfa": True},
            [
                (
                    ["sts:AssumeRole", "sts:TagSession"],
                    {**TAGGED, "Bool": {"aws:MultiFactorAuthPresent": "true"}},
                )
            ],
            id="every action has global keys",
        ),
        pytest.param(
            {"session_tags": {"required": {"project": "web"}}, "external_id": ["a-long-one"]},
            [
                ("sts:AssumeRole", {"StringEquals": {**TAGGED["StringEquals"], **EXTERNAL["StringEquals"]}}),
                ("sts:TagSession", TAGGED),
            ],
            id="sts:TagSession has no external ID",
        ),
        pytest.param(
            {"session_tags": {"required": {"project": "web"}}, "actions": ["sts:AssumeRole", "sts:tagsession"]},
            [(["sts:AssumeRole", "sts:tagsession"], TAGGED)],
            id="an action that is named is not added",
        ),
        pytest.param(
            {"organization": {"id": "o-a1b2c3d4e5", "paths": ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"]}},
            [
                (
                    "sts:AssumeRole",
                    {
                        "StringEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"},
                        "ForAnyValue:StringLike": {"aws:ResourceOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"},
                    },
                )
            ],
            id="the organisation of the role",
        ),
    ],
)
def test_keywords_of_a_grant_bring_their_actions_and_conditions(
    keywords: dict[str, Any], statements: list[tuple[Any, Any]]
) -> None:
    document = json.loads(_documents(policies={"P": {"assume": ["workload/role/R"], **keywords}}).managed["P"])
    assert [(each["Action"], each["Condition"]) for each in document["Statement"]] == statements


def test_a_keyword_and_a_condition_of_a_grant_that_contradict_each_other_are_refused() -> None:
    twice = {"assume": ["*"], "mfa": True, "conditions": {"Bool": {"aws:multifactorauthpresent": "false"}}}
    _, problems = build(policies={"P": twice})
    assert [str(each) for each in problems] == [
        'policies.P: an option and a raw condition both set Bool, got "aws:multifactorauthpresent"; '
        "keep one of the two: the option or the raw condition"
    ]


def test_every_keyword_of_the_table_that_a_request_carries_to_both_sides_is_one_of_grants() -> None:
    shared = keywords_of(Conditioned)
    assert shared.keys() <= keywords_of(Policy).keys()
    assert all(keywords_of(Policy)[name] == row == keywords_of(TrustStatement)[name] for name, row in shared.items())


def test_every_key_of_a_trust_is_one_of_grants_or_has_a_reason() -> None:
    trust, grant = TrustStatement.model_fields.keys(), Policy.model_fields.keys()
    assert trust - grant == Policy.NOT_HERE.keys()


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
    _, (problem,) = build(trusting={"roles": {"R": {"trust": [trust]}}})
    assert str(problem) == (
        f'trusting.roles.R: an option and a raw condition both set {operator}, got "{key}"; '
        "keep one of the two: the option or the raw condition"
    )


def test_each_name_is_kept_with_its_place() -> None:
    documents = _documents(
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
    assert [(each.name, each.where, each.derived) for each in documents.mentions] == [
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
    settings = settings_of(trusting={"roles": {"R": {"trust": [{"principals": principals, "mode": mode}]}}})
    assert settings.trusting is not None
    found = exact_principals(settings.trusting.roles["R"], settings)
    assert found == {f"arn:aws:iam::333333333333:{each}" for each in exact}


def test_anybody_needs_not_exist() -> None:
    deny = {"principals": ["*"], "effect": "Deny", "conditions": {"Bool": {"aws:SecureTransport": "false"}}}
    settings = settings_of(trusting={"roles": {"R": {"trust": [deny]}}})
    assert settings.trusting is not None
    assert exact_principals(settings.trusting.roles["R"], settings) == set()


def test_an_application_trusts_its_services_under_its_conditions() -> None:
    conditions = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    application = {"services": ["lambda.amazonaws.com"], "conditions": conditions}
    settings = settings_of(trusted={"applications": {"A": application}})
    assert settings.trusted is not None
    trust = service_trust(settings.trusted.applications["A"])
    assert (trust.services, trust.conditions, trust.principals) == (("lambda.amazonaws.com",), conditions, ())
