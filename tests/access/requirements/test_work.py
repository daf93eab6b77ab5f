"""How much work large documents make: counted, not timed. One question has a number of steps, however much it asks."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access.diff import coverage, diff, rules
from crossaccount.access.estate import Estate
from crossaccount.access.findings.finding import Facts
from crossaccount.access.findings.judge import judge
from crossaccount.access.paths import answers, paths
from crossaccount.access.requirements import requirement
from crossaccount.iam.conditions import satisfiable
from crossaccount.report.roles import Permissions

NOW = datetime(2026, 6, 1, tzinfo=UTC)
AUTH, WORKLOAD = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{WORKLOAD}:role/R"
KEYS = ("aws:SourceVpce", "aws:UserAgent", "sts:ExternalId", "sts:RoleSessionName", "aws:TagKeys")
OPERATORS = ("StringNotLike", "StringLikeIfExists", "StringNotEqualsIfExists", "ForAllValues:StringLike")
ACTIONS = ("sts:*", "sts:A*Role", "s3:*", "iam:Pass*", "s*:*", "ec2:Describe*", "*:*Tag*", "kms:Decrypt")


def _document(kind: str, size: int, *, of_trust: bool) -> dict[str, Any]:
    """Statements of a kind, until the document has ``size`` characters."""
    chosen = random.Random(7)
    statements = [{"Effect": "Allow", "Action": "sts:*", **(_whom() if of_trust else {"Resource": "*"})}]
    while len(json.dumps(statements)) < size:
        statement: dict[str, Any] = {"Effect": "Deny" if chosen.random() < 0.7 else "Allow"}
        inverted = kind == "inverted" and not of_trust
        statement["NotAction" if inverted else "Action"] = (
            chosen.sample(ACTIONS, 3) if not of_trust else ["sts:AssumeRole", "sts:TagSession"]
        )
        statement |= _whom() if of_trust else {"Resource": ["*", f"arn:aws:iam::{WORKLOAD}:role/{chosen.random()}*"]}
        keys = [*chosen.sample(KEYS, 2), f"aws:PrincipalTag/t{chosen.randrange(20)}"]
        for key in keys if kind != "inverted" else keys[:1]:
            values = [f"*v{chosen.randrange(40)}*" for _ in range(3)]
            statement.setdefault("Condition", {}).setdefault(chosen.choice(OPERATORS), {})[key] = values
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def _whom() -> dict[str, Any]:
    return {"Principal": {"AWS": AUTH}}


def _estate(kind: str, size: int, spared: int | None = None) -> tuple[list[dict[str, Any]], Estate]:
    """A user and a role of which each has a large document; the statement at ``spared`` left out."""
    identity, trust = (_document(kind, size, of_trust=each) for each in (False, True))
    if spared is not None:
        identity["Statement"].pop(spared)
    held = [{"PolicyName": "p", "PolicyDocument": identity}]
    user = {"UserName": "u", "Arn": f"arn:aws:iam::{AUTH}:user/u", "UserPolicyList": held}
    role = {"RoleName": "R", "Arn": ROLE, "AssumeRolePolicyDocument": trust, "RolePolicyList": held}
    details = [{"UserDetailList": [user]}, {"RoleDetailList": [role]}]
    return details, Estate.from_details(details, since=NOW)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the calls of what large documents make most of."""
    found: Counter[str] = Counter()

    def counted(of: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(of, name)

        def count(*args: Any, **more: Any) -> Any:
            found[name] += 1
            return real(*args, **more)

        monkeypatch.setattr(of, name, count)

    counted(requirement, "_hard_to_avoid")
    counted(requirement, "_tidied")
    counted(coverage, "implies")
    counted(rules.Rule, "is_about")
    return found


@pytest.mark.parametrize("kind", ["plain", "inverted"])
@pytest.mark.parametrize("size", [48_000])
def test_paths_and_findings_of_a_large_document(kind: str, size: int, work: Counter[str]):
    details, estate = _estate(kind, size)
    found = list(paths(estate))
    assert work["_hard_to_avoid"] <= 8_000
    assert work["_tidied"] <= 30_000
    work.clear()
    list(judge(details, estate, found, Facts.of(estate.accounts, {})))
    assert work["_hard_to_avoid"] <= 12_000


def test_equal_conditions_are_simplified_once_by_a_diff(work: Counter[str]):
    (_, before), (_, after) = _estate("plain", 30_000), _estate("plain", 30_000, spared=40)
    assert diff(before, after).changes
    assert work["_tidied"] <= 500


def test_a_diff_asks_of_actions_that_are_alike_together(work: Counter[str]):
    (_, before), (_, after) = _estate("inverted", 30_000), _estate("inverted", 30_000, spared=40)
    assert diff(before, after).changes
    assert work["is_about"] <= 100_000
    assert work["implies"] <= 20_000


def test_what_a_statement_spares_is_not_matched_action_by_action(monkeypatch: pytest.MonkeyPatch):
    from crossaccount.access.diff import levels

    asked = Counter[str]()
    real = levels.expand

    def expand(pattern: str) -> tuple[str, ...]:
        asked[pattern] += 1
        return real(pattern)

    monkeypatch.setattr(levels, "expand", expand)
    _, estate = _estate("inverted", 30_000)
    policies = estate.roles[ROLE].policies
    statements = len(policies[0].statements)
    assert Permissions().of(policies)
    assert sum(asked.values()) <= 12 * statements + 1_000


def _many_patterns(size: int, *, spared: int | None = None) -> Estate:
    """A role whose trust denies by many patterns on few keys, most of them long."""
    chosen = random.Random(2)
    keys = ("aws:UserAgent", "sts:RoleSessionName", "aws:RequestTag/t1")
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], **_whom()}]
    while len(json.dumps(statements)) < size:
        texts = ["*".join(chosen.choices(("a", "bc", "cab", "v"), k=chosen.randrange(2, 20))) for _ in range(10)]
        condition = {chosen.choice(OPERATORS): {key: [f"*{text}*" for text in texts]} for key in keys}
        statements.append({"Effect": "Deny", "Action": "sts:*", **_whom(), "Condition": condition})
    if spared is not None:
        statements.pop(spared)
    held = [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [_ANYTHING]}}]
    user = {"UserName": "u", "Arn": f"arn:aws:iam::{AUTH}:user/u", "UserPolicyList": held}
    trust = {"Version": "2012-10-17", "Statement": statements}
    role = {"RoleName": "R", "Arn": ROLE, "AssumeRolePolicyDocument": trust}
    return Estate.from_details([{"UserDetailList": [user]}, {"RoleDetailList": [role]}], since=NOW)


_ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_a_question_about_many_patterns_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    for cached in (satisfiable._satisfiable, requirement._needed_together, requirement._multiplied):
        cached.cache_clear()
    states = Counter[str]()
    real = satisfiable._Patterns._advanced

    def counted(self: Any, taking: int) -> int:
        states["tried"] += 1
        return real(self, taking)

    monkeypatch.setattr(satisfiable._Patterns, "_advanced", counted)
    assert list(paths(_many_patterns(20_000)))
    assert states["tried"] <= 250_000


def test_a_diff_asks_each_pair_once_a_side(monkeypatch: pytest.MonkeyPatch):
    asked = Counter[str]()
    real = answers.answer_of

    def counted(layers: Any) -> Any:
        asked["answers"] += 1
        return real(layers)

    monkeypatch.setattr(answers, "answer_of", counted)
    assert diff(_many_patterns(4_000), _many_patterns(4_000, spared=3)).changes
    assert asked["answers"] == 2


def test_without_steps_an_answer_is_as_true_and_longer():
    atom = requirement.Atom("trust", "p", "0", "StringLike", "sts:ExternalId", ("x*",))
    wide = requirement.Atom("trust", "p", "1", "StringLike", "sts:ExternalId", ("*",))
    alternatives = ((atom,), (atom, wide.negation), (wide,))
    steps = requirement.Steps(0)
    unsimplified, simplified = requirement.simplify(alternatives, steps), requirement.simplify(alternatives)
    assert requirement.implies(unsimplified, simplified)
    assert requirement.implies(simplified, unsimplified)
    assert len(simplified) <= len(unsimplified)
