"""The provider over gRPC, without a CLI."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as proto

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS
from crossaccount.local.handlers.properties import SECRET, SIGNATURE, UNKNOWN_ON_THE_WIRE
from crossaccount.local.provider import serve_provider
from crossaccount.local.provider.connections import owner

ROLE = "aws:iam/role:Role"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def struct(values: dict[str, Any]) -> Struct:
    result = Struct()
    result.update(values)
    return result


def values(properties: Struct) -> dict[str, Any]:
    return json_format.MessageToDict(properties)


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def of(type_: str, **more: Any) -> dict[str, Any]:
    """What every request says of its resource."""
    return {"urn": f"urn:pulumi:s::p::x:index:Component${type_}::name", "type": type_, "name": "name", **more}


def error(code: grpc.StatusCode, call: Callable[[], Any]) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() is code
    message = caught.value.details()
    assert "\n" not in message
    assert "Traceback" not in message
    return message


class Engine:
    """The engine's side of one provider: a connection of its own."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(
            f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
        )
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self.stub.Handshake(proto.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))

    def configure(self, aws: Aws, **more: Any) -> None:
        given = {
            "endpoints": json.dumps([{"iam": aws.endpoint, "sts": aws.endpoint}]),
            "accessKey": aws.credentials.access_key_id,
            "secretKey": aws.credentials.secret_access_key,
            "version": "7.51.1",
            **{key: json.dumps(value) if isinstance(value, (list, dict)) else value for key, value in more.items()},
        }
        checked = self.stub.CheckConfig(proto.CheckRequest(news=struct(given)))
        assert not checked.failures
        self.stub.Configure(proto.ConfigureRequest(args=checked.inputs, acceptSecrets=True))

    def check(self, type_: str, inputs: dict[str, Any]) -> Any:
        return self.stub.Check(proto.CheckRequest(**of(type_), news=struct(inputs)))

    def create(self, type_: str, inputs: dict[str, Any], preview: bool = False) -> Any:
        checked = self.check(type_, inputs)
        assert not checked.failures
        return self.stub.Create(proto.CreateRequest(**of(type_), properties=checked.inputs, preview=preview))

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def connect() -> Iterator[Callable[[], Engine]]:
    """Engines attached to one server."""
    with ExitStack() as stack:
        port = stack.enter_context(serve_provider())

        def connect() -> Engine:
            engine = Engine(port)
            stack.callback(engine.close)
            return engine

        yield connect


@pytest.fixture
def engine(connect: Callable[[], Engine], root: Aws) -> Engine:
    """An engine whose provider is this test's account."""
    engine = connect()
    engine.configure(root)
    return engine


def test_it_says_what_it_is(connect: Callable[[], Engine]) -> None:
    stub = connect().stub
    handshake = stub.Handshake(proto.ProviderHandshakeRequest(engine_address="x"))
    assert handshake.accept_secrets
    assert stub.GetPluginInfo(empty_pb2.Empty()).version == "7.51.1"
    assert stub.Attach(plugin_pb2.PluginAttach(address="x")) == empty_pb2.Empty()
    assert stub.Cancel(empty_pb2.Empty()) == empty_pb2.Empty()
    schema = json.loads(stub.GetSchema(proto.GetSchemaRequest()).schema)
    assert set(schema["resources"]) == set(HANDLERS)
    assert schema["resources"][ROLE]["requiredInputs"] == ["assumeRolePolicy", "name"]


def test_a_bad_configuration_is_refused_by_key(connect: Callable[[], Engine]) -> None:
    news = struct({"endpoints": '[{"iam": "https://iam.amazonaws.com"}]', "accessKey": "1", "secretKey": "x"})
    answer = connect().stub.CheckConfig(proto.CheckRequest(news=news))
    assert [failure.property for failure in answer.failures] == ["endpoints"]
    assert "must be loopback" in answer.failures[0].reason


def test_configure_refuses_it_too(connect: Callable[[], Engine]) -> None:
    given = struct({"endpoints": '[{"iam": "https://iam.amazonaws.com"}]', "accessKey": "1", "secretKey": "x"})
    stub = connect().stub
    assert "must be loopback" in error(
        grpc.StatusCode.UNKNOWN, lambda: stub.Configure(proto.ConfigureRequest(args=given))
    )


def test_the_wrong_account_is_refused(connect: Callable[[], Engine], root: Aws) -> None:
    engine = connect()
    message = error(grpc.StatusCode.UNKNOWN, lambda: engine.configure(root, allowedAccountIds=["999999999999"]))
    assert message == f"AWS account ID not allowed: {root.account_id()}"


