"""The properties of resources: their values, the checks of inputs, and the comparison of tags and policy documents.

On the wire a secret is an object with a signature key and an unknown value is one of a few fixed strings (see
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go). Handlers see only plain values and
:data:`UNKNOWN`; the caller remembers which properties were secret.

The source of every :class:`Field` is the resource's schema in
https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service (``Required``, ``Default``, ``ForceNew``,
``Computed``), with pulumi-aws's camelCase names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import unquote

from crossaccount.iam.arn import ACCOUNT_ID, root_arn
from crossaccount.iam.documents import as_list, canonical
from crossaccount.local.handlers.errors import CheckFailed

Properties = dict[str, Any]
"""Properties of a resource by pulumi-aws's camelCase wire names: text, whole numbers, booleans, lists, mappings."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"

_UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text, and by far the most frequent
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
UNKNOWN_ON_THE_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown:
    """The type of :data:`UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
"""A value that a preview does not know yet."""


def plain(value: Any) -> Any:
    """``value`` with secrets unwrapped, resources as their IDs, unknowns as :data:`UNKNOWN`, whole floats as ints.

    An object key whose value is null is left out, as pulumi-aws does.
    """
    if isinstance(value, Mapping):
        kind = value.get(SIGNATURE)
        if kind == SECRET:
            return plain(value.get("value"))
        if kind == RESOURCE:
            return plain(value.get("id", UNKNOWN_ON_THE_WIRE))
        return {key: plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value in _UNKNOWNS:
        return UNKNOWN
    return value


def is_unknown(value: Any) -> bool:
    """Whether ``value`` or anything in it is not known yet."""
    if isinstance(value, Mapping):
        return any(is_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(is_unknown(each) for each in value)
    return value is UNKNOWN


def is_secret(value: Any) -> bool:
    """Whether a value as it came from Pulumi is a secret or has one in it."""
    if isinstance(value, Mapping):
        return value.get(SIGNATURE) == SECRET or any(is_secret(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_secret(each) for each in value)
    return False


def secret(value: Any) -> dict[str, Any]:
    """``value`` as Pulumi marks a secret."""
    return {SIGNATURE: SECRET, "value": value}


class Kind(Enum):
    """What an input holds, as a person says it."""

    TEXT = "text"
    NUMBER = "a whole number"
    FLAG = "true or false"
    TEXTS = "a list of texts"
    MAP = "a mapping of texts to texts"
    DOCUMENT = "a JSON object, as text or as an object"


@dataclass(frozen=True)
class Field:
    """One input.

    ``replaces``: a change makes a new resource (ForceNew). ``computed``: AWS or the provider fills in what the program
    leaves out, so leaving it out is never a change. ``refuse`` answers what is wrong with a value, or nothing.
    """

    kind: Kind = Kind.TEXT
    required: bool = False
    default: Any = None
    replaces: bool = False
    computed: bool = False
    refuse: Callable[[Any], str | None] | None = None


def checked(type_: str, fields: Mapping[str, Field], refused: Mapping[str, str], inputs: Properties) -> Properties:
    """The inputs with defaults filled in; unknown values pass.

    Raises:
        CheckFailed: inputs that are missing, not known, refused, or not of their kind.
    """
    failures = [
        (name, refused.get(name, f"{type_} has no such input; it has {', '.join(sorted(fields))}"))
        for name in sorted(inputs)
        if name not in fields
    ]
    result: Properties = {}
    for name, field in fields.items():
        value = inputs.get(name)
        if value is None:
            if field.required:
                failures.append((name, "is required, and the local AWS's provider makes up no names"))
            elif field.default is not None:
                result[name] = field.default
            continue
        try:
            result[name] = value if is_unknown(value) else _value(field, value)
        except ValueError as problem:
            failures.append((name, str(problem)))
    if failures:
        raise CheckFailed(type_, failures)
    return result


def _value(field: Field, value: Any) -> Any:
    """The value in its kind's one form. No message repeats the value: it may be a secret."""
    if field.kind is Kind.DOCUMENT:
        value = _document(value)
    elif not _FITS[field.kind](value):
        raise ValueError(f"must be {field.kind.value}")
    problem = field.refuse(value) if field.refuse else None
    if problem:
        raise ValueError(problem)
    return value


