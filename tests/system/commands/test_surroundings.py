"""Commands run where they are told to, and read neither clock nor settings of the process themselves."""

import ast
import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import system.commands
from system.clock import SystemClock
from system.commands.surroundings import Console
from system.console import cli
from system.settings import Settings
from system.storage import Storage

OF_THE_PROCESS = {"SystemClock", "RandomIds", "operator_name", "Settings", "AsyncClient", "asyncio"}
KNOW_THEM = {"surroundings", "prompt"}
"""The one place that reads them, and the prompt, where whoever sits at it types."""


def test_no_command_reads_the_process_itself() -> None:
    """Else it would do something else in a replay than at the console: also a command that comes tomorrow."""
    found = []
    for path in Path(system.commands.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        names = {part for name in called for part in name.split(".")}
        if path.stem not in KNOW_THEM:
            found += [f"{path.name} calls {name}" for name in sorted(names & OF_THE_PROCESS)]
    assert not found


class _Moved:
    """A clock far from the machine's."""

    def now(self) -> datetime:
        return datetime(2031, 5, 5, 12, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep_s(self, seconds: float) -> None:
        raise AssertionError("nothing waits here")


def test_a_command_runs_where_it_is_told_to(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another storage, clock and operator than those that the environment names."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere/else.db")
    monkeypatch.setenv("OPERATOR", "somebody else")

    @contextmanager
    def open_storage() -> Iterator[Storage]:
        yield storage

    @asynccontextmanager
    async def open_client() -> Any:
        raise AssertionError("nobody asks")
        yield

    console = Console(
        settings=Settings(database_url="sqlite://"),
        clock=_Moved(),
        operator="ada",
        open_storage=open_storage,
        open_client=open_client,
        run_coroutine=asyncio.run,
    )
    result = CliRunner().invoke(cli, ["breakers", "reset", "P12345", "--why", "mended"], obj=console)
    assert result.exit_code == 0, result.output
    assert storage.operator_actions.newest(1)[0].who == "ada"
    listed = CliRunner().invoke(cli, ["partners", "scorecard", "P1", "--json"], obj=console)
    assert '"week": "2031-W19"' in listed.output


def test_the_console_of_this_process_is_its_environments(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR", "grace")
    console = Console.of_this_process()
    assert console.operator == "grace"
    with console.open_storage() as own:
        assert [one.id for one in own.partners.all()] == ["P1", "P12345"]
        assert abs(console.calendar(own).now() - SystemClock().now()).total_seconds() < 60
