"""Answers to calls of a provider's functions, without asking AWS: what account and region imply.

Sources: https://www.pulumi.com/registry/packages/aws/api-docs/ (``getCallerIdentity``, ``getRegion``, ``getPartition``)
and https://www.pulumi.com/registry/packages/aws/api-docs/iam/getpolicydocument/, which calls nothing either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crossaccount.iam.arn import entity_arn
from crossaccount.settings.settings import partition_of

_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}
_NAMED = {
    "aws:iam/getRole:getRole": "role",
    "aws:iam/getUser:getUser": "user",
    "aws:iam/getGroup:getGroup": "group",
}
_NAME_KEYS = {"user": "userName", "group": "groupName"}


COMPUTED = ("aws:iam/getPolicyDocument:getPolicyDocument",)
"""Functions that ask nobody in truth either: their answers are no guesses."""


class NotAnswered(Exception):
    """Only AWS knows the answer."""


def answer(token: str, arguments: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    """The result of the function ``token`` in an account and a region.

    Raises:
        NotAnswered: the config does not imply it.
    """
    partition = partition_of(region)
    if token == "aws:index/getCallerIdentity:getCallerIdentity":
        arn = f"arn:{partition}:iam::{account}:root"
        return {"accountId": account, "arn": arn, "userId": account, "id": account}
    if token == "aws:index/getRegion:getRegion":
        return {"name": region, "region": region, "id": region, "description": region}
    if token == "aws:index/getPartition:getPartition":
        suffix = _SUFFIXES.get(partition, "amazonaws.com")
        return {"partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": "", "id": partition}
    if token in COMPUTED:
        text = policy_document(arguments)
        return {"json": text, "minifiedJson": json.dumps(json.loads(text), separators=(",", ":")), "id": "document"}
    if (kind := _NAMED.get(token)) is not None:
        return _entity(kind, arguments, account, partition)
    raise NotAnswered(token)


def _entity(kind: str, arguments: Mapping[str, Any], account: str, partition: str) -> dict[str, Any]:
    key = _NAME_KEYS.get(kind, "name")
    name = str(arguments.get(key) or arguments.get("name") or "")
    if not name:
        raise NotAnswered(kind)
    return {key: name, "id": name, "path": "/", "arn": entity_arn(account, kind, name, "/", partition)}


def policy_document(arguments: Mapping[str, Any]) -> str:
    """The document that the function builds: statements of the sources, then its own, then those that override.

    A later statement takes the place of an earlier one with the same Sid.
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
    """
    sources = [json.loads(each) for each in arguments.get("sourcePolicyDocuments") or () if each]
    overrides = [json.loads(each) for each in arguments.get("overridePolicyDocuments") or () if each]
    own = [_statement(each) for each in arguments.get("statements") or ()]
    statements: list[dict[str, Any]] = []
    for found in (*map(_statements, sources), own, *map(_statements, overrides)):
        for each in found:
            sid = each.get("Sid")
            same = [index for index, known in enumerate(statements) if sid and known.get("Sid") == sid]
            if same:
                statements[same[0]] = each
            else:
                statements.append(each)
    document = {"Version": arguments.get("version") or "2012-10-17", "Statement": statements}
    if arguments.get("policyId"):
        document = {"Version": document["Version"], "Id": arguments["policyId"], "Statement": statements}
    return json.dumps(document, indent=2)


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _list(document.get("Statement"))


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Sid": given["sid"]} if given.get("sid") else {}
    made["Effect"] = given.get("effect") or "Allow"
    for key, element in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if given.get(key):
            made[element] = _one(given[key])
    for key, element in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(key):
            made[element] = _principals(given[key])
    conditions: dict[str, dict[str, Any]] = {}
    for each in given.get("conditions") or ():
        of_operator = conditions.setdefault(str(each["test"]), {})
        of_operator[str(each["variable"])] = _one(each["values"])
    return {**made, **({"Condition": conditions} if conditions else {})}


def _principals(given: list[Mapping[str, Any]]) -> Any:
    found: dict[str, list[Any]] = {}
    for each in given:
        if each["type"] == "*" and list(each["identifiers"]) == ["*"]:
            return "*"
        found.setdefault(str(each["type"]), []).extend(each["identifiers"])
    return {kind: _one(identifiers) for kind, identifiers in found.items()}


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def _list(value: Any) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else [value] if value else []
