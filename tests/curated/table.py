"""The table of traces/README.md: every trace that is there, how it was made, and what it holds."""

from collections.abc import Sequence
from itertools import groupby

from harness.traces import Trace

BEGIN, END = "<!-- table: python -m tests.curated --table -->\n", "<!-- end of the table -->\n"


def table(traces: Sequence[Trace]) -> str:
    """One table a folder, in the order of their names."""
    lines: list[str] = []
    for group, found in groupby(sorted(traces, key=_place), key=lambda one: _place(one)[0]):
        lines += ["", f"### {group or 'Of old'}", "", "| trace | made | e2e | what it holds |", "|---|---|---|---|"]
        lines += [f"| `{one.id}` | {_made(one)} | {'yes' if one.end_to_end else ''} | {one.title} |" for one in found]
    return "\n".join([*lines[1:], ""])


def with_table(text: str, traces: Sequence[Trace]) -> str:
    """The text of the README with that table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"expected the marks {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{table(traces)}\n{END}{after}"


def _place(trace: Trace) -> tuple[str, str]:
    return trace.id.rpartition("/")[0], trace.id


def _made(trace: Trace) -> str:
    faults = f", under {', '.join(trace.made.faults)}" if trace.made.faults else ""
    return f"{trace.made.how}: {trace.made.source.replace('|', '/')}{faults}"
