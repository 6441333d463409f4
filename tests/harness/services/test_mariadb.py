"""A real server is made from a template that is built once, and a preparation that fails is told in its own words."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.clock import sleep_s
from harness.environments.base import EnvironmentFault
from harness.environments.processes import ProcessesEnvironment
from harness.services.database_template import cache_root
from harness.services.mariadb import MariaDB
from harness.topology import Service, Topology
from tests.harness.environments.toys import PAIR, during, made
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


@pytest.mark.slow
def test_a_replica_follows_its_primary_refuses_writes_and_a_rejoined_server_has_a_larger_id(tmp_path: Path) -> None:
    environment = made(tmp_path, PAIR)

    async def replicate() -> None:
        assert await _one(environment, "first", "SELECT @@server_id") < await _one(
            environment, "second", "SELECT @@server_id"
        )
        assert await _one(environment, "second", "SELECT @@read_only") == 1
        assert await _one(environment, "first", "SELECT @@read_only") == 0
        await environment.query("first", "INSERT INTO witness.writes VALUES (%s, NOW(6))", ["a"])
        while not await environment.query("second", "SELECT * FROM witness.writes WHERE id LIKE '%%a'"):
            await sleep_s(0.01)
        with pytest.raises(EnvironmentFault, match="read-only"):
            await environment.query("second", "INSERT INTO witness.writes VALUES ('b', NOW(6))")
        ids = {await _one(environment, name, "SELECT @@server_id") for name in ("first", "second")}
        await environment.kill("first")
        await environment.start("first")
        while (rejoined := await _one_or_none(environment, "first", "SELECT @@server_id")) is None:
            await sleep_s(0.01)
        assert rejoined > max(ids)
        assert await _one(environment, "first", "SELECT COUNT(*) FROM witness.writes") == 1

    during(environment, replicate)


@pytest.mark.slow
def test_semi_synchronous_replication_never_falls_back(tmp_path: Path) -> None:
    overrides = {"first.replication": "semi_sync", "second.replication": "semi_sync"}
    environment = made(tmp_path, PAIR, overrides=overrides)

    async def commit() -> None:
        seen = {row["Variable_name"]: row["Value"] for row in await environment.query("first", SEMI_SYNC)}
        assert seen["Rpl_semi_sync_master_status"] == "ON"
        assert seen["Rpl_semi_sync_master_clients"] == "1"
        assert await _one(environment, "first", "SELECT @@rpl_semi_sync_master_wait_point") == "AFTER_SYNC"
        await environment.query("first", "INSERT INTO witness.writes VALUES ('a', NOW(6))")
        await environment.set_enabled("second->first", False)
        with pytest.raises(EnvironmentFault, match="timed out"):
            await environment.query("first", "INSERT INTO witness.writes VALUES ('b', NOW(6))")
        seen = {row["Variable_name"]: row["Value"] for row in await environment.query("first", SEMI_SYNC)}
        assert (seen["Rpl_semi_sync_master_status"], seen["Rpl_semi_sync_master_no_tx"]) == ("ON", "0")

    during(environment, commit)


SEMI_SYNC = "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_%%'"


async def _one(environment: ProcessesEnvironment, service: str, sql: str) -> Any:
    value: Any = next(iter((await environment.query(service, sql))[0].values()))
    return value


async def _one_or_none(environment: ProcessesEnvironment, service: str, sql: str) -> Any:
    try:
        return await _one(environment, service, sql)
    except EnvironmentFault:
        return None
