"""The policy pack: each finding of ``crossaccount check`` that resources can have is a policy with the same code.

The first policy that runs judges the whole stack; the others use its result. An exception is a pattern for a URN, a
resource's name or a place, under ``except`` in the policy's config.
"""

import json
import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
)

from crossaccount.check.resources import KINDS, Violation, violations
from crossaccount.sources.names import read_accounts

ACCOUNTS, ACCOUNT = "CROSSACCOUNT_ACCOUNTS", "CROSSACCOUNT_ACCOUNT"
UNKNOWN = (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
)
CONFIG = PolicyConfigSchema({"except": {"type": "array", "items": {"type": "string"}, "default": []}})


@lru_cache(maxsize=1)
def _own_accounts() -> dict[str, str]:
    file = os.environ.get(ACCOUNTS)
    return {name: entry.id for name, entry in read_accounts(Path(file)).items()} if file else {}


@lru_cache(maxsize=2)
def _judged(run: str) -> list[Violation]:
    return violations(json.loads(run), account=os.environ.get(ACCOUNT, ""), names=_own_accounts())


def _states(args: StackValidationArgs) -> list[dict[str, object]]:
    """The resources and their providers, in the shape of a state."""
    states = {}
    for each in args.resources:
        provider = each.provider
        if provider is not None:
            states[provider.urn] = {
                "urn": provider.urn,
                "type": provider.resource_type,
                "inputs": _plain(provider.props),
            }
        states[each.urn] = {
            "urn": each.urn,
            "type": each.resource_type,
            "inputs": _plain(each.props),
            "provider": f"{provider.urn}::{UNKNOWN_STRING_VALUE}" if provider is not None else "",
            "propertyDependencies": {
                key: [other.urn for other in others] for key, others in each.property_dependencies.items()
            },
        }
    return list(states.values())


def _plain(value):
    """A value without Pulumi's wrapper, which raises an error for unknown values.

    Unknown values become one sentinel.
    """
    if isinstance(value, Mapping):
        target = value if isinstance(value, dict) else value["__target"]
        return {key: _plain(target[key]) for key in target}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_plain(each) for each in value["__target"]]
    return UNKNOWN_STRING_VALUE if value in UNKNOWN else value


def _validate(code: str, args: StackValidationArgs, report: ReportViolation) -> None:
    excepted = args.get_config().get("except") or ()
    for found in _judged(json.dumps(_states(args), sort_keys=True, default=str)):
        names = (found.urn, found.urn.rpartition("::")[2], found.where)
        if found.code == code and not any(fnmatchcase(name, each) for each in excepted for name in names):
            report(f"{found.where}: {found.message}", found.urn or None)


PolicyPack(
    "crossaccount",
    [
        StackValidationPolicy(
            kind.code,
            f"{kind.title}. {kind.why}",
            partial(_validate, kind.code),
            EnforcementLevel.MANDATORY if kind.severity == "error" else EnforcementLevel.ADVISORY,
            CONFIG,
            severity=Severity.HIGH if kind.severity == "error" else Severity.MEDIUM,
            remediation_steps=kind.fix,
            url=kind.source if kind.source.startswith("https://") else None,
        )
        for kind in KINDS
    ],
)
