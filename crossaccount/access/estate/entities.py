"""The entities of an estate: users, roles and the policies that apply to them, frozen and compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crossaccount.access.estate.credentials import Credentials
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.caching import cached_property
from crossaccount.iam.compiled import CompiledStatement, DocumentError, Kind, compile_document
from crossaccount.iam.conditions.context import ContextValue, Open, RequestContext, normal
from crossaccount.iam.matching import action_match
from crossaccount.iam.request_keys import SETTING_SOURCE_IDENTITY, SETTING_TAGS, SETTING_TRANSITIVE_TAGS


@dataclass(frozen=True)
class Policy:
    """One policy where it applies. ``name``: an inline policy's name, a managed policy's ARN, or ``trust policy``.

    ``document`` is as in its source. It is compiled at first use, because most questions need few of an estate's
    policies. ``missing`` says why there is none; ``only`` are then the actions that it may be about, any where there
    are none.
    """

    name: str
    document: object = field(default=None, hash=False)
    kind: Kind = "permissions"
    missing: str = ""
    only: tuple[str, ...] = ()

    @property
    def statements(self) -> tuple[CompiledStatement, ...]:
        """The statements; empty if the policy is unknown."""
        return self._compiled[0]

    @property
    def unknown(self) -> str:
        """Why the policy is unknown; empty if it is known."""
        return self._compiled[1]

    def about(self, action: str) -> tuple[CompiledStatement, ...]:
        """The statements about an action, cached: questions are about few actions."""
        found = self._by_action.get(action)
        if found is None:
            found = tuple(statement for statement in self.statements if statement.about(action))
            self._by_action[action] = found
        return found

    def may_say(self, action: str) -> bool:
        """Whether it has statements about an action, or may have because it is unknown."""
        return bool(self.about(action) or self.unknown_about(action))

    def unknown_about(self, action: str) -> str:
        """Why it is unknown what it says of an action; empty if that is known."""
        unknown = self.unknown
        if not unknown or not self.only:
            return unknown
        return unknown if any(action_match(pattern, action) for pattern in self.only) else ""

    def having(self, statements: tuple[CompiledStatement, ...]) -> Policy:
        """The same policy with other statements than its document's."""
        found = replace(self)
        found.__dict__["_compiled"] = statements, self.unknown
        return found

    @cached_property
    def carried_actions(self) -> tuple[str, ...]:
        """Of a trust: :attr:`Role.carried_actions` of each role that has it."""
        if _lets_in_with_nothing(self):
            return ()
        statements = [each for action in _WAYS_IN for each in self.about(action)]
        ways = [each for each in statements if each.allows]
        if self.unknown or not ways:
            return ()
        return tuple(
            action
            for action, (without, services) in _CARRIED.items()
            if any(_denies_without(each, without) for each in statements)
            or all(_sets(each, services) or _refuses(each, without) for each in ways)
        )

    @cached_property
    def _compiled(self) -> tuple[tuple[CompiledStatement, ...], str]:
        if self.missing:
            return (), self.missing
        try:
            return compile_document(self.document, self.kind), ""
        except DocumentError as error:
            return (), str(error)

    @cached_property
    def _by_action(self) -> dict[str, tuple[CompiledStatement, ...]]:
        return {}


@dataclass(frozen=True)
class Membership:
    """The place of an account in its organisation: ``o-…`` and ``o-…/r-…/ou-…/``, which is empty if unknown.

    Both empty: the account is in none of the organisations ``none_of``.
    """

    organization: str = ""
    path: str = ""
    none_of: frozenset[str] = frozenset()

    def keys(self, of: str) -> dict[str, ContextValue]:
        """The condition keys for the place of the ``Principal`` or the ``Resource`` of a request."""
        if not self.organization:
            return {}
        keys: dict[str, ContextValue] = {f"aws:{of}OrgID": self.organization}
        return keys | ({f"aws:{of}OrgPaths": (self.path,)} if self.path else {})


class Members(dict[str, Membership]):
    """The places of accounts by ID: all accounts of some organisations, so that any other account is in none of
    them.
    """

    def of(self, account: str) -> Membership:
        """The place of an account."""
        return self.get(account, self._outside)

    @cached_property
    def _outside(self) -> Membership:
        return Membership(none_of=frozenset({each.organization for each in self.values()}))


