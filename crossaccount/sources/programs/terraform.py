"""``terraform:FILE``: the output of ``terraform show -json`` (or ``tofu show -json``) for a plan or a state.

A plan has each resource before and after, and marks values that only the apply makes known (``after_unknown``). The
references of such values are in its ``configuration``: see
:mod:`crossaccount.sources.programs.terraform_configuration`. A state describes one moment, and has no configuration.

Inline and attached policies that a role lists itself (``inline_policy``, ``managed_policy_arns``) are declared if the
configuration has them. Otherwise the provider fills in what it found in AWS. Those policies stay, except the ones that
other resources of the program managed.

Sources: https://developer.hashicorp.com/terraform/internals/json-format and
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossaccount.iam.arn import is_arn
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.local.arns import OIDC_PROVIDER, SAML_PROVIDER
from crossaccount.settings.settings import partition_of
from crossaccount.sources.declared import KINDS, ROLE
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.programs.drafts import Accounts, Draft, Moment, Place, ProgramFile, Unknown, note
from crossaccount.sources.programs.input import content_of_file, json_of
from crossaccount.sources.programs.settling import ENTITIES, account_in
from crossaccount.sources.programs.terraform_configuration import Configuration, Instance, camel

SAVE = "save the output of `terraform show -json PLAN` (or `tofu show -json PLAN`)"
_RAW_STATE = "is a state as Terraform stores it"
TYPES: Mapping[str, str] = {
    "aws_iam_role": ROLE,
    "aws_iam_user": "aws:iam/user:User",
    "aws_iam_group": "aws:iam/group:Group",
    "aws_iam_policy": "aws:iam/policy:Policy",
    "aws_iam_instance_profile": "aws:iam/instanceProfile:InstanceProfile",
    "aws_iam_policy_attachment": "aws:iam/policyAttachment:PolicyAttachment",
    "aws_iam_group_membership": "aws:iam/groupMembership:GroupMembership",
    "aws_iam_user_group_membership": "aws:iam/userGroupMembership:UserGroupMembership",
    "aws_iam_user_login_profile": "aws:iam/userLoginProfile:UserLoginProfile",
    "aws_iam_access_key": "aws:iam/accessKey:AccessKey",
    "aws_iam_openid_connect_provider": OIDC_PROVIDER,
    "aws_iam_saml_provider": SAML_PROVIDER,
    **{f"aws_iam_{kind}_policy": f"aws:iam/{kind}Policy:{kind.capitalize()}Policy" for kind in KINDS},
    **{
        f"aws_iam_{kind}_policy_attachment": f"aws:iam/{kind}PolicyAttachment:{kind.capitalize()}PolicyAttachment"
        for kind in KINDS
    },
    **{
        f"aws_iam_{kind}_policies_exclusive": f"aws:iam/{kind}PoliciesExclusive:{kind.capitalize()}PoliciesExclusive"
        for kind in KINDS
    },
    **{
        f"aws_iam_{kind}_policy_attachments_exclusive": (
            f"aws:iam/{kind}PolicyAttachmentsExclusive:{kind.capitalize()}PolicyAttachmentsExclusive"
        )
        for kind in KINDS
    },
    "aws_dynamodb_table": "aws:dynamodb/table:Table",
    "aws_lambda_function": "aws:lambda/function:Function",
    "aws_s3_bucket": "aws:s3/bucket:Bucket",
    "aws_sns_topic": "aws:sns/topic:Topic",
    "aws_sqs_queue": "aws:sqs/queue:Queue",
}
"""By Terraform's type: the type of Pulumi's AWS provider, which is made from the same one."""
_NOT_JUDGED = (
    "aws_ssoadmin_",
    "aws_identitystore_",
    "aws_organizations_policy",
    "awscc_iam_",
    "aws_iam_service_linked_role",
)
_OWN_LISTS = {"inline_policy": "inlinePolicies", "managed_policy_arns": "managedPolicyArns"}
_FOUND = "found_policies"
"""The lists whose content the provider found and the program does not declare."""
_NAMES = {
    "aws_iam_openid_connect_provider": {"client_id_list": "clientIdLists"},
    "aws_lambda_function": {"function_name": "name"},
}
"""Attributes that have another name in Pulumi's provider."""


