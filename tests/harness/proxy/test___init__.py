"""A drop-in: the same requests to the embedded proxy and to Toxiproxy itself, and the same answers and effects.

What differs on purpose is shown where it differs, by tests of the embedded proxy alone.
"""

import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.clock import monotonic_s
from tests.harness.proxy.servers import Api, Running, connected, echoing

BODY = {"name": "redis", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"}
NODE_CLIENT = "toxiproxy-node-client@4.1.0"
NODE_CLIENT_SUM = "sha512-hdCvgbS6fUtzxPzrbvvE7MZ7dl5dt+c4c0d4T2G1I+clz3QEmjEvIpzObyojUY3WNdDuoYI7sT4kcTqgUVyXAQ=="
ATTRIBUTES: dict[str, dict[str, int]] = {
    "latency": {"latency": 5, "jitter": 3},
    "bandwidth": {"rate": 100},
    "slow_close": {"delay": 5},
    "timeout": {"timeout": 5},
    "reset_peer": {"timeout": 5},
    "slicer": {"average_size": 10, "size_variation": 5, "delay": 1},
    "limit_data": {"bytes": 100},
}


def known(proxy: dict[str, Any]) -> dict[str, Any]:
    """Toxiproxy shows its logger too."""
    return {name: value for name, value in proxy.items() if name != "Logger"}


def test_proxies_are_made_shown_changed_and_removed(api: Api) -> None:
    assert api.ask("GET", "/proxies") == (200, {})
    status, made = api.ask("POST", "/proxies", BODY)
    listen = made["listen"]
    proxy = {"name": "redis", "listen": listen, "upstream": "127.0.0.1:1", "enabled": True, "toxics": []}
    assert (status, known(made)) == (201, proxy)
    assert not listen.endswith(":0")
    assert known(api.ask("GET", "/proxies")[1]["redis"]) == proxy
    assert known(api.ask("GET", "/proxies/redis")[1]) == proxy
    for method in ("PATCH", "POST"):
        status, changed = api.ask(method, "/proxies/redis", {"enabled": False, "name": "other"})
        assert (status, known(changed)) == (200, {**proxy, "enabled": False})
        status, changed = api.ask(method, "/proxies/redis", {"Enabled": True, "upstream": None})
        assert (status, known(changed)) == (200, proxy)
    by_name = listen.replace("127.0.0.1", "localhost")
    status, moved = api.ask("PATCH", "/proxies/redis", {"upstream": "127.0.0.1:2", "listen": listen})
    assert (status, moved["upstream"], moved["listen"]) == (200, "127.0.0.1:2", listen)
    assert api.ask("PATCH", "/proxies/redis", {"listen": by_name, "enabled": True})[0] == 200
    assert api.ask("DELETE", "/proxies/redis") == (204, None)
    assert api.ask("GET", "/proxies") == (200, {})


def test_toxics_are_made_shown_changed_and_removed(api: Api) -> None:
    api.ask("POST", "/proxies", BODY)
    toxics = "/proxies/redis/toxics"
    assert api.ask("GET", toxics) == (200, [])
    made = []
    for name, attributes in ATTRIBUTES.items():
        toxic = {"name": f"{name}_downstream", "type": name, "stream": "downstream", "toxicity": 1}
        toxic["attributes"] = attributes
        assert api.ask("POST", toxics, {"type": name, "attributes": attributes}) == (200, toxic)
        made.append(toxic)
    up = {"name": "up", "type": "latency", "stream": "upstream", "toxicity": 0.25, "attributes": {"jitter": 7}}
    status, up = api.ask("POST", toxics, up)
    assert (status, up["attributes"]) == (200, {"latency": 0, "jitter": 7})
    assert api.ask("GET", toxics) == (200, [up, *made])
    assert api.ask("GET", "/proxies/redis")[1]["toxics"] == [up, *made]
    assert api.ask("GET", f"{toxics}/up") == (200, up)
    for method in ("PATCH", "POST"):
        change = {"attributes": {"latency": 4}, "toxicity": 0.5, "name": "x", "type": "timeout", "stream": "x"}
        changed = {**up, "toxicity": 0.5, "attributes": {"latency": 4, "jitter": 7}}
        assert api.ask(method, f"{toxics}/up", change) == (200, changed)
    assert api.ask("DELETE", f"{toxics}/up") == (204, None)
    assert api.ask("GET", toxics) == (200, made)


def test_errors_have_the_same_status_and_words(api: Api) -> None:
    """Where more than Toxiproxy's words are said, they come first."""
    cases: list[tuple[str, str, Any, int, str]] = [
        ("POST", "/proxies", BODY, 409, "proxy already exists"),
        ("POST", "/proxies", {"upstream": "127.0.0.1:1"}, 400, "missing required field: name"),
        ("POST", "/proxies", {"name": "x"}, 400, "missing required field: upstream"),
        ("POST", "/proxies", b"", 400, "bad request body: "),
        ("POST", "/proxies", b"{", 400, "bad request body: "),
        ("POST", "/proxies", b"[]", 400, "bad request body: "),
        ("POST", "/proxies", {"name": 5, "upstream": "127.0.0.1:1"}, 400, "bad request body: "),
        ("GET", "/proxies/other", None, 404, "proxy not found"),
        ("PATCH", "/proxies/other", {}, 404, "proxy not found"),
        ("PATCH", "/proxies/redis", b"{", 400, "bad request body: "),
        ("DELETE", "/proxies/other", None, 404, "proxy not found"),
        ("GET", "/proxies/other/toxics", None, 404, "proxy not found"),
        ("POST", "/proxies/other/toxics", {"type": "latency"}, 404, "proxy not found"),
        ("GET", "/proxies/other/toxics/slow", None, 404, "proxy not found"),
        ("GET", "/proxies/redis/toxics/other", None, 404, "toxic not found"),
        ("PATCH", "/proxies/redis/toxics/other", {}, 404, "toxic not found"),
        ("DELETE", "/proxies/redis/toxics/other", None, 404, "toxic not found"),
        ("DELETE", "/proxies/other/toxics/slow", None, 404, "proxy not found"),
        ("POST", "/proxies/redis/toxics", {"type": "latency", "name": "slow"}, 409, "toxic already exists"),
        ("POST", "/proxies/redis/toxics", {"type": "nothing"}, 400, "invalid toxic type"),
        ("POST", "/proxies/redis/toxics", {}, 400, "invalid toxic type"),
        ("POST", "/proxies/redis/toxics", {"type": "x", "stream": "x"}, 400, "stream was invalid, can be either"),
        ("POST", "/proxies/redis/toxics", {"type": "latency", "stream": ""}, 400, "stream was invalid"),
        ("POST", "/proxies/redis/toxics", b"", 400, "bad request body: "),
        ("POST", "/proxies/redis/toxics", _latency("5"), 400, "bad request body: "),
        ("POST", "/proxies/redis/toxics", _latency(1.5), 400, "bad request body: "),
        ("PATCH", "/proxies/redis/toxics/slow", _latency("5"), 400, "bad request body: "),
        ("POST", "/populate", [{"name": "x"}], 400, "missing required field: upstream at proxy 1"),
        ("POST", "/populate", [BODY, {"upstream": "x:1"}], 400, "missing required field: name at proxy 2"),
        ("POST", "/populate", b"{}", 400, "bad request body: "),
    ]
    api.ask("POST", "/proxies", BODY)
    api.ask("POST", "/proxies/redis/toxics", {"type": "latency", "name": "slow"})
    for method, path, body, status, words in cases:
        seen, document = api.ask(method, path, body)
        assert (seen, document["status"]) == (status, status), (method, path, body, document)
        assert document["error"].startswith(words), (method, path, body, document)
        assert set(document) == {"error", "status"} | ({"proxies"} if path == "/populate" else set())


def _latency(value: object) -> dict[str, Any]:
    return {"type": "latency", "name": "other", "attributes": {"latency": value}}


def test_other_verbs_and_routes_do_not_exist(api: Api) -> None:
    for method, path in (("PUT", "/proxies"), ("GET", "/reset"), ("POST", "/version"), ("DELETE", "/proxies")):
        assert api.ask(method, path)[0] == 405
    for path in ("/", "/nothing", "/proxies/", "/proxies/a/b/c/d"):
        assert api.ask("GET", path)[0] == 404


def test_populate_makes_replaces_and_tells_what_it_did_before_it_failed(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    first = {"name": "a", "listen": listen, "upstream": "127.0.0.1:1"}
    status, done = api.ask("POST", "/populate", [first, {**BODY, "name": "b", "enabled": False}])
    assert (status, [proxy["name"] for proxy in done["proxies"]]) == (201, ["a", "b"])
    assert [proxy["enabled"] for proxy in done["proxies"]] == [True, False]
    api.toxic("latency", "a")
    status, done = api.ask("POST", "/populate", [{**first, "enabled": False}])
    (same,) = done["proxies"]
    assert (status, same["enabled"], len(same["toxics"])) == (201, True, 1)
    status, done = api.ask("POST", "/populate", [{**first, "upstream": "127.0.0.1:2"}])
    (other,) = done["proxies"]
    assert (status, other["upstream"], other["toxics"]) == (201, "127.0.0.1:2", [])
    status, partly = api.ask("POST", "/populate", [{**first, "upstream": "127.0.0.1:2"}, {**first, "name": "c"}])
    assert (status, [proxy["name"] for proxy in partly["proxies"]]) == (500, ["a"])
    assert partly["error"].startswith(f"listen tcp {listen}: bind: address already in use")
    assert set(api.ask("GET", "/proxies")[1]) == {"a", "b"}


def test_reset_enables_every_proxy_and_removes_every_toxic(api: Api) -> None:
    for name in ("a", "b"):
        api.ask("POST", "/proxies", {**BODY, "name": name})
        api.toxic("latency", name)
        api.ask("POST", f"/proxies/{name}", {"enabled": False})
    assert api.ask("POST", "/reset") == (204, None)
    proxies = api.ask("GET", "/proxies")[1].values()
    assert [(proxy["enabled"], proxy["toxics"]) for proxy in proxies] == [(True, [])] * 2


def test_version_is_told_and_browsers_are_refused(api: Api) -> None:
    assert api.ask("GET", "/version") == (200, {"version": "2.12.0"})
    for method, path in (("GET", "/version"), ("GET", "/proxies"), ("POST", "/reset")):
        refused = api.http.request(method, path, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})
        assert (refused.status_code, refused.text) == (403, "User agent not allowed\n")


def test_latency_delays_and_goes(api: Api) -> None:
    with echoing() as upstream, connected(api.proxy(upstream)) as client:
        asked(client, b"x")
        toxic = api.toxic("latency", latency=80)
        assert asked(client, b"y") >= 0.08
        api.ask("PATCH", toxic, {"attributes": {"latency": 3_600_000}})
        client.sendall(b"held")
        api.ask("DELETE", toxic)
        assert client.recv(4) == b"held"


def test_bandwidth_takes_its_time(api: Api) -> None:
    with echoing() as upstream, connected(api.proxy(upstream)) as client:
        asked(client, b"x")
        api.toxic("bandwidth", rate=100)
        assert asked(client, b"y" * 20_000) >= 0.19


def test_bandwidth_zero_passes_nothing_and_loses_nothing(api: Api) -> None:
    with echoing() as upstream, connected(api.proxy(upstream)) as client:
        asked(client, b"x")
        toxic = api.toxic("bandwidth", rate=0)
        client.sendall(b"held")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        api.ask("DELETE", toxic)
        client.settimeout(10)
        assert received(client, 4) == b"held"


def test_slicer_keeps_the_bytes(api: Api) -> None:
    with echoing() as upstream, connected(api.proxy(upstream)) as client:
        api.toxic("slicer", average_size=64, size_variation=32, delay=10)
        data = bytes(range(256)) * 16
        client.sendall(data)
        assert received(client, len(data)) == data


def test_limit_data_passes_its_bytes_and_closes(api: Api) -> None:
    with echoing() as upstream, connected(api.proxy(upstream)) as client:
        api.toxic("limit_data", bytes=100)
        client.sendall(b"z" * 300)
        assert received(client, 1000) == b"z" * 100


def test_timeout_withholds_and_closes_in_its_time_or_when_it_is_removed(api: Api) -> None:
    with echoing() as upstream:
        listen = api.proxy(upstream)
        with connected(listen) as client:
            asked(client, b"x")
            api.toxic("timeout", timeout=100)
            started_s = monotonic_s()
            assert received(client, 1) == b""
            assert monotonic_s() - started_s >= 0.09
        api.ask("POST", "/reset")
        with connected(listen) as client:
            asked(client, b"x")
            toxic = api.toxic("timeout", timeout=0)
            client.sendall(b"lost")
            api.ask("DELETE", toxic)
            assert received(client, 1) == b""


def test_reset_peer_resets(api: Api) -> None:
    with echoing() as upstream:
        listen = api.proxy(upstream)
        api.toxic("reset_peer", timeout=0)
        with pytest.raises(ConnectionResetError):  # it may come before the connection is ours
            said_to(listen)


def test_slow_close_delays_the_end(api: Api) -> None:
    with echoing() as upstream, connected(api.proxy(upstream)) as client:
        asked(client, b"x")
        api.toxic("slow_close", delay=150)
        started_s = monotonic_s()
        client.shutdown(socket.SHUT_WR)
        assert received(client, 1) == b""
        assert monotonic_s() - started_s >= 0.14


def test_toxicity_zero_touches_no_connection(api: Api) -> None:
    with echoing() as upstream:
        listen = api.proxy(upstream)
        body = {"type": "limit_data", "toxicity": 0, "attributes": {"bytes": 0}}
        assert api.ask("POST", "/proxies/p/toxics", body)[0] == 200
        for _ in range(10):
            with connected(listen) as client:
                asked(client, b"untouched")


def test_a_stream_is_one_direction(api: Api) -> None:
    with echoing() as upstream, connected(api.proxy(upstream)) as client:
        asked(client, b"x")
        body = {"type": "timeout", "stream": "upstream", "attributes": {"timeout": 0}}
        assert api.ask("POST", "/proxies/p/toxics", body)[1]["name"] == "timeout_upstream"
        client.sendall(b"unheard")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_down_refuses_and_ends_what_is_open_and_up_serves_at_the_same_address(api: Api) -> None:
    with echoing() as upstream:
        listen = api.proxy(upstream)
        with connected(listen) as client:
            asked(client, b"x")
            api.ask("PATCH", "/proxies/p", {"enabled": False})
            assert ended(client)
            with pytest.raises(ConnectionRefusedError):
                connected(listen)
        assert api.ask("PATCH", "/proxies/p", {"enabled": True})[1]["listen"] == listen
        with connected(listen) as client:
            asked(client, b"back")


def test_another_upstream_is_where_new_connections_lead(api: Api) -> None:
    with echoing() as first, echoing() as second:
        listen = api.proxy(first)
        with connected(listen) as client:
            asked(client, b"x")
            assert api.ask("PATCH", "/proxies/p", {"upstream": second})[1]["listen"] == listen
            assert ended(client)
        with connected(listen) as client:
            asked(client, b"moved")


@pytest.mark.slow
def test_a_client_of_another_language_works_unchanged(server: Running, tmp_path: Path) -> None:
    """`toxiproxy-node-client` as npm has it."""
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        pytest.skip(f"{NODE_CLIENT} is installed by npm and run by node; there is no {' and no '.join(missing)}")
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", NODE_CLIENT]
    installed = subprocess.run(install, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    if installed.returncode != 0:
        pytest.skip(f"npm cannot install {NODE_CLIENT}: {installed.stderr}")
    assert NODE_CLIENT_SUM in (tmp_path / "package-lock.json").read_text()
    script = shutil.copy(Path(__file__).with_name("node_client.js"), tmp_path)
    with echoing() as upstream:
        command = ["node", script, server.base_url, upstream]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr


def asked(client: socket.socket, data: bytes) -> float:
    """Seconds until the bytes came back."""
    started_s = monotonic_s()
    client.sendall(data)
    assert received(client, len(data)) == data
    return monotonic_s() - started_s


def received(client: socket.socket, count: int) -> bytes:
    """So many bytes, or those before the end."""
    data = b""
    while len(data) < count and (more := client.recv(count - len(data))):
        data += more
    return data


def said_to(listen: str) -> bytes:
    """What a new connection hears when it has said something."""
    with connected(listen) as client:
        client.sendall(b"x")
        return client.recv(1)


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
