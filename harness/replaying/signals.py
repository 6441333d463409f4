"""Signals that somebody saved, as the beginning of a trace: one JSON object a line, in the order in which they came.

    {"received_at": "2026-02-02T14:00:00Z", "partner": "T0001", "content_type": "application/json", "body": "..."}

Instead of `received_at` all lines may have `at_s`, seconds after the start; `kind` is `signal` where it is not said.
"""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.clock import utc_now
from harness.traces import Cassette, Made, Trace, Unreadable
from harness.traces.fields import Field
from harness.traces.formats import FORMAT, INPUTS_MAX, trace_from
from harness.traces.trace import SIGNAL

_BYTES_MAX = 16_777_216
_SEEDS = 2**31
_AT, _AFTER = "received_at", "at_s"


def trace_of_signals(
    trace_id: str, file: Path, *, title: str, partners: Path | None = None, faults: Sequence[str] = ()
) -> Trace:
    """The trace `trace_id` of the signals in `file`, with no answers and no baseline yet; Unreadable.

    `partners` is a JSON file, a list of what the trace's partners are, by `id`; those who sent nothing are left out.
    Without one, only the ids of those who sent are known. Ids are counted from a seed that the trace's id gives.
    """
    numbered = tuple(_objects(file))
    lines = _Lines(file, tuple(number for number, _ in numbered))
    told = Field({"inputs": [document for _, document in numbered]}, lines).mapping()["inputs"]
    starts_at, inputs = _timed(list(told.items(at_least=1, at_most=INPUTS_MAX)))
    senders = dict.fromkeys(one["partner"] for one in inputs if isinstance(one.get("partner"), str))
    known = {} if partners is None else _known(partners)
    made = Made(
        how="recorded", source=f"signals of {file.name}", at=utc_now().replace(microsecond=0), faults=tuple(faults)
    )
    document = {
        "format": FORMAT,
        "id": trace_id,
        "title": title,
        "made": made.to_document(),
        "clock": {"starts_at": starts_at.isoformat()},
        "ids": {"seed": zlib.crc32(trace_id.encode()) % _SEEDS},
        "partners": [known.get(sender, {"id": sender}) for sender in senders if sender],
        "inputs": inputs,
    }
    return trace_from(document, source=lines, expected_id=None, cassette=Cassette())


@dataclass(frozen=True, slots=True)
class _Lines:
    """In which line of a file each input stands."""

    file: Path
    numbers: tuple[int, ...]

    def place(self, path: Sequence[str | int]) -> str:
        """Where the field at `path` of the trace's document comes from."""
        if len(path) > 1 and path[0] == "inputs" and isinstance(path[1], int):
            return f"{self.file}, line {self.numbers[path[1]]}"
        return str(self.file)


def _objects(file: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(_text(file).split("\n"), start=1):
        if line.strip():
            yield number, _json(line, f"{file}, line {number}")


def _timed(lines: list[Field]) -> tuple[datetime, list[dict[str, Any]]]:
    """When the trace begins, and its inputs with the seconds since then."""
    fields = [one.mapping() for one in lines]
    named = _AT if _AT in fields[0] else _AFTER
    for one, found in zip(lines, fields, strict=True):
        if (_AT in found) == (_AFTER in found) or named not in found:
            one.refuse(f"expected {_AT} in all lines, or {_AFTER} in all of them")
    plain = [{"kind": SIGNAL} | {name: value.value for name, value in found.items() if name != _AT} for found in fields]
    if named == _AFTER:
        return utc_now().replace(microsecond=0), plain
    came = [found[_AT].moment() for found in fields]
    return came[0], [one | {_AFTER: (at - came[0]).total_seconds()} for one, at in zip(plain, came, strict=True)]


def _known(partners: Path) -> Mapping[str, Mapping[str, Any]]:
    """What a file says of each partner, by id."""
    document = _json(_text(partners), str(partners))
    if not isinstance(document, list) or not all(isinstance(one, dict) and one.get("id") for one in document):
        raise Unreadable(f"{partners}: expected a JSON list of partners, each an object with an `id`")
    return {str(one["id"]): one for one in document}


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _BYTES_MAX:
            raise Unreadable(f"{file}: expected at most {_BYTES_MAX} bytes, seen {file.stat().st_size}")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{file}: cannot be read: {error}") from error


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{where}: expected JSON: {error}") from error
