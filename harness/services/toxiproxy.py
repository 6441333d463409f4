"""The real Toxiproxy's server as a program: built from its Go module once, and cached.

    python -m harness.services.toxiproxy

builds it and prints where it is. It is for what wants Toxiproxy itself: containers, the tests that hold the embedded
proxy against it, and the benchmark. No drill in processes needs it, so nothing else asks for Go.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from harness.cache import cache_folder
from harness.proxy import API_VERSION
from harness.services.base import ServiceFault

MODULE = "github.com/Shopify/toxiproxy/v2"
SUM = "h1:d1x++lYZg/zijXPPcv7PH0MvHMzEI5aX/YuUi/Sw+yg="
"""Of the module of this very version, as go.sum has it."""
BUILT_WITHIN_S = 600.0
ASKED_WITHIN_S = 30.0
_GO_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")
_OPTIONS = ("-trimpath", f"-ldflags=-s -w -X {MODULE}.Version={API_VERSION}")


def cached_program() -> Path | None:
    """The program, if it was built before."""
    path = _folder() / "toxiproxy-server"
    return path if path.is_file() else None


def program() -> Path:
    """The program, built when it is not there: half a minute, and some room in Go's own cache.

    It is static, so it runs in an empty container too. Raises ServiceFault: no Go, or what Go said.
    """
    if (found := cached_program()) is not None:
        return found
    go = shutil.which("go", path=os.pathsep.join([os.environ.get("PATH", ""), *_GO_PLACES]))
    if go is None:
        raise ServiceFault(f"Toxiproxy {API_VERSION} is built from its Go module, and there is no go: install Go 1.23")
    _folder().mkdir(parents=True, exist_ok=True)
    with _lock(_folder() / "lock"):
        return cached_program() or _build(go)


def _folder() -> Path:
    return cache_folder("toxiproxy") / API_VERSION


def _build(go: str) -> Path:
    for left in _folder().glob("build-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=_folder()) as scratch:
        _go([go, "install", *_OPTIONS, f"{MODULE}/cmd/server@v{API_VERSION}"], scratch, BUILT_WITHIN_S)
        built = Path(scratch) / "server"
        said = _go([go, "version", "-m", str(built)], scratch, ASKED_WITHIN_S)
        if ["mod", MODULE, f"v{API_VERSION}", SUM] not in [line.split() for line in said.splitlines()]:
            raise ServiceFault(f"what go built is not {MODULE} v{API_VERSION} {SUM}:\n{said}")
        return built.rename(_folder() / "toxiproxy-server")


def _go(argv: Sequence[str], scratch: str, limit_s: float) -> str:
    """Run to the end, with all that it started; returns what it said. Raises ServiceFault."""
    environ = {**os.environ, "GOBIN": scratch, "CGO_ENABLED": "0"}
    shown = " ".join(argv)
    process = subprocess.Popen(  # noqa: S603 - words of ours
        argv,
        env=environ,
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=limit_s)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ServiceFault(f"{shown} had not ended after {limit_s:.0f} s") from error
        raise
    if process.returncode != 0:
        raise ServiceFault(f"{shown} ended with {process.returncode}:\n{said.strip()}")
    return said


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """One builder at a time, whatever ends the others."""
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@click.command()
def main() -> None:
    """Build Toxiproxy's server if it is not there yet, and print where it is."""
    try:
        click.echo(program())
    except ServiceFault as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
