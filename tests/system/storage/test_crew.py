"""Workers that live off claims: nothing is lost when a step fails, a commit is unknown, or they are stopped."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import delete, update

from system.clock import RandomIds, SystemClock
from system.settings import Settings
from system.storage import (
    Claim,
    CommitUnknown,
    DatabaseUnavailable,
    FencedOff,
    NewSignal,
    Resolution,
    State,
    Storage,
    schema,
)
from system.storage.blocking import in_place, in_thread
from system.storage.crew import Crew, Ending, Surroundings, retry_delay_s

Make = Callable[..., NewSignal]
Handler = Callable[[Claim], Awaitable[Ending]]
CONFIRMED = Resolution(state=State.CONFIRMED, payload={})
QUICK = Settings(poll_interval_s=0.005, retry_first_s=0.01, retry_max_s=0.01)
WITHIN_S = 20


def _crew(
    storage: Storage, handle: Handler | None = None, *, size: int = 1, take: Any = None, clock: Any = None
) -> Crew:
    async def confirm(claim: Claim) -> Ending:
        return lambda: storage.claims.record_resolution(claim, CONFIRMED)

    return Crew(
        "crew",
        size=size,
        claims=storage.claims,
        take=take or (lambda worker: storage.claims.claim_received(worker, lease_s=60)),
        handle=handle or confirm,
        handled=State.RESOLVING,
        around=Surroundings(settings=QUICK, clock=clock or SystemClock(), ids=RandomIds(), run_blocking=in_thread),
    )


async def _run_until(crew: Crew, done: Callable[[], bool]) -> None:
    running = asyncio.create_task(crew.run())
    async with asyncio.timeout(WITHIN_S):
        while not done():
            assert not running.done(), running.exception()
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def _all_in(storage: Storage, state: State, count: int) -> Callable[[], bool]:
    return lambda: storage.intents.counts()[state] == count


def test_a_step_is_one_claim_brought_to_its_end(storage: Storage, signal_of: Make) -> None:
    storage.signals.accept([signal_of("S1"), signal_of("S2")])

    async def steps() -> list[bool]:
        crew = _crew(storage)
        return [await crew.step() for _ in range(3)]

    assert asyncio.run(steps()) == [True, True, False]
    assert storage.intents.counts()[State.CONFIRMED] == 2


@pytest.mark.parametrize("size", [1, 4])
def test_a_crew_does_everything_that_comes(storage: Storage, signal_of: Make, size: int) -> None:
    storage.signals.accept([signal_of(f"S{number}") for number in range(20)])
    asyncio.run(_run_until(_crew(storage, size=size), _all_in(storage, State.CONFIRMED, 20)))


def test_several_work_at_once_but_one_asks_at_a_time(storage: Storage, signal_of: Make) -> None:
    asking, together = threading.Lock(), asyncio.Barrier(4)
    storage.signals.accept([signal_of(f"S{number}") for number in range(8)])

    async def handle(claim: Claim) -> Ending:
        await together.wait()  # with fewer than four at work nothing would go on
        return lambda: storage.claims.record_resolution(claim, CONFIRMED)

    def take(worker: str) -> Claim | None:
        assert asking.acquire(blocking=False), "two ask at once"
        try:
            return storage.claims.claim_received(worker, lease_s=60)
        finally:
            asking.release()

    asyncio.run(_run_until(_crew(storage, handle, size=4, take=take), _all_in(storage, State.CONFIRMED, 8)))


def test_an_unforeseen_error_gives_back_and_the_crew_goes_on(
    storage: Storage, signal_of: Make, caplog: pytest.LogCaptureFixture, clock: Any
) -> None:
    (one, two) = storage.signals.accept([signal_of("S1"), signal_of("S2")])

    async def handle(claim: Claim) -> Ending:
        if claim.intent.id == one.intent_id:
            raise ZeroDivisionError("a mistake of ours")
        return lambda: storage.claims.record_resolution(claim, CONFIRMED)

    async def steps() -> None:
        crew = _crew(storage, handle, clock=clock)
        assert await crew.step()
        assert await crew.step()

    asyncio.run(steps())
    first, second = (storage.intents.get(which.intent_id) for which in (one, two))
    assert first is not None
    assert second is not None
    assert (first.state, first.retries, second.state) == (State.RECEIVED, 1, State.CONFIRMED)
    assert "a mistake of ours" in caplog.text


def test_a_fenced_end_is_dropped_and_said(storage: Storage, signal_of: Make, caplog: pytest.LogCaptureFixture) -> None:
    storage.signals.accept([signal_of("S1")])

    async def handle(claim: Claim) -> Ending:
        def end() -> None:
            raise FencedOff("somebody newer")

        return end

    assert asyncio.run(_crew(storage, handle).step())
    (record,) = [record for record in caplog.records if "fenced off" in record.getMessage()]
    assert "somebody newer" in record.getMessage()


def test_the_end_is_written_once_the_database_is_back(storage: Storage, signal_of: Make, clock: Any) -> None:
    storage.signals.accept([signal_of("S1")])
    refusals = iter([DatabaseUnavailable("gone"), CommitUnknown("perhaps"), DatabaseUnavailable("gone")])

    async def handle(claim: Claim) -> Ending:
        def end() -> None:
            for error in refusals:
                raise error
            storage.claims.record_resolution(claim, CONFIRMED)

        return end

    assert asyncio.run(_crew(storage, handle, clock=clock).step())
    assert storage.intents.counts()[State.CONFIRMED] == 1


def test_what_a_failover_left_in_a_workers_name_is_taken_up_by_it(storage: Storage, signal_of: Make) -> None:
    """Its end was written to a primary that is gone; on the replica it stands as claimed, with nobody on it."""
    (accepted,) = storage.signals.accept([signal_of("S1")])
    states: list[State] = []

    async def handle(claim: Claim) -> Ending:
        states.append(claim.intent.state)
        return lambda: storage.claims.record_resolution(claim, CONFIRMED)

    async def steps() -> None:
        crew = _crew(storage, handle)
        assert await crew.step()
        worker = storage.transitions.of(accepted.intent_id)[-1].actor
        _rewind(storage, worker, accepted.intent_id)
        assert not await crew.step(), "no connection was lost, so there is nothing to look back for"
        storage.claims._database._drop_pool()
        assert await crew.step()
        assert not await crew.step()

    asyncio.run(steps())
    assert states == [State.RESOLVING, State.RESOLVING]
    assert storage.intents.counts()[State.CONFIRMED] == 1


def test_every_worker_looks_back_also_while_nothing_new_comes(storage: Storage, signal_of: Make) -> None:
    storage.signals.accept([signal_of(f"S{number}") for number in range(4)])
    first: dict[str, str] = {}

    async def handle(claim: Claim) -> Ending:
        first.setdefault(claim.intent.id, str(claim.intent.worker))
        await asyncio.sleep(0.05)
        return lambda: storage.claims.record_resolution(claim, CONFIRMED)

    async def work() -> None:
        running = asyncio.create_task(_crew(storage, handle, size=4).run())
        async with asyncio.timeout(WITHIN_S):
            while storage.intents.counts()[State.CONFIRMED] < 4:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            for intent_id, worker in first.items():
                _rewind(storage, worker, intent_id)
            # Only counted: a connection that a worker holds while its pool is dropped is nobody's to close afterwards.
            storage.claims._database.losses += 1
            while storage.intents.counts()[State.CONFIRMED] < 4:
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(work())
    assert len(set(first.values())) == 4


def _rewind(storage: Storage, worker: str, intent_id: str) -> None:
    """The intent as it was before the end of the claim."""
    table, ended = schema.intents, schema.transitions.c
    with storage.engine.begin() as connection:
        standing = {"state": State.RESOLVING, "worker": worker, "changes": 2, "payload": None}
        connection.execute(update(table).where(table.c.id == intent_id).values(standing))
        connection.execute(delete(schema.transitions).where(ended.intent_id == intent_id, ended.number == 3))


def test_work_goes_on_after_the_database_was_away(storage: Storage, signal_of: Make, caplog: Any) -> None:
    away = iter([DatabaseUnavailable("gone")] * 3)

    def take(worker: str) -> Claim | None:
        for error in away:
            raise error
        return storage.claims.claim_received(worker, lease_s=60)

    storage.signals.accept([signal_of("S1")])
    with caplog.at_level("INFO"):
        asyncio.run(_run_until(_crew(storage, take=take), _all_in(storage, State.CONFIRMED, 1)))
    said = [record.getMessage() for record in caplog.records if record.name == "system.storage.crew"]
    assert said == ["database away: gone", "database back"]


@pytest.mark.parametrize("when", ["working", "claiming"])
def test_a_stopped_worker_gives_back_what_it_held(storage: Storage, signal_of: Make, when: str) -> None:
    """Nobody has to wait for the lease of a process that was stopped in order."""
    (accepted,) = storage.signals.accept([signal_of("S1")])
    reached, go_on = threading.Event(), threading.Event()

    async def handle(claim: Claim) -> Ending:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable: it is cancelled there")

    def take(worker: str) -> Claim | None:
        claim = storage.claims.claim_received(worker, lease_s=60)
        if when == "claiming" and claim is not None:
            reached.set()
            go_on.wait(5)
        return claim

    async def stop_it() -> None:
        running = asyncio.create_task(_crew(storage, handle, take=take).run())
        await asyncio.to_thread(reached.wait, 5)
        running.cancel()
        await asyncio.sleep(0.02)
        go_on.set()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(stop_it())
    intent = storage.intents.get(accepted.intent_id)
    assert intent is not None
    assert (intent.state, intent.worker) == (State.RECEIVED, None)
    assert storage.transitions.of(intent.id)[-1].reason == "worker stopped"


def test_a_silent_worker_loses_its_lease(storage: Storage, signal_of: Make, clock: Any) -> None:
    (accepted,) = storage.signals.accept([signal_of("S1")])
    storage.claims.claim_received("somebody else", lease_s=60)
    clock.move(61)
    crew = _crew(storage, clock=clock)
    assert asyncio.run(crew.expire_leases()) == [accepted.intent_id]
    assert asyncio.run(crew.step())
    assert storage.intents.counts()[State.CONFIRMED] == 1


def test_waits_grow_and_are_bounded() -> None:
    settings = Settings()
    waits = [retry_delay_s(retries, settings) for retries in range(30)]
    assert waits == sorted(waits)
    assert (waits[0], waits[5], waits[19], waits[20]) == (0.2, 5.0, 5.0, 60.0)
    assert retry_delay_s(10**9, settings) == 60.0


def test_in_place_and_in_a_thread_are_the_same_to_the_caller() -> None:
    def fail() -> None:
        raise KeyError("x")

    async def both() -> None:
        for run in (in_place, in_thread):
            assert await run(lambda: 5) == 5
            with pytest.raises(KeyError):
                await run(fail)
        assert await in_thread(threading.get_ident) != await in_place(threading.get_ident)

    asyncio.run(both())
