"""The handlers against pulumi-aws's own resource classes: no property is made up, and none is forgotten."""

from __future__ import annotations

import inspect

import pulumi_aws
import pytest

from crossaccount.local.handlers import HANDLERS, CheckFailed, UnknownType, handler_of
from crossaccount.local.handlers.handler import Handler

TYPES = sorted(HANDLERS)


def resource_class(type_: str) -> type:
    """``aws:iam/role:Role`` → ``pulumi_aws.iam.Role``."""
    module, name = type_.split(":")[1].split("/")[0], type_.rsplit(":", 1)[1]
    return getattr(getattr(pulumi_aws, module), name)


def wire_names(cls: type) -> set[str]:
    """The camelCase names of a class's properties."""
    properties = inspect.getmembers(cls, lambda member: isinstance(member, property))
    return {member.fget._pulumi_name for _, member in properties if hasattr(member.fget, "_pulumi_name")}


def declared_inputs(type_: str) -> set[str]:
    cls = resource_class(type_)
    return wire_names(getattr(inspect.getmodule(cls), f"{cls.__name__}Args"))


@pytest.fixture(params=TYPES)
def handler(request: pytest.FixtureRequest) -> Handler:
    return HANDLERS[request.param]


def test_the_type_token_is_the_classs_own(handler: Handler) -> None:
    assert resource_class(handler.type).pulumi_type == handler.type


def test_every_input_of_the_class_is_taken_or_refused_with_a_reason(handler: Handler) -> None:
    assert handler.inputs | set(handler.refused) == declared_inputs(handler.type)
    assert not handler.inputs & set(handler.refused)
    assert all(handler.refused.values())


def test_every_output_is_an_output_of_the_class(handler: Handler) -> None:
    assert handler.inputs | handler.outputs <= wire_names(resource_class(handler.type))


def test_no_output_of_the_class_is_forgotten(handler: Handler) -> None:
    forgotten = wire_names(resource_class(handler.type)) - handler.inputs - handler.outputs - set(handler.refused)
    # A write-only secret is refused, so nothing ever has one.
    assert forgotten <= {"hasSecretStringWo"}


def test_what_the_class_requires_is_required(handler: Handler) -> None:
    args = getattr(inspect.getmodule(resource_class(handler.type)), f"{resource_class(handler.type).__name__}Args")
    parameters = list(inspect.signature(args.__init__).parameters.values())[1:]
    demanded = {_wire(each.name) for each in parameters if each.default is inspect.Parameter.empty}
    required = {name for name, field in handler.fields.items() if field.required}
    # Beyond the class: names, which pulumi-aws makes up, and the value of a secret, which has three spellings.
    assert demanded <= required <= demanded | {"name", "secretString"}


def test_secrets_of_the_class_are_secret_here(handler: Handler) -> None:
    source = inspect.getsource(resource_class(handler.type))
    _, _, after = source.partition("additional_secret_outputs=[")
    marked = {name.strip('" ') for name in after.partition("]")[0].split(",")} - {""}
    assert handler.secrets == marked - set(handler.refused)


def test_no_input_replaces_that_does_not_exist(handler: Handler) -> None:
    assert handler.replaces <= handler.inputs
    assert set(handler.named_by) <= handler.inputs


def test_a_type_that_nobody_declares_is_refused_by_name() -> None:
    with pytest.raises(UnknownType, match=r"does not know type aws:s3/bucket:Bucket; it knows aws:eks/podIdentity"):
        handler_of("aws:s3/bucket:Bucket")


@pytest.mark.parametrize("name", ["inlinePolicies", "managedPolicyArns", "namePrefix", "nonsense"])
def test_what_is_not_taken_is_refused_with_its_name(name: str) -> None:
    role = HANDLERS["aws:iam/role:Role"]
    with pytest.raises(CheckFailed) as caught:
        role.check({"name": "R", "assumeRolePolicy": "{}", name: "x"})
    assert [failure[0] for failure in caught.value.failures] == [name]


def _wire(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(part.capitalize() for part in rest)
