"""The stand-in ``aws`` provider: Pulumi's gRPC ``ResourceProvider`` over the handlers.

One server serves any number of stacks, at once or one after another: a configuration belongs to the connection that it
came over and is never seen from another one. An error is one line for a person: the resource type and name, AWS's
operation, code and words. No property's value is logged or put in a message.
"""

from __future__ import annotations

import functools
import hashlib
import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as proto

from crossaccount.local.handlers import HANDLERS, handler_of
from crossaccount.local.handlers.errors import CheckFailed, ResourceError, as_resource_error
from crossaccount.local.handlers.handler import Change, Handler, changes, must_delete_first, with_ignored
from crossaccount.local.handlers.properties import UNKNOWN, Field, Kind, Properties
from crossaccount.local.handlers.unsupported import UnsupportedResource
from crossaccount.local.invokes import NotAnswered, answer
from crossaccount.local.provider.config import parse_config
from crossaccount.local.provider.connections import Connections
from crossaccount.local.provider.wire import received, to_send

_TEXT: Mapping[str, Any] = {"type": "string"}
_TYPES: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: _TEXT,
    Kind.DOCUMENT: _TEXT,
    Kind.NUMBER: {"type": "integer"},
    Kind.FLAG: {"type": "boolean"},
    Kind.TEXTS: {"type": "array", "items": _TEXT},
    Kind.MAP: {"type": "object", "additionalProperties": _TEXT},
}


def schema_text(handlers: Mapping[str, Handler], version: str) -> str:
    """The schema as JSON (https://www.pulumi.com/docs/iac/extending-pulumi/schema/)."""
    resources = {type_: _resource(handler) for type_, handler in handlers.items()}
    # aws:iam/role:Role is aws.iam.Role to a program.
    meta = {"moduleFormat": "(.*)(?:/[^/]*)"}
    return json.dumps({"name": "aws", "version": version, "meta": meta, "resources": resources})


def _resource(handler: Handler) -> dict[str, Any]:
    inputs = {name: dict(_TYPES[field.kind]) for name, field in handler.fields.items()}
    outputs = {name: dict(_TEXT) for name in handler.outputs}
    required = sorted(name for name, field in handler.fields.items() if field.required)
    return {"inputProperties": inputs, "requiredInputs": required, "properties": {**outputs, **inputs}}


_KINDS = {
    ("add", False): proto.PropertyDiff.ADD,
    ("add", True): proto.PropertyDiff.ADD_REPLACE,
    ("update", False): proto.PropertyDiff.UPDATE,
    ("update", True): proto.PropertyDiff.UPDATE_REPLACE,
    ("delete", False): proto.PropertyDiff.DELETE,
    ("delete", True): proto.PropertyDiff.DELETE_REPLACE,
}


def refusal(failures: Sequence[tuple[str, str]]) -> proto.CheckResponse:
    """A check that failed, with a reason for each property."""
    named = [proto.CheckFailure(property=name, reason=reason) for name, reason in failures]
    return proto.CheckResponse(failures=named)


def difference(handler: Handler, state: Properties, inputs: Properties, ignored: Sequence[str]) -> proto.DiffResponse:
    """What changes from a state to checked inputs, and whether that replaces the resource."""
    found = changes(handler, state, inputs, ignored)
    replaces = _properties([change for change in found if change.replaces])
    return proto.DiffResponse(
        changes=proto.DiffResponse.DIFF_SOME if found else proto.DiffResponse.DIFF_NONE,
        replaces=replaces,
        stables=sorted(handler.replaces - set(replaces)),
        deleteBeforeReplace=bool(replaces) and must_delete_first(handler, inputs),
        diffs=_properties(found),
        detailedDiff={change.path: proto.PropertyDiff(kind=_KINDS[change.kind, change.replaces]) for change in found},
        hasDetailedDiff=True,
    )


def planned(handler: Handler, inputs: Properties, state: Properties | None = None) -> Properties:
    """What a preview knows of a resource after its creation, or after its update from ``state``."""
    if state is not None:
        kept = {name: value for name, value in state.items() if name not in handler.fields or name in inputs}
        return {**kept, **inputs}
    unknown = dict.fromkeys(
        handler.outputs | {name for name, field in handler.fields.items() if field.computed}, UNKNOWN
    )
    return {**unknown, **inputs}


def _properties(found: Sequence[Change]) -> list[str]:
    return sorted({change.property for change in found})


Method = TypeVar("Method", bound=Callable[..., Any])


