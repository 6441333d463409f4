"""A small topology of real servers, and a project with one small Python service, for tests of the environment."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from harness.environments.base import ProcessIdentity
from harness.environments.guardian import ledger_lines
from harness.environments.processes import ProcessesEnvironment
from harness.topology import Link, Service, Topology

# Answers its variables and arguments; a path says what else to do. Ready once it has been asked NOT_READY times.
ECHO = '''
"""A service that tells about itself."""
import json, os, signal, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Handler.asked += 1
        status = 200
        body = {"environ": dict(os.environ), "argv": sys.argv, "name": __name__, "session": os.getsid(0) == os.getpid()}
        if self.path == "/readyz":
            status = 200 if Handler.asked > int(os.environ.get("NOT_READY", "0")) else 503
        if self.path == "/child":
            body = {"pid": subprocess.Popen(["sleep", "1000"], start_new_session=True).pid}
        if self.path == "/defaults":
            numbers = (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP)
            body = {number.name: signal.getsignal(number) is signal.SIG_DFL for number in numbers}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass

def main():
    print("this is the log of echo", flush=True)
    if os.environ.get("FAIL"):
        raise SystemExit(int(os.environ["FAIL"]))
    HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()

if __name__ == "__main__":
    main()
'''

CONSOLE = '''
"""An operator console that answers what it was asked, or whatever the word after --raw says."""
import json, os, sys, time

if "hang" in sys.argv:
    print("hanging", flush=True)
    time.sleep(1000)
if "fail" in sys.argv:
    print("no such thing", file=sys.stderr)
    raise SystemExit(3)
if "chat" in sys.argv:
    print("not json")
else:
    print(json.dumps({"words": sys.argv[1:], "store": os.environ["STORE"], "switch": os.environ.get("SWITCH")}))
'''

Result = TypeVar("Result")

_DATABASE: dict[str, Any] = {"databases": {"toy": {"user": "toy", "password": "secret-toy"}}}

ECHO_SERVICE = Service(
    name="echo",
    kind="python",
    options={"module": "echo", "argv": ("--seed", "${run.seed}")},
    environ={"REDIS": "${echo->redis}", "OWN": "${self}"},
    ready="/readyz",
)

SMALL = Topology(
    name="small",
    services=(
        Service(name="redis", kind="redis"),
        Service(name="inbox", kind="inbox"),
        ECHO_SERVICE,
        Service(name="console", kind="operator", ports=(), environ={"STORE": "${redis}"}),
    ),
    links=(
        Link(name="echo->redis", source="echo", target="redis", speaks="redis"),
        Link(name="client->echo", source="client", target="echo"),
    ),
    preload=("json", "http.server"),
)

PAIR = Topology(
    name="pair",
    services=(
        Service(name="first", kind="mariadb", options={**_DATABASE, "role": "primary"}),
        Service(name="second", kind="mariadb", options={**_DATABASE, "role": "replica", "of": "${second->first}"}),
        *SMALL.services,
    ),
    links=(Link(name="second->first", source="second", target="first", speaks="server_first"), *SMALL.links),
    preload=SMALL.preload,
)

OPERATOR = ("python", "-m", "console")


def project(directory: Path) -> Path:
    """A folder with the modules that the topologies name."""
    directory.mkdir(exist_ok=True)
    (directory / "echo.py").write_text(ECHO, encoding="utf-8")
    (directory / "console.py").write_text(CONSOLE, encoding="utf-8")
    return directory


def with_echo(**changes: Any) -> Topology:
    """The small topology with another echo."""
    services = [service for service in SMALL.services if service.name != "echo"]
    return replace(SMALL, services=(*services, replace(ECHO_SERVICE, **changes)))


def made(tmp_path: Path, topology: Topology = SMALL, **options: object) -> ProcessesEnvironment:
    given = {"directory": tmp_path / "runs", "project": project(tmp_path / "project"), "operator": OPERATOR, "seed": 7}
    return ProcessesEnvironment(topology, **{**given, **options})  # type: ignore[arg-type]


def during(environment: ProcessesEnvironment, use: Callable[[], Awaitable[Result]]) -> Result:
    """Up, use, down."""

    async def all_of_it() -> Result:
        await environment.up()
        try:
            return await use()
        finally:
            await environment.down()

    return asyncio.run(all_of_it())


def ledger(environment: ProcessesEnvironment) -> list[ProcessIdentity]:
    return [ProcessIdentity(pid=pid, started_ticks=ticks) for pid, ticks in ledger_lines(environment.directory)]


def every_port(environment: ProcessesEnvironment) -> list[tuple[str, int]]:
    topology = environment.topology
    ports = [environment.address(service.name, port) for service in topology.services for port in service.ports]
    return [*ports, *(environment.link_address(link.name) for link in topology.links)]
