"""Nothing is left of a drill whose harness dies by SIGKILL, at seeded points from the first start to the last word.

Each point has a folder of its own for everything temporary, so all that a drill leaves can be found: processes by that
folder in their environment or command line, ports by those that its processes had opened, containers and networks by
their label, directories by looking. `KILL_POINTS=100` tries as many points in each environment.
"""

import contextlib
import gc
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.clock import Deadline, block_s
from harness.environments.choice import cannot_run
from harness.environments.engine import socket_path
from harness.environments.guardian import ENGINE_LABEL, answer_of, begin_to_ask
from scenarios.world.topology import TOPOLOGY

ROOT = Path(__file__).resolve().parent.parent
POINTS = os.environ.get("KILL_POINTS")
DRILLS = ("db_failover_killed", "agent_hang_zombie", "redis_oom_refusing", "trace_regression_reverted")
"""A server is dead or its link cut; a worker stopped; a server's settings changed; a clone with revisions at work."""
WITHOUT_REPLAY = "trace_regression_reverted"
"""Its traces are replayed by what it drills, and by nobody after that."""
PHASES = ("starting the system", "gate", "inject", "recover", "heal", "wait", "replay")
SHORT_PHASES = ("heal", "wait", "replay")
"""From here some drills come to their end within a fraction of a second: they are killed at once, and who runs is
looked at before, in the gate, where every drill stays for a while."""
CLEAN_WITHIN_S = 10.0
NO_CONTAINERS = cannot_run("containers", TOPOLOGY, ROOT)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]  # a drill until its last phase, on a machine that is busy


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the drill puts whatever is temporary; a short path, since sockets lie below it."""
    made = Path(tempfile.mkdtemp(prefix="kill-", dir="/tmp"))
    made.chmod(0o755)  # containers have users of their own
    # What thousands of tests have left here takes a second to be gone through, in which a drill may end by itself.
    gc.collect()
    gc.freeze()
    yield made
    gc.unfreeze()
    shutil.rmtree(made, ignore_errors=True)


def processes(place: Path) -> list[psutil.Process]:
    """Every process that was told of the place, whoever its parent is by now."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            told = [*process.cmdline(), *process.environ().values()]
            if any(str(place) in word for word in told) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def ports(among: list[psutil.Process]) -> set[int]:
    """The TCP ports that these listen on."""
    found = set()
    for process in among:
        with contextlib.suppress(psutil.Error):
            found |= {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    return found


def taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def in_engine(place: Path) -> list[str]:
    """Containers and networks of runs below the place, by the engine's own word."""
    if NO_CONTAINERS:
        return []
    found = []
    for what in ("/containers/json?all=1", "/networks"):
        listed = answer_of(begin_to_ask(socket_path(), "GET", what))
        assert listed is not None, "the engine does not answer"
        labels = [(one["Id"], (one.get("Labels") or {}).get(ENGINE_LABEL, "")) for one in listed]
        found += [f"{what.split('/')[1]} {name[:12]}" for name, run in labels if run.startswith(str(place))]
    return found


def left(place: Path, had: set[int], *, engine: bool) -> list[str]:
    """All that is still there of a drill, in words; empty when it is gone."""
    return [
        *(f"process {one}" for one in processes(place)),
        *(f"port {port}" for port in sorted(had) if taken(port)),
        *(in_engine(place) if engine else ()),
        *(f"directory {path}" for path in place.glob("*/*") if path.name != ".lock"),
        *(f"directory {path}" for path in place.glob("*") if path.name != f"drill-{os.getuid()}"),
    ]


def killed_at(phase: str, drill: str, environment: str, seed: int, place: Path, delay_s: float) -> set[int]:
    """Starts the drill, waits for the phase and mostly a little longer, kills; the ports it had opened until then."""
    words = [sys.executable, "-m", "harness", "drill", drill, "--environment", environment, "--seed", str(seed)]
    with subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as harness:
        assert harness.stderr
        said, among, running = [], [], 0
        try:
            for line in harness.stderr:
                said.append(line)
                told = line.strip(" .\n")
                if told == "gate":
                    among = processes(place)
                    running = len(in_engine(place) if environment == "containers" else among)
                if told == phase:
                    break
            if phase not in SHORT_PHASES:
                block_s(delay_s)
                among += processes(place)
            had = ports(among)
            assert harness.pid in [one.pid for one in among], "who was told of the place is found"
            if phase != PHASES[0]:
                assert running > 2, "and so is the system, of which one drill has only the inbox"
            assert harness.poll() is None, f"it had ended before it was killed:\n{''.join(said)}"
        finally:
            harness.send_signal(signal.SIGKILL)
        harness.wait()
        assert harness.returncode == -signal.SIGKILL
    return had


def audit(environment: str, point: int, place: Path) -> None:
    chance = random.Random(f"kill {environment} {point}")
    # The phases in turn, so that even a few points reach them all; what else there is, by chance.
    phase = PHASES[point % len(PHASES)]
    drill = chance.choice([one for one in DRILLS if phase != "replay" or one != WITHOUT_REPLAY])
    delay_s = chance.uniform(0.0, 0.4 if environment == "processes" else 2.0)
    had = killed_at(phase, drill, environment, point, place, delay_s)
    deadline = Deadline(CLEAN_WITHIN_S)
    while (still := left(place, had, engine=environment == "containers")) and not deadline.passed:
        block_s(0.1)
    print(f"{environment}, {drill}, {phase}: clean after {CLEAN_WITHIN_S - deadline.left_s():.1f} s")
    assert still == [], f"{drill} on {environment}, killed {delay_s:.2f} s after {phase!r}, seed {point}"


@pytest.mark.parametrize("point", range(int(POINTS or 10)))
def test_nothing_is_left_of_a_drill_on_processes(point: int, place: Path) -> None:
    audit("processes", point, place)


@pytest.mark.skipif(NO_CONTAINERS is not None, reason=NO_CONTAINERS or "")
@pytest.mark.parametrize("point", range(int(POINTS or 3)))
def test_nothing_is_left_of_a_drill_on_containers(point: int, place: Path) -> None:
    audit("containers", 2 * point, place)
