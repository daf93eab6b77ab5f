"""One account's access in a notation of lines, and back: what a stack puts out of its own side.

By entity (``user/Bo``, ``policy/Deploy``), a line a statement. Lines are the keys of a map, whose values mean nothing:
two maps differ by the lines that differ, while a list would also differ by the place of every line that follows::

    may sts:AssumeRole on arn:aws:iam::222222222222:role/Deployer
    may not all but iam:* on * if {"Bool":{"aws:MultiFactorAuthPresent":"false"}}
    lets in arn:aws:iam::111111111111:root by sts:AssumeRole
    has arn:aws:iam::aws:policy/ReadOnlyAccess
    is in Developers
    is tagged "team": "ops"

Nothing that decides access is lost, so that two notations can be compared as estates; tags are written where a document
of the account asks for them. A statement that does not fit the grammar (a resource with a comma), or would come back as
another one, is written as its JSON. The whole is bounded: ``MOST_CHARACTERS``, whole entities in the order of their
names; what is left out is counted under ``…``, with a digest that tells whether it changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from crossaccount.iam.arn import parse_arn
from crossaccount.iam.documents import VERSION, as_list, canonical

_STATEMENT = re.compile(
    r"(?P<verb>may not|may|keeps out|lets in) (?P<one>.+?) (?:on|by) (?P<two>.+?)(?: if (?P<condition>\{.*\}))?"
)
_ALL_BUT = "all but "
_WITH_VARIABLES = ("Resource", "NotResource", "Condition")


def statement_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a document, a statement each; Sids decide nothing and are left out.

    All lines are of today's version: what an older document has as text is written as text that looks like a variable.
    """
    older = document.get("Version") != VERSION
    for statement in as_list(canonical(document)["Statement"]):
        kept = {key: value for key, value in statement.items() if key != "Sid"}
        yield _text(
            {key: _as_text(value) if older and key in _WITH_VARIABLES else value for key, value in kept.items()}
        )


def _as_text(value: Any) -> Any:
    """The same without policy variables: ``${`` is literal."""
    if isinstance(value, Mapping):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, str):
        return value.replace("${", "${$}{")
    return [_as_text(each) for each in value]


def _text(statement: Mapping[str, Any]) -> str:
    parsed = _in_words(statement)
    return parsed if parsed is not None and _comes_back(parsed, statement) else _json(statement)


def _comes_back(text: str, statement: Mapping[str, Any]) -> bool:
    try:
        return bool(_canonical(statement_of(text)) == _canonical(statement))
    except ValueError:  # a part of it looks like a condition, but is not
        return False


def _in_words(statement: Mapping[str, Any]) -> str | None:
    """The line of a statement; None where a part of it does not fit."""
    allows = statement["Effect"] == "Allow"
    actions = _listed(statement, "Action")
    if (principals := statement.get("Principal")) is not None:
        who = (
            "*"
            if principals == "*"
            else _listed({"Action": [str(e) for v in principals.values() for e in as_list(v)]}, "Action")
        )
        text = f"{'lets in' if allows else 'keeps out'} {who} by {actions}"
    else:
        text = f"{'may' if allows else 'may not'} {actions} on {_listed(statement, 'Resource')}"
    condition = statement.get("Condition")
    return text + (f" if {_json(condition)}" if condition else "")


def _listed(statement: Mapping[str, Any], element: str) -> str:
    inverted = f"Not{element}" in statement
    texts = [str(each) for each in as_list(statement.get(f"Not{element}" if inverted else element))]
    return (_ALL_BUT if inverted else "") + ", ".join(texts)


def statement_of(text: str) -> dict[str, Any] | None:
    """The statement of a line; None of a line that is about something else."""
    if text.startswith("{"):
        found: dict[str, Any] = json.loads(text)
        return found
    match = _STATEMENT.fullmatch(text)
    if match is None:
        return None
    statement: dict[str, Any] = {"Effect": "Allow" if match["verb"] in ("may", "lets in") else "Deny"}
    if match["verb"] in ("may", "may not"):
        statement |= {**_element("Action", match["one"]), **_element("Resource", match["two"])}
    else:
        statement |= {"Principal": _principals(match["one"]), **_element("Action", match["two"])}
    return {**statement, **({"Condition": json.loads(match["condition"])} if match["condition"] else {})}


def _element(name: str, text: str) -> dict[str, list[str]]:
    inverted = text.startswith(_ALL_BUT)
    return {f"Not{name}" if inverted else name: text.removeprefix(_ALL_BUT).split(", ")}


def _principals(text: str) -> Any:
    if text == "*":
        return "*"
    found: dict[str, list[str]] = {}
    for entry in text.split(", "):
        found.setdefault(_kind(entry), []).append(entry)
    return found


def _kind(entry: str) -> str:
    if "-provider/" in entry or (not entry.startswith("arn:") and "." in entry and not _is_service(entry)):
        return "Federated"
    return "Service" if _is_service(entry) else "AWS"


def _is_service(entry: str) -> bool:
    return entry.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _canonical(statement: Mapping[str, Any] | None) -> Any:
    return None if statement is None else canonical({"Statement": [statement]})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


AccessLines = Mapping[str, Collection[str]]
"""By entity, its lines: a map by line, or a list, as states of earlier versions have them."""

MOST_CHARACTERS = 16_000
"""Readers of a stack's outputs keep a copy in their own state: it has to stay small."""
REST = "…"

_TAGGED = "is tagged "
_LISTS = {"user": "User", "group": "Group", "role": "Role"}


