"""One run as a picture: what clients were answered and how fast, with phases, faults, healing and alerts.

It draws what the history holds and judges nothing. The picture is one SVG without links, fonts or scripts.
"""

import io
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.history import COMPLETIONS, Event, Kind
from harness.reports.timeline import moment_s
from harness.run import Run

_BINS = 60
_ALERTS_DRAWN = 12
_NAME_MAX = 60
_ANSWERS = {
    Kind.OK: ("done", "#7fb069"),
    Kind.FAIL: ("not done", "#e07a5f"),
    Kind.INFO: ("nobody knows", "#e6b450"),
}
_FAULT, _HEAL, _FIRING = "#ff5d62", "#7fb069", "#e6b450"
_LOOK = {
    "axes.edgecolor": "#555555",
    "axes.facecolor": "#191919",
    "axes.labelcolor": "#c4c5b5",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "#191919",
    "font.family": ["DejaVu Sans Mono", "monospace"],
    "font.size": 8.0,
    "legend.frameon": False,
    "legend.labelcolor": "#c4c5b5",
    # Letters stay letters, so that they can be searched for; ids that depend on nothing but the picture.
    "svg.fonttype": "none",
    "svg.hashsalt": "drill",
    "text.color": "#c4c5b5",
    "xtick.color": "#c4c5b5",
    "ytick.color": "#c4c5b5",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert while it stood, in seconds of the run."""

    name: str
    from_s: float
    to_s: float


def drawn(run: Run) -> str | None:
    """The picture as an `<svg>` element; None for a run in which no client asked for anything."""
    completed = [event for event in run.history if event.kind in COMPLETIONS]
    if not completed:
        return None
    alerts = alerts_of(run)
    with rc_context(_LOOK), warnings.catch_warnings():  # type: ignore[arg-type]
        # Letters that our fonts have not are written all the same: whoever shows the picture has others.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure = Figure(figsize=(11, 4.2 + 0.22 * len(alerts)), layout="constrained")
        heights = [2.0, 2.0, 0.3 + 0.22 * len(alerts)] if alerts else [2.0, 2.0]
        plots: Sequence[Axes] = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        _answers(plots[0], run, completed)
        _latencies(plots[1], completed)
        if alerts:
            _alerts(plots[2], alerts)
        for plot in plots:
            _marks(plot, run, named=plot is plots[1])
        _phases(plots[0], run)
        plots[0].set_xlim(0.0, run.duration_s)
        plots[-1].set_xlabel("seconds of the run")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = out.getvalue()
    return svg[svg.index("<svg") :]


def alerts_of(run: Run) -> list[Standing]:
    """The alerts that were received, the first ones, each until it was ended or until the run was."""
    began: dict[tuple[str, str], Event] = {}
    found: list[Standing] = []
    for event in run.history.where(kind=Kind.ALERT):
        case = (event.action, str(event.value.get("labels")))
        if event.value.get("status") == "firing":
            began.setdefault(case, event)
        elif case in began:
            found.append(Standing(name=event.action, from_s=moment_s(began.pop(case)), to_s=moment_s(event)))
    found += [Standing(name=one.action, from_s=moment_s(one), to_s=run.duration_s) for one in began.values()]
    return sorted(found, key=lambda one: one.from_s)[:_ALERTS_DRAWN]


def _answers(plot: Axes, run: Run, completed: Sequence[Event]) -> None:
    width_s = max(run.duration_s, 0.001) / _BINS
    edges = [number * width_s for number in range(_BINS)]
    under = [0.0] * _BINS
    for kind, (name, colour) in _ANSWERS.items():
        rates = [0.0] * _BINS
        for event in completed:
            if event.kind is kind:
                rates[min(_BINS - 1, int(event.at_s / width_s))] += 1 / width_s
        if any(rates):
            plot.bar(edges, rates, width_s, bottom=under, align="edge", color=colour, label=name)
            under = [low + rate for low, rate in zip(under, rates, strict=True)]
    plot.set_ylabel("operations / s")
    plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _latencies(plot: Axes, completed: Sequence[Event]) -> None:
    took = [(event, float(event.value["duration_s"]) * 1000) for event in completed if "duration_s" in event.value]
    for kind, (name, colour) in _ANSWERS.items():
        some = [(event.at_s, took_ms) for event, took_ms in took if event.kind is kind]
        if some:
            plot.plot(*zip(*some, strict=True), ".", markersize=3, color=colour, label=name)
    plot.set_yscale("log")
    highest = max((took_ms for _, took_ms in took), default=1.0)
    plot.set_ylim(0.3, max(10.0, 10 ** math.ceil(math.log10(max(highest, 1.0)))))
    plot.set_ylabel("took, ms")


def _alerts(plot: Axes, alerts: Sequence[Standing]) -> None:
    for row, one in enumerate(alerts):
        plot.barh(row, max(one.to_s - one.from_s, 0.02), left=one.from_s, height=0.6, color=_FIRING)
    plot.set_yticks(range(len(alerts)), ["alert"] * len(alerts))
    plot.invert_yaxis()
    for row, one in enumerate(alerts):
        late = one.from_s > 0.6 * max(other.to_s for other in alerts)
        plot.annotate(
            _plain(one.name),
            (one.from_s if late else one.to_s, row),
            xytext=(-4 if late else 4, 0),
            textcoords="offset points",
            ha="right" if late else "left",
            va="center",
        )


def _marks(plot: Axes, run: Run, *, named: bool) -> None:
    for event in run.history:
        if event.kind is Kind.FAULT or event.kind is Kind.HEAL:
            colour = _FAULT if event.kind is Kind.FAULT else _HEAL
            plot.axvline(event.at_s, color=colour, linewidth=1.2, linestyle="-" if event.kind is Kind.FAULT else "--")
            if named:
                of = f"{event.value.get('of', event.action)} {event.value.get('target', '')}"
                at = (event.at_s, 0.97)
                plot.annotate(
                    _plain(of),
                    at,
                    xycoords=("data", "axes fraction"),
                    xytext=(2, 0),
                    textcoords="offset points",
                    rotation=90,
                    va="top",
                    fontsize=6,
                    color=colour,
                )


def _phases(plot: Axes, run: Run) -> None:
    for number, phase in enumerate(run.phases):
        if number % 2:
            for one in plot.figure.axes:
                one.axvspan(phase.from_s, phase.to_s, color="#ffffff", alpha=0.05, linewidth=0)
        if phase.to_s - phase.from_s > 0.03 * run.duration_s:
            middle = ((phase.from_s + phase.to_s) / 2, 1.02)
            plot.annotate(phase.name, middle, xycoords=("data", "axes fraction"), ha="center", va="bottom")


def _plain(text: str) -> str:
    """Words from elsewhere: one short line of what can be seen, in which a dollar sign begins no formula."""
    line = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return (line if len(line) <= _NAME_MAX else f"{line[: _NAME_MAX - 3]}...").replace("$", r"\$")
