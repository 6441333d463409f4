"""Runs on disk: `runs/<id>/run.json` and `runs/<id>/history.jsonl`.

The history is written while the drill goes on; `run.json` last and at once, so a folder that has it is whole. An id
that a user gives never becomes a path unless it has the form of an id.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.history import History
from harness.judgement import Judgement
from harness.run import Run, is_run_id, run_document

LAST = "last"
_SIZE_LIMIT_BYTES = 512 * 1024 * 1024


class StoreError(ValueError):
    """A run that is not there or cannot be read."""


@dataclass(frozen=True, slots=True)
class Store:
    """The saved runs of one project."""

    directory: Path

    def begin(self, run_id: str) -> Path:
        """Make the folder of a run that starts now; returns where its history goes."""
        folder = self._folder(run_id)
        folder.mkdir(parents=True)
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
            raise StoreError(
                f"no run {run_id} in {self.directory}; the newest are {', '.join(self.ids()[-3:]) or 'none'}"
            )
        document = _read_json(folder / "run.json")
        try:
            history = History.load(_within_limit(folder / "history.jsonl"))
            return _run(document, history, judge(str(document["scenario"]), history))
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise StoreError(f"{folder} does not hold a whole run: {type(error).__name__}: {error}") from error

    def _folder(self, run_id: str) -> Path:
        if not is_run_id(run_id):
            raise StoreError(f"{run_id!r} is not the id of a run; such as 20261124-021530-db_failover_killed-s7-4f2a")
        return self.directory / run_id


def _read_json(file: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(_within_limit(file).read_text(encoding="utf-8"))
    except ValueError as error:
        raise StoreError(f"{file} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise StoreError(f"{file} holds no JSON object")
    return document


def _within_limit(file: Path) -> Path:
    if file.stat().st_size > _SIZE_LIMIT_BYTES:
        raise StoreError(f"{file} is larger than {_SIZE_LIMIT_BYTES} bytes and is not read")
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
    )
