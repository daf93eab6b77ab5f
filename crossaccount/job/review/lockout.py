"""Whether new control policies would lock out the principals that deploy: those of the stacks' own config.

A stack is deployed through the roles of ``aws:assumeRoles``, each assumed from the one before it. An SCP limits what
the last role may do in its account, and whether a role of another account may assume the next one; an RCP limits who
may assume a role. If the config has no role, the deployer is any principal of the account. So a Deny without an
exception is certain, and one with a Condition on the principal is only reported.

The management account is under no control policy, so its own stack can always be deployed and take a policy back.
Still, a change that locks out another account is refused: nobody could deploy there until the policy is changed again.

Sources: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html ("Tasks and entities
not restricted by SCPs"); https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
(aws:RequestedRegion: calls of IAM are in us-east-1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crossaccount.access.estate import Levels, Organization
from crossaccount.access.estate.entities import Members, Role
from crossaccount.access.evaluation.layers import Layers
from crossaccount.access.evaluation.sides import Request, evaluate_side
from crossaccount.access.findings.changes import LOCKED_OUT
from crossaccount.access.findings.finding import Finding
from crossaccount.access.requirements import ALWAYS, NEVER, Requirements
from crossaccount.access.verdict import Decision
from crossaccount.bootstrap.deployer import actions_of, kinds_of
from crossaccount.bootstrap.scope import managed_by
from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.assume_requests import Failures, assume_role_requests, web_identity_request
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import Open, normal
from crossaccount.local.handlers.calls import OPERATIONS
from crossaccount.settings import CompiledStack, Settings

ASSUME, ASSUME_WITH_TOKEN = "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"
_GLOBAL = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_OF_CALLERS = ("aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths")
_SESSION = "crossaccount"
LOCKED_OUT_FIX = "exempt it with a Condition on aws:PrincipalArn, or leave the action out"


@dataclass(frozen=True)
class Blocked:
    """A call of a deployment that control policies deny: always, or under conditions (``certain`` is false)."""

    account: str
    caller: str
    action: str
    policy: str
    certain: bool
    named: str = ""
    """The name of the policy, and the index or Sid of its statement; empty if no single statement prevents the call."""
    statement: str = ""

    def __str__(self) -> str:
        return f"{self.message}; {LOCKED_OUT_FIX} ({LOCKED_OUT.code})"

    @property
    def message(self) -> str:
        """What is denied to whom, and by which policy."""
        how = "denies" if self.certain else "may deny"
        return f"{self.policy} {how} {self.action} to {self.caller}, which deploys {self.account}"

    def finding(self, where: str) -> Finding:
        """The same as a finding at ``where``: an error if it is certain, otherwise a warning."""
        severity = LOCKED_OUT.severity if self.certain else "warning"
        return Finding(LOCKED_OUT.code, severity, where, self.message, LOCKED_OUT_FIX)


def blocked(stacks: Iterable[CompiledStack], before: Organization, after: Organization) -> Iterator[Blocked]:
    """The first call of each stack's deployment that the control policies ``after`` an update deny, and those
    ``before`` it did not.
    """
    for each in stacks:
        yield from _Deployment(each, before, after).blocked()


class _Deployment:
    def __init__(self, deployed: CompiledStack, before: Organization, after: Organization) -> None:
        self._deployed = deployed
        self._settings = deployed.settings
        self._before, self._after = before, after

    def blocked(self) -> Iterator[Blocked]:
        doubt: Blocked | None = None
        for found in self._calls():
            if found.certain:
                yield found
                return
            doubt = doubt or found
        if doubt is not None:
            yield doubt

    def _calls(self) -> Iterator[Blocked]:
        chain = self._chain()
        last: Arn | None = None
        for index, (role, action) in enumerate(chain):
            caller = chain[index - 1][0] if index else None
            yield from self._call(caller, parse_arn(caller).account if caller else "", action, role)
            last = parse_arn(role)
        own = self._settings.account_id
        who = str(chain[-1][0]) if last is not None and last.account == own else None
        if not self._changes(own):
            return
        for action, resource in self._needed():
            yield from self._call(who, own, action, resource)

    def _chain(self) -> list[tuple[str, str]]:
        """The roles that are assumed, each with the action that assumes it."""
        failures: Failures = []
        config = self._deployed.config
        found = [
            (str(each.get("RoleArn", "")), ASSUME)
            for each in assume_role_requests(config.get("aws:assumeRoles"), _SESSION, failures)
        ]
        token = web_identity_request(config.get("aws:assumeRoleWithWebIdentity"), _SESSION, failures)
        if token is not None:
            found.insert(0, (str(token.arguments.get("RoleArn", "")), ASSUME_WITH_TOKEN))
        return [(arn, action) for arn, action in found if ":role/" in arn]

    def _needed(self) -> Iterator[tuple[str, str]]:
        """The calls that a deployment of the stack makes, and what they are about."""
        managed, settings = managed_by(self._deployed), self._settings
        for action in sorted(actions_of(managed.types, OPERATIONS)):
            for kind in kinds_of(action):
                for arn in managed.scope.arns(kind, settings.account_id, settings.partition):
                    yield action, arn

    def _changes(self, account: str) -> bool:
        return _levels(self._before, account) != _levels(self._after, account)

    def _call(self, caller: str | None, account: str, action: str, resource: str) -> Iterator[Blocked]:
        """What prevents a call after the update and did not before. ``caller`` is None if the config names no role."""
        after = _answer(self._after, caller, account, action, resource, self._settings)
        if after[0] == ALWAYS:
            return
        before = _answer(self._before, caller, account, action, resource, self._settings)
        if before[0] == after[0] or (before[0] == NEVER):
            return
        who = caller or (f"any principal of {account}" if account else "anyone who assumes the role")
        certain = after[0] == NEVER
        decision = _decision(after[1], certain)
        named, statement = (decision.policy, decision.statement) if decision else ("", "")
        words = _named(after[1], certain)
        yield Blocked(self._settings.account, who, action, words, certain, named, statement)


def _levels(organization: Organization, account: str) -> tuple[Levels, Levels]:
    return organization.service_control.get(account, ()), organization.resource_control.get(account, ())


def _answer(
    organization: Organization, caller: str | None, account: str, action: str, resource: str, settings: Settings
) -> tuple[Requirements, Layers]:
    """Under which conditions the control policies of an organisation allow a call."""
    owner = parse_arn(resource).account
    members = Members(organization.members)
    role = Role(caller or f"arn:{settings.partition}:iam::{account or owner}:role/any", membership=members.of(account))
    context = _context(role, caller is not None, bool(account), action, owner, members, settings)
    request = Request(role, action, resource, context)
    scps: Sequence[Any] = organization.service_control.get(account, ()) if account else ()
    rcps = organization.resource_control.get(owner, ()) if action.startswith(("sts:", "secretsmanager:")) else ()
    layers = Layers(
        None,
        None,
        tuple(evaluate_side("scp", level, request) for level in scps),
        tuple(evaluate_side("rcp", level, request) for level in rcps),
    )
    return layers.alternatives(), layers


def _context(
    role: Role, known: bool, placed: bool, action: str, owner: str, members: Members, settings: Settings
) -> RequestContext:
    region = settings.region if action.startswith("secretsmanager:") else _GLOBAL[settings.partition]
    always = {
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
        "aws:ResourceAccount": owner,
        **members.of(owner).keys("Resource"),
        **({"aws:RequestedRegion": region} if region else {}),
    }
    if action == ASSUME_WITH_TOKEN:
        return RequestContext.of(always, open=Open(absent=frozenset(_OF_CALLERS)))
    own = dict(role.implied)
    if not known:
        own = {key: value for key, value in own.items() if key in _OF_CALLERS[1:] and placed}
    return RequestContext.joined(normal(always), own, open=Open())


def _named(layers: Layers, certain: bool) -> str:
    """The control policies that prevent a call."""
    if (decision := _decision(layers, certain)) is not None:
        return f"{_KINDS[decision.side]} {decision.policy}, statement {decision.statement},"
    for side in layers.sides():
        if not side.allows and not side.denying:
            return f"at one level no {_KINDS[side.side]} allows the call: this implicitly"
    return "the control policies together"


def _decision(layers: Layers, certain: bool) -> Decision | None:
    """The one statement that prevents a call; None if no level's policies allow it, or several together prevent it."""
    if (decision := layers.deny()) is not None:
        return decision
    if certain or any(not side.allows and not side.denying for side in layers.sides()):
        return None
    return next((each.decision for side in layers.sides() for each in side.denying), None)


_KINDS = {"scp": "service control policy", "rcp": "resource control policy"}
