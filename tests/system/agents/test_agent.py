"""The guard around every agent: it cannot be bypassed, and it tells where the agent hung (5.4, 5.5)."""

import ast
import asyncio
import importlib
import inspect
import logging
import pkgutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

import system
from scenarios.world.tenders import TenderSource
from system.agents.agent import Agent, ExecutionResult
from system.agents.agents import booking_agent
from system.agents.booking import BookingAgent
from system.agents.motion import Motion
from system.agents.unsafe_booking import RowKeyedBookingAgent
from system.agents.unsafe_spin import SpinningAgent
from system.clock import RandomIds
from system.settings import Settings
from system.storage import Identity, Intent, State
from system.storage.blocking import in_place
from system.storage.crew import Surroundings

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


async def _coroutine(self: Agent, intent: Intent) -> ExecutionResult:
    return ExecutionResult(success=True)


async def _generator(self: Agent, intent: Intent) -> AsyncIterator[ExecutionResult]:
    yield ExecutionResult(success=True)


def _plain(self: Agent, intent: Intent) -> ExecutionResult:
    return ExecutionResult(success=True)


WAYS: dict[str, object] = {
    "coroutine": _coroutine,
    "generator": _generator,
    "function": _plain,
    "static method": staticmethod(_plain),
    "class method": classmethod(_plain),  # type: ignore[arg-type]
    "property": property(_plain),  # type: ignore[arg-type]
    "callable": partial(_plain),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", ["execute", "book", "__init_subclass__"])
def test_a_way_around_the_guard_is_refused_when_it_is_written(name: str, way: object) -> None:
    with pytest.raises(TypeError, match="guard"):
        type("Bypassing", (Agent,), {"_execute": _coroutine, name: way})


def test_what_an_agent_keeps_to_itself_is_its_own_affair() -> None:
    kept = {"_execute": _coroutine, "_book": _coroutine, "COMMODITIES": frozenset({"APPLES"}), "__doc__": "Books."}
    assert issubclass(type("Private", (Agent,), kept), Agent)


def test_an_agent_without_work_cannot_be_made() -> None:
    class Empty(Agent):
        pass

    with pytest.raises(TypeError, match="_execute"):
        Empty(guard_s=1)  # type: ignore[abstract]


def _modules() -> list[Any]:
    names = [module.name for module in pkgutil.walk_packages(system.__path__, "system.")]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def _agents() -> set[type[Agent]]:
    """Every agent that the system has, wherever it stands: found, so that a new one is among them."""
    return {
        kind
        for module in _modules()
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, Agent) and kind is not Agent
    }


def test_every_agent_of_the_system_is_found() -> None:
    assert {BookingAgent, RowKeyedBookingAgent, SpinningAgent} <= _agents()


@pytest.mark.parametrize("kind", sorted(_agents(), key=str))
def test_every_method_of_every_agent_runs_under_the_guard(kind: type[Agent]) -> None:
    """5.5 over all agents there are: what can be asked of one is `execute` alone, and a hang in it ends in Timeout."""
    public = {name for name in dir(kind) if name[0] != "_"}
    assert public == {"execute"}
    assert kind.execute is Agent.execute

    async def never(self: Agent, intent: Intent) -> ExecutionResult:
        await asyncio.Event().wait()
        raise AssertionError("it never comes")

    agent: Agent = object.__new__(type(f"Hanging{kind.__name__}", (kind,), {"_execute": never}))
    Agent.__init__(agent, guard_s=0.02)
    result = asyncio.run(agent.execute(INTENT))
    assert (result.success, result.error) == (False, "Timeout")


def test_no_agent_is_called_past_its_guard() -> None:
    sources = {path: path.read_text() for path in Path(*system.__path__).rglob("*.py")}
    for path, text in sources.items():
        for node in ast.walk(ast.parse(text)) if "system.agents" in text else ():
            if isinstance(node, ast.Attribute) and node.attr == "_execute" and ast.unparse(node.value) != "super()":
                assert path.name == "agent.py", f"{path}:{node.lineno} reaches past an agent's guard"


def test_the_guard_is_that_of_the_playbook() -> None:
    assert Settings.model_fields["agent_guard_s"].default == 60.0


class _Silent(httpx.AsyncBaseTransport):
    """Takes requests and never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("it never comes")


@pytest.mark.parametrize("switches", [{}, {"unsafe_booking_key_from_row": True}, {"unsafe_spin_on_commodity": "NONE"}])
def test_an_agent_as_it_is_made_ends_in_timeout_when_motion_never_answers(
    make_middle: Callable[..., Any], switches: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    middle = make_middle(agent_guard_s=0.2, motion_timeout_s=60, allow_unsafe=True, **switches)
    middle.accept(TenderSource(7, "P1", originals_only=True).next())

    async def work(resolver: Any, _: Any) -> None:
        while await resolver.step():
            pass
        intent = middle.storage.intents.in_state(State.CONFIRMED)[0]
        around = Surroundings(settings=middle.settings, clock=middle.clock, ids=RandomIds(), run_blocking=in_place)
        async with httpx.AsyncClient(transport=_Silent(), trust_env=False) as client:
            results.append(await booking_agent(middle.storage, Motion(client, middle.settings), around).execute(intent))

    results: list[ExecutionResult] = []
    with caplog.at_level(logging.ERROR):
        middle.run(work)
    assert [(result.success, result.error) for result in results] == [(False, "Timeout")]
    assert "in _ask" in caplog.text, "the log says where: in the request to Motion"
