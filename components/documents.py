"""Policy documents as a program gives them: a mapping or JSON, known or not, and the text that goes to AWS.

A mapping becomes canonical JSON, so that another order of its keys is no change. A text is sent unchanged. Known
documents are checked in the component's constructor. A document that is or contains an ``Output`` is checked as soon as
the engine knows it, which is mostly in the preview.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pulumi

from crossaccount.iam.documents import size, to_json
from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.problem import Problem, errors
from crossaccount.iam.quotas import MANAGED_POLICY, TRUST_POLICY, Quota
from crossaccount.iam.validation import check_identity_policy, check_trust_policy

from .arguments import is_known, whole_numbers

WhatIsWrong = Callable[[Any, str], Iterable[Problem]]


def trust_problems(document: Any, where: str) -> Iterator[Problem]:
    """Problems of a role's trust policy, if it is known."""
    return _problems(document, where, check_trust_policy, TRUST_POLICY)


def identity_problems(document: Any, where: str, quota: Quota = MANAGED_POLICY) -> Iterator[Problem]:
    """Problems of a policy of a user, a group or a role, if it is known."""
    return _problems(document, where, check_identity_policy, quota)


def text_of(document: pulumi.Input[Any], place: str, problems: WhatIsWrong) -> pulumi.Input[str]:
    """The JSON of a document.

    An unknown document is checked by ``problems`` once it is known. ``place`` is the logical name of its resource, for
    the message.
    """
    if is_known(document):
        return _text(document)

    def known(value: Any) -> str:
        value = whole_numbers(value)
        if refused := errors(problems(value, place)):
            raise pulumi.RunError("\n".join(map(str, refused)))
        return _text(value)

    return pulumi.Output.from_input(document).apply(known)


def size_of(document: Any) -> int:
    """Characters that count for IAM's quotas; 0 if the document is not known yet."""
    return size(_text(document)) if is_known(document) else 0


def _text(document: Any) -> str:
    return to_json(document) if isinstance(document, Mapping) else document


def _problems(
    document: Any, where: str, check: Callable[[object, str], list[Problem]], quota: Quota
) -> Iterator[Problem]:
    if not is_known(document):
        return
    try:
        value = parse_json(document) if isinstance(document, str) else document
    except JsonError as error:
        yield Problem(where, str(error), document, "give a mapping, or its JSON")
        return
    found = check(value, where)
    yield from found
    if not errors(found):
        yield from over(quota, size(document), where, "characters without white space", "shorten it")


def over(quota: Quota, used: int, where: str, unit: str, fix: str) -> Iterator[Problem]:
    """The problem of a quota: an error above AWS's maximum, a warning above the default quota."""
    if used > quota.maximum:
        yield Problem(where, f"{quota.name} may hold at most {quota.maximum} {unit}", used, fix)
    elif used > quota.limit:
        what = f"{quota.name} may hold {quota.limit} {unit}, unless AWS raised it for the account"
        yield Problem(where, what, used, fix, "warning")
