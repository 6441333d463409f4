"""The probe: a database that takes writes is fine; one that does not, or is not there, is a problem, and in time."""

import time
from pathlib import Path
from typing import Any

import pytest

from system.monitor.database_probe import DatabaseProbe
from system.settings import Settings


def test_a_database_that_answers_is_fine(tmp_path: Path) -> None:
    probe = DatabaseProbe(Settings(database_url=f"sqlite:///{tmp_path / 'd.db'}"))
    look = probe.look()
    assert (look.problem, look.server) == (None, 1)
    assert probe.look() == look
    probe.close()


def test_one_that_is_not_there_is_a_problem_in_words() -> None:
    probe = DatabaseProbe(Settings(database_url="mysql+pymysql://freight:secret@127.0.0.1:1/freight"))
    look = probe.look()
    assert look.problem is not None
    assert "OperationalError" in look.problem
    assert "secret" not in look.problem
    probe.close()


@pytest.mark.slow
def test_a_read_only_a_paused_and_a_killed_server(mariadb_server: Any) -> None:
    """On a real server: read-only is not fine, a stopped one is a problem within its timeout, and so is a dead one."""
    url = f"mysql+pymysql://root@localhost/?unix_socket={mariadb_server.socket_path}"
    probe = DatabaseProbe(Settings(database_url=url, database_timeout_s=1.0, database_lost_after_s=0.5))
    fine = probe.look()
    assert (fine.problem, fine.server) == (None, mariadb_server.server_id)

    mariadb_server.admin("SET GLOBAL read_only = 1")
    assert probe.look().problem == "the server that answers is read-only"
    mariadb_server.admin("SET GLOBAL read_only = 0")
    assert probe.look().problem is None

    mariadb_server.pause()
    started_s = time.monotonic()
    assert probe.look().problem is not None
    assert time.monotonic() - started_s < 20
    mariadb_server.go_on()
    assert probe.look().problem is None

    mariadb_server.kill()
    assert probe.look().problem is not None
    probe.close()
