"""What a denied call needs, as a change of the config of the stack that declares the account.

An explanation (:mod:`crossaccount.access.explanation`) says it in AWS's own terms: the statement to add, or the policy
that denies. Where a stack declares the account, the change belongs in its file, because the next update removes what
somebody adds in AWS. Here each such change gets the file, the key and the lines of YAML to add there.

A change that the config cannot express stays as it is: one of an account's organisation, of a principal that the stack
does not declare, of an identity provider that it does not declare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossaccount.access.explanation.explain import Explanation
from crossaccount.access.explanation.obstacles import Addition, Change, ConfigChange
from crossaccount.access.findings.closure import OR_DELETE
from crossaccount.access.findings.finding import Found, Place
from crossaccount.access.verdict import Decision
from crossaccount.check.locations import file_of_source
from crossaccount.check.placing import Placer, placers_of
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.names import account_name, display
from crossaccount.iam.statements import ASSUME_ROLE
from crossaccount.settings import Settings
from crossaccount.settings.models import Application, Entity
from crossaccount.settings.models.config import KINDS
from crossaccount.settings.places import TRUST
from crossaccount.settings.yaml_text import parse_yaml
from crossaccount.settings.yaml_writing import flow_text, yaml_text
from crossaccount.sources import Sources
from crossaccount.sources.details import Described
from crossaccount.sources.words import STACK, parse


def in_configs(explanation: Explanation, sources: Sources, directory: Path) -> Explanation:
    """The explanation, with each change at its place in the config of a stack, where a source is one.

    ``directory`` is where the stacks of ``sources`` were looked up.
    """
    if not explanation.changes:
        return explanation
    files = {each.account_id: file_of_source(each.where, directory) for each in sources.described if _is_stack(each)}
    known = placers_of(files)
    return replace(explanation, changes=tuple(_in_config(each, explanation, known) for each in explanation.changes))


def addition_in_config(found: Found, known: Mapping[str, Placer]) -> Found:
    """A finding whose fix adds a statement, with the fix as a change of the config. ``known`` is by account ID."""
    added = found.change and found.change.adds and _added(found.change.adds, known)
    if not (found.change and added):
        return found
    verb = "Change the condition, or add" if found.change.decision else "Add"
    lines = added.lines if len(added.lines) == 1 else (flow_text(parse_yaml("\n".join(added.lines), "")),)
    return replace(found, fix=f"{verb} to {added.file}, under {added.path}: {lines[0]}{OR_DELETE}")


def _is_stack(described: Described) -> bool:
    return not described.whole and parse(described.where).kind == STACK


def _in_config(change: Change, explanation: Explanation, known: Mapping[str, Placer]) -> Change:
    place = _place_of(change.decision, explanation, known) if change.decision else ""
    added = change.adds and _added(change.adds, known)
    if added:
        condition = f"change the condition in {place}, or " if place else ""
        return replace(change, fix=f"{condition}add to {added.file}, under {added.path}:", config=added)
    return replace(change, fix=f"{change.fix}: {place}") if place else change


def _place_of(decision: Decision, explanation: Explanation, known: Mapping[str, Placer]) -> str:
    """Where in a config the policy of a deciding statement is; empty if no config says it."""
    if decision.side == "trust":
        return _policy_place(explanation.role, TRUST, known)
    if decision.side != "identity":
        return ""
    if decision.policy.startswith("arn:"):
        return _policy_place(decision.policy, "", known)
    group = explanation.groups.get(decision.policy)
    owner = explanation.principal if group is None else _group(explanation.principal, group, known)
    return _policy_place(owner, decision.policy, known)


def _policy_place(owner: str, policy: str, known: Mapping[str, Placer]) -> str:
    placer = known.get(parse_arn(owner).account) if owner.startswith("arn:") else None
    if placer is None or owner not in placer.places.entities:
        return ""
    return placer.where(Place(owner, policy))


def _group(principal: str, name: str, known: Mapping[str, Placer]) -> str:
    placer = known.get(parse_arn(principal).account)
    return placer.compiled.settings.arns["group"].get(name, "") if placer else ""


def _added(addition: Addition, known: Mapping[str, Placer]) -> ConfigChange | None:
    """The lines that add a statement to an entity of a stack; None if the config cannot say it."""
    placer = known.get(parse_arn(addition.owner).account)
    found = _entity(placer.compiled.settings, addition.owner) if placer else None
    if placer is None or found is None:
        return None
    settings, (where, entity) = placer.compiled.settings, found
    if addition.side == "identity":
        return _grant(settings, addition.statement, entity, where)
    if isinstance(entity, Application):
        services = [addition.statement["Principal"].get("Service")]
        return _change(f"{where}.services", [f"- {each}" for each in services]) if services[0] else None
    statement = _trust(settings, addition)
    return _change(f"{where}.trust", [f"- {flow_text(statement)}"]) if statement else None


def _entity(settings: Settings, arn: str) -> tuple[str, Entity] | None:
    """The place and the entity of an ARN."""
    for section, name, entity in settings.entities():
        if isinstance(entity, Entity) and settings.arn_of(KINDS[section], name) == arn:
            return settings.places[section][name], entity
    return None


def _grant(settings: Settings, statement: Mapping[str, Any], entity: Entity, where: str) -> ConfigChange:
    """An inline policy that allows the action on the role."""
    role, action = statement["Resource"], statement["Action"]
    policy: dict[str, Any] = {"assume": [_name(role, settings)]}
    if action != ASSUME_ROLE:
        policy["actions"] = [action]
    name = _unused(f"assume-{parse_arn(role).name}", entity.inline)
    if entity.inline:
        return _change(f"{where}.inline", yaml_text({name: policy}).splitlines())
    return _change(where, yaml_text({"inline": {name: policy}}).splitlines())


def _unused(name: str, used: Iterable[str]) -> str:
    taken = set(used)
    return next(each for each in (name, *(f"{name}-{number}" for number in range(2, 99))) if each not in taken)


def _trust(settings: Settings, addition: Addition) -> Mapping[str, Any] | None:
    """A trust statement of the config for the one principal that the statement allows."""
    element, action = addition.statement["Principal"], addition.statement["Action"]
    if service := element.get("Service"):
        return {"services": [service]}
    if provider := element.get("Federated"):
        return _of_provider(settings, provider)
    principal = element["AWS"]
    if principal == "*":
        [[organization]] = [each.values() for each in addition.statement["Condition"].values()]
        return {"principals": ["*"], "organization": organization}
    found: dict[str, Any] = {"principals": [_name(principal, settings)]}
    if action != ASSUME_ROLE:
        found["actions"] = [action]
    if _only_by_name(settings, principal, addition.owner):
        found["mode"] = "by-name"
    return found


def _of_provider(settings: Settings, arn: str) -> Mapping[str, Any] | None:
    """A statement for users of a declared provider, as far as it is known which of them are meant."""
    provider = next((each for each in settings.identity_providers.values() if each.arn == arn), None)
    if provider is None:
        return None
    if provider.is_saml:
        return {"saml": {"provider": provider.name}}
    if provider.service:
        return {provider.service.replace("-", "_"): {"provider": provider.name, "<which users>": "<…>"}}
    return {"web_identity": {"provider": provider.name, "subject": "<the subject>"}}


def _only_by_name(settings: Settings, principal: str, role: str) -> bool:
    """Whether the settings refuse a trust in the exact principal: of another stack that is not read, or in itself."""
    arn = parse_arn(principal)
    if arn.kind not in ("user", "role"):
        return False
    if arn.account == settings.account_id:
        return principal == role
    account = account_name(arn.account, settings.account_ids)
    managed = account in settings.accounts and bool(settings.accounts[account].stack)
    return managed and account not in settings.reads


def _name(arn: str, settings: Settings) -> str:
    """An ARN as the config has it: ``workload/role/Deploy``; the ARN itself in another partition."""
    name = display(arn, settings.account_ids)
    return name if settings.resolve(name) == arn else arn


def _change(place: str, lines: Iterable[str]) -> ConfigChange:
    file, _, path = place.rpartition(": ")
    return ConfigChange(file, path, tuple(lines))