def notation_of(details: Mapping[str, Any]) -> dict[str, dict[str, bool]]:
    """The lines of one account's authorization details, as a map by line."""
    found: dict[str, list[str]] = {}
    for kind, word in _LISTS.items():
        for item in details.get(f"{word}DetailList") or ():
            found[f"{kind}{_place(item)}"] = list(dict.fromkeys(_entity(item, word)))
    for item in details.get("Policies") or ():
        version = (item.get("PolicyVersionList") or [{}])[0]
        found[f"policy{_place(item)}"] = sorted(statement_lines(version.get("Document")))
    tested = "\n".join(text for texts in found.values() for text in texts).lower()
    for kind, word in _LISTS.items():
        for item in details.get(f"{word}DetailList") or ():
            found[f"{kind}{_place(item)}"] += _tags(item, tested)
    return {entity: dict.fromkeys(texts, True) for entity, texts in _bounded(found).items()}


def details_of(lines: AccessLines, account: str, partition: str = "aws") -> dict[str, Any]:
    """The authorization details that the lines of an account were made from, as far as they decide access."""
    details: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    for entity, texts in lines.items():
        kind, _, name = entity.partition("/")
        if entity == REST:
            continue
        arn = f"arn:{partition}:iam::{account}:{entity}"
        statements = [statement for text in texts if (statement := statement_of(text)) is not None]
        permissions = _policy([each for each in statements if "Principal" not in each and "NotPrincipal" not in each])
        if kind == "policy":
            version = {"IsDefaultVersion": True, "Document": permissions}
            details["Policies"].append({"Arn": arn, "PolicyName": name, "PolicyVersionList": [version]})
            continue
        word = _LISTS[kind]
        trust = _policy([each for each in statements if "Principal" in each or "NotPrincipal" in each])
        attached = [text.removeprefix("has ") for text in texts if text.startswith("has ")]
        boundary = [text.removeprefix("is bounded by ") for text in texts if text.startswith("is bounded by ")]
        details[f"{word}DetailList"].append(
            {
                "Arn": arn,
                f"{word}Name": name.rsplit("/", 1)[-1],
                f"{word}PolicyList": [{"PolicyName": "inline", "PolicyDocument": permissions}],
                "AttachedManagedPolicies": [{"PolicyName": each, "PolicyArn": each} for each in attached],
                "GroupList": [text.removeprefix("is in ") for text in texts if text.startswith("is in ")],
                "Tags": _tagged(texts),
                **({"PermissionsBoundary": {"PermissionsBoundaryArn": boundary[0]}} if boundary else {}),
                **({"AssumeRolePolicyDocument": trust} if kind == "role" else {}),
                **_session(texts),
            }
        )
    return details


def same_access_lines(one: AccessLines, other: AccessLines) -> bool:
    """Whether both have the same lines, in whichever order and form."""
    first, second = ({entity: set(texts) for entity, texts in each.items()} for each in (one, other))
    return first == second


def same_rest(one: AccessLines, other: AccessLines) -> bool:
    """Whether what both leave out is the same."""
    return list(one.get(REST, ())) == list(other.get(REST, ()))


def _place(item: Mapping[str, Any]) -> str:
    """``/path/name`` of an entity."""
    return "/" + parse_arn(str(item["Arn"])).resource.partition("/")[2]


def _entity(item: Mapping[str, Any], word: str) -> Iterator[str]:
    if "AssumeRolePolicyDocument" in item:
        yield from sorted(statement_lines(item["AssumeRolePolicyDocument"]))
    yield from (f"is in {name}" for name in sorted(item.get("GroupList") or ()))
    for policy in item.get(f"{word}PolicyList") or ():
        yield from sorted(statement_lines(policy["PolicyDocument"]))
    yield from (f"has {arn}" for arn in sorted(each["PolicyArn"] for each in item.get("AttachedManagedPolicies") or ()))
    if boundary := (item.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"):
        yield f"is bounded by {boundary}"
    if seconds := item.get("MaxSessionDuration"):
        yield f"is assumed for at most {seconds} s"


def _tags(item: Mapping[str, Any], tested: str) -> Iterator[str]:
    """The tags that policies test, with any key: ``aws:PrincipalTag/team``, ``iam:ResourceTag/team``."""
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in item.get("Tags") or ()}
    for key in sorted(tags):
        if f"tag/{key.lower()}" in tested:
            yield _TAGGED + json.dumps({key: tags[key]}, ensure_ascii=False)[1:-1]


def _tagged(texts: Iterable[str]) -> list[dict[str, str]]:
    found = [json.loads(f"{{{text.removeprefix(_TAGGED)}}}") for text in texts if text.startswith(_TAGGED)]
    return [{"Key": key, "Value": value} for tag in found for key, value in tag.items()]


def _session(texts: Iterable[str]) -> dict[str, int]:
    found = [text.split()[-2] for text in texts if text.startswith("is assumed for at most ")]
    return {"MaxSessionDuration": int(found[0])} if found else {}


def _policy(statements: list[Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _bounded(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = {}
    left: list[tuple[str, list[str]]] = []
    room = MOST_CHARACTERS
    for entity in sorted(found):
        room -= len(entity) + sum(map(len, found[entity]))
        if room >= 0 and not left:
            kept[entity] = found[entity]
        else:
            left.append((entity, found[entity]))
    if left:
        digest = hashlib.sha256(json.dumps(left, ensure_ascii=False).encode()).hexdigest()[:16]
        kept[REST] = [f"and {len(left)} more, too many to list ({digest})"]
    return kept
