"""The incident playbook, rendered from the scenario modules and the claims: what is drilled is what is written.

For each failure: how it is seen and who is called, its cause, the commands that mend it, what prevents it, how fast,
where the obvious step does harm, and what checks each claim. It is the same text for the same scenarios: no date, no
machine. It is never edited by hand, and it starts nothing.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.checkers import AlertSaid
from harness.claims import Claims
from harness.judging import objectives_of
from harness.reports.coverage import Coverage
from harness.reports.markdown import code, page, prose, table
from harness.scenario import Recovery, Scenario
from harness.steps import Operate, WaitFor

FILE_NAME = "PLAYBOOK.md"
HINT = "`harness playbook` renders it"
_WORDS = {"rto": "recovery time (RTO)", "rpo": "recovery point (RPO)", "time_to_alert": "time to alert"}
_NOTHING = "**nothing yet**"

Lines = list[str]


def render_playbook(modules: Mapping[str, tuple[Scenario, ...]], claims: Claims, operator: Sequence[str] = ()) -> str:
    """The whole playbook as Markdown; `operator` is the console's command, put before the words of each step."""
    coverage = Coverage(scenarios=tuple(one for found in modules.values() for one in found), claims=claims)
    return page(_Playbook(modules=modules, coverage=coverage, operator=tuple(operator)).lines())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Playbook:
    modules: Mapping[str, tuple[Scenario, ...]]
    coverage: Coverage
    operator: tuple[str, ...]

    @property
    def claims(self) -> Claims:
        return self.coverage.claims

    def lines(self) -> Lines:
        sections = self.sections()
        lines = [
            "<!-- Rendered by `harness playbook` from the scenario modules and the claims: change those, not this. -->",
            "",
            "# Incident playbook",
            "",
            "What a section says is done and checked by the drills that it names. Times are nominal.",
            "",
            *self.whom_to_call(),
        ]
        for number, modules in sections.items():
            title = self.claims.sections.get(number) or _untitled(self.modules[modules[0]][0])
            heading = f"## {prose(f'{number} {title}'.strip())}"
            if not modules:
                lines += [heading, "", "It has no drill of its own.", ""]
            for module in modules:
                lines += [heading if len(modules) == 1 else f"{heading}: {code(module)}", "", *self.module(module)]
            lines += self.claims_of(number)
        return lines + self.other_hazards() + self.not_shown()

    def sections(self) -> dict[str, list[str]]:
        """The modules of each section, by the number that begins a scenario's `playbook`; also sections without one."""
        found: dict[str, list[str]] = defaultdict(list, {number: [] for number in self.claims.sections})
        for module, scenarios in self.modules.items():
            if scenarios:
                found[_section(scenarios[0])].append(module)
        return dict(sorted(found.items(), key=lambda item: (not item[0], int(item[0] or 0))))

    def whom_to_call(self) -> Lines:
        rows = {
            (code(scenario.alert.text), contact, prose(scenario.playbook))
            for scenario in self.coverage.scenarios
            if scenario.alert is not None
            for contact in _contacts(scenario)
        }
        lines = table(("alert", "call", "section"), sorted(rows, key=lambda row: (row[2], row)))
        return ["## Whom to call", "", *lines] if lines else []

    def module(self, module: str) -> Lines:
        scenarios = self.modules[module]
        return [
            f"Drill it: {code(f'harness drill {module}')}",
            "",
            *table(("drill", "failure"), [(code(one.name), prose(one.title)) for one in scenarios]),
            *_part("Seen as", scenarios, _seen_as),
            *_part("Cause", scenarios, lambda one: [prose(one.cause)] if one.cause else []),
            *_part("Recovery", scenarios, self.recovery),
            *_part("Prevention", scenarios, lambda one: [prose(one.prevention)] if one.prevention else []),
            *_part("Objectives", scenarios, _objectives),
            *_invariants(scenarios),
            *self.hazards({hazard for one in scenarios for hazard in one.hazards}, "### Hazards"),
            *_controls(scenarios),
        ]

    def recovery(self, scenario: Scenario) -> Lines:
        recovery = scenario.recovery
        if not isinstance(recovery, Recovery):
            return ["Nothing is to be done: the system is well again once the fault is over."]
        steps: Lines = []
        for step in recovery.steps:
            if isinstance(step, Operate):
                number = len(steps) + 1
                command = code(shlex.join(step.typed(self.operator)))
                steps.append(f"{number}. {prose(step.why[:1].upper() + step.why[1:])}{_ids(step.claims)}: {command}")
            elif isinstance(step, WaitFor):
                steps.append(f"{len(steps) + 1}. Wait until {prose(step.what)}, for {step.within_s:g} s at most.")
        if recovery.done_when:
            done = ", ".join(prose(condition) for condition in recovery.done_when)
            steps += ["", f"It is mended when: {done}, within {recovery.limit_s:g} s."]
        return steps

    def hazards(self, ids: Iterable[str], heading: str) -> Lines:
        rows = []
        for id_ in sorted(ids, key=lambda one: (len(one), one)):
            hazard = self.claims.hazards.get(id_)
            told = (prose(hazard.harm), prose(hazard.recovery)) if hazard else ("", "")
            rows.append((prose(id_), *told, self.shown_by(id_)))
        lines = table(("hazard", "harm", "the recovery that avoids it", "shown by"), rows)
        return [heading, "", *lines] if lines else []

    def other_hazards(self) -> Lines:
        named = {hazard for one in self.coverage.scenarios for hazard in one.hazards}
        return self.hazards(set(self.claims.hazards) - named, "## Hazards that belong to no drill")

    def shown_by(self, hazard: str) -> str:
        shown = [f"{code(control.name)} of {code(one.name)}" for one, control in self.coverage.controls(hazard)]
        stated = self.claims.hazards.get(hazard)
        return _listed([*shown, *map(code, stated.tests if stated else ())])

    def claims_of(self, section: str) -> Lines:
        rows = [
            (id_, prose(claim.text), self.checked_by(id_))
            for id_, claim in self.claims.claims.items()
            if claim.section == section
        ]
        lines = table(("claim", "", "checked by"), rows)
        return ["### Claims", "", *lines] if lines else []

    def checked_by(self, claim: str) -> str:
        """What carries a claim, each part once, with the drills that have it where they are not all that carry it."""
        parts: dict[str, list[str]] = defaultdict(list)
        for check in self.coverage.checks(claim):
            parts[f"{check.kind} {code(check.name)}"].append(check.scenario)
        drills = {scenario for scenarios in parts.values() for scenario in scenarios}
        said = [part if {*of} == drills else f"{part} (of {self.named(of)})" for part, of in parts.items()]
        carried = [f"{', '.join(said)} in {self.named(drills)}"] if said else []
        return _listed([*carried, *map(code, self.claims.claims[claim].tests)])

    def named(self, scenarios: Collection[str]) -> str:
        """The names of scenarios, with that of the module for all its variants."""
        left, names = set(scenarios), []
        for module, found in self.modules.items():
            variants = {one.name for one in found}
            if len(variants) > 1 and variants <= left:
                names.append(module)
                left -= variants
        return ", ".join(map(code, sorted([*names, *left])))

    def not_shown(self) -> Lines:
        """What no drill and no test holds yet, said in one place."""
        lines: Lines = []
        if claims := self.coverage.carried_by_nothing:
            lines += [f"* Claims that nothing checks: {', '.join(claims)}."]
        if hazards := self.coverage.shown_by_nothing:
            lines += [f"* Hazards whose harm nothing shows: {', '.join(hazards)}."]
        return ["## Not yet held", "", *lines] if lines else []


