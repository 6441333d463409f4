"""After a database failover: list what was lost, then ask the partners for it.

Two steps, in this order. `list_lost` compares what outlived the crash with the rows that are there, and writes the list
down; `ask_again` sends each affected partner one notice. Both can be run again: one incident a life of the database
(its epoch), a signal stands on one list once, and a partner is asked once. Nothing is put back by hand: a load that is
already booked is found again by the shipment's booking key when the partner's second sending comes in.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from system.clock import Clock
from system.recovery.evidence import Findings, Suspect, suspects_in_motion, suspects_in_redis
from system.recovery.notices import Notice, post_resend_request
from system.settings import Settings
from system.storage import Identity, LostSignal, Storage

SOURCES = ("redis", "motion")
_MARGIN = timedelta(seconds=1)
"""A partner's own note of when it sent something, and ours of when we had it, are not the same moment."""


class NoIncident(Exception):
    """There is no list to work on; says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time that partners are asked to send again: both ends belong to it."""

    start: datetime
    end: datetime

    def as_json(self) -> dict[str, str]:
        """As notices and listings have it."""
        return {"from": self.start.isoformat(), "to": self.end.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is known of an incident. `incident_id` is None when nothing was lost."""

    incident_id: str | None
    window: Window
    lost: Sequence[LostSignal]
    stored_again: Collection[Identity] = ()
    survived_in_window: int = 0
    added: int = 0
    findings: dict[str, Findings] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The document of `recover database list --json`."""
        certain = sum(one.certainty == "lost" for one in self.lost)
        return {
            "incident_id": self.incident_id,
            "window": self.window.as_json(),
            "lost": [self._entry(one) for one in self.lost],
            "counts": {
                "lost": certain,
                "possible": len(self.lost) - certain,
                "survived_in_window": self.survived_in_window,
                "newly_listed": self.added,
            },
            "sources": {
                name: {"examined": found.examined, "unreadable": found.unreadable, "note": found.note}
                for name, found in self.findings.items()
            },
        }

    def _entry(self, one: LostSignal) -> dict[str, Any]:
        return {
            "identity": str(one.identity),
            "partner": one.identity.partner_id,
            "shipment_id": one.identity.shipment_id,
            "purpose": one.identity.purpose,
            "version": one.identity.version,
            "certainty": one.certainty,
            "acknowledged_at": None if one.acknowledged_at is None else one.acknowledged_at.isoformat(),
            "sources": list(one.sources),
            "stored_again": one.identity in self.stored_again,
            "asked_at": None if one.asked_at is None else one.asked_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What `ask_again` did: a notice for each partner, sent or not, and how many signals had been asked for before."""

    incident_id: str | None
    window: Window | None
    notices: Sequence[Notice]
    asked_before: int

    @property
    def failed(self) -> bool:
        """Whether a notice did not get through: run it again."""
        return any(notice.error is not None for notice in self.notices)

    def as_json(self) -> dict[str, Any]:
        """The document of `recover database ask --json`."""
        return {
            "incident_id": self.incident_id,
            "window": None if self.window is None else self.window.as_json(),
            "notices": [notice.as_json() for notice in self.notices],
            "asked_before": self.asked_before,
        }


class DatabaseRecovery:
    """The runbook, on open connections; every method may raise DatabaseUnavailable."""

    def __init__(
        self, storage: Storage, redis_client: Any, client: httpx.AsyncClient, settings: Settings, clock: Clock
    ) -> None:
        self._storage, self._redis, self._client = storage, redis_client, client
        self._settings, self._clock = settings, clock

    async def list_lost(self, *, outage_at: datetime | None = None, without: Collection[str] = ()) -> Listing:
        """Compares, writes the list down, and gives it back. SourceUnavailable unless the source is in `without`.

        `outage_at` is when the database went, where that is known; else it is taken from the newest loss.
        """
        now = self._clock.now()
        incident_id = f"database-{self._storage.ping()}"
        findings: dict[str, Findings] = {}
        if "redis" not in without:
            findings["redis"] = await suspects_in_redis(self._redis, self._storage, self._settings, self._clock)
        suspects = [one for found in findings.values() for one in found.suspects]
        start = self._window(suspects, outage_at or now).start
        # What was never acknowledged, and before the window, has nothing to do with this outage.
        suspects = [one for one in suspects if one.certainty == "lost" or one.known_at >= start]
        if "motion" not in without:
            since = min([start, *(one.known_at for one in suspects)])
            findings["motion"] = await suspects_in_motion(self._client, self._storage, self._settings, since=since)
            suspects += findings["motion"].suspects
        fresh = _merged(self._not_listed_before(suspects, incident_id), incident_id, now)
        added = self._storage.lost_signals.record_lost(fresh)
        lost = self._storage.lost_signals.lost_of(incident_id)
        window = self._window_of(lost, outage_at) if lost else self._window((), outage_at or now, end=now)
        return Listing(
            incident_id=incident_id if lost else None,
            window=window,
            lost=lost,
            stored_again=set(self._storage.signals.intent_ids([one.identity for one in lost])),
            survived_in_window=self._storage.signals.count_received_since(window.start, window.end),
            added=added,
            findings=findings,
        )

    async def ask_again(self, incident_id: str | None = None) -> Asked:
        """Asks each partner of the incident (the newest) for what it has not been asked for. NoIncident."""
        chosen = incident_id or self._storage.lost_signals.newest_incident()
        if chosen is None:
            return Asked(incident_id=None, window=None, notices=(), asked_before=0)
        lost = self._storage.lost_signals.lost_of(chosen)
        if not lost:
            raise NoIncident(f"there is no incident {chosen!r}; `recover database list` shows the newest")
        window = self._window_of(lost, None)
        open_ones = [one for one in lost if one.asked_at is None]
        notices: list[Notice] = []
        for partner_id in sorted({one.identity.partner_id for one in open_ones}):
            identities = [str(one.identity) for one in open_ones if one.identity.partner_id == partner_id]
            notices.append(await self._ask(partner_id, chosen, window, identities))
        return Asked(incident_id=chosen, window=window, notices=notices, asked_before=len(lost) - len(open_ones))

    async def _ask(self, partner_id: str, incident_id: str, window: Window, identities: Sequence[str]) -> Notice:
        partner = self._storage.partners.get(partner_id)
        url = (partner.notice_url if partner else None) or self._settings.notice_webhook_url
        error = await post_resend_request(
            self._client,
            self._clock,
            url=url,
            partner_id=partner_id,
            incident_id=incident_id,
            window=window.as_json(),
            identities=identities,
        )
        if error is None:
            self._storage.lost_signals.mark_asked(incident_id, identities, self._clock.now())
        return Notice(partner_id=partner_id, identities=tuple(identities), error=error)

    def _not_listed_before(self, suspects: Sequence[Suspect], incident_id: str) -> list[Suspect]:
        """Without what an earlier incident has listed already, unless it was stored again since, and lost again."""
        newest = self._storage.lost_signals.newest_incident()
        if newest is None or newest == incident_id:
            return list(suspects)
        listed_at = {past.identity: past.listed_at for past in self._storage.lost_signals.lost_of(newest)}
        return [one for one in suspects if one.identity not in listed_at or one.known_at > listed_at[one.identity]]

    def _window_of(self, lost: Sequence[LostSignal], outage_at: datetime | None) -> Window:
        """The window of a list, the same whenever it is asked for: from the settings' span before the outage on."""
        acknowledged = [one.acknowledged_at for one in lost if one.acknowledged_at is not None]
        listed_at = max(one.listed_at for one in lost)
        known_to_the_end = len(acknowledged) == len(lost)
        last = outage_at or max(acknowledged, default=listed_at)
        span = timedelta(seconds=self._settings.resend_window_s)
        start = min([last - span, *(at - _MARGIN for at in acknowledged)])
        return Window(start=start, end=max(acknowledged) + _MARGIN if known_to_the_end else listed_at)

    def _window(self, suspects: Iterable[Suspect], otherwise: datetime, *, end: datetime | None = None) -> Window:
        last = max((one.known_at for one in suspects if one.certainty == "lost"), default=otherwise)
        return Window(start=last - timedelta(seconds=self._settings.resend_window_s), end=end or last)


def _merged(suspects: Sequence[Suspect], incident_id: str, now: datetime) -> list[LostSignal]:
    """One entry a signal. What Motion implies of a shipment and purpose that a key names exactly is that signal."""
    named = {one.identity[:3]: one.identity for one in suspects if one.source == "redis"}
    by_identity: dict[Identity, list[Suspect]] = {}
    for one in suspects:
        identity = named.get(one.identity[:3], one.identity) if one.source == "motion" else one.identity
        by_identity.setdefault(identity, []).append(one)
    return [
        LostSignal(
            incident_id=incident_id,
            identity=identity,
            certainty="lost" if any(one.certainty == "lost" for one in evidence) else "possible",
            acknowledged_at=max(
                (one.known_at for one in evidence if one.source == "redis" and one.certainty == "lost"), default=None
            ),
            sources=tuple(sorted({one.source for one in evidence})),
            listed_at=now,
        )
        for identity, evidence in by_identity.items()
    ]
