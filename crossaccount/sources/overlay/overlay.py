"""The account after an update: the declared entities merged into the account as it is. Pure; keeps the account's order.

A declared entity replaces the existing one. An entity that the stack manages and no longer declares is removed. All
others stay. Policies (and group members) that others added to a declared entity are removed if the entity is exclusive,
which is the default. A permissions boundary, tags and edited documents are always reset, because the provider resets
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.access.estate.policies import default_version
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.documents import same
from crossaccount.settings.provider_tags import IgnoredTags
from crossaccount.sources.overlay.declared import Declared, Managed, Owner
from crossaccount.sources.overlay.hand_made import HandMade, Removals


@dataclass(frozen=True)
class Overlaid:
    """The account after an update.

    ``replaced`` maps the ARN of each role that is replaced under a new name to the new ARN. ``conflicts`` are ARNs of
    declared entities that exist and are not in the stack's state: creating them would fail.
    """

    details: Mapping[str, Any]
    removals: tuple[HandMade, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Settings of existing passwords that have no effect."""


def with_credentials(live: Mapping[str, Any], deployed: Mapping[str, Any], declared: Declared) -> Mapping[str, Any]:
    """``live``, with the last ``deployed`` credentials of users whose credentials AWS did not return.

    Only users that the stack declares or manages are completed, because an update touches no other credentials.
    """
    known = {name_of(item, "User"): item for item in deployed.get("UserDetailList") or ()}
    ours = {*known, *(name_of(item, "User") for item in declared.details.get("UserDetailList") or ())}

    def completed(item: Item) -> Item:
        if (name := name_of(item, "User")) not in ours:
            return item
        state = known.get(name, {})
        keys = state.get("AccessKeyMetadata", [])
        return {"LoginProfile": state.get("LoginProfile"), "AccessKeyMetadata": keys, **item}

    return {**live, "UserDetailList": [completed(item) for item in live.get("UserDetailList") or ()]}


def users_without_credentials(live: Mapping[str, Any], declared: Declared) -> list[str]:
    """The users with declared credentials whose existing credentials AWS did not return."""
    wanted = {
        name_of(item, "User")
        for item in declared.details.get("UserDetailList") or ()
        if item["LoginProfile"] or item["AccessKeyMetadata"]
    }
    users = live.get("UserDetailList") or ()
    return [
        str(item["UserName"])
        for item in users
        if name_of(item, "User") in wanted and not {"LoginProfile", "AccessKeyMetadata"} <= item.keys()
    ]


def overlay(before: Mapping[str, Any], declared: Declared, managed: Managed) -> Overlaid:
    """``before``, with the entities that a stack declares in place of those that it manages."""
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
                yield self.merger.belongings(owner, item)
        for wanted in self._declared.details.get(f"{word}DetailList") or ():
            if name_of(wanted, word) not in made:
                yield wanted

    def policies(self) -> Iterator[Item]:
        """The managed policies: the account's own, and AWS-managed ones that the description has."""
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
        """The declared entity that renames a user or group in place. A role is replaced instead, and that is
        recorded.
        """
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


WORDS = {"user": "User", "group": "Group", "role": "Role"}
AWS_TAGS = "aws:"
"""The prefix of tag keys that only AWS sets."""

Item = Mapping[str, Any]


