"""What can go wrong with a job, tried on the real engine: what a person sees, and how things stand afterwards."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from crossaccount.engine.failures import this_host
from crossaccount.engine.retries import Patience
from crossaccount.job.errors import BackendError
from crossaccount.job.events import Message, Retrying, StackFinished, StackSkipped
from crossaccount.job.running.result import JobResult
from tests.engine.faulty_project import (
    HUB,
    LAMBDA,
    OTHER,
    SPOKE,
    FaultyProject,
    engines_of,
    faulty_project,
    kill_engines,
    read_until,
    wait_until_gone,
)
from tests.faulty_aws import EXPIRED, THROTTLED, UNAVAILABLE, unknown_principal

pytestmark = pytest.mark.engine
END_SECONDS = 60
WITH_CREDENTIALS = {
    "applications": {"other-app": LAMBDA, "Orphan": {**LAMBDA, "path": "/team/"}},
    "users": {"bo": {"console": {"store": "secretsmanager"}, "access_key": {"store": "secretsmanager"}}},
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyProject]:
    """The three stacks, deployed once for all tests."""
    with faulty_project(tmp_path_factory.mktemp("faulty")) as faulty:
        assert faulty.job().stacks.up().ok
        yield faulty


@pytest.fixture
def faulty(deployed: FaultyProject) -> Iterator[FaultyProject]:
    """The same, and nothing fails yet."""
    deployed.aws.heal()
    yield deployed
    deployed.aws.heal()
    assert deployed.locks() == []


def statuses(result: JobResult) -> dict[str, str]:
    return {name: outcome.status for name, outcome in result.outcomes.items()}


def settled(faulty: FaultyProject) -> int:
    """How many calls AWS got, once whoever waits for one that is held has made all the others."""
    calls = -1
    while calls != (calls := len(faulty.aws.calls)):
        time.sleep(2)
    return calls


def test_throttling_and_trouble_of_aws_are_waited_out(faulty: FaultyProject) -> None:
    faulty.declare("other", "Throttled")
    faulty.aws.refuse(THROTTLED, "CreateRole", key=OTHER, times=1)
    faulty.aws.refuse(UNAVAILABLE, "ListRolePolicies", key=OTHER, times=1)
    job = faulty.job(Patience(attempts=4, first=0.05))
    result = job.stacks.up(["other"])
    assert statuses(result) == {"other": "changed"}
    assert "Throttled" in faulty.roles("other") & faulty.recorded("other")
    tried = job.told.of(Retrying)
    assert {each.stack for each in tried} == {"other"}
    assert any("Throttling: Rate exceeded" in each.because for each in tried)


def test_throttling_that_does_not_end_fails_the_stack_and_the_provider_has_its_own_patience(
    faulty: FaultyProject,
) -> None:
    faulty.declare("other", "Late")
    faulty.edit("other", aws__maxRetries=2)
    faulty.aws.refuse(THROTTLED, "CreateRole", key=OTHER)
    job = faulty.job(Patience(attempts=2, first=0.05))
    result = job.stacks.up(["other"])
    faulty.edit("other", aws__maxRetries=None)
    faulty.withdraw("other", "Late")
    assert statuses(result) == {"other": "failed"}
    assert result.outcomes["other"].kind == "throttled"
    assert "nothing is lost: run the same command again" in result.outcomes["other"].fix
    assert faulty.aws.count("CreateRole", OTHER) == 2 * 3, "two attempts of the job, three calls in each"


def test_a_principal_that_iam_has_not_spread_yet_is_waited_for(faulty: FaultyProject) -> None:
    faulty.declare("hub", "Fresh")
    trust = {"roles": {"Target": {"trust": [{"principals": ["hub/role/hub-app", "hub/role/Fresh"]}]}}}
    faulty.edit("spoke", crossaccount__trusting=trust)
    fresh = f"arn:aws:iam::{HUB}:role/Fresh"
    faulty.aws.refuse(unknown_principal(fresh), "UpdateAssumeRolePolicy", key=SPOKE, times=1)
    job = faulty.job()
    assert statuses(job.stacks.up(["hub", "spoke"])) == {"hub": "changed", "spoke": "changed"}
    [tried] = job.told.of(Retrying)
    assert "Invalid principal in policy" in tried.because
    assert fresh in str(faulty.account("spoke").iam.get_role(RoleName="Target")["Role"]["AssumeRolePolicyDocument"])


def test_credentials_that_expire_midway_fail_their_stack_and_the_others_finish(faulty: FaultyProject) -> None:
    faulty.declare("hub", "Midway")
    faulty.declare("other", "Elsewhere")
    faulty.aws.refuse(EXPIRED, "Create*", key=HUB)
    job = faulty.job()
    result = job.stacks.up()
    assert [*statuses(result).items()] == [("hub", "failed"), ("spoke", "skipped"), ("other", "changed")]
    hub = result.outcomes["hub"]
    assert hub.kind == "credentials"
    assert "ExpiredToken: The security token included in the request is expired" in hub.error
    assert hub.fix.startswith("sign in to the stack's own account")
    [skipped] = job.told.of(StackSkipped)
    assert (skipped.stack, skipped.because) == ("spoke", "hub failed")
    assert "Elsewhere" in faulty.recorded("other")
    faulty.aws.heal()
    assert statuses(faulty.job().stacks.up(["hub"])) == {"hub": "changed"}
    assert "Midway" in faulty.recorded("hub")


@pytest.mark.parametrize("verb", ["up", "destroy"])
def test_credentials_of_another_account_are_refused_before_any_change(faulty: FaultyProject, verb: str) -> None:
    foreign, own = faulty.local.gateway.root(SPOKE), faulty.local.gateway.root(OTHER)
    faulty.edit("other", aws__accessKey=foreign.access_key_id, aws__secretKey=foreign.secret_access_key)
    job = faulty.job()
    result = getattr(job.stacks, verb)(["other"])
    faulty.edit("other", aws__accessKey=own.access_key_id, aws__secretKey=own.secret_access_key)
    assert statuses(result) == {"other": "failed"}
    assert result.outcomes["other"].kind == "account"
    assert result.outcomes["other"].error == (
        f"the credentials belong to account {SPOKE}, but the stack is for account {OTHER}; nothing of it is touched"
    )
    assert {call.action for call in faulty.aws.calls} == {"GetCallerIdentity"}, "nothing else was asked of AWS"


def test_a_second_job_says_who_holds_a_stack_and_touches_nothing_of_it(faulty: FaultyProject) -> None:
    faulty.declare("other", "First")
    held = faulty.aws.hold("CreateRole", key=OTHER)
    first, results = faulty.job(), []
    running = threading.Thread(target=lambda: results.append(first.stacks.up(["other"])))
    running.start()
    held.wait()
    [holder] = engines_of(os.getpid())
    calls = settled(faulty)
    second = faulty.job().stacks.up(["other"])
    assert {call.action for call in faulty.aws.calls[calls:]} == {"GetCallerIdentity"}
    held.release()
    running.join(END_SECONDS)
    assert statuses(second) == {"other": "failed"}
    outcome = second.outcomes["other"]
    assert outcome.kind == "locked"
    assert f"@{this_host()}, process {holder}, since 20" in outcome.error
    assert outcome.fix.startswith("wait for that process")
    assert [statuses(each) for each in results] == [{"other": "changed"}], "the first one was not disturbed"


def test_a_trust_opened_by_hand_is_drift_and_up_closes_it(faulty: FaultyProject) -> None:
    iam = faulty.account("spoke").iam
    before = iam.get_role(RoleName="Target")["Role"]["AssumeRolePolicyDocument"]
    anybody = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}'
    )
    iam.update_assume_role_policy(RoleName="Target", PolicyDocument=anybody)
    drift = faulty.job().stacks.drift(["spoke"])
    assert (drift.status, statuses(drift)["spoke"]) == ("drifted", "changed")
    assert iam.get_role(RoleName="Target")["Role"]["AssumeRolePolicyDocument"] != before, "drift changes nothing"
    assert statuses(faulty.job().stacks.up(["spoke"])) == {"spoke": "changed"}
    assert iam.get_role(RoleName="Target")["Role"]["AssumeRolePolicyDocument"] == before
    assert faulty.job().stacks.drift(["spoke"]).status == "succeeded"


def test_a_backend_that_cannot_be_used_is_one_line_before_anything_begins(faulty: FaultyProject) -> None:
    nowhere = "file:///crossaccount-nowhere"
    job = faulty.job(environment={"PULUMI_BACKEND_URL": nowhere})
    with pytest.raises(BackendError) as refused:
        job.stacks.up()
    [line] = str(refused.value).splitlines()
    assert line.startswith("state backend: unable to open state directory")
    assert line.endswith(f'got "{nowhere}"; check PULUMI_BACKEND_URL and its credentials with: crossaccount doctor')
    assert job.told.events == []
    assert faulty.aws.calls == []


def test_a_wrong_passphrase_is_reported_once_and_nothing_is_touched(faulty: FaultyProject) -> None:
    job = faulty.job(environment={"PULUMI_CONFIG_PASSPHRASE": "wrong"})
    result = job.stacks.up()
    assert {*statuses(result).values()} == {"failed", "skipped"}
    [said, *more] = {(each.error, each.fix) for each in job.told.of(StackFinished) if each.error}
    assert more == []
    assert "incorrect passphrase" in said[0]
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in said[1]
    assert {call.action for call in faulty.aws.calls} == {"GetCallerIdentity"}


@pytest.mark.parametrize(
    ("number", "to_group"),
    [(signal.SIGINT, False), (signal.SIGTERM, True), (signal.SIGINT, True)],
    ids=["SIGINT", "SIGTERM-to-the-group", "Ctrl-C"],
)
def test_a_job_that_is_stopped_ends_what_it_is_in_the_middle_of(
    faulty: FaultyProject, number: signal.Signals, to_group: bool
) -> None:
    role = f"Stopped-{number.name}-{to_group}"
    faulty.declare("hub", role)
    held = faulty.aws.hold("CreateRole", key=HUB)
    arguments = ("up", "hub", "spoke", "--yes", "--parallel", "1", "--log", "/dev/full")
    with faulty.command(*arguments, "--approve", "broadening") as process:
        held.wait()
        os.killpg(process.pid, number) if to_group else os.kill(process.pid, number)
        seen = read_until(process, "no new stack begins")
        held.release()
        rest, stderr = process.communicate(timeout=END_SECONDS)
    said = seen + rest
    assert process.returncode == 130, said + stderr
    assert f"{number.name}: no new stack begins; waiting for hub to complete" in said
    assert f"hub: create hub-application-{role}" in said, "what was under way is done, and said"
    assert "hub: interrupted" in said
    assert "spoke" in said.partition("interrupted")[2], "and what is not done is said"
    assert stderr.count("--log /dev/full: can no longer be written (No space left on device)") == 1
    assert "Traceback" not in said + stderr
    assert faulty.locks() == []
    assert role in faulty.roles("hub") & faulty.recorded("hub")
    assert not faulty.state("hub").get("pending_operations")


def test_a_job_that_is_killed_leaves_no_lock_and_nothing_unrecorded(faulty: FaultyProject) -> None:
    faulty.declare("hub", "Killed")
    held = faulty.aws.hold("CreateRole", key=HUB)
    with faulty.command("up", "hub", "--yes", "--approve", "broadening") as process:
        held.wait()
        engines = engines_of(process.pid)
        process.kill()
        process.wait()
        held.release()
        wait_until_gone(engines)
    assert faulty.locks() == []
    assert "Killed" in faulty.recorded("hub")
    assert statuses(faulty.job().stacks.up(["hub"])) == {"hub": "changed"}, (
        "its policies were still to be made exclusive"
    )


def test_asked_three_times_a_job_gives_up_and_recover_finds_what_aws_made(faulty: FaultyProject) -> None:
    faulty.declare("other", "GivenUp")
    held = faulty.aws.hold("CreateRole", key=OTHER)
    with faulty.command("up", "other", "--yes", "--approve", "broadening") as process:
        held.wait()
        said = ""
        for answer in ("no new stack begins", "still waiting for other; one more request gives up", "giving up other"):
            process.send_signal(signal.SIGINT)
            said += read_until(process, answer)
        rest, stderr = process.communicate(timeout=END_SECONDS)
    held.release()
    assert process.returncode == 130, said + rest + stderr
    assert "other: interrupted" in rest
    assert "abandoned in the middle of an operation" in rest
    assert "crossaccount up other --recover" in rest
    assert faulty.locks() == []

    again = faulty.job().stacks.up(["other"]).outcomes["other"]
    assert (again.status, again.kind, again.fix) == ("failed", "pending", "crossaccount up other --recover")
    assert "killed while it created Role other-application-GivenUp: AWS may have it" in again.error
    assert "GivenUp" in faulty.roles("other") - faulty.recorded("other")

    job = faulty.job()
    assert statuses(job.stacks.up(["other"], recover=True)) == {"other": "changed"}
    assert any("adopted GivenUp as other-application-GivenUp" in each.text for each in job.told.of(Message))
    assert "GivenUp" in faulty.recorded("other")


def test_after_kill_9_of_the_cli_recover_repairs_and_nothing_is_lost_or_made_twice(faulty: FaultyProject) -> None:
    faulty.edit("other", crossaccount__trusted=WITH_CREDENTIALS)
    held = [faulty.aws.hold(call, key=OTHER) for call in ("CreateRole", "CreateLoginProfile", "CreateAccessKey")]
    yes = ("up", "other", "--yes", "--approve", "broadening", "--approve", "credentials")
    with faulty.command(*yes) as process:
        for each in held:
            each.wait()
        kill_engines(process.pid)
        said, stderr = process.communicate(timeout=END_SECONDS)
    faulty.aws.heal()
    assert process.returncode == 1
    assert "the pulumi CLI was killed by signal 9" in said
    assert stderr == ""

    with faulty.command(*yes) as process:
        said, _ = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 1
    assert f"@{this_host()}, process " in said
    assert "a process that is gone" in said
    assert "crossaccount up other --recover" in said

    with faulty.command(*yes, "--recover") as process:
        said, stderr = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 0, said + stderr
    assert "cancelled a lock that was held by" in said
    assert "adopted Orphan as other-application-Orphan" in said
    assert "deleted the login profile of bo: its secret was lost with the killed update" in said
    assert "of bo: its secret was lost with the killed update" in said.partition("deleted the access key AKIA")[2]

    assert "Orphan" in faulty.recorded("other")
    root = faulty.account("other")
    [key] = [each["AccessKeyId"] for each in root.iam.list_access_keys(UserName="bo")["AccessKeyMetadata"]]
    handed_over = root.secretsmanager.get_secret_value(SecretId="crossaccount/user/bo/access-key")["SecretString"]
    assert key in handed_over, "there is one access key, and its user gets it"
    assert not faulty.state("other").get("pending_operations")
    assert not any(each.get("protect") for each in faulty.state("other")["resources"])
    assert statuses(faulty.job().stacks.up(["other"])) == {"other": "unchanged"}
