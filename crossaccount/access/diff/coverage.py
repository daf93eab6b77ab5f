"""What of one set of rules another set does not cover: action by action, resource by resource, under its conditions.

A rule is covered where others together are about all of its actions and resources whenever its conditions hold. Where
that cannot be shown, it is not covered: the answer may name too much, never too little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from crossaccount.access.diff.levels import ALL_BUT, every_action, expand
from crossaccount.access.diff.patterns import literal, overlap, within
from crossaccount.access.diff.rules import Rule
from crossaccount.access.requirements import implies
from crossaccount.iam.matching import Template


@dataclass(frozen=True)
class Gap:
    """What a rule is about and others are not. ``actions`` and ``resources`` are patterns, the former in lower case."""

    rule: Rule
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    @cached_property
    def listed(self) -> frozenset[str]:
        """Its single actions of AWS's list, in lower case."""
        return frozenset(map(str.lower, self.actions)) & every_action()

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """All else that it is about."""
        return tuple(each for each in self.actions if each.lower() not in self.listed)


def gaps(mine: Iterable[Rule], theirs: Sequence[Rule]) -> list[Gap]:
    """What of ``mine`` is not covered by ``theirs``; all rules have the same effect."""
    same = {_meaning(rule) for rule in theirs}
    return [gap for rule in mine if _meaning(rule) not in same for gap in _gaps(rule, theirs)]


def is_covered(mine: Rule, theirs: Sequence[Rule]) -> bool:
    """Whether others cover all of a rule: as ``gaps``, without saying what is missing."""
    if any(_meaning(mine) == _meaning(other) for other in theirs):
        return True
    return next(_missed(mine, theirs, _Resources(mine)), None) is None


def is_about_all_of(rule: Rule, gap: Gap) -> bool:
    """Whether a rule is surely about everything in a gap, if its conditions hold."""
    mine = gap.rule
    if not rule.is_about_each(gap.listed):
        return False
    for action in gap.patterns:
        inverted = action.startswith(ALL_BUT)
        if not (rule.is_about_all_but(mine.actions) if inverted else rule.is_about_all(literal(action.lower()))):
            return False
    if mine.resources_inverted:
        return _all_but_within(mine.resources, rule)
    missing = [each for each in mine.resources if each.text in gap.resources]
    if rule.resources_inverted:
        return all(_spares_none(each, rule) for each in missing)
    return all(within(each, rule.resources) for each in missing)


def may_be_about(rule: Rule, gap: Gap) -> bool:
    """Whether a rule may be about something in a gap."""
    mine = gap.rule
    if not (rule.actions_inverted or mine.actions_inverted):
        actions = [literal(action.lower()) for action in gap.actions]
        if not any(overlap(one, other) for one in rule.actions for other in actions):
            return False
    if rule.resources_inverted or mine.resources_inverted:
        return True
    missing = [each for each in mine.resources if each.text in gap.resources]
    return any(overlap(one, other) for one in rule.resources for other in missing)


def _meaning(rule: Rule) -> tuple[object, ...]:
    conditions = frozenset(atom.meaning for atom in rule.conditions)
    resources = frozenset(rule.resources)
    return rule.allows, frozenset(rule.actions), rule.actions_inverted, resources, rule.resources_inverted, conditions


def _gaps(rule: Rule, theirs: Sequence[Rule]) -> list[Gap]:
    """A gap for each set of resources that some of the actions miss."""
    if not theirs and not rule.actions_inverted:
        # Of what is all new every action misses the same.
        missing = _Resources(rule).missing(())
        actions = dict.fromkeys(rule.as_written(pattern.text) for pattern in rule.actions)
        return [Gap(rule, tuple(actions), missing)] if missing else []
    by_resources: dict[tuple[str, ...], list[str]] = {}
    for action, missing in _uncovered(rule, theirs):
        by_resources.setdefault(missing, []).append(action)
    return [Gap(rule, tuple(dict.fromkeys(actions)), missing) for missing, actions in by_resources.items()]


def _uncovered(rule: Rule, theirs: Sequence[Rule]) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Each action, or pattern of them, with the resources that it misses."""
    check = _Resources(rule)
    for pattern, label, missing in _missed(rule, theirs, check):
        yield from _single(rule, pattern, label, theirs, check, missing)


def _missed(rule: Rule, theirs: Sequence[Rule], check: _Resources) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each pattern of a rule that others do not cover as a whole, with its label and the resources that it misses."""
    if rule.actions_inverted:
        if missing := check.missing([each for each in theirs if each.is_about_all_but(rule.actions)]):
            yield "*", _all_but(rule), missing
        return
    for pattern in rule.actions:
        if missing := check.missing([each for each in theirs if each.is_about_all(pattern)]):
            if any(each.actions_inverted and _split_by(each, theirs, check) for each in theirs):
                continue
            yield pattern.text, rule.as_written(pattern.text), missing


