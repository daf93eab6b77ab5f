"""Documents and names by themselves: what AWS refuses, what never matches, what allows too much.

``iam.validation`` has the same rules for a config; there ``Problem.code`` turns a warning into a finding.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from re import compile as pattern
from typing import Any

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.access.estate.policies import (
    UNKNOWN_ACTIONS,
    Details,
    default_version,
    is_aws_managed,
    is_published,
    known_part,
    managed_name_like,
    missing,
)
from crossaccount.access.findings.finding import ATTACHED, Element, Found, Kind, Place
from crossaccount.access.findings.statements import Document, Statement, is_changeable, roles
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import DocumentError, read_document
from crossaccount.iam.documents import by_content
from crossaccount.iam.entity_names import same_but_for_case
from crossaccount.iam.nearest import nearest
from crossaccount.iam.problem import NOT_GIVEN, Problem, shown
from crossaccount.iam.validation import check_identity_policy, check_trust_policy

_GRAMMAR = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
_ACTIONS = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)
REFUSED = Kind(
    "XA301",
    "error",
    "AWS refuses the document",
    "The policy cannot be saved as it is, and it is unknown what it would allow.",
    "Correct it as the message says.",
    _GRAMMAR,
)
VERSION = Kind(
    "XA302",
    "warning",
    "The policy's Version is missing, or too old for its variables",
    "Without the newer version ${…} is plain text and matches nothing.",
    'Write Version: "2012-10-17".',
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html",
)
UNKNOWN_ACTION = Kind(
    "XA303",
    "warning",
    "No such action",
    "AWS accepts any action name; an action that does not exist grants and denies nothing.",
    "Correct the spelling. The list is dated: a very new action may be missing from it.",
    _ACTIONS,
)
NEVER_MATCHES = Kind(
    "XA304",
    "warning",
    "The action does not apply to such a resource",
    "The statement grants or denies nothing. For example, s3:ListBucket applies to the bucket, not its objects, and "
    "iam:ListRoles applies to no single resource.",
    "Name a resource that the action applies to, or * if it applies to none.",
    _ACTIONS,
)
UNKNOWN_KEY = Kind(
    "XA305",
    "warning",
    "No such condition key",
    "A condition on a key that is never in a request is always false, or (if negated, or with IfExists) always true.",
    "Correct the spelling.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
)
_KINDS = {kind.code: kind for kind in (VERSION, UNKNOWN_ACTION, NEVER_MATCHES, UNKNOWN_KEY)}
_INDEX = pattern(r"\AStatement\[(\d+)\]")


_OF_TRUST = by_content(partial(check_trust_policy, where=""))
_OF_IDENTITY = by_content(partial(check_identity_policy, where=""))


def validity_findings(document: Document) -> Iterator[Found]:
    """What is wrong with one document by itself."""
    try:
        content = read_document(document.content)
    except DocumentError as error:
        yield Found(REFUSED, document.place, str(error), "write a policy document")
        return
    if UNKNOWN_ACTIONS in content:
        content = known_part(content)
        if not content.get("Statement"):
            return  # all its statements are known only after an update
    for problem in _OF_TRUST(content) if document.side == "trust" else _OF_IDENTITY(content):
        kind = REFUSED if problem.severity == "error" else _KINDS[problem.code]
        yield Found(kind, _place(document, problem.where), _message(problem), problem.fix)


def _place(document: Document, where: str) -> Place:
    found = _INDEX.match(where)
    index = int(found[1]) if found else 0
    if found is None or index >= len(document.statements):
        return document.place
    return replace(document.statements[index].place, element=_element(where))


def _element(where: str) -> Element:
    parts = where.split(".", 1)[1:]
    elements: dict[str, Element] = {"Action": "actions", "NotAction": "actions", "Resource": "resources"}
    elements |= {"NotResource": "resources", "Condition": "conditions", "Principal": "principals"}
    return elements.get(parts[0].split(".")[0].split("[")[0], "") if parts else ""


def _message(problem: Problem) -> str:
    got = "" if problem.got is NOT_GIVEN else f", got {shown(problem.got)}"
    return f"{problem.what}{got}"


_PASS_ROLE = "iam:PassRole"
_ANY_ROLE = re.compile(r"\Aarn:[\w*-]+:(iam|\*):[^:]*:[\d*]+:(role/)?\*+\Z")
_EVERYTHING = ("*", "*:*")
_ADMINISTRATOR = ":iam::aws:policy/AdministratorAccess"
_NEEDED_BY_AWS = re.compile(r"\A(AWSControlTowerExecution|stacksets-exec-[0-9a-f]{32})\Z")
"""Administrator roles that AWS Control Tower and service-managed StackSets create in each account:
https://docs.aws.amazon.com/controltower/latest/userguide/awscontroltowerexecution.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html."""
_ENTITIES = ("UserDetailList", "GroupDetailList", "RoleDetailList")

