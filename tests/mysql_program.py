"""A `mysqld` to test with: this machine's own, or that of the container image, run so that it is like one of ours."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from harness.environments.engine import LocalImages, engine_problem
from harness.environments.images import build_command, candidates
from harness.services.mysql import BRAND

ROOT = Path(__file__).parents[1]


def mysqld(home: Path) -> list[str]:
    """The words that start the server, before its options; it sees `home` and no other folder for certain.

    Skips the test where there is none. In a container it shares the machine's network and process numbers.
    """
    program = BRAND.find_server()
    if program is not None:
        return [program]
    problem = engine_problem() or (None if shutil.which("docker") else "there is no docker")
    if problem:
        pytest.skip(f"no mysqld is installed, and {problem}")
    images = LocalImages()
    image = next((one for one in candidates(BRAND.name, ROOT) if images.image_id(one)), None)
    if image is None:
        pytest.skip(f"no mysqld is installed, and there is no image of it: {build_command(BRAND.name)}")
    user = f"--user={os.getuid()}:{os.getgid()}"
    places = ("--network=host", "--pid=host", f"--volume={home}:{home}")
    return ["docker", "run", "--rm", *places, user, f"--entrypoint={BRAND.server}", image]


def end(pid_file: Path) -> None:
    """Kill the server itself: who started it may be a client of the engine alone."""
    try:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
    except (OSError, ValueError):
        return
