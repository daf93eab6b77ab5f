"""What counts as a project's own program: every file that it may import or read, and what is refused by name."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from crossaccount.engine import program_files
from crossaccount.engine.program_files import ProgramFiles, compiled_apart
from crossaccount.settings import SettingsError


def _digest(root: Path, directory: Path | None = None, *apart: Path) -> str:
    return ProgramFiles(root, directory or root, apart).digest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project's folder."""
    folder = tmp_path / "project"
    for each in ("lib", ".hidden", "venv/bin", "venv/lib/python3.9/site-packages/boto3", "lib/__pycache__"):
        (folder / each).mkdir(parents=True)
    for file in ("__main__.py", "roles.json", "lib/helper.py", "venv/pyvenv.cfg"):
        (folder / file).write_text("1\n")
    return folder


@pytest.mark.parametrize(
    "file",
    [
        "roles.json",
        "lib/trusts.yaml",
        "README.md",
        "lib.zip",
        "lib/mine-1.0-py3.egg",
        "mine-1.0-py3-none-any.whl",
        "lib/extra.pth",
        ".hidden/module.py",
        ".hidden.json",
        "no_ending",
        "requirements.txt",
        "sitecustomize.py",
        "usercustomize.py",
        "conftest.py",
        "venv/pyvenv.cfg",
        "venv/bin/python",
        "venv/lib/python3.9/site-packages/boto3/__init__.py",
        "venv/lib/python3.9/site-packages/evil.pth",
        "venv/lib/python3.9/site-packages/sitecustomize.py",
        "lib/helper.pyc",
        "lib/__pycache__/roles.json",
        "lib/__pycache__/gone.cpython-311.pyc",
        "access-tests.yaml",
        "Pulumi.other.yaml",
        "lib/Pulumi.other.yaml",
    ],
)
def test_whatever_it_may_import_or_read_counts(root: Path, file: str) -> None:
    before = _digest(root)
    (root / file).write_text("2\n")
    after = _digest(root)
    assert after != before
    (root / file).write_text("3\n")
    assert _digest(root) not in (before, after)


def test_a_module_within_a_zip_file_counts(root: Path) -> None:
    def write(source: str) -> str:
        with zipfile.ZipFile(root / "lib.zip", "w") as packed:
            packed.writestr("mine.py", source)
        return _digest(root)

    assert write("x = 1\n") != write("x = 2\n")


def test_an_edit_within_the_same_moment_and_of_the_same_size_is_seen(root: Path) -> None:
    """The content of a file is not read again where its times and its size are the same; times can be set."""
    file = root / "roles.json"
    file.write_text("aa\n")
    os.utime(file, (1, 1))
    before = _digest(root)
    file.write_text("bb\n")
    os.utime(file, (1, 1))
    assert _digest(root) != before


def test_what_a_link_leads_to_counts_wherever_it_is(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data.json").write_text("1")
    (tmp_path / "one.json").write_text("1")
    (root / "folder").symlink_to(outside)
    (root / "one.json").symlink_to(tmp_path / "one.json")
    seen = [_digest(root)]
    (outside / "data.json").write_text("2")
    seen.append(_digest(root))
    (tmp_path / "one.json").write_text("2")
    seen.append(_digest(root))
    (outside / "module.py").write_text("")
    seen.append(_digest(root))
    (root / "one.json").unlink()
    (root / "one.json").symlink_to(outside / "data.json")  # the same content
    seen.append(_digest(root))
    assert len(set(seen)) == len(seen)


def test_links_that_lead_back_into_the_project_end(root: Path) -> None:
    (root / "lib" / "again").symlink_to(root)
    (root / "lib" / "self").symlink_to(".")
    assert _digest(root) == _digest(root)


@pytest.mark.parametrize("target", ["..", "../..", "/"])
def test_a_link_to_what_contains_the_project_is_refused(root: Path, target: str) -> None:
    (root / "lib" / "up").symlink_to(Path("..") / target)
    with pytest.raises(SettingsError, match=r"^lib/up: leads to a folder that contains the project"):
        _digest(root)


def test_more_files_than_any_program_reads_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_files, "MAX_FILES", 5)
    with pytest.raises(SettingsError, match="has more than 5 files; move what"):
        _digest(root)


