"""The request context of ``sts:AssumeRole``, and of a call by the resulting session.

The context has the keys that the principal implies, the keys that every request carries, the session's parameters, and
the given keys, which override all others. It has no other keys. The time is passed in.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
reference_policies_iam-condition-keys.html (the sts: keys) and reference_policies_variables.html (the table of what
aws:username, aws:userid and aws:PrincipalType are for each kind of principal).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache

from crossaccount.access.estate.entities import Membership, Principal, Role
from crossaccount.access.evaluation.callers import ExternalPrincipal, assume_action, sender_of
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import ContextValue, Open, Values, normal
from crossaccount.iam.request_keys import Sender, may_carry

DEFAULT_SESSION_NAME = "crossaccount"
ISO_TIME = "%Y-%m-%dT%H:%M:%SZ"
"""How a context writes a time in UTC."""
SESSION_NAME_KEY = "sts:RoleSessionName"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"
CARRIED_IDENTITY = "aws:sourceidentity"
"""What a session says of the source identity that it carries on."""

_CIRCUMSTANCES = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:requestedregion",
        "aws:securetransport",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:useragent",
        "aws:vpcsourceip",
    }
)


@dataclass(frozen=True)
class Session:
    """The session parameters of an AssumeRole call: session tags, a source identity, a provided context.

    ``provided_context`` is by key, such as ``identitystore:UserId``. ``transitive`` are the keys of the tags that all
    sessions of a chain keep.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    source_identity: str | None = None
    provided_context: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()

    def carried(self) -> Session:
        """What the next session of a chain keeps and cannot change: the transitive tags and the source identity."""
        lower = {key.lower() for key in self.transitive}
        tags = {key: value for key, value in self.tags.items() if key.lower() in lower}
        return Session(tags, self.source_identity, transitive=self.transitive)

    def actions(self) -> tuple[str, ...]:
        """The additional actions that both sides have to allow."""
        permissions = {
            "sts:TagSession": bool(self.tags),
            "sts:SetSourceIdentity": self.source_identity is not None,
            "sts:SetContext": bool(self.provided_context),
        }
        return tuple(action for action, passed in permissions.items() if passed)


NO_SESSION = Session()


def assume_context(
    caller: Principal, given: Mapping[str, ContextValue], session: Session, now: datetime, role: Role
) -> RequestContext:
    """The context of ``sts:AssumeRole`` as ``caller`` sends it for ``role``."""
    own = role.resource_keys
    if session is NO_SESSION and all(given.values()):
        return RequestContext({**_named_session(now, _is_signed(caller)), **caller.implied, **own, **normal(given)})
    always = _named_session(now, _is_signed(caller))
    return RequestContext.joined(always, caller.implied, own, normal(_session_parameters(session)), normal(given))


def open_context(caller: Principal, action: str | None = None, since: datetime | None = None) -> RequestContext:
    """The open context of all requests of ``caller`` for ``action`` (default: to assume a role).

    It has the caller's own keys, and the keys that such a request may carry. The call is not made on behalf of a
    service, and not before ``since``. A user's MFA keys are open, because a long-term key carries none and a session of
    GetSessionToken does. A role never has MFA: its sessions carry false, or no key. If its sessions may have session
    tags, the role's own tags are open.
    """
    sender, implied = sender_of(caller), caller.implied
    kind = _open(action or assume_action(caller), sender, caller.may_be_tagged or not _is_known(caller), since)
    if caller.may_be_tagged:
        implied = _untagged(implied)
    if isinstance(caller, Role) and SET_SOURCE_IDENTITY in caller.carried_actions:
        kind = replace(kind, present=_CARRIED_IDENTITY)
    if (out := _elsewhere(caller.membership)) is not None:
        kind = replace(kind, possible={**kind.possible, **_ELSEWHERE["Principal"]}, none_of=out)
    return RequestContext.joined(_CERTAIN if _is_signed(caller) else _UNSIGNED, implied, open=kind)


def open_context_on(context: RequestContext, role: Role) -> RequestContext:
    """An open context for assuming ``role``, with its tags and its account's place in the organisation, if known."""
    kind = context.open or Open()
    absent, possible, out = (*kind.absent_prefixes, *_RESOURCE_TAGS), kind.possible, _elsewhere(role.membership)
    if out is not None:
        possible = {**possible, **_ELSEWHERE["Resource"]}
    kind = replace(kind, absent_prefixes=absent, possible=possible, none_of=kind.none_of if out is None else out)
    return context._replace(values={**context.values, **role.resource_keys}, open=kind)


def session_context(
    role: Role,
    given: Mapping[str, ContextValue],
    now: datetime,
    *,
    session: Session = NO_SESSION,
    name: str = DEFAULT_SESSION_NAME,
) -> RequestContext:
    """The context of a call by a session of ``role``: session tags override the role's own."""
    keys: dict[str, ContextValue] = {"aws:TokenIssueTime": _iso(now)}
    if role.unique_id:
        keys["aws:userid"] = f"{role.unique_id}:{name}"
    if session.source_identity is not None:
        keys["aws:SourceIdentity"] = session.source_identity
    tags = {f"aws:PrincipalTag/{key}": value for key, value in session.tags.items()}
    implied = (_always(now), role.implied, _of_its_account(role), normal(keys), normal(tags))
    return RequestContext.joined(*implied, normal(given))


