"""The Pulumi layer: the only place that declares resources. An installation has it as ``crossaccount.components``.

``ManagedPolicies``, ``IdentityProviders``, ``SignIn``, ``TrustedAccount`` and ``TrustingAccount`` are
ComponentResources for any program; ``program`` puts them together from a stack's config. No component makes a provider:
a component is one account, that of the provider which its options give, else the default provider's.
"""

from .uncollected import uncollected

with uncollected():
    from .permissions import PermissionArgs
    from .policies import ManagedPolicies, ManagedPoliciesArgs, ManagedPolicyArgs
    from .providers import IdentityProviders, IdentityProvidersArgs, OidcProviderArgs, SamlProviderArgs
    from .roles import RoleArgs
    from .sign_in import PasswordPolicyArgs, SignIn, SignInArgs
    from .trusted import GroupArgs, TrustedAccount, TrustedAccountArgs
    from .trusting import TrustingAccount, TrustingAccountArgs
    from .users import AccessKeyArgs, ConsoleArgs, Handover, UserArgs

__all__ = [
    "AccessKeyArgs",
    "ConsoleArgs",
    "GroupArgs",
    "Handover",
    "IdentityProviders",
    "IdentityProvidersArgs",
    "ManagedPolicies",
    "ManagedPoliciesArgs",
    "ManagedPolicyArgs",
    "OidcProviderArgs",
    "PasswordPolicyArgs",
    "PermissionArgs",
    "RoleArgs",
    "SamlProviderArgs",
    "SignIn",
    "SignInArgs",
    "TrustedAccount",
    "TrustedAccountArgs",
    "TrustingAccount",
    "TrustingAccountArgs",
    "UserArgs",
]
