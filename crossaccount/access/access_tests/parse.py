"""Parses access tests: which principals must be allowed or denied, and what a session may then do.

``parse_access_tests`` reads the mapping of a test file (YAML is read elsewhere) and reports everything wrong with it at
once. Names become ARNs with the address book, to which ``given`` adds the accounts that only the proof needs. ``given``
is checked no further than its keys: it has the schema of a stack, which settings own. Whether a principal or a role
exists is for the judge to say.

Errors: ``AccessTestsError``, raised with every ``Problem`` of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import cast

from crossaccount.access.access_tests.fields import Fields
from crossaccount.access.access_tests.given import given_accounts
from crossaccount.access.access_tests.selectors import FORMS, Selected, Selection, form_problem, is_selector
from crossaccount.access.estate import Estate
from crossaccount.access.evaluation.callers import AWS_PROVIDERS, is_provider, is_service
from crossaccount.access.evaluation.context import NO_SESSION, Session
from crossaccount.access.evaluation.evaluate import is_session
from crossaccount.access.verdict import REASONS, Reason
from crossaccount.iam.arn import ACCOUNT_ID, Arn, parse_arn
from crossaccount.iam.conditions.context import ContextValue
from crossaccount.iam.documents import value_text
from crossaccount.iam.names import UnknownAccount, has_wildcard, principal_arn, resolve
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, BadInput, Problem

ANY_RESOURCE = "*"
S3_ARN = "arn:aws:s3:::"
EXPECTATIONS = ("allowed", "denied")
_SESSION_KEYS = ("tags", "transitive_tag_keys", "source_identity", "context")


def principal_field(fields: Fields, accounts: Mapping[str, str]) -> tuple[str, str]:
    """The caller, as name and ARN: any principal of ``paths``, or an account's root (which must be denied).

    That is a user, a role, a role's session, an identity provider of IAM, all by name or ARN; or a service or one of
    AWS's own providers, which have a host's name and no ARN.
    """
    text = fields.data.get("principal")
    if isinstance(text, str) and is_selector(text):
        return _selector(fields, "principal", text)
    if isinstance(text, str) and text.partition("/")[0] not in accounts and (is_service(text) or text in AWS_PROVIDERS):
        return text, text
    name, arn = _resolved(fields, "principal", accounts)
    if arn is not None and not _may_call(arn):
        what = "must be a user, a role, a session, an account, an identity provider or a service"
        fields.problem("principal", what, "write <account>/user/<name>", name)
    return name, str(arn) if arn else ""


def _may_call(arn: Arn) -> bool:
    if arn.resource == "root":
        return arn.service == "iam"
    named = "/" in arn.resource and not arn.resource.endswith("/")
    return named and (principal_arn(arn) or is_session(str(arn)) or (arn.service == "iam" and is_provider(str(arn))))


def role_field(fields: Fields, accounts: Mapping[str, str]) -> tuple[str, str]:
    """The role to assume: the name as written, and its ARN; of a selector the same text twice."""
    text = fields.data.get("role")
    if isinstance(text, str) and is_selector(text):
        return _selector(fields, "role", text)
    name, arn = _resolved(fields, "role", accounts)
    if arn is not None and (arn.service, arn.kind, "/" in arn.resource) != ("iam", "role", True):
        fields.problem("role", "must be a role", "write <account>/role/<name>", name)
    return name, str(arn) if arn else ""


def _selector(fields: Fields, key: str, text: str) -> tuple[str, str]:
    if what := form_problem(key, text):
        fields.problem(key, what, FORMS, text)
    return text, text


def within_field(fields: Fields, *, selected: bool) -> tuple[str, ...]:
    """The accounts that a selector is limited to: a text, or a list of texts."""
    value = fields.data.get("in")
    values = [value] if isinstance(value, str) else fields.sequence("in")
    if value is not None and not selected:
        fields.problem("in", "limits a selector, and the test has none", "remove it", value)
    texts = tuple(each for each in values if isinstance(each, str) and each)
    if len(texts) != len(values):
        fields.problem("in", "must be names of accounts, with * and ? as wildcards", "write in: [prod-*]", value)
    return texts


def resource_field(fields: Fields) -> str:
    """What the action is done to: an ARN, or ``*`` for an action that takes no resource."""
    text = fields.text("resource", required=True)
    try:
        if text and text != ANY_RESOURCE:
            parse_arn(text)
    except ValueError:
        fix = (
            f"write {S3_ARN}{text.removeprefix('s3://')}" if text.startswith("s3://") else f"such as {S3_ARN}bucket/key"
        )
        fields.problem("resource", "must be an ARN, or * for an action without a resource", fix, text)
    return text


def expect_field(fields: Fields) -> str:
    """What the verdict must be."""
    return fields.choice("expect", EXPECTATIONS, required=True)


def because_field(fields: Fields, expect: str) -> Reason | None:
    """The reason that a denial must have."""
    reason = fields.choice("because", REASONS)
    if reason and expect == "allowed":
        fields.problem("because", "only a denial has a reason", "drop it, or expect denied", reason)
    return cast(Reason, reason) if reason else None


def session_field(fields: Fields) -> Session:
    """The session tags, the source identity and the context that the assumption passes."""
    session = fields.mapping("session")
    session.only(_SESSION_KEYS)
    tags, context = _texts(session.mapping("tags")), _texts(session.mapping("context"))
    return Session(tags, session.text("source_identity") or None, context, _transitive(session, tags))


def _transitive(session: Fields, tags: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of the tags that a chain keeps: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html."""
    known = {key.lower() for key in tags}
    found = []
    for index, key in enumerate(session.sequence("transitive_tag_keys")):
        if isinstance(key, str) and key.lower() in known:
            found.append(key)
        else:
            session.problem(
                f"transitive_tag_keys[{index}]", "is not the key of a tag of this session", "add it to tags", key
            )
    return tuple(found)


