"""``organization``: the file with the control policies that the stack of a management account deploys.

The file has AWS's own answers about the organisation (:mod:`crossaccount.iam.organizations`). The stack creates and
attaches every policy of it that is not AWS's own. A policy with an ``Arn`` exists already: the stack adopts it, with
its attachments. ``full_aws_access: true`` makes the attachments of FullAWSAccess the stack's as well, so that a list of
allowed actions can replace it.

Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossaccount.iam.json_text import parse_json
from crossaccount.iam.organizations import (
    FULL_ACCESS,
    FULL_ACCESS_ID,
    QUOTAS,
    QUOTAS_PAGE,
    check_organization,
    check_policy,
    crowded,
    is_of_aws,
    is_organization,
    name_of,
    targets_of,
)
from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Entry, parse
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import INSIDE, leaves_folder, no_folder, read_json
from crossaccount.settings.models import OrganizationPolicies

KEY = "organization"
_TARGET = re.compile(r"\A(r-[0-9a-z]{4,32}|[0-9]{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})\Z")
"""https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html"""
_EXAMPLE = "fleet/all/organization.json"


@dataclass(frozen=True)
class ControlPolicy:
    """A control policy that a stack deploys. ``import_id`` is the ID of one that exists; ``document`` is JSON."""

    name: str
    type: str
    document: str
    targets: tuple[str, ...]
    description: str = ""
    import_id: str | None = None


@dataclass(frozen=True)
class OrganizationFile:
    """The organisation of a stack, and the control policies that the stack deploys."""

    file: str
    content: Mapping[str, Any] = field(repr=False)
    """AWS's answers about the organisation."""
    policies: tuple[ControlPolicy, ...] = ()
    full_access: tuple[str, ...] = ()
    """The targets of FullAWSAccess, if its attachments are the stack's."""
    manages_full_access: bool = False


def read_organization(
    value: Any, root: Path | None, where: str, account_id: str, problems: list[Problem]
) -> OrganizationFile | None:
    """The organisation that a stack's config names; errors are added to ``problems``. None if there is none."""
    if not value:
        return None
    parsed = parse({KEY: Entry(KEY, value, where)}, OrganizationPolicies, problems)
    if KEY not in parsed:
        return None
    model = parsed[KEY].value
    content = _content(model.file, root, f"{where}.file", problems)
    if content is None:
        return None
    wrong = list(_wrong(content, model.file, account_id, where))
    problems += wrong
    if wrong:
        return None
    own = tuple(_policy(each) for each in content["Policies"] if not is_of_aws(each))
    full = [target for each in content["Policies"] if name_of(each) == FULL_ACCESS for target in targets_of(each)]
    managed = model.full_aws_access
    return OrganizationFile(model.file, content, own, tuple(full) if managed else (), managed)


def _content(name: str, root: Path | None, where: str, problems: list[Problem]) -> Mapping[str, Any] | None:
    if leaves_folder(name):
        problems.append(Problem(where, INSIDE, name, f"write a path such as {_EXAMPLE}"))
        return None
    if root is None:
        problems.append(no_folder(where, name))
        return None
    if not (root / name).exists():
        fix = "write it with `crossaccount fleet write`, or correct the name"
        problems.append(Problem(where, "there is no such file", name, fix))
        return None
    try:
        data = read_json(root / name, name, within=root)
    except SettingsError as error:
        problems += error.problems
        return None
    if not is_organization(data):
        what, fix = "is not a file about an organisation", "save AWS's answers: Organization, Accounts and Policies"
        problems.append(Problem(where, what, name, fix))
        return None
    found: Mapping[str, Any] = data
    return found


def _wrong(content: Mapping[str, Any], file: str, account_id: str, where: str) -> Iterator[Problem]:
    found = check_organization(content, file)
    yield from found
    if found:
        return
    management = content["Organization"]["MasterAccountId"]
    if management != account_id:
        what = f"only the management account, {management}, can deploy control policies, but the stack has another"
        yield Problem(f"{where}.file", what, account_id, "name the file in the stack of the management account")
    known: dict[tuple[str, str], int] = {}
    for index, policy in enumerate(content["Policies"]):
        place = f"{file}: Policies[{index}]"
        if is_of_aws(policy) or policy["PolicySummary"]["Type"] not in QUOTAS:
            continue
        yield from _wrong_policy(policy, place)
        key = (policy["PolicySummary"]["Type"], name_of(policy))
        if key in known:
            yield Problem(place, f"has the name and type of Policies[{known[key]}]", key[1], "rename one of the two")
        known.setdefault(key, index)
    yield from too_many(content, file)


def _wrong_policy(policy: Mapping[str, Any], place: str) -> Iterator[Problem]:
    summary = policy["PolicySummary"]
    content = policy["Content"]
    if not isinstance(content, str):
        yield Problem(f"{place}.Content", "must be the document as JSON text", content, "save it as AWS prints it")
        return
    yield from check_policy(summary["Type"], name_of(policy), content, str(summary.get("Description") or ""), place)
    for index, target in enumerate(targets_of(policy)):
        if not _TARGET.match(target):
            what, fix = "is not the ID of a root, a unit or an account", "write r-…, ou-… or 12 digits"
            yield Problem(f"{place}.Targets[{index}]", what, target, fix)


def too_many(content: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Problems for targets with more policies than AWS attaches."""
    for type_, target, number in crowded(content):
        quota = QUOTAS[type_]
        kind = quota.name.removeprefix("a ").replace("policy", "policies")
        what = f"AWS attaches at most {quota.attached} {kind} to one target, its own included, and {target} has more"
        yield Problem(f"{where}: Policies", f"{what} ({QUOTAS_PAGE})", number, "join some of them")


def _policy(policy: Mapping[str, Any]) -> ControlPolicy:
    summary = policy["PolicySummary"]
    return ControlPolicy(
        name_of(policy),
        summary["Type"],
        policy["Content"],
        targets_of(policy),
        str(summary.get("Description") or ""),
        str(summary["Id"]) if summary.get("Arn") else None,
    )


def document_of(policy: ControlPolicy) -> Any:
    """The policy's document."""
    return parse_json(policy.document)


__all__ = ["FULL_ACCESS_ID", "ControlPolicy", "OrganizationFile", "document_of", "read_organization", "too_many"]
