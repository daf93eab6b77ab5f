"""Address books of their own, as for ``--accounts FILE``."""

from __future__ import annotations

import pytest

from crossaccount.settings import SettingsError, load_accounts


def refusal(value):
    with pytest.raises(SettingsError) as caught:
        load_accounts(value, "accounts.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_accounts_by_name():
    accounts = load_accounts({"auth": {"id": "111111111111", "color": "red"}, "prod": {"id": "222222222222"}}, "a.yaml")
    assert {name: (entry.id, entry.color) for name, entry in accounts.items()} == {
        "auth": ("111111111111", "red"),
        "prod": ("222222222222", None),
    }


def test_everything_that_is_wrong_is_reported_at_once():
    assert refusal(
        {"auth": {"id": 111111111111}, "a/b": {"id": "333333333333"}, "c": {"id": "333333333333"}, 7: {}}
    ) == [
        "accounts.yaml: accounts.7: must be a text, and without quotes YAML reads another kind of value, got 7; "
        "put the name in quotes",
        "accounts.yaml: accounts.auth.id: an account ID is a text of 12 digits, and without quotes "
        'YAML reads a number, got 111111111111; write "111111111111" in quotes',
        "accounts.yaml: accounts.a/b: an account's name is not an ID and has no / or :, "
        'got "a/b"; choose a word, such as auth',
        'accounts.yaml: accounts.c.id: the account is already in the address book, as a/b, got "333333333333"; '
        "keep one name for an account",
    ]


@pytest.mark.parametrize("name", ["w\ntouch owned #", "w\r", "w\x1b[2K", "w\u2028x", "w\u202egib"])
def test_a_name_is_one_line_because_scripts_have_it_in_comments(name):
    (line,) = refusal({name: {"id": "111111111111"}})
    assert "an account's name is one line without control characters, got " in line


@pytest.mark.parametrize("value", [None, {}, [], "auth"])
def test_what_is_no_address_book(value):
    (line,) = refusal(value)
    assert line.startswith("accounts.yaml: must be a mapping of account names, got ")