def context_field(fields: Fields) -> dict[str, ContextValue]:
    """The condition keys that are given; a multivalued key is a list."""
    context = fields.mapping("context")
    found: dict[str, ContextValue] = {}
    for key, value in context.data.items():
        if ":" not in key:
            context.problem(key, "a condition key is <prefix>:<name>", "write it like aws:SourceIp")
        if isinstance(value, (list, tuple)):
            found[key] = [text for item in value if (text := _scalar(context, key, item)) is not None]
        elif (text := _scalar(context, key, value)) is not None:
            found[key] = text
    return found


def _resolved(fields: Fields, key: str, accounts: Mapping[str, str]) -> tuple[str, Arn | None]:
    name = fields.text(key, required=True)
    if not name:
        return "", None
    try:
        arn = parse_arn(resolve(name, accounts))
    except UnknownAccount:
        known = did_you_mean(name.partition("/")[0], accounts, "add it to the address book, or give its 12-digit ID")
        fields.problem(key, "unknown account", known, name)
        return name, None
    except ValueError:
        fields.problem(key, "neither a name nor an ARN", "write <account>/role/<name>, or a full ARN", name)
        return name, None
    if has_wildcard(name) or not ACCOUNT_ID.match(arn.account):
        fields.problem(key, "must be exactly one user, role or account of a 12-digit account", "name it in full", name)
        return name, None
    return name, arn


def _texts(fields: Fields) -> dict[str, str]:
    return {key: text for key, value in fields.data.items() if (text := _scalar(fields, key, value)) is not None}


def _scalar(fields: Fields, key: str, value: object) -> str | None:
    """A value as IAM compares it; YAML's numbers, booleans and dates are texts to IAM."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (str, bool, int, float)):
        return value_text(value)
    fields.problem(key, "must be a text, or a list of texts", "write it in quotes", value)
    return None


TESTS_FILE = "access-tests.yaml"
"""What a project calls the file of its access tests."""

NO_TESTS_FIX = "write access tests: who must get in and who must not"
_FILE_KEYS = ("tests", "given")
_TEST_KEYS = ("name", "principal", "role", "in", "at", "context", "session", "expect", "reach", "because", "then")
_OF_ONE_CALL = ("because", "then", "session")
_THEN_KEYS = ("action", "resource", "context", "expect", "because")


class AccessTestsError(BadInput):
    """The test file cannot be used. ``problems`` are all of its errors; the text is one line for each."""


@dataclass(frozen=True)
class ThenTest:
    """What the session may do, under the assumption's time and place and its own ``context``."""

    action: str
    resource: str
    expect: str
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    because: Reason | None = None


