"""Replay entries that behave and misbehave, for the runner to call."""

import os
import sys
import time
from typing import Any

Document = dict[str, Any]


def echo(trace: Document) -> Document:
    """Answers with the inputs' bodies, and talks a lot meanwhile, below Python too."""
    print("this is not a result")
    sys.stdout.write("neither is this\n")
    os.write(1, b"nor this\n")
    return {"output": {"bodies": [one["body"] for one in trace["inputs"]]}, "unmatched": [], "unused": []}


def asks(trace: Document) -> Document:
    """Makes the one call of the contract's cassette, and another one when there is no answer for it."""
    recorded = [one["request"] for one in trace["cassette"]]
    wanted = {"method": "GET", "uri": "http://there.invalid/", "headers": {}, "body": ""}
    if not any(one["uri"] == wanted["uri"] for one in recorded):
        return {"output": {}, "unmatched": [{"request": wanted, "nearest": None}], "unused": []}
    unused = [{"request": one} for one in recorded if one["uri"] != wanted["uri"]]
    return {"output": {"asked": 1}, "unmatched": [], "unused": unused}


def raises(trace: Document) -> Document:
    """Fails on every trace but `one`."""
    if trace["id"] == "one":
        return echo(trace)
    raise LookupError("there is no such thing")


def ends(trace: Document) -> Document:
    """Takes the whole process with it."""
    print("about to end", file=sys.stderr, flush=True)
    os._exit(3)


def exits(trace: Document) -> Document:
    """Leaves politely, which is no way to answer."""
    raise SystemExit(5)


def hangs(trace: Document) -> Document:
    """Never answers."""
    print("about to hang", flush=True)
    time.sleep(600)
    return {}


def not_json(trace: Document) -> Document:
    """Answers with what JSON has not."""
    return {"output": {1, 2}}


def nothing(trace: Document) -> Document:
    """Answers without an output."""
    return {}


def refuses(trace: Document) -> Document:
    """Says that the document is no trace, without raising."""
    return {"error": "inputs: expected a list"}


def newer(trace: Document) -> Document:
    """Speaks both versions, and says which one this was."""
    return {"output": {"contract": trace["contract"]}}


newer.contracts = (1, 2)  # type: ignore[attr-defined]


def told(trace: Document) -> Document:
    """Does what the first input says: `sleep S`, `die`, `hang`, or anything else, which is echoed with the process."""
    word, _, more = trace["inputs"][0]["body"].partition(" ")
    if word == "sleep":
        time.sleep(float(more))
    elif word == "die":
        os._exit(3)
    elif word == "hang":
        time.sleep(600)
    return {"output": {"said": word, "process": os.getpid()}, "unmatched": [], "unused": []}


def environment(trace: Document) -> Document:
    """The names of all variables that it sees."""
    return {"output": sorted(os.environ)}


def counts(trace: Document) -> Document:
    """Never the same twice."""
    global _counted
    _counted += 1
    return {"output": {"so_far": _counted}, "unmatched": [], "unused": []}


_counted = 0


def asks_on(trace: Document) -> Document:
    """Makes one call more than there are answers."""
    wanted = {"method": "GET", "uri": f"http://there.invalid/{len(trace['cassette'])}", "headers": {}, "body": ""}
    return {"output": {}, "unmatched": [{"request": wanted, "nearest": None}], "unused": []}


def first_letter(trace: Document) -> Document:
    """Says the first letter of what it was told."""
    return {"output": {"said": trace["inputs"][0]["body"][0]}, "unmatched": [], "unused": []}
