"""The requirements of an open request: an OR of alternatives, each an AND of atoms.

``((),)`` is unconditional, ``()`` is never. An atom is one open condition, with the statement that has it. ``operator``
distinguishes four kinds:

- one of IAM's condition operators, on ``key``;
- ``Resource``: the role (``key``) has to fit one of the Resource patterns in ``values``, which hold policy variables
  that the request decides;
- ``AnyOf``: one of several conjunctions has to be met, each a JSON list in ``values``. It replaces an alternation that
  would be too long if it were written out;
- ``Unknown``: depends on an unknown policy; ``key`` is what it may do, ``Allow`` or ``Deny``.

Values are texts as in a policy of version 2012-10-17, with known variables replaced. Comparisons are semantic: an MFA
age below 1800 implies one below 3600, and two statements together may equal one. They are sound: if a question is too
hard, the answer is the one that claims nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from crossaccount.access.verdict import SIDES, Side
from crossaccount.iam.caching import cached_property
from crossaccount.iam.conditions import Condition, RequestContext, compile_conditions
from crossaccount.iam.conditions.satisfiable import satisfiable
from crossaccount.iam.matching import Literal, Lookup, Template, Variable, template
from crossaccount.iam.request_keys import SOURCE_IP, THROUGH_VPC

RESOURCE, ANY_OF, UNKNOWN = "Resource", "AnyOf", "Unknown"

_MFA_PRESENT, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
_CURRENT_TIME, _EPOCH_TIME = "aws:CurrentTime", "aws:epochtime"
_REQUEST_TAG, _TAG_KEYS, _IF_EXISTS = "aws:requesttag/", "aws:tagkeys", "ifexists"
ALWAYS_PRESENT = frozenset({"aws:currenttime", _EPOCH_TIME, "aws:securetransport", "aws:viaawsservice"})
"""The keys of every request: "This key is always included in the request context"
(reference_policies_condition-keys.html)."""
_ALWAYS_IN_TRUSTS = frozenset({"sts:rolesessionname", "aws:resourceaccount"})
"""Every AssumeRole call has a session name, and a role that belongs to an account."""
_PLACES = THROUGH_VPC | {SOURCE_IP}
_COUPLED = (_PLACES, frozenset({_MFA_PRESENT, _MFA_AGE}))
"""Keys that depend on each other; all others are independent."""

Meaning = tuple[str, str, tuple[str, ...], bool]
"""The meaning of an atom, without its origin."""


@dataclass(frozen=True)
class Atom:
    """One open condition. ``negated``: it must not be met, because a Deny has it."""

    side: Side
    policy: str
    statement: str
    operator: str
    key: str
    values: tuple[str, ...]
    negated: bool = False

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """The cached hash."""
        return hash((self.side, self.policy, self.statement, self.operator, self.key, self.values, self.negated))

    @cached_property
    def meaning(self) -> Meaning:
        """Its meaning: without letter case, order and origin."""
        key = self.key if self.operator == RESOURCE else self.key.lower()
        return self.operator.lower(), key, tuple(sorted(set(self.values))), self.negated

    @cached_property
    def group(self) -> Hashable:
        """Atoms of different groups are independent."""
        if not self.is_condition:
            return self.meaning[:3]
        key = self.meaning[1]
        return next((keys for keys in _COUPLED if key in keys), key)

    @cached_property
    def is_condition(self) -> bool:
        """Whether it is one of IAM's conditions."""
        return self.operator not in (RESOURCE, ANY_OF, UNKNOWN)

    @cached_property
    def condition(self) -> Condition:
        """The condition of an atom that is one."""
        return _condition(self.operator, self.key, self.values)

    @cached_property
    def negation(self) -> Atom:
        """The atom that is met exactly if this one is not."""
        found = replace(self, negated=not self.negated)
        if self.is_condition:
            found.__dict__["condition"] = self.condition
        return found

    @cached_property
    def possible(self) -> bool:
        """Whether any value can meet it."""
        return not self.is_condition or satisfiable([(self.condition, not self.negated)])

    def holds(self, context: RequestContext) -> bool | None:
        """Whether a complete context meets it; None if that depends on an unknown policy."""
        if self.operator == UNKNOWN:
            return None
        if self.operator == ANY_OF:
            found = any_of([all_of([atom.holds(context) for atom in each]) for each in self.conjunctions])
            return None if found is None else found != self.negated
        if self.operator == RESOURCE:
            return any(template(value).matches(self.key, context.single) for value in self.values) != self.negated
        return self.condition.holds(context) != self.negated

    @cached_property
    def conjunctions(self) -> tuple[tuple[Atom, ...], ...]:
        """The alternatives in an ``AnyOf``."""
        return tuple(
            tuple(replace(self, operator=op, key=key, values=tuple(values), negated=no) for op, key, values, no in each)
            for each in map(json.loads, self.values)
        )

    def to_json(self) -> dict[str, Any]:
        """An atom in the commands' JSON."""
        return {
            "side": self.side,
            "policy": self.policy,
            "statement": self.statement,
            "operator": self.operator,
            "key": self.key,
            "values": list(self.values),
            "negated": self.negated,
        }

    def __str__(self) -> str:
        text = f"{self.operator} {self.key} {', '.join(self.values)}"
        return f"not ({text})" if self.negated else text