@pytest.mark.parametrize(("target", "kind"), [("/dev/zero", "a device"), ("fifo", "a pipe")])
def test_what_delivers_for_ever_is_refused(root: Path, tmp_path: Path, target: str, kind: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (root / "data").symlink_to(tmp_path / target)
    with pytest.raises(SettingsError, match=f"data: is {kind}, not a file"):
        _digest(root)


def test_both_the_projects_folder_and_the_programs_count(tmp_path: Path) -> None:
    root, directory = tmp_path / "project", tmp_path / "shared" / "program"
    for each in (root, directory):
        each.mkdir(parents=True)
    seen = {_digest(root, directory)}
    for file in (root / "data.json", directory / "data.json"):
        file.write_text("1")
        seen.add(_digest(root, directory))
    assert len(seen) == 3
    assert len({_digest(tmp_path / "shared", directory), _digest(directory, tmp_path / "shared")}) == 2


def test_what_changes_while_a_job_runs_does_not_count(root: Path) -> None:
    apart = root / "plan"
    before = _digest(root, None, apart)
    py_compile.compile(str(root / "lib" / "helper.py"))
    (root / ".#helper.py").symlink_to("bo@host.1")  # what an editor leaves while a file is open
    (root / ".git").mkdir()
    (root / ".git" / "HEAD").write_text("ref")
    apart.mkdir()
    (apart / "review.json").write_text("{}")
    assert _digest(root, None, apart) == before
    (root / "Pulumi.auth.yaml").write_text("config: {}\n")
    before = _digest(root, None, apart)
    (root / "Pulumi.auth.yaml").write_text("encryptionsalt: v1:abc\nconfig: {}\n")
    assert _digest(root, None, apart) == before


def test_what_the_cli_adds_to_a_stacks_file_does_not_count_of_a_project_below_its_program(tmp_path: Path) -> None:
    """As in the examples of this repository, whose ``main`` is ``../../``."""
    root = tmp_path / "examples" / "one"
    root.mkdir(parents=True)
    (root / "Pulumi.auth.yaml").write_text("config: {}\n")
    before = _digest(root, tmp_path)
    (root / "Pulumi.auth.yaml").write_text("encryptionsalt: v1:abc\nconfig: {}\n")
    assert _digest(root, tmp_path) == before
    (root / "Pulumi.auth.yaml").write_text("config: {a: b}\n")
    assert _digest(root, tmp_path) != before


def test_what_the_command_prints_into_the_folder_does_not_count(root: Path) -> None:
    code = (
        "from pathlib import Path\nfrom crossaccount.engine.program_files import ProgramFiles\n"
        "print(ProgramFiles(Path('.').resolve(), Path('.').resolve()).digest())\n"
    )
    before = _digest(root)
    with (root / "preview.md").open("w") as file:
        subprocess.run([sys.executable, "-c", code], cwd=root, stdout=file, check=True, env=_environment())
    assert (root / "preview.md").read_text().strip() == before


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(program_files.__file__).parents[2])}


Forge = Callable[[Path, Path], None]


def _checked(source: Path, compiled: Path) -> None:
    py_compile.compile(
        str(source), cfile=str(compiled), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH
    )


def _by_time(source: Path, compiled: Path) -> None:
    py_compile.compile(str(source), cfile=str(compiled), doraise=True)


@pytest.mark.parametrize("header_of", [_checked, _by_time])
def test_compiled_code_that_only_looks_like_its_source_is_never_run(tmp_path: Path, header_of: Forge) -> None:
    """Its header is that of the source: Python by itself would believe it."""
    source, other, genuine = tmp_path / "helper.py", tmp_path / "other.py", tmp_path / "genuine.pyc"
    source.write_text("which = 'source'\n")
    other.write_text("which = 'forged'\n")
    compiled = tmp_path / "__pycache__" / f"helper.{sys.implementation.cache_tag}.pyc"
    header_of(source, genuine)
    header_of(other, compiled)
    compiled.write_bytes(genuine.read_bytes()[:16] + compiled.read_bytes()[16:])

    def run(**more: str) -> str:
        command = [sys.executable, "-c", "import helper; print(helper.which)"]
        environment = {"PATH": os.environ["PATH"], **more}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert run() == "forged"
    assert run(**compiled_apart()) == "source"
