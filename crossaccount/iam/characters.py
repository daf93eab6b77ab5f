"""Characters that look right and are not: dashes and quotes of a word processor, spaces that are none.

IAM takes only tab, line feed, carriage return and U+0020 to U+00FF in a policy document (``policyDocumentType`` of the
API; reference_iam-quotas.html). Inside that range a no-break space and a soft hyphen are accepted, and match nothing.
"""

from __future__ import annotations

import unicodedata

from crossaccount.iam.problem import Problem, shown

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
