"""A partition is proved by what no longer passes."""

import asyncio
from dataclasses import replace

from harness.faults import Evidence, Partition
from tests.harness.faults.injecting import LINK, injected, with_server
from tests.toy import ToyEnvironment


def test_partition_is_not_proved_while_connections_pass() -> None:
    """A partition that only denies new connections, or none at all, is no partition."""

    async def measure(address: tuple[str, int]) -> Evidence:
        environment = ToyEnvironment(addresses={LINK: address})
        fault = Partition(link=LINK)
        witness = await fault.watch(environment)
        async with fault.apply(environment):
            return await witness.evidence()

    assert not asyncio.run(with_server(0.0, measure)).proof


def test_partition_is_proved_by_a_refused_connection_and_none_left_open() -> None:
    environment = ToyEnvironment(addresses={LINK: ("127.0.0.1", 1)})
    assert injected(Partition(link=LINK), environment).proof
    assert environment.log == [f"disable {LINK}", f"enable {LINK}"]
    environment.link_traffic = replace(environment.link_traffic, connections_open=1)
    assert not injected(Partition(link=LINK), environment).proof
