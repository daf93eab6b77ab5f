"""What a config says about its findings and limits: accepted, and raised."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from crossaccount.iam.entity_names import Refusal
from crossaccount.settings.models.base import Model, Text, rule, text_schema

_CODE = re.compile(r"\AXA\d{3}\Z", re.ASCII)


def _check_code(code: str) -> Refusal | None:
    if _CODE.match(code):
        return None
    return Refusal("a finding's code is XA and three digits", "take it from the output of `crossaccount check`")


def _check_said(text: str) -> Refusal | None:
    return None if text.strip() else Refusal("must not be empty", "say it in a few words")


class Suppression(Model):
    """A finding that somebody has checked and accepted."""

    code: Annotated[Text, rule(_check_code), text_schema(r"^XA[0-9]{3}$", 5)] = Field(examples=["XA107"])
    """The finding's code."""
    where: Annotated[Text, rule(_check_said), text_schema(r"\S", 2048)] = Field(
        examples=["trusting.roles.Monitoring.trust[0]"]
    )
    """The finding's place in this config, or a place that contains it; an ARN if the finding has one."""
    reason: Annotated[Text, rule(_check_said), text_schema(r"\S", 2048)] = Field(
        examples=["the vendor pins our account on its side"]
    )
    """The reason for accepting it, for later readers of the config."""
