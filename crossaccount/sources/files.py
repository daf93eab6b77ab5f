"""``FILE.json``: the output of ``aws iam get-account-authorization-details`` of one account, or of several.

Several are a list, or texts that follow each other, as a loop over profiles writes them. So are the pages of one
answer (``--no-paginate``): those that say ``IsTruncated`` are joined with the ones after them.

Or an organisation: AWS's answers about its accounts and control policies, under their own names. A policy or an account
that is missing there would make verdicts wrong, not just unknown, so the shape of an organisation is checked and what
AWS cannot have answered is refused.

Sources: DescribeOrganization, ListAccounts, DescribePolicy and ListTargetsForPolicy of the Organizations API Reference;
every root, unit and account has at least one SCP:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_policies_attach.html.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossaccount.access.estate import Organization
from crossaccount.access.estate.estate import SERVICE_CONTROL, levels_of
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.json_text import JsonError, parse_json, parse_json_texts
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_bytes
from crossaccount.settings.project import project_around
from crossaccount.sources.collected import is_collected, read_collected
from crossaccount.sources.details import LISTS, SAVE_IT, Described, Details, check_details, missing_lists
from crossaccount.sources.errors import SourceError, refusal

_ID = re.compile(r"\Ao-[a-z0-9]+\Z")
_PATH = re.compile(r"\Ao-[a-z0-9]+/r-[a-z0-9]+/(ou-[a-z0-9-]+/)*[0-9]{12}/\Z")
_SAVE = {
    "Organization": "save the output of `aws organizations describe-organization`",
    "Accounts": "save the output of `aws organizations list-accounts`, of a current AWS CLI",
    "Policies": "save what `aws organizations describe-policy` prints under Policy",
    "Targets": "add what `aws organizations list-targets-for-policy` prints under Targets",
}


def is_organization(data: object) -> bool:
    """Whether a file is meant to be an organisation's."""
    return isinstance(data, Mapping) and "Organization" in data


def check_organization(data: Mapping[str, Any], where: str) -> list[Problem]:
    """Everything that keeps ``data`` from being a whole organisation."""
    problems = list(_heads(data, where))
    if data.get("NextToken"):
        fix = "let the AWS CLI fetch all pages: leave out --no-paginate and --max-items"
        problems.append(Problem(where, "is one page of several: NextToken is given", NOT_GIVEN, fix))
    accounts = _list(data, "Accounts", where, problems)
    policies = _list(data, "Policies", where, problems)
    problems += [each for index, item in enumerate(accounts) for each in _account(item, f"{where}: Accounts[{index}]")]
    problems += [each for index, item in enumerate(policies) for each in _policy(item, f"{where}: Policies[{index}]")]
    return problems or [*_unlisted_accounts(data, where), *_without_service_control(data, where)]


def _heads(data: Mapping[str, Any], where: str) -> Iterator[Problem]:
    head = data["Organization"]
    for key, pattern in (("Id", _ID), ("MasterAccountId", ACCOUNT_ID)):
        value = head.get(key) if isinstance(head, Mapping) else None
        if not isinstance(value, str) or not pattern.match(value):
            what = "is required" if value is None else "is not such an ID"
            got = NOT_GIVEN if value is None else value
            yield Problem(f"{where}: Organization.{key}", what, got, _SAVE["Organization"])


def _list(data: Mapping[str, Any], key: str, where: str, problems: list[Problem]) -> list[Any]:
    items = data.get(key)
    if isinstance(items, list):
        return items
    problems.append(Problem(f"{where}: {key}", "must be a list", NOT_GIVEN if items is None else items, _SAVE[key]))
    return []


def _account(item: object, place: str) -> Iterator[Problem]:
    known = item if isinstance(item, Mapping) else {}
    account, paths = known.get("Id"), known.get("Paths")
    if not isinstance(account, str) or not ACCOUNT_ID.match(account):
        got = NOT_GIVEN if account is None else account
        yield Problem(f"{place}.Id", "is not the ID of an account", got, _SAVE["Accounts"])
    elif not isinstance(paths, list) or len(paths) != 1 or not _PATH.match(str(paths[0])):
        what = "must be the one path of the account, such as o-…/r-…/ou-…/111111111111/"
        yield Problem(f"{place}.Paths", what, NOT_GIVEN if paths is None else paths, _SAVE["Accounts"])
    elif levels_of(str(paths[0]))[-1] != account:
        yield Problem(f"{place}.Paths", "is the path of another account", paths[0], _SAVE["Accounts"])


def _policy(item: object, place: str) -> Iterator[Problem]:
    known = item if isinstance(item, Mapping) else {}
    summary = known.get("PolicySummary")
    for key in ("Id", "Type"):
        if not isinstance(summary, Mapping) or not summary.get(key):
            yield Problem(f"{place}.PolicySummary.{key}", "is required", NOT_GIVEN, _SAVE["Policies"])
    if not known.get("Content"):
        yield Problem(f"{place}.Content", "is required", NOT_GIVEN, _SAVE["Policies"])
    targets = known.get("Targets")
    if not isinstance(targets, list) or not all(isinstance(each, Mapping) and each.get("TargetId") for each in targets):
        got = NOT_GIVEN if targets is None else targets
        yield Problem(f"{place}.Targets", "must be a list of what the policy is attached to", got, _SAVE["Targets"])


