"""``diff stack: stack:`` and the review give one verdict, whichever keys of the config an edit touches."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from components.program import program
from crossaccount.access.diff import diff
from crossaccount.local.provider.config import TAKEN
from crossaccount.settings import SettingsError, compiled_in_order, read_project
from crossaccount.settings.provider_tags import IGNORE_TAGS
from crossaccount.sources import read_sources
from crossaccount.sources.stacks import SettingsReader
from tests.job.review.provider_edits import (
    CONDITIONS,
    METADATA,
    ORGANIZATION,
    PATHS,
    PROVIDERS,
    edits_of_providers,
    edits_of_trusts,
)
from tests.job.review.reviewing import Estate, write_project

TAGGED = {"StringEquals": {"aws:PrincipalTag/team": "ops"}}
GRANT = {"assume": ["workload/role/Ops"]}
BOOK: dict[str, dict[str, Any]] = {
    "auth": {"id": "111111111111", "stack": "auth"},
    "workload": {"id": "222222222222", "stack": "workload"},
    "vendor": {"id": "333333333333"},
}
BASE: dict[str, dict[str, Any]] = {
    "auth": {
        "policies": {"P": GRANT},
        "trusted": {
            "users": {"bo": {"policies": ["P"], "groups": ["G"]}, "kim": {"groups": ["G"], "console": {"pgp": "a2V5"}}},
            "groups": {"G": {}},
            "applications": {"App": {"services": ["lambda.amazonaws.com"], "inline": {"p": GRANT}}},
        },
    },
    "workload": {
        "accounts": BOOK,
        "providers": PROVIDERS,
        "trusting": {
            "roles": {
                "Pipeline": {"bootstrap": "preview", "trust": [{"principals": ["arn:aws:iam::444444444444:root"]}]},
                "Ops": {"trust": [{"principals": ["auth"], "conditions": TAGGED}], "inline": {}},
                "Read": {
                    "trust": [{"principals": ["auth", "vendor"], "mfa": {"max_age": "1h"}}],
                    "policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                },
            }
        },
    },
}
SIDE = ("auth", "trusted")
USER, KIM, APP, GROUP = (
    (*SIDE, *path.split("/")) for path in ("users/bo", "users/kim", "applications/App", "groups/G")
)
ROLE, OTHER = ("workload", "trusting", "roles", "Ops"), ("workload", "trusting", "roles", "Read")
PIPELINE = ("workload", "trusting", "roles", "Pipeline")
"""A role that no update makes."""
MANAGED, INLINE, TRUST = ("auth", "policies", "P"), (*USER, "inline", "q"), (*OTHER, "trust", 0)
VENDOR = ("workload", "accounts", "vendor")
OPEN = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
DENY = {"document": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}}
ADMIN = ["arn:aws:iam::aws:policy/AdministratorAccess"]
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
NEW_KEY = {"pgp": "a2V5"}
Edit = tuple[tuple[Any, ...], Any]
GONE = object()
"""The value of an edit that takes something away."""


def _of_entity(model: str, path: tuple[Any, ...]) -> dict[str, list[Edit]]:
    """Edits of what all entities have."""
    return {
        f"{model}.path": [((*path, "path"), "/team/")],
        f"{model}.policies": [((*path, "policies"), ADMIN), ((*path, "policies"), [])],
        f"{model}.inline": [((*path, "inline"), {"d": DENY}), ((*path, "inline"), {"p": {"assume": ["*"]}})],
        f"{model}.protect": [((*path, "protect"), True)],
        f"{model}.aliases": [((*path, "aliases"), ["Former"])],
        f"{model}.import": [((*path, "import"), True)],
        f"{model}.exclusive": [((*path, "exclusive"), False)],
    }


def _of_principal(model: str, path: tuple[Any, ...]) -> dict[str, list[Edit]]:
    """Edits of what users and roles have."""
    return {
        **_of_entity(model, path),
        f"{model}.tags": [((*path, "tags"), {"team": "ops"})],
        f"{model}.permissions_boundary": [((*path, "permissions_boundary"), BOUNDARY)],
    }


def _of_policy(model: str, path: tuple[Any, ...]) -> dict[str, list[Edit]]:
    """Edits of what policies say."""
    document = {"Version": "2012-10-17", "Id": "said", "Statement": [OPEN]}
    return {
        f"{model}.assume": [(path, {"assume": ["*"]})],
        f"{model}.deny": [(path, {"deny": ["*"]})],
        f"{model}.document": [(path, {"document": document})],
        f"{model}.actions": [(path, {"assume": ["workload/role/Ops"], "actions": ["sts:TagSession"]})],
        f"{model}.mfa": [(path, {"assume": ["workload/role/Ops"], "mfa": {"max_age": "24h"}})],
        f"{model}.external_id": [(path, {"assume": ["workload/role/Ops"], "external_id": ["a-long-one"]})],
        f"{model}.conditions": [
            (path, {"assume": ["workload/role/Ops"], "conditions": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}})
        ],
        f"{model}.organization": [(path, {"assume": ["workload/role/Ops"], "organization": ORGANIZATION})],
        **{
            f"{model}.{keyword}": [(path, {"assume": ["workload/role/Ops"], keyword: value})]
            for keyword, value in CONDITIONS.items()
        },
    }


EDITS_BY_KEY: dict[str, list[Edit]] = {
    "aws:allowedAccountIds": [(("auth", "aws:allowedAccountIds"), '["111111111111"]')],
    "aws:defaultTags": [
        (("auth", "aws:defaultTags"), {"tags": {"team": "ops"}}),
        (("auth", "aws:defaultTags"), '{"tags": {"team": "other"}}'),
        (("workload", "aws:defaultTags"), {"tags": {"team": "ops"}}),
    ],
    "aws:forbiddenAccountIds": [(("auth", "aws:forbiddenAccountIds"), ["333333333333"])],
    "aws:ignoreTags": [(("auth", "aws:ignoreTags"), {"keys": ["team"]})],
    "aws:region": [(("auth", "aws:region"), "eu-west-1")],
    "crossaccount:account": [(("auth", "crossaccount:account"), "auth")],
    "crossaccount:accounts": [(("workload", "accounts"), {**BOOK, "vendor": {"id": "444444444444"}})],
    "crossaccount:defaults": [(("auth", "defaults"), {"path": "/team/", "tags": {"team": "ops"}})],
    "crossaccount:existing": [(("auth", "existing"), {"policies": ["limit"]})],
    "crossaccount:include": [(("auth", "include"), ["more.yaml"])],
    "crossaccount:policies": [(("auth", "policies"), {"P": {"assume": ["*"]}, "R": GRANT})],
    "crossaccount:quotas": [(("auth", "quotas"), {"GroupsQuota": 400})],
    "crossaccount:reads": [(("workload", "reads"), ["auth"])],
    "crossaccount:suppress": [
        (("auth", "suppress"), [{"code": "XA101", "where": "trusted.users.bo", "reason": "it is said"}])
    ],
    "crossaccount:trusted": [
        ((*SIDE, "users"), {"bo": {"policies": ["P"], "groups": ["G"]}, "new": {"policies": ["P"]}})
    ],
    "crossaccount:trusting": [
        (("workload", "trusting", "roles", "New"), {"trust": [{"principals": ["auth"]}], "policies": ADMIN}),
        (ROLE, GONE),
    ],
    "AccessKey.store": [((*USER, "access_key"), {"store": "secretsmanager"})],
    "AccessKey.pgp": [((*USER, "access_key"), NEW_KEY)],
    "AccessKey.recovery_days": [((*USER, "access_key"), {"store": "secretsmanager", "recovery_days": 7})],
    # Before its start a key is not declared; the base has none.
    "AccessKey.starts": [((*USER, "access_key"), {**NEW_KEY, "starts": "2020-01-31"})],
    "AccessKey.expires": [((*USER, "access_key"), {**NEW_KEY, "expires": "2020-01-31"})],
    "AccessKey.delete_after": [((*USER, "access_key"), {**NEW_KEY, "expires": "2099-01-31", "delete_after": 7})],
    "AccessKey.status": [((*USER, "access_key"), {**NEW_KEY, "status": "Inactive"})],
    "AccountEntry.id": [((*VENDOR, "id"), "444444444444")],
    "AccountEntry.stack": [((*VENDOR, "stack"), "elsewhere/fleet/vendor")],
    "AccountEntry.display_name": [((*VENDOR, "display_name"), "VENDOR")],
    "AccountEntry.color": [((*VENDOR, "color"), "blue")],
    "AccountEntry.ou": [((*VENDOR, "ou"), "Vendors")],
    "AccountEntry.tags": [((*VENDOR, "tags"), {"team": "ops"})],
    **_of_principal("Application", APP),
    "Application.description": [((*APP, "description"), "said anew")],
    "Application.max_session_duration": [((*APP, "max_session_duration"), 7200)],
    "Application.services": [((*APP, "services"), ["ec2.amazonaws.com"])],
    "Application.conditions": [((*APP, "conditions"), {"StringEquals": {"aws:SourceAccount": "111111111111"}})],
    "Console.store": [((*USER, "console"), {"store": "secretsmanager"})],
    "Console.pgp": [((*USER, "console"), NEW_KEY)],
    "Console.recovery_days": [((*USER, "console"), {"store": "secretsmanager", "recovery_days": 7})],
    "Console.password_reset": [((*USER, "console"), {**NEW_KEY, "password_reset": False})],
    "Console.password_length": [((*USER, "console"), {**NEW_KEY, "password_length": 40})],
    "Defaults.path": [(("workload", "defaults"), {"path": "/team/"})],
    "Defaults.tags": [(("auth", "defaults"), {"tags": {"team": "ops"}})],
    "Defaults.permissions_boundary": [(("workload", "defaults"), {"permissions_boundary": BOUNDARY})],
    "Existing.policies": [(("auth", "existing"), {"policies": ["team/limit"]})],
    "Existing.roles": [(("workload", "existing"), {"roles": ["Provisioner"]})],
    **_of_entity("Group", GROUP),
    "Group.self_service_mfa": [((*GROUP, "self_service_mfa"), True)],
    "Group.members": [((*SIDE, "groups", "More"), {"policies": ["P"], "members": ["kim"]})],
    "Members.all": [((*SIDE, "groups", "More"), {"policies": ["P"], "members": {"all": True}})],
    "Members.except": [((*SIDE, "groups", "More"), {"policies": ["P"], "members": {"all": True, "except": ["bo"]}})],
    "Members.names": [((*SIDE, "groups", "More"), {"policies": ["P"], "members": {"names": ["bo"]}})],
    **_of_policy("ManagedPolicy", MANAGED),
    "ManagedPolicy.path": [(MANAGED, {**GRANT, "path": "/team/"})],
    "ManagedPolicy.description": [(MANAGED, {**GRANT, "description": "said anew"})],
    "ManagedPolicy.tags": [(MANAGED, {**GRANT, "tags": {"team": "ops"}})],
    "ManagedPolicy.protect": [(MANAGED, {**GRANT, "protect": True})],
    "ManagedPolicy.aliases": [(MANAGED, {**GRANT, "aliases": ["Former"]})],
    "ManagedPolicy.import": [(MANAGED, {**GRANT, "import": True})],
    "Mfa.max_age": [((*TRUST, "mfa"), {"max_age": "30m"})],
    **_of_policy("Policy", INLINE),
    "PolicyDocument.Version": [(INLINE, {"document": {"Version": "2008-10-17", "Statement": [OPEN]}})],
    "PolicyDocument.Id": [(INLINE, {"document": {"Version": "2012-10-17", "Id": "x", "Statement": [OPEN]}})],
    "PolicyDocument.Statement": [(INLINE, {"document": {"Version": "2012-10-17", "Statement": [OPEN]}})],
    **_of_principal("Role", OTHER),
    "Role.description": [((*OTHER, "description"), "said anew")],
    "Role.max_session_duration": [((*OTHER, "max_session_duration"), 43200)],
    "Role.bootstrap": [((*PIPELINE, "bootstrap"), "drift")],
    **{
        f"RolesOrganization.{key}": [(INLINE, {"assume": ["workload/role/Ops"], "organization": PATHS})]
        for key in PATHS
    },
    "Role.trust": [
        ((*ROLE, "trust"), [{"principals": ["auth"]}]),
        ((*ROLE, "trust"), [{"principals": ["auth"], "mfa": True}]),
    ],
    "Suppression.code": [(("auth", "suppress"), [{"code": "XA102", "where": "trusted.users.bo", "reason": "said"}])],
    "Suppression.where": [(("auth", "suppress"), [{"code": "XA101", "where": "trusted.users.kim", "reason": "said"}])],
    "Suppression.until": [
        (
            ("auth", "suppress"),
            [{"code": "XA101", "where": "trusted.users.bo", "reason": "said", "until": "2027-01-31"}],
        )
    ],
    "Suppression.reason": [(("auth", "suppress"), [{"code": "XA101", "where": "trusted.users.bo", "reason": "anew"}])],
    "TrustStatement.principals": [((*TRUST, "principals"), ["auth"]), ((*TRUST, "principals"), ["auth/user/*"])],
    "TrustStatement.services": [(TRUST, {"services": ["lambda.amazonaws.com"]})],
    "TrustStatement.mfa": [((*TRUST, "mfa"), GONE), ((*TRUST, "mfa"), True)],
    "TrustStatement.external_id": [((*TRUST, "external_id"), ["a-long-one"])],
    "TrustStatement.actions": [((*TRUST, "actions"), ["sts:AssumeRole", "sts:TagSession"])],
    "TrustStatement.effect": [
        ((*OTHER, "trust"), [{"principals": ["auth"]}, {"principals": ["vendor"], "effect": "Deny"}])
    ],
    "TrustStatement.mode": [(TRUST, {"principals": ["auth/role/App"], "mode": "by-name"})],
    "TrustStatement.conditions": [((*TRUST, "conditions"), {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})],
    **edits_of_trusts(TRUST),
    **edits_of_providers(("workload", "providers")),
    **_of_principal("User", USER),
    "crossaccount:bootstrap": [(("workload", "bootstrap"), {"prefix": "access-w"})],
    "BootstrapNames.prefix": [(("workload", "bootstrap"), {"prefix": "access-x"})],
    "crossaccount:sign_in": [(("auth", "sign_in"), {"alias": "acme-people", "password_policy": {}})],
    "SignIn.alias": [(("auth", "sign_in"), {"alias": "acme-auth"})],
    "SignIn.password_policy": [(("auth", "sign_in"), {"password_policy": {}})],
    **{
        f"PasswordPolicy.{key}": [(("auth", "sign_in"), {"password_policy": {key: value}})]
        for key, value in {
            "minimum_length": 20,
            "require_lowercase": False,
            "require_uppercase": False,
            "require_numbers": False,
            "require_symbols": False,
            "reuse_prevention": 5,
            "max_age": 90,
            "hard_expiry": True,
            "allow_change": False,
        }.items()
    },
    "User.starts": [((*USER, "starts"), "2020-01-31"), ((*USER, "starts"), "2099-12-31")],
    "User.expires": [((*USER, "expires"), "2099-12-31"), ((*USER, "expires"), "2020-12-31")],
    "Membership.name": [((*USER, "groups"), [{"name": "G"}])],
    "Membership.starts": [
        ((*USER, "groups"), [{"name": "G", "starts": each}]) for each in ("2020-01-31", "2099-12-31")
    ],
    "Membership.expires": [
        ((*USER, "groups"), [{"name": "G", "expires": each}]) for each in ("2020-01-31", "2099-12-31")
    ],
    "User.self_service_mfa": [((*USER, "self_service_mfa"), True)],
    "User.console": [((*USER, "console"), True), ((*KIM, "console"), GONE)],
    "User.access_keys": [((*KIM, "access_keys"), {"old": NEW_KEY, "new": {"store": "secretsmanager"}})],
    "User.access_key": [((*KIM, "access_key"), NEW_KEY)],
    "User.groups": [((*USER, "groups"), [])],
    "User.force_destroy": [((*USER, "force_destroy"), False)],
}
EDITS: tuple[Edit, ...] = tuple(edit for edits in EDITS_BY_KEY.values() for edit in edits)
NAMES = [f"{key}-{number}" for key, edits in EDITS_BY_KEY.items() for number in range(len(edits))]
OF_THE_PROVIDER = {f"aws:{key}" for key in TAKEN} | {IGNORE_TAGS}
"""The keys of the provider that its stand-in honours, and that the review reads."""
OF_THE_CONNECTION = {
    f"aws:{key}" for key in ("accessKey", "assumeRoles", "endpoints", "maxRetries", "secretKey", "token")
}
"""Those that say who signs in, where and how often: nothing of what is made."""
OF_THE_ORGANIZATION = {
    "crossaccount:organization",
    *("OrganizationPolicies.file", "OrganizationPolicies.full_aws_access"),
}
"""Those of control policies: an organisation is a source of its own, and no part of a stack's account."""
MORE = {"trusted": {"users": {"lee": {"policies": ["P"]}}}}
"""What is included."""


