"""The findings on single documents, computed once for documents that the rules cannot tell apart.

Large estates repeat a few thousand documents, and many trusts differ only in accounts and external IDs. Two shortcuts:

- Equal documents have equal findings. Of a document's owner the rules read only its kind, whether it has a boundary,
  in a trust its account and, if there is an external ID, the role's name.
- Trusts of one *form* have the same findings (:func:`form_of`), unless their words name what the form leaves out.

``tests/access/findings/test_shared.py`` compares both with the findings on each document by itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from crossaccount.access.findings.conditions import condition_findings
from crossaccount.access.findings.finding import Facts, Found
from crossaccount.access.findings.mfa import mfa_findings
from crossaccount.access.findings.policies import permission_findings, validity_findings
from crossaccount.access.findings.statements import Document, demands_of
from crossaccount.access.findings.trusts import (
    form_findings,
    principal_findings,
    service_findings,
    weak_external_ids,
)
from crossaccount.access.findings.web_identities import web_identity_findings


def document_findings(
    document: Document,
    facts: Facts,
    limited: Collection[str] = (),
    since: datetime | None = None,
    *,
    granting: bool = True,
) -> Iterator[Found]:
    """The findings on one document by itself.

    ``limited`` are the entities with a permissions boundary; ``since`` is the present time, for dates. A policy that is
    only a boundary is not ``granting``.
    """
    yield from validity_findings(document)
    demands = demands_of(document)
    yield from mfa_findings(document, demands)
    yield from service_findings(document)
    for statement, demanded in zip(document.statements, demands, strict=True):
        yield from condition_findings(statement, since)
        if document.side == "trust":
            yield from form_findings(statement)
            yield from principal_findings(statement, demanded, facts)
            yield from weak_external_ids(statement)
            yield from web_identity_findings(statement, demanded)
        elif granting:
            yield from permission_findings(statement, limited)


class SharedFindings:
    """The findings on the documents of one estate. ``facts`` and ``since`` are as in :func:`document_findings`."""

    def __init__(self, facts: Facts, since: datetime | None) -> None:
        self._facts = facts
        self._since = since
        self._known: dict[Hashable, Sequence[Found]] = {}
        self._faultless: set[Hashable] = set()
        self._forms: dict[bytes, Form | None] = {}
        self._by_forms: dict[str, Sequence[Found]] = {}

    def of(self, document: Document, limited: Collection[str], *, granting: bool) -> Sequence[Found]:
        """The findings on one document."""
        content = document.fingerprint
        if content is None:
            return self._by_itself(document, limited, granting)
        owner, policy = document.place.owner, document.place.policy
        *_, account, resource = owner.split(":", 5)
        about: Hashable = (content, document.side, resource.partition("/")[0], owner in limited, granting)
        if about in self._faultless:
            return ()
        named = resource.rpartition("/")[2] if has_external_id(document) else ""
        key = (about, named, account if document.side == "trust" else "")
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._by_form(document, limited, granting)
            if not found and not named:
                self._faultless.add(about)
        return [replace(each, place=replace(each.place, owner=owner, policy=policy)) for each in found]

    def form(self, document: Document) -> Form | None:
        """The form of a trust; None for a document without one."""
        content = document.fingerprint
        if content is None or document.side != "trust":
            return None
        if content not in self._forms:
            self._forms[content] = form_of(document.content, self._facts.own)
        return self._forms[content]

    def _by_form(self, document: Document, limited: Collection[str], granting: bool) -> Sequence[Found]:
        """The findings on a document: those of an earlier one of the same form, each with its own statement.

        A document with a weak external ID is judged by itself, because the role's name may be what makes it weak.
        Findings whose words are not the same for all documents of the form are not shared.
        """
        form = self.form(document)
        weak = has_external_id(document) and any(any(weak_external_ids(each)) for each in document.statements)
        if form is None or weak:
            return self._by_itself(document, limited, granting)
        known = self._by_forms.get(form.text)
        if known is not None:
            return [_about(each, document) for each in known]
        found = self._by_itself(document, limited, granting)
        hidden = (*form.left_out, *document.place.owner.split(":")[4:5])
        if not any(word in each.message or word in each.fix for each in found for word in hidden):
            self._by_forms[form.text] = found
        return found

    def _by_itself(self, document: Document, limited: Collection[str], granting: bool) -> Sequence[Found]:
        return tuple(document_findings(document, self._facts, limited, self._since, granting=granting))


def _about(found: Found, document: Document) -> Found:
    """A finding on a document of the same form, as one on this document."""
    index = found.place.index
    if index is None:
        return found
    own = next(each.place.statement for each in document.statements if each.place.index == index)
    return replace(found, place=replace(found.place, statement=own))


_EXTERNAL_ID = b"externalid"


def has_external_id(document: Document) -> bool:
    """Whether a document may require an external ID. JSON text counts: it may have escapes."""
    content = document.fingerprint
    return content is None or isinstance(document.content, str) or _EXTERNAL_ID in content.lower()


_OF_ACCOUNT = re.compile(r"\A(arn:[a-z-]+:(?:iam|sts)::)?([0-9]{12})((?::.*)?)\Z", re.ASCII | re.DOTALL)
"""An ARN or an account's ID, in three parts: before the ID, the ID, and after it."""
_PLAIN_ID = re.compile(r"\A(?!arn:)[\w+=,.@:/-]{2,64}\Z", re.ASCII)
"""An external ID that AWS accepts, without a wildcard or a variable."""


