"""The name that was probably meant."""

from __future__ import annotations

import pytest

from crossaccount.iam.nearest import did_you_mean, nearest


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
