"""IAM's wildcards: ``*`` is any run of characters, ``?`` exactly one; everything else is itself.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html ("The prefix and the
action name are case insensitive"), reference_policies_elements_resource.html (case-sensitive, wildcards reach over
colons and slashes) and reference_policies_elements_condition_operators.html#Conditions_ARN (there each of the six
components is compared separately).
"""

from __future__ import annotations

import re
from functools import lru_cache

ARN_COMPONENTS = 6
_CACHED_PATTERNS = 65_536


def wildcard_match(pattern: str, text: str) -> bool:
    """Whether ``text`` fits ``pattern``, letter case counted."""
    if pattern == text:
        return True
    prefix, star, rest = pattern.partition("*")
    if "?" not in pattern and not rest:  # by far the most: no wildcard, or one at the end
        return bool(star) and text.startswith(prefix)
    return _wildcards(pattern).fullmatch(text) is not None


def action_match(pattern: str, action: str) -> bool:
    """Whether an ``Action`` element covers ``action`` (``sts:AssumeRole``), letter case aside."""
    return wildcard_match(pattern.lower(), action.lower())


def glob(pattern: str) -> str:
    """``pattern`` as the text of a regular expression."""
    return "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)


@lru_cache(maxsize=_CACHED_PATTERNS)
def _wildcards(pattern: str) -> re.Pattern[str]:
    return expression(glob(pattern))


@lru_cache(maxsize=_CACHED_PATTERNS)
def expression(source: str) -> re.Pattern[str]:
    """The compiled regular expression; an estate repeats the same few thousand patterns over and over."""
    return re.compile(source, re.DOTALL)
