"""The command that records traces.

This module only reads words and prints answers; whatever is heavy is imported by the command that needs it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.program import CannotRun, clear_errors, json_option, print_json, progress
from harness.cli.traces import configuration, replay_session, trace

if TYPE_CHECKING:
    from harness.config import Config
    from harness.replaying.record import Answers
    from harness.traces import Redactor, Trace

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@trace.command()
@click.argument("names", nargs=-1, required=True, metavar="TRACE...")
@click.option("--signals", type=_FILE, help="Make a new trace, called TRACE, of saved signals: a JSON object a line.")
@click.option("--title", default="", help="Of the new trace: what it holds, in a line.")
@click.option("--partners", type=_FILE, help="Of the new trace: what its partners are, a JSON list of objects by `id`.")
@click.option("--under", "faults", multiple=True, metavar="FAULT", help="Of the new trace: what was broken meanwhile.")
@click.option("--running", type=_FILE, help="Drive it through a running system: what `harness up --json` printed.")
@click.option(
    "--exchanges",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that the running system writes its exchanges into.",
)
@click.option(
    "--upstream", "upstreams", multiple=True, metavar="FROM=TO", help="Ask the party at TO for missing answers."
)
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE | @FILE", help="Sent to upstreams; never kept.")
@click.option("--afresh", is_flag=True, help="Ask upstreams for all answers, also for those that are recorded.")
@click.option("--fictional", is_flag=True, help="Nothing in it is secret or anybody's: keep it as it is.")
@click.option("--reason", default="", metavar="TEXT", help="Why another baseline is right, where there is one already.")
@json_option
def record(
    names: tuple[str, ...],
    signals: Path | None,
    title: str,
    partners: Path | None,
    faults: tuple[str, ...],
    running: Path | None,
    exchanges: Path | None,
    upstreams: tuple[str, ...],
    headers: tuple[str, ...],
    afresh: bool,
    fictional: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Record traces: their answers, from a running system or from upstreams, and their baselines.

    A TRACE is a folder with a trace.yaml; its cassette and its baseline may be missing. With --signals it is the id of
    a new one. Secrets and personal data are replaced first, by pseudonyms. What is written was replayed, twice, and is
    refused when the system decides otherwise about it than about the original.
    """
    sources = _Sources(running, exchanges, upstreams, headers, afresh)
    with clear_errors():
        from harness.replaying.comparison import configured
        from harness.replaying.corpus import drafts
        from harness.replaying.keeping import Refused
        from harness.replaying.record import Recorder
        from harness.replaying.record import record as recorded
        from harness.replaying.refresh import approval
        from harness.replaying.runner_process import Target
        from harness.replaying.runners import Runners
        from harness.run import ExitCode

        config = configuration()
        if config.replay is None:
            raise CannotRun("[tool.harness] names no replay entry")
        made = () if signals is None else (_new(config, names, signals, title, partners, faults),)
        traces = made or drafts(config, names)
        done, refused = [], []
        with (
            replay_session(config, 1) as session,
            Runners(Target(entry=config.replay, directory=config.project)) as runners,
            _answers(config, sources) as answers,
        ):
            approved = approval(session, reason) if reason else None
            recorder = Recorder(
                runners=runners,
                comparison=configured(config),
                redactor=None if fictional else _redactor(config),
            )
            for one in traces:
                progress(f"recording {one.id}")
                try:
                    draft = _without_answers(one) if afresh else one
                    done.append(recorded(draft, answers, recorder, root=config.traces, approval=approved))
                except Refused as said:
                    refused.append(said)
    document = {"recorded": [one.to_json() for one in done], "refused": [str(one) for one in refused]}
    if as_json:
        print_json(document)
    else:
        from harness.reports.traces import print_recordings

        print_recordings(document)
    raise SystemExit(int(max((one.exit_code for one in refused), default=ExitCode.PASS)))


def _new(
    config: "Config", names: tuple[str, ...], signals: Path, title: str, partners: Path | None, faults: tuple[str, ...]
) -> "Trace":
    """The trace that is to be made of saved signals; CannotRun where there is one already."""
    from harness.replaying.corpus import root_of
    from harness.replaying.signals import trace_of_signals

    if len(names) != 1 or not title:
        raise CannotRun("with --signals: one TRACE, the id of the new one, and its --title")
    if (root_of(config) / names[0]).exists():
        raise CannotRun(f"{root_of(config) / names[0]} is there already; choose another id for the new trace")
    return trace_of_signals(names[0], signals, title=title, partners=partners, faults=faults)


def _without_answers(trace: "Trace") -> "Trace":
    from harness.traces import Cassette

    return trace.with_cassette(Cassette())


@dataclass(frozen=True, slots=True)
class _Sources:
    """The options about where answers come from; UsageError where they do not go together."""

    running: Path | None
    exchanges: Path | None
    upstreams: tuple[str, ...]
    headers: tuple[str, ...]
    afresh: bool

    def __post_init__(self) -> None:
        if bool(self.running) != bool(self.exchanges):
            raise click.UsageError("--running and --exchanges go together")
        if self.running and self.upstreams:
            raise click.UsageError("answers come from --running or from --upstream, one of the two")
        if (self.afresh or self.headers) and not self.upstreams:
            raise click.UsageError("--afresh and --header are for --upstream")


@contextmanager
def _answers(config: "Config", sources: _Sources) -> "Iterator[Answers]":
    """Where answers come from: what runs, who is asked, or else the cassettes alone."""
    import httpx

    from harness.replaying.record import ANSWERS_WITHIN_S, Recorded, Upstreams

    if sources.running is not None and sources.exchanges is not None:
        from harness.environments.addressed import AddressedEnvironment
        from harness.interrupts import run
        from harness.replaying.running import RunningSystem, configured_driver

        environment = AddressedEnvironment.read(sources.running, config.load_topology())
        try:
            driver = configured_driver(config)
            yield RunningSystem(environment=environment, driver=driver, exchanges=sources.exchanges, run=run)
        finally:
            environment.close()
    elif sources.upstreams:
        addresses = dict(_cut(text, "=") for text in sources.upstreams)
        with httpx.Client(headers=_headers(sources.headers), timeout=ANSWERS_WITHIN_S, trust_env=False) as client:
            yield Upstreams(addresses=addresses, client=client)
    else:
        yield Recorded()


def _redactor(config: "Config") -> "Redactor":
    from harness.traces import redactor_of

    return redactor_of(config, os.environ)


def _cut(text: str, mark: str) -> tuple[str, str]:
    before, found, after = text.partition(mark)
    if not (before.strip() and found and after.strip()):
        raise CannotRun(f"{text!r}: expected two texts with {mark!r} between")
    return before.strip(), after.strip()


def _headers(told: tuple[str, ...]) -> dict[str, str]:
    """Those that are told; of `@FILE` the lines of that file, because others can see the words of a command."""
    lines: list[str] = []
    for one in told:
        if one.startswith("@"):
            try:
                lines += Path(one[1:]).read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise CannotRun(f"--header {one}: {error}") from None
        else:
            lines.append(one)
    return dict(_cut(line, ":") for line in lines if line.strip())
