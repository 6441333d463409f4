"""One process of several is stopped while it does what is meant, proved by its state, and continued."""

import asyncio
from dataclasses import dataclass, field

import pytest

from harness.environments.base import Capability, Environment, ProcessIdentity
from harness.faults import Noop, PauseWorker, pause_worker
from tests.harness.faults.injecting import injected
from tests.toy import ToyEnvironment, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Finds what it was told, one answer a look; the last for ever."""

    pids: tuple[int | None, ...]
    asked: list[int] = field(default_factory=list, compare=False, hash=False)

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.STORE})

    async def find(self, environment: Environment) -> ProcessIdentity | None:
        self.asked.append(1)
        pid = self.pids[min(len(self.asked), len(self.pids)) - 1]
        return None if pid is None else worker(pid).identity


def environment() -> ToyEnvironment:
    return ToyEnvironment(crew=[worker(1), worker(2), worker(3)])


def test_the_one_that_is_meant_is_stopped_and_continued() -> None:
    toy = environment()
    evidence = injected(PauseWorker(service="shop", which=Told(pids=(2,))), toy)
    assert evidence.proof
    assert evidence.facts["pid"] == 2
    assert evidence.facts["started_ticks"] == 20
    assert toy.log == ["pause worker 2 of shop", "resume worker 2 of shop"]


def test_one_that_had_come_to_its_end_when_it_was_stopped_is_let_go_and_another_is_found() -> None:
    toy = environment()
    which = Told(pids=(None, 2, 3, 3, 3))
    assert injected(PauseWorker(service="shop", which=which), toy).facts["pid"] == 3
    stops = ["pause worker 2 of shop", "resume worker 2 of shop", "pause worker 3 of shop", "resume worker 3 of shop"]
    assert toy.log == stops


def test_when_none_does_what_is_meant_nobody_is_stopped_and_nothing_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pause_worker, "FOUND_WITHIN_S", 0.05)
    toy = environment()
    assert not injected(PauseWorker(service="shop", which=Told(pids=(None,))), toy).proof
    assert toy.log == []


def test_one_that_dies_meanwhile_needs_no_continuing() -> None:
    toy = environment()

    def dies() -> None:
        del toy.crew[1]

    evidence = injected(PauseWorker(service="shop", which=Told(pids=(2,))), toy, dies)
    assert not evidence.proof
    assert toy.log == ["pause worker 2 of shop"]


def test_one_that_was_stopped_before_and_a_service_that_is_stopped_are_no_proof() -> None:
    stopped_before = ToyEnvironment(crew=[worker(1, state="T"), worker(2)])
    fault = PauseWorker(service="shop", which=Told(pids=(2,)))
    assert not injected(Noop(instead_of=fault), stopped_before).proof

    toy = environment()

    def whole_service() -> None:
        toy.state = "stopped"

    assert not injected(fault, toy, whole_service).proof


def test_it_is_continued_also_when_the_drill_is_interrupted_while_it_is_stopped() -> None:
    toy = environment()

    class Interrupting(Told):
        async def find(self, environment: Environment) -> ProcessIdentity | None:
            if toy.log:
                raise asyncio.CancelledError
            return worker(2).identity

    with pytest.raises(asyncio.CancelledError):
        injected(PauseWorker(service="shop", which=Interrupting(pids=())), toy)
    assert toy.log == ["pause worker 2 of shop", "resume worker 2 of shop"]


def test_it_needs_what_its_parts_need() -> None:
    fault = PauseWorker(service="shop", which=Told(pids=(2,)))
    assert (fault.name, fault.target) == ("pause worker", "shop")
    assert fault.needs == {Capability.PROCESSES, Capability.WORKERS, Capability.STORE}
