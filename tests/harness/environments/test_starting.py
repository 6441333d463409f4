"""A start that cannot be says why and leaves nothing, whether it failed, was cancelled or took too long."""

import asyncio
from pathlib import Path

import pytest

from harness.clock import sleep_s
from harness.environments.base import (
    EnvironmentFault,
    ProcessIdentity,
)
from harness.environments.processes import ProcessesEnvironment
from tests.harness.environments.sleepers import all_gone
from tests.harness.environments.toys import during, ledger, made, with_echo


def test_a_service_that_waits_becomes_ready(tmp_path: Path) -> None:
    environment = made(tmp_path, overrides={"NOT_READY": "5"})

    async def nothing() -> None:
        pass

    during(environment, nothing)


@pytest.mark.parametrize(
    ("changes", "overrides", "said"),
    [
        ({}, {"FAIL": "3"}, ["echo: it ended with exit code 3", "this is the log of echo", "python -m echo"]),
        ({"options": {"module": "absent"}}, {}, ["echo: it ended with exit code 1", "No module named absent"]),
        ({"environ": {"X": "${nothing}"}}, {}, ["'echo' refers to ${nothing}"]),
        ({}, {"nobody.option": "1"}, ["no service 'nobody'"]),
        ({"kind": "cobol"}, {}, ["no kind of service is called 'cobol'"]),
    ],
)
def test_what_cannot_come_up_says_why_and_leaves_nothing(
    tmp_path: Path, changes: dict[str, object], overrides: dict[str, str], said: list[str]
) -> None:
    environment = made(tmp_path, with_echo(**changes), overrides=overrides)
    with pytest.raises(EnvironmentFault) as error:
        asyncio.run(environment.up())
    assert all(text in str(error.value) for text in said), str(error.value)
    assert not environment.directory.exists()
    with pytest.raises(EnvironmentFault, match="not up"):
        environment.process("redis")


def test_a_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    environment = made(tmp_path, overrides={"NOT_READY": "1000000"})

    async def give_up() -> list[ProcessIdentity]:
        starting = asyncio.create_task(environment.up())
        while len(processes := _ledger_or_nothing(environment)) < 5:
            await sleep_s(0.01)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        return processes

    assert all_gone(asyncio.run(give_up()))
    assert not environment.directory.exists()


def _ledger_or_nothing(environment: ProcessesEnvironment) -> list[ProcessIdentity]:
    try:
        return ledger(environment)
    except EnvironmentFault:
        return []