def _unlisted_accounts(data: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Accounts that have a policy and are not listed. Units may be empty, so that no account's path has them."""
    listed = {account["Id"] for account in data["Accounts"]}
    for index, policy in enumerate(data["Policies"]):
        for target in policy["Targets"]:
            identity = str(target["TargetId"])
            if ACCOUNT_ID.match(identity) and identity not in listed:
                place = f"{where}: Policies[{index}].Targets"
                yield Problem(place, "names an account that Accounts does not list", identity, _SAVE["Accounts"])


def _without_service_control(data: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Levels that allow nothing at all: AWS does not let anybody detach the last SCP, so one is missing here."""
    held = {
        str(target["TargetId"])
        for policy in data["Policies"]
        if policy["PolicySummary"]["Type"] == SERVICE_CONTROL
        for target in policy["Targets"]
    }
    ruled = [each for each in data["Accounts"] if each["Id"] != data["Organization"]["MasterAccountId"]]
    levels = dict.fromkeys(level for account in ruled for level in levels_of(account["Paths"][0]))
    for level in levels if held else ():
        if level not in held:
            fix = "list every policy with all its targets, also FullAWSAccess"
            yield Problem(f"{where}: Policies", f"no service control policy is attached to {level}", NOT_GIVEN, fix)


class Files:
    """Reads files, those with the same content once: most of an estate is the same before and after a change."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[tuple[str, str, Details]]] = {}
        self._organizations: dict[bytes, Organization] = {}

    def read(self, path: Path, where: str) -> list[Described]:
        """The accounts of a file. An alias of an account (``AccountAliases``) names it where nothing else does.

        Raises:
            SourceError: the file cannot be read, or is not of that shape; every problem of it.
        """
        if os.path.isdir(path) and is_collected(path):
            return read_collected(path, where)
        content = _content(path, where)
        if content in self._organizations:
            return [Described(where, "", {}, organization=self._organizations[content])]
        if content not in self._known:
            data = _json(content, where)
            if is_organization(data):
                self._organizations[content] = _organization(data, where)
                return self.read(path, where)
            accounts = list(_pages(data)) if isinstance(data, list) else []
            # A list of nothing is an account of nothing, and is warned of as that.
            self._known[content] = [("", "", {})] if data == [] else _checked(accounts or [(data, "")], where)
        return [
            Described(
                f"{where}{place}",
                account,
                details,
                aliases(details, account),
                missing_lists(details, f"{where}{place}"),
                shown_by_aws=True,
            )
            for place, account, details in self._known[content]
        ]


def _pages(listed: list[Any]) -> Iterator[tuple[Any, str]]:
    """The accounts of a list with their places; pages of one answer that follow each other are one account."""
    started: dict[str, Any] | None = None
    place = ""
    for index, each in enumerate(listed):
        if started is None:
            started, place = each, f"[{index}]"
        elif isinstance(each, Mapping):
            lists = {name: [*_list_of(started, name), *_list_of(each, name)] for name in LISTS}
            rest = {key: value for key, value in each.items() if key not in LISTS}
            truncated = {"IsTruncated": each.get("IsTruncated", False)}
            started = {**started, **lists, **rest, **truncated}
        if not isinstance(started, Mapping) or started.get("IsTruncated") is not True:
            yield started, place
            started = None
    if started is not None:
        yield started, place


def _list_of(page: Mapping[str, Any], name: str) -> list[Any]:
    found = page.get(name)
    return found if isinstance(found, list) else []


def _organization(data: Any, where: str) -> Organization:
    if problems := check_organization(data, where):
        raise SourceError(problems)
    return Organization.from_json(data)


def _checked(items: list[tuple[Any, str]], where: str) -> list[tuple[str, str, Details]]:
    """Each account with its place in the file."""
    found: list[tuple[str, str, Details]] = []
    problems: list[Problem] = []
    for data, place in items:
        account, wrong = check_details(data, f"{where}{place}")
        problems += wrong
        found.append((place, account, data))
    if problems:
        raise SourceError(problems)
    return found


def aliases(details: Any, account_id: str) -> dict[str, str]:
    """The account's own aliases as names."""
    return {str(alias): account_id for alias in details.get("AccountAliases") or () if account_id}


def _content(path: Path, where: str) -> bytes:
    if not os.path.lexists(path):
        fix = "name a file, or stack:NAME, state:NAME or live:PROFILE"
        raise refusal(where, "there is no such file", NOT_GIVEN, fix)
    if os.path.isdir(path):
        folder = where.rstrip("/")
        if (path / "Pulumi.yaml").is_file():
            fix = f"name its stacks: 'stack:{folder}/*'"
            raise refusal(where, "is the folder of a project", NOT_GIVEN, fix)
        fix = f"name its files: {folder}/*.json, or a folder that iam-collect filled"
        raise refusal(where, "is a folder", NOT_GIVEN, fix)
    try:
        return read_bytes(path, where, within=project_around(path))
    except SettingsError as error:
        raise SourceError(error.problems) from None


def _json(content: bytes, where: str) -> Any:
    text = ""
    try:
        text = content.decode("utf-8-sig")
        return parse_json(text)
    except UnicodeDecodeError as error:
        raise refusal(where, f"is not JSON ({error})", NOT_GIVEN, SAVE_IT) from None
    except JsonError as error:
        if "Extra data" not in str(error):
            raise refusal(where, str(error), NOT_GIVEN, SAVE_IT) from None
    try:
        texts = parse_json_texts(text)
    except JsonError as error:
        raise refusal(where, str(error), NOT_GIVEN, SAVE_IT) from None
    return [each for value in texts for each in (value if isinstance(value, list) else [value])]
