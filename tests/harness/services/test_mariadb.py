"""A real server is made from a template that is built once, and a preparation that fails is told in its own words."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.environments.base import EnvironmentFault
from harness.environments.processes import ProcessesEnvironment
from harness.services.mariadb import MariaDB
from harness.services.mariadb_template import cache_root
from harness.topology import Service, Topology
from tests.harness.services.placements import placement

SCHEMA = """
import os, pymysql
user, password, host, port = os.environ["AT"].split()
place = dict(host=host, port=int(port), user=user, password=password, database="toy", autocommit=True)
with pymysql.connect(**place) as server:
    server.cursor().execute("CREATE TABLE made (by_whom TEXT)")
    server.cursor().execute("INSERT INTO made VALUES ('the preparation')")
"""

OPTIONS: dict[str, Any] = {
    "databases": {"toy": {"user": "toy", "password": "secret-toy"}},
    "prepare": ("python", "schema.py"),
    "prepare_environ": {"AT": "toy secret-toy ${self.host} ${self.port}"},
    "prepare_inputs": ("schema.py",),
}


def alone(project: Path, runs: Path) -> ProcessesEnvironment:
    topology = Topology(name="alone", services=(Service(name="store", kind="mariadb", options=OPTIONS),))
    return ProcessesEnvironment(topology, directory=runs, project=project)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "schema.py").write_text(SCHEMA)
    return tmp_path / "project"


@pytest.mark.slow
def test_two_at_once_build_one_template_and_each_has_its_own_copy(tmp_path: Path, project: Path) -> None:
    one, other = alone(project, tmp_path / "runs"), alone(project, tmp_path / "runs")

    async def both() -> None:
        try:
            await asyncio.gather(one.up(), other.up())
            for environment in (one, other):
                rows = await environment.query("store", "SELECT * FROM toy.made")
                assert rows == [{"by_whom": "the preparation"}]
            await one.query("store", "INSERT INTO witness.writes VALUES ('a', NOW(6))")
            await one.reset()
            for environment in (one, other):
                assert await environment.query("store", "SELECT * FROM witness.writes") == []
        finally:
            await asyncio.gather(one.down(), other.down())

    asyncio.run(both())
    assert len([path for path in cache_root().iterdir() if path.is_dir()]) == 1


@pytest.mark.slow
def test_a_preparation_that_fails_is_told_and_leaves_no_template(tmp_path: Path, project: Path) -> None:
    (project / "schema.py").write_text("raise SystemExit('there is no such schema')")
    environment = alone(project, tmp_path / "runs")
    with pytest.raises(EnvironmentFault, match=r"schema.py ended with 1(.|\n)*there is no such schema"):
        asyncio.run(environment.up())
    assert not [path for path in cache_root().iterdir() if path.is_dir()]
    assert not list((tmp_path / "runs").glob("*-*"))


def test_its_facts_are_what_a_controller_needs() -> None:
    facts = MariaDB().facts(placement())
    assert facts["pid_file"] == "/nowhere/one/pid"
    assert facts["fence_file"] == "/nowhere/one/fence.cnf"
    assert facts["controller_user"] == "controller"


def test_each_start_has_the_server_id_of_its_incarnation() -> None:
    kind = MariaDB()
    assert kind.command(placement(incarnation=1)).argv[-1] == "--server-id=1"
    assert kind.command(replace(placement(), incarnation=12)).argv[-1] == "--server-id=12"
