"""The stand-in ``aws`` provider: Pulumi's gRPC ``ResourceProvider`` over the handlers.

One server serves any number of stacks, at once or one after another: a configuration belongs to the connection that it
came over and is never seen from another one. An error is one line for a person: the resource type and name, AWS's
operation, code and words. No property's value is logged or put in a message.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as proto

from crossaccount.local.handlers import HANDLERS, CheckFailed, Handler, ResourceError, handler_of
from crossaccount.local.handlers.differences import with_ignored
from crossaccount.local.handlers.errors import told
from crossaccount.local.provider.answers import difference, planned, refusal
from crossaccount.local.provider.config import parse_config
from crossaccount.local.provider.connections import Connections
from crossaccount.local.provider.lines import in_one_line
from crossaccount.local.provider.schema import schema_text
from crossaccount.local.provider.wire import received, to_send

CALLER_IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine. Methods and their meaning: proto/pulumi/provider.proto of pulumi/pulumi."""

    def __init__(self) -> None:
        self._connections = Connections()

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
            checked = _handler(request).check(news.values, self._connections.default_tags(context.peer()))
        except CheckFailed as failed:
            return refusal(failed.failures)
        return proto.CheckResponse(inputs=to_send(checked, news.secrets))

    @in_one_line
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        state, news = received(request.olds).values, received(request.news).values
        return difference(_handler(request), state, news, list(request.ignoreChanges))

    @in_one_line
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        handler, news = _handler(request), received(request.properties)
        secrets = handler.secrets | news.secrets
        if request.preview:
            return proto.CreateResponse(properties=to_send(planned(handler, news.values), secrets))
        aws = self._connections.of(context.peer()).aws
        with told(f"{handler.type} {handler.label(news.values)}"):
            id, state = handler.create(aws, news.values)
        return proto.CreateResponse(id=id, properties=to_send(state, secrets))

    @in_one_line
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        handler, state, inputs = _handler(request), received(request.properties), received(request.inputs)
        connection = self._connections.of(context.peer())
        known = state.values
        if not known and handler.taggable:
            known = {"tags": {}, "tagsAll": dict(connection.default_tags)}
        with told(f"{handler.type} {request.id}"):
            found = handler.read(connection.aws, request.id, known)
        if found is None:
            return proto.ReadResponse()
        id, imported, now = found
        secrets = handler.secrets | state.secrets | inputs.secrets
        kept = handler.refreshed(inputs.values, now) if state.values else imported
        return proto.ReadResponse(id=id, properties=to_send(now, secrets), inputs=to_send(kept, secrets))

    @in_one_line
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        handler, olds, news = _handler(request), received(request.olds), received(request.news)
        inputs = with_ignored(olds.values, news.values, list(request.ignoreChanges))
        secrets = handler.secrets | olds.secrets | news.secrets
        if request.preview:
            return proto.UpdateResponse(properties=to_send(planned(handler, inputs, olds.values), secrets))
        aws = self._connections.of(context.peer()).aws
        with told(f"{handler.type} {request.id}"):
            state = handler.update(aws, request.id, olds.values, inputs)
        return proto.UpdateResponse(properties=to_send(state, secrets))

    @in_one_line
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        handler, aws = _handler(request), self._connections.of(context.peer()).aws
        with told(f"{handler.type} {request.id}"):
            handler.delete(aws, request.id, received(request.properties).values)
        return empty_pb2.Empty()

    @in_one_line
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.tok != CALLER_IDENTITY:
            raise ResourceError(
                f"the local AWS's provider answers no function but {CALLER_IDENTITY}, got {request.tok}; "
                "build documents and ARNs in the program"
            )
        aws = self._connections.of(context.peer()).aws
        with told(CALLER_IDENTITY):
            caller = aws.sts.get_caller_identity()
        answer = {"accountId": caller["Account"], "arn": caller["Arn"], "userId": caller["UserId"]}
        response = proto.InvokeResponse()
        # "return" is a word of Python's, so the field is reached by its name.
        getattr(response, "return").CopyFrom(to_send({**answer, "id": caller["Account"]}))
        return response


def _handler(request: Any) -> Handler:
    """The handler of the resource in question; older engines say the type only in the URN."""
    return handler_of(request.type or request.urn.split("::")[2].rsplit("$", 1)[-1])
