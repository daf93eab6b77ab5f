"""The component package on the real engine: a program of another language registers a component, the engine asks our
provider to make it, and the local AWS has its roles.

The engine attaches to a provider of this process, so that it need not install one; a program in Python stands in for
one in any language, since what it sends is the same.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2_grpc

from components.package import Package
from crossaccount import __version__
from tests.engine.conftest import AUTH, ROOT, WORKLOAD, Workspace

pytestmark = pytest.mark.engine
PACKAGE = ROOT / "package"
TYPESCRIPT = PACKAGE / "examples" / "typescript"
PROGRAM = """
import pulumi

class Remote(pulumi.ComponentResource):
    role_arns: pulumi.Output[dict[str, str]]

    def __init__(self, args):
        super().__init__(
            "crossaccount:index:TrustingAccount", "workload", {**args, "roleArns": None}, None, remote=True
        )

trust = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}]}
remote = Remote({"roles": {"Reader": {"assumeRolePolicy": trust, "maxSessionDuration": 7200, "path": "/team/"}}})
pulumi.export("arns", remote.roleArns if hasattr(remote, "roleArns") else None)
"""


class _Attachable(ProviderServicer):
    """The SDK's servicer, to which an engine may attach."""

    async def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802 (the protocol's own)
        del context
        self.engine_address = request.address
        return empty_pb2.Empty()


@pytest.fixture
def package(workspace: Workspace) -> Iterator[Workspace]:
    """A workspace whose engine asks the component package of this process."""
    loop = asyncio.new_event_loop()
    ports: list[int] = []
    ready, stopped = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = grpc.aio.server()
        servicer = _Attachable(Package(__version__), [], "127.0.0.1:1")
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        ports.append(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        ready.set()
        await stopped.wait()
        await server.stop(None)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    workspace.environment["PULUMI_DEBUG_PROVIDERS"] += f",crossaccount:{ports[0]}"
    yield workspace
    loop.call_soon_threadsafe(stopped.set)
    thread.join()
    loop.close()


def _role(workspace: Workspace, name: str) -> dict[str, Any]:
    found: dict[str, Any] = workspace.account(WORKLOAD).iam.get_role(RoleName=name)["Role"]
    return found


def test_a_component_is_made_for_a_program_of_any_language(package: Workspace) -> None:
    (package.folder / "__main__.py").write_text(PROGRAM)
    package.up("workload")
    role = _role(package, "Reader")
    assert (role["Path"], role["MaxSessionDuration"]) == ("/team/", 7200)
    trust = role["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] in ({"AWS": "111111111111"}, {"AWS": "arn:aws:iam::111111111111:root"})
    state = package.exported("workload")["resources"]
    [component] = [each for each in state if each["type"] == "crossaccount:index:TrustingAccount"]
    assert component["outputs"]["roleArns"] == {"Reader": f"arn:aws:iam::{WORKLOAD}:role/team/Reader"}
    assert {each["parent"] for each in state if each["type"] == "aws:iam/role:Role"} == {component["urn"]}
    assert package.changes("workload").keys() == {"same"}


def test_what_is_wrong_is_said_by_the_name_of_the_argument(package: Workspace) -> None:
    (package.folder / "__main__.py").write_text(PROGRAM.replace("7200", "60"))
    printed = package.run("preview", "--stack", "workload", fails=True)
    assert "roles.Reader.max_session_duration: must be 3600 to 43200 seconds" in printed


@pytest.mark.skipif(
    not shutil.which("pulumi-language-nodejs") or not (TYPESCRIPT / "node_modules").is_dir(),
    reason="there is no pulumi-language-nodejs on the PATH, or no node_modules in package/examples/typescript",
)
def test_the_typescript_example_is_deployed_with_the_sdk_that_is_generated(package: Workspace) -> None:
    folder = package.folder
    for name in ("index.ts", "package.json", "tsconfig.json"):
        shutil.copy(TYPESCRIPT / name, folder)
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "runtime": "nodejs"}))
    (folder / "node_modules").mkdir()
    for each in (TYPESCRIPT / "node_modules").iterdir():
        if each.name not in ("@pulumi", "node_modules"):
            (folder / "node_modules" / each.name).symlink_to(each)
    (folder / "node_modules" / "@pulumi").mkdir()
    (folder / "node_modules" / "@pulumi" / "pulumi").symlink_to(TYPESCRIPT / "node_modules" / "@pulumi" / "pulumi")
    schema = str(PACKAGE / "schema.json")
    package.run("package", "gen-sdk", schema, "--language", "nodejs", "--out", str(folder / "sdk"))
    _compile(folder / "sdk" / "nodejs", folder / "node_modules")
    package.up("workload")
    role = _role(package, "Partner")
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] == {
        "StringEquals": {"sts:ExternalId": "kx7-partner-4f1c"}
    }
    outputs = json.loads(package.run("stack", "output", "--stack", "workload", "--json"))
    assert outputs == {"roleArns": {"Partner": f"arn:aws:iam::{WORKLOAD}:role/Partner"}}


