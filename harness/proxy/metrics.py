"""The counters as Prometheus text, under the names Toxiproxy gives its own, and connections beside them."""

from collections.abc import Iterable, Iterator

from harness.proxy.proxy import Proxy
from harness.proxy.specs import STREAMS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(proxies: Iterable[Proxy]) -> str:
    """One sample a proxy and direction; a byte that was received and not sent waits or was withheld."""
    found = [(proxy, proxy.traffic()) for proxy in proxies]
    lines: list[str] = []
    for metric, what in (("received_bytes_total", "received"), ("sent_bytes_total", "passed")):
        lines.append(f"# TYPE toxiproxy_proxy_{metric} counter")
        for proxy, traffic in found:
            lines.extend(
                f"toxiproxy_proxy_{metric}{{{_labels(proxy, stream)}}} {traffic[f'{stream}_{what}']}"
                for stream in STREAMS
            )
    for metric, kind in (("open", "gauge"), ("accepted", "counter"), ("cut", "counter"), ("refused", "counter")):
        name = f"toxiproxy_proxy_connections_{metric}{'_total' if kind == 'counter' else ''}"
        lines.append(f"# TYPE {name} {kind}")
        lines.extend(f"{name}{{{_labels(proxy)}}} {traffic[f'connections_{metric}']}" for proxy, traffic in found)
    return "\n".join(lines) + "\n"


def _labels(proxy: Proxy, stream: str | None = None) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in _pairs(proxy, stream))


def _pairs(proxy: Proxy, stream: str | None) -> Iterator[tuple[str, str]]:
    if stream is not None:
        yield "direction", stream
    yield from (("proxy", proxy.name), ("listener", proxy.listen), ("upstream", proxy.upstream))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
