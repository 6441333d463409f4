"""Redis: a `redis-server` on loopback that keeps nothing on disk unless asked.

Options: `maxmemory` (as Redis writes it, such as `64mb`), `maxmemory_policy`, `persistence` (`none` or `append`).
"""

import subprocess
from collections.abc import Mapping
from functools import cache

from harness.services.answers import pongs
from harness.services.base import Launcher, Placement, Program, ServiceFault, find_program, own_environ

PROGRAM = "redis-server"
INSTALL = "apt-get install --yes redis-server"


@cache
def server_version() -> str | None:
    """The version of the installed server; None when there is none."""
    found = find_program(PROGRAM)
    if found is None:
        return None
    output = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return next((word[2:] for word in output.split() if word.startswith("v=")), output.strip())


class Redis:
    """See the module."""

    name = "redis"

    def facts(self, placement: Placement) -> Mapping[str, str]:
        return {}

    async def prepare(self, placement: Placement, launcher: Launcher) -> None:
        if placement.image is None and find_program(PROGRAM) is None:
            raise ServiceFault(f"{placement.name} needs {PROGRAM}: {INSTALL}")

    def command(self, placement: Placement) -> Program:
        settings = {
            "bind": placement.listens_on,
            # In a container it is reached over private networks of the run, and over a port of the host's loopback.
            "protected-mode": "no" if placement.image else "yes",
            "port": str(placement.port),
            "dir": str(placement.directory),
            "daemonize": "no",
            "save": "",
            "appendonly": "yes" if placement.options.get("persistence") == "append" else "no",
            "maxmemory": str(placement.options.get("maxmemory", "0")),
            "maxmemory-policy": str(placement.options.get("maxmemory_policy", "noeviction")),
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        program = PROGRAM if placement.image else find_program(PROGRAM) or PROGRAM
        return Program(argv=[program, *words], environ=own_environ(placement.environ))

    async def problem(self, placement: Placement) -> str | None:
        return await pongs(placement.host, placement.port)

    def version(self) -> tuple[str, str] | None:
        found = server_version()
        return ("redis", found) if found else None
