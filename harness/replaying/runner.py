"""The runner of the replay contract, versions 1 and 2: one file of standard library, run by the system's interpreter.

    python runner.py MODULE:FUNCTION [CHECKOUT]

It stands between the harness and a system that knows nothing of it, and works for an old revision of that system too:
it is started in the system's directory, by the interpreter of the system's environment, and imports nothing but the
standard library and the entry that it is told. With CHECKOUT the directory stands for another one: what the interpreter
would import from there, as an editable installation makes it do, it imports from the directory, and the entry from
nowhere else. It ends with whoever started it, also when that is killed and a replay hangs.

**In**: standard input, one trace a line, as JSON:

    {"contract": 1, "id": "...",
     "clock": {"starts_at": ISO 8601 with a zone}, "ids": {"seed": int}, "partners": [{"id": ...}, ...],
     "inputs": [{"at_s": seconds after the start, "kind": "signal", "partner": id, "content_type": ..., "body": text}],
     "cassette": [{"request": {"method", "uri", "headers", "body"},
                   "response": {"status", "headers", "body"}  or  "failure": {"kind", "after_s"}}]}

Inputs are in order. One input is taken up when the system has come to rest after the one before it, unless they have
the same `at_s`. A failure's kind is `timeout`, `reset` or `refused`. Partners carry what the system needs to know about
them; the harness does not look into them, nor into the output.

**Version 2** says more with the same fields. A trace is handed over in the lowest version that can say it, so that an
old revision replays what it can.

* `kind` of an input is any short name that the system knows, and `partner`, `content_type` and `body` may be empty
  where the kind has no use for them. Beside `signal` the names in use are `operator` (somebody types a command at the
  system's console; `body` is the JSON list of its words) and `round` (everything that watches the system looks once).
* `partners` may carry the state that a partner is in; the names are the system's own.
* `after_s` in a `response`: the answer came so many seconds after the question.
* `half` is a kind of failure too: an answer began, and the connection broke. `status`, `headers` and the part of the
  `body` that came stand beside `kind` and `after_s`.

**The entry**: `replay(trace: dict) -> dict`, called once a line with that document, in the order of the lines. It runs
the system from nothing, under the trace's clock and ids, answers outside calls from the cassette, and returns

    {"output": JSON without any time, id or order that chance decides,
     "unmatched": [{"request": {...}, "nearest": ...}],   calls that the cassette had no answer for
     "unused": [{"request": {...}}],                      recorded answers that nobody asked for
     "error": text}                                       instead of all: the document cannot be replayed, nothing ran

`unmatched` may hold `moved` beside `request` and `nearest`: the names of the parts in which the call differs from the
nearest recorded one (`method`, `address`, `key`, `body`, or what the system calls the parts of its body). Two calls
with the same document give the same result, byte for byte in canonical JSON.

An entry that speaks more than version 1 has an attribute `contracts`, a tuple of the versions: `replay.contracts = (1,
2)`. A trace in a version that it does not speak is not given to it.

**Out**: standard output, one line a trace, in the same order, nothing else:

    {"contract": the trace's, "id": "...", "output": {...} or null, "unmatched": [...], "unused": [...],
     "error": null or text, "raised": true or false}

An exception of the entry is a line with `error`, and `raised` says that it was one: the system's own code failed while
it replayed. A line that is no trace, an entry that cannot be imported, does not speak the version, or returns what is
no result, are errors that were not raised. What the system prints goes to standard error. The runner ends with 0 at the
end of its input; a wrong command line is 2.
"""

import contextlib
import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, TextIO

CONTRACTS = (1, 2)
PR_SET_PDEATHSIG = 1
SETTLED_AFTER_S = 2.0


class _Raised(Exception):
    """The entry raised; the cause says what."""


