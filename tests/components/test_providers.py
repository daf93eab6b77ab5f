"""Identity providers: what is made, and which roles wait for it."""

from __future__ import annotations

from typing import Any

from tests.components.conftest import Deploy, only
from tests.components.registrations import Registrations

OIDC = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
SAML = "aws:iam/samlProvider:SamlProvider"
BRANCH: dict[str, Any] = {"github": {"repository": "acme/app", "branch": "main"}}


def test_a_service_is_its_issuer_and_its_audience(deploy: Deploy) -> None:
    provider = only(deploy("auth", providers={"gh": {"oidc": "github", "tags": {"a": "b"}}}), OIDC)
    assert provider["url"] == "https://token.actions.githubusercontent.com"
    assert (provider["clientIdLists"], provider["tags"]) == (["sts.amazonaws.com"], {"a": "b"})
    assert "thumbprintLists" not in provider


def test_what_is_managed_elsewhere_is_not_made(deploy: Deploy, registered: Registrations) -> None:
    deployed = deploy("auth", providers={"gh": {"oidc": "github", "existing": True}, "okta": {"existing": True}})
    assert not {each.type for each in registered} & {OIDC, SAML, "crossaccount:index:IdentityProviders"}
    assert deployed.outputs["providers"] == {
        "gh": "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com",
        "okta": "arn:aws:iam::111111111111:saml-provider/okta",
    }


def test_a_role_waits_for_the_provider_that_it_trusts(deploy: Deploy, registered: Registrations) -> None:
    providers = {"gh": {"oidc": "github"}, "lab": {"oidc": "gitlab"}}
    deploy("auth", providers=providers, trusting={"roles": {"Deploy": {"trust": [BRANCH]}}})
    waits = registered.named("auth-role-Deploy").depends_on
    assert any("auth-provider-gh" in each for each in waits)
    assert not any("auth-provider-lab" in each for each in waits)


def test_a_provider_is_adopted_under_its_arn(deploy: Deploy, registered: Registrations) -> None:
    deploy("auth", providers={"gh": {"oidc": "github", "import": True, "protect": True, "aliases": ["old"]}})
    made = registered.named("auth-provider-gh")
    arn = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
    assert (made.import_id, made.protect) == (arn, True)
    assert made.aliases == ("auth-provider-old",)


def test_without_providers_there_is_no_output_of_them(deploy: Deploy) -> None:
    assert "providers" not in deploy("auth", trusted={"users": {"bo": {}}}).outputs


PODS = "aws:eks/podIdentityAssociation:PodIdentityAssociation"


def test_a_service_account_of_a_cluster_is_associated_with_its_role(deploy: Deploy, registered: Registrations) -> None:
    api = {"cluster": "prod", "namespace": "payments", "service_account": "api"}
    trust = [{"pod_identity": {**api, "import": "a-0123456789abcdef0"}}, {"pod_identity": {**api, "cluster": "dev"}}]
    deploy("auth", trusting={"roles": {"Api": {"trust": trust, "tags": {"team": "a"}}}})
    made = {each.name: each for each in registered if each.type == PODS}
    assert sorted(made) == ["auth-role-Api-pods-dev/payments/api", "auth-role-Api-pods-prod/payments/api"]
    of_prod = made["auth-role-Api-pods-prod/payments/api"]
    assert of_prod.import_id == "prod,a-0123456789abcdef0"
    assert made["auth-role-Api-pods-dev/payments/api"].import_id == ""
    assert of_prod.inputs == {
        "clusterName": "prod",
        "namespace": "payments",
        "serviceAccount": "api",
        "roleArn": "arn:aws:iam::111111111111:role/Api",
        "tags": {"team": "a"},
    }


def test_pods_whose_association_is_made_elsewhere_get_none(deploy: Deploy, registered: Registrations) -> None:
    deploy("auth", trusting={"roles": {"Api": {"trust": [{"pod_identity": True}]}}})
    assert not [each for each in registered if each.type == PODS]
