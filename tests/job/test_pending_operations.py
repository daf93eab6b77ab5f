"""What a killed update left open, from its state."""

from __future__ import annotations

from typing import Any

from crossaccount.job.states import creations_in, described, pending_in

URN = "urn:pulumi:auth::iam::crossaccount:index:TrustedAccount$aws:iam/role:Role::auth-application-A::B"


def _state(operation: str, resources: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    resource = {"urn": URN, "type": "aws:iam/role:Role", "inputs": {"name": "A::B"}}
    return {"pending_operations": [{"type": operation, "resource": resource}], "resources": resources or []}


def test_a_state_without_open_operations_has_none() -> None:
    assert pending_in({}) == ()
    assert pending_in({"pending_operations": None}) == ()


def test_a_creation_is_named_as_in_the_program() -> None:
    [creation] = creations_in(_state("creating"))
    assert (creation.name, creation.inputs) == ("auth-application-A::B", {"name": "A::B"})
    assert described([creation]) == "Role auth-application-A::B"


def test_other_operations_are_of_what_the_state_has() -> None:
    for operation in ("updating", "deleting", "reading", "importing"):
        assert len(pending_in(_state(operation))) == 1
        assert creations_in(_state(operation)) == ()


def test_a_creation_that_was_recorded_since_is_no_question_any_more() -> None:
    assert creations_in(_state("creating", [{"urn": URN}])) == ()
    assert len(creations_in(_state("creating", [{"urn": URN, "delete": True}]))) == 1
