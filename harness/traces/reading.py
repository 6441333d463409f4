"""All traces of a place, whichever form they are in."""

from collections.abc import Iterator
from pathlib import Path

from harness.traces.folders import iter_folders
from harness.traces.packed import iter_packed
from harness.traces.trace import Trace


def iter_traces(place: Path) -> Iterator[Trace]:
    """Every trace of a folder of folders or of a packed file, by id, one in memory at a time.

    Unreadable when there is no such place or no trace in it, or at the first that cannot be read.
    """
    return iter_packed(place) if place.is_file() else iter_folders(place)


def load_traces(place: Path) -> tuple[Trace, ...]:
    """Every trace of `place` at once."""
    return tuple(iter_traces(place))