class Form(NamedTuple):
    """The form of a trust as text, and what it leaves out: the IDs of accounts, and the external ID."""

    text: str
    left_out: tuple[str, ...]


def form_of(content: object, own: Collection[str]) -> Form | None:
    """The form of a trust: its content without the IDs of ``own`` accounts in its principals, and without its external
    ID. None if it has no form.

    Which findings there are depends on neither. The rules compare the accounts of principals only with each other and
    with ``own``, so the form has numbers in place of the IDs. A trust has no form if an ID is also elsewhere in it.
    Only :func:`weak_external_ids` reads an external ID of valid characters that StringEquals requires. A trust has no
    form if it has several, which rules could compare.
    """
    statements = content.get("Statement") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(statements, list):
        return None
    numbers: dict[str, int] = {}
    external_ids: list[str] = []
    found: list[object] = [{key: value for key, value in content.items() if key != "Statement"}]
    for statement in statements:
        if not isinstance(statement, dict) or "NotPrincipal" in statement:
            return None
        neutral = dict(statement)
        principal, condition = statement.get("Principal"), statement.get("Condition")
        if isinstance(principal, dict):
            neutral["Principal"] = {kind: _numbered(named, own, numbers) for kind, named in principal.items()}
        if isinstance(condition, dict) and _has_plain_external_id(condition):
            external_ids.append(condition["StringEquals"][EXTERNAL_ID])
            neutral["Condition"] = {**condition, "StringEquals": {**condition["StringEquals"], EXTERNAL_ID: ()}}
        found.append(neutral)
    text = repr(found)
    several = external_ids and text.lower().count("externalid") > 1
    return None if several or any(account in text for account in numbers) else Form(text, (*numbers, *external_ids))


def _numbered(named: object, own: Collection[str], numbers: dict[str, int]) -> object:
    """A principal or several, with a number in place of the ID of each ``own`` account."""
    if isinstance(named, list):
        return [_numbered(each, own, numbers) for each in named]
    parts = _OF_ACCOUNT.match(named) if isinstance(named, str) else None
    if parts is None or parts[2] not in own:
        return named
    return parts[1], numbers.setdefault(parts[2], len(numbers)), parts[3]


EXTERNAL_ID = "sts:ExternalId"


def _has_plain_external_id(condition: Mapping[str, object]) -> bool:
    equals = condition.get("StringEquals")
    value = equals.get(EXTERNAL_ID) if isinstance(equals, dict) else None
    return isinstance(value, str) and _PLAIN_ID.match(value) is not None
