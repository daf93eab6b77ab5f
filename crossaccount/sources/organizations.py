"""An organisation as AWS describes it, the control policies of a stack, and the organisation after the stack's update.

Everything has the shape of AWS's answers (:mod:`crossaccount.iam.organizations`). Nothing is ever written.

Sources: ListRoots, ListAccounts, ListOrganizationalUnitsForParent, ListAccountsForParent, ListPolicies, DescribePolicy
and ListTargetsForPolicy of https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossaccount.engine.deployment import Deployment
from crossaccount.iam.documents import as_list, to_json
from crossaccount.iam.json_text import parse_json
from crossaccount.iam.organizations import (
    FULL_ACCESS,
    FULL_ACCESS_ID,
    RESOURCE_CONTROL,
    SERVICE_CONTROL,
    check_organization,
    is_of_aws,
    is_organization,
    levels_of,
    name_of,
    targets_of,
)
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_json
from crossaccount.settings.organization import OrganizationFile
from crossaccount.settings.project import ORGANIZATION_FILE

POLICY = "aws:organizations/policy:Policy"
ATTACHMENT = "aws:organizations/policyAttachment:PolicyAttachment"
TYPES = (SERVICE_CONTROL, RESOURCE_CONTROL)
Content = Mapping[str, Any]
"""AWS's answers about an organisation."""
Policy = Mapping[str, Any]
"""A policy in it: ``PolicySummary``, ``Content``, ``Targets``."""


def read_organization(organizations: Any) -> Content:
    """The organisation, read with a boto3 client of its management account or of a delegated administrator.

    Raises:
        botocore.exceptions.ClientError: AWS refuses a call.
    """
    head = organizations.describe_organization()["Organization"]
    roots = _pages(organizations, "list_roots", "Roots")
    accounts = _pages(organizations, "list_accounts", "Accounts")
    if any(not each.get("Paths") for each in accounts):
        # Older answers do not have the place of an account.
        paths = {account: path for root in roots for account, path in _below(organizations, f"{head['Id']}", root)}
        accounts = [{**each, "Paths": [paths[each["Id"]]]} for each in accounts if each["Id"] in paths]
    policies = []
    for type_ in TYPES:
        for summary in _pages(organizations, "list_policies", "Policies", Filter=type_):
            policy = organizations.describe_policy(PolicyId=summary["Id"])["Policy"]
            targets = _pages(organizations, "list_targets_for_policy", "Targets", PolicyId=summary["Id"])
            policies.append({**policy, "Targets": targets})
    return {"Organization": head, "Roots": roots, "Accounts": accounts, "Policies": policies}


def _pages(organizations: Any, operation: str, key: str, **params: str) -> list[Any]:
    pages = organizations.get_paginator(operation).paginate(**params)
    return [each for page in pages for each in page[key]]


