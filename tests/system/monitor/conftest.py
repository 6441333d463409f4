"""A clock that stands still until somebody sleeps on it, and a MariaDB of our own."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pymysql
import pytest

from harness.clock import Deadline, block_s


@dataclass(slots=True)
class SteeredClock:
    """Moves when slept on, or when moved."""

    at: datetime = field(default_factory=lambda: datetime(2026, 2, 2, 14, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    async def sleep_s(self, seconds: float) -> None:
        self.move(seconds)
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock()


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A server on a socket file."""

    socket_path: Path
    process: "subprocess.Popen[bytes]"
    server_id: int = 7

    def admin(self, statement: str) -> None:
        root = pymysql.connect(unix_socket=str(self.socket_path), user="root", autocommit=True)
        with root as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)
        # The stop reaches the threads one by one, and one that still runs still answers.
        deadline = Deadline(30)
        while any(_thread_state(task) != "T" for task in Path(f"/proc/{self.process.pid}/task").iterdir()):
            assert not deadline.passed
            block_s(0.01)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def _thread_state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(") ")[2][0]


@pytest.fixture
def mariadb_server(tmp_path: Path) -> Iterator[MariaDb]:
    data, socket_path, log = tmp_path / "data", tmp_path / "s.sock", tmp_path / "log"
    install = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}", "--skip-test-db"]
    subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
    options = [f"--datadir={data}", f"--socket={socket_path}", f"--pid-file={tmp_path / 'pid'}", "--skip-networking"]
    with log.open("wb") as output:
        command = ["mariadbd", "--no-defaults", "--user=root", "--server-id=7", *options]
        server = MariaDb(socket_path, subprocess.Popen(command, stdout=output, stderr=output))
        try:
            deadline = Deadline(30)
            while b"ready for connections" not in log.read_bytes():
                assert server.process.poll() is None, log.read_text()[-2000:]
                assert not deadline.passed, log.read_text()[-2000:]
                block_s(0.02)
            yield server
        finally:
            server.kill()