ALLOW_ALL = Kind(
    "XA306",
    "warning",
    "Everything is allowed on everything",
    "A principal with this policy is an administrator of the account, and can also change its trust policies.",
    "Name the services that are needed, or set a permissions boundary.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
PASS_ANY_ROLE = Kind(
    "XA307",
    "warning",
    "Any role may be passed to any service",
    "If a role is passed to a service that runs code, the author of the code gets the role's permissions.",
    "Name the roles, and the services under a condition on iam:PassedToService.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
)


def permission_findings(statement: Statement, bounded: Collection[str]) -> Iterator[Found]:
    """Findings on an identity statement that allows too much. ``bounded`` are the entities with a permissions
    boundary.
    """
    resources = statement.texts("Resource")
    if not statement.allows or not any(each == "*" or _ANY_ROLE.match(each) for each in resources):
        return
    if "*" in resources and any(action in _EVERYTHING for action in statement.texts("Action")):
        if not statement.conditions and statement.owner not in bounded:
            yield Found(ALLOW_ALL, statement.at("actions"), "allows every action on every resource", ALLOW_ALL.hint)
    elif statement.covers(_PASS_ROLE) and not _limited(statement):
        message = "allows iam:PassRole of every role, to every service"
        yield Found(PASS_ANY_ROLE, statement.at("resources"), message, PASS_ANY_ROLE.hint)


def bounded(details: Details) -> frozenset[str]:
    """The users and roles of one account that have a permissions boundary, by ARN."""
    entities = (entity for name in _ENTITIES for entity in details.get(name) or ())
    return frozenset(str(entity["Arn"]) for entity in entities if entity.get("PermissionsBoundary"))


def boundaries_alone(details: Details) -> frozenset[Place]:
    """The managed policies of one account that are only used as permissions boundaries: they grant nothing."""
    entities = [entity for name in _ENTITIES for entity in details.get(name) or ()]
    bounding = {str((each.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")) for each in entities}
    attached = {str(policy["PolicyArn"]) for each in entities for policy in each.get("AttachedManagedPolicies") or ()}
    return frozenset(map(Place, bounding - attached))


NO_SUCH_POLICY = Kind(
    "XA315",
    "warning",
    "A policy is unknown",
    "It is in no source and not among AWS's own policies. Its effect is unknown, so verdicts that depend on it are "
    "undetermined. If the policy does not exist, AWS refuses to attach it.",
    "Correct the ARN, or name a source that has the policy. AWS's list is dated: a very new policy may be missing.",
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html",
)


class KnownPolicies:
    """The managed policies whose documents the sources have, and those that are ``assumed`` to be there."""

    def __init__(self, details: Iterable[Details], assumed: Iterable[str] = ()) -> None:
        found = (item for account in details for item in account.get("Policies") or ())
        self._arns = {str(item["Arn"]) for item in found if default_version(item) is not None} | set(assumed)
        self._fixes: dict[str, str] = {}

    def findings(self, details: Details) -> Iterator[Found]:
        """Findings on policies or boundaries of one account's entities that no source has."""
        for entity in (entity for name in _ENTITIES for entity in details.get(name) or ()):
            owner = str(entity["Arn"])
            attached = [str(policy["PolicyArn"]) for policy in entity.get("AttachedManagedPolicies") or ()]
            boundary = (entity.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
            places = [(arn, Place(owner, ATTACHED), "has the policy") for arn in attached]
            places += [(str(boundary), Place(owner), "has the permissions boundary")] if boundary else []
            for arn, place, verb in places if is_changeable(owner) else ():
                if arn not in self._arns and not is_published(arn):
                    yield Found(NO_SUCH_POLICY, place, f"{verb} {arn}: {missing(arn)}", self._fix(arn))

    def _fix(self, arn: str) -> str:
        if arn not in self._fixes:
            like = managed_name_like(arn) if is_aws_managed(arn) else nearest(arn, self._of_account(arn))
            if not is_aws_managed(arn) and managed_name_like(arn).endswith(f"/{arn.rpartition('/')[2]}"):
                like = managed_name_like(arn)
            self._fixes[arn] = f"did you mean `{like}`?" if like else NO_SUCH_POLICY.hint
        return self._fixes[arn]

    def _of_account(self, arn: str) -> list[str]:
        account = arn.split(":policy/", 1)[0]
        return [each for each in self._arns if each.startswith(f"{account}:policy/")]


def administrators(details: Details) -> Iterator[Found]:
    """Findings on entities with AWS's AdministratorAccess."""
    entities: list[Any] = [entity for name in _ENTITIES for entity in details.get(name) or ()]
    for entity in entities:
        arns = [str(policy["PolicyArn"]) for policy in entity.get("AttachedManagedPolicies") or ()]
        if entity.get("PermissionsBoundary"):
            continue
        if not is_changeable(str(entity["Arn"])) or _NEEDED_BY_AWS.match(str(entity.get("RoleName", ""))):
            continue
        if any(arn.endswith(_ADMINISTRATOR) for arn in arns):
            message = "has AdministratorAccess attached, which allows every action on every resource"
            yield Found(ALLOW_ALL, Place(str(entity["Arn"])), message, ALLOW_ALL.hint)


def _limited(statement: Statement) -> bool:
    keys = ("iam:passedtoservice", "iam:associatedresourcearn", "iam:resourcetag")
    return any(
        condition.key.lower().startswith(keys) and "*" not in {value.text for value in condition.values}
        for condition in statement.conditions
    )


_INLINE_LISTS = {
    "UserDetailList": "UserPolicyList",
    "GroupDetailList": "GroupPolicyList",
    "RoleDetailList": "RolePolicyList",
}
CONSOLE_LIMIT = 64

SAME_BUT_FOR_CASE = Kind(
    "XA308",
    "warning",
    "Two inline policies differ only in the case of their names",
    "People confuse them, and so do some tools.",
    "Rename one of the two.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names",
)
TOO_LONG_FOR_CONSOLE = Kind(
    "XA309",
    "warning",
    "The role's path and name are too long for the console",
    "The console's switch-role form accepts at most 64 characters, including the path.",
    "Shorten the path or the name.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html",
)
UNKNOWN_REGION = Kind(
    "XA310",
    "warning",
    "AWS's SDK does not know the stack's region",
    "Nothing can be deployed there, and profiles from handoff do not work.",
    "Correct `aws:region`. If AWS has opened the region since, update botocore.",
    "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html",
)
"""Only a config has the region."""


OTHER_STACK = Kind(
    "XA317",
    "warning",
    "The address book has the account in another stack",
    "Stacks that read the account read the other stack, so its outputs are missing or old.",
    "Write the name of this stack under `crossaccount:accounts`, or rename the file.",
    "https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences",
)
"""Only a config has the region."""


def naming_findings(details: Details) -> Iterator[Found]:
    """The findings on the names of one account's roles and inline policies."""
    for role in roles(details):
        arn = parse_arn(str(role["Arn"]))
        if arn.path != "/" and len(arn.path + arn.name) > CONSOLE_LIMIT and _is_switched_to(role):
            message = f"with its path the role has more than {CONSOLE_LIMIT} characters"
            yield Found(TOO_LONG_FOR_CONSOLE, Place(str(arn)), message, "shorten the path or the name")
    for entities, inline in _INLINE_LISTS.items():
        for entity in details.get(entities) or ():
            names = [str(policy["PolicyName"]) for policy in entity.get(inline) or ()]
            for first, later in same_but_for_case(names) if is_changeable(str(entity["Arn"])) else ():
                place = Place(str(entity["Arn"]), later)
                yield Found(SAME_BUT_FOR_CASE, place, f"differs only in case from {first}", "rename one of the two")


def _is_switched_to(role: Mapping[str, Any]) -> bool:
    """Whether the role may be used in the console: nobody switches to a service's role."""
    trust = Document(Place(str(role["Arn"]), TRUST_POLICY), "trust", role.get("AssumeRolePolicyDocument"))
    return any(each.allows and each.principals("AWS") for each in trust.statements)
