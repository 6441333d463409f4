"""Traces through a system that runs: the same outputs as in process, and what is wrong is said."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from harness.clock import Clock, Deadline, block_s
from harness.config import Config
from harness.environments.base import Environment, EnvironmentFault
from harness.environments.choice import environment_called
from harness.history import History, Kind
from harness.replaying.comparison import TraceVerdict
from harness.traces import Cassette, load_traces
from scenarios.world.partners import PARTNERS_FILE
from scenarios.world.replay import (
    AT_ONCE,
    DIRECTORY,
    LINK,
    TRACES,
    CannotDrive,
    FreightDriver,
    freight_driver,
    model_cassette,
)
from scenarios.world.topology import TOPOLOGY

KEY = "fixture-key"
ROOT = Path(__file__).resolve().parents[3]
UP_WITHIN_S = 40.0


class Processes:
    """The services of the system and of its world that a replay needs, as processes without a proxy between them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports: dict[str, int] = {}
        self.stack = ExitStack()
        self.http = httpx.Client(trust_env=False, timeout=10)

    def up(self) -> None:
        services = ("llm", "motion", "ingest", "resolver", "agents")
        for name in services:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                self.ports[name] = listener.getsockname()[1]
        environ = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{self.directory / 'freight.db'}",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "LLM_BASE_URL": f"http://127.0.0.1:{self.ports['llm']}/v1",
            "MOTION_BASE_URL": f"http://127.0.0.1:{self.ports['motion']}",
            "LLM_API_KEY": KEY,
            "MOTION_API_KEY": KEY,
        }
        migrate = [sys.executable, "-m", "system.console", "migrate", "--partners", str(PARTNERS_FILE)]
        subprocess.run(migrate, cwd=ROOT, env=environ, check=True, capture_output=True)
        for name in services:
            tree = "scenarios.world" if name in ("llm", "motion") else "system"
            log = self.stack.enter_context((self.directory / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", f"{tree}.{name}"],
                cwd=ROOT,
                env={**environ, "PORT": str(self.ports[name])},
                stderr=log,
            )
            self.stack.callback(process.wait)
            self.stack.callback(process.kill)
        for name in services:
            self._wait_for(name)

    def _wait_for(self, name: str) -> None:
        deadline = Deadline(UP_WITHIN_S)
        while True:
            try:
                if self.http.get(f"http://127.0.0.1:{self.ports[name]}/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert not deadline.passed, (self.directory / f"{name}.log").read_text()[-2000:]
            block_s(0.05)

    def down(self) -> None:
        self.stack.close()
        self.http.close()

    # What the driver asks of an environment.
    name = "a few processes"

    def link_address(self, link: str) -> tuple[str, int]:
        assert link == LINK
        return "127.0.0.1", self.ports["ingest"]

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        response = self.http.request(method, f"http://127.0.0.1:{self.ports[service]}{path}", json=body)
        if not response.is_success:
            raise EnvironmentFault(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    system = Processes(tmp_path)
    try:
        system.up()
        yield system
    finally:
        system.down()


async def _replayed_in_turns(seeds: Iterable[int]) -> list[Mapping[str, Any]]:
    """What the last phase of a drill says of each trace, with these seeds one after the other, on a fresh system."""
    config, history = Config.load(), History(clock=Clock())
    environment = environment_called("processes")(
        TOPOLOGY, seed=next(iter(seeds)), operator=config.operator, project=config.project
    )
    try:
        await environment.up()
        for seed in seeds:
            await TRACES.replay(environment, history, Clock(), seed=seed)
    finally:
        await environment.down()
    return [event.value for event in history.where(kind=Kind.STEP, action="replay")]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_trace_gives_its_baseline_end_to_end() -> None:
    """Through the running system as drills have it, in turns, as seeds in a row take them: each trace once."""
    driven = [trace.id for trace in load_traces(DIRECTORY) if trace.end_to_end]
    turns = -(-len(driven) // AT_ONCE)
    told = asyncio.run(_replayed_in_turns(range(1000, 1000 + turns)))
    assert sorted(one["trace"] for one in told) == driven
    assert [one for one in told if one["outcome"] != "pass"] == []


@pytest.mark.slow
def test_a_second_time_the_signals_are_repeats_and_the_replay_sees_it(processes: Processes) -> None:
    environment = cast("Environment", processes)
    some = [trace for trace in load_traces(DIRECTORY) if trace.end_to_end and "/" not in trace.id]
    assert all(verdict.outcome == "pass" for verdict in asyncio.run(TRACES.judge(environment, some)))

    played = processes.http.get(f"http://127.0.0.1:{processes.ports['llm']}/control/cassette").json()
    assert played["interactions"] == 0, "the model has forgotten the recorded answers"

    again = asyncio.run(TRACES.judge(environment, some))
    assert all(verdict.outcome in {"changed", "broken"} for verdict in again)
    assert any("answers[0].status: was 202, now 200" in line for one in again for line in one.lines)


@pytest.mark.slow
def test_another_answer_of_the_model_is_a_difference(processes: Processes) -> None:
    trace = next(one for one in load_traces(DIRECTORY) if one.id == "weight_not_in_signal")
    call = trace.cassette.interactions[0]
    assert call.response is not None
    # The recording itself is right this time, so what was FAILED goes through.
    honest = replace(call, response=replace(call.response, body=call.response.body.replace("42000", "4200")))
    changed = trace.with_cassette(Cassette(interactions=(honest,)))
    (verdict,) = asyncio.run(TRACES.judge(cast("Environment", processes), [changed]))
    assert verdict.outcome == "broken"
    assert any('state: was "FAILED", now "EXECUTED"' in line for line in verdict.lines)
    assert any(line.startswith("writes[book book:T0002:TRC5001]: new") for line in verdict.lines)


class Unreachable:
    """An environment in which nothing answers."""

    name = "unreachable"

    def link_address(self, link: str) -> tuple[str, int]:
        return "127.0.0.1", 1

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        if service == "llm" and self.model_is_gone:
            raise EnvironmentFault("gone")
        return {"unplayed": [], "entries": []}

    def __init__(self, *, model_is_gone: bool) -> None:
        self.model_is_gone = model_is_gone


@pytest.mark.parametrize("model_is_gone", [True, False])
def test_a_system_that_cannot_be_reached_is_unknown(model_is_gone: bool) -> None:
    environment = cast("Environment", Unreachable(model_is_gone=model_is_gone))
    traces = load_traces(DIRECTORY)
    verdicts: list[TraceVerdict] = asyncio.run(TRACES.judge(environment, traces))
    assert [one.trace for one in verdicts] == [trace.id for trace in traces]
    assert all(one.outcome == "unknown" and one.error for one in verdicts)


def test_an_environment_that_cannot_reach_the_outside_parties_is_said_so() -> None:
    async def attempt() -> None:
        async with freight_driver(cast("Environment", object()), ()):
            pass

    with pytest.raises((CannotDrive, AttributeError)):
        asyncio.run(attempt())


def test_the_projection_keeps_what_can_be_seen_from_outside() -> None:
    """A write that was answered twice under one key is one write; one that was refused is none."""
    driver = FreightDriver(environment=cast("Any", None), http=cast("Any", None), keys={})
    write = {"action": "book", "booking_key": "book:P:S", "content": {"a": 1}, "rank": [0], "status": 201}
    output = {
        "answers": [{"status": 202, "results": []}],
        "intents": [{"identity": "P:S:original:1", "state": "EXECUTED", "transitions": [1, 2]}],
        "writes": [{**write, "status": None}, write, {**write, "booking_key": "other", "status": 422}],
    }
    projected = driver.project(output)
    assert projected["intents"] == [{"identity": "P:S:original:1", "state": "EXECUTED"}]
    assert projected["writes"] == [{"action": "book", "booking_key": "book:P:S", "content": {"a": 1}}]


def test_the_model_is_given_the_recorded_answers_of_all_traces() -> None:
    traces = load_traces(DIRECTORY)
    document = model_cassette(traces)
    calls = [one for trace in traces for one in trace.cassette.interactions if "chat/completions" in one.request.uri]
    answered = [one for one in calls if one.response is not None]
    assert len(document["interactions"]) == len(answered) > len(traces)
    assert len(answered) < len(calls), "some ended without an answer, and have none to give"
