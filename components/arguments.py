"""Checks the arguments of a component: unknown keys, missing keys and wrong values, all in one report.

The component's TypedDict gives the shape. A mapping that declares resources must be plain, because Pulumi must know
their names before the first output. An ``Output`` is accepted where the type is ``pulumi.Input``; the code that uses
its value checks it. A key with the value None counts as absent.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, NotRequired, Required, TypeVar, Union, get_args, get_origin, is_typeddict

import pulumi

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem, errors, warnings

Check = Callable[[str, str, Any], Iterable[Problem]]
"""Problems of an entity beyond its shape, from its place, name and arguments."""

Args = TypeVar("Args")

_SAID = {str: "a text", bool: "true or false", int: "a whole number", dict: "a mapping", list: "a list"}


class Checked(dict[str, Any]):
    """Arguments that come from settings, which have checked them already."""


def checked(
    component: pulumi.ComponentResource, name: str, args: Args, shape: Any, checks: Mapping[Any, Check]
) -> Args:
    """The arguments of a component, without the keys that are None.

    ``checks`` are by the TypedDict of an entity. Accepted values that are probably a mistake are logged as warnings.

    Raises:
        pulumi.RunError: everything wrong with them, a line each.
    """
    if isinstance(args, Checked):
        return args
    args = whole_numbers(args)
    look = _Look(checks)
    look.at(args, shape, "", "")
    placed = [_at(each, f"{type(component).__name__} {name}") for each in dict.fromkeys(look.shape + look.rules)]
    if refused := errors(placed):
        raise pulumi.RunError("\n".join(map(str, refused)))
    for warning in warnings(placed):
        pulumi.log.warn(str(warning))
    return _without_none(args)  # type: ignore[no-any-return]


def whole_numbers(value: Any) -> Any:
    """``value`` with whole numbers as integers. The engine, and so other languages, pass every number as a float."""
    if isinstance(value, Mapping):
        return {key: whole_numbers(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [whole_numbers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_known(value: object) -> bool:
    """Whether a value has no part that only the engine will know."""
    if isinstance(value, Mapping):
        return all(map(is_known, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_known, value))
    return not isinstance(value, pulumi.Output) and not inspect.isawaitable(value)


def _at(problem: Problem, component: str) -> Problem:
    where = f"{component}: {problem.where}" if problem.where else component
    return Problem(where, problem.what, problem.got, problem.fix, problem.severity, problem.code)


class _Look:
    """One pass over the arguments. An entity's checks run only if its shape is correct."""

    def __init__(self, checks: Mapping[Any, Check]) -> None:
        self.checks = checks
        self.shape: list[Problem] = []
        self.rules: list[Problem] = []

    def at(self, value: Any, hint: Any, where: str, name: str) -> None:
        """Check a value whose type is ``hint``."""
        while get_origin(hint) in (NotRequired, Required):
            (hint,) = get_args(hint)
        if get_origin(hint) in (Union, UnionType):
            if not is_known(value) and not isinstance(value, (Mapping, list, tuple)):
                return
            hint = next(each for each in get_args(hint) if each is not NoneType)
        elif not is_known(value) and not isinstance(value, (Mapping, list, tuple)):
            what = "must be a plain value: it decides which resources there are, before any output is known"
            self.shape.append(Problem(where, what, type(value).__name__, "give the value itself"))
            return
        if is_typeddict(hint):
            before = len(self.shape)
            self._keys(value, hint, where)
            if len(self.shape) == before and hint in self.checks:
                self.rules += self.checks[hint](where, name, _without_none(value))
        elif hint is not Any:
            self._value(value, hint, where)

    def _keys(self, args: Any, shape: Any, where: str) -> None:
        hints = shape.__annotations__
        if not isinstance(args, Mapping):
            self.shape.append(Problem(where, "must be a mapping", _got(args), f"write {{{next(iter(hints))}: …}}"))
            return
        for key in args:
            if key not in hints:
                fix = did_you_mean(str(key), hints, f"it has {', '.join(hints)}")
                self.shape.append(Problem(_join(where, key), "no such argument", key, fix))
        for key, hint in hints.items():
            if args.get(key) is not None:
                self.at(args[key], hint, _join(where, key), key)
            elif key in shape.__required_keys__:
                self.shape.append(Problem(_join(where, key), "is required", NOT_GIVEN, "add it"))

    def _value(self, value: Any, hint: Any, where: str) -> None:
        kind = get_origin(hint) or hint
        # In Python a bool is an int. Here it is not a number.
        if not isinstance(value, Mapping if kind is dict else kind) or (kind is int and isinstance(value, bool)):
            self.shape.append(Problem(where, f"must be {_SAID[kind]}", _got(value), f"write {_SAID[kind]}"))
        elif kind is dict:
            for name, each in value.items():
                if isinstance(name, str):
                    self.at(each, get_args(hint)[1], _join(where, name), name)
                else:
                    self.shape.append(Problem(where, "a name must be a text", name, "write it in quotes"))
        elif kind is list:
            for index, each in enumerate(value):
                self.at(each, get_args(hint)[0], f"{where}[{index}]", "")


def _got(value: object) -> object:
    return value if is_known(value) else type(value).__name__


def _join(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _without_none(value: Any) -> Any:
    """The value without keys that are None, in plain mappings."""
    if not isinstance(value, Mapping):
        return value
    return {key: _without_none(each) for key, each in value.items() if each is not None}
