"""The processes of a service are written down as they are at each look."""

import asyncio

import pytest

from harness.clock import Clock
from harness.history import History, Kind
from harness.probes import WorkersProbe
from tests.toy import ToyEnvironment, worker


def test_each_look_is_an_event_with_every_process() -> None:
    toy, history, probe = (
        ToyEnvironment(crew=[worker(1), worker(2, state="T")]),
        History(),
        WorkersProbe(service="shop"),
    )
    asyncio.run(probe.observe(toy, history, Clock()))
    toy.crew.pop()
    asyncio.run(probe.observe(toy, history, Clock()))
    first, second = history.where(kind=Kind.PROBE, action="workers")
    assert first.value == {
        "service": "shop",
        "main": {"pid": 4242, "started_ticks": 1},
        "workers": [
            {"pid": 1, "started_ticks": 10, "own_pid": 1, "state": "S"},
            {"pid": 2, "started_ticks": 20, "own_pid": 2, "state": "T"},
        ],
    }
    assert [one["pid"] for one in second.value["workers"]] == [1]
    assert first.to_json()


def test_an_environment_that_cannot_look_says_so() -> None:
    class Bare:
        name = "bare"

    with pytest.raises(TypeError, match="bare environment"):
        asyncio.run(WorkersProbe(service="shop").observe(Bare(), History(), Clock()))  # type: ignore[arg-type]