def test_a_provider_that_was_not_configured_does_nothing(connect: Callable[[], Engine]) -> None:
    engine = connect()
    inputs = {"name": "R", "assumeRolePolicy": TRUST}
    assert "is not configured on this connection" in error(grpc.StatusCode.UNKNOWN, lambda: engine.create(ROLE, inputs))


def test_a_configuration_that_changes_says_what_changed(connect: Callable[[], Engine]) -> None:
    stub = connect().stub
    same = stub.DiffConfig(proto.DiffRequest(olds=struct({"region": "a"}), news=struct({"region": "a"})))
    assert same.changes == proto.DiffResponse.DIFF_NONE
    other = stub.DiffConfig(proto.DiffRequest(olds=struct({"region": "a"}), news=struct({"region": "b"})))
    assert (other.changes, list(other.diffs), list(other.replaces)) == (proto.DiffResponse.DIFF_SOME, ["region"], [])


def test_a_check_gives_defaults_or_names_the_property(engine: Engine) -> None:
    checked = values(engine.check(ROLE, {"name": "R", "assumeRolePolicy": secret(TRUST)}).inputs)
    assert checked["path"] == "/"
    assert checked["assumeRolePolicy"] == secret(TRUST)
    failed = engine.check(ROLE, {"name": "R", "assumeRolePolicy": "{", "pth": "/"}).failures
    assert {failure.property for failure in failed} == {"assumeRolePolicy", "pth"}


def test_unknown_types_are_refused_by_name(engine: Engine) -> None:
    message = error(grpc.StatusCode.UNKNOWN, lambda: engine.check("aws:s3/bucket:Bucket", {}))
    assert message.startswith("the local AWS's provider does not know type aws:s3/bucket:Bucket; it knows aws:eks/")


def test_an_older_engine_says_the_type_in_the_urn(engine: Engine) -> None:
    request = proto.CheckRequest(urn=f"urn:pulumi:s::p::x:index:C${ROLE}::n", news=struct({"name": "R"}))
    assert [failure.property for failure in engine.stub.Check(request).failures] == ["assumeRolePolicy"]


def test_a_preview_creates_nothing_and_knows_what_it_can(engine: Engine, root: Aws) -> None:
    answer = engine.create(ROLE, {"name": "R", "assumeRolePolicy": UNKNOWN_ON_THE_WIRE}, preview=True)
    planned = values(answer.properties)
    assert answer.id == ""
    assert (planned["name"], planned["path"], planned["arn"]) == ("R", "/", UNKNOWN_ON_THE_WIRE)
    assert planned["assumeRolePolicy"] == UNKNOWN_ON_THE_WIRE
    assert root.iam.list_roles()["Roles"] == []


def test_a_role_from_creation_to_deletion(engine: Engine, root: Aws) -> None:
    created = engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST})
    assert (created.id, values(created.properties)["maxSessionDuration"]) == ("R", 3600)
    inputs = engine.check(ROLE, {"name": "R", "assumeRolePolicy": TRUST, "description": "d"}).inputs
    update = of(ROLE, id="R", olds=created.properties, news=inputs)
    planned = engine.stub.Update(proto.UpdateRequest(**update, preview=True))
    assert values(planned.properties)["arn"] == values(created.properties)["arn"]
    assert (
        "Description" not in root.iam.get_role(RoleName="R")["Role"]
        or not root.iam.get_role(RoleName="R")["Role"]["Description"]
    )
    updated = engine.stub.Update(proto.UpdateRequest(**update))
    assert set(values(updated.properties)) == {*values(created.properties), "description"}  # the whole state
    engine.stub.Delete(proto.DeleteRequest(**of(ROLE, id="R"), properties=updated.properties))
    read = engine.stub.Read(proto.ReadRequest(**of(ROLE, id="R"), properties=updated.properties, inputs=inputs))
    assert read == proto.ReadResponse()  # gone


def test_a_refresh_gives_the_inputs_that_were_there(engine: Engine, root: Aws) -> None:
    created = engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST})
    root.iam.update_role(RoleName="R", MaxSessionDuration=7200, Description="by hand")
    inputs = engine.check(ROLE, {"name": "R", "assumeRolePolicy": TRUST}).inputs
    read = engine.stub.Read(proto.ReadRequest(**of(ROLE, id="R"), properties=created.properties, inputs=inputs))
    assert values(read.properties)["description"] == "by hand"
    assert values(read.inputs) == {**values(inputs), "maxSessionDuration": 7200}


def test_an_import_gives_id_inputs_and_state(engine: Engine) -> None:
    engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST, "path": "/p/"})
    read = engine.stub.Read(proto.ReadRequest(**of(ROLE, id="R")))
    assert read.id == "R"
    assert json.loads(values(read.inputs).pop("assumeRolePolicy")) == json.loads(TRUST)
    assert values(read.properties)["arn"].endswith(":role/p/R")
    assert engine.stub.Read(proto.ReadRequest(**of(ROLE, id="nobody"))) == proto.ReadResponse()


