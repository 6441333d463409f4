"""A forked service is a process of its own in every respect, and what cannot be preloaded is named."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environments.base import (
    EnvironmentFault,
)
from harness.environments.running import exists
from tests.harness.environments.toys import SMALL, during, made


def test_a_module_that_cannot_be_preloaded_is_named_with_its_error(tmp_path: Path) -> None:
    environment = made(tmp_path, replace(SMALL, preload=("json", "broken")))
    (tmp_path / "project" / "broken.py").write_text("import nowhere_to_be_found\n")
    with pytest.raises(EnvironmentFault, match=r"'broken' cannot be preloaded(.|\n)*nowhere_to_be_found"):
        asyncio.run(environment.up())


def test_a_module_that_starts_a_thread_at_import_is_refused(tmp_path: Path) -> None:
    environment = made(tmp_path, replace(SMALL, preload=("threaded",)))
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
    (tmp_path / "project" / "threaded.py").write_text(code)
    with pytest.raises(EnvironmentFault, match="started a thread at import"):
        asyncio.run(environment.up())


def test_a_python_service_runs_as_if_started_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "1")
    environment = made(tmp_path, overrides={"SWITCH": "on"})

    async def look() -> None:
        told = await environment.request("echo", "GET", "/")
        host, port = environment.address("echo")
        assert told["name"] == "__main__"
        assert told["session"] is True
        assert told["argv"][1:] == ["--seed", "7"]
        environ = told["environ"]
        assert (environ["HOST"], environ["PORT"]) == (host, str(port))
        assert environ["REDIS"] == "{}:{}".format(*environment.link_address("echo->redis"))
        assert environ["OWN"] == f"{host}:{port}"
        assert environ["SWITCH"] == "on"
        assert "LEAKED" not in environ
        assert all((await environment.request("echo", "GET", "/defaults")).values())
        assert "this is the log of echo" in (environment.directory / "logs" / "echo.log").read_text()

    during(environment, look)


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_no_process_is_called_what_it_is_not(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def look() -> None:
        pid = environment.process("echo").pid
        assert comm(pid) == "echo"
        assert exists(environment.process("echo"))
        with pytest.raises(EnvironmentFault, match="never started"):
            environment.process("nobody")
        with pytest.raises(EnvironmentFault, match="never started"):
            environment.process("console")

    during(environment, look)
