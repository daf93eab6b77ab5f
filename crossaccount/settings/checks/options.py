"""Tags, paths and former names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crossaccount.iam import quotas
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.entity_names import check_path, check_tag, same_but_for_case
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Draft, Placed
from crossaccount.settings.models import Entity, Tagged, User

_RENAMED_IN_PLACE = ("user", "group")
_SECTIONS = ("policies", "users", "groups", "applications", "roles")


def check_options(draft: Draft) -> Iterator[Problem]:
    """What the schema of one entity cannot say about its options."""
    for name, policy in draft.policies.items():
        yield from _check_tags(policy.value.tags, f"{policy.where}.tags")
        arn = entity_arn(draft.account_id, "policy", name, policy.value.path, draft.partition)
        yield from _check_import(arn, policy.value.import_id, f"{policy.where}.import")
        yield from _check_path(policy.value.path, policy.where)
    for kind, name, entity in draft.entities():
        if not (draft.given and kind == "role"):
            yield from _check_path(entity.value.path, entity.where)
        if isinstance(entity.value, Tagged):
            yield from _check_tags(entity.value.tags, f"{entity.where}.tags")
        yield from _check_import(name, entity.value.import_id, f"{entity.where}.import")
        yield from _check_adoption(name, entity)
        yield from _check_rename(kind, entity)
    for section in _SECTIONS:
        yield from _check_former_names(draft, section)
    for name, role in draft.roles.items():
        path = role.value.path
        if path != "/" and len(path + name) > 64:
            what = "with its path the role has more than 64 characters, too many for the console's switch-role form"
            yield Problem(f"{role.where}.path", what, path, "shorten the path or the name", "warning", "XA309")


def _check_path(path: str, where: str) -> Iterator[Problem]:
    if refusal := check_path(path):
        yield Problem(f"{where}.path", refusal.what, path, refusal.fix)


def _check_import(own: str, import_id: str | None, where: str) -> Iterator[Problem]:
    """Pulumi adopts an entity only if it is what the program declares, name and path included."""
    if import_id not in (None, own):
        what = f"an entity is adopted as what it is declared to be, {own}"
        yield Problem(where, what, import_id, "write import: true")


def _check_rename(kind: str, placed: Placed[Entity]) -> Iterator[Problem]:
    """Pulumi never changes an ID in place: https://github.com/pulumi/pulumi-aws/issues/1610."""
    entity = placed.value
    refused = isinstance(entity, User) and (entity.console or entity.access_key)
    if kind in _RENAMED_IN_PLACE and entity.aliases and not refused:
        what = f"once the {kind} is renamed, Pulumi's state keeps the former name, and a refresh takes it for gone"
        fix = "after that `up` write import: true in place of aliases, and deploy once more"
        yield Problem(f"{placed.where}.aliases", what, NOT_GIVEN, fix, "warning", "XA504")


def _check_adoption(name: str, placed: Placed[Entity]) -> Iterator[Problem]:
    """Adopting is no way to lose policies unawares: who means it writes ``exclusive`` down."""
    entity = placed.value
    if entity.import_id == name and "exclusive" not in entity.model_fields_set:
        what = "the `up` that adopts it removes every policy of it that does not stand here"
        fix = "write exclusive: false to keep them until you have looked, or exclusive: true if that is meant"
        yield Problem(f"{placed.where}.import", what, NOT_GIVEN, fix, "warning", "XA503")


def _check_tags(tags: Mapping[str, str], where: str) -> Iterator[Problem]:
    if len(tags) > quotas.TAGS.limit:
        what = f"{quotas.TAGS.name} has at most {quotas.TAGS.limit} tags"
        yield Problem(where, what, len(tags), "remove some")
    for key, value in tags.items():
        if refusal := check_tag(key, value):
            yield Problem(f"{where}.{key}", refusal.what, value, refusal.fix)
    for first, later in same_but_for_case(tags):
        what = f"differs only in case from {first}, and IAM takes the two for one"
        yield Problem(f"{where}.{later}", what, NOT_GIVEN, "keep one of the two")


def _check_former_names(draft: Draft, section: str) -> Iterator[Problem]:
    """A former name belongs to one entity, which no longer bears it."""
    taken: dict[str, str] = dict(draft.declared[section])
    for name, placed in getattr(draft, section).items():
        for index, former in enumerate(placed.value.aliases):
            where = f"{placed.where}.aliases[{index}]"
            if former == name:
                yield Problem(where, "is the present name", former, "write the name before the rename")
            elif former in taken:
                yield Problem(where, f"the name is in use at {taken[former]}", former, "remove one of the two")
            else:
                taken[former] = where
