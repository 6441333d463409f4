"""What was lost is known, is listed, and was asked for again."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import Told, attempted, first_told, rows_of, snapshot, some
from harness.history import Event, History, Kind
from harness.verdict import Verdict


def truly_lost(history: History, write: str, promoted_rows: str, key: str) -> tuple[dict[str, Told], Event] | None:
    """What clients were told is safe before `promoted_rows` was looked at, and is not in it; and that look.

    The look has to fall between the listing and the asking: what is sent again afterwards hides what was lost.
    """
    rows = snapshot(history, promoted_rows)
    if rows is None:
        return None
    there = {str(row[key]) for row in rows_of(rows)}
    told = first_told(history, write, key, before=rows.number)
    return {one: what for one, what in told.items() if one not in there}, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingLost(Claim):
    """Nothing that was acknowledged was missing after the promotion, even before anybody sent again."""

    write: str
    promoted_rows: str = "promoted_rows"
    key: str = "identity"

    def check(self, history: History) -> Verdict:
        found = truly_lost(history, self.write, self.promoted_rows, self.key)
        if found is None:
            return self._unknown(f"no snapshot {self.promoted_rows} was taken")
        lost, rows = found
        if lost:
            evidence = [*(told.event for told in lost.values()), rows]
            return self._fail(f"{len(lost)} acknowledged were gone: {some(lost)}", evidence)
        told = first_told(history, self.write, self.key, before=rows.number)
        if not told:
            return self._unknown(f"no {self.write} was acknowledged")
        return self._pass(f"all {len(told)} acknowledged until then were there", [rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class LossIsListed(Claim):
    """The recovery's own list, held against the truth.

    All of the truth is in the list, and everything else in it is something whose outcome nobody knew: at least one of
    its operations may have happened. `listing` is the operator command whose document holds the list under `lost`.
    """

    write: str
    listing: tuple[str, ...]
    promoted_rows: str = "promoted_rows"
    key: str = "identity"

    def check(self, history: History) -> Verdict:
        listing = next(
            (
                event
                for event in reversed(history.where(kind=Kind.STEP, action="operator"))
                if tuple(event.value["command"]) == self.listing
            ),
            None,
        )
        found = truly_lost(history, self.write, self.promoted_rows, self.key)
        if listing is None or not isinstance(listing.value.get("document"), dict):
            return self._unknown(f"`{' '.join(self.listing)}` gave no list")
        if found is None:
            return self._unknown(f"no snapshot {self.promoted_rows} was taken")
        lost, rows = found
        listed = {str(entry[self.key]) for entry in listing.value["document"]["lost"]}
        unlisted = [one for one in lost if one not in listed]
        if unlisted:
            evidence = [*(lost[one].event for one in unlisted), listing, rows]
            return self._fail(f"{len(unlisted)} of {len(lost)} lost are not listed: {some(unlisted)}", evidence)
        tried = attempted(history, self.write, self.key)
        invented = [
            one
            for one in sorted(listed - set(lost))
            if not any(event.kind is Kind.INFO for event in tried.get(one, ()))
        ]
        if invented:
            return self._fail(f"{len(invented)} listed were never lost: {some(invented)}", [listing, rows])
        extras = len(listed) - len(lost)
        return self._pass(f"all {len(lost)} lost are listed, and {extras} more that may have been", [listing, rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAgain(Claim):
    """Everything that was lost was asked for, by name: notices list what they ask for under `asked_field`."""

    write: str
    asked_field: str
    promoted_rows: str = "promoted_rows"
    key: str = "identity"

    def check(self, history: History) -> Verdict:
        found = truly_lost(history, self.write, self.promoted_rows, self.key)
        if found is None:
            return self._unknown(f"no snapshot {self.promoted_rows} was taken")
        lost, rows = found
        notices = history.where(kind=Kind.STEP, action="notice")
        asked = {str(one) for notice in notices for one in notice.value.get(self.asked_field, ())}
        forgotten = [one for one in lost if one not in asked]
        if forgotten:
            return self._fail(
                f"{len(forgotten)} of {len(lost)} lost were not asked for: {some(forgotten)}", [rows, *notices]
            )
        if not lost:
            return self._pass("nothing was lost, so nobody had to be asked", [rows])
        return self._pass(f"all {len(lost)} lost were asked for, in {len(notices)} notices", [rows, *notices])
