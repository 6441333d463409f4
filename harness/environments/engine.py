"""The container engine of this machine: what is asked of it, in blocking calls that end.

Containers are started by Testcontainers; its reaper is not used, because its image needs a registry and the guardian
does that work. Everything made here bears the label of its run, so that it can be found and removed by whoever comes
after. The engine must be local: its processes are looked at through `/proc`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.environments.base import EnvironmentFault, ProcessIdentity
from harness.environments.guardian import ENGINE, ENGINE_LABEL, answer_of, begin_to_ask, process_row
from harness.environments.subnets import Network

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

DEFAULT_SOCKET = "/var/run/docker.sock"
INSTALL = "apt-get install --yes docker.io, start dockerd, and let this user reach its socket"
ANSWERS_WITHIN_S = 60
USER = 10_001
"""Who containers run as when the harness runs as root; else they run as the harness's user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A directory of the host that a container sees, under its own path or under `at`."""

    source: Path
    writable: bool = False
    at: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One container: what it runs, where it stands, what it sees.

    `networks` are names with the address there; the first is its own.
    """

    name: str
    image: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    workdir: Path
    mounts: Sequence[Mount]
    networks: Sequence[tuple[str, str]]
    log: Path
    limits: Mapping[str, Any] = field(default_factory=dict)


def socket_path(environ: Mapping[str, str] = os.environ) -> str:
    """The engine's socket; raises EnvironmentFault for an engine elsewhere."""
    host = environ.get("DOCKER_HOST", "")
    if not host:
        return DEFAULT_SOCKET
    if not host.startswith("unix://"):
        raise EnvironmentFault(f"DOCKER_HOST is {host!r}: drills want an engine on this machine, as unix:///path")
    return host.removeprefix("unix://")


def engine_problem() -> str | None:
    """Why no containers can be run here; None when they can."""
    if find_spec("docker") is None or find_spec("testcontainers") is None:
        return "the Python packages for containers are not installed: pip install 'drill-harness[containers]'"
    try:
        path = socket_path()
    except EnvironmentFault as error:
        return str(error)
    version = answer_of(begin_to_ask(path, "GET", "/version"))
    if not isinstance(version, dict) or "ApiVersion" not in version:
        return f"no container engine answers at {path}: {INSTALL}"
    return None


class LocalImages:
    """The images on this machine."""

    def image_id(self, reference: str) -> str | None:
        """The content id of an image; None when it is not here."""
        found = answer_of(begin_to_ask(socket_path(), "GET", f"/images/{reference}/json"))
        return found.get("Id") if isinstance(found, dict) else None


def run_as() -> int:
    """The user id inside containers: never root."""
    return os.getuid() or USER


