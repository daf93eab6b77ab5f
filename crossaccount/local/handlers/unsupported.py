"""Resource types that the local AWS cannot create: they count as created, so that a rehearsal can continue without
them.

Their ARNs are those that AWS would give them, where these follow from the declaration. All other outputs are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from crossaccount.local.arns import ARNS, arn_of
from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import NONE as NO_CALLS
from crossaccount.local.handlers.handler import NONE, Handler
from crossaccount.local.handlers.properties import Properties


class UnsupportedResource(Handler):
    """Any type without a handler of its own. Makes no call to AWS."""

    fields = {}
    calls = NO_CALLS

    def __init__(self, type_: str, account: str = "", region: str = "", partition: str = "aws") -> None:
        self.type = type_
        self._place = {"account": account, "region": region, "partition": partition}

    def check(self, inputs: Properties, default_tags: Mapping[str, str] = NONE) -> Properties:
        del default_tags
        return {name: value for name, value in inputs.items() if not name.startswith("__")}

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        del aws
        name = inputs.get(ARNS.get(self.type, ("name", ""))[0])
        return str(name or "not-made"), {**inputs, **arn_of(self.type, inputs, **self._place)}

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        del aws
        return id, dict(state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        del aws, id
        return {**old, **new}

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        del aws, id, state
