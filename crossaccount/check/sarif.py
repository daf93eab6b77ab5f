"""A check as SARIF 2.1.0, which code hosts show next to the lines of the config.

Every kind of finding is a rule, with its text from the catalogue. Failed access tests have one rule. A result has its
file and line, its place as a logical location, and a fingerprint that stays the same when lines move (that of a
baseline). Findings that the config accepts or the baseline contains are left out, because GitHub would show them as
open.

Sources: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support. GitHub computes
``primaryLocationLineHash`` itself, so our fingerprint has a name of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crossaccount import __version__
from crossaccount.access.access_tests import TESTS_FILE
from crossaccount.access.findings.catalogue import CATALOGUE
from crossaccount.access.findings.examples import EXAMPLES
from crossaccount.access.findings.finding import Finding, Kind
from crossaccount.check.baseline import Entry, digest
from crossaccount.check.locations import Location, Locations
from crossaccount.check.run import Checked
from crossaccount.rehearsal.table import failures

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "crossaccountFinding/v1"
_SEVERITY = {"error": "8.0", "warning": "5.0"}
"""The severity by which GitHub sorts alerts, from 0 to 10: high and medium."""
_ROOT = "%SRCROOT%"
_ACCESS_TEST = "access-test"
_ABOUT = "An access test says who must get in and who must not. The config does something else than the test expects."
_TEST_RULE = {
    "id": _ACCESS_TEST,
    "name": "AccessTest",
    "shortDescription": {"text": "An access test is not as expected"},
    "fullDescription": {"text": _ABOUT},
    "help": {"text": f"{_ABOUT}\n\nFix: correct the config, or the test if it is out of date."},
    "defaultConfiguration": {"level": "error"},
    "properties": {
        "tags": ["security", "aws", "iam"],
        "precision": "very-high",
        "problem.severity": "error",
        "security-severity": _SEVERITY["error"],
    },
}
_RULES = {kind.code: index for index, kind in enumerate(CATALOGUE)}


def sarif(checked: Checked, locations: Locations, root: Path) -> dict[str, Any]:
    """The log. Files inside ``root``, the top of the repository, are named relative to it."""
    driver = {
        "name": "crossaccount",
        "semanticVersion": __version__,
        "rules": [*(_rule(kind) for kind in CATALOGUE), _TEST_RULE],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The top of the repository."}}},
        "results": [
            *_results(checked, locations, root.resolve()),
            *_failed_tests(checked, locations, root.resolve()),
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(kind: Kind) -> dict[str, Any]:
    example = EXAMPLES[kind.code]
    shown = f"```yaml\n{example.wrong}```\n\nInstead:\n\n```yaml\n{example.right}```"
    found = {
        "id": kind.code,
        "name": "".join(word.capitalize() for word in kind.title.split() if word.isalnum()),
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": kind.why},
        "help": {
            "text": f"{kind.why}\n\nFix: {kind.fix}\n\nSource: {kind.source}",
            "markdown": f"{kind.why}\n\n**Fix**: {kind.fix}\n\n{shown}\n\n**Source**: {kind.source}",
        },
        "defaultConfiguration": {"level": kind.severity},
        "properties": {
            "tags": ["security", "aws", "iam"],
            "precision": "high",
            "problem.severity": kind.severity,
            "security-severity": _SEVERITY[kind.severity],
        },
    }
    return {**found, "helpUri": kind.source.split()[0].rstrip(",")} if kind.source.startswith("https://") else found


def _results(checked: Checked, locations: Locations, root: Path) -> Iterator[dict[str, Any]]:
    for finding, fingerprint in _with_fingerprints(checked.findings):
        logical = {"fullyQualifiedName": str(finding.place or finding.where), "kind": "resource"}
        found = locations.of(finding)
        physical = {"physicalLocation": _physical(found, root)} if found else {}
        new = {"baselineState": "new"} if checked.compared else {}
        yield {
            "ruleId": finding.code,
            "ruleIndex": _RULES[finding.code],
            "level": finding.severity,
            "message": {"text": f"{finding.where}: {finding.message}\nFix: {finding.fix}"},
            "locations": [{**physical, "logicalLocations": [logical]}],
            "partialFingerprints": {FINGERPRINT: fingerprint},
            **new,
        }


def _failed_tests(checked: Checked, locations: Locations, root: Path) -> Iterator[dict[str, Any]]:
    """The access tests that are not as expected, each at its line."""
    for result in checked.tests:
        if result.ok:
            continue
        test = result.test
        found = locations.in_file(TESTS_FILE, f"tests[{test.index}]")
        pair = f"{test.principal_arn} → {test.role_arn}"
        yield {
            "ruleId": _ACCESS_TEST,
            "ruleIndex": len(CATALOGUE),
            "level": "error",
            "message": {"text": "\n".join(failures([result], checked.accounts))},
            "locations": [
                {
                    **({"physicalLocation": _physical(found, root)} if found else {}),
                    "logicalLocations": [{"fullyQualifiedName": test.name, "kind": "declaration"}],
                }
            ],
            "partialFingerprints": {FINGERPRINT: f"{digest([_ACCESS_TEST, test.name, pair])}:1"},
        }


def _with_fingerprints(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Each finding with a unique fingerprint: repeated ones are numbered."""
    seen: Counter[str] = Counter()
    for finding in findings:
        fingerprint = Entry.of(finding).fingerprint
        seen[fingerprint] += 1
        yield finding, f"{fingerprint}:{seen[fingerprint]}"


def _physical(location: Location, root: Path) -> dict[str, Any]:
    file = location.file.resolve()
    region = {"startLine": location.line, "startColumn": location.column}
    if file.is_relative_to(root):
        artifact = {"uri": quote(file.relative_to(root).as_posix()), "uriBaseId": _ROOT}
    else:
        artifact = {"uri": file.as_uri()}
    return {"artifactLocation": artifact, "region": region}
