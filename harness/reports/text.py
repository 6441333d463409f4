"""One run as text: what was drilled, what was seen, what it comes to, and what to do next when it did not pass.

It shows what a saved run holds and starts nothing. Texts in a run come from servers and partners: they are printed as
they are, never as markup, and without what could move a terminal's cursor.
"""

import io
import shlex
from collections.abc import Iterable, Iterator, Sequence

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.history import Event, Kind
from harness.objective import Measurement
from harness.reports.listing import coloured, plain
from harness.run import Run
from harness.verdict import Outcome, Verdict

_LOST_SHOWN = 10
_EVENTS_SHOWN = 5
_NAME_WHOLE = 40
_TOLD = {Kind.FAULT: "fault", Kind.HEAL: "heal", Kind.ALERT: "alert"}


def report_text(run: Run, width: int = 100) -> str:
    """The report without colours, as a file keeps it, `width` characters wide; no line ends in blanks."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, color_system=None, force_terminal=False, markup=False, emoji=False, highlight=False
    )
    console.print(renderable(run))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def print_report(run: Run) -> None:
    """The report on the terminal, in its colours and width."""
    Console(markup=False, emoji=False, highlight=False).print(renderable(run))


def renderable(run: Run) -> Group:
    """The report, for whoever prints it elsewhere."""
    judgement = run.judgement
    parts: list[RenderableType] = [_heading(run)]
    if run.skipped is None:
        parts += _section("phases", _phases(run))
        parts += _section("evidence", _evidence(run.evidence))
        parts += _section("verdicts", _verdicts(judgement.verdicts))
        parts += _section("measured", _measured(judgement.measurements))
        parts += _section("claims", _claims(run))
        parts += _next_step(run)
    return Group(*parts)


def _section(title: str, body: RenderableType | None) -> list[RenderableType]:
    return [] if body is None else [Text(f"\n{title}", style="bold"), Padding(body, (0, 0, 0, 2))]


def _grid(*columns: str) -> Table:
    """Columns that line up: `left` and `right` fold where the terminal is narrow, `whole` ones never do."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for side in columns:
        table.add_column(justify="right" if side == "right" else "left", overflow="fold", no_wrap=side != "left")
    return table


def _heading(run: Run) -> RenderableType:
    outcome = "skipped" if run.skipped else run.outcome.value
    lines = [
        f"run {run.id}",
        f"seed {run.seed}, {run.place}, {run.duration_s:.1f} s, commit {run.commit}",
    ]
    if run.control:
        did = "did" if run.caught else "DID NOT"
        lines.append(f"negative control {run.control}: {run.must_fail} has to fail, and {did}")
    if run.settings:
        lines.append("settings " + " ".join(f"{name}={value}" for name, value in run.settings.items()))
    if run.skipped:
        lines.append(f"skipped: {run.skipped}")
    title = Text.assemble((run.scenario, "bold"), "  ", coloured(outcome))
    return Group(title, *(plain(line) for line in lines))


def _phases(run: Run) -> RenderableType | None:
    if not run.phases:
        return None
    table = _grid("whole", "right", "left")
    marks = [event for event in run.history if event.kind in _TOLD]
    for phase in run.phases:
        said = [_mark(event) for event in marks if phase.from_s <= event.at_s < phase.to_s]
        table.add_row(plain(phase.name), f"{phase.to_s - phase.from_s:.2f} s", plain("\n".join(said)))
    return table


def _mark(event: Event) -> str:
    """A fault or a healing and what it was done to; an alert and whether it began or ended."""
    more = event.value.get("status" if event.kind is Kind.ALERT else "target", "")
    return f"{event.at_s:.2f} s {_TOLD[event.kind]}: {event.action} {more}".rstrip()


def _evidence(events: Sequence[Event]) -> RenderableType | None:
    if not events:
        return None
    table = _grid("left", "whole", "left")
    for event in events:
        facts = ", ".join(f"{name} {fact}" for name, fact in event.value.get("facts", {}).items())
        proved = coloured("pass" if event.value.get("proof") else "unknown")
        table.add_row(plain(f"{event.value.get('of')} {event.value.get('target')}"), proved, plain(facts))
    return table


