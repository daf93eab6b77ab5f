"""The request context: the values of a request by condition key.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-reqcontext.html
and reference_policies_elements_condition.html ("Context key names are not case-sensitive"; so neither are tag keys in
``aws:RequestTag/<key>``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple

ContextValue = str | Sequence[str]
"""One value, or the list of a multivalued key. An empty list is a key that is not there."""

Values = tuple[str, ...] | None
"""The values of one key; None where the request does not carry it."""


def normal(layer: Mapping[str, ContextValue]) -> dict[str, tuple[str, ...]]:
    """Keys in lower case, values as tuples."""
    return {key.lower(): (value,) if isinstance(value, str) else tuple(value) for key, value in layer.items()}


@dataclass(frozen=True)
class Open:
    """What is known of the keys that an open context gives no values for; every other key may be anything.

    ``absent`` keys and keys that start with one of ``absent_prefixes`` are not in the request; ``possible`` lists all
    that a key may be, or what stands for it: a key that says an organisation may be of any but ``none_of``. ``carries``
    says of every other key whether such a request may carry it. ``present`` keys are in the request, with any value.
    Keys are in lower case. ``since`` is the time from which on requests come (``aws:CurrentTime``), empty where they
    may be of any time.
    """

    absent: frozenset[str] = frozenset()
    absent_prefixes: tuple[str, ...] = ()
    possible: Mapping[str, tuple[Values, ...]] = field(default_factory=dict)
    none_of: frozenset[str] = frozenset()
    carries: Callable[[str], bool] | None = None
    present: frozenset[str] = frozenset()
    since: str = ""


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class RequestContext(NamedTuple):
    """Values by lower-case key. Without ``open`` it is complete: a key that has no values is not in the request.

    ``supposed`` answers every condition on a key without looking at values, but for ``Null`` where the key has one. It
    is for asking whether a verdict hangs on a key: suppose each answer in turn and compare.
    """

    values: Mapping[str, tuple[str, ...]] = _NOTHING
    supposed: Mapping[str, bool] = _NOTHING
    open: Open | None = None

    @classmethod
    def of(cls, *layers: Mapping[str, ContextValue], open: Open | None = None) -> RequestContext:
        """The context of several layers; a later one overrides the keys of an earlier one."""
        return cls.joined(*map(normal, layers), open=open)

    @classmethod
    def joined(cls, *layers: Mapping[str, tuple[str, ...]], open: Open | None = None) -> RequestContext:
        """As :meth:`of`, for layers that are in normal form already."""
        values: dict[str, tuple[str, ...]] = {}
        for layer in layers:
            values.update(layer)
            if () in layer.values():
                values = {key: value for key, value in values.items() if value}
        return cls(values, open=open)

    def supposing(self, key: str, answer: bool) -> RequestContext:
        """The same request, with every condition on ``key`` answered by ``answer``."""
        return RequestContext(self.values, {**self.supposed, key.lower(): answer}, self.open)

    def get(self, key: str) -> Values:
        """The values of a key; None where the request does not carry it."""
        return self.values.get(key.lower())

    def single(self, key: str) -> str | None:
        """The value of a key that has exactly one value, as for a policy variable."""
        values = self.get(key)
        return values[0] if values is not None and len(values) == 1 else None

    def is_open(self, key: str) -> bool:
        """Whether nothing at all is known of a key."""
        if self.open is None:
            return False
        key = key.lower()
        if key in self.values or key in self.open.absent or key in self.open.possible:
            return False
        if key.startswith(self.open.absent_prefixes):
            return False
        return self.open.carries is None or self.open.carries(key)

    def having(self, key: str, values: tuple[str, ...]) -> RequestContext:
        """The same request, with other values of one key."""
        return self._replace(values={**self.values, key.lower(): values})

    def carries(self, key: str) -> bool:
        """Whether a key is surely in the request, with a value that is open."""
        return self.open is not None and key in self.open.present and self.is_open(key)

    def lacks(self, key: str) -> bool:
        """Whether a key is surely not in the request."""
        key = key.lower()
        return not (key in self.values or self.undecided(key))

    def undecided(self, key: str) -> bool:
        """Whether a key may be one thing or another."""
        if self.is_open(key):
            return True
        return self.open is not None and key.lower() in self.open.possible and key.lower() not in self.values

    def possibilities(self, keys: Iterable[str]) -> Iterator[RequestContext]:
        """The context with each thing that ``keys`` may be; none of them may be open."""
        possible = self.open.possible if self.open else {}
        varying = [key for key in {key.lower() for key in keys} if key in possible and key not in self.values]
        for chosen in product(*(possible[key] for key in varying)):
            given = {key: values for key, values in zip(varying, chosen, strict=True) if values is not None}
            yield RequestContext({**self.values, **given}, self.supposed)
