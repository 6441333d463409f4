"""Makes the images that drills run on: from the official ones, or from Debian packages where no registry is reached.

One root filesystem of Debian packages serves as MariaDB, Redis and Python alike; MySQL, which no Debian release has,
comes from the suite that is never released. The image of the project's own
programs adds the locked packages, installed by their hashes. Sources are no part of any image: a run mounts them, so an
image is built anew only when the lock changes.
"""

import contextlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.environments.base import EnvironmentFault
from harness.environments.engine import ANSWERS_WITHIN_S, USER, socket_path
from harness.environments.images import APP, LOCAL, LOCK, OFFICIAL, app_tag, equivalent
from harness.services import DATABASES

if TYPE_CHECKING:
    from docker import DockerClient

SUITE = "bookworm"
DEBIAN_PYTHON = "3.11.2"
PACKAGES = ("mariadb-server-core", "mariadb-client-core", "redis-server", "python3")
MYSQL_SUITE = "unstable"
MYSQL_PACKAGES = ("mysql-server-core",)
NEVER_STALE = 'Acquire::Check-Valid-Until "false"'
"""A mirror that stands still is no worse for it: what it has is signed all the same."""
MMDEBSTRAP = "apt-get install --yes mmdebstrap"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
SITE = "/usr/local/lib/python3.11/dist-packages"
DOCKERFILE = Path("system/Dockerfile")
BUILT_WITHIN_S = 1_200.0
_URIS = re.compile(r"^(?:URIs:\s*|deb\s+(?:\[[^]]*\]\s+)?)(https?://\S*debian\S*)", re.MULTILINE)

APPS_KEPT = 2

