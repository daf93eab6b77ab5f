"""Findings that are computed once for several documents are those of each document by itself."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.access.findings.finding import Facts, Found, Place
from crossaccount.access.findings.shared import SharedFindings, document_findings, form_of
from crossaccount.access.findings.statements import Document
from tests.differential.random_estate import OURS, THEIRS, identity, trust

_SETS = int(os.environ.get("CROSSACCOUNT_ESTATES", "25"))
NOW = datetime(2026, 12, 1, tzinfo=UTC)
OWN = [f"{100_000_000_000 + 7_919 * number}" for number in range(8)] + ["111111111111", "222222222222"]
FOREIGN = ["999999999999", "888888888888"]
FACTS = Facts(frozenset(OWN), {"111111111111": "auth", "888888888888": "partner"})
EXTERNAL_IDS = ("{own}-3", "{own}", "acme-9f8c2d17", "test", "deployer", "a*", "x", "prod-1", "arn:aws:s3:::b", "äpfel")

Json = dict[str, Any]


@pytest.mark.parametrize("seed", range(_SETS))
def test_each_document_has_its_own_findings(seed: int) -> None:
    random = Random(f"shared findings {seed}")
    shared = SharedFindings(FACTS, NOW)
    limited = frozenset(f"arn:aws:iam::{account}:role/deployer" for account in OWN[::3])
    for document in _documents(random):
        granting = random.random() < 0.8
        alone = document_findings(document, FACTS, limited, NOW, granting=granting)
        assert _told(shared.of(document, limited, granting=granting)) == _told(alone), document.content


def test_trusts_in_other_own_accounts_and_with_other_external_ids_have_one_form() -> None:
    one, other = (
        form_of(_trust(_allow(list(map(_root, accounts)), external_id)), FACTS.own)
        for accounts, external_id in ((OWN[:2], "acme-9f8c2d17"), (OWN[2:4], "globex-1a2b3c"))
    )
    assert one is not None
    assert other is not None
    assert one.text == other.text


@pytest.mark.parametrize(
    "other",
    [
        [OWN[0], OWN[0]],
        [OWN[0], FOREIGN[0]],
        [OWN[0]],
    ],
)
def test_trusts_that_differ_otherwise_have_different_forms(other: list[str]) -> None:
    plain, changed = (form_of(_trust(_allow(list(map(_root, each)))), FACTS.own) for each in (OWN[:2], other))
    assert plain is not None
    assert changed is not None
    assert plain.text != changed.text


@pytest.mark.parametrize(
    "statements",
    [
        [{"Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN[0]}:user/*"}}}],
        [{"Condition": {"StringEquals": {"sts:ExternalId": "one-1"}}}] * 2,
        [{"NotPrincipal": {"AWS": OWN[1]}}],
    ],
)
def test_a_trust_whose_parts_rules_may_compare_has_no_form(statements: list[Json]) -> None:
    assert form_of(_trust(*({**_allow([_root(OWN[0])]), **each} for each in statements)), FACTS.own) is None


def _told(findings: Any) -> list[tuple[Found, Any]]:
    return [(each, each.place.statement) for each in findings]


def _documents(random: Random) -> list[Document]:
    """Documents of a few forms in different accounts, in any order."""
    found = []
    for _ in range(12):
        forms = [trust(random), _trust(*(_statement(random) for _ in range(random.randint(1, 3))))]
        for content in forms:
            found += [_of_role(random, _renamed(random, content)) for _ in range(4)]
        policy = identity(random)
        for kind in ("role", "role", "user", "group"):
            place = Place(f"arn:aws:iam::{random.choice(OWN)}:{kind}/deployer", "inline")
            found.append(Document(place, "identity", policy))
    random.shuffle(found)
    return found


def _of_role(random: Random, content: Json) -> Document:
    place = Place(
        f"arn:aws:iam::{random.choice(OWN)}:role/{random.choice(('deployer', 'deploy-to-all-1'))}", TRUST_POLICY
    )
    text = json.dumps(content)
    return Document(place, "trust", text if random.random() < 0.1 else json.loads(text))


def _renamed(random: Random, content: Json) -> Json:
    """The same trust in other accounts, some of which are not ours, and with another external ID."""
    text = json.dumps(content)
    accounts = random.sample([*OWN, *OWN, *FOREIGN], 4)
    for old, new in zip((OURS, THEIRS, "{one}", "{two}"), accounts, strict=True):
        text = text.replace(old, new)
    external_id = random.choice(EXTERNAL_IDS).replace("{own}", random.choice(OWN))
    renamed: Json = json.loads(text.replace("{id}", external_id))
    return renamed


def _statement(random: Random) -> Json:
    entries: list[Any] = [
        ["arn:aws:iam::{one}:root"],
        ["arn:aws:iam::{one}:root", "arn:aws:iam::{two}:root"],
        ["{one}", "arn:aws:iam::{one}:user/ann"],
        ["arn:aws:iam::{two}:role/ci", "arn:aws:sts::{one}:assumed-role/ci/x"],
        "*",
    ]
    principals: list[Any] = [
        *({"AWS": each} for each in entries),
        {"Federated": "arn:aws:iam::{one}:oidc-provider/token.actions.githubusercontent.com"},
        {"Service": "scheduler.amazonaws.com"},
    ]
    conditions: list[Json] = [
        {},
        {"StringEquals": {"sts:ExternalId": "{id}"}},
        {"StringEquals": {"sts:ExternalId": "{id}", "aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"StringNotEquals": {"sts:ExternalId": "{id}"}},
        {"StringLike": {"sts:ExternalId": "deploy-to-all-1"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:company/app:*"}},
        {"StringEquals": {"aws:PrincipalAccount": "{two}"}},
    ]
    principal = random.choice(principals)
    action = "sts:AssumeRoleWithWebIdentity" if "Federated" in principal else "sts:AssumeRole"
    statement = {"Effect": random.choice(("Allow", "Allow", "Deny")), "Principal": principal, "Action": action}
    condition = random.choice(conditions)
    return {**statement, "Condition": condition} if condition else statement


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def _allow(principals: list[str], external_id: str = "") -> Json:
    statement: Json = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"}
    return {**statement, "Condition": {"StringEquals": {"sts:ExternalId": external_id}}} if external_id else statement


def _trust(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}
