"""Where a command runs, and whose it is: settings, clock, storage and outside clients.

They are this process's own, unless whoever calls the command line gives others as click's object. A replay of what an
operator did is such a caller. Commands read nothing of this themselves, so that they do there what they do here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import click
import httpx

from system.calendar import Calendar
from system.clock import Clock, RandomIds, SystemClock
from system.exchanges import outside_client
from system.governance.operators import operator_name
from system.settings import Settings
from system.storage import Storage
from system.storage.blocking import RunBlocking, in_thread

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """See the module. `open_storage` and `open_client` are for the time of one command; `run` runs a coroutine."""

    settings: Settings
    clock: Clock
    operator: str
    open_storage: Callable[[], AbstractContextManager[Storage]]
    open_client: Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]
    run_coroutine: Callable[[Coroutine[Any, Any, Any]], Any]
    run_blocking: RunBlocking = in_thread

    @classmethod
    def of_this_process(cls) -> Self:
        """Its environment, its clock, its account."""
        settings, clock = Settings.load(), SystemClock()

        @contextmanager
        def open_storage() -> Iterator[Storage]:
            storage = Storage.connect(settings, clock=clock, ids=RandomIds())
            try:
                yield storage
            finally:
                storage.close()

        @asynccontextmanager
        async def open_client() -> AsyncIterator[httpx.AsyncClient]:
            async with outside_client(settings, clock) as client:
                yield client

        return cls(
            settings=settings,
            clock=clock,
            operator=operator_name(),
            open_storage=open_storage,
            open_client=open_client,
            run_coroutine=asyncio.run,
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns or raises."""
        done: T = self.run_coroutine(work)
        return done

    def calendar(self, storage: Storage) -> Calendar:
        """The calendar as it is now. DatabaseUnavailable."""
        calendar = Calendar(storage, self.settings, self.clock)
        calendar.look()
        return calendar


def console() -> Console:
    """That of the command at hand; ends it with 2 when a setting of this process is wrong."""
    context = click.get_current_context(silent=True)
    if context is None:
        return Console.of_this_process()
    found = context.find_object(Console)
    if found is None:
        found = context.find_root().obj = Console.of_this_process()
    return found
