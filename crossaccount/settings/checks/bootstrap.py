"""Roles and providers of the project's own pipeline, which exist before the first deployment of the stack.

So they may not need anything that the stack makes. Their permissions follow from their purpose. A role that deploys
must not trust tokens that anybody gets who can open a pull request.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.iam.arn import entity_arn, is_arn
from crossaccount.iam.names import UnknownAccount, resolve
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.providers import IdentityProvider
from crossaccount.iam.statements import matched_by_condition
from crossaccount.settings.draft import Draft, Placed
from crossaccount.settings.federations import provider_of
from crossaccount.settings.models import GitHub, GitLab, Provider, Role, TrustStatement

_WITHOUT_EFFECT = ("permissions_boundary", "protect", "aliases", "import_id", "exclusive")
_KEYS = {"import_id": "import"}


def check_bootstrap(draft: Draft) -> Iterator[Problem]:
    """The pipeline's own roles and providers."""
    for placed in draft.providers.values():
        if placed.value.bootstrap:
            yield from _check_provider(placed.value, placed.where)
    for role in draft.roles.values():
        if role.value.bootstrap:
            yield from _check_role(draft, role)


def _check_provider(provider: Provider, where: str) -> Iterator[Problem]:
    if provider.existing:
        fix = "keep bootstrap: true if `crossaccount bootstrap` makes it, else existing: true"
        yield Problem(f"{where}.bootstrap", "contradicts existing: true", provider.bootstrap, fix)
        return
    if provider.saml:
        what, fix = "pipelines have tokens of OpenID Connect", "remove it: the stack makes the provider"
        yield Problem(f"{where}.bootstrap", what, provider.bootstrap, fix)
    yield from _without_effect(provider, ("protect", "aliases", "import_id"), "provider", where)


def _without_effect(entity: Provider | Role, names: tuple[str, ...], kind: str, where: str) -> Iterator[Problem]:
    for name in names:
        if name in entity.model_fields_set:
            value = getattr(entity, name)
            shown = list(value) if isinstance(value, tuple) else value
            what = f"the stack does not make this {kind}, so this has no effect"
            yield Problem(f"{where}.{_KEYS.get(name, name)}", what, shown, "remove it, or remove bootstrap")


def _check_role(draft: Draft, placed: Placed[Role]) -> Iterator[Problem]:
    role, where = placed.value, placed.where
    if draft.given:
        what = "only a stack declares the pipeline's own roles"
        fix = "remove the line, and write its permissions under inline"
        yield Problem(f"{where}.bootstrap", what, role.bootstrap, fix)
        return
    yield from _without_effect(role, _WITHOUT_EFFECT, "role", where)
    for index, policy in enumerate(role.policies):
        if not is_arn(policy):
            what = "the stack makes this policy, and the role exists before it"
            yield Problem(f"{where}.policies[{index}]", what, policy, "write it under inline, or name one of AWS's own")
    for index, statement in enumerate(role.trust):
        yield from _check_trust(draft, statement, f"{where}.trust[{index}]")
        if role.bootstrap == "deploy":
            yield from _check_deployer(statement, f"{where}.trust[{index}]")


def _check_trust(draft: Draft, statement: TrustStatement, where: str) -> Iterator[Problem]:
    """What the trust names must exist before the stack is deployed."""
    made = {
        entity_arn(draft.account_id, kind, name, each.value.path, draft.partition)
        for section, kind in (("users", "user"), ("applications", "role"), ("roles", "role"))
        for name, each in draft.parsed[section].items()
        if not getattr(each.value, "bootstrap", None)
    }
    for position, principal in enumerate(statement.principals):
        try:
            arn = resolve(principal, draft.account_ids, draft.partition)
        except (UnknownAccount, ValueError):
            continue  # reported for every role
        if arn in made and not matched_by_condition(arn, statement.mode == "by-name"):
            what = "the stack makes this principal, and the role exists before it"
            yield Problem(f"{where}.principals[{position}]", what, principal, "add `mode: by-name`")
    for keyword, federation in statement.federations().items():
        found = provider_of(federation, draft.known_providers)
        if isinstance(found, IdentityProvider) and draft.providers[found.name].value.is_made_by_the_stack:
            what = f"the stack makes the provider {found.name}, and the role exists before it"
            fix = f"add bootstrap: true to providers.{found.name}, or existing: true if the account has it"
            yield Problem(f"{where}.{keyword}", what, NOT_GIVEN, fix)


def _check_deployer(statement: TrustStatement, where: str) -> Iterator[Problem]:
    """Tokens that are given without a review, by services that have such tokens."""
    github, gitlab = statement.github, statement.gitlab
    if isinstance(github, GitHub):
        fix = "write branch: main or an environment, and let a role of bootstrap: preview trust the rest"
        for name in ("pull_request", "any", "organization"):
            if getattr(github, name):
                yield _everybody(f"{where}.github.{name}", getattr(github, name), fix)
        if github.branch and not github.branch.strip("*"):
            yield _everybody(f"{where}.github.branch", github.branch, fix)
    if isinstance(gitlab, GitLab) and not gitlab.protected:
        fix = "write branch: main, or add protected: true"
        for name in ("any", "group"):
            if getattr(gitlab, name):
                yield _everybody(f"{where}.gitlab.{name}", getattr(gitlab, name), fix)


def _everybody(where: str, got: object, fix: str) -> Problem:
    return Problem(where, "everybody who can push a branch can deploy", got, fix)
