"""Conditions in words."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.access.requirements import ALWAYS, NEVER, Atom
from crossaccount.access.requirements.words import in_words

MFA = ("Bool", "aws:MultiFactorAuthPresent", "true")


def atoms(*conditions: tuple[Any, ...]) -> tuple[Atom, ...]:
    return tuple(Atom("trust", "trust policy", "0", each[0], each[1], tuple(each[2:])) for each in conditions)


def test_always_and_never() -> None:
    assert (in_words(ALWAYS), in_words(NEVER)) == ("always", "never")


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ([MFA], "with MFA"),
        ([MFA, ("NumericLessThan", "aws:MultiFactorAuthAge", "3600")], "with MFA (< 1 h)"),
        ([MFA, ("NumericLessThanEquals", "aws:MultiFactorAuthAge", "5400")], "with MFA (≤ 1 h 30 min)"),
        ([("Bool", "aws:MultiFactorAuthPresent", "false")], "aws:MultiFactorAuthPresent is false"),
        ([MFA, ("StringEquals", "sts:ExternalId", "a-1")], "with MFA, external ID a-1"),
        ([("StringEquals", "sts:ExternalId", "a", "b", "c", "d")], "external ID a or b or c or 1 more"),
        ([("StringEquals", "sts:ExternalId", "two words")], 'external ID "two words"'),
        ([("IpAddress", "aws:SourceIp", "10.0.0.0/8")], "from 10.0.0.0/8"),
        ([("Null", "aws:SourceIp", "true")], "without aws:SourceIp"),
        ([("Null", "aws:SourceIp", "True")], "without aws:SourceIp"),
        ([("Null", "aws:SourceIp", "FALSE")], "with aws:SourceIp"),
        ([("StringLike", "aws:PrincipalTag/team", "a*")], "aws:PrincipalTag/team is like a*"),
        ([("ForAnyValue:StringEquals", "aws:TagKeys", "a")], "one of aws:TagKeys is a"),
        (
            [("ForAllValues:StringLike", "aws:TagKeys", "a", "b")],
            "each of aws:TagKeys is like a or b (or there is none)",
        ),
        ([("BoolIfExists", "aws:MultiFactorAuthPresent", "true")], "with MFA (where the request tells)"),
        ([("StringNotEqualsIfExists", "aws:SourceVpc", "vpc-1")], "aws:SourceVpc is not vpc-1 (where given)"),
        ([("NumericLessThanEquals", "sts:DurationSeconds", "900")], "sts:DurationSeconds ≤ 900"),
        ([("StringEqualsIgnoreCase", "aws:username", "bo")], "aws:username StringEqualsIgnoreCase bo"),
        ([("Unknown", "Deny", "text")], "if trust policy denies it (not known)"),
    ],
)
def test_conditions(conditions: list[tuple[Any, ...]], words: str) -> None:
    assert in_words((atoms(*conditions),)) == words


def test_what_must_not_be_met() -> None:
    [address] = atoms(("IpAddress", "aws:SourceIp", "10.0.0.0/8"))
    [unknown] = atoms(("Unknown", "Deny", "text"))
    [older] = atoms(("NumericGreaterThan", "aws:MultiFactorAuthAge", "60"))
    [without] = atoms(("BoolIfExists", "aws:MultiFactorAuthPresent", "false"))
    [other] = atoms(("StringNotEquals", "sts:ExternalId", "a"))
    [named] = atoms(("StringEquals", "sts:ExternalId", "a"))
    [short] = atoms(("NumericLessThan", "sts:DurationSeconds", "900"))
    assert in_words(((other.negation,),)) == "external ID a"
    assert in_words(((named.negation,),)) == "sts:ExternalId is not a"
    assert in_words(((short.negation,),)) == "not (sts:DurationSeconds < 900)"
    assert in_words(((address.negation,),)) == "not from 10.0.0.0/8"
    assert in_words(((unknown.negation,),)) == "if trust policy does not deny it (not known)"
    assert in_words(((without.negation, older.negation),)) == "with MFA (≤ 1 min)"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (("StringNotEqualsIfExists", "aws:SourceVpc", "vpc-1"), "through VPC vpc-1"),
        (("StringNotLikeIfExists", "aws:PrincipalTag/team", "a*"), "aws:PrincipalTag/team is like a*"),
        (("StringEqualsIfExists", "aws:SourceVpc", "vpc-1"), "aws:SourceVpc is given and is not vpc-1"),
        (("IpAddressIfExists", "aws:SourceIp", "10.0.0.0/8"), "aws:SourceIp is given and is not in 10.0.0.0/8"),
        (("NotIpAddressIfExists", "aws:SourceIp", "10.0.0.0/8"), "from 10.0.0.0/8"),
        (("BoolIfExists", "aws:MultiFactorAuthPresent", "true"), "aws:MultiFactorAuthPresent is given and is not true"),
        (("BoolIfExists", "aws:SecureTransport", "true"), "aws:SecureTransport is given and is not true"),
        (("Bool", "aws:SecureTransport", "true"), "not (aws:SecureTransport is true)"),
        (("NumericLessThanIfExists", "sts:DurationSeconds", "900"), "sts:DurationSeconds ≥ 900"),
        (("ForAnyValue:StringNotLike", "aws:TagKeys", "a*"), "each of aws:TagKeys is like a* (or there is none)"),
        (("ForAllValues:StringLike", "aws:TagKeys", "a*"), "one of aws:TagKeys is not like a*"),
        (("ForAllValues:StringNotEquals", "aws:TagKeys", "a"), "one of aws:TagKeys is a"),
        (("ForAllValues:StringNotEqualsIfExists", "aws:TagKeys", "a"), "one of aws:TagKeys is a"),
        (("ForAnyValue:StringEquals", "aws:TagKeys", "a"), "not (one of aws:TagKeys is a)"),
        (("ForAnyValue:StringNotEqualsIfExists", "aws:TagKeys", "a"), "aws:TagKeys is given and each of it is a"),
        (("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", "a"), "aws:TagKeys is given and each of it is not a"),
    ],
)
def test_the_negation_of_a_negation(condition: tuple[Any, ...], words: str) -> None:
    [atom] = atoms(condition)
    assert in_words(((atom.negation,),)) == words


def test_alternatives_are_joined_by_or() -> None:
    assert in_words((atoms(MFA), atoms(("StringEquals", "sts:ExternalId", "a")))) == "with MFA; or external ID a"
