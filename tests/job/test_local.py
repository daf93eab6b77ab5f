"""``--local`` without a CLI: the same results as with one, as far as there are any."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.job.fleet import HUB, account_id, empty_account, members, write_project
from components.program import program
from crossaccount.engine.pulumi_cli import installed
from crossaccount.job import events
from crossaccount.job.opening import in_process_parts, local_parts
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import JobResult, Stacks

TUTORIAL = Path(__file__).parents[2] / "examples" / "tutorial"
FLEET = TUTORIAL.parent / "fleet"


def test_thirty_stacks_are_made_in_order_and_exist(tmp_path: Path) -> None:
    write_project(tmp_path, 30)
    told: list[events.Event] = []
    with in_process_parts(tmp_path, program) as parts:
        stacks = Stacks(tmp_path, parts.engine, parts.backend, workers=Threads(1), on_event=told.append)
        result = stacks.up()
        assert result.ok
        assert set(result.outcomes) == {HUB, *members(30)}
        assert next(each.stack for each in told if isinstance(each, events.StackFinished)) == HUB
        for stack in (members(30)[0], members(30)[-1]):
            trust = parts.aws.session(account_id(stack)).iam.get_role(RoleName="deploy")["Role"]
            [statement] = trust["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"] == {"AWS": f"arn:aws:iam::{account_id(HUB)}:role/deployer"}
        assert stacks.outputs([members(30)[4]])[members(30)[4]]["account"]["id"] == account_id(members(30)[4])


def test_stacks_that_are_deployed_through_roles_are_made_through_them() -> None:
    with in_process_parts(FLEET, program) as parts:
        result = Stacks(FLEET, parts.engine, parts.backend, workers=Threads(1)).up()
        roles = parts.aws.session("111111111111").iam.list_roles()["Roles"]
    assert {each.status for each in result.outcomes.values()} == {"changed"}
    assert "crossaccount-deployer" in {role["RoleName"] for role in roles}


def test_a_stack_that_is_refused_says_why_and_its_readers_are_skipped(tmp_path: Path) -> None:
    write_project(tmp_path, 3)
    file = tmp_path / f"Pulumi.{HUB}.yaml"
    content = yaml.safe_load(file.read_text())
    applications = content["config"]["crossaccount:trusted"]["applications"]
    applications["deployer"]["permissions_boundary"] = "arn:aws:iam::100000000000:policy/nowhere"
    file.write_text(yaml.safe_dump(content))
    told: list[events.Event] = []
    with in_process_parts(tmp_path, program) as parts:
        result = Stacks(tmp_path, parts.engine, parts.backend, workers=Threads(1), on_event=told.append).up()
    assert {name: each.status for name, each in result.outcomes.items()} == {
        HUB: "failed",
        "member-0001": "skipped",
        "member-0002": "skipped",
    }
    assert "NoSuchEntity" in result.outcomes[HUB].error
    assert ("hub-application-deployer", "failed") in {
        (each.name, each.state) for each in told if isinstance(each, events.Resource)
    }


def test_what_is_asked_to_stop_does_not_begin(tmp_path: Path) -> None:
    write_project(tmp_path, 1)
    with in_process_parts(tmp_path, program) as parts:
        stacks = Stacks(tmp_path, parts.engine, parts.backend, workers=Threads(1))
        parts.engine.interrupt()
        assert stacks.up().outcomes[HUB].status == "interrupted"


def test_a_preview_shows_what_would_be_made_and_no_secret() -> None:
    with in_process_parts(TUTORIAL, program) as parts:
        result = Stacks(TUTORIAL, parts.engine, parts.backend, workers=Threads(1), live=empty_account).preview()
        assert parts.aws.session("999999999999").iam.list_roles()["Roles"] == []
    [version] = [
        each for each in result.outcomes["development"].changes if each.name.endswith("David-login-secret-version")
    ]
    assert version.after is not None
    assert version.after.inputs["secretString"] == "[secret]"
    assert result.review is not None
    assert result.review.verdict == "broadening"


def test_a_second_review_compares_with_what_exists_by_now() -> None:
    with Stacks.local(TUTORIAL, program) as stacks:
        first = stacks.review()
        assert stacks.up().ok
        second = stacks.review()
    assert (first.verdict, second.verdict, second.needs) == ("broadening", "neutral", ())


@pytest.mark.engine
@pytest.mark.skipif(not installed(), reason="there is no pulumi CLI on the PATH")
def test_results_have_the_shapes_of_those_of_the_cli() -> None:
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    for name, place in (("cli", local_parts), ("in-process", in_process_parts)):
        with place(TUTORIAL, program) as parts:  # type: ignore[operator]
            stacks = Stacks(TUTORIAL, parts.engine, parts.backend, workers=Threads(1), live=empty_account)
            found[name] = {"preview": _shape(stacks.preview()), "up": _shape(stacks.up())}
    assert found["in-process"] == found["cli"]


def _shape(result: JobResult) -> tuple[Any, ...]:
    """Everything but times, secret ARNs and IDs."""
    return tuple(
        (
            name,
            each.status,
            dict(each.counts),
            _known(each.outputs),
            {(c.op, c.type, c.name, c.after is None) for c in each.changes if not c.type.startswith("pulumi:")},
        )
        for name, each in sorted(result.outcomes.items())
    )


def _known(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in outputs.items() if key != "handover"}
