"""Stuck executions: the worker dies, Motion is asked, the state is final; nobody else suffers (5.1-5.4, H4-H6)."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from scenarios.world.tenders import TenderSource
from system.agents.fold import content_of, rank_of, reference_of
from system.agents.motion import Motion
from system.agents.process import Named, WorkerProcess, own_place
from system.agents.supervisor import Supervisor
from system.recovery.agent_timeout import AgentTimeoutRecovery, Settled
from system.storage import Claim, DatabaseUnavailable, FencedOff, Intent, State
from system.storage.blocking import in_place

STACK = 'File "agent.py", line 1 in spins'


@pytest.fixture
def worker() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that stands for a worker: the supervisor finds it by its name alone."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def _name(process: "subprocess.Popen[bytes]", line: int = 1) -> str:
    ticks = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
    identity = WorkerProcess(pid=process.pid, started_ticks=ticks)
    return f"{Named(kind='agents', place=own_place(), process=identity)}-{line}"


def _confirmed(middle: Any, count: int = 1) -> list[Intent]:
    source = TenderSource(7, "P1", originals_only=True)
    while middle.storage.intents.counts()[State.RECEIVED] < count:
        middle.accept(source.next())

    async def resolve(resolver: Any, agents: Any) -> None:
        while await resolver.step():
            pass

    middle.run(resolve)
    confirmed: list[Intent] = middle.storage.intents.in_state(State.CONFIRMED)
    assert len(confirmed) >= count
    return confirmed


def _claimed(middle: Any, name: str) -> Claim:
    claim = middle.storage.claims.claim_confirmed(name, lease_s=600)
    assert isinstance(claim, Claim)
    return claim


def _supervise(middle: Any, steps: int = 1, *, wait_s: float = 1.0) -> None:
    async def work() -> None:
        async with middle.client() as client:
            motion = Motion(client, middle.settings)
            recovery = AgentTimeoutRecovery(
                middle.storage, motion, middle.settings, middle.clock, by="supervisor", run_blocking=in_place
            )
            supervisor = Supervisor(
                middle.storage,
                recovery,
                middle.settings,
                middle.clock,
                ask_stack=lambda process: STACK,
                run_blocking=in_place,
            )
            for _ in range(steps):
                await supervisor.step()
                middle.clock.move(wait_s)

    asyncio.run(work())


def _book(middle: Any, intent: Intent) -> str:
    """What the worker did in Motion before it hung."""
    document = {
        "reference": reference_of(intent),
        "content": content_of(intent),
        "rank": list(rank_of(intent)),
    }
    load_id = middle.motion.loads.book(f"book:{reference_of(intent)}", document).load["load_id"]
    assert isinstance(load_id, str)
    return load_id


def _now(middle: Any, intent_id: str) -> Intent:
    intent = middle.storage.intents.get(intent_id)
    assert isinstance(intent, Intent)
    return intent


def test_a_stuck_intent_has_its_worker_killed_and_fails(
    middle: Any, worker: "subprocess.Popen[bytes]", caplog: pytest.LogCaptureFixture
) -> None:
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    middle.clock.move(299)
    _supervise(middle)
    assert worker.poll() is None  # not yet: five minutes are not over
    assert _now(middle, claim.intent.id).state is State.EXECUTING

    middle.clock.move(2)
    with caplog.at_level(logging.ERROR):
        _supervise(middle)
    assert worker.wait() == -signal.SIGKILL
    assert _now(middle, claim.intent.id).state is State.EXECUTING  # Motion may still be at it
    _supervise(middle, 2, wait_s=11)

    intent = _now(middle, claim.intent.id)
    assert (intent.state, intent.error_reason) == (State.FAILED, "Agent timeout after 300s")
    assert middle.loads(reference_of(intent)) == []
    told = next(record for record in caplog.records if "AgentContract timeout" in record.getMessage())
    assert (vars(told)["intent_id"], vars(told)["stack"]) == (claim.intent.id, STACK)
    (case,) = middle.storage.agent_timeouts.since(claim.intent.updated_at)
    assert (case.stack, case.outcome, case.worker) == (STACK, "FAILED", claim.intent.worker)
    assert middle.storage.agent_timeouts.open() == []


def test_what_motion_booked_is_executed_although_its_worker_was_killed(
    middle: Any, worker: "subprocess.Popen[bytes]"
) -> None:
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    load_id = _book(middle, claim.intent)
    middle.clock.move(301)
    _supervise(middle)
    intent = _now(middle, claim.intent.id)
    assert (intent.state, intent.load_id) == (State.EXECUTED, load_id)
    assert worker.wait() == -signal.SIGKILL


def test_what_motion_books_late_counts_as_well(middle: Any, worker: "subprocess.Popen[bytes]") -> None:
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    middle.clock.move(301)
    _supervise(middle, 2, wait_s=3)
    load_id = _book(middle, claim.intent)
    _supervise(middle, 2, wait_s=11)
    assert (_now(middle, claim.intent.id).state, _now(middle, claim.intent.id).load_id) == (State.EXECUTED, load_id)


def test_while_motion_is_away_nothing_is_final(middle: Any, worker: "subprocess.Popen[bytes]") -> None:
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    middle.clock.move(301)
    middle.outage = lambda request: httpx.Response(503)
    _supervise(middle, 20, wait_s=100)
    assert _now(middle, claim.intent.id).state is State.EXECUTING
    assert middle.storage.claims.expire_leases(State.EXECUTING, actor="leases") == []  # the case is cared for
    middle.outage = lambda request: None
    _supervise(middle, 1)
    assert _now(middle, claim.intent.id).state is State.FAILED


def test_without_the_look_into_motion_a_failed_intent_has_a_live_load(
    make_middle: Callable[..., Any], worker: "subprocess.Popen[bytes]"
) -> None:
    """H5, the harm."""
    middle = make_middle(allow_unsafe=True, unsafe_fail_without_reconciling=True)
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    _book(middle, claim.intent)
    middle.clock.move(301)
    _supervise(middle)
    assert _now(middle, claim.intent.id).state is State.FAILED
    assert [load["status"] for load in middle.loads(reference_of(claim.intent))] == ["BOOKED"]


def test_a_worker_out_of_reach_is_fenced_off_and_its_intent_done_by_another(
    make_middle: Callable[..., Any], worker: "subprocess.Popen[bytes]"
) -> None:
    middle = make_middle(supervisor_may_kill=False)
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    middle.clock.move(301)
    _supervise(middle)
    assert worker.poll() is None
    assert _now(middle, claim.intent.id).state is State.CONFIRMED

    middle.settle()
    assert _now(middle, claim.intent.id).state is State.EXECUTED
    with pytest.raises(FencedOff):  # it wakes up
        middle.storage.claims.give_back(claim, "Timeout", retry_at=middle.clock.now())
    _book(middle, claim.intent)  # with the same key: the same load
    assert len(middle.loads(reference_of(claim.intent))) == 1


def test_without_the_fence_one_that_wakes_up_undoes_what_its_successor_did(
    make_middle: Callable[..., Any], worker: "subprocess.Popen[bytes]"
) -> None:
    """H6, the harm."""
    middle = make_middle(supervisor_may_kill=False, allow_unsafe=True, unsafe_no_attempt_fence=True)
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    middle.clock.move(301)
    _supervise(middle)
    middle.settle()
    middle.storage.claims.give_back(claim, "Timeout", retry_at=middle.clock.now())
    assert _now(middle, claim.intent.id).state is State.CONFIRMED
    steps = [(one.from_state, one.to_state) for one in middle.storage.transitions.of(claim.intent.id)]
    assert steps[-2:] == [(State.EXECUTING, State.EXECUTED), (State.EXECUTING, State.CONFIRMED)]


def test_the_intent_of_a_worker_that_died_by_itself_is_given_back(
    middle: Any, worker: "subprocess.Popen[bytes]"
) -> None:
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    _supervise(middle)
    assert _now(middle, claim.intent.id).state is State.EXECUTING
    worker.kill()
    worker.wait()
    _supervise(middle)
    assert _now(middle, claim.intent.id).state is State.CONFIRMED


def test_only_the_worker_of_the_stuck_intent_dies(middle: Any, worker: "subprocess.Popen[bytes]") -> None:
    _confirmed(middle, 2)
    stuck = _claimed(middle, _name(worker))
    middle.clock.move(301)
    own = Named.own("agents")
    innocent = _claimed(middle, str(own))
    _supervise(middle)
    assert worker.wait() == -signal.SIGKILL
    assert own.process.pid == os.getpid()
    assert _now(middle, innocent.intent.id).state is State.EXECUTING
    middle.storage.claims.finish_execution(innocent, "L1")
    with pytest.raises(FencedOff):
        middle.storage.claims.finish_execution(stuck, "L2")


def test_what_ended_in_the_last_moment_stays_ended(middle: Any, worker: "subprocess.Popen[bytes]") -> None:
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    middle.clock.move(301)
    middle.storage.claims.finish_execution(claim, "L1")
    _supervise(middle)
    assert worker.poll() is None
    assert _now(middle, claim.intent.id).state is State.EXECUTED


def test_a_case_that_another_supervisor_left_is_gone_on_with(middle: Any, worker: "subprocess.Popen[bytes]") -> None:
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    middle.clock.move(301)
    middle.storage.agent_timeouts.notice(claim.intent, by="supervisor-before", lease_s=300)
    _supervise(middle, 3, wait_s=11)
    assert worker.wait() == -signal.SIGKILL
    assert _now(middle, claim.intent.id).state is State.FAILED


def test_what_an_operator_resolves_is_not_given_back_by_the_supervisor(middle: Any) -> None:
    """It looks while the operator waits until Motion cannot change its mind any more, and does the same."""
    _confirmed(middle)
    claim = _claimed(middle, "agents-1")
    middle.clock.move(301)

    class Looking:
        """The operator's clock: while it sleeps the supervisor looks."""

        now, monotonic_s = middle.clock.now, middle.clock.monotonic_s

        async def sleep_s(self, seconds: float) -> None:
            middle.clock.move(seconds)
            await looking[0].step()

    looking: list[Supervisor] = []

    async def work() -> Settled:
        async with middle.client() as client:
            motion = Motion(client, middle.settings)

            def recovery(clock: Any, by: str) -> AgentTimeoutRecovery:
                return AgentTimeoutRecovery(
                    middle.storage, motion, middle.settings, clock, by=by, run_blocking=in_place
                )

            supervisor = Supervisor(
                middle.storage,
                recovery(middle.clock, "supervisor"),
                middle.settings,
                middle.clock,
                ask_stack=lambda process: STACK,
                run_blocking=in_place,
            )
            looking.append(supervisor)
            return await recovery(Looking(), "operator ada").resolve(claim.intent.id)

    settled = asyncio.run(work())
    assert (settled.outcome, _now(middle, claim.intent.id).state) == ("FAILED", State.FAILED)
    assert middle.storage.agent_timeouts.open() == []
    assert _now(middle, claim.intent.id).retries == 0, "it was never given back"


