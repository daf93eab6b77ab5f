"""Service trusts that do not say on whose behalf: the cross-service confused deputy.

Only services that pass the keys when they assume a role are asked for them (``source_pages``, each with the page that
says so). EC2, Lambda and others assume a role that was passed to them within the account, and a condition would lock
them out.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.findings.demands import Asked, asked_by
from crossaccount.access.findings.documents import Document, Statement
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.access.findings.source_pages import SOURCE_PAGES
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.conditions import Condition

WITHOUT_SOURCE = Kind(
    "XA110",
    "warning",
    "A service is trusted without aws:SourceAccount or aws:SourceArn",
    "Somebody in another account who can configure the service could make it act in this role.",
    "Add a condition StringEquals on aws:SourceAccount, or ArnLike on aws:SourceArn.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")


def service_findings(document: Document) -> Iterator[Found]:
    """Services of a trust that could say on whose behalf they act, and are not asked."""
    asked: Asked | None = None
    for index, statement in enumerate(document.statements):
        if document.side != "trust" or not statement.allows or not (services := _saying(statement)):
            continue
        asked = asked_by(document, of_services=True) if asked is None else asked
        if any(each.is_for(_says_for_whom) for each in asked[index]):
            continue
        account = parse_arn(statement.owner).account
        message = f"trusts {', '.join(services)} on behalf of any account"
        fix = f'add the condition {{StringEquals: {{aws:SourceAccount: "{account}"}}}}'
        yield Found(WITHOUT_SOURCE, statement.at("services"), message, fix)


def _saying(statement: Statement) -> list[str]:
    """The services of a statement that say it."""
    return sorted(each for each in statement.principals("Service") if _label(each) in SOURCE_PAGES)


def _says_for_whom(condition: Condition) -> bool:
    """IfExists will do: these services do pass the key."""
    return condition.key.lower() in _SOURCE_KEYS and not condition.negated and condition.base != "null"


def _label(service: str) -> str:
    return service.partition(".amazonaws.com")[0]
