"""The operator's console as a process: what it prints, what it leaves behind, and how it fails."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis

from system.clock import RandomIds, SystemClock
from system.settings import Settings
from system.storage import Storage, create_schema

ROOT = Path(__file__).resolve().parents[2]
KEY = "fixture-key-P1-not-a-secret"


class World(BaseHTTPRequestHandler):
    """Motion without loads, and an inbox."""

    notices: list[dict[str, Any]]

    def do_GET(self) -> None:
        self._answer(200, {"loads": [], "truncated": False})

    def do_POST(self) -> None:
        self.notices.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(202, {})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.fixture
def notices() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def environ(tmp_path: Path, notices: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """The settings of a console whose outside parties are here, with a Redis that speaks its protocol."""
    world = HTTPServer(("127.0.0.1", 0), type("Here", (World,), {"notices": notices}))
    redis_server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in (world, redis_server)]
    for thread in threads:
        thread.start()
    yield {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'freight.db'}",
        "REDIS_URL": f"redis://127.0.0.1:{redis_server.server_address[1]}/0",
        "MOTION_BASE_URL": f"http://127.0.0.1:{world.server_port}",
        "NOTICE_WEBHOOK_URL": f"http://127.0.0.1:{world.server_port}/notices",
        "OPERATOR": "ada",
    }
    for server, thread in zip((world, redis_server), threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


def _console(environ: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "system.console", *words],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _migrated(environ: dict[str, str], tmp_path: Path) -> Storage:
    file = tmp_path / "partners.json"
    file.write_text(json.dumps([{"id": "P1", "name": "One", "api_key": KEY, "autonomy_tier": 3}]))
    assert _console(environ, "migrate", "--partners", str(file)).returncode == 0
    return Storage.connect(Settings(database_url=environ["DATABASE_URL"]), clock=SystemClock(), ids=RandomIds())


def test_migrate_is_safe_to_repeat_and_keeps_no_key(environ: dict[str, str], tmp_path: Path) -> None:
    for _ in range(2):
        storage = _migrated(environ, tmp_path)
        (partner,) = storage.partners.all()
        storage.close()
    assert (partner.id, partner.autonomy_tier) == ("P1", 3)
    assert KEY not in repr(partner)
    assert len(partner.api_key_sha256) == 64


def test_a_failover_is_listed_asked_for_and_logged(
    environ: dict[str, str], tmp_path: Path, notices: list[dict[str, Any]]
) -> None:
    _migrated(environ, tmp_path).close()

    with redis.Redis.from_url(environ["REDIS_URL"]) as client:
        at = SystemClock().now().timestamp() - 10
        value = {"state": "committed", "intent_id": "x", "at": at, "partner": "P1"}
        client.set("idempotency:P1:S1:original:1", json.dumps(value))

    listed = _console(environ, "recover", "database", "list", "--json", "--reason", "drill")
    assert listed.returncode == 0, listed.stderr
    document = json.loads(listed.stdout)
    assert document["counts"]["lost"] == 1
    assert document["lost"][0]["identity"] == "P1:S1:original:1"
    audit = json.loads(listed.stderr.splitlines()[-1])
    assert (audit["operator"], audit["action"], audit["reason"]) == ("ada", "recover database list", "drill")
    assert notices == [], "listing asks nobody"

    asked = _console(environ, "recover", "database", "ask")
    assert asked.returncode == 0, asked.stderr
    assert "asked P1 for 1 signals" in asked.stdout
    assert [notice["shipments"] for notice in notices] == [["P1:S1:original:1"]]

    both = _console(environ, "recover", "database", "--json")
    document = json.loads(both.stdout)
    assert (both.returncode, document["notices"], document["counts"]["newly_listed"]) == (0, [], 0)
    assert len(notices) == 1


def test_without_a_list_nobody_is_asked(environ: dict[str, str], tmp_path: Path, notices: list[dict[str, Any]]) -> None:
    _migrated(environ, tmp_path).close()
    asked = _console(environ, "recover", "database", "ask")
    assert (asked.returncode, notices) == (0, [])
    assert "`list` comes first" in asked.stdout


@pytest.mark.parametrize(
    ("words", "changed", "code", "said"),
    [
        (("recover", "databse"), {}, 2, "Did you mean 'database'?"),
        (("recover", "database", "undo"), {}, 2, "'undo' is not one of"),
        (("recover", "database", "--outage-at", "noon"), {}, 2, "expected ISO 8601"),
        (("recover", "database", "list", "--incident", "database-1"), {}, 2, "--incident goes with `ask`"),
        (("recover", "database", "list"), {"DATABASE_TIMEOUT_S": "-1"}, 2, "DATABASE_TIMEOUT_S"),
        (
            ("recover", "database", "list"),
            {"DATABASE_URL": "mysql+pymysql://freight:hunter2@127.0.0.1:1/freight"},
            1,
            "the database is not available",
        ),
        (("recover", "database", "ask", "--incident", "database-9"), {}, 1, "there is no incident"),
        (("recover", "database", "list"), {"REDIS_URL": "redis://127.0.0.1:1/0"}, 1, "--without redis"),
        (("migrate", "--partners", "/no/such/file"), {}, 2, "No such file"),
        (("migrate",), {"DATABASE_URL": "mysql+pymysql://freight:hunter2@127.0.0.1:1/freight"}, 1, "not available"),
    ],
)
def test_what_goes_wrong_is_one_clear_line(
    environ: dict[str, str], words: tuple[str, ...], changed: dict[str, str], code: int, said: str
) -> None:
    """No traceback, nothing on standard output, and no password anywhere."""
    storage = Storage.connect(Settings(database_url=environ["DATABASE_URL"]), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    storage.close()
    done = _console({**environ, **changed}, *words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "JSON"), ("[{}]", "0.id"), ('[{"id": "P1", "name": "", "api_key": "short"}]', "api_key"), ("{}", "array")],
)
def test_a_partners_file_that_is_wrong_is_said_so(
    environ: dict[str, str], tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "partners.json"
    file.write_text(text)
    done = _console(environ, "migrate", "--partners", str(file))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
