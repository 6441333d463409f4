"""The process: starts with proxies from a file, ends at a signal, and `toxiproxy-python` can steer it."""

import json
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.clock import monotonic_s
from harness.proxy import API_VERSION
from tests.harness.proxy.running import END_LIMIT_S, Running, running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import toxiproxy
    from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists


@contextmanager
def echoing() -> Iterator[str]:
    """A server in threads; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(65536):
                        connection.sendall(data)
                except OSError:
                    return

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(END_LIMIT_S)


def connected(listen: str) -> socket.socket:
    host, port = listen.split(":")
    return socket.create_connection((host, int(port)), timeout=END_LIMIT_S)


def asked(connection: socket.socket, data: bytes) -> float:
    """Seconds until the bytes came back."""
    started_s = monotonic_s()
    connection.sendall(data)
    assert connection.recv(65536) == data
    return monotonic_s() - started_s


def server_of(proxy: Running) -> "toxiproxy.Toxiproxy":
    server = toxiproxy.Toxiproxy()
    server.update_api_consumer(proxy.host, proxy.port)
    return server


def test_toxiproxys_own_python_client_steers_it() -> None:
    with running() as process, echoing() as upstream:
        server = server_of(process)
        assert server.running()
        assert b"version" in server.version()
        proxy = server.create(upstream=upstream, name="redis", enabled=True)
        assert server.get_proxy("redis").listen == proxy.listen
        with pytest.raises(ProxyExists):
            server.create(upstream=upstream, name="redis")
        with connected(proxy.listen) as connection:
            asked(connection, b"x")
            proxy.add_toxic(type="latency", attributes={"latency": 80})
            assert asked(connection, b"y") >= 0.08
            toxic = proxy.get_toxic("latency_downstream")
            assert (toxic.type, toxic.attributes["latency"]) == ("latency", 80)
            assert proxy.destroy_toxic("latency_downstream")
            assert proxy.toxics() == {}
            with pytest.raises(NotFound):
                proxy.destroy_toxic("latency_downstream")
            with pytest.raises(InvalidToxic):
                proxy.add_toxic(type="latency", attributes={"latncy": 80})
            with pytest.raises(InvalidToxic):
                proxy.add_toxic(type="unheard_of")
            with proxy.down():
                with pytest.raises(ConnectionResetError):
                    connection.recv(1)
                with pytest.raises(ConnectionRefusedError):
                    connected(proxy.listen)
        with connected(proxy.listen) as connection:
            asked(connection, b"back")
        more = [{"name": "redis", "upstream": upstream, "listen": proxy.listen}]
        assert server.populate(more) == []
        assert len(server.populate([{"name": "other", "upstream": upstream, "listen": "127.0.0.1:0"}])) == 1
        proxy.add_toxic(type="timeout", stream="upstream", attributes={"timeout": 0})
        assert server.reset()
        assert proxy.toxics() == {}
        assert server.destroy(proxy)
        server.destroy_all()
        assert server.proxies() == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_whatever_is_open(number: signal.Signals) -> None:
    with running() as process, echoing() as upstream:
        proxy = server_of(process).create(upstream=upstream, name="redis")
        proxy.add_toxic(type="timeout", attributes={"timeout": 0})
        kept = socket.create_connection((process.host, process.port))
        with kept, connected(proxy.listen) as connection:
            connection.sendall(b"unanswered")
            process.process.send_signal(number)
            assert process.process.wait(END_LIMIT_S) == 0
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        assert process.process.stderr is not None
        assert process.process.stderr.read() == ""


def test_a_file_of_proxies_is_there_before_the_api_answers(tmp_path: Path) -> None:
    config = tmp_path / "proxies.json"
    with echoing() as upstream:
        config.write_text(json.dumps([{"name": "a->b", "listen": "127.0.0.1:0", "upstream": upstream}]))
        with running("--config", str(config), "--seed", "7") as process:
            (proxy,) = server_of(process).proxies().values()
            assert proxy.name == "a->b"
            with connected(proxy.listen) as connection:
                asked(connection, b"x")


@pytest.mark.parametrize("text", ["[{}]", "nonsense", '[{"name": "a", "upstream": "b"}]'])
def test_a_file_that_is_wrong_is_one_line_and_no_traceback(tmp_path: Path, text: str) -> None:
    config = tmp_path / "proxies.json"
    config.write_text(text)
    assert str(config) in _failed("--port", "0", "--config", str(config))


def test_a_control_port_that_is_taken_is_one_line_and_no_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port}" in _failed("--port", port)


def test_a_host_that_is_no_name_is_one_line_and_no_traceback() -> None:
    assert "cannot listen on a..b:0" in _failed("--port", "0", "--host", "a..b")


def test_it_takes_the_words_of_toxiproxy_server(tmp_path: Path) -> None:
    config = tmp_path / "proxies.json"
    config.write_text("[]")
    words = ["-host", "localhost", "-config", str(config), "-seed=7", "-proxy-metrics", "-runtime-metrics"]
    with running(*words) as process:
        assert server_of(process).running()


@pytest.mark.parametrize("option", ["-version", "--version"])
def test_its_version_is_that_of_the_api(option: str) -> None:
    command = [sys.executable, "-m", "harness.proxy", option]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=END_LIMIT_S, check=True)
    assert ended.stdout == f"toxiproxy-server version {API_VERSION}\n"


def test_a_log_level_that_is_none_is_one_line_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    assert "LOG_LEVEL must be one of trace, debug, info" in _failed("--port", "0")


def test_its_log_is_json_lines() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "harness.proxy", "--port", "0"], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            line = json.loads(process.stderr.readline())
        finally:
            process.kill()
    assert (line["level"], line["service"]) == ("info", "proxy")
    assert line["message"].startswith("control API on 127.0.0.1:")
    assert line["at_epoch_s"] > 0


def _failed(*options: str) -> str:
    command = [sys.executable, "-m", "harness.proxy", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=END_LIMIT_S, check=False)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    return ended.stderr
