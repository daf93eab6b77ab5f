"""Which findings a suppression covers, at the places of a config."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from crossaccount.access.findings.finding import Finding, without_suppressed

FILE, ROLE = "Pulumi.workload.yaml: ", "arn:aws:iam::222222222222:role/team/"


@dataclass(frozen=True)
class Accepted:
    """A suppression of XA105."""

    where: str
    code: str = "XA105"
    until: date | None = None


TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("where", "name", "covered"),
    [
        ("trusting.roles.svc", "svc", True),
        ("trusting.roles.svc.trust[0]", "svc", True),
        ("trusting.roles.svc.trust", "svc", True),
        ("trusting.roles.svc", "svc.prod", False),
        ("trusting.roles.svc.prod", "svc.prod", True),
        ("trusting.roles.svc.prod", "svc.prod.eu", False),
        ("trusting.roles", "svc.prod", True),
        ("trusting.roles.sv", "svc", False),
        ("trusting.roles.svc.trust[1]", "svc", False),
        ("trusting.roles.a.a", "a.a", True),
        ("trusting.roles.a", "a.a", False),
        ("trusting.roles.roles.roles", "roles.roles", True),
        (f"{FILE}trusting.roles.svc", "svc.prod", False),
        (f"{FILE}trusting.roles.a.a.trust", "a.a", True),
        (f"{FILE}trusting", "svc.prod", True),
        (f"{ROLE}svc", "svc", True),
        (f"{ROLE}svc", "svc.prod", False),
        (f"{ROLE}svc.prod trust policy", "svc.prod", True),
    ],
)
def test_what_is_below_a_place_is_covered_and_no_role_whose_name_only_begins_alike(
    where: str, name: str, covered: bool
) -> None:
    finding = Finding("XA105", "error", f"{FILE}trusting.roles.{name}.trust[0].principals", "", "")
    place = f"{ROLE}{name} trust policy Statement[0].Principal"
    reported = without_suppressed([(finding, place)], [Accepted(where)], TODAY)
    assert (finding in reported.suppressed) == covered
    assert [each.code for each in reported.kept] == ([] if covered else ["XA105"])
    assert (reported.used == {0}) == covered


@pytest.mark.parametrize(
    ("where", "policy", "covered"),
    [
        ("trusted.users.bo.smith.inline.bo", "bo", True),
        ("trusted.users.bo.smith.inline", "bo", True),
        ("trusted.users.bo", "bo", False),
        ("trusted.users.bo.smith.inline.bo", "smith", False),
    ],
)
def test_a_policy_may_be_named_as_the_name_of_its_user_begins(where: str, policy: str, covered: bool) -> None:
    finding = Finding("XA105", "error", f"{FILE}trusted.users.bo.smith.inline.{policy}", "", "")
    place = f"arn:aws:iam::222222222222:user/bo.smith inline policy {policy}"
    assert bool(without_suppressed([(finding, place)], [Accepted(where)], TODAY).suppressed) == covered


@pytest.mark.parametrize(("until", "suppressed"), [(date(2026, 11, 21), False), (TODAY, True), (None, True)])
def test_a_suppression_holds_up_to_its_last_day(until: date | None, suppressed: bool) -> None:
    finding = Finding("XA105", "error", f"{FILE}trusting.roles.svc", "", "")
    reported = without_suppressed([(finding, f"{ROLE}svc")], [Accepted("trusting.roles.svc", until=until)], TODAY)
    assert bool(reported.suppressed) == suppressed
    assert reported.used == {0}
