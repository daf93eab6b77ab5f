"""The report as JSON for the page, as HTML, Markdown, CSV and Mermaid."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import replace
from io import StringIO

import pytest

from crossaccount.access.paths import Path
from crossaccount.access.paths.path import IF_GRANTED
from crossaccount.access.requirements.words import in_words
from crossaccount.report import Report
from crossaccount.report.csv_table import COLUMNS, csv_table
from crossaccount.report.html import encoded, html
from crossaccount.report.markdown import MOST_ROWS, markdown
from crossaccount.report.mermaid import MOST_PATHS, mermaid
from tests.report.estate import HOSTILE


@pytest.fixture(scope="module")
def many(report: Report) -> Report:
    """More paths than anybody would look at."""
    first = report.paths[0]
    numbers = range(MOST_ROWS + 1)
    users = (f"arn:aws:iam::{100_000_000_000 + number % 70}:user/u{number}" for number in numbers)
    return replace(report, paths=tuple(Path(user, first.role, *first[2:]) for user in users))


def test_the_encoding_gives_back_every_path(report: Report) -> None:
    data = json.loads(encoded(report))

    def name(end: int) -> str:
        account, text = data["ends"][end]
        account_id, _, partition = data["accounts"][account]
        return f"arn:{partition}:iam::{account_id}:{text}"

    columns = data["paths"]
    decoded = [
        (name(principal), name(role), "; or ".join(data["conditions"][conditions][0]))
        for principal, role, conditions in zip(
            columns["principal"], columns["role"], columns["conditions"], strict=True
        )
    ]
    outside = [each.principal for each in report.paths if not report.names.granted(each.principal)]
    assert outside == ["arn:aws:iam::333333333333:root"]
    assert decoded == [
        (each.principal, each.role, IF_GRANTED if each.principal in outside else in_words(each.alternatives))
        for each in report.paths
    ]


def test_the_encoding_says_everything_once(many: Report) -> None:
    data = json.loads(encoded(many))
    assert len(data["paths"]["role"]) == MOST_ROWS + 1
    assert len(data["conditions"]) == 1
    for table in ("ends", "accounts", "conditions", "permissions", "sides"):
        texts = [json.dumps(each) for each in data[table]]
        assert len(texts) == len(set(texts)), table


WRITE_ALL = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from crossaccount.report import report_of
from crossaccount.report.csv_table import csv_table
from crossaccount.report.html import html
from crossaccount.report.markdown import markdown
from crossaccount.report.mermaid import mermaid
from crossaccount.sources import read_sources
from tests.report.estate import write_estate

folder = Path(sys.argv[1])
*files, _, accounts = write_estate(folder)
found = read_sources(files, lambda: sys.exit("no program"), directory=folder, accounts=Path(accounts))
before = read_sources(files[:1], lambda: sys.exit("no program"), directory=folder, accounts=Path(accounts))
report = report_of(found, datetime(2026, 1, 2, tzinfo=UTC), before)
print(len({each.kind for each in report.findings}), file=sys.stderr)
for write in (html, markdown, csv_table, mermaid):
    print(write(report))
"""


