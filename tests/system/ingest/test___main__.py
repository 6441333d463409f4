"""Ingest as a process of its own: over a real socket, without Redis, and with a database that never answers."""

import asyncio
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from system.clock import RandomIds, SystemClock
from system.settings import Settings
from system.storage import Partner, Storage, create_schema, make_engine

Ingest = Callable[..., "tuple[subprocess.Popen[str], str]"]


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    """Starts the process and gives it with its address; settings by their environment names."""
    started: list[tuple[subprocess.Popen[str], threading.Thread]] = []

    def start(**settings: str) -> "tuple[subprocess.Popen[str], str]":
        environment = {**os.environ, "PORT": "0", "REDIS_URL": "redis://127.0.0.1:1/0", **settings}
        one = subprocess.Popen(
            [sys.executable, "-m", "system.ingest"], env=environment, stderr=subprocess.PIPE, text=True
        )
        assert one.stderr is not None
        reader = threading.Thread(target=one.stderr.read)
        started.append((one, reader))
        for text in one.stderr:
            message = json.loads(text)["message"] if text.startswith("{") else text
            if "listening on" in message:
                reader.start()
                return one, "http://" + message.rpartition(" ")[2]
        raise AssertionError("it did not start")

    yield start
    for one, reader in started:
        one.kill()
        one.wait()
        if reader.ident is not None:
            reader.join()
        if one.stderr is not None:
            one.stderr.close()


def database(path: Path, key: str) -> str:
    settings = Settings(database_url=f"sqlite:///{path}")
    storage = Storage(make_engine(settings), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    digest = hashlib.sha256(key.encode()).hexdigest()
    storage.partners.upsert(Partner(id="P1001", name="P1001", api_key_sha256=digest))
    storage.close()
    return settings.database_url


@pytest.mark.slow
def test_from_start_to_stop(ingest: Ingest, running: Any, write: Any, tmp_path: Path) -> None:
    url = database(tmp_path / "ingest.sqlite", "key-of-P1001")
    one, address = ingest(DATABASE_URL=url, MAX_BODY_BYTES="100000")
    with httpx.Client(base_url=address, headers=running.headers, timeout=20) as client:
        assert client.get("/readyz").status_code == 200
        assert client.post("/signals", content=write("SHP1")).status_code == 202
        assert client.post("/signals", content=write("SHP1")).status_code == 200
        assert client.post("/signals", content=b"nonsense").status_code == 400
        pieces = (b"x" * 10_000 for _ in range(100))
        assert client.post("/signals", content=pieces).status_code == 413
        assert client.post("/signals", content=write("SHP2")).status_code == 202
        one.send_signal(signal.SIGTERM)
        assert one.wait(timeout=20) == 0


@pytest.mark.slow
def test_a_database_that_never_answers(ingest: Ingest, running: Any, write: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one, address = ingest(DATABASE_URL=f"mysql+pymysql://freight@127.0.0.1:{silent.getsockname()[1]}/freight")

        async def ask() -> list[httpx.Response]:
            limits = httpx.Limits(max_connections=150)
            async with httpx.AsyncClient(
                base_url=address, headers=running.headers, timeout=20, limits=limits
            ) as client:
                return await asyncio.gather(*(client.post("/signals", content=write(f"S{n}")) for n in range(150)))

        answers = asyncio.run(ask())
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.headers["retry-after"] for answer in answers} == {"1"}
        assert {answer.json()["error"] for answer in answers} == {"database unavailable", "too many requests in flight"}
        assert httpx.get(address + "/healthz").status_code == 200
        assert httpx.get(address + "/readyz").status_code == 503
        one.send_signal(signal.SIGTERM)
        assert one.wait(timeout=20) == 0
