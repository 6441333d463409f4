"""What was lost is known, is listed, and was asked for again."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import (
    Told,
    attempts,
    first_step,
    first_told,
    moment_s,
    rows_of,
    snapshot,
    some,
)
from harness.history import Event, History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What clients were told is safe, which of it was gone, and the look at the rows that shows it."""

    told: dict[str, Told]
    lost: dict[str, Told]
    rows: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfWhatWasLost(Claim):
    """The truth: what was acknowledged before the step `until`, and is not among the rows of `promoted_rows`.

    Acknowledgements from `until` on come from what stands now, so they lose nothing; counting up to the look instead
    would take for lost what was written while it was under way. The look has to fall between the listing and the
    asking: what is sent again hides what was lost.
    """

    write: str
    promoted_rows: str = "promoted_rows"
    key: str = "identity"
    until: str = "promoted"

    def _truth(self, history: History) -> Loss | Verdict:
        """The loss; or the verdict unknown, where it cannot be said."""
        until, rows = first_step(history, self.until), snapshot(history, self.promoted_rows)
        if until is None:
            return self._unknown(f"nothing was {self.until}")
        if rows is None:
            return self._unknown(f"no snapshot {self.promoted_rows} was taken")
        told = first_told(history, self.write, self.key, until_s=moment_s(until))
        if not told:
            return self._unknown(f"no {self.write} was acknowledged before anything was {self.until}", [rows])
        there = {str(row[self.key]) for row in rows_of(rows)}
        return Loss(told=told, lost={one: what for one, what in told.items() if one not in there}, rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingLost(_OfWhatWasLost):
    """Nothing that was acknowledged was missing after the promotion, even before anybody sent again."""

    def check(self, history: History) -> Verdict:
        truth = self._truth(history)
        if isinstance(truth, Verdict):
            return truth
        if truth.lost:
            evidence = [*(told.event for told in truth.lost.values()), truth.rows]
            return self._fail(f"{len(truth.lost)} acknowledged were gone: {some(truth.lost)}", evidence)
        return self._pass(f"all {len(truth.told)} acknowledged until then were there", [truth.rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class LossIsListed(_OfWhatWasLost):
    """The recovery's own list, held against the truth.

    All of the truth is in the list, and everything else in it is something whose outcome nobody knew when the list was
    made: one of its operations may have happened, or was under way. `listing` is the operator command whose document
    holds the list under `lost`.
    """

    listing: tuple[str, ...]

    def check(self, history: History) -> Verdict:
        commands = [
            event
            for event in history.where(kind=Kind.STEP, action="operator")
            if tuple(event.value["command"]) == self.listing
        ]
        if not commands or not isinstance(commands[-1].value.get("document"), dict):
            return self._unknown(f"`{' '.join(self.listing)}` gave no list", commands)
        listing = commands[-1]
        truth = self._truth(history)
        if isinstance(truth, Verdict):
            return truth
        lost, evidence = truth.lost, [listing, truth.rows]
        listed = {str(entry[self.key]) for entry in listing.value["document"]["lost"]}
        unlisted = [one for one in lost if one not in listed]
        if unlisted:
            evidence += [lost[one].event for one in unlisted]
            return self._fail(f"{len(unlisted)} of {len(lost)} lost are not listed: {some(unlisted)}", evidence)
        extras = sorted(listed - set(lost))
        began, tried = _began(history, listing), attempts(history, self.write, self.key)
        invented = [
            one
            for one in extras
            if not any(attempt.unknown_between(began, listing.number) for attempt in tried.get(one, ()))
        ]
        if invented:
            return self._fail(f"{len(invented)} listed were never lost: {some(invented)}", evidence)
        return self._pass(f"all {len(lost)} lost are listed, and {len(extras)} more that may have been", evidence)


def _began(history: History, command: Event) -> int:
    """The number of an event before the command began: a command's event is written when it has ended, and the drill
    does one step after the other.
    """
    steps = [event for event in history.where(kind=Kind.STEP) if event.number < command.number]
    return next((event.number for event in reversed(steps) if event.actor in ("drill", command.actor)), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAgain(_OfWhatWasLost):
    """Everything that was lost was asked for by name, of the one who had been told that it was safe.

    A notice lists what it asks for under `asked_field` and names under `owner_field` whom it asks: the last word of
    the actor whose operation it was.
    """

    asked_field: str
    owner_field: str = "partner"

    def check(self, history: History) -> Verdict:
        truth = self._truth(history)
        if isinstance(truth, Verdict):
            return truth
        notices = history.where(kind=Kind.STEP, action="notice")
        asked = {
            (str(notice.value.get(self.owner_field)), str(one))
            for notice in notices
            for one in notice.value.get(self.asked_field, ())
        }
        forgotten = [one for one, told in truth.lost.items() if (told.event.actor.split()[-1], one) not in asked]
        evidence = [truth.rows, *notices]
        if forgotten:
            lost = len(truth.lost)
            return self._fail(f"{len(forgotten)} of {lost} lost were not asked for: {some(forgotten)}", evidence)
        if not truth.lost:
            return self._pass("nothing was lost, so nobody had to be asked", evidence)
        return self._pass(f"all {len(truth.lost)} lost were asked for, in {len(notices)} notices", evidence)