def read_terraform(path: Path, where: str, accounts: Accounts) -> ProgramFile:
    """The resources of a plan or a state.

    Raises:
        SourceError: the file is neither; or it contradicts the account that was given.
    """
    data = json_of(content_of_file(path, where, SAVE), where, SAVE)
    _check(data, where)
    is_plan = "resource_changes" in data or "planned_values" in data
    return _Plan(data, where, accounts).file() if is_plan else _State(data, where, accounts).file()


def _check(data: Any, where: str) -> None:
    if not isinstance(data, Mapping):
        raise refusal(where, "is no plan and no state", data, SAVE)
    if isinstance(data.get("version"), int) and "lineage" in data:
        raise refusal(where, _RAW_STATE, NOT_GIVEN, "save the output of `terraform show -json` in its folder")
    known = ("resource_changes", "planned_values", "values", "format_version", "terraform_version")
    if not any(key in data for key in known):
        raise refusal(where, "is no plan and no state", sorted(data)[:10], SAVE)
    if str(data.get("format_version") or "1").partition(".")[0] not in ("0", "1"):
        raise refusal(where, "has a format of a later version", data["format_version"], "tell us, with the version")
    for key in ("resource_changes",):
        if not isinstance(data.get(key, []), list):
            raise refusal(where, f"{key} must be a list", data[key], SAVE)


def merged(value: Any, unknown: Any) -> Any:
    """A value from ``after`` with the unknown parts that ``after_unknown`` marks."""
    if unknown is True:
        return Unknown()
    if isinstance(unknown, Mapping):
        base = dict(value) if isinstance(value, Mapping) else {}
        return {**base, **{key: merged(base.get(key), each) for key, each in unknown.items() if each is not False}}
    if isinstance(unknown, list):
        base_list = list(value) if isinstance(value, list) else []
        base_list += [None] * (len(unknown) - len(base_list))
        marks = [*unknown, *[False] * (len(base_list) - len(unknown))]
        return [merged(each, mark) for each, mark in zip(base_list, marks, strict=True)]
    return value


def _instance(item: Any, values: Any, *, exists: bool = False) -> Instance | None:
    """The instance of a resource; None if the item is not a resource."""
    if not isinstance(item, Mapping) or not isinstance(values, Mapping):
        return None
    address, type_ = item.get("address"), item.get("type")
    if not isinstance(address, str) or not isinstance(type_, str):
        return None
    own = address
    module = item.get("module_address")
    if not isinstance(module, str):
        # A member of ``planned_values`` has its module above it, and in its address.
        data = "data." if item.get("mode") == "data" else ""
        end = own.rfind(f".{data}{type_}.{item.get('name')}")
        module = own[:end] if end > 0 and own.startswith("module.") else ""
    return Instance(address, module, str(item.get("mode") or "managed"), type_, item.get("index"), values, exists)


def _in_values(values: Any) -> Iterator[Mapping[str, Any]]:
    """The resources of ``planned_values`` or ``values``, of all modules. Modules are at most as deep as JSON may be."""
    level = [values.get("root_module")] if isinstance(values, Mapping) else []
    while level:
        modules = [each for each in level if isinstance(each, Mapping)]
        for module in modules:
            yield from (each for each in _listed(module.get("resources")) if isinstance(each, Mapping))
        level = [child for module in modules for child in _listed(module.get("child_modules"))]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@dataclass(frozen=True)
class _Change:
    before: Instance | None
    after: Instance | None


