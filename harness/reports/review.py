"""The review after an incident, of one drill: timeline, root cause, resolution, prevention, action items.

It is the document that a playbook asks for after every incident, filled in from what the run left behind and from what
the scenario says of itself. Owners are those whom the alert was for; deadlines count from the day of the drill. What
only people can add, they add: this starts nothing and asks nobody.
"""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from harness.claims import Hazard
from harness.history import COMPLETIONS, Event, Kind
from harness.reports.markdown import code, page, prose, table
from harness.reports.timeline import Moment, command_of, contact_of, facts_of, moments_of
from harness.run import Run
from harness.scenario import Heal, Scenario
from harness.verdict import Outcome

_MOMENTS_SHOWN = 200
_LOST_SHOWN = 20
_DAYS = {"broken": 3, "missed": 7, "unknown": 7, "prevention": 30}
_NOBODY = "to be named"

Lines = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionItem:
    """What is to be done, by whom (None: somebody has to be named), within how many days."""

    what: str
    owner: str | None
    within_days: int


def review(
    run: Run, scenario: Scenario, *, operator: Sequence[str] = (), hazards: Mapping[str, Hazard] | None = None
) -> str:
    """The review as Markdown; `operator` is the console's command, `hazards` what the scenario's hazards mean."""
    return page(_Review(run=run, scenario=scenario, operator=tuple(operator), stated=hazards or {}).lines())


