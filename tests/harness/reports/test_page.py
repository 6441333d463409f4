"""The page of a run: one file with picture and report, in which nothing from elsewhere is markup."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from harness.reports.page import report_html
from harness.run import Run
from harness.verdict import Outcome
from tests.histories import Story
from tests.runs import RUN_ID, make_run, verdict

HOSTILE = "<script>alert(1)</script> & $x$ \x1b[31m"


class _Page(HTMLParser):
    """The tags of a page, and the words between them."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(report_html(run))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def test_it_holds_the_report_and_its_picture() -> None:
    page = _Page(make_run())
    assert f"run {RUN_ID}" in page.words
    assert "NothingIsSoldTwice" in page.words
    assert page.tags.count("svg") == 1
    assert "took, ms" in page.words, "letters of the picture can be searched for"


def test_it_fetches_nothing() -> None:
    page = _Page(make_run())
    assert not {"script", "link", "img", "iframe"} & {*page.tags}
    links = [value for name, value in page.attributes if name in ("href", "src", "xlink:href")]
    assert all(str(link).startswith("#") for link in links)
    assert "url(http" not in report_html(make_run())


def test_what_comes_from_elsewhere_is_no_markup() -> None:
    story = Story()
    story.step("phase", phase="gate")
    story.write("w")
    story.fault(HOSTILE)
    story.alert(HOSTILE)
    page = _Page(make_run(verdict("One", Outcome.FAIL, HOSTILE), history=story.history()))
    assert "script" not in page.tags
    assert page.words.count("<script>alert(1)</script> & $x$") >= 3, "in the picture and in the report"
    assert "\x1b" not in page.words


def test_a_run_that_was_skipped_has_no_picture() -> None:
    page = _Page(replace(make_run(), skipped="no such engine"))
    assert "svg" not in page.tags
    assert "skipped: no such engine" in page.words


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.UNKNOWN])
def test_its_title_says_how_it_ended(outcome: Outcome) -> None:
    html = report_html(make_run(verdict("One", outcome)))
    assert re.search(rf"<title>shop_dies {outcome.value} - {RUN_ID}</title>", html)
