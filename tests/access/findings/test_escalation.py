"""XA208 on the public catalogue of escalation paths, and on every row of its own table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.estate import Estate
from crossaccount.access.findings.escalation import Escalation
from crossaccount.access.findings.escalation_methods import CHANGE_CODE, RUN_CODE, Run
from crossaccount.iam.published import matching_actions
from tests.case_files import read_cases

ACCOUNT = "111111111111"
PATHS = read_cases(Path(__file__).with_name("escalation_catalogue.yaml"))
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = [{"Action": "*", "Resource": "*"}]
Build = Callable[..., list[dict[str, Any]]]


def _ways(build: Build, actions: list[str], service: str, extra: dict[str, Any] | None = None) -> list[str]:
    """What is found of a user with these permissions where an administrator's role lets a service in."""
    role = {"trust": [{"Principal": {"Service": service}, "Action": "sts:AssumeRole"}], "inline": {"all": EVERYTHING}}
    spec = {
        "users": {
            "ann": {"inline": {"p": [{"Action": actions, "Resource": "*"}, *([extra] if extra else [])]}, "groups": []},
            "bob": {"inline": {"p": EVERYTHING}, "LoginProfile": {"UserName": "bob"}},
            "eve": {"LoginProfile": None, "attached": [f"arn:aws:iam::{ACCOUNT}:policy/held"]},
        },
        "groups": {"admins": {"inline": {"p": EVERYTHING}}},
        "roles": {"Admin": role},
        "policies": {"held": [{"Action": "s3:GetObject", "Resource": "*"}]},
    }
    details = build({ACCOUNT: spec})
    found = Escalation(details, Estate.from_details(details)).findings()
    return [each.message for each in found if each.place.owner.endswith("user/ann")]


def test_the_catalogue_is_whole() -> None:
    assert len({each["id"] for each in PATHS}) == len(PATHS) == 64


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path["id"])
def test_every_path_of_the_catalogue_is_found(path: dict[str, Any], details_of: Build) -> None:
    found = _ways(details_of, path["needs"], path.get("service", "ec2.amazonaws.com"))
    assert len(found) == 1
    assert any(action in found[0] for action in path["needs"])


@pytest.mark.parametrize("path", [each for each in PATHS if "service" in each], ids=lambda path: path["id"])
def test_a_path_needs_a_role_that_lets_its_service_in(path: dict[str, Any], details_of: Build) -> None:
    assert _ways(details_of, path["needs"], "backup.amazonaws.com") == []


@pytest.mark.parametrize("path", [each for each in PATHS if "service" in each], ids=lambda path: path["id"])
def test_a_path_ends_where_what_it_needs_is_denied(path: dict[str, Any], details_of: Build) -> None:
    denied = {"Effect": "Deny", "Action": path["needs"], "Resource": "*"}
    assert _ways(details_of, path["needs"], path["service"], denied) == []


@pytest.mark.parametrize("run", RUN_CODE, ids=lambda run: " ".join(run.actions))
def test_a_role_that_is_passed_to_what_runs_code(run: Run, details_of: Build) -> None:
    for service in run.services_passed_to:
        passing = {
            "Action": "iam:PassRole",
            "Resource": f"arn:aws:iam::{ACCOUNT}:role/Admin",
            "Condition": {"StringEquals": {"iam:PassedToService": service}},
        }
        assert any("iam:PassRole" in each for each in _ways(details_of, list(run.actions), run.service, passing))
        other = {**passing, "Resource": f"arn:aws:iam::{ACCOUNT}:role/Other"}
        assert not any("iam:PassRole" in each for each in _ways(details_of, list(run.actions), run.service, other))
    assert not any("PassRole" in each for each in _ways(details_of, list(run.actions), run.service))


@pytest.mark.parametrize("run", CHANGE_CODE, ids=lambda run: " ".join(run.actions))
def test_something_that_has_a_role_already(run: Run, details_of: Build) -> None:
    (found,) = _ways(details_of, list(run.actions), run.service)
    assert f"a role that {run.service} has, such as arn:aws:iam::{ACCOUNT}:role/Admin" in found
    for action in run.actions:
        rest = [each for each in run.actions if each != action]
        assert not rest or _ways(details_of, rest, run.service) == []


@pytest.mark.parametrize("run", [*RUN_CODE, *CHANGE_CODE], ids=lambda run: " ".join(run.actions))
def test_every_action_of_the_table_is_aws_own_and_every_row_has_its_page(run: Run) -> None:
    for action in run.actions:
        service, _, name = action.partition(":")
        assert matching_actions(service, name) == [name]
    assert run.source.startswith("https://docs.aws.amazon.com/")
