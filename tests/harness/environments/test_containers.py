"""The containers environment: it comes up apart, can be broken and looked at, and leaves nothing, however it ends."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.environments.base import EnvironmentFault, Network, Operator, OutsideParty, Processes, Store
from harness.environments.choice import cannot_run
from harness.environments.containers import ContainersEnvironment
from harness.environments.engine import socket_path
from harness.environments.guardian import ENGINE_LABEL, answer_of, begin_to_ask
from harness.environments.run_directory import left_runs
from tests.harness.environments.sleepers import eventually
from tests.harness.environments.toys import OPERATOR, PAIR, SMALL, project

ROOT = Path(__file__).resolve().parents[3]


REASON = cannot_run("containers", PAIR, ROOT)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(REASON is not None, reason=REASON or "")]


def made(tmp_path: Path, topology: Any = SMALL, **options: Any) -> ContainersEnvironment:
    folder = project(tmp_path / "project")
    shutil.copy(ROOT / "requirements.lock", folder)
    # Other users than this one have to get there, as in any folder that is not a private one.
    for place in (folder, tmp_path, tmp_path.parent, tmp_path.parent.parent):
        place.chmod(0o755)
    return ContainersEnvironment(
        topology, directory=tmp_path / "runs", project=folder, operator=OPERATOR, seed=7, **options
    )


def during(environment: ContainersEnvironment, use: Callable[[], Awaitable[Any]]) -> Any:
    async def all_of_it() -> Any:
        try:
            await environment.up()
            return await use()
        finally:
            await environment.down()

    return asyncio.run(all_of_it())


def left_in_engine(directory: Path) -> list[str]:
    """The containers and networks of a run, as the engine lists them."""
    found = []
    for what in ("/containers/json?all=1", "/networks"):
        listed = answer_of(begin_to_ask(socket_path(), "GET", what)) or []
        found += [one["Id"] for one in listed if (one.get("Labels") or {}).get(ENGINE_LABEL) == str(directory)]
    return found


def test_it_is_up_apart_and_gone(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def look() -> Path:
        assert environment.name == "containers"
        for protocol in (Processes, Network, Store, OutsideParty, Operator):
            assert isinstance(environment, protocol)
        echo = await environment.request("echo", "GET", "/environ")
        assert await environment.command("redis", "PING") in (True, "PONG", b"PONG")
        redis = echo["environ"]["REDIS"]
        assert await reaches(environment, redis), "the way through the fault proxy"
        plan = environment._up.plan
        past_it = f"{plan.address('redis')}:{plan.services['redis']['main']}"
        assert not await reaches(environment, past_it), "no way past the fault proxy"
        await environment.set_enabled("echo->redis", False)
        assert not await reaches(environment, redis), "a link that is cut"
        for service in ("redis", "echo", "inbox"):
            assert psutil.Process(environment.process(service).pid).uids().real != 0, f"{service} runs as root"
        assert len(left_in_engine(environment.directory)) == 4 + len(SMALL.services)
        return environment.directory

    directory = during(environment, look)
    assert left_in_engine(directory) == []
    assert not directory.exists()
    assert left_runs(tmp_path / "runs") == []


async def reaches(environment: ContainersEnvironment, address: str) -> bool:
    """Whether the container of echo can open a connection."""
    host, port = address.split(":")
    code = f"import socket; socket.create_connection(({host!r}, {port}), 1).recv(0)"
    name = environment._up.containing.container("echo")
    run = environment._up.containing.engine.run_inside
    status, _, errors = await asyncio.to_thread(run, name, ["python3", "-c", code], {}, Path("/"))
    assert status == 0 or "Error" in errors
    return status == 0


def test_a_container_can_be_killed_paused_and_started_again(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def break_it() -> None:
        first = environment.process("redis")
        assert await environment.pause("redis") == first
        assert environment.stopped(first)
        with pytest.raises(EnvironmentFault):
            await environment.command("redis", "PING")
        await environment.resume("redis")
        assert not environment.stopped(first)
        assert await environment.command("redis", "SET", "a", "1")
        assert await environment.kill("redis") == first
        assert not environment.alive(first)
        with pytest.raises(EnvironmentFault, match="has ended"):
            await environment.kill("redis")
        second = await environment.start("redis")
        assert second != first
        assert environment.alive(second)
        await environment.reset()
        third = environment.process("redis")
        assert third != second
        assert not await environment.command("redis", "EXISTS", "a")

    during(environment, break_it)


def test_the_console_answers_inside_and_is_ended_when_it_hangs(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def ask() -> None:
        answer = await environment.operate(["tell"])
        assert (answer.exit_code, answer.document["words"]) == (0, ["tell", "--json"])
        assert (await environment.operate(["fail"])).exit_code == 3
        hanging = await environment.operate(["hang"], limit_s=0.5)
        assert (hanging.exit_code, "killed by the harness" in hanging.errors) == (-9, True)
        assert (await environment.operate(["tell"])).exit_code == 0

    during(environment, ask)


def test_a_pair_of_databases_replicates_through_the_proxy(tmp_path: Path) -> None:
    environment = made(tmp_path, PAIR)

    async def replicate() -> None:
        status = await environment.query("second", "SHOW SLAVE STATUS")
        assert (status[0]["Slave_IO_Running"], status[0]["Slave_SQL_Running"]) == ("Yes", "Yes")
        assert (await environment.traffic("second->first")).connections_open == 1

    during(environment, replicate)


DRIVER = """
import asyncio, sys
from pathlib import Path
from harness.environments.containers import ContainersEnvironment
from tests.harness.environments.toys import SMALL

async def main():
    environment = ContainersEnvironment(SMALL, directory=Path(sys.argv[1]), project=Path(sys.argv[2]))
    starting = asyncio.ensure_future(environment.up())
    while environment._directory is None and not starting.done():
        await asyncio.sleep(0.01)
    print(environment.directory, flush=True)
    await starting
    print("up", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


@pytest.mark.parametrize("when", ["starting", "up"])
def test_nothing_is_left_when_the_harness_is_killed(tmp_path: Path, when: str) -> None:
    made(tmp_path)
    words = [sys.executable, "-c", DRIVER, str(tmp_path / "runs"), str(tmp_path / "project")]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout
        try:
            directory = Path(harness.stdout.readline().strip())
            if when == "up":
                assert harness.stdout.readline() == "up\n"
            else:
                assert eventually(lambda: len(left_in_engine(directory)) > 6, 30)
        finally:
            os.kill(harness.pid, signal.SIGKILL)
    assert eventually(lambda: not directory.exists(), 30)
    assert left_in_engine(directory) == []


def test_two_of_them_do_not_meet(tmp_path: Path) -> None:
    one, other = made(tmp_path), made(tmp_path)

    async def both() -> None:
        try:
            await asyncio.gather(one.up(), other.up())
            await one.kill("redis")
            assert await other.command("redis", "PING")
            answers = [json.dumps(await each.request("echo", "GET", "/environ")) for each in (one, other)]
            assert answers[0] != answers[1]
        finally:
            await asyncio.gather(one.down(), other.down())

    asyncio.run(both())
