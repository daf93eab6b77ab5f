"""What a stack's config may say, one model per idea. Fields have their YAML names; their docstrings are the docs."""

from crossaccount.settings.models.config import AccountEntry, Suppression
from crossaccount.settings.models.credentials import AccessKey, Console, Handover
from crossaccount.settings.models.entities import (
    Application,
    Assumed,
    Entity,
    Group,
    ManagedPolicy,
    Policy,
    Role,
    Tagged,
    User,
)
from crossaccount.settings.models.trusts import Conditioned, Mfa, TrustStatement

__all__ = [
    "AccessKey",
    "AccountEntry",
    "Application",
    "Assumed",
    "Conditioned",
    "Console",
    "Entity",
    "Group",
    "Handover",
    "ManagedPolicy",
    "Mfa",
    "Policy",
    "Role",
    "Suppression",
    "Tagged",
    "TrustStatement",
    "User",
]
