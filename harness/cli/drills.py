"""The commands about drills: what can be drilled, drilling it, and what is left of it.

This module only reads words and prints answers; whatever is heavy is imported by the command that needs it, so that
`--help` is there at once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.program import (
    clear_errors,
    database_option,
    environment_option,
    json_option,
    main,
    print_json,
    progress,
)

if TYPE_CHECKING:
    from harness.run import Run
    from harness.scenario import Scenario

STALE = 1


@main.command()
@json_option
def doctor(as_json: bool) -> None:
    """What this machine can run, and the command that adds what is missing."""
    from dataclasses import asdict

    from harness.doctor import examine

    report = examine()
    if as_json:
        print_json(asdict(report))
    else:
        from harness.reports.listing import doctor_table

        doctor_table(report)
    if not report.can_run_processes:
        raise SystemExit(1)


@main.command("list")
@json_option
def list_scenarios(as_json: bool) -> None:
    """The scenarios: name, playbook section, faults, objectives."""
    with clear_errors():
        from harness.catalogue import Catalogue
        from harness.config import Config

        catalogue = Catalogue.of(Config.load())
        if as_json:
            print_json({"scenarios": catalogue.listing()})
        else:
            from harness.reports.listing import scenario_table

            scenario_table(catalogue.listing())


@main.command()
@environment_option
@database_option
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A variable of all services, or `service.option`; may be given again.",
)
@json_option
def up(environment: str, database: str | None, seed: int, settings: tuple[str, ...], as_json: bool) -> None:
    """Start the reference system and keep it until Ctrl-C."""
    overrides = dict(text.partition("=")[::2] for text in settings)
    if "" in overrides or any("=" not in text for text in settings):
        raise click.UsageError("--set wants NAME=VALUE")
    with clear_errors():
        from harness.config import Config
        from harness.interrupts import Interrupted, run
        from harness.reports.listing import address_table
        from harness.standing import stand

        config = Config.load()
        try:
            show = print_json if as_json else address_table
            standing = stand(
                config,
                environment=environment,
                database=database,
                seed=seed,
                overrides=overrides,
                show=show,
                progress=progress,
            )
            run(standing)
        except Interrupted:
            click.echo("ended; nothing was left behind", err=True)


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME... | all")
@environment_option
@database_option
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Default: drawn from the clock, and printed.")
@click.option("--repeat", type=click.IntRange(1, 10_000), default=1, show_default=True, help="With as many seeds.")
@click.option("--negative", is_flag=True, help="Run the negative controls; each has to fail where it says.")
@click.option("--noop", is_flag=True, help="Replace each injector by one that does nothing: it has to end unknown.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="So many drills side by side.")
@click.option("--keep", is_flag=True, help="Keep the directory of the environment, with its logs and data.")
@click.option("--dry-run", is_flag=True, help="Show what would be done to what; start nothing.")
@json_option
def drill(
    names: tuple[str, ...],
    environment: str,
    database: str | None,
    seed: int | None,
    repeat: int,
    negative: bool,
    noop: bool,
    jobs: int,
    keep: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Drill scenarios: NAME is a scenario, or a module for all its variants."""
    with clear_errors():
        from harness.catalogue import Catalogue
        from harness.config import Config
        from harness.interrupts import run
        from harness.run import draw_seed
        from harness.series import Series, drill_all, jobs_of

        config = Config.load()
        catalogue = Catalogue.of(config)
        scenarios = catalogue.drillable(names, config.may_break)
        if dry_run:
            _show_plans(scenarios, as_json=as_json)
            return
        if noop:
            scenarios = tuple(scenario.without_injectors() for scenario in scenarios)
        first_seed = draw_seed() if seed is None else seed
        drills = jobs_of(scenarios, range(first_seed, first_seed + repeat), negative=negative)

        def make_series() -> Series:
            return Series(
                config=config,
                topology=catalogue.topology,
                environment=environment,
                database=database,
                keep=keep,
                progress=progress,
            )

        show = _one_line if as_json or negative or repeat > 1 else _show
        answer = run(drill_all(make_series, drills, negative=negative, show=show, lanes=jobs))
    if as_json:
        print_json(answer.document())
    elif len(answer.runs) > 1 or negative:
        from harness.reports.listing import run_table

        run_table(answer.runs)
    raise SystemExit(int(answer.exit_code))


