"""Encrypting a credential to its owner's OpenPGP key, as pulumi-aws does for ``pgpKey``.

Source: internal/service/iam/encryption.go: the key is the base64 of a binary public key, the result the base64 of a
binary message, the fingerprint that of the primary key in lower-case hex.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pysequoia import Cert


def refuse_key(key: Any) -> str | None:
    """What is wrong with a ``pgpKey``, or nothing."""
    try:
        _certificate(str(key))
    except ValueError as problem:
        return str(problem)
    return None


def encrypt(key: str, text: str) -> tuple[str, str]:
    """The key's fingerprint, and ``text`` encrypted to it.

    Raises:
        ValueError: the key is none that can be encrypted to.
    """
    from pysequoia import encrypt as encrypt_to

    certificate = _certificate(key)
    message = encrypt_to(text.encode(), recipients=[certificate], armor=False)
    return certificate.fingerprint.lower(), base64.b64encode(message).decode()


def _certificate(key: str) -> Cert:
    from pysequoia import Cert

    if key.startswith("keybase:"):
        raise ValueError("the local AWS reaches no network, so not Keybase either; give the base64 of the public key")
    try:
        return Cert.from_bytes(base64.b64decode("".join(key.split()), validate=True))
    except binascii.Error:
        raise ValueError("must be the base64 of a binary OpenPGP public key (gpg --export KEY | base64)") from None
    except Exception:  # pysequoia's errors share no type
        raise ValueError("is base64, but of no OpenPGP public key (gpg --export KEY | base64)") from None