def test_the_same_estate_is_the_same_report_in_every_process(tmp_path: pathlib.Path) -> None:
    """Python hashes text anew in each process: what goes over a set without an order comes out in another one."""

    def written(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(pathlib.Path(__file__).parents[2])}
        command = [sys.executable, "-c", WRITE_ALL, str(tmp_path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert int(done.stderr) > 3, "kinds of findings: enough for an order by chance to be seen"
        return done.stdout

    assert written("1") == written("2")


def test_the_page_has_its_data_packed_and_asks_for_nothing(report: Report) -> None:
    page = html(report)
    packed = re.search(r'<script id="data" type="text/plain">([A-Za-z0-9+/=]+)</script>', page)
    assert packed is not None
    assert gzip.decompress(base64.b64decode(packed[1])).decode() == encoded(report)
    assert HOSTILE not in page
    assert re.findall(r"""(?:src|href)=["'](?!#|data:,)""", page) == []


@pytest.mark.parametrize(("element", "directive"), [("script", "script-src"), ("style", "style-src")])
def test_the_policy_lets_run_what_exists_and_nothing_else(report: Report, element: str, directive: str) -> None:
    page = html(report)
    content = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
    assert len(content) == 1
    digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert f"{directive} 'sha256-{digest}'" in policy[1].split("; ")
    assert "default-src 'none'" in policy[1].split("; ")


def test_the_table_has_a_row_for_each_path(report: Report) -> None:
    rows = list(csv.DictReader(StringIO(csv_table(report))))
    ends = [(row["principal"], row["role"]) for row in rows if not row["through"]]
    assert ends == [(each.principal, each.role) for each in report.paths]
    david = next(row for row in rows if row["principal"].endswith("David"))
    assert david == dict(
        zip(
            COLUMNS,
            (
                "development",
                "arn:aws:iam::111111111111:user/David",
                "production",
                "arn:aws:iam::999999999999:role/UpdateApp",
                "with MFA",
                "update[0]",
                "trust policy[0]",
                "write",
                "https://signin.aws.amazon.com/switchrole?account=999999999999&roleName=UpdateApp"
                "&displayName=PRODUCTION&color=F2B0A9",
                "111111111111",
                "999999999999",
                "people",
                "unknown",
                "",
                "",
                *("", "", ""),
            ),
            strict=True,
        )
    )


def test_no_cell_is_a_formula(report: Report) -> None:
    first = report.paths[-1]
    hostile = first.grants[0].__class__("identity", "=HYPERLINK(1)", "0")
    table = csv_table(replace(report, paths=(Path(*first[:3], (hostile,), first.trust),)))
    assert next(csv.DictReader(StringIO(table)))["granted_by"] == "'=HYPERLINK(1)[0]"


def test_markdown_shows_names_as_text(report: Report) -> None:
    tables = markdown(report).partition("## Paths")[2]
    assert "<script" not in re.sub(r"\\<", "", tables)
    assert "| development/user/David | production/role/UpdateApp | with MFA |" in tables


def test_markdown_is_bounded_and_says_so(many: Report) -> None:
    text = markdown(many)
    assert text.count("production/role/Deployer | if its account grants it") == MOST_ROWS
    assert "… and 1 more." in text


def test_the_flowchart_has_accounts_as_boxes_and_conditions_dashed(report: Report) -> None:
    chart = mermaid(report)
    ids = {label: node for node, label in re.findall(r'(n\d+)\["([^"]+)"\]', chart)}
    assert chart.startswith('flowchart LR\n  subgraph a0["development"]\n')
    assert f"{ids['user/David']} -.-> {ids['role/UpdateApp']}" in chart
    assert f"{ids['role/Build']} --> {ids['role/Deployer']}" in chart


def test_the_table_and_the_flowchart_have_ways_through_other_roles(report: Report) -> None:
    (way,) = report.ways
    row = list(csv.DictReader(StringIO(csv_table(report))))[-1]
    assert (row["principal"], row["role"], row["through"]) == (way.principal, way.role, " ".join(way.via))
    assert (row["conditions"], row["granted_by"]) == ("; ".join(way.hops_in_words()), "")
    chart = mermaid(report)
    ids = {label: node for node, label in re.findall(r'(n\d+)\["([^"]+)"\]', chart)}
    service, role = ids["codebuild.amazonaws.com"], ids["role/Deployer"]
    assert f'{service} -->|"through 1 role"| {role}' in chart


def test_ways_that_are_not_drawn_are_counted(many: Report, report: Report) -> None:
    assert "%% left out: 1 way through other roles" in mermaid(replace(many, ways=report.ways))


def test_the_flowchart_of_many_paths_is_by_account_and_bounded(many: Report) -> None:
    chart = mermaid(many)
    assert chart.count("-->") == MOST_PATHS
    assert f'["{100_000_000_000}"]' in chart
    assert "left out: the thinnest lines" in chart


def test_names_in_the_flowchart_are_text(report: Report) -> None:
    first = report.paths[0]
    chart = mermaid(replace(report, paths=(Path(f'x"]; {HOSTILE}', *first[1:]),)))
    assert "<" not in chart
    assert '["x#34;#93;#59; ' in chart
