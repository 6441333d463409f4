"""The runbook for a partner whose signals have become bad: take its autonomy down, ask it to mend them, give it back.

In this order. `evaluate` computes the score and opens an incident when it is under the threshold, which lowers the
ceiling once and has a person review everything. `ask` tells the partner which field its signals lack. `begin_probation`
notes that it says they are mended. `advance` gives autonomy back, a step for each probation that was passed: so many
days in which every signal was good, and so many signals at least. A bad one begins the probation anew.

All of it can be run again, by the controller that does so all the time, by a drill, and by a person. Days are those of
the calendar that it is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx

from system.clock import Clock
from system.governance.trust import FIRST_RETURN, WINDOWS_BACK, Score, lowered, raised, score_of
from system.recovery.notices import post_notice
from system.settings import Settings
from system.storage import Storage, TrustIncident
from system.storage.trust_incidents import Fall
from system.x12.completeness import SEGMENTS, words_for

MESSAGE = "We noticed your EDI 204s are missing the {fields}. Can you restore {these}?"


class NoIncident(Exception):
    """There is nothing to do for this partner; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of asking a partner: `sent` is false when it had been asked before, `error` what kept the notice."""

    incident: TrustIncident
    sent: bool
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As the console has it."""
        status = "failed" if self.error is not None else "sent" if self.sent else "asked before"
        return {"partner": self.incident.partner_id, "status": status, "error": self.error}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How far a partner has come on its way back; `left` and `signals_left` are what the probation at hand still wants.

    `left` is None where there is none.
    """

    incident: TrustIncident
    left: timedelta | None = None
    signals: int = 0
    signals_left: int = 0
    given_back: bool = False


class PartnerDriftRecovery:
    """Every method but `ask` blocks; all raise DatabaseUnavailable. `by` says who does it, and stands in the audit."""

    def __init__(self, storage: Storage, settings: Settings, calendar: Clock, *, by: str) -> None:
        self._storage, self._settings, self._calendar, self._by = storage, settings, calendar, by
        self._incidents, self._quality = storage.trust_incidents, storage.signal_quality

    def score(self, partner_id: str) -> Score | None:
        """The partner's score; None with too few signals. What it had been forgiven for is not held against it."""
        return self._score(partner_id, windows=1 + WINDOWS_BACK)

    def _score(self, partner_id: str, *, windows: int) -> Score | None:
        newest = self._incidents.newest(partner_id)
        forgiven = newest is not None and newest.review_ended_at is not None
        since = newest.probation_at if newest is not None and forgiven else None
        settings = self._settings
        lacking = self._quality.newest(partner_id, windows * settings.trust_window, since=since)
        return score_of(
            lacking,
            window=settings.trust_window,
            signals_min=settings.trust_signals_min,
            threshold=settings.trust_threshold,
        )

    def evaluate(self, partner_id: str) -> TrustIncident | None:
        """Opens an incident if the score is under the threshold and none stands; it, or None."""
        # Most are well, and what they fell from need not be looked for.
        recent = self._score(partner_id, windows=1)
        if recent is None or recent.value >= self._settings.trust_threshold:
            return None
        score = self.score(partner_id) or recent
        fall = Fall(partner_id=partner_id, score=score.value, before=score.before, missing=score.missing)
        return self._incidents.open(fall, at=self._calendar.now(), who=self._by, lower=lowered)

    async def ask(self, client: httpx.AsyncClient, partner_id: str, *, again: bool = False) -> Asked:
        """Asks the partner to restore what its signals lack, once an incident, or `again`. NoIncident."""
        incident = self._standing(partner_id)
        if incident.asked_at is not None and not again:
            return Asked(incident=incident, sent=False)
        partner = self._storage.partners.get(partner_id)
        url = (partner.notice_url if partner else None) or self._settings.notice_webhook_url
        now = self._calendar.now()
        key = f"{incident.id}:{now.isoformat()}" if again else incident.id
        body = request_to_mend(incident)
        error = await post_notice(client, self._calendar, url=url, body=body, key=key)
        if error is None:
            self._incidents.note_asked(incident, at=now, who=self._by, why=str(body["message"]))
            incident = replace(incident, asked_at=now)
        return Asked(incident=incident, sent=True, error=error)

    def begin_probation(self, partner_id: str, *, why: str) -> TrustIncident:
        """The partner says that its signals are mended: from now on they have to be good. NoIncident."""
        incident, now = self._standing(partner_id), self._calendar.now()
        if not self._incidents.begin_probation(incident.id, at=now, who=self._by, why=why):
            raise NoIncident(f"{partner_id} is past that: its incident has moved on meanwhile")
        return replace(incident, probation_at=now, restarts=0)

    def course(self, incident: TrustIncident) -> Course:
        """How far the partner has come; changes nothing. A bad signal since its probation began counts from there."""
        began_at = incident.probation_at
        if began_at is None or incident.closed_at is not None:
            return Course(incident=incident)
        bad_at = self._quality.last_incomplete(incident.partner_id, since=began_at)
        if bad_at is not None:
            began_at = bad_at
            incident = replace(incident, probation_at=bad_at, restarts=incident.restarts + 1)
        ends_at = began_at + timedelta(seconds=self._settings.probation_s)
        signals = self._quality.count_since(incident.partner_id, began_at)
        return Course(
            incident=incident,
            left=max(timedelta(), ends_at - self._calendar.now()),
            signals=signals,
            signals_left=max(0, self._settings.probation_signals_min - signals),
        )

    def advance(self, incident: TrustIncident) -> Course:
        """Looks how the probation goes: begins it anew after a bad signal, gives back a step when it was passed."""
        course = self.course(incident)
        began_at = course.incident.probation_at
        if began_at is not None and course.incident != incident:
            self._incidents.begin_anew(incident.id, began_at)
        if began_at is None or course.left is None or course.left or course.signals_left:
            return course
        why = f"{course.signals} signals since {began_at.isoformat()}, all of them good"
        now = self._calendar.now()
        given = self._incidents.give_back(course.incident, at=now, who=self._by, why=why, raised=self._raised)
        return replace(course, incident=given or course.incident, given_back=given is not None)

    def _raised(self, incident: TrustIncident, tier: int) -> int:
        ends_review = incident.review_ended_at is None
        if ends_review and self._settings.unsafe_give_back_to_tier_two:
            return FIRST_RETURN
        return raised(tier, before=incident.ceiling_before, ends_review=ends_review)

    def _standing(self, partner_id: str) -> TrustIncident:
        """The partner's incident, while a person reviews its signals."""
        newest = self._incidents.newest(partner_id)
        if newest is None or newest.review_ended_at is not None or newest.closed_at is not None:
            raise NoIncident(f"no incident of partner {partner_id!r} is under review; `recover partner list` shows all")
        return newest


def request_to_mend(incident: TrustIncident) -> Mapping[str, Any]:
    """The notice's body: which fields the partner's signals lack, the most frequent first, and a sentence that asks."""
    names = [words_for(field).replace("_", " ") for field in incident.missing]
    listed = " and the ".join((", the ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
    these = "these fields" if len(names) > 1 else "this field"
    return {
        "kind": "missing_fields",
        "partner": incident.partner_id,
        "incident_id": incident.id,
        "message": MESSAGE.format(fields=listed, these=these),
        "fields": [
            {"field": words_for(field), "segment": SEGMENTS.get(field), "missing_in": count}
            for field, count in incident.missing.items()
        ],
    }
