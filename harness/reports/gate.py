"""The gate's answer on the terminal: traces, drills, claims, and how it ends."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.reports.listing import coloured, columns_of, plain, terminal
from harness.reports.traces import findings

Document = Mapping[str, Any]


def print_gate(document: Document) -> None:
    """All of it, what failed before what held."""
    traces = document["traces"]
    name = traces["revision"]["name"]
    parts: list[RenderableType] = findings(traces, f"traces at {name}, {traces['took_s']:.1f} s")
    if traces["unmet_masks"]:
        parts.append(plain(f"masks that no output met: {', '.join(traces['unmet_masks'])}"))
    parts += _section("drills", _drills(document["drills"]))
    parts += _section("claims", _claims(document["claims"]))
    if document["message"]:
        parts.append(Text(f"\n{document['message']}", style="bold red"))
    parts.append(Text.assemble("\ngate: ", coloured(document["outcome"])))
    terminal().print(Group(*parts))


def _drills(runs: Sequence[Document]) -> RenderableType | None:
    if not runs:
        return None
    table = columns_of("drill", "outcome", "took", "what is wrong", folding=("what is wrong",))
    for run in runs:
        wrong = [f"{one['checker']}: {one['summary']}" for one in run["verdicts"] if one["outcome"] != "pass"]
        wrong += [f"{one['name']}: {one['summary']}" for one in run["objectives"] if one["outcome"] != "pass"]
        said = run["skipped"] or "\n".join(wrong)
        table.add_row(plain(run["scenario"]), coloured(run["outcome"]), f"{run['duration_s']:.1f} s", plain(said))
    return table


def _claims(claims: Sequence[Document]) -> RenderableType | None:
    """In words those that are not well; of the others how they stand."""
    if not claims:
        return None
    wrong = [row for row in claims if row["outcome"] in ("fail", "unknown")]
    table = columns_of("claim", "outcome", "checked by", "says", folding=("checked by", "says"))
    for row in wrong:
        table.add_row(row["id"], coloured(row["outcome"]), plain(checked_by(row)), plain(row["text"]))
    others = [Text.assemble(f"{row['id']} ", coloured(row["outcome"])) for row in claims if row not in wrong]
    parts: list[RenderableType] = [table] if wrong else []
    return Group(*parts, *([Columns(others, (0, 3))] if others else []))


def checked_by(row: Document) -> str:
    """The scenarios, or the files of tests, that check a claim."""
    return ", ".join(dict.fromkeys(name.partition("::")[0] for name in row["carried_by"])) or "nothing"


def _section(title: str, body: RenderableType | None) -> list[RenderableType]:
    return [] if body is None else [Text(f"\n{title}", style="bold"), Padding(body, (0, 0, 0, 2))]
