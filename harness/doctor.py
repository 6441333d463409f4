"""What this machine can run, and the one command that adds what is missing.

Looks and tells; it installs, starts and removes nothing, and prints nothing.
"""

import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.environments.base import EnvironmentFault
from harness.environments.guardian import KEPT
from harness.environments.ports import EPHEMERAL_RANGE, blocks, ephemeral_range
from harness.environments.run_directory import default_root, left_runs, live_processes, private_directory
from harness.services import mariadb as mariadb_server
from harness.services import mysql as mysql_server
from harness.services import redis
from harness.services.database_template import cache_root

PYTHONS = ((3, 11), (3, 14))
SPACE_MIN_BYTES = 500_000_000
ENGINE_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: what was `seen`, and the command that mends it when it is not `ok`.

    `needed_for` names the environments that cannot run without it.
    """

    name: str
    ok: bool
    seen: str
    remedy: str | None = None
    needed_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All checks, and what they come to."""

    checks: tuple[Check, ...]
    can_run_processes: bool
    can_run_containers: bool


def examine() -> Report:
    """Look at everything; takes a fraction of a second, a few seconds when a container engine does not answer."""
    checks = tuple(look() for look in CHECKS)

    def can_run(environment: str) -> bool:
        return all(check.ok for check in checks if environment in check.needed_for)

    return Report(checks=checks, can_run_processes=can_run("processes"), can_run_containers=can_run("containers"))


def python() -> Check:
    """The interpreter that runs this."""
    low, high = PYTHONS
    return Check(
        name="python",
        ok=low <= sys.version_info[:2] < high,
        seen=f"{platform.python_version()} at {sys.executable}",
        remedy=None if low <= sys.version_info[:2] < high else "run the harness with Python 3.11, 3.12 or 3.13",
        needed_for=("processes", "containers"),
    )


def linux() -> Check:
    """What the guardian needs of the kernel: process descriptors, and `/proc`."""
    try:
        os.close(os.pidfd_open(os.getpid()))
        seen, ok = f"{platform.system()} {platform.release()}", Path("/proc/self/stat").exists()
    except (OSError, AttributeError) as error:
        seen, ok = f"{platform.system()} {platform.release()}: {error}", False
    remedy = "run on Linux 5.3 or newer, with /proc mounted"
    return Check(name="linux", ok=ok, seen=seen, remedy=None if ok else remedy, needed_for=("processes",))


def mariadb() -> Check:
    """The database server and the program that makes its data directory."""
    version, installer = mariadb_server.server_version(), mariadb_server.install_program()
    seen = version or "no mariadbd"
    if version and not installer:
        seen = f"{version}, but no mariadb-install-db"
    return _program("mariadb", seen, ok=bool(version and installer), remedy=mariadb_server.INSTALL)


def mysql() -> Check:
    """The other database server, for `--database mysql` on processes; nothing else needs it."""
    return Check(name="mysql", ok=True, seen=mysql_server.BRAND.version() or "no mysqld; containers bring their own")


def redis_server() -> Check:
    """The cache server."""
    version = redis.server_version()
    return _program("redis", version or "no redis-server", ok=version is not None, remedy=redis.INSTALL)


def ports() -> Check:
    """Room for loopback ports outside the range of outgoing connections."""
    low, high = ephemeral_range()
    room = len(blocks((low, high)))
    return Check(
        name="ports",
        ok=room >= 2,
        seen=f"{room} blocks of ports outside {low}-{high}",
        remedy=None if room >= 2 else f"echo '32768 60999' > {EPHEMERAL_RANGE}",
        needed_for=("processes",),
    )


def run_directories() -> Check:
    """Where runs keep their data while they last: ours alone, and with room."""
    try:
        root = default_root()
        free = shutil.disk_usage(private_directory(root) if root.exists() else root.parent).free
    except (EnvironmentFault, OSError) as error:
        return Check(
            name="directory of runs",
            ok=False,
            seen=str(error),
            remedy="set TMPDIR to a directory of your own",
            needed_for=("processes",),
        )
    return Check(
        name="directory of runs",
        ok=free >= SPACE_MIN_BYTES,
        seen=f"{default_root()}, {free / 1e9:.1f} GB free",
        remedy=None if free >= SPACE_MIN_BYTES else "make room there, or set TMPDIR to where there is some",
        needed_for=("processes",),
    )


def templates() -> Check:
    """The cached data directories; without one the next start takes a second longer."""
    root = cache_root()
    found = [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
    size = sum(file.stat().st_blocks * 512 for path in found for file in path.rglob("*") if file.is_file())
    seen = f"{len(found)} in {root}, {size / 1e6:.0f} MB" if found else "none yet: the next start makes one"
    return Check(name="database templates", ok=True, seen=seen)


def leftovers() -> Check:
    """Runs that nobody holds: of a harness that was killed together with its guardian, or kept on purpose."""
    left = left_runs(default_root())
    kept = [path for path in left if (path / KEPT).exists() and not live_processes(path)]
    abandoned = [path for path in left if path not in kept]
    if abandoned:
        running = sum(len(live_processes(path)) for path in abandoned)
        seen = f"{len(abandoned)} left by killed harnesses, with {running} processes"
        return Check(name="left-over runs", ok=False, seen=seen, remedy="harness up (every start ends them first)")
    if kept:
        return Check(
            name="left-over runs",
            ok=True,
            seen=f"{len(kept)} kept on purpose",
            remedy=f"rm -r {' '.join(str(path) for path in kept)}",
        )
    return Check(name="left-over runs", ok=True, seen="none")


def containers() -> Check:
    """A container engine that answers. The processes environment does without."""
    program = shutil.which("docker")
    if program is None:
        return _engine("no docker", ok=False, remedy="apt-get install --yes docker.io")
    try:
        asked = subprocess.run(  # noqa: S603
            [program, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=ENGINE_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _engine(f"docker does not answer: {error}", ok=False, remedy="systemctl restart docker")
    if asked.returncode == 0 and asked.stdout.strip():
        return _engine(f"docker {asked.stdout.strip()}", ok=True)
    said = (asked.stderr.strip().splitlines() or ["no reason given"])[-1]
    if "permission denied" in said:
        return _engine(said, ok=False, remedy="usermod --append --groups docker $USER (then log in again)")
    return _engine(said, ok=False, remedy="systemctl start docker (without systemd: dockerd &)")


def loopback() -> Check:
    """A listener on 127.0.0.1: everything talks there."""
    try:
        with socket.create_server(("127.0.0.1", 0)):
            return Check(name="loopback", ok=True, seen="127.0.0.1", needed_for=("processes",))
    except OSError as error:
        remedy = "ip link set lo up"
        return Check(name="loopback", ok=False, seen=str(error), remedy=remedy, needed_for=("processes",))


def _program(name: str, seen: str, *, ok: bool, remedy: str) -> Check:
    return Check(name=name, ok=ok, seen=seen, remedy=None if ok else remedy, needed_for=("processes",))


def _engine(seen: str, *, ok: bool, remedy: str | None = None) -> Check:
    return Check(name="container engine", ok=ok, seen=seen, remedy=remedy, needed_for=("containers",))


CHECKS: tuple[Callable[[], Check], ...] = (
    python,
    linux,
    loopback,
    ports,
    mariadb,
    mysql,
    redis_server,
    run_directories,
    templates,
    leftovers,
    containers,
)
