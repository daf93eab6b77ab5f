"""The request context of an assumption, and of a call that the assumed role's session then makes.

What the principal implies, what every request carries, what the session asks for, and what is given, which overrides
all. Nothing else is in the request. Times come in as a value; the clock is at the edge.

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
SESSION_NAME_KEY = "sts:RoleSessionName"

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
    """What an assumption asks for beyond the role itself: session tags, a source identity, a provided context.

    ``provided_context`` is by key, such as ``identitystore:UserId``.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    source_identity: str | None = None
    provided_context: Mapping[str, str] = field(default_factory=dict)

    def actions(self) -> tuple[str, ...]:
        """The actions that both sides then have to allow beside ``sts:AssumeRole``."""
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
    """What is certain of every request of ``caller`` for ``action``, by default to assume a role.

    That is what it implies itself, that AWS calls for nobody, which keys such a request may carry, and that it is not
    from before ``since``. A long-term key
    carries no MFA keys and a session of GetSessionToken does, so all of that is open for a user. A role never has MFA:
    its sessions say so, or say nothing. Where they may have session tags, its own are not certain.
    """
    sender, implied = sender_of(caller), caller.implied
    kind = _open(action or assume_action(caller), sender, caller.may_be_tagged or not _is_known(caller), since)
    if caller.may_be_tagged:
        implied = _untagged(implied)
    if (out := _elsewhere(caller.membership)) is not None:
        kind = replace(kind, possible={**kind.possible, **_ELSEWHERE["Principal"]}, none_of=out)
    return RequestContext.joined(_CERTAIN if _is_signed(caller) else _UNSIGNED, implied, open=kind)


def open_context_on(context: RequestContext, role: Role) -> RequestContext:
    """An open context for assuming ``role``: its tags, and where its account is if a source says so."""
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
    """What is certain of every call of ``action`` by a session of ``role``.

    Session tags may override the role's own, so all are open, and so is what it says of MFA.
    """
    kind = Open(carries=_carries(action, sender_of(role)), since=_iso(since) if since else "")
    if (out := _elsewhere(role.membership)) is not None:
        kind = replace(kind, possible={**_ELSEWHERE["Principal"], **_ELSEWHERE["Resource"]}, none_of=out)
    return RequestContext.joined(_CERTAIN, _untagged(role.implied), _of_its_account(role), open=kind)


def circumstances(given: Mapping[str, ContextValue]) -> dict[str, ContextValue]:
    """Those keys of an assumption's context that hold as well for what the session does next: time and place.

    Not MFA: "The temporary credentials returned by AssumeRole do not include MFA information in the context"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html).
    """
    return {key: value for key, value in given.items() if key.lower() in _CIRCUMSTANCES}


def caller_session(context: RequestContext) -> str | None:
    """The caller's own role session name, where ``aws:userid`` (``AROA…:name``) says it."""
    user_id = context.single("aws:userid") or ""
    return user_id.partition(":")[2] or None


_UNSIGNED = normal({"aws:SecureTransport": "true", "aws:ViaAWSService": "false"})
_CERTAIN = {**_UNSIGNED, **normal({"aws:PrincipalIsAWSService": "false"})}
"""What every signed request says. One with a provider's token is unsigned and does not say whether a service calls."""
_TAGS = ("aws:principaltag/",)
_RESOURCE_TAGS = ("aws:resourcetag/", "iam:resourcetag/")
_ROLE_MFA: Mapping[str, tuple[Values, ...]] = {"aws:multifactorauthpresent": (None, ("false",))}


@lru_cache(maxsize=4_096)
def _open(action: str, sender: Sender, tagged: bool, since: datetime | None) -> Open:
    """What is open in a request; not ``tagged`` is a principal that has no tags but its own."""
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
    """Whether a source has the caller, and with it all of its tags."""
    return not isinstance(caller, ExternalPrincipal)


_ELSEWHERE: Mapping[str, Mapping[str, tuple[Values, ...]]] = {
    of: {
        f"aws:{of.lower()}orgid": (None, ("o-another",)),
        f"aws:{of.lower()}orgpaths": (None, ("o-another/r-another/",)),
    }
    for of in ("Principal", "Resource")
}
"""What the keys may be for an account in none of the organisations that are known: not there, or another's."""


def _elsewhere(membership: Membership | None) -> frozenset[str] | None:
    """The organisations that an account is surely in none of; None where it is in one, or nobody knows."""
    return None if membership is None or membership.organization else membership.none_of


def _untagged(implied: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What a role implies but for its tags."""
    return {key: values for key, values in implied.items() if not key.startswith(_TAGS)}


def _of_its_account(role: Role) -> Mapping[str, tuple[str, ...]]:
    """What the account of a role says of what else is in it."""
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
    if session.source_identity is not None:
        keys["sts:SourceIdentity"] = session.source_identity
    keys |= {f"sts:RequestContext/{key}": value for key, value in session.provided_context.items()}
    return keys


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
