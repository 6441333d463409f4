"""What it costs to compare outputs, to read packed traces and to redact them; deepdiff beside it on the same input.

deepdiff is asked about a sample where all would take minutes, and what it takes for one is shown. The corpus is made of
the project's own traces, so a trace has the size that one has.
"""

import copy
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from deepdiff import DeepDiff

from benchmarks.figures import Figure, Report, plain
from harness.traces import Comparison, Redactor, Trace, canonical_json, difference, iter_traces, load_traces, pack, same
from scenarios.world.redaction import RULES
from scenarios.world.replay import COMPARISON, DIRECTORY

SMALL, SAMPLE = 10_000, 200
TRACES = 2_000
LARGE_BYTES = 259_000
READ_TARGET = 1_000
_ROUNDS = 3


def best_s(work: Callable[[], object]) -> float:
    """The shortest of a few rounds: another program can only make one longer."""
    taken: list[float] = []
    for _ in range(_ROUNDS):
        started_s = perf_counter()
        work()
        taken.append(perf_counter() - started_s)
    return min(taken)


def peak_bytes(work: Callable[[], object]) -> int:
    """Memory that was in use at once while it worked."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def small_equal(outputs: list[Any]) -> list[Figure]:
    """Ten thousand small outputs, each with another one that is equal and was made apart from it."""
    pairs = [(outputs[number % len(outputs)], copy.deepcopy(outputs[number % len(outputs)])) for number in range(SMALL)]
    ours_s = best_s(lambda: [difference(*pair, COMPARISON) for pair in pairs])
    spelled_s = best_s(lambda: [canonical_json(one) == canonical_json(two) for one, two in pairs])
    theirs_s = best_s(lambda: [DeepDiff(*pair, ignore_order=True, report_repetition=True) for pair in pairs[:SAMPLE]])
    for before, after in pairs[:SAMPLE]:
        if difference(before, after, COMPARISON):
            raise SystemExit("equal outputs were said to differ")
    ratio = theirs_s / SAMPLE * SMALL / ours_s
    return [
        Figure(
            name=f"{SMALL:,} small equal outputs",
            value=ours_s,
            unit="s",
            beside=f"deepdiff {plain(ratio)} times as long ({SAMPLE} of them); in canonical JSON {plain(spelled_s)} s",
        )
    ]


def large_equal() -> Figure:
    """Two equal outputs of a quarter of a megabyte."""
    rows = [{"key": f"k{number}", "values": [number, number / 3, None, "text"]} for number in range(4_000)]
    while len(canonical_json(rows)) > LARGE_BYTES:
        rows.pop()
    one, two = {"rows": rows}, {"rows": copy.deepcopy(rows)}
    ours_s, theirs_s = best_s(lambda: difference(one, two)), best_s(lambda: DeepDiff(one, two))
    return Figure(
        name=f"equal outputs of {LARGE_BYTES // 1000} KB",
        value=ours_s * 1000,
        unit="ms",
        beside=f"deepdiff {plain(theirs_s / ours_s)} times as long",
    )


def one_put_at_the_head() -> list[Figure]:
    """One action put before a thousand: how many differences that is."""
    before = {"actions": [{"n": number, "what": f"step {number}", "ok": True} for number in range(1000)]}
    after = {"actions": [{"n": -1, "what": "new", "ok": True}, *copy.deepcopy(before["actions"])]}
    keyed = Comparison(keys={"actions": ("n",)}, effects=("actions",))
    ours_s = best_s(lambda: difference(before, after, keyed))
    started_s = perf_counter()
    theirs = DeepDiff(before, after)
    theirs_s = perf_counter() - started_s
    said = sum(len(found) for found in theirs.values())
    return [
        Figure(
            name="one put at the head of 1,000: differences",
            value=len(difference(before, after, keyed)),
            unit="",
            target=1,
            beside=f"deepdiff {said:,}",
        ),
        Figure(
            name="one put at the head of 1,000",
            value=ours_s * 1000,
            unit="ms",
            beside=f"deepdiff {plain(theirs_s / ours_s)} times as long",
        ),
    ]


def corpus(traces: tuple[Trace, ...], count: int) -> Iterator[Trace]:
    """As many traces, of those that there are."""
    return (replace(traces[number % len(traces)], id=f"t{number:06}") for number in range(count))


def packed(traces: tuple[Trace, ...], folder: Path) -> list[Figure]:
    """A packed file read as a stream."""
    few, many = folder / "few", folder / "many"
    pack(corpus(traces, TRACES // 20), few)
    wrote_s = perf_counter()
    pack(corpus(traces, TRACES), many)
    wrote_s = perf_counter() - wrote_s
    read_s = best_s(lambda: deque(iter_traces(many), maxlen=0))
    peaks = [peak_bytes(lambda file=file: deque(iter_traces(file), maxlen=0)) for file in (few, many)]  # type: ignore[misc]
    size = many.stat().st_size / TRACES
    beside = f"{size / 1000:.1f} KB a trace packed; written at {plain(TRACES / wrote_s)}/s"
    return [
        Figure(
            name="packed traces read",
            value=TRACES / read_s,
            unit="/s",
            target=READ_TARGET,
            better="more",
            beside=beside,
        ),
        Figure(
            name=f"memory for {TRACES:,} packed traces",
            value=peaks[1] / 1e6,
            unit="MB",
            beside=f"{peaks[0] / 1e6:.2f} MB for {TRACES // 20}",
        ),
    ]


def redacting(traces: tuple[Trace, ...]) -> Figure:
    """Taking secrets and personal data out of a trace, its recorded answers included."""
    redactor = Redactor(RULES, b"a key for a benchmark")
    took_s = best_s(lambda: [redactor.redact(trace) for trace in traces]) / len(traces)
    bytes_each = sum(len(canonical_json(trace.to_contract())) for trace in traces) / len(traces)
    return Figure(name="redacting a trace", value=took_s * 1000, unit="ms", beside=f"{bytes_each / 1000:.0f} KB each")


def run() -> Report:
    """All of it."""
    traces = load_traces(DIRECTORY)
    outputs = [trace.baseline for trace in traces]
    if not all(same(one, copy.deepcopy(one)) for one in outputs):
        raise SystemExit("an output is not equal to its copy")
    with TemporaryDirectory() as folder:
        figures = (
            *small_equal(outputs),
            large_equal(),
            *one_put_at_the_head(),
            *packed(traces, Path(folder)),
            redacting(traces),
        )
    bytes_each = sum(len(canonical_json(one)) for one in outputs) / len(outputs)
    return Report(
        title="Traces as data",
        figures=figures,
        conditions=f"outputs of {bytes_each / 1000:.1f} KB on average; best of {_ROUNDS} rounds",
    )
