"""The accounts of an AWS organisation: read, never changed, and named as stacks can be.

The tree is walked from its root, unit by unit: that gives each account with its way, in a call for each unit rather
than one for each account. Tags take one call an account. All lists come page by page; throttling is waited out by
botocore's retries.

Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.fleet.models import NAME_LENGTH, Account, account_slug
from crossaccount.iam.problem import NOT_GIVEN
from crossaccount.sources.errors import refusal

WHERE = "AWS Organizations"
ATTEMPTS = 12
ACTIVE = "ACTIVE"


@dataclass(frozen=True)
class Member:
    """An account as the organisation describes it. ``name`` is any text there, and need not be the only one."""

    id: str
    name: str
    ou: str
    state: str = ACTIVE
    tags: Mapping[str, str] = field(default_factory=dict)


def read_organization(organizations: Any) -> list[Member]:
    """Every account, by ID; tags of those that are active alone. ``organizations`` is a boto3 client.

    Raises:
        SourceError: AWS refuses a call, or there is no organisation.
    """
    with _errors_in_words():
        members = [
            member
            for root in _pages(organizations, "list_roots", "Roots")
            for member in _below(organizations, root["Id"], ())
        ]
        return [
            replace(member, tags=_tags(organizations, member.id)) if member.state == ACTIVE else member
            for member in sorted(members, key=lambda each: each.id)
        ]


def named(members: Collection[Member], known: Mapping[str, Account], tags: Collection[str] | None) -> list[Account]:
    """The active accounts as a fleet has them, by name.

    An account that is ``known`` (by ID) keeps its name and how the console shows it, whatever AWS calls it today: a new
    name would be a new stack. ``tags`` are the keys to keep; None keeps all.
    """
    active = [member for member in members if member.state == ACTIVE]
    taken = {known[member.id].name.lower() for member in active if member.id in known}
    result = []
    for member in active:
        there = known.get(member.id)
        kept = {key: value for key, value in sorted(member.tags.items()) if tags is None or key in tags}
        shown = there.model_dump(include={"display_name", "color"}, exclude_none=True) if there else {}
        name = there.name if there else _free_name(member, taken)
        taken.add(name.lower())
        content = {"name": name, "id": member.id, "ou": member.ou, "tags": kept, **shown}
        result.append(Account.model_construct(**content))
    return sorted(result, key=lambda each: each.name)


def _free_name(member: Member, taken: Collection[str]) -> str:
    slug = account_slug(member.name)
    short = slug[: NAME_LENGTH - 13]
    return next(name for name in (slug, f"{short}-{member.id[-4:]}", f"{short}-{member.id}") if name not in taken)


def open_organizations(profile: str | None) -> Any:
    """The boto3 client, with the credentials of a profile or of the environment."""
    import boto3
    from botocore.config import Config

    with _errors_in_words():
        session = boto3.session.Session(profile_name=profile)
        # Organizations is in one region of each partition; botocore knows which.
        config = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
        return session.client("organizations", region_name=session.region_name or "us-east-1", config=config)


def _below(organizations: Any, parent: str, way: tuple[str, ...]) -> Iterator[Member]:
    for account in _pages(organizations, "list_accounts_for_parent", "Accounts", ParentId=parent):
        state = account.get("State") or account.get("Status") or ACTIVE
        yield Member(account["Id"], account["Name"], "/".join(way), state)
    for unit in _pages(organizations, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
        # A slash in a name would look like two units.
        yield from _below(organizations, unit["Id"], (*way, unit["Name"].strip().replace("/", "-")))


def _tags(organizations: Any, account_id: str) -> dict[str, str]:
    pages = _pages(organizations, "list_tags_for_resource", "Tags", ResourceId=account_id)
    return {tag["Key"]: tag["Value"] for tag in pages}


def _pages(organizations: Any, operation: str, key: str, **arguments: str) -> Iterator[Mapping[str, Any]]:
    call: Callable[..., Any] = organizations.get_paginator(operation).paginate
    for page in call(**arguments):
        yield from page[key]


@contextmanager
def _errors_in_words() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        said = error.response.get("Error") or {}
        code = str(said.get("Code") or "")
        what = f"AWS refuses {error.operation_name}: {said.get('Message') or code}"
        raise refusal(WHERE, what, code, _fix(code, error.operation_name)) from None
    except BotoCoreError as error:
        fix = "name a profile of the management account or of a delegated administrator with --profile"
        raise refusal(WHERE, " ".join(str(error).split()), NOT_GIVEN, fix) from None


def _fix(code: str, operation: str) -> str:
    if code == "AWSOrganizationsNotInUseException":
        return "use credentials of an account that is in an organisation, or list the accounts by hand"
    if code.startswith("AccessDenied"):
        return f"allow organizations:{operation}, in the management account or a delegated administrator's"
    if code in ("TooManyRequestsException", "ThrottlingException"):
        return "wait a little: AWS still refused after all retries"
    return "try: aws organizations list-roots"
