"""Identity providers as IAM knows them: issuers of OpenID Connect tokens, and SAML 2.0 providers.

Owns the known services with their issuers and audiences, and derives a provider's ARN and condition keys from its
issuer. Refuses issuers that IAM does not accept.

Sources: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html (Url),
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html, and each service's page on OpenID
Connect with AWS: https://docs.github.com/en/actions/reference/security/oidc,
https://docs.gitlab.com/ci/cloud_services/aws/, https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-\
bitbucket-pipelines-openid-connect/, https://developer.hashicorp.com/terraform/cloud-docs/workspaces/\
dynamic-provider-credentials/aws-configuration, https://www.pulumi.com/docs/deployments/guides/oidc/aws/,
https://circleci.com/docs/openid-connect-tokens/, https://buildkite.com/docs/pipelines/security/oidc/aws,
https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crossaccount.iam.arn import entity_arn
from crossaccount.iam.entity_names import Refusal

STS = "sts.amazonaws.com"
"""The audience of tokens that are made for AWS."""


@dataclass(frozen=True)
class Service:
    """A service that issues tokens to its jobs or pods.

    ``issuer`` and ``audience`` (of tokens for AWS) are empty if they differ by customer. ``issuers`` matches the
    service's issuers, without ``https://``.
    """

    title: str
    issuers: str
    issuer: str = ""
    audience: str = ""


SERVICES: Mapping[str, Service] = {
    "github": Service(
        "GitHub Actions",
        r"token\.actions\.githubusercontent\.com(/[\w.-]+)?|token\.actions\.[\w-]+\.ghe\.com|[^/]+/_services/token",
        "https://token.actions.githubusercontent.com",
        STS,
    ),
    "gitlab": Service("GitLab", r"gitlab\.[^/]+|[^/]*\bgitlab\b[^/]*", "https://gitlab.com", "https://gitlab.com"),
    "bitbucket": Service(
        "Bitbucket Pipelines", r"api\.bitbucket\.org/2\.0/workspaces/[^/]+/pipelines-config/identity/oidc"
    ),
    "terraform-cloud": Service(
        "HCP Terraform", r"app\.(eu\.)?terraform\.io", "https://app.terraform.io", "aws.workload.identity"
    ),
    "pulumi-cloud": Service("Pulumi Cloud", r"api\.pulumi\.com/oidc", "https://api.pulumi.com/oidc"),
    "circleci": Service("CircleCI", r"oidc\.circleci\.com/org/[0-9A-Fa-f-]+"),
    "buildkite": Service("Buildkite", r"agent\.buildkite\.com", "https://agent.buildkite.com", STS),
    "eks": Service(
        "Amazon EKS",
        r"oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/id/[0-9A-Za-z]+|oidc-eks\.[a-z0-9-]+\.api\.aws/id/[0-9A-Za-z]+",
        audience=STS,
    ),
}
"""Services by their name in the config."""


@dataclass(frozen=True)
class IdentityProvider:
    """A provider of an account. ``issuer`` has no scheme, as in its ARN and its condition keys; empty for SAML."""

    name: str
    arn: str
    issuer: str = ""
    audiences: tuple[str, ...] = ()

    @property
    def is_saml(self) -> bool:
        """Whether it is a SAML provider."""
        return not self.issuer

    @property
    def service(self) -> str:
        """The known service that issues its tokens; empty if there is none."""
        return service_of(self.issuer)

    def key(self, claim: str) -> str:
        """The condition key of a claim, or of a SAML attribute."""
        return f"SAML:{claim}" if self.is_saml else f"{self.issuer}:{claim}"


def service_of(issuer: str) -> str:
    """The service with this issuer (without its scheme); empty if it is none of ``SERVICES``."""
    return next((name for name, each in SERVICES.items() if re.fullmatch(each.issuers, issuer, re.IGNORECASE)), "")


def issuer_url(oidc: str) -> str:
    """The issuer's URL, from a service's name or from the URL itself; empty for a service with many issuers."""
    return SERVICES[oidc].issuer if oidc in SERVICES else oidc


def default_audiences(oidc: str) -> tuple[str, ...]:
    """The audiences of tokens for AWS, if they follow from the service."""
    issuer = without_scheme(issuer_url(oidc))
    name = oidc if oidc in SERVICES else service_of(issuer)
    if name == "circleci" and issuer:
        return (issuer.rsplit("/", 1)[-1],)  # "aud: the ID of the organization"
    if name == "gitlab" and issuer:
        return (f"https://{issuer}",)
    return (SERVICES[name].audience,) if name and SERVICES[name].audience else ()


def without_scheme(url: str) -> str:
    """An issuer in the form of ARNs and condition keys."""
    return url.removeprefix("https://").rstrip("/")


_URL = re.compile(r"https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(/[\w.~%+-]+)*/?", re.ASCII)
_EXAMPLES = {
    "bitbucket": "https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc",
    "circleci": "https://oidc.circleci.com/org/<organisation ID>",
    "eks": "the issuer of `aws eks describe-cluster --query cluster.identity.oidc.issuer`",
}


def check_oidc(oidc: str) -> Refusal | None:
    """The problem of a service's name or of an issuer's URL."""
    if oidc in SERVICES:
        if SERVICES[oidc].issuer:
            return None
        what = f"{SERVICES[oidc].title} has an issuer for each customer"
        return Refusal(what, f"write {_EXAMPLES[oidc]}")
    names = ", ".join(name for name, each in SERVICES.items() if each.issuer)
    if "://" not in oidc:
        return Refusal("neither the URL of an issuer nor a service", f"write https://…, or one of {names}")
    if not _URL.fullmatch(oidc):
        what = "the issuer of IAM is an https:// URL without port, query and fragment"
        return Refusal(what, "write it as in the tokens' claim iss")
    if len(oidc) > 255:
        return Refusal(f"the URL of an issuer has at most 255 characters, this has {len(oidc)}", "check it")
    return None


def oidc_arn(account: str, oidc: str, partition: str) -> str:
    """The ARN that IAM gives to an OpenID Connect provider."""
    return entity_arn(account, "oidc-provider", without_scheme(issuer_url(oidc)), "/", partition)


def saml_arn(account: str, name: str, partition: str) -> str:
    """The ARN that IAM gives to a SAML provider."""
    return entity_arn(account, "saml-provider", name, "/", partition)


_SIGN_IN = {
    "aws": "signin.aws.amazon.com",
    "aws-cn": "signin.amazonaws.cn",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
}


def saml_audience(partition: str) -> str:
    """The audience of SAML assertions for the console of a partition:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html."""
    return f"https://{_SIGN_IN[partition]}/saml"
