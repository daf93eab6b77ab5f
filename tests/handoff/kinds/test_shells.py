"""Scripts that assume and export: run by every shell that the machine has, and never more than they should be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossaccount.access.requirements.assume_parameters import AssumeParameters
from crossaccount.handoff.entry import HandedOut, HandoffError, Mfa
from crossaccount.handoff.kinds import Shell
from crossaccount.handoff.kinds.shells import FISH, POSIX, POWERSHELL, call
from tests.handoff.conftest import Deployed, needs_aws, only, run
from tests.handoff.entries import TEXT, env_text, make_entry
from tests.scenarios import WITHOUT_CODES

Handed = Callable[..., HandedOut]
SHELLS = {
    "sh": (Shell.sh, POSIX),
    "bash": (Shell.sh, POSIX),
    "zsh": (Shell.sh, POSIX),
    "fish": (Shell.fish, FISH),
    "pwsh": (Shell.powershell, POWERSHELL),
}
READ_IN = {
    "sh": '. "$1"; printenv AWS_SESSION_TOKEN',
    "fish": "source $argv[1]; printenv AWS_SESSION_TOKEN",
    "pwsh": "param($file) . $file; $env:AWS_SESSION_TOKEN",
}
EVERY_SHELL = pytest.mark.parametrize(
    "program",
    [
        pytest.param(each, marks=pytest.mark.skipif(shutil.which(each) is None, reason=f"no {each} on the PATH"))
        for each in SHELLS
    ],
)


def _script(folder: Path, program: str, text: str) -> Path:
    file = folder / f"handed-out.{'ps1' if program == 'pwsh' else program}"
    file.write_text(text, encoding="utf-8", newline="")
    return file


@needs_aws
@EVERY_SHELL
@pytest.mark.parametrize("name", WITHOUT_CODES)
def test_a_script_runs_its_command_in_the_session(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path, name: str, program: str
) -> None:
    there = deployed(name)
    entry = handed(name).entries[0]
    command = ("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    text = env_text(replace(handed(name), entries=(entry,)), SHELLS[program][0], command)
    done = run([program, str(_script(tmp_path, program, text))], there.environment(tmp_path, entry.principal))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip().endswith(f":assumed-role/{entry.role_arn.name}/{entry.parameters.session_name}")


@needs_aws
@EVERY_SHELL
def test_scenario_five_s_deploy_script_runs_npm_in_the_session(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path, program: str
) -> None:
    there = deployed("deployer")
    entry = only(handed("deployer", "a/user/ci", session_name="AWSCLI-Session"))
    text = env_text(replace(handed("deployer"), entries=(entry,)), SHELLS[program][0], ("npm", "run", "deploy"))
    environment = there.environment(tmp_path, entry.principal)
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text('#!/bin/sh\necho "$@"; aws sts get-caller-identity --query Arn --output text; exit 7\n')
    npm.chmod(0o755)
    environment["PATH"] = f"{npm.parent}:{environment['PATH']}"
    done = run([program, str(_script(tmp_path, program, text))], environment)
    assert done.returncode == 7
    assert done.stdout.splitlines() == [
        "run deploy",
        "arn:aws:sts::222222222222:assumed-role/CrossAccountAccessRole/AWSCLI-Session",
    ]


@needs_aws
@EVERY_SHELL
def test_a_command_does_not_run_where_the_role_cannot_be_assumed(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path, program: str
) -> None:
    file = _script(tmp_path, program, env_text(handed("tutorial"), SHELLS[program][0], ("touch", "ran")))
    theresa = deployed("tutorial").environment(tmp_path, "arn:aws:iam::111111111111:user/Theresa")
    done = run(
        [program, "-c", f'cd "{tmp_path}"; {program} "{file}"'] if program != "pwsh" else [program, str(file)], theresa
    )
    assert done.returncode != 0
    assert "AccessDenied" in done.stderr
    assert not (tmp_path / "ran").exists()


@needs_aws
@EVERY_SHELL
def test_a_script_without_a_command_is_read_into_the_shell(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path, program: str
) -> None:
    file = _script(tmp_path, program, env_text(handed("tutorial"), SHELLS[program][0]))
    environment = deployed("tutorial").environment(tmp_path, "arn:aws:iam::111111111111:user/David")
    reading = READ_IN.get(program, READ_IN["sh"])
    arguments = [str(file)] if program in ("fish", "pwsh") else ["-", str(file)]
    done = run([program, "-c", reading, *arguments], environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


@EVERY_SHELL
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(TEXT, min_size=1, max_size=8))
def test_no_text_becomes_a_command_of_a_shell(tmp_path: Path, program: str, words: Sequence[str]) -> None:
    writer = SHELLS[program][1]
    words = [word for word in words if not writer.unquotable(word)]
    shown = _show(tmp_path)
    script = " ".join(writer.quoted(word) for word in (str(shown), *words))
    prefix = "& " if program == "pwsh" else ""
    done = run(
        [program, str(_script(tmp_path, program, prefix + script))], {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    )
    assert json.loads(done.stdout) == list(words)
    assert not Path("owned").exists()


@EVERY_SHELL
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(role=TEXT, name=TEXT, external_id=TEXT, region=TEXT, title=TEXT)
def test_a_script_hands_the_aws_cli_the_very_values(
    tmp_path: Path, program: str, role: str, name: str, external_id: str, region: str, title: str
) -> None:
    parameters = AssumeParameters(name, external_id=external_id, tags={"team": name, "unit": name})
    entry = make_entry(role=role, region=region, alternatives=(parameters,), shown=lambda arn: f"{title}{arn}")
    made = call(entry, ())
    if any(SHELLS[program][1].unquotable(value) for value in made.values):
        return
    fake = tmp_path / "fake"
    fake.mkdir(exist_ok=True)
    seen = tmp_path / "seen.json"
    shutil.copy(_show(tmp_path), fake / "aws")
    file = _script(tmp_path, program, SHELLS[program][1].script(made))
    run([program, str(file)], {"PATH": f"{fake}:/usr/bin:/bin", "LANG": "C.UTF-8", "SEEN": str(seen)})
    values = [value for _, value in made.options]
    assert [word for word in json.loads(seen.read_text()) if word in values] != []
    assert json.loads(seen.read_text()) == [
        "sts",
        "assume-role",
        *(w for pair in made.options for w in pair if w or pair[0]),
    ]
    assert not Path("owned").exists()


def _show(folder: Path) -> Path:
    """A program that shows its arguments as JSON, on stdout or in the file ``$SEEN``."""
    file = folder / "show"
    file.write_text(
        "#!/usr/bin/python3\nimport json, os, sys\n"
        "out = open(os.environ['SEEN'], 'w') if 'SEEN' in os.environ else sys.stdout\n"
        "json.dump(sys.argv[1:], out)\n"
    )
    file.chmod(0o755)
    return file


def test_a_script_asks_for_the_code_of_the_mfa_device() -> None:
    entry = make_entry(alternatives=(AssumeParameters("bo", mfa=True),), mfa=Mfa("arn:aws:iam::111111111111:mfa/bo"))
    for shell in Shell:
        text = env_text(HandedOut((entry,)), shell)
        assert "--serial-number" in text
        assert "--token-code" in text


def test_several_entries_are_no_environment(handed: Handed) -> None:
    with pytest.raises(
        HandoffError, match=r"one session.*a/user/ci → .*; a/user/eve → .*; choose with --for and --role"
    ):
        env_text(handed("deployer"), Shell.sh)


def test_nothing_is_no_script(handed: Handed) -> None:
    assert env_text(handed("tutorial", "development/user/Theresa"), Shell.sh, ("npm", "run")) == ""
