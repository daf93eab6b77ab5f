"""``explain``: what a code means."""

from __future__ import annotations

import pytest

from crossaccount.access.findings.catalogue import CATALOGUE
from tests.cli.conftest import Run


def test_a_code_is_explained(run: Run) -> None:
    done = run("explain", "xa205")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[:2] == ["XA205 warning", "Nobody can assume the role"]
    assert [line for line in lines if line and not line.startswith(" ")][2:] == [
        "Why",
        "Fix",
        "Example",
        "Instead",
        "Source",
    ]
    assert "  222222222222/role/Deploy trust policy:" in lines


def test_several_codes_each_once(run: Run) -> None:
    done = run("explain", "XA107", "XA205", "XA107", "--json")
    [first, second] = done.json["findings"]
    assert (first["code"], second["code"]) == ("XA107", "XA205")
    assert set(first) == {"code", "severity", "title", "why", "fix", "source", "example"}
    assert "sts:ExternalId" in first["example"]["right"]
    assert "sts:ExternalId" not in first["example"]["wrong"]


def test_without_a_code_all_are_listed(run: Run) -> None:
    lines = run("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == [kind.code for kind in CATALOGUE]


@pytest.mark.parametrize(
    ("code", "fix"), [("XA25", "did you mean `XA205`?"), ("mfa", "list them: crossaccount explain")]
)
def test_an_unknown_code_proposes_the_nearest(run: Run, code: str, fix: str) -> None:
    done = run("explain", code, "XA1001")
    assert (done.code, done.out) == (2, "")
    first, second = done.err.splitlines()
    assert first == f'CODE: there is no such finding, got "{code}"; {fix}'
    assert "XA101" in second
