"""Findings about the resources of any Pulumi program: same codes, same words, at the URN of the resource."""

from __future__ import annotations

import json
from typing import Any

from crossaccount.access.findings.catalogue import BY_CODE
from crossaccount.check.resources import KINDS, UNNAMED, Violation, violations
from crossaccount.sources.programs.pulumi_files import UNKNOWN

STACK = "urn:pulumi:dev::mine"
AUTH, PARTNER = "111111111111", "444444444444"
PROVIDER = f"{STACK}::pulumi:providers:aws::auth"
EXPLICIT = {"urn": PROVIDER, "type": "pulumi:providers:aws", "inputs": {"allowedAccountIds": json.dumps([AUTH])}}


def _resource(type_: str, logical: str, **inputs: Any) -> dict[str, Any]:
    urn = f"{STACK}::aws:iam/{type_[0].lower()}{type_[1:]}:{type_}::{logical}"
    return {"urn": urn, "type": urn.split("::")[2], "inputs": inputs, "provider": f"{PROVIDER}::id"}


def _trust(principal: Any, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _role(principal: Any, **inputs: Any) -> dict[str, Any]:
    return _resource("Role", "r", name="Release", assumeRolePolicy=_trust(principal), **inputs)


def _codes(found: list[Violation]) -> set[str]:
    return {each.code for each in found}


def test_a_finding_is_at_the_urn_of_its_role_in_the_words_of_check() -> None:
    role = _role({"AWS": f"arn:aws:iam::{PARTNER}:root"})
    found = {each.code: each for each in violations([EXPLICIT, role])}
    assert found.keys() == {"XA106", "XA107"}
    assert found["XA107"].urn == role["urn"]
    assert found["XA107"].where == f"arn:aws:iam::{AUTH}:role/Release trust policy Statement[0].Principal"
    assert found["XA107"].message.startswith(f"trusts account {PARTNER} without an external ID; ")


def test_an_account_that_is_ours_is_no_third_party() -> None:
    role = _role({"AWS": f"arn:aws:iam::{PARTNER}:root"})
    assert _codes(violations([EXPLICIT, role], names={"workload": PARTNER})) == set()


def test_a_finding_about_an_inline_policy_is_at_that_policy() -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    role = _role({"Service": "lambda.amazonaws.com"})
    policy = _resource("RolePolicy", "p", role="Release", name="all", policy=json.dumps(document))
    found = [each for each in violations([EXPLICIT, role, policy]) if each.code == "XA306"]
    assert [each.urn for each in found] == [policy["urn"]]


def test_what_a_provider_tells_of_a_role_is_no_policy_of_its_own() -> None:
    role = _role(
        {"AWS": f"arn:aws:iam::{AUTH}:root"},
        inlinePolicies=[{"name": "all", "policy": "{}"}, {"name": None}, UNKNOWN],
        managedPolicyArns=UNKNOWN,
    )
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = _resource("RolePolicy", "p", role="Release", name="all", policy=document)
    assert not _codes(violations([EXPLICIT, role, policy])) & {"XA301", "XA315"}


def test_an_inline_policy_in_a_roles_own_list_is_judged() -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    role = _role({"Service": "lambda.amazonaws.com"}, inlinePolicies=[{"name": "all", "policy": json.dumps(document)}])
    assert "XA306" in _codes(violations([EXPLICIT, role]))


def test_without_an_account_it_is_one_that_nobody_has_or_the_one_that_is_given() -> None:
    role = {**_role({"AWS": f"arn:aws:iam::{PARTNER}:root"}), "provider": ""}
    assert {each.where.split(":")[4] for each in violations([role])} == {UNNAMED}
    assert {each.where.split(":")[4] for each in violations([role], account=AUTH)} == {AUTH}


def test_a_trust_that_is_not_known_yet_is_not_judged() -> None:
    role = {**_role("*"), "propertyDependencies": {}}
    role["inputs"] = {**role["inputs"], "assumeRolePolicy": UNKNOWN}
    assert not _codes(violations([EXPLICIT, role])) & {"XA106", "XA107", "XA301"}


def test_a_run_without_iam_has_no_findings() -> None:
    assert violations([]) == []
    assert violations([EXPLICIT]) == []


def test_every_finding_is_a_policy_but_those_of_configs() -> None:
    assert set(BY_CODE) - {kind.code for kind in KINDS} == {
        *("XA310", "XA317", "XA318", "XA319"),
        *("XA503", "XA504", "XA505", "XA901", "XA902"),
    }