class Engine:
    """The engine, for one run. `directory` is the run's own."""

    def __init__(self, directory: Path) -> None:
        import docker

        path = socket_path()
        self._where = {"DOCKER_HOST": f"unix://{path}"}
        self._client: DockerClient = docker.from_env(environment=self._where, timeout=ANSWERS_WITHIN_S)
        self._labels = {ENGINE_LABEL: str(directory)}
        # Before the first container is made: from now on the guardian looks for what bears the label.
        (directory / ENGINE).write_text(path, encoding="utf-8")

    def close(self) -> None:
        """Close the connections to the engine."""
        self._client.close()

    def make_network(self, name: str, subnet: Network) -> None:
        """A bridge of its own."""
        from docker.types import IPAMConfig, IPAMPool

        pool = IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))
        with _told(f"network {name} on {subnet}"):
            self._client.networks.create(
                name, driver="bridge", ipam=IPAMConfig(pool_configs=[pool]), labels=self._labels, check_duplicate=True
            )

    def start(self, recipe: Recipe) -> ProcessIdentity:
        """Start a container; returns its first process, as this machine sees it."""
        from testcontainers.core.config import testcontainers_config
        from testcontainers.core.container import DockerContainer

        testcontainers_config.ryuk_disabled = True
        own, *others = recipe.networks
        container = DockerContainer(recipe.image, docker_client_kw={"environment": self._where})
        container.with_name(recipe.name).with_envs(**recipe.environ)
        container.with_command(["-c", 'exec "$@" >>"$DRILL_LOG" 2>&1', recipe.name, *recipe.argv])
        container.with_env("DRILL_LOG", str(recipe.log))
        for mount in recipe.mounts:
            at = mount.at or mount.source
            container.with_volume_mapping(str(mount.source), str(at), "rw" if mount.writable else "ro")
        container.with_kwargs(
            entrypoint=["/bin/sh"],
            user=f"{run_as()}:{run_as()}",
            labels=self._labels,
            working_dir=str(recipe.workdir),
            network=own[0],
            networking_config={own[0]: self._client.api.create_endpoint_config(ipv4_address=own[1])},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            healthcheck={"test": ["NONE"]},  # readiness is looked at from outside, and more often
            **recipe.limits,
        )
        with _told(f"container {recipe.name} of {recipe.image}"):
            try:
                container.start()
            finally:
                container.get_docker_client().client.close()  # each brings one of its own
            started = self._client.containers.get(recipe.name)
            for network, address in others:
                self._client.networks.get(network).connect(started, ipv4_address=address)
            return self._identity(started)

    def restart(self, name: str) -> ProcessIdentity:
        """Kill the container's processes and start it again as it was made."""
        with _told(f"restart of {name}"):
            container = self._client.containers.get(name)
            container.restart(timeout=0)
            return self._identity(container)

    def remove(self, name: str) -> None:
        """End a container and forget it; nothing happens when there is none."""
        import docker

        with _told(f"removal of {name}"):
            try:
                self._client.containers.get(name).remove(force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if "already in progress" not in str(error):
                    raise

    def signal(self, name: str, number: str) -> None:
        """Send a signal to the container's first process."""
        with _told(f"{number} to {name}"):
            self._client.containers.get(name).kill(number)

    def pause(self, name: str) -> None:
        """Freeze every process of the container."""
        with _told(f"pause of {name}"):
            self._client.containers.get(name).pause()

    def unpause(self, name: str) -> None:
        """Let them go on."""
        with _told(f"unpause of {name}"):
            self._client.containers.get(name).unpause()

    def exit_code(self, name: str) -> int | None:
        """How the container ended, negative for a signal; None while it runs."""
        with _told(f"look at {name}"):
            state = self._client.containers.get(name).attrs["State"]
        if state["Running"]:
            return None
        code = int(state["ExitCode"])
        return 128 - code if 128 < code < 192 else code

    def run_inside(
        self, name: str, argv: Sequence[str], environ: Mapping[str, str], workdir: Path
    ) -> tuple[int, str, str]:
        """Run a program in a container that runs: exit code, output, errors."""
        with _told(f"{argv[0]} in {name}"):
            api = self._client.api
            made = api.exec_create(name, list(argv), environment=dict(environ), workdir=str(workdir))
            output, errors = api.exec_start(made["Id"], demux=True)
            code = int(api.exec_inspect(made["Id"])["ExitCode"])
        return code, (output or b"").decode(errors="replace"), (errors or b"").decode(errors="replace")

    def _identity(self, container: "Container") -> ProcessIdentity:
        container.reload()
        pid = int(container.attrs["State"]["Pid"])
        row = process_row(pid) if pid else None
        # A program that has ended already has no process; who awaits it sees that it is gone.
        return ProcessIdentity(pid=pid, started_ticks=row.started_ticks if row else 0)


def is_frozen(pid: int, *, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> bool:
    """Whether the control group of a process is frozen, as the kernel says, in version 1 or 2 of control groups."""
    try:
        lines = (proc / str(pid) / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    for line in lines:
        _, controllers, path = line.split(":", 2)
        places = {
            "freezer": (cgroups / "freezer" / path.lstrip("/") / "freezer.state", "FROZEN"),
            "": (cgroups / path.lstrip("/") / "cgroup.events", "frozen 1"),
        }
        if controllers in places:
            file, word = places[controllers]
            try:
                if word in file.read_text(encoding="utf-8").splitlines():
                    return True
            except OSError:
                continue
    return False


class _told:  # noqa: N801 -- reads as a phrase where it is used
    """Says what was asked of the engine when that failed."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import docker
        import requests

        if isinstance(error, docker.errors.DockerException | requests.RequestException):
            raise EnvironmentFault(f"the container engine could not do it: {self._what}: {str(error)[:500]}") from error
