"""What is particular to MySQL: which program is it, what belongs to one server alone; and a real pair on containers."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.clock import sleep_s
from harness.environments.base import EnvironmentFault
from harness.environments.choice import cannot_run
from harness.environments.containers import ContainersEnvironment
from harness.services import mysql, on_database
from harness.services.base import ServiceFault
from harness.services.database_brand import said_by
from harness.services.mysql import MySQL
from tests.harness.environments.toys import PAIR, project
from tests.harness.services.placements import placement

ROOT = Path(__file__).parents[3]
ON_MYSQL = on_database(PAIR, "mysql")
REASON = cannot_run("containers", ON_MYSQL, ROOT)
on_containers = pytest.mark.skipif(REASON is not None, reason=f"containers: {REASON}")


def program(folder: Path, says: str) -> str:
    path = folder / "mysqld"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return str(path)


def test_mariadbs_program_of_that_name_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said_by.cache_clear()
    monkeypatch.setattr("harness.services.base.SEARCH_PATH", str(tmp_path))
    program(tmp_path, "mysqld  Ver 10.11.11-MariaDB for debian-linux-gnu on x86_64")
    assert mysql.server_program() is None
    assert MySQL().version() is None
    said_by.cache_clear()
    own = program(tmp_path, "/usr/sbin/mysqld  Ver 8.4.5 for Linux on x86_64 (MySQL Community Server - GPL)")
    assert mysql.server_program() == own
    assert MySQL().version() == ("mysql", "8.4.5")


def test_where_there_is_none_it_says_so_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.services.base.SEARCH_PATH", str(tmp_path))
    with pytest.raises(ServiceFault, match=r"is a mysql server, and there is no mysqld: .*containers"):
        asyncio.run(MySQL().prepare(placement(), None))  # type: ignore[arg-type]
    assert "no mysqld" in str(cannot_run("processes", ON_MYSQL, ROOT))
    assert cannot_run("processes", PAIR, ROOT) != cannot_run("processes", ON_MYSQL, ROOT)


@pytest.mark.slow
@on_containers
def test_a_replica_follows_its_primary_semi_synchronously_and_refuses_writes(tmp_path: Path) -> None:
    overrides = {"first.replication": "semi_sync", "second.replication": "semi_sync"}
    folder = project(tmp_path / "project")
    shutil.copy(ROOT / "requirements.lock", folder)
    for place in (folder, tmp_path, tmp_path.parent, tmp_path.parent.parent):
        place.chmod(0o755)  # containers have users of their own
    environment = ContainersEnvironment(ON_MYSQL, directory=tmp_path / "runs", project=folder, overrides=overrides)

    async def one(service: str, sql: str) -> Any:
        return next(iter((await environment.query(service, sql))[0].values()))

    async def replicate() -> None:
        await environment.up()
        try:
            assert await one("first", "SELECT @@server_uuid") != await one("second", "SELECT @@server_uuid")
            await environment.query("first", "INSERT INTO witness.writes VALUES (%s, NOW(6))", ["a"])
            while not await environment.query("second", "SELECT * FROM witness.writes"):
                await sleep_s(0.01)
            with pytest.raises(EnvironmentFault, match="read-only"):
                await environment.query("second", "INSERT INTO witness.writes VALUES ('b', NOW(6))")
            await environment.set_enabled("second->first", False)
            with pytest.raises(EnvironmentFault, match="timed out"):
                await environment.query("first", "INSERT INTO witness.writes VALUES ('b', NOW(6))")
            asked = "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_%%'"
            seen = {row["Variable_name"]: row["Value"] for row in await environment.query("first", asked)}
            assert (seen["Rpl_semi_sync_source_status"], seen["Rpl_semi_sync_source_no_tx"]) == ("ON", "0")
        finally:
            await environment.down()

    asyncio.run(replicate())
