"""Identity providers against a local AWS."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS, ResourceError, create
from crossaccount.local.handlers.handler import changes

OIDC = HANDLERS["aws:iam/openIdConnectProvider:OpenIdConnectProvider"]
SAML = HANDLERS["aws:iam/samlProvider:SamlProvider"]
GITHUB: dict[str, Any] = {
    "url": "https://token.actions.githubusercontent.com",
    "clientIdLists": ["sts.amazonaws.com"],
    "tags": {"team": "a"},
}
METADATA = "<EntityDescriptor>" + "x" * 1000 + "</EntityDescriptor>"


def test_a_provider_has_the_arn_of_its_issuer(root: Aws) -> None:
    id_, state = create(OIDC.type, root, GITHUB)
    assert id_ == f"arn:aws:iam::{root.account_id()}:oidc-provider/token.actions.githubusercontent.com"
    assert (state["url"], state["clientIdLists"], state["tags"]) == tuple(GITHUB.values())
    assert changes(OIDC, state, OIDC.check(GITHUB)) == []


def test_audiences_thumbprints_and_tags_change_in_place(root: Aws) -> None:
    id_, state = create(OIDC.type, root, GITHUB)
    changed = {**GITHUB, "clientIdLists": ["other"], "thumbprintLists": ["a" * 40], "tags": {"team": "b", "x": "y"}}
    wanted = OIDC.check(changed)
    assert {each.property for each in changes(OIDC, state, wanted)} == {
        "clientIdLists",
        "thumbprintLists",
        "tags",
        "tagsAll",
    }
    assert not any(each.replaces for each in changes(OIDC, state, wanted))
    OIDC.update(root, id_, state, wanted)
    found = OIDC.find(root, id_, wanted)
    assert found is not None
    assert {name: found[1][name] for name in changed} == changed


def test_another_issuer_is_another_provider(root: Aws) -> None:
    _, state = create(OIDC.type, root, GITHUB)
    (change,) = changes(OIDC, state, OIDC.check({**GITHUB, "url": "https://gitlab.com"}))
    assert (change.path, change.replaces) == ("url", True)


def test_the_url_is_the_same_without_its_scheme(root: Aws) -> None:
    id_, _ = create(OIDC.type, root, GITHUB)
    found = OIDC.find(root, id_, {"url": "token.actions.githubusercontent.com"})
    assert found is not None
    assert found[1]["url"] == "token.actions.githubusercontent.com"


def test_an_account_has_one_provider_of_an_issuer(root: Aws) -> None:
    create(OIDC.type, root, GITHUB)
    with pytest.raises(ResourceError, match="EntityAlreadyExists"):
        create(OIDC.type, root, GITHUB)


def test_metadata_and_tags_change_in_place(root: Aws) -> None:
    id_, state = create(SAML.type, root, {"name": "okta", "samlMetadataDocument": METADATA, "tags": {"a": "b"}})
    assert id_ == f"arn:aws:iam::{root.account_id()}:saml-provider/okta"
    wanted = SAML.check({"name": "okta", "samlMetadataDocument": METADATA + "<!-- new -->", "tags": {"c": "d"}})
    assert not any(each.replaces for each in changes(SAML, state, wanted))
    SAML.update(root, id_, state, wanted)
    found = SAML.find(root, id_, wanted)
    assert found is not None
    assert (found[1]["samlMetadataDocument"], found[1]["tags"]) == (METADATA + "<!-- new -->", {"c": "d"})


@pytest.mark.parametrize(
    ("handler", "inputs"), [(OIDC, GITHUB), (SAML, {"name": "okta", "samlMetadataDocument": METADATA})]
)
def test_a_deleted_provider_is_gone_and_may_be_deleted_again(root: Aws, handler: Any, inputs: dict[str, Any]) -> None:
    id_, state = create(handler.type, root, inputs)
    handler.delete(root, id_, state)
    assert handler.find(root, id_, state) is None
    handler.delete(root, id_, state)