def composite(alternatives: Sequence[tuple[Atom, ...]]) -> Atom:
    """One atom for one or more alternatives."""
    first = next(atom for each in alternatives for atom in each)
    values = tuple(json.dumps([[a.operator, a.key, a.values, a.negated] for a in each]) for each in alternatives)
    return replace(first, operator=ANY_OF, key="", values=values, negated=False)


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """True if one of them is true; None if one may be."""
    found = set(answers)
    return True if True in found else (None if None in found else False)


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """False if one of them is false; None if one may be."""
    found = set(answers)
    return False if False in found else (None if None in found else True)


def filled(value: Template, context: RequestContext) -> str:
    """A value of a policy with known variables replaced, in the syntax of a policy."""
    return "".join(_written(part, context.single, context) for part in value.parts)


def _written(part: Literal | Variable, lookup: Lookup, context: RequestContext) -> str:
    if isinstance(part, Literal):
        return part.text.replace("${", "${$}{") if part.wildcards else f"${{{part.text}}}"
    if context.undecided(part.key):
        default = "" if part.default is None else f", '{part.default}'"
        return f"${{{part.key}{default}}}"
    value = lookup(part.key)
    value = part.default if value is None else value
    if value is None:
        return f"${{{part.key}}}"  # no value: it stays a text that matches nothing
    return "".join(f"${{{character}}}" if character in "*?$" else character for character in value)