def answer(entry: Any, line: str) -> str:
    """The line of output for one line of input."""
    result: dict[str, Any] = {"contract": None, "id": None, "output": None, "unmatched": [], "unused": []}
    try:
        trace = json.loads(line)
        result.update(contract=trace.get("contract"), id=trace.get("id"))
        returned = _returned(entry, trace)
        error = returned.get("error")
        told = {
            "output": returned["output"] if error is None else None,
            "unmatched": list(returned.get("unmatched", [])),
            "unused": list(returned.get("unused", [])),
        }
        return _json({**result, **told, "error": error, "raised": False})
    except (Exception, SystemExit) as failed:
        raised = isinstance(failed, _Raised)
        cause = failed.__cause__ if raised and failed.__cause__ is not None else failed
        traceback.print_exception(cause)
        return _json({**result, "error": f"{type(cause).__name__}: {cause}", "raised": raised})


def _returned(entry: Any, trace: dict[str, Any]) -> Any:
    contract = trace.get("contract")
    if contract not in CONTRACTS:
        raise ValueError(f"this runner speaks contracts {_listed(CONTRACTS)}, the trace {contract!r}")
    if isinstance(entry, BaseException):
        raise entry
    spoken = getattr(entry, "contracts", (1,))
    if contract not in spoken:
        raise ValueError(f"this revision speaks contract {_listed(spoken)}, the trace {contract}")
    try:
        return entry(trace)
    except (Exception, SystemExit) as error:
        raise _Raised from error


def _listed(contracts: Any) -> str:
    return " and ".join(map(str, contracts))


def _json(result: dict[str, Any]) -> str:
    return json.dumps(result, sort_keys=True, separators=(",", ":"), allow_nan=False)


def find(target: str) -> Any:
    """The entry that `module:function` names, or the exception that its import ended in."""
    module_name, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module_name), name)
    except (Exception, SystemExit) as error:
        return error


def import_from_here(instead_of: str | None) -> None:
    """The working directory first, not the folder of this file; and wherever `instead_of` would come in."""
    here = Path.cwd()
    sys.path[0] = str(here)
    if instead_of is not None:
        sys.path[1:] = [
            str(here / Path(place).relative_to(instead_of))
            if Path(place).is_relative_to(instead_of) and not Path(place).is_relative_to(sys.prefix)
            else place
            for place in sys.path[1:]
        ]


def from_elsewhere(entry: Any) -> Exception | None:
    """An error when the entry does not come from the working directory."""
    file = getattr(sys.modules.get(getattr(entry, "__module__", "")), "__file__", None)
    if file is None or Path(file).resolve().is_relative_to(Path.cwd().resolve()):
        return None
    return ImportError(f"this revision has no such entry; there is one in {file}")


def keep_no_code_of_this_moment() -> None:
    """Compiled code is not kept of a source that was written just now.

    Python takes it for that of any source with the same length and the same second of writing: whoever edits a file and
    replays, twice within a second, would replay the first edit again.
    """
    keep = SourceFileLoader.set_data

    def set_data(loader: SourceFileLoader, path: str, data: bytes, **more: Any) -> None:
        keep(loader, path, data, **more)
        with contextlib.suppress(OSError):
            if os.stat(path).st_mtime - os.stat(loader.path).st_mtime < SETTLED_AFTER_S:  # noqa: PTH116 -- for each import
                os.unlink(path)  # noqa: PTH108

    SourceFileLoader.set_data = set_data  # type: ignore[assignment, method-assign]


def end_with_parent() -> None:
    """A replay that hangs must not outlive the harness, however that ends."""
    with contextlib.suppress(OSError, AttributeError):  # not Linux
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def own_output() -> TextIO:
    """Standard output for the results alone: everybody else's goes to standard error from now on, also below Python."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return results


def main(arguments: list[str]) -> int:
    """Answer every line of standard input; the exit code."""
    if len(arguments) not in (1, 2) or ":" not in arguments[0]:
        print("usage: python runner.py MODULE:FUNCTION [CHECKOUT]", file=sys.stderr)
        return 2
    end_with_parent()
    keep_no_code_of_this_moment()
    checkout = arguments[1] if len(arguments) == 2 else None
    import_from_here(checkout)
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    results = own_output()
    entry = find(arguments[0])
    if checkout is not None and not isinstance(entry, BaseException):
        entry = from_elsewhere(entry) or entry
    for line in lines:
        if line.strip():
            results.write(answer(entry, line) + "\n")
            results.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