def difference(engine: Engine, type_: str, state: dict[str, Any], news: dict[str, Any], *ignored: str) -> Any:
    request = of(type_, id="x", olds=struct(state), news=struct(news), ignoreChanges=ignored)
    return engine.stub.Diff(proto.DiffRequest(**request))


def test_a_difference_says_what_replaces_and_how(engine: Engine) -> None:
    inputs = values(engine.check(ROLE, {"name": "R", "assumeRolePolicy": TRUST, "tags": {"a": "1"}}).inputs)
    state = {**inputs, "arn": "arn:r"}
    same = difference(engine, ROLE, state, {**inputs, "assumeRolePolicy": json.dumps(json.loads(TRUST), indent=1)})
    assert (same.changes, same.hasDetailedDiff) == (proto.DiffResponse.DIFF_NONE, True)
    moved = difference(engine, ROLE, state, {**inputs, "path": "/p/", "description": "d", "tags": {"b": "1"}})
    assert moved.changes == proto.DiffResponse.DIFF_SOME
    assert list(moved.diffs) == ["description", "path", "tags"]
    assert (list(moved.replaces), list(moved.stables), moved.deleteBeforeReplace) == (["path"], ["name"], True)
    assert {path: proto.PropertyDiff.Kind.Name(each.kind) for path, each in moved.detailedDiff.items()} == {
        "description": "ADD",
        "path": "UPDATE_REPLACE",
        "tags.a": "DELETE",
        "tags.b": "ADD",
    }
    ignored = difference(engine, ROLE, state, {**inputs, "path": "/p/"}, "path")
    assert ignored.changes == proto.DiffResponse.DIFF_NONE


def test_what_is_ignored_is_not_updated_either(engine: Engine) -> None:
    created = engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST, "description": "mine"})
    news = engine.check(ROLE, {"name": "R", "assumeRolePolicy": TRUST, "maxSessionDuration": 7200}).inputs
    request = of(ROLE, id="R", olds=created.properties, news=news, ignoreChanges=["description"])
    updated = values(engine.stub.Update(proto.UpdateRequest(**request)).properties)
    assert (updated["description"], updated["maxSessionDuration"]) == ("mine", 7200)


def test_awss_refusal_is_one_line_that_names_operation_and_entity(engine: Engine) -> None:
    engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST})
    message = error(grpc.StatusCode.UNKNOWN, lambda: engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST}))
    assert message == "aws:iam/role:Role R: CreateRole: EntityAlreadyExists: Role with name R already exists."
    request = proto.DeleteRequest(**of("aws:iam/rolePolicy:RolePolicy", id="odd"), properties=struct({}))
    assert "an ID is <role name>:<policy name>" in error(grpc.StatusCode.UNKNOWN, lambda: engine.stub.Delete(request))


def test_a_fault_of_ours_says_where_and_no_value(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("hunter2")

    monkeypatch.setattr("crossaccount.local.handlers.roles.Role.create", fails)
    message = error(grpc.StatusCode.INTERNAL, lambda: engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST}))
    assert "KeyError in fails" in message
    assert "hunter2" not in message


def test_secrets_go_out_marked_and_into_no_log(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    engine.create("aws:iam/user:User", {"name": "Bo"})
    profile = values(engine.create("aws:iam/userLoginProfile:UserLoginProfile", {"user": "Bo"}).properties)
    key = values(engine.create("aws:iam/accessKey:AccessKey", {"user": "Bo"}).properties)
    holder = engine.create("aws:secretsmanager/secret:Secret", {"name": secret("s")})
    version = engine.create(
        "aws:secretsmanager/secretVersion:SecretVersion", {"secretId": holder.id, "secretString": secret("hunter2")}
    )
    for marked in (profile["password"], key["secret"], key["sesSmtpPasswordV4"]):
        assert marked[SIGNATURE] == SECRET
    assert values(version.properties)["secretString"] == secret("hunter2")
    assert values(holder.properties)["name"] == secret("s")  # secret because the program said so
    passwords = [profile["password"]["value"], key["secret"]["value"], "hunter2"]
    assert not [password for password in passwords if password in caplog.text]


def test_a_secret_in_a_refused_request_is_not_repeated(engine: Engine) -> None:
    version = {"secretId": "missing", "secretString": secret("hunter2")}
    message = error(
        grpc.StatusCode.UNKNOWN, lambda: engine.create("aws:secretsmanager/secretVersion:SecretVersion", version)
    )
    assert "PutSecretValue: ResourceNotFoundException" in message
    assert "hunter2" not in message


def test_default_tags_are_put_on_and_not_shown_as_the_resources_own(connect: Callable[[], Engine], root: Aws) -> None:
    engine = connect()
    engine.configure(root, defaultTags={"tags": {"team": "a"}})
    created = engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST, "tags": {"own": "1"}})
    assert values(created.properties)["tags"] == {"own": "1"}
    assert values(created.properties)["tagsAll"] == {"own": "1", "team": "a"}
    assert len(root.iam.list_role_tags(RoleName="R")["Tags"]) == 2
    imported = engine.stub.Read(proto.ReadRequest(**of(ROLE, id="R")))
    assert values(imported.inputs)["tags"] == {"own": "1"}


