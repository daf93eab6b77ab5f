"""How wide what is printed is where there is no terminal."""

from __future__ import annotations

import pytest
from rich.table import Table

from crossaccount.cli.printing import console

ARN = "identity/role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6a7b"


def _printed(capsys: pytest.CaptureFixture[str], *rows: tuple[str, ...]) -> list[str]:
    table = Table(show_edge=False, pad_edge=False)
    for _ in rows[0]:
        table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    console().print(table)
    return capsys.readouterr().out.splitlines()[2:]


def test_no_name_breaks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = _printed(capsys, (ARN, ARN.replace("identity", "prod"), "with many words " * 9))
    assert lines[0].count("0a1b2c3d4e5f6a7b") == 2
    assert len(lines) > 1, "words in a row still wrap"


def test_what_fits_is_as_wide_as_a_log(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert max(map(len, _printed(capsys, ("words " * 30, "more words " * 30)))) <= 132


@pytest.mark.parametrize("columns", [60, 250])
def test_columns_are_obeyed(columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    widest = max(map(len, _printed(capsys, (ARN, "with many words " * 20))))
    assert columns - 20 <= widest <= columns


@pytest.mark.parametrize("columns", ["0", "1", "39", "²", ""])
def test_columns_in_which_nothing_fits_are_not(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert ARN in _printed(capsys, (ARN, "words"))[0]


def test_columns_in_which_nothing_fits_are_not_those_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert console().width >= 80


def test_the_narrowest_table_loses_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    columns = [ARN, "a" * 50, "b" * 40, "c" * 30, "d" * 20]
    printed = "".join(_printed(capsys, tuple(columns)))
    assert [printed.count(letter * 3) > 0 for letter in "abcd"] == [True] * 4
