"""How fast X12 is read: segments per second beside pyx12's reader, and validated tenders per second.

Both readers cut the same text in the same run, taking turns, and the best of the rounds counts: another program on the
machine can only make a round slower. What is compared is cutting into segments and elements; pyx12 checks envelopes
while it reads, so ours is also shown with its envelope check. The tenders are read from interchanges of one set each,
as most partners send them, all the way to the frozen, validated model.

    python -m benchmarks.x12 [--json] [--rounds N] [--sets N]
"""

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pyx12.x12file import X12Reader
from rich.console import Console
from rich.table import Table

from system.x12 import Defects, Envelope, OutgoingSet, read_interchange, tokenize, write_interchange
from system.x12.envelope import read_envelope

SEGMENTS_TARGET = 500_000
TENDERS_TARGET = 5_000


def interchange(sets: int) -> str:
    """A right interchange of `sets` tenders, 18 segments each."""

    def segments(number: int) -> list[tuple[str, ...]]:
        return [
            ("B2", "", "FXCA", "", f"SHP{number}", "", "PP"),
            ("B2A", "00", "LT"),
            ("L11", f"PO{number}", "PO"),
            ("N7", "", "53001", *[""] * 8, "TL"),
            ("S5", "1", "LD"),
            ("G62", "69", "20270301", "Y", "0800", "LT"),
            ("N1", "SF", "ACME PAPER"),
            ("N3", "1 DOCK ROAD"),
            ("N4", "DALLAS", "TX", "75001", "US"),
            ("L5", "1", "PAPER"),
            ("S5", "2", "UL"),
            ("G62", "70", "20270302", "Z", "1430", "LT"),
            ("N1", "ST", "BETA STORES"),
            ("N3", "2 DOCK ROAD"),
            ("N4", "MEMPHIS", "TN", "38101", "US"),
            ("L3", "42000", "G", "1850.5", "FR", "185050"),
        ]

    envelope = Envelope(sender="P1001", receiver="FREIGHT", control_number="77", at=datetime(2027, 2, 1, tzinfo=UTC))
    return write_interchange(
        envelope, "SM", [OutgoingSet(code="204", segments=segments(number)) for number in range(sets)]
    )


def measure(sets: int, rounds: int) -> dict[str, Any]:
    """The best rate of each reader over `rounds`, and what was read, so that a wrong reader is not called fast."""
    text = interchange(sets)
    singles = [interchange(1) for _ in range(min(sets, 500))]
    segments = len(tokenize(text).segments)

    def ours() -> int:
        return len(tokenize(text).segments)

    def ours_with_envelope() -> int:
        tokens, defects = tokenize(text), Defects()
        read_envelope(tokens, defects, sets_max=sets)
        assert not defects
        return len(tokens.segments)

    def pyx12() -> int:
        return sum(1 for _ in X12Reader(io.StringIO(text)))

    def tenders() -> int:
        return sum(len(read_interchange(one).tenders) for one in singles)

    readers: dict[str, Callable[[], int]] = {
        "segments, tokenizer": ours,
        "segments, tokenizer and envelope": ours_with_envelope,
        "segments, pyx12 reader": pyx12,
        "tenders, validated": tenders,
    }
    expected = {name: len(singles) if name.startswith("tenders") else segments for name in readers}
    best: dict[str, float] = dict.fromkeys(readers, 0.0)
    for _ in range(rounds):
        for name, read in readers.items():
            started_s = time.perf_counter()
            count = read()
            best[name] = max(best[name], count / (time.perf_counter() - started_s))
            if count != expected[name]:
                raise SystemExit(f"{name}: expected {expected[name]}, read {count}")
    return {
        "segments": segments,
        "rounds": rounds,
        "per_second": {name: round(rate) for name, rate in best.items()},
        "times_pyx12": round(best["segments, tokenizer"] / best["segments, pyx12 reader"], 2),
        "targets_met": {
            "segments": best["segments, tokenizer"] >= SEGMENTS_TARGET,
            "tenders": best["tenders, validated"] >= TENDERS_TARGET,
        },
    }


def show(result: dict[str, Any]) -> None:
    """The result as a table."""
    rates = result["per_second"]
    table = Table(title=f"X12: {result['segments']:,} segments, best of {result['rounds']} rounds")
    for column in ("what", "per second", "target", "of pyx12"):
        table.add_column(column, justify="left" if column == "what" else "right")
    targets = {"segments, tokenizer": SEGMENTS_TARGET, "tenders, validated": TENDERS_TARGET}
    for name, rate in rates.items():
        target = f"{targets[name]:,}" if name in targets else ""
        share = f"{rate / rates['segments, pyx12 reader']:.1f}x" if name.startswith("segments") else ""
        table.add_row(name, f"{rate:,}", target, share)
    Console().print(table)


def main() -> int:
    """Measures and prints; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sets", type=int, default=1000, help="transaction sets in the long interchange")
    arguments = parser.parse_args()
    result = measure(arguments.sets, arguments.rounds)
    if arguments.json:
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        show(result)
    return 0 if all(result["targets_met"].values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
