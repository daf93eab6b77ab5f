"""Errors are one line, name the operation, and hold no value of a request."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import ResourceError, create
from crossaccount.local.handlers.errors import already_gone, as_resource_error, aws_words, code

TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


def client_error(code_: str, message: str = "m") -> ClientError:
    return ClientError({"Error": {"Code": code_, "Message": message}}, "CreateRole")


def test_awss_words() -> None:
    assert (
        aws_words(client_error("EntityAlreadyExists", "Role R\n exists"))
        == "CreateRole: EntityAlreadyExists: Role R exists"
    )
    assert "the local AWS does not have this operation" in aws_words(client_error("InvalidAction"))
    assert "Could not connect" in aws_words(EndpointConnectionError(endpoint_url="http://127.0.0.1:1"))
    assert code(ClientError({}, "X")) == "Unknown"


def test_a_value_of_a_request_is_not_repeated() -> None:
    report = "Invalid type for parameter Password, value: ['hunter2'], type: <class 'list'>, valid types: <class 'str'>"
    second = "Invalid length for parameter Name, value: 1\nhunter2, valid types: x"
    words = aws_words(ParamValidationError(report=f"{report}\n{second}"))
    assert words == (
        "Parameter validation failed: Invalid type for parameter Password; Invalid length for parameter Name"
    )


def test_gone_is_done_and_anything_else_is_not() -> None:
    with already_gone():
        raise client_error("NoSuchEntity")
    with pytest.raises(ClientError), already_gone():
        raise client_error("DeleteConflict")


def test_reported_keeps_the_cause_out_of_the_chain() -> None:
    with (
        pytest.raises(ResourceError, match=r"^aws:iam/role:Role R: CreateRole: LimitExceeded: m$") as caught,
        as_resource_error("aws:iam/role:Role R"),
    ):
        raise client_error("LimitExceeded")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_create_names_type_resource_operation_and_awss_reason(root: Aws) -> None:
    inputs: dict[str, Any] = {"name": "R", "assumeRolePolicy": TRUST}
    create("aws:iam/role:Role", root, inputs)
    with pytest.raises(ResourceError) as caught:
        create("aws:iam/role:Role", root, inputs)
    assert str(caught.value) == "aws:iam/role:Role R: CreateRole: EntityAlreadyExists: Role with name R already exists."
