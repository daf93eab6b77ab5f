"""Trust statements: what they ask for, and of whom it can be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crossaccount.iam.action_checks import check_action_known
from crossaccount.iam.condition_syntax import check_conditions
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.validation import SERVICE, check_action, check_trust_action
from crossaccount.settings.checks.principals import is_role
from crossaccount.settings.draft import Draft
from crossaccount.settings.models import TrustStatement

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
            yield Problem(f"{role.where}.trust", "a role that nobody may assume is of no use", [], fix)
        for index, statement in enumerate(role.value.trust):
            yield from _check_statement(draft, statement, f"{role.where}.trust[{index}]")


def _check_statement(draft: Draft, statement: TrustStatement, where: str) -> Iterator[Problem]:
    if not statement.principals and not statement.services:
        fix = "add principals: [<account>], or services: [<service>.amazonaws.com]"
        yield Problem(where, "a trust statement needs at least one principal or service", NOT_GIVEN, fix)
    yield from _check_services(statement.services, f"{where}.services")
    yield from _check_actions(statement.actions, f"{where}.actions")
    yield from check_conditions(statement.conditions, f"{where}.conditions")
    if statement.principals or statement.services:
        yield from _check_demands(draft, statement, where)


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


def _check_demands(draft: Draft, statement: TrustStatement, where: str) -> Iterator[Problem]:
    """External IDs and MFA: only principals can meet them, and only people have a second factor."""
    demands = [name for name, value in (("external_id", statement.external_id), ("mfa", statement.mfa)) if value]
    if statement.effect == "Deny":
        for demand in demands:
            what = "with effect Deny it would keep out just those who meet it"
            yield Problem(f"{where}.{demand}", what, _shown(statement, demand), "write what you mean under conditions")
        return
    if statement.external_id and not statement.principals:
        fix = "remove it, or use conditions such as {StringEquals: {aws:SourceAccount: …}}"
        yield Problem(f"{where}.external_id", "services pass no external ID", list(statement.external_id), fix)
    if statement.mfa is None:
        return
    if not statement.principals:
        what, fix, code = "services have no second factor, so nobody is asked for it", "remove it", "XA115"
    elif all(is_role(draft, name) for name in statement.principals):
        what, code = "a session of a role never carries MFA, so nobody gets in", "XA101"
        fix = "remove it, or ask for an external_id"
    else:
        return
    yield Problem(f"{where}.mfa", what, _shown(statement, "mfa"), fix, "warning", code)


def _shown(statement: TrustStatement, demand: str) -> object:
    if demand == "external_id":
        return list(statement.external_id)
    age = statement.mfa.max_age if statement.mfa else None
    return True if age is None else {"max_age": age}