def _below(organizations: Any, above: str, parent: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The accounts below a root or a unit, each with its path."""
    here = f"{above}/{parent['Id']}"
    for account in _pages(organizations, "list_accounts_for_parent", "Accounts", ParentId=parent["Id"]):
        yield account["Id"], f"{here}/{account['Id']}/"
    units = _pages(organizations, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent["Id"])
    for unit in units:
        yield from _below(organizations, here, unit)


@dataclass(frozen=True)
class StackPolicies:
    """The control policies of a stack: those that its state manages, or those that it declares."""

    policies: tuple[Policy, ...] = ()
    full_access: tuple[str, ...] = ()
    """The targets of FullAWSAccess, as far as its attachments are the stack's."""
    unread: tuple[str, ...] = ()
    """What is attached, or to what, is not known: the names of such resources."""
    adopted: frozenset[str] = field(default_factory=frozenset)
    """The IDs of existing policies that are to be adopted."""
    urns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By ID of a policy: the URNs of its resource and of its attachments."""

    @classmethod
    def of_file(cls, organization: OrganizationFile | None, component: str = "") -> StackPolicies:
        """Those that the config of a stack declares.

        ``component`` is the URN of the stack's component, for the URNs of the resources in it.
        """
        if organization is None:
            return cls()
        policies = tuple(
            _policy(each.import_id or f"new:{each.name}", each.name, each.type, each.document, each.targets)
            for each in organization.policies
        )
        adopted = frozenset(each.import_id for each in organization.policies if each.import_id)
        urns = {_id(each): frozenset(_urns(each, component)) for each in policies}
        return cls(policies, organization.full_access, (), adopted, urns)

    @classmethod
    def of_deployment(cls, deployment: Deployment) -> StackPolicies:
        """Those among the resources of a state or of a recorded program."""
        targets: dict[str, list[str]] = {}
        urns: dict[str, set[str]] = {}
        unread = []
        for each in deployment.of_type(ATTACHMENT):
            policy, target = each.values.get("policyId"), each.values.get("targetId")
            if isinstance(policy, str) and isinstance(target, str):
                targets.setdefault(policy, []).append(target)
                urns.setdefault(policy, set()).add(each.urn)
            else:
                unread.append(each.name)
        full = tuple(targets.pop(FULL_ACCESS_ID, ()))
        policies = []
        for each in deployment.of_type(POLICY):
            content, type_ = each.values.get("content"), each.values.get("type") or SERVICE_CONTROL
            if type_ not in TYPES:
                continue
            if not isinstance(content, str):
                unread.append(each.name)
                continue
            name = str(each.values.get("name") or each.name)
            urns.setdefault(each.id, set()).add(each.urn)
            policies.append(_policy(each.id, name, type_, content, targets.pop(each.id, ())))
        adopted = frozenset(each.import_id for each in deployment.of_type(POLICY) if each.import_id)
        found = {key: frozenset(each) for key, each in urns.items()}
        return cls(tuple(policies), full, (*unread, *targets), adopted, found)

    @property
    def ids(self) -> frozenset[str]:
        """The IDs of the policies."""
        return frozenset(str(each["PolicySummary"]["Id"]) for each in self.policies)

    def __bool__(self) -> bool:
        return bool(self.policies or self.full_access or self.unread)


def _policy(id_: str, name: str, type_: str, content: str, targets: Sequence[str]) -> Policy:
    summary = {"Id": id_, "Name": name, "Type": type_}
    return {"PolicySummary": summary, "Content": content, "Targets": [{"TargetId": each} for each in targets]}


def _urns(policy: Policy, component: str) -> Iterator[str]:
    """The URNs of a policy and its attachments, as the component ``ControlPolicies`` registers them."""
    above, _, name = component.rpartition("::")
    kind = "scp" if policy["PolicySummary"]["Type"] == SERVICE_CONTROL else "rcp"
    logical = f"{name}-{kind}-{name_of(policy)}"
    yield f"{above}${POLICY}::{logical}"
    yield from (f"{above}${POLICY}${ATTACHMENT}::{logical}-{target}" for target in targets_of(policy))


@dataclass(frozen=True)
class Direction:
    """Whether an update of control policies allows more, and which of its resources allow less: their URNs."""

    widens: bool = False
    narrows: frozenset[str] = frozenset()


def direction(managed: StackPolicies, declared: StackPolicies) -> Direction:
    """The direction of an update, by statement: new Allows and removed Denies allow more, the opposite allows less."""
    old = {_key(each): each for each in managed.policies}
    new = {_key(each): each for each in declared.policies}
    widens, narrows = False, set[str]()
    for key in {*old, *new}:
        wider, narrower = _directions(old.get(key), new.get(key))
        widens |= wider
        if narrower:
            ids = [(managed, old.get(key)), (declared, new.get(key))]
            narrows |= {urn for its, each in ids if each is not None for urn in its.urns.get(_id(each), ())}
    if gone := set(managed.full_access) - set(declared.full_access):
        narrows |= {
            urn for urn in managed.urns.get(FULL_ACCESS_ID, ()) if urn.endswith(tuple(f"-{each}" for each in gone))
        }
    return Direction(widens, frozenset(narrows))


def _key(policy: Policy) -> tuple[str, str]:
    return str(policy["PolicySummary"]["Type"]), name_of(policy)


def _directions(old: Policy | None, new: Policy | None) -> tuple[bool, bool]:
    """Whether the change of one policy allows more, and whether it allows less. What cannot be read allows less."""
    try:
        before, after = _by_effect(old), _by_effect(new)
    except (ValueError, AttributeError):
        return False, True
    at, becomes = (set(targets_of(each)) if each is not None else set() for each in (old, new))
    stays, more, less = at & becomes, becomes - at, at - becomes
    gained = {effect: after[effect] - before[effect] for effect in _EFFECTS}
    lost = {effect: before[effect] - after[effect] for effect in _EFFECTS}
    wider = (stays and (gained["Allow"] or lost["Deny"])) or (more and after["Allow"]) or (less and before["Deny"])
    narrower = (stays and (gained["Deny"] or lost["Allow"])) or (more and after["Deny"]) or (less and before["Allow"])
    return bool(wider), bool(narrower)


_EFFECTS = ("Allow", "Deny")


def _by_effect(policy: Policy | None) -> dict[str, frozenset[str]]:
    """The statements of a policy by effect, each in canonical form."""
    document = parse_json(policy["Content"]) if policy is not None else {}
    statements = as_list(document.get("Statement"))
    return {
        effect: frozenset(
            to_json({"Statement": [_meaning(each)]}) for each in statements if each.get("Effect") == effect
        )
        for effect in _EFFECTS
    }


def _meaning(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement without its ``Sid``, which means nothing."""
    return {key: value for key, value in statement.items() if key != "Sid"}


def as_deployed(tree: Content, managed: StackPolicies) -> Content:
    """The organisation of ``tree`` with the policies of a state, and AWS's own at every level."""
    levels = {level for account in tree["Accounts"] for level in levels_of(account["Paths"][0])}
    full = [each for each in tree["Policies"] if name_of(each) == FULL_ACCESS]
    document = full[0]["Content"] if full else _FULL
    targets = managed.full_access or sorted({*levels, *(target for each in full for target in targets_of(each))})
    whole = _policy(FULL_ACCESS_ID, FULL_ACCESS, SERVICE_CONTROL, document, tuple(targets))
    return {**tree, "Policies": [whole, *managed.policies]}


_FULL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


def after_update(before: Content, managed: StackPolicies, declared: StackPolicies) -> Content:
    """The organisation after the update of a stack that manages and declares these policies.

    An update detaches what the stack attached. What somebody attached by hand stays.
    """
    gone = managed.ids | declared.adopted
    kept = [_with_full_access(each, managed, declared) for each in before["Policies"] if _id(each) not in gone]
    by_hand = _attached_by_hand(before, managed, declared)
    return {**before, "Policies": [*kept, *(_also_at(each, by_hand.get(_key(each), ())) for each in declared.policies)]}


def as_last_updated(live: Content, managed: StackPolicies) -> Content:
    """The organisation as AWS has it, with the policies and attachments of a state in the place of the live ones.

    Policies of others stay as they are.
    """
    kept = [each for each in live["Policies"] if _id(each) not in managed.ids]
    full = set(managed.full_access)
    restored = [
        {**each, "Targets": [{"TargetId": target} for target in sorted({*targets_of(each), *full})]}
        if full and name_of(each) == FULL_ACCESS
        else each
        for each in kept
    ]
    return {**live, "Policies": [*restored, *managed.policies]}


def _attached_by_hand(
    before: Content, managed: StackPolicies, declared: StackPolicies
) -> dict[tuple[str, str], list[str]]:
    """By type and name of a policy of the stack: the targets to which others attached it."""
    keys = {_id(each): _key(each) for each in (*managed.policies, *declared.policies)}
    own = {_id(each): set(targets_of(each)) for each in managed.policies}
    found: dict[tuple[str, str], list[str]] = {}
    for each in before["Policies"]:
        if (key := keys.get(_id(each))) is not None:
            found[key] = [target for target in targets_of(each) if target not in own.get(_id(each), ())]
    return found


def _also_at(policy: Policy, targets: Iterable[str]) -> Policy:
    more = [{"TargetId": target} for target in targets if target not in targets_of(policy)]
    return {**policy, "Targets": [*policy["Targets"], *more]}


def widened(before: Content, after: Content) -> list[str]:
    """The member accounts for which control policies say less: a Deny of no level is left, or a level allows more.

    Statements are compared, not principals. So the result is also true for the root user of an account. The management
    account is not among them: control policies do not apply to it.
    """
    old, new = _by_target(before), _by_target(after)
    management = after["Organization"]["MasterAccountId"]
    return [
        str(each["Id"])
        for each in after["Accounts"]
        if each["Id"] != management and _is_widened(levels_of(each["Paths"][0]), old, new)
    ]


SHOWN = 10
"""How many accounts are named."""


def names_of_accounts(organization: Content, ids: Sequence[str]) -> str:
    """Accounts with their names; a few, and how many more."""
    names = {str(each["Id"]): str(each.get("Name") or "") for each in organization["Accounts"]}
    found = [f"{names[each]} ({each})" if names.get(each) else each for each in ids]
    return ", ".join(found if len(found) <= SHOWN else [*found[:SHOWN], f"{len(found) - SHOWN} more"])


_Statements = Mapping[tuple[str, str], Mapping[str, frozenset[str]]]
"""By type of policy and target: the statements by effect."""
_WHOLE = to_json({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def _is_widened(levels: Sequence[str], old: _Statements, new: _Statements) -> bool:
    nothing: Mapping[str, frozenset[str]] = dict.fromkeys(_EFFECTS, frozenset())
    for type_ in TYPES:
        were, are = ([each.get((type_, level), nothing) for level in levels] for each in (old, new))
        if frozenset().union(*(each["Deny"] for each in were)) - frozenset().union(*(each["Deny"] for each in are)):
            return True
        pairs = zip(were, are, strict=True)
        if type_ == SERVICE_CONTROL and any(b["Allow"] - a["Allow"] for a, b in pairs if _WHOLE not in a["Allow"]):
            return True
    return False


def _by_target(content: Content) -> _Statements:
    found: dict[tuple[str, str], dict[str, frozenset[str]]] = {}
    for policy in content["Policies"]:
        statements = _by_effect(policy)
        for target in targets_of(policy):
            here = found.setdefault((policy["PolicySummary"]["Type"], target), dict.fromkeys(_EFFECTS, frozenset()))
            for effect in _EFFECTS:
                here[effect] |= statements[effect]
    return found


def _with_full_access(policy: Policy, managed: StackPolicies, declared: StackPolicies) -> Policy:
    if name_of(policy) != FULL_ACCESS or not (managed.full_access or declared.full_access):
        return policy
    targets = (set(targets_of(policy)) - set(managed.full_access)) | set(declared.full_access)
    return {**policy, "Targets": [{"TargetId": each} for each in sorted(targets)]}


def taken(before: Content, managed: StackPolicies, declared: StackPolicies) -> list[str]:
    """The names of policies to create that another policy has already, so that AWS refuses them."""
    others = {
        (each["PolicySummary"]["Type"], name_of(each))
        for each in before["Policies"]
        if _id(each) not in managed.ids | declared.adopted
    }
    return [name_of(each) for each in declared.policies if (each["PolicySummary"]["Type"], name_of(each)) in others]


def missing_targets(before: Content, declared: StackPolicies) -> list[str]:
    """The targets that the organisation does not have. A unit without accounts shows as a target of FullAWSAccess, or
    of the SCP that replaces it.
    """
    known = {level for account in before["Accounts"] for level in levels_of(account["Paths"][0])}
    known |= {target for each in before["Policies"] for target in targets_of(each)}
    wanted = {target for each in declared.policies for target in targets_of(each)} | set(declared.full_access)
    return sorted(wanted - known)


def types_off(before: Content, declared: StackPolicies) -> list[str]:
    """The types of declared policies that are not enabled in the organisation."""
    enabled = {
        str(each.get("Type"))
        for root in before.get("Roots", ())
        for each in root.get("PolicyTypes") or ()
        if each.get("Status") == "ENABLED"
    }
    wanted = {str(each["PolicySummary"]["Type"]) for each in declared.policies}
    return sorted(wanted - enabled) if "Roots" in before else []


def before_first_update(organizations: Iterable[OrganizationFile], directory: Path) -> Content | None:
    """The organisation of a project on a fresh local AWS; None if the project has none.

    It has AWS's own policies and those that a stack adopts. If no stack deploys the others, they are there, too.

    Raises:
        SettingsError: the project's file about its organisation cannot be read, or is not whole.
    """
    for found in organizations:
        content = found.content
        kept = [each for each in content["Policies"] if is_of_aws(each) or each["PolicySummary"].get("Arn")]
        if found.manages_full_access:
            kept = [each for each in kept if name_of(each) != FULL_ACCESS]
        return {**content, "Policies": kept}
    if not (directory / ORGANIZATION_FILE).is_file():
        return None
    content = read_json(directory / ORGANIZATION_FILE, ORGANIZATION_FILE, within=directory)
    if not is_organization(content) or (problems := check_organization(content, ORGANIZATION_FILE)):
        wrong = Problem(ORGANIZATION_FILE, "is not a file about an organisation", NOT_GIVEN, "write it again")
        raise SettingsError(problems if is_organization(content) else [wrong])
    return dict(content)


def _id(policy: Policy) -> str:
    return str(policy["PolicySummary"]["Id"])
