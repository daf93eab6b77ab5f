"""Every command block of the README, the docs and the examples is run, and prints what stands below it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from tests.docs.commands.markdown import Block, Command, blocks, commands, commands_out_of_place
from tests.docs.commands.matching import matches
from tests.docs.commands.sandbox import ROOT, Sandbox
from tests.preloaded import aws_command

DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md", "benchmarks/**/*.md")
    for path in ROOT.glob(pattern)
    if "adr" not in path.parts and path.name != "CHANGELOG.md"
)
WITH_COMMANDS = [path for path in DOCUMENTS if any(block.info == "console" for block in blocks(ROOT / path))]
TOOLS = {"pulumi": lambda: shutil.which("pulumi"), "aws": aws_command}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with ExitStack() as resources:
        yield Sandbox(tmp_path, resources)


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=str)
def test_every_command_prints_what_is_below_it(document: Path, sandbox: Sandbox) -> None:
    if document.parts[0] == "examples":
        sandbox.run(f"cd {document.parent}")
    left_out = []
    for block in blocks(ROOT / document):
        if block.mark == "file":
            sandbox.write(block.said, block.text)
        elif block.info == "diff":
            sandbox.change(block.text)
        elif block.info == "console" and block.mark != "not run":
            needed = block.said.split(", ") if block.mark == "needs" else []
            if missing := [tool for tool in needed if not TOOLS[tool]()]:
                left_out.append(f"line {block.line} (there is no {' and no '.join(missing)})")
                continue
            with sandbox.having(needed) if needed else nullcontext():
                for command in commands(block):
                    _run(command, sandbox)
    assert sandbox.code == 0, "the last command failed, and nothing says so"
    if left_out:
        pytest.skip(f"all but {', '.join(left_out)}")


def _run(command: Command, sandbox: Sandbox) -> None:
    printed = sandbox.run(command.text)
    assert matches(command.printed, printed), (
        f"line {command.line}: $ {command.text}\nshould print\n" + "\n".join(command.printed) + f"\nprints\n{printed}"
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_no_command_is_where_none_is_run(document: Path) -> None:
    assert list(commands_out_of_place(ROOT / document)) == []


def test_what_is_not_run_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    found = [(str(document), block) for document in DOCUMENTS for block in _not_run(document)]
    with capsys.disabled():
        print(f"\n{len(found)} blocks of the docs are not run:")
        for document, block in found:
            print(f"  {document}:{block.line}: {block.said}")
    assert [(document, block.said) for document, block in found] == NOT_RUN


def _not_run(document: Path) -> Iterator[Block]:
    return (block for block in blocks(ROOT / document) if block.mark == "not run")


NOT_RUN = [
    ("benchmarks/access/README.md", "takes a minute"),
    ("benchmarks/check/README.md", "takes some minutes"),
    ("benchmarks/fleet/README.md", "takes some minutes"),
    ("benchmarks/job/README.md", "takes minutes"),
    ("benchmarks/report/README.md", "takes a minute"),
    ("docs/guide/components.md", "installs a release"),
    ("docs/guide/fleet.md", "needs an organisation"),
    ("docs/guide/job-workers.md", "needs several machines"),
    ("docs/guide/organization.md", "needs an organisation"),
    ("docs/guide/terraform.md", "needs terraform, its provider and an AWS account"),
    ("docs/guide/terraform.md", "needs an AWS account"),
    ("docs/guide/troubleshooting.md", "needs a secret that is scheduled for deletion"),
    ("examples/break-glass/README.md", "it needs AWS"),
]
