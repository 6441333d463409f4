"""Runs benchmarks and prints their figures beside the targets.

    python -m benchmarks [NAME...] [--json]

Everything is bounded in time, stays on loopback, and is ended afterwards. The exit code says whether the benchmarks
could be run (1 if one could not), never whether they were fast.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console

from benchmarks.figures import Figure, Report, show

NAMES = (
    "x12",
    "checkers",
    "trace_data",
    "environment",
    "proxy",
    "ingest",
    "flood",
    "replay",
    "revisions",
    "gate_score",
    "drill",
)


def _x12() -> Report:
    """The module's own measurement, as figures."""
    module = importlib.import_module("benchmarks.x12")
    result = module.measure(1000, 7)
    targets = {"segments, tokenizer": module.SEGMENTS_TARGET, "tenders, validated": module.TENDERS_TARGET}
    rates = result["per_second"]
    beside = {"segments, tokenizer": f"{result['times_pyx12']:g} times pyx12's reader"}
    return Report(
        title=f"X12: {result['segments']:,} segments",
        figures=tuple(
            Figure(
                name=name, value=rate, unit="/s", target=targets.get(name), better="more", beside=beside.get(name, "")
            )
            for name, rate in rates.items()
        ),
        conditions=f"best of {result['rounds']} rounds",
    )


def benchmark(name: str) -> Callable[[], Report]:
    """What measures `name`; imported only when it is wanted."""
    if name == "x12":
        return _x12
    module = importlib.import_module(f"benchmarks.{name}")
    run: Callable[[], Report] = module.run
    return run


def main() -> int:
    """Runs the named benchmarks, or all, one after the other."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    progress, output = Console(stderr=True), Console(width=None if sys.stdout.isatty() else 140)
    document: dict[str, Any] = {}
    failed = False
    for name in arguments.names or NAMES:
        progress.print(f"[dim]{name} ...[/dim]")
        try:
            report = benchmark(name)()
        except Exception as error:
            failed = True
            document[name] = {"error": f"{type(error).__name__}: {error}"}
            progress.print(f"{name} could not be run: {type(error).__name__}: {error}", style="red", markup=False)
            continue
        document[name] = report.document()
        if not arguments.json:
            show(report, output)
    if arguments.json:
        json.dump(document, sys.stdout, indent=2)
        print()
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
