"""The metadata files of SAML 2.0 providers: read from the project's folder, and checked.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html (1,000 to 10,000,000 characters)
and https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Section
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import INSIDE, MEBIBYTE, leaves_folder, no_folder, read_text
from crossaccount.settings.models import Provider

SHORTEST, LONGEST = 1000, 10_000_000
"""The numbers of characters that IAM accepts."""
_NAMESPACE = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_SAVE = "save the metadata that the identity provider offers for AWS"


def read_metadata(providers: Section[Provider], root: Path | None, problems: list[Problem]) -> dict[str, str]:
    """The documents by provider; errors are added to ``problems``."""
    found: dict[str, str] = {}
    for name, placed in providers.items():
        file = placed.value.saml
        if file is None or not placed.value.is_made_by_the_stack:
            continue
        where = f"{placed.where}.saml"
        text = _read(file, root, where, problems)
        if text is not None:
            problems += _wrong(text, file, where)
            found[name] = text
    return found


def _read(file: str, root: Path | None, where: str, problems: list[Problem]) -> str | None:
    if leaves_folder(file):
        problems.append(Problem(where, INSIDE, file, "write a path such as saml/okta.xml"))
    elif root is None:
        problems.append(no_folder(where, file))
    else:
        try:
            return read_text(root / file, file, 11 * MEBIBYTE, within=root)
        except SettingsError as error:
            problems += [Problem(where, each.what, file, each.fix) for each in error.problems]
    return None


def _wrong(text: str, file: str, where: str) -> Iterator[Problem]:
    if not SHORTEST <= len(text) <= LONGEST:
        what = f"the metadata of a SAML provider has {SHORTEST} to {LONGEST} characters, this has {len(text)}"
        yield Problem(where, what, file, _SAVE)
        return
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        yield Problem(where, "has a document type, which no metadata needs", file, _SAVE)
        return
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        yield Problem(where, f"is not XML ({error})", file, _SAVE)
        return
    if root.tag != f"{_NAMESPACE}EntityDescriptor" or root.find(f"{_NAMESPACE}IDPSSODescriptor") is None:
        what = "is not the metadata of an identity provider (EntityDescriptor with IDPSSODescriptor)"
        yield Problem(where, what, file, _SAVE)
