"""The gate: all that a pull request must pass, in one command."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.program import clear_errors, environment_option, json_option, main, print_json, progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.catalogue import Catalogue
    from harness.config import Config
    from harness.gate import GateAnswer
    from harness.run import Run

ALL, NONE = "all", "none"


@main.command()
@click.option(
    "--drills", multiple=True, default=(ALL,), show_default=True, metavar="all|none|NAME", help="Once a name."
)
@click.option(
    "--traces", multiple=True, default=(ALL,), show_default=True, metavar="all|NAME", help="Once a trace or folder."
)
@environment_option
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Of the drills. Default: drawn from the clock.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="So many drills side by side.")
@click.option("--alert-url", envvar="HARNESS_ALERT_URL", metavar="URL", help="Webhook that is told of a regression.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the result as JUnit XML.")
@click.option("--summary", type=click.Path(dir_okay=False, path_type=Path), help="Append the result as Markdown.")
@json_option
def gate(
    drills: tuple[str, ...],
    traces: tuple[str, ...],
    environment: str,
    seed: int | None,
    jobs: int,
    alert_url: str | None,
    junit: Path | None,
    summary: Path | None,
    as_json: bool,
) -> None:
    """All that a pull request must pass: the traces as before, the drills, and what they say of each claim.

    Exit codes: 0 pass, 10 a trace changed or an invariant was broken, 11 an objective was missed, 12 unknown, 13 the
    harness itself could not go on.
    """
    with clear_errors():
        from harness.catalogue import Catalogue
        from harness.config import Config

        config = Config.load()
        answer = _passed(config, Catalogue.of(config), drills, traces, environment, seed, jobs, alert_url)
        document = answer.document()
        _write(answer, document, junit, summary)
    if as_json:
        print_json(document)
    else:
        from harness.reports.gate import print_gate

        print_gate(document)
    raise SystemExit(int(answer.exit_code))


def _passed(
    config: "Config",
    catalogue: "Catalogue",
    names: tuple[str, ...],
    traces: tuple[str, ...],
    environment: str,
    seed: int | None,
    jobs: int,
    alert_url: str | None,
) -> "GateAnswer":
    from harness.claims import Claims
    from harness.gate import REPLAY_MISMATCH, GateAnswer, claim_rows, replay_all
    from harness.gate.alert import Sent, tell
    from harness.interrupts import ending_tidily
    from harness.replaying.corpus import mended
    from harness.replaying.revisions import Revisions
    from harness.replaying.unsafe import switched_on
    from harness.reports.coverage import Coverage

    coverage = Coverage(scenarios=catalogue.scenarios, claims=Claims.of(config))
    scenarios = () if names == (NONE,) else catalogue.drillable(names, config.may_break)
    for switch in switched_on():
        progress(f"{switch} is on: what this says is not to be relied on")
    if files := mended(config):
        progress(f"a refresh was ended in its middle; put back as they were: {', '.join(files)}")
    progress("replaying the traces")
    told: list[Sent | None] = []

    def tell_at_once(reason: str) -> None:
        """The first that changed for certain is enough: nobody waits for the others."""
        told.append(tell(config, alert_url, regression=True, reason=reason))

    with ending_tidily(), Revisions(config=config, progress=progress, fresh=True) as session:
        replayed = replay_all(config, session, traces, first_regression=tell_at_once)
    sent = told[0] if told else tell(config, alert_url, regression=False, reason=replayed.reason)
    if replayed.mismatch:
        click.echo(f"{REPLAY_MISMATCH}: {replayed.reason}", err=True)
    if sent is not None:
        taken = "" if sent.problem is None else f"; it was not taken: {sent.problem}"
        click.echo(f"alert {sent.status} for {sent.contact}: {sent.summary}{taken}", err=True)
    runs = _drilled(config, catalogue, [one.name for one in scenarios], environment, seed, jobs)
    return GateAnswer(
        traces=replayed,
        drilled=" ".join(names),
        runs=runs,
        claims=claim_rows(coverage, runs),
        alert=sent,
    )


def _drilled(
    config: "Config", catalogue: "Catalogue", names: list[str], environment: str, seed: int | None, jobs: int
) -> "tuple[Run, ...]":
    if not names:
        return ()
    from harness.interrupts import run
    from harness.run import draw_seed
    from harness.series import Series, drill_all, jobs_of

    def make_series() -> Series:
        return Series(config=config, topology=catalogue.topology, environment=environment, progress=progress)

    def show(run: "Run") -> None:
        progress(f"{run.id}: {'skipped' if run.skipped else run.outcome.value}, {run.duration_s:.1f} s")

    drills = jobs_of(
        catalogue.drillable(names, config.may_break), [draw_seed() if seed is None else seed], negative=False
    )
    return run(drill_all(make_series, drills, negative=False, show=show, lanes=jobs)).runs


def _write(answer: "GateAnswer", document: "Mapping[str, Any]", junit: Path | None, summary: Path | None) -> None:
    if junit is not None:
        from harness.reports.junit import gate_xml

        junit.write_bytes(gate_xml(document, answer.traces.outcomes))
    if summary is not None:
        from harness.reports.github import gate_markdown

        with summary.open("a", encoding="utf-8") as file:
            file.write(gate_markdown(document))
