"""Which condition keys a request carries: by its action and the kind of its caller. The one table of them.

A key that is not in a request is absent: a negated operator, IfExists, ``Null`` and ``ForAllValues`` then decide, and a
positive operator fails. Three sources:

- global keys (``aws:``) by the "Availability" of each,
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html;
- a service's own keys by the Service Authorization Reference, which lists the keys of each action (``published``);
- keys of identity providers:
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html ("Available keys for AWS
  OIDC federation", "Available keys for SAML-based AWS STS federation"). A request carries those of its own provider
  alone.

What the lists do not have is kept possible where they may be too old for it: an unknown ``aws:`` key, and all keys of a
service or an action that they do not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from crossaccount.iam.published import action_condition_keys, fits_published, key_type

CallerKind = Literal["user", "role", "external", "federated", "service"]
"""``role`` is a session of a role; ``external`` a user or a session of an account without a source; ``federated`` the
unsigned request of an identity provider's user."""

ASSUME_ROLE = "sts:AssumeRole"
_ALL: frozenset[CallerKind] = frozenset({"user", "role", "external", "federated", "service"})
_SIGNED: frozenset[CallerKind] = frozenset({"user", "role", "external"})
_SESSIONS: frozenset[CallerKind] = frozenset({"role", "external"})
_SERVICES: frozenset[CallerKind] = frozenset({"service"})

_GLOBAL: Mapping[str, frozenset[CallerKind]] = {
    # Who calls. "All signed requests": a federated caller's is not signed, and a service is no principal of an account.
    "aws:principalaccount": _SIGNED,
    "aws:principalarn": _SIGNED,
    "aws:principalisawsservice": _SIGNED | _SERVICES,
    "aws:principalorgid": _SIGNED,
    "aws:principalorgpaths": _SIGNED,
    "aws:principaltype": _SIGNED,
    "aws:userid": _SIGNED,
    "aws:username": frozenset({"user", "external"}),
    "aws:multifactorauthage": frozenset({"user", "external"}),
    "aws:multifactorauthpresent": _SIGNED,
    "aws:tokenissuetime": _SIGNED,
    "aws:federatedprovider": frozenset({"role", "external", "federated"}),
    "aws:sourceidentity": _SESSIONS,
    "aws:ec2instancesourceprivateipv4": _SESSIONS,
    "aws:ec2instancesourcevpc": _SESSIONS,
    "aws:signinsessionarn": _SIGNED,
    # On whose behalf a service acts.
    "aws:calledvia": _SERVICES,
    "aws:calledviafirst": _SERVICES,
    "aws:calledvialast": _SERVICES,
    "aws:principalservicename": _SERVICES,
    "aws:principalservicenameslist": _SERVICES,
    "aws:sourceaccount": _SERVICES,
    "aws:sourcearn": _SERVICES,
    "aws:sourceorgid": _SERVICES,
    "aws:sourceorgpaths": _SERVICES,
    "aws:sourceowner": _SERVICES,
}
"""The callers whose requests to assume a role may carry a global key. All others may carry any that is not listed."""
SETTING_SOURCE_IDENTITY = frozenset({"rolesanywhere.amazonaws.com"})
SETTING_TRANSITIVE_TAGS = frozenset({"pods.eks.amazonaws.com"})
SETTING_TAGS = SETTING_SOURCE_IDENTITY | SETTING_TRANSITIVE_TAGS
"""Services that set a source identity, transitive tags, and principal tags, when they assume a role:
https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html and
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html."""
_PRINCIPAL_TAG = "aws:principaltag/"
OF_SERVICE_SESSIONS = frozenset(
    {
        "aws:ec2instancesourceprivateipv4",
        "aws:ec2instancesourcevpc",
        "codebuild:buildarn",
        "codebuild:projectarn",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "glue:credentialissuingservice",
        "glue:roleassumedby",
        "identitystore:userid",
        "lambda:sourcefunctionarn",
        "ssm:sourceinstancearn",
    }
)
"""Keys of a service in whatever a session does that the service made, or that runs in it."""
_SAME_CALL: Mapping[str, tuple[str, ...]] = {
    "sts:assumerole": ("sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"),
    "sts:assumerolewithsaml": ("sts:TagSession", "sts:SetSourceIdentity"),
    "sts:assumerolewithwebidentity": ("sts:TagSession", "sts:SetSourceIdentity"),
}
"""The actions that one call may ask for together, so that it carries the keys of all."""
_ALSO = frozenset({"sts:durationseconds"})
"""Keys of assuming a role that the list has with other actions alone, kept possible."""
_CLAIMS = frozenset({"amr", "aud", "azp", "email", "oaud", "sub"})
"""The claims that every OpenID Connect provider's requests may carry; AWS lists more for some providers."""
_MULTIVALUED = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
    }
)
EXPECTED = frozenset(
    {
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:requestedregion",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:sourceip",
        "aws:useragent",
        "aws:userid",
    }
)
"""Keys that most real requests carry, with values that are unknown beforehand."""
EXPECTED_OF_SESSIONS = frozenset({"aws:multifactorauthpresent", "aws:tokenissuetime"})

