"""A document of a trace, read field by field; whatever is not what it should be is told with file, line and field.

It knows how to say where something stands, and nothing about what a trace is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, Protocol

from harness.traces.strict_yaml import Unreadable

_SEEN_MAX = 120


class Source(Protocol):
    """Where a document came from."""

    def place(self, path: Sequence[str | int]) -> str:
        """What to call the place of the field at `path`, such as a file and a line."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A document that stands in no file of its own."""

    name: str

    def place(self, path: Sequence[str | int]) -> str:
        """Its name, whatever the path."""
        return self.name


class Field:
    """One value of a document, and where it stands; each way of reading it raises Unreadable where it is no such value.

    Thousands are made for each trace, so it is a plain class, and its path is put together when it is asked for.
    """

    __slots__ = ("_inside", "_step", "source", "value")

    def __init__(
        self, value: Any, source: Source, inside: "Field | None" = None, step: str | int | None = None
    ) -> None:
        self.value, self.source = value, source
        self._inside, self._step = inside, step

    @property
    def path(self) -> tuple[str | int, ...]:
        """Names and indices, from the top of the document down."""
        if self._inside is None or self._step is None:
            return ()
        return (*self._inside.path, self._step)

    @property
    def name(self) -> str:
        """Its path in words, such as `inputs[2].at_s`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")

    def refuse(self, said: str, *, missing: str | None = None) -> NoReturn:
        """Raises Unreadable at this field, or at one that is missing from it."""
        at = self if missing is None else Field(None, self.source, self, missing)
        name = f": {at.name}" if at.path else ""
        raise Unreadable(f"{self.source.place(at.path)}{name}: {said}")

    def expected(self, what: str) -> NoReturn:
        """Raises Unreadable: `what` was expected, and what was seen."""
        seen = repr(self.value)
        self.refuse(f"expected {what}, seen {seen if len(seen) <= _SEEN_MAX else seen[:_SEEN_MAX] + '...'}")

    def fields(self, needed: Sequence[str], optional: Sequence[str] = ()) -> dict[str, "Field"]:
        """Its fields by name, in their order: all that are needed, perhaps optional ones, and no other."""
        if not isinstance(self.value, dict):
            self.expected(f"an object with {', '.join(needed)}")
        for name in self.value:
            if name not in needed and name not in optional:
                self.refuse(f"no such field; there are {', '.join(sorted((*needed, *optional)))}", missing=name)
        for name in needed:
            if name not in self.value:
                self.refuse("missing", missing=name)
        return {name: Field(value, self.source, self, name) for name, value in self.value.items()}

    def mapping(self) -> dict[str, "Field"]:
        """Its fields by name, whatever they are called."""
        if not isinstance(self.value, dict):
            self.expected("an object")
        return {name: Field(value, self.source, self, name) for name, value in self.value.items()}

    def items(self, *, at_least: int = 0, at_most: int) -> Iterator["Field"]:
        """The items of a list."""
        if not isinstance(self.value, list):
            self.expected(f"a list of {at_least} to {at_most}")
        if not at_least <= len(self.value) <= at_most:
            self.refuse(f"expected a list of {at_least} to {at_most}, seen one of {len(self.value)}")
        for number, item in enumerate(self.value):
            yield Field(item, self.source, self, number)

    def text(self, *, empty: bool = False, at_most: int | None = None) -> str:
        """Text."""
        if not isinstance(self.value, str):
            self.expected("text (quote it)")
        if not self.value and not empty:
            self.expected("text")
        if at_most is not None and len(self.value) > at_most:
            self.refuse(f"expected at most {at_most} characters, seen {len(self.value)}")
        return self.value

    def one_of(self, words: Iterable[str]) -> Any:
        """One of some words."""
        listed = tuple(words)
        if not isinstance(self.value, str) or self.value not in listed:
            self.expected(" or ".join(listed))
        return self.value

    def yes_or_no(self) -> bool:
        """True or false."""
        if type(self.value) is not bool:
            self.expected("true or false")
        return self.value

    def whole(self, lowest: int, highest: int) -> int:
        """A whole number from `lowest` to `highest`."""
        if type(self.value) is not int or not lowest <= self.value <= highest:
            self.expected(f"a whole number from {lowest} to {highest}")
        return self.value

    def number(self, lowest: float, highest: float) -> float:
        """A number from `lowest` to `highest`."""
        if type(self.value) not in (int, float) or not lowest <= self.value <= highest:
            self.expected(f"a number from {lowest:g} to {highest:g}")
        return float(self.value)

    def moment(self) -> datetime:
        """A time with its zone."""
        text = self.text()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.expected("a time as ISO 8601, such as 2026-02-02T14:00:00+00:00")
        if moment.tzinfo is None:
            self.expected("a time with its zone")
        return moment
