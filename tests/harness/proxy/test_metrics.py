"""Counters as Prometheus text, under Toxiproxy's names."""

from harness.proxy.bodies import ProxySpec
from harness.proxy.metrics import exposition
from harness.proxy.proxy import Proxy


def test_every_proxy_and_direction_has_its_samples_and_names_are_escaped() -> None:
    proxy = Proxy(ProxySpec(name='say "a->b"', listen="127.0.0.1:1", upstream="127.0.0.1:2"), seed=0)
    proxy._totals.upstream_passed = 7
    proxy._totals.upstream_withheld = 2
    proxy._totals.connections_accepted = 3
    lines = exposition([proxy]).splitlines()
    labels = 'proxy="say \\"a->b\\"",listener="127.0.0.1:1",upstream="127.0.0.1:2"'
    assert "# TYPE toxiproxy_proxy_received_bytes_total counter" in lines
    assert f'toxiproxy_proxy_received_bytes_total{{direction="upstream",{labels}}} 9' in lines
    assert f'toxiproxy_proxy_sent_bytes_total{{direction="upstream",{labels}}} 7' in lines
    assert f'toxiproxy_proxy_sent_bytes_total{{direction="downstream",{labels}}} 0' in lines
    assert f"toxiproxy_proxy_connections_accepted_total{{{labels}}} 3" in lines