class _Plan:
    def __init__(self, data: Mapping[str, Any], where: str, accounts: Accounts) -> None:
        self._data, self._where, self._accounts = data, where, accounts
        self._changes = list(self._all_changes())
        prior = data.get("prior_state")
        known = [_instance(item, item.get("values")) for item in _in_values((prior or {}).get("values"))]
        self._read = [each for each in known if each is not None and each.mode == "data"]
        instances = [each.after for each in self._changes if each.after is not None]
        self._configuration = Configuration(data, [*self._read, *instances])

    def file(self) -> ProgramFile:
        places = _Places(self._where, self._accounts, self._configuration)
        managed = [each for change in self._changes for each in (change.before, change.after) if each is not None]
        places.learn([*self._read, *managed])
        after, before = tuple(self._after()), tuple(self._before())
        notes = tuple(self._notes())
        return ProgramFile(Moment(after, notes), places.of, Moment(before, notes), region=places.region)

    def _all_changes(self) -> Iterator[_Change]:
        seen = set()
        for item in self._data.get("resource_changes") or ():
            change = item.get("change") if isinstance(item, Mapping) else None
            if not isinstance(change, Mapping) or item.get("deposed"):
                continue
            actions = _listed(change.get("actions"))
            before, after = change.get("before"), change.get("after")
            if after is not None:
                after = merged(after, change.get("after_unknown"))
            # A resource that is only removed from the state stays in AWS.
            after = before if "forget" in actions else after
            there = isinstance(before, Mapping)
            old = _instance(item, before, exists=True)
            new = _instance(item, after, exists=there and "create" not in actions)
            seen.add(str(item.get("address")))
            yield _Change(old, new)
        for item in _in_values(self._data.get("planned_values")):
            if str(item.get("address")) not in seen:
                yield _Change(None, _instance(item, item.get("values")))

    def _before(self) -> Iterator[Draft]:
        managed = _managed_of_roles(each.before for each in self._changes)
        for change in self._changes:
            if (old := change.before) is not None and old.mode == "managed":
                own = self._own_lists(old)
                if old.type == "aws_iam_role":
                    own |= _left_alone(old, old, own, managed)
                yield self._draft(old, own)

    def _after(self) -> Iterator[Draft]:
        managed = _managed_of_roles(each.before for each in self._changes)
        for change in self._changes:
            if (new := change.after) is None or new.mode != "managed":
                continue
            own = self._own_lists(new)
            if new.type == "aws_iam_role" and change.before is not None:
                own |= _left_alone(new, change.before, own, managed)
            yield self._draft(new, own)

    def _own_lists(self, instance: Instance) -> dict[str, Any]:
        """The lists of a role that its configuration has; both if there is no configuration."""
        declared = self._configuration.keys(instance)
        return {
            key: instance.values[key]
            for key in _OWN_LISTS
            if key in instance.values and (declared is None or key in declared)
            if declared is not None or not isinstance(instance.values[key], Unknown)
        }

    def _draft(self, instance: Instance, own: Mapping[str, Any]) -> Draft:
        values = {key: value for key, value in instance.values.items() if key not in _OWN_LISTS} | dict(own)
        linked = {key: self._configuration.linked(instance, key, value) for key, value in values.items()}
        draft = _draft(instance, linked, self._configuration.provider(instance))
        if isinstance(draft.values.get("tagsAll"), Unknown) and isinstance(
            draft.values.get("tags"), (Mapping, type(None))
        ):
            tags = {**self._configuration.default_tags(draft.provider), **(draft.values.get("tags") or {})}
            draft = replace(draft, values={**draft.values, "tagsAll": tags})
        return draft

    def _notes(self) -> Iterator[Problem]:
        if self._data.get("errored") is True:
            yield note("", "planning failed, so that a part of the plan is missing", "plan again")
        elif self._data.get("complete") is False:
            yield note("", "the plan is not complete: it was targeted, or something is deferred", "plan all of it")
        yield from _types_not_judged(change.after for change in self._changes)


