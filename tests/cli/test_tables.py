"""What is listed, in each format: nothing breaks on a terminal, one record a line elsewhere."""

from __future__ import annotations

import csv
import io
import itertools
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.cli import tables
from crossaccount.cli.printing import console
from crossaccount.cli.tables import Format, column_widths, folded, output, shortened
from crossaccount.listing import Cell, Listing
from tests.cli.conftest import BOTH, Run, edit, without_the_deny

ROOT = Path(__file__).parents[2]
SSO = "identity/role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6a7b"
ARN = "arn:aws:iam::222222222222:role/teams/payments/Deployer"
HEADINGS = ("principal", "role", "conditions", "granted by")
ROWS = [
    (SSO, ARN, "with MFA (< 1 h) and the external ID", "AssumeRolePolicy[0]"),
    ("auth/user/bo", ARN, "always", "p[0]"),
]
ASKING = [
    ("paths",),
    ("who-can", "production/role/UpdateApp"),
    ("what-can", "development/user/David"),
    ("test",),
    ("check",),
]


def _printed(capsys: pytest.CaptureFixture[str], form: Format | None, *listings: Listing) -> list[str]:
    output(form).show(*listings)
    return capsys.readouterr().out.splitlines()


def _is_whole_or_shortened(line_cells: list[str], text: str) -> bool:
    """Whether the pieces of one cell, put together, are the text, or its beginning and end around …."""
    joined = "".join(line_cells)
    bare = text.replace(" ", "")
    if joined == bare:
        return True
    pattern = "".join(".+" if part == "…" else re.escape(part) for part in re.split("(…)", joined))
    return "…" in joined and re.fullmatch(pattern, bare) is not None


@pytest.mark.parametrize("width", [80, 100, 132, 200])
def test_a_table_fits_and_no_word_breaks(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = _printed(capsys, Format.table, Listing(HEADINGS, [ROWS[0]]))
    assert max(map(len, lines)) <= width
    body = lines[next(number for number, line in enumerate(lines) if "━" in line) + 1 :]
    cells = list(zip(*([cell.strip() for cell in line.split("│")] for line in body), strict=True))
    for column, text in zip(cells, ROWS[0], strict=True):
        assert _is_whole_or_shortened([each.replace(" ", "") for each in column], text), column
        # A line ends with a word, or after a slash or a mark.
        for line in filter(None, column):
            assert (
                line.endswith(("/", "-", ":", "=", ".", "_"))
                or "…" in line
                or re.search(rf"{re.escape(line)}(?:\s|$)", text)
            ), line


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("AssumingRolePolicy[0]", 19, ["AssumingRolePolicy", "[0]"]),
        ("billing-development", 15, ["billing-", "development"]),
        (
            "Pulumi.workload.yaml: trusting.roles.Monitoring",
            20,
            ["Pulumi.workload.", "yaml: trusting.", "roles.Monitoring"],
        ),
        ("auth/role/App", 13, ["auth/role/App"]),
        ("auth/role/App", 10, ["auth/role/", "App"]),
        ("AVeryLongNameWithoutMarks", 10, ["AVery…arks"]),
    ],
)
def test_a_name_goes_on_where_it_has_a_mark(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width) == lines


