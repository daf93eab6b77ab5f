"""What compiling a document keeps of it; what it makes of requests is in ``tests/access``."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.iam.compiled import PrincipalElement, compile_document
from crossaccount.iam.matching import template


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"Principal": "*"}, PrincipalElement(("*",))),
        ({"NotPrincipal": {"AWS": ["111111111111", "*"]}}, PrincipalElement(("111111111111", "*"), inverted=True)),
        ({"Principal": {"Service": ["ec2.amazonaws.com"]}}, PrincipalElement((), services=("ec2.amazonaws.com",))),
        (
            {"Principal": {"Federated": "accounts.google.com", "Service": "ecs-tasks.amazonaws.com"}},
            PrincipalElement((), federated=("accounts.google.com",), services=("ecs-tasks.amazonaws.com",)),
        ),
    ],
)
def test_whom_a_statement_names(principal: dict[str, Any], expected: PrincipalElement) -> None:
    (statement,) = compile_document({"Statement": {"Effect": "Allow", "Action": "*", **principal}}, "trust")
    assert statement.principal == expected


def test_a_text_that_is_one_variable_may_fit_anything() -> None:
    loosened = template("${sts:ExternalId}").loosened(["sts:ExternalId"])
    assert loosened.matches("anything", {}.get)
