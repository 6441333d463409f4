"""Runs on disk: `runs/<id>/run.json` and `runs/<id>/history.jsonl`.

The history is written while the drill goes on; `run.json` last and at once, so a folder that has it is whole. An id
that a user gives never becomes a path unless it has the form of an id.
"""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.history import History
from harness.judgement import Judgement
from harness.run import Run, is_run_id, run_document

LAST = "last"
_HISTORY_LIMIT_BYTES = 512 * 1024 * 1024
_DOCUMENT_LIMIT_BYTES = 64 * 1024 * 1024


class StoreError(ValueError):
    """A run that is not there or cannot be read."""


@dataclass(frozen=True, slots=True)
class Store:
    """The saved runs of one project."""

    directory: Path

    def begin(self, run_id: str) -> Path:
        """Make the folder of a run that starts now; returns where its history goes."""
        folder = self._folder(run_id)
        try:
            folder.mkdir(parents=True)
        except FileExistsError as error:
            raise StoreError(f"{folder} is there already; a run never goes on where another ended") from error
        return folder / "history.jsonl"

    def save(self, run: Run) -> Run:
        """Write `run.json`; the history is there already, or is written now if the run never began."""
        folder = self._folder(run.id)
        folder.mkdir(parents=True, exist_ok=True)
        history = folder / "history.jsonl"
        if not history.exists():
            history.write_text("".join(event.to_json() + "\n" for event in run.history), encoding="utf-8")
        draft = folder / "run.json.draft"
        draft.write_text(json.dumps(run_document(run), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(folder / "run.json")
        return run

    def ids(self) -> list[str]:
        """The ids of all whole runs, oldest first."""
        if not self.directory.is_dir():
            return []
        return sorted(
            folder.name
            for folder in self.directory.iterdir()
            if is_run_id(folder.name) and (folder / "run.json").is_file()
        )

    def load(self, run_id: str, judge: Callable[[str, History], Judgement]) -> Run:
        """Read a run (`last` is the newest) and have its history judged; `judge` gets the scenario's name."""
        if run_id == LAST:
            ids = self.ids()
            if not ids:
                raise StoreError(f"no run is saved in {self.directory}; `harness drill NAME` makes one")
            run_id = ids[-1]
        folder = self._folder(run_id)
        if not (folder / "run.json").is_file():
            raise StoreError(self._not_there(run_id))
        document = _read_document(folder / "run.json")
        history = _read_history(folder / "history.jsonl")
        try:
            if document["id"] != run_id:
                raise StoreError(f"{folder} holds the run {document['id']!r}; a run keeps its own folder")
            scenario = str(document["scenario"])
        except KeyError as error:
            raise StoreError(f"{folder / 'run.json'} has no {error}") from error
        judgement = judge(scenario, history)
        try:
            return _run(document, history, judgement)
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{folder / 'run.json'} is no run: {type(error).__name__}: {error}") from error

    def _not_there(self, run_id: str) -> str:
        ids = self.ids()
        nearest = difflib.get_close_matches(run_id, ids, n=1)
        if nearest:
            return f"no run {run_id} in {self.directory}; did you mean {nearest[0]}?"
        return f"no run {run_id} in {self.directory}; the newest are {', '.join(ids[-3:]) or 'none'}"

    def _folder(self, run_id: str) -> Path:
        if not is_run_id(run_id):
            raise StoreError(f"{run_id!r} is not the id of a run; such as 20261124-021530-db_failover_killed-s7-4f2a")
        return self.directory / run_id


def _read_document(file: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(_within_limit(file, _DOCUMENT_LIMIT_BYTES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{file} cannot be read: {type(error).__name__}: {error}") from error
    if not isinstance(document, dict):
        raise StoreError(f"{file} holds no JSON object")
    return document


def _read_history(file: Path) -> History:
    """The history, whole: events are numbered from 0 and stand in the order of their times."""
    try:
        history = History.load(_within_limit(file, _HISTORY_LIMIT_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{file} cannot be read: {type(error).__name__}: {error}") from error
    at_s = 0.0
    for number, event in enumerate(history):
        if event.number != number or not at_s <= event.at_s < float("inf"):
            raise StoreError(f"{file}, line {number + 1}: event {event.number} at {event.at_s} s is out of order")
        at_s = event.at_s
    return history


def _within_limit(file: Path, limit_bytes: int) -> Path:
    if file.stat().st_size > limit_bytes:
        raise ValueError(f"it is larger than {limit_bytes} bytes")
    return file


def _run(document: Mapping[str, Any], history: History, judgement: Judgement) -> Run:
    return Run(
        id=document["id"],
        scenario=document["scenario"],
        seed=int(document["seed"]),
        commit=document["commit"],
        environment=document["environment"],
        versions=dict(document["versions"]),
        settings=dict(document["settings"]),
        started_at=document["started_at"],
        duration_s=float(document["duration_s"]),
        history=history,
        judgement=judgement,
        control=document["control"],
        must_fail=document["must_fail"],
        skipped=document["skipped"],
        facts=dict(document["facts"]),
        database=document.get("database"),
    )
