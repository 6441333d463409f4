"""How many changes of behaviour the curated traces see, and whether they cry wolf: the gate, with a score.

    python -m benchmarks.gate_score [--seed N] [--per-package N | --all] [--json] [--survivors FILE]

Small mistakes are made in the system's sources through their syntax trees, one at a time, at places drawn from a seed
(`mutating.changes`). Each changed tree replays the curated traces, by the contract, and the gate's own code judges. A
mistake is caught when the verdict is *changed* or *broken*. One that goes round in circles gives *unknown*: the gate
does not let it pass, but no trace told a difference, so it counts as missed, as does what no trace comes past. (Only
traces that come past a mistake are replayed for it, since the others never get to what is changed.) A tree
that cannot be imported is no system at all, which any gate sees: such changes are told apart, and are in no share.
Rewrites that keep the meaning must all pass (`mutating.rewritings`).

Tried are the modules that a replay imports: what runs around the system alone (processes, servers, the supervisor) is
for drills. Left out are types, docstrings and log lines, and what only an `UNSAFE_` switch leads to. Some mistakes
change nothing that anybody could see; but for those that compile to the same code, they are not told apart from those
that the traces miss.
"""

import argparse
import ast
import json
import os
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, Report, show
from benchmarks.mutating.changes import CHANGES
from benchmarks.mutating.places import Rewriting, Rewritten, enums_of, rewritten
from benchmarks.mutating.reaching import Reach, reach_of
from benchmarks.mutating.rewritings import REWRITINGS
from benchmarks.mutating.trial import Tree, Trial, Trials, Tried
from harness.replaying.comparison import TraceOutcome
from harness.replaying.runners import LIMIT_S
from harness.traces import Trace, load_traces
from scenarios.world.replay import COMPARISON, DIRECTORY

JUDGED = ("resolver", "governance", "agents")
"""The packages that decide what becomes of a signal; the target is for them."""