THROUGH_VPC = frozenset(
    {
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
    }
)
"""Keys of a request through a VPC endpoint, which then has no ``aws:SourceIp``."""
SOURCE_IP = "aws:sourceip"


class Sender(NamedTuple):
    """Who sends a request. ``names`` are the providers that vouch for it, in lower case, or the service.

    For a role's session they are the providers in the role's trust, from which the session may come.
    """

    kind: CallerKind
    names: frozenset[str] = frozenset()


def issuer(provider: str) -> str:
    """How the keys of a provider begin, by its ARN or name: ``token.actions.githubusercontent.com``, ``saml``."""
    if ":saml-provider/" in provider:
        return "saml"
    return (provider.partition(":oidc-provider/")[2] or provider).lower()


@lru_cache(maxsize=65_536)
def may_carry(key: str, action: str, sender: Sender) -> bool:
    """Whether a request of ``action`` by ``sender`` may carry a condition key. False only where it never does."""
    key, action = key.lower(), action.lower()
    prefix = key.partition(":")[0]
    if prefix == "aws":
        return _may_carry_global(key, action, sender)
    if not _is_listed(action):
        return True
    if (own := next((name for name in sender.names if key.startswith(f"{name}:")), None)) is not None:
        return _may_carry_claim(key, own, action, sender)
    if prefix == "saml" or "." in prefix:  # another provider's
        return sender.kind == "external" and fits_published(key, _listed(action))
    if key in OF_SERVICE_SESSIONS and sender.kind in _SESSIONS:
        return True
    return (key in _ALSO and action in _SAME_CALL) or fits_published(key, _listed(action))


def may_be_multivalued(key: str) -> bool:
    """Whether a request may give a key several values, so that a set operator makes sense on it."""
    lower = key.lower()
    if lower.startswith("aws:"):
        return lower in _MULTIVALUED
    return lower.endswith((":amr", ":aud")) or key_type(lower) in (None, "ArrayOfString", "ArrayOfARN", "ArrayOfBool")


def never_has_wildcards(key: str) -> bool:
    """Whether no value of a key has ``*`` or ``?`` in it, so that a text with one is never equal to it.

    By the patterns of what the keys hold: IDs, ARNs of entities, tags, and the parameters of STS. Subjects are those of
    repositories, whose branches cannot be called so (git-check-ref-format), and of Kubernetes service accounts.
    """
    lower = key.lower()
    if lower.startswith(("aws:principal", "aws:source", "aws:resource", "aws:requesttag/", "iam:resourcetag/")):
        return True
    if lower in ("aws:userid", "aws:username", "sts:externalid", "sts:rolesessionname", "sts:sourceidentity"):
        return True
    if not lower.endswith(":sub"):
        return False
    return lower.startswith(_REPOSITORIES) or ".amazonaws.com" in lower or ".ghe.com" in lower


_REPOSITORIES = (
    "agent.buildkite.com:",
    "app.terraform.io:",
    "gitlab.com:",
    "token.actions.githubusercontent.com:",
    "token.actions.githubusercontent.com/",
)


def _may_carry_global(key: str, action: str, sender: Sender) -> bool:
    if action not in _SAME_CALL:
        return key != "aws:username" or sender.kind != "role"
    if key.startswith(_PRINCIPAL_TAG):
        return sender.kind in _SIGNED or (sender.kind == "service" and not sender.names.isdisjoint(SETTING_TAGS))
    return sender.kind in _GLOBAL.get(key, _ALL)


def _may_carry_claim(key: str, own: str, action: str, sender: Sender) -> bool:
    """A key of the sender's own provider; later calls of a session keep only those that AWS lists with the action."""
    listed = fits_published(key, _listed(action))
    if sender.kind != "federated" or own == "saml":
        return listed
    return listed or key.removeprefix(f"{own}:") in _CLAIMS


def _is_listed(action: str) -> bool:
    return action_condition_keys(action) is not None


@lru_cache(maxsize=4_096)
def _listed(action: str) -> tuple[str, ...]:
    """The published keys of a call: of its action, and of those that the same call may ask for."""
    actions: Iterable[str] = (action, *_SAME_CALL.get(action, ()))
    return tuple(sorted({key for each in actions for key in action_condition_keys(each) or ()}))
