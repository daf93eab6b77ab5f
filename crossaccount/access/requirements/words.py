"""Requirements for people: ``with MFA (< 1 h), external ID "x"``. The JSON has the conditions themselves.

A condition without its own phrase is written in IAM's words, shortened. Nothing is left out: a caller that meets the
text meets the conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crossaccount.access.requirements.requirement import ALWAYS, ANY_OF, NEVER, RESOURCE, UNKNOWN, Atom, Requirements
from crossaccount.iam.durations import duration_text

UNCONDITIONAL = "always"
_MFA_PRESENT, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
_AGES = {
    "numericlessthan": "<",
    "numericlessthanequals": "≤",
    "numericgreaterthan": ">",
    "numericgreaterthanequals": "≥",
}
_OPPOSITE = {"<": "≥", "≤": ">", ">": "≤", "≥": "<"}
_PHRASES = {
    ("stringequals", "sts:externalid"): "external ID",
    ("ipaddress", "aws:sourceip"): "from",
    ("notipaddress", "aws:sourceip"): "not from",
    ("stringequals", "aws:sourcevpc"): "through VPC",
    ("stringequals", "aws:sourcevpce"): "through VPC endpoint",
    ("stringequals", "aws:principalorgid"): "of organisation",
    ("stringequals", "sts:rolesessionname"): "session name",
    ("stringlike", "sts:rolesessionname"): "session name like",
    ("stringequals", "sts:sourceidentity"): "source identity",
    ("arnlike", "aws:principalarn"): "as",
    ("arnequals", "aws:principalarn"): "as",
    ("dategreaterthan", "aws:currenttime"): "after",
    ("datelessthan", "aws:currenttime"): "before",
    ("stringequals", "aws:requestedregion"): "in region",
}
_OPERATORS = {
    "arnequals": "is like",
    "arnlike": "is like",
    "arnnotequals": "is not like",
    "arnnotlike": "is not like",
    "bool": "is",
    "not bool": "is not",
    "dateequals": "is",
    "dategreaterthan": ">",
    "dategreaterthanequals": "≥",
    "datelessthan": "<",
    "datelessthanequals": "≤",
    "datenotequals": "is not",
    "ipaddress": "is in",
    "notipaddress": "is not in",
    "numericequals": "is",
    "numericnotequals": "is not",
    **_AGES,
    "stringequals": "is",
    "stringlike": "is like",
    "stringnotequals": "is not",
    "stringnotlike": "is not like",
}
_COMPLEMENTS = {
    **{f"{kind}equals": f"{kind}notequals" for kind in ("arn", "date", "numeric", "string")},
    "arnlike": "arnnotlike",
    "ipaddress": "notipaddress",
    "stringlike": "stringnotlike",
}
"""Pairs of operators of which exactly one holds, also for an absent key. So ``<`` and ``>=`` are not such a pair."""
_OPPOSITES = {**_COMPLEMENTS, **{other: one for one, other in _COMPLEMENTS.items()}}
_LESS = ("lessthan", "lessthanequals")
_MORE = ("greaterthanequals", "greaterthan")
_NOT_BOOL = "not bool"
"""A phrase for names: IAM has no such operator."""
_WHERE_GIVEN = {
    **_OPPOSITES,
    **{
        f"{kind}{one}": f"{kind}{other}"
        for kind in ("date", "numeric")
        for one, other in zip(_LESS, _MORE, strict=True)
    },
    **{
        f"{kind}{other}": f"{kind}{one}"
        for kind in ("date", "numeric")
        for one, other in zip(_LESS, _MORE, strict=True)
    },
    "bool": _NOT_BOOL,
}
"""Pairs of operators of which exactly one holds for a present key."""
_IF_EXISTS = "ifexists"
_QUANTIFIED = {
    "forallvalues:": "each of {key} {comparison} (or there is none)",
    "foranyvalue:": "one of {key} {comparison}",
}
_OTHER_QUANTIFIER = {"": "", "forallvalues:": "foranyvalue:", "foranyvalue:": "forallvalues:"}
_MOST_VALUES = 3


def in_words(alternatives: Requirements) -> str:
    """Requirements as one line."""
    if alternatives == NEVER:
        return "never"
    if alternatives == ALWAYS:
        return UNCONDITIONAL
    return "; or ".join(_conjunction(each) for each in alternatives)


def _conjunction(atoms: Sequence[Atom]) -> str:
    ages = [atom for atom in atoms if atom.key.lower() == _MFA_AGE and _age(atom)]
    present = [atom for atom in atoms if _requires_mfa(atom)]
    rest = [atom for atom in atoms if atom not in present and not (present and atom in ages)]
    age = f" ({', '.join(_age(atom) for atom in ages)})" if ages else ""
    mfa = [f"with MFA{age}"] if present else []
    return ", ".join([*mfa, *(_atom(atom) for atom in rest)]) or UNCONDITIONAL


def _requires_mfa(atom: Atom) -> bool:
    """Whether only requests with MFA meet the atom: ``Bool`` true, or not ``BoolIfExists`` false."""
    if atom.key.lower() != _MFA_PRESENT:
        return False
    test = (atom.operator.lower(), tuple(value.lower() for value in atom.values), atom.negated)
    return test in (("bool", ("true",), False), ("boolifexists", ("false",), True))


def _age(atom: Atom) -> str:
    sign = _AGES.get(atom.operator.lower())
    if sign is None or len(atom.values) != 1 or not atom.values[0].isdecimal():
        return ""
    spaced = duration_text(int(atom.values[0])).replace("h", " h ").replace("m", " min ").replace("s", " s").strip()
    return f"{_OPPOSITE[sign] if atom.negated else sign} {spaced}"


def _atom(atom: Atom) -> str:
    if atom.operator == UNKNOWN:
        verb = atom.key.lower()
        does = f"does not {verb}" if atom.negated else {"allow": "allows", "deny": "denies"}.get(verb, verb)
        return f"if {atom.policy} {does} it (not known)"
    if atom.operator == RESOURCE:
        return f"{'unless' if atom.negated else 'if'} the role fits {_values(atom.values)}"
    if atom.operator == ANY_OF:
        found = "; or ".join(_conjunction(each) for each in atom.conjunctions)
        return f"not ({found})" if atom.negated else f"({found})"
    opposite = _opposite(atom.operator.lower()) if atom.negated else None
    if opposite is not None and opposite.given:
        return _given(atom, opposite.operator)
    operator, negated = (opposite.operator, False) if opposite else (atom.operator.lower(), atom.negated)
    phrase = _PHRASES.get((operator, atom.key.lower()))
    if phrase is not None:
        text = f"{phrase} {_values(atom.values)}"
        return f"not {text}" if negated else text
    return _plain(atom, operator, negated)


class _Opposite(NamedTuple):
    """The opposite of an operator. ``given``: only for a present key."""

    operator: str
    given: bool = False


def _opposite(operator: str) -> _Opposite | None:
    """The operator to show instead of ``not``; None if ``not`` is plainer.

    An operator with IfExists fails only for a present key, and a positive operator requires its key anyway. "Not each
    value is" equals "one value is not", and the other way round.
    """
    quantifier, base, optional = _parts(operator)
    other = (_WHERE_GIVEN if optional else _OPPOSITES).get(base)
    if other is None or (quantifier == "foranyvalue:" and not optional and base in _COMPLEMENTS):
        return None
    turned = _OTHER_QUANTIFIER[quantifier]
    needs_key = turned == "foranyvalue:" or (not turned and other not in _COMPLEMENTS.values() and other != _NOT_BOOL)
    return _Opposite(turned + other, optional and not needs_key)


def _given(atom: Atom, operator: str) -> str:
    quantifier, base, _ = _parts(operator)
    each = "each of it " if quantifier else ""
    return f"{atom.key} is given and {each}{_OPERATORS[base]} {_values(atom.values)}"


def _parts(operator: str) -> tuple[str, str, bool]:
    """The quantifier, the operator, and whether it also holds without the key."""
    quantifier = next((each for each in _QUANTIFIED if operator.startswith(each)), "")
    return quantifier, operator.removeprefix(quantifier).removesuffix(_IF_EXISTS), operator.endswith(_IF_EXISTS)


def _plain(atom: Atom, operator: str, negated: bool) -> str:
    if operator == "null":
        absent = (atom.values[0].lower() == "true") != negated
        return f"without {atom.key}" if absent else f"with {atom.key}"
    text = _compared(atom, operator)
    return f"not ({text})" if negated else text


def _compared(atom: Atom, operator: str) -> str:
    """A comparison in words; in IAM's syntax if it has no words."""
    quantifier, base, optional = _parts(operator)
    word = _OPERATORS.get(base)
    if word is None:
        return f"{atom.key} {atom.operator} {_values(atom.values)}"
    if optional and not quantifier and (atom.key.lower(), word, atom.values) == (_MFA_PRESENT, "is", ("true",)):
        return "with MFA (where the request tells)"
    comparison = f"{word} {_values(atom.values)}"
    text = _QUANTIFIED[quantifier].format(key=atom.key, comparison=comparison) if quantifier else ""
    return (text or f"{atom.key} {comparison}") + (" (where given)" if optional else "")


def _values(values: Iterable[str]) -> str:
    listed = list(values)
    shown = [f'"{value}"' if " " in value or not value else value for value in listed[:_MOST_VALUES]]
    more = len(listed) - len(shown)
    return " or ".join(shown) + (f" or {more} more" if more else "")
