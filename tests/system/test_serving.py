"""Processes: they serve, they work in the background, and they end when they are told to, with the right code."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from system.serving import health_routes, listen, listen_address

PROGRAM = """
    import asyncio, threading, time
    from prometheus_client import CollectorRegistry
    from starlette.applications import Starlette
    from system import logs, serving

    async def work():
        await asyncio.Event().wait()

    async def fail():
        raise ValueError("broken")

    async def block():
        await asyncio.to_thread(time.sleep, 60)

    logs.configure("demo")
    app = Starlette(routes=serving.health_routes("demo", registry=CollectorRegistry()))
    raise SystemExit(serving.serve(app, background=[BACKGROUND]))
"""

Process = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def process() -> Iterator[Process]:
    started: list[subprocess.Popen[str]] = []

    def start(background: str, port: str = "0") -> "subprocess.Popen[str]":
        program = textwrap.dedent(PROGRAM).replace("BACKGROUND", background)
        environment = {**os.environ, "PORT": port, "HOST": "127.0.0.1"}
        one = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True)
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.communicate()


def line(one: "subprocess.Popen[str]", containing: str) -> dict[str, Any]:
    """The first log line whose message contains the text."""
    assert one.stderr is not None
    for text in one.stderr:
        found: dict[str, Any] = json.loads(text)
        if containing in found["message"]:
            return found
    raise AssertionError(f"no line said {containing!r}")


def port_of(one: "subprocess.Popen[str]") -> int:
    return int(line(one, "listening on")["message"].rpartition(":")[2])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals, process: Process) -> None:
    one = process("work")
    answer = httpx.get(f"http://127.0.0.1:{port_of(one)}/healthz")
    assert answer.json() == {"status": "ok", "service": "demo"}
    one.send_signal(number)
    assert one.wait(timeout=20) == 0


def test_a_background_task_that_fails_ends_the_process(process: Process) -> None:
    one = process("fail")
    assert "ValueError: broken" in line(one, "ended by itself")["exception"]
    assert one.wait(timeout=20) == 1


def test_a_thread_that_hangs_does_not_keep_the_process(process: Process) -> None:
    one = process("block")
    port_of(one)
    one.send_signal(signal.SIGTERM)
    assert line(one, "stop forced")["threads"]
    assert one.wait(timeout=20) == 0


def test_a_port_that_is_taken_is_said_in_one_line(process: Process) -> None:
    first = process("work")
    second = process("work", str(port_of(first)))
    assert "in use" in line(second, "cannot listen")["message"]
    assert second.wait(timeout=20) == 1


def test_a_wrong_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(ValueError, match="PORT: expected a number from 0 to 65535, seen 'eighty'"):
        listen_address()
    monkeypatch.delenv("PORT")
    monkeypatch.delenv("HOST", raising=False)
    assert listen_address() == ("127.0.0.1", 0)


def test_answers_do_not_wait_for_acknowledgments() -> None:
    """asyncio sets TCP_NODELAY on what it accepts, if it can see that the listener speaks TCP."""
    seen: list[int] = []

    async def run() -> None:
        served = asyncio.Event()

        def on_connection(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            seen.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()
            served.set()

        with listen("127.0.0.1", 0) as listener:
            async with await asyncio.start_server(on_connection, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                await served.wait()
                writer.close()
                await writer.wait_closed()

    asyncio.run(run())
    assert seen == [1]


@pytest.mark.parametrize(
    ("checks", "status"),
    [({}, 200), ({"a": None}, 200), ({"a": "gone", "b": None}, 503), ({"b": "gone"}, 200)],
)
def test_readiness_is_what_the_checks_say(checks: dict[str, str | None], status: int) -> None:
    async def ready() -> dict[str, str | None]:
        return checks

    routes = health_routes("demo", registry=CollectorRegistry(), ready=ready, unsafe=["X"], tolerated=["b"])

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
            return await client.get("/readyz")

    answer = asyncio.run(ask())
    assert answer.status_code == status
    assert answer.json() == {"ready": status == 200, "service": "demo", "checks": checks, "unsafe": ["X"]}
