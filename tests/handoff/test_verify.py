"""Paths tried with real credentials on a local AWS; the clock is the test's."""

from __future__ import annotations

import copy
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.requirements.requirement import Atom
from crossaccount.handoff.entry import HandedOut, HandoffError
from crossaccount.handoff.verify import StsCallFailed, caller_arn, principal_of, verify
from crossaccount.iam.arn import parse_arn
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.totp import code_of, step_at
from crossaccount.sources import Sources
from tests.faulty_aws import BROKEN, EXPIRED, THROTTLED, UNAVAILABLE, FaultyAws, Refusal
from tests.handoff.conftest import Deployed, only
from tests.preloaded import crossaccount_command
from tests.scenarios import FOLDERS

Handed = Callable[..., HandedOut]
DAVID, THERESA = "arn:aws:iam::111111111111:user/David", "arn:aws:iam::111111111111:user/Theresa"
ROLE = "arn:aws:iam::999999999999:role/UpdateApp"
DENY = "not-yet"
TUTORIAL = ["stack:development", "stack:production", "--dir", str(FOLDERS["tutorial"])]
MFA = Atom("trust", "trust policy", "0", "Bool", "aws:MultiFactorAuthPresent", ("true",))


@dataclass
class Clock:
    """Sleeps by moving on; ``meanwhile`` happens in the first pause."""

    meanwhile: Callable[[], object] = bool
    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        if self.now == 0:
            self.meanwhile()
        self.now += seconds


def _aws(there: Deployed, principal: str) -> Aws:
    return Aws(there.endpoint, there.credentials(principal))


@contextmanager
def _kept_out(there: Deployed) -> Iterator[Callable[[], Any]]:
    """David's group under a deny that the sources do not know, as long as nobody takes it away."""
    iam = there.local.session("111111111111").iam
    deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_group_policy(GroupName="Developers", PolicyName=DENY, PolicyDocument=document)

    def let_in() -> None:
        if DENY in iam.list_group_policies(GroupName="Developers")["PolicyNames"]:
            iam.delete_group_policy(GroupName="Developers", PolicyName=DENY)

    try:
        yield let_in
    finally:
        let_in()


def test_what_works_works_at_once(handed: Handed, deployed: Callable[[str], Deployed]) -> None:
    clock = Clock()
    (tried,) = verify(handed("tutorial").entries, _aws(deployed("tutorial"), DAVID).sts, clock, 60, print)
    assert (tried.outcome, tried.attempts, clock.now) == ("works", 1, 0)


def test_a_path_with_an_external_id_is_tried_with_it(handed: Handed, deployed: Callable[[str], Deployed]) -> None:
    entry = only(handed("deployer", "a/user/eve"))
    (tried,) = verify([entry], _aws(deployed("deployer"), entry.principal).sts, Clock(), 0, print)
    assert tried.outcome == "works"


def test_a_change_that_iam_has_not_reported_yet_is_waited_out(
    handed: Handed, deployed: Callable[[str], Deployed]
) -> None:
    there, messages = deployed("tutorial"), list[str]()
    with _kept_out(there) as let_in:
        clock = Clock(let_in)
        (tried,) = verify(handed("tutorial").entries, _aws(there, DAVID).sts, clock, 60, messages.append)
    assert (tried.outcome, tried.attempts, clock.now) == ("works", 2, 1)
    assert messages == ["1 denied; IAM's changes may not have taken effect yet, trying again for 60 s"]


def test_what_stays_denied_is_denied_when_the_time_is_up(handed: Handed, deployed: Callable[[str], Deployed]) -> None:
    there = deployed("tutorial")
    with _kept_out(there):
        clock = Clock()
        (tried,) = verify(handed("tutorial").entries, _aws(there, DAVID).sts, clock, 12, bool)
    assert (tried.outcome, clock.now) == ("denied", 12)
    assert "not authorized to perform: sts:AssumeRole" in tried.message


