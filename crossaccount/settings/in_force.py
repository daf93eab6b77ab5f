"""What of a config is in force at a moment: what has ended is left out, and so is what starts later if AWS has no dates
for it.

Grants and trusts carry their dates as conditions. AWS ends them by itself, and the next update removes them. A
membership has no conditions in AWS: only an update ends it.

- A trust statement or a grant that has ended is left out. A role without any statement left keeps a trust policy that
  lets nobody in: its ARN, and what others attach to it, survive. A managed policy that is somebody's permissions
  boundary stays, because its removal would give more access.
- A membership is declared from ``starts`` to ``expires``.
- An access key is declared from ``starts`` on. After ``expires`` it is Inactive, and ``delete_after`` days later it is
  left out.
- A user that has ended stays, because trust policies may name it exactly, and AWS refuses such a policy once the user
  is gone. Everything that gives access is left out: password, access keys, policies and memberships. The policy that
  denies everything stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossaccount.iam.arn import is_arn
from crossaccount.iam.problem import Problem
from crossaccount.settings.models import (
    AccessKey,
    Entity,
    ManagedPolicy,
    Membership,
    Policy,
    Role,
    TrustStatement,
    User,
)
from crossaccount.settings.models.config import SIDES
from crossaccount.settings.models.credentials import key_place
from crossaccount.settings.settings import Settings

SHOWN = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True)
class Ended:
    """Something of a config that has ended, so that updates no longer declare it."""

    where: str
    """Its place in the config."""
    what: str
    """What it is: ``the trust statement``."""
    when: datetime
    by_aws: bool = True
    """Whether AWS ends it by itself, by a date in a policy. AWS has no dates for memberships and users."""
    deleted_at: datetime | None = None
    """Of an access key that updates keep as Inactive: when they delete it."""

    @property
    def next_step(self) -> str:
        """What the next update does with it."""
        return "removes it" if self.deleted_at is None else "makes it Inactive"

    def as_problem(self) -> Problem:
        """What an update says about it."""
        if self.deleted_at is not None:
            what = f"{self.what} has expired, so it is Inactive; {deletes(self.deleted_at)}"
            return Problem(self.where, what, f"{self.when:{SHOWN}}", "set a later date to keep it", "warning", "XA334")
        what = f"{self.what} has ended, so it is no longer deployed"
        return Problem(self.where, what, f"{self.when:{SHOWN}}", "remove it, or set a later date", "warning", "XA318")


@dataclass(frozen=True)
class InForce:
    """The settings that are in force, and what has ended."""

    settings: Settings
    ended: tuple[Ended, ...] = ()


def in_force(whole: Settings, now: datetime) -> InForce:
    """What of ``whole`` is in force at ``now``."""
    if not _has_dates(whole):
        return InForce(whole)
    pruning = _Pruning(whole, now)
    settings = pruning.run()
    return InForce(settings, tuple(pruning.ended))


def deletes(moment: datetime) -> str:
    """The last step of a rotation in words."""
    return f"the first `up` after {moment:{SHOWN}} deletes it"


def membership_place(settings: Settings, user: str, index: int) -> str:
    """The place of a user's membership: at the user, or at the group that names the user."""
    assert settings.trusted is not None, "it has users"
    membership = settings.trusted.users[user].groups[index]
    members = settings.trusted.groups[membership.name].members
    for position, each in enumerate(members.names if members else ()):
        if each.name == user:
            return f"{settings.places['groups'][membership.name]}.members[{position}]"
    return f"{settings.places['users'][user]}.groups[{index}]"


def has_ended(dated: Any, now: datetime) -> bool:
    """Whether ``expires`` has passed."""
    return dated.expires is not None and dated.expires <= now


def is_to_start(dated: Any, now: datetime) -> bool:
    """Whether ``starts`` is still to come."""
    return dated.starts is not None and dated.starts > now


def _has_dates(settings: Settings) -> bool:
    return any(each.expires or each.starts for _, _, each in dated_parts(settings))


def dated_parts(settings: Settings) -> Iterator[tuple[str, str, Any]]:
    """Everything of a config that can have dates: its place, what it is, and the model that has them."""
    for section, name, entity in settings.entities():
        where = settings.places[section][name]
        if isinstance(entity, ManagedPolicy):
            yield where, "the grant", entity
        if isinstance(entity, User):
            yield where, "the user", entity
            for key, each in entity.keys.items():
                yield f"{where}.{key_place(key)}", f"the access key {key}".rstrip(), each
            for index, membership in enumerate(entity.groups):
                yield membership_place(settings, name, index), f"the membership in {membership.name}", membership
        yield from ((f"{where}.inline.{key}", "the grant", each) for key, each in getattr(entity, "inline", {}).items())
        if isinstance(entity, Role):
            yield from ((f"{where}.trust[{index}]", "the trust statement", each) for index, each in _numbered(entity))


