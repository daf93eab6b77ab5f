"""Reading a mapping of plain data while collecting everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem


@dataclass
class Fields:
    """One mapping at one place. Children add to the problems of the whole.

    ``readable`` is False for what is no mapping at all: nothing more is then said to be missing from it.
    """

    data: Mapping[str, object]
    where: str
    problems: list[Problem] = field(default_factory=list)
    readable: bool = True
    outermost: bool = False
    """Whether ``where`` names the file."""

    @classmethod
    def of(cls, data: object, where: str) -> Fields:
        """The outermost mapping."""
        outermost = cls({}, where).child(data, "")
        outermost.outermost = True
        return outermost

    def child(self, data: object, place: str) -> Fields:
        """A mapping further in; what is none counts as empty, and is a problem."""
        where = self.place(place)
        if isinstance(data, Mapping):
            return Fields({str(key): value for key, value in data.items()}, where, self.problems)
        self.problems.append(Problem(where, "must be a mapping", data, "write it as key: value lines"))
        return Fields({}, where, self.problems, readable=False)

    def place(self, key: str) -> str:
        """Where ``key`` of this mapping is, seen from the outside: ``access-tests.yaml: tests[0].role``."""
        separator = ": " if self.outermost else "."
        return separator.join(part for part in (self.where, key) if part)

    def problem(self, key: str, what: str, fix: str, got: object = NOT_GIVEN) -> None:
        """Note something wrong with the value of ``key``."""
        self.problems.append(Problem(self.place(key), what, got, fix))

    def only(self, known: Sequence[str]) -> None:
        """Refuse every other key."""
        for key in self.data:
            if key not in known:
                self.problem(key, "unknown key", did_you_mean(key, known, f"known are {', '.join(known)}"))

    def text(self, key: str, *, required: bool = False) -> str:
        """The text at ``key``; empty where there is none."""
        value = self.data.get(key)
        if value is None:
            if required and self.readable:
                self.problem(key, "is required", f"add {key}: …")
            return ""
        if isinstance(value, str) and value:
            return value
        self.problem(key, "must be a text", "give one, in quotes", value)
        return ""

    def choice(self, key: str, known: Sequence[str], *, required: bool = False) -> str:
        """The text at ``key``, which must be one of ``known``."""
        value = self.text(key, required=required)
        if value and value not in known:
            fix = did_you_mean(value, known, "use one of these")
            self.problem(key, f"must be one of {', '.join(known)}", fix, value)
        return value if value in known else ""

    def sequence(self, key: str, *, required: bool = False) -> Sequence[object]:
        """The list at ``key``; empty where there is none."""
        value = self.data.get(key)
        if isinstance(value, (list, tuple)):
            return value
        if value is not None:
            self.problem(key, "must be a list", "write its items as - lines", value)
        elif required and self.readable:
            self.problem(key, "is required", f"add {key}: with a list")
        return ()

    def mapping(self, key: str) -> Fields:
        """The mapping at ``key``; empty where there is none."""
        value = self.data.get(key)
        return Fields({}, self.place(key), self.problems) if value is None else self.child(value, key)
