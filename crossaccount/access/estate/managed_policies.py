"""Documents of AWS-managed policies, for estates that name them without carrying them.

They come from moto's package data, which its authors import from AWS: dated, default versions only, complete for the
``aws`` partition. Only that one data module is executed; importing ``moto.iam`` would pull in boto3 and a mock of IAM.
What is not in the bundle is unknown, never empty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

_ARN_PREFIX = "arn:aws:iam::aws:policy"
_MODULE = ("iam", "aws_managed_policies.py")


def managed_document(arn: str) -> Mapping[str, Any] | None:
    """The document of an AWS-managed policy; None where the bundle does not have it."""
    entry = _bundle().get(arn)
    document: Mapping[str, Any] | None = entry["Document"] if entry else None
    return document


def is_aws_managed(arn: str) -> bool:
    """Whether an ARN is of AWS's own policies, of any partition."""
    return arn.split(":")[4:5] == ["aws"]


def bundle_date() -> str:
    """The day of the newest change that the bundle has, ``YYYY-MM-DD``; empty where there is no bundle."""
    return max((str(entry["UpdateDate"])[:10] for entry in _bundle().values()), default="")


@cache
def _bundle() -> Mapping[str, Mapping[str, Any]]:
    """The bundle's entries by ARN; none where moto is not installed, as beside the bare program."""
    package = find_spec("moto")
    if package is None or not package.submodule_search_locations:
        return {}
    spec = spec_from_file_location("_aws_managed_policies", Path(package.submodule_search_locations[0], *_MODULE))
    if spec is None or spec.loader is None:
        return {}
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    entries: Mapping[str, Mapping[str, Any]] = json.loads(module.aws_managed_policies_data)
    return {f"{_ARN_PREFIX}{entry['Path']}{name}": entry for name, entry in entries.items()}