@dataclass(frozen=True)
class AccessTest:
    """One test. ``principal`` and ``role`` are the strings of the file; ``where`` is its place there.

    With ``reach`` it is about every way, through other roles too: ``expect`` is then what ``reach`` says.
    """

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
    reach: bool = False
    at: datetime | None = None
    """The moment of the call; None means now."""
    selected: Selected | None = None
    """The selectors of the file, of which this is the test or, in results, one of the rows."""


@dataclass(frozen=True)
class AccessTests:
    """A test file. ``accounts`` is the address book including the accounts of ``given``; ``given`` is as in the
    file.
    """

    tests: tuple[AccessTest, ...]
    given: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)


def emptiness(tests: AccessTests, where: str) -> tuple[Problem, ...]:
    """A warning for a file without tests, which would always pass; ``where`` names it."""
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
    by_selector = is_selector(principal) or is_selector(role)
    within = within_field(fields, selected=by_selector)
    selected = Selected(principal, role, within) if by_selector else None
    reach = _reach_field(fields)
    expect = reach or expect_field(fields)
    test = AccessTest(
        name=fields.text("name") or (str(selected) if selected else f"{principal} → {role}"),
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
        reach=bool(reach),
        at=_at_field(fields),
        selected=selected,
    )
    return test if principal_arn and role_arn else None


def expanded(tests: AccessTests, estate: Estate) -> AccessTests:
    """The tests with a row for each principal and role that a selector means in an estate.

    Raises:
        AccessTestsError: a selector means nobody.
    """
    selection = Selection(estate, tests.accounts)
    problems: list[Problem] = []
    rows: list[AccessTest] = []
    for test in tests.tests:
        if test.selected is None:
            rows.append(test)
            continue
        pairs = selection.pairs(test.selected, test.principal_arn, test.role_arn)
        problems += [] if pairs else [selection.problem(test.where, test.selected)]
        rows += (_row(test, selection, principal, role) for principal, role in pairs)
    if problems:
        raise AccessTestsError(problems)
    return replace(tests, tests=tuple(rows))


def _row(test: AccessTest, selection: Selection, principal_arn: str, role_arn: str) -> AccessTest:
    principal, role = selection.shown(principal_arn), selection.shown(role_arn)
    own_name = "" if test.name == str(test.selected) else f"{test.name}: "
    return replace(
        test,
        name=f"{own_name}{principal} → {role}",
        principal=principal,
        role=role,
        principal_arn=principal_arn,
        role_arn=role_arn,
    )


def _at_field(fields: Fields) -> datetime | None:
    """The moment of the call, in UTC; a day means its beginning."""
    value = fields.data.get("at")
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    except ValueError:
        value = None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    fields.problem("at", "must be a date", "write it such as 2027-03-31, or 2027-03-31T18:00:00Z", fields.data["at"])
    return None


def _reach_field(fields: Fields) -> str:
    """The value of ``reach``; empty if the test is about one call."""
    if "reach" not in fields.data:
        return ""
    reach = fields.choice("reach", EXPECTATIONS, required=True)
    if "expect" in fields.data:
        fields.problem("reach", "a test has expect (one call) or reach (any way), not both", "write two tests", reach)
    for key in _OF_ONE_CALL:
        if key in fields.data:
            fields.problem(key, "is of one call, and reach is about every way", "drop it, or write expect", NOT_GIVEN)
    return reach or EXPECTATIONS[1]


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
    resource, expect = resource_field(fields), expect_field(fields)
    return ThenTest(action, resource, expect, context_field(fields), because_field(fields, expect))
