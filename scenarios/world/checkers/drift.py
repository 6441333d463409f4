"""What a partner's tenders lack is seen as it is: PARTIAL and no guess, named by the analysis, asked for, on a card."""

from collections import Counter
from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, rows_of, snapshot, some
from harness.history import Event, History, Kind
from harness.verdict import Verdict
from scenarios.world.checkers.tenders import tendered, tendered_by

_LACKING_AT_LEAST = 5
_PERCENT_OFF_AT_MOST = 10.0
_ON_THEIR_WAY_AT_MOST = 20
"""So many tenders of one partner may be answered between the analysis and its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingMakesPartial(Claim):
    """Each acknowledged tender that lacks something became PARTIAL when it was decided, and says nothing in its place;
    one that lacks nothing never did.
    """

    def check(self, history: History) -> Verdict:
        rows, audit = snapshot(history, "rows"), snapshot(history, "transitions")
        if rows is None or audit is None:
            return self._unknown("no snapshot of the rows or of the audit was taken")
        decided: dict[str, list[str]] = {}
        for step in rows_of(audit, "transitions"):
            if step["from"] == "RESOLVING" and step["to"] != "RECEIVED":
                decided.setdefault(str(step["intent_id"]), []).append(str(step["to"]))
        by_identity = {str(row["identity"]): row for row in rows_of(rows)}
        wrong: list[str] = []
        lacking = 0
        for tender in tendered(history):
            row = by_identity.get(tender.identity)
            became = decided.get(str(row["intent_id"]), []) if row is not None else []
            if row is None or not became:
                continue
            lacking += not tender.whole
            if tender.whole == ("PARTIAL" in became) or (not tender.whole and {*became} != {"PARTIAL"}):
                what = "lacks nothing" if tender.whole else f"lacks {', '.join(tender.missing)}"
                wrong.append(f"{tender.identity} {what} and became {some(became)}")
            elif row["state"] == "PARTIAL":
                guessed = [name for name in tender.missing if (row["content"] or {}).get(name)]
                wrong += [f"{tender.identity} says {name} {row['content'][name]}" for name in guessed]
        evidence = [rows, audit]
        if wrong:
            return self._fail(f"{len(wrong)} are not as they should be: {some(wrong, 3)}", evidence)
        if lacking < _LACKING_AT_LEAST:
            return self._unknown(f"only {lacking} tenders lacked something", evidence)
        return self._pass(f"{lacking} tenders lacked something: each PARTIAL, and none guessed at", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisNamesTheField(Claim):
    """The operator's `command` names `field` first, missing from as many per cent of the signals of `partner` as its
    own diary says of so many in a row, shortly before.
    """

    command: tuple[str, ...]
    partner: str
    field: str

    def check(self, history: History) -> Verdict:
        steps = history.where(kind=Kind.STEP, action="operator")
        made = next((event for event in steps if tuple(event.value["command"]) == self.command), None)
        if made is None:
            return self._unknown("nobody analyzed the signals")
        document = made.value.get("document")
        if not isinstance(document, dict) or not document.get("missing"):
            return self._fail(f"the analysis named no field: {document}", [made])
        counted = int(document["signals"])
        late = [not one.whole for one in tendered_by(history, self.partner) if one.answered_at_s <= made.at_s]
        if len(late) < counted or not counted:
            return self._fail(f"it counted {counted} signals, and {self.partner} had sent {len(late)}", [made])
        first = document["missing"][0]
        words = f"Missing field '{self.field}' in {first['percent']}% of signals"
        if first["field"] != self.field or words not in document["said"]:
            return self._fail(f"it said {some(map(str, document['said']))}, not {words!r}", [made])
        ends = range(max(counted, len(late) - _ON_THEIR_WAY_AT_MOST), len(late) + 1)
        truths = [100 * sum(late[end - counted : end]) / counted for end in ends]
        if min(abs(first["percent"] - truth) for truth in truths) > _PERCENT_OFF_AT_MOST:
            return self._fail(f"it said {first['percent']}%, and the partner left it out of {truths[-1]:.0f}%", [made])
        return self._pass(f"{words!r}, of {document['signals']}", [made])


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedForTheField(Claim):
    """Each of `partners` was asked by notice, after the fault, for `field`, in words that a person reads."""

    partners: tuple[str, ...]
    field: str

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        notices = [
            event
            for event in history.where(kind=Kind.STEP, action="notice")
            if fault is not None and event.number > fault.number and event.value.get("kind") == "missing_fields"
        ]
        if fault is None:
            return self._unknown("no fault was injected")
        words = self.field.replace("_", " ")
        asked = {
            str(event.value.get("partner"))
            for event in notices
            if self.field in [field.get("field") for field in event.value.get("fields", ())]
            and words in str(event.value.get("message"))
        }
        forgotten = [partner for partner in self.partners if partner not in asked]
        if forgotten:
            return self._fail(f"not asked for the {words}: {some(forgotten)}", [fault, *notices])
        return self._pass(f"{len(asked)} partners were asked for the {words}", notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorecardForEach(Claim):
    """Each of `partners` was sent a card of each week once, which counts no more than it had sent, and the operator's
    `command` shows one for each.
    """

    partners: tuple[str, ...]
    command: tuple[str, ...]

    def check(self, history: History) -> Verdict:
        notices = history.where(kind=Kind.STEP, action="notice")
        cards = [event for event in notices if event.value.get("kind") == "weekly_scorecard"]
        shown = self._shown(history)
        if not cards or shown is None:
            return self._unknown("no scorecard was sent, or none was asked for")
        tenders = tendered(history)
        sent = Counter(one.partner for one in tenders)
        late = Counter(one.partner for one in tenders if not one.whole)
        wrong = [
            f"{partner} was sent {count} cards of {week}"
            for (partner, week), count in Counter(
                (str(card.value["partner"]), str(card.value["week"])) for card in cards
            ).items()
            if count > 1
        ]
        document = shown.value.get("document")
        listed = {str(card["partner"]) for card in document["scorecards"]} if isinstance(document, dict) else set()
        for partner in self.partners:
            of_it = [card.value["scorecard"] for card in cards if card.value["partner"] == partner]
            counted, incomplete = (sum(card[name] for card in of_it) for name in ("signals", "incomplete"))
            if not of_it or partner not in listed:
                wrong.append(f"{partner} was sent {len(of_it)} cards and is {'' if partner in listed else 'not '}shown")
            elif not 0 < counted <= sent[partner] or incomplete > late[partner]:
                wrong.append(
                    f"the cards of {partner} count {counted} signals and {incomplete} incomplete, "
                    f"and it sent {sent[partner]} and {late[partner]}"
                )
        if wrong:
            return self._fail("; ".join(wrong), [*cards, shown])
        return self._pass(f"{len(cards)} cards to {len(self.partners)} partners", [*cards, shown])

    def _shown(self, history: History) -> Event | None:
        steps = history.where(kind=Kind.STEP, action="operator")
        return next((event for event in steps if tuple(event.value["command"]) == self.command), None)