def _part(title: str, scenarios: Sequence[Scenario], say: Callable[[Scenario], Lines]) -> Lines:
    """What the drills of a module say under one heading; where they differ, each with the names of its own."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for scenario in scenarios:
        groups[tuple(say(scenario))].append(scenario.name)
    if not any(groups):
        return []
    lines = [f"### {title}", ""]
    for said, names in groups.items():
        if said and len(groups) > 1:
            lines += [f"In {', '.join(map(code, names))}:", ""]
        lines += [*said, ""]
    return lines


def _seen_as(scenario: Scenario) -> Lines:
    lines = [f"* {prose(one.text)}, within {one.within_s:g} s{_ids(one.claims)}" for one in scenario.symptoms]
    if (alert := scenario.alert) is not None:
        called = " and ".join(_contacts(scenario))
        call = f", for {called}" if called else ""
        lines.append(f"* alert {code(alert.text)}, within {alert.within_s:g} s{call}{_ids(alert.claims)}")
    return lines


def _contacts(scenario: Scenario) -> list[str]:
    """Who the alert has to be for, as far as a checker of the scenario holds it."""
    text = scenario.alert.text if scenario.alert else None
    said = [one for one in scenario.invariants if isinstance(one, AlertSaid) and one.text == text]
    return [prose(contact) for contact in dict.fromkeys(one.contact for one in said) if contact is not None]


def _objectives(scenario: Scenario) -> Lines:
    rows = []
    for objective in objectives_of(scenario):
        nominal_s = getattr(objective, "nominal_limit_s", objective.limit_s)
        shortened = "" if nominal_s == objective.limit_s else f" ({objective.limit_s:g} s in the drill)"
        name = _WORDS.get(objective.name) or prose(objective.name.replace("_", " "))
        rows.append((name, f"{nominal_s:g} s{shortened}", ", ".join(objective.claims)))
    return table(("objective", "at most", "claims"), rows)[:-1]


def _invariants(scenarios: Sequence[Scenario]) -> Lines:
    """What all the drills of a module have in common, and then what some of them add."""
    names = {one.name: [checker.name for checker in one.invariants] for one in scenarios}
    shared = set.intersection(*map(set, names.values()))
    lines = [*_named([name for name in names[scenarios[0].name] if name in shared])]
    for scenario, own in names.items():
        lines += _named([name for name in own if name not in shared], f"and in {code(scenario)}: ")
    return ["### What must hold", "", *lines, ""]


def _named(checkers: Sequence[str], before: str = "") -> Lines:
    return [f"* {before}{', '.join(map(code, checkers))}"] if checkers else []


def _controls(scenarios: Sequence[Scenario]) -> Lines:
    rows = [
        (code(control.name), prose(control.why), code(control.must_fail), code(one.name))
        for one in scenarios
        for control in one.negative_controls
    ]
    lines = table(("protection off", "harm", "caught by", "drill"), rows)
    return ["### Negative controls", "", *lines] if lines else []


def _ids(claims: Sequence[str]) -> str:
    return f" ({', '.join(claims)})" if claims else ""


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts) or _NOTHING


def _section(scenario: Scenario) -> str:
    found = re.match(r"\d+", scenario.playbook, re.ASCII)
    return str(int(found[0])) if found else ""


def _untitled(scenario: Scenario) -> str:
    return re.sub(r"^\d+\s*", "", scenario.playbook) or scenario.title