def action_items(run: Run, scenario: Scenario) -> list[ActionItem]:
    """What follows from a run: each verdict that is not a pass is looked into, and the prevention is carried out."""
    return list(_Review(run=run, scenario=scenario).action_items())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Review:
    run: Run
    scenario: Scenario
    operator: tuple[str, ...] = ()
    stated: Mapping[str, Hazard] = field(default_factory=dict)

    @property
    def fault(self) -> Event | None:
        return next((event for event in self.run.history.where(kind=Kind.FAULT) if event.value.get("main")), None)

    @property
    def started(self) -> datetime | None:
        try:
            return datetime.fromisoformat(self.run.started_at)
        except ValueError:
            return None

    def lines(self) -> Lines:
        run = self.run
        lines = [f"# Post-incident review: {prose(self.scenario.title)}", "", *self.heading(), ""]
        if run.skipped is not None:
            return [*lines, f"It was skipped, so there is nothing to review: {prose(run.skipped)}"]
        return [
            *lines,
            *self.impact(),
            *self.timeline(),
            *self.root_cause(),
            *self.resolution(),
            *self.prevention(),
            *self.actions(),
        ]

    def heading(self) -> Iterator[str]:
        run = self.run
        outcome = "skipped" if run.skipped else run.outcome.value
        yield f"* drill {code(run.scenario)} (playbook {prose(self.scenario.playbook)}), which ended: **{outcome}**"
        yield f"* run {code(run.id)} of {prose(run.started_at)}, {run.duration_s:.1f} s long"
        yield f"* seed {run.seed}, {prose(run.place)}, commit {code(run.commit)}"
        if run.settings:
            yield f"* settings {', '.join(code(f'{name}={value}') for name, value in run.settings.items())}"
        if run.control:
            caught = "did" if run.caught else "did NOT"
            yield (
                f"* a negative control: with {code(run.control)} off, {code(run.must_fail)} has to fail, and {caught}"
            )

    def impact(self) -> Lines:
        lines = ["## Impact", ""]
        if self.fault is not None:
            done = Counter(one.kind for one in self.run.history.since(self.fault.number) if one.kind in COMPLETIONS)
            lines.append(
                f"* of {sum(done.values())} operations after the fault {done[Kind.OK]} succeeded, {done[Kind.FAIL]} "
                f"were refused, and of {done[Kind.INFO]} nobody knows whether they happened"
            )
        for part in self.run.judgement.measurements:
            value = "not measured" if part.value_s is None else f"{part.value_s:.2f} s"
            lines.append(f"* {prose(part.text)}: {value} of {part.limit_s:g} s, **{part.outcome.value}**")
        lost = [one for part in self.run.judgement.measurements for one in part.lost]
        if lost:
            lines.append(f"* lost, {len(lost)} in all:")
            lines += [f"  * {facts_of(one)}" for one in lost[:_LOST_SHOWN]]
            lines += [f"  * and {len(lost) - _LOST_SHOWN} more"] if len(lost) > _LOST_SHOWN else []
        return [*lines, ""]

    def timeline(self) -> Lines:
        moments = moments_of(self.run.history)
        shown = moments[:_MOMENTS_SHOWN]
        lines = table(("time (UTC)", "after the fault", "what"), (self.row(moment) for moment in shown))
        if len(moments) > len(shown):
            lines += [f"And {len(moments) - len(shown)} more, in the history of the run.", ""]
        return ["## Timeline", "", *(lines or ["Nothing was recorded.", ""])]

    def row(self, moment: Moment) -> tuple[str, str, str]:
        started, fault = self.started, self.fault
        clock = (started + timedelta(seconds=moment.at_s)).strftime("%H:%M:%S.%f")[:-3] if started else ""
        after = f"{moment.at_s - fault.at_s:+.2f} s" if fault else ""
        again = f" ({moment.times} times, until {moment.until_s - moment.at_s:.2f} s later)" if moment.times > 1 else ""
        return clock, after, moment.what + again

    def root_cause(self) -> Lines:
        lines = ["## Root cause", "", prose(self.scenario.cause or self.scenario.title), ""]
        for event in self.run.evidence:
            facts = event.value.get("facts")
            proved = "seen from outside" if event.value.get("proof") is True else "NOT seen from outside"
            what = f"{code(event.value.get('of', '?'))} of {code(event.value.get('target', '?'))}"
            lines.append(f"* {what}, {proved}: {facts_of(facts) if isinstance(facts, dict) else ''}")
        return [*lines, ""]

    def resolution(self) -> Lines:
        lines = ["## Resolution", ""]
        if isinstance(self.scenario.recovery, Heal):
            lines += ["It ended with its fault; nothing else mends it.", ""]
        alone: dict[str, list[str]] = {}
        for event in self.run.history.since(self.fault.number) if self.fault else ():
            if event.kind is Kind.STEP and event.actor not in {"drill", "operator", "inbox", "replay"}:
                alone.setdefault(event.actor, []).append(event.action)
        for actor, actions in alone.items():
            lines.append(f"* by itself, {prose(actor)}: {', '.join(map(prose, dict.fromkeys(actions)))}")
        for event in self.run.history.where(kind=Kind.STEP, action="operator"):
            console = () if event.value.get("where") == "worktree" else self.operator
            command = code(shlex.join((*console, *command_of(event))))
            why = prose(event.value.get("why", ""))
            lines.append(f"* {command}{f', to {why}' if why else ''}: exit code {prose(event.value.get('exit_code'))}")
        for verdict in self.run.judgement.course:
            lines.append(f"* {code(verdict.checker)}: **{verdict.outcome.value}**, {prose(verdict.summary)}")
        return [*lines, ""]

    def prevention(self) -> Lines:
        lines = ["## Prevention", "", prose(self.scenario.prevention or "The scenario names none."), ""]
        rows = [
            (hazard.id, prose(hazard.harm), prose(hazard.recovery))
            for id_ in self.scenario.hazards
            if (hazard := self.stated.get(id_)) is not None
        ]
        return [*lines, *table(("hazard", "harm", "the recovery that avoids it"), rows)]

    def actions(self) -> Lines:
        rows = [
            (str(number), item.what, prose(item.owner or _NOBODY), self.deadline(item))
            for number, item in enumerate(self.action_items(), start=1)
        ]
        lines = table(("", "action", "owner", "deadline"), rows)
        return [
            "## Action items",
            "",
            *(lines or ["None: nothing was found, and the scenario names no prevention.", ""]),
        ]

    def deadline(self, item: ActionItem) -> str:
        if self.started is None:
            return f"within {item.within_days} days"
        return (self.started + timedelta(days=item.within_days)).date().isoformat()

    def action_items(self) -> Iterator[ActionItem]:
        run, owner = self.run, self.owner
        if run.skipped is not None:
            return
        by_control = {run.must_fail} if run.control else set()
        for verdict in run.judgement.verdicts:
            if verdict.outcome is not Outcome.PASS and verdict.checker not in by_control:
                broken = verdict.outcome is Outcome.FAIL
                what = f"{'Mend' if broken else 'Find out about'} {code(verdict.checker)}: {prose(verdict.summary)}"
                yield ActionItem(what=what, owner=owner, within_days=_DAYS["broken" if broken else "unknown"])
        for part in run.judgement.measurements:
            if part.outcome is not Outcome.PASS:
                what = f"Bring {prose(part.text)} within {part.limit_s:g} s: {prose(part.summary)}"
                yield ActionItem(what=what, owner=owner, within_days=_DAYS["missed"])
        for text in self.standing_alerts():
            what = f"End the alert {code(text)}, which still stands"
            yield ActionItem(what=what, owner=owner, within_days=_DAYS["broken"])
        if self.scenario.prevention:
            what = f"Prevention: {prose(self.scenario.prevention)}"
            yield ActionItem(what=what, owner=owner, within_days=_DAYS["prevention"])

    @property
    def owner(self) -> str | None:
        """Whom the first alert after the fault was for, the scenario's own before any other."""
        fired = [event for event in self.run.history.where(kind=Kind.ALERT) if event.value.get("status") == "firing"]
        own = self.scenario.alert.text if self.scenario.alert else None
        by_relevance = sorted(fired, key=lambda event: own is None or not event.says(own))
        return next((contact for event in by_relevance if (contact := contact_of(event))), None)

    def standing_alerts(self) -> list[str]:
        """The alerts that had not ended when the run did."""
        standing: dict[tuple[str, str], str] = {}
        for event in self.run.history.where(kind=Kind.ALERT):
            key = (event.action, str(event.value.get("labels")))
            if event.value.get("status") == "firing":
                standing[key] = event.action
            else:
                standing.pop(key, None)
        return list(dict.fromkeys(standing.values()))
