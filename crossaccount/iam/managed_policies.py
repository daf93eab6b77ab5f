"""AWS-managed policies by name: their paths, from a dated list of all policies.

Some policies are under paths such as ``/service-role/``, which are hard to remember. Their names are unique, so a name
is enough. The list comes with this package, because the program needs it where the toolkit is not installed; ``make
generate`` takes it from the bundle that :mod:`crossaccount.access.estate.policies` describes.

Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from crossaccount.iam.arn import iam_arn
from crossaccount.iam.nearest import did_you_mean

FILE = Path(__file__).with_name("aws_managed_policies.json")
PREFIX = "aws:"
"""The prefix of the name of an AWS-managed policy in a config."""


def managed_policy_arn(name: str, partition: str) -> str | None:
    """The ARN of AWS's policy with this name, with or without its path; None if the list has none."""
    path, slash, bare = name.rpartition("/")
    known = _paths().get(bare)
    if known is None or (slash and f"/{path.strip('/')}/".replace("//", "/") != known):
        return None
    return iam_arn("aws", f"policy{known}{bare}", partition)


def like_managed_policy(name: str) -> str:
    """The fix for a name that is not in the list."""
    bare = name.rpartition("/")[2]
    if bare in _paths():
        return f"write `{PREFIX}{bare}`"
    otherwise = f"if AWS has made it since {list_date()}, write its ARN"
    return did_you_mean(bare, _paths(), otherwise).replace("did you mean `", f"did you mean `{PREFIX}")


def list_date() -> str:
    """The day of the newest change in the list, ``YYYY-MM-DD``."""
    return str(_data()["date"])


def list_text(arns: Iterable[str], date: str) -> str:
    """The text of the file, from the ARNs of all policies."""
    by_path: dict[str, list[str]] = {}
    for arn in sorted(arns):
        path, _, name = arn.partition(":policy")[2].rpartition("/")
        by_path.setdefault(f"{path}/", []).append(name)
    return json.dumps({"date": date, "paths": by_path}, indent=1) + "\n"


@cache
def _paths() -> Mapping[str, str]:
    return {name: path for path, names in _data()["paths"].items() for name in names}


@cache
def _data() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
