"""Turns drafts into one deployment for each account, with the names, ARNs and documents that the program makes known.

Values that only the update makes known are never guessed:

- an entity without a name gets one in the form that its tool generates, and a warning says so;
- an ARN follows from account, path and name;
- a policy with an unknown document has no document, which makes verdicts undetermined; so does an attached policy or a
  permissions boundary with an unknown ARN;
- policies and memberships of an unknown user, group or role are left out, and a warning says so.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossaccount.access.estate.policies import UNKNOWN_ACTIONS
from crossaccount.engine.deployment import Deployment, Resource
from crossaccount.iam.arn import entity_arn, parse_arn
from crossaccount.iam.documents import as_list
from crossaccount.iam.json_text import parse_json
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.local.arns import ARNS, OIDC_PROVIDER, SAML_PROVIDER, arn_of
from crossaccount.local.invokes import policy_document
from crossaccount.sources.declared import ACCESS_KEY, KINDS, LOGIN_PROFILE, OPEN, ROLE
from crossaccount.sources.programs.drafts import (
    AFTER_UPDATE,
    Draft,
    Moment,
    Place,
    Reference,
    Statements,
    Unknown,
    note,
)

_NO_NAME = re.compile(r"[^A-Za-z0-9+=,.@_-]+")
"""Characters that a name in IAM cannot have:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
_MANY = 3
UNNAMED = "0000000"
"""The end of a generated name, in place of the characters that are not known before the update."""
ENTITIES = {
    "aws:iam/user:User": "user",
    "aws:iam/group:Group": "group",
    ROLE: "role",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/instanceProfile:InstanceProfile": "instance-profile",
}
_INLINE = {f"aws:iam/{kind}Policy:{kind.capitalize()}Policy": kind for kind in KINDS}
_ATTACHMENT = {f"aws:iam/{kind}PolicyAttachment:{kind.capitalize()}PolicyAttachment": kind for kind in KINDS}
_LISTS = {
    f"aws:iam/{kind}{what}Exclusive:{kind.capitalize()}{what}Exclusive": kind
    for kind in KINDS
    for what in ("Policies", "PolicyAttachments")
}
_OF_ALL, _MEMBERS = "aws:iam/policyAttachment:PolicyAttachment", "aws:iam/groupMembership:GroupMembership"
_MEMBERSHIPS = "aws:iam/userGroupMembership:UserGroupMembership"
OWNERS: Mapping[str, str] = {
    **_INLINE,
    **_ATTACHMENT,
    **{token: f"{kind}Name" for token, kind in _LISTS.items()},
    _MEMBERS: "group",
    _MEMBERSHIPS: "user",
    LOGIN_PROFILE: "user",
    ACCESS_KEY: "user",
}
"""By type: the property that names the user, group or role that the resource belongs to."""
_NEEDS_POLICY = frozenset({*_ATTACHMENT, _OF_ALL})
_OF_IAM = frozenset({*ENTITIES, *OWNERS, _OF_ALL, OIDC_PROVIDER, SAML_PROVIDER})
_DOCUMENTS = ("policy", "assumeRolePolicy")
_SOURCES = ("sourcePolicyDocuments", "overridePolicyDocuments")
_ARNS = frozenset(
    {
        *("policyArn", "policyArns", "managedPolicyArns", "permissionsBoundary"),
        *("identifiers", "resources", "notResources", "values"),
    }
)
"""Properties that take ARNs of IAM."""
_NAMES = {f"{kind}{end}": kind for kind in KINDS for end in ("", "s", "Name")}
"""Properties that take names, each with the kind of entity that it names."""
NOT_JUDGED = ("aws:identitystore/", "aws:ssoadmin/", "aws:organizations/policy")
"""The beginnings of types that change access and are not read here."""


@dataclass(frozen=True)
class Identity:
    """The name, ARN and ID of a resource. ``arn`` and ``id`` are empty if they are not known."""

    name: str
    arn: str = ""
    id: str = ""


def settle(stack: str, moment: Moment, place: Callable[[Draft], Place]) -> tuple[dict[str, Deployment], list[Problem]]:
    """The deployment of each account, by ID, and warnings about unknown values.

    Resources without an account are under ``""``.
    """
    it = _Settling(moment.drafts, place)
    found: dict[str, list[Resource]] = defaultdict(list)
    for draft in moment.drafts:
        for account, resource in it.resources(draft):
            found[account].append(resource)
    deployments = {account: Deployment(stack, tuple(resources)) for account, resources in found.items()}
    return deployments, [*moment.notes, *it.notes_of_names(), *it.notes]


