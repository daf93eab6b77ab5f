"""The engine's side of Pulumi's protocol, for a project's own program that registers resources from its own process.

As for programs in this process, the given ``Mocks`` return the properties of resources: from a recording, or from real
calls to a local AWS. Function calls to providers are answered from the stack's config and never reach AWS. Every such
answer is reported, and every declaration that cannot be seen from here.

Source: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto (``ResourceMonitor``) and engine.proto
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.mocks import MockResourceArgs, Mocks
from pulumi.runtime.proto import (
    callback_pb2,
    callback_pb2_grpc,
    engine_pb2,
    engine_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from crossaccount.engine import program_host
from crossaccount.engine.deployment import Deployment, DeploymentError, Resource, Stack
from crossaccount.engine.in_process import ORGANIZATION, READ_OUTPUTS, STACK_TYPE, config_text, plain
from crossaccount.engine.own_program import OwnProgram, clean_environment
from crossaccount.local.invokes import COMPUTED, NotAnswered, answer
from crossaccount.settings.project import HANDED_ON
from crossaccount.settings.raw import is_encrypted

ENDING_SECONDS = 300.0
"""The longest run of a program, in seconds."""
STACK_REFERENCE = "pulumi:pulumi:StackReference"
SECRET = "[secret]"
CREDENTIALS = ("aws:accessKey", "aws:secretKey", "aws:token")
"""Config keys that are removed for a program that is only recorded."""
_FEATURES = (
    "secrets",
    "resourceReferences",
    "aliasSpecs",
    "deletedWith",
    "replaceWith",
    "transforms",
    "parameterization",
)
_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
"""The key that marks a reference to a resource:
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig.go"""
_WORKERS = 32


def run_own_program(
    own: OwnProgram,
    stack: Stack,
    mocks: Mocks,
    *,
    outputs: Mapping[str, Mapping[str, Any]],
    preview: bool,
) -> Deployment:
    """Run the project's own program as ``stack``, and record what it declares.

    ``outputs`` are those for stack references, by full stack name. In a ``preview`` properties that ``mocks`` do not
    return are unknown.

    Raises:
        DeploymentError: the program or a resource failed.
    """
    monitor = _Monitor(stack, mocks, outputs)
    with tempfile.TemporaryDirectory(prefix="crossaccount-program-") as folder:
        home = Path(folder)
        with _served(monitor, home / "engine.sock") as address:
            failed = _run(own, stack, address, home, preview)
    if failed or monitor.errors:
        raise DeploymentError(stack.name, "\n".join(monitor.errors or [failed]))
    return monitor.deployment()


def _run(own: OwnProgram, stack: Stack, address: str, home: Path, preview: bool) -> str:
    """Run the process. Returns the error in one line, or an empty text."""
    secret = {key for key, value in stack.config.items() if is_encrypted(value)} | set(CREDENTIALS)
    config = {key: SECRET if key in secret else config_text(value) for key, value in stack.config.items()}
    request = {
        "address": address,
        "project": stack.project,
        "stack": stack.name,
        "organization": ORGANIZATION,
        "root": str(own.root),
        "directory": str(own.directory),
        "program": own.file,
        "config": config,
        "secret_keys": sorted(secret & config.keys()),
        "dry_run": preview,
        "result": str(home / "result.json"),
    }
    (home / "home").mkdir()
    command = [str(own.python), "-u", str(Path(program_host.__file__))]
    environment = clean_environment(home / "home")
    if stack.now is not None:
        environment[HANDED_ON] = json.dumps({"now": stack.now.isoformat()})
    try:
        process = subprocess.run(
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            cwd=own.directory,
            timeout=ENDING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{own.shown}: did not end within {ENDING_SECONDS:.0f} s; check what it waits for"
    except OSError as error:
        return f"{own.python}: cannot be run ({error.strerror}); create the virtual environment again: pulumi install"
    result: dict[str, str] = {}
    with suppress(OSError, ValueError):
        result = json.loads((home / "result.json").read_text(encoding="utf-8"))
    if result.get("module") == "pulumi":
        return f"{own.python}: has no pulumi; install what the project needs: pulumi install"
    if result:
        # Problems of the packaged program have their own places, one line each.
        return f"{result['line']}: {result['error']}" if result["line"] else result["error"]
    if process.returncode == 0:
        return ""
    last = next((line for line in reversed(process.stderr.splitlines()) if line.strip()), "")
    return f"{own.shown}: ended with exit code {process.returncode}: {last}"


def region_of(stack: Stack) -> str:
    """The stack's region; us-east-1 if its config has none."""
    return str(stack.config.get("aws:region") or "us-east-1")


