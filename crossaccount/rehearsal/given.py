"""What only the proof needs: strangers, other applications, buckets. Made on the local AWS, never by ``up``.

``given`` has the schema of a stack, so it is run as one: its own config, the same program. No account in its address
book has a stack, because a proof may name any principal exactly without reading a stack's outputs.

It only adds to what is there. A user, group, role or policy whose name the account has already is refused: the proof
would be of something that nobody deploys. A given user may join a group that is there, and a given entity may have a
policy that is there. IAM tells names of a kind apart without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossaccount.access.access_tests import AccessTests
from crossaccount.engine.deployment import Stack
from crossaccount.iam.arn import entity_arn, is_arn, parse_arn
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.local.clients import Aws
from crossaccount.settings import Settings, Trusted, Trusting

PARTS = ("policies", "trusted", "trusting")
_SECTIONS = (
    ("user", ("trusted", "users")),
    ("group", ("trusted", "groups")),
    ("role", ("trusted", "applications")),
    ("role", ("trusting", "roles")),
    ("policy", ("policies",)),
)
_LISTS = (("user", "User"), ("group", "Group"), ("role", "Role"))


@dataclass(frozen=True)
class There:
    """What one account has already, by kind and name in lower case: the name (of a policy the ARN)."""

    said_by: str = ""
    """Who describes the account: a source, or a part of ``given``."""
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def has(self, kind: str, name: str) -> str:
        """The name, as it is there, of a user, group or role, or the ARN of a policy; empty where there is none."""
        return self.names.get((kind, name.lower()), "")


Accounts = Mapping[str, There]
"""By account ID."""


def there_in_details(described: Iterable[tuple[str, str, Mapping[str, Any]]]) -> dict[str, There]:
    """What accounts have: of each who describes it, its ID, and its authorization details."""
    found = {}
    for said_by, account, details in described:
        names = {
            (kind, str(item[f"{word}Name"]).lower()): str(item[f"{word}Name"])
            for kind, word in _LISTS
            for item in details.get(f"{word}DetailList") or ()
        }
        arns = (str(item["Arn"]) for item in details.get("Policies") or ())
        names |= {("policy", parse_arn(arn).name.lower()): arn for arn in arns if parse_arn(arn).account != "aws"}
        found[account] = There(said_by, names)
    return found


def there_in_settings(settings: Mapping[str, Settings]) -> dict[str, There]:
    """What stacks declare, by the name of the stack."""
    found = {}
    for stack, each in settings.items():
        trusted, trusting = each.trusted or Trusted(), each.trusting or Trusting()
        roles = (*trusted.applications, *trusting.roles)
        names = {("policy", name.lower()): each.arn_of("policy", name) for name in each.policies}
        for kind, section in (("user", trusted.users), ("group", trusted.groups), ("role", roles)):
            names |= {(kind, name.lower()): name for name in section}
        found[each.account_id] = There(f"stack:{stack}", names)
    return found


def replacements(tests: AccessTests, there: Accounts, where: str) -> list[Problem]:
    """What is given under a name that is taken; ``where`` names the file of the tests."""
    problems = []
    known = {account: (each.said_by, dict(each.names)) for account, each in there.items()}
    for name, entry in tests.given.items():
        place = f"{where}: given.{name}"
        said_by, names = known.setdefault(account_id(tests, name), ("", {}))
        own: dict[tuple[str, str], str] = {}
        for kind, path, entity in _entities(entry):
            key = (kind, entity.lower())
            other = own.get(key) or (names.get(key) and (said_by or "what is given before"))
            if other:
                what = f"{other} has a {kind} of this name already, and given only adds"
                fix = "give it another name, or drop it: tests judge what is there"
                problems.append(Problem(f"{place}.{'.'.join(path)}.{entity}", what, NOT_GIVEN, fix))
            own[key] = f"given.{name}.{'.'.join(path)}"
        names.update(dict.fromkeys(own, "given"))
    return problems


def given_stacks(
    tests: AccessTests, project: str, directory: Path, there: Accounts | None = None, *, policies_made: bool = False
) -> dict[str, Stack]:
    """By account, a stack for every account of ``given`` that declares something in IAM.

    What it names of what is ``there`` is no part of the stack: joining a group is left to ``memberships``, and policies
    are named by their ARNs. So are its own where they were made before, as ``given_policies``.
    """
    result = {}
    for name, entry in tests.given.items():
        account = account_id(tests, name)
        parts = {part: entry[part] for part in PARTS if part in entry}
        known = (there or {}).get(account, There())
        if policies_made:
            own = {("policy", each.lower()): _arn(account, each, item) for each, item in _items(parts, "policies")}
            known = There(known.said_by, {**known.names, **own})
            parts.pop("policies", None)
        if parts:
            result[name] = _stack(tests, project, directory, name, _apart(parts, known))
    return result


def given_policies(tests: AccessTests, project: str, directory: Path) -> dict[str, Stack]:
    """By account, a stack of the policies alone: what stacks attach has to be there before they are made."""
    found = {name: entry["policies"] for name, entry in tests.given.items() if entry.get("policies")}
    return {
        name: _stack(tests, project, directory, name, {"policies": policies}, "-policies")
        for name, policies in found.items()
    }


def memberships(tests: AccessTests, there: Accounts) -> Iterator[tuple[str, str, str]]:
    """Account ID, user and group of each given user that joins a group that is there."""
    for name, entry in tests.given.items():
        account = account_id(tests, name)
        known = there.get(account, There())
        for user, item in _items(entry, "trusted", "users"):
            groups = filter(None, (known.has("group", each) for each in _texts(item, "groups")))
            yield from ((account, user, group) for group in groups)


def buckets(tests: AccessTests) -> Mapping[str, list[str]]:
    """The names of given buckets by account ID."""
    return {account_id(tests, name): list(_names(entry)) for name, entry in tests.given.items() if "buckets" in entry}


def make_bucket(root: Aws, name: str) -> None:
    """Make an empty bucket in the account and region of ``root``."""
    location = {} if root.region == "us-east-1" else {"LocationConstraint": root.region}
    extra: Any = {"CreateBucketConfiguration": location} if location else {}
    root.s3.create_bucket(Bucket=name, **extra)


def account_id(tests: AccessTests, name: str) -> str:
    """The ID of an account of ``given``, by its name or its ID."""
    return tests.accounts.get(name, name)


def _stack(
    tests: AccessTests, project: str, directory: Path, name: str, parts: Mapping[str, Any], suffix: str = ""
) -> Stack:
    accounts = {name: {"id": account_id} for name, account_id in tests.accounts.items()}
    config: dict[str, Any] = {
        "crossaccount:accounts": {name: {"id": account_id(tests, name)}, **accounts},
        "crossaccount:account": name,
        "aws:allowedAccountIds": [account_id(tests, name)],
    }
    own = {f"crossaccount:{part}": value for part, value in parts.items()}
    return Stack(project, f"given-{name}{suffix}", {**config, **own}, directory)


def _apart(parts: Mapping[str, Any], there: There) -> dict[str, Any]:
    """``given`` of one account without what it names of what is there. What is no mapping stays, to be refused."""
    result = dict(parts)
    own = {policy for policy, _ in _items(parts, "policies")}

    def policy(name: Any) -> Any:
        known = isinstance(name, str) and not is_arn(name) and name not in own
        return (there.has("policy", name) if known else "") or name

    for section, kinds in (("trusted", ("users", "groups", "applications")), ("trusting", ("roles",))):
        if not isinstance(result.get(section), Mapping):
            continue
        result[section] = dict(result[section])
        for kind in kinds:
            if isinstance(entities := result[section].get(kind), Mapping):
                result[section][kind] = {name: _entity(item, there, policy) for name, item in entities.items()}
    return result


def _entity(item: Any, there: There, policy: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    result = dict(item)
    if isinstance(item.get("policies"), list):
        result["policies"] = [policy(each) for each in item["policies"]]
    if "permissions_boundary" in item:
        result["permissions_boundary"] = policy(item["permissions_boundary"])
    if isinstance(item.get("groups"), list):
        kept = [each for each in item["groups"] if not (isinstance(each, str) and there.has("group", each))]
        result["groups"] = kept
    return result


def _arn(account: str, name: str, item: Any) -> str:
    path = item.get("path", "/") if isinstance(item, Mapping) else "/"
    return entity_arn(account, "policy", name, path if isinstance(path, str) else "/")


def _entities(entry: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Kind, place and name of everything that is given in IAM."""
    for kind, path in _SECTIONS:
        yield from ((kind, path, name) for name, _ in _items(entry, *path))


def _items(entry: Any, *path: str) -> Iterator[tuple[str, Any]]:
    for key in path:
        entry = entry.get(key) if isinstance(entry, Mapping) else None
    if isinstance(entry, Mapping):
        yield from ((str(name), item) for name, item in entry.items())


def _texts(item: Any, key: str) -> list[str]:
    found = item.get(key) if isinstance(item, Mapping) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _names(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from entry["buckets"]
