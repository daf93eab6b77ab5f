"""``stack:[DIR/]NAME`` without running the program: what its settings make of the account, in the same shape.

For very many stacks at once: recording costs some 50 ms of processor time for each. It takes the program to be the one
that comes with the toolkit; what somebody added to it is seen by recording alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crossaccount.iam.arn import entity_arn
from crossaccount.settings import Settings, Trusted
from crossaccount.settings.account_details import account_details
from crossaccount.settings.derived_names import DerivedNames
from crossaccount.settings.documents import build_documents
from crossaccount.settings.models import Application
from crossaccount.settings.project import stack_file
from crossaccount.sources.address_book import displays
from crossaccount.sources.declared import DEFAULT_SESSION_DURATION
from crossaccount.sources.details import Described
from crossaccount.sources.errors import within
from crossaccount.sources.stacks import NamedStack


class SettingsReader:
    """Describes the stacks whose ``settings`` are given, by name: all of one project, every one checked."""

    def __init__(self, settings: Mapping[str, Settings]) -> None:
        self._settings = settings
        self._by_id = {each.account_id: each for each in settings.values()}

    def describe(self, stack: NamedStack) -> Described:
        """The account as the stack's settings make it.

        Raises:
            SourceError: a stack that it reads does not declare what is named, or a document is what IAM refuses.
        """
        settings = self._settings[stack.name]
        read = [settings.account_ids[account] for account in settings.reads]
        names = DerivedNames(settings, [self._by_id[each] for each in read if each in self._by_id])
        documents, problems = build_documents(settings, names.arn)
        if found := [*names.problems, *problems]:
            file = stack_file(stack.name)
            raise within(stack.where, [replace(each, where=f"{file}: {each.where}") for each in found])
        return Described(
            stack.where,
            settings.account_id,
            _completed(account_details(settings, documents), settings),
            settings.account_ids,
            displays=displays(settings.accounts.values()),
            region=settings.region or "",
        )


def _completed(details: Mapping[str, list[dict[str, Any]]], settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """With what AWS adds by itself, and what stands beside the documents."""
    trusted = settings.trusted or Trusted()
    profiles = {name: _profile(name, each, settings) for name, each in trusted.applications.items()}
    return {
        **details,
        "RoleDetailList": [
            {
                "MaxSessionDuration": DEFAULT_SESSION_DURATION,
                **item,
                "InstanceProfileList": profiles.get(item["RoleName"], []),
            }
            for item in details["RoleDetailList"]
        ],
    }


def _profile(name: str, application: Application, settings: Settings) -> list[dict[str, str]]:
    if not application.has_instance_profile:
        return []
    arn = entity_arn(settings.account_id, "instance-profile", name, application.path, settings.partition)
    return [{"InstanceProfileName": name, "Path": application.path, "Arn": arn}]