def test_every_key_of_the_config_has_an_edit() -> None:
    schema = json.loads(resources.files("crossaccount.settings").joinpath("schema.json").read_text(encoding="utf-8"))
    own = {key for key in schema["properties"]["config"]["properties"] if key.startswith("crossaccount:")}
    inner = {f"{name}.{key}" for name, model in schema["$defs"].items() for key in model.get("properties", ())}
    known = own | inner | (OF_THE_PROVIDER - OF_THE_CONNECTION)
    assert set(EDITS_BY_KEY) == known - OF_THE_ORGANIZATION


def _edited(edits: tuple[int, ...]) -> dict[str, dict[str, Any]]:
    stacks = copy.deepcopy(BASE)
    for path, value in (EDITS[index] for index in edits):
        holder: Any = stacks
        for key in path[:-1]:
            if isinstance(holder, dict) and key not in holder:
                holder[key] = {}
            holder = holder[key]
        if value is GONE:
            holder.pop(path[-1], None)
        else:
            holder[path[-1]] = copy.deepcopy(value)
    return stacks


@lru_cache(maxsize=4)
def _described(stacks: str, recorded: bool) -> Any:
    """The accounts that a project declares, read from its settings or recorded from its program."""
    with _project(stacks) as folder:
        project = read_project(folder)
        described = None if recorded else SettingsReader(compiled_in_order(project)).describe
        texts = [f"stack:{name}" for name in project.stacks]
        return read_sources(texts, lambda: program, directory=folder, stacks=described).estate()


