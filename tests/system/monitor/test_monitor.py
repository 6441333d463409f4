"""The loop: from a probe to a webhook, with the database gone all the while."""

import asyncio
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from system.clock import Clock
from system.monitor.database_probe import Look
from system.monitor.delivery import Delivery
from system.monitor.monitor import Monitor
from system.monitor.state import StateFile
from system.settings import Settings
from system.storage.blocking import in_place

SETTINGS = Settings(database_lost_after_s=1.0, probe_interval_s=0.2)


class Probe:
    """Gives the looks of a script, the last again and again."""

    def __init__(self, looks: list[Look]) -> None:
        self._looks: Iterator[Look] = iter(looks)
        self._last = looks[-1]

    def look(self) -> Look:
        return next(self._looks, self._last)


def _monitored(clock: Clock, looks: list[Look], path: Path, until: Callable[[list[Any]], bool]) -> list[dict[str, Any]]:
    posted: list[dict[str, Any]] = []

    def receive(request: httpx.Request) -> httpx.Response:
        posted.append(json.loads(request.content))
        return httpx.Response(202)

    async def main() -> None:
        state = StateFile(path)
        async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as client:
            delivery = Delivery(
                "http://inbox.invalid/alerts",
                client,
                clock,
                waiting=state.remembered.undelivered,
                changed=state.note_undelivered,
            )
            monitor = Monitor(Probe(looks), delivery, state, SETTINGS, clock, run_blocking=in_place)
            async with asyncio.timeout(30):
                running = [asyncio.create_task(work()) for work in (monitor.run, delivery.run)]
                while not until(posted):
                    await asyncio.sleep(0)
                for task in running:
                    task.cancel()
                await asyncio.wait(running)

    asyncio.run(main())
    return posted


def test_one_alert_an_incident_and_its_end(clock: Clock, tmp_path: Path) -> None:
    good, bad = Look(problem=None, server=1), Look(problem="OperationalError: gone")
    posted = _monitored(clock, [good, *[bad] * 30, good], tmp_path / "state", lambda posted: len(posted) == 2)
    firing, resolved = posted
    assert [one["status"] for one in posted] == ["firing", "resolved"]
    assert firing["alerts"][0]["annotations"]["summary"] == "Database connection lost"
    assert firing["alerts"][0]["annotations"]["reason"] == "OperationalError: gone"
    assert firing["alerts"][0]["startsAt"] == resolved["alerts"][0]["startsAt"]
    assert resolved["alerts"][0]["endsAt"] > resolved["alerts"][0]["startsAt"]


def test_a_restarted_monitor_ends_the_incident_it_did_not_begin(clock: Clock, tmp_path: Path) -> None:
    bad = Look(problem="gone")
    (firing,) = _monitored(clock, [bad], tmp_path / "state", lambda posted: len(posted) == 1)
    looks = [*[bad] * 30, Look(problem=None, server=2)]
    (resolved,) = _monitored(clock, looks, tmp_path / "state", lambda posted: len(posted) == 1)
    assert resolved["status"] == "resolved"
    assert resolved["alerts"][0]["startsAt"] == firing["alerts"][0]["startsAt"]


class Inbox(BaseHTTPRequestHandler):
    """Takes alerts, after it has refused the first."""

    posted: "queue.Queue[dict[str, Any]]"
    refused: list[int]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = 202 if self.refused else 503
        self.refused.append(status)
        if status == 202:
            self.posted.put(body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.mark.slow
def test_as_a_process_without_a_database(tmp_path: Path) -> None:
    """It comes up, alerts an inbox that refuses at first, is ready all the while, and stops in order."""
    posted: queue.Queue[dict[str, Any]] = queue.Queue()
    inbox = HTTPServer(("127.0.0.1", 0), type("Here", (Inbox,), {"posted": posted, "refused": []}))
    thread = threading.Thread(target=inbox.serve_forever, args=(0.02,))
    thread.start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "system.monitor"],
        cwd=Path(__file__).resolve().parents[3],
        env={
            **os.environ,
            "PORT": str(port),
            "DATABASE_URL": "mysql+pymysql://freight:secret@127.0.0.1:1/freight",
            "DATABASE_LOST_AFTER_S": "0.3",
            "ALERT_WEBHOOK_URL": f"http://127.0.0.1:{inbox.server_port}/alerts",
            "STATE_FILE": str(tmp_path / "state.json"),
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        alert = posted.get(timeout=60)
        assert alert["alerts"][0]["annotations"]["summary"] == "Database connection lost"
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
        assert "monitor_database_up 0.0" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert json.loads((tmp_path / "state.json").read_text())["alerted_since"] is not None
        assert posted.empty(), "once an incident"
    finally:
        process.kill()
        process.wait()
        inbox.shutdown()
        inbox.server_close()
        thread.join()
