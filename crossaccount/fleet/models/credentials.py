"""With whose credentials an account's stack is deployed."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from crossaccount.settings.models.base import Model, Text, flag_or_mapping, refuse, seconds_between


class AssumedRole(Model):
    """A role that the provider assumes before it does anything."""

    role: Text = Field(examples=["<account.name>/role/deployer"])
    """The role: <account.name>/role/deployer, or a full ARN."""
    external_id: Text | None = None
    """The external ID that the role's trust asks for."""
    session_name: Text | None = None
    """What CloudTrail calls the session: 2 to 64 letters, digits and _=,.@+-."""
    duration: Annotated[int, seconds_between(900, 43200, "15m and 12h")] | None = None
    """How long the session lasts, such as "1h"; an hour at most for a role that is assumed from another one."""


class Credentials(Model):
    """A profile, a role to assume, or a role to assume with a profile."""

    profile: Text | None = None
    """A profile of the AWS CLI, on the machine that deploys."""
    assume_roles: Annotated[tuple[AssumedRole, ...], Field(examples=[[{"role": "<account.name>/role/deployer"}]])] = ()
    """Roles to assume, each from the one before it; the first from the profile or the environment's credentials."""

    @model_validator(mode="after")
    def _says_something(self) -> Credentials:
        if self.profile is None and not self.assume_roles:
            raise refuse("says no credentials", "write a profile, or assume_roles: [{role: …}]")
        return self


_EXAMPLE = "{profile: <account.name>}, or {assume_roles: [{role: <account.name>/role/deployer}]}"
ThisAccounts = Annotated[
    Credentials | None, BeforeValidator(flag_or_mapping(None, _EXAMPLE), json_schema_input_type=bool | dict[str, Any])
]
"""An account's own credentials: ``false`` for those of the environment."""
