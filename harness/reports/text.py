"""One run as text: what was drilled, what was seen, what it comes to, and what to do next when it did not pass."""

import io
import shlex
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.history import Kind
from harness.reports.listing import coloured
from harness.run import Run
from harness.verdict import Outcome, Verdict

_LOST_SHOWN = 10


def report_text(run: Run, width: int = 100) -> str:
    """The report without colours, as a file keeps it."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=False).print(_report(run))
    return out.getvalue()


def print_report(run: Run) -> None:
    """The report on the terminal, in its colours and width."""
    Console().print(_report(run))


def _report(run: Run) -> Group:
    parts: list[RenderableType] = [_heading(run), *_section("phases", _phases(run))]
    parts += _section("evidence", _evidence(run))
    parts += _section("verdicts", _verdicts((*run.judgement.invariants, *run.judgement.course)))
    parts += _section("measured", _measured(run))
    parts += _section("claims", _claims(run))
    parts += list(_next_step(run))
    return Group(*parts)


def _section(title: str, body: RenderableType | None) -> list[RenderableType]:
    return [] if body is None else [Text(f"\n{title}", style="bold"), Padding(body, (0, 0, 0, 2))]


def _grid(*justify: str) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for side in justify:
        table.add_column(justify="right" if side == "right" else "left", overflow="fold", no_wrap=side == "whole")
    return table


def _heading(run: Run) -> Text:
    outcome = "skipped" if run.skipped else run.outcome.value
    heading = Text.assemble(
        (run.scenario, "bold"),
        "  ",
        coloured(outcome),
        f"\nrun {run.id}\nseed {run.seed}, {run.environment}, {run.duration_s:.1f} s, commit {run.commit}",
    )
    if run.control:
        heading.append(f"\nwithout {run.control}: {run.must_fail} has to fail; it {'did' if run.caught else 'DID NOT'}")
    if run.settings:
        heading.append("\nsettings " + " ".join(f"{name}={value}" for name, value in run.settings.items()))
    if run.skipped:
        heading.append(f"\nskipped: {run.skipped}")
    return heading


def _phases(run: Run) -> RenderableType | None:
    if not run.phases:
        return None
    table = _grid("whole", "right", "left")
    told = {Kind.FAULT: "fault", Kind.HEAL: "heal", Kind.ALERT: "alert"}
    for phase in run.phases:
        said = [
            f"{event.at_s:.2f} s {told[event.kind]}: {event.action} {event.value.get('target', '')}".rstrip()
            for event in run.history
            if event.kind in told and phase.from_s <= event.at_s < phase.to_s
        ]
        table.add_row(phase.name, f"{phase.to_s - phase.from_s:.2f} s", "\n".join(said))
    return table


def _evidence(run: Run) -> RenderableType | None:
    if not run.evidence:
        return None
    table = _grid("whole", "whole", "left")
    for event in run.evidence:
        facts = ", ".join(f"{name} {fact}" for name, fact in event.value["facts"].items())
        proved = "pass" if event.value["proof"] else "unknown"
        table.add_row(f"{event.value['of']} {event.value['target']}", coloured(proved), facts)
    return table


def _verdicts(verdicts: tuple[Verdict, ...]) -> RenderableType | None:
    if not verdicts:
        return None
    table = _grid("whole", "whole", "left")
    for verdict in verdicts:
        table.add_row(verdict.checker, coloured(verdict.outcome.value), verdict.summary)
        for part in verdict.parts:
            table.add_row(f"  {part.checker}", coloured(part.outcome.value), part.summary)
    return table


def _measured(run: Run) -> RenderableType | None:
    if not run.judgement.measurements:
        return None
    table = _grid("whole", "right", "whole", "whole", "left")
    for part in run.judgement.measurements:
        value = "not measured" if part.value_s is None else f"{part.value_s:.2f} s"
        table.add_row(part.text, value, f"of {part.limit_s:g} s", coloured(part.outcome.value), part.summary)
    lost = [one for part in run.judgement.measurements for one in part.lost]
    shown = [", ".join(f"{name} {value}" for name, value in one.items()) for one in lost[:_LOST_SHOWN]]
    if len(lost) > _LOST_SHOWN:
        shown.append(f"and {len(lost) - _LOST_SHOWN} more")
    return Group(table, *(Text(f"lost: {line}") for line in shown))


def _claims(run: Run) -> RenderableType | None:
    if not run.judgement.claims:
        return None
    line = Text()
    for claim, outcome in run.judgement.claims.items():
        line.append(f"{claim} ").append(coloured(outcome.value)).append("   ")
    return line


def _next_step(run: Run) -> Iterator[RenderableType]:
    """For anything but a pass: what is wrong, and how to see it again."""
    if run.skipped or run.control or run.outcome is Outcome.PASS:
        return
    parts = (*run.judgement.invariants, *run.judgement.course)
    wrong = [f"{part.checker}: {part.summary}" for part in parts if part.outcome is run.outcome]
    wrong += [f"{part.text}: {part.summary}" for part in run.judgement.measurements if part.outcome is run.outcome]
    yield Text(f"\nwhat is {'wrong' if run.outcome is Outcome.FAIL else 'not known'}", style="bold")
    for line in wrong:
        yield Padding(Text(line), (0, 0, 0, 2))
    words = ["harness", "drill", run.scenario, "--seed", str(run.seed), "--environment", run.environment]
    yield Text("\nsee it again", style="bold")
    yield Padding(Text(shlex.join(words)), (0, 0, 0, 2))
    yield Padding(Text(f"its history: runs/{run.id}/history.jsonl"), (0, 0, 0, 2))
