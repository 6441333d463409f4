"""Results as Markdown for a pull request: what failed first, one line a cause, the rest folded away.

It is given the documents that the commands print with `--json`, and starts nothing. Texts of traces and runs stand in
code spans; nothing in them is taken for markup.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.reports.gate import checked_by
from harness.reports.markdown import code, page, prose, table

Document = Mapping[str, Any]

_CAUSES_SHOWN = 50
_LINES_SHOWN = 3
_TRACES_SHOWN = 20
_MARKS = {"pass": "✅", "fail": "❌", "changed": "❌", "broken": "❌", "noisy": "❌", "unknown": "❔"}


def gate_markdown(document: Document) -> str:
    """The gate's answer."""
    traces, drills, claims = document["traces"], document["drills"], document["claims"]
    lines = [f"# {_mark(document['outcome'])} Gate: {document['outcome']}", ""]
    if document["message"]:
        lines += [f"**{prose(document['message'])}**", ""]
    rows = [("traces", _mark(traces["outcome"]), _counts(traces))]
    if drills:
        rows.append(("drills", _mark(_worst(drills)), _tally(run["outcome"] for run in drills)))
    if claims:
        rows.append(("claims", _mark(_worst(claims)), _tally(row["outcome"] for row in claims)))
    lines += table(("", "", ""), rows)
    lines += _traces(traces)
    if drills:
        lines += ["## Drills", "", *_drills(drills)]
    lines += _claims(claims)
    if document["alert"]:
        alert = document["alert"]
        taken = "" if alert["problem"] is None else f"; it was not taken: {code(alert['problem'])}"
        lines += ["", f"Alert {alert['status']} for {prose(alert['contact'])}: {prose(alert['summary'])}{taken}", ""]
    return page(lines)


def run_markdown(run: Document) -> str:
    """One drill."""
    outcome = run["outcome"]
    lines = [f"# {_mark(outcome)} {prose(run['scenario'])}: {outcome}", ""]
    about = f"run {code(run['id'])}, seed {run['seed']}, {prose(run['environment'])}, {run['duration_s']:.1f} s"
    lines += [f"{about}, commit {code(run['commit'])}", ""]
    if run["skipped"]:
        return page([*lines, f"Skipped: {prose(run['skipped'])}"])
    lines += _verdicts([one for one in run["verdicts"] if one["outcome"] != "pass"])
    measured = [
        (prose(one["name"]), _mark(one["outcome"]), _seconds(one["value_s"]), f"{one['limit_s']:g} s")
        for one in run["objectives"]
    ]
    lines += table(("objective", "", "measured", "limit"), measured)
    passed = _verdicts([one for one in run["verdicts"] if one["outcome"] == "pass"])
    lines += _folded("what held", passed)
    if run["claims"]:
        said = (f"{code(claim)} {_mark(outcome)}" for claim, outcome in run["claims"].items())
        lines += [f"Claims: {', '.join(said)}", ""]
    if outcome != "pass":
        words = ["harness", "drill", run["scenario"], "--seed", str(run["seed"]), "--environment", run["environment"]]
        words += ["--database", run["database"]] if run.get("database") else []
        lines += ["See it again:", "", "```console", f"$ {shlex.join(words)}", "```", ""]
    return page(lines)


def _traces(traces: Document) -> list[str]:
    causes = [
        (str(one["number"]), str(one["count"]), "side effects" if one["effect"] else "", _cause(one), _example(one))
        for one in traces["causes"][:_CAUSES_SHOWN]
    ]
    lines = table(("cause", "traces", "breaks", "where and how", "smallest example"), causes)
    lines += table(
        ("traces", "unknown, because"), [(str(one["count"]), code(one["reason"])) for one in traces["reasons"]]
    )
    noisy = [(code(one["trace"]), _first(one["differences"])) for one in traces["traces"] if one["outcome"] == "noisy"]
    lines += table(("noisy", "two replays of the same code gave"), noisy[:_TRACES_SHOWN])
    if traces["unmet_masks"]:
        lines += [f"Masks that no output met: {', '.join(map(code, traces['unmet_masks']))}", ""]
    if causes:
        lines += ["```console", "$ harness trace compare all HEAD HEAD~1", "```", ""]
        lines += ["Revert the change, or accept a cause:", ""]
        lines += ["```console", '$ harness trace refresh all --cluster N --reason "..."', "```", ""]
    return ["## Traces", "", *lines] if lines else []


def _cause(cause: Document) -> str:
    more = len(cause["lines"]) - _LINES_SHOWN
    return "<br>".join([*map(code, cause["lines"][:_LINES_SHOWN]), *([f"and {more} more"] if more > 0 else [])])


def _example(cause: Document) -> str:
    return f"{code(cause['example']['trace'])}: {_first(cause['example']['lines'])}"


def _first(lines: Sequence[str]) -> str:
    return code(lines[0]) if lines else ""


def _drills(runs: Sequence[Document]) -> list[str]:
    rows = [(prose(run["scenario"]), _mark(run["outcome"]), f"{run['duration_s']:.1f} s", _wrong(run)) for run in runs]
    return table(("drill", "", "took", "what is wrong"), rows)


def _wrong(run: Document) -> str:
    if run["skipped"]:
        return f"skipped: {prose(run['skipped'])}"
    parts = [one for one in run["verdicts"] if one["outcome"] != "pass"]
    said = [f"{prose(one['checker'])}: {code(one['summary'])}" for one in parts]
    said += [f"{prose(one['name'])}: {code(one['summary'])}" for one in run["objectives"] if one["outcome"] != "pass"]
    return "<br>".join(said[:_LINES_SHOWN])


def _claims(claims: Sequence[Document]) -> list[str]:
    rows = [
        (
            row["id"],
            f"{_mark(row['outcome'])} {row['outcome']}",
            prose(row["text"]),
            prose(checked_by(row)),
        )
        for row in claims
    ]
    wrong = [row for row, claim in zip(rows, claims, strict=True) if claim["outcome"] in ("fail", "unknown")]
    columns = ("claim", "", "", "checked by")
    return [*table(columns, wrong), *_folded("all claims", table(columns, rows))]


def _verdicts(verdicts: Sequence[Document]) -> list[str]:
    rows = [(prose(one["checker"]), _mark(one["outcome"]), code(one["summary"])) for one in verdicts]
    return table(("verdict", "", "seen"), rows)


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return ["<details>", f"<summary>{prose(title)}</summary>", "", *lines, "</details>", ""]


def _counts(traces: Document) -> str:
    return f"{traces['total']}: " + ", ".join(f"{count} {name}" for name, count in traces["counts"].items() if count)


def _tally(outcomes: Iterable[str]) -> str:
    counted: dict[str, int] = {}
    for outcome in outcomes:
        counted[outcome] = counted.get(outcome, 0) + 1
    return f"{sum(counted.values())}: " + ", ".join(f"{count} {name}" for name, count in counted.items())


def _worst(parts: Iterable[Document]) -> str:
    outcomes = {part["outcome"] for part in parts}
    return next((one for one in ("fail", "unknown") if one in outcomes), "pass")


def _mark(outcome: str) -> str:
    return _MARKS.get(outcome, "")


def _seconds(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f} s"