def test_what_it_cannot_answer_is_reported(engine: Engine, root: Aws) -> None:
    answer = engine.stub.Invoke(proto.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity"))
    assert values(getattr(answer, "return"))["accountId"] == root.account_id()
    request = proto.InvokeRequest(tok="aws:s3/getBucket:getBucket")
    assert "does not answer aws:s3/getBucket:getBucket" in error(
        grpc.StatusCode.UNKNOWN, lambda: engine.stub.Invoke(request)
    )


def test_two_stacks_on_one_server_stay_in_their_accounts(
    connect: Callable[[], Engine], fresh_account: Callable[[], Aws]
) -> None:
    accounts = [fresh_account() for _ in range(4)]
    engines = [connect() for _ in accounts]

    def run(each: tuple[Engine, Aws]) -> None:
        engine, aws = each
        engine.configure(aws, allowedAccountIds=[aws.account_id()])
        for number in range(5):
            engine.create(ROLE, {"name": f"R{number}", "assumeRolePolicy": TRUST})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, zip(engines, accounts, strict=True)))
    for aws in accounts:
        arns = [role["Arn"] for role in aws.iam.list_roles()["Roles"]]
        assert len(arns) == 5
        assert all(f"::{aws.account_id()}:" in arn for arn in arns)


def test_a_connection_can_be_configured_again(connect: Callable[[], Engine], fresh_account: Callable[[], Aws]) -> None:
    engine, first, second = connect(), fresh_account(), fresh_account()
    engine.configure(first)
    engine.configure(second)
    engine.create(ROLE, {"name": "R", "assumeRolePolicy": TRUST})
    assert first.iam.list_roles()["Roles"] == []
    assert len(second.iam.list_roles()["Roles"]) == 1


CALL_OF_A_STRANGER = """
import sys, grpc
from pulumi.runtime.proto import provider_pb2 as proto, provider_pb2_grpc
channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", options=[("grpc.enable_http_proxy", 0)])
try:
    provider_pb2_grpc.ResourceProviderStub(channel).GetSchema(proto.GetSchemaRequest(), timeout=20)
    print("answered")
except grpc.RpcError as error:
    print(error.code().name, error.details())
"""
AS_NOBODY = """
import shutil, subprocess, sys
from pathlib import Path
from crossaccount.local import confinement
folder = Path(confinement.make_folder_for_functions())
confinement.confine(str(folder))
try:
    place = folder / "call"
    place.mkdir()
    (place / "call.py").write_text(sys.argv[2])
    subprocess.run([sys.executable, "call.py", sys.argv[1]], cwd=place, check=True)
finally:
    shutil.rmtree(folder)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process as somebody else")
def test_another_user_of_the_machine_gets_no_answer() -> None:
    with serve_provider() as port:
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(port), CALL_OF_A_STRANGER], capture_output=True, text=True, timeout=60
        )
    assert done.stdout.split(" ", 1) == ["PERMISSION_DENIED", "this provider works for the user who started it\n"]


def test_whose_a_connection_is_the_kernel_knows(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:D431 0100007F:0050 01 00000000:00000000 00:00000000 00000000  1001        0 1 1\n"
        "   1: 0100007F:D431 0100007F:1F90 06 00000000:00000000 00:00000000 00000000     0        0 0 3\n"
        "   2: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 2 1\n"
        "   3: 0000000000000000FFFF00000100007F:D433 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 "
        "00:00000000 00000000  1002        0 4 1\n"
        "   4: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 3 1\n"
    )
    assert owner("ipv4:127.0.0.1:54321", 8080, [table]) == 1000
    assert owner("ipv4:127.0.0.1:54321", 80, [table]) == 1001
    assert owner("ipv4:127.0.0.1:54322", 8080, [table]) is None
    assert owner("ipv4:127.0.0.1:54323", 8080, [table]) == 1002
    assert owner("unix:/run/x", 8080, [table]) is None
    assert owner("ipv4:127.0.0.1:54321", 8080, [tmp_path / "none"]) is None