@main.command()
@click.argument("run_id", metavar="RUN")
@json_option
def judge(run_id: str, as_json: bool) -> None:
    """Judge a saved run again, from its history alone. RUN is an id, or `last`."""
    with clear_errors():
        from harness.run import exit_code, run_document

        run, _ = _load(run_id)
        if as_json:
            print_json(run_document(run))
        else:
            _show(run)
    raise SystemExit(int(exit_code([run])))


@main.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "junit", "github", "html", "review"]),
    default="text",
    show_default=True,
    help="text: what was seen; review: the post-incident review in Markdown.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to the terminal.")
def report(run_id: str, form: str, output: Path | None) -> None:
    """Show what a saved run saw, in the form that its reader needs. RUN is an id, or `last`."""
    with clear_errors():
        run, scenario = _load(run_id)
        if output is None and form == "text":
            _show(run)
            return
        written = _written(run, scenario, form)
        if output is None:
            click.echo(written, nl=False)
        else:
            output.write_bytes(written)
            click.echo(f"written to {output}", err=True)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; end with exit code 1 when the file is stale.")
@json_option
def playbook(check: bool, as_json: bool) -> None:
    """Render PLAYBOOK.md from the scenarios and the claims. With --json: what checks each claim; writes nothing."""
    with clear_errors():
        from harness.catalogue import Catalogue
        from harness.claims import Claims
        from harness.config import Config
        from harness.reports.coverage import Coverage
        from harness.reports.playbook import FILE_NAME, HINT, render_playbook

        config = Config.load()
        catalogue, claims = Catalogue.of(config), Claims.of(config)
        file = config.scenarios_directory / FILE_NAME
        rendered = render_playbook(catalogue.modules, claims, config.operator)
        stale = not file.is_file() or file.read_bytes() != rendered.encode()
        if as_json:
            print_json({**Coverage(scenarios=catalogue.scenarios, claims=claims).document(), "stale": stale})
        elif stale and not check:
            file.write_text(rendered, encoding="utf-8")
            click.echo(f"written to {file}", err=True)
        elif not stale:
            click.echo(f"{file} says what the scenarios say", err=True)
        if check and stale:
            click.echo(f"{file} does not say what the scenarios say; {HINT}", err=True)
            raise SystemExit(STALE)


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def proxy(words: tuple[str, ...]) -> None:
    """The fault proxy on its own, as a drop-in for toxiproxy-server."""
    from harness.proxy.__main__ import main as proxy_main

    proxy_main(list(words), prog_name="harness proxy")


def _load(run_id: str) -> "tuple[Run, Scenario]":
    from harness.catalogue import Catalogue
    from harness.config import Config
    from harness.judging import judge_history
    from harness.store import Store

    config = Config.load()
    catalogue = Catalogue.of(config)
    run = Store(config.runs).load(run_id, lambda name, history: judge_history(catalogue.named([name])[0], history))
    return run, catalogue.named([run.scenario])[0]


def _written(run: "Run", scenario: "Scenario", form: str) -> bytes:
    if form == "junit":
        from harness.reports.junit import run_xml
        from harness.run import run_document

        return run_xml(run_document(run))
    if form == "github":
        from harness.reports.github import run_markdown
        from harness.run import run_document

        return run_markdown(run_document(run)).encode()
    if form == "review":
        return _review(run, scenario).encode()
    if form == "html":
        return _page(run).encode()
    from harness.reports.text import report_text

    return report_text(run).encode()


def _page(run: "Run") -> str:
    try:
        from harness.reports.page import report_html
    except ModuleNotFoundError as missing:
        raise click.UsageError(
            f"--format html draws with {missing.name}, which is not installed: pip install 'drill-harness[html]'"
        ) from None
    return report_html(run)


def _review(run: "Run", scenario: "Scenario") -> str:
    from harness.claims import Claims
    from harness.config import Config
    from harness.reports.review import review

    config = Config.load()
    return review(run, scenario, operator=config.operator, hazards=Claims.of(config).hazards)


def _show(run: "Run") -> None:
    from harness.reports.text import print_report

    print_report(run)


def _show_plans(scenarios: "Sequence[Scenario]", *, as_json: bool) -> None:
    from harness.plan import plan_document

    plans = [plan_document(scenario) for scenario in scenarios]
    if as_json:
        print_json({"plans": plans})
    else:
        from harness.reports.listing import plan_table

        plan_table(plans)


def _one_line(run: "Run") -> None:
    said = f"{run.outcome.value}, {run.duration_s:.1f} s"
    if run.control:
        said = f"{run.must_fail} {'caught it' if run.caught else 'DID NOT catch it'}, {run.duration_s:.1f} s"
    progress(f"{run.id}: {said}")
