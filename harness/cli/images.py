"""The commands about container images."""

from typing import TYPE_CHECKING

import click

from harness.cli.program import clear_errors, json_option, main, print_json, progress

if TYPE_CHECKING:
    from harness.environments.image_building import Source


@main.group()
def images() -> None:
    """Container images that drills run on."""


@images.command("build")
@click.option(
    "--from",
    "source",
    type=click.Choice(["auto", "official", "debian"]),
    default="auto",
    show_default=True,
    help="Official images from a registry, or equivalents made of Debian packages; auto: whichever can be had.",
)
@click.option(
    "--database",
    type=click.Choice(["mariadb", "mysql"]),
    default="mariadb",
    show_default=True,
    help="The database whose image is wanted beside the others.",
)
@click.option("--again", is_flag=True, help="Also what is there already.")
@json_option
def build_images(source: "Source", database: str, again: bool, as_json: bool) -> None:
    """Make or fetch the images of `--environment containers`."""
    with clear_errors():
        from harness.config import Config
        from harness.environments.engine import engine_problem
        from harness.environments.image_building import build

        config = Config.load()
        if problem := engine_problem():
            raise click.ClickException(problem)
        built = build(config.project, source=source, again=again, say=progress, database=database)
    if as_json:
        print_json({"images": [{"reference": one.reference, "id": one.id, "made": one.made} for one in built]})
    else:
        from harness.reports.listing import image_table

        image_table([(one.reference, one.id, one.made) for one in built])
