"""The conditions of a gain or loss: those of its statement, and those of denies and boundaries that certainly apply.

They are never too strict: whoever gains a call meets them. A Deny counts if it covers the whole gap, a boundary if each
of its statements covers the whole gap or none of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossaccount.access.diff.coverage import Gap, is_about_all_of, may_be_about
from crossaccount.access.diff.rules import Rule
from crossaccount.access.requirements import NEVER, Requirements, both, either
from crossaccount.access.requirements.requirement import Steps, without


def conditions_of(gap: Gap, denies: Sequence[Rule], bounds: Sequence[Rule] = ()) -> Requirements:
    """The conditions on which what is in ``gap`` may be done, at the time of ``denies`` and ``bounds``.

    ``bounds`` are the rules of a boundary, none where nothing limits.
    """
    limiting = [rule for rule in bounds if not rule.allows]
    denying = [deny.conditions for deny in (*denies, *limiting) if is_about_all_of(deny, gap)]
    steps = Steps()
    found = without(gap.rule.alternatives, denying, steps)
    allowing = [rule for rule in bounds if rule.allows and may_be_about(rule, gap)]
    if allowing and all(is_about_all_of(rule, gap) for rule in allowing):
        found = both(found, either(*(rule.alternatives for rule in allowing), steps=steps), steps)
    # If no condition remains possible, the statement has no effect; its own conditions are shown.
    return gap.rule.alternatives if found == NEVER else found