def _compile(sdk: Path, modules: Path) -> None:
    """As ``npm install`` of the SDK does: JavaScript beside its package.json, where programs find it."""
    installed = modules / "@pulumi" / "crossaccount"
    (sdk / "node_modules").symlink_to(modules)
    tsc = modules / "typescript" / "bin" / "tsc"
    done = subprocess.run(["node", str(tsc), "--project", str(sdk)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.copytree(sdk / "bin", installed)
    shutil.copy(sdk / "package.json", installed)
    document = json.loads((installed / "package.json").read_text())
    (installed / "package.json").write_text(json.dumps({**document, "main": "index.js"}))


@pytest.mark.skipif(not shutil.which("pulumi-language-yaml"), reason="there is no pulumi-language-yaml on the PATH")
def test_the_yaml_example_is_deployed(package: Workspace) -> None:
    _as_yaml_example(package)
    _is_deployed(package)


@pytest.mark.skipif(
    not shutil.which("pulumi-language-yaml") or not (PACKAGE / ".venv").is_dir(),
    reason="there is no pulumi-language-yaml on the PATH, or no package/.venv (pulumi install --cwd package)",
)
def test_the_engine_itself_installs_and_starts_the_package(workspace: Workspace) -> None:
    """Here the engine makes the package's environment and reads its schema, as ``pulumi package add`` does.

    It also installs the aws plugin that the environment's ``pulumi_aws`` names. The stand-in is attached in its place,
    so a file under its name is enough.
    """
    plugin = Path(workspace.environment["PULUMI_HOME"]) / "plugins" / f"resource-aws-v{version('pulumi_aws')}"
    plugin.mkdir(parents=True)
    (plugin / "pulumi-resource-aws").write_text("#!/bin/sh\nexit 1\n")
    (plugin / "pulumi-resource-aws").chmod(0o755)
    _as_yaml_example(workspace, {"crossaccount": str(PACKAGE)})
    printed = workspace.run("package", "get-schema", str(PACKAGE))
    schema = json.loads(printed[printed.index("{\n") : printed.rindex("}") + 1])
    expected = json.loads((PACKAGE / "schema.json").read_text())
    assert schema["resources"].keys() == expected["resources"].keys()
    assert schema["types"].keys() == expected["types"].keys()
    _is_deployed(workspace)


def _as_yaml_example(package: Workspace, packages: dict[str, str] | None = None) -> None:
    (package.folder / "__main__.py").unlink()
    example = yaml.safe_load((PACKAGE / "examples" / "yaml" / "Pulumi.yaml").read_text())
    project = yaml.safe_load((package.folder / "Pulumi.yaml").read_text())
    del example["packages"]  # by default the engine is attached to it
    example |= {"packages": packages} if packages else {}
    del project["config"]  # of our own program: YAML takes no mappings there
    (package.folder / "Pulumi.yaml").write_text(yaml.safe_dump({**project, **example, "name": project["name"]}))
    file = package.folder / "Pulumi.auth.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"] = {key: each for key, each in content["config"].items() if key.startswith("aws:")}
    file.write_text(yaml.safe_dump(content))


def _is_deployed(package: Workspace) -> None:
    package.up("auth")
    iam = package.account(AUTH).iam
    assert [each["GroupName"] for each in iam.list_groups_for_user(UserName="bo")["Groups"]] == ["Readers"]
    outputs = json.loads(package.run("stack", "output", "--stack", "auth", "--json"))
    assert outputs == {"users": {"bo": f"arn:aws:iam::{AUTH}:user/bo"}}
