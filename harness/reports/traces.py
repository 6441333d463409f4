"""Traces for the terminal: what there is, one of them, what a replay or a comparison found, and which commit it was.

It is given the documents that the commands print with `--json`, and starts nothing. Texts in them come from partners
and from outside parties: they are shown as they are, never as markup.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.reports.listing import coloured, columns_of, plain, terminal

TRACES_SHOWN = 20
_LINES_SHOWN = 12
_CAUSE_LINES_SHOWN = 4
_BODY_SHOWN = 4_000
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

Document = Mapping[str, Any]


def trace_table(document: Document) -> None:
    """`harness trace list`: a row a trace."""
    rows = document["traces"]
    table = columns_of("trace", "age", "replayed", "in", "covers", folding=("trace", "covers"))
    for row in rows:
        last = row["last_replay"]
        table.add_row(
            plain(row["id"]),
            age(row["age_s"]) if row["baseline"] else "no baseline",
            Text("never") if last is None else coloured(str(last.get("outcome"))),
            str(row["inputs"]),
            plain(", ".join(row["covers"]) or row["title"]),
        )
    console = terminal()
    console.print(table)
    console.print(f"\n{len(rows)} traces")


def age(seconds: float | None) -> str:
    """Such as `3 d`: in the largest unit of which there is one."""
    if seconds is None:
        return "not committed"
    size, unit = next(((size, unit) for size, unit in _AGES if seconds >= size), _AGES[-1])
    return f"{int(seconds // size)} {unit}"


def print_trace(document: Document) -> None:
    """`harness trace show`: one trace from top to bottom, in the order in which it goes."""
    parts: list[RenderableType] = [
        Text.assemble((document["id"], "bold"), "  ", plain(document["title"])),
        plain(_made(document)),
    ]
    for number, one in enumerate(document["inputs"], start=1):
        about = " ".join(str(one[name]) for name in ("kind", "partner", "content_type") if one.get(name))
        parts += _section(f"in {number}, after {one['at_s']:g} s: {about}", plain(_shortened(one.get("body", ""))))
    for number, one in enumerate(document["cassette"], start=1):
        asked = one["request"]
        parts += _section(f"answered {number}: {asked['method']} {asked['uri']}", plain(_shortened(_answer(one))))
    parts += _section("baseline", plain(document["baseline_text"] or "none yet"))
    parts += _section("approved", _approvals(document["approvals"]))
    terminal().print(Group(*parts))


def _made(document: Document) -> str:
    made = document["made"]
    said = [made["how"], made.get("source", ""), made.get("at", "")]
    said += [f"under {', '.join(made['faults'])}"] if made.get("faults") else []
    said += [f"covers {', '.join(document['covers'])}"] if document["covers"] else []
    return ", ".join(part for part in said if part)


def _answer(interaction: Document) -> str:
    if "failure" in interaction:
        failure = interaction["failure"]
        return f"{failure['kind']} after {failure.get('after_s', 0):g} s"
    answer = interaction["response"]
    return f"{answer['status']} {answer.get('body', '')}"


def _approvals(approvals: Sequence[Document]) -> RenderableType | None:
    if not approvals:
        return None
    return Group(*(plain(f"{one['at']} {one['by']} {one.get('commit', '')}: {one['why']}") for one in approvals))


def _shortened(text: str) -> str:
    text = text.rstrip("\n")
    return text if len(text) <= _BODY_SHOWN else f"{text[:_BODY_SHOWN]}... ({len(text)} characters)"


def print_findings(document: Document, *, title: str) -> None:
    """What a replay or a comparison of a corpus found: counts, a line a cause, and all about a single trace."""
    terminal().print(Group(*findings(document, title)))


def findings(document: Document, title: str) -> list[RenderableType]:
    """The parts of that."""
    counts = {name: count for name, count in document["counts"].items() if count}
    told = Text(", ").join(Text.assemble(f"{count} ", coloured(name)) for name, count in counts.items())
    parts: list[RenderableType] = [plain(title), Text.assemble(f"{document['total']} traces: ", told)]
    if document["total"] == 1 and document["traces"]:
        return [*parts, *_section("what differs", trace_lines(document["traces"][0]))]
    parts += _section("causes", cause_table(document["causes"]))
    for example in document["causes"][:_CAUSE_LINES_SHOWN]:
        lines = example["example"]["lines"][:_LINES_SHOWN]
        parts += _section(f"{example['number']}. as in {example['example']['trace']}", plain("\n".join(lines)))
    parts += _section("unknown, because", _reasons(document["reasons"]))
    noisy = [one for one in document["traces"] if one["outcome"] == "noisy"]
    for one in noisy[:_CAUSE_LINES_SHOWN]:
        parts += _section(f"noisy: {one['trace']}", trace_lines(one))
    return parts


def cause_table(causes: Sequence[Document]) -> RenderableType | None:
    """A row a cause."""
    if not causes:
        return None
    table = columns_of("cause", "traces", "breaks", "where and how", folding=("where and how",))
    for cause in causes:
        lines = cause["lines"][:_CAUSE_LINES_SHOWN]
        more = len(cause["lines"]) - len(lines)
        shown = [*lines, *([f"and {more} more"] if more > 0 else [])]
        breaks = "side effects" if cause["effect"] else ""
        table.add_row(str(cause["number"]), str(cause["count"]), breaks, plain("\n".join(shown)))
    return table


def trace_lines(trace: Document) -> RenderableType:
    """All that is wrong with one trace."""
    lines = [f"not recorded: {line}" for line in trace["unmatched"]]
    lines += [f"recorded, and nobody asked: {line}" for line in trace["unused"]]
    lines += trace["differences"]
    if trace["error"]:
        lines.insert(0, trace["error"])
    return plain("\n".join(lines))


def _reasons(reasons: Sequence[Document]) -> RenderableType | None:
    if not reasons:
        return None
    table = columns_of("traces", "reason", folding=("reason",))
    for one in reasons[:TRACES_SHOWN]:
        table.add_row(str(one["count"]), plain(one["reason"]))
    return table


def print_refresh(document: Document) -> None:
    """`harness trace refresh`: what differed, what was taken, and what fails still."""
    parts = findings(document, f"{document['approval']['by']}: {document['approval']['why']}")
    refreshed, left = document["refreshed"], document["left"]
    said = "refreshed" if document["written"] else "would be refreshed"
    parts += _section(f"{said}: {len(refreshed)}", plain("\n".join(_first(refreshed))) if refreshed else None)
    parts += _section(f"fail still: {len(left)}", plain("\n".join(_first(left))) if left else None)
    if document["written"] and refreshed:
        parts.append(Text("\nread the difference (git diff) before you commit it"))
    terminal().print(Group(*parts))


def print_recordings(document: Document) -> None:
    """`harness trace record`: what was written, and what was not."""
    console = terminal()
    if document["recorded"]:
        table = columns_of("trace", "answers", "baseline", "secrets and names", folding=("trace",))
        for one in document["recorded"]:
            redacted = "replaced" if one["redacted"] else "none found"
            table.add_row(plain(one["trace"]), str(one["answers"]), plain(one["baseline"]), redacted)
        console.print(table)
    for said in document["refused"]:
        console.print(Text.assemble(("refused: ", "bold red"), plain(said)))


def _first(names: Sequence[str]) -> list[str]:
    more = len(names) - TRACES_SHOWN
    return [*names[:TRACES_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def print_bisection(document: Document) -> None:
    """`harness trace bisect`: the commit, or those that it may be, and the difference that it made."""
    suspects = document["suspects"]
    table = columns_of("commit", "author", "date", "subject", folding=("author", "subject"))
    for commit in suspects:
        table.add_row(commit["commit"][:12], plain(commit["author"]), commit["date"], plain(commit["subject"]))
    if len(suspects) == 1:
        heading = f"this commit changed what {document['trace']} gives"
    else:
        heading = f"one of these commits changed what {document['trace']} gives; all but the last do not run"
    parts: list[RenderableType] = [Text(heading, style="bold"), Padding(table, (0, 0, 0, 2))]
    parts += _section("what differs", trace_lines(document["verdict"]))
    parts += _section("does not run", _skipped(document["skipped"]))
    if document["note"]:
        parts += _section("note", plain(document["note"]))
    parts.append(Text(f"\n{document['replays']} replays for {document['commits']} commits"))
    terminal().print(Group(*parts))


def _skipped(skipped: Sequence[Document]) -> RenderableType | None:
    if not skipped:
        return None
    table = columns_of("commit", "subject", "reason", folding=("subject", "reason"))
    for one in skipped:
        table.add_row(one["commit"][:12], plain(one["subject"]), plain(one["reason"].partition("\n")[0]))
    return table


def _section(title: str, body: RenderableType | None) -> list[RenderableType]:
    return [] if body is None else [Text.assemble("\n", plain(title), style="bold"), Padding(body, (0, 0, 0, 2))]