@dataclass(frozen=True)
class Principal:
    """A user or a role as a caller. ``policies`` are its identity policies, including those of a user's groups.

    ``unique_id`` (``AIDA…``, ``AROA…``) is empty where the source does not say. ``membership`` is of its account, None
    where no source describes an organisation.
    """

    arn: str
    unique_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    membership: Membership | None = None

    @cached_property
    def account(self) -> str:
        """The ID of its account."""
        return self.arn.split(":", 5)[4]

    @cached_property
    def partition(self) -> str:
        """The partition of AWS that its account is in: ``aws``, ``aws-cn`` …"""
        return self.arn.split(":", 2)[1]

    @cached_property
    def name(self) -> str:
        """Its name without the path."""
        return parse_arn(self.arn).name

    def policies_about(self, action: str) -> tuple[Policy, ...]:
        """Its policies with statements about an action, and unknown ones. Cached, like ``Policy.about``."""
        found = self._by_action.get(action)
        if found is None:
            found = tuple([policy for policy in self.policies if policy.may_say(action)])
            self._by_action[action] = found
        return found

    @cached_property
    def _by_action(self) -> dict[str, tuple[Policy, ...]]:
        return {}

    @cached_property
    def is_role(self) -> bool:
        """Whether it is a role, so that its calls come from sessions."""
        return self.arn.split(":", 5)[5].startswith("role/")

    @cached_property
    def is_service_linked(self) -> bool:
        """Whether it is a role that belongs to an AWS service, which no control policy limits."""
        return self.is_role and self.arn.split(":", 5)[5].startswith("role/aws-service-role/")

    @cached_property
    def may_be_tagged(self) -> bool:
        """Whether it may come with session tags, which override its own: a user never does."""
        return False

    @cached_property
    def implied(self) -> Mapping[str, tuple[str, ...]]:
        """The condition keys that all of its requests carry, in normal form.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html has the table of what
        ``aws:username``, ``aws:userid`` and ``aws:PrincipalType`` are for each kind of principal.
        """
        keys: dict[str, ContextValue] = {
            "aws:PrincipalArn": self.arn,
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalType": "AssumedRole" if self.is_role else "User",
        }
        keys |= {f"aws:PrincipalTag/{key}": value for key, value in self.tags.items()}
        if not self.is_role:
            keys["aws:username"] = self.name
            if self.unique_id:
                keys["aws:userid"] = self.unique_id
        if self.membership is not None:
            keys |= self.membership.keys("Principal")
        return normal(keys)


@dataclass(frozen=True)
class User(Principal):
    """An IAM user. ``groups`` are the names of the groups that it is in."""

    groups: tuple[str, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)


@dataclass(frozen=True)
class Role(Principal):
    """An IAM role. ``max_session_duration`` is in seconds, None where the source does not say."""

    trust: Policy = field(default_factory=lambda: Policy(TRUST_POLICY, missing="the source has no trust policy"))
    max_session_duration: int | None = None

    @cached_property
    def may_be_tagged(self) -> bool:
        """Whether callers may pass session tags: if its trust allows it, or if the trust is unknown.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html: "New session tags override existing
        assumed role or federated user tags with the same tag key, regardless of case".
        """
        return bool(self.trust.unknown) or any(statement.allows for statement in self.trust.about("sts:TagSession"))

    @cached_property
    def carried_actions(self) -> tuple[str, ...]:
        """The additional actions that the next role of a chain must always allow, because of what its sessions carry.

        That is a source identity, which stays for the rest of a chain, or transitive session tags: every way into the
        role sets them, because its trust requires it or because the service does.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html and
        id_session-tags.html#id_session-tags_role-chaining.
        """
        return self.trust.carried_actions

    @cached_property
    def resource_keys(self) -> Mapping[str, tuple[str, ...]]:
        """The condition keys that all requests to assume it carry, in normal form: its tags, its account, where it is.

        Its tags go by two names:
        https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_attribute-based-access-control.html compares
        ``iam:ResourceTag``, the Service Authorization Reference has ``aws:ResourceTag`` for roles as well.
        """
        keys: dict[str, ContextValue] = dict(self.membership.keys("Resource")) if self.membership else {}
        keys["aws:ResourceAccount"] = self.account
        for key, value in self.tags.items():
            keys |= {f"aws:ResourceTag/{key}": value, f"iam:ResourceTag/{key}": value}
        return normal(keys)


TRUST_POLICY = "trust policy"
"""The name of every trust policy: IAM gives it none."""

_WAYS_IN = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
_CARRIED: Mapping[str, tuple[RequestContext, frozenset[str]]] = {
    "sts:SetSourceIdentity": (
        RequestContext.of(open=Open(frozenset({"sts:sourceidentity"}))),
        SETTING_SOURCE_IDENTITY,
    ),
    "sts:TagSession": (
        RequestContext.of(open=Open(frozenset({"sts:transitivetagkeys"}))),
        SETTING_TRANSITIVE_TAGS,
    ),
}
"""By action: a request that does not set what needs it later, and the services that always set it."""


def _lets_in_with_nothing(trust: Policy) -> bool:
    """Whether a trust has no Deny, and has an unconditional statement that is not only for services that set tags."""
    plain = any(_requires_nothing(each) for each in trust.about(_WAYS_IN[0]))
    return plain and all(each.allows for each in trust.statements)


def _requires_nothing(statement: CompiledStatement) -> bool:
    element = statement.principal
    if not statement.allows or statement.conditions or element is None:
        return False
    return not element.services or not SETTING_TAGS.issuperset(element.services)


def _sets(statement: CompiledStatement, services: frozenset[str]) -> bool:
    """Whether a statement lets in nobody but services that set it themselves."""
    element = statement.principal
    if element is None or element.inverted or element.aws or element.federated:
        return False
    return bool(element.services) and services.issuperset(element.services)


def _refuses(statement: CompiledStatement, without: RequestContext) -> bool:
    """Whether a statement surely does not allow a request that does not set it."""
    return any(condition.answer(without) is False for condition in statement.conditions)


def _denies_without(statement: CompiledStatement, without: RequestContext) -> bool:
    """Whether a statement surely denies everybody who does not set it."""
    element = statement.principal
    if statement.allows or element is None or element.inverted or "*" not in element.aws or not statement.conditions:
        return False
    return all(condition.answer(without) is True for condition in statement.conditions)