def test_every_worker_is_dead_before_motion_is_waited_for(middle: Any, worker: "subprocess.Popen[bytes]") -> None:
    """What Motion does not answer may be what the second one hangs on as well."""
    _confirmed(middle, 2)
    first = _claimed(middle, "agents-1")
    middle.storage.agent_timeouts.notice(first.intent, by="operator", lease_s=300, dead=True)
    _claimed(middle, _name(worker))
    middle.clock.move(301)
    alive: list[bool] = []

    def asked(_: httpx.Request) -> httpx.Response:
        alive.append(worker.poll() is None)
        return httpx.Response(503)

    middle.outage = asked
    _supervise(middle)
    assert len(alive) == 2
    assert not any(alive)


def test_a_worker_that_holds_the_lock_of_its_intent_is_killed_all_the_same(
    middle: Any, worker: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped within a transaction it would keep everybody from taking its intent over, for ever."""
    _confirmed(middle)
    claim = _claimed(middle, _name(worker))
    middle.clock.move(301)
    timeouts = middle.storage.agent_timeouts
    notice = timeouts.notice

    def while_it_is_locked(*arguments: Any, **named: Any) -> Any:
        if worker.poll() is None:
            raise DatabaseUnavailable("Lock wait timeout exceeded; try restarting transaction")
        return notice(*arguments, **named)

    monkeypatch.setattr(timeouts, "notice", while_it_is_locked)
    _supervise(middle, 1)
    assert worker.wait() == -signal.SIGKILL
    assert _now(middle, claim.intent.id).attempt == claim.intent.attempt
    _supervise(middle, 3, wait_s=11)
    assert _now(middle, claim.intent.id).state is State.FAILED


def test_while_the_database_is_away_nobody_is_killed_who_is_out_of_reach(
    make_middle: Callable[..., Any], worker: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    middle = make_middle(supervisor_may_kill=False)
    _confirmed(middle)
    _claimed(middle, _name(worker))
    middle.clock.move(301)

    def away(*_: Any, **__: Any) -> Any:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(middle.storage.agent_timeouts, "notice", away)
    with pytest.raises(DatabaseUnavailable):
        _supervise(middle)
    assert worker.poll() is None


def test_the_worker_of_another_machine_is_left_to_its_own_supervisor(middle: Any) -> None:
    _confirmed(middle)
    claim = _claimed(middle, "agents-00000000-1.1-x")
    middle.clock.move(301)
    _supervise(middle)
    assert _now(middle, claim.intent.id).attempt == claim.intent.attempt
