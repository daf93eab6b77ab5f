"""What IAM takes as a name, a tag, a description, an account ID or a character: what is wrong with one, or None.

A :class:`Refusal` is the rule with its limit and the way out; the caller knows the place and the value. Account IDs are
checked as people write them in YAML, which may make a number of them.

IAM takes only tab, line feed, carriage return and U+0020 to U+00FF in a policy document (``policyDocumentType`` of the
API; reference_iam-quotas.html): the dashes and quotes of a word processor look right and are refused. Inside that range
a no-break space and a soft hyphen are accepted, and match nothing.

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
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem, shown


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
_REGION = re.compile(r"\A[a-z]{2,4}(-[a-z]{1,16}){1,4}-[0-9]{1,2}\Z")
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
    """A path that AWS leaves to its customers."""
    if path.startswith(_RESERVED_PATHS):
        return Refusal("AWS keeps this path for its own roles", "choose another path")
    return check_any_path(path)


def check_any_path(path: str) -> Refusal | None:
    """A path: ``/``, or ``/team/`` with both slashes; at most 512 characters. AWS's own roles have such paths too."""
    if len(path) > quotas.PATH_LENGTH:
        return Refusal(f"a path has at most {quotas.PATH_LENGTH} characters, this has {len(path)}", "shorten it")
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


def check_region(text: str) -> Refusal | None:
    """The form of a region's name. Which regions there are is for AWS's SDK to say."""
    if _REGION.match(text):
        return None
    return Refusal("a region is called like us-east-1 or eu-central-1", "write one region's name")


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


_SHORTEST_OCTAL = 8**9
_FIRST_BEYOND_OCTAL = 8**11


def check_account_id(value: object) -> Refusal | None:
    """What is wrong with an account ID: it is a text of 12 digits.

    An ID without quotes is a number to YAML, and one that begins with 0 an octal number: ``012345670123`` arrives as
    1402433619.
    """
    if isinstance(value, str):
        return None if ACCOUNT_ID.match(value) else Refusal(_WHAT + _count(value), _text_fix(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        return _number(int(value))
    return Refusal(_WHAT, 'write the 12 digits in quotes, such as "111111111111"')


_WHAT = "an account ID is a text of 12 digits"


def _count(value: str) -> str:
    return f", this has {len(value)}" if value.isascii() and value.isdigit() else ""


def _text_fix(value: str) -> str:
    digits = "".join(character for character in value if character.isdigit())
    return f'write "{digits}"' if ACCOUNT_ID.match(digits) else "write all 12 digits, leading zeros too, in quotes"


def _number(value: int) -> Refusal:
    if _SHORTEST_OCTAL <= value < _FIRST_BEYOND_OCTAL:
        meant = f"{value:012o}"
        what = f"{_WHAT}, and this is what YAML makes of an unquoted {meant}, read as octal"
        return Refusal(what, f'write "{meant}" in quotes{_or_decimal(value)}')
    if 10**9 <= value < 10**12:
        return Refusal(f"{_WHAT}, and without quotes YAML reads a number", f'write "{value:012d}" in quotes')
    return Refusal(_WHAT, 'write the 12 digits in quotes, such as "111111111111"')


def _or_decimal(value: int) -> str:
    """With an 8 or a 9 YAML reads no octal number, so two zeros may have been lost instead."""
    decimal = f"{value:012d}"
    possible = set(decimal) & {"8", "9"} and value >= 10**9
    return f' (or "{decimal}", if that is what stood there)' if possible else ""


_PLAIN = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\uff02", '"'),
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    **dict.fromkeys("\u2217\uff0a\u204e", "*"),
    **dict.fromkeys("\uff1a\ua789\u2236", ":"),
    **dict.fromkeys("\uff0f\u2044\u2215", "/"),
}
_ACCEPTED_BY_IAM = "\t\n\r"


def wrong_characters(text: str) -> list[tuple[int, str]]:
    """Each character that IAM refuses or that only looks like a plain one, with its place counted from 1."""
    if text.isascii() and text.isprintable():  # by far the most
        return []
    return [(place, character) for place, character in enumerate(text, start=1) if _is_wrong(character)]


def plain(text: str) -> str:
    """``text`` with look-alikes replaced by what they look like."""
    return "".join(_PLAIN.get(character, character) for character in text)


def character_problems(text: str, where: str, element: str = "") -> list[Problem]:
    """The problem of a text with wrong characters, naming each with its place; none for a clean text."""
    wrong = wrong_characters(text)
    if not wrong:
        return []
    named = ", ".join(f"character {place} is {_named(character)}" for place, character in wrong[:3])
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return [Problem(where, f"{named}{more}", text, _fix(text, element))]


def _is_wrong(character: str) -> bool:
    if character in _PLAIN:
        return True
    return not ("\u0020" <= character <= "\u00ff" or character in _ACCEPTED_BY_IAM) or character == "\u007f"


def _unquoted(text: str) -> str:
    """Quotes that came along from a web page, around the whole text."""
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" else text


def _named(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'CONTROL CHARACTER')}"


def _fix(text: str, element: str) -> str:
    straight = _unquoted(plain(text).strip())
    if element == "Version" and straight in ("2012-10-17", "2008-10-17"):
        return f"type {straight} with plain hyphens"
    if not wrong_characters(straight):
        return f"type it as {shown(straight)} with plain characters"
    return "a policy holds only characters from U+0020 to U+00FF, so leave it out"
