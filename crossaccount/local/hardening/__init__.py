"""Makes the local AWS as hard as AWS: an ASGI layer around MiniStack, for every client whatever its language.

A program that passes here must not fail in AWS with an error that could have occurred here. The
modules name the AWS documents that they follow; ``middleware`` says which step which action takes.

Closed: malformed documents; trusts that name principals which do not exist; quotas of documents, attachments, groups
and access keys; names that differ in case alone; AWS-managed policies (all exist, with AWS's documents); deletion of
what is in use; trusts after their principal is deleted or moved; roots that assume roles; role ARNs with a wrong path;
session durations; same-account trusts that need no identity policy; what a request carries (``aws:PrincipalArn`` of a
session, TLS, external IDs on the caller's side, policy variables, session tags); UpdateUser and UpdateGroup; complete
authorization details; XML that cannot be read; the order of refusals, so that they disclose nothing. Only the module
``ministack`` patches MiniStack, and lists what it touches.

Nothing here imports ``crossaccount.iam``: verdicts there are tried against this independent implementation of AWS's
rules.

Deliberately open:

- MFA: ``aws:MultiFactorAuthPresent`` is never true, ``SerialNumber`` and ``TokenCode`` are ignored.
- Source identity of AssumeRole: ``sts:SourceIdentity`` is not in its context, and asks for no permission. That of a
  provider's token or assertion is there, and is not carried on through a chain; neither are transitive tags.
- Organisations: a run has one if it is given (see ``organizations``), and its control policies limit all calls but
  those of roots. Without one, each account is an organisation of its own.
- Propagation: everything is consistent at once. AWS takes seconds.
- What MiniStack's own services make (CloudFormation, Cloud Control) does not come this way, and is not checked.
- ``SetDefaultPolicyVersion`` does not exist; ``ListPolicies`` knows only those AWS-managed policies that MiniStack
  carries or that a call has named.
- One door is open on purpose: see ``assume``.
"""

from __future__ import annotations

from crossaccount.local.hardening.middleware import Hardened
from crossaccount.local.hardening.ministack import harden, secret_of
from crossaccount.local.hardening.organizations import put_into_effect

__all__ = ["Hardened", "harden", "put_into_effect", "secret_of"]
