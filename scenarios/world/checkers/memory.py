"""How Redis was given room again: seen, kept in place, flushed of what is old and of nothing else, raised, and audited.

That nothing was lost or done twice meanwhile is the business of other checkers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import acknowledgements, fault_event, rows_of, snapshot, some
from harness.history import Event, History, Kind
from harness.verdict import Verdict
from scenarios.world.traffic import SEND

_NEARLY_ALL = 0.99
"""Of keys that are counted and not named: in the time between two looks some come of age."""
_LESS = 0.1
"""By how much less than at the looks around it the memory may have been that the console showed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatsPastTheKeysAreTold(Claim):
    """After the fault repeats came whose keys were gone, and each was known as a repeat all the same.

    `counted` of the look `probe` counts the repeats that the database alone told.
    """

    write: str = SEND
    probe: str = "ingest"
    counted: str = "repeats_past_redis"

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        looks = history.where(kind=Kind.PROBE, action=self.probe)
        before = [look for look in looks if fault is not None and look.number < fault.number]
        if fault is None or not before or looks[-1].number < fault.number:
            return self._unknown(f"no fault was injected, or no look {self.probe} came before and after it")
        accepted: dict[str, Event] = {}
        for told in acknowledgements(history, self.write, "identity"):
            if told.result.get("status") == "accepted":
                first = accepted.setdefault(told.key, told.event)
                if first is not told.event:
                    return self._fail(f"{told.key} was accepted again", [first, told.event])
        past = float(looks[-1].value[self.counted]) - float(before[-1].value[self.counted])
        if past < 1:
            return self._unknown("no repeat came whose key was gone", [before[-1], looks[-1]])
        return self._pass(f"{past:g} repeats came whose keys were gone, each was known", [before[-1], looks[-1]])


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryShown(Claim):
    """The operator was shown what Redis itself says: its limit, and about the memory that is used.

    For a moment that can be far more than at the looks before and after: buffers of clients, a growing table of keys.
    Redis keeps the most that it ever was, so that is the upper bound.
    """

    words: tuple[str, ...]
    probe: str = "memory"

    def check(self, history: History) -> Verdict:
        shown = _command(history, self.words)
        if shown is None:
            return self._unknown(f"`{' '.join(self.words)}` was never run")
        looks = history.where(kind=Kind.PROBE, action=self.probe)
        after = [look for look in looks if look.number > shown.number][:1]
        if not after:
            return self._unknown(f"no look {self.probe} was taken after it", [shown])
        around = [look for look in looks if look.number < shown.number][-3:] + after
        document, evidence = shown.value.get("document"), [shown, *around]
        if not isinstance(document, dict):
            return self._fail(f"`{' '.join(self.words)}` showed nothing", evidence)
        limits = {int(look.value["limit_bytes"]) for look in around}
        least = min(int(look.value["used_bytes"]) for look in around)
        most = int(after[0].value["peak_bytes"])
        told_used, told_limit = document.get("used_bytes"), document.get("limit_bytes")
        if told_limit not in limits:
            had = some(map(str, sorted(limits)))
            return self._fail(f"it showed a limit of {told_limit} bytes, Redis had {had}", evidence)
        if not least * (1 - _LESS) <= (told_used or 0) <= most:
            return self._fail(f"it showed {told_used} bytes used, Redis had {least}, and at most {most}", evidence)
        return self._pass(f"{told_used} of {told_limit} bytes, as Redis itself said", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfKeys(Claim):
    """What two looks at the keys share: what went between them, less what Redis evicted, was taken by somebody."""

    before: str
    after: str

    def _looks(self, history: History) -> tuple[Event, Event] | Verdict:
        before, after = snapshot(history, self.before), snapshot(history, self.after)
        if before is None or after is None:
            return self._unknown(f"no look {self.after if before else self.before} was taken")
        if not before.value["sent"] or not before.value["old"]:
            return self._unknown("before it there were no young keys, or no old ones", [before])
        return before, after

    def _missing(self, before: Event, after: Event) -> str | None:
        """The young keys that are gone, in words; None when there are none, or no more than were evicted."""
        evicted = int(after.value["evicted_keys"]) - int(before.value["evicted_keys"])
        gone = [key for key in before.value["sent"] if key not in after.value["sent"]]
        if len(gone) > evicted:
            return f"{len(gone)} of {len(before.value['sent'])} young keys are gone: {some(gone)}"
        others = int(before.value["young"]) * _NEARLY_ALL - int(after.value["young"]) - evicted
        return f"{before.value['young']} keys were young, {after.value['young']} are there" if others > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TtlChangedInPlace(_OfKeys):
    """After the TTL was lowered to `ttl_s` every key is still there, the young ones with no more than that to live,
    and neither Redis nor ingest was started anew. What came after that, as the look `later` shows, has no more either.
    """

    ttl_s: float
    later: str

    def check(self, history: History) -> Verdict:
        looks = self._looks(history)
        if isinstance(looks, Verdict):
            return looks
        before, after = looks
        later = snapshot(history, self.later)
        if later is None:
            return self._unknown(f"no look {self.later} was taken", looks)
        if max(before.value["sent"].values()) <= self.ttl_s:
            return self._unknown(f"before it no key had more than {self.ttl_s:g} s to live", looks)
        for life in ("redis", "ingest"):
            if before.value[life] != after.value[life]:
                return self._fail(f"{life} was started anew", looks)
        if missing := self._missing(before, after):
            return self._fail(missing, looks)
        evicted = int(after.value["evicted_keys"]) - int(before.value["evicted_keys"])
        if int(after.value["old"]) + evicted < _NEARLY_ALL * int(before.value["old"]):
            return self._fail(f"{before.value['old']} keys were old, {after.value['old']} are there", looks)
        # What was written while the command ran, and by whom, nobody knows.
        known = {key: left_s for key, left_s in after.value["sent"].items() if key in before.value["sent"]}
        fresh = {key: left_s for key, left_s in later.value["sent"].items() if key not in after.value["sent"]}
        long = [key for key, left_s in {**known, **fresh}.items() if left_s > self.ttl_s or left_s < 0]
        evidence = [*looks, later]
        if long:
            return self._fail(f"{len(long)} keys have more than {self.ttl_s:g} s to live: {some(long)}", evidence)
        came = f"{len(known)} young keys, and {len(fresh)} that came after"
        return self._pass(f"{came}, each with {self.ttl_s:g} s or less to live", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyOldKeysFlushed(_OfKeys):
    """The flush took the old keys, and every young one still stands."""

    def check(self, history: History) -> Verdict:
        looks = self._looks(history)
        if isinstance(looks, Verdict):
            return looks
        before, after = looks
        if missing := self._missing(before, after):
            return self._fail(missing, looks)
        old, left = int(before.value["old"]), int(after.value["old"])
        if left > (1 - _NEARLY_ALL) * old:
            return self._fail(f"{left} of {old} old keys are still there", looks)
        return self._pass(f"{old} old keys are gone, {after.value['young']} young ones stand", looks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedByItself(Claim):
    """After the fault the memory limit rose before any person did anything, before a key was evicted or a write
    refused, to at most `up_to_bytes`; and the audit says who raised it.
    """

    by: str
    up_to_bytes: int
    command: str = "redis raise"
    probe: str = "memory"
    audit: str = "operator_actions"

    def check(self, history: History) -> Verdict:
        fault, audit = fault_event(history), snapshot(history, self.audit)
        looks = history.where(kind=Kind.PROBE, action=self.probe)
        before = [look for look in looks if fault is not None and look.number < fault.number]
        if fault is None or not before:
            return self._unknown(f"no fault was injected, or no look {self.probe} came before it")
        first, after = before[-1], [look for look in looks if look.number > fault.number]
        raised = next((look for look in after if look.value["limit_bytes"] > first.value["limit_bytes"]), None)
        operated = history.where(kind=Kind.STEP, action="operator")
        if raised is None or (operated and operated[0].number < raised.number):
            return self._fail("the limit did not rise, or not before somebody was at the console", [first, *after[-1:]])
        evidence = [fault, first, raised, after[-1]]
        highest = max(int(look.value["limit_bytes"]) for look in after)
        if highest > self.up_to_bytes:
            return self._fail(f"the limit rose to {highest}, past the bound of {self.up_to_bytes}", evidence)
        harm = {name: after[-1].value[name] - first.value[name] for name in ("evicted_keys", "refused_commands")}
        if any(harm.values()):
            return self._fail("it came too late: " + ", ".join(f"{n} {name}" for name, n in harm.items()), evidence)
        if audit is None:
            return self._unknown(f"no snapshot {self.audit} was taken", evidence)
        rows = [row for row in rows_of(audit) if row["command"] == self.command and row["who"] == self.by]
        if not any(_limit_of(row) == highest for row in rows):
            return self._fail(f"no audit row says that {self.by} raised the limit to {highest}", [*evidence, audit])
        steps = f"from {first.value['limit_bytes']} to {highest}, {len(rows)} times"
        return self._pass(f"{steps}, the first {raised.at_s - fault.at_s:.2f} s after the fault", [*evidence, audit])


def _limit_of(row: Mapping[str, Any]) -> Any:
    return row["what"].get("limit_bytes") if isinstance(row["what"], dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsAudited(Claim):
    """Each command of an operator that changed something left its row in the audit, with who did it and why.

    `commands` are those that change something, by their first words.
    """

    commands: tuple[str, ...]
    audit: str = "operator_actions"

    def check(self, history: History) -> Verdict:
        ran = [
            event
            for event in history.where(kind=Kind.STEP, action="operator")
            if event.value.get("exit_code") == 0 and _named(event, self.commands) is not None
        ]
        audit = snapshot(history, self.audit)
        if not ran or audit is None:
            return self._unknown("no such command was run" if not ran else f"no snapshot {self.audit} was taken", ran)
        rows = [str(row["command"]) for row in rows_of(audit) if row["who"] and row["why"]]
        without = [name for event in ran if (name := _named(event, self.commands)) is not None and name not in rows]
        if without:
            return self._fail(f"no row says who did it, and why: {some(without)}", [*ran, audit])
        return self._pass(f"{len(ran)} commands, each with who and why", [*ran, audit])


def _named(event: Event, commands: tuple[str, ...]) -> str | None:
    words = " ".join(event.value["command"])
    return next((name for name in commands if words == name or words.startswith(f"{name} ")), None)


def _command(history: History, words: tuple[str, ...]) -> Event | None:
    """The last time that this command was run, with these words first."""
    ran = history.where(kind=Kind.STEP, action="operator")
    return next((event for event in reversed(ran) if tuple(event.value["command"])[: len(words)] == words), None)
