"""What closure is made of: the links of chains, who holds a document, and how the work grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from crossaccount.access.estate import Estate
from crossaccount.access.findings import escalation, grants
from crossaccount.access.findings.closure import closure_findings
from crossaccount.access.findings.reach import Holders, Reach, links, listed
from crossaccount.access.paths import paths
from tests.access.findings.conftest import account_details

AUTH, WORKLOAD = "111111111111", "222222222222"
ANYONE = [{"Principal": {"AWS": AUTH}, "Action": "sts:AssumeRole"}]


def _grant(*roles: str) -> list[Mapping[str, Any]]:
    return [{"Action": "sts:AssumeRole", "Resource": [f"arn:aws:iam::{WORKLOAD}:role/{role}" for role in roles]}]


def test_a_link_says_how_long_a_chained_session_lasts():
    details = [
        account_details(
            AUTH,
            {
                "users": {"ann": {"inline": {"p": _grant("target")}}},
                "roles": {"ci": {"inline": {"p": _grant("target")}}},
            },
        ),
        account_details(WORKLOAD, {"roles": {"target": {"trust": ANYONE, "MaxSessionDuration": 43200}}}),
    ]
    found = list(links(Reach.of(paths(Estate.from_details(details)))))
    assert [(link.source, link.role, link.seconds) for link in found] == [
        (f"arn:aws:iam::{AUTH}:role/ci", f"arn:aws:iam::{WORKLOAD}:role/target", 3600)
    ]


def test_a_policy_is_held_by_those_it_is_attached_to_and_by_members():
    policy = f"arn:aws:iam::{AUTH}:policy/p"
    users = {"ann": {"groups": ["devs"]}, "bob": {"attached": [policy]}, "eve": {}}
    spec = {"users": users, "groups": {"devs": {"attached": [policy]}}, "roles": {"ci": {"attached": [policy]}}}
    holders = Holders([account_details(AUTH, spec)])
    everyone = [arn.rpartition(":")[2] for arn in holders.of(policy)]
    assert everyone == ["role/ci", "user/ann", "user/bob"]
    assert holders.of(f"arn:aws:iam::{AUTH}:group/devs") == (f"arn:aws:iam::{AUTH}:user/ann",)
    assert holders.of(f"arn:aws:iam::{AUTH}:user/eve") == (f"arn:aws:iam::{AUTH}:user/eve",)


def test_long_lists_are_cut():
    assert listed("abc") == "a, b, c"
    assert listed("abcde") == "a, b, c and 2 more"


@pytest.mark.parametrize(("versions", "attached", "ways"), [(2, True, 1), (1, True, 0), (2, False, 0)])
def test_an_older_version_is_brought_back_where_there_is_one_and_somebody_has_the_policy(
    versions: int, attached: bool, ways: int
):
    policy = f"arn:aws:iam::{AUTH}:policy/p"
    bringing_back = [{"Action": "iam:SetDefaultPolicyVersion", "Resource": policy}]
    users = {"ann": {"inline": {"p": bringing_back}}, "bob": {"attached": [policy] if attached else []}}
    details = account_details(AUTH, {"users": users, "policies": {"p": _grant("target")}})
    details["Policies"][0]["PolicyVersionList"] *= versions
    found = list(escalation.Escalation([details], Estate.from_details([details])).findings())
    assert len(found) == ways


class Counted:
    """Counts the verdicts that closure asks for."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.calls = 0

    def __call__(self, *args: Any, **more: Any) -> Any:
        self.calls += 1
        return self.real(*args, **more)


def _fleet(size: int) -> Iterator[dict[str, Any]]:
    """Users of one account, each with a grant on a role of ten accounts; every second role trusts them."""
    accounts = [f"{number:012d}" for number in range(1, size + 1)]
    users = {
        f"u{number}": {
            "inline": {
                "p": [
                    {
                        "Action": "sts:AssumeRole",
                        "Resource": [
                            f"arn:aws:iam::{accounts[(number + step) % size]}:role/app" for step in range(min(10, size))
                        ],
                    },
                    {"Action": "iam:CreateAccessKey", "Resource": f"arn:aws:iam::{AUTH}:user/*"},
                ]
            }
        }
        for number in range(size)
    }
    yield account_details(AUTH, {"users": users})
    for index, account in enumerate(accounts):
        yield account_details(account, {"roles": {"app": {"trust": ANYONE} if index % 2 else {}}})


@pytest.mark.parametrize("size", [20, 80])
def test_only_dangling_grants_need_verdicts(size: int, monkeypatch: pytest.MonkeyPatch):
    """No pairwise loops: the evaluator is asked once for each exact ARN that leads nowhere."""
    counted, tried = Counted(grants.judge_assume), Counted(escalation.call_layers)
    monkeypatch.setattr(grants, "judge_assume", counted)
    monkeypatch.setattr(escalation, "call_layers", tried)
    details = list(_fleet(size))
    estate = Estate.from_details(details)
    found = list(closure_findings(details, estate, paths(estate)))
    assert counted.calls == size * 10 // 2
    assert tried.calls == size
    assert sum(each.kind.code == "XA208" for each in found) == size
