"""Every page of the reference, by the name of its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from docs.generator.commands import commands_page
from docs.generator.config import config_page
from docs.generator.fleet import fleet_page
from docs.generator.outputs import outputs_page

FOLDER = Path(__file__).parents[1] / "reference"


def pages() -> Mapping[str, str]:
    """The texts as they stand in the files."""
    return {
        "commands.md": commands_page(),
        "config.md": config_page(),
        "fleet.md": fleet_page(),
        "outputs.md": outputs_page(),
    }
