"""Findings about the resources of one run of any Pulumi program, by URN, for a policy pack.

The findings, their codes and their texts are those of ``check``. The provider or the caller gives the account of a
resource. Without either the account is ``UNNAMED``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossaccount.access.chains import Chains
from crossaccount.access.findings.catalogue import CATALOGUE
from crossaccount.access.findings.finding import Facts, Found, Kind, Place
from crossaccount.access.findings.judge import judge
from crossaccount.engine.deployment import Deployment
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.sources.declared import ROLE, details
from crossaccount.sources.details import Described
from crossaccount.sources.programs.drafts import Accounts
from crossaccount.sources.programs.pulumi_files import State, read_resources
from crossaccount.sources.programs.settling import settle
from crossaccount.sources.source import Sources

UNNAMED = "000000000000"
"""The account of a run without a known account. AWS assigns this ID to no account."""
OF_CONFIGS = frozenset({"XA310", "XA317", "XA318", "XA319", "XA503", "XA504", "XA505", "XA901", "XA902"})
"""Findings about crossaccount's config, which other programs do not have."""
KINDS: Sequence[Kind] = tuple(kind for kind in CATALOGUE if kind.code not in OF_CONFIGS)
"""The findings that resources can have."""
_ENTITIES = {"aws:iam/user:User": "user", "aws:iam/group:Group": "group", "aws:iam/role:Role": "role"}
_ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
_INLINE = {f"aws:iam/{kind}Policy:{kind.capitalize()}Policy": kind for kind in _ENTITIES.values()}
_NATIVE = {"aws-native:iam:User": "user", "aws-native:iam:Group": "group", "aws-native:iam:Role": "role"}


@dataclass(frozen=True)
class Violation:
    """One finding: its code, its resource (empty for the stack), its place, and its message."""

    code: str
    urn: str
    where: str
    message: str


def violations(
    resources: Iterable[State], *, region: str = "", account: str = "", names: Mapping[str, str] | None = None
) -> list[Violation]:
    """The findings of a run. ``resources`` have ``urn``, ``type``, ``inputs``, ``outputs`` and ``provider``.

    ``account`` is the account of providers that do not name one. ``names`` has our own accounts, by name.
    """
    states = _without_read_policies(list(resources))
    file = read_resources(states, {"aws:region": region}, Accounts(otherwise=account or UNNAMED), "stack")
    deployments, _ = settle("stack", file.after, file.place)
    described = tuple(
        Described("stack", account_id, details(deployment, stored=False), whole=False)
        for account_id, deployment in deployments.items()
    )
    sources = Sources(tuple(each.details for each in described), dict(names or {}), described)
    estate = sources.estate()
    chains = Chains(estate)
    facts = Facts.of({*estate.accounts, *sources.accounts.values()}, sources.accounts)
    urns = dict(_urns(deployments))
    found = judge(sources.details, estate, chains.paths(), facts, chains=chains)
    return [_violation(each, urns) for each in found if each.kind.code not in OF_CONFIGS]


def _without_read_policies(states: Sequence[State]) -> list[State]:
    """Roles without those policies in their lists that are separate resources, or that are not known yet.

    In a run a role has the provider's values, which list all of the role's policies.
    """
    declared = {
        (values.get("role"), values.get("name"))
        for state in states
        if state["type"] == _ROLE_POLICY and isinstance(values := state.get("inputs"), Mapping)
    }
    return [_own(state, declared) if state["type"] == ROLE else state for state in states]


def _own(state: State, declared: Collection[tuple[object, object]]) -> State:
    inputs = dict(state["inputs"])
    for key in ("inlinePolicies", "managedPolicyArns"):
        given = inputs.pop(key, None)
        if isinstance(given, list) and (kept := [each for each in given if _is_own(each, inputs, declared)]):
            inputs[key] = kept
    return {**state, "inputs": inputs}


def _is_own(each: object, role: Mapping[str, Any], declared: Collection[tuple[object, object]]) -> bool:
    """Whether a role's own list has a policy, by its name or its ARN."""
    if isinstance(each, Mapping):
        return isinstance(each.get("name"), str) and (role.get("name"), each["name"]) not in declared
    return isinstance(each, str) and is_arn(each)


def _violation(found: Found, urns: Mapping[tuple[str, str, str], str]) -> Violation:
    return Violation(found.kind.code, _urn(found.place, urns), str(found.place), f"{found.message}; {found.fix}")


def _urns(deployments: Mapping[str, Deployment]) -> Iterator[tuple[tuple[str, str, str], str]]:
    """The URN of the declaring resource, by the ARN's kind and name, and by inline policy."""
    for deployment in deployments.values():
        for each in deployment.resources:
            values: Mapping[str, Any] = each.values
            if kind := _ENTITIES.get(each.type) or _NATIVE.get(each.type):
                yield (kind, str(values.get("name")), ""), each.urn
            elif each.type == "aws:iam/policy:Policy":
                yield ("policy", str(values.get("name")), ""), each.urn
            elif kind := _INLINE.get(each.type):
                yield (kind, str(values.get(kind)), str(values.get("name"))), each.urn


def _urn(place: Place, urns: Mapping[tuple[str, str, str], str]) -> str:
    if not is_arn(place.owner):
        return ""
    arn = parse_arn(place.owner)
    return urns.get((arn.kind, arn.name, place.policy)) or urns.get((arn.kind, arn.name, "")) or ""
