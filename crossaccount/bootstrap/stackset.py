"""A StackSet with what a pipeline needs in many accounts of an organisation, as a script for ``sh``.

The stack set has service-managed permissions: AWS Organizations makes the roles that CloudFormation needs in each
account. Accounts are named, so that others in the same organisational unit get nothing. CloudFormation never deploys
such a stack set into the management account. Accounts that need different things get different stack sets.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html and
stacksets-concepts.html ("StackSets doesn't deploy stack instances to the organization's management account"),
API_DeploymentTargets.html (``INTERSECTION``), API_StackSetOperationPreferences.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crossaccount.bootstrap.cloudformation import CAPABILITY, template_text
from crossaccount.bootstrap.commands import Quoted
from crossaccount.bootstrap.resources import Bootstrap

_END = "END OF THE TEMPLATE"
_ENDED = """# Waits for an operation of a stack set.
ended() {
  while :; do
    status=$(aws cloudformation describe-stack-set-operation --stack-set-name "$1" --operation-id "$2" \\
      --query StackSetOperation.Status --output text)
    case $status in
      SUCCEEDED) return 0 ;;
      QUEUED | RUNNING | STOPPING) sleep "${SECONDS_BETWEEN_LOOKS:-10}" ;;
      *) break ;;
    esac
  done
  echo "$1: the operation $2 is $status; see: aws cloudformation list-stack-set-operation-results" >&2
  return 1
}"""
PREFERENCES = {
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    "MaxConcurrentPercentage": 25,
    "FailureTolerancePercentage": 0,
}
"""A quarter of the accounts at a time; no more after the first that fails."""


@dataclass(frozen=True)
class StackSet:
    """Accounts that need the same, with the template."""

    name: str
    template: str
    bootstraps: tuple[Bootstrap, ...]

    @property
    def file(self) -> str:
        """The file that the script writes the template to."""
        return f"{self.name}.yaml"


def stack_sets(bootstraps: Iterable[Bootstrap]) -> list[StackSet]:
    """The stack sets, in the order of their first accounts."""
    groups: dict[str, list[Bootstrap]] = {}
    for each in bootstraps:
        groups.setdefault(template_text(each), []).append(each)
    several = len(groups) > 1
    return [
        StackSet(f"{group[0].stack_name}-{number}" if several else group[0].stack_name, text, tuple(group))
        for number, (text, group) in enumerate(groups.items(), 1)
    ]


def script(
    bootstraps: Sequence[Bootstrap], units: Sequence[str], quoted: Quoted, *, left_out: Sequence[str] = ()
) -> str:
    """The script. ``units`` are the IDs of organisational units, or of the root, that contain the accounts.

    ``left_out`` are the names of accounts that it cannot reach: the management account.
    """
    lines = [
        "#!/bin/sh",
        "# Stack sets with the pipeline's identity provider, roles and policies.",
        "# Run it with credentials of the management account. Needed once before:",
        "#   aws cloudformation activate-organizations-access",
        "# A stack set with service-managed permissions does not reach the management account. For that account:",
        "#   crossaccount bootstrap STACK --format cloudformation",
        *(f"# {name} is the management account, so it is left out." for name in left_out),
        "set -eu",
        *_ENDED.splitlines(),
    ]
    for each in stack_sets(bootstraps):
        lines += ["", *_stack_set(each, units, quoted)]
    return "\n".join(lines) + "\n"


def _stack_set(wanted: StackSet, units: Sequence[str], quoted: Quoted) -> Iterator[str]:
    yield f"# {', '.join(f'{each.account} ({each.account_id})' for each in wanted.bootstraps)}"
    yield f"cat > {quoted(wanted.file)} <<'{_END}'"
    yield wanted.template.rstrip("\n")
    yield _END
    name, body = ("--stack-set-name", wanted.name), ("--template-body", f"file://{wanted.file}")
    capability = ("--capabilities", CAPABILITY)
    yield f"if aws cloudformation describe-stack-set {name[0]} {quoted(name[1])} >/dev/null 2>&1; then"
    preferences = ("--operation-preferences", _json(PREFERENCES))
    yield _operation("update-stack-set", [name, body, capability, preferences], quoted, "  ")
    yield "else"
    managed = [("--permission-model", "SERVICE_MANAGED"), ("--auto-deployment", "Enabled=false")]
    yield _call("create-stack-set", [name, body, capability, *managed], quoted, "  ")
    yield "fi"
    targets = {
        "OrganizationalUnitIds": list(units),
        "Accounts": [each.account_id for each in wanted.bootstraps],
        "AccountFilterType": "INTERSECTION",
    }
    # IAM is global: one region is enough.
    regions = ("--regions", next((each.region for each in wanted.bootstraps if each.region), "us-east-1"))
    instances = [name, ("--deployment-targets", _json(targets)), regions, preferences]
    yield _operation("create-stack-instances", instances, quoted)


def _operation(action: str, options: Sequence[tuple[str, str]], quoted: Quoted, indent: str = "") -> str:
    """A command that begins an operation, and the wait for its end."""
    asked = [*options, ("--query", "OperationId"), ("--output", "text")]
    command = _call(action, asked, quoted, indent).removeprefix(indent)
    return f'{indent}operation=$({command})\n{indent}ended {quoted(options[0][1])} "$operation"'


def _call(action: str, options: Iterable[tuple[str, str]], quoted: Quoted, indent: str) -> str:
    words = [f"{option} {quoted(value)}" for option, value in options]
    return f" \\\n{indent}  ".join([f"{indent}aws cloudformation {action}", *words])


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value)
