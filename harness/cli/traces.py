"""The commands about traces: what there is, replaying them, old against new, and which commit it was.

This module only reads words and prints answers; whatever is heavy is imported by the command that needs it.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from harness.cli.program import clear_errors, json_option, main, print_json, progress

if TYPE_CHECKING:
    from harness.config import Config
    from harness.replaying.revisions import Revisions

PROCESSES = click.option("--processes", type=click.IntRange(1, 256), help="Default: as many as there are cores.")
TRACES = click.argument("names", nargs=-1, required=True, metavar="TRACE... | all")


@main.group()
def trace() -> None:
    """Recorded traces: replay them, show old against new, find the commit, renew what was approved.

    A TRACE is the id of one, a folder of some, or `all`. A REV is whatever git understands, or WORKTREE: the checkout
    as it stands. Exit codes: 0 all as before, 10 something changed, 12 nobody can tell, 13 the harness itself could not
    go on.
    """


@contextmanager
def replay_session(config: "Config", processes: int | None, *, fresh: bool = False) -> "Iterator[Revisions]":
    from harness.interrupts import ending_tidily
    from harness.replaying.revisions import Revisions

    with (
        ending_tidily(),
        Revisions(config=config, progress=progress, processes=processes, fresh=fresh) as session,
    ):
        yield session


def configuration() -> "Config":
    """The project's configuration, with its traces whole."""
    from harness.config import Config
    from harness.replaying.corpus import mended
    from harness.replaying.unsafe import switched_on

    config = Config.load()
    for switch in switched_on():
        progress(f"{switch} is on: what this says is not to be relied on")
    if files := mended(config):
        progress(f"a refresh was ended in its middle; put back as they were: {', '.join(files)}")
    return config


@trace.command("list")
@json_option
def list_traces(as_json: bool) -> None:
    """All traces: how old, when last replayed, and what each covers."""
    with clear_errors():
        from harness.replaying.inventory import inventory

        document = inventory(configuration())
    if as_json:
        print_json(document)
    else:
        from harness.reports.traces import trace_table

        trace_table(document)


@trace.command()
@click.argument("name", metavar="TRACE")
@json_option
def show(name: str, as_json: bool) -> None:
    """One trace: what came in, what was answered, what went out, who approved it."""
    with clear_errors():
        from harness.replaying.corpus import one
        from harness.replaying.inventory import whole

        document = whole(one(configuration(), name))
    if as_json:
        print_json(document)
    else:
        from harness.reports.traces import print_trace

        print_trace(document)


@trace.command()
@TRACES
@click.option("--at", "revision", default="WORKTREE", show_default=True, metavar="REV", help="The revision to replay.")
@PROCESSES
@json_option
def replay(names: tuple[str, ...], revision: str, processes: int | None, as_json: bool) -> None:
    """Replay traces and hold what they give against their baselines."""
    with clear_errors():
        from harness.replaying.comparison import configured
        from harness.replaying.corpus import chosen
        from harness.replaying.findings import Findings
        from harness.replaying.inventory import LastReplays
        from harness.replaying.replay import replay as replayed

        config = configuration()
        rules, traces = configured(config), chosen(config, names)
        with replay_session(config, processes, fresh=True) as session:
            at = session.named(revision)
            progress(f"replaying at {at}")
            found = Findings.of(LastReplays(config).noting(replayed(session, at, traces, rules), at))
            document = {"revision": at.to_json(), "replays": session.replays, **found.document()}
    if as_json:
        print_json(document)
    else:
        from harness.reports.traces import print_findings

        print_findings(document, title=f"replayed at {at}")
    raise SystemExit(int(found.exit_code))


@trace.command()
@click.argument("name", metavar="TRACE | all")
@click.argument("one", metavar="REV1")
@click.argument("other", metavar="REV2")
@PROCESSES
@json_option
def compare(name: str, one: str, other: str, processes: int | None, as_json: bool) -> None:
    """Show old against new: what the same traces give at two revisions.

    Each is replayed from a copy of its own, with the packages of its own lock file; the checkout is left as it is. The
    older one is shown as before, in whatever order they are named. `harness compare_trace_outputs` is the same.
    """
    with clear_errors():
        from harness.replaying.compare import Pair
        from harness.replaying.compare import compare as compared
        from harness.replaying.comparison import configured
        from harness.replaying.corpus import chosen
        from harness.replaying.findings import Findings

        config = configuration()
        rules, traces = configured(config), chosen(config, [name])
        with replay_session(config, processes) as session:
            pair = Pair.of(session, one, other)
            progress(f"before: {pair.before}, after: {pair.after}")
            found = Findings.of(compared(session, pair, traces, rules))
            document = {
                "before": pair.before.to_json(),
                "after": pair.after.to_json(),
                "replays": session.replays,
                **found.document(),
            }
    if as_json:
        print_json(document)
    else:
        from harness.reports.traces import print_findings

        print_findings(document, title=f"before: {pair.before}, after: {pair.after}")
    raise SystemExit(int(found.exit_code))


@trace.command()
@click.argument("name", metavar="TRACE")
@click.option("--good", required=True, metavar="REV", help="A revision before the change.")
@click.option("--bad", default="HEAD", show_default=True, metavar="REV", help="A revision after it.")
@json_option
def bisect(name: str, good: str, bad: str, as_json: bool) -> None:
    """Find the commit that changed what a trace gives, along the first parents of BAD."""
    with clear_errors():
        from harness.replaying.bisect import bisect as search
        from harness.replaying.comparison import configured
        from harness.replaying.corpus import one

        config = configuration()
        rules, sought = configured(config), one(config, name)
        with replay_session(config, 1) as session:
            document = search(session, sought, good, bad, rules).document()
    if as_json:
        print_json(document)
    else:
        from harness.reports.traces import print_bisection

        print_bisection(document)


@trace.command()
@TRACES
@click.option("--reason", required=True, metavar="TEXT", help="Why the new output is right; kept in each trace.")
@click.option("--cluster", type=click.IntRange(1), metavar="N", help="Take this cause alone; the others go on failing.")
@click.option("--dry-run", is_flag=True, help="Show what would be taken; write nothing.")
@PROCESSES
@json_option
def refresh(
    names: tuple[str, ...], reason: str, cluster: int | None, dry_run: bool, processes: int | None, as_json: bool
) -> None:
    """Take what the checkout gives now for right: renew the baselines of traces, all of them or none.

    Each is replayed twice. Nothing is written when a trace is unknown or noisy, or asks what was not recorded. Causes
    are numbered as `harness trace replay` shows them for the same traces. `harness refresh_trace_fixture` is the same.
    """
    with clear_errors():
        from harness.replaying.comparison import configured
        from harness.replaying.corpus import chosen
        from harness.replaying.refresh import approval, propose, write

        config = configuration()
        rules, traces = configured(config), list(chosen(config, names))
        with replay_session(config, processes, fresh=True) as session:
            approved = approval(session, reason)
            proposal = propose(session, traces, rules, cluster=cluster)
            if not dry_run:
                write(config, proposal, approved)
        document = {**proposal.document(), "written": not dry_run, "approval": approved.to_document()}
    if as_json:
        print_json(document)
    else:
        from harness.reports.traces import print_refresh

        print_refresh(document)


def _also_called(name: str, command: click.Command) -> None:
    """The playbook's own word for a command; it stands in no list."""
    alias = copy.copy(command)
    alias.name, alias.hidden = name, True
    main.add_command(alias)


_also_called("compare_trace_outputs", compare)
_also_called("refresh_trace_fixture", refresh)
