"""What a shell proposes: stacks, sources, names, codes. Bash, zsh and fish ask as they do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.preloaded import crossaccount_command

BASH = """
source <(_CROSSACCOUNT_COMPLETE=source_bash crossaccount)
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_WORDS=({words}) COMP_CWORD={place}
_crossaccount_completion crossaccount
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two profiles of the AWS CLI, of which nothing but the name is read."""
    file = tmp_path / "aws-config"
    file.write_text("[default]\nregion = x\n[profile prod]\nrole_arn = y\n[sso-session corp]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def _proposed(line: str) -> list[str]:
    """What is proposed for the last word of a line, by the protocol of bash, whose words are split as by zsh."""
    words = line.split(" ")
    told = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_CROSSACCOUNT_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [crossaccount_command()], env={**os.environ, **told}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


ROLES = ["production/role/UpdateApp"]
USERS = ["development/user/David", "development/user/Theresa"]
SOURCES = ["stack:development", "stack:production", "state:development", "state:production"]


@pytest.mark.usefixtures("tutorial")
@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        ("crossaccount status pr", ["production"]),
        ("crossaccount paths st", SOURCES),
        ("crossaccount paths live:", ["live:default", "live:prod"]),
        ("crossaccount paths stack:development stack:p", ["stack:production"]),
        ("crossaccount paths acc", ["account.json"]),
        ("crossaccount paths terr", ["terraform:"]),
        ("crossaccount paths terraform:acco", ["terraform:account.json"]),
        ("crossaccount paths terraform:pl", ["terraform:plans/"]),
        ("crossaccount paths terraform:plans/", ["terraform:plans/prod.json"]),
        ("crossaccount paths cloudformation : plans/", ["plans/prod.json"]),
        ("crossaccount diff --before state:d", ["state:development"]),
        ("crossaccount check pro", ["production"]),
        ("crossaccount check sta", SOURCES),
        ("crossaccount who-can pro", ROLES),
        ("crossaccount who-can production/role/UpdateApp stack:d", ["stack:development"]),
        ("crossaccount who-can production/role/UpdateApp --why development/", USERS),
        ("crossaccount what-can development/user/", USERS),
        ("crossaccount handoff links --for development/user/T", ["development/user/Theresa"]),
        ("crossaccount verify --role prod", ROLES),
        ("crossaccount explain XA20", [f"XA20{number}" for number in range(1, 10)]),
        # Bash gives what is around a colon as words of its own, and replaces the last.
        ("crossaccount paths stack : pro", ["production"]),
        ("crossaccount paths stack :", ["development", "production"]),
        ("crossaccount paths live : p", ["prod"]),
    ],
)
def test_what_is_proposed(line: str, proposed: list[str]) -> None:
    Path("account.json").write_text("{}")
    Path(".hidden.json").write_text("{}")
    Path("plans").mkdir()
    Path("plans/prod.json").write_text("{}")
    assert _proposed(line) == proposed


def test_another_folder_s_stacks(tutorial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tutorial.parent)
    assert _proposed(f"crossaccount status --dir {tutorial} dev") == ["development"]
    assert _proposed("crossaccount status dev") == []


def test_a_config_that_is_wrong_proposes_what_is_right_in_it(tutorial: Path) -> None:
    (tutorial / "Pulumi.production.yaml").write_text("config: {crossaccount:account: nobody}")
    assert _proposed("crossaccount what-can de")[:1] == USERS[:1]
    assert _proposed("crossaccount who-can pro") == []
    (tutorial / "Pulumi.yaml").write_text("{")
    assert _proposed("crossaccount what-can de") == []


@pytest.mark.usefixtures("tutorial")
@pytest.mark.parametrize(
    ("words", "place", "proposed"),
    [("crossaccount paths stack : pro", 4, "production"), ("crossaccount who-can pro", 2, ROLES[0])],
)
def test_bash_itself(words: str, place: int, proposed: str) -> None:
    script = BASH.format(words=words, place=place)
    path = f"{crossaccount_command().parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert (done.stdout.split(), done.returncode) == ([proposed], 0), done.stderr


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
@pytest.mark.usefixtures("tutorial")
def test_fish_itself() -> None:
    path = f"{crossaccount_command().parent}{os.pathsep}{os.environ['PATH']}"
    script = "_CROSSACCOUNT_COMPLETE=source_fish crossaccount | source; complete -C 'crossaccount paths stack:p'"
    done = subprocess.run(["fish", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.stdout.split() == ["stack:production"], done.stderr


@pytest.mark.usefixtures("tutorial")
def test_zsh_gets_colons_that_part_nothing() -> None:
    told = {"_TYPER_COMPLETE_ARGS": "crossaccount paths stack:p", "_CROSSACCOUNT_COMPLETE": "complete_zsh"}
    done = subprocess.run(
        [crossaccount_command()], env={**os.environ, **told}, capture_output=True, text=True, check=True
    )
    assert r"stack\\:production" in done.stdout
