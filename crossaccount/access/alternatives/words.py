"""Alternatives for people: ``with MFA (< 1 h), external ID "x"``. The JSON has the conditions themselves.

What has no phrase of its own is said in IAM's words, shortened. Nothing is left out: a person who meets what is said
meets the conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crossaccount.access.alternatives.algebra import ALWAYS, NEVER, Alternatives
from crossaccount.access.alternatives.atoms import ANY_OF, RESOURCE, UNKNOWN, Atom
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
_OPERATORS = {"stringequals": "is", "stringlike": "is like", "bool": "is", "stringnotequals": "is not"}
_MOST_VALUES = 3


def in_words(alternatives: Alternatives) -> str:
    """What still has to be met, as one line."""
    if alternatives == NEVER:
        return "never"
    if alternatives == ALWAYS:
        return UNCONDITIONAL
    return "; or ".join(_conjunction(each) for each in alternatives)


def _conjunction(atoms: Sequence[Atom]) -> str:
    ages = [atom for atom in atoms if atom.key.lower() == _MFA_AGE and _age(atom)]
    present = [atom for atom in atoms if _asks_mfa(atom)]
    rest = [atom for atom in atoms if atom not in present and not (present and atom in ages)]
    age = f" ({', '.join(_age(atom) for atom in ages)})" if ages else ""
    mfa = [f"with MFA{age}"] if present else []
    return ", ".join([*mfa, *(_atom(atom) for atom in rest)]) or UNCONDITIONAL


def _asks_mfa(atom: Atom) -> bool:
    """Whether the atom holds for requests with MFA alone: ``Bool`` true, or not ``BoolIfExists`` false."""
    if atom.key.lower() != _MFA_PRESENT:
        return False
    asked = (atom.operator.lower(), tuple(value.lower() for value in atom.values), atom.negated)
    return asked in (("bool", ("true",), False), ("boolifexists", ("false",), True))


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
    phrase = _PHRASES.get((atom.operator.lower(), atom.key.lower()))
    if phrase is not None:
        text = f"{phrase} {_values(atom.values)}"
        return f"not {text}" if atom.negated else text
    return _plain(atom)


def _plain(atom: Atom) -> str:
    base = atom.operator.lower()
    if base == "null":
        absent = (atom.values[0].lower() == "true") != atom.negated
        return f"without {atom.key}" if absent else f"with {atom.key}"
    text = f"{atom.key} {_OPERATORS.get(base, atom.operator)} {_values(atom.values)}"
    return f"not ({text})" if atom.negated else text


def _values(values: Iterable[str]) -> str:
    listed = list(values)
    shown = [f'"{value}"' if " " in value or not value else value for value in listed[:_MOST_VALUES]]
    more = len(listed) - len(shown)
    return " or ".join(shown) + (f" or {more} more" if more else "")