def open_session_context(role: Role, action: str, since: datetime | None = None) -> RequestContext:
    """The open context of all calls of ``action`` by a session of ``role``.

    Session tags may override the role's own tags, so all tags are open. The MFA keys are open too.
    """
    kind = Open(carries=_carries(action, sender_of(role)), since=_iso(since) if since else "")
    if (out := _elsewhere(role.membership)) is not None:
        kind = replace(kind, possible={**_ELSEWHERE["Principal"], **_ELSEWHERE["Resource"]}, none_of=out)
    return RequestContext.joined(_CERTAIN, _untagged(role.implied), _of_its_account(role), open=kind)


def circumstances(given: Mapping[str, ContextValue]) -> dict[str, ContextValue]:
    """The keys of an AssumeRole context that also apply to the session's next calls: time and place.

    Not MFA: "The temporary credentials returned by AssumeRole do not include MFA information in the context"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html).
    """
    return {key: value for key, value in given.items() if key.lower() in _CIRCUMSTANCES}


def caller_session(context: RequestContext) -> str | None:
    """The caller's role session name in ``aws:userid`` (``AROA…:name``); None if it is not there."""
    user_id = context.single("aws:userid") or ""
    return user_id.partition(":")[2] or None


_UNSIGNED = normal({"aws:SecureTransport": "true", "aws:ViaAWSService": "false"})
_CERTAIN = {**_UNSIGNED, **normal({"aws:PrincipalIsAWSService": "false"})}
"""The keys of every signed request. A request with a provider's token is unsigned, and has no key for calls by
services."""
_CARRIED_IDENTITY = frozenset({CARRIED_IDENTITY})
_TAGS = ("aws:principaltag/",)
_RESOURCE_TAGS = ("aws:resourcetag/", "iam:resourcetag/")
_ROLE_MFA: Mapping[str, tuple[Values, ...]] = {"aws:multifactorauthpresent": (None, ("false",))}


@lru_cache(maxsize=4_096)
def _open(action: str, sender: Sender, tagged: bool, since: datetime | None) -> Open:
    """The open keys of a request. Without ``tagged`` the principal has only its own tags."""
    return Open(
        absent_prefixes=() if tagged else _TAGS,
        possible=_ROLE_MFA if sender.kind == "role" else {},
        carries=_carries(action, sender),
        since=_iso(since) if since else "",
    )


@lru_cache(maxsize=4_096)
def _carries(action: str, sender: Sender) -> Callable[[str], bool]:
    return lambda key: may_carry(key, action, sender)


def _is_signed(caller: Principal) -> bool:
    return not (isinstance(caller, ExternalPrincipal) and caller.provider) or caller.service


def _is_known(caller: Principal) -> bool:
    """Whether a source has the caller, and so all its tags."""
    return not isinstance(caller, ExternalPrincipal)


_ELSEWHERE: Mapping[str, Mapping[str, tuple[Values, ...]]] = {
    of: {
        f"aws:{of.lower()}orgid": (None, ("o-another",)),
        f"aws:{of.lower()}orgpaths": (None, ("o-another/r-another/",)),
    }
    for of in ("Principal", "Resource")
}
"""The organisation keys of an account in none of the known organisations: absent, or another organisation's."""


def _elsewhere(membership: Membership | None) -> frozenset[str] | None:
    """The organisations to which an account does not belong; None if it belongs to one, or if that is unknown."""
    return None if membership is None or membership.organization else membership.none_of


def _untagged(implied: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The keys that a role implies, without its tags."""
    return {key: values for key, values in implied.items() if not key.startswith(_TAGS)}


def _of_its_account(role: Role) -> Mapping[str, tuple[str, ...]]:
    """The keys that a role's account implies for its resources."""
    return {} if role.membership is None else normal(role.membership.keys("Resource"))


@lru_cache(maxsize=16)
def _always(now: datetime, signed: bool = True) -> Mapping[str, tuple[str, ...]]:
    times = normal({"aws:CurrentTime": _iso(now), "aws:EpochTime": str(int(now.timestamp()))})
    return {**times, **(_CERTAIN if signed else _UNSIGNED)}


@lru_cache(maxsize=16)
def _named_session(now: datetime, signed: bool) -> Mapping[str, tuple[str, ...]]:
    return {**_always(now, signed), **normal({SESSION_NAME_KEY: DEFAULT_SESSION_NAME})}


def _session_parameters(session: Session) -> Mapping[str, ContextValue]:
    keys: dict[str, ContextValue] = {f"aws:RequestTag/{key}": value for key, value in session.tags.items()}
    keys["aws:TagKeys"] = tuple(session.tags)
    if session.transitive:
        keys["sts:TransitiveTagKeys"] = session.transitive
    if session.source_identity is not None:
        keys["sts:SourceIdentity"] = session.source_identity
    keys |= {f"sts:RequestContext/{key}": value for key, value in session.provided_context.items()}
    return keys


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(ISO_TIME)
