"""One local AWS for all tests here; each test has accounts of its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.server import LocalAws

_ACCOUNTS = itertools.count(100000000001)


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(log_dir=tmp_path_factory.mktemp("local-aws")) as running:
        yield running


@pytest.fixture
def identity(local_aws: LocalAws) -> Iterator[Callable[[Credentials], Aws]]:
    """Somebody at the local AWS, by credentials; connections are closed after the test."""
    made: list[Aws] = []

    def identity(credentials: Credentials) -> Aws:
        made.append(Aws(local_aws.endpoint, credentials))
        return made[-1]

    yield identity
    for aws in made:
        aws.close()


@pytest.fixture
def fresh_account(local_aws: LocalAws, identity: Callable[[Credentials], Aws]) -> Callable[[], Aws]:
    """The root of an account that nobody has used."""
    return lambda: identity(local_aws.gateway.root(str(next(_ACCOUNTS))))


@pytest.fixture
def root(fresh_account: Callable[[], Aws]) -> Aws:
    """The root of this test's account."""
    return fresh_account()


@pytest.fixture
def user(identity: Callable[[Credentials], Aws]) -> Callable[..., Aws]:
    """Make a user with an access key in an account, with an inline policy of these actions on everything."""

    def user(root: Aws, name: str, *actions: str) -> Aws:
        root.iam.create_user(UserName=name)
        if actions:
            root.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*actions))
        key = root.iam.create_access_key(UserName=name)["AccessKey"]
        return identity(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))

    return user


@pytest.fixture
def assume(identity: Callable[[Credentials], Aws]) -> Callable[..., Aws]:
    """The session that somebody gets by assuming a role."""

    def assume(caller: Aws, role: str, **more: Any) -> Aws:
        answer = caller.sts.assume_role(RoleArn=role, RoleSessionName="test", **more)
        made = answer["Credentials"]
        return identity(Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))

    return assume


@pytest.fixture
def role() -> Callable[..., str]:
    """Make a role that trusts these AWS principals; its ARN."""

    def role(root: Aws, name: str, *trusted: str, **more: Any) -> str:
        made = root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(*trusted), **more)
        return made["Role"]["Arn"]

    return role


@pytest.fixture
def refused() -> Callable[[str, str], AbstractContextManager[None]]:
    """Expect AWS to refuse with an error code and a part of its message."""

    @contextmanager
    def refused(code: str, message: str) -> Iterator[None]:
        with pytest.raises(ClientError) as caught:
            yield
        error = caught.value.response["Error"]
        assert (error["Code"], error["Message"]) == (code, message)

    return refused


def policy(*actions: str, resource: str = "*") -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}
    )


def trust(*principals: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principals}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
