"""Did the drill take its course? What must be seen for any other verdict to mean something.

These read the steps that a drill writes into its own history. Where the fault was not proved or no symptom was seen the
answer is *unknown*, and so is the drill's: a fault that did not bite never goes green.
"""

from dataclasses import dataclass

from harness.history import Event, History, Kind
from harness.verdict import Outcome, Verdict


def _steps(history: History, action: str) -> list[Event]:
    return history.where(kind=Kind.STEP, action=action)


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyStateFirst:
    """Steady state held, with enough traffic, before anything was broken."""

    claims: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "SteadyStateFirst"

    def check(self, history: History) -> Verdict:
        gates = _steps(history, "gate")
        held = bool(gates) and gates[-1].value.get("held") is True
        return Verdict(
            checker=self.name,
            outcome=Outcome.PASS if held else Outcome.UNKNOWN,
            summary="steady state held before the fault" if held else _why(gates, "steady state was never reached"),
            evidence=tuple(event.number for event in gates),
            claims=self.claims,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultsBit:
    """Each fault that was injected was seen to bite, from outside its injector."""

    claims: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "FaultsBit"

    def check(self, history: History) -> Verdict:
        seen = _steps(history, "evidence")
        unproved = [event for event in seen if event.value.get("proof") is not True]
        main = [event for event in seen if event.value.get("main")]
        if not main:
            outcome, summary = Outcome.UNKNOWN, "the fault was never injected"
        elif unproved:
            outcome = Outcome.UNKNOWN
            summary = "; ".join(
                f"no proof that {event.value['of']} of {event.value['target']} bit: {event.value.get('facts')}"
                for event in unproved
            )
        else:
            outcome = Outcome.PASS
            summary = "; ".join(f"{event.value['of']} of {event.value['target']} bit" for event in seen)
        return Verdict(
            checker=self.name,
            outcome=outcome,
            summary=summary,
            evidence=tuple(event.number for event in seen),
            claims=self.claims,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomSeen:
    """Users saw what the playbook says they see."""

    text: str
    claims: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"SymptomSeen: {self.text}"

    def check(self, history: History) -> Verdict:
        told = [event for event in _steps(history, "symptom") if event.value.get("text") == self.text]
        seen = bool(told) and told[-1].value.get("seen") is True
        return Verdict(
            checker=self.name,
            outcome=Outcome.PASS if seen else Outcome.UNKNOWN,
            summary=f"seen: {self.text}" if seen else _why(told, f"not seen: {self.text}"),
            evidence=tuple(event.number for event in told),
            claims=self.claims,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCommandsWorked:
    """Each command of the recovery was understood and did its work."""

    claims: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "OperatorCommandsWorked"

    def check(self, history: History) -> Verdict:
        ran = _steps(history, "operator")
        failed = [event for event in ran if event.value.get("exit_code") != event.value.get("expected", 0)]
        if not ran:
            outcome, summary = Outcome.UNKNOWN, "no operator command was run"
        elif failed:
            outcome = Outcome.FAIL
            summary = "; ".join(
                f"`{' '.join(event.value['command'])}` ended with {event.value.get('exit_code')}: "
                f"{str(event.value.get('errors', '')).strip()[-300:]}"
                for event in failed
            )
        else:
            outcome = Outcome.PASS
            summary = "; ".join(f"`{' '.join(event.value['command'])}` worked" for event in ran)
        return Verdict(
            checker=self.name,
            outcome=outcome,
            summary=summary,
            evidence=tuple(event.number for event in ran),
            claims=self.claims,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A state of the drill that it waits for: `recovered` (while the fault stood), `steady_again`, `settled`."""

    action: str
    text: str
    claims: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.text

    def check(self, history: History) -> Verdict:
        told = _steps(history, self.action)
        if not told:
            outcome, summary = Outcome.UNKNOWN, "the drill did not come that far"
        elif told[-1].value.get("held") is True:
            outcome, summary = Outcome.PASS, f"after {float(told[-1].value.get('after_s', 0.0)):.2f} s"
        else:
            outcome, summary = Outcome.FAIL, _why(told, "not within the limit")
        return Verdict(
            checker=self.name,
            outcome=outcome,
            summary=summary,
            evidence=tuple(event.number for event in told),
            claims=self.claims,
        )


def _why(events: list[Event], otherwise: str) -> str:
    readings = events[-1].value.get("readings") if events else None
    return f"{otherwise}: {'; '.join(readings)}" if readings else otherwise
