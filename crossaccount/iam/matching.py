"""IAM's wildcards and policy variables: whether a text fits a pattern of a policy.

``*`` is any run of characters, ``?`` exactly one; everything else is itself. Policy variables (``${aws:username}``) are
in a Resource or in a string, ARN or Bool condition of a 2012-10-17 policy. A text is split once into a template; the
template is filled for each request. The value of a variable is compared as it is: a ``*`` in a user's tag is no
wildcard. ``${*}``, ``${?}`` and ``${$}`` are those characters themselves. A variable whose key is absent, or has
several values, has no value: there is no equal or like text, so a positive comparison fails, a negated one holds
("Inverted condition operators like StringNotEquals or StringNotLike do match against a null value"), and as (part of) a
resource it matches none.

Sources, of https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_elements_action.html ("The prefix and
the action name are case insensitive"), reference_policies_elements_resource.html (case-sensitive, wildcards reach over
colons and slashes), reference_policies_elements_condition_operators.html#Conditions_ARN (there each of the six
components is compared separately), reference_policies_variables.html, "Policy variables with no value" and "Specifying
default values" (``${key, 'default'}``; the key's letter case does not count).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crossaccount.iam.caching import cached_property

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
    """``pattern`` as the text of a regular expression, which a whole text has to fit."""
    return _joined(_chunks(pattern))


_STARS = re.compile(r"\*+")


def _chunks(pattern: str) -> list[str]:
    """The regular expressions of the parts between the ``*`` of a pattern."""
    return [".".join(map(re.escape, chunk.split("?"))) for chunk in _STARS.split(pattern)]


def _joined(chunks: Sequence[str]) -> str:
    """Chunks with any text between them.

    Between two ``*`` the first place at which a chunk fits is as good as any later one. So it is never tried again
    elsewhere: the time is at most that of the text's length by the pattern's, however many ``*`` there are.
    """
    if len(chunks) == 1:
        return chunks[0]
    first, *middle, last = chunks
    return first + "".join(f"(?>.*?{chunk})" for chunk in middle) + f".*{last}"


@lru_cache(maxsize=_CACHED_PATTERNS)
def _wildcards(pattern: str) -> re.Pattern[str]:
    return expression(glob(pattern))


@lru_cache(maxsize=_CACHED_PATTERNS)
def expression(source: str) -> re.Pattern[str]:
    """The compiled regular expression; an estate repeats the same few thousand patterns over and over."""
    return re.compile(source, re.DOTALL)


Lookup = Callable[[str], str | None]
"""The value of a condition key in the request; None if it has no value or several."""

_VARIABLE = re.compile(r"\$\{(?P<escaped>[*?$])\}|\$\{(?P<key>[^{}']+?)\s*(?:,\s*'(?P<default>[^']*)')?\s*\}")


@dataclass(frozen=True)
class Literal:
    """Text of a template. ``wildcards``: its ``*`` and ``?`` may stand for others."""

    text: str
    wildcards: bool = True


@dataclass(frozen=True)
class Variable:
    """``${key}`` or ``${key, 'default'}``."""

    key: str
    default: str | None = None


@dataclass(frozen=True)
class Template:
    """A value of a policy, as written and split at its variables."""

    text: str
    parts: tuple[Literal | Variable, ...]

    def __hash__(self) -> int:
        return hash(self.text)

    @cached_property
    def plain(self) -> bool:
        """Whether the text is literal, without variables or escapes."""
        return len(self.parts) == 1 and isinstance(self.parts[0], Literal) and self.parts[0].wildcards

    def variables(self) -> tuple[str, ...]:
        """The condition keys that the text refers to."""
        return tuple(part.key for part in self.parts if isinstance(part, Variable))

    def fill(self, lookup: Lookup) -> tuple[Literal, ...] | None:
        """The parts with each variable's value in its place; None where one has no value."""
        filled = [part if isinstance(part, Literal) else _value(part, lookup) for part in self.parts]
        return None if None in filled else tuple(part for part in filled if part is not None)

    def loosened(self, keys: Collection[str]) -> Template:
        """The text with a ``*`` for each variable of ``keys``: what it may at most match."""
        parts = tuple(Literal("*") if isinstance(part, Variable) and part.key in keys else part for part in self.parts)
        return Template("*", parts)  # only for a pattern that is a single ``*``

    def exact(self, lookup: Lookup) -> str | None:
        """The text that an operator without wildcards compares with; None where a variable has no value."""
        if self.plain:
            return self.text
        parts = self.fill(lookup)
        return None if parts is None else "".join(part.text for part in parts)

    def matches(self, text: str, lookup: Lookup) -> bool:
        """Whether ``text`` fits this text as a pattern; a variable without value fits nothing."""
        if self.plain:
            return wildcard_match(self.text, text)
        parts = self.fill(lookup)
        return parts is not None and _filled(parts).fullmatch(text) is not None


@lru_cache(maxsize=65_536)
def template(text: str, variables: bool = True) -> Template:
    """Split ``text`` at its variables. ``variables`` is False for a policy of the older version, where they are text.

    An opening ``${`` that no variable follows is text.
    """
    if not variables or "${" not in text:
        return Template(text, (Literal(text),))
    parts: list[Literal | Variable] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        if found.start() > end:
            parts.append(Literal(text[end : found.start()]))
        parts.append(_part(found))
        end = found.end()
    if end < len(text):
        parts.append(Literal(text[end:]))
    return Template(text, tuple(parts))


def _part(found: re.Match[str]) -> Literal | Variable:
    if found["escaped"]:
        return Literal(found["escaped"], wildcards=False)
    return Variable(found["key"].strip(), found["default"])


def _value(variable: Variable, lookup: Lookup) -> Literal | None:
    value = lookup(variable.key)
    value = variable.default if value is None else value
    return None if value is None else Literal(value, wildcards=False)


@lru_cache(maxsize=65_536)
def _filled(parts: tuple[Literal, ...]) -> re.Pattern[str]:
    chunks = [""]
    for part in parts:
        first, *rest = _chunks(part.text) if part.wildcards else [re.escape(part.text)]
        chunks[-1] += first
        chunks += rest
    return expression(_joined(chunks))
