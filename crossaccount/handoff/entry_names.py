"""Names for what is handed out: the same whatever else is handed out with it, and never the same for two.

A role is ``<account>-<role>``. Where two would be called the same (account ``a`` with role ``b-c``, account ``a-b``
with role ``c``), both are called by their account's ID; where that is not enough, a digest of the ARN ends the name.
All entities of the sources take part, so that a filter changes no name.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from crossaccount.iam.arn import parse_arn
from crossaccount.iam.names import account_name

_PROFILE_SAFE = "+@"
"""What a profile's name may hold beside letters, digits and ``_.-~``; ``%`` escapes the rest."""


def profile_names(arns: Iterable[str], accounts: Mapping[str, str]) -> dict[str, str]:
    """The name of a profile for each principal or role.

    The characters are those of https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html ("Profile name").
    """
    return _unique(arns, accounts, lambda text: quote(text, safe=_PROFILE_SAFE).replace("~", "%7E"))


def identifiers(arns: Iterable[str], accounts: Mapping[str, str]) -> dict[str, str]:
    """A name for each principal or role that Python, HCL and shells take as a variable's."""
    return _unique(arns, accounts, _identifier)


def _identifier(text: str) -> str:
    plain = re.sub(r"\W", "_", text, flags=re.ASCII)
    return plain if not plain[:1].isdigit() else f"account_{plain}"


def _unique(arns: Iterable[str], accounts: Mapping[str, str], shaped: Callable[[str], str]) -> dict[str, str]:
    """The first choice of each, or a later one of all that share it. Letter case tells no two apart."""
    choices = {arn: [shaped(choice) for choice in _choices(arn, accounts)] for arn in sorted(set(arns))}
    taken = dict.fromkeys(choices, 0)
    while True:
        names = {arn: choices[arn][place] for arn, place in taken.items()}
        counted = Counter(name.lower() for name in names.values())
        twice = [arn for arn, name in names.items() if counted[name.lower()] > 1 and taken[arn] < 2]
        if not twice:
            return names
        for arn in twice:
            taken[arn] += 1


def _choices(text: str, accounts: Mapping[str, str]) -> tuple[str, str, str]:
    arn = parse_arn(text)
    by_id = f"{arn.account}-{arn.name}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{account_name(arn.account, accounts)}-{arn.name}", by_id, f"{by_id}-{digest}"
