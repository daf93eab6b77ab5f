"""What a token or an assertion passes for the session: session tags, which of them are transitive, a source identity.

An OpenID Connect token has them in the claims ``https://aws.amazon.com/tags`` (nested, or with flat names) and
``https://aws.amazon.com/source_identity``; a SAML assertion in attributes under ``https://aws.amazon.com/SAML/Attributes``.
Each tag has exactly one value. Tag keys differ in more than case.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html,
id_credentials_temp_control-access_monitor.html (source identity), and reference_iam-quotas.html (lengths)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossaccount.local.hardening.calls import Refusal

TAG_SESSION, SET_SOURCE_IDENTITY = "sts:TagSession", "sts:SetSourceIdentity"
TAGS, SOURCE_IDENTITY = "https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity"
_FLAT_TAG, _FLAT_TRANSITIVE = f"{TAGS}/principal_tags/", f"{TAGS}/transitive_tag_keys"
_IDENTITY = re.compile(r"(?!aws:)[\w+=,.@-]{2,64}", re.ASCII)
_MOST_TAGS, _LONGEST_KEY, _LONGEST_VALUE = 50, 128, 256


@dataclass(frozen=True)
class SessionParameters:
    """Session tags in the order of the token, the keys of the transitive ones, a source identity (empty for none)."""

    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""

    def actions(self) -> tuple[str, ...]:
        """The actions that the role's trust has to allow in addition."""
        wanted = {TAG_SESSION: bool(self.tags), SET_SOURCE_IDENTITY: bool(self.source_identity)}
        return tuple(action for action, needed in wanted.items() if needed)

    def keys(self) -> dict[str, Any]:
        """The condition keys of the request, in lower case."""
        keys: dict[str, Any] = {f"aws:requesttag/{key}".lower(): value for key, value in self.tags.items()}
        keys |= {"aws:tagkeys": list(self.tags)} if self.tags else {}
        keys |= {"sts:transitivetagkeys": list(self.transitive)} if self.transitive else {}
        return keys | ({"sts:sourceidentity": self.source_identity} if self.source_identity else {})


def of_claims(claims: Mapping[str, Any]) -> SessionParameters:
    """The parameters in the claims of an OpenID Connect token.

    Raises:
        Refusal: AWS would not take them.
    """
    nested = claims.get(TAGS)
    if nested is not None and not isinstance(nested, Mapping):
        raise _refused(f"the claim {TAGS} must be an object")
    nested = nested or {}
    own = nested.get("principal_tags") or {}
    if not isinstance(own, Mapping):
        raise _refused("principal_tags must be an object")
    tags = {**own, **dict(_flat(claims))}
    transitive = nested.get("transitive_tag_keys") or claims.get(_FLAT_TRANSITIVE) or []
    if not isinstance(transitive, list):
        raise _refused("transitive_tag_keys must be a list")
    identity = claims.get(SOURCE_IDENTITY) or ""
    return checked(
        {key: _listed(value) for key, value in tags.items()}, [str(each) for each in transitive], str(identity)
    )


def _flat(claims: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in claims.items():
        if name.startswith(_FLAT_TAG):
            yield name.removeprefix(_FLAT_TAG), value


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def checked(tags: Mapping[str, Sequence[str]], transitive: Sequence[str], identity: str) -> SessionParameters:
    """The parameters, by STS's rules.

    Raises:
        Refusal: AWS would not take them.
    """
    if len(tags) > _MOST_TAGS:
        raise _refused(f"more than {_MOST_TAGS} session tags")
    for key, values in tags.items():
        if len(values) != 1:
            raise _refused(f"the session tag {key} must have exactly one value")
        if not 1 <= len(key) <= _LONGEST_KEY or len(values[0]) > _LONGEST_VALUE or key.lower().startswith("aws:"):
            raise _refused(f"the session tag {key} has a key or a value that is too long or reserved")
    if len({key.lower() for key in tags}) < len(tags):
        raise _refused("duplicate tag keys found; tag keys are case insensitive")
    known = {key.lower() for key in tags}
    if missing := [key for key in transitive if key.lower() not in known]:
        raise _refused(f"the transitive tag key {missing[0]} is the key of no session tag")
    if identity and not _IDENTITY.fullmatch(identity):
        raise _refused("the source identity must match [\\w+=,.@-]{2,64} and must not begin with aws:")
    return SessionParameters({key: values[0] for key, values in tags.items()}, tuple(transitive), identity)


def _refused(what: str) -> Refusal:
    return Refusal("InvalidIdentityToken", f"Invalid session parameters: {what}")
