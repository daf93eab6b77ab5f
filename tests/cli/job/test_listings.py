"""``--format`` of the job's verbs: the list on stdout, everything else on stderr."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import pytest

from crossaccount.cli.job.view import job_view
from crossaccount.cli.tables import Format
from crossaccount.engine import pulumi_cli
from crossaccount.job import events
from tests.cli.conftest import Run

STATUS = [
    events.StackStatus(
        stack="auth",
        state="deployed",
        account_id="111111111111",
        updated="2026-01-02T03:04:05Z",
        result="failed",
        resources=12,
        held_by="kim@host",
    ),
    events.StackStatus(stack="workload", state="never-deployed", account_id="222222222222"),
]
DRIFT = events.Drift(
    stack="auth",
    resources=(
        {"op": "delete", "type": "aws:iam/role:Role", "name": "auth-role-Gone"},
        {
            "op": "update",
            "type": "aws:iam/role:Role",
            "name": "auth-role-R",
            "properties": {"maxSessionDuration": {"deployed": 3600, "live": 7200}},
        },
    ),
)


@pytest.fixture(autouse=True)
def _no_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi_cli, "installed", lambda: False)


def _printed(
    capsys: pytest.CaptureFixture[str], verb: str, form: Format, found: Iterable[events.Event]
) -> tuple[str, str]:
    with job_view(as_json=False, verb=verb, form=form) as emit:
        for each in found:
            emit(each)
        emit(events.JobFinished(verb=verb, status="succeeded", stacks={}, seconds=1.0))
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_the_status_of_stacks_is_a_record_each(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = _printed(capsys, "status", Format.csv, STATUS)
    assert list(csv.DictReader(io.StringIO(out))) == [
        {
            "stack": "auth",
            "account": "111111111111",
            "state": "deployed",
            "last update": "2026-01-02 03:04 UTC",
            "resources": "12",
            "notes": "its last update failed; held by kim@host",
        },
        {
            "stack": "workload",
            "account": "222222222222",
            "state": "never deployed",
            "last update": "",
            "resources": "",
            "notes": "",
        },
    ]
    assert err.startswith("status succeeded")


def test_a_table_of_the_status_fits_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out, _ = _printed(capsys, "status", Format.table, STATUS)
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2].split()[0] == "auth"
    assert "111111111111" in lines[3]


def test_drift_is_a_record_for_each_property(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = _printed(capsys, "drift", Format.csv, [DRIFT])
    assert list(csv.reader(io.StringIO(out)))[1:] == [
        ["auth", "auth-role-Gone", "", "", "it is gone"],
        ["auth", "auth-role-R", "maxSessionDuration", "3600", "7200"],
    ]


def test_what_a_stack_of_another_verb_did_is_not_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """With --local all stacks are deployed first."""
    finished = events.JobFinished(verb="up", status="succeeded", stacks={}, seconds=1.0)
    out, err = _printed(capsys, "status", Format.wide, [finished, *STATUS])
    assert out.count("stack") == 1, "one heading"
    assert "up succeeded" in err


def test_outputs_are_a_record_for_each_value(run: Run, tutorial: object) -> None:
    del tutorial
    done = run("outputs", "production", "--local", "--format", "csv")
    rows = list(csv.reader(io.StringIO(done.out)))
    assert done.code == 0
    assert rows[0] == ["stack", "output", "name", "value"]
    assert ["production", "roles", "UpdateApp", "arn:aws:iam::999999999999:role/UpdateApp"] in rows
    assert ["production", "access", "policy/read-write-app-bucket", "may s3:ListAllMyBuckets on *"] in rows
    shown = run("outputs", "production", "--local").out
    assert "? " not in shown, "a long key of YAML"
    assert "    - may s3:ListAllMyBuckets on *" in shown.splitlines()


def test_a_preview_lists_the_changes_of_access(run: Run, tutorial: object) -> None:
    del tutorial
    done = run("preview", "--local", "--no-resources", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert (done.code, rows[0]["change"]) == (0, "path-gained")
    assert rows[0]["access"] == "development/user/David → production/role/UpdateApp"
    assert "needs separate approval: broadening, credentials" in done.err


def test_two_documents_on_stdout_are_refused(run: Run, tutorial: object) -> None:
    del tutorial
    done = run("preview", "--local", "--format", "csv", "--markdown", "-")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("--format: stdout holds the Markdown, got csv")
