"""What a stack's config may say, one model per idea. Fields have their YAML names; their docstrings are the docs."""

from crossaccount.settings.models.bootstrap import BootstrapNames
from crossaccount.settings.models.config import AccountEntry, OrganizationPolicies, Suppression
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
    Membership,
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
from crossaccount.settings.models.requests import OfOrganization, RolesOrganization, SessionTags
from crossaccount.settings.models.sign_in import PasswordPolicy, SignIn
from crossaccount.settings.models.trusts import Conditioned, Mfa, TrustStatement

__all__ = [
    "AccessKey",
    "AccountEntry",
    "Application",
    "Assumed",
    "Bitbucket",
    "BootstrapNames",
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
    "Membership",
    "Mfa",
    "OfOrganization",
    "OrganizationPolicies",
    "PasswordPolicy",
    "PodIdentity",
    "Policy",
    "Provider",
    "PulumiCloud",
    "Role",
    "RolesOrganization",
    "Saml",
    "SessionTags",
    "SignIn",
    "Suppression",
    "Tagged",
    "TerraformCloud",
    "TrustStatement",
    "User",
    "WebIdentity",
]