def test_a_denial_where_the_person_has_to_do_something_cannot_be_judged(
    handed: Handed, deployed: Callable[[str], Deployed]
) -> None:
    entry = only(handed("tutorial"))
    with_mfa = replace(entry, alternatives=(replace(entry.parameters, mfa=True, remaining=(MFA,)),))
    clock = Clock()
    (tried,) = verify([with_mfa], _aws(deployed("tutorial"), THERESA).sts, clock, 60, bool)
    assert (tried.outcome, tried.message) == ("cannot judge", "denied here, and it works only with MFA")
    assert clock.now == 0


def test_credentials_that_do_not_work_are_no_denial(handed: Handed, deployed: Callable[[str], Deployed]) -> None:
    nobody = Aws(deployed("tutorial").endpoint, Credentials("AKIA" + "X" * 16, "x"))
    with pytest.raises(
        StsCallFailed, match=r"^sts: AWS does not accept the credentials: .*; they are disabled, deleted or"
    ):
        verify(handed("tutorial").entries, nobody.sts, Clock(), 60, bool)


@pytest.fixture
def faulty(deployed: Callable[[str], Deployed]) -> Iterator[FaultyAws]:
    """A proxy before the tutorial's local AWS."""
    with FaultyAws(deployed("tutorial").local.gateway) as running:
        yield running


@pytest.mark.parametrize("trouble", [THROTTLED, UNAVAILABLE, BROKEN])
def test_a_call_that_aws_does_not_answer_is_made_again(
    handed: Handed, deployed: Callable[[str], Deployed], faulty: FaultyAws, trouble: Refusal
) -> None:
    there, messages = replace(deployed("tutorial"), endpoint=faulty.endpoint), list[str]()
    faulty.refuse(trouble, "AssumeRole", times=1)
    (tried,) = verify(handed("tutorial").entries, _aws(there, DAVID).sts, Clock(), 60, messages.append)
    assert (tried.outcome, tried.attempts) == ("works", 2)
    assert messages == ["1 not answered, trying again for 60 s"]


def test_what_aws_never_answers_cannot_be_judged(
    handed: Handed, deployed: Callable[[str], Deployed], faulty: FaultyAws
) -> None:
    there = replace(deployed("tutorial"), endpoint=faulty.endpoint)
    faulty.refuse(THROTTLED, "AssumeRole")
    (tried,) = verify(handed("tutorial").entries, _aws(there, DAVID).sts, Clock(), 5, bool)
    assert (tried.outcome, tried.message) == ("cannot judge", "AWS did not answer: Rate exceeded")


def test_a_role_that_refuses_the_call_itself_cannot_be_judged_and_is_not_asked_again(
    handed: Handed, deployed: Callable[[str], Deployed], faulty: FaultyAws
) -> None:
    there, clock = replace(deployed("tutorial"), endpoint=faulty.endpoint), Clock()
    faulty.refuse(Refusal(400, "PackedPolicyTooLarge", "too many tags"), "AssumeRole")
    (tried,) = verify(handed("tutorial").entries, _aws(there, DAVID).sts, clock, 60, bool)
    assert (tried.outcome, tried.message, clock.now) == ("cannot judge", "PackedPolicyTooLarge: too many tags", 0)


@pytest.mark.parametrize("action", ["GetCallerIdentity", "AssumeRole"])
def test_credentials_that_expire_meanwhile_end_it_in_a_line(
    deployed: Callable[[str], Deployed], faulty: FaultyAws, tmp_path: Path, action: str
) -> None:
    there = replace(deployed("tutorial"), endpoint=faulty.endpoint)
    faulty.refuse(EXPIRED, action)
    done = _verify(there, tmp_path, DAVID)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "sts: the credentials have expired; sign in again: aws sso login, or get new session credentials\n"
    )


def test_an_sts_that_is_out_of_reach_is_a_line(deployed: Callable[[str], Deployed], tmp_path: Path) -> None:
    there = deployed("tutorial")
    there.credentials(DAVID)
    done = _verify(replace(there, endpoint="http://127.0.0.1:9"), tmp_path, DAVID)
    assert done.returncode == 1
    assert done.stderr.startswith("sts: Could not connect to the endpoint URL")
    assert done.stderr.endswith("; check the network, the proxy and AWS_ENDPOINT_URL\n")


