"""Where alternatives would multiply beyond bounds they become one atom: as exact, compared as a whole, and quick."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from crossaccount.access import Estate
from crossaccount.access.evaluation.layers import SET_SOURCE_IDENTITY, TAG_SESSION, needed
from crossaccount.access.paths import who_can
from crossaccount.access.requirements import ALWAYS, NEVER, Requirements, both, either, implies, meets, simplify
from crossaccount.access.requirements.requirement import ANY_OF, UNKNOWN, Atom, composite
from crossaccount.iam.conditions import RequestContext

TARGET = "arn:aws:iam::222222222222:role/target"
_GRANT = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": TARGET}
_TRUST = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}


def _one_of(key: str, values: range) -> Requirements:
    return tuple((Atom("trust", "trust policy", "0", "StringEquals", key, (f"{value}",)),) for value in values)


def test_a_product_beyond_the_bound_is_one_atom_and_exact() -> None:
    one, other = simplify(_one_of("a:b", range(12))), simplify(_one_of("c:d", range(12)))
    found = both(one, other)
    assert {atom.operator for conjunction in found for atom in conjunction} == {"StringEquals", ANY_OF}
    for first, second in product(["0", "11", "12"], ["5", "none"]):
        context = RequestContext.of({"a:b": first, "c:d": second})
        assert meets(found, context) == (first != "12" and second == "5")
    assert implies(found, one)
    assert implies(found, found)
    assert not implies(one, found)


def test_many_denies_of_several_conditions_stay_exact(estate_of: Callable[..., Estate]) -> None:
    keys = [f"aws:RequestTag/{number}" for number in range(8)]
    denies = [
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {key: "no", f"{key}b": "no"}}}
        for key in keys
    ]
    estate = estate_of({"identity": [_GRANT, *denies], "trust": [_TRUST]})
    (path,) = who_can(estate, TARGET)
    assert len(path.alternatives) <= 32
    assert meets(path.alternatives, RequestContext())
    assert meets(path.alternatives, RequestContext.of(dict.fromkeys(keys, "no")))
    for key in keys:
        assert not meets(path.alternatives, RequestContext.of({key: "no", f"{key}b": "no"}))


def test_what_is_always_and_what_is_never() -> None:
    some = _one_of("a:b", range(1))
    assert both(some, NEVER) == NEVER
    assert either(some, ALWAYS) == ALWAYS
    assert implies(NEVER, some)
    assert implies(some, ALWAYS)
    assert not implies(ALWAYS, some)


def test_the_json_of_an_atom() -> None:
    (conjunction,) = _one_of("sts:ExternalId", range(1))
    expected: dict[str, Any] = {
        "side": "trust",
        "policy": "trust policy",
        "statement": "0",
        "operator": "StringEquals",
        "key": "sts:ExternalId",
        "values": ["0"],
        "negated": False,
    }
    assert conjunction[0].to_json() == expected
    assert conjunction[0].negation.to_json() == expected | {"negated": True}


def test_what_all_of_several_alternatives_need() -> None:
    tag, other = (Atom("trust", "trust policy", "0", "StringEquals", f"aws:RequestTag/{key}", ("x",)) for key in "ab")
    identity = Atom("trust", "trust policy", "0", "StringLike", "sts:SourceIdentity", ("*",))
    unknown = Atom("identity", "p", "", UNKNOWN, "Allow", ("p: the source has no document",))
    assert needed([composite([(tag, identity), (other,)])]) == (TAG_SESSION,)
    assert needed([composite([(tag, identity), (identity,)])]) == (SET_SOURCE_IDENTITY,)
    assert needed([composite([(tag,), (unknown,)])]) == ()
    assert needed([composite([(unknown,)]).negation]) == ()


def test_the_side_of_an_unknown_policy_next_to_others(estate_of: Callable[..., Estate]) -> None:
    gone = {"PolicyName": "gone", "PolicyArn": "arn:aws:iam::111111111111:policy/gone"}
    case = {"identity": [_GRANT], "trust": [_TRUST], "caller_details": {"AttachedManagedPolicies": [gone]}}
    (path,) = who_can(estate_of(case), TARGET)
    assert {atom.side for each in path.alternatives for atom in each if atom.operator == UNKNOWN} == {"identity"}
