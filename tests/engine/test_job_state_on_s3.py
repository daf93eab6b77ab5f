"""The job with its state in an S3 bucket of an account of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.engine.pulumi_cli import installed
from crossaccount.job.errors import BackendError
from crossaccount.job.fleet import Fleet
from crossaccount.job.local import LocalFleet, local_fleet
from crossaccount.job.states.backend import CliBackend

pytestmark = [pytest.mark.engine, pytest.mark.skipif(not installed(), reason="there is no pulumi CLI on the PATH")]

TUTORIAL = Path(__file__).parents[2] / "examples" / "tutorial"
STATE_ACCOUNT = "888888888888"


@pytest.fixture
def local() -> Iterator[LocalFleet]:
    with local_fleet(TUTORIAL, program) as found:
        found.aws.session(STATE_ACCOUNT).s3.create_bucket(Bucket="state")
        yield found


def test_deploys_and_finds_again_what_it_deployed(local: LocalFleet) -> None:
    fleet = _fleet(local, STATE_ACCOUNT)
    assert fleet.up().ok
    assert {each.stack: each.status for each in fleet.up().outcomes.values()} == {
        "production": "unchanged",
        "development": "unchanged",
    }
    assert fleet.outputs()["production"]["roles"] == {"UpdateApp": "arn:aws:iam::999999999999:role/UpdateApp"}
    kept = local.aws.session(STATE_ACCOUNT).s3.list_objects_v2(Bucket="state", Prefix=".pulumi/stacks/")["Contents"]
    assert {each["Key"].rsplit("/", 1)[1] for each in kept} >= {"production.json", "development.json"}


def test_nothing_begins_where_the_bucket_is_another_accounts(local: LocalFleet) -> None:
    with pytest.raises(BackendError, match=r"state backend: .*AccessDenied"):
        _fleet(local, "777777777777").up()


def _fleet(local: LocalFleet, account: str) -> Fleet:
    endpoint = local.aws.endpoint.removeprefix("http://")
    environment = {
        **local.engine.environment,
        "PULUMI_BACKEND_URL": f"s3://state?endpoint={endpoint}&s3ForcePathStyle=true&region=us-east-1&disableSSL=true",
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": local.aws.gateway.root(account).secret_access_key,
    }
    engine = AutomationEngine(program, environment, local.engine.folder)
    assert engine.folder is not None
    return Fleet(TUTORIAL, engine, CliBackend(engine.folder, engine.command, environment))
