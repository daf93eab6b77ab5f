"""What two versions of a project's proof say: what the later one no longer proves, or accepts that the earlier did not.

A test is a claim. It still stands where a test of the same principal and role expects the same under the same context
and session, for the same reason, with everything that followed. Whatever else became of it is told. What is given only
has to be there still: a stranger that is no longer given is kept out by its absence, whatever any trust says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from crossaccount.access.access_tests.parse import AccessTest, AccessTests, ThenTest

Kind = Literal[
    "test-removed", "test-changed", "given-changed", "given-added", "suppression-added", "quota-raised", "unread"
]


@dataclass(frozen=True)
class Weakened:
    """One thing that is proven less. ``before`` and ``after`` are as the files say it; None where there is nothing."""

    kind: Kind
    where: str
    what: str
    before: Any = None
    after: Any = None

    def to_json(self) -> dict[str, Any]:
        """An item of ``weakened`` in the commands' JSON."""
        return {
            "kind": self.kind,
            "where": self.where,
            "what": self.what,
            "before": self.before,
            "after": self.after,
        }


def weakened_tests(before: AccessTests, after: AccessTests, file: str) -> Iterator[Weakened]:
    """Tests that are gone or prove less, and what is no longer given as it was. ``file`` names the tests."""
    kept = [test for test in after.tests if any(_is_kept(test, old) for old in before.tests)]
    left = [test for test in after.tests if test not in kept]
    for old in before.tests:
        if any(_is_kept(test, old) for test in kept):
            continue
        where = f"{file}: {old.name}"
        new = _counterpart(old, left)
        if new is None:
            yield Weakened("test-removed", where, "the test is gone", _claim(old))
            continue
        left.remove(new)
        yield Weakened("test-changed", where, "; ".join(_differences(old, new)), _claim(old), _claim(new))
    yield from _weakened_given(before.given, after.given, file)


def _is_kept(new: AccessTest, old: AccessTest) -> bool:
    return _ends(new) == _ends(old) and not list(_differences(old, new))


def _ends(test: AccessTest) -> tuple[object, ...]:
    return test.principal_arn, test.role_arn, test.selected


def _counterpart(old: AccessTest, left: list[AccessTest]) -> AccessTest | None:
    """What a test has become: of the same name and ends, else of the same ends, else of the same name."""
    ranked = [(test.name == old.name) + 2 * (_ends(test) == _ends(old)) for test in left]
    best = max(ranked, default=0)
    return left[ranked.index(best)] if best else None


def _differences(old: AccessTest, new: AccessTest) -> Iterator[str]:
    if old.principal_arn != new.principal_arn:
        yield f"the principal is {new.principal_arn}, before {old.principal_arn}"
    if old.role_arn != new.role_arn:
        yield f"the role is {new.role_arn}, before {old.role_arn}"
    if old.reach != new.reach:
        yield f"is about {_about(new)}, before about {_about(old)}"
    if old.expect != new.expect:
        yield f"expects {new.expect}, before {old.expect}"
    if old.because and old.because != new.because:
        yield f"because {new.because or 'of anything'}, before {old.because}"
    if dict(old.context) != dict(new.context):
        yield "another context"
    if old.at != new.at:
        yield "another date"
    if old.session != new.session:
        yield "another session"
    for item in old.then:
        if not any(item in (each, each if item.because else replace(each, because=None)) for each in new.then):
            yield f"then no longer says that {item.action} on {item.resource} is {item.expect}" + _under(item)


def _about(test: AccessTest) -> str:
    return "every way" if test.reach else "one call"


def _under(item: ThenTest) -> str:
    because = f" because of {item.because}" if item.because else ""
    return because + (" under its context" if item.context else "")


def _claim(test: AccessTest) -> dict[str, Any]:
    claim: dict[str, Any] = {"principal": test.principal, "role": test.role}
    claim["reach" if test.reach else "expect"] = test.expect
    if test.context:
        claim["context"] = dict(test.context)
    if test.because:
        claim["because"] = test.because
    if test.then:
        claim["then"] = [
            {
                "action": each.action,
                "resource": each.resource,
                "expect": each.expect,
                **({"because": each.because} if each.because else {}),
            }
            for each in test.then
        ]
    return claim


def _weakened_given(
    before: Mapping[str, Mapping[str, object]], after: Mapping[str, Mapping[str, object]], file: str
) -> Iterator[Weakened]:
    now = dict(_given(after))
    for place, old in _given(before):
        if place not in now:
            yield Weakened("given-changed", f"{file}: given.{place}", "is no longer given", old)
        elif now[place] != old:
            yield Weakened("given-changed", f"{file}: given.{place}", "is given otherwise", old, now[place])


def _given(given: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, Any]]:
    """Every user, group, application, role and policy that is given, by its place."""
    for account, entry in given.items():
        for part in ("policies", "trusted", "trusting"):
            section = entry.get(part)
            if not isinstance(section, Mapping):
                continue
            kinds = {part: section} if part == "policies" else {f"{part}.{key}": each for key, each in section.items()}
            for kind, items in kinds.items():
                if isinstance(items, Mapping):
                    yield from ((f"{account}.{kind}.{name}", item) for name, item in items.items())