def _left_alone(new: Instance, old: Instance, own: Mapping[str, Any], managed: _Managed) -> dict[str, Any]:
    """The existing policies of a role that the program neither declares nor managed: they stay."""
    name = str(old.values.get("name"))
    found: dict[str, Any] = {}
    if "inline_policy" not in own and name not in managed.exclusive_inline:
        listed = [each for each in _listed(old.values.get("inline_policy")) if isinstance(each, Mapping)]
        stay = [each for each in listed if each.get("name") and (name, str(each["name"])) not in managed.inline]
        found |= {"inline_policy": stay} if stay else {}
    if "managed_policy_arns" not in own and name not in managed.exclusive_attached:
        arns = [str(each) for each in _listed(old.values.get("managed_policy_arns"))]
        stay_arns = [arn for arn in arns if (name, arn) not in managed.attached]
        found |= {"managed_policy_arns": stay_arns} if stay_arns else {}
    if not found or new.values.get("name") != old.values.get("name"):
        return {}
    return {**found, _FOUND: [_OWN_LISTS[key] for key in found]}


@dataclass(frozen=True)
class _Managed:
    """Policies of roles that other resources of the program manage: names of inline policies, ARNs of attached ones."""

    inline: frozenset[tuple[str, str]]
    attached: frozenset[tuple[str, str]]
    exclusive_inline: frozenset[str]
    exclusive_attached: frozenset[str]


def _managed_of_roles(instances: Iterable[Instance | None]) -> _Managed:
    by_type: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for each in instances:
        if each is not None:
            by_type[each.type].append(each.values)
    attached = {(str(v.get("role")), str(v.get("policy_arn"))) for v in by_type["aws_iam_role_policy_attachment"]}
    for values in by_type["aws_iam_policy_attachment"]:
        attached |= {(str(role), str(values.get("policy_arn"))) for role in _listed(values.get("roles"))}
    return _Managed(
        frozenset((str(v.get("role")), str(v.get("name"))) for v in by_type["aws_iam_role_policy"]),
        frozenset(attached),
        frozenset(str(v.get("role_name")) for v in by_type["aws_iam_role_policies_exclusive"]),
        frozenset(str(v.get("role_name")) for v in by_type["aws_iam_role_policy_attachments_exclusive"]),
    )


class _State:
    def __init__(self, data: Mapping[str, Any], where: str, accounts: Accounts) -> None:
        self._where, self._accounts = where, accounts
        found = [_instance(item, item.get("values"), exists=True) for item in _in_values(data.get("values"))]
        self._instances = [each for each in found if each is not None]

    def file(self) -> ProgramFile:
        managed = [each for each in self._instances if each.mode == "managed"]
        drafts = [_draft(each, _as_found(each.values), "") for each in managed]
        places = _OfState(self._where, self._accounts, self._instances)
        return ProgramFile(Moment(tuple(drafts), tuple(_types_not_judged(managed))), places.of)


