"""What is wrong with an interchange: one value a defect, collected up to a limit.

A defect names the place as the partner's own tools count it (segment, element, position) and carries the code that
the X12 acknowledgments have for it, so that a rejection can be acted on without reading our sources. Defects are
answers, not exceptions: reading goes on past most of them, to name as many as it can.
"""

import enum
from dataclasses import dataclass, field


class Level(enum.Enum):
    """How much a defect spoils, which also says whose code list its `code` belongs to."""

    INTERCHANGE = "interchange"
    """TA1 note codes: the whole interchange."""
    GROUP = "group"
    """AK9 codes: one functional group."""
    SET = "set"
    """AK5 codes: one transaction set."""
    SEGMENT = "segment"
    """AK3 codes: one segment."""
    ELEMENT = "element"
    """AK4 codes: one data element."""


class SegmentCode:
    """AK304: what can be wrong with a segment."""

    UNRECOGNIZED = "1"
    UNEXPECTED = "2"
    MANDATORY_MISSING = "3"
    EXCEEDS_MAXIMUM_USE = "5"
    NOT_IN_SEQUENCE = "7"
    HAS_ELEMENT_ERRORS = "8"


class ElementCode:
    """AK403: what can be wrong with a data element."""

    MANDATORY_MISSING = "1"
    CONDITIONAL_MISSING = "2"
    TOO_MANY = "3"
    TOO_SHORT = "4"
    TOO_LONG = "5"
    INVALID_CHARACTER = "6"
    INVALID_CODE = "7"
    INVALID_DATE = "8"
    INVALID_TIME = "9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing that is wrong, and where.

    `position` counts segments from the ISA segment (1), `set_position` from the set's own ST segment (1) and is 0
    outside a set. `element` is None where the defect is not about one element. `value` is the bad data, shortened.
    """

    level: Level
    segment: str
    position: int
    code: str
    message: str
    element: int | None = None
    set_position: int = 0
    control_number: str | None = None
    value: str | None = None

    def as_json(self) -> dict[str, object]:
        """The shape of `errors` in a 400 answer."""
        return {
            "segment": self.segment,
            "element": self.element,
            "position": self.position,
            "code": self.code,
            "message": self.message,
            "level": self.level.value,
            "set_position": self.set_position,
            "control_number": self.control_number,
        }


@dataclass(slots=True)
class Defects:
    """Collects defects up to `limit`; readers stop when it is `full`.

    What a partner sends must grow neither our answer nor our work without bound.
    """

    limit: int = 100
    found: list[Defect] = field(default_factory=list)

    def add(self, defect: Defect) -> None:
        """Keeps `defect`, unless the limit is reached."""
        if not self.full:
            self.found.append(defect)

    @property
    def full(self) -> bool:
        """Whether the limit is reached: there may be more wrong than what was found."""
        return len(self.found) >= self.limit

    def __bool__(self) -> bool:
        return bool(self.found)


def quoted(text: str, length_max: int = 30) -> str:
    """A partner's data for a message: as a literal, shortened."""
    return repr(text if len(text) <= length_max else text[:length_max] + "...")
