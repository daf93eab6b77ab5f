"""Scripts for cmd.exe: what its quotes hold, and run by the cmd of Wine where there is one.

Wine's cmd is a rewrite of Microsoft's by others. ``aws`` and the command are batch files there, which hand their
arguments to programs of this machine.
"""

from __future__ import annotations

import os
import string
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given

from crossaccount.access.requirements.assume_parameters import AssumeParameters
from crossaccount.handoff.entry import HandedOut, HandoffError
from crossaccount.handoff.kinds import Shell
from crossaccount.handoff.kinds.shells import CMD, call
from tests.handoff.conftest import Deployed, needs, needs_aws
from tests.handoff.entries import TEXT, env_text, make_entry
from tests.scenarios import OF_PEOPLE

Wine = Callable[..., subprocess.CompletedProcess[str]]
TAB = "\t"
MOST_TRIES = 100_000
"""A minute or so of looking whether a program has ended."""
WORDS = [
    "& echo x>owned",
    ") & echo x>owned",
    "a|b",
    "<in>",
    "x^y",
    "x y",
    "(p)",
    ";",
    "a=b,c",
    "it's",
    "~",
    "*?",
    "@x",
]
"""What cmd knows beside the three characters that are refused."""
LOOP = 'if not "%~1" == "" goto next'


@given(text=TEXT)
def test_cmd_writes_only_what_its_quotes_hold(text: str) -> None:
    if CMD.unquotable(text):
        with pytest.raises(HandoffError, match="cmd has no safe way"):
            env_text(HandedOut((make_entry(),)), Shell.cmd, ("run", text))
        return
    inner = CMD.quoted(text)[1:-1]
    assert CMD.quoted(text) == f'"{inner}"'
    assert not set(inner) & set('"%!\r\n')


@given(title=TEXT)
def test_a_comment_of_cmd_is_a_comment(title: str) -> None:
    written = CMD.script(call(make_entry(shown=lambda _: title), ()))
    comment = written.splitlines()[1]
    assert comment.startswith("rem - ")
    assert set(comment) <= set(string.ascii_letters + string.digits + "_ .,:/@=+'-")


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Wine:
    """Run a script in a folder by ``cmd``; ``environment`` is that of the programs."""
    prefix = tmp_path_factory.mktemp("wine")

    def run(script: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        own = {"WINEPREFIX": str(prefix), "WINEDEBUG": "-all", "DISPLAY": "", "HOME": str(prefix)}
        return subprocess.run(
            ["wine", "cmd", "/c", script.name],
            cwd=script.parent,
            env={"PATH": os.environ["PATH"], **environment, **own},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def _program(folder: Path, name: str, python: str) -> None:
    """A program by a batch file: Wine captures what a batch file types, and not what a program of Linux prints.

    Nor does Wine wait for a program of Linux, so the batch file does.
    """
    done, output, code = folder / f"{name}.done", folder / f"{name}.txt", folder / f"{name}.py"
    code.write_text(
        f"import json, os, pathlib, subprocess, sys\nsys.stdout = open({str(output)!r}, 'w')\n"
        f"try:\n    {python}\nfinally:\n    sys.stdout.close()\n    pathlib.Path({str(done)!r}).touch()\n"
    )
    lines = (
        "@echo off",
        f"if exist {done.name} del {done.name}",
        f"start /b /unix /usr/bin/python3 {code} %*",
        "set /a TRIES=0",
        ":wait",
        "set /a TRIES=%TRIES%+1",
        f"if %TRIES% GTR {MOST_TRIES} exit 9",
        f"if not exist {done.name} goto wait",
        f"type {output.name}",
        f"if exist {name}.no exit 7",
    )
    (folder / f"{name}.cmd").write_text("\r\n".join([*lines, ""]), newline="")


def _batch(folder: Path, name: str, lines: str) -> None:
    (folder / f"{name}.cmd").write_text(f"@echo off\r\n{lines}\r\n", newline="")


def _script(folder: Path, text: str) -> Path:
    file = folder / "handed-out.cmd"
    file.write_text(text, encoding="ascii", newline="")
    return file


@needs("wine")
def test_no_text_becomes_a_command_of_cmd(wine: Wine, tmp_path: Path) -> None:
    """What cmd hands on, in its own words: Wine's way to a program of Linux would quote some of it anew."""
    _batch(tmp_path, "aws", f"echo %*>seen.txt\r\necho KEY{TAB}SECRET{TAB}TOKEN")
    _batch(tmp_path, "show", "\r\n".join(["echo %AWS_SESSION_TOKEN%", ":next", "echo %1", "shift", LOOP]))
    parameters = AssumeParameters("bo", external_id="".join(WORDS[:3]))
    made = call(make_entry(alternatives=(parameters,), shown=lambda _: WORDS[0]), ("show", *WORDS))
    done = wine(_script(tmp_path, CMD.script(made)), {})
    assert done.stdout.splitlines() == ["TOKEN", *(CMD.quoted(word) for word in WORDS)], done
    assert f"--external-id {CMD.quoted(parameters.external_id)} " in (tmp_path / "seen.txt").read_text()
    assert not (tmp_path / "owned").exists()


@needs("wine")
@needs_aws
@pytest.mark.parametrize("name", OF_PEOPLE)
def test_a_script_runs_its_command_in_the_session(
    wine: Wine, handed: Callable[..., HandedOut], deployed: Callable[[str], Deployed], tmp_path: Path, name: str
) -> None:
    entry = handed(name).entries[0]
    # On the way to a program of Linux, Wine leaves some quotes on.
    _program(
        tmp_path, "aws", "subprocess.run(['aws', *(each.strip('\"') for each in sys.argv[1:])], stdout=sys.stdout)"
    )
    command = ("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    script = _script(tmp_path, env_text(HandedOut((entry,)), Shell.cmd, command))
    done = wine(script, deployed(name).environment(tmp_path / "home", entry.principal))
    assert done.stdout.strip().endswith(f":assumed-role/{entry.role_arn.name}/{entry.parameters.session_name}"), done


@needs("wine")
def test_a_command_does_not_run_where_the_role_cannot_be_assumed(wine: Wine, tmp_path: Path) -> None:
    _program(tmp_path, "aws", "sys.exit(254)")
    _program(tmp_path, "show", "print('ran')")
    done = wine(_script(tmp_path, CMD.script(call(make_entry(), ("show",)))), {})
    assert (done.returncode, done.stdout.strip()) == (1, "")


@needs("wine")
def test_the_exit_code_is_the_command_s(wine: Wine, tmp_path: Path) -> None:
    _program(tmp_path, "aws", "print('KEY', 'SECRET', 'TOKEN', sep='\\t')")
    _program(tmp_path, "show", f"open({str(tmp_path / 'show.no')!r}, 'w')")
    assert wine(_script(tmp_path, CMD.script(call(make_entry(), ("show",)))), {}).returncode == 7
