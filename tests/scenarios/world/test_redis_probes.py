"""What a drill sees of the idempotency keys, in a real Redis: which, how old, and which are gone too early."""

import asyncio
import json
from typing import Any

import pytest
from prometheus_client import generate_latest

from harness.clock import Clock, epoch_s
from harness.environments.base import Environment
from harness.history import History
from harness.probes import Probe
from scenarios.world.redis_probes import INGEST_COUNTS, EarlyLossProbe, KeysProbe, operator_actions
from scenarios.world.traffic import SEND
from system.ingest.metrics import Metrics
from tests.histories import Story
from tests.redis_process import CacheEnvironment, running_redis
from tests.toy import ToyEnvironment

HOUR_S = 3_600.0


def seen(probe: Probe, environment: Environment, history: History | None = None) -> dict[str, Any]:
    history = History() if history is None else history
    asyncio.run(probe.observe(environment, history, Clock()))
    return dict(history[len(history) - 1].value)


@pytest.mark.slow
def test_keys_are_counted_by_age_and_those_of_partners_are_named() -> None:
    with running_redis() as server:
        for partner, count, age_h in (("P1001", 3, 0.0), ("P8000", 2_000, 1.0), ("P8000", 1_000, 13.0)):
            for number in range(count):
                value = json.dumps({"state": "committed", "at": epoch_s() - age_h * HOUR_S})
                server.client.set(f"idempotency:{partner}:S{number}-{age_h}", value, ex=int((24 - age_h) * HOUR_S))
        server.client.set("idempotency:P1001:without a time", "1")
        server.client.set("another:P1001:S1", "1")
        environment = CacheEnvironment(server.client)
        look = seen(KeysProbe(name="keys", young_s=12 * HOUR_S), environment)
        assert (look["old"], look["young"], look["evicted_keys"]) == (1_000, 2_003, 0)
        assert set(look["sent"]) == {f"P1001:S{number}-0.0" for number in range(3)}
        assert all(24 * HOUR_S - 60 < left_s <= 24 * HOUR_S for left_s in look["sent"].values())
        assert look["redis"] == server.client.info("server")["run_id"]
        assert look["ingest"] == {"pid": 4242, "started_ticks": 1}
        assert json.dumps(look)


@pytest.mark.slow
def test_a_key_that_is_gone_before_its_time_is_counted() -> None:
    story = Story()
    for number in range(1_200):
        story.write(f"P1:S{number}:original:1", action=SEND)
    with running_redis() as server:
        for number in range(1_190):
            server.client.set(f"idempotency:P1:S{number}:original:1", "1")
        look = seen(EarlyLossProbe(), CacheEnvironment(server.client), History(story.events))
    assert look == {"keys": 10, "signals": 1_200}


def test_ingest_is_asked_what_it_counts() -> None:
    """The names are those that ingest has from its start, before anything came."""
    text = generate_latest(Metrics().registry).decode()
    look = seen(INGEST_COUNTS, ToyEnvironment(answers={"/metrics": text}))
    assert look == {"repeats_past_redis": 0.0, "keys_refused": 0.0}


def test_what_operators_did_is_read_as_it_was_written() -> None:
    probe = operator_actions("database")
    row = {"who": "ada", "command": "redis raise", "what": '{"limit_bytes": 7}', "why": "full"}
    look = seen(probe, ToyEnvironment(rows={probe.sql: [row]}))
    assert look == {"rows": [{**row, "what": {"limit_bytes": 7}}]}
