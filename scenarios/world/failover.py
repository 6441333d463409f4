"""Watches a primary, and fails over to its replica when it is dead: fence, drain, promote, move, keep watching.

The order is the point. Before anything takes writes elsewhere, nobody can reach the old primary through the endpoint,
and it is killed if its host can be reached, or made read-only as soon as it answers again. One failover: a second one
would need a replica, and nobody makes one here.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from harness.clock import epoch_s, monotonic_s, sleep_s
from scenarios.world import fencing, promotion
from scenarios.world.endpoint import Endpoint, Upstream
from scenarios.world.managed_settings import Database, ManagedSettings

DECLARED_DEAD = "declared dead"
FENCED = "fenced"
DRAINED = "drained"
PROMOTED = "promoted"
MOVED = "endpoint moved"
FENCED_AGAIN = "old primary fenced again"

EVENTS_MAX = 10_000
_LATE_S = 0.5
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Failover:
    """The controller of one primary and one replica; `run` works until it is cancelled."""

    def __init__(self, settings: ManagedSettings, endpoint: Endpoint) -> None:
        self.settings = settings
        self.endpoint = endpoint
        self.state = "starting"
        self.events: list[dict[str, Any]] = []
        self.primary: Database | None = None
        self.replica: Database | None = None
        self.old: Database | None = None
        self.epoch: int | None = None
        self.primary_problem: str | None = "not looked at yet"

    async def run(self) -> None:
        """Find out who is primary, then watch it."""
        await self._begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_primary())
            tasks.create_task(self._watch_old())

    async def problem(self) -> str | None:
        """Why the managed database is not ready: the endpoint leads nowhere, or a replica that should run does not."""
        if self.primary_problem:
            return f"the primary does not answer: {self.primary_problem}"
        if self.endpoint.upstream is None:
            return f"the endpoint is closed ({self.state})"
        if self.replica is None:
            return None
        try:
            following = await asyncio.to_thread(promotion.replication, self.replica, self.settings.probe_timeout_s)
        except promotion.Failed as error:
            return f"the replica does not answer: {error}"
        if following is None:
            return "the replica follows nobody"
        return None if following.running else f"the replica's threads run: {(following.io, following.sql)}"

    def as_json(self) -> dict[str, Any]:
        """The answer of `/status`."""
        return {
            "primary": self.primary.name if self.primary else None,
            "replica": self.replica.name if self.replica else None,
            "old_primary": self.old.name if self.old else None,
            "epoch": self.epoch,
            "state": self.state,
            "endpoint": self.endpoint.as_json(),
            "unsafe": ["unsafe_no_fence"] if self.settings.unsafe_no_fence else [],
            "events": self.events,
        }

    def _note(self, what: str, **details: Any) -> None:
        event = {"number": len(self.events) + 1, "at_epoch_s": epoch_s(), "what": what, **details}
        if len(self.events) < EVENTS_MAX:
            self.events.append(event)
        _log.info("%s %s", what, details)

    async def _begin(self) -> None:
        """Wait until both servers answer; the one that follows the other is the replica."""
        while True:
            try:
                following = [await asyncio.to_thread(promotion.replication, one) for one in self.settings.databases]
                if (following[0] is None) != (following[1] is None):
                    break
                self.primary_problem = "expected one of the two to be a replica of the other"
            except promotion.Failed as error:
                self.primary_problem = str(error)
            await sleep_s(self.settings.probe_interval_s)
        first, second = self.settings.databases
        self.primary, self.replica = (first, second) if following[0] is None else (second, first)
        probe = promotion.Probe(self.primary, self.settings.probe_timeout_s)
        self.epoch = (await self._insisting("not looked at", probe.look)).server_id
        probe.close()
        self.endpoint.move(_upstream(self.primary))
        self.state, self.primary_problem = "steady", None
        self._note("watching", primary=self.primary.name, replica=self.replica.name, epoch=self.epoch)

    async def _watch_primary(self) -> None:
        while True:
            assert self.primary is not None
            reason, failures = await self._until_dead(self.primary)
            if self.replica is None:
                self.state = "lost"
                self._note("primary lost", database=self.primary.name, reason=reason, failures=failures)
                await self._until_back(self.primary)
            else:
                await self._fail_over(self.primary, self.replica, reason, failures)

    async def _until_dead(self, database: Database) -> tuple[str, int]:
        """Probe until as many looks in a row have failed as make it dead; returns the last reason and their number."""
        probe, failures = promotion.Probe(database, self.settings.probe_timeout_s), 0
        try:
            while True:
                began_s = monotonic_s()
                try:
                    self.epoch = (await asyncio.to_thread(probe.look)).server_id
                    failures, self.primary_problem = 0, None
                except promotion.Failed as error:
                    # A look that took far longer than its limit tells of a machine that was held up, not of the server.
                    if monotonic_s() - began_s < 2 * self.settings.probe_timeout_s + _LATE_S:
                        failures += 1
                    self.primary_problem = str(error)
                    if failures >= self.settings.failures_to_dead:
                        return str(error), failures
                await sleep_s(self.settings.probe_interval_s)
        finally:
            probe.close()

    async def _until_back(self, database: Database) -> None:
        probe = promotion.Probe(database, self.settings.probe_timeout_s)
        look = await self._insisting("not back", probe.look)
        probe.close()
        if look.read_only:
            # A promoted replica's own configuration still says what it was when it was started first.
            await self._insisting("promotion failed", lambda: promotion.promote(database, 0))
        self.epoch = look.server_id
        self.state, self.primary_problem = "alone", None
        self._note("primary is back", database=database.name)

    async def _fail_over(self, old: Database, new: Database, reason: str, failures: int) -> None:
        began_s = monotonic_s()
        self.state = "failing over"
        self._note(DECLARED_DEAD, database=old.name, reason=reason, failures=failures)
        if not self.settings.unsafe_no_fence:
            await self._fence(old)
        position = await self._insisting("drain failed", lambda: promotion.drain(new))
        self._note(DRAINED, database=new.name, gtid=position)
        above = self.epoch or 0
        self.epoch = await self._insisting("promotion failed", lambda: promotion.promote(new, above))
        self.primary, self.replica, self.old = new, None, old
        self._note(PROMOTED, database=new.name, epoch=self.epoch)
        self.endpoint.move(_upstream(new))
        self.state, self.primary_problem = "alone", None
        self._note(MOVED, database=new.name, epoch=self.epoch, took_s=round(monotonic_s() - began_s, 4))

    async def _fence(self, old: Database) -> None:
        """Nobody reaches `old` any more: connections cut, server killed if it can be, read-only if it is started."""
        cut = self.endpoint.cut()
        details: dict[str, Any] = {"database": old.name, "connections_cut": cut, "killed_pid": None}
        if self.settings.can_kill:
            try:
                details["killed_pid"] = await asyncio.to_thread(fencing.kill_server, old)
                details["already_gone"] = details["killed_pid"] is None
            except fencing.NotThatServer as error:
                details["not_killed"] = str(error)
        else:
            details["not_killed"] = "its host is out of reach"
        try:
            await asyncio.to_thread(fencing.write_fence, old)
            details["read_only_written"] = True
        except OSError as error:
            details["read_only_written"] = False
            details["not_written"] = str(error)
        self._note(FENCED, **details)

    async def _insisting(self, what: str, attempt: Callable[[], T]) -> T:
        """The result of `attempt`, tried until it succeeds; each new reason for failing is noted once."""
        noted = ""
        while True:
            try:
                return await asyncio.to_thread(attempt)
            except (*promotion.Failed, promotion.PromotionError) as error:
                if str(error) != noted:
                    noted = str(error)
                    self._note(what, reason=noted)
            await sleep_s(self.settings.probe_interval_s)

    async def _watch_old(self) -> None:
        """Whenever an old primary answers: make it read-only and kill its clients. Its own state is never trusted."""
        if self.settings.unsafe_no_fence:
            return
        settings, seen = self.settings, False
        while True:
            if self.old is not None:
                try:
                    limit_s, spare = settings.probe_timeout_s, settings.spare_users
                    done = await asyncio.to_thread(promotion.demote, self.old, limit_s, spare, clients_too=not seen)
                except promotion.Failed:
                    seen = False
                else:
                    if not seen or done.was_writable or done.killed:
                        details = {"was_writable": done.was_writable, "connections_killed": done.killed}
                        self._note(FENCED_AGAIN, database=self.old.name, **details)
                    seen = True
            await sleep_s(settings.probe_interval_s)


def _upstream(database: Database) -> Upstream:
    return Upstream(name=database.name, host=database.host, port=database.port)
