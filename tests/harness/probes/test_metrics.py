"""What a service counts of itself is read from its text; what is not there is not none."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from harness.clock import Clock
from harness.environments.base import EnvironmentFault
from harness.history import History
from harness.probes import MetricsProbe
from harness.probes.metrics import samples_of
from tests.toy import ToyEnvironment

TEXT = """# HELP seen_total Things.
# TYPE seen_total counter
seen_total{by="us",how="a b"} 3.0
seen_total{by="them"} 1e3
temperature -4
not_a_number NaNa
"""


def probe(*samples: tuple[str, str]) -> MetricsProbe:
    return MetricsProbe(name="counts", service="shop", samples=samples)


def test_samples_become_fields() -> None:
    history = History()
    asked = probe(("ours", 'seen_total{by="us",how="a b"}'), ("cold", "temperature"))
    asyncio.run(asked.observe(ToyEnvironment(answers={"/metrics": TEXT}), history, Clock()))
    assert history[0].action == "counts"
    assert history[0].value == {"ours": 3.0, "cold": -4.0}


def test_a_sample_that_is_not_there_is_an_error() -> None:
    environment, history = ToyEnvironment(answers={"/metrics": TEXT}), History()
    with pytest.raises(EnvironmentFault, match=r"shop has no sample seen_total\{by=.nobody.\} in its /metrics"):
        asyncio.run(probe(("none", 'seen_total{by="nobody"}')).observe(environment, history, Clock()))
    assert len(history) == 0


def test_what_the_client_library_writes_is_read() -> None:
    registry = CollectorRegistry()
    Counter("told", "By whom", ["by"], registry=registry).labels("key").inc(2)
    Gauge("ratio", "How full", registry=registry).set(0.25)
    found = samples_of(generate_latest(registry).decode())
    assert (found['told_total{by="key"}'], found["ratio"]) == (2.0, 0.25)
