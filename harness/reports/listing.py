"""Tables for the terminal: scenarios, runs, addresses, and what this machine can run."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.run import Run
from harness.verdict import Outcome

COLOURS = {"pass": "green", "fail": "bold red", "unknown": "yellow", "skipped": "cyan"}


def coloured(word: str) -> Text:
    """An outcome in its colour."""
    return Text(word, style=COLOURS.get(word, ""))


def plain(text: object) -> Text:
    """Words from elsewhere, with a sign in the place of everything that cannot be seen."""
    return Text("".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in str(text)))


def terminal() -> Console:
    """Texts from runs and traces are never taken for markup."""
    return Console(markup=False, emoji=False, highlight=False)


def columns_of(*columns: str, folding: tuple[str, ...]) -> Table:
    """Columns that line up; only the `folding` ones break their lines where the terminal is narrow."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column not in folding)
    return table


def scenario_table(listing: Sequence[Mapping[str, Any]]) -> None:
    """`harness list`: a row a scenario."""
    table = columns_of("scenario", "playbook", "faults", "objectives", folding=("faults",))
    for row in listing:
        table.add_row(
            str(row["name"]),
            str(row["playbook"]),
            "\n".join([*row["conditions"], *row["faults"]]),
            "\n".join(row["objectives"]),
        )
    terminal().print(table)


def run_table(runs: Sequence[Run]) -> None:
    """A row a run, for several drills at once."""
    table = columns_of("scenario", "without", "seed", "outcome", "took", "RTO", "RPO", folding=("without",))
    for run in runs:
        measured = {part.name: part.value_s for part in run.judgement.measurements}
        outcome = "skipped" if run.skipped else run.outcome.value
        if run.control:
            outcome = "pass" if run.caught else "fail"
        shown = coloured(outcome)
        if run.control:
            shown = Text("caught" if run.caught else "not caught", style=COLOURS[outcome])
        table.add_row(
            run.scenario,
            run.control or "",
            str(run.seed),
            shown,
            f"{run.duration_s:.1f} s",
            _seconds(measured.get("rto")),
            _seconds(measured.get("rpo")),
        )
    console = terminal()
    console.print(table)
    passed = sum(run.caught if run.control else run.outcome is Outcome.PASS for run in runs)
    console.print(f"\n{passed} of {len(runs)} {'caught' if any(run.control for run in runs) else 'passed'}")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def address_table(addresses: Mapping[str, Any]) -> None:
    """`harness up`: where everything listens."""
    table = columns_of("what", "where", folding=())
    for heading in ("services", "links"):
        for name, address in addresses[heading].items():
            table.add_row(name, address)
    console = terminal()
    console.print(table)
    console.print(f"\nlogs and data: {addresses['directory']}")


def imagecolumns_of(images: Sequence[tuple[str, str, bool]]) -> None:
    """`harness images build`: a row an image, with its content id and whether it was made now."""
    table = columns_of("image", "id", "made", folding=())
    for reference, image_id, made in images:
        table.add_row(reference, image_id.removeprefix("sha256:")[:12], "now" if made else "before")
    terminal().print(table)


def plan_table(plans: Sequence[Mapping[str, Any]]) -> None:
    """`harness drill --dry-run`: the steps of each scenario, in order."""
    for plan in plans:
        console = terminal()
        console.print(plain(plan["scenario"]), style="bold")
        console.print(plain(f"may suffer: {', '.join(plan['blast_radius'])}"))
        if plan["settings"]:
            console.print(
                plain("settings: " + ", ".join(f"{name}={value}" for name, value in plan["settings"].items()))
            )
        table = columns_of("does", "what", "to", folding=("what",))
        for step in plan["steps"]:
            table.add_row(step["does"], plain(step["what"]), plain(step["target"]))
        console.print(table)
        console.print()


def image_table(images: Sequence[tuple[str, str, bool]]) -> None:
    """`harness images build`: a row an image, with its content id and whether it was made now."""
    table = columns_of("image", "id", "made", folding=())
    for reference, image_id, made in images:
        table.add_row(reference, image_id.removeprefix("sha256:")[:12], "now" if made else "before")
    terminal().print(table)


def doctor_table(report: Any) -> None:
    """`harness doctor`: a row a check, and what to do about what is missing."""
    table = columns_of("check", "state", "seen", "what to do", folding=("seen", "what to do"))
    for check in report.checks:
        table.add_row(check.name, coloured("pass" if check.ok else "fail"), check.seen, check.remedy or "")
    terminal().print(table)
