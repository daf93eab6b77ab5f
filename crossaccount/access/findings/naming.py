"""Names that IAM takes and people or the console do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.access.estate.policies import Details
from crossaccount.access.findings.documents import Document, is_changeable, roles
from crossaccount.access.findings.finding import Found, Kind, Place
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.entity_names import same_but_for_case

_INLINE = {"UserDetailList": "UserPolicyList", "GroupDetailList": "GroupPolicyList", "RoleDetailList": "RolePolicyList"}
CONSOLE_LIMIT = 64

SAME_BUT_FOR_CASE = Kind(
    "XA308",
    "warning",
    "Two inline policies differ only in the case of their names",
    "Nobody can tell them apart, and some tools take the one for the other.",
    "Rename one of the two.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names",
)
TOO_LONG_FOR_CONSOLE = Kind(
    "XA309",
    "warning",
    "The role's path and name are too long for the console",
    "The console's switch-role form takes 64 characters, path included.",
    "Shorten the path or the name.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html",
)
UNKNOWN_REGION = Kind(
    "XA310",
    "warning",
    "A stack's region is none that AWS's SDK knows",
    "Nothing can be deployed there, nor do profiles that are handed out work.",
    "Correct `aws:region`. A region that AWS opened since: update botocore.",
    "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html",
)
"""As only a config tells."""


def naming_findings(details: Details) -> Iterator[Found]:
    """What is wrong with the names of one account's roles and inline policies."""
    for role in roles(details):
        arn = parse_arn(str(role["Arn"]))
        if arn.path != "/" and len(arn.path + arn.name) > CONSOLE_LIMIT and _is_switched_to(role):
            message = f"with its path the role has more than {CONSOLE_LIMIT} characters"
            yield Found(TOO_LONG_FOR_CONSOLE, Place(str(arn)), message, "shorten the path or the name")
    for entities, inline in _INLINE.items():
        for entity in details.get(entities) or ():
            names = [str(policy["PolicyName"]) for policy in entity.get(inline) or ()]
            for first, later in same_but_for_case(names) if is_changeable(str(entity["Arn"])) else ():
                place = Place(str(entity["Arn"]), later)
                yield Found(SAME_BUT_FOR_CASE, place, f"differs only in case from {first}", "rename one of the two")


def _is_switched_to(role: Mapping[str, Any]) -> bool:
    """Whether a principal of an account may be trusted: nobody switches to a service's role."""
    trust = Document(Place(str(role["Arn"]), TRUST_POLICY), "trust", role.get("AssumeRolePolicyDocument"))
    return any(each.allows and each.principals("AWS") for each in trust.statements)
