"""Identity providers of a stack, and edits of each key of a trust in their users."""

from __future__ import annotations

from typing import Any

METADATA = (
    "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' entityID='https://idp.example.com'>"
    "<IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'/>"
    f"<!--{'_' * 1000}--></EntityDescriptor>"
)
"""AWS asks for at least 1,000 characters."""
UUID = "c2fcc0ab-5cf8-4e2c-a1bc-1cf1c1a1b1d1"
PROVIDERS: dict[str, dict[str, Any]] = {
    "github": {"oidc": "github"},
    "gitlab": {"oidc": "gitlab"},
    "bitbucket": {
        "oidc": "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        "audiences": [f"ari:cloud:bitbucket::workspace/{UUID}"],
    },
    "tfc": {"oidc": "terraform-cloud"},
    "pulumi": {"oidc": "pulumi-cloud", "audiences": ["aws:acme", "acme"]},
    "circle": {"oidc": f"https://oidc.circleci.com/org/{UUID}"},
    "buildkite": {"oidc": "buildkite"},
    "prod": {"oidc": f"https://oidc.eks.eu-central-1.amazonaws.com/id/{'A' * 32}"},
    "idp": {"oidc": "https://idp.example.com", "audiences": ["crossaccount", "other"]},
    "okta": {"saml": "okta.xml"},
}
REPOSITORY = {"repository": "acme/app", "branch": "main"}
PIPELINE = {"organization": "acme", "pipeline": "deploy"}
WORKSPACE = {"organization": "acme", "workspace": "network", "run_phase": "apply"}
IDS = {"owner_id": "123456", "repository_id": "456789"}
JOBS = {"project": "acme/app", "branch": "main"}
TRUSTS: dict[str, list[dict[str, Any]]] = {
    "GitHub": [
        REPOSITORY,
        {**REPOSITORY, "provider": "github"},
        {"organization": "acme", "branch": "main"},
        {"repository": "acme/app", "tag": "v*"},
        {"repository": "acme/app", "environment": "production"},
        {"repository": "acme/app", "pull_request": True},
        {"repository": "acme/app", "any": True},
        {**REPOSITORY, "workflow": "acme/app/.github/workflows/deploy.yml@refs/heads/main"},
        {**REPOSITORY, **IDS, "subject": "ids"},
    ],
    "GitLab": [
        {**JOBS, "provider": "gitlab"},
        {"group": "acme", "any": True},
        {"project": "acme/app", "tag": "v*"},
        {**JOBS, "protected": True},
        {**JOBS, "project_id": "4711"},
    ],
    "Bitbucket": [{"repository": f"{{{UUID}}}", "environment": f"{{{UUID}}}", "provider": "bitbucket"}],
    "TerraformCloud": [WORKSPACE, {**WORKSPACE, "project": "network", "provider": "tfc"}],
    "PulumiCloud": [
        {"organization": "acme", "environment": "platform/production", "provider": "pulumi"},
        {"organization": "acme", "stack": "network/prod", "operation": "preview"},
    ],
    "CircleCi": [{"project": UUID, "provider": "circle"}],
    "Buildkite": [
        {**PIPELINE, "branch": "main", "provider": "buildkite"},
        {**PIPELINE, "tag": "v*"},
        {**PIPELINE, "any": True},
    ],
    "Eks": [
        {"cluster": "prod", "service_account": "payments/api"},
        {"provider": "prod", "service_account": ["payments/*"]},
    ],
    "WebIdentity": [
        {"provider": "idp", "audience": "other", "subject": "service:deployer"},
        {"provider": "idp", "claims": {"email": "a@example.com"}},
    ],
    "Saml": [{"provider": "okta"}, {"provider": "okta", "attributes": {"eduPersonAffiliation": ["staff"]}}],
}
"""Each key of each model of users of a provider is in one of these."""
KEYWORDS = {
    "GitHub": "github",
    "GitLab": "gitlab",
    "Bitbucket": "bitbucket",
    "TerraformCloud": "terraform_cloud",
    "PulumiCloud": "pulumi_cloud",
    "CircleCi": "circleci",
    "Buildkite": "buildkite",
    "Eks": "eks",
    "WebIdentity": "web_identity",
    "Saml": "saml",
}
"""The keyword of a trust statement for each model."""
POD = {
    "cluster_arn": "arn:aws:eks:eu-central-1:222222222222:cluster/prod",
    "namespace": "payments",
    "service_account": "api",
}
ORGANIZATION = "o-a1b2c3d4e5"
PATHS = {"id": ORGANIZATION, "paths": [f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/*"]}
TAGS = {"required": {"project": ["web"]}, "allowed": ["project"], "transitive": ["project"]}
BUCKET = "arn:aws:s3:::bucket"
STATEMENTS: dict[str, list[dict[str, Any]]] = {
    "pod_identity": [{"pod_identity": True}],
    "organization": [{"principals": ["auth"], "organization": ORGANIZATION}],
    "source_account": [{"services": ["scheduler.amazonaws.com"], "source_account": "workload"}],
    "source_arn": [{"services": ["s3.amazonaws.com"], "source_arn": BUCKET}],
}
CONDITIONS: dict[str, Any] = {
    "source_ip": ["203.0.113.0/24"],
    "source_vpc": ["vpc-0a1b2c3d"],
    "source_vpce": ["vpce-0a1b2c3d"],
    "principal_tags": {"team": "ops"},
    "session_name": "${aws:username}",
    "source_identity": True,
    "session_tags": {"required": {"project": "web"}},
    "starts": "2020-01-01",
    "expires": "2099-12-31",
}
"""Keywords of trusts and of grants."""
Edits = dict[str, list[tuple[tuple[Any, ...], Any]]]


def edits_of_trusts(trust: tuple[Any, ...]) -> Edits:
    """Edits of each key of a trust statement that asks for a provider's users, a pod, a session or a source."""
    found: Edits = {}
    for model, values in TRUSTS.items():
        found[f"TrustStatement.{KEYWORDS[model]}"] = [(trust, {KEYWORDS[model]: values[0]})]
        for value in values:
            for key in value:
                found.setdefault(f"{model}.{key}", []).append((trust, {KEYWORDS[model]: value}))
    for keyword, values in STATEMENTS.items():
        found[f"TrustStatement.{keyword}"] = [(trust, value) for value in values]
    for keyword, value in CONDITIONS.items():
        found[f"TrustStatement.{keyword}"] = [(trust, {"principals": ["auth"], keyword: value})]
    found |= {f"PodIdentity.{key}": [(trust, {"pod_identity": {key: value}})] for key, value in POD.items()}
    associated = {"cluster": "prod", "namespace": "payments", "service_account": "api"}
    found["PodIdentity.cluster"] = [(trust, {"pod_identity": associated})]
    found["PodIdentity.import"] = [(trust, {"pod_identity": {**associated, "import": "a-0123456789abcdef0"}})]
    asked = {"OfOrganization": ("organization", PATHS), "SessionTags": ("session_tags", TAGS)}
    for model, (keyword, members) in asked.items():
        found |= {f"{model}.{key}": [(trust, {"principals": ["auth"], keyword: members})] for key in members}
    return found


def edits_of_providers(providers: tuple[Any, ...]) -> Edits:
    """Edits of each key of a provider."""
    github = (*providers, "github")
    values: dict[str, Any] = {
        "audiences": ["sts.amazonaws.com", "crossaccount"],
        "thumbprints": ["6938fd4d98bab03faadb97b34396831e3780aea1"],
        "existing": True,
        "bootstrap": True,
        "tags": {"team": "ops"},
        "protect": True,
        "aliases": ["gh"],
        "import": True,
    }
    return {
        "crossaccount:providers": [((*providers, "more"), {"oidc": "https://more.example.com", "audiences": ["a"]})],
        "Provider.oidc": [((*providers, "idp", "oidc"), "https://other.example.com")],
        "Provider.saml": [((*providers, "adfs"), {"saml": "okta.xml"})],
        **{f"Provider.{key}": [((*github, key), value)] for key, value in values.items()},
    }
