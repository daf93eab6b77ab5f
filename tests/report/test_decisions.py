"""The CSV goes out, owners fill it in, it comes back: decisions stay with the paths that they were about."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from crossaccount.report import Report
from crossaccount.report.csv_table import conditions_of, csv_table
from crossaccount.report.decisions import Reviewed, read_decisions, review
from crossaccount.report.markdown import markdown
from crossaccount.report.model import CALLERS, caller_kind
from crossaccount.settings import SettingsError


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def _filled(report: Report, file: Path, **cells: str) -> None:
    """The report's CSV, its first row filled in, in the order in which a spreadsheet may leave it."""
    first, *others = _rows(csv_table(report))
    rows = [*reversed(others), {**first, **cells}]
    with file.open("w", newline="", encoding="utf-8-sig") as opened:
        writer = csv.DictWriter(opened, list(reversed(list(first))))
        writer.writeheader()
        writer.writerows(rows)


def _held_against(report: Report, file: Path) -> Reviewed:
    paths = (((path.principal, path.role), words) for path, words in conditions_of(report))
    return review(read_decisions(file), paths)


def test_a_decision_comes_back_with_its_path(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "decided.csv"
    _filled(report, file, owner="Team Shop", decision="keep", note="reviewed in May")
    first = _rows(csv_table(report, read_decisions(file)))[0]
    assert (first["owner"], first["decision"], first["note"]) == ("Team Shop", "keep", "reviewed in May")
    assert _held_against(report, file) == Reviewed(decided=1, open=len(report.paths) - 1, changed=0, gone=0)


def test_a_decision_about_other_conditions_is_due_again(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "decided.csv"
    _filled(report, file, owner="Team Shop", decision="keep", conditions="with a key that nobody has")
    first = _rows(csv_table(report, read_decisions(file)))[0]
    assert (first["owner"], first["decision"]) == ("Team Shop", "")
    assert first["note"] == "was 'keep' when it had the conditions: with a key that nobody has"
    assert _held_against(report, file).changed == 1


def test_a_way_through_other_roles_is_not_decided(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "decided.csv"
    way = _rows(csv_table(report))[-1]
    assert way["through"]
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(way))
        writer.writeheader()
        writer.writerows([way, {**way, "decision": "keep"}])
    with pytest.raises(SettingsError, match="decide the paths that it consists of") as refused:
        read_decisions(file)
    assert len(refused.value.problems) == 1


def test_a_decision_about_a_path_that_is_gone_is_counted(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "decided.csv"
    _filled(report, file, decision="remove")
    fewer = replace(report, paths=report.paths[1:])
    assert _held_against(fewer, file) == Reviewed(decided=0, open=len(fewer.paths), changed=0, gone=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("principal,role\na,b\n", "has no column conditions, owner, decision, note"),
        ("", "has no column principal"),
        ("principal,role,conditions,owner,decision,note\na,b,,,keep,\na,b,,,drop,\n", "the path is in the file twice"),
    ],
)
def test_a_file_that_is_no_answer_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "decided.csv"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said):
        read_decisions(file)


@pytest.mark.parametrize(
    ("principal", "kind"),
    [
        ("arn:aws:iam::111111111111:user/team/bo", "people"),
        (
            "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a1b2c3d4e5f6789",
            "people",
        ),
        ("arn:aws:iam::111111111111:role/Deployer", "programs"),
        ("arn:aws:iam::111111111111:root", "whole accounts"),
        ("lambda.amazonaws.com", "programs"),
    ],
)
def test_people_programs_and_whole_accounts_are_counted_apart(principal: str, kind: str) -> None:
    assert caller_kind(principal) == kind


def test_the_head_says_what_is_covered_by_which_version_and_commit(report: Report) -> None:
    head = replace(report, revision="0123456789ab").about()
    assert head[0] == f"Made 2026-01-02 03:04 UTC by crossaccount {report.version}, of commit 0123456789ab."
    assert len(head) == 1 + len(report.covered)
    assert any(line.startswith("production (") and ": file; from " in line for line in head)
    assert sum(report.callers().values()) == report.summary()["principals"]
    assert f"Who gets in: {report.callers_in_words()}." in markdown(report)


@pytest.mark.parametrize(
    ("callers", "words"),
    [
        ((1, 1, 1), "1 person, 1 program, 1 whole account"),
        ((0, 2, 1200), "0 people, 2 programs, 1,200 whole accounts"),
    ],
)
def test_callers_are_counted_in_words(
    report: Report, monkeypatch: pytest.MonkeyPatch, callers: tuple[int, ...], words: str
) -> None:
    monkeypatch.setattr(Report, "callers", lambda _: dict(zip(CALLERS, callers, strict=True)))
    assert report.callers_in_words() == words
