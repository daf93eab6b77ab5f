"""Reading accounts as they are, with each stack's own credentials, on a local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crossaccount.job.sign_in.live_accounts import InvalidCredentials, LiveAccounts, WrongAccount
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.local.clients import Credentials
from crossaccount.local.server import LocalAws

HUB, SPOKE = "111111111111", "222222222222"
MANY = [f"3000000000{number:02}" for number in range(20)]


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with LocalAws() as running:
        yield running


def config(local: LocalAws, account: str, **more: Any) -> dict[str, object]:
    """A stack's config with its account's root, on the local AWS."""
    endpoints = [dict.fromkeys(("iam", "sts"), local.endpoint)]
    secret = local.gateway.root(account).secret_access_key
    return {"aws:accessKey": account, "aws:secretKey": secret, "aws:endpoints": endpoints, **more}


def profile(name: str, credentials: Credentials) -> str:
    """A section of a credentials file."""
    keys = f"aws_access_key_id={credentials.access_key_id}\naws_secret_access_key={credentials.secret_access_key}\n"
    return f"[{name}]\n{keys}"


def trust(principal: str, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_many_accounts_side_by_side_and_none_is_taken_for_another(local: LocalAws) -> None:
    for account in MANY:
        local.session(account).iam.create_role(
            RoleName=f"of-{account}",
            AssumeRolePolicyDocument=trust(f"arn:aws:iam::{HUB}:root"),
            MaxSessionDuration=7200,
        )
    accounts = LiveAccounts({account: config(local, account) for account in MANY})
    with ThreadPoolExecutor(8) as readers:
        found = list(readers.map(lambda account: accounts(account, account), MANY))
    for account, details in zip(MANY, found, strict=True):
        (role,) = details["RoleDetailList"]
        assert (role["RoleName"], role["MaxSessionDuration"]) == (f"of-{account}", 7200)
    accounts.close()


def test_an_empty_account_is_known_by_its_credentials(local: LocalAws) -> None:
    accounts = LiveAccounts({"s": config(local, "444444444444")})
    assert accounts("s", "444444444444")["RoleDetailList"] == []
    with pytest.raises(WrongAccount, match="to account 444444444444, but the stack is for account 555555555555"):
        accounts("s", "555555555555")


def test_keys_that_aws_does_not_know_are_reported_to_be_invalid(local: LocalAws) -> None:
    keys = {"aws:accessKey": "AKIAIOSFODNN7EXAMPLE", "aws:secretKey": "w" * 40}
    accounts = LiveAccounts({"s": {**config(local, SPOKE), **keys}})
    with pytest.raises(
        InvalidCredentials, match=r"does not accept the stack's credentials \(InvalidClientTokenId: .*correct"
    ):
        accounts("s", SPOKE)


def test_through_a_role_with_its_external_id(local: LocalAws) -> None:
    hub, spoke = local.session(HUB), local.session(SPOKE)
    hub.iam.create_user(UserName="ci")
    grant = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{SPOKE}:role/Reader"}
    hub.iam.put_user_policy(
        UserName="ci", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    )
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": "x1"}}}
    spoke.iam.create_role(RoleName="Reader", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{HUB}:user/ci", **condition))
    spoke.iam.attach_role_policy(RoleName="Reader", PolicyArn="arn:aws:iam::aws:policy/SecurityAudit")
    key = hub.iam.create_access_key(UserName="ci")["AccessKey"]
    keys = {"aws:accessKey": key["AccessKeyId"], "aws:secretKey": key["SecretAccessKey"]}

    role = {"roleArn": f"arn:aws:iam::{SPOKE}:role/Reader", "externalId": "x1"}
    accounts = LiveAccounts(
        {
            "right": {**config(local, SPOKE), **keys, "aws:assumeRoles": [role]},
            "wrong": {**config(local, SPOKE), **keys, "aws:assumeRoles": [{**role, "externalId": "y1"}]},
        }
    )
    assert [each["RoleName"] for each in accounts("right", SPOKE)["RoleDetailList"]] == ["Reader"]
    with pytest.raises(NotReadable, match="AWS refuses AssumeRole"):
        accounts("wrong", SPOKE)


def test_a_profile_of_the_stack_comes_before_the_environment(
    local: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"AWS_CONFIG_FILE": tmp_path / "config", "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "credentials"}
    for name, file in files.items():
        monkeypatch.setenv(name, str(file))
    profiles = "".join(profile(account, local.gateway.root(account)) for account in MANY[:2])
    files["AWS_CONFIG_FILE"].write_text("".join(f"[profile {account}]\n" for account in MANY[:2]))
    files["AWS_SHARED_CREDENTIALS_FILE"].write_text(profiles)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", MANY[2])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", local.gateway.root(MANY[2]).secret_access_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL", local.endpoint)

    configs: dict[str, dict[str, object]] = {account: {"aws:profile": account} for account in MANY[:2]}
    accounts = LiveAccounts({**configs, "none": {}, "typo": {"aws:profile": f"{MANY[0]}0"}})
    for stack, account in ((MANY[0], MANY[0]), (MANY[1], MANY[1]), ("none", MANY[2])):
        with accounts.signed_in(stack) as client:
            assert client("sts").get_caller_identity()["Account"] == account
    with pytest.raises(NotReadable, match=f"there is no profile {MANY[0]}0; did you mean"):
        accounts("typo", MANY[0])


PROVIDER = "token.actions.githubusercontent.com"


def web_token(local: LocalAws, subject: str) -> str:
    """A token with GitHub's claims. In GitHub's place the local AWS itself signs it."""
    claims = {"iss": f"https://{PROVIDER}", "aud": "sts.amazonaws.com", "sub": subject}
    return local.gateway.web_identity_token(claims)


def role_for_github(local: LocalAws, name: str, *policies: str) -> str:
    """A role of the hub that a repository's workflows may assume, if their tokens say whose they are."""
    iam = local.session(HUB).iam
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_open_id_connect_provider(Url=f"https://{PROVIDER}", ClientIDList=["sts.amazonaws.com"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{HUB}:oidc-provider/{PROVIDER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{PROVIDER}:aud": "sts.amazonaws.com"},
            "StringLike": {f"{PROVIDER}:sub": "repo:org/iam:*"},
        },
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return role


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no credentials of its own, as a CI runner."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("nobody")
def test_a_web_identity_needs_no_other_credentials(local: LocalAws, tmp_path: Path) -> None:
    role = role_for_github(local, "CI", "arn:aws:iam::aws:policy/SecurityAudit")
    endpoints = [dict.fromkeys(("iam", "sts"), local.endpoint)]
    token = tmp_path / "token"

    def stack(**how: str) -> dict[str, object]:
        return {"aws:endpoints": endpoints, "aws:assumeRoleWithWebIdentity": {"roleArn": role, **how}}

    accounts = LiveAccounts(
        {
            "ours": stack(webIdentityToken=web_token(local, "repo:org/iam:ref:refs/heads/main")),
            "theirs": stack(webIdentityToken=web_token(local, "repo:fork/iam:ref:refs/heads/main")),
            "in a file": stack(webIdentityTokenFile=str(token), sessionName="run-7"),
        }
    )
    assert "CI" in {each["RoleName"] for each in accounts("ours", HUB)["RoleDetailList"]}
    with pytest.raises(NotReadable, match="AWS refuses AssumeRoleWithWebIdentity: Not authorized"):
        accounts("theirs", HUB)
    with pytest.raises(
        NotReadable, match=rf"token in {token}: cannot be read \(No such file or directory\); check the path"
    ):
        accounts("in a file", HUB)
    token.write_text(web_token(local, "repo:org/iam:pull_request"))
    with accounts.signed_in("in a file") as client:
        assert client("sts").get_caller_identity()["Arn"] == f"arn:aws:sts::{HUB}:assumed-role/CI/run-7"


@pytest.mark.usefixtures("nobody")
def test_from_a_web_identity_roles_are_assumed_and_keys_do_not_count(local: LocalAws) -> None:
    role = role_for_github(local, "Hub")
    name = f"arn:aws:iam::{SPOKE}:role/FromGitHub"
    grant = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": name}
    local.session(HUB).iam.put_role_policy(
        RoleName="Hub", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    )
    spoke = local.session(SPOKE).iam
    spoke.create_role(RoleName="FromGitHub", AssumeRolePolicyDocument=trust(role))
    spoke.attach_role_policy(RoleName="FromGitHub", PolicyArn="arn:aws:iam::aws:policy/SecurityAudit")
    token = web_token(local, "repo:org/iam:ref:refs/heads/main")
    stack = config(
        local,
        "555555555555",
        **{
            "aws:assumeRoleWithWebIdentity": {"roleArn": role, "webIdentityToken": token},
            "aws:assumeRoles": [{"roleArn": name, "sessionName": "run-7"}],
        },
    )
    accounts = LiveAccounts({"s": stack})
    with accounts.signed_in("s") as client:
        assert client("sts").get_caller_identity()["Arn"] == f"arn:aws:sts::{SPOKE}:assumed-role/FromGitHub/run-7"
    assert "FromGitHub" in {each["RoleName"] for each in accounts("s", SPOKE)["RoleDetailList"]}


@pytest.mark.usefixtures("nobody")
def test_profiles_are_looked_for_in_the_files_that_the_stack_names(
    local: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local.endpoint)
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, account in ((here, HUB), (there, SPOKE)):
        folder.mkdir()
        (folder / "config").write_text("[profile ci]\n")
        (folder / "credentials").write_text(profile("ci", local.gateway.root(account)))
    shared = {
        folder.name: {
            "aws:profile": "ci",
            "aws:sharedConfigFiles": [str(folder / "config")],
            "aws:sharedCredentialsFiles": [str(folder / "credentials")],
        }
        for folder in (here, there)
    }
    accounts = LiveAccounts({**shared, "elsewhere": {"aws:profile": "ci"}})
    for stack, account in (("here", HUB), ("there", SPOKE), ("here", HUB)):
        with accounts.signed_in(stack) as client:
            assert client("sts").get_caller_identity()["Account"] == account
    with pytest.raises(NotReadable, match="there is no profile ci"):
        accounts("elsewhere", HUB)


def test_nobody_signed_in(local: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", local.endpoint)
    with pytest.raises(NotReadable, match="there are no credentials"):
        LiveAccounts({"s": {}})("s", HUB)


def test_nobody_answers() -> None:
    endpoints = [dict.fromkeys(("iam", "sts"), "http://127.0.0.1:9")]
    accounts = LiveAccounts({"s": {"aws:accessKey": HUB, "aws:secretKey": "s", "aws:endpoints": endpoints}})
    with pytest.raises(NotReadable, match="Could not connect"):
        accounts("s", HUB)
