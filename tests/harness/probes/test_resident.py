"""The memory of a process is that of the very process which the environment names."""

import asyncio
import os

from harness.clock import Clock
from harness.environments.base import ProcessIdentity
from harness.history import History
from harness.probes import ResidentProbe
from tests.toy import ToyEnvironment


class Own(ToyEnvironment):
    """Its one service is this process."""

    def process(self, service: str) -> ProcessIdentity:
        return ProcessIdentity(pid=os.getpid(), started_ticks=1)


def test_memory_that_is_used_is_seen() -> None:
    environment, history, probe = Own(), History(), ResidentProbe(name="memory", service="shop")
    assert probe.needs <= environment.capabilities
    asyncio.run(probe.observe(environment, history, Clock()))
    used = bytearray(os.urandom(1)) * 64_000_000
    asyncio.run(probe.observe(environment, history, Clock()))
    before, after = (event.value for event in history)
    assert before["pid"] == after["pid"] == os.getpid()
    assert after["resident_bytes"] - before["resident_bytes"] > len(used) // 2