def test_what_fits_is_not_folded(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    lines = _printed(capsys, Format.table, Listing(HEADINGS, ROWS))
    assert len(lines) == 4
    assert all(text in lines[2] for text in ROWS[0])


def test_in_a_narrow_terminal_a_record_is_a_block(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = _printed(capsys, Format.table, Listing(HEADINGS, ROWS))
    assert max(map(len, lines)) <= 40
    assert "principal: auth/user/bo" in lines
    assert "conditions: always" in lines


def test_a_block_below_another_has_names_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    rows = [*ROWS, ("  s3:ListAllMyBuckets", "  *", "", "p[1]")]
    below = ("action", "resource", *HEADINGS[2:])
    lines = _printed(capsys, Format.table, Listing(HEADINGS, rows, below=below))
    assert "principal: auth/user/bo" in lines
    assert lines[-4:] == ["action: s3:ListAllMyBuckets", "resource: *", "granted by: p[1]", ""]


def test_without_a_terminal_a_record_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*ROWS, ("auth/user/al", "", "two\nlines", "two  blanks")]
    first, *lines = _printed(capsys, None, Listing(HEADINGS, rows))
    assert re.split(r" {2,}", first) == list(HEADINGS)
    assert [re.split(r" {2,}", line) for line in lines] == [
        *map(list, ROWS),
        ["auth/user/al", "–", "two; lines", "two blanks"],
    ]


def test_a_table_is_cut_and_everything_else_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    numbers = [(str(number),) for number in range(5)]
    for form in Format:
        if form is Format.json:
            continue
        lines = _printed(capsys, form, Listing(("number",), iter(numbers)))
        shown = [line for line in lines if any(line.strip(" |") == number for (number,) in numbers)]
        assert len(shown) == (3 if form is Format.table else 5), form
    lines = _printed(capsys, Format.table, Listing(("number",), iter(numbers)))
    assert lines[-1] == "… and 2 more; --format wide has all of them"


def test_two_lists_are_one_csv(capsys: pytest.CaptureFixture[str]) -> None:
    lists = Listing(("a", "b"), [("1", "2")]), Listing(("a", "c"), [("3", "=4")], title="more:")
    assert list(csv.reader(_printed(capsys, Format.csv, *lists))) == [["a", "b", "c"], ["1", "2", ""], ["3", "", "'=4"]]


def test_markdown_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _printed(capsys, Format.markdown, Listing(("a",), [(Cell("<b>|@team", "red"),)], title="A title:"))
    assert lines[1:4] == ["A title:", "", "| a |"]
    assert "<b>" not in lines[-1]
    assert lines[-1].count("|") == 3


def test_names_are_no_markup_and_act_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    for form in (Format.table, Format.wide, Format.csv):
        printed = "\n".join(_printed(capsys, form, Listing(("a",), [("[red]x\x1b[2J::error::",)])))
        assert "[red]x" in printed
        assert "\x1b" not in printed


@given(st.text(alphabet="ab/ ", max_size=60), st.integers(3, 30))
def test_folding_loses_nothing_but_blanks_and_what_is_shortened(text: str, width: int) -> None:
    lines = folded(text, width)
    assert all(len(line) <= width for line in lines)
    if not any("…" in line for line in lines):
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    else:
        assert any(len(piece) > width for piece in re.split(r"(?<=/)| ", text)) or text.startswith(" ")


@given(
    st.lists(st.lists(st.text(alphabet="ab/ ", max_size=40), min_size=2, max_size=2), min_size=1), st.integers(30, 90)
)
def test_columns_are_as_wide_as_the_terminal_at_most(rows: list[list[str]], width: int) -> None:
    widths = column_widths(rows, width)
    assert widths is not None
    assert sum(widths) + 3 <= width


@pytest.mark.parametrize(("width", "text"), [(11, "arn:a…ploye"), (2, "a…"), (1, "…")])
def test_the_middle_is_left_out(width: int, text: str) -> None:
    short = shortened("arn:aws:iam::1:role/Deploye", width)
    assert (short, len(short)) == (text, width)


@pytest.mark.parametrize("columns", ["0", "1", "39", "²", ""])
def test_columns_in_which_nothing_fits_are_not_obeyed(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert console().width == 132
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert console().width >= 80


@pytest.mark.usefixtures("tutorial")
@pytest.mark.parametrize("arguments", ASKING, ids=lambda each: each[0])
def test_commands_that_list_take_every_format(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments, "--format", "json").out == run(*arguments, "--json").out
    assert run(*arguments, "--format", "json", "--json").out == run(*arguments, "--json").out
    table = run(*arguments, "--format", "markdown")
    assert (table.code, table.out.startswith("| ")) == (0, True)
    rows = list(csv.reader(io.StringIO(run(*arguments, "--format", "csv").out)))
    assert len(rows[0]) > 3
    assert {len(row) for row in rows} == {len(rows[0])}
    # Lines that are no record are on stderr: what reads the list finds records alone.
    assert len(table.out.splitlines()) == len(rows) + 1
    refused = run(*arguments, "--format", "csv", "--json")
    assert (refused.code, "--format: the answer is JSON by --json" in refused.json["error"]) == (2, True)


@pytest.mark.usefixtures("tutorial")
def test_a_diff_is_listed_in_every_format(run: Run, tutorial: Path) -> None:
    edit(tutorial, "development", without_the_deny)
    command = ["diff", *(f"--before={each}" for each in BOTH)]
    command += [f"--after=stack:changed/{each.partition(':')[2]}" for each in BOTH]
    rows = list(csv.DictReader(io.StringIO(run(*command, "--format", "csv").out)))
    assert [(row["change"], row["access"]) for row in rows] == [
        ("path-gained", "development/user/Theresa → production/role/UpdateApp")
    ]
    assert run(*command).out.splitlines()[-1] == "broadening, 1 change"
    assert run(*command, "--format", "json").json == run(*command, "--json").json
    refused = run(*command, "--format", "wide", "--markdown", "-")
    assert (refused.code, refused.err.startswith("--format: stdout holds the Markdown")) == (2, True)


def test_the_fleet_is_listed_in_every_format(run: Run) -> None:
    fleet = ["fleet", "list", "--dir", str(ROOT / "examples" / "fleet")]
    accounts = run(*fleet, "--json").json["accounts"]
    rows = list(csv.DictReader(io.StringIO(run(*fleet, "--format", "csv").out)))
    assert [row["account"] for row in rows] == [each["name"] for each in accounts]
    assert run(*fleet, "--format", "json").json == {"accounts": accounts}


TWO_WRONG = """
tests:
  - {name: testers get in, principal: development/user/Theresa, role: production/role/UpdateApp, expect: allowed}
  - principal: development/user/David
    role: production/role/UpdateApp
    expect: allowed
    then: [{action: "s3:GetObject", resource: "arn:aws:s3:::productionapp/x", expect: denied}]
  - {principal: development/user/David, role: production/role/UpdateApp, expect: allowed}
"""


@pytest.mark.usefixtures("tutorial")
@pytest.mark.parametrize("form", ["table", "wide"])
def test_what_fails_is_repeated_at_the_end_with_its_name(run: Run, form: str) -> None:
    Path("tests.yaml").write_text(TWO_WRONG)
    lines = run("test", "tests.yaml", "--format", form).out.splitlines()
    assert lines[-4:] == [
        "not as expected:",
        "  testers get in: development/user/Theresa → production/role/UpdateApp: expected allowed, got denied "
        "(explicit-deny: deny-assume-S3-role-in-production)",
        "  development/user/David → production/role/UpdateApp: s3:GetObject on arn:aws:s3:::productionapp/x: "
        "expected denied, got allowed",
        "1 of 3 as expected",
    ]


@pytest.mark.usefixtures("tutorial")
def test_the_columns_of_results_are_the_same_whatever_the_tests_are(run: Run) -> None:
    headings = set()
    for text in (
        TWO_WRONG,
        "tests: [{principal: development/user/David, role: production/role/UpdateApp, expect: allowed}]",
    ):
        Path("tests.yaml").write_text(text)
        headings.add(tuple(run("test", "tests.yaml").out.splitlines()[0].split()))
    assert headings == {("principal", "role", "expected", "got", "reason", "test")}


@pytest.mark.usefixtures("tutorial")
def test_usage_is_json_where_the_format_is(run: Run) -> None:
    for arguments in itertools.permutations([("--format", "json"), ("--bogus",)]):
        done = run("paths", *itertools.chain.from_iterable(arguments))
        assert (done.code, done.json["error"]) == (2, "No such option: --bogus")


def test_nothing_is_an_empty_list(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "tests/cli/chain/111111111111.json", tmp_path)
    Path("empty.json").write_text(
        '{"UserDetailList": [{"UserName": "al", "Arn": "arn:aws:iam::333333333333:user/al"}]}'
    )
    assert run("paths", "empty.json").out == "no paths\n"
    assert run("paths", "empty.json", "--format", "csv").out.splitlines() == [
        "principal,role,conditions,granted by,trusted by,through,conditions of each hop,kept and lost"
    ]


TWICE = """
tests:
  - {name: David gets in, principal: development/user/David, role: production/role/UpdateApp, expect: allowed}
  - {name: David once more, principal: development/user/David, role: production/role/UpdateApp, expect: allowed}
"""


def test_names_of_tests_have_no_column_of_their_own_on_a_narrow_terminal(
    run: Run, tutorial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With six columns a terminal of 80 had room for none: each test was a block of lines."""
    (tutorial / "access-tests.yaml").write_text(TWICE)
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("test", "--format", "table").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split("┃")[0].strip() == "principal"
    assert any(line.startswith("David once") for line in lines)
