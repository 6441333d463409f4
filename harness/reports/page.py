"""One run as a page of its own: the picture of it, and under that the report, in its colours; one file, no links."""

import io
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI

from harness.reports.plots import drawn
from harness.reports.text import renderable
from harness.run import Run

_WIDTH = 120
_TEMPLATE = "page.html.jinja"


def report_html(run: Run) -> str:
    """The page, as one text of HTML.

    What it shows of servers and partners is escaped: picture and report come so from those who draw and print them.
    """
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        (files(__package__) / _TEMPLATE).read_text(encoding="utf-8")
    )
    picture = None if run.skipped else drawn(run)
    return template.render(run=run, picture=picture, report=_coloured(run))


def _coloured(run: Run) -> str:
    console = Console(
        record=True, file=io.StringIO(), width=_WIDTH, force_terminal=True, markup=False, emoji=False, highlight=False
    )
    console.print(renderable(run))
    return console.export_html(theme=DIMMED_MONOKAI, inline_styles=True, code_format="{code}")
