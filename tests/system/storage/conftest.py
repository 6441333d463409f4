"""Storages for the tests here: in SQLite, and in a real MariaDB that this session starts and kills."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymysql
import pytest

from system.clock import RandomIds
from system.settings import Settings
from system.storage import NewSignal, Partner, Storage, create_schema
from system.storage.schema import METADATA


@dataclass(slots=True)
class SteeredClock:
    """A clock that stands still until it is moved; the monotonic one is real, because it bounds real waits."""

    at: datetime = field(default_factory=lambda: datetime(2027, 3, 1, 8, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A server of our own on loopback."""

    port: int
    process: "subprocess.Popen[bytes]"
    socket_path: Path

    @property
    def url(self) -> str:
        return f"mysql+pymysql://freight:secret@127.0.0.1:{self.port}/freight"

    def admin(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs statements as root; the rows of the last."""
        root = pymysql.connect(unix_socket=str(self.socket_path), user="root", autocommit=True)
        with root as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    home = tmp_path_factory.mktemp("mariadb")
    data, socket_path = home / "data", home / "s.sock"
    subprocess.run(
        [
            *("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}", "--skip-test-db"),
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
    )
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = {
        "user": "root",
        "datadir": data,
        "socket": socket_path,
        "port": port,
        "bind-address": "127.0.0.1",
        "pid-file": home / "pid",
        "server-id": 7,
        "log-bin": "binlog",
        "innodb-buffer-pool-size": "32M",
        "innodb-log-file-size": "8M",
    }
    log = (home / "log").open("wb")
    arguments = [f"--{name}={value}" for name, value in options.items()]
    process = subprocess.Popen(["mariadbd", "--no-defaults", *arguments, "--skip-networking=0"], stdout=log, stderr=log)
    server = MariaDb(port, process, socket_path)
    try:
        _wait_until_ready(server, home / "log")
        server.admin(
            "CREATE DATABASE freight",
            "CREATE USER freight@'%' IDENTIFIED BY 'secret'",
            "GRANT ALL ON freight.* TO freight@'%'",
        )
        yield server
    finally:
        process.kill()
        process.wait()
        log.close()


def _wait_until_ready(server: MariaDb, log: Path) -> None:
    # Not by connecting: a refused attempt leaves PyMySQL's socket to the garbage collector, which warns.
    deadline_s = time.monotonic() + 30
    while b"ready for connections" not in log.read_bytes():
        if time.monotonic() > deadline_s or server.process.poll() is not None:
            raise RuntimeError(f"mariadbd did not start: {log.read_text()[-2000:]}")
        time.sleep(0.02)


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock()


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'freight.db'}"
    server: MariaDb = request.getfixturevalue("mariadb")
    return server.url


@pytest.fixture
def connect(clock: SteeredClock) -> Iterator[Callable[..., Storage]]:
    """Makes storages on a URL; all are closed at the end."""
    made: list[Storage] = []

    def make(url: str, **settings: Any) -> Storage:
        storage = Storage.connect(Settings(database_url=url, **settings), clock=clock, ids=RandomIds())
        made.append(storage)
        return storage

    yield make
    for storage in made:
        storage.close()


@pytest.fixture
def storage(database_url: str, connect: Callable[..., Storage]) -> Storage:
    """A storage with an empty schema and one partner, P1."""
    return _emptied(connect(database_url))


@pytest.fixture
def mariadb_storage(mariadb: MariaDb, connect: Callable[..., Storage]) -> Storage:
    """As `storage`, only on MariaDB."""
    return _emptied(connect(mariadb.url))


def _emptied(storage: Storage) -> Storage:
    METADATA.drop_all(storage.engine)
    create_schema(storage.engine)
    storage.partners.upsert(Partner(id="P1", name="One", api_key_sha256="0" * 64, autonomy_tier=3))
    return storage


@pytest.fixture
def signal_of(clock: SteeredClock) -> Callable[..., NewSignal]:
    """Makes a signal of P1."""

    def make(shipment_id: str, purpose: str = "original", version: str = "1", **more: Any) -> NewSignal:
        values = {
            "partner_id": "P1",
            "control_number": "000000001",
            "content_type": "application/edi-x12",
            "raw": f"B2**SCAC**{shipment_id}~",
            "tender": {"shipment_id": shipment_id, "weight_lb": 4200.0},
            "received_at": clock.now(),
        }
        return NewSignal(shipment_id=shipment_id, purpose=purpose, version=version, **{**values, **more})

    return make
