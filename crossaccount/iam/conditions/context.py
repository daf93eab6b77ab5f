"""The request context: what a request says about itself, by condition key.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-reqcontext.html
and reference_policies_elements_condition.html ("Context key names are not case-sensitive"; so neither are tag keys in
``aws:RequestTag/<key>``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ContextValue = str | Sequence[str]
"""One value, or the list of a multivalued key. An empty list is a key that is not there."""


@dataclass(frozen=True)
class RequestContext:
    """Values by lower-case key. ``supposed`` answers every condition on a key without looking at values.

    It is for asking whether a verdict hangs on a key: suppose each answer in turn and compare.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    supposed: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, *layers: Mapping[str, ContextValue]) -> RequestContext:
        """The context of several layers; a later one overrides the keys of an earlier one."""
        values: dict[str, tuple[str, ...]] = {}
        for layer in layers:
            for key, value in layer.items():
                values[key.lower()] = (value,) if isinstance(value, str) else tuple(value)
        return cls({key: value for key, value in values.items() if value})

    def supposing(self, key: str, answer: bool) -> RequestContext:
        """The same request, with every condition on ``key`` answered by ``answer``."""
        return RequestContext(self.values, {**self.supposed, key.lower(): answer})

    def get(self, key: str) -> tuple[str, ...] | None:
        """The values of a key; None where the request does not carry it."""
        return self.values.get(key.lower())

    def single(self, key: str) -> str | None:
        """The value of a key that has exactly one: what a policy variable stands for."""
        values = self.get(key)
        return values[0] if values is not None and len(values) == 1 else None