Say = Callable[[str], None]
Source = Literal["auto", "official", "debian"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image that was made or found; `made` says which."""

    reference: str
    id: str
    made: bool


def host_mirror(places: Sequence[Path] = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))) -> str:
    """The package mirror that this machine uses itself, if it is a Debian; else Debian's own."""
    files = [file for place in places for file in ([place] if place.is_file() else sorted(place.glob("*")))]
    for file in files:
        found = _URIS.search(file.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found[1]
    return DEFAULT_MIRROR


def build(project: Path, *, source: Source = "auto", again: bool, say: Say, database: str = "mariadb") -> list[Built]:
    """Make what is missing (with `again` everything); `auto` takes the official images where a registry answers.

    The images are those of a topology on that `database`. Raises EnvironmentFault with what to do.
    """
    import docker

    client: DockerClient = docker.DockerClient(base_url=f"unix://{socket_path()}", timeout=ANSWERS_WITHIN_S * 10)
    try:
        kinds = [kind for kind in OFFICIAL if kind == database or kind not in DATABASES]
        if source == "official" or (source == "auto" and _registry_answers(client, kinds, say)):
            built = list(_official(client, kinds, project, again, say))
        else:
            built = list(_from_debian(client, kinds, project, again, say))
        _forget_old(client, keep=app_tag(project))
    except docker.errors.DockerException as error:
        hint = "; without a registry: harness images build --from debian" if source == "official" else ""
        raise EnvironmentFault(f"the container engine could not build: {str(error)[:800]}{hint}") from error
    finally:
        client.close()
    return built


def _registry_answers(client: "DockerClient", kinds: Sequence[str], say: Say) -> bool:
    """Whether official images are here already, or a registry tells of the smallest of them."""
    import docker

    if all(_id(client, OFFICIAL[kind]) for kind in kinds):
        return True
    try:
        client.api.inspect_distribution(OFFICIAL["redis"])
    except docker.errors.APIError as error:
        say(f"no registry answers ({str(error.explanation)[:120]}); making equivalents from Debian packages")
        return False
    return True


def _forget_old(client: "DockerClient", *, keep: str) -> None:
    """Images for locks of before are half a gigabyte each: the newest few stay, for other clones."""
    import docker

    ours = client.images.list(name=f"{LOCAL}/{APP}")
    tags = [
        tag for image in sorted(ours, key=lambda one: str(one.attrs["Created"]), reverse=True) for tag in image.tags
    ]
    for tag in [tag for tag in tags if tag.startswith(f"{LOCAL}/{APP}:") and tag != keep][APPS_KEPT:]:
        with contextlib.suppress(docker.errors.APIError):  # in use
            client.images.remove(tag)


def _official(client: "DockerClient", kinds: Sequence[str], project: Path, again: bool, say: Say) -> Iterator[Built]:
    for reference in (OFFICIAL[kind] for kind in kinds):
        made = again or not _id(client, reference)
        if made:
            say(f"pulling {reference}")
            client.images.pull(reference)
        yield _built(client, reference, made=made)
    tag = app_tag(project)
    if again or not _id(client, tag):
        say(f"building {tag} from {DOCKERFILE}")
        client.images.build(path=str(project), dockerfile=str(project / DOCKERFILE), tag=tag, rm=True, forcerm=True)
        yield _built(client, tag, made=True)
    else:
        yield _built(client, tag, made=False)


def _from_debian(client: "DockerClient", kinds: Sequence[str], project: Path, again: bool, say: Say) -> Iterator[Built]:
    base = f"{LOCAL}/debian:{SUITE}"
    made = again or not _id(client, base)
    if made:
        say(f"making {base} from Debian packages (half a minute)")
        _import_root(client, base, SUITE, PACKAGES)
    for kind in kinds:
        tag = equivalent(kind)
        if kind == "mysql":
            made_mysql = again or not _id(client, tag)
            if made_mysql:
                say(f"making {tag} from packages of Debian {MYSQL_SUITE} (half a minute)")
                _import_root(client, tag, MYSQL_SUITE, MYSQL_PACKAGES, NEVER_STALE)
            yield _built(client, tag, made=made_mysql)
        else:
            client.images.get(base).tag(tag)
            yield _built(client, tag, made=made)
    tag = app_tag(project)
    made = again or not _id(client, tag)
    if made:
        say(f"making {tag} with the locked packages")
        with tempfile.TemporaryDirectory() as folder:
            _install_packages(project / LOCK, Path(folder))
            client.images.build(fileobj=_context(base, Path(folder)), custom_context=True, tag=tag, rm=True)
    yield _built(client, tag, made=made)


def _import_root(client: "DockerClient", tag: str, suite: str, packages: Sequence[str], *more: str) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise EnvironmentFault(f"images from Debian packages want mmdebstrap: {MMDEBSTRAP}")
    repository, _, version = tag.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root.tar"
        apt = [f"--aptopt={option}" for option in ('Acquire::Retries "3"', *more)]
        options = ["--quiet", "--variant=minbase", f"--include={','.join(packages)}", *apt]
        _run([program, *options, suite, str(root), host_mirror()])
        client.api.import_image(str(root), repository=repository, tag=version)


def _install_packages(lock: Path, target: Path) -> None:
    """The locked packages as Debian's Python wants them, whatever Python runs this."""
    wanted = ["--python-version=3.11", "--implementation=cp", "--only-binary=:all:", "--require-hashes"]
    quietly = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(lock_for(DEBIAN_PYTHON, lock.read_text(encoding="utf-8")))
        file.flush()
        _run([sys.executable, "-m", "pip", "install", *quietly, *wanted, f"--target={target}", f"-r{file.name}"])


def lock_for(python: str, lock: str) -> str:
    """The lock without markers, of what a Python of that full version on Linux needs: pip would ask its own Python."""
    from packaging.markers import Marker, default_environment

    environment: dict[str, str | AbstractSet[str]] = {
        **{name: str(value) for name, value in default_environment().items()},
        "python_full_version": python,
        "implementation_version": python,
        "python_version": ".".join(python.split(".")[:2]),
    }
    kept: list[str] = []
    wanted = True
    for line in lock.splitlines():
        if line[:1].strip() and not line.startswith("#"):
            requirement, _, marker = line.rstrip(" \\").partition(" ; ")
            wanted = not marker or Marker(marker).evaluate(environment)
            line = requirement + (" \\" if line.endswith("\\") else "")
        if wanted:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=BUILT_WITHIN_S)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFault(f"{command[0]} did not end within {BUILT_WITHIN_S:g} s") from error
    if done.returncode != 0:
        raise EnvironmentFault(f"{' '.join(command)[:300]} ended with {done.returncode}: {done.stderr[-1500:].strip()}")


def _context(base: str, packages: Path) -> io.BytesIO:
    """What the engine builds from: a few lines and a folder."""
    # Compiled once: a container that starts has better things to do.
    lines = [f"FROM {base}", f"COPY packages {SITE}", f"RUN python3 -m compileall -q {SITE}", f"USER {USER}"]
    dockerfile = "\n".join(lines).encode()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        archive.addfile(entry, io.BytesIO(dockerfile))
        archive.add(packages, "packages", filter=_readable)
    context.seek(0)
    return context


def _readable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode |= 0o555 if entry.isdir() else 0o444
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _id(client: "DockerClient", reference: str) -> str | None:
    import docker

    try:
        return str(client.images.get(reference).id)
    except docker.errors.ImageNotFound:
        return None


def _built(client: "DockerClient", reference: str, *, made: bool) -> Built:
    return Built(reference=reference, id=str(_id(client, reference)), made=made)