def _numbered(role: Role) -> Iterator[tuple[int, TrustStatement]]:
    return iter(enumerate(role.trust))


class _Pruning:
    """Leaves out what has ended at ``now``."""

    def __init__(self, whole: Settings, now: datetime) -> None:
        self._whole, self._now = whole, now
        self._places = {id(each): (where, what) for where, what, each in dated_parts(whole)}
        self._gone = self._ended_policies()
        self.ended: list[Ended] = []
        self.statements: dict[str, tuple[int, ...]] = {}

    def run(self) -> Settings:
        whole = self._whole
        for name in self._gone:
            self._is_in_force(whole.policies[name])
        sides: dict[str, Any] = {side: self._side(getattr(whole, side), SIDES[side]) for side in SIDES}
        return replace(
            whole,
            policies={name: each for name, each in whole.policies.items() if name not in self._gone},
            trust_statements=self.statements,
            **sides,
        )

    def _side(self, side: Any, sections: tuple[str, ...]) -> Any:
        if side is None:
            return None
        return replace(
            side,
            **{
                section: {name: self._entity(name, each) for name, each in getattr(side, section).items()}
                for section in sections
            },
        )

    def _ended_policies(self) -> frozenset[str]:
        """The managed policies that have ended and that bound nobody."""
        bounding = {
            self._name(boundary)
            for _, _, entity in self._whole.entities()
            if (boundary := getattr(entity, "permissions_boundary", None))
        }
        policies = self._whole.policies.items()
        return frozenset(name for name, each in policies if has_ended(each, self._now) and name not in bounding)

    def _name(self, policy: str) -> str:
        """The name of a policy of the account, however the config names it; an ARN of another stays."""
        return self._whole.policy_names.get(policy, policy) if is_arn(policy) else policy

    def _entity(self, name: str, entity: Entity) -> Entity:
        if isinstance(entity, User) and not self._is_in_force(entity):
            nothing: dict[str, Any] = {"console": None, "groups": (), "policies": (), "inline": {}}
            nothing |= {"access_key": None, "access_keys": {}}
            return entity.model_copy(update={**nothing, "self_service_mfa": False})
        changed: dict[str, Any] = {
            "inline": self._inline(entity.inline),
            "policies": tuple(each for each in entity.policies if self._name(each) not in self._gone),
        }
        if isinstance(entity, User):
            changed["groups"] = tuple(each for each in entity.groups if self._is_member(each))
            keys = {key: each for key, old in entity.keys.items() if (each := self._access_key(old))}
            changed |= {"access_key": keys.pop("", None), "access_keys": keys}
        if isinstance(entity, Role):
            kept = [(index, each) for index, each in _numbered(entity) if self._is_in_force(each)]
            changed["trust"] = tuple(each for _, each in kept)
            self.statements[name] = tuple(index for index, _ in kept)
        return entity.model_copy(update=changed)

    def _inline(self, inline: Mapping[str, Policy]) -> dict[str, Policy]:
        return {name: each for name, each in inline.items() if self._is_in_force(each)}

    def _access_key(self, key: AccessKey) -> AccessKey | None:
        """The key as an update declares it; None before its start and from its deletion on."""
        if is_to_start(key, self._now):
            return None
        if key.expires is None or not has_ended(key, self._now):
            return key
        is_deleted = key.deleted_at is not None and key.deleted_at <= self._now
        where, what = self._places[id(key)]
        self.ended.append(Ended(where, what, key.expires, False, None if is_deleted else key.deleted_at))
        return None if is_deleted else key.model_copy(update={"status": "Inactive"})

    def _is_member(self, membership: Membership) -> bool:
        return self._is_in_force(membership) and not is_to_start(membership, self._now)

    def _is_in_force(self, dated: Any) -> bool:
        """Whether it has not ended; what has is noted."""
        if not has_ended(dated, self._now):
            return True
        where, what = self._places[id(dated)]
        self.ended.append(Ended(where, what, dated.expires, not isinstance(dated, (Membership, User))))
        return False
