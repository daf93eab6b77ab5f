"""An account as it will be: what is declared laid over what is there. Pure; the order of what is there is kept.

Declared entities replace theirs; what the stack manages and no longer declares goes; all else stays. Of what others
added to a declared entity, policies (and of a group members) go where it is exclusive, which is the default; a
permissions boundary, tags and edits of what is declared go always, as the provider puts them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.arn import parse_arn
from crossaccount.job.review.declared import Declared, Owner
from crossaccount.job.review.managed import Managed
from crossaccount.job.review.merging import WORDS, Item, Merger, name_of
from crossaccount.job.review.removals import HandMade


@dataclass(frozen=True)
class Overlaid:
    """The account after an update.

    ``replaced`` maps the ARNs of roles that another takes the place of to its ARN, as far as the ARNs alone do not
    tell; ``conflicts`` are ARNs of what is declared, is there, and is not the stack's: making it will fail.
    """

    details: Mapping[str, Any]
    removals: tuple[HandMade, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """What the config says of passwords that are there already, and that has no effect."""


def with_credentials(live: Mapping[str, Any], deployed: Mapping[str, Any], declared: Declared) -> Mapping[str, Any]:
    """``live``, with what the stack last ``deployed`` of users whose credentials AWS did not tell.

    Of users that the stack declares or manages alone: an update does not touch the credentials of others. Nor does it
    touch those that others made, so that their being unknown changes nothing.
    """
    known = {name_of(item, "User"): item for item in deployed.get("UserDetailList") or ()}
    ours = {*known, *(name_of(item, "User") for item in declared.details.get("UserDetailList") or ())}

    def told(item: Item) -> Item:
        if (name := name_of(item, "User")) not in ours:
            return item
        state = known.get(name, {})
        keys = state.get("AccessKeyMetadata", [])
        return {"LoginProfile": state.get("LoginProfile"), "AccessKeyMetadata": keys, **item}

    return {**live, "UserDetailList": [told(item) for item in live.get("UserDetailList") or ()]}


def untold(live: Mapping[str, Any], declared: Declared) -> list[str]:
    """The users with declared credentials of which AWS did not tell those that they have."""
    wanted = {
        name_of(item, "User")
        for item in declared.details.get("UserDetailList") or ()
        if item["LoginProfile"] or item["AccessKeyMetadata"]
    }
    there = live.get("UserDetailList") or ()
    return [
        str(item["UserName"])
        for item in there
        if name_of(item, "User") in wanted and not {"LoginProfile", "AccessKeyMetadata"} <= item.keys()
    ]


def overlay(before: Mapping[str, Any], declared: Declared, managed: Managed) -> Overlaid:
    """``before`` with what a stack declares in place of what it manages."""
    it = _Overlay(before, declared, managed)
    details = {
        **before,
        **{f"{word}DetailList": list(it.entities(kind)) for kind, word in WORDS.items()},
        "Policies": list(it.policies()),
    }
    merger = it.merger
    return Overlaid(details, tuple(merger.removals.found), it.replaced, tuple(it.conflicts), tuple(merger.ignored))


class _Overlay:
    def __init__(self, before: Item, declared: Declared, managed: Managed) -> None:
        self.merger = Merger(before, declared, managed)
        self.replaced: dict[str, str] = {}
        self.conflicts: list[str] = []
        self._declared, self._managed = declared, managed
        self._before = before
        self._wanted = {(kind, name_of(item, word)): item for kind, word, item in _all(declared.details)}
        self._there = {(kind, name_of(item, word)) for kind, word, item in _all(before)}

    def entities(self, kind: str) -> Iterator[Item]:
        """The users, groups or roles."""
        word, made = WORDS[kind], set()
        for item in self._before.get(f"{word}DetailList") or ():
            owner = (kind, name_of(item, word))
            if (wanted := self._wanted.get(owner) or self._renamed(owner, item)) is not None:
                made.add(name_of(wanted, word))
                self._check(owner, wanted)
                yield self.merger.entity(owner, item, wanted)
            elif owner not in self._managed.entities:
                yield self.merger.member(item) if kind == "user" else item
        for wanted in self._declared.details.get(f"{word}DetailList") or ():
            if name_of(wanted, word) not in made:
                yield wanted

    def policies(self) -> Iterator[Item]:
        """The managed policies: the account's own, and what AWS told of its own ones."""
        made: set[str] = set()
        for item in self._before.get("Policies") or ():
            owner = ("policy", name_of(item, "Policy"))
            wanted = None if _is_aws(item) else self._wanted.get(owner)
            if wanted is not None:
                made.add(owner[1])
                self._check(owner, wanted)
                yield self.merger.policy(owner, item, wanted)
            elif _is_aws(item) or owner not in self._managed.entities:
                yield item
        for wanted in self._declared.details.get("Policies") or ():
            if name_of(wanted, "Policy") not in made:
                yield wanted

    def _renamed(self, owner: Owner, item: Item) -> Item | None:
        """What a user or group is renamed to in place; a role is made anew, and that is noted."""
        if owner not in self._managed.entities:
            return None
        for new, former in self._declared.aliases.items():
            if new[0] == owner[0] and new not in self._there and owner[1] in {each.lower() for each in former}:
                wanted = self._wanted[new]
                if owner[0] != "role":
                    return wanted
                self.replaced[str(item["Arn"])] = str(wanted["Arn"])
        return None

    def _check(self, owner: Owner, wanted: Item) -> None:
        if owner not in self._managed.entities and owner not in self._declared.adopted:
            self.conflicts.append(str(wanted["Arn"]))


def _all(details: Item) -> Iterator[tuple[str, str, Item]]:
    for kind, word in WORDS.items():
        yield from ((kind, word, item) for item in details.get(f"{word}DetailList") or ())
    yield from (("policy", "Policy", item) for item in details.get("Policies") or () if not _is_aws(item))


def _is_aws(item: Item) -> bool:
    return parse_arn(str(item["Arn"])).account == "aws"
