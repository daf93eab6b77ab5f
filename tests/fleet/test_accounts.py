"""The list of accounts in a file: what is written is what is read, in YAML and in CSV."""

from __future__ import annotations

import pytest

from crossaccount.fleet.accounts import differences, read_snapshot, snapshot_text
from crossaccount.fleet.models import Account
from crossaccount.settings import SettingsError

ACCOUNTS = [
    Account.model_validate(each)
    for each in (
        {"name": "billing", "id": "012345670123", "ou": "Workloads, EU/Production", "tags": {"stage": "production"}},
        {"name": "shop", "id": "222222222222", "tags": {"team": "a b/c", "stage": "1e3"}, "color": "00ff00"},
    )
]


@pytest.mark.parametrize("file", ["accounts.csv", "accounts.yaml"])
def test_what_is_written_is_what_is_read(tmp_path, file):
    text = snapshot_text(ACCOUNTS, file)
    (tmp_path / file).write_text(text)
    read = read_snapshot(tmp_path, file)
    assert list(read.values()) == ACCOUNTS
    assert snapshot_text(list(read.values()), file) == text


def test_a_csv_file_as_spreadsheets_write_it(tmp_path):
    """A byte order mark, semicolons, line ends of Windows, an empty line at the end."""
    text = "name;id;tag:stage\r\nshop;222222222222;production\r\n;;\r\n"
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    [account] = read_snapshot(tmp_path, "a.csv").values()
    assert (account.name, dict(account.tags)) == ("shop", {"stage": "production"})


def test_a_tag_without_a_value_does_not_get_lost():
    account = Account.model_validate({"name": "dev", "id": "555555555555", "tags": {"pci": ""}})
    with pytest.raises(SettingsError, match=r"accounts\.csv: dev: an empty cell would lose the tag pci"):
        snapshot_text([account], "accounts.csv")
    assert "pci: " in snapshot_text([account], "accounts.yaml")


def test_what_changed_is_reported_account_by_account():
    new = Account.model_validate({"name": "dev", "id": "555555555555"})
    moved = Account.model_validate({"name": "shop", "id": "222222222222", "ou": "Retail", "tags": {"team": "x"}})
    assert differences(ACCOUNTS, [new, moved]) == [
        "new    dev (555555555555) in the root",
        "gone   billing (012345670123)",
        "moved  shop from the root to Retail",
        "tags   shop: stage, team",
    ]
    assert differences(ACCOUNTS, ACCOUNTS) == []


def test_a_snapshot_that_is_broken_is_not_written_over(tmp_path):
    (tmp_path / "a.yaml").write_text("accounts: [{name: shop}]\n")
    with pytest.raises(SettingsError, match=r"a\.yaml: accounts\[0\]\.id: is required"):
        read_snapshot(tmp_path, "a.yaml")


def test_a_file_that_a_person_names_may_be_anywhere(tmp_path):
    (tmp_path / "project").mkdir()
    file = tmp_path / "accounts.yaml"
    file.write_text('accounts: [{name: shop, id: "111111111111"}]')
    assert [each.name for each in read_snapshot(tmp_path / "project", str(file)).values()] == ["shop"]
