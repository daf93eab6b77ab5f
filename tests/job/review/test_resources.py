"""How planned changes of resources are told: documents as documents, secrets not at all."""

from __future__ import annotations

import json
from typing import Any

from crossaccount.engine.deployment import Resource
from crossaccount.engine.work import Change, Outcome
from crossaccount.job.review.resources import UNKNOWN, planned, planned_lines
from crossaccount.job.states import SECRET_KEY

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
WRITE = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
POLICY = "aws:iam/rolePolicy:RolePolicy"


def document(*statements: dict[str, Any], **form: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, **form)


def change(
    op: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    properties: tuple[str, ...] = (),
    **outputs: Any,
) -> Change:
    old, new = (
        Resource("urn", POLICY, "p", each, outputs, "id") if each is not None else None for each in (before, after)
    )
    return Change(op, "urn", POLICY, "p", old, new, properties)


def lines(*changes: Change) -> list[str]:
    """What is told of a preview that would make these changes."""
    return [line for event in planned(Outcome("s", "changed", changes=changes)) for line in planned_lines(event)]


def test_a_document_is_compared_statement_by_statement() -> None:
    old, new = document(READ, WRITE), document(WRITE, {**READ, "Resource": "arn:aws:s3:::b/*"}, indent=2)
    assert lines(change("update", {"policy": old}, {"policy": new})) == [
        "~ RolePolicy p",
        '    policy: + {"Action": "s3:GetObject", "Effect": "Allow", "Resource": "arn:aws:s3:::b/*"}',
        '    policy: - {"Action": "s3:GetObject", "Effect": "Allow", "Resource": "*"}',
    ]


def test_the_same_document_in_another_order_is_no_change() -> None:
    old, new = document(READ, WRITE), document(WRITE, READ, indent=4)
    assert lines(change("update", {"policy": old, "name": "a"}, {"policy": new, "name": "b"})) == [
        "~ RolePolicy p",
        '    name: "a" → "b"',
    ]


def test_of_what_is_made_the_document_is_reported_and_nothing_else() -> None:
    assert lines(change("create", None, {"policy": document(READ), "name": "a"})) == [
        "+ RolePolicy p",
        '    policy: + {"Action": "s3:GetObject", "Effect": "Allow", "Resource": "*"}',
    ]


def test_a_document_that_is_known_only_later_is_no_document() -> None:
    told = lines(change("update", {"policy": document(READ)}, {"policy": UNKNOWN}))
    assert told[1].endswith('→ "known after the update"')


def test_secrets_are_masked_and_that_they_change_is_reported() -> None:
    old, new = ({SECRET_KEY: "1b47", "ciphertext": text} for text in ("one", "two"))
    told = lines(change("update", {"secretString": old}, {"secretString": new}, ("secretString",)))
    assert told == ["~ RolePolicy p", '    secretString: "[secret]" → "[secret]"']


def test_what_somebody_changed_by_hand_shows_against_what_was_found() -> None:
    declared = {"policyNames": ["own"]}
    told = lines(change("update", declared, declared, ("policyNames",), policyNames=["own", "theirs"]))
    assert told == ["~ RolePolicy p", '    policyNames: ["own", "theirs"] → ["own"]']


def test_what_stays_and_what_is_nothing_in_aws_is_left_out() -> None:
    component = Change("create", "urn", "crossaccount:index:TrustedAccount", "auth", None, None)
    assert lines(change("same", {}, {}), component) == []