@contextmanager
def _served(monitor: _Monitor, socket: Path) -> Iterator[str]:
    """Serve the engine's side on a socket that only this user can open."""
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="program-monitor") as workers:
        server = grpc.server(workers)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
        engine_pb2_grpc.add_EngineServicer_to_server(_Engine(monitor), server)
        server.add_insecure_port(f"unix:{socket}")
        server.start()
        try:
            yield f"unix:{socket}"
        finally:
            server.stop(grace=None).wait()


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Receives the program's registrations. Several threads make requests; resources are created one at a time."""

    def __init__(self, stack: Stack, mocks: Mocks, outputs: Mapping[str, Mapping[str, Any]]) -> None:
        self._stack = stack
        self._mocks = mocks
        self._outputs = outputs
        self._one_at_a_time = threading.Lock()
        self._resources: dict[str, Resource] = {}
        self._exports: Mapping[str, Any] = {}
        self._transforms: list[Any] = []
        self._own_transforms: dict[str, tuple[str, tuple[Any, ...]]] = {}
        """By URN: the parent, and the transforms that its options give, which its children have too."""
        self.root = ""
        self.messages: list[str] = []
        self.notes: dict[str, None] = {}
        self.errors: list[str] = []

    def deployment(self) -> Deployment:
        """The recorded deployment."""
        resources = tuple(each for each in self._resources.values() if each.type != STACK_TYPE)
        return Deployment(self._stack.name, resources, self._exports, tuple(self.messages), tuple(self.notes))

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        known = resource_pb2.ResourceMonitorFeature.items()
        wanted = {name.replace("_", "") for name in (each.upper() for each in _FEATURES)}
        prefix = "RESOURCE_MONITOR_FEATURE_"
        supported = [number for name, number in known if name.removeprefix(prefix).replace("_", "") in wanted]
        return resource_pb2.DeploymentInfo(supportedFeatures=supported)

    def SupportsFeature(self, request: Any, context: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterPackage(self, request: Any, context: Any) -> Any:
        return resource_pb2.RegisterPackageResponse(ref=request.name)

    def RegisterStackTransform(self, request: Any, context: Any) -> Any:
        self._transforms.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        if f"::{STACK_TYPE}::" in request.urn:
            self._exports = _values(request.outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        arguments = _values(request.args)
        if request.tok == READ_OUTPUTS:
            name = str(arguments.get("name", ""))
            return _answered({"name": name, "outputs": self._outputs_of(name), "secretOutputNames": []})
        try:
            found = answer(request.tok, arguments, self._stack.account_id, region_of(self._stack))
        except NotAnswered:
            found = {}
            self._note(f"{request.tok} was answered with an empty result, because AWS is not called")
        if found and request.tok not in COMPUTED:
            words = json.dumps(found, sort_keys=True, ensure_ascii=False)
            self._note(f"{request.tok} was answered from the stack's config: {words}")
        return _answered(found)

    def Call(self, request: Any, context: Any) -> Any:
        self._refuse(f"the program calls {request.tok}, a method of another provider; it cannot be answered", context)

    def ReadResource(self, request: Any, context: Any) -> Any:
        urn = self._urn(request)
        if request.type == STACK_REFERENCE:
            state = {"name": request.id, "outputs": self._outputs_of(request.id), "secretOutputNames": []}
            return resource_pb2.ReadResourceResponse(urn=urn, properties=_struct(state))
        self._note(f"{request.type} {request.name} is read, not declared: its properties are unknown")
        return resource_pb2.ReadResourceResponse(urn=urn, properties=_struct(_values(request.properties)))

    def RegisterResource(self, request: Any, context: Any) -> Any:
        with self._one_at_a_time:
            return self._register(request, context)

    def _register(self, request: Any, context: Any) -> Any:
        urn = self._urn(request)
        self._own_transforms[urn] = request.parent, tuple(request.transforms)
        inputs, provider = self._transformed(request, urn)
        if urn in self._resources:
            self._refuse(f"Duplicate resource URN {urn!r}; try giving it a unique name", context)
        resource = Resource(urn, request.type, request.name, inputs, {}, "", provider, request.importId)
        if request.type == STACK_TYPE:
            self._resources[urn] = resource
            return resource_pb2.RegisterResourceResponse(urn=urn, object=_struct({}))
        if request.remote:
            self._note(f"{request.type} {request.name} is a component of another package: its resources are not seen")
        arguments = MockResourceArgs(
            request.type, request.name, dict(inputs), provider, request.importId, request.custom
        )
        try:
            identifier, state = self._mocks.new_resource(arguments)
        except pulumi.RunError as error:
            self._refuse(str(error), context)
        self._resources[urn] = replace(resource, id=identifier or "", outputs=plain(state))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identifier or "", object=_struct(state))

    def _inherited(self, urn: str) -> Iterator[Any]:
        """The transforms of a resource, then those of its parents, the nearest first, and those of the stack."""
        while urn in self._own_transforms:
            urn, own = self._own_transforms[urn]
            yield from own
        yield from reversed(self._transforms)

    def _transformed(self, request: Any, urn: str) -> tuple[dict[str, Any], str]:
        """The inputs and the provider after the transforms that apply to a resource, run by the program."""
        properties, provider = request.object, request.provider
        for transform in self._inherited(urn):
            transform_request = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=properties,
                options=resource_pb2.TransformResourceOptions(provider=provider, protect=request.protect),
            )
            with grpc.insecure_channel(transform.target) as channel:
                stub: Any = callback_pb2_grpc.CallbacksStub(channel)
                invoked = callback_pb2.CallbackInvokeRequest(
                    token=transform.token, request=transform_request.SerializeToString()
                )
                response = resource_pb2.TransformResponse.FromString(stub.Invoke(invoked).response)
            if response.HasField("properties"):
                properties = response.properties
            if response.HasField("options"):
                provider = response.options.provider or provider
        return _values(properties), provider

    def _outputs_of(self, name: str) -> dict[str, Any]:
        """The outputs for a stack reference. A stack that reads its own last deployment finds nothing."""
        own = f"{self._stack.project}/{self._stack.name}"
        for known, found in self._outputs.items():
            if known.split("/")[-2:] == name.split("/")[-2:]:
                return dict(found)
        if not f"{ORGANIZATION}/{name}".endswith(f"/{own}"):
            self._note(f"the stack {name} is not in this project, so its outputs are unknown")
        return {}

    def _urn(self, request: Any) -> str:
        kind = request.type
        if request.parent:
            above = request.parent.split("::")[2]
            kind = kind if above == STACK_TYPE else f"{above}${kind}"
        return f"urn:pulumi:{self._stack.name}::{self._stack.project}::{kind}::{request.name}"

    def _note(self, text: str) -> None:
        self.notes[text] = None

    def _refuse(self, text: str, context: Any) -> Any:
        self.errors.append(text)
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)