@lru_cache(maxsize=16_384)
def _condition(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    return compile_conditions({operator: {key: values}})[0]


Conjunction = tuple[Atom, ...]
Requirements = tuple[Conjunction, ...]

ALWAYS: Requirements = ((),)
NEVER: Requirements = ()

_MOST_ALTERNATIVES = 32
"""If a product would have more alternatives, the alternatives of a side become one atom (``composite``). This is exact,
but such an atom is compared only as a whole."""
_MOST_STEPS, _MOST_STEPS_TO_SIMPLIFY, _MOST_STEPS_OF_A_QUESTION = 2_000, 600, 1_500
"""The bounds of one implication, of one simplification, and of all simplifications of one question. Without steps left,
requirements are not simplified further: they stay correct, but longer."""


_MOST_WORK_AT_ALL, _MOST_WORK_OF_A_GROUP = 400, 1_500
"""Of so many values at most it is asked whether anything meets them all, and, for each atom once more, whether it is
needless beside the others. Beyond that atoms stay as they are."""
_MOST_WORK_OF_A_PRODUCT, _MOST_WORK_OF_A_QUESTION = 4_000, 8_000
"""Values times atoms, of all groups that are looked at when many alternatives are multiplied."""
_VALUES_OF_A_STEP = 16
"""A step of a search that looks at more values of one key counts as several."""


class _Bound(Protocol):
    """What says whether more work may be done."""

    def allows(self, work: int) -> bool:
        """Do some more work; False if it would be too much."""


class Steps:
    """The remaining search steps of one question. Steps of a ``part`` also count for the whole."""

    def __init__(self, most: int = _MOST_STEPS_OF_A_QUESTION, whole: Steps | None = None) -> None:
        self._left = most
        self._whole = whole
        self._work = 0

    def part(self, most: int) -> Steps:
        """The steps of a part of the question."""
        return Steps(most, self)

    @property
    def may_work(self) -> bool:
        """Whether atoms may still be compared with each other."""
        return (self._whole or self)._work <= _MOST_WORK_OF_A_QUESTION

    def work(self, done: int) -> None:
        """Note some work. It counts for the whole question."""
        (self._whole or self)._work += done

    def allows(self, work: int) -> bool:
        """Do some more work; False if it would be too much."""
        if not self.may_work:
            return False
        self.work(work)
        return True

    @property
    def exhausted(self) -> bool:
        """Whether no step is left."""
        return self._left <= 0 or (self._whole is not None and self._whole.exhausted)

    def take(self, count: int = 1) -> bool:
        """Take steps; False where there are none left."""
        self._left -= count
        within = self._whole is None or self._whole.take(count)
        return self._left >= 0 and within


_NOTHING, _WITH_MFA = RequestContext(), RequestContext.of({_MFA_PRESENT: "true"})


def either(*parts: Requirements, steps: Steps | None = None) -> Requirements:
    """The requirements that are met if one of the parts is met."""
    return simplify((conjunction for part in parts for conjunction in part), steps)


def both(one: Requirements, other: Requirements, steps: Steps | None = None) -> Requirements:
    """The requirements that are met if both are met. ``steps`` are those of the whole question."""
    if one == ALWAYS:
        return other
    if other == ALWAYS:
        return one
    if len(one) * len(other) > _MOST_ALTERNATIVES:
        few = one if len(one) <= _MOST_ALTERNATIVES else (_as_one(one),)
        product = _multiplied(few, other, thoroughly=steps is None or steps.may_work)
        if steps is not None:
            steps.work(product.work)
        return product.requirements
    return simplify((first + second for first in one for second in other), steps)


class _Product(NamedTuple):
    """Requirements, and how much work they were: the same, whether they were known already or not."""

    requirements: Requirements
    work: int


@lru_cache(maxsize=512)
def _multiplied(one: Requirements, other: Requirements, *, thoroughly: bool) -> _Product:
    """The requirements that are met if both are met, without writing out the product. The result is cached, because
    paths and chains of one estate repeat it. It takes no steps. If not ``thoroughly``, atoms are not compared with each
    other.
    """
    work = _Work(_MOST_WORK_OF_A_PRODUCT if thoroughly else 0)
    met = dict.fromkeys(found for each in one if (found := _meeting(each, other, work)) is not None)
    return _Product(tuple(sorted(met, key=_order)), work.done)


class _Work:
    """How much work was done on groups of atoms, up to a bound."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.done = 0

    def allows(self, work: int) -> bool:
        """Do some more work; False if it would be too much."""
        if self.done + work > self._most:
            return False
        self.done += work
        return True


def without(alternatives: Requirements, denials: Iterable[Conjunction], steps: Steps | None = None) -> Requirements:
    """The requirements that are met if an alternative is met and no denial is met.

    Denials of one atom are combined first, because they do not multiply the alternatives.
    """
    distinct = {tuple(sorted(atom.meaning for atom in each)): each for each in reversed(list(denials))}
    found = sorted(distinct.values(), key=_order)
    single = tuple(each[0].negation for each in found if len(each) == 1)
    met = simplify((each + single for each in alternatives), steps) if single else alternatives
    for each in found:
        if len(each) != 1 and met != NEVER:
            met = both(met, negation(each), steps)
    return met


def _meeting(conjunction: Conjunction, alternatives: Requirements, work: _Work) -> Conjunction | None:
    """An alternative combined with each of several others. Impossible combinations are left out; None if all are
    impossible.

    Implied atoms are removed before the product is built. Only groups of atoms that differ are simplified.
    """
    groups = _by_group(conjunction)
    base = {group: _distinct_atoms(atoms) for group, atoms in groups.items()}
    plain = _needed_of(base, touching=(touched := _touch(base.values())), work=work)
    if plain is None:
        return None
    found: list[tuple[Conjunction, dict[Hashable, Conjunction]]] = []
    for each in alternatives:
        differing = {group: _distinct_atoms(groups.get(group, ()) + more) for group, more in _by_group(each).items()}
        if None in differing.values():
            continue
        touching = touched or _touch((base | differing).values())
        needed = _needed_of(differing if touching == touched else base | differing, touching=touching, work=work)
        if needed is None:
            continue
        if all(atoms == plain.get(group, ()) for group, atoms in needed.items()):
            return _in_order(plain)
        found.append((each, needed))
    if not found:
        return None
    if len(found) == 1:
        return _in_order(plain | found[0][1])
    return _tidied((*_in_order(plain), *_as_one(tuple(each for each, _ in found))), work)


def negation(conjunction: Conjunction) -> Requirements:
    """The requirements that are met if one of the atoms is not met."""
    return simplify((atom.negation,) for atom in conjunction)


def meets(alternatives: Requirements, context: RequestContext) -> bool | None:
    """Whether a complete context meets one of the alternatives; None if that depends on an unknown policy."""
    return any_of(all_of(atom.holds(context) for atom in conjunction) for conjunction in alternatives)


def simplify(alternatives: Iterable[Conjunction], steps: Steps | None = None) -> Requirements:
    """The requirements in canonical order, without contradictions, tautologies, duplicates and covered alternatives."""
    whole = Steps(_MOST_STEPS_TO_SIMPLIFY) if steps is None else steps.part(_MOST_STEPS_TO_SIMPLIFY)
    return _simplify(alternatives, whole)


def _simplify(alternatives: Iterable[Conjunction], steps: Steps) -> Requirements:
    found = list(dict.fromkeys(tidied for each in alternatives if (tidied := _tidied(each, steps)) is not None))
    if len(found) > 1:
        found = _distinct(found, steps)
    if 1 < len(found) <= _MOST_ALTERNATIVES:
        shorter = [_shortened(each, found, steps) for each in found]
        if shorter != found:
            return _simplify(shorter, steps)
    return tuple(sorted(found, key=_order))


def implies(one: Requirements, other: Requirements) -> bool:
    """True only if every context of a real request that meets ``one`` also meets ``other``. False if that is unknown.

    Real requests carry an MFA age only together with MFA. Invented contexts may differ.
    """
    found = sorted(map(_as_sent, other), key=len)
    return all(
        _Cover(found, Steps(_MOST_STEPS), real=True).covers(list(_as_sent(conjunction)), 0) for conjunction in one
    )


def _as_sent(conjunction: Conjunction) -> Conjunction:
    """An alternative in the form for real requests: IfExists has no effect on keys that are always present, and the two
    keys of the time become one.
    """
    return tuple(map(_one_as_sent, conjunction))


@lru_cache(maxsize=16_384)
def _one_as_sent(atom: Atom) -> Atom:
    always = ALWAYS_PRESENT | _ALWAYS_IN_TRUSTS if atom.side == "trust" else ALWAYS_PRESENT
    if not atom.is_condition or atom.meaning[1] not in always:
        return atom
    operator = without_if_exists(atom).operator
    if atom.meaning[1] != _EPOCH_TIME:
        return replace(atom, operator=operator)
    if operator.lower().startswith("numeric"):
        operator = f"Date{operator[len('numeric') :]}"
    return replace(atom, operator=operator, key=_CURRENT_TIME)


def without_if_exists(atom: Atom) -> Atom:
    """The meaning of an atom for a request that has its key."""
    if not atom.operator.lower().endswith(_IF_EXISTS):
        return atom
    return replace(atom, operator=atom.operator[: -len(_IF_EXISTS)])


def _as_one(alternatives: Requirements) -> Conjunction:
    return alternatives[0] if len(alternatives) == 1 else (composite(alternatives),)


def _tidied(conjunction: Conjunction, work: _Bound) -> Conjunction | None:
    """An alternative in canonical order, without duplicates and implied atoms; None if it cannot be met."""
    distinct = {group: _distinct_atoms(atoms) for group, atoms in _by_group(conjunction).items()}
    needed = _needed_of(distinct, touching=_touch(distinct.values()), work=work)
    return None if needed is None else _in_order(needed)


Groups = Mapping[Hashable, Conjunction | None]
"""The atoms of an alternative by group, each group in canonical order; None if a group cannot be met."""


def _by_group(conjunction: Conjunction) -> dict[Hashable, Conjunction]:
    groups: dict[Hashable, list[Atom]] = {}
    for atom in conjunction:
        groups.setdefault(atom.group, []).append(atom)
    return {group: tuple(atoms) for group, atoms in groups.items()}


def _in_order(groups: Mapping[Hashable, Conjunction]) -> Conjunction:
    return tuple(sorted((atom for atoms in groups.values() for atom in atoms), key=_atom_order))


def _touch(groups: Iterable[Conjunction | None]) -> bool:
    """Whether two atoms have the same key. Atoms on different keys do not imply each other."""
    keys = [atom.meaning[1] for atoms in groups for atom in atoms or ()]
    return len(set(keys)) < len(keys)


def _needed_of(groups: Groups, *, touching: bool, work: _Bound) -> dict[Hashable, Conjunction] | None:
    found: dict[Hashable, Conjunction] = {}
    for group, atoms in groups.items():
        if touching and atoms is not None and len(atoms) > 1 and not work.allows(_work(atoms) * (len(atoms) + 1)):
            found[group] = atoms
            continue
        needed = None if atoms is None else _needed(atoms, touching)
        if needed is None:
            return None
        found[group] = needed
    return found


@lru_cache(maxsize=65_536)
def _distinct_atoms(group: Conjunction) -> Conjunction | None:
    """A group without duplicates and tautologies; None if one of its atoms cannot be met."""
    if not all(atom.possible for atom in group):
        return None
    atoms = {atom.meaning: atom for atom in sorted(group, key=_atom_order, reverse=True)}
    return tuple(sorted((atom for atom in atoms.values() if atom.negation.possible), key=_atom_order))


def _needed(group: Conjunction, touching: bool) -> Conjunction | None:
    """A group without the atoms that its other atoms imply; None if it cannot be met as a whole."""
    return group if len(group) < 2 else _needed_together(group, touching)


@lru_cache(maxsize=65_536)
def _needed_together(group: Conjunction, touching: bool) -> Conjunction | None:
    if not touching:
        return None if _from_two_places(group) else group
    work = _work(group)
    if work <= _MOST_WORK_AT_ALL and _impossible(group):
        return None
    if work * len(group) > _MOST_WORK_OF_A_GROUP:
        return group
    needless: set[Meaning] = set()
    for atom in sorted(group, key=lambda each: not each.negated):
        rest = [each for each in group if each is not atom and each.meaning not in needless]
        if _impossible([*rest, atom.negation]):
            needless.add(atom.meaning)
    return tuple(atom for atom in group if atom.meaning not in needless)


def _work(group: Conjunction) -> int:
    """How many values there are to be looked at together: those of keys that several atoms are on."""
    on = Counter(atom.meaning[1] for atom in group)
    return sum(len(atom.values) for atom in group if on[atom.meaning[1]] > 1)


def _impossible(atoms: Sequence[Atom]) -> bool:
    """Whether no context meets all atoms: an atom and its opposite, or a key that no value can satisfy."""
    meanings = {atom.meaning for atom in atoms}
    if any((*meaning[:3], not meaning[3]) in meanings for meaning in meanings):
        return True
    by_key: dict[str, list[Atom]] = {}
    for atom in atoms:
        if atom.is_condition:
            by_key.setdefault(atom.meaning[1], []).append(atom)
    return not all(_possible(group) for group in by_key.values()) or _from_two_places(atoms)


def is_possible(atoms: Sequence[Atom]) -> bool:
    """Whether a real request may meet all of the atoms; True if that is unknown."""
    alone = all(atom.possible for atom in atoms)
    return alone and not (_impossible(atoms) or _old_without_mfa(atoms) or _tags_without_keys(atoms))


def _from_two_places(atoms: Sequence[Atom]) -> bool:
    """Whether atoms require both an address and a VPC endpoint. A request through an endpoint has no ``aws:SourceIp``.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip.
    """
    conditions = {atom.meaning[1] for atom in atoms if atom.is_condition}
    if SOURCE_IP not in conditions or conditions.isdisjoint(THROUGH_VPC):
        return False
    there = {atom.meaning[1] for atom in atoms if atom.is_condition and not atom.holds(_NOTHING)}
    return SOURCE_IP in there and not there.isdisjoint(THROUGH_VPC)


def _possible(atoms: Sequence[Atom]) -> bool:
    """Whether a value may meet all of these atoms, which are on one key."""
    if len(atoms) == 1:
        return atoms[0].possible
    return satisfiable((atom.condition, not atom.negated) for atom in atoms)


def _old_without_mfa(atoms: Sequence[Atom]) -> bool:
    """Whether atoms require both an MFA age and no MFA.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html: MultiFactorAuthAge is
    present "only when the principal was authenticated using MFA", and MultiFactorAuthPresent is true then.
    """
    present = [atom for atom in atoms if atom.is_condition and atom.meaning[1] == _MFA_PRESENT]
    if all(atom.holds(_WITH_MFA) for atom in present):
        return False
    return any(atom.is_condition and atom.meaning[1] == _MFA_AGE and not atom.holds(_NOTHING) for atom in atoms)


def _tags_without_keys(atoms: Sequence[Atom]) -> bool:
    """Whether atoms require a session tag, and exclude its key from the keys of tags.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys:
    aws:TagKeys are the keys of the tags in the request.
    """
    conditions = [atom for atom in atoms if atom.is_condition]
    keys = [atom for atom in conditions if atom.meaning[1] == _TAG_KEYS]
    if not keys:
        return False
    tags = [atom for atom in conditions if atom.meaning[1].startswith(_REQUEST_TAG) and not atom.holds(_NOTHING)]
    sent = {atom.key[len(_REQUEST_TAG) :] for atom in tags}
    return any(_excludes(atom, tag) for atom in keys for tag in sent)


def _excludes(atom: Atom, tag: str) -> bool:
    """Whether no request with this tag meets an atom on the keys of tags, whatever other tags it has."""
    quantifier = atom.condition.quantifier
    decides = atom.condition.base == "null" or quantifier == ("foranyvalue:" if atom.negated else "forallvalues:")
    return decides and not atom.holds(RequestContext({_TAG_KEYS: (tag,)}))


def _distinct(conjunctions: Sequence[Conjunction], steps: Steps) -> list[Conjunction]:
    """The alternatives that no other one covers; of two that cover each other, the first."""
    kept: list[tuple[Conjunction, frozenset[Hashable]]] = []
    for each in sorted(conjunctions, key=_order):
        about = frozenset([atom.group for atom in each])
        # An alternative with a key that the other does not have does not cover it.
        if not any(keys <= about and _covered(each, (other,), steps) for other, keys in kept):
            kept = [(other, keys) for other, keys in kept if not (about <= keys and _covered(other, (each,), steps))]
            kept.append((each, about))
    return [each for each, _ in kept]


def _shortened(conjunction: Conjunction, alternatives: Sequence[Conjunction], steps: Steps) -> Conjunction:
    """An alternative without the atoms that the other alternatives make unnecessary: ``(a and b) or not a`` is ``b or
    not a``.
    """
    left = conjunction
    for atom in conjunction:
        if steps.exhausted:
            break
        rest = tuple(each for each in left if each is not atom)
        if _covered(rest, alternatives, steps):
            left = rest
    return left


def _covered(conjunction: Conjunction, alternatives: Sequence[Conjunction], steps: Steps) -> bool:
    if not steps.take():
        return False
    hard = _hard_to_avoid(conjunction, alternatives)
    return bool(hard) and _Cover(sorted(hard, key=len), steps).covers(list(conjunction), 0)


def _hard_to_avoid(conjunction: Conjunction, alternatives: Sequence[Conjunction]) -> list[Conjunction]:
    """The alternatives that are relevant for the question whether a context meets the conjunction and none of them.

    Groups of atoms are independent. If a value of a key meets the conjunction's atoms and no alternative's atoms on
    this key, it avoids every alternative with this key.
    """
    fixed: dict[Hashable, list[Atom]] = {}
    for atom in conjunction:
        fixed.setdefault(atom.group, []).append(atom)
    left = list(alternatives)
    while left:
        conditions: dict[Hashable, dict[Meaning, Atom]] = {}
        for each in left:
            for atom in each:
                conditions.setdefault(atom.group, {})[atom.meaning] = atom
        easy = {
            group
            for group, atoms in conditions.items()
            if not _impossible([*fixed.get(group, ()), *(atom.negation for atom in atoms.values())])
            and not (isinstance(group, frozenset) and len({atom.meaning[1] for atom in atoms.values()}) > 1)
        }
        rest = [each for each in left if easy.isdisjoint([atom.group for atom in each])]
        if len(rest) == len(left):
            return left
        left = rest
    return left


class _Cover:
    """A search, with a bound of steps, for a context that meets a conjunction and none of the alternatives.

    ``real`` excludes contexts that no request can have.
    """

    def __init__(self, alternatives: Sequence[Conjunction], steps: Steps, *, real: bool = False) -> None:
        self._alternatives = alternatives
        self._steps = steps
        self._real = real
        self._atoms: list[Atom] = []
        self._meanings: set[Meaning] = set()
        self._by_key: dict[str, list[Atom]] = {}

    def covers(self, atoms: list[Atom], index: int) -> bool:
        """Whether the search from the alternative at ``index`` finds no context."""
        left = self._steps.take()
        if _impossible(atoms) or (self._real and (_old_without_mfa(atoms) or _tags_without_keys(atoms))):
            return True
        self._atoms, self._by_key = atoms, {}
        self._meanings = {atom.meaning for atom in atoms}
        for atom in atoms:
            if atom.is_condition:
                self._by_key.setdefault(atom.meaning[1], []).append(atom)
        return self._onward(index, left)

    def _onward(self, index: int, left: bool) -> bool:
        """As :meth:`covers`, from atoms that something can meet."""
        if index == len(self._alternatives) or not left:
            return False
        return all(self._avoiding(atom.negation, index + 1) for atom in self._alternatives[index])

    def _avoiding(self, atom: Atom, index: int) -> bool:
        """As :meth:`covers`, with one atom more. Only what it has to do with is asked again."""
        left, meaning = self._steps.take(), atom.meaning
        if meaning in self._meanings:
            return self._onward(index, left)
        if (*meaning[:3], not meaning[3]) in self._meanings:
            return True
        of_key = self._by_key.setdefault(meaning[1], []) if atom.is_condition else []
        of_key.append(atom)
        if (more := sum(len(each.values) for each in of_key) // _VALUES_OF_A_STEP) and len(of_key) > 1:
            self._steps.take(more)
        self._atoms.append(atom)
        self._meanings.add(meaning)
        impossible = atom.is_condition and (not _possible(of_key) or self._contradicts(meaning[1]))
        found = impossible or self._onward(index, left)
        self._meanings.remove(meaning)
        self._atoms.pop()
        of_key.pop()
        return found

    def _contradicts(self, key: str) -> bool:
        """Whether what the atoms ask of a key contradicts what they ask of others."""
        if key in _PLACES:
            return _from_two_places(self._atoms)
        if not self._real:
            return False
        if key in (_MFA_PRESENT, _MFA_AGE):
            return _old_without_mfa(self._atoms)
        return (key == _TAG_KEYS or key.startswith(_REQUEST_TAG)) and _tags_without_keys(self._atoms)


def _atom_order(atom: Atom) -> tuple[object, ...]:
    return SIDES.index(atom.side), atom.meaning, atom.policy, atom.statement


def _order(conjunction: Conjunction) -> tuple[object, ...]:
    return len(conjunction), sum(atom.negated for atom in conjunction), tuple(_atom_order(atom) for atom in conjunction)


def requirements_json(alternatives: Requirements) -> list[list[dict[str, Any]]]:
    """Requirements in the commands' JSON: an OR of ANDs."""
    return [[atom.to_json() for atom in each] for each in alternatives]
