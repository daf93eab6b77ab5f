"""The name that was probably meant."""

from __future__ import annotations

import pytest

from crossaccount.iam.nearest import MOST_COMPARED, did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("externalId", ["external_id", "mfa"], "external_id"),
        ("DEVELPERS", ["Developers", "Testers"], "Developers"),
        ("x", ["Developers"], None),
        ("", ["Developers"], None),
        ("a", [], None),
    ],
)
def test_nearest(word, known, found):
    assert nearest(word, known) == found


def test_a_higher_bar():
    assert nearest("sts:GetCallerIdentity", ["sts:SetSourceIdentity"], cutoff=0.8) is None


def test_a_fix_in_either_case():
    assert did_you_mean("auht", ["auth"], "add it") == "did you mean `auth`?"
    assert did_you_mean("x", ["auth"], "add it") == "add it"


def test_among_many_names_those_that_begin_alike_are_compared():
    names = [f"{team}-{number}" for team in ("Blue", "red", "green") for number in range(2000)]
    assert nearest("red-1234x", names) == "red-1234"
    assert nearest("BLUE-77", names) == "Blue-77"


@pytest.mark.parametrize("word", ["role-1-x", "xrole", "r" * 100_000])
def test_a_search_compares_no_more_names_where_there_are_more(monkeypatch, word):
    compared = []
    monkeypatch.setattr("crossaccount.iam.nearest.get_close_matches", lambda _, names, **__: compared.extend(names))
    nearest(word, [f"role-{number}" for number in range(20_000)])
    assert len(compared) <= MOST_COMPARED
