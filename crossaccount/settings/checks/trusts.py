"""Checks trust statements: their principals and conditions, and whether AWS accepts them in this order.

IAM refuses a trust policy that names a principal which does not exist. So an exact principal of another managed account
must be read from its stack, one of this stack must be declared in it, and a role cannot be its own. ``mode: by-name``
is the way out of each: the account is trusted, with a condition on the name. Roles of one stack that trust each other
exactly cannot be made in any order.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence

from crossaccount.iam.action_checks import check_action_known
from crossaccount.iam.arn import ACCOUNT_ID, Arn, entity_arn, is_arn, parse_arn
from crossaccount.iam.condition_syntax import check_conditions
from crossaccount.iam.names import UnknownAccount, account_name, display, has_wildcard, resolve
from crossaccount.iam.nearest import nearest
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.statements import matched_by_condition
from crossaccount.iam.validation import SERVICE, check_action, check_trust_action
from crossaccount.settings.checks.account import unknown_account
from crossaccount.settings.checks.keywords import check_keywords, may_carry, shown_value
from crossaccount.settings.draft import Draft
from crossaccount.settings.models import TrustStatement
from crossaccount.settings.models.requests import EVERYBODY, PRINCIPALS, PROVIDERS, SERVICES, Keyword, Misplaced

_KINDS = ("user", "role", "root", "assumed-role")
_BY_NAME = "`mode: by-name`"


def check_principals(draft: Draft) -> Iterator[Problem]:
    """The principals of every trust statement."""
    own = own_principals(draft)
    for name, role in draft.roles.items():
        own_arn = entity_arn(draft.account_id, "role", name, role.value.path, draft.partition)
        for index, statement in enumerate(role.value.trust):
            for position, principal in enumerate(statement.principals):
                where = f"{role.where}.trust[{index}].principals[{position}]"
                yield from _check(draft, own, own_arn, statement, principal, where)


def own_principals(draft: Draft) -> dict[str, str]:
    """ARNs of the users and roles that the stack declares, with their places, broken ones under path /; and of the
    roles that somebody else makes.
    """
    result: dict[str, str] = {}
    for section, kind in (("users", "user"), ("applications", "role"), ("roles", "role")):
        parsed = draft.parsed[section]
        for name, where in draft.declared[section].items():
            path = parsed[name].value.path if name in parsed else "/"
            result[entity_arn(draft.account_id, kind, name, path, draft.partition)] = where
    return result | dict.fromkeys(draft.outside.roles.values(), "existing.roles")


def is_role(draft: Draft, principal: str) -> bool:
    """Whether a principal is a role, by its full name or a pattern: its sessions never carry MFA."""
    try:
        arn = parse_arn(resolve(principal, draft.account_ids, draft.partition))
    except ValueError:
        return False
    return arn.service == "iam" and arn.kind == "role"


def _check(
    draft: Draft, own: Mapping[str, str], own_arn: str, statement: TrustStatement, name: str, where: str
) -> Iterator[Problem]:
    if name == "*":
        if statement.effect == "Allow" and not (statement.conditions or statement.organization):
            fix = "name an account, or add organization, or conditions that say who"
            yield Problem(where, "allows every principal of any account", name, fix)
        return
    try:
        arn = parse_arn(resolve(name, draft.account_ids, draft.partition))
    except UnknownAccount:
        yield unknown_account(draft, name, where)
        return
    except ValueError:
        yield Problem(where, "not the name of a principal", name, "write <account>, <account>/role/<name> or an ARN")
        return
    malformed = _malformed(arn, name, where)
    if malformed:
        yield malformed
    elif not matched_by_condition(str(arn), statement.mode == "by-name") and arn.kind in ("user", "role"):
        yield from _check_exact(draft, own, own_arn, arn, name, where)


def _malformed(arn: Arn, name: str, where: str) -> Problem | None:
    if has_wildcard(arn.account):
        return Problem(where, "the account of a principal has no wildcard", name, "name one account in each item")
    if arn.kind == "group":
        fix = "name its users, or trust the account and grant the group"
        return Problem(where, "a group cannot be a principal", name, fix)
    known = arn.kind in _KINDS or (arn.service == "iam" and has_wildcard(arn.kind))
    if arn.service not in ("iam", "sts") or not known or not ACCOUNT_ID.match(arn.account):
        example = "write <account>, <account>/user/<name> or <account>/role/<name>"
        return Problem(where, "only accounts, users and roles can be principals", name, example)
    if arn.service == "sts" and has_wildcard(arn.resource):
        fix = "name the role: aws:PrincipalArn of its sessions is the role's ARN"
        return Problem(where, "a session is named in full or not at all", name, fix)
    return None


def _declared_like(draft: Draft, own: Mapping[str, str], arn: Arn) -> str:
    """A principal of the same kind with nearly the same name, under whatever path."""
    known = {parse_arn(text).name: text for text in own if parse_arn(text).kind == arn.kind}
    near = nearest(arn.name, known)
    return f"did you mean `{display(known[near], draft.account_ids)}`?" if near else f"declare it, or add {_BY_NAME}"


def _check_exact(
    draft: Draft, own: Mapping[str, str], own_arn: str, arn: Arn, name: str, where: str
) -> Iterator[Problem]:
    account = account_name(arn.account, draft.account_ids)
    if arn.account == draft.account_id:
        if str(arn) == own_arn:
            what = "a role cannot be trusted exactly by itself: it does not exist yet when its trust is written"
            yield Problem(where, what, name, f"add {_BY_NAME}")
        elif str(arn) not in own and not draft.incomplete & {"users", "applications", "roles"}:
            what = "the stack declares no such principal, and IAM refuses a principal that does not exist"
            yield Problem(where, what, name, _declared_like(draft, own, arn))
    elif account in draft.accounts and draft.accounts[account].value.stack and account not in draft.reads:
        what = f"an exact principal of {account}, which is not under reads: it may not exist yet"
        fix = f"add reads: [{', '.join([*draft.reads, account])}], or {_BY_NAME}"
        if account in draft.read_by:
            what = f"an exact principal of {account}, which is deployed later: its stack reads this one"
            fix = f"add {_BY_NAME}"
        yield Problem(where, what, name, fix)


_LABEL = re.compile(r"\A[a-z][a-z0-9-]*\Z")


def check_trusts(draft: Draft) -> Iterator[Problem]:
    """The trust statements of roles and the services of applications; who the principals are is checked elsewhere."""
    for placed in draft.applications.values():
        where = f"{placed.where}.services"
        if not placed.value.services:
            yield Problem(where, "names no service", [], "name at least one, such as lambda.amazonaws.com")
        yield from _check_services(placed.value.services, where)
        yield from check_conditions(placed.value.conditions, f"{placed.where}.conditions")
    for role in draft.roles.values():
        if not role.value.trust:
            fix = "add a statement, such as {principals: [<account>]}"
            yield Problem(f"{role.where}.trust", "a role without a trust is useless", [], fix)
        for index, statement in enumerate(role.value.trust):
            yield from _check_statement(draft, statement, f"{role.where}.trust[{index}]")


def _check_statement(draft: Draft, statement: TrustStatement, where: str) -> Iterator[Problem]:
    if not statement.names_somebody:
        fix = "add principals: [<account>], services: [<service>.amazonaws.com], or a provider's keyword such as github"
        yield Problem(where, "a trust statement needs at least one principal or service", NOT_GIVEN, fix)
    yield from _check_services(statement.services, f"{where}.services")
    yield from _check_actions(statement.actions, f"{where}.actions")
    yield from check_conditions(statement.conditions, f"{where}.conditions")
    yield from _check_sources(draft, statement, where)
    if statement.names_somebody:
        yield from _check_keywords(draft, statement, where)


def _check_sources(draft: Draft, statement: TrustStatement, where: str) -> Iterator[Problem]:
    for index, account in enumerate(statement.source_account):
        if account not in draft.account_ids and not ACCOUNT_ID.match(account):
            yield unknown_account(draft, account, f"{where}.source_account[{index}]")
    for index, arn in enumerate(statement.source_arn):
        if statement.source_account:
            break
        if arn.strip("*:") == "" or (is_arn(arn) and not arn.split(":")[4].strip("*?") and ":s3:" not in arn):
            what = "names no account, so any account can make the service use the role"
            yield Problem(f"{where}.source_arn[{index}]", what, arn, "write the account's ID, or add source_account")


def _check_services(services: Sequence[str], where: str) -> Iterator[Problem]:
    for index, service in enumerate(services):
        if not SERVICE.match(service):
            fix = f"write {service}.amazonaws.com" if _LABEL.match(service) else "write <service>.amazonaws.com"
            yield Problem(f"{where}[{index}]", "a service principal ends in .amazonaws.com", service, fix)


def _check_actions(actions: Sequence[str], where: str) -> Iterator[Problem]:
    if not actions:
        yield Problem(where, "names no action", [], "remove the line to mean sts:AssumeRole")
    for index, action in enumerate(actions):
        place = f"{where}[{index}]"
        yield from check_action(action, place) or check_trust_action(action, place) or check_action_known(action, place)


def _check_keywords(draft: Draft, statement: TrustStatement, where: str) -> Iterator[Problem]:
    """Whether the operators can compare the values, the principals can meet them, and the effect may carry them."""
    yield from check_keywords(statement, statement.effect, where)
    for name, keyword in statement.keywords().items():
        if may_carry(keyword, statement.effect) and (misplaced := _misplaced(draft, statement, keyword)):
            severity = "warning" if misplaced.code else "error"
            shown = shown_value(getattr(statement, name))
            yield Problem(f"{where}.{name}", misplaced.what, shown, misplaced.fix, severity, misplaced.code)


def _misplaced(draft: Draft, statement: TrustStatement, keyword: Keyword) -> Misplaced | None:
    named = statement.named_kinds()
    if not named & keyword.applies_to:
        given = keyword.providers_alone if PROVIDERS in named else keyword.services_alone
        named_in_words = " and ".join(_IN_WORDS[kind] for kind in sorted(named))
        default = Misplaced(f"{named_in_words} cannot meet it", "remove it", "")
        return (given or default) if keyword.applies_to != EVERYBODY else None
    if statement.principals and keyword.roles_alone and all(is_role(draft, name) for name in statement.principals):
        return keyword.roles_alone
    return None


_IN_WORDS = {PRINCIPALS: "users and roles", PROVIDERS: "users of an identity provider", SERVICES: "services"}


def check_cycles(draft: Draft) -> Iterator[Problem]:
    """One problem for each cycle, at the role that is declared first; a role alone is another check's."""
    trusts = _in_cycles(_trusts(draft))
    reported: set[frozenset[str]] = set()
    for name in trusts:
        cycle = _cycle(name, trusts)
        if len(cycle) > 1 and frozenset(cycle) not in reported:
            reported.add(frozenset(cycle))
            shown = " → ".join([*cycle, name])
            what = f"roles that trust each other exactly cannot be made in any order: {shown}"
            fix = "add `mode: by-name` to one of these trust statements"
            yield Problem(f"{draft.roles[name].where}.trust", what, NOT_GIVEN, fix)


