"""One recorded trace: a folder with `trace.yaml` (what came in, what went out) and `cassette.yaml` (what was answered).

The output is the system's own and opaque here. The baseline is the output that was approved; it stands last in its
file, so that renewing it leaves alone what people wrote above it. Nothing is run from here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.traces import strict_yaml
from harness.traces.cassette import Cassette, load_cassette
from harness.traces.strict_yaml import Unreadable

CONTRACT = 1
"""The version of the replay contract that these files are written for."""

TRACE_FILE, CASSETTE_FILE = "trace.yaml", "cassette.yaml"
INPUTS_MAX = 1_000
_TRACE_BYTES_MAX = 1_048_576
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}(/[a-z0-9][a-z0-9_-]{0,79}){0,3}")
_BASELINE = re.compile(r"^baseline:", re.MULTILINE)
_NEEDED = {"contract", "id", "title", "clock", "ids", "partners", "inputs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One thing that came in, `at_s` seconds after the trace began."""

    at_s: float
    kind: str
    partner: str
    content_type: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What came in, in order, with its clock and ids; what went out (`baseline`, None until made); and the cassette."""

    id: str
    title: str
    starts_at: datetime
    seed: int
    partners: tuple[Mapping[str, Any], ...]
    inputs: tuple[Input, ...]
    cassette: Cassette
    baseline: Any
    folder: Path

    def to_contract(self) -> dict[str, Any]:
        """The document that a replay entry is given; one JSON line of it is what the runner reads."""
        return {
            "contract": CONTRACT,
            "id": self.id,
            "clock": {"starts_at": self.starts_at.isoformat()},
            "ids": {"seed": self.seed},
            "partners": [dict(partner) for partner in self.partners],
            "inputs": [
                {
                    "at_s": one.at_s,
                    "kind": one.kind,
                    "partner": one.partner,
                    "content_type": one.content_type,
                    "body": one.body,
                }
                for one in self.inputs
            ],
            "cassette": [interaction.to_contract() for interaction in self.cassette.interactions],
        }

    def with_cassette(self, cassette: Cassette) -> "Trace":
        """The same trace with other answers."""
        return replace(self, cassette=cassette)

    def with_baseline(self, baseline: Any) -> "Trace":
        """The same trace with another output to hold replays against."""
        return replace(self, baseline=baseline)


def load_traces(root: Path) -> tuple[Trace, ...]:
    """Every trace below `root`, by id; Unreadable when there is none, or when one of them cannot be read."""
    folders = sorted(path.parent for path in root.rglob(TRACE_FILE))
    if not folders:
        raise Unreadable(f"{root}: expected folders with a {TRACE_FILE}, seen none")
    return tuple(load_trace(folder, root=root) for folder in folders)


def load_trace(folder: Path, *, root: Path | None = None, without_cassette: bool = False) -> Trace:
    """The trace in `folder`, whose id is its path below `root` (default: the folder above); Unreadable.

    `without_cassette` is for recording: a missing cassette is an empty one.
    """
    path = folder / TRACE_FILE
    document = strict_yaml.read(path, bytes_max=_TRACE_BYTES_MAX)
    if not isinstance(document, dict) or not set(document) - {"baseline"} == _NEEDED:
        raise Unreadable(f"{path}: expected {', '.join(sorted(_NEEDED))} and `baseline`, and nothing else")
    if document["contract"] != CONTRACT:
        raise Unreadable(f"{path}: expected contract {CONTRACT}, seen {document['contract']!r}")
    expected_id = folder.relative_to(root or folder.parent).as_posix()
    if document["id"] != expected_id or not _ID.fullmatch(expected_id):
        raise Unreadable(f"{path}: expected the id {expected_id!r} after its folder, seen {document['id']!r}")
    cassette_path = folder / CASSETTE_FILE
    missing = without_cassette and not cassette_path.exists()
    return Trace(
        id=expected_id,
        title=_text(document["title"], f"{path}: title"),
        starts_at=_moment(document["clock"], f"{path}: clock"),
        seed=_seed(document["ids"], f"{path}: ids"),
        partners=_partners(document["partners"], f"{path}: partners"),
        inputs=_inputs(document["inputs"], f"{path}: inputs"),
        cassette=Cassette() if missing else load_cassette(cassette_path),
        baseline=document.get("baseline"),
        folder=folder,
    )


def save_baseline(trace: Trace, output: Any) -> None:
    """Writes `output` as the trace's baseline; everything above it in the file stays as it is."""
    path = trace.folder / TRACE_FILE
    text = path.read_text(encoding="utf-8")
    above = _BASELINE.split(text, maxsplit=1)[0].rstrip("\n")
    _replace(path, f"{above}\n{strict_yaml.dumps({'baseline': output})}")


def save_cassette(trace: Trace) -> None:
    """Writes the trace's cassette."""
    _replace(trace.folder / CASSETTE_FILE, trace.cassette.to_yaml())


def _replace(path: Path, text: str) -> None:
    """Writes the file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{where}: expected text, seen {value!r}; quote it")
    return value


def _moment(document: Any, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(document["starts_at"])
    except (TypeError, KeyError, ValueError) as error:
        raise Unreadable(f"{where}: expected `starts_at` as ISO 8601, seen {document!r}") from error
    if moment.tzinfo is None:
        raise Unreadable(f"{where}: expected a time with its zone, seen {document['starts_at']!r}")
    return moment


def _seed(document: Any, where: str) -> int:
    seed = document.get("seed") if isinstance(document, dict) else None
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise Unreadable(f"{where}: expected `seed` from 0 to 2147483647, seen {document!r}")
    return seed


def _partners(document: Any, where: str) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(document, list) or not all(
        isinstance(one, dict) and isinstance(one.get("id"), str) for one in document
    ):
        raise Unreadable(f"{where}: expected a list of partners, each with its id")
    return tuple(document)


def _inputs(document: Any, where: str) -> tuple[Input, ...]:
    if not isinstance(document, list) or not 0 < len(document) <= INPUTS_MAX:
        raise Unreadable(f"{where}: expected a list of 1 to {INPUTS_MAX} inputs")
    found: list[Input] = []
    names = {"at_s", "kind", "partner", "content_type", "body"}
    for number, one in enumerate(document):
        here = f"{where}: input {number}"
        if not isinstance(one, dict) or set(one) != names:
            raise Unreadable(f"{here}: expected {', '.join(sorted(names))}")
        at_s = one["at_s"]
        earliest_s = found[-1].at_s if found else 0.0
        if type(at_s) not in (int, float) or not at_s >= earliest_s:
            raise Unreadable(f"{here}: expected at_s from {earliest_s:g} on, in order, seen {at_s!r}")
        texts = {name: _text(one[name], f"{here}: {name}") for name in names - {"at_s"}}
        found.append(Input(at_s=float(at_s), **texts))
    return tuple(found)
