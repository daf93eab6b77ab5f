"""Every file that is made from the code, with its text: the reference, the findings, the JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crossaccount.access.estate.policies import bundle_date, bundled
from crossaccount.fleet import json_schema as fleet_schema
from crossaccount.iam import managed_policies
from crossaccount.settings import json_schema as config_schema
from docs.generator.commands import commands_page
from docs.generator.config import config_page
from docs.generator.findings import findings_page
from docs.generator.fleet import fleet_page
from docs.generator.json_schemas import schema_files
from docs.generator.outputs import outputs_page
from docs.generator.package_schema import package_schema
from docs.generator.permissions import permissions_page

DOCS = Path(__file__).parents[1]
FOLDER = DOCS / "reference"


def pages() -> Mapping[str, str]:
    """The pages of the reference, by the name of their file."""
    return {
        "commands.md": commands_page(),
        "config.md": config_page(),
        "fleet.md": fleet_page(),
        "outputs.md": outputs_page(),
        "permissions.md": permissions_page(),
    }


def generated() -> Mapping[Path, str]:
    """Every generated file with the text that it must have."""
    return {
        **{FOLDER / name: text for name, text in pages().items()},
        DOCS / "findings.md": findings_page(),
        **{FOLDER / "schemas" / name: text for name, text in schema_files().items()},
        DOCS.parent / "package" / "schema.json": package_schema(),
        config_schema.FILE: config_schema.schema_text(),
        fleet_schema.FILE: fleet_schema.schema_text(),
        managed_policies.FILE: managed_policies.list_text(bundled(), bundle_date()),
    }