def in_one_line(method: Method) -> Method:
    """Let a servicer's method answer an exception with one line, and log nothing."""

    @functools.wraps(method)
    def answering(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except ResourceError as error:
            code, message = grpc.StatusCode.UNKNOWN, str(error)
        except Exception as error:
            # A fault of ours. Where it happened, and not its message: that may hold a property's value.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} in {frame.name}, {frame.filename}:{frame.lineno}"
            code, message = grpc.StatusCode.INTERNAL, f"a fault of the local AWS's provider: {where}"
        return context.abort(code, message)

    return answering  # type: ignore[return-value]


CALLER_IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine. Methods and their meaning: proto/pulumi/provider.proto of pulumi/pulumi.

    With ``on_unsupported`` a resource that it cannot make counts as made, and ``on_unsupported`` is called with its
    type and URN; a resource without a name gets one, as Pulumi would give it. Without ``on_unsupported`` both are
    refused.
    """

    def __init__(self, on_unsupported: Callable[[str, str], None] | None = None) -> None:
        self._connections = Connections()
        self._on_unsupported = on_unsupported

    def close(self) -> None:
        """Close the AWS clients of all connections."""
        self._connections.close()

    @in_one_line
    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._connections.forget(context.peer())
        return proto.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    @in_one_line
    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    @in_one_line
    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        # Calls take milliseconds, and others may be using this server: there is nothing to abort.
        return empty_pb2.Empty()

    @in_one_line
    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=version("pulumi_aws"))

    @in_one_line
    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        return proto.GetSchemaResponse(schema=schema_text(HANDLERS, version("pulumi_aws")))

    @in_one_line
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            parse_config(received(request.news).values)
        except CheckFailed as failed:
            return refusal(failed.failures)
        return proto.CheckResponse(inputs=request.news)

    @in_one_line
    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        old, new = received(request.olds).values, received(request.news).values
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        some = proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(changes=some, diffs=changed)

    @in_one_line
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._connections.configure(context.peer(), parse_config(received(request.args).values))
        return proto.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    @in_one_line
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        news = received(request.news)
        try:
            values = self._named(request, news.values)
            checked = self._handler(request, context).check(values, self._connections.default_tags(context.peer()))
        except CheckFailed as failed:
            return refusal(failed.failures)
        return proto.CheckResponse(inputs=to_send(checked, news.secrets))

    @in_one_line
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        state, news = received(request.olds).values, received(request.news).values
        return difference(self._handler(request, context), state, news, list(request.ignoreChanges))

    @in_one_line
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        handler, news = self._handler(request, context), received(request.properties)
        secrets = handler.secrets | news.secrets
        if request.preview:
            return proto.CreateResponse(properties=to_send(planned(handler, news.values), secrets))
        aws = self._connections.of(context.peer()).aws
        with as_resource_error(f"{handler.type} {handler.label(news.values)}"):
            id, state = handler.create(aws, news.values)
        return proto.CreateResponse(id=id, properties=to_send(state, secrets))

    @in_one_line
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        handler, state, inputs = self._handler(request, context), received(request.properties), received(request.inputs)
        connection = self._connections.of(context.peer())
        known = state.values
        if not known and handler.taggable:
            known = {"tags": {}, "tagsAll": dict(connection.default_tags)}
        with as_resource_error(f"{handler.type} {request.id}"):
            found = handler.read(connection.aws, request.id, known)
        if found is None:
            return proto.ReadResponse()
        id, imported, now = found
        secrets = handler.secrets | state.secrets | inputs.secrets
        kept = handler.refreshed(inputs.values, now) if state.values else imported
        return proto.ReadResponse(id=id, properties=to_send(now, secrets), inputs=to_send(kept, secrets))

    @in_one_line
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        handler, olds, news = self._handler(request, context), received(request.olds), received(request.news)
        inputs = with_ignored(olds.values, news.values, list(request.ignoreChanges))
        secrets = handler.secrets | olds.secrets | news.secrets
        if request.preview:
            return proto.UpdateResponse(properties=to_send(planned(handler, inputs, olds.values), secrets))
        aws = self._connections.of(context.peer()).aws
        with as_resource_error(f"{handler.type} {request.id}"):
            state = handler.update(aws, request.id, olds.values, inputs)
        return proto.UpdateResponse(properties=to_send(state, secrets))

    @in_one_line
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        handler, aws = self._handler(request, context), self._connections.of(context.peer()).aws
        with as_resource_error(f"{handler.type} {request.id}"):
            handler.delete(aws, request.id, received(request.properties).values)
        return empty_pb2.Empty()

    @in_one_line
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        aws = self._connections.of(context.peer()).aws
        with as_resource_error(CALLER_IDENTITY):
            caller = aws.sts.get_caller_identity()
        found = {"accountId": caller["Account"], "arn": caller["Arn"], "userId": caller["UserId"]}
        if request.tok != CALLER_IDENTITY:
            try:
                found = answer(request.tok, received(request.args).values, caller["Account"], aws.region)
            except NotAnswered:
                raise ResourceError(
                    f"the local AWS's provider does not answer {request.tok}; build documents and ARNs in the program"
                ) from None
        response = proto.InvokeResponse()
        # "return" is a word of Python's, so the field is reached by its name.
        getattr(response, "return").CopyFrom(to_send({"id": caller["Account"], **found}))
        return response

    def _handler(self, request: Any, context: grpc.ServicerContext) -> Handler:
        """The handler of the resource in question; older engines say the type only in the URN."""
        type_ = request.type or request.urn.split("::")[2].rsplit("$", 1)[-1]
        if self._on_unsupported is None or type_ in HANDLERS:
            return handler_of(type_)
        aws = self._connections.of(context.peer()).aws
        self._on_unsupported(type_, request.urn)
        return UnsupportedResource(type_, aws.account_id(), aws.region)

    def _named(self, request: Any, values: Properties) -> Properties:
        type_ = request.type or request.urn.split("::")[2].rsplit("$", 1)[-1]
        if self._on_unsupported is None or type_ not in HANDLERS or values.get("name"):
            return values
        if not HANDLERS[type_].fields.get("name", Field()).required:
            return values
        seven = hashlib.sha256(request.urn.encode()).hexdigest()[:7]
        return {**values, "name": f"{values.get('namePrefix') or request.urn.split('::')[-1] + '-'}{seven}"}
