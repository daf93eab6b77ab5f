"""The Pulumi layer: the only place that declares resources.

``ManagedPolicies``, ``TrustedAccount`` and ``TrustingAccount`` are ComponentResources; ``program`` puts them together
from a stack's config. No component makes a provider: one stack is one account, the default provider's.
"""