class _Settling:
    def __init__(self, drafts: Iterable[Draft], place: Callable[[Draft], Place]) -> None:
        self.notes: list[Problem] = []
        self._drafts = {draft.address: draft for draft in drafts}
        self._place = place
        self._identities: dict[str, Identity] = {}
        self._made: set[str] = set()
        self._unnamed: dict[str, str] = {}
        for draft in self._drafts.values():
            self._identity(draft)

    def resources(self, draft: Draft) -> Iterator[tuple[str, Resource]]:
        """The resource of a draft with its account. None if its owner is unknown, or if it is not a resource of IAM."""
        if draft.type.startswith(NOT_JUDGED):
            self.notes.append(note(draft.shown, f"{draft.type}: its effect on access is not judged"))
        if draft.type not in _OF_IAM:
            return
        values = shaped({key: self._settled(value, key) for key, value in draft.values.items()})
        if draft.type in _NEEDS_POLICY:
            values.setdefault("policyArn", Unknown())
        if draft.type in ENTITIES:
            identity = self._identity(draft)
            values |= {"name": identity.name, **({"arn": identity.arn} if identity.arn else {})}
        elif draft.type in (OIDC_PROVIDER, SAML_PROVIDER):
            values |= {"arn": self._identity(draft).arn}
        elif draft.type in _INLINE and not isinstance(values.get("name"), str):
            values["name"] = self._made_up(draft)
        if not self._has_owner(draft, values):
            return
        known = dict(self._known(draft, values))
        if unclear := [key for key in _LISTED if _has_unknown_members(values.get(key))]:
            known[OPEN] = unclear
        account = self._place(draft).account
        yield account, Resource(draft.address, draft.type, draft.address, known, {}, draft.id, exists=draft.exists)

    # Names and ARNs.

    def _identity(self, draft: Draft) -> Identity:
        if draft.address not in self._identities:
            # A reference may lead back here while the name is being resolved: then the name is unknown.
            self._identities[draft.address] = Identity("")
            self._identities[draft.address] = self._made_identity(draft)
        return self._identities[draft.address]

    def _made_identity(self, draft: Draft) -> Identity:
        place, arn = self._place(draft), draft.values.get("arn")
        given = str(arn) if account_in(arn) else ""
        if (kind := ENTITIES.get(draft.type)) is None:
            return self._other_identity(draft, given, place)
        name = self._settled(draft.values.get("name"), "name")
        if not isinstance(name, str) or not name:
            name = given.rsplit("/", 1)[-1] if given else self._made_up(draft)
        path = self._settled(draft.values.get("path"), "path") or "/"
        if not isinstance(path, str):
            path = f"/{UNNAMED}/"
            what = f"its path is known only after an update, and so is its ARN; it is shown in {path}"
            self.notes.append(note(draft.shown, what))
        if not given and place.account:
            given = entity_arn(place.account, kind, name, path, place.partition)
        return Identity(name, given, given if kind == "policy" else name)

    def _other_identity(self, draft: Draft, given: str, place: Place) -> Identity:
        """The identity of a resource outside IAM: its ARN, if it follows from the name."""
        key = ARNS.get(draft.type, ("name", ""))[0]
        name = self._settled(draft.values.get(key), key)
        named = {key: name} if isinstance(name, str) and name else {}
        where = {"partition": place.partition, "region": place.region, "account": place.account}
        arn = given or (arn_of(draft.type, named, **where).get("arn", "") if place.account else "")
        known = str(named.get(key, ""))
        return Identity(known, arn, arn if draft.type.startswith("aws:iam/") else known)

    def _made_up(self, draft: Draft) -> str:
        """A unique name in the form that the tool generates: many addresses have the same end."""
        prefix = draft.values.get("namePrefix")
        for begins in (draft.shown.rsplit(".", 1)[-1].rsplit("::", 1)[-1], draft.shown):
            name = f"{prefix if isinstance(prefix, str) and prefix else _NO_NAME.sub('-', begins) + '-'}{UNNAMED}"
            if name not in self._made:
                break
        while name in self._made:
            name += "0"
        self._made.add(name)
        if draft.type != _PROFILE:
            self._unnamed[draft.shown] = name
        return name

    def notes_of_names(self) -> Iterator[Problem]:
        """Warnings about entities that are shown with a generated name."""
        yield from unnamed_notes(self._unnamed)

    # Values.

    def _settled(self, value: Any, key: str) -> Any:
        """A value with its references resolved, as far as they are known; documents as JSON text."""
        if isinstance(value, Unknown):
            return value if value.reference is None else self._referred(value.reference, key, value)
        if isinstance(value, Statements):
            return self._built(value, key)
        if isinstance(value, Mapping):
            found = {name: self._settled(each, str(name)) for name, each in value.items()}
            return document_text(found, key) if key in _DOCUMENTS else found
        if isinstance(value, (list, tuple)):
            return [self._settled(each, key) for each in value]
        return value

    def _built(self, value: Statements, key: str) -> Any:
        found = {
            name: [self._settled(each, key) for each in given] if name in _SOURCES else self._settled(given, name)
            for name, given in value.arguments.items()
        }
        try:
            return _built_text(found, key)
        except (AttributeError, KeyError, TypeError, ValueError):
            return Unknown()

    def _referred(self, reference: Reference, key: str, unknown: Unknown) -> Any:
        """The value of a reference, if the property takes such a value.

        The rest of the expression is not in the file.
        """
        draft = self._drafts.get(reference.address)
        if draft is None:
            return unknown
        attribute = reference.attribute
        if key in _DOCUMENTS:
            found = draft.values.get(attribute) if attribute in _DOCUMENTS else None
            # References are followed one step: a document may refer to one that refers back.
            is_own = isinstance(found, Unknown) and found.reference is not None
            return unknown if found is None or is_own else self._settled(found, key)
        identity = self._identity(draft)
        if key in _ARNS and draft.type.startswith("aws:iam/"):
            return {"arn": identity.arn, "id": identity.id, "": identity.arn}.get(attribute) or unknown
        if key in _NAMES and ENTITIES.get(draft.type) == _NAMES[key] and attribute in ("name", "id", ""):
            return identity.name or unknown
        return unknown

    # What is not known.

    def _has_owner(self, draft: Draft, values: Mapping[str, Any]) -> bool:
        key = OWNERS.get(draft.type)
        if key is None or (isinstance(values.get(key), str) and values[key]):
            return True
        what = f"its {_words(key)} is known only after an update: it is left out, and whom it would apply to is unknown"
        self.notes.append(note(draft.shown, what))
        return False

    def _known(self, draft: Draft, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in values.items():
            if key in ("policyArn", "permissionsBoundary") and isinstance(value, Unknown):
                yield key, self._unknown_policy(draft, key)
            elif key in ("policyArns", "managedPolicyArns"):
                yield key, self._policies(draft, key, value)
            elif key in ("users", "roles", "groups"):
                yield key, self._names(draft, key, value)
            elif key == "inlinePolicies":
                yield key, self._inline(draft, value)
            elif key == "policyNames":
                if _has_unknown_members(value):
                    what = "some of its policies are known only after an update: what others made is taken to stay"
                    self.notes.append(note(draft.shown, what))
                yield key, [each for each in _listed(value) if isinstance(each, str)]
            elif key in ("tags", "tagsAll"):
                yield key, self._tags(draft, key, value)
            elif not has_unknown(value):
                self._note_partly(draft, key, value)
                yield key, value
            elif key in (*_DOCUMENTS, "status", "maxSessionDuration"):
                self._note_unknown(draft, key, value)

    def _note_unknown(self, draft: Draft, key: str, value: Any) -> None:
        secret = isinstance(value, Unknown) and value.secret
        why = "is a secret, which is not shown" if secret else "is known only after an update"
        document = "; verdicts that depend on it are undetermined" if key in _DOCUMENTS else ""
        fix = "pulumi stack export --show-secrets shows it" if secret else AFTER_UPDATE
        self.notes.append(note(draft.shown, f"its {_words(key)} {why}{document}", fix))

    def _note_partly(self, draft: Draft, key: str, value: Any) -> None:
        if key == "policy" and isinstance(value, str) and f'"{UNKNOWN_ACTIONS}"' in value:
            actions = ", ".join(parse_json(value)[UNKNOWN_ACTIONS][:5])
            what = f"what its document says of {actions} is known only after an update, and undetermined until then"
            self.notes.append(note(draft.shown, what))

    def _unknown_policy(self, draft: Draft, key: str) -> str:
        what = "its permissions boundary" if key == "permissionsBoundary" else "the policy that it attaches"
        end = "verdicts that depend on it are undetermined"
        self.notes.append(note(draft.shown, f"{what} is known only after an update; {end}"))
        place = self._place(draft)
        # No policy can have a name with brackets, so this name is in no source.
        return entity_arn(place.account, "policy", f"(of {draft.shown})", "/", place.partition)

    def _policies(self, draft: Draft, key: str, value: Any) -> list[str]:
        if isinstance(value, Unknown):
            return [self._unknown_policy(draft, key)]
        known = [each for each in value or () if isinstance(each, str)]
        return [*known, self._unknown_policy(draft, key)] if len(known) < len(value or ()) else known

    def _names(self, draft: Draft, key: str, value: Any) -> list[str]:
        listed = [] if isinstance(value, Unknown) or value is None else list(value)
        known = [each for each in listed if isinstance(each, str)]
        if isinstance(value, Unknown) or len(known) < len(listed):
            if draft.type == _MEMBERSHIPS:
                self.notes.append(note(draft.shown, "some of its groups are known only after an update"))
                return [*known, f"(of {draft.shown})"]
            what = f"some of its {key} are known only after an update: for them it is left out"
            self.notes.append(note(draft.shown, what))
        return known

    def _inline(self, draft: Draft, value: Any) -> list[dict[str, Any]]:
        listed = [{"name": Unknown(), "policy": Unknown()}] if isinstance(value, Unknown) else list(value or ())
        found: list[dict[str, Any]] = []
        for index, each in enumerate(listed):
            if not isinstance(each, Mapping) or (not each.get("name") and not each.get("policy")):
                found.append({})  # one empty policy declares that there must be none
                continue
            name = each.get("name")
            shown = name if isinstance(name, str) else f"(inline policy {index} of {draft.shown})"
            text = each.get("policy")
            if not isinstance(text, str):
                what = f"the document of its inline policy {shown} is known only after an update"
                self.notes.append(note(draft.shown, f"{what}; verdicts that depend on it are undetermined"))
            found.append({"name": shown, "policy": text if isinstance(text, str) else None})
        return found

    def _tags(self, draft: Draft, key: str, value: Any) -> dict[str, str]:
        tags = value if isinstance(value, Mapping) else {}
        known = {str(k): str(v) for k, v in tags.items() if v is not None and not has_unknown(v)}
        if (has_unknown(tags) or isinstance(value, Unknown)) and (key == "tags" or tags):
            what = "some of its tags are known only after an update; conditions on them are judged without"
            self.notes.append(note(draft.shown, what))
        return known


_TEXTS = frozenset(
    {
        *("name", "arn", "policyArn", "permissionsBoundary", "status", "uniqueId", "policyId", "url", "pgpKey"),
        *(f"{kind}{end}" for kind in KINDS for end in ("", "Name")),
    }
)
_LISTED = frozenset({"users", "groups", "roles", "policyArns", "policyNames", "inlinePolicies", "managedPolicyArns"})


def _has_unknown_members(value: Any) -> bool:
    return isinstance(value, Unknown) or any(isinstance(each, Unknown) for each in _listed(value))


def shaped(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with the types that their properties have. A value of another type counts as unknown."""
    return {key: each for key, value in values.items() if (each := _of_its_kind(key, value)) is not None}


def _of_its_kind(key: str, value: Any) -> Any:
    if value is None or isinstance(value, Unknown):
        return value
    if key in _TEXTS:
        return value if isinstance(value, str) else Unknown()
    if key in _LISTED:
        return value if isinstance(value, (list, tuple)) else Unknown()
    if key == "maxSessionDuration":
        is_number = isinstance(value, (int, float)) or (isinstance(value, str) and value.isdecimal())
        return int(value) if is_number else Unknown()
    if key in ("tags", "tagsAll"):
        return value if isinstance(value, Mapping) else Unknown()
    if key == "clientIdLists":
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else None
    return value


def unnamed_notes(names: Mapping[str, str]) -> Iterator[Problem]:
    """A warning about resources that are shown with generated names, by address."""
    fix = "give it a name, or check it after the update"
    if len(names) <= _MANY:
        yield from (note(where, f"has no explicit name; it is shown as {name}", fix) for where, name in names.items())
    else:
        first = ", ".join(f"{where} as {name}" for where, name in list(names.items())[:_MANY])
        what = f"{len(names)} resources have no explicit name, and are shown with one that ends in {UNNAMED}: {first} …"
        yield note("", what, "give them names, or check them after the update")


def has_unknown(value: Any) -> bool:
    """Whether any part of a value is unknown."""
    if isinstance(value, Mapping):
        return any(has_unknown(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_unknown(each) for each in value)
    return isinstance(value, (Unknown, Statements))


def _built_text(arguments: Mapping[str, Any], key: str) -> Any:
    """The text of a document that is built from ``arguments``, without statements that have an unknown part."""
    given = arguments.get("statements")
    listed = given if isinstance(given, list) else []
    unknown = [each for each in listed if has_unknown(each)]
    known = {**arguments, "statements": [each for each in listed if not has_unknown(each)]}
    if isinstance(given, Unknown) or has_unknown(known) or (unknown and key != "policy"):
        return Unknown()
    document = parse_json(policy_document(known))
    sids = [each.get("sid") for each in unknown if isinstance(each, Mapping) and each.get("sid")]
    of_unknown = [each.get("actions") if isinstance(each, Mapping) else None for each in unknown]
    if has_unknown(sids) or None in of_unknown:
        return Unknown()
    # An unknown statement replaces an earlier one with the same Sid, so neither is known to apply.
    kept = [each for each in document["Statement"] if each.get("Sid") not in sids]
    replaced = [each.get("Action") for each in document["Statement"] if each.get("Sid") in sids]
    in_sources = [parse_json(text).get(UNKNOWN_ACTIONS, ()) for name in _SOURCES for text in arguments.get(name) or ()]
    actions = _actions([*of_unknown, *replaced, *filter(None, in_sources)])
    if actions is None:
        return Unknown()
    return json.dumps({**document, "Statement": kept, **({UNKNOWN_ACTIONS: actions} if actions else {})})


def document_text(document: Mapping[str, Any], key: str) -> Any:
    """The text of a document without statements that have an unknown part. It lists their actions as unknown."""
    if not has_unknown(document):
        return json.dumps(document)
    given = as_list(document.get("Statement"))
    known = {**document, "Statement": [each for each in given if not has_unknown(each)]}
    unknown = [each.get("Action") if isinstance(each, Mapping) else None for each in given if has_unknown(each)]
    actions = _actions(unknown)
    if key != "policy" or has_unknown(known) or actions is None:
        return Unknown()
    return json.dumps({**known, UNKNOWN_ACTIONS: actions})


def _actions(of_statements: Iterable[Any]) -> list[str] | None:
    """The actions of statements; None where they are not known."""
    found: list[str] = []
    for each in of_statements:
        actions = as_list(each)
        if not actions or not all(isinstance(action, str) for action in actions):
            return None
        found += actions
    return list(dict.fromkeys(found))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _words(key: str) -> str:
    return {
        "assumeRolePolicy": "trust policy",
        "policy": "document",
        "roleName": "role",
        "userName": "user",
        "groupName": "group",
        "maxSessionDuration": "maximum session duration",
    }.get(key, key)


def account_in(arn: Any) -> str:
    """The account of an ARN; empty where it has none."""
    try:
        account = parse_arn(arn).account if isinstance(arn, str) else ""
    except ValueError:
        return ""
    return account if account.isdecimal() and len(account) == 12 else ""


def unit_of(kind: str) -> str:
    """What has an account of its own in a kind of program."""
    return "stack" if kind == "cloudformation" else "provider"


def refused_account(where: str, kind: str, file: str, provider: str = "") -> Problem:
    """The error for a program whose account is not known."""
    if provider:
        what = f"the program does not show which account the {unit_of(kind)} {provider} works in"
        return Problem(where, what, NOT_GIVEN, f"write {kind}:{file}@{provider}=ACCOUNT,… (a name, or 12 digits)")
    what = "it does not show which account it works in"
    return Problem(where, what, NOT_GIVEN, f"write {kind}:{file}@ACCOUNT (a name of --accounts, or 12 digits)")


__all__ = ["AFTER_UPDATE", "Identity", "account_in", "has_unknown", "refused_account", "settle", "unit_of"]
