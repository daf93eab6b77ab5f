"""Which findings are one line: those that differ only by account, and no others."""

from __future__ import annotations

from crossaccount.access.findings.finding import Finding
from crossaccount.access.findings.groups import grouped, in_words

ACCOUNTS = {"shop": "111111111111", "bank": "222222222222", "post": "333333333333"}


def _finding(account: str, where: str = "trusting.roles.R", message: str = "bad", code: str = "XA205") -> Finding:
    return Finding(code, "warning", f"Pulumi.{account}.yaml: {where}", message, "correct it", account)


def _counts(*findings: Finding) -> list[int]:
    return [len(group.findings) for group in grouped(findings, ACCOUNTS)]


def test_the_same_finding_in_each_account_is_one_line_with_a_count_and_the_first_places():
    [group] = grouped([_finding(each) for each in ACCOUNTS], ACCOUNTS)
    assert group.first.where == "Pulumi.shop.yaml: trusting.roles.R"
    assert group.others == "and 2 more: in bank, post"
    assert group.to_json()["count"] == 3
    assert group.to_json()["accounts"] == ["shop", "bank", "post"]
    assert in_words([group]) == "3 findings in 1 group"


def test_the_ids_and_the_names_of_accounts_in_a_message_are_no_difference():
    said = {
        "shop": "nobody of 222222222222 (bank) may assume it; grant shop/role/R",
        "bank": "nobody of 333333333333 (post) may assume it; grant bank/role/R",
    }
    assert _counts(*(_finding(account, message=message) for account, message in said.items())) == [2]


def test_a_name_by_pattern_is_no_difference_but_another_name_is():
    assert _counts(
        _finding("shop", "trusting.roles.x-shop-admin"), _finding("bank", "trusting.roles.x-bank-admin")
    ) == [2]
    assert _counts(_finding("shop", "trusting.roles.A"), _finding("bank", "trusting.roles.B")) == [1, 1]
    # The name is part of a longer word there, and so means something else.
    assert _counts(_finding("shop", "trusting.roles.shopping"), _finding("bank", "trusting.roles.banking")) == [1, 1]


def test_what_differs_in_more_than_the_account_stays_apart():
    assert _counts(_finding("shop", message="older than 1h"), _finding("bank", message="older than 2h")) == [1, 1]
    assert _counts(_finding("shop"), _finding("bank", code="XA204")) == [1, 1]
    # An account that nobody knows may be anybody's: the two are not the same mistake.
    strangers = [_finding(each, message=f"trusts {number * 12}") for each, number in (("shop", "8"), ("bank", "9"))]
    assert _counts(*strangers) == [1, 1]


def test_places_in_a_shared_file_are_reported_by_account():
    shared = [
        Finding("XA205", "warning", "fleet/audit.yaml: trusting.roles.R", "bad", "correct it", each)
        for each in ACCOUNTS
    ]
    [group] = grouped(shared, ACCOUNTS)
    assert group.others == "and 2 more: in bank, post"


def test_several_of_one_account_name_their_places():
    found = [
        _finding("shop", "trusted.groups.g.inline.p.assume", f"no role {account} ({name})")
        for name, account in ACCOUNTS.items()
    ]
    [group] = grouped(found, ACCOUNTS)
    assert group.others == "and 2 more: " + ", ".join(["Pulumi.shop.yaml: trusted.groups.g.inline.p.assume"] * 2)
