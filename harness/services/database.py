"""A database server, MariaDB or MySQL, alone or as a pair: a primary, and a replica that follows it by GTID.

Options:

* `role`: `primary` or `replica`; a replica also has `of`, the link to its primary, as `${replica->primary}`
* `replication`: `async` or `semi_sync`, on both sides; semi-synchronous never falls back
* `databases`: name to `{"user", "password"}`: made in the template, with all rights on that database
* `prepare`: a command run once against the template, which makes the schema; `prepare_environ`: its variables;
  `prepare_inputs`: globs of the files that the schema depends on

A replica is `read_only` until somebody promotes it. Each start has a larger `server_id` than any before it in the
environment. Facts: `pid_file`, `fence_file`, `socket`, and the accounts `controller_user`, `controller_password`.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from harness.services.answers import greets
from harness.services.base import Launcher, Placement, Program, ServiceFault, own_environ
from harness.services.database_brand import Brand
from harness.services.database_config import GROUP, Files, Replication, render
from harness.services.database_sql import CONTROLLER, REPLICATOR, ROOT, rows, session, status
from harness.services.database_template import BUILDING, copy_data, template
from harness.services.replicating import speech_of

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import DictCursor

NOT_FOLLOWING = "it follows no primary yet"
SOCKET_PATH_MAX = 107


class Database:
    """See the module. What differs between the two is the `brand` of the class."""

    brand: ClassVar[Brand]

    @property
    def name(self) -> str:
        """As `Service.kind` names it."""
        return self.brand.name

    def missing(self) -> str | None:
        """Why it cannot run as a process of this machine; None when it can."""
        return None if self.brand.find_server() else f"there is no {self.brand.server}: {self.brand.install}"

    def facts(self, placement: Placement) -> Mapping[str, str]:
        files = Files(directory=placement.directory)
        return {
            "pid_file": str(files.pid),
            "fence_file": str(files.fence),
            "socket": str(files.socket),
            "controller_user": CONTROLLER.user,
            "controller_password": CONTROLLER.password,
            "replication_user": REPLICATOR.user,
            "replication_password": REPLICATOR.password,
        }

    async def prepare(self, placement: Placement, launcher: Launcher) -> None:
        if placement.image is None and (missing := self.missing()):
            raise ServiceFault(f"{placement.name} is a {self.name} server, and {missing}")
        files, longest = Files(directory=placement.directory), Files(directory=placement.directory / BUILDING).socket
        if len(str(longest)) > SOCKET_PATH_MAX:
            raise ServiceFault(f"the path {longest} is too long for a socket: set TMPDIR to a shorter directory")
        environ = {name: str(value) for name, value in placement.options.get("prepare_environ", {}).items()}
        source = await template(self.brand, placement, launcher, environ)
        self.configure(placement)
        await asyncio.to_thread(copy_data, source, files.data)

    def configure(self, placement: Placement) -> None:
        """Write all but the data itself."""
        files = Files(directory=placement.directory)
        files.scratch.mkdir()
        files.fence.write_text(f"{GROUP}\n", encoding="utf-8")
        brand = self.brand
        groups = (brand.data_shape, brand.small_and_quick, brand.durable, brand.replicating)
        own = brand.role(Replication.from_options(placement.options))
        places = files.lines(host=placement.listens_on, port=placement.port, contained=placement.image is not None)
        files.config.write_text(render(*groups, own, places, include=files.fence), encoding="utf-8")

    def command(self, placement: Placement) -> Program:
        files = Files(directory=placement.directory)
        server = self.brand.server if placement.image else str(self.brand.find_server())
        argv = [server, f"--defaults-file={files.config}", f"--server-id={placement.incarnation}"]
        return Program(argv=argv, environ=own_environ(placement.environ))

    async def problem(self, placement: Placement) -> str | None:
        problem = await greets(placement.host, placement.port)
        problem = problem or await asyncio.to_thread(_asked, placement, _replication_problem)
        if problem != NOT_FOLLOWING:
            return problem
        # A replica that meets no primary would try again only after a whole second: look first.
        host, port = str(placement.options["of"]).rsplit(":", 1)
        problem = await greets(host, int(port))
        if problem:
            return f"its primary, through the link: {problem}"
        return await asyncio.to_thread(_asked, placement, _follow)

    def version(self) -> tuple[str, str] | None:
        found = self.brand.version()
        return (self.name, found) if found else None


def _asked(placement: Placement, ask: "Callable[[Connection[DictCursor], Placement], str | None]") -> str | None:
    """What `ask` finds wrong, over the server's socket."""
    import pymysql

    try:
        with session(ROOT, at=Files(directory=placement.directory).socket) as connection:
            return ask(connection, placement)
    except (pymysql.err.MySQLError, OSError) as error:
        return f"it does not answer SQL: {error}"


def _replication_problem(connection: "Connection[DictCursor]", placement: Placement) -> str | None:
    replication = Replication.from_options(placement.options)
    if replication.replica:
        return _replica_problem(connection, replication)
    return _primary_problem(connection) if replication.semi_sync else None


def _primary_problem(connection: "Connection[DictCursor]") -> str | None:
    prefix = speech_of(connection).source_semi_sync.capitalize()
    seen = status(connection, f"{prefix}_%")
    if seen.get(f"{prefix}_status") != "ON":
        return "semi-synchronous replication is off"
    if int(seen.get(f"{prefix}_clients", 0)) < 1:
        return "no semi-synchronous replica is connected"
    return None


def _replica_problem(connection: "Connection[DictCursor]", replication: Replication) -> str | None:
    speech = speech_of(connection)
    following = speech.following(rows(connection, speech.status))
    if following is None:
        return NOT_FOLLOWING
    if not following.running:
        said = following.error or "no error yet"
        return f"its replication threads (IO, SQL) run: {(following.io, following.sql)}: {said}"
    name = f"{speech.replica_semi_sync.capitalize()}_status"
    if replication.semi_sync and status(connection, name) != {name: "ON"}:
        return "semi-synchronous replication is off"
    return None


def _follow(connection: "Connection[DictCursor]", placement: Placement) -> str:
    host, port = str(placement.options["of"]).rsplit(":", 1)
    speech = speech_of(connection)
    rows(connection, speech.follow_with, [host, int(port), REPLICATOR.user, REPLICATOR.password])
    rows(connection, speech.start)
    return "replication has just been set up"
