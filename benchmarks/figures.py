"""What a benchmark answers: figures with their targets, as a table and as one JSON object.

A figure that misses its target is shown as missed and nothing more: on a shared machine a slow round is no defect.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number. `beside` says in words what it is to be compared with, measured in the same run."""

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["less", "more"] = "less"
    beside: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "less" else self.value >= self.target

    @property
    def wanted(self) -> str:
        """The target in words."""
        if self.target is None:
            return ""
        return f"{'at most' if self.better == 'less' else 'at least'} {plain(self.target)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of one benchmark. `conditions` say what they were measured under."""

    title: str
    figures: tuple[Figure, ...]
    conditions: str = ""

    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        figures = [{**asdict(figure), "met": figure.met} for figure in self.figures]
        return {"title": self.title, "conditions": self.conditions, "figures": figures}


def show(report: Report, console: Console) -> None:
    """The report as a table."""
    table = Table(title=report.title, caption=report.conditions or None, title_justify="left", caption_justify="left")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    table.add_column("")
    table.add_column("beside")
    for figure in report.figures:
        met = {None: "", True: "[green]met[/green]", False: "[yellow]missed[/yellow]"}[figure.met]
        table.add_row(figure.name, f"{plain(figure.value)} {figure.unit}", figure.wanted, met, figure.beside)
    console.print(table)


def plain(number: float) -> str:
    """A number as people read it: three digits that count, thousands apart."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank; not a number when there is nothing to rank."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(percent / 100 * len(ranked)) - 1)] if ranked else math.nan
