"""A folder that iam-collect filled: its accounts and organisations, in AWS's own shape.

Its layout is ``aws/<partition>/accounts/<id>/iam/<role|user|group|policy>/<name>/*.json`` and
``aws/<partition>/organizations/<id>/*.json``. iam-collect does not write empty files, so a missing file counts as
empty. It does not collect passwords, access keys, MFA devices and session durations, so these are unknown.

Source: docs/Storage.md and src/syncs of https://github.com/cloud-copilot/iam-collect (0.1.206)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossaccount.access.estate import Organization
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.organizations import RESOURCE_CONTROL, SERVICE_CONTROL
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_json
from crossaccount.sources.details import OIDC_PROVIDERS, Described, check_details
from crossaccount.sources.errors import SourceError, refusal

COLLECT = "collect again: iam-collect download"
_WORDS = {"role": "Role", "user": "User", "group": "Group"}
_CONTROL = {"scps": SERVICE_CONTROL, "rcps": RESOURCE_CONTROL}
_MOST_LEVELS = 20
"""Levels of organisational units; AWS allows five."""


def is_collected(folder: Path) -> bool:
    """Whether iam-collect filled this folder, or this is the folder ``aws`` in such a folder."""
    return bool(_partitions(folder))


def _partitions(folder: Path) -> list[Path]:
    partitions = [base / name for base in (folder / "aws", folder) for name in ("aws", "aws-cn", "aws-us-gov")]
    return [each for each in partitions if (each / "accounts").is_dir()]


def read_collected(folder: Path, where: str) -> list[Described]:
    """The accounts and organisations of the folder.

    Raises:
        SourceError: a file is not in the format of iam-collect; with every problem.
    """
    found: list[Described] = []
    problems: list[Problem | str] = []
    for partition in _partitions(folder):
        store = _Store(folder, where)
        for account in sorted(each for each in os.listdir(partition / "accounts") if ACCOUNT_ID.match(each)):
            try:
                found.append(_account(store, partition / "accounts" / account, account))
            except SourceError as error:
                problems += error.lines
        for name in _folders(partition / "organizations"):
            try:
                organization = _organization(store, partition / "organizations" / name, name)
            except SourceError as error:
                problems += error.lines
                continue
            found.append(Described(f"{where} ({name})", "", {}, organization=organization))
    if problems:
        raise SourceError(problems)
    if not found:
        raise refusal(where, "has no account that was collected", NOT_GIVEN, COLLECT)
    return found


class _Store:
    """Reads files of one folder, and none outside it."""

    def __init__(self, root: Path, where: str) -> None:
        self._root, self.where = root, where

    def read(self, file: Path) -> Any:
        """The value of a file; None if there is no file."""
        if not os.path.lexists(file):
            return None
        shown = f"{self.where}: {os.path.relpath(file, self._root)}"
        try:
            return read_json(file, shown, within=self._root)
        except SettingsError as error:
            raise SourceError(error.problems) from None

    def mapping(self, file: Path) -> Mapping[str, Any]:
        """The mapping in a file; empty if there is no file."""
        found: Mapping[str, Any] = self._checked(file, Mapping, {})
        return found

    def listed(self, file: Path) -> list[Any]:
        """The list in a file; empty if there is no file."""
        found: list[Any] = self._checked(file, list, [])
        return found

    def _checked(self, file: Path, kind: Any, empty: Any) -> Any:
        value = self.read(file)
        if value is None:
            return empty
        if not isinstance(value, kind):
            what = f"must be a {'list' if kind is list else 'mapping'}"
            raise refusal(f"{self.where}: {os.path.relpath(file, self._root)}", what, value, COLLECT)
        return value


def _folders(parent: Path) -> list[str]:
    try:
        return sorted(each.name for each in os.scandir(parent) if each.is_dir())
    except FileNotFoundError:
        return []


def _account(store: _Store, folder: Path, account: str) -> Described:
    iam = folder / "iam"
    data = {
        **{f"{word}DetailList": list(_entities(store, iam / kind, kind)) for kind, word in _WORDS.items()},
        "Policies": [*_policies(store, iam / "policy"), *_policies(store, iam / "aws" / "policy")],
        **_oidc_providers(store, iam / "oidc-provider"),
    }
    place = f"{store.where} ({account})"
    found, problems = check_details(data, place)
    if found not in ("", account):
        problems.append(Problem(place, "has entities of another account", found, COLLECT))
    if problems:
        raise SourceError(problems)
    return Described(place, account, data, shown_by_aws=True)


def _oidc_providers(store: _Store, parent: Path) -> dict[str, list[dict[str, Any]]]:
    """The OpenID Connect providers. No key without a folder: older versions of iam-collect do not collect them."""
    found = [metadata for name in _folders(parent) if (metadata := store.mapping(parent / name / "metadata.json"))]
    items = [{"Arn": each.get("arn"), "Url": each.get("url"), "ClientIDList": each.get("audiences")} for each in found]
    return {OIDC_PROVIDERS: [{key: value for key, value in item.items() if value} for item in items]} if items else {}


def _entities(store: _Store, parent: Path, kind: str) -> Iterator[dict[str, Any]]:
    for name in _folders(parent):
        folder = parent / name
        metadata = store.mapping(folder / "metadata.json")
        if not metadata:
            continue
        word = _WORDS[kind]
        item = {
            **_identity(metadata, word),
            f"{word}PolicyList": store.listed(folder / "inline-policies.json"),
            "AttachedManagedPolicies": [
                {"PolicyName": str(arn).rsplit("/", 1)[-1], "PolicyArn": arn}
                for arn in store.listed(folder / "managed-policies.json")
            ],
        }
        tags = store.mapping(folder / "tags.json")
        if tags:
            item["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        if boundary := metadata.get("permissionBoundary"):
            item["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
        if kind == "user":
            arns = store.listed(folder / "groups.json")
            item["GroupList"] = [str(arn).rsplit("/", 1)[-1] for arn in arns if arn]
        if kind == "role":
            item["AssumeRolePolicyDocument"] = store.read(folder / "trust-policy.json")
            profiles = store.listed(folder / "instance-profiles.json")
            item["InstanceProfileList"] = [
                {"InstanceProfileName": str(arn).rsplit("/", 1)[-1], "Arn": arn} for arn in profiles
            ]
        yield item


def _identity(metadata: Mapping[str, Any], word: str) -> dict[str, Any]:
    found = {f"{word}Name": "name", f"{word}Id": "id", "Arn": "arn", "Path": "path", "CreateDate": "created"}
    return {key: metadata[name] for key, name in found.items() if metadata.get(name)}


def _policies(store: _Store, parent: Path) -> Iterator[dict[str, Any]]:
    for name in _folders(parent):
        metadata = store.mapping(parent / name / "metadata.json")
        if not metadata:
            continue
        version = str(metadata.get("defaultVersionId") or "v1")
        document = store.read(parent / name / "current-policy.json")
        yield {
            **_identity(metadata, "Policy"),
            "DefaultVersionId": version,
            "PolicyVersionList": [{"VersionId": version, "IsDefaultVersion": True, "Document": document}],
        }


def _organization(store: _Store, folder: Path, name: str) -> Organization:
    """An organisation, as AWS's own answers put together.

    Raises:
        SourceError: data that decides access is missing.
    """
    from crossaccount.iam.organizations import check_organization

    place = f"{store.where} ({name})"
    metadata, accounts = store.mapping(folder / "metadata.json"), store.mapping(folder / "accounts.json")
    units = store.mapping(folder / "ous.json")
    targets = {str(key): value for key, value in (*units.items(), *accounts.items()) if isinstance(value, Mapping)}
    data = {
        "Organization": {"Id": metadata.get("id"), "MasterAccountId": metadata.get("rootAccountId")},
        "Accounts": [
            {"Id": account, "Paths": [_path(str(metadata.get("id")), account, value, units)]}
            for account, value in accounts.items()
            if isinstance(value, Mapping)
        ],
        "Policies": [
            policy
            for kind, type_ in _CONTROL.items()
            for policy in _control(store, folder / kind, kind, type_, targets)
        ],
    }
    if problems := check_organization(data, place):
        raise SourceError(problems)
    return Organization.from_json(data)


def _path(organization: str, account: str, value: Mapping[str, Any], units: Mapping[str, Any]) -> str:
    """``o-…/r-…/ou-…/<account>/``, from the parents of the units."""
    chain: list[str] = []
    unit = value.get("ou")
    while isinstance(unit, str) and len(chain) < _MOST_LEVELS:
        chain.append(unit)
        above = units.get(unit)
        unit = above.get("parent") if isinstance(above, Mapping) else None
    return "/".join([organization, *reversed(chain), account, ""])


def _control(
    store: _Store, folder: Path, kind: str, type_: str, targets: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    for name in _folders(folder):
        metadata = store.mapping(folder / name / "metadata.json")
        identity = str(metadata.get("arn") or "").rsplit("/", 1)[-1] or name
        held = [
            target
            for target, value in targets.items()
            if any(str(each).rsplit("/", 1)[-1].lower() == identity.lower() for each in value.get(kind) or ())
        ]
        yield {
            "PolicySummary": {"Id": identity, "Name": metadata.get("name"), "Type": type_},
            "Content": store.read(folder / name / "policy.json"),
            "Targets": [{"TargetId": target} for target in held],
        }
