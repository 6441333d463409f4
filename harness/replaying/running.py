"""Answers from a system that runs: a trace is driven through it, and the exchanges that it wrote meanwhile are taken.

The system writes them itself, into a file in vcrpy's format, so they are those of the real parties that it asked.
Nobody else may keep it busy. What the system did is held against the replay under those answers: where they differ, the
exchanges are not all of this trace, or the replay is not the system.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from harness.config import Config, ConfigError
from harness.environments.base import Environment
from harness.replaying.end_to_end import Driver, MakeDriver
from harness.replaying.keeping import Refused
from harness.replaying.record import LINES_MAX, Recorder
from harness.run import ExitCode
from harness.traces import Cassette, Trace, difference, load_cassette

LIMIT_S = 120.0
"""For one trace, answers of real parties included."""

Result = TypeVar("Result")


class Run(Protocol):
    """Runs work to its end, and cancels it when the program is interrupted."""

    def __call__(self, work: Coroutine[Any, Any, Result], /) -> Result: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSystem:
    """Drives traces through `environment`, whose system writes its exchanges into the file `exchanges`."""

    environment: Environment
    driver: MakeDriver
    exchanges: Path
    run: Run = asyncio.run
    limit_s: float = LIMIT_S

    def fill(self, trace: Trace, recorder: Recorder) -> Trace:
        """The trace with the exchanges of this time as its answers. Refused where the replay is not what was seen."""
        if not trace.end_to_end:
            raise Refused(f"{trace.id}: it says `end_to_end: false`, so no running system can be driven through it")
        unanswered = trace.with_cassette(Cassette())
        before = len(self._exchanged())
        driver, seen = self.run(self._driven(unanswered))
        filled = trace.with_cassette(Cassette(interactions=self._exchanged()[before:]))
        moved = difference(seen, driver.project(self._output(filled, recorder)), recorder.comparison)
        if moved:
            lines = [f"{trace.id}: the system did one thing, and the replay of it gives another:", *map(str, moved)]
            raise Refused("\n  ".join(lines[: LINES_MAX + 1]))
        return filled

    def _output(self, trace: Trace, recorder: Recorder) -> Any:
        try:
            return recorder.output(trace)
        except Refused as refused:
            if trace.cassette.interactions:
                raise
            hint = f"nothing was written into {self.exchanges}: has the system been told to?"
            raise Refused(f"{refused}\n  {hint}", refused.exit_code) from refused

    async def _driven(self, trace: Trace) -> tuple[Driver, Any]:
        try:
            async with asyncio.timeout(self.limit_s), self.driver(self.environment, [trace]) as driver:
                return driver, await driver.play(trace)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            said = f"no rest within {self.limit_s:g} s" if isinstance(error, TimeoutError) else str(error)
            raise Refused(f"{trace.id}: the running system could not be driven: {said}", ExitCode.UNKNOWN) from error

    def _exchanged(self) -> tuple[Any, ...]:
        return load_cassette(self.exchanges).interactions if self.exchanges.exists() else ()


def configured_driver(config: Config) -> MakeDriver:
    """What the project names as its driver; ConfigError where it names none."""
    driver = config.load_driver()
    if not callable(driver):
        raise ConfigError(
            '[tool.harness] names no driver; add driver = "package.module:function", which drives traces through the '
            "running system"
        )
    made: MakeDriver = driver
    return made
