"""Storages for the tests here: in SQLite, and in a real MariaDB and MySQL that a run of the tests starts and kills."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymysql
import pytest

from harness.services.replicating import MARIADB, MYSQL, Speech
from system.clock import RandomIds
from system.settings import Settings
from system.storage import NewSignal, Partner, Storage, create_schema
from system.storage.schema import METADATA
from tests.mysql_program import end, mysqld


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
class Server:
    """A server of our own on loopback."""

    speech: Speech
    port: int
    process: "subprocess.Popen[bytes]"
    home: Path

    @property
    def socket_path(self) -> Path:
        return self.home / "s.sock"

    @property
    def pid(self) -> int:
        return int((self.home / "pid").read_text())

    @property
    def url(self) -> str:
        return f"mysql+pymysql://freight:secret@127.0.0.1:{self.port}/freight"

    def admin(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs statements as root; the rows of the last."""
        root = pymysql.connect(unix_socket=str(self.socket_path), user="root", autocommit=True, ssl_disabled=True)
        with root as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def _arguments(home: Path, port: int, log_size: str) -> list[str]:
    options = {
        "datadir": home / "data",
        "socket": home / "s.sock",
        "port": port,
        "bind-address": "127.0.0.1",
        "pid-file": home / "pid",
        "server-id": 7,
        "log-bin": "binlog",
        "innodb-buffer-pool-size": "32M",
        log_size: "8M",
        # No test kills it and looks for what it had written: it need not wait for the disk.
        "innodb-flush-log-at-trx-commit": 0,
        "sync-binlog": 0,
    }
    as_root = ["--user=root"] if os.getuid() == 0 else []
    return [*as_root, *(f"--{name}={value}" for name, value in options.items())]


@contextmanager
def _running(command: Sequence[str], speech: Speech, home: Path, port: int) -> Iterator[Server]:
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        server = Server(speech, port, process, home)
        try:
            _wait_until_ready(server)
            server.admin(
                "CREATE DATABASE freight",
                "CREATE USER freight@'%' IDENTIFIED BY 'secret'",
                "GRANT ALL ON freight.* TO freight@'%'",
            )
            yield server
        finally:
            end(home / "pid")
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("mariadb")
    install = ["mariadb-install-db", "--no-defaults", *_arguments(home, 0, "innodb-log-file-size"), "--skip-test-db"]
    subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
    port = _free_port()
    arguments = [*_arguments(home, port, "innodb-log-file-size"), "--skip-networking=0"]
    with _running(["mariadbd", "--no-defaults", *arguments], MARIADB, home, port) as server:
        yield server


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("mysql")
    port = _free_port()
    arguments = [*_arguments(home, port, "innodb-redo-log-capacity"), "--mysqlx=OFF", "--secure-file-priv=NULL"]
    words = [*mysqld(home), "--no-defaults"]
    made = subprocess.run([*words, *arguments, "--initialize-insecure"], check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    plugins = "--plugin-load-add=semisync_source.so"
    with _running(
        [*words, *arguments, plugins, "--gtid-mode=ON", "--enforce-gtid-consistency=ON"], MYSQL, home, port
    ) as server:
        yield server


def _wait_until_ready(server: Server) -> None:
    # Not by connecting: a refused attempt leaves PyMySQL's socket to the garbage collector, which warns.
    deadline_s = time.monotonic() + 60
    log = server.home / "log"
    while b"ready for connections" not in log.read_bytes():
        if time.monotonic() > deadline_s or server.process.poll() is not None:
            raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
        time.sleep(0.02)


SERVERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("mariadb", "mysql")]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    """MariaDB, then MySQL; skipped where there is none."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock()


@pytest.fixture(params=["sqlite", *SERVERS])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'freight.db'}"
    found: Server = request.getfixturevalue(request.param)
    return found.url


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
def server_storage(server: Server, connect: Callable[..., Storage]) -> Storage:
    """As `storage`, only on a server."""
    return _emptied(connect(server.url))


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
