"""How the pipeline's own policies are named in an account."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from crossaccount.iam.entity_names import Refusal
from crossaccount.settings.models.base import Model, Text, rule, text_schema

PREFIX = "crossaccount"
"""The prefix of a config that has none."""
LONGEST_PREFIX = 64
_PREFIX = r"^[A-Za-z][A-Za-z0-9-]*$"


def _check_prefix(prefix: str) -> Refusal | None:
    """The names are of policies (128 characters) and of a CloudFormation stack, whose rule is the narrower one.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html (StackName)
    """
    if re.match(_PREFIX, prefix) and not prefix.endswith("\n") and len(prefix) <= LONGEST_PREFIX:
        return None
    what = f"a prefix has 1 to {LONGEST_PREFIX} letters, digits and hyphens, and begins with a letter"
    return Refusal(what, "write one such as access-infra")


class BootstrapNames(Model):
    """The names of what `crossaccount bootstrap` makes. Two projects in one account need different ones."""

    prefix: Annotated[Text, rule(_check_prefix), text_schema(_PREFIX, LONGEST_PREFIX)] = Field(
        default=PREFIX, examples=["access-infra"]
    )
    """The prefix of the names of its policies and its CloudFormation stack, as in access-infra-boundary. Roles have the
    names that the config gives them."""
