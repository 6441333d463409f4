"""The commands that put many traces into one file, and take them out again."""

from pathlib import Path

import click

from harness.cli.program import CannotRun, clear_errors, progress
from harness.cli.traces import configuration, trace


@trace.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of traces.  [default: the project's own]",
)
def pack(file: Path, folder: Path | None) -> None:
    """Write a folder of traces into FILE, compressed; wherever a TRACE is asked for, it may be such a file."""
    with clear_errors():
        from harness.replaying.corpus import root_of
        from harness.traces import pack as packed

        try:
            progress(f"{packed(folder or root_of(configuration()), file)} traces in {file}")
        except OSError as error:
            raise CannotRun(str(error)) from None


@trace.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def unpack(file: Path, folder: Path) -> None:
    """Write the traces of a packed FILE below FOLDER, which must be new or empty, byte for byte as they were packed."""
    with clear_errors():
        from harness.traces import unpack as unpacked

        try:
            progress(f"{unpacked(file, folder)} traces in {folder}")
        except OSError as error:
            raise CannotRun(str(error)) from None
