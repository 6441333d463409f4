"""`export-hallucination`: a case as a trace that replays, in a folder of its own, for the tests to keep, or printed."""

import re
import shutil
from pathlib import Path

import click

from system.commands.connecting import done, not_done, say, say_json, say_yaml, storage_for
from system.commands.surroundings import console
from system.governance.hallucination_case import NotExportable, case_files
from system.storage import Storage

ACTION = "export-hallucination"
PRINTED = "-"
TRACES = "traces"
"""A folder of this name is the root that a trace's id begins below."""
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}(/[a-z0-9][a-z0-9_-]{0,79}){0,3}")


@click.command(ACTION)
@click.argument("intent")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def export_hallucination(intent: str, folder: Path, as_json: bool) -> None:
    """Write the signal of INTENT, what the model answered and what came of it into FOLDER, which must be new or empty.

    It becomes a trace, called by its path below a folder `traces`, as traces/hallucinations/negative_weight. With - for
    FOLDER its two files are printed instead, one YAML document each, as they are: what others wrote in them too.
    """
    if str(folder) == PRINTED:
        with storage_for(ACTION) as storage:
            _show(intent, _files(storage, intent, None), as_json)
        return
    trace_id = trace_id_of(folder)
    with storage_for(ACTION) as storage:
        files = _files(storage, intent, trace_id)
    try:
        _write(files, folder)
    except OSError as error:
        raise not_done(ACTION, f"{folder}: {error.strerror or error}; nothing was written") from None
    done(ACTION, intent_id=intent, folder=str(folder))
    if as_json:
        say_json({"intent_id": intent, "trace": trace_id, "folder": str(folder), "files": sorted(files)})
    else:
        say(f"trace {trace_id} in {folder}; it holds what the partner wrote, so read it before you pass it on")


def trace_id_of(folder: Path) -> str:
    """What a trace in `folder` is called; a usage error when it cannot be called so."""
    parts = folder.resolve().parts
    root = max((place for place, part in enumerate(parts) if part == TRACES), default=len(parts) - 2)
    trace_id = "/".join(parts[root + 1 :])
    if not _ID.fullmatch(trace_id):
        raise click.UsageError(
            f"FOLDER: a trace cannot be called {trace_id!r}: small letters, digits, _ and -, in up to four folders"
        )
    return trace_id


def _files(storage: Storage, intent_id: str, trace_id: str | None) -> dict[str, str]:
    case, intent = storage.hallucinations.of(intent_id), storage.intents.get(intent_id)
    signal = None if intent is None else storage.signals.get(intent.signal_id)
    if case is None or intent is None or signal is None:
        raise not_done(ACTION, f"no hallucination in intent {intent_id!r}; `hallucinations list --all` shows them")
    here = console()
    partner = storage.partners.get(case.identity.partner_id)
    try:
        return case_files(case, intent, signal, partner, trace_id=trace_id, at=here.clock.now(), by=here.operator)
    except NotExportable as error:
        raise not_done(ACTION, f"intent {intent_id}: {error}") from None


def _show(intent_id: str, files: dict[str, str], as_json: bool) -> None:
    done(ACTION, intent_id=intent_id, folder=PRINTED)
    if as_json:
        say_json({"intent_id": intent_id, "files": files})
    else:
        say_yaml("".join(f"--- # {name}\n{text}" for name, text in files.items()))


def _write(files: dict[str, str], folder: Path) -> None:
    """All files or none: they appear with the folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(17, "is there and not empty; name a new folder")
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        beside.mkdir(parents=True)
        for name, text in files.items():
            (beside / name).write_text(text, encoding="utf-8", newline="")
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