def test_a_profile_that_asks_for_a_code_cannot_be_used_where_nobody_is(
    deployed: Callable[[str], Deployed], tmp_path: Path
) -> None:
    there = deployed("tutorial")
    there.write_credentials(tmp_path, "own", DAVID)
    role = "role_arn = arn:aws:iam::999999999999:role/UpdateApp\nsource_profile = own\n"
    (tmp_path / "config").write_text(f"[profile asks]\n{role}mfa_serial = arn:aws:iam::111111111111:mfa/David\n")
    done = _verify(there, tmp_path, None, "--profile", "asks")
    assert done.returncode == 1
    assert (
        "sts: the profile requires an MFA code, and there is no terminal to ask for it; begin a session first"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_credentials_of_an_account_that_no_source_describes_are_refused(
    deployed: Callable[[str], Deployed], tmp_path: Path
) -> None:
    there = deployed("tutorial")
    there.local.session("333333333333").iam.create_user(UserName="stranger")
    done = _verify(there, tmp_path, "arn:aws:iam::333333333333:user/stranger")
    assert (done.returncode, done.stderr) == (
        2,
        "caller: no source describes arn:aws:iam::333333333333:user/stranger; add a source of account 333333333333\n",
    )


def test_the_caller_is_known_by_its_arn_or_its_session_s(
    sources: Callable[[str], Sources], deployed: Callable[[str], Deployed]
) -> None:
    estate = sources("application").estate()
    role = "arn:aws:iam::111111111111:role/AssumingRole"
    session = caller_arn(_aws(deployed("application"), role).sts)
    assert session.startswith("arn:aws:sts::111111111111:assumed-role/AssumingRole/")
    assert principal_of(session, estate) == role
    assert principal_of(DAVID, sources("tutorial").estate()) == DAVID


@pytest.mark.parametrize(
    ("arn", "line"),
    [
        ("arn:aws:iam::111111111111:root", "the root user assumes no role"),
        ("arn:aws:iam::111111111111:user/nobody", "declare it, or use credentials of a declared user or role"),
        ("arn:aws:iam::333333333333:user/x", "add a source of account 333333333333"),
        ("arn:aws:sts::111111111111:assumed-role/None/x", "declare it, or"),
    ],
)
def test_a_caller_that_is_unknown_is_refused(sources: Callable[[str], Sources], arn: str, line: str) -> None:
    with pytest.raises(HandoffError, match=line):
        principal_of(arn, sources("tutorial").estate())


def _verify(
    there: Deployed, home: Path, principal: str | None, *options: str, typed: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command; what is ``typed`` is its input, and without it there is none."""
    environment = {**there.environment(home, principal), "HTTPS_PROXY": "http://127.0.0.1:1", **variables}
    return subprocess.run(
        [crossaccount_command(), "verify", *TUTORIAL, *options],
        env=environment,
        input=typed or "",
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_tries_the_caller_s_paths(deployed: Callable[[str], Deployed], tmp_path: Path) -> None:
    done = _verify(deployed("tutorial"), tmp_path, DAVID, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["failed"] == 0
    assert [(each["principal"], each["outcome"]) for each in document["results"]] == [(DAVID, "works")]


def test_the_command_takes_profiles(deployed: Callable[[str], Deployed], tmp_path: Path) -> None:
    there = deployed("tutorial")
    for profile, principal in (("david", DAVID), ("theresa", THERESA)):
        there.write_credentials(tmp_path, profile, principal)
    done = _verify(there, tmp_path, None, "--profile", "david", "--profile", "theresa")
    assert done.returncode == 0
    assert "works" in done.stdout
    assert done.stderr == "development/user/Theresa: no path is expected to work\n"


def test_the_command_refuses_a_profile_that_does_not_exist(deployed: Callable[[str], Deployed], tmp_path: Path) -> None:
    there = deployed("tutorial")
    there.write_credentials(tmp_path, "david", DAVID)
    done = _verify(there, tmp_path, None, "--profile", "davdi")
    assert (done.returncode, done.stderr) == (
        2,
        '--profile: there is no such profile, got "davdi"; did you mean `david`?\n',
    )


def test_the_command_ends_with_1_where_a_path_is_denied(deployed: Callable[[str], Deployed], tmp_path: Path) -> None:
    there = deployed("tutorial")
    with _kept_out(there):
        done = _verify(there, tmp_path, DAVID, "--wait", "0")
    assert done.returncode == 1
    assert "denied" in done.stdout


def test_the_command_says_when_there_are_no_credentials(deployed: Callable[[str], Deployed], tmp_path: Path) -> None:
    done = _verify(deployed("tutorial"), tmp_path, None)
    assert done.returncode == 1
    line = "sts: Unable to locate credentials; name a profile with --profile, or make one: aws configure sso\n"
    assert done.stderr == line


@pytest.fixture
def with_mfa(deployed: Callable[[str], Deployed]) -> Iterator[tuple[Deployed, str, str]]:
    """The tutorial whose role asks for MFA, David's device and the device's next code."""
    there = deployed("tutorial")
    david = parse_arn(DAVID)
    account, role = there.local.session(david.account).iam, parse_arn(ROLE)
    trusting = there.local.session(role.account).iam
    before = trusting.get_role(RoleName=role.name)["Role"]["AssumeRolePolicyDocument"]
    device = account.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed, step = device["Base32StringSeed"].decode(), step_at(time.time())
    codes = [code_of(seed, step - 1), code_of(seed, step)]
    serial = device["SerialNumber"]
    account.enable_mfa_device(
        UserName="David", SerialNumber=serial, AuthenticationCode1=codes[0], AuthenticationCode2=codes[1]
    )
    asking = copy.deepcopy(before)
    for each in asking["Statement"]:
        each.setdefault("Condition", {})["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    trusting.update_assume_role_policy(RoleName=role.name, PolicyDocument=json.dumps(asking))
    try:
        yield there, serial, code_of(seed, step + 1)
    finally:
        trusting.update_assume_role_policy(RoleName=role.name, PolicyDocument=json.dumps(before))
        account.deactivate_mfa_device(UserName="David", SerialNumber=serial)
        account.delete_virtual_mfa_device(SerialNumber=serial)


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [*done.stdout.splitlines(), *done.stderr.splitlines()]


def test_a_role_that_asks_for_mfa_is_tried_with_a_device(with_mfa: tuple[Deployed, str, str], tmp_path: Path) -> None:
    there, serial, code = with_mfa
    asked = {"AWS_MFA_CODE": code}
    without = _verify(there, tmp_path, DAVID, "--wait", "0")
    assert without.returncode == 1
    wrong = _verify(there, tmp_path, DAVID, "--mfa", serial, "--code", "000000", "--wait", "0")
    assert wrong.returncode == 1
    assert any("no session with MFA" in line and "next code of the device" in line for line in _lines(wrong))
    done = _verify(there, tmp_path, DAVID, "--mfa", "mfa/phone", "--json", **asked)
    assert (done.returncode, [each["outcome"] for each in json.loads(done.stdout)["results"]]) == (0, ["works"])
    again = _verify(there, tmp_path, DAVID, "--mfa", serial, "--wait", "0", **asked)
    assert again.returncode == 1, "a code is good for one call"


def test_the_code_is_asked_for_and_a_profile_may_name_the_device(
    with_mfa: tuple[Deployed, str, str], tmp_path: Path
) -> None:
    there, serial, code = with_mfa
    done = _verify(there, tmp_path, DAVID, "--mfa", serial, typed=f"{code}\n")
    assert done.returncode == 0
    assert f"Code of {serial}" in done.stderr


def test_a_path_that_needs_only_mfa_is_denied_where_a_session_with_mfa_is_denied(
    handed: Handed, deployed: Callable[[str], Deployed]
) -> None:
    entry = only(handed("tutorial"))
    with_mfa = replace(entry, alternatives=(replace(entry.parameters, mfa=True, remaining=(MFA,)),))
    (tried,) = verify([with_mfa], _aws(deployed("tutorial"), THERESA).sts, Clock(), 0, bool, mfa=True)
    assert tried.outcome == "denied"