@lru_cache(maxsize=4)
def _deployed(stacks: str) -> Estate:
    """The states and the accounts of a project that is deployed."""
    with _project(stacks) as folder:
        return Estate.deployed(folder, json.loads(stacks))


@contextmanager
def _project(stacks: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "more.yaml").write_text(json.dumps(MORE))
        (Path(home) / "okta.xml").write_text(METADATA)
        write_project(Path(home), json.loads(stacks))
        yield Path(home)


def _verdicts(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> set[str]:
    if _pipeline(before) == _pipeline(after):
        # Its policies follow from what the stack declares, but no update makes them: only sources show their change.
        before, after = _without_pipeline(before), _without_pipeline(after)
    old, new = json.dumps(before), json.dumps(after)
    by_sources = {diff(_described(old, recorded), _described(new, recorded)).verdict for recorded in (False, True)}
    with _project(new) as folder:
        estate = replace(_deployed(old), folder=folder)
        return by_sources | {estate.review(side).access.verdict for side in ("live", "state")}


def _pipeline(stacks: Mapping[str, Mapping[str, Any]]) -> Any:
    stack, side, roles, name = PIPELINE
    return stacks[stack].get(side, {}).get(roles, {}).get(name)


def _without_pipeline(stacks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(stacks))
    stack, side, roles, name = PIPELINE
    copied[stack].get(side, {}).get(roles, {}).pop(name, None)
    return copied


@pytest.mark.parametrize("index", range(len(EDITS)), ids=NAMES.__getitem__)
def test_one_edit_has_one_verdict(index: int) -> None:
    assert len(_verdicts(BASE, _edited((index,)))) == 1


def test_default_tags_open_a_role_that_trusts_them() -> None:
    tagged = _edited((EDITS.index(EDITS_BY_KEY["aws:defaultTags"][0]),))
    assert _verdicts(BASE, tagged) == {"broadening"}
    assert _verdicts(tagged, BASE) == {"narrowing"}


@settings(max_examples=10)
@given(*[st.lists(st.integers(0, len(EDITS) - 1), max_size=3).map(tuple) for _ in range(2)])
def test_edits_have_one_verdict(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    try:
        found = _verdicts(_edited(before), _edited(after))
    except SettingsError:  # edits that cannot stand together are refused, and have no verdict
        reject()
    assert len(found) == 1
