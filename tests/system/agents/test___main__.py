"""Resolver and agents as processes: they work, say how they are, replace what hangs or dies, and stop in order."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from scenarios.world.tenders import TenderSource, desired_content, normal_content
from system.clock import RandomIds, SystemClock
from system.settings import Settings
from system.storage import NewSignal, Partner, State, Storage, create_schema

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
KEY = "fixture-key"
WITHIN_S = 30


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _process(module: str, environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A running process and its URL, once it answers; killed at the end if it still runs."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={**os.environ, **environment, "PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline_s = time.monotonic() + WITHIN_S
        while True:
            try:
                httpx.get(f"{url}/healthz", trust_env=False)
            except httpx.TransportError:
                assert process.poll() is None, f"{module} ended with {process.returncode}"
                assert time.monotonic() < deadline_s, f"{module} does not answer"
                time.sleep(0.05)
            else:
                break
        yield process, url
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'freight.db'}", database_timeout_s=10)
    storage = Storage.connect(settings, clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    storage.partners.upsert(Partner(id="P1", name="One", api_key_sha256="0" * 64, autonomy_tier=3))
    yield storage
    storage.close()


def _wait_for(done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_signals_become_loads_and_both_stop_in_order(storage: Storage, tmp_path: Path) -> None:
    tender = next(batch for batch in iter(TenderSource(1, "P1", originals_only=True).next, None)).tenders[0]
    with ExitStack() as running:
        start = running.enter_context
        _, model_url = start(_process("scenarios.world.llm", {"LLM_API_KEY": KEY}))
        _, motion_url = start(_process("scenarios.world.motion", {"MOTION_API_KEY": KEY}))
        environment = {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'freight.db'}",
            "LLM_BASE_URL": f"{model_url}/v1",
            "LLM_API_KEY": KEY,
            "MOTION_BASE_URL": motion_url,
            "MOTION_API_KEY": KEY,
        }
        resolver, resolver_url = start(_process("system.resolver", environment))
        agents, agents_url = start(_process("system.agents", environment))
        for url in (resolver_url, agents_url):
            assert httpx.get(f"{url}/readyz").json()["checks"] == {"database": None}

        (accepted,) = storage.signals.accept([_signal(desired_content([tender]))])
        _wait_for(lambda: storage.intents.counts()[State.EXECUTED] == 1)

        intent = storage.intents.get(accepted.intent_id)
        assert intent is not None
        headers = {"Authorization": f"Bearer {KEY}"}
        load = httpx.get(f"{motion_url}/loads/{intent.load_id}", headers=headers).json()
        assert normal_content(load["content"]) == normal_content(desired_content([tender]))
        assert 'resolver_intents_total{state="CONFIRMED"} 1.0' in httpx.get(f"{resolver_url}/metrics").text
        assert 'agents_executions_total{outcome="executed"} 1.0' in httpx.get(f"{agents_url}/metrics").text

        for process in (resolver, agents):
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=WITHIN_S)
            assert process.returncode == 0, errors
            lines = [json.loads(line) for line in errors.splitlines()]
            assert any(line.get("intent_id") == intent.id for line in lines)


def _signal(content: dict[str, Any]) -> NewSignal:
    document = {**content, "purpose": "original"}
    return NewSignal(
        partner_id="P1",
        shipment_id=content["shipment_id"],
        purpose="original",
        version="1",
        control_number="",
        content_type="application/json",
        raw=json.dumps(document),
        tender={**document, "version": "1"},
        received_at=datetime.now(UTC),
    )


def test_without_a_database_they_wait_and_say_so() -> None:
    unreachable = {"DATABASE_URL": f"mysql+pymysql://x:hush@127.0.0.1:{_free_port()}/x"}
    with _process("system.agents", unreachable) as (process, url):
        answer = httpx.get(f"{url}/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["database"]
        assert process.stderr is not None
        # On a busy machine it can answer before it has looked for work for the first time.
        errors = ""
        while "database away" not in errors:
            errors += (line := process.stderr.readline())
            assert line, errors
        process.send_signal(signal.SIGTERM)
        assert process.wait(WITHIN_S) == 0
        errors += process.stderr.read()
    assert "hush" not in errors


@pytest.mark.parametrize("module", ["system.resolver", "system.agents"])
def test_an_unsafe_switch_alone_is_refused_at_start(module: str) -> None:
    environment = {**os.environ, "UNSAFE_BOOKING_KEY_FROM_ROW": "1"}
    refused = subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "UNSAFE_BOOKING_KEY_FROM_ROW" in refused.stderr


def test_an_unsafe_switch_shows(tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}",
        "UNSAFE_BOOKING_KEY_FROM_ROW": "1",
        "ALLOW_UNSAFE": "1",
    }
    storage = Storage.connect(Settings(database_url=environment["DATABASE_URL"]), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    storage.close()
    with _process("system.agents", environment) as (_, url):
        assert httpx.get(f"{url}/readyz").json()["unsafe"] == ["UNSAFE_BOOKING_KEY_FROM_ROW"]


def _children(pid: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_an_agent_that_never_awaits_is_killed_and_the_others_go_on(storage: Storage, tmp_path: Path) -> None:
    """H4 as a whole: the guard has no say, the worker says where it spins, dies, is replaced, and nothing else does."""
    source = TenderSource(2, "P1", originals_only=True)
    tenders = [tender for _ in range(8) for tender in source.next().tenders]
    contents = [desired_content([tender]) for tender in tenders]
    poison = {**contents[0], "commodity": "PERPETUAL MOTION MACHINES"}
    with ExitStack() as running:
        start = running.enter_context
        _, model_url = start(_process("scenarios.world.llm", {"LLM_API_KEY": KEY}))
        _, motion_url = start(_process("scenarios.world.motion", {"MOTION_API_KEY": KEY}))
        environment = {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'freight.db'}",
            "LLM_BASE_URL": f"{model_url}/v1",
            "LLM_API_KEY": KEY,
            "MOTION_BASE_URL": motion_url,
            "MOTION_API_KEY": KEY,
            "DATABASE_TIMEOUT_S": "10",
            "AGENTS_CONCURRENCY": "2",
            "AGENT_GUARD_S": "0.2",
            "STUCK_AFTER_S": "1.5",
            "MOTION_SETTLES_S": "0.2",
            "UNSAFE_SPIN_ON_COMMODITY": poison["commodity"],
            "ALLOW_UNSAFE": "1",
        }
        start(_process("system.resolver", environment))
        agents, url = start(_process("system.agents", environment))
        before = _children(agents.pid)
        storage.signals.accept([_signal(poison), *map(_signal, contents[1:])])
        _wait_for(lambda: storage.intents.counts()[State.FAILED] == 1)
        _wait_for(lambda: storage.intents.counts()[State.EXECUTED] == len(contents) - 1)

        (failed,) = storage.intents.in_state(State.FAILED)
        assert (failed.shipment_id, failed.error_reason) == (poison["shipment_id"], "Agent timeout after 300s")
        _wait_for(lambda: len(_children(agents.pid) - before) == 1)
        assert len(before) == len(_children(agents.pid)) == 3
        assert (
            f'agents_executions_total{{outcome="executed"}} {len(contents) - 1}.0' in httpx.get(f"{url}/metrics").text
        )
        agents.send_signal(signal.SIGTERM)
        _, errors = agents.communicate(timeout=WITHIN_S)
    assert agents.returncode == 0
    told = next(line for line in map(json.loads, errors.splitlines()) if "AgentContract timeout" in line["message"])
    assert told["intent_id"] == failed.id
    assert "_wait_for_what_never_comes" in told["stack"]


def test_no_child_outlives_its_parent(storage: Storage, tmp_path: Path) -> None:
    with _process("system.agents", {"DATABASE_URL": f"sqlite:///{tmp_path / 'freight.db'}"}) as (agents, _):
        children = _children(agents.pid)
        assert len(children) == 5
        agents.kill()
        _wait_for(lambda: all(map(_gone, children)))


def test_a_port_that_is_taken_ends_the_whole_of_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {**os.environ, "PORT": str(taken.getsockname()[1]), "DATABASE_URL": "sqlite://"}
        ended = subprocess.run(
            [sys.executable, "-m", "system.agents"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 1
    assert "cannot listen" in ended.stderr
