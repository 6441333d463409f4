"""Two real servers of one brand, a primary and its GTID replica, in a temporary directory; each ended by its PID."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.cursors import DictCursor

from harness.clock import Deadline, block_s
from harness.services import mariadb, mysql
from harness.services.database_brand import Brand
from harness.services.database_config import GROUP, Files, Replication, render
from harness.services.database_sql import CONTROLLER, REPLICATOR
from harness.services.replicating import MARIADB, MYSQL, Speech
from tests.mysql_program import end, mysqld
from tests.scenarios.world.server_process import free_port

FREIGHT = {"user": "freight", "password": "secret-freight"}

if TYPE_CHECKING:
    Connection = pymysql.connections.Connection[DictCursor]


@dataclass(slots=True, kw_only=True)
class Database:
    """One server that a test may kill, pause and ask."""

    name: str
    files: Files
    port: int
    program: Sequence[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self, server_id: int) -> None:
        """Start the server and wait until it answers SQL."""
        argv = [*self.program, f"--defaults-file={self.files.config}", f"--server-id={server_id}"]
        with (self.files.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        deadline = Deadline(30)
        while True:
            try:
                # Not with PyMySQL: it leaves the socket of a connection that was refused to the garbage collector.
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.files.socket))
                self.ask("SELECT 1")
                return
            except OSError:
                if deadline.passed or self.process.poll() is not None:
                    raise RuntimeError((self.files.directory / "log").read_text()[-2000:]) from None
                block_s(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server; after SIGKILL also wait for its end."""
        assert self.process is not None
        os.kill(int(self.files.pid.read_text()), number)
        if number is signal.SIGKILL:
            self.process.wait(timeout=10)

    def ask(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Run one statement as root, through the socket."""
        with contextlib.closing(
            pymysql.connect(
                unix_socket=str(self.files.socket),
                user="root",
                ssl_disabled=True,
                autocommit=True,
                cursorclass=DictCursor,
                read_timeout=10,
            )
        ) as connection:
            return run(connection, sql, *values)

    def end(self) -> None:
        """End the server, whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            end(self.files.pid)
            self.process.wait(timeout=10)


@dataclass(slots=True, kw_only=True)
class Pair:
    """A primary and its replica, which has applied everything when the pair is handed over."""

    speech: Speech
    primary: Database
    replica: Database
    endpoint_port: int = field(default_factory=free_port)

    def config(self, **more: Any) -> str:
        """The managed database's CONFIG for this pair."""
        databases = [
            {
                "name": one.name,
                "address": f"127.0.0.1:{one.port}",
                "pid_file": str(one.files.pid),
                "fence_file": str(one.files.fence),
                "user": CONTROLLER.user,
                "password": CONTROLLER.password,
            }
            for one in (self.primary, self.replica)
        ]
        return json.dumps({"databases": databases, "endpoint_port": str(self.endpoint_port), **more})

    def connect(self, port: int | None = None) -> "Connection":
        """A client's connection in autocommit, through the endpoint unless a port is given."""
        return pymysql.connect(
            host="127.0.0.1",
            port=port or self.endpoint_port,
            database="freight",
            autocommit=True,
            connect_timeout=2,
            read_timeout=2,
            write_timeout=2,
            cursorclass=DictCursor,
            user=FREIGHT["user"],
            password=FREIGHT["password"],
        )


def run(connection: "Connection", sql: str, *values: object) -> list[dict[str, Any]]:
    """Run one statement; its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return [dict(row) for row in cursor.fetchall()]


def program_of(brand: Brand, home: Path) -> list[str]:
    """The words that start a server which sees `home`; skips the test where there is none."""
    return mysqld(home) if brand is mysql.BRAND else ["/usr/sbin/mariadbd"]


def make_template(directory: Path, brand: Brand = mariadb.BRAND) -> Path:
    """A data directory with the accounts and the schema `freight`, made once; returns its path."""
    files = Files(directory=directory)
    files.scratch.mkdir(parents=True)
    places = files.lines(host="127.0.0.1", port=free_port())
    files.config.write_text(render(brand.data_shape, brand.small_and_quick, places))
    files.fence.write_text(f"{GROUP}\n")
    program = program_of(brand, directory)
    making = brand.making_data(files, True)
    assert making is not None
    words = [*program, *making[1:]] if brand is mysql.BRAND else making
    subprocess.run(words, check=True, capture_output=True)
    database = Database(name="template", files=files, port=0, program=program)
    try:
        database.start(1)
        for statement in brand.statements({"freight": FREIGHT}):
            database.ask(statement)
        database.ask("CREATE TABLE freight.notes (id INT PRIMARY KEY, text VARCHAR(200)) ENGINE=InnoDB")
        database.signal(signal.SIGTERM)
        assert database.process is not None
        database.process.wait(timeout=30)
    finally:
        database.end()
    for own in brand.own_files:
        (files.data / own).unlink()
    return files.data


@contextlib.contextmanager
def running_pair(
    template: Path, directory: Path, *, semi_sync: bool = False, brand: Brand = mariadb.BRAND
) -> Iterator[Pair]:
    """Both servers, replicating; ended on the way out."""
    speech = MYSQL if brand is mysql.BRAND else MARIADB
    databases: list[Database] = []
    for name in ("primary", "replica"):
        files = Files(directory=directory / name)
        files.scratch.mkdir(parents=True)
        shutil.copytree(template, files.data)
        port = free_port()
        own = brand.role(Replication(replica=name == "replica", semi_sync=semi_sync))
        places = files.lines(host="127.0.0.1", port=port)
        groups = (brand.data_shape, brand.small_and_quick, brand.durable, brand.replicating, own, places)
        files.fence.write_text(f"{GROUP}\n")
        files.config.write_text(render(*groups, include=files.fence))
        program = program_of(brand, directory)
        databases.append(Database(name=f"database-{name}", files=files, port=port, program=program))
    primary, replica = databases
    try:
        primary.start(1)
        replica.start(2)
        replica.ask(speech.follow_with, "127.0.0.1", primary.port, REPLICATOR.user, REPLICATOR.password)
        replica.ask(speech.start)
        deadline = Deadline(20)
        while not (following := speech.following(replica.ask(speech.status))) or not following.running:
            if deadline.passed:
                raise RuntimeError(str(following))
            block_s(0.02)
        yield Pair(primary=primary, replica=replica, speech=speech)
    finally:
        for database in databases:
            database.end()
