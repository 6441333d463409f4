"""The worker that waits for Motion is found by what three parties say, and nobody else is."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from harness.environments.base import Capability, ProcessIdentity
from scenarios.world.workers import WaitsForMotion
from system.agents.process import Named, WorkerProcess
from tests.toy import ToyEnvironment, worker

WAITS = WaitsForMotion(answered="delayed")


def named(pid: int, kind: str = "agents") -> str:
    """A worker's name as the system makes it; the toy's start times are ten times the PID."""
    process = WorkerProcess(pid=pid, started_ticks=10 * pid)
    return f"{Named(kind=kind, place='0123abcd', process=process)}-18db2249-922b-4553-8a77-68e1a894bd44-1"


@dataclass
class World(ToyEnvironment):
    """`treated` is Motion's diary: the reference and how it was answered; `executing` holds worker and shipment."""

    treated: tuple[tuple[str | None, str], ...] = ()
    executing: tuple[tuple[str, str], ...] = ()
    crew: list[Any] = field(default_factory=lambda: [worker(2), worker(3)])

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        assert (service, path) == ("motion", "/control/requests")
        return {"requests": [{"reference": reference, "answered": answered} for reference, answered in self.treated]}

    async def query(self, service: str, sql: str, parameters: Any = ()) -> list[dict[str, Any]]:
        assert "ORDER BY updated_at" in sql
        return [{"worker": name, "shipment": shipment} for name, shipment in self.executing]


def found(**world: Any) -> ProcessIdentity | None:
    return asyncio.run(WAITS.find(World(**world)))


def test_the_longest_executing_whose_write_motion_keeps_back_is_found() -> None:
    executing = ((named(2), "P1:S1"), (named(3), "P1:S2"))
    assert found(treated=(("P1:S2", "delayed"),), executing=executing) == worker(3).identity
    assert found(treated=(("P1:S2", "delayed"), ("P1:S1", "delayed")), executing=executing) == worker(2).identity


@pytest.mark.parametrize(
    "world",
    [
        {},
        {"treated": (("P1:S1", "done and held"),), "executing": ((named(2), "P1:S1"),)},
        {"treated": ((None, "delayed"),), "executing": ((named(2), "P1:S1"),)},
        {"treated": (("P1:S1", "delayed"),)},
        {"treated": (("P1:S1", "delayed"),), "executing": ((named(9), "P1:S1"),)},
        {"treated": (("P1:S1", "delayed"),), "executing": ((named(2, "supervisor"), "P1:S1"),)},
        {"treated": (("P1:S1", "delayed"),), "executing": ((named(2), "P1:S1"),), "crew": []},
    ],
    ids=["nothing", "treated otherwise", "no reference", "not executing", "no such process", "taken over", "all died"],
)
def test_nobody_is_found(world: dict[str, Any]) -> None:
    assert found(**world) is None


def test_a_pid_that_was_given_out_again_is_not_the_worker() -> None:
    again = replace(worker(2), identity=ProcessIdentity(pid=2, started_ticks=999))
    assert found(treated=(("P1:S1", "delayed"),), executing=((named(2), "P1:S1"),), crew=[again]) is None


def test_it_needs_all_three() -> None:
    assert WAITS.needs == {Capability.STORE, Capability.OUTSIDE_PARTY, Capability.WORKERS}
