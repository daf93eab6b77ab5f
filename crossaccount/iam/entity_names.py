"""What IAM lets entities be called, tagged and described as: each rule a function that says what is wrong, or None.

A :class:`Refusal` is the rule with its limit and the way out; the caller knows the place and the value.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html ("IAM name requirements"), the
patterns of the IAM and STS APIs (``pathType``, ``roleDescriptionType``, ``tagKeyType``, ``externalIdType``) and, for
secrets, https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from crossaccount.iam import quotas
from crossaccount.iam.nearest import did_you_mean


class Refusal(NamedTuple):
    """A broken rule: what is expected, and how to meet it."""

    what: str
    fix: str


_NAME = re.compile(r"\A[\w+=,.@-]+\Z", re.ASCII)
_NOT_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
_PATH = re.compile(r"\A/([\w+=,.@-]+/)*\Z", re.ASCII)
_EXTERNAL_ID = re.compile(r"\A[\w+=,.@:/-]*\Z", re.ASCII)
_DESCRIPTION = re.compile(r"\A[\t\n\r\u0020-\u007E\u00A1-\u00FF]*\Z")
_SECRET = re.compile(r"\A[\w/+=.@-]+\Z", re.ASCII)
_TAG_PUNCTUATION = frozenset("_.:/=+-@")
_RESERVED_PATHS = ("/aws-service-role/", "/aws-reserved/")


def check_name(kind: str, name: str) -> Refusal | None:
    """The name of a ``user``, ``role``, ``group`` or ``policy``. An instance profile has its role's name."""
    limit = quotas.NAME_LENGTH[kind]
    if not 1 <= len(name) <= limit:
        return Refusal(f"the name of a {kind} has 1 to {limit} characters, this has {len(name)}", _length_fix(name))
    if not _NAME.match(name):
        return Refusal(f"the name of a {kind} has only letters A-Z, a-z, digits and _+=,.@-", _name_fix(name))
    return None


def _length_fix(text: str) -> str:
    return "shorten it" if text else "write one"


def _name_fix(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return f"call it `{_NOT_NAME.sub('-', plain) or 'a-name'}`"


def check_path(path: str) -> Refusal | None:
    """A path: ``/``, or ``/team/`` with both slashes; at most 512 characters."""
    if len(path) > quotas.PATH_LENGTH:
        return Refusal(f"a path has at most {quotas.PATH_LENGTH} characters, this has {len(path)}", "shorten it")
    if path.startswith(_RESERVED_PATHS):
        return Refusal("AWS keeps this path for its own roles", "choose another path")
    if _PATH.match(path):
        return None
    between = "/".join(part for part in path.split("/") if part)
    slashes = f"write {f'/{between}/' if between else '/'}"
    fix = slashes if not between or _PATH.match(f"/{between}/") else "use only letters, digits and _+=,.@- in it"
    return Refusal("a path begins and ends with / and holds names between single slashes", fix)


def check_description(text: str) -> Refusal | None:
    """A description: at most 1,000 characters of Latin-1 without control characters."""
    if len(text) > 1000:
        return Refusal(f"a description has at most 1000 characters, this has {len(text)}", "shorten it")
    if _DESCRIPTION.match(text):
        return None
    place, wrong = next((i, c) for i, c in enumerate(text, start=1) if not _DESCRIPTION.match(c))
    named = f"U+{ord(wrong):04X} {unicodedata.name(wrong, 'CONTROL CHARACTER')}"
    return Refusal(f"a description has only Latin-1 characters, character {place} is {named}", "replace it")


def check_external_id(text: str) -> Refusal | None:
    """An external ID: 2 to 1,224 characters, without white space."""
    least, most = quotas.EXTERNAL_ID_LENGTH
    if not least <= len(text) <= most:
        return Refusal(f"an external ID has {least} to {most} characters, this has {len(text)}", "choose another")
    if not _EXTERNAL_ID.match(text):
        return Refusal("an external ID has only letters A-Z, a-z, digits and _+=,.@:/-", "leave the others out")
    return None


def check_secret_name(name: str) -> Refusal | None:
    """The name of a secret of Secrets Manager, which is narrower than the names of users: it has no comma."""
    if _SECRET.match(name) and len(name) <= 512:
        return None
    return Refusal(
        "Secrets Manager takes only letters, digits and /_+=.@- in a secret's name", "use `pgp`, or rename the user"
    )


def check_tag(key: str, value: str) -> Refusal | None:
    """One tag of an IAM entity: a key of 1 to 128 characters, a value of at most 256."""
    if not 1 <= len(key) <= 128:
        return Refusal(f"the key of a tag has 1 to 128 characters, this has {len(key)}", _length_fix(key))
    if key.lower().startswith("aws:"):
        return Refusal("AWS keeps tags that begin with aws: for itself", "choose another key")
    if len(value) > 256:
        return Refusal(f"the value of a tag has at most 256 characters, this has {len(value)}", "shorten it")
    if not all(_in_tag(character) for character in key + value):
        return Refusal("a tag has only letters, digits, spaces and _.:/=+-@", "leave the others out")
    return None


def _in_tag(character: str) -> bool:
    return character in _TAG_PUNCTUATION or unicodedata.category(character)[0] in "LNZ"


def same_but_for_case(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of names that IAM takes for one: ``(first, later)``."""
    first: dict[str, str] = {}
    return [(first[name.lower()], name) for name in names if first.setdefault(name.lower(), name) != name]


COLORS = ("red", "orange", "yellow", "green", "blue")
_HEX = re.compile(r"\A[0-9A-Fa-f]{6}\Z")


def check_color(color: str) -> Refusal | None:
    """A colour of the console's switch-role form, by name or as six hex digits."""
    if color in COLORS or _HEX.match(color):
        return None
    fix = did_you_mean(color.lstrip("#"), COLORS, "write one of these, or six hex digits in quotes")
    if _HEX.match(color.lstrip("#")):
        fix = f'write "{color.lstrip("#")}"'
    return Refusal(f"a colour is one of {', '.join(COLORS)}, or six hex digits", fix)
