"""What IAM's actions can be done to: the users, roles, groups and policies of each account, and what is known of them.

Where a source does not say whether a user may sign in, or which roles an instance may have, both are taken to be so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossaccount.access.closure.methods import Method, Target, Where
from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.estate.policies import Details, Policies
from crossaccount.access.findings.documents import is_changeable
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import ContextValue
from crossaccount.iam.names import has_wildcard

Entity = Mapping[str, Any]
_LISTS: Mapping[Target, tuple[str, str]] = {
    "role": ("RoleDetailList", "RolePolicyList"),
    "user": ("UserDetailList", "UserPolicyList"),
    "group": ("GroupDetailList", "GroupPolicyList"),
    "policy": ("Policies", ""),
}
_NOTHING = RequestContext.of()
_ADMINISTRATOR = "arn:{}:iam::aws:policy/AdministratorAccess"
"""What somebody would attach who may attach anything."""


class Targets:
    """The entities of each account by kind."""

    def __init__(self, details: Sequence[Details]) -> None:
        self._found: dict[tuple[str, Target], dict[str, Entity]] = {}
        self._matches: dict[tuple[int, str, Target], tuple[str, ...]] = {}
        self._keys: dict[tuple[str, str], Mapping[str, ContextValue]] = {}
        self._suits: dict[tuple[str, str], bool] = {}
        self._known = Policies(details)
        self._held: set[str] = set()
        for account in details:
            for kind, (name, _) in _LISTS.items():
                for entity in account.get(name) or ():
                    self._add(kind, entity)

    def _add(self, kind: Target, entity: Entity) -> None:
        arn = str(entity["Arn"])
        self._held.update(str(policy["PolicyArn"]) for policy in entity.get("AttachedManagedPolicies") or ())
        self._held.update(filter(None, [_boundary(entity)]))
        if is_changeable(arn) and parse_arn(arn).account != "aws":
            self._found.setdefault((parse_arn(arn).account, kind), {})[arn] = entity

    def matching(
        self, statement: CompiledStatement, principal: Principal, kind: Target, context: RequestContext
    ) -> Sequence[str]:
        """The entities that a statement's resources cover or may cover, found once per statement and account.

        ``context`` is the principal's own, for the policy variables of the resources.
        """
        found = self._found.get((principal.account, kind), {})
        if statement.has_variables:
            filled = [each.exact(context.single) for each in statement.resources]
            exact = not statement.resources_inverted and not any(each is None or has_wildcard(each) for each in filled)
            candidates = [arn for arn in filled if arn in found] if exact else found
            return [arn for arn in candidates if arn is not None and statement.on(arn, context) is not False]
        key = (id(statement), principal.account, kind)
        if key not in self._matches:
            wild = statement.resources_inverted or any(has_wildcard(each.text) for each in statement.resources)
            texts: Iterable[str] = found if wild else [each.text for each in statement.resources]
            self._matches[key] = tuple(sorted(arn for arn in texts if arn in found and statement.on(arn, _NOTHING)))
        return self._matches[key]

    def suits(self, method: Method, arn: str) -> bool:
        """Whether a target is as the method needs it."""
        if (method.where, arn) not in self._suits:
            self._suits[method.where, arn] = not method.where or self._is(
                method.where, method.target, self._entity(method, arn)
            )
        return self._suits[method.where, arn]

    def keys(self, method: Method, arn: str) -> Mapping[str, ContextValue]:
        """The condition keys of a request that does it to a target; what is not among them is not in the request.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
        """
        if (method.action, arn) not in self._keys:
            self._keys[method.action, arn] = self._asked(method, arn)
        return self._keys[method.action, arn]

    def _asked(self, method: Method, arn: str) -> dict[str, ContextValue]:
        entity, parsed = self._entity(method, arn), parse_arn(arn)
        keys: dict[str, ContextValue] = {"aws:ResourceAccount": parsed.account}
        if parsed.partition == "aws":
            keys["aws:RequestedRegion"] = "us-east-1"  # IAM's own, whoever calls
        for tag in entity.get("Tags") or ():
            keys |= {f"{prefix}:ResourceTag/{tag['Key']}": str(tag["Value"]) for prefix in ("aws", "iam")}
        everything = _ADMINISTRATOR.format(parsed.partition)
        verb = method.action.removeprefix("iam:")
        if boundary := everything if verb.endswith("PermissionsBoundary") and verb[0] == "P" else _boundary(entity):
            keys["iam:PermissionsBoundary"] = boundary
        if verb.startswith("Attach"):
            keys["iam:PolicyARN"] = everything
        elif verb.startswith("Detach") and (denying := self._denying(entity)):
            keys["iam:PolicyARN"] = denying[0]
        return keys

    def _entity(self, method: Method, arn: str) -> Entity:
        return self._found[parse_arn(arn).account, method.target][arn]

    def _is(self, where: Where, kind: Target, entity: Entity) -> bool:
        boundary, held = self._known.boundary(entity), str(entity["Arn"]) in self._held
        inline = entity.get(_LISTS[kind][1])
        answers = {
            "unbounded": lambda: boundary is None or is_everything(boundary),
            "bounded": lambda: boundary is not None,
            "held": lambda: held,
            "older version": lambda: (
                str(entity["Arn"]) in self._held and len(entity.get("PolicyVersionList") or ()) > 1
            ),
            "granting": lambda: bool(inline or entity.get("AttachedManagedPolicies")),
            "login": lambda: entity.get("LoginProfile", True) is not None,
            "no login": lambda: not entity.get("LoginProfile"),
            "inline deny": lambda: any(map(_denies, self._known.inline(inline))),
            "deny": lambda: bool(self._denying(entity)),
        }
        return answers[where]()

    def _denying(self, entity: Entity) -> list[str]:
        attached = self._known.attached(entity.get("AttachedManagedPolicies"))
        return [policy.name for policy in attached if _denies(policy)]


def allows_everything(policy: Policy) -> bool:
    """Whether a policy allows everything, whatever it denies."""
    return any(
        each.allows
        and not each.conditions
        and not each.actions_inverted
        and not {"*", "*:*"}.isdisjoint(each.actions)
        and any(text.text == "*" for text in each.resources)
        and not each.resources_inverted
        for each in policy.statements
    )


def is_everything(policy: Policy) -> bool:
    """Whether a policy allows everything and denies nothing."""
    return allows_everything(policy) and not _denies(policy)


def _denies(policy: Policy) -> bool:
    return any(not each.allows for each in policy.statements)


def _boundary(entity: Entity) -> str:
    return str((entity.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "")