def _verdicts(verdicts: Sequence[Verdict]) -> RenderableType | None:
    if not verdicts:
        return None
    # A name is one long word; broken in its middle it cannot be searched for. Long texts as names have to fold.
    longest = max(len(indent) + len(verdict.checker) for indent, verdict in _with_parts(verdicts))
    table = _grid("whole" if longest <= _NAME_WHOLE else "left", "whole", "left")
    for indent, verdict in _with_parts(verdicts):
        table.add_row(plain(indent + verdict.checker), coloured(verdict.outcome.value), plain(verdict.summary))
    return table


def _with_parts(verdicts: Iterable[Verdict], indent: str = "") -> Iterator[tuple[str, Verdict]]:
    for verdict in verdicts:
        yield indent, verdict
        yield from _with_parts(verdict.parts, indent + "  ")


def _measured(measurements: Sequence[Measurement]) -> RenderableType | None:
    if not measurements:
        return None
    table = _grid("left", "right", "whole", "whole", "left")
    for part in measurements:
        value = "not measured" if part.value_s is None else f"{part.value_s:.2f} s"
        table.add_row(plain(part.text), value, _limit(part), coloured(part.outcome.value), plain(part.summary))
    lost = [one for part in measurements for one in part.lost]
    shown = [", ".join(f"{name} {value}" for name, value in one.items()) for one in lost[:_LOST_SHOWN]]
    if len(lost) > _LOST_SHOWN:
        shown.append(f"and {len(lost) - _LOST_SHOWN} more")
    return Group(table, *([Text(f"\nlost: {len(lost)}")] if lost else []), *(plain(f"  {line}") for line in shown))


def _limit(part: Measurement) -> str:
    nominal = "" if part.limit_s == part.nominal_limit_s else f" (nominal {part.nominal_limit_s:g} s)"
    return f"of {part.limit_s:g} s{nominal}"


def _claims(run: Run) -> RenderableType | None:
    claims = run.judgement.claims
    if not claims:
        return None
    return Columns([Text.assemble(f"{claim} ", coloured(outcome.value)) for claim, outcome in claims.items()], (0, 3))


def _next_step(run: Run) -> Iterator[RenderableType]:
    """For anything but what was hoped for: what was expected, what was seen, and how to see it again."""
    if run.control:
        if run.caught:
            return
        yield from _section("what is wrong", plain(f"expected {run.must_fail} to fail without its protection"))
        yield from _section("see it again", plain(_command(run, "--negative")))
    elif run.outcome is not Outcome.PASS:
        title = "what is wrong" if run.outcome is Outcome.FAIL else "what is not known"
        yield from _section(title, Group(*_spaced(_unmet(run))))
        yield from _section("see it again", plain(f"{_command(run)}\nharness judge {run.id}"))


def _unmet(run: Run) -> Iterator[RenderableType]:
    judgement = run.judgement
    if not judgement.proved:
        for premise in judgement.premises:
            if premise.outcome is not Outcome.PASS:
                yield _expectation(run, premise.checker, premise.summary, premise.evidence)
        return
    for verdict in judgement.verdicts:
        if verdict.outcome is run.outcome:
            yield _expectation(run, verdict.checker, verdict.summary, verdict.evidence)
    for part in judgement.measurements:
        if part.outcome is run.outcome:
            yield _expectation(run, f"{part.text} within {part.limit_s:g} s", part.summary, part.evidence)


def _expectation(run: Run, expected: str, seen: str, evidence: Sequence[int]) -> RenderableType:
    table = _grid("whole", "left")
    table.add_row("expected", plain(expected))
    table.add_row("seen", plain(seen))
    events = [run.history[number] for number in evidence if 0 <= number < len(run.history)]
    shown = [f"{e.number}: {e.at_s:.2f} s, {e.actor}, {e.kind.value} {e.action}" for e in events[:_EVENTS_SHOWN]]
    if len(events) > _EVENTS_SHOWN:
        shown.append(f"and {len(events) - _EVENTS_SHOWN} more, up to {events[-1].number}")
    if shown:
        table.add_row("events", plain("\n".join(shown)))
    return table


def _spaced(parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
    for number, part in enumerate(parts):
        if number:
            yield Text()
        yield part


def _command(run: Run, *words: str) -> str:
    return shlex.join(["harness", "drill", run.scenario, *words, *run.words])
