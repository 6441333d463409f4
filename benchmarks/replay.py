"""How many traces a second are replayed, held against their baselines and gathered by cause, and in how much memory.

The corpus is generated (`corpus`), packed, and read as a stream; as many processes replay as there are processors, by
the contract, as for any revision. The rate is that of the whole: reading, replaying, comparing. The time of a processor
is what it takes in the process that replays one plain trace. What a match costs is measured with questions to the
model, the largest bodies there are, in the order of recording and in another.

The same is done with vcrpy, deepdiff and pytest (`replay_peer`), on fewer traces of the same corpus, because it takes
long. Both rates are without what it takes to start: the time of more traces less the time of few.
"""

import asyncio
import gc
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

import httpx
import psutil

from benchmarks import corpus, replay_peer
from benchmarks.figures import Figure, Report, plain
from harness.replaying.comparison import TraceVerdict, judge
from harness.replaying.runner_process import Target
from harness.replaying.runners import Runners
from harness.traces import Clusters, iter_traces
from scenarios.world.replay import COMPARISON
from system.replay import replay
from system.replay.cassette import CassetteTransport
from system.replay.trace import RecordedInteraction
from system.resolver.prompt import request_text

SMALL, LARGE = 100, 10_000
PEER_FEW, PEER_MANY, PEER_CALLS = 20, 320, 10
SEED = 7
SHORT, LONG = 10, 3_000
TRACES_TARGET, PROCESSOR_TARGET_MS, MEMORY_TARGET, MATCH_TARGET, PEER_TARGET = 1_000.0, 2.0, 1.2, 1.5, 20.0
_MODEL = "http://model.invalid/v1/chat/completions"
_ROOT = Path(__file__).resolve().parent.parent
_TARGET = Target(entry="system.replay:replay", python=(sys.executable,), directory=_ROOT)
_ROUNDS = 5
_BYTES_A_MIB = 1_048_576
_LOOK_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One corpus, replayed: how long it took, what came of it, and the most memory that was in use, in bytes.

    `processor_s` is that of all processes together.
    """

    traces: int
    took_s: float
    processor_s: float
    outcomes: Counter[str]
    clusters: int
    memory: int

    @property
    def per_second(self) -> float:
        return self.traces / self.took_s


def through(path: Path) -> Run:
    """Replays a packed file."""
    outcomes: Counter[str] = Counter()
    clusters, own, memory = Clusters(), psutil.Process(), 0
    started_s, before_s = perf_counter(), _processor_s(own)
    with Runners(_TARGET) as runners:
        for number, (trace, result) in enumerate(runners.replay(iter_traces(path))):
            verdict: TraceVerdict = judge(trace, result, COMPARISON)
            outcomes[str(verdict.outcome)] += 1
            if verdict.causes:
                clusters.add(trace.id, verdict.causes)
            if number % _LOOK_EVERY == 0:
                memory = max(memory, _memory(own))
        memory = max(memory, _memory(own))
        processor_s = _processor_s(own) - before_s
    return Run(
        traces=outcomes.total(),
        took_s=perf_counter() - started_s,
        processor_s=processor_s,
        outcomes=outcomes,
        clusters=len(clusters.listed()),
        memory=memory,
    )


def _memory(own: psutil.Process) -> int:
    """What this process and those that replay have in use."""
    return sum(one.memory_info().rss for one in [own, *own.children(recursive=True)])


def _processor_s(own: psutil.Process) -> float:
    """What this process and those that replay have had of the processors, those that have ended left out."""
    times = [one.cpu_times() for one in [own, *own.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


def processor_ms(documents: list[dict[str, object]]) -> float:
    """Milliseconds of the processor for one replay in this process: the best of some rounds."""
    for document in documents:
        replay(document)
    gc.collect()
    best = float("inf")
    for _ in range(_ROUNDS):
        started_s = process_time()
        for document in documents:
            replay(document)
        best = min(best, process_time() - started_s)
    return best / len(documents) * 1_000


def questions(count: int) -> list[bytes]:
    """So many different questions to the model."""
    return [request_text(f"B2**FXCA**S{number:06d}**PP~", model="m") for number in range(count)]


def match_us(length: int, *, shuffled: bool) -> float:
    """Microseconds for one call that a cassette of `length` questions answers: the best of some rounds."""
    bodies = questions(length)
    answer = {"status": 200, "headers": {"content-type": "application/json"}, "body": "{}"}
    interactions = [
        RecordedInteraction.model_validate(
            {"request": {"method": "POST", "uri": _MODEL, "body": body.decode()}, "response": answer}
        )
        for body in bodies
    ]
    requests = [httpx.Request("POST", _MODEL, content=body) for body in bodies]
    if shuffled:
        random.Random(SEED).shuffle(requests)
    repeats = max(1, LONG // length)

    async def play() -> float:
        best = float("inf")
        for _ in range(_ROUNDS):
            transports = [CassetteTransport(interactions) for _ in range(repeats)]
            started_s = process_time()
            for transport in transports:
                for request in requests:
                    await transport.handle_async_request(request)
            best = min(best, process_time() - started_s)
        return best

    return asyncio.run(play()) / (repeats * length) * 1e6


def peer(path: Path, folder: Path) -> replay_peer.PeerRun:
    """What the first traces of a packed file take with vcrpy, deepdiff and pytest."""
    playable = list(islice(filter(replay_peer.can_play, iter_traces(path)), PEER_MANY))
    few, many = (
        replay_peer.tested(replay_peer.prepared(playable[:count], folder / f"peer-{count}"))
        for count in (PEER_FEW, PEER_MANY)
    )
    return replay_peer.between(few, many)


def _beside_the_peer(small: Run, large: Run, beside: replay_peer.PeerRun) -> Figure:
    traces = large.traces - small.traces
    rate = traces / (large.took_s - small.took_s)
    each_ms = (large.processor_s - small.processor_s) / traces * 1_000
    peer_rate, peer_ms = beside.traces / beside.took_s, beside.processor_s / beside.traces * 1_000
    return Figure(
        name="beside vcrpy, deepdiff and pytest",
        value=rate / peer_rate,
        unit="times as fast",
        target=PEER_TARGET,
        better="more",
        beside=f"{plain(rate)}/s, {plain(peer_rate)}/s ({beside.traces} traces), starting left out; of a processor "
        f"{plain(each_ms)} ms and {plain(peer_ms)} ms a trace: {plain(peer_ms / each_ms)} times",
    )


def run() -> Report:
    """Measure everything, on a corpus of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="traces-") as directory:
        small = corpus.packed(Path(directory) / "small.traces.gz", SMALL, seed=SEED)
        large = corpus.packed(Path(directory) / "large.traces.gz", LARGE, seed=SEED)
        alone = [one.to_contract() for one in iter_traces(small) if _is_plain(one.title, one.baseline)]
        ran_small, ran_large = through(small), through(large)
        beside = peer(large, Path(directory))
    alone_ms = processor_ms(alone)
    short, long = (match_us(length, shuffled=False) for length in (SHORT, LONG))
    short_mixed, long_mixed = (match_us(length, shuffled=True) for length in (SHORT, LONG))
    peer_short, peer_long = (replay_peer.match_us(_MODEL, questions(length), PEER_CALLS) for length in (SHORT, LONG))
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(ran_large.outcomes.items()))
    figures = (
        Figure(
            name=f"{LARGE:,} traces",
            value=ran_large.per_second,
            unit="/s",
            target=TRACES_TARGET,
            better="more",
            beside=f"{outcomes}; {ran_large.clusters} causes; {ran_large.took_s:.1f} s",
        ),
        _beside_the_peer(ran_small, ran_large, beside),
        Figure(
            name="a plain trace, in the process that replays it",
            value=alone_ms,
            unit="ms of a processor",
            target=PROCESSOR_TARGET_MS,
            beside=f"{len(alone)} traces of one signal, best of {_ROUNDS} rounds",
        ),
        Figure(
            name=f"memory with {LARGE:,} traces",
            value=ran_large.memory / ran_small.memory,
            unit=f"x that with {SMALL}",
            target=MEMORY_TARGET,
            beside=f"{_mib(ran_large.memory)}, {_mib(ran_small.memory)}: all processes together",
        ),
        Figure(
            name=f"a match among {LONG:,}",
            value=long / short,
            unit=f"x that among {SHORT}",
            target=MATCH_TARGET,
            beside=f"{long:.1f} us, {short:.1f} us: in the order of recording; "
            f"vcrpy {plain(peer_long / peer_short)} x: {plain(peer_long)} us, {plain(peer_short)} us",
        ),
        Figure(
            name=f"a match among {LONG:,}, mixed up",
            value=long_mixed / short_mixed,
            unit=f"x that among {SHORT}",
            target=MATCH_TARGET,
            beside=f"{long_mixed:.1f} us, {short_mixed:.1f} us: in any order, the index included",
        ),
    )
    return Report(
        title="Traces replayed in process, with differences and causes",
        figures=figures,
        conditions=f"corpus of seed {SEED}; as many processes replay as there are processors",
    )


def _mib(size: int) -> str:
    return f"{size / _BYTES_A_MIB:,.0f} MiB"


def _is_plain(title: str, baseline: object) -> bool:
    return title == "plain" and isinstance(baseline, dict) and len(baseline["intents"]) == 1


if __name__ == "__main__":
    json.dump(run().document(), sys.stdout, indent=2)
