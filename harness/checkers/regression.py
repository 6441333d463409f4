"""A change of behaviour was stopped, found, shown and decided on; and an outage never became what is expected.

They read what continuous integration said of each commit, what the commands of those who looked into it answered, and
how the clone of the project stood in the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import snapshot, some
from harness.history import COMPLETIONS, Event, History, Kind
from harness.verdict import Verdict


def injected(history: History) -> Mapping[str, Any]:
    """What git said of the change: `before`, `head` after it, the `commit` that made it; empty when none was seen."""
    for event in history.where(kind=Kind.STEP, action="evidence"):
        if event.value.get("main") and event.value.get("proof"):
            facts = event.value.get("facts", {})
            return facts if {"before", "head", "commit"} <= set(facts) else {}
    return {}


def answer_of(history: History, *words: str) -> Event | None:
    """The last command that began with these words."""
    return next(iter(reversed(_ran(history, *words))), None)


def _ran(history: History, *words: str) -> list[Event]:
    ran = history.where(kind=Kind.STEP, action="operator")
    return [event for event in ran if event.value.get("command", [])[: len(words)] == [*words]]


def document_of(event: Event) -> Mapping[str, Any]:
    """The document that a command printed; empty when it printed none."""
    document = event.value.get("document")
    return document if isinstance(document, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeIsStopped(Claim):
    """The gate let what was there before pass and stopped the change, in these words."""

    message: str
    action: str = "gate"

    def check(self, history: History) -> Verdict:
        facts = injected(history)
        said = [event for event in history.where(action=self.action) if event.kind in COMPLETIONS]
        about = [event for event in said if event.value.get("commit") == facts.get("head")]
        if not facts or not about:
            return self._unknown("the gate said nothing of the change", said)
        before = [event for event in said if event.value.get("commit") == facts["before"]]
        if not before or before[0].kind is not Kind.OK:
            return self._unknown("the gate did not pass what was there before", said)
        stopped = [event for event in about if event.kind is Kind.FAIL and event.value.get("message") == self.message]
        if len(stopped) != len(about):
            codes = some(sorted({str(event.value.get("exit_code")) for event in about}))
            return self._fail(f"the change was not stopped with {self.message!r}: exit code {codes}", about)
        return self._pass(
            f"{self.message}: {some([', '.join(lines) for lines in stopped[0].value['causes']], 2)}", about
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitIsNamed(Claim):
    """The search named the commit that made the change, and no other."""

    words: tuple[str, ...] = ("harness", "trace", "bisect")

    def check(self, history: History) -> Verdict:
        facts, event = injected(history), answer_of(history, *self.words)
        if not facts or event is None:
            return self._unknown("nobody searched")
        document = document_of(event)
        named = [suspect.get("commit") for suspect in document.get("suspects", [])]
        if named != [facts["commit"]]:
            return self._fail(
                f"expected {facts['commit']}, the search named {some(map(str, named)) or 'none'}", [event]
            )
        subject = document["suspects"][0].get("subject")
        return self._pass(f"{facts['commit'][:12]} {subject}, after {document.get('replays')} replays", [event])


@dataclass(frozen=True, slots=True, kw_only=True)
class OldBesideNew(Claim):
    """The comparison of the two revisions showed what it was and what it is now."""

    words: tuple[str, ...] = ("harness", "trace", "compare")

    def check(self, history: History) -> Verdict:
        facts, event = injected(history), answer_of(history, *self.words)
        if not facts or event is None:
            return self._unknown("nobody compared")
        document = document_of(event)
        sides = [document.get(side, {}).get("commit") for side in ("before", "after")]
        if sides != [facts["before"], facts["head"]]:
            return self._fail(f"expected {facts['before']} beside {facts['head']}, seen {sides}", [event])
        lines = [line for cause in document.get("causes", []) for line in cause.get("example", {}).get("lines", [])]
        if not lines:
            return self._fail(f"no difference was shown; the outcome was {document.get('outcome')}", [event])
        return self._pass(some(lines, 2), [event])


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPassesTheGate(Claim):
    """After the decision the gate passes, with the change still in `path` or without it; `decided` is a CloneProbe."""

    path: str
    change_stays: bool
    decided: str
    action: str = "gate"

    def check(self, history: History) -> Verdict:
        facts, end = injected(history), snapshot(history, self.decided)
        if not facts or end is None:
            return self._unknown("nobody looked at the clone after the decision")
        held = [
            event
            for event in history.where(action=self.action)
            if event.kind in COMPLETIONS and event.value.get("commit") == end.value["head"]
        ]
        if not held or held[-1].kind is Kind.INFO:
            return self._unknown("the gate said nothing of the decision", [end, *held])
        if held[-1].kind is not Kind.OK:
            return self._fail("the gate does not pass what was decided on", [end, *held])
        stays = end.value["ids"].get(self.path) == facts.get("changed_id")
        if stays != self.change_stays or end.value["uncommitted"]:
            left = some(end.value["uncommitted"])
            where = f"{self.path} {'still holds' if stays else 'no longer holds'} the change"
            return self._fail(f"{where}{f'; not committed: {left}' if left else ''}", [end])
        return self._pass(f"passed with {self.path} {'as changed' if stays else 'as it was'}", [end, *held])


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRenewed(Claim):
    """The change was taken over into traces, each of which says who took it and why."""

    words: tuple[str, ...] = ("harness", "trace", "refresh")

    def check(self, history: History) -> Verdict:
        event = answer_of(history, *self.words)
        if event is None:
            return self._unknown("nothing was refreshed")
        document = document_of(event)
        approval = document.get("approval", {})
        if not document.get("written") or not document.get("refreshed"):
            return self._fail("no trace was written", [event])
        if not approval.get("by") or not approval.get("why"):
            return self._fail(f"nobody is said to have taken it: {approval}", [event])
        return self._pass(f"{some(document['refreshed'])}, by {approval['by']}: {approval['why']}", [event])


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageIsNoBaseline(Claim):
    """Of what was tried while `fault` stood nothing was written; `clone` is the CloneProbe that looked after it."""

    fault: str
    clone: str
    words: tuple[str, ...] = ("harness", "trace", "refresh")

    def check(self, history: History) -> Verdict:
        began = next((one for one in history.where(kind=Kind.FAULT) if one.action == self.fault), None)
        ended = next((one for one in history.where(kind=Kind.HEAL) if one.action == self.fault), None)
        looked = next(iter(history.where(kind=Kind.PROBE, action=self.clone)), None)
        if began is None or ended is None or looked is None:
            return self._unknown("there was no outage, or nobody looked at the clone after it")
        tried = [one for one in _ran(history, *self.words) if began.number < one.number < ended.number]
        if not tried:
            return self._unknown("nobody tried to refresh during the outage", [began, ended])
        if looked.value["uncommitted"] or any(event.value.get("exit_code") == 0 for event in tried):
            return self._fail(f"the outage was taken for right: {some(looked.value['uncommitted'])}", [*tried, looked])
        return self._pass(
            f"refused with exit code {tried[0].value.get('exit_code')}, and nothing was written", [*tried, looked]
        )
