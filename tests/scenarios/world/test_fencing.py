"""Only the very server is killed: a PID that names anything else is left alone."""

import os
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.world.fencing import FENCE, NotThatServer, kill_server, server_process, write_fence
from scenarios.world.managed_settings import Database
from tests.scenarios.world.server_process import free_port


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(
        name="d",
        host="127.0.0.1",
        port=free_port(),
        pid_file=tmp_path / "pid",
        fence_file=tmp_path / "fence.cnf",
        user="u",
        password="p",
    )


def listening_impostor(directory: Path, port: int) -> subprocess.Popen[str]:
    """A process that is called like the server and listens on `port`."""
    program = directory / "mariadbd"
    shutil.copy(os.path.realpath("/proc/self/exe"), program)
    code = (
        f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); print('up', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [program, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONHOME": os.path.realpath(Path(os.__file__).parents[2])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_a_server_that_is_gone_is_nothing_to_kill(database: Database) -> None:
    assert kill_server(database) is None
    database.pid_file.write_text("not a number")
    assert kill_server(database) is None
    ended = subprocess.Popen(["true"])
    database.pid_file.write_text(str(ended.pid))
    while kill_server_or_none(database):
        pass
    assert server_process(database) is None  # a zombie: gone, though nobody has taken note
    ended.wait()
    assert kill_server(database) is None


def kill_server_or_none(database: Database) -> bool:
    """Whether the process is still something else than gone."""
    try:
        return server_process(database) is not None
    except NotThatServer:
        return True


def test_another_program_is_left_alone(database: Database) -> None:
    database.pid_file.write_text(str(os.getpid()))
    with pytest.raises(NotThatServer, match="not mariadbd"):
        kill_server(database)


def test_the_server_itself_is_killed_and_only_when_age_and_port_fit(database: Database, tmp_path: Path) -> None:
    process = listening_impostor(tmp_path, database.port)
    try:
        database.pid_file.write_text(str(process.pid))
        os.utime(database.pid_file, (1, 1))
        with pytest.raises(NotThatServer, match="given out again"):
            kill_server(database)
        database.pid_file.touch()
        with socket.create_server(("127.0.0.1", 0)) as other:
            elsewhere = replace(database, port=other.getsockname()[1])
            with pytest.raises(NotThatServer, match="listens on"):
                kill_server(elsewhere)
        assert process.poll() is None
        assert kill_server(database) == process.pid
        assert process.wait(timeout=5) == -9
    finally:
        process.kill()
        process.communicate()


def test_the_fence_is_written_whole(database: Database) -> None:
    database.fence_file.write_text("[mariadbd]\n")
    write_fence(database)
    assert database.fence_file.read_text() == FENCE
    assert [path.name for path in database.fence_file.parent.iterdir()] == ["fence.cnf"]
