"""JUnit XML: what fails, what nobody can tell, what was not drilled; and texts that XML has no place for."""

from xml.etree import ElementTree

from harness.reports.junit import run_xml
from harness.run import run_document
from tests.runs import make_run

WILD = "a < b & c \x00\x1b[2J ]]> \ud800"


def test_a_case_a_verdict_and_a_measurement() -> None:
    document = run_document(make_run())
    document["verdicts"] = [
        {"checker": "Held", "outcome": "pass", "summary": "all"},
        {"checker": "Broken", "outcome": "fail", "summary": f"one was not\n{WILD}"},
        {"checker": "Dim", "outcome": "unknown", "summary": "nobody looked"},
    ]
    page = ElementTree.fromstring(run_xml(document))
    (suite,) = page
    assert (suite.get("name"), suite.get("failures"), suite.get("errors")) == ("shop_dies", "1", "1")
    assert page.get("tests") == suite.get("tests") == str(3 + len(document["objectives"]))
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert list(cases["Held"]) == []
    failure = cases["Broken"].find("failure")
    assert failure is not None
    assert failure.get("message") == "one was not"
    assert "a < b & c" in (failure.text or "")
    error = cases["Dim"].find("error")
    assert error is not None
    assert error.get("type") == "unknown"
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["seed"] == "7"


def test_a_drill_that_was_skipped_says_why() -> None:
    page = ElementTree.fromstring(run_xml({**run_document(make_run()), "skipped": "no engine", "verdicts": []}))
    skipped = next(page.iter("skipped"))
    assert skipped.get("message") == "no engine"


def test_a_long_text_is_cut() -> None:
    run = run_document(make_run())
    run["verdicts"] = [{"checker": "Long", "outcome": "fail", "summary": "x" * 100_000}]
    assert len(run_xml(run)) < 50_000
