"""A process that computes for ever is told from one that works and waits in turn."""

import asyncio

import pytest

from harness.environments.base import Worker
from harness.faults import Spin
from tests.toy import ToyEnvironment, worker


def proved(*looks: Worker) -> bool:
    """Whether the last of these looks at one worker proves it; the first is from before the fault."""
    toy = ToyEnvironment(crew=[looks[0]])

    async def watch() -> bool:
        witness = await Spin(service="shop").watch(toy)
        proof = False
        async with Spin(service="shop").apply(toy):
            for look in looks[1:]:
                toy.crew[0] = look
                proof = (await witness.evidence()).proof
        return proof

    found = asyncio.run(watch())
    assert toy.log == [], "there is nothing to do and nothing to undo"
    return found


def look(cpu_s: float, waits: int, pid: int = 2) -> Worker:
    return worker(pid, state="R", cpu_s=cpu_s, waits=waits)


@pytest.mark.parametrize(
    ("looks", "proof"),
    [
        ((look(1.0, 7), look(1.2, 7)), True),
        ((look(1.0, 5), look(1.05, 7), look(1.1, 7), look(1.16, 7)), True),
        ((look(1.0, 7), look(1.01, 7)), False),
        ((look(1.0, 7), look(1.2, 8)), False),
        ((look(1.0, 7), look(1.08, 8), look(1.16, 9), look(1.24, 10)), False),
        ((look(1.0, 7), look(5.0, 7, pid=3)), False),
    ],
    ids=["spins", "begins to spin", "sleeps", "has waited", "waits in between", "another process"],
)
def test_who_uses_the_processor_and_never_waits_spins(looks: tuple[Worker, ...], proof: bool) -> None:
    assert proved(*looks) is proof


def test_the_evidence_names_the_process() -> None:
    toy = ToyEnvironment(crew=[look(1.0, 7), look(1.0, 3, pid=5)])

    async def watch() -> dict[str, object]:
        witness = await Spin(service="shop").watch(toy)
        toy.crew[1] = look(1.5, 3, pid=5)
        return dict((await witness.evidence()).facts)

    facts = asyncio.run(watch())
    assert (facts["pid"], facts["started_ticks"], facts["cpu_s_without_a_wait"]) == (5, 50, 0.5)
