"""The output ``access``: what a stack's own side lets whom do, in lines, and what an update changes about it.

The lines are made of the settings and their documents, all known in a preview, so that the diff of outputs which plain
``pulumi preview`` prints reads as access. Compared is with what the stack itself last deployed, through a stack
reference to itself. Other accounts are not looked at: that takes ``crossaccount diff``.
"""

import json
from collections.abc import Mapping
from typing import Any

from crossaccount.access.lines import Lines, details_of, lines_of, same_rest
from crossaccount.settings import Settings, Trusted, Trusting
from crossaccount.settings.documents import Documents

_KINDS = {"users": "user", "groups": "group", "applications": "role", "roles": "role"}


def access_lines(settings: Settings, documents: Documents) -> dict[str, list[str]]:
    """The lines of a stack's account."""
    trusted, trusting = settings.trusted or Trusted(), settings.trusting or Trusting()
    its = _Side(settings, documents)
    return lines_of(
        {
            "UserDetailList": [
                {**its.entity("users", name, user, documents.user_inline[name]), "GroupList": list(user.groups)}
                for name, user in trusted.users.items()
            ],
            "GroupDetailList": [
                its.entity("groups", name, group, documents.group_inline[name])
                for name, group in trusted.groups.items()
            ],
            "RoleDetailList": [
                *(its.role("applications", name, role) for name, role in trusted.applications.items()),
                *(its.role("roles", name, role) for name, role in trusting.roles.items()),
            ],
            "Policies": [
                {"Arn": documents.arn(name, settings), "PolicyVersionList": [{"Document": json.loads(document)}]}
                for name, document in documents.managed.items()
            ],
        }
    )


def what_changes(deployed: Any, declared: Lines, settings: Settings) -> str:
    """One line for people: what an update broadens or narrows; empty where it does neither, or for a first one."""
    if not isinstance(deployed, Mapping) or dict(deployed) == dict(declared):
        return ""
    # A program that changes nothing does without the comparison, and without loading it.
    from crossaccount.access.diff import diff
    from crossaccount.access.diff.markdown import subject
    from crossaccount.access.estate import Estate
    from crossaccount.iam.names import display

    before, after = (
        Estate.from_details([details_of(lines, settings.account_id, settings.partition)])
        for lines in (deployed, declared)
    )
    found = diff(before, after)
    if not same_rest(deployed, declared):
        return "access: what is too much to list changes, and may broaden or narrow; see crossaccount diff"
    if not found.changes:
        return ""
    first = next((each for each in found.changes if each.direction == "broadening"), found.changes[0])
    said = f"{first.kind} {subject(first, lambda arn: display(arn, settings.account_ids))}"
    more = len(found.changes) - 1
    return f"access: {found.verdict}: {said}" + (f", and {more} more" if more else "")


class _Side:
    """One account's side in the shape of AWS's authorization details, as the settings and their documents have it."""

    def __init__(self, settings: Settings, documents: Documents) -> None:
        self._settings = settings
        self._documents = documents

    def role(self, section: str, name: str, role: Any) -> dict[str, Any]:
        return {
            **self.entity(section, name, role, self._documents.role_inline[name]),
            "AssumeRolePolicyDocument": json.loads(self._documents.trust[name]),
            "MaxSessionDuration": role.max_session_duration,
        }

    def entity(self, section: str, name: str, entity: Any, inline: Mapping[str, str]) -> dict[str, Any]:
        kind, documents, settings = _KINDS[section], self._documents, self._settings
        boundary = getattr(entity, "permissions_boundary", None)
        return {
            "Arn": settings.arn_of(kind, name),
            f"{kind.capitalize()}PolicyList": [{"PolicyDocument": json.loads(text)} for text in inline.values()],
            "AttachedManagedPolicies": [
                {"PolicyArn": documents.arn(policy, settings)}
                for policy in documents.attached(section, name, entity.policies, settings)
            ],
            "PermissionsBoundary": {"PermissionsBoundaryArn": documents.arn(boundary, settings)} if boundary else None,
        }