class _Engine(engine_pb2_grpc.EngineServicer):
    """Receives the messages that the program logs."""

    def __init__(self, monitor: _Monitor) -> None:
        self._monitor = monitor

    def Log(self, request: Any, context: Any) -> Any:
        if request.severity in (engine_pb2.WARNING, engine_pb2.INFO) and not request.ephemeral:
            self._monitor.messages.append(request.message.strip())
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:
        return engine_pb2.GetRootResourceResponse(urn=self._monitor.root)

    def SetRootResource(self, request: Any, context: Any) -> Any:
        self._monitor.root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, context: Any) -> Any:
        return engine_pb2.RequirePulumiVersionResponse()


def _values(struct: Any) -> dict[str, Any]:
    """Properties as plain values: secrets opened, references to resources as their IDs."""
    found: dict[str, Any] = _opened(plain(json_format.MessageToDict(struct)))
    return found


def _opened(value: Any) -> Any:
    if isinstance(value, Mapping):
        if _REFERENCE in value.values():
            return value.get("id") or value.get("urn")
        return {key: _opened(each) for key, each in value.items()}
    return [_opened(each) for each in value] if isinstance(value, list) else value


def _struct(values: Mapping[str, Any]) -> Any:
    found = struct_pb2.Struct()
    found.update({key: value for key, value in values.items() if value is not None})
    return found


def _answered(values: Mapping[str, Any]) -> Any:
    return resource_pb2.ResourceInvokeResponse(**{"return": _struct(values)})
