"""The real clock and ids, and that nothing else in the system reads time or randomness."""

import ast
import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

import system
from system.clock import Clock, Ids, RandomIds, SystemClock

ROOT = Path(*system.__path__)
SOURCES = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "clock.py"]
OWN = ("settings.py", "storage", "resolver", "agents")
STEERED = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in OWN]


def test_the_clock_is_utc_and_goes_on() -> None:
    clock: Clock = SystemClock()
    before, before_s = clock.now(), clock.monotonic_s()
    asyncio.run(clock.sleep_s(0.01))
    assert before.utcoffset() == timedelta(0)
    assert clock.now() > before
    assert clock.monotonic_s() > before_s


def test_ids_are_uuids_and_differ() -> None:
    ids: Ids = RandomIds()
    made = {ids.new("intent") for _ in range(1000)}
    assert len(made) == 1000
    assert all(str(uuid.UUID(one)) == one for one in made)


@pytest.mark.parametrize("path", STEERED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_else_reads_time_or_randomness(path: Path) -> None:
    taken = {"time", "random", "uuid", "secrets"}
    for node in ast.walk(ast.parse(path.read_text())):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not taken & set(names), f"{path}: {names}"
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("utcnow", "today"), f"{path}:{node.lineno}"
            assert not (node.attr == "now" and getattr(node.value, "id", "") == "datetime"), f"{path}:{node.lineno}"
