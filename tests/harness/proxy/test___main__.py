"""The process: starts with proxies from a file and with the words of `toxiproxy-server`, and ends at a signal."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.proxy import API_VERSION
from tests.harness.proxy.servers import END_LIMIT_S, Api, connected, echoing, running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_whatever_is_open(number: signal.Signals) -> None:
    with running() as server, echoing() as upstream, Api(server) as api:
        listen = api.proxy(upstream)
        api.toxic("timeout", timeout=0)
        kept = socket.create_connection((server.host, server.port))
        with kept, connected(listen) as connection:
            connection.sendall(b"unanswered")
            server.process.send_signal(number)
            assert server.process.wait(END_LIMIT_S) == 0
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""


def test_a_file_of_proxies_is_there_before_the_api_answers(tmp_path: Path) -> None:
    config = tmp_path / "proxies.json"
    with echoing() as upstream:
        config.write_text(json.dumps([{"name": "a->b", "listen": "127.0.0.1:0", "upstream": upstream}]))
        with running("--config", str(config), "--seed", "7") as server, Api(server) as api:
            (proxy,) = api.ask("GET", "/proxies")[1].values()
            assert proxy["name"] == "a->b"
            with connected(proxy["listen"]) as connection:
                connection.sendall(b"x")
                assert connection.recv(1) == b"x"


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
    with running(*words) as server, Api(server) as api:
        assert api.ask("GET", "/proxies") == (200, {})


@pytest.mark.parametrize("words", [("harness.proxy", "-version"), ("harness", "proxy", "--version")])
def test_its_version_is_that_of_the_api_however_it_is_called(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", *words]
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
