"""The components can be packaged for other Pulumi languages: Pulumi's own analyser understands their arguments."""

from __future__ import annotations

from pulumi.provider.experimental.analyzer import Analyzer

from components.policies import ManagedPolicies
from components.trusted import TrustedAccount
from components.trusting import TrustingAccount


def _analyse() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    found = Analyzer("crossaccount").analyze([ManagedPolicies, TrustedAccount, TrustingAccount])
    return (
        {name: set(component.inputs) for name, component in found["component_definitions"].items()},
        {name: set(each.properties) for name, each in found["type_definitions"].items()},
    )


def test_every_component_has_its_arguments() -> None:
    components, _ = _analyse()
    assert components == {
        "ManagedPolicies": {"policies"},
        "TrustedAccount": {"users", "groups", "applications"},
        "TrustingAccount": {"roles"},
    }


def test_every_component_has_its_outputs() -> None:
    found = Analyzer("crossaccount").analyze([ManagedPolicies, TrustedAccount, TrustingAccount])
    outputs = {name: set(component.outputs) for name, component in found["component_definitions"].items()}
    assert outputs == {
        "ManagedPolicies": {"policyArns"},
        "TrustedAccount": {"userArns", "userNames", "groupArns", "groupNames", "roleArns", "roleNames"},
        "TrustingAccount": {"roleArns", "roleNames"},
    }


def test_every_argument_is_typed_down_to_the_bottom() -> None:
    _, types = _analyse()
    assert types.keys() == {
        "ManagedPolicyArgs",
        "UserArgs",
        "GroupArgs",
        "RoleArgs",
        "PodIdentityArgs",
        "ConsoleArgs",
        "AccessKeyArgs",
    }
    assert types["RoleArgs"] == {
        "aliases",
        "assumeRolePolicy",
        "attached",
        "description",
        "exclusive",
        "importId",
        "inline",
        "instanceProfile",
        "maxSessionDuration",
        "path",
        "permissionsBoundary",
        "podIdentities",
        "protect",
        "tags",
        "trustsRoles",
    }