BESIDE = ("ingest", "recovery", "analytics")
SEED, PER_PACKAGE, REWRITTEN = 7, 60, 45
CAUGHT_TARGET = 0.95
REACHED_WITHIN_S = 300.0
_ROOT = Path(__file__).resolve().parent.parent
_TREE = Tree(root=_ROOT, package="system", entry="system.replay:replay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One changed source and what the gate said to it. `reached`: a trace comes past it, or it runs at the import."""

    change: Rewritten
    tried: Tried
    reached: bool

    @property
    def package(self) -> str:
        return self.change.path.split("/")[1]

    @property
    def why_not(self) -> str:
        """Why it was not caught, as far as that can be seen."""
        if self.tried.outcome is TraceOutcome.UNKNOWN:
            return f"unknown: {self.tried.said}"
        return "passed by, without a difference" if self.reached else "no trace comes past it"

    def to_json(self) -> dict[str, Any]:
        """One entry of the list of survivors."""
        change = self.change
        return {
            "path": change.path,
            "line": change.line,
            "change": change.rewriting,
            "what": change.what,
            "why": self.why_not,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Everything that was tried."""

    changes: tuple[Judged, ...]
    rewritings: tuple[Judged, ...]
    possible: int
    traces: int
    took_s: float

    @property
    def alive(self) -> list[Judged]:
        """Changes whose tree could be imported."""
        return [one for one in self.changes if one.tried.imported]

    @property
    def survivors(self) -> list[Judged]:
        """Changes that were not caught, as they stand in the sources."""
        return sorted(
            (one for one in self.alive if not one.tried.caught),
            key=lambda one: (one.package not in JUDGED, one.change.path, one.change.line, one.change.what),
        )

    @property
    def false_alarms(self) -> list[Judged]:
        """Rewrites that keep the meaning, and did not pass."""
        return [one for one in self.rewritings if one.tried.outcome is not TraceOutcome.PASS]


def sources(reach: Reach, packages: Sequence[str]) -> dict[str, str]:
    """The sources of some packages, by path, that a replay imports, without those that only a switch leads to."""
    paths = sorted(path for path in reach.paths if path.split("/")[1] in packages)
    return {path: (_ROOT / path).read_text("utf-8") for path in paths if "/unsafe_" not in path}


def catalogue(texts: dict[str, str], rewritings: Sequence[Rewriting]) -> list[Rewritten]:
    """All that could be rewritten in some sources."""
    enums = enums_of(ast.parse(path.read_text("utf-8")) for path in sorted((_ROOT / _TREE.package).rglob("*.py")))
    return [one for path, text in texts.items() for one in rewritten(path, text, rewritings, enums)]


def drawn(found: Iterable[Rewritten], count: int | None, draw: random.Random, *, evenly: bool) -> list[Rewritten]:
    """Some of them, those that compile to the same code left out; `evenly` takes each kind in turn."""
    mixed = list(found)
    draw.shuffle(mixed)
    if evenly:
        by_kind: dict[str, list[Rewritten]] = defaultdict(list)
        for one in mixed:
            by_kind[one.rewriting].append(one)
        place = {id(one): number for kind in by_kind.values() for number, one in enumerate(kind)}
        mixed.sort(key=lambda one: place[id(one)])
    chosen: list[Rewritten] = []
    for one in mixed:
        if count is not None and len(chosen) == count:
            break
        if one.changes_code():
            chosen.append(one)
    return chosen


def score(seed: int, per_package: int | None, *, rewrites: int = REWRITTEN) -> Score:
    """Tries so many changes of each package, all of them for None, and so many rewrites of all packages together."""
    traces = load_traces(DIRECTORY)
    started_s = perf_counter()
    reach = reach_of(_TREE, traces, within_s=REACHED_WITHIN_S)
    changes: list[Rewritten] = []
    possible = 0
    for package in (*JUDGED, *BESIDE):
        found = catalogue(sources(reach, [package]), CHANGES)
        possible += len(found)
        count = per_package if package in JUDGED or per_package is None else per_package // 2
        changes += drawn(found, count, random.Random(f"{seed} {package}"), evenly=False)
    same = catalogue(sources(reach, [*JUDGED, *BESIDE]), REWRITINGS)
    # A rewrite that no trace comes past proves nothing.
    same = [one for one in same if reach.to(one.path, one.lines)]
    rewritings = drawn(same, rewrites, random.Random(f"{seed} same"), evenly=True)
    both = [*changes, *rewritings]
    with tempfile.TemporaryDirectory(prefix="gate-score-") as folder:
        processes = len(os.sched_getaffinity(0))
        trials = Trials(_TREE, COMPARISON, Path(folder), processes=processes, limit_s=LIMIT_S)
        told = dict(trials.run(_trial(one, reach, traces) for one in both))
    judged = [
        Judged(
            change=one,
            tried=told[number],
            reached=bool(reach.to(one.path, one.lines)) or reach.at_import(one.path, one.lines),
        )
        for number, one in enumerate(both)
    ]
    return Score(
        changes=tuple(judged[: len(changes)]),
        rewritings=tuple(judged[len(changes) :]),
        possible=possible,
        traces=len(traces),
        took_s=perf_counter() - started_s,
    )


def _trial(one: Rewritten, reach: Reach, traces: Sequence[Trace]) -> Trial:
    """With the traces that come past it: the others run as before. One that runs at the import concerns all of them."""
    first = dict.fromkeys(reach.to(one.path, one.lines))
    others = range(len(traces)) if reach.at_import(one.path, one.lines) else ()
    order = [*first, *(number for number in others if number not in first)]
    return Trial(path=one.path, source=one.source(), traces=[traces[number] for number in order])


def report(found: Score, seed: int) -> Report:
    """The shares as figures."""
    judged = [one for one in found.alive if one.package in JUDGED]
    figures = [_share("caught of all three", judged, target=CAUGHT_TARGET)]
    figures += [_share(f"caught in {name}", [one for one in judged if one.package == name]) for name in JUDGED]
    figures.append(_share("caught of those that a trace comes past", [one for one in judged if one.reached]))
    figures += [
        _share(f"caught in {name}, beside", [one for one in found.alive if one.package == name]) for name in BESIDE
    ]
    told = ", ".join(str(one.change) for one in found.false_alarms)
    kinds = len({one.change.rewriting for one in found.rewritings})
    figures.append(
        Figure(
            name="false alarms",
            value=len(found.false_alarms),
            unit="",
            target=0,
            beside=f"of {len(found.rewritings)} rewrites of {kinds} kinds that keep the meaning{told and ': '}{told}",
        )
    )
    dead = len(found.changes) - len(found.alive)
    return Report(
        title=f"The gate's score: {len(found.alive)} changes of behaviour, {found.traces} traces",
        figures=tuple(figures),
        conditions=f"seed {seed}, drawn from {found.possible:,} possible changes; {dead} more cannot be imported; "
        f"{found.took_s:.0f} s",
    )


def _share(name: str, some: Sequence[Judged], *, target: float | None = None) -> Figure:
    outcomes = Counter(str(one.tried.outcome) for one in some)
    unseen = sum(not one.reached for one in some if not one.tried.caught)
    caught = sum(one.tried.caught for one in some)
    beside = (
        f"{caught} of {len(some)}: {', '.join(f'{count} {outcome}' for outcome, count in sorted(outcomes.items()))}"
    )
    return Figure(
        name=name,
        value=caught / len(some) if some else 0.0,
        unit="",
        target=target,
        better="more",
        beside=f"{beside}; {unseen} past which no trace comes" if unseen else beside,
    )


def survivors_text(found: Score) -> str:
    """The changes that were not caught, as Markdown."""
    lines = ["| where | change | what | why |", "|---|---|---|---|"]
    for one in found.survivors:
        change = one.change
        cells = (f"{change.path}:{change.line}", change.rewriting, f"`{change.what}`", one.why_not)
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(found: Score) -> Table:
    table = Table(title=f"{len(found.survivors)} not caught", title_justify="left")
    for name in ("where", "change", "what", "why"):
        table.add_column(name, overflow="fold")
    for one in found.survivors:
        table.add_row(f"{one.change.path}:{one.change.line}", one.change.rewriting, one.change.what, one.why_not)
    return table


def run() -> Report:
    """A score with the usual seed."""
    return report(score(SEED, PER_PACKAGE), SEED)


def main() -> int:
    """The score, with the list of what was not caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--per-package", type=int, default=PER_PACKAGE, metavar="N", help="half of it for those beside")
    parser.add_argument("--all", action="store_true", help="every change that there is, which takes many minutes")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--survivors", type=Path, metavar="FILE", help="write what was not caught there, as Markdown")
    arguments = parser.parse_args()
    found = score(arguments.seed, None if arguments.all else arguments.per_package)
    told = report(found, arguments.seed)
    if arguments.survivors is not None:
        arguments.survivors.write_text(survivors_text(found), encoding="utf-8")
    if arguments.json:
        document = told.document() | {"survivors": [one.to_json() for one in found.survivors]}
        json.dump(document, sys.stdout, indent=2)
        print()
    else:
        console = Console(width=None if sys.stdout.isatty() else 140)
        show(told, console)
        console.print(_table(found), markup=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
