"""Control policies under which a stack could not be deployed, as findings: what the review of an update refuses.

The policies of the project's organisation are compared with an organisation that has only AWS's own. So the finding is
about the policies as they are declared, whether they are deployed or not. Only accounts with a stack are checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossaccount.access.estate import Organization
from crossaccount.access.findings.finding import Finding
from crossaccount.iam.organizations import is_of_aws, is_organization, name_of
from crossaccount.settings import CompiledStack, SettingsError
from crossaccount.settings.input_files import read_json


def deployer_findings(
    compiled: Mapping[str, CompiledStack], files: Sequence[str], directory: Path
) -> Iterator[tuple[str, Finding]]:
    """By stack that could not be deployed: the finding, at the policy in the file that has it.

    ``files`` are sources; those that are not about an organisation are ignored.
    """
    for file in files:
        content = _content(file)
        if content is None or all(map(is_of_aws, content["Policies"])):
            continue
        # Here and not above: projects without control policies do not load what a deployment calls.
        from crossaccount.job.review.lockout import blocked

        after = Organization.from_json(content)
        before = replace(after, service_control={}, resource_control={})
        for stack, each in compiled.items():
            for found in blocked([each], before, after):
                where = _place(content, _shown(file, directory), found.named, found.statement)
                yield stack, found.finding(where)


def _content(file: str) -> Mapping[str, Any] | None:
    path = Path(file)
    if path.suffix != ".json" or not path.is_file():
        return None
    try:
        content = read_json(path, file)
    except SettingsError:
        return None  # reported where the sources are read
    return content if is_organization(content) else None


def _shown(file: str, directory: Path) -> str:
    path, root = Path(file).resolve(), directory.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def _place(content: Mapping[str, Any], file: str, named: str, statement: str) -> str:
    for index, policy in enumerate(content["Policies"]):
        if named and name_of(policy) == named:
            at = f".Content.Statement[{statement}]" if statement.isdecimal() else ".Content"
            return f"{file}: Policies[{index}]{at}"
    return f"{file}: Policies"
