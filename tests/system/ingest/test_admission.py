"""Threads are few, an answer comes in time although its thread does not, and no more is let in than fits."""

import asyncio
import threading
from typing import Any

import httpx
import pytest

from system.ingest import admission
from system.ingest.admission import Admission, BoundedThreads, Full, TooLate
from system.storage import Storage


def test_work_answers_and_raises_as_if_it_were_called() -> None:
    async def run() -> None:
        threads = BoundedThreads(2)
        assert await threads(lambda: 5) == 5
        with pytest.raises(ZeroDivisionError):
            await threads(lambda: 1 // 0)

    asyncio.run(run())


def test_no_more_threads_than_allowed() -> None:
    most, running, lock = 0, 0, threading.Lock()
    gate = threading.Barrier(3)

    def work() -> None:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(timeout=10)
        with lock:
            running -= 1

    async def run() -> None:
        threads = BoundedThreads(3, within_s=20)
        await asyncio.gather(*(threads(work) for _ in range(12)))

    asyncio.run(run())
    assert most == 3


def test_an_answer_in_time_although_the_thread_hangs() -> None:
    release, called = threading.Event(), []

    async def run() -> None:
        threads = BoundedThreads(1, within_s=0.05)
        with pytest.raises(TooLate):
            await threads(lambda: release.wait(timeout=10))
        with pytest.raises(TooLate):
            await threads(lambda: called.append("never got a thread"))
        release.set()
        await asyncio.gather(*threads._running, return_exceptions=True)
        assert await threads(lambda: "again") == "again"

    asyncio.run(run())
    assert called == []


def test_places_are_counted_and_given_back() -> None:
    admission = Admission(2)
    with admission.admit(), admission.admit():
        with pytest.raises(Full), admission.admit():
            raise AssertionError("let in")
        assert admission.in_flight == 2
    with pytest.raises(KeyError), admission.admit():
        raise KeyError
    assert admission.in_flight == 0


def test_a_request_is_answered_while_its_thread_still_hangs(
    start: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission.BoundedThreads.__init__, "__kwdefaults__", {"within_s": 0.2})
    release = threading.Event()

    class Hanging:
        def __init__(self, real: Storage) -> None:
            self.__dict__.update(vars(real))
            self.signals: Any = self
            self.ping = real.ping

        def accept(self, _: Any) -> Any:
            release.wait(timeout=60)
            raise KeyError("nobody is there to hear it")

    running = start(storage=Hanging, threads=True)

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        answer = await client.post("/signals", content=write("SHP1"), headers=running.headers)
        assert not release.is_set()
        release.set()
        return answer

    assert running.ask(ask).status_code == 503
