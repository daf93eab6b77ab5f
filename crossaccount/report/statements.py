"""The statements that decide, as they were written: found again by who holds them, the policy's name and the label.

The paths name statements as the evaluator does (policy and Sid or index). A user's statement may stand in one of the
groups; where two groups have a policy of the same name, both are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.access.estate.policies import Details, default_version, is_aws_managed, managed_document
from crossaccount.access.verdict import Decision
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.compiled import DocumentError, read_document
from crossaccount.iam.documents import as_list

_INLINE = {"UserDetailList": "UserPolicyList", "GroupDetailList": "GroupPolicyList", "RoleDetailList": "RolePolicyList"}


@dataclass(frozen=True)
class PlacedStatement:
    """A statement with its place. ``owner`` is the ARN of a user, group, role or managed policy.

    ``content`` is empty where no source has the document.
    """

    owner: str
    side: str
    policy: str
    label: str
    content: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Its identity among all statements."""
        return self.owner, self.side, self.policy, self.label


class Statements:
    """The statements of the sources, each document read when it is first asked for."""

    def __init__(self, details: Iterable[Details]) -> None:
        self._documents: dict[tuple[str, str], object] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        self._found: dict[tuple[str, str, str, str], PlacedStatement | None] = {}
        for account in details:
            self._add(account)

    def of(self, holder: str, decision: Decision) -> tuple[PlacedStatement, ...]:
        """The statement that ``decision`` names, of a principal or (for a trust) a role."""
        found = [
            written
            for owner in self._owners(holder, decision)
            if (written := self._statement(owner, decision)) is not None
        ]
        return tuple(found) or (PlacedStatement(holder, decision.side, decision.policy, decision.statement, {}),)

    def _owners(self, holder: str, decision: Decision) -> Sequence[str]:
        if decision.side in ("identity", "trust") and not is_arn(decision.policy):
            return (holder, *self._groups.get(holder, ()))
        return (decision.policy,)

    def _statement(self, owner: str, decision: Decision) -> PlacedStatement | None:
        key = (owner, decision.side, decision.policy, decision.statement)
        if key not in self._found:
            name = "" if owner == decision.policy else decision.policy
            statements = _labelled(self._document(owner, name))
            content = next((each for label, each in statements if label == decision.statement), None)
            self._found[key] = None if content is None else PlacedStatement(*key, content)
        return self._found[key]

    def _document(self, owner: str, name: str) -> object:
        if (owner, name) not in self._documents and is_arn(owner) and is_aws_managed(owner):
            self._documents[owner, name] = managed_document(owner)
        return self._documents.get((owner, name))

    def _add(self, account: Details) -> None:
        for entities, inline in _INLINE.items():
            for entity in account.get(entities) or ():
                for policy in entity.get(inline) or ():
                    self._documents[str(entity["Arn"]), str(policy["PolicyName"])] = policy.get("PolicyDocument")
        for role in account.get("RoleDetailList") or ():
            self._documents[str(role["Arn"]), TRUST_POLICY] = role.get("AssumeRolePolicyDocument")
        for policy in account.get("Policies") or ():
            self._documents[str(policy["Arn"]), ""] = default_version(policy)
        groups = {str(group["GroupName"]): str(group["Arn"]) for group in account.get("GroupDetailList") or ()}
        for user in account.get("UserDetailList") or ():
            names = [str(name) for name in user.get("GroupList") or ()]
            self._groups[str(user["Arn"])] = tuple(groups[name] for name in names if name in groups)


def _labelled(document: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Statements with their Sid or index; none of what IAM would not accept."""
    try:
        statements = as_list(read_document(document).get("Statement"))
    except DocumentError:
        return
    for index, statement in enumerate(statements):
        if isinstance(statement, Mapping):
            yield str(statement.get("Sid") or index), statement


def owner_account(arn: str) -> str:
    """The account of an ARN; empty for what has none, such as an organisation."""
    return parse_arn(arn).account if is_arn(arn) and arn.count(":") >= 5 else ""
