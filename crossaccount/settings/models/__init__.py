"""What a stack's config may say, one model per idea. Fields have their YAML names; their docstrings are the docs."""

from crossaccount.settings.models.config import AccountEntry, Suppression
from crossaccount.settings.models.credentials import AccessKey, Console, Handover
from crossaccount.settings.models.entities import (
    Application,
    Assumed,
    Defaults,
    Entity,
    Existing,
    Group,
    ManagedPolicy,
    Members,
    Policy,
    Role,
    Tagged,
    User,
)
from crossaccount.settings.models.federation import (
    Bitbucket,
    Buildkite,
    CircleCi,
    Eks,
    Federation,
    GitHub,
    GitLab,
    PodIdentity,
    PulumiCloud,
    Saml,
    TerraformCloud,
    WebIdentity,
)
from crossaccount.settings.models.providers import Provider
from crossaccount.settings.models.requests import OfOrganization, SessionTags
from crossaccount.settings.models.trusts import Conditioned, Mfa, TrustStatement

__all__ = [
    "AccessKey",
    "AccountEntry",
    "Application",
    "Assumed",
    "Bitbucket",
    "Buildkite",
    "CircleCi",
    "Conditioned",
    "Console",
    "Defaults",
    "Eks",
    "Entity",
    "Existing",
    "Federation",
    "GitHub",
    "GitLab",
    "Group",
    "Handover",
    "ManagedPolicy",
    "Members",
    "Mfa",
    "OfOrganization",
    "PodIdentity",
    "Policy",
    "Provider",
    "PulumiCloud",
    "Role",
    "Saml",
    "SessionTags",
    "Suppression",
    "Tagged",
    "TerraformCloud",
    "TrustStatement",
    "User",
    "WebIdentity",
]