def _split_by(inverted: Rule, theirs: Sequence[Rule], check: _Resources) -> bool:
    """Whether a rule about all actions but some is added up to all by others about just these."""
    if check.missing([inverted]):
        return False
    return not any(check.missing([each for each in theirs if each.is_about_all(spared)]) for spared in inverted.actions)


def _single(
    rule: Rule, pattern: str, label: str, theirs: Sequence[Rule], check: _Resources, missing: tuple[str, ...]
) -> Iterable[tuple[str, tuple[str, ...]]]:
    """A pattern as the single actions that are missing; as a whole (``label``) where they all are, or none is known."""
    touching = [each for each in theirs if each.actions_inverted or _touches(each, pattern)]
    if not touching or ("*" not in pattern and "?" not in pattern):
        yield label, missing
        return
    known: Sequence[str] = expand(pattern)
    if rule.actions_inverted:
        known = [action for action in known if rule.is_about(action)]
    lacks: dict[str, tuple[str, ...]] = {}
    for actions, about in _alike(known, touching):
        # There are some ten thousand actions, and few groups.
        lacks |= dict.fromkeys(actions, check.missing(about))
    found = [(action, lacks[action]) for action in known if lacks[action]]
    if not found or (len(found) == len(known) and all(lacking == missing for _, lacking in found)):
        # Also where every action of today is covered: the pattern stands for those of tomorrow too.
        yield label, missing
        return
    yield from found


def _touches(rule: Rule, pattern: str) -> bool:
    """Whether a rule may be about some of the actions of a pattern: most often a known one says so at once."""
    return rule.lists_any(expand(pattern)) or any(overlap(each, literal(pattern)) for each in rule.actions)


def _alike(actions: Iterable[str], rules: Iterable[Rule]) -> list[tuple[set[str], list[Rule]]]:
    """Single actions in groups, each with the rules that are about all of it; the others are about none of it."""
    groups: list[tuple[set[str], list[Rule]]] = [(set(actions), [])]
    for rule in rules:
        split = []
        for group, about in groups:
            inside = rule.of_these(group)
            split += [(inside, [*about, rule])] if inside else []
            split += [(group - inside, about)] if len(inside) < len(group) else []
        groups = split
    return groups


def _all_but(rule: Rule) -> str:
    return f"{ALL_BUT}{', '.join(sorted(rule.written))}"


class _Resources:
    """Which resources of one rule others miss; asked again for the same others, it remembers."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._known: dict[tuple[int, ...], tuple[str, ...]] = {}

    def missing(self, others: Sequence[Rule]) -> tuple[str, ...]:
        """The resources on which no rule of ``others`` applies whenever the rule itself does."""
        key = tuple(id(other) for other in others)
        if key not in self._known:
            self._known[key] = self._missing(others)
        return self._known[key]

    def _missing(self, others: Sequence[Rule]) -> tuple[str, ...]:
        rule = self._rule
        if rule.resources_inverted:
            covered = self._together([each for each in others if _all_but_within(rule.resources, each)])
            return () if covered else (f"{ALL_BUT}{', '.join(sorted(each.text for each in rule.resources))}",)
        implied = [each for each in others if implies(rule.alternatives, each.alternatives)]
        return tuple(each.text for each in rule.resources if not self._covered(each, others, implied))

    def _covered(self, resource: Template, others: Sequence[Rule], implied: Sequence[Rule]) -> bool:
        if any(each.resources_inverted and _spares_none(resource, each) for each in implied):
            return True
        listed = [each for each in implied if not each.resources_inverted]
        if within(resource, [pattern for each in listed for pattern in each.resources]):
            return True
        return self._together(
            [
                each
                for each in others
                if (_spares_none(resource, each) if each.resources_inverted else within(resource, each.resources))
            ]
        )

    def _together(self, whole: Sequence[Rule]) -> bool:
        """Whether one of these rules applies whenever the rule itself does.

        Two statements may add up to one: with MFA, and without.
        """
        together = tuple(conjunction for each in whole for conjunction in each.alternatives)
        return implies(self._rule.alternatives, together)


def _spares_none(resource: Template, rule: Rule) -> bool:
    """Whether a rule about all resources but some is about everything that a pattern stands for."""
    return not any(overlap(resource, pattern) for pattern in rule.resources)


def _all_but_within(spared: Sequence[Template], other: Rule) -> bool:
    """Whether a rule is about every resource that fits none of ``spared``."""
    if other.resources_inverted:
        return all(within(each, spared) for each in other.resources)
    return any(each.text == "*" for each in other.resources)
