"""An output with some of its differences to another one applied, and no others.

For whoever accepts one cause and not the rest. It goes by the places that `difference` gives and knows no rules; where
items of a list come and go beside each other their order is a best guess, so whoever uses it compares the result.
"""

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from harness.traces.diff import Difference, Location


@dataclass(slots=True)
class _ListEdits:
    """What happens to the items of one list: positions that go, items that come, a new order.

    `there`: whether the other output has this list at all. `new`: before which position an item comes, which position
    it has there, and the item. `order`: which position there an item of this list has.
    """

    there: bool = True
    gone: set[int] = field(default_factory=set)
    new: list[tuple[int, int, Any]] = field(default_factory=list)
    order: dict[int, int] | None = None

    def __call__(self, items: list[Any]) -> None:
        kept = [(number, item) for number, item in enumerate(items) if number not in self.gone]
        if self.order is not None:
            last = len(items) + len(self.order)
            placed = [(self.order.get(number, last), 0, item) for number, item in kept]
            placed += [(position, 0, item) for _, position, item in self.new]
        else:
            after_all = 1 + max((position for _, position, _ in self.new), default=0)
            placed = [(number, after_all, item) for number, item in kept] + self.new
        items[:] = [item for *_, item in sorted(placed, key=lambda one: one[:2])]


def merged(before: Any, after: Any, differences: Iterable[Difference]) -> Any:
    """`before` with these of its differences to `after` applied; both stay as they are."""
    document = deepcopy(before)
    edits: defaultdict[Location, _ListEdits] = defaultdict(_ListEdits)
    for one in differences:
        if not one.old_at and one.kind != "order":
            return deepcopy(after)
        if one.kind == "order":
            edits[one.old_at].order = dict(one.pairs)
        elif isinstance(one.old_at[-1], int) and one.kind == "gone":
            edits[one.old_at[:-1]].gone.add(one.old_at[-1])
            edits[one.old_at[:-1]].there = _is_there(after, one.new_at[:-1])
        elif isinstance(one.new_at[-1], int) and one.kind == "new":
            before = one.old_at[-1]
            assert isinstance(before, int)
            edits[one.old_at[:-1]].new.append((before, one.new_at[-1], deepcopy(_at(after, one.new_at))))
        elif one.kind == "gone":
            del _at(document, one.old_at[:-1])[one.old_at[-1]]
        else:
            _at(document, one.old_at[:-1])[one.old_at[-1]] = deepcopy(_at(after, one.new_at))
    # Inner lists first: their places are told by where everything stood before.
    for place in sorted(edits, key=len, reverse=True):
        items = _list_at(document, place)
        edits[place](items)
        if not items and not edits[place].there:
            del _at(document, place[:-1])[place[-1]]
    return document


def _at(document: Any, place: Location) -> Any:
    for step in place:
        document = document[step]
    return document


def _is_there(document: Any, place: Location) -> bool:
    return not place or not isinstance(place[-1], str) or place[-1] in _at(document, place[:-1])


def _list_at(document: Any, place: Location) -> list[Any]:
    """The list at a place; an empty one where the field has not been there."""
    above = _at(document, place[:-1]) if place else document
    found: list[Any] = above.setdefault(place[-1], []) if place and isinstance(above, dict) else _at(document, place)
    return found
