"""Users, groups, applications and roles: tags, paths, former names, memberships, first credentials.

Children of different entities must not get the same name in Pulumi: the owner's and the child's own, joined.
``a-inline-b`` with the policy ``c`` and ``a`` with ``b-inline-c`` would be one resource to the engine, which says so
only when the first of the two is registered already. ``components.permissions`` and ``components.trusted`` make the
names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from crossaccount.iam import quotas
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.entity_names import check_path, check_secret_name, check_tag, same_but_for_case
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.people import EXPIRES, SELF_SERVICE_MFA, STARTS
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.checks.keywords import check_dates
from crossaccount.settings.draft import Draft, Placed
from crossaccount.settings.models import Entity, Handover, Tagged, User
from crossaccount.settings.models.config import IDENTITIES, SECTIONS
from crossaccount.settings.models.credentials import key_place

_RENAMED_IN_PLACE = ("user", "group")


def check_options(draft: Draft) -> Iterator[Problem]:
    """What the schema of one entity cannot say about its options."""
    for name, policy in draft.policies.items():
        yield from check_tags(policy.value.tags, f"{policy.where}.tags")
        arn = entity_arn(draft.account_id, "policy", name, policy.value.path, draft.partition)
        yield from check_import(arn, policy.value.import_id, f"{policy.where}.import")
        yield from _check_path(policy.value.path, policy.where)
    for kind, name, entity in draft.entities():
        if not (draft.given and kind == "role"):
            yield from _check_path(entity.value.path, entity.where)
        if isinstance(entity.value, Tagged):
            yield from check_tags(entity.value.tags, f"{entity.where}.tags")
        yield from check_import(name, entity.value.import_id, f"{entity.where}.import")
        yield from _check_adoption(name, entity)
        yield from _check_rename(kind, entity)
    for section in SECTIONS:
        yield from _check_former_names(draft, section)
    for name, role in draft.roles.items():
        path = role.value.path
        if path != "/" and len(path + name) > 64:
            what = "with its path the role has more than 64 characters, too many for the console's switch-role form"
            yield Problem(f"{role.where}.path", what, path, "shorten the path or the name", "warning", "XA309")


def _check_path(path: str, where: str) -> Iterator[Problem]:
    if refusal := check_path(path):
        yield Problem(f"{where}.path", refusal.what, path, refusal.fix)


def check_import(own: str, import_id: str | None, where: str) -> Iterator[Problem]:
    """Pulumi adopts an entity only if it is what the program declares, name and path included."""
    if import_id not in (None, own):
        what = f"an entity is adopted as what it is declared to be, {own}"
        yield Problem(where, what, import_id, "write import: true")


def _check_rename(kind: str, placed: Placed[Entity]) -> Iterator[Problem]:
    """Pulumi never changes an ID in place: https://github.com/pulumi/pulumi-aws/issues/1610."""
    entity = placed.value
    refused = isinstance(entity, User) and (entity.console or entity.keys)
    if kind in _RENAMED_IN_PLACE and entity.aliases and not refused:
        what = f"once the {kind} is renamed, Pulumi's state keeps the former name, and a refresh treats it as deleted"
        fix = "after that `up` replace aliases with import: true, and deploy again"
        yield Problem(f"{placed.where}.aliases", what, NOT_GIVEN, fix, "warning", "XA504")


def _check_adoption(name: str, placed: Placed[Entity]) -> Iterator[Problem]:
    """Adopting is no way to lose policies unawares: who means it writes ``exclusive`` down."""
    entity = placed.value
    if entity.import_id == name and "exclusive" not in entity.model_fields_set:
        what = "the `up` that adopts it removes each of its policies that the config does not name"
        fix = "write exclusive: false to keep them until you have checked, or exclusive: true if this is intended"
        yield Problem(f"{placed.where}.import", what, NOT_GIVEN, fix, "warning", "XA503")


def check_tags(tags: Mapping[str, str], where: str) -> Iterator[Problem]:
    """The tags of an entity or a provider."""
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
    for name, placed in draft.parsed[section].items():
        for index, former in enumerate(placed.value.aliases):
            where = f"{placed.where}.aliases[{index}]"
            if former == name:
                yield Problem(where, "is the present name", former, "write the name before the rename")
            elif former in taken:
                yield Problem(where, f"the name is in use at {taken[former]}", former, "remove one of the two")
            else:
                taken[former] = where


def check_words(draft: Draft) -> Iterator[Problem]:
    """Words that stand for an inline policy, whose name must be free."""
    for section in (draft.users, draft.groups):
        for placed in section.values():
            words = {"self_service_mfa": SELF_SERVICE_MFA, "starts": STARTS, "expires": EXPIRES}
            for word, policy in words.items():
                if getattr(placed.value, word, None) and policy in placed.value.inline:
                    what = f"{word} makes an inline policy of this name"
                    yield Problem(f"{placed.where}.inline.{policy}", what, policy, "rename it")


