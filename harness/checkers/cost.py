"""What a flood may cost: next to nothing behind the door where it is refused, and no memory."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, healed_number
from harness.history import Event, History, Kind
from harness.verdict import Verdict

_MEGABYTE = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedAtTheDoor(Claim):
    """What a flood carries to the door moves next to nothing behind it: no write and no question for each request.

    `flood` and `behind` are gauges of links that count `upstream_passed`, in bytes. Ordinary work costs something on
    the link behind: its price for each thing that an ok of `work` acknowledged is that of the time before the fault,
    and what exceeds it while the fault stood is the flood's. That may be `share_max` of the flood's own bytes. Under
    `flood_bytes_min` of flood the answer is unknown: too little to tell from chance.
    """

    flood: str
    behind: str
    work: str
    share_max: float = 0.1
    flood_bytes_min: int = 100_000

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        until = healed_number(history, fault)
        before = _looks(history, self.behind, 0, fault.number)
        during = _looks(history, self.behind, fault.number, until)
        flooded = _looks(history, self.flood, fault.number, until)
        if len(before) < 2 or len(during) < 2 or len(flooded) < 2:
            return self._unknown(
                f"too few looks at {self.behind} and {self.flood} before and during the flood", [fault]
            )
        evidence = [before[0], before[-1], during[0], during[-1], flooded[0], flooded[-1]]
        came = _grown(flooded)
        worked = self._worked(history, before)
        if came < self.flood_bytes_min or not worked:
            return self._unknown(f"{came} bytes of flood, {worked} things done before it: too few to tell", evidence)
        price = _grown(before) / worked
        excess = _grown(during) - price * self._worked(history, during)
        share = excess / came
        told = f"{excess / 1000:.1f} kB behind the door for {came / 1000:.0f} kB before it"
        if share > self.share_max:
            return self._fail(f"{told}: {share:.2f} bytes for each byte refused", evidence)
        return self._pass(told, evidence)

    def _worked(self, history: History, looks: list[Event]) -> int:
        """How much was acknowledged between the first and the last of `looks`."""
        first, last = looks[0].number, looks[-1].number
        return sum(
            len(event.value.get("results", (event,)))
            for event in history.where(kind=Kind.OK, action=self.work)
            if first < event.number < last
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryStaysFlat(Claim):
    """While the main fault stood, a process never held `share_max` more memory than it did at most before.

    The gauge `probe` shows `resident_bytes` and `pid`; another process in between makes the answer unknown, and so do
    fewer than three looks on either side.
    """

    probe: str
    share_max: float = 0.1

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        before = _looks(history, self.probe, 0, fault.number)
        during = _looks(history, self.probe, fault.number, healed_number(history, fault))
        if min(len(before), len(during)) < 3:
            return self._unknown(f"{len(before)} looks at {self.probe} before, {len(during)} while it stood", [fault])
        if len({event.value["pid"] for event in (*before, *during)}) > 1:
            return self._unknown("it was not the same process all the time", [fault])
        was = max(int(event.value["resident_bytes"]) for event in before)
        highest = max(during, key=lambda event: int(event.value["resident_bytes"]))
        grew = int(highest.value["resident_bytes"]) - was
        told = f"{was / _MEGABYTE:.1f} MB before, {grew / _MEGABYTE:+.2f} MB at most while it stood"
        if grew > self.share_max * was:
            return self._fail(told, [fault, highest])
        return self._pass(told, [fault, highest])


def _looks(history: History, probe: str, from_number: int, to_number: int) -> list[Event]:
    return [event for event in history.where(kind=Kind.PROBE, action=probe) if from_number <= event.number < to_number]


def _grown(looks: list[Event]) -> int:
    return int(looks[-1].value["upstream_passed"]) - int(looks[0].value["upstream_passed"])
