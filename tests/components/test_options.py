"""What a config asks of Pulumi itself reaches the engine, for each kind of entity."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components import TrustingAccount
from tests.components.conftest import Declare, Deploy
from tests.components.registrations import Registrations

TRUST = [{"principals": ["workload"]}]


def _config(kind: str, **options: Any) -> dict[str, Any]:
    """A config with one entity ``New`` of a kind, and its options."""
    return {
        "policy": {"policies": {"New": {"assume": ["*"], **options}}},
        "user": {"trusted": {"users": {"New": options}}},
        "group": {"trusted": {"groups": {"New": options}}},
        "application": {"trusted": {"applications": {"New": {"services": ["lambda.amazonaws.com"], **options}}}},
        "role": {"trusting": {"roles": {"New": {"trust": TRUST, **options}}}},
    }[kind]


KINDS = ["policy", "user", "group", "application", "role"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_protected_entity_is_protected(deploy: Deploy, registered: Registrations, kind: str) -> None:
    deploy("auth", **_config(kind, protect=True))
    assert registered.named(f"auth-{kind}-New").protect


@pytest.mark.parametrize("kind", KINDS)
def test_what_belongs_to_a_protected_entity_is_protected_and_nothing_else(
    deploy: Deploy, registered: Registrations, kind: str
) -> None:
    deploy("auth", **_config(kind, protect=True))
    components = {each.name for each in registered if each.type.startswith("crossaccount:")}
    assert {each.name for each in registered if not each.protect} == components


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_protected_unless_asked(deploy: Deploy, registered: Registrations, kind: str) -> None:
    deploy("auth", **_config(kind))
    assert not any(each.protect for each in registered)


@pytest.mark.parametrize("kind", KINDS)
def test_a_former_name_is_an_alias(deploy: Deploy, registered: Registrations, kind: str) -> None:
    deploy("auth", **_config(kind, aliases=["Old", "Older"]))
    assert registered.named(f"auth-{kind}-New").aliases == (f"auth-{kind}-Old", f"auth-{kind}-Older")


def test_an_alias_replaces_the_name_at_the_end_alone(deploy: Deploy, registered: Registrations) -> None:
    """The logical name of this role is ``auth-role-role``, and what is before the name stays."""
    deploy("auth", trusting={"roles": {"role": {"trust": TRUST, "aliases": ["Old"]}}})
    assert registered.named("auth-role-role").aliases == ("auth-role-Old",)


@pytest.mark.parametrize("kind", KINDS)
def test_import_adopts_what_exists_under_the_entitys_name(deploy: Deploy, registered: Registrations, kind: str) -> None:
    deploy("auth", **_config(kind, **{"import": True}))
    expected = "arn:aws:iam::111111111111:policy/New" if kind == "policy" else "New"
    assert registered.named(f"auth-{kind}-New").import_id == expected


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_imported_unless_asked(deploy: Deploy, registered: Registrations, kind: str) -> None:
    deploy("auth", **_config(kind, **{"import": False}))
    assert not any(each.import_id for each in registered)


def test_a_component_has_the_aliases_that_a_program_gives_it(declare: Declare, registered: Registrations) -> None:
    """The engine derives those of its resources: their names begin with the component's."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}],
    }
    options = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])
    declare(lambda: TrustingAccount("new", {"roles": {"Reader": {"assume_role_policy": trust}}}, options))
    [component] = [each for each in registered if each.type == "crossaccount:index:TrustingAccount"]
    assert component.aliases == ("old",)
    assert all(each.name.startswith("new-") for each in registered if each is not component)
