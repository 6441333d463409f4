"""What a flood costs: how fast a partner that is shut out is refused, at what price, and what the others notice.

The whole topology runs with three partners at their steady rate. A fourth floods, first one client and then ten, each
as fast as it gets its answers. Beside the rate stand the processor time and the memory of ingest, and what the latency
of the others was in the same run without a flood.
"""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import psutil

from benchmarks.figures import Figure, Report, percentile
from harness.clock import Clock
from harness.environments.processes import ProcessesEnvironment
from harness.faults import Flood
from harness.history import History, Kind
from harness.probes.metrics import samples_of
from harness.traffic import Stage
from scenarios.world.faulty import FaultyFlood
from scenarios.world.topology import TOPOLOGY
from scenarios.world.traffic import SEND, SteadyTenders

SECONDS = 5.0
LIMIT_S = 120.0
CLIENTS = (1, 10)
_ROOT = Path(__file__).resolve().parent.parent
_REFUSED = 'ingest_signals_total{outcome="refused"}'
FLOOD = Flood(link="faulty-partner->ingest", source=FaultyFlood(partner="P1004"))
OTHERS = SteadyTenders(partners=("P1001", "P1002", "P1003"), rate_per_s=18.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What was seen in one stretch of `took_s`: refusals, seconds of ingest's processor time, bytes of its memory, and
    the 95th percentile of the others, in seconds.
    """

    took_s: float
    refused: float
    processor_s: float
    resident_bytes: int
    others_p95_s: float


async def stretch(environment: ProcessesEnvironment, history: History, clock: Clock) -> Stretch:
    """Look, wait, and look again."""
    ingest = psutil.Process(environment.process("ingest").pid)
    began_s, refused, processor_s = clock.now_s(), await _refused(environment), sum(ingest.cpu_times()[:2])
    await asyncio.sleep(SECONDS)
    done = history.between(began_s, clock.now_s())
    took = [float(event.value["duration_s"]) for event in done if event.kind is Kind.OK and event.action == SEND]
    return Stretch(
        took_s=clock.now_s() - began_s,
        refused=await _refused(environment) - refused,
        processor_s=sum(ingest.cpu_times()[:2]) - processor_s,
        resident_bytes=ingest.memory_info().rss,
        others_p95_s=percentile(took, 95),
    )


async def _refused(environment: ProcessesEnvironment) -> float:
    return samples_of(str(await environment.request("ingest", "GET", "/metrics")))[_REFUSED]


async def measure() -> Report:
    """Bring everything up, measure, and end it."""
    environment = ProcessesEnvironment(TOPOLOGY, project=_ROOT)
    figures: list[Figure] = []
    try:
        async with asyncio.timeout(LIMIT_S):
            await environment.up()
            clock, ending = Clock(), asyncio.Event()
            history = History(clock=clock)
            stage = Stage(environment=environment, history=history, clock=clock, random=Random(1), ending=ending)
            traffic = asyncio.create_task(OTHERS.play(stage))
            await asyncio.sleep(1.0)
            quiet = await stretch(environment, history, clock)
            for clients in CLIENTS:
                async with replace(FLOOD, clients=clients).apply(environment):
                    await asyncio.sleep(0.5)
                    figures += _figures(clients, await stretch(environment, history, clock), quiet)
            ending.set()
            await traffic
    finally:
        await environment.down()
    return Report(
        title="A flood that is refused, on the whole topology",
        figures=tuple(figures),
        conditions=f"{SECONDS:g} s each; others send 18 requests/s all along",
    )


def _figures(clients: int, seen: Stretch, quiet: Stretch) -> list[Figure]:
    name = "1 client" if clients == 1 else f"{clients} clients"
    own_s = seen.processor_s - quiet.processor_s * seen.took_s / quiet.took_s
    grown = (seen.resident_bytes - quiet.resident_bytes) / 1_048_576
    return [
        Figure(name=f"{name}: refused", value=seen.refused / seen.took_s, unit="/s", better="more"),
        Figure(
            name=f"{name}: processor time of a refusal",
            value=own_s / max(1.0, seen.refused) * 1e6,
            unit="us",
            beside=f"{own_s / seen.took_s:.0%} of one processor",
        ),
        Figure(
            name=f"{name}: memory grown",
            value=grown,
            unit="MB",
            beside=f"{quiet.resident_bytes / 1_048_576:.0f} MB before",
        ),
        Figure(
            name=f"{name}: p95 of the others",
            value=seen.others_p95_s * 1000,
            unit="ms",
            target=4 * quiet.others_p95_s * 1000,
            beside=f"{quiet.others_p95_s * 1000:.0f} ms without a flood",
        ),
    ]


def run() -> Report:
    """Measure in an event loop of its own."""
    return asyncio.run(measure())
