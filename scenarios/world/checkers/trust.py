"""A partner's trust falls once, by one tier; a person reviews all it sends meanwhile; what comes back is what it had.

These read the looks of the probe `trust`: what each partner might do at each moment, and its newest incident.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import rows_of, snapshot, some
from harness.history import Event, History, Kind
from harness.verdict import Verdict
from scenarios.world.checkers.tenders import Tendered, tendered_by

LOWEST, FIRST_RETURN = 1, 2
"""The lowest tier, and the one that the first probation leads up to at most, stated a second time on purpose."""
_DAY_S = 86_400.0
_LOOKS_AT_LEAST = 5
_DECIDED_AT_LEAST = 5
_CUT_OFF = 0.01
"""Scores are told with two decimals."""
_ALERT = re.compile(r"Partner (\S+) trust score: (\d\.\d\d) \(was (\d\.\d\d|none)\)")


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one partner, and in which event."""

    event: Event
    row: Mapping[str, Any]

    @property
    def ceiling(self) -> int:
        return int(self.row["ceiling"])

    @property
    def reviewed(self) -> bool:
        return bool(self.row["review"])

    @property
    def ahead_s(self) -> float:
        """How far the calendar had been moved on by then."""
        return float(self.row["ahead_s"])

    def at(self, column: str) -> datetime | None:
        """A moment that the row states."""
        text = self.row.get(column)
        return None if text is None else datetime.fromisoformat(str(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The looks at one partner: before its incident, while a person reviews what it sends, and after that."""

    partner: str
    before: Sequence[Look]
    during: Sequence[Look]
    after: Sequence[Look]

    @property
    def had(self) -> int:
        """Its ceiling before the incident."""
        return self.before[-1].ceiling


def course_of(history: History, partner: str) -> Course:
    """All looks at one partner, in order."""
    looks = list(_looks(history, partner))
    return Course(
        partner=partner,
        before=[look for look in looks if look.row["incident"] is None],
        during=[look for look in looks if look.row["incident"] is not None and look.reviewed],
        after=[look for look in looks if look.row["incident"] is not None and not look.reviewed],
    )


def _looks(history: History, partner: str) -> Iterator[Look]:
    for event in history.where(kind=Kind.PROBE, action="trust"):
        for row in rows_of(event):
            if row["partner"] == partner:
                yield Look(event, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class DowngradedOnce(Claim):
    """Each of `partners` had one incident, which took one tier from it, never under the lowest, however often it was
    evaluated while the incident stood.
    """

    partners: tuple[str, ...]

    def check(self, history: History) -> Verdict:
        told: list[str] = []
        wrong: list[str] = []
        evidence: list[Event] = []
        for partner in self.partners:
            course = course_of(history, partner)
            if not course.before or len(course.during) < _LOOKS_AT_LEAST:
                return self._unknown(f"{partner} was seen under review {len(course.during)} times, or never before")
            had, wanted = course.had, max(course.had - 1, min(course.had, LOWEST))
            seen = [look.ceiling for look in course.during]
            incidents = {str(look.row["incident"]) for look in (*course.during, *course.after)}
            evidence += [course.before[-1].event, course.during[0].event, course.during[-1].event]
            if {*seen} != {wanted}:
                went = some(map(str, dict.fromkeys(seen)))
                wrong.append(f"{partner} had tier {had} and went to {went}, not {wanted}")
            if len(incidents) > 1:
                wrong.append(f"{partner} had {len(incidents)} incidents")
            told.append(f"{partner} from {had} to {wanted}")
        if wrong:
            return self._fail("; ".join(wrong), evidence)
        return self._pass(f"{', '.join(told)}, each once", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedByAPerson(Claim):
    """Of what was decided about `partners` while they were under review, nothing was confirmed by the system itself."""

    partners: tuple[str, ...]

    def check(self, history: History) -> Verdict:
        rows, audit = snapshot(history, "rows"), snapshot(history, "transitions")
        if rows is None or audit is None:
            return self._unknown("no snapshot of the rows or of the audit was taken")
        spans: dict[str, tuple[datetime, datetime]] = {}
        for partner in self.partners:
            moments = [at for look in course_of(history, partner).during if (at := look.at("now")) is not None]
            if len(moments) < 2:
                return self._unknown(f"{partner} was not seen under review")
            spans[partner] = moments[0], moments[-1]
        partner_of = {str(row["intent_id"]): str(row["partner"]) for row in rows_of(rows)}
        reviewed = 0
        passed: list[str] = []
        for step in rows_of(audit, "transitions"):
            span = spans.get(partner_of.get(str(step["intent_id"]), ""))
            if span is None or step["from"] != "RESOLVING" or step["to"] == "RECEIVED":
                continue
            if not span[0] < _moment(step["at"]) < span[1]:
                continue
            if step["to"] == "CONFIRMED":
                passed.append(f"{step['intent_id']} of {partner_of[str(step['intent_id'])]}")
            reviewed += 1
        evidence = [rows, audit]
        if passed:
            return self._fail(f"{len(passed)} of {reviewed} went by themselves: {some(passed, 3)}", evidence)
        if reviewed < _DECIDED_AT_LEAST:
            return self._unknown(f"only {reviewed} signals were decided under review", evidence)
        return self._pass(f"{reviewed} signals were decided under review, and none went by itself", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByThemselvesAgain(Claim):
    """Once the review of each of `partners` had ended, some of what it sent was confirmed by the system itself."""

    partners: tuple[str, ...]

    def check(self, history: History) -> Verdict:
        rows, audit = snapshot(history, "rows"), snapshot(history, "transitions")
        if rows is None or audit is None:
            return self._unknown("no snapshot of the rows or of the audit was taken")
        ended: dict[str, datetime] = {}
        for partner in self.partners:
            after = course_of(history, partner).after
            now = after[0].at("now") if after else None
            if now is None:
                return self._unknown(f"the review of {partner} was not seen to end")
            ended[partner] = now
        partner_of = {str(row["intent_id"]): str(row["partner"]) for row in rows_of(rows)}
        decided, passed = Counter[str](), Counter[str]()
        for step in rows_of(audit, "transitions"):
            partner = partner_of.get(str(step["intent_id"]), "")
            if partner in ended and step["from"] == "RESOLVING" and _moment(step["at"]) > ended[partner]:
                decided[partner] += 1
                passed[partner] += step["to"] == "CONFIRMED"
        evidence = [rows, audit]
        if unheard := [partner for partner in self.partners if not decided[partner]]:
            return self._unknown(f"nothing was decided about {some(unheard)} after its review", evidence)
        if kept := [partner for partner in self.partners if not passed[partner]]:
            return self._fail(f"nothing that {some(kept)} sent went by itself again", evidence)
        told = ", ".join(f"{passed[partner]} of {decided[partner]} of {partner}" for partner in self.partners)
        return self._pass(f"{told} went by themselves again", evidence)


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class GivesBackNoMore(Claim):
    """After a probation of `days` the review of each of `partners` ended, its ceiling at tier 2 at most; in the end
    it had what it had before, and never more.

    The days are those that the calendar was moved on since the command `began`, and those that the incident says.
    """

    partners: tuple[str, ...]
    days: float
    began: tuple[str, ...]

    def check(self, history: History) -> Verdict:
        steps = history.where(kind=Kind.STEP, action="operator")
        began = next((event for event in steps if tuple(event.value["command"]) == self.began), None)
        courses = [course_of(history, partner) for partner in self.partners]
        if began is None or not all(course.before and course.during for course in courses):
            return self._unknown("no probation began, or a partner was not seen under review")
        wrong = [said for course in courses if (said := self._wrong(course, began))]
        evidence = [began, *(look.event for course in courses for look in (*course.during[-1:], *course.after[:1]))]
        if wrong:
            return self._fail("; ".join(wrong), evidence)
        told = ", ".join(f"{course.partner} to {course.had}" for course in courses)
        return self._pass(f"{told}, after {self.days:g} good days", evidence)

    def _wrong(self, course: Course, began: Event) -> str | None:
        partner, had = course.partner, course.had
        over = [look for look in (*course.during, *course.after) if look.ceiling > had]
        if over:
            return f"{partner} had tier {had} and was given {over[0].ceiling}"
        if not course.after:
            return f"the review of {partner} never ended"
        first, last = course.after[0], course.after[-1]
        earlier = [look for look in course.during if look.event.number < began.number]
        passed_s = first.ahead_s - earlier[-1].ahead_s + first.event.at_s - began.at_s if earlier else 0.0
        if passed_s < self.days * _DAY_S:
            return f"the review of {partner} ended when {passed_s / _DAY_S:.2f} days had passed"
        spans = [(course.during[-1], "probation_at", first, "review_ended_at")]
        if had > FIRST_RETURN:
            spans.append((first, "review_ended_at", last, "closed_at"))
        for one, since, other, until in spans:
            start, end = one.at(since), other.at(until)
            if start is None or end is None or (end - start).total_seconds() < self.days * _DAY_S:
                return f"{partner}: from {since} {start} to {until} {end} are no {self.days:g} days"
        if first.ceiling > FIRST_RETURN:
            return f"{partner} came back to tier {first.ceiling} at once"
        if last.ceiling != had:
            return f"{partner} had tier {had} and ended with {last.ceiling}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OthersKeepTheirTrust(Claim):
    """Of `partners`, who changed nothing, none had an incident, lost a tier or was reviewed, and none of their signals
    waited for a person.
    """

    partners: tuple[str, ...]

    def check(self, history: History) -> Verdict:
        rows = snapshot(history, "rows")
        if rows is None:
            return self._unknown("no snapshot of the rows was taken")
        wrong: list[str] = []
        for partner in self.partners:
            course = course_of(history, partner)
            if not course.before:
                return self._unknown(f"{partner} was never looked at")
            if course.during or course.after:
                wrong.append(f"{partner} had an incident")
            tiers = dict.fromkeys(str(look.ceiling) for look in (*course.before, *course.during, *course.after))
            if len(tiers) > 1 or any(look.reviewed for look in course.before):
                wrong.append(f"{partner} was reviewed, or had the tiers {some(tiers)}")
        of_them = [row for row in rows_of(rows) if row["partner"] in self.partners]
        if not of_them:
            return self._unknown("they sent nothing", [rows])
        waiting = [f"{row['identity']} is {row['state']}" for row in of_them if row["state"] != "EXECUTED"]
        if waiting:
            wrong.append(f"{len(waiting)} of {len(of_them)} signals did not go by themselves: {some(waiting, 3)}")
        if wrong:
            return self._fail("; ".join(wrong), [rows])
        return self._pass(f"{len(of_them)} signals of {len(self.partners)} partners went by themselves", [rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustScoreFell(Claim):
    """Each of `partners` was told of, with a score `under` the threshold that was not under it before, and that is the
    share of whole tenders among the last `window` at some moment, or among all of them while they were fewer.

    What it had sent is in its own diary, in the order of the answers, which may differ by one from the system's.
    """

    partners: tuple[str, ...]
    under: float
    window: int

    def check(self, history: History) -> Verdict:
        fired = [event for event in history.where(kind=Kind.ALERT) if event.value.get("status") == "firing"]
        told = {found[1]: (event, found) for event in fired if (found := _ALERT.fullmatch(event.action))}
        if not told:
            return self._unknown("no alert told of a trust score")
        missing = [partner for partner in self.partners if partner not in told]
        wrong = [f"{partner} was not told of" for partner in missing]
        said: list[str] = []
        for partner in self.partners:
            if partner in missing:
                continue
            event, found = told[partner]
            score, was = float(found[2]), found[3]
            said.append(f"{partner} {found[2]} (was {was})")
            if score >= self.under or (was != "none" and float(was) < self.under):
                wrong.append(f"{event.action!r} is no fall under {self.under:g}")
            received_at_s = float(event.value.get("received_at_s", event.at_s))
            shares = _shares(tendered_by(history, partner), self.window, received_at_s)
            if not any(abs(share - score) <= 1 / self.window + _CUT_OFF for share in shares):
                wrong.append(f"{event.action!r}: of its last {self.window} tenders so many were never whole")
        evidence = [event for event, _ in told.values()]
        if wrong:
            return self._fail("; ".join(wrong), evidence)
        return self._pass(", ".join(said), evidence)


def _shares(tendered: Sequence[Tendered], window: int, until_s: float) -> set[float]:
    """The share of whole tenders among the last `window` of them, after each that was answered by then."""
    whole = [tender.whole for tender in tendered if tender.answered_at_s <= until_s]
    shares: set[float] = set()
    running = 0
    for number, one in enumerate(whole, start=1):
        running += one - (whole[number - window - 1] if number > window else 0)
        shares.add(running / min(number, window))
    return shares
