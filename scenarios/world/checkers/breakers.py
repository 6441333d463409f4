"""A partner that goes wrong is shut out at the eleventh time, alone, told what to mend, and let in again.

What its breaker was at each moment is known from the looks at its row; what the partner was told, from its own
operations and the notices; what people were told, from the console's answers.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, healed_number, rows_of, some
from harness.history import COMPLETIONS, Event, History, Kind
from harness.verdict import Verdict
from scenarios.world.faulty import FAULTY
from scenarios.world.traffic import SEND

LOOKS = "breakers"
SHUT_OUT = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfPartner(Claim):
    """`partner` is the one that goes wrong."""

    partner: str

    def _looks(self, history: History) -> list[tuple[Event, Mapping[str, Any]]]:
        """Every look that saw its breaker, with its row."""
        return [
            (look, row)
            for look in history.where(kind=Kind.PROBE, action=LOOKS)
            for row in rows_of(look)
            if row["partner"] == self.partner
        ]

    def _ended(self, history: History, action: str = SEND) -> list[tuple[Event, Event]]:
        """Its operations of that name that were answered, each as its begin and its end."""
        begun: dict[str | None, Event] = {}
        ended: list[tuple[Event, Event]] = []
        for event in history.where(action=action, actor=f"partner {self.partner}"):
            if event.kind is Kind.INVOKE:
                begun[event.operation_id] = event
            elif event.kind in COMPLETIONS and event.operation_id in begun and event.value.get("status") is not None:
                ended.append((begun.pop(event.operation_id), event))
        return ended


@dataclass(frozen=True, slots=True, kw_only=True)
class OpensAtTheEleventh(_OfPartner):
    """After `threshold` failures the partner was still served; the next one opened its breaker, and no other partner's.

    The failures are its operations that were malformed, and refused for it, or repeats of what was answered; the fault
    brings the next. What was counted stands in the row.
    """

    threshold: int = 10

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        before = [ended for _, ended in self._ended(history, FAULTY) if ended.number < fault.number]
        failures = [ended for ended in before if ended.value["status"] in (200, 400)]
        early = [ended for ended in before if ended.value["status"] == SHUT_OUT]
        early += [
            end for _, end in self._ended(history) if end.number < fault.number and end.value["status"] == SHUT_OUT
        ]
        if early:
            return self._fail(f"{self.partner} was shut out after {len(failures)} failures", [*failures, *early])
        if len(failures) != self.threshold:
            return self._unknown(f"{len(failures)} failures before the fault, {self.threshold} wanted", [fault])
        looks = history.where(kind=Kind.PROBE, action=LOOKS)
        others = {str(row["partner"]) for look in looks for row in rows_of(look)} - {self.partner}
        if others:
            return self._fail(f"the breaker of {some(sorted(others))} opened too", looks)
        opened = next(((look, row) for look, row in self._looks(history)), None)
        if opened is None:
            return self._fail(f"the breaker of {self.partner} never opened", [fault])
        look, row = opened
        counted = int(row["malformed"]) + int(row["duplicates"])
        told = f"{row['malformed']} malformed and {row['duplicates']} repeated"
        if look.number < fault.number or counted != self.threshold + 1:
            return self._fail(f"it opened at {counted} failures: {told}", [*failures, look])
        return self._pass(f"open at the {counted}th failure, of {told}, and no other partner's", [*failures, look])


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedWhileOpen(_OfPartner):
    """From the first look that saw its breaker open until the flood was healed, whatever the partner sent was 429.

    Each 429 said in whole seconds, at least one, when to come back. A 5xx lets nothing in and counts for nothing. With
    `after_heal_of` only what was begun after that fault had been healed counts: the state outlived it. So many as
    `let_in_at_most` may have been let in, to see whether they were good.
    """

    after_heal_of: str | None = None
    let_in_at_most: int = 0

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        opened = next((look for look, row in self._looks(history) if row["state"] == "OPEN"), None)
        if fault is None or opened is None:
            return self._unknown(f"the breaker of {self.partner} was never seen open")
        from_number = opened.number
        if self.after_heal_of is not None:
            heals = history.where(kind=Kind.HEAL, action=self.after_heal_of)
            if not heals:
                return self._unknown(f"no {self.after_heal_of} was healed")
            from_number = max(from_number, heals[0].number)
        until = healed_number(history, fault)
        answered = [
            end
            for begun, end in self._ended(history)
            if from_number < begun.number and end.number < until and end.value["status"] < 500
        ]
        let_in = [end for end in answered if end.value["status"] != SHUT_OUT]
        if len(let_in) > self.let_in_at_most:
            statuses = Counter(str(end.value["status"]) for end in let_in)
            return self._fail(f"{len(let_in)} of {len(answered)} were not refused: {dict(statuses)}", let_in)
        shut_out = [end for end in answered if end.value["status"] == SHUT_OUT]
        vague = [end for end in shut_out if not _seconds(end.value.get("retry_after"))]
        if vague:
            return self._fail(f"{len(vague)} of {len(shut_out)} refusals did not say when to come back", vague)
        if not shut_out:
            return self._unknown("none was refused", answered)
        return self._pass(f"{len(shut_out)} of {len(answered)} were refused, and told when to come back", answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedAgain(_OfPartner):
    """Once its breaker is closed the partner is soon answered with a yes, and from then on always.

    A process may hold on to what it saw last for a moment. At least `at_least` of its signals were accepted then.
    """

    at_least: int = 2

    def check(self, history: History) -> Verdict:
        looks = self._looks(history)
        shut = [look for look, row in looks if row["state"] != "CLOSED"]
        if not shut:
            return self._unknown(f"the breaker of {self.partner} was never seen open")
        last, row = looks[-1]
        if row["state"] != "CLOSED":
            return self._fail(f"the breaker of {self.partner} is {row['state']} in the end", [last])
        after = [end for begun, end in self._ended(history) if begun.number > shut[-1].number]
        first = next((number for number, end in enumerate(after) if end.kind is Kind.OK), len(after))
        well = [end for end in after[first:] if end.kind is Kind.OK]
        refused = [end for end in after[first:] if end.value["status"] == SHUT_OUT]
        if refused:
            return self._fail(f"{len(refused)} were refused after others had been accepted", refused)
        if len(well) < self.at_least:
            return self._fail(f"{len(well)} of {len(after)} signals were accepted once it was closed", [last, *after])
        return self._pass(f"{len(well)} good signals were accepted, after {first} more refusals", well)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldWhatToMend(_OfPartner):
    """The partner, and nobody else, had one notice of malformed signals; it names what was wrong most often.

    That is known from the partner's own operations, each of which says in which segment and element it is wrong.
    """

    def check(self, history: History) -> Verdict:
        places = Counter(
            (str(wrong["segment"]), int(wrong["element"]))
            for event in history.where(kind=Kind.INVOKE, action=FAULTY, actor=f"partner {self.partner}")
            if (wrong := event.value.get("wrong"))
        )
        if not places:
            return self._unknown(f"{self.partner} sent nothing malformed")
        notices = [
            event
            for event in history.where(kind=Kind.STEP, action="notice")
            if event.value.get("kind") == "malformed_signals"
        ]
        told = Counter(str(event.value.get("partner")) for event in notices)
        if told != {self.partner: 1}:
            return self._fail(f"notices went to {dict(told) or 'nobody'}, and one should, to {self.partner}", notices)
        (notice,) = notices
        (segment, element), _ = places.most_common(1)[0]
        named = (notice.value.get("segment"), notice.value.get("element"))
        words = str(notice.value.get("message", ""))
        if named != (segment, element) or f"X12 segment {segment}, element {element}" not in words:
            return self._fail(f"{segment}, element {element} was wrong; the notice says {words!r}", notices)
        return self._pass(f"told: {words}", notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleTells(_OfPartner):
    """The console named the partner's breaker as the open one, counted what was refused, and closed it.

    By `breakers list` and `breakers reset`, or by the playbook's own lines at the prompt: each of the three was told
    `times_at_least`, in whichever way, and every time right. What is counted while it is open only grows.
    """

    threshold: int = 10
    times_at_least: int = 2

    def check(self, history: History) -> Verdict:
        commands = [event for event in history.where(kind=Kind.STEP, action="operator") if event.value.get("document")]
        listed = _answers(commands, "breakers", "list")
        reset = _answers(commands, "breakers", "reset")
        lines = [(event, line) for event in _answers(commands, "prompt") for line in event.value["document"]["lines"]]
        counts = [
            *(int(one["failure_count"]) for event in listed for one in event.value["document"]["breakers"]),
            *(int(line["said"]) for _, line in lines if line["line"].endswith(".failure_count")),
            *(int(event.value["document"]["before"]["failure_count"]) for event in reset),
        ]
        named = [event.value["document"]["open"] == [self.partner] for event in listed]
        named += [line["said"] == f"['{self.partner}']" for _, line in lines if "get_open_breakers" in line["line"]]
        states = [event.value["document"]["state"] == "CLOSED" for event in reset]
        states += [line["said"] == "'CLOSED'" for _, line in lines if line["line"].endswith(".state")]
        if min(len(named), len(states), len(counts)) < self.times_at_least:
            return self._unknown("the console was not asked all of it, or not in every way", commands)
        wrong = [] if all(named) else [f"{self.partner} was not named as the only one"]
        wrong += [] if all(states) else ["it was not closed by the reset"]
        if min(counts) <= self.threshold or counts != sorted(counts) or counts[-1] <= self.threshold + 1:
            wrong.append(f"the failures were counted as {counts}")
        if wrong:
            return self._fail("; ".join(wrong), commands)
        return self._pass(f"{self.partner} named, {counts[-1]} failures counted in the end, and CLOSED", commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTheReviewList(_OfPartner):
    """The weekly list for a review of data has the partner once, for its circuit breaker, and nobody else."""

    def check(self, history: History) -> Verdict:
        commands = _answers(history.where(kind=Kind.STEP, action="operator"), "reviews", "list")
        if not commands or not commands[-1].value.get("document"):
            return self._unknown("nobody asked for the list")
        entries = commands[-1].value["document"]["reviews"]
        listed = [(entry["partner"], entry["cause"]) for entry in entries if not entry["reviewed_at"]]
        if listed != [(self.partner, "circuit breaker")]:
            return self._fail(f"on the list: {some(f'{who} for {cause}' for who, cause in listed)}", commands)
        return self._pass(f"{self.partner} stands on the list of {entries[0]['week']}", commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosesByItself(_OfPartner):
    """While the partner went on as before, a look at its signals shut it out again; once they were good, it was let in.

    All of that is one incident, and no operator had a hand in it.
    """

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        looks = self._looks(history)
        if fault is None or not looks:
            return self._unknown(f"the breaker of {self.partner} was never seen")
        healed = healed_number(history, fault)
        first, again = looks[0][1], [(look, row) for look, row in looks if row["state"] == "OPEN"]
        reopened = [(look, row) for look, row in again if row["changes"] >= first["changes"] + 2]
        if not any(look.number < healed for look, _ in reopened):
            return self._unknown("nothing was let through, to see, while the flood went on", [fault])
        last, row = looks[-1]
        evidence = [looks[0][0], reopened[0][0], last]
        if history.where(kind=Kind.STEP, action="operator"):
            return self._unknown("an operator had a hand in it", evidence)
        incidents = {str(row["incident"]) for _, row in looks}
        if row["state"] != "CLOSED" or len(incidents) > 1:
            return self._fail(f"in the end it was {row['state']}, in {len(incidents)} incidents", evidence)
        return self._pass(f"closed by itself, after {row['changes']} changes in one incident", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class FewAreLetThrough(_OfPartner):
    """Of the flood no more came through than a look at it takes: `per_round` a half-open time, also after a restart.

    `probe` reads from each process of the service how many malformed signals it has read since its start, as `field`. A
    breaker changes twice in a round: it lets in, and shuts again.
    """

    probe: str = "ingest"
    field: str = "malformed"
    per_round: int = 1

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        looks = self._looks(history)
        opened = next((look for look, row in looks if row["state"] == "OPEN"), None)
        if fault is None or opened is None:
            return self._unknown(f"the breaker of {self.partner} was never seen open")
        until = healed_number(history, fault)
        counts = [
            (event, int(event.value[self.field]))
            for event in history.where(kind=Kind.PROBE, action=self.probe)
            if opened.number < event.number < until
        ]
        changes = [int(row["changes"]) for look, row in looks if opened.number <= look.number < until]
        if len(counts) < 2:
            return self._unknown(f"too few looks at {self.probe} while the flood went on", [opened])
        through = 0
        for (_, before), (_, after) in pairwise(counts):
            through += after - before if after >= before else after  # fewer than before: another process, from 0
        rounds = (changes[-1] - changes[0]) // 2 + 1
        evidence = [opened, counts[0][0], counts[-1][0]]
        if through > self.per_round * rounds:
            return self._fail(f"{through} malformed signals came through in {rounds} rounds", evidence)
        return self._pass(f"{through} malformed signals came through in {rounds} rounds", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatsAreWelcome(Claim):
    """Where every partner means well, what it sends again is no fault of its: nobody is shut out for it.

    At least one partner has repeated more than `threshold` signals that were there already, or the answer is unknown.
    """

    threshold: int = 10

    def check(self, history: History) -> Verdict:
        answers = [event for event in history.where(action=SEND) if event.kind in COMPLETIONS]
        shut_out = [event for event in answers if event.value.get("status") == SHUT_OUT]
        repeats = Counter(
            event.actor
            for event in answers
            if event.kind is Kind.OK
            for result in event.value["results"]
            if result["status"] == "duplicate"
        )
        told = f"{sum(repeats.values())} repeats of {len(repeats)} partners"
        if shut_out:
            actors = some(sorted({event.actor for event in shut_out}))
            return self._fail(f"{told}; {len(shut_out)} answers were {SHUT_OUT}, to {actors}", shut_out)
        if max(repeats.values(), default=0) <= self.threshold:
            return self._unknown(f"{told}: too few to be shut out for")
        return self._pass(f"{told}, and nobody was shut out")


def _answers(commands: list[Event], *words: str) -> list[Event]:
    """Those of the operator's commands that begin with `words`."""
    return [event for event in commands if tuple(event.value["command"][: len(words)]) == words]


def _seconds(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and int(text) >= 1
