"""Files in AWS's own shape: each case is a file's content, and what is wrong with it or whose accounts it describes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sources.conftest import Read

CASES = sorted((Path(__file__).parent / "cases" / "files").glob("*.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_file_is_read_or_refused_in_full(
    case: Path, tmp_path: Path, read: Read, problems: Callable[..., list[str]]
) -> None:
    expected = json.loads(case.read_text(encoding="utf-8"))
    file = tmp_path / "account.json"
    file.write_text(expected.get("text", json.dumps(expected.get("content"))), encoding="utf-8")
    if "lines" in expected:
        assert [line.replace(str(file), "FILE") for line in problems(str(file))] == expected["lines"]
        return
    found = read(str(file))
    assert [each.account_id for each in found.described] == expected["accounts"]
    assert found.accounts == expected.get("names", {})
    assert [str(warning).replace(str(file), "FILE") for warning in found.warnings] == expected.get("warnings", [])


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "account.json"
    content = {"UserDetailList": [{"UserName": "bo", "Arn": "arn:aws:iam::111111111111:user/bo"}]}
    file.write_text(json.dumps(content), encoding="utf-8-sig")
    assert list(read(str(file)).estate().users) == ["arn:aws:iam::111111111111:user/bo"]


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path, problems: Callable[..., list[str]]) -> None:
    missing = str(tmp_path / "none.json")
    assert problems(missing, str(tmp_path)) == [
        f"{missing}: there is no such file; name a file, or stack:NAME, state:NAME or live:PROFILE",
        f"{tmp_path}: is a folder; name its files: {tmp_path}/*.json",
    ]
