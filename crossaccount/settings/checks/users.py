"""Users: their groups, and their first credentials."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.iam import quotas
from crossaccount.iam.entity_names import check_secret_name
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Draft
from crossaccount.settings.models import Handover, User


def check_users(draft: Draft) -> Iterator[Problem]:
    """Memberships and credentials of every user."""
    for name, placed in draft.users.items():
        user, where = placed.value, placed.where
        yield from _check_groups(draft, user, f"{where}.groups")
        for key, handover in (("console", user.console), ("access_key", user.access_key)):
            if handover is not None:
                yield from _check_handover(name, handover, f"{where}.{key}")
        if user.aliases and (user.console or user.access_key):
            what = "a rename moves the login profile and the keys with the user, which Pulumi cannot follow"
            fix = "remove console and access_key, up, rename, up, and give them back"
            yield Problem(f"{where}.aliases", what, list(user.aliases), fix)


def _check_groups(draft: Draft, user: User, where: str) -> Iterator[Problem]:
    limit = quotas.GROUPS_PER_USER.limit
    if len(user.groups) > limit:
        yield Problem(where, f"a user is in at most {limit} groups", len(user.groups), "join some of them")
    seen: set[str] = set()
    for index, group in enumerate(user.groups):
        place = f"{where}[{index}]"
        if group not in draft.declared["groups"] and "groups" not in draft.incomplete:
            fix = did_you_mean(group, draft.declared["groups"], f"declare it: trusted.groups.{group}: {{}}")
            yield Problem(place, "no such group under trusted.groups", group, fix)
        if group in seen:
            yield Problem(place, "stands twice", group, "remove one of the two")
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
