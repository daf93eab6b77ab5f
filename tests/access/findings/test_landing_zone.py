"""Findings of an organisation in which nobody made a mistake: what an experienced engineer would say, and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from crossaccount.access.estate import Estate
from crossaccount.access.findings.finding import Facts
from crossaccount.access.findings.judge import judge
from crossaccount.access.paths import paths

FILE = Path(__file__).with_name("landing_zone.yaml")


def test_roles_as_aws_and_vendors_make_them_are_left_alone(details_of: Callable[..., list[dict[str, Any]]]) -> None:
    zone = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    details = details_of(zone["accounts"])
    estate = Estate.from_details(details)
    facts = Facts.of({*estate.accounts, *zone["own"]}, zone["address_book"])
    found = judge(details, estate, paths(estate), facts)
    assert sorted(f"{each.kind.code} {each.place}" for each in found) == zone["expected"]