def _as_found(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a state. A state does not separate declared policies from those that the provider found."""
    found = [camel_key for key, camel_key in _OWN_LISTS.items() if values.get(key)]
    return {**values, _FOUND: found} if found else values


def _types_not_judged(instances: Iterable[Instance | None]) -> Iterator[Problem]:
    for each in instances:
        if each is not None and each.mode == "managed" and each.type.startswith(_NOT_JUDGED):
            yield note(each.address, f"{each.type}: its effect on access is not judged")


def _draft(instance: Instance, values: Mapping[str, Any], provider: str) -> Draft:
    names = {**_OWN_LISTS, **_NAMES.get(instance.type, {})}
    type_ = TYPES.get(instance.type, f"terraform:{instance.type}")
    found = {names.get(key) or camel(key): value for key, value in values.items()}
    identity = instance.values.get("id")
    return Draft(
        instance.address, type_, found, identity if isinstance(identity, str) else "", instance.exists, provider
    )


Fact = tuple[str, str]
"""An account, and the attribute that names it."""


class _Places:
    """The account of each provider of a plan."""

    def __init__(self, where: str, accounts: Accounts, configuration: Configuration) -> None:
        self._where, self._accounts, self._configuration = where, accounts, configuration
        self._known: dict[str, str] = {}
        self._providers: dict[str, Place] = {}
        self.region = configuration.region("aws")

    def learn(self, instances: Iterable[Instance]) -> None:
        """Find each provider's account.

        Raises:
            SourceError: two facts about a provider's account contradict each other, or the given account.
        """
        facts: dict[str, dict[str, str]] = defaultdict(dict)
        for each in instances:
            provider = self._configuration.provider(each)
            for account, why in _facts_of(each):
                facts[provider].setdefault(account, why)
        problems = []
        for provider in dict.fromkeys([*self._configuration.providers(), *facts]):
            known = facts[provider]
            for account, why in self._configuration.accounts(provider):
                known.setdefault(account, why)
            problems += self._contradiction(provider, known)
            self._known[provider] = next(iter(known), "")
        if problems:
            raise SourceError(problems)

    def _contradiction(self, provider: str, known: Mapping[str, str]) -> list[Problem]:
        given = self._accounts.by_provider.get(provider) or (self._accounts.one if len(known) == 1 else "")
        if len(known) > 1:
            shown = ", ".join(f"{account} ({why})" for account, why in sorted(known.items()))
            what = f"the provider {provider} works in more than one account: {shown}"
            return [Problem(self._where, what, NOT_GIVEN, "plan with the credentials of one account")]
        single = len(self._configuration.providers()) < 2
        if given and known and given not in known and (single or provider in self._accounts.by_provider):
            ((account, why),) = known.items()
            what = f"the provider {provider} works in {account} ({why})"
            return [Problem(self._where, what, given, "leave out what follows @, or correct it")]
        return []

    def of(self, draft: Draft) -> Place:
        provider = draft.provider
        if provider not in self._providers:
            region = self._configuration.region(provider)
            account = self._known.get(provider) or self._accounts.of(provider)
            self._providers[provider] = Place(account, partition_of(region), region or "us-east-1")
        return self._providers[provider]


def _facts_of(instance: Instance) -> Iterator[Fact]:
    """The facts in a resource about its provider's account."""
    values = instance.values
    if instance.type == "aws_caller_identity" and isinstance(values.get("account_id"), str):
        yield values["account_id"], instance.address
    if instance.mode != "managed":
        return
    if instance.type in TYPES and (account := account_in(values.get("arn"))):
        yield account, instance.address


class _OfState:
    """The account of each resource of a state, which names no providers: from ARNs, or from the resource's owner."""

    def __init__(self, where: str, accounts: Accounts, instances: Iterable[Instance]) -> None:
        self._accounts = accounts
        self._by_address: dict[str, str] = {}
        self._by_owner: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._partition = "aws"
        for each in instances:
            account = account_in(each.values.get("arn")) if each.mode == "managed" else ""
            kind = ENTITIES.get(TYPES.get(each.type, ""), "")
            if account and (kind or each.type in TYPES):
                self._by_address[each.address] = account
                self._by_owner[kind, str(each.values.get("name"))].add(account)
            if each.type == "aws_caller_identity":
                self._by_owner["", ""].add(str(each.values.get("account_id")))
        known = set(self._by_address.values()) or self._by_owner["", ""]
        self._only = next(iter(known)) if len(known) == 1 else ""
        if accounts.one and self._only and accounts.one != self._only:
            what = f"its resources are in {self._only}"
            raise refusal(where, what, accounts.one, "leave out what follows @, or correct it")

    def of(self, draft: Draft) -> Place:
        arn = str(draft.values.get("arn") or "")
        partition = arn.split(":")[1] if is_arn(arn) and arn.count(":") > 4 else self._partition
        account = self._by_address.get(draft.address) or self._only or self._of_owner(draft) or self._accounts.one
        return Place(account, partition)

    def _of_owner(self, draft: Draft) -> str:
        for kind in KINDS:
            name = draft.values.get(kind) or draft.values.get(f"{kind}Name")
            found = self._by_owner.get((kind, str(name)), set())
            if isinstance(name, str) and len(found) == 1:
                return next(iter(found))
        return account_in(draft.values.get("policyArn"))