def check_users(draft: Draft) -> Iterator[Problem]:
    """Memberships and credentials of every user."""
    for name, placed in draft.users.items():
        user, where = placed.value, placed.where
        yield from _check_groups(draft, user, f"{where}.groups")
        yield from check_dates(user.starts, user.expires, where, "so the user never has access")
        for key, handover in (("console", user.console), ("access_key", user.access_key)):
            if handover is not None:
                yield from _check_handover(name, handover, f"{where}.{key}")
        yield from _check_access_keys(name, user, where)
        if user.aliases and (user.console or user.keys):
            what = "a rename moves the login profile and the keys with the user, which Pulumi cannot follow"
            keys = "access_keys" if user.access_keys else "access_key"
            fix = f"remove console and {keys}, up, rename, up, and give them back"
            yield Problem(f"{where}.aliases", what, list(user.aliases), fix)


def _check_access_keys(name: str, user: User, where: str) -> Iterator[Problem]:
    """The named access keys, the dates of all, and their number."""
    limit = quotas.ACCESS_KEYS_PER_USER.limit
    if len(user.keys) > limit:
        what = f"a user has at most {limit} access keys, access_key included"
        yield Problem(f"{where}.access_keys", what, len(user.keys), "remove some")
    for key, each in user.keys.items():
        place = f"{where}.{key_place(key)}"
        yield from check_dates(each.starts, each.expires, place, "so the key is never created")
        if each.expires is None and "delete_after" in each.model_fields_set:
            yield Problem(
                f"{place}.delete_after",
                "counts from expires, which is missing",
                each.delete_after,
                "add expires, or remove it",
            )
        if key:
            yield from _check_handover(name, each, place)
            if not _KEY_NAME.fullmatch(key):
                what = "the name of an access key must be 1 to 32 letters, digits and _"
                yield Problem(place, what, key, "rename it, for example march_2027")
        elif "" in user.access_keys:
            yield Problem(
                f"{where}.access_keys", "an access key needs a name", key, "write one, for example march_2027"
            )


_KEY_NAME = re.compile(r"[A-Za-z0-9_]{1,32}", re.ASCII)
"""Without a hyphen, so that no resource of another user has the same name."""


def _check_groups(draft: Draft, user: User, where: str) -> Iterator[Problem]:
    limit = quotas.GROUPS_PER_USER.limit
    if len(user.groups) > limit:
        yield Problem(where, f"a user is in at most {limit} groups", len(user.groups), "join some of them")
    seen: set[str] = set()
    for index, group in enumerate(user.group_names):
        place = f"{where}[{index}]"
        dated = user.groups[index]
        yield from check_dates(dated.starts, dated.expires, place, "so the user is never a member")
        if group not in draft.declared["groups"] and "groups" not in draft.incomplete:
            fix = did_you_mean(group, draft.declared["groups"], f"declare it: trusted.groups.{group}: {{}}")
            yield Problem(place, "no such group under trusted.groups", group, fix)
        if group in seen:
            yield Problem(place, "is listed twice", group, "remove one of the two")
        seen.add(group)


def _check_handover(user: str, handover: Handover, where: str) -> Iterator[Problem]:
    given = [way for way in ("store", "pgp") if getattr(handover, way) is not None]
    if len(given) != 1:
        fix = "keep one of them" if given else "write {store: secretsmanager} or {pgp: KEY}"
        yield Problem(where, "needs exactly one of store and pgp", given or NOT_GIVEN, fix)
    elif handover.pgp is not None and "recovery_days" in handover.model_fields_set:
        what = "is about a secret of Secrets Manager, and pgp makes none"
        yield Problem(f"{where}.recovery_days", what, handover.recovery_days, "remove it")
    elif handover.store is not None and (refusal := check_secret_name(user)):
        yield Problem(f"{where}.store", refusal.what, user, refusal.fix)


_OF_AWS = re.compile(r"arn:[a-z-]+:iam::aws:")
"""AWS's own policies are called after their path: the slash in it is in no other name, so none is ever taken twice."""


def check_child_names(draft: Draft) -> Iterator[Problem]:
    """Two children of different entities that would be one resource."""
    members = _members(draft)
    for section in IDENTITIES:
        taken: dict[tuple[str, str], tuple[str, str]] = {}
        for owner, placed in draft.parsed[section].items():
            for kind, name, where in _children(placed, members.get(owner, ()) if section == "groups" else ()):
                first_owner, first = taken.setdefault((kind, f"{owner}-{kind}-{name}"), (owner, where))
                if first_owner != owner:
                    what = f"Pulumi would have to call it {owner}-{kind}-{name}, as it calls {first}"
                    yield Problem(where, what, NOT_GIVEN, f"rename one of the two, or one of {first_owner} and {owner}")


def _members(draft: Draft) -> dict[str, list[tuple[str, str]]]:
    """By group with separate membership resources: each member, and its place in the config."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for user, placed in draft.users.items():
        groups = placed.value.group_names
        for group in dict.fromkeys(groups):
            if group in draft.groups and not draft.groups[group].value.exclusive:
                found[group].append((user, f"{placed.where}.groups[{groups.index(group)}]"))
    return found


def _children(placed: Placed[Entity], members: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """The word between the two names, the child's own name, and its place."""
    entity = placed.value
    for policy in entity.inline:
        yield "inline", policy, f"{placed.where}.inline.{policy}"
    for index, policy in enumerate(entity.policies):
        if not _OF_AWS.match(policy):
            yield "policy", policy.rsplit("/", 1)[-1], f"{placed.where}.policies[{index}]"
    yield from (("member", user, where) for user, where in members)
