"""Documents that AWS refuses, or accepts and never matches: what ``iam.validation`` says, as findings.

Settings say the same of a config, in the same words; there it is ``Problem.code`` that makes a warning a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from re import compile as pattern

from crossaccount.access.findings.documents import Document
from crossaccount.access.findings.finding import Element, Found, Kind, Place
from crossaccount.iam.by_content import by_content
from crossaccount.iam.compiled import DocumentError, read_document
from crossaccount.iam.problem import NOT_GIVEN, Problem, shown
from crossaccount.iam.validation import check_identity_policy, check_trust_policy

_GRAMMAR = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
_ACTIONS = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)
REFUSED = Kind(
    "XA301",
    "error",
    "AWS refuses the document",
    "The policy cannot be saved as it is, and nothing can be said of what it would allow.",
    "Correct it as the message says.",
    _GRAMMAR,
)
VERSION = Kind(
    "XA302",
    "warning",
    "The policy's Version is missing, or too old for its variables",
    "Without the newer version ${…} is plain text, and matches nothing.",
    'Write Version: "2012-10-17".',
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html",
)
UNKNOWN_ACTION = Kind(
    "XA303",
    "warning",
    "No such action",
    "AWS accepts any action; one that does not exist grants and denies nothing.",
    "Correct the spelling. The list is dated: a very new action may be missing from it.",
    _ACTIONS,
)
NEVER_MATCHES = Kind(
    "XA304",
    "warning",
    "The action is never asked about such a resource",
    "The statement grants or denies nothing: s3:ListBucket is asked about the bucket, not its objects, and "
    "iam:ListRoles takes no resource at all.",
    "Name the resource that the action is about, or * where it takes none.",
    _ACTIONS,
)
UNKNOWN_KEY = Kind(
    "XA305",
    "warning",
    "No such condition key",
    "A key that is never in a request makes the condition fail always, or (negated, or with IfExists) never.",
    "Correct the spelling.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
)
_KINDS = {kind.code: kind for kind in (VERSION, UNKNOWN_ACTION, NEVER_MATCHES, UNKNOWN_KEY)}
_INDEX = pattern(r"\AStatement\[(\d+)\]")


_OF_TRUST = by_content(partial(check_trust_policy, where=""))
_OF_IDENTITY = by_content(partial(check_identity_policy, where=""))


def validity_findings(document: Document) -> Iterator[Found]:
    """What is wrong with one document by itself."""
    try:
        content = read_document(document.content)
    except DocumentError as error:
        yield Found(REFUSED, document.place, str(error), "write a policy document")
        return
    for problem in _OF_TRUST(content) if document.side == "trust" else _OF_IDENTITY(content):
        kind = REFUSED if problem.severity == "error" else _KINDS[problem.code]
        yield Found(kind, _place(document, problem.where), _message(problem), problem.fix)


def _place(document: Document, where: str) -> Place:
    found = _INDEX.match(where)
    index = int(found[1]) if found else 0
    if found is None or index >= len(document.statements):
        return document.place
    return replace(document.statements[index].place, element=_element(where))


def _element(where: str) -> Element:
    parts = where.split(".", 1)[1:]
    elements: dict[str, Element] = {"Action": "actions", "NotAction": "actions", "Resource": "resources"}
    elements |= {"NotResource": "resources", "Condition": "conditions", "Principal": "principals"}
    return elements.get(parts[0].split(".")[0].split("[")[0], "") if parts else ""


def _message(problem: Problem) -> str:
    got = "" if problem.got is NOT_GIVEN else f", got {shown(problem.got)}"
    return f"{problem.what}{got}"
