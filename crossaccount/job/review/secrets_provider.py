"""The secrets provider of a stack. A change of it in the stack's file gives all secrets to the owner of the new key.

The state has the stack's passwords and access keys, encrypted by its secrets provider. The engine uses the provider in
the stack's file, and encrypts the whole state again. To change the provider there is a separate command, which changes
both: https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_change-secrets-provider/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMED, KEY = "secretsprovider", "encryptedkey"
"""Keys of a stack's file: the provider's URL, and the key of the data, encrypted by it."""
NO_PROVIDER = ("", "")
_OWN = ("", "default", "passphrase")
"""Names of providers without a cloud key: the passphrase, or Pulumi Cloud itself."""


def of_file(file: Mapping[str, Any]) -> tuple[str, str]:
    """The provider that a stack's file names, and its encrypted key; empty texts if it names none."""
    named = str(file.get(NAMED) or "")
    return NO_PROVIDER if named in _OWN else (named, str(file.get(KEY) or ""))


def of_state(state: Mapping[str, Any]) -> tuple[str, str] | None:
    """The same for the last deployed state; None if it is not known."""
    providers = state.get("secrets_providers")
    if not isinstance(providers, Mapping) or not providers.get("type"):
        return None
    kept = providers.get("state")
    given: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    return (str(given.get("url") or ""), str(given.get(KEY) or "")) if providers["type"] == "cloud" else NO_PROVIDER


def another_provider(stack: str, file: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """Why a stack must not be updated: the providers in its file and state differ. Empty if they agree."""
    deployed, named = of_state(state), of_file(file)
    if deployed is None or deployed == named:
        return ""
    before, after = (each[0] or "the passphrase or Pulumi Cloud" for each in (deployed, named))
    changed = f"from {before} to {after}" if before != after else f"of {after} has another {KEY}"
    command = f"pulumi stack change-secrets-provider --stack {stack}"
    return f"its file changes who can read its secrets ({changed}); take the lines back, or use {command}"