class Merger:
    """Merges the entities of one account, and records the manual changes that are removed."""

    def __init__(self, before: Item, declared: Declared, managed: Managed) -> None:
        self.removals = Removals(declared.stack, before)
        self.ignored: list[str] = []
        """Settings of existing passwords that have no effect."""
        self._declared, self._managed = declared, managed
        self._groups = {name_of(each, "Group"): each for each in before.get("GroupDetailList") or ()}
        self._declared_groups = {name_of(each, "Group") for each in declared.details.get("GroupDetailList") or ()}

    def belongings(self, owner: Owner, item: Item) -> Item:
        """An entity that is not declared, and may have policies and memberships that are, or were."""
        kind, word, parts = owner[0], WORDS[owner[0]], self._declared.parts.get(owner, {})
        if not parts and not self._has_part(owner):
            return self.member(item) if kind == "user" else item
        lists = {f"{word}PolicyList": [], "AttachedManagedPolicies": [], "GroupList": [], **parts}
        merged = {
            **item,
            f"{word}PolicyList": self._inline(owner, item, lists, owner in self._declared.exclusive_inline),
            "AttachedManagedPolicies": self._attached(owner, item, lists, owner in self._declared.exclusive_attached),
        }
        return {**merged, "GroupList": self._memberships(item, lists["GroupList"])} if kind == "user" else merged

    def _has_part(self, owner: Owner) -> bool:
        it, exclusive = self._managed, (self._declared.exclusive_inline, self._declared.exclusive_attached)
        return owner in it.inline or owner in it.attached or any(owner in each for each in exclusive)

    def entity(self, owner: Owner, item: Item, wanted: Item) -> Item:
        """A declared entity that exists."""
        kind, word = owner[0], WORDS[owner[0]]
        is_other = kind == "role" and item.get("Path", "/") != wanted["Path"]
        named = (kind, name_of(wanted, word))
        exclusive = is_other or named in self._declared.exclusive
        inline = exclusive or named in self._declared.exclusive_inline
        attached = exclusive or named in self._declared.exclusive_attached
        merged = {key: value for key, value in item.items() if key not in ("PermissionsBoundary", "Tags")}
        merged |= {**wanted, f"{word}PolicyList": self._inline(owner, item, wanted, inline)}
        merged["AttachedManagedPolicies"] = self._attached(owner, item, wanted, attached)
        merged["Tags"] = self._tags(item, wanted, is_other)
        self._boundary(owner, item, wanted)
        if kind == "user":
            merged["GroupList"] = self._memberships(item, wanted["GroupList"])
            merged |= {"LoginProfile": self._password(item, wanted), "AccessKeyMetadata": self._keys(item, wanted)}
        if kind == "role":
            merged |= self._role(owner, item, wanted)
        if is_other:
            merged.pop("RoleId", None)
        return merged

    def _tags(self, item: Item, wanted: Item, is_other: bool) -> list[Any]:
        """The declared tags, with AWS's own tags and, for the same entity, those that the provider ignores."""
        ignored = IgnoredTags() if is_other else self._declared.ignored_tags
        keys = ((str(tag["Key"]), tag) for tag in item.get("Tags") or ())
        kept = [tag for key, tag in keys if key.startswith(AWS_TAGS) or key in ignored]
        return [*kept, *(wanted.get("Tags") or ())]

    def _inline(self, owner: Owner, item: Item, wanted: Item, exclusive: bool) -> list[Item]:
        key = f"{WORDS[owner[0]]}PolicyList"
        own, new = self._managed.inline.get(owner, {}), {str(each["PolicyName"]): each for each in wanted[key]}
        kept: list[Item] = []
        for each in item.get(key) or ():
            name, document = str(each["PolicyName"]), each.get("PolicyDocument")
            if name in new:
                wanted_document = new.pop(name)["PolicyDocument"]
                # A name without a document stays as it is: it is listed among those that may be there.
                if _same(document, wanted_document) or (wanted_document is None and name not in own):
                    kept.append(each)
                    continue
                kept.append({**each, "PolicyDocument": wanted_document})
                if name not in own or _is_edited(own[name], document):
                    self.removals.edited(str(item["Arn"]), name, document, wanted_document)
            elif name in own:
                continue
            elif exclusive:
                self.removals.inline(str(item["Arn"]), name, document)
            else:
                kept.append(each)
        return [*kept, *new.values()]

    def _attached(self, owner: Owner, item: Item, wanted: Item, exclusive: bool) -> list[Item]:
        own = self._managed.attached.get(owner, frozenset())
        new = {str(each["PolicyArn"]): each for each in wanted["AttachedManagedPolicies"]}
        kept: list[Item] = []
        for each in item.get("AttachedManagedPolicies") or ():
            arn = str(each["PolicyArn"])
            if arn in new:
                kept.append(new.pop(arn))
            elif arn in own:
                continue
            elif exclusive:
                self.removals.attached(str(item["Arn"]), arn)
            else:
                kept.append(each)
        return [*kept, *new.values()]

    def member(self, item: Item) -> Item:
        """A user that is not declared. It may leave groups that are declared."""
        groups = self._memberships(item, ())
        return item if groups == list(item.get("GroupList") or ()) else {**item, "GroupList": groups}

    def _memberships(self, item: Item, wanted: Iterable[str]) -> list[str]:
        new = {name.lower(): name for name in wanted}
        user, kept = name_of(item, "User"), []
        for group in item.get("GroupList") or ():
            owner = ("group", str(group).lower())
            if owner[1] in new:
                kept.append(new.pop(owner[1]))
            elif (user, owner[1]) in self._managed.members or self._is_removed(owner):
                continue
            elif owner in self._declared.exclusive or owner in self._declared.exclusive_members:
                self.removals.membership(str(item["Arn"]), self._groups.get(owner[1], _unknown_group(group)))
            else:
                kept.append(str(group))
        return [*kept, *new.values()]

    def _is_removed(self, group: Owner) -> bool:
        return group in self._managed.entities and group[1] not in self._declared_groups

    def _password(self, item: Item, wanted: Item) -> Any:
        """An existing password stays as it is: its settings apply only to a new one."""
        live, wanted_profile, user = item.get("LoginProfile"), wanted["LoginProfile"], name_of(item, "User")
        if live and wanted_profile:
            self.ignored += self._without_effect(str(wanted["UserName"]), user)
            return live
        return wanted_profile if not live or user in self._managed.consoles else live

    def _without_effect(self, user: str, former: str) -> Iterator[str]:
        made, console = self._managed.consoles.get(former), self._declared.consoles.get(user.lower())
        if made is None or console is None:
            return
        differs = {
            "pgp": (made.get("pgpKey") or None) != console.pgp,
            "password_length": int(made.get("passwordLength") or console.password_length) != console.password_length,
            # AWS also returns false after the person has chosen a password.
            "password_reset": bool(made.get("passwordResetRequired")) and not console.password_reset,
        }
        for key in (key for key, it_does in differs.items() if it_does):
            what = f"users.{user}.console.{key} has no effect: the password exists, and `up` never resets it"
            yield f"{what}; for a new one remove console, up, and give it back"

    def _keys(self, item: Item, wanted: Item) -> list[Item]:
        """The access keys: the stack's own as declared, and those that others created."""
        own, kept = self._managed.keys.get(name_of(item, "User"), {}), []
        listed = list(wanted["AccessKeyMetadata"])
        by_id = {str(each["AccessKeyId"]): each for each in listed if each.get("AccessKeyId")}
        new = [each for each in listed if not each.get("AccessKeyId")]
        for each in item.get("AccessKeyMetadata") or ():
            key_id = str(each.get("AccessKeyId") or "")
            name, recipient = own.get(key_id, (str(each.get("KeyName") or ""), each.get("Recipient")))
            same = next(
                (key for key in new if (key.get("KeyName", ""), key.get("Recipient")) == (name, recipient)), None
            )
            if key_id in by_id:
                kept.append({**each, "Status": by_id.pop(key_id)["Status"]})
            elif key_id and key_id not in own:
                kept.append(each)
            elif same is not None:
                new.remove(same)
                kept.append({**each, "Status": same["Status"], **({"KeyName": name} if name else {})})
        return [*kept, *by_id.values(), *new]

    def _boundary(self, owner: Owner, item: Item, wanted: Item) -> None:
        live, wanted_value = _boundary_arn(item), _boundary_arn(wanted)
        if live not in ("", wanted_value, self._managed.boundaries.get(owner, "")):
            self.removals.boundary(str(item["Arn"]), live)

    def _role(self, owner: Owner, item: Item, wanted: Item) -> dict[str, Any]:
        live, wanted_value = item.get("AssumeRolePolicyDocument"), wanted["AssumeRolePolicyDocument"]
        if _same(live, wanted_value):
            return {"AssumeRolePolicyDocument": live}
        if _is_edited(self._managed.documents.get(owner), live):
            self.removals.edited(str(item["Arn"]), "trust policy", live, wanted_value, "trust")
        return {"AssumeRolePolicyDocument": wanted_value}

    def policy(self, owner: Owner, item: Item, wanted: Item) -> Item:
        """A declared managed policy that exists."""
        live, wanted_value = default_version(item), default_version(wanted)
        if item["Arn"] == wanted["Arn"] and _same(live, wanted_value):
            return item
        if not _same(live, wanted_value) and _is_edited(self._managed.documents.get(owner), live):
            self.removals.edited(str(item["Arn"]), str(item["PolicyName"]), live, wanted_value)
        return wanted


def name_of(item: Item, word: str) -> str:
    """The name of an entity, in lower case."""
    return str(item[f"{word}Name"]).lower()


def _boundary_arn(item: Item) -> str:
    return str((item.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "")


def _same(one: Any, other: Any) -> bool:
    try:
        return one == other or same(one, other)
    except (AttributeError, KeyError, TypeError, ValueError):  # not a document
        return False


def _is_edited(deployed: Any, live: Any) -> bool:
    """Whether the live document is known to differ from the deployed one."""
    return deployed is not None and not _same(deployed, live)


def _unknown_group(name: Any) -> Item:
    return {"GroupName": name, "GroupPolicyList": [{"PolicyName": f"group {name}"}]}
