"""Replays traces through the running system: sends what came in, waits for rest, and compares what went out.

All traces run at once, each under names of its own, so they take as long as the longest. How a system is driven and
where its output is read is its own affair: a `Driver` does that. It also says, as one projection used for both sides,
which part of a baseline can be seen from outside. A system that cannot be reached makes *unknown*, never a difference.

Of many traces a drill takes a share, so that the phase stays short; seeds in a row take turns until each trace has had
its own.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.clock import Clock
from harness.environments.base import Environment
from harness.history import History, Kind
from harness.replaying.comparison import ReplayResult, TraceVerdict, judge, unknown
from harness.traces import Comparison, Trace, Unreadable, iter_headings, load_trace

LIMIT_S = 20.0
"""For one trace."""


class Driver(Protocol):
    """Drives one system, prepared for a set of traces."""

    def project(self, output: Any) -> Any:
        """The part of an output that can be told from outside, in one order; of a baseline and of `play`'s alike."""
        ...

    async def play(self, trace: Trace) -> Any:
        """Sends the trace's inputs, waits until the system has come to rest after each, and reads the output."""
        ...

    async def unused(self, trace: Trace) -> Sequence[Mapping[str, Any]]:
        """The recorded answers of `trace` that nobody has asked for, as objects with a `request`."""
        ...


MakeDriver = Callable[[Environment, Sequence[Trace]], AbstractAsyncContextManager[Driver]]
"""Prepares a system (its outside parties know the recorded answers), and puts that back at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The traces of one drill: those of turn `turn` of `turns`, counted from 1. A turn has a few from everywhere."""

    traces: tuple[str, ...]
    turn: int
    turns: int

    @classmethod
    def of(cls, traces: Sequence[str], *, seed: int, at_most: int | None) -> "Share":
        """The share of `seed`: so many seeds in a row as there are turns have every trace once."""
        turns = 1 if at_most is None else max(1, -(-len(traces) // at_most))
        turn = seed % turns
        return cls(traces=tuple(sorted(traces)[turn::turns]), turn=turn + 1, turns=turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTraces:
    """The replay phase of a scenario: the `end_to_end` traces below `directory`, driven by what `driver` makes.

    Each gives one event `replay`: the trace, its outcome, and the differences. Before them an event `share` says how
    many of them there are, and which turn it is. With `at_most` no more than that are driven at once.
    """

    directory: Path
    driver: MakeDriver
    comparison: Comparison = field(default_factory=Comparison)
    limit_s: float = LIMIT_S
    at_most: int | None = None

    async def replay(self, environment: Environment, history: History, clock: Clock, *, seed: int) -> None:
        """Replays the seed's share of the traces, all of it at once, and writes what came of each."""
        try:
            drivable = [trace.id for trace in iter_headings(self.directory) if trace.end_to_end]
            share = Share.of(drivable, seed=seed, at_most=self.at_most)
            traces = [load_trace(self.directory / one, root=self.directory) for one in share.traces]
        except Unreadable as error:
            _write(history, unknown(self.directory.name, str(error)))
            return
        told = {"traces": len(share.traces), "of": len(drivable), "turn": share.turn, "turns": share.turns}
        history.append(actor="replay", kind=Kind.STEP, action="share", value=told)
        for verdict in await self.judge(environment, traces):
            _write(history, verdict)

    async def judge(self, environment: Environment, traces: Sequence[Trace]) -> list[TraceVerdict]:
        """The verdict of each trace, in order."""
        try:
            async with self.driver(environment, traces) as driver:
                return list(await asyncio.gather(*(self._one(driver, trace) for trace in traces)))
        except Exception as error:
            return [unknown(trace.id, _said(error)) for trace in traces]

    async def _one(self, driver: Driver, trace: Trace) -> TraceVerdict:
        try:
            async with asyncio.timeout(self.limit_s):
                output = await driver.play(trace)
                result = ReplayResult(trace=trace.id, output=output, unused=tuple(await driver.unused(trace)))
            baseline = None if trace.baseline is None else driver.project(trace.baseline)
            return judge(trace.with_baseline(baseline), result, self.comparison)
        except Exception as error:
            return unknown(trace.id, _said(error))


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _write(history: History, verdict: TraceVerdict) -> None:
    history.append(actor="replay", kind=Kind.STEP, action="replay", value=verdict.to_json())