def _trusts(draft: Draft) -> dict[str, tuple[str, ...]]:
    """By role: the roles of the stack that its trust policy names exactly."""
    own = {
        entity_arn(draft.account_id, "role", name, role.value.path, draft.partition): name
        for name, role in draft.roles.items()
    }
    result: dict[str, tuple[str, ...]] = {}
    for name, role in draft.roles.items():
        found: dict[str, None] = {}
        for statement in role.value.trust:
            for principal in statement.principals:
                try:
                    arn = resolve(principal, draft.account_ids, draft.partition)
                except ValueError:
                    continue
                if arn in own and not matched_by_condition(arn, statement.mode == "by-name"):
                    found[own[arn]] = None
        result[name] = tuple(found)
    return result


def _in_cycles(trusts: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The part of the graph that can have a cycle: roles without trusted roles are removed, repeatedly.

    Each role and each trust is looked at once, so that a stack without a cycle costs no search.
    """
    trusted_by: dict[str, list[str]] = defaultdict(list)
    left = {name: len(others) for name, others in trusts.items()}
    for name, others in trusts.items():
        for other in others:
            trusted_by[other].append(name)
    ended = [name for name, count in left.items() if count == 0]
    while ended:
        for name in trusted_by[ended.pop()]:
            left[name] -= 1
            if left[name] == 0:
                ended.append(name)
    kept = {name for name, count in left.items() if count}
    return {name: tuple(each for each in trusts[name] if each in kept) for name in trusts if name in kept}


def _cycle(start: str, trusts: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The shortest way from ``start`` back to itself, without its end; empty if there is none."""
    reached: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        role = waiting.popleft()
        for other in trusts[role]:
            if other == start:
                way = [role]
                while way[-1] != start:
                    way.append(reached[way[-1]])
                return way[::-1]
            if other not in reached:
                reached[other] = role
                waiting.append(other)
    return []