def _document(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(value)
    if not isinstance(value, str):
        raise ValueError(f"must be {Kind.DOCUMENT.value}")
    try:
        parsed = json.loads(value)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise ValueError(f"must be {Kind.DOCUMENT.value}")
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_FITS: Mapping[Kind, Callable[[Any], bool]] = {
    Kind.TEXT: _is_text,
    Kind.NUMBER: lambda value: isinstance(value, int) and not isinstance(value, bool),
    Kind.FLAG: lambda value: isinstance(value, bool),
    Kind.TEXTS: lambda value: isinstance(value, list) and all(map(_is_text, value)),
    Kind.MAP: lambda value: isinstance(value, Mapping) and all(map(_is_text, value.values())),
}


def between(least: int, most: int, *also: int) -> Callable[[Any], str | None]:
    """Refuse a number outside ``least`` … ``most``, the numbers in ``also`` excepted."""
    others = "".join(f" or {each}" for each in also)

    def refuse(value: Any) -> str | None:
        return None if least <= value <= most or value in also else f"must be {least}–{most}{others}, got {value}"

    return refuse


def one_of(*choices: str) -> Callable[[Any], str | None]:
    """Refuse a text that is none of ``choices``."""
    return lambda value: None if value in choices else f"must be {' or '.join(choices)}, got {value!r}"


def wanted_tags(inputs: Properties) -> dict[str, str]:
    """The tags that AWS should have."""
    tags = inputs["tagsAll"] if "tagsAll" in inputs else inputs.get("tags", {})
    return dict(tags)


def tags_for_aws(tags: Mapping[str, str]) -> list[Any]:
    """Tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_outputs(found: Iterable[Mapping[str, str]], state: Properties) -> Properties:
    """``tags`` and ``tagsAll`` of what AWS has; ``state`` tells which of them are the provider's defaults."""
    every = {tag["Key"]: tag["Value"] for tag in found if not tag["Key"].startswith("aws:")}
    own = state.get("tags", {})
    defaults = {key: value for key, value in state.get("tagsAll", {}).items() if own.get(key) != value}
    return {"tags": {key: value for key, value in every.items() if defaults.get(key) != value}, "tagsAll": every}


def retag(
    old: Properties, new: Properties, tag: Callable[..., Any], untag: Callable[..., Any], **resource: str
) -> None:
    """Update tags from the state ``old`` to the inputs ``new``, with the calls ``tag`` and ``untag`` on
    ``resource``.
    """
    before, after = wanted_tags(old), wanted_tags(new)
    if removed := [key for key in before if key not in after]:
        untag(**resource, TagKeys=removed)
    if changed := {key: value for key, value in after.items() if before.get(key) != value}:
        tag(**resource, Tags=tags_for_aws(changed))


def equivalent(one: Any, other: Any) -> bool:
    """Whether two texts are the same policy (or, where one is no policy, the same JSON or the same text)."""
    if one == other:
        return True
    try:
        return bool(_meaning(json.loads(one)) == _meaning(json.loads(other)))
    except (TypeError, ValueError):
        return False


def spelled_as_known(state: Any, found: Any) -> str:
    """The document that AWS has: in the state's text if that means the same, else as sorted compact JSON.

    ``found`` is what boto3 gives: the parsed document, or the (URL-encoded) text of one that is no JSON.
    """
    text = json.dumps(found, sort_keys=True, separators=(",", ":")) if isinstance(found, Mapping) else unquote(found)
    return str(state) if equivalent(state, text) else text


def _meaning(document: Any) -> Any:
    try:
        return canonical(_with_root_arns(document))
    except (AttributeError, KeyError, TypeError, ValueError):
        return document  # not a policy by IAM's grammar: AWS will refuse it, and the comparison is literal


def _with_root_arns(document: Any) -> Any:
    """The document with bare account IDs as principals spelled as root ARNs, which is how AWS stores them."""
    statements = [
        {key: _principals(value) if key in ("Principal", "NotPrincipal") else value for key, value in each.items()}
        for each in as_list(document.get("Statement"))
    ]
    return {**document, "Statement": statements}


def _principals(principals: Any) -> Any:
    if not isinstance(principals, Mapping) or "AWS" not in principals:
        return principals
    spelled = [root_arn(each) if ACCOUNT_ID.match(each) else each for each in as_list(principals["AWS"])]
    return {**principals, "AWS": spelled}
