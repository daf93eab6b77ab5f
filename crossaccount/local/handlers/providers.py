"""Identity providers of an account: ``OpenIdConnectProvider`` and ``SamlProvider`` of ``aws:iam``.

Source: internal/service/iam/openid_connect_provider.go, saml_provider.go.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import Calls, iam
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.handler import Handler, timestamp
from crossaccount.local.handlers.properties import (
    Field,
    Kind,
    Properties,
    retag,
    tag_outputs,
    tags_for_aws,
    wanted_tags,
)

_SCHEME = "https://"


class OpenIdConnectProvider(Handler):
    """ID: the ARN. The URL replaces; audiences, thumbprints and tags change in place."""

    type = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    named_by = ("url",)
    fields = {
        "clientIdLists": Field(Kind.TEXTS, required=True),
        "tags": Field(Kind.MAP),
        "thumbprintLists": Field(Kind.TEXTS, computed=True),
        "url": Field(required=True, replaces=True),
    }
    outputs = frozenset({"arn", "tagsAll"})
    calls = Calls(
        create=iam("CreateOpenIDConnectProvider", "GetOpenIDConnectProvider"),
        read=iam("GetOpenIDConnectProvider"),
        update=iam(
            *("AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider"),
            *("UpdateOpenIDConnectProviderThumbprint", "GetOpenIDConnectProvider"),
            *("TagOpenIDConnectProvider", "UntagOpenIDConnectProvider"),
        ),
        delete=iam("DeleteOpenIDConnectProvider"),
        aws={"create": iam("TagOpenIDConnectProvider")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        arguments: dict[str, Any] = {
            "Url": inputs["url"],
            "ClientIDList": inputs["clientIdLists"],
            "Tags": tags_for_aws(wanted_tags(inputs)),
        }
        if inputs.get("thumbprintLists"):
            arguments["ThumbprintList"] = inputs["thumbprintLists"]
        arn = aws.iam.create_open_id_connect_provider(**arguments)["OpenIDConnectProviderArn"]
        found = self.find(aws, arn, inputs)
        return found or (arn, {**inputs, "arn": arn})

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            found: Any = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return id, {
            "arn": id,
            "clientIdLists": found["ClientIDList"],
            **tag_outputs(found.get("Tags", []), state),
            "thumbprintLists": found.get("ThumbprintList", []),
            "url": _spelled_as(state.get("url"), found["Url"]),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        before, after = set(old.get("clientIdLists", ())), set(new["clientIdLists"])
        for audience in sorted(after - before):
            aws.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=audience)
        for audience in sorted(before - after):
            aws.iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=audience)
        wanted = new.get("thumbprintLists")
        if wanted and wanted != old.get("thumbprintLists"):
            aws.iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=id, ThumbprintList=wanted)
        tag, untag = aws.iam.tag_open_id_connect_provider, aws.iam.untag_open_id_connect_provider
        retag(old, new, tag, untag, OpenIDConnectProviderArn=id)
        found = self.find(aws, id, new)
        return found[1] if found else {**old, **new}

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=id)


def _spelled_as(known: Any, found: str) -> str:
    """The URL in the state's spelling if both are equal: AWS shows it without its scheme."""
    shown = found.removeprefix(_SCHEME)
    return known if isinstance(known, str) and known.removeprefix(_SCHEME).rstrip("/") == shown.rstrip("/") else shown


class SamlProvider(Handler):
    """ID: the ARN. The name replaces; the metadata and the tags change in place."""

    type = "aws:iam/samlProvider:SamlProvider"
    fields = {
        "name": Field(required=True, replaces=True),
        "samlMetadataDocument": Field(required=True),
        "tags": Field(Kind.MAP),
    }
    outputs = frozenset({"arn", "samlProviderUuid", "tagsAll", "validUntil"})
    calls = Calls(
        create=iam("CreateSAMLProvider", "GetSAMLProvider"),
        read=iam("GetSAMLProvider"),
        update=iam("UpdateSAMLProvider", "GetSAMLProvider", "TagSAMLProvider", "UntagSAMLProvider"),
        delete=iam("DeleteSAMLProvider"),
        aws={"create": iam("TagSAMLProvider")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        arn = aws.iam.create_saml_provider(
            Name=inputs["name"],
            SAMLMetadataDocument=inputs["samlMetadataDocument"],
            Tags=tags_for_aws(wanted_tags(inputs)),
        )["SAMLProviderArn"]
        found = self.find(aws, arn, inputs)
        return found or (arn, {**inputs, "arn": arn})

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            found: Any = aws.iam.get_saml_provider(SAMLProviderArn=id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        valid_until = found.get("ValidUntil")
        return id, {
            "arn": id,
            "name": id.rsplit("/", 1)[-1],
            "samlMetadataDocument": found["SAMLMetadataDocument"],
            **({"samlProviderUuid": found["SAMLProviderUUID"]} if found.get("SAMLProviderUUID") else {}),
            **tag_outputs(found.get("Tags", []), state),
            **({"validUntil": timestamp(valid_until)} if valid_until else {}),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if old.get("samlMetadataDocument") != new["samlMetadataDocument"]:
            aws.iam.update_saml_provider(SAMLProviderArn=id, SAMLMetadataDocument=new["samlMetadataDocument"])
        retag(old, new, aws.iam.tag_saml_provider, aws.iam.untag_saml_provider, SAMLProviderArn=id)
        found = self.find(aws, id, new)
        return found[1] if found else {**old, **new}

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.iam.delete_saml_provider(SAMLProviderArn=id)
