"""The guard around every agent: it cannot be bypassed, and it tells where the agent hung (5.4, 5.5)."""

import ast
import asyncio
import importlib
import inspect
import logging
import pkgutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import system
from system.agents.agent import Agent, ExecutionResult
from system.storage import Identity, Intent, State

AT = datetime(2027, 3, 1, tzinfo=UTC)
INTENT = Intent(
    id="00000000-0000-4000-8000-000000000789",
    signal_id="s",
    identity=Identity("P1", "S1", "original", "1"),
    state=State.EXECUTING,
    payload={},
    confidence=0.97,
    missing=None,
    error_reason=None,
    attempt=1,
    epoch=1,
    worker="w",
    lease_until=AT,
    load_id=None,
    retry_at=None,
    retries=0,
    changes=4,
    created_at=AT,
    updated_at=AT,
)


class Hanging(Agent):
    async def _execute(self, intent: Intent) -> ExecutionResult:
        await self._wait_for_an_answer_that_never_comes()
        return ExecutionResult(success=True)

    async def _wait_for_an_answer_that_never_comes(self) -> None:
        await asyncio.Event().wait()


def test_an_agent_that_hangs_is_cut_off_and_the_log_says_where(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        result = asyncio.run(Hanging(guard_s=0.05).execute(INTENT))

    assert (result.success, result.error, result.again) == (False, "Timeout", True)
    (record,) = caplog.records
    assert vars(record)["intent_id"] == INTENT.id
    assert "_wait_for_an_answer_that_never_comes" in caplog.text


def test_an_agent_that_ends_in_time_is_not_touched() -> None:
    class Quick(Agent):
        async def _execute(self, intent: Intent) -> ExecutionResult:
            return ExecutionResult(success=True, load_id="L1")

    assert asyncio.run(Quick(guard_s=60).execute(INTENT)) == ExecutionResult(success=True, load_id="L1")


@pytest.mark.parametrize("name", ["execute", "book", "__init_subclass__"])
def test_a_way_around_the_guard_is_refused_when_it_is_written(name: str) -> None:
    async def around(self: Agent, intent: Intent) -> ExecutionResult:
        return ExecutionResult(success=True)

    async def _execute(self: Agent, intent: Intent) -> ExecutionResult:
        return await around(self, intent)

    with pytest.raises(TypeError, match="guard"):
        type("Bypassing", (Agent,), {"_execute": _execute, name: around})


def test_an_agent_without_work_cannot_be_made() -> None:
    class Empty(Agent):
        pass

    with pytest.raises(TypeError, match="_execute"):
        Empty(guard_s=1)  # type: ignore[abstract]


def _modules() -> list[Any]:
    names = [module.name for module in pkgutil.walk_packages(system.__path__, "system.")]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def test_every_agent_of_the_system_runs_under_the_guard() -> None:
    """5.5 over all agents there are: none has its own `execute`, and none is called but through it."""
    agents = {
        kind
        for module in _modules()
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, Agent) and kind is not Agent
    }
    assert {kind.__name__ for kind in agents} == {"BookingAgent", "RowKeyedBookingAgent", "SpinningAgent"}
    assert all(kind.execute is Agent.execute for kind in agents)
    sources = {path: path.read_text() for path in Path(*system.__path__).rglob("*.py")}
    for path, text in sources.items():
        for node in ast.walk(ast.parse(text)) if "system.agents" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_execute":
                assert path.name == "agent.py", f"{path}:{node.lineno} calls an agent past its guard"
