"""One declared entity laid over the one that is there: what of it stays, what goes, and what others made of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crossaccount.access.estate.policies import default_version
from crossaccount.iam.documents import same
from crossaccount.job.review.declared import Declared, Owner
from crossaccount.job.review.managed import Managed
from crossaccount.job.review.removals import Removals

WORDS = {"user": "User", "group": "Group", "role": "Role"}
AWS_TAGS = "aws:"
"""How the keys of tags begin that only AWS sets."""

Item = Mapping[str, Any]


class Merger:
    """Merges the entities of one account, and notes what goes that others made."""

    def __init__(self, before: Item, declared: Declared, managed: Managed) -> None:
        self.removals = Removals(declared.stack, before)
        self.ignored: list[str] = []
        """What the config says of passwords that are there already, and that has no effect."""
        self._declared, self._managed = declared, managed
        self._groups = {name_of(each, "Group"): each for each in before.get("GroupDetailList") or ()}
        self._declared_groups = {name_of(each, "Group") for each in declared.details.get("GroupDetailList") or ()}

    def entity(self, owner: Owner, item: Item, wanted: Item) -> Item:
        """A declared entity that is there."""
        kind, word = owner[0], WORDS[owner[0]]
        is_other = kind == "role" and item.get("Path", "/") != wanted["Path"]
        exclusive = is_other or (kind, name_of(wanted, word)) in self._declared.exclusive
        merged = {key: value for key, value in item.items() if key not in ("PermissionsBoundary", "Tags")}
        merged |= {**wanted, f"{word}PolicyList": self._inline(owner, item, wanted, exclusive)}
        merged["AttachedManagedPolicies"] = self._attached(owner, item, wanted, exclusive)
        merged["Tags"] = _tags(item, wanted)
        self._boundary(owner, item, wanted)
        if kind == "user":
            merged["GroupList"] = self._memberships(item, wanted["GroupList"])
            merged |= {"LoginProfile": self._password(item, wanted), "AccessKeyMetadata": self._keys(item, wanted)}
        if kind == "role":
            merged |= self._role(owner, item, wanted)
        if is_other:
            merged.pop("RoleId", None)
        return merged

    def _inline(self, owner: Owner, item: Item, wanted: Item, exclusive: bool) -> list[Item]:
        key = f"{WORDS[owner[0]]}PolicyList"
        own, new = self._managed.inline.get(owner, {}), {str(each["PolicyName"]): each for each in wanted[key]}
        kept: list[Item] = []
        for each in item.get(key) or ():
            name, document = str(each["PolicyName"]), each.get("PolicyDocument")
            if name in new:
                becomes = new.pop(name)["PolicyDocument"]
                if _same(document, becomes):
                    kept.append(each)
                    continue
                kept.append({**each, "PolicyDocument": becomes})
                if name not in own or _is_edited(own[name], document):
                    self.removals.edited(str(item["Arn"]), name, document, becomes)
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
        """A user that is not declared, who may leave groups that are."""
        groups = self._memberships(item, ())
        return item if groups == list(item.get("GroupList") or ()) else {**item, "GroupList": groups}

    def _memberships(self, item: Item, wanted: Iterable[str]) -> list[str]:
        new = {name.lower(): name for name in wanted}
        user, kept = name_of(item, "User"), []
        for group in item.get("GroupList") or ():
            owner = ("group", str(group).lower())
            if owner[1] in new:
                kept.append(new.pop(owner[1]))
            elif (user, owner[1]) in self._managed.members or self._goes(owner):
                continue
            elif owner in self._declared.exclusive:
                self.removals.membership(str(item["Arn"]), self._groups.get(owner[1], _unknown_group(group)))
            else:
                kept.append(str(group))
        return [*kept, *new.values()]

    def _goes(self, group: Owner) -> bool:
        return group in self._managed.entities and group[1] not in self._declared_groups

    def _password(self, item: Item, wanted: Item) -> Any:
        """A password that is there stays as it is: what the config says of it is for one that is made."""
        there, becomes, user = item.get("LoginProfile"), wanted["LoginProfile"], name_of(item, "User")
        if there and becomes:
            self.ignored += self._without_effect(str(wanted["UserName"]), user)
            return there
        return becomes if not there or user in self._managed.consoles else there

    def _without_effect(self, user: str, former: str) -> Iterator[str]:
        made, console = self._managed.consoles.get(former), self._declared.consoles.get(user.lower())
        if made is None or console is None:
            return
        differs = {
            "pgp": (made.get("pgpKey") or None) != console.pgp,
            "password_length": int(made.get("passwordLength") or console.password_length) != console.password_length,
            # False is also what AWS says once the person has chosen a password.
            "password_reset": bool(made.get("passwordResetRequired")) and not console.password_reset,
        }
        for key in (key for key, it_does in differs.items() if it_does):
            what = f"users.{user}.console.{key} has no effect: the password is there, and `up` never resets one"
            yield f"{what}; for a new one remove console, up, and give it back"

    def _keys(self, item: Item, wanted: Item) -> list[Item]:
        """The access keys: the stack's own as it declares it, and those that others made."""
        own, new, kept = self._managed.keys.get(name_of(item, "User"), {}), list(wanted["AccessKeyMetadata"]), []
        for each in item.get("AccessKeyMetadata") or ():
            key_id = str(each.get("AccessKeyId") or "")
            recipient = own.get(key_id, each.get("Recipient"))
            if key_id and key_id not in own:
                kept.append(each)
            elif new and new[0]["Recipient"] == recipient:
                kept.append({**each, "Status": new.pop()["Status"]})
        return [*kept, *new]

    def _boundary(self, owner: Owner, item: Item, wanted: Item) -> None:
        there, will_be = _boundary_arn(item), _boundary_arn(wanted)
        if there not in ("", will_be, self._managed.boundaries.get(owner, "")):
            self.removals.boundary(str(item["Arn"]), there)

    def _role(self, owner: Owner, item: Item, wanted: Item) -> dict[str, Any]:
        there, will_be = item.get("AssumeRolePolicyDocument"), wanted["AssumeRolePolicyDocument"]
        if _same(there, will_be):
            return {"AssumeRolePolicyDocument": there}
        if _is_edited(self._managed.documents.get(owner), there):
            self.removals.edited(str(item["Arn"]), "trust policy", there, will_be, "trust")
        return {"AssumeRolePolicyDocument": will_be}

    def policy(self, owner: Owner, item: Item, wanted: Item) -> Item:
        """A declared managed policy that is there."""
        there, will_be = default_version(item), default_version(wanted)
        if item["Arn"] == wanted["Arn"] and _same(there, will_be):
            return item
        if not _same(there, will_be) and _is_edited(self._managed.documents.get(owner), there):
            self.removals.edited(str(item["Arn"]), str(item["PolicyName"]), there, will_be)
        return wanted


def name_of(item: Item, word: str) -> str:
    """The name of an entity, in lower case."""
    return str(item[f"{word}Name"]).lower()


def _boundary_arn(item: Item) -> str:
    return str((item.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "")


def _tags(item: Item, wanted: Item) -> list[Any]:
    kept = [tag for tag in item.get("Tags") or () if str(tag["Key"]).startswith(AWS_TAGS)]
    return [*kept, *(wanted.get("Tags") or ())]


def _same(one: Any, other: Any) -> bool:
    try:
        return one == other or same(one, other)
    except (AttributeError, KeyError, TypeError, ValueError):  # no document at all
        return False


def _is_edited(deployed: Any, there: Any) -> bool:
    """Whether what is there is known not to be what was deployed."""
    return deployed is not None and not _same(deployed, there)


def _unknown_group(name: Any) -> Item:
    return {"GroupName": name, "GroupPolicyList": [{"PolicyName": f"group {name}"}]}
