"""Answers from a system that runs: those of this time alone, and only where the replay is what was seen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from harness.config import Config, ConfigError
from harness.environments.base import Environment
from harness.replaying.keeping import Refused
from harness.replaying.record import Recorder, record
from harness.replaying.runner_process import Target
from harness.replaying.runners import Runners
from harness.replaying.running import RunningSystem, configured_driver
from harness.run import ExitCode
from harness.traces import Cassette, Interaction, Request, Response, Trace, load_trace
from harness.traces.recordings import cassette_text

BEFORE = Interaction(
    request=Request(method="GET", uri="http://before.invalid/"), response=Response(status=200, body="")
)


@dataclass(slots=True, kw_only=True)
class Driver:
    """Asks what the entry `asks` asks, if it is to, and shows `output`; None hangs, an exception is raised."""

    exchanges: Path
    asks: bool = True
    output: Any = None
    given: Sequence[Trace] = ()
    left: bool = False

    def project(self, output: Any) -> Any:
        return {"asked": output["asked"]}

    async def play(self, trace: Trace) -> Any:
        if isinstance(self.output, Exception):
            raise self.output
        if self.output is None:
            await asyncio.Event().wait()
        if self.asks:
            asked = Request(method="GET", uri="http://there.invalid/")
            answered = Interaction(request=asked, response=Response(status=200, body="now"))
            self.exchanges.write_text(cassette_text(Cassette(interactions=(BEFORE, answered))))
        return self.project(self.output)

    async def unused(self, trace: Trace) -> Sequence[Mapping[str, Any]]:
        return []

    @asynccontextmanager
    async def made(self, environment: Environment, traces: Sequence[Trace]) -> AsyncIterator["Driver"]:
        self.given = traces
        try:
            yield self
        finally:
            self.left = True


@pytest.fixture
def recorder(target: Callable[[str], Target]) -> Iterator[Recorder]:
    with Runners(target("asks"), processes=1) as runners:
        yield Recorder(runners=runners)


def running(driver: Driver, *, limit_s: float = 20.0) -> RunningSystem:
    return RunningSystem(
        environment=cast("Environment", None), driver=driver.made, exchanges=driver.exchanges, limit_s=limit_s
    )


def test_the_exchanges_of_this_time_become_the_answers(trace: Trace, tmp_path: Path, recorder: Recorder) -> None:
    driver = Driver(exchanges=tmp_path / "exchanges.yaml", output={"asked": 1})
    driver.exchanges.write_text(cassette_text(Cassette(interactions=(BEFORE,))))
    draft = replace(trace, folder=None, baseline=None)
    record(draft, running(driver), recorder, root=tmp_path, approval=None)
    found = load_trace(tmp_path / "one")
    (taken,) = found.cassette.interactions
    assert taken.response is not None
    assert (taken.response.body, found.baseline) == ("now", {"asked": 1})
    assert not driver.given[0].cassette.interactions, "a system that runs is not helped with the old answers"
    assert driver.left


def test_a_replay_that_is_not_what_was_seen_is_refused(trace: Trace, tmp_path: Path, recorder: Recorder) -> None:
    driver = Driver(exchanges=tmp_path / "exchanges.yaml", output={"asked": 2})
    driver.exchanges.write_text(cassette_text(Cassette(interactions=(BEFORE,))))
    with pytest.raises(Refused, match="one thing, and the replay of it gives another:\n  asked: was 2, now 1"):
        running(driver).fill(trace, recorder)


def test_a_system_that_was_not_told_to_write_its_exchanges(trace: Trace, tmp_path: Path, recorder: Recorder) -> None:
    driver = Driver(exchanges=tmp_path / "exchanges.yaml", output={"asked": 1}, asks=False)
    with pytest.raises(Refused, match=r"not recorded: GET http://there.*\n  nothing was written into .*told to"):
        running(driver).fill(trace, recorder)


@pytest.mark.parametrize(
    ("output", "said"),
    [(None, "could not be driven: no rest within 0.05 s"), (LookupError("no key"), "could not be driven: no key")],
)
def test_a_system_that_cannot_be_driven_is_unknown(
    trace: Trace, tmp_path: Path, recorder: Recorder, output: Any, said: str
) -> None:
    driver = Driver(exchanges=tmp_path / "exchanges.yaml", output=output)
    with pytest.raises(Refused, match=said) as refused:
        running(driver, limit_s=0.05).fill(trace, recorder)
    assert refused.value.exit_code is ExitCode.UNKNOWN
    assert driver.left


def test_a_trace_that_no_system_can_be_driven_through(trace: Trace, tmp_path: Path, recorder: Recorder) -> None:
    driver = Driver(exchanges=tmp_path / "exchanges.yaml", output={"asked": 1})
    with pytest.raises(Refused, match="end_to_end: false"):
        running(driver).fill(replace(trace, end_to_end=False), recorder)
    assert not driver.given


def test_the_driver_is_what_the_project_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Config(project=tmp_path, topology="t:T", scenarios_directory=tmp_path / "s", runs=tmp_path / "runs")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "driving.py").write_text("def driver(environment, traces): ...\nNONE = 3\n")
    assert configured_driver(replace(plain, driver="driving:driver")).__name__ == "driver"
    for other in (plain, replace(plain, driver="driving:NONE")):
        with pytest.raises(ConfigError, match="names no driver"):
            configured_driver(other)
