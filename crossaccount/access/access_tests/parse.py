"""Access tests as data: who must get in, who must not, and what a session may then do.

``parse_access_tests`` reads the mapping of a test file (YAML is read elsewhere) and reports everything wrong with it at
once. Names become ARNs with the address book, to which ``given`` adds the accounts that only the proof needs. What
stands under ``given`` is checked no further than its keys: it has the schema of a stack, which settings own. Whether a
principal or a role exists is for the judge to say.

Errors: ``AccessTestsError``, raised with every ``Problem`` of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossaccount.access.access_tests.claims import (
    because_field,
    context_field,
    expect_field,
    principal_field,
    resource_field,
    role_field,
    session_field,
)
from crossaccount.access.access_tests.fields import Fields
from crossaccount.access.access_tests.given import given_accounts
from crossaccount.access.evaluation.context import NO_SESSION, Session
from crossaccount.access.verdict import Reason
from crossaccount.iam.conditions.context import ContextValue
from crossaccount.iam.problem import Problem

TESTS_FILE = "access-tests.yaml"
"""What a project calls the file of its access tests."""

NO_TESTS_FIX = "write access tests: who must get in and who must not"
_FILE_KEYS = ("tests", "given")
_TEST_KEYS = ("name", "principal", "role", "context", "session", "expect", "because", "then")
_THEN_KEYS = ("action", "resource", "context", "expect")


class AccessTestsError(Exception):
    """The test file cannot be used. ``problems`` are all of its errors; the text is one line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class ThenTest:
    """What the session may do, under the assumption's time and place and its own ``context``."""

    action: str
    resource: str
    expect: str
    context: Mapping[str, ContextValue] = field(default_factory=dict)


@dataclass(frozen=True)
class AccessTest:
    """One test. ``principal`` and ``role`` are the strings of the file; ``where`` is its place there."""

    name: str
    principal: str
    role: str
    principal_arn: str
    role_arn: str
    expect: str
    where: str
    index: int
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    session: Session = NO_SESSION
    because: Reason | None = None
    then: tuple[ThenTest, ...] = ()


@dataclass(frozen=True)
class AccessTests:
    """A test file. ``accounts`` is the address book with the accounts of ``given``; ``given`` is as in the file."""

    tests: tuple[AccessTest, ...]
    given: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)


def emptiness(tests: AccessTests, where: str) -> tuple[Problem, ...]:
    """A file without a test passes whatever it is held against; ``where`` names it."""
    if tests.tests:
        return ()
    return (Problem(f"{where}: tests", "has no test, and so proves nothing", [], NO_TESTS_FIX),)


def parse_access_tests(data: object, accounts: Mapping[str, str], where: str = "") -> AccessTests:
    """Read a test file. ``accounts`` maps account names to IDs; ``where`` (the file's name) stands before each problem.

    Raises:
        AccessTestsError: with every problem of the file.
    """
    root = Fields.of(data, where)
    root.only(_FILE_KEYS)
    given, known = given_accounts(root, accounts)
    items = root.sequence("tests", required=True)
    tests = tuple(_test(item, index, root, known) for index, item in enumerate(items))
    if root.problems:
        raise AccessTestsError(root.problems)
    return AccessTests(tuple(test for test in tests if test is not None), given, known)


def _test(item: object, index: int, root: Fields, accounts: Mapping[str, str]) -> AccessTest | None:
    fields = root.child(item, f"tests[{index}]")
    fields.only(_TEST_KEYS)
    principal, principal_arn = principal_field(fields, accounts)
    role, role_arn = role_field(fields, accounts)
    expect = expect_field(fields)
    test = AccessTest(
        name=fields.text("name") or f"{principal} → {role}",
        principal=principal,
        role=role,
        principal_arn=principal_arn,
        role_arn=role_arn,
        expect=expect,
        where=fields.where,
        index=index,
        context=context_field(fields),
        session=session_field(fields),
        because=because_field(fields, expect),
        then=_then(fields, expect),
    )
    return test if principal_arn and role_arn else None


def _then(fields: Fields, expect: str) -> tuple[ThenTest, ...]:
    items = fields.sequence("then")
    if items and expect == "denied":
        fields.problem("then", "a session that is expected to be denied can do nothing", "expect allowed, or drop it")
    return tuple(_then_item(item, f"then[{index}]", fields) for index, item in enumerate(items))


def _then_item(item: object, place: str, test: Fields) -> ThenTest:
    fields = test.child(item, place)
    fields.only(_THEN_KEYS)
    action = fields.text("action", required=True)
    if action and (":" not in action or "*" in action or "?" in action):
        fields.problem("action", "an action is <service>:<name>, without wildcards", "name one action", action)
    return ThenTest(action, resource_field(fields), expect_field(fields), context_field(fields))
