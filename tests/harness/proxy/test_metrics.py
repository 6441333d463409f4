"""Counters as Prometheus text, under Toxiproxy's names."""

import asyncio

from harness.proxy.metrics import exposition
from harness.proxy.proxy import Proxy
from harness.proxy.specs import ProxySpec
from tests.harness.proxy.wires import wired


def test_every_proxy_and_direction_has_its_samples_and_names_are_escaped() -> None:
    proxy = Proxy(ProxySpec(name='say "a->b"', listen="127.0.0.1:1", upstream="127.0.0.1:2"), seed=0)
    proxy._totals.upstream_received = 9
    proxy._totals.upstream_passed = 7
    proxy._totals.connections_accepted = 3
    proxy._totals.connections_refused = 1
    lines = exposition([proxy]).splitlines()
    labels = 'proxy="say \\"a->b\\"",listener="127.0.0.1:1",upstream="127.0.0.1:2"'
    assert "# TYPE toxiproxy_proxy_received_bytes_total counter" in lines
    assert f'toxiproxy_proxy_received_bytes_total{{direction="upstream",{labels}}} 9' in lines
    assert f'toxiproxy_proxy_sent_bytes_total{{direction="upstream",{labels}}} 7' in lines
    assert f'toxiproxy_proxy_sent_bytes_total{{direction="downstream",{labels}}} 0' in lines
    assert f"toxiproxy_proxy_connections_accepted_total{{{labels}}} 3" in lines
    assert f"toxiproxy_proxy_connections_refused_total{{{labels}}} 1" in lines


def test_bytes_that_still_wait_are_received_and_not_sent() -> None:
    async def scenario() -> None:
        async with wired() as wire:
            wire.toxic("latency", stream="upstream", latency=3_600_000)
            client, _ = await wire.pair()
            await client.send(b"waits")
            await wire.until(lambda: wire.waiting_bytes("upstream") == 5)
            lines = exposition([wire.proxy]).splitlines()
            counts = {line.split(",")[0]: line.split()[-1] for line in lines if 'direction="upstream"' in line}
            assert counts == {
                'toxiproxy_proxy_received_bytes_total{direction="upstream"': "5",
                'toxiproxy_proxy_sent_bytes_total{direction="upstream"': "0",
            }

    asyncio.run(scenario())
