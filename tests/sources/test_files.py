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


def test_a_file_that_does_not_exist_and_a_folder(tmp_path: Path, problems: Callable[..., list[str]]) -> None:
    missing = str(tmp_path / "none.json")
    assert problems(missing, str(tmp_path)) == [
        f"{missing}: there is no such file; name a file, or stack:NAME, state:NAME or live:PROFILE",
        f"{tmp_path}: is a folder; name its files: {tmp_path}/*.json, or a folder that iam-collect filled",
    ]


def test_the_folder_of_a_project_is_named_by_its_stacks(tmp_path: Path, problems: Callable[..., list[str]]) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: mine\nruntime: python\n", encoding="utf-8")
    assert problems(str(tmp_path)) == [f"{tmp_path}: is the folder of a project; name its stacks: 'stack:{tmp_path}/*'"]


ROLE = {"RoleName": "r", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}


def page(account: str, name: str, *, truncated: bool = False) -> dict[str, object]:
    """One page of an account's answer, with one role."""
    role = {**ROLE, "RoleName": name, "Arn": f"arn:aws:iam::{account}:role/{name}"}
    return {"RoleDetailList": [role], "UserDetailList": [], "GroupDetailList": [], "IsTruncated": truncated}


@pytest.mark.parametrize("apart", ["", "\n", "\r\n  "])
def test_answers_that_follow_each_other_are_accounts_and_pages(tmp_path: Path, read: Read, apart: str) -> None:
    pages = [page("1" * 12, "a", truncated=True), page("1" * 12, "b"), page("2" * 12, "c")]
    file = tmp_path / "all.json"
    file.write_text(apart.join(map(json.dumps, pages)) + apart)
    found = read(str(file))
    assert [each.account_id for each in found.described] == ["1" * 12, "2" * 12]
    assert [arn.rsplit("/")[-1] for arn in found.estate().roles] == ["a", "b", "c"]
    file.write_text(json.dumps(pages))
    assert read(str(file)).details == found.details


def test_a_last_page_that_is_not_the_last_is_refused(tmp_path: Path, problems: Callable[..., list[str]]) -> None:
    file = tmp_path / "all.json"
    file.write_text(json.dumps([page("1" * 12, "a"), page("2" * 12, "b", truncated=True)]))
    (line,) = problems(str(file))
    assert "[1]: is one page of several: IsTruncated is true" in line


def test_a_text_that_breaks_off_is_refused(tmp_path: Path, problems: Callable[..., list[str]]) -> None:
    file = tmp_path / "all.json"
    file.write_text(json.dumps(page("1" * 12, "a")) + "\n{")
    (line,) = problems(str(file))
    assert "is not JSON" in line
