"""The page of ``fleet.yaml``: its JSON schema as tables. Keys that a stack has too are on the page of the config."""

from __future__ import annotations

import re

from crossaccount.fleet.json_schema import fleet_schema
from crossaccount.settings.json_schema import config_schema
from docs.generator.config import sections, table_of
from docs.generator.markdown import page

HEAD = """# fleet.yaml

Every key of `fleet.yaml`. This page is generated from the models that check it: `make generate`. [Many
accounts](../guide/fleet.md) explains it with examples. `policies`, `trusted` and `trusting` are those of [a
stack](config.md). `<account.name>` and other placeholders are filled in for each account.
"""
LINK = re.compile(r"\]\(#(\w+)\)")


def fleet_page() -> str:
    """The whole page."""
    schema = fleet_schema()
    of_stacks = config_schema()["$defs"]
    own = {name: each for name, each in schema["$defs"].items() if name not in of_stacks}
    lines = [HEAD, "## Keys\n", *table_of(schema["properties"], schema["required"]), *sections(own)]
    anchors = {name.lower() for name in own}
    return LINK.sub(lambda found: found[0] if found[1] in anchors else f"](config.md#{found[1]})", page(lines))
