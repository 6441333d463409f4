"""The runner of the replay contract, version 1: one file of standard library, run by the system's own interpreter.

    python runner.py MODULE:FUNCTION

It stands between the harness and a system that knows nothing of it, and works for an old revision of that system too:
it is started in the system's directory, by the interpreter of the system's environment, and imports nothing but the
standard library and the entry that it is told.

**In**: standard input, one trace a line, as JSON:

    {"contract": 1, "id": "...",
     "clock": {"starts_at": ISO 8601 with a zone}, "ids": {"seed": int}, "partners": [{"id": ...}, ...],
     "inputs": [{"at_s": seconds after the start, "kind": "signal", "partner": id, "content_type": ..., "body": text}],
     "cassette": [{"request": {"method", "uri", "headers", "body"},
                   "response": {"status", "headers", "body"}  or  "failure": {"kind", "after_s"}}]}

Inputs are in order. One input is taken up when the system has come to rest after the one before it, unless they have
the same `at_s`. A failure's kind is `timeout`, `reset` or `refused`. Partners carry what the system needs to know about
them; the harness does not look into them, nor into the output.

**The entry**: `replay(trace: dict) -> dict`, called once a line with that document, in the order of the lines. It runs
the system from nothing, under the trace's clock and ids, answers outside calls from the cassette, and returns

    {"output": JSON without any time, id or order that chance decides,
     "unmatched": [{"request": {...}, "nearest": ...}],   calls that the cassette had no answer for
     "unused": [{"request": {...}}]}                      recorded answers that nobody asked for

Two calls with the same document give the same result, byte for byte in canonical JSON.

**Out**: standard output, one line a trace, in the same order, nothing else:

    {"contract": 1, "id": "...", "output": {...} or null, "unmatched": [...], "unused": [...], "error": null or text}

An exception of the entry, or an entry that cannot be imported, is a line with `error`. What the system prints goes to
standard error. The runner ends with 0 at the end of its input; a wrong command line is 2.
"""

import importlib
import json
import os
import sys
import traceback
from typing import Any, TextIO

CONTRACT = 1


def answer(entry: Any, line: str) -> dict[str, Any]:
    """The result for one line of input."""
    trace_id = None
    try:
        trace = json.loads(line)
        trace_id = trace.get("id")
        if trace.get("contract") != CONTRACT:
            raise ValueError(f"this runner speaks contract {CONTRACT}, the trace {trace.get('contract')!r}")
        if isinstance(entry, BaseException):
            raise entry
        returned = entry(trace)
        result = {
            "contract": CONTRACT,
            "id": trace_id,
            "output": returned["output"],
            "unmatched": list(returned.get("unmatched", [])),
            "unused": list(returned.get("unused", [])),
            "error": returned.get("error"),
        }
        json.dumps(result, allow_nan=False)
    except (Exception, SystemExit) as error:
        traceback.print_exception(error)
        text = f"{type(error).__name__}: {error}"
        return {"contract": CONTRACT, "id": trace_id, "output": None, "unmatched": [], "unused": [], "error": text}
    return result


def find(target: str) -> Any:
    """The entry that `module:function` names, or the exception that its import ended in."""
    module_name, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module_name), name)
    except (Exception, SystemExit) as error:
        return error


def own_output() -> TextIO:
    """Standard output for the results alone: everybody else's goes to standard error from now on, also below Python."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return results


def main(arguments: list[str]) -> int:
    """Answer every line of standard input; the exit code."""
    if len(arguments) != 1 or ":" not in arguments[0]:
        print("usage: python runner.py MODULE:FUNCTION", file=sys.stderr)
        return 2
    # The folder of this file is no place to import from; the system's directory, where it was started, is.
    sys.path[0] = str(os.getcwd())  # noqa: PTH109 -- one import less in every replay
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    results = own_output()
    entry = find(arguments[0])
    for line in lines:
        if line.strip():
            results.write(json.dumps(answer(entry, line), sort_keys=True, separators=(",", ":")) + "\n")
            results.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
