"""Recorded traces give the outputs that they gave before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import some
from harness.history import Event, History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TracesUnchanged(Claim):
    """At least `at_least` traces were driven through the recovered system, and each gave its baseline's output."""

    at_least: int = 1

    def check(self, history: History) -> Verdict:
        replays = history.where(kind=Kind.STEP, action="replay")
        unsure = [event for event in replays if event.value.get("outcome") == "unknown"]
        changed = [event for event in replays if event.value.get("outcome") not in {"pass", "unknown"}]
        if changed:
            names = [f"{event.value['trace']} ({some(map(str, _differences(event)), 2)})" for event in changed]
            return self._fail(f"Trace replay mismatch: {some(names, 3)}", changed)
        traces = {str(event.value["trace"]) for event in replays}
        if unsure or len(traces) < self.at_least:
            names = [str(event.value["trace"]) for event in unsure]
            return self._unknown(
                f"{len(traces)} traces replayed, {self.at_least} wanted; without an answer: {some(names) or 'none'}",
                unsure,
            )
        share = history.last(kind=Kind.STEP, action="share")
        of = f" of {share.value['of']}" if share is not None and share.value["of"] > len(traces) else ""
        return self._pass(f"{len(traces)}{of} traces gave the output they gave before", replays)


def _differences(event: Event) -> Sequence[Any]:
    value = event.value
    for name in ("unmatched", "unused", "differences"):
        if found := value.get(name):
            return [f"{name}: {line}" if name != "differences" else line for line in found]
    return (value.get("error") or "no difference was named",)
