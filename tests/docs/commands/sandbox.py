"""A copy of a checkout in which a document's commands are run, one after the other, as a reader would.

A plain ``crossaccount …`` runs in this process, which saves the second that every start takes. What a shell has to read
(``|``, ``$``, ``&&``, …), ``init`` and ``doctor``, which look where they are, and all other programs run in a real
shell. ``cd`` and ``export`` last. A command that fails must be followed by ``echo $?``.

Nothing of the machine's own Pulumi or AWS is used: home, state and credentials are the sandbox's, and AWS is a local
one, started when a block first needs it. The pulumi CLI is there for blocks that need it alone.
"""

from __future__ import annotations

import gc
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.engine.pulumi_cli import private_environment
from crossaccount.local.clients import Gateway
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws
from tests.preloaded import aws_folder, crossaccount_command

ROOT = Path(__file__).parents[3]
COPIED = ("components", "crossaccount", "docs", "examples")
SHELL_READS = re.compile(r"[|&;<>$()`~*]|^\w+=")
LOOK_WHERE_THEY_ARE = ("init", "doctor")
WRAPPER = Path(__file__).with_name("pulumi_wrapper.py")


@dataclass
class Sandbox:
    """Where the reader is, what they have exported, and how the last command ended."""

    root: Path
    resources: ExitStack
    here: Path = field(init=False)
    environment: dict[str, str] = field(init=False)
    code: int = 0

    def __post_init__(self) -> None:
        self.here = self.root / "checkout"
        self.here.mkdir()
        (self.here / ".git").mkdir()
        (self.here / ".venv").symlink_to(sys.prefix)
        # Python would take a quarter of a second for these files.
        subprocess.run(["cp", "-R", "-p", *(ROOT / name for name in COPIED), self.here], check=True)
        for file in (*ROOT.glob("*.yaml"), ROOT / "__main__.py", ROOT / "Makefile"):
            shutil.copy(file, self.here)
        home = self.root / "home"
        home.mkdir()
        # What `make setup` makes is there already: it is what runs this.
        self._tool("make", f'exec {shutil.which("make")} -o setup "$@"')
        self.environment = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([str(self.root / "tools"), *_tools(), *_folders_without("pulumi")]),
            "PYTHONPATH": str(self.here),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def write(self, name: str, text: str) -> None:
        """A file that the reader writes."""
        file = self.here / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8")

    def change(self, diff: str) -> None:
        """A change that the reader makes in an editor: the lines without ``+`` must be there, just once."""
        removed, added, *lines = diff.splitlines()
        name = removed.removeprefix("--- ")
        assert (removed[:4], added) == ("--- ", f"+++ {name}"), diff
        before, after = ("".join(f"{line[1:]}\n" for line in lines if line[:1] != sign) for sign in "+-")
        file = self.here / name
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{name} does not have, just once:\n{before}"
        file.write_text(text.replace(before, after), encoding="utf-8")

    def run(self, command: str) -> str:
        """Run a command; all that it prints."""
        if command == "echo $?":
            code, self.code = self.code, 0
            return f"{code}\n"
        assert self.code == 0, f"the command before ended with {self.code}; let `echo $?` say so"
        if found := re.fullmatch(r"cd (\S+)", command):
            self.here = (self.here / found[1]).resolve(strict=True)
            return ""
        if found := re.fullmatch(r"export (\w+)=(\S*)", command):
            self.environment[found[1]] = found[2]
            return ""
        words = [] if SHELL_READS.search(command) else shlex.split(command.replace("\\\n", " "))
        if words[1:] and Path(words[0]).name == "crossaccount" and words[1] not in LOOK_WHERE_THEY_ARE:
            return self._in_process(words[1:])
        return self._in_shell(command)

    def _in_process(self, arguments: list[str]) -> str:
        with _inside(self.here, self.environment):
            done = CliRunner().invoke(app, arguments)
        gc.enable()
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        self.code = done.exit_code
        return done.output

    def _in_shell(self, command: str) -> str:
        environment = dict(self.environment)
        if not any(word in command for word in LOOK_WHERE_THEY_ARE):
            environment["PATH"] = f"{crossaccount_command().parent}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.here,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        self.code = done.returncode
        return done.stdout

    @contextmanager
    def having(self, tools: Collection[str]) -> Iterator[None]:
        """For as long as a block that needs them: a local AWS, profiles for its accounts, and the ``tools``."""
        if "AWS_ENDPOINT_URL" not in self.environment:
            local = self.resources.enter_context(LocalAws(log_dir=self.root))
            self.environment["AWS_ENDPOINT_URL"] = local.endpoint
            self.environment["LOCAL_AWS_SECRET"] = local.gateway.secret.hex()
        self._write_profiles()
        before = dict(self.environment)
        if "pulumi" in tools:
            self._have_pulumi()
        try:
            yield
        finally:
            self.environment["PATH"] = before["PATH"]
            (self.root / "tools" / "pulumi").unlink(missing_ok=True)

    def _have_pulumi(self) -> None:
        if "PULUMI_HOME" not in self.environment:
            port = self.resources.enter_context(serve_provider())
            self.environment |= private_environment(self.root / "pulumi", port) | {"GOGC": "400"}
            self.environment["REAL_PULUMI"] = str(shutil.which("pulumi"))
        # Its host of Python programs is looked for on the PATH.
        real = Path(self.environment["REAL_PULUMI"]).parent
        self._tool("pulumi", f'exec {sys.executable} {WRAPPER} "$@"')
        self.environment["PATH"] = f"{self.environment['PATH']}{os.pathsep}{real}"

    def _tool(self, name: str, script: str) -> None:
        """Put a tool before all others."""
        file = self.root / "tools" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def _write_profiles(self) -> None:
        """A profile for each account of the address books, under its name: on a local AWS its ID is its root's key."""
        book: dict[str, str] = {}
        for file in [self.here / "Pulumi.yaml", *self.here.glob("*/Pulumi.yaml")]:
            if file.exists():
                content = yaml.safe_load(file.read_text(encoding="utf-8"))
                accounts: Mapping[str, Mapping[str, str]] = content["config"]["crossaccount:accounts"]["value"]
                book |= {name: str(entry["id"]) for name, entry in accounts.items()}
        aws = Path(self.environment["HOME"]) / ".aws"
        aws.mkdir(exist_ok=True)
        gateway = Gateway(self.environment["AWS_ENDPOINT_URL"], bytes.fromhex(self.environment["LOCAL_AWS_SECRET"]))
        keys = "aws_access_key_id = {}\naws_secret_access_key = {}\nregion = us-west-2\n"
        roots = {name: gateway.root(account) for name, account in book.items()}
        text = "".join(
            f"[{name}]\n{keys.format(root.access_key_id, root.secret_access_key)}" for name, root in roots.items()
        )
        (aws / "credentials").write_text(text, encoding="utf-8")


@contextmanager
def _inside(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Be in a folder with an environment."""
    where, was = Path.cwd(), dict(os.environ)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.chdir(where)
        os.environ.clear()
        os.environ.update(was)


def _tools() -> list[str]:
    aws = aws_folder()
    return [str(Path(sys.prefix) / "bin"), *([str(aws)] if aws else [])]


def _folders_without(program: str) -> list[str]:
    """The PATH but for the folders in which the program is, unless a shell is there too."""
    folders = os.environ["PATH"].split(os.pathsep)
    return [each for each in folders if not (Path(each) / program).exists() or (Path(each) / "bash").exists()]
