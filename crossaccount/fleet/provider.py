"""The provider's part of a stack's config: with whose credentials, and in which account alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.models import Account, AssumedRole
from crossaccount.fleet.placeholders import Placeholders, Say
from crossaccount.iam.durations import duration_text
from crossaccount.iam.entity_names import check_external_id
from crossaccount.iam.names import resolve
from crossaccount.iam.problem import Problem
from crossaccount.settings.raw import ALLOWED_ACCOUNT_IDS
from crossaccount.settings.settings import partition_of

REGION, PROFILE, ASSUME_ROLES = "aws:region", "aws:profile", "aws:assumeRoles"
KEYS = (REGION, PROFILE, ASSUME_ROLES, ALLOWED_ACCOUNT_IDS)
_SESSION_NAME = re.compile(r"\A[\w+=,.@-]{2,64}\Z", re.ASCII)


def provider_config(fleet: Fleet, account: Account, values: Placeholders, say: Say) -> dict[str, Any]:
    """The keys in the namespace ``aws`` of an account's stack.

    Their meaning: https://www.pulumi.com/registry/packages/aws/api-docs/provider/
    """
    result: dict[str, Any] = {}
    if region := fleet.region_of(account.name):
        result[REGION] = region
    if credentials := fleet.credentials_of(account.name):
        where = f"{FLEET_FILE}: {_said_by(fleet, account.name)}credentials"
        if credentials.profile is not None:
            result[PROFILE] = values.fill(credentials.profile, f"{where}.profile", say)
        roles = [
            dict(_assumed(fleet, account, role, values, f"{where}.assume_roles[{index}]", say))
            for index, role in enumerate(credentials.assume_roles)
        ]
        if roles:
            result[ASSUME_ROLES] = roles
    return {**result, ALLOWED_ACCOUNT_IDS: [account.id]}


def _said_by(fleet: Fleet, account: str) -> str:
    own = "credentials" in fleet.deviation(account).model_fields_set
    return f"exceptions.{account}." if own else ""


def _assumed(
    fleet: Fleet, account: Account, role: AssumedRole, values: Placeholders, where: str, say: Say
) -> Iterator[tuple[str, str]]:
    name = values.fill(role.role, f"{where}.role", say)
    yield "roleArn", _role_arn(name, fleet.ids, partition_of(fleet.region_of(account.name)), f"{where}.role", say)
    if role.external_id is not None:
        external_id = values.fill(role.external_id, f"{where}.external_id", say)
        if refusal := check_external_id(external_id):
            say(Problem(f"{where}.external_id", refusal.what, external_id, refusal.fix))
        yield "externalId", external_id
    if role.session_name is not None:
        session_name = values.fill(role.session_name, f"{where}.session_name", say)
        if not _SESSION_NAME.match(session_name):
            what = "the name of a session has 2 to 64 letters, digits and _=,.@+-"
            say(Problem(f"{where}.session_name", what, session_name, "choose another"))
        yield "sessionName", session_name
    if role.duration is not None:
        yield "duration", duration_text(role.duration)


def _role_arn(name: str, ids: Mapping[str, str], partition: str, where: str, say: Say) -> str:
    fix = "write <account.name>/role/deployer, or a full ARN"
    try:
        arn = resolve(name, ids, partition)
    except ValueError as error:
        say(Problem(where, str(error), name, fix))
        return name
    if ":role/" not in arn:
        say(Problem(where, "not the name of a role", name, fix))
    return arn
