"""The job with its state in an S3 bucket of an account of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.engine.pulumi_cli import installed
from crossaccount.job.errors import BackendError
from crossaccount.job.opening import LocalParts, local_parts
from crossaccount.job.stacks import Stacks
from crossaccount.job.states import CliBackend

pytestmark = [pytest.mark.engine, pytest.mark.skipif(not installed(), reason="there is no pulumi CLI on the PATH")]

TUTORIAL = Path(__file__).parents[2] / "examples" / "tutorial"
STATE_ACCOUNT = "888888888888"


@pytest.fixture
def local() -> Iterator[LocalParts]:
    with local_parts(TUTORIAL, program) as found:
        found.aws.session(STATE_ACCOUNT).s3.create_bucket(Bucket="state")
        yield found


def test_deploys_and_finds_again_what_it_deployed(local: LocalParts) -> None:
    stacks = _stacks(local, STATE_ACCOUNT)
    assert stacks.up().ok
    assert {each.stack: each.status for each in stacks.up().outcomes.values()} == {
        "production": "unchanged",
        "development": "unchanged",
    }
    assert stacks.outputs()["production"]["roles"] == {"UpdateApp": "arn:aws:iam::999999999999:role/UpdateApp"}
    kept = local.aws.session(STATE_ACCOUNT).s3.list_objects_v2(Bucket="state", Prefix=".pulumi/stacks/")["Contents"]
    assert {each["Key"].rsplit("/", 1)[1] for each in kept} >= {"production.json", "development.json"}


def test_nothing_begins_where_the_bucket_is_another_accounts(local: LocalParts) -> None:
    with pytest.raises(BackendError, match=r"state backend: .*AccessDenied"):
        _stacks(local, "777777777777").up()


def _stacks(local: LocalParts, account: str) -> Stacks:
    endpoint = local.aws.endpoint.removeprefix("http://")
    environment = {
        **local.engine.environment,
        "PULUMI_BACKEND_URL": f"s3://state?endpoint={endpoint}&s3ForcePathStyle=true&region=us-east-1&disableSSL=true",
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": local.aws.gateway.root(account).secret_access_key,
    }
    engine = AutomationEngine(program, environment, local.engine.folder)
    assert engine.folder is not None
    return Stacks(TUTORIAL, engine, CliBackend(engine.folder, engine.command, environment))
