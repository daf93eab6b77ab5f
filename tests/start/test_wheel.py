"""What is built and published: the archives, what they say of themselves, and the first hour with the wheel alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.scenarios import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IDS = ("--trusted-id", "123456789012", "--trusting-id", "210987654321", "--user", "bo")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archives, built from a copy of the checkout, since a build leaves its traces."""
    checkout = tmp_path_factory.mktemp("checkout") / "copy"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    return _build(checkout, checkout.parent / "dist")


def _build(source: Path, to: Path, *options: str) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", *options, "--outdir", str(to), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deprecat" not in done.stdout + done.stderr
    return to


def _wheel(dist: Path) -> Path:
    [wheel] = dist.glob("*.whl")
    return wheel


def test_the_wheel_takes_no_name_but_ours(built: Path) -> None:
    names = zipfile.ZipFile(_wheel(built)).namelist()
    assert {name.split("/")[0] for name in names} == {"crossaccount", f"crossaccount-{_version()}.dist-info"}
    assert {
        "crossaccount/py.typed",
        "crossaccount/components/declaration.py",
        "crossaccount/start/requirements-locked.txt",
        "crossaccount/settings/schema.json",
    } <= set(names)
    assert not [name for name in names if name.endswith(".pyc") or "/tests/" in name]


def test_an_archive_built_again_from_the_source_archive_is_the_same(built: Path, tmp_path: Path) -> None:
    [source] = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    [unpacked] = tmp_path.iterdir()
    for file in unpacked.rglob("*"):
        file.touch()
    again = _build(unpacked, tmp_path / "dist")
    for first in built.iterdir():
        assert (again / first.name).read_bytes() == first.read_bytes(), first.name


def test_a_wheel_built_from_the_checkout_itself_is_the_same(built: Path, tmp_path: Path) -> None:
    """pip builds so from a git address or a folder. A file's age must not decide which of two files is packed."""
    checkout = built.parent / "copy"
    for file in (checkout / "crossaccount" / "components").iterdir():
        file.touch()
    [wheel] = _build(checkout, tmp_path / "dist", "--wheel").iterdir()
    assert wheel.read_bytes() == _wheel(built).read_bytes()


def test_the_metadata_says_what_an_index_shows(built: Path) -> None:
    archive = zipfile.ZipFile(_wheel(built))
    said = Parser().parsestr(archive.read(f"crossaccount-{_version()}.dist-info/METADATA").decode())
    assert (said["Name"], said["License-Expression"], said["Requires-Python"]) == (
        "crossaccount",
        "Apache-2.0",
        ">=3.11",
    )
    assert set(said.get_all("Provides-Extra") or []) == {"build", "local", "dask", "dev"}
    assert {"Typing :: Typed", "Topic :: Security"} <= set(said.get_all("Classifier") or [])
    assert said["Description-Content-Type"] == "text/markdown"


def test_what_is_pinned_is_what_the_metadata_allows() -> None:
    allowed = {canonicalize_name(each.name): each for each in map(Requirement, PROJECT["dependencies"])}
    pinned = [
        Requirement(line)
        for name in ("requirements.txt", "requirements-toolkit.txt")
        for line in (ROOT / name).read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert {canonicalize_name(each.name) for each in pinned} == allowed.keys()
    for each in pinned:
        [version] = [str(specifier).removeprefix("==") for specifier in each.specifier]
        assert version in allowed[canonicalize_name(each.name)].specifier, each


def test_the_first_hour_needs_the_wheel_alone(built: Path, tmp_path: Path) -> None:
    """What it depends on is that of this environment; .ci/first-hour installs that too."""
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(_wheel(built))], check=True, capture_output=True)
    for command in (
        ("init", "mine", *IDS),
        ("check", "--dir", "mine"),
        ("rehearse", "mine", "--engine", "in-process"),
        ("report", "stack:mine/auth", "stack:mine/workload", "--html", "report.html", "--markdown", "report.md"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "crossaccount", *command],
            cwd=tmp_path,
            env={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "crossaccount", "demo"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "crossaccount init mine" in done.stderr) == (2, True), done.stderr
    assert "ReadOnly" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert (tmp_path / "mine" / "__main__.py").read_text().startswith("from crossaccount.components.program import")


RELEASE = ROOT / ".github" / "workflows" / "release.yaml"


def test_the_release_workflow_is_clean_to_the_strictest_audits() -> None:
    zizmor = [Path(sys.executable).parent / "zizmor", "--offline", "--no-progress", "--persona=auditor", RELEASE]
    done = subprocess.run(zizmor, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_job_that_publishes_can_sign_and_it_runs_no_code_of_the_repository() -> None:
    jobs = yaml.safe_load(RELEASE.read_text())["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["publish"]
    assert not [step for step in jobs["publish"]["steps"] if "run" in step or "checkout" in step["uses"]]
    assert jobs["publish"]["needs"] == "try"


def _version() -> str:
    [version] = re.findall(r'__version__ = "(.+)"', (ROOT / "crossaccount" / "__init__.py").read_text())
    return str(version)
