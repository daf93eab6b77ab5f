"""Trust statements: what they ask for, and of whom it can be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crossaccount.iam.action_checks import check_action_known
from crossaccount.iam.condition_syntax import check_conditions, check_values
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.validation import SERVICE, check_action, check_trust_action
from crossaccount.settings.checks.principals import is_role
from crossaccount.settings.draft import Draft
from crossaccount.settings.models import TrustStatement
from crossaccount.settings.models.base import Model
from crossaccount.settings.models.trusts import Keyword, Misplaced

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
        yield from _check_keywords(draft, statement, where)


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
    for name, keyword in statement.keywords().items():
        value = getattr(statement, name)
        place, shown = f"{where}.{name}", _shown(value)
        if isinstance(value, tuple):
            yield from check_values(keyword.operator, value, place)
        if statement.effect == "Deny" and not keyword.may_deny:
            what = "with effect Deny it would keep out just those who meet it"
            yield Problem(place, what, shown, "write what you mean under conditions")
        elif misplaced := _misplaced(draft, statement, keyword):
            severity = "warning" if misplaced.code else "error"
            yield Problem(place, misplaced.what, shown, misplaced.fix, severity, misplaced.code)


def _misplaced(draft: Draft, statement: TrustStatement, keyword: Keyword) -> Misplaced | None:
    if not statement.principals:
        return keyword.services_alone
    if keyword.roles_alone and all(is_role(draft, name) for name in statement.principals):
        return keyword.roles_alone
    return None


def _shown(value: object) -> object:
    """The value of a keyword as the config would say it."""
    if isinstance(value, Model):
        return value.model_dump(exclude_none=True) or True
    return list(value) if isinstance(value, tuple) else value
