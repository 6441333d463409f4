"""What a link has carried becomes a gauge of its own name."""

import asyncio
from dataclasses import asdict, replace

from harness.clock import Clock
from harness.history import History
from harness.metric import Gauge, Window
from harness.probes import LinkProbe
from tests.toy import ToyEnvironment


def test_every_counter_of_the_link_is_written_down() -> None:
    environment, history = ToyEnvironment(), History()
    environment.link_traffic = replace(environment.link_traffic, upstream_passed=7, connections_open=2)
    probe = LinkProbe(name="door", link="clients->shop")
    assert probe.needs <= environment.capabilities
    asyncio.run(probe.observe(environment, history, Clock()))
    assert (history[0].action, history[0].value) == ("door", asdict(environment.link_traffic))
    passed = Gauge(probe="door", field="upstream_passed")
    assert passed.read(history, Window(from_s=0.0, to_s=history[0].at_s)) == 7.0
