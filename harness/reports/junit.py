"""Results as JUnit XML, for whatever shows test results: a suite a drill, a suite for traces, a suite for claims.

A failure is what was broken; an error is what nobody can tell, which is no pass either. It is given the documents that
the commands print with `--json`, and starts nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

Document = Mapping[str, Any]

_TEXT_MAX = 20_000
_FAILS = frozenset({"fail", "changed", "broken", "noisy"})
_SKIPPED = frozenset({"skipped", "not drilled", "by tests"})


def run_xml(document: Document) -> bytes:
    """One drill: a test case a verdict and a measurement."""
    return _page("harness drill", [_drill(document)])


def gate_xml(document: Document, outcomes: Sequence[tuple[str, str]]) -> bytes:
    """The gate; `outcomes` are those of the single traces."""
    suites = [_traces(document["traces"], outcomes), *(_drill(run) for run in document["drills"])]
    if document["claims"]:
        suites.append(_claims(document["claims"]))
    return _page("harness gate", suites)


def _traces(traces: Document, outcomes: Sequence[tuple[str, str]]) -> ElementTree.Element:
    told = {one["trace"]: one for one in traces["traces"]}
    suite = _suite("traces", traces["took_s"])
    for trace, outcome in outcomes:
        one = told.get(trace, {})
        lines = [one.get("error") or "", *one.get("differences", ())]
        lines += [f"not recorded: {line}" for line in one.get("unmatched", ())]
        lines += [f"recorded, and nobody asked: {line}" for line in one.get("unused", ())]
        _case(suite, "traces", trace, outcome, "\n".join(line for line in lines if line))
    return suite


def _drill(run: Document) -> ElementTree.Element:
    suite = _suite(run["scenario"], run["duration_s"])
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("id", "seed", "environment", "commit"):
        ElementTree.SubElement(properties, "property", name=name, value=_readable(run[name]))
    if run["skipped"]:
        _case(suite, run["scenario"], "drill", "skipped", run["skipped"])
    for verdict in run["verdicts"]:
        _case(suite, run["scenario"], verdict["checker"], verdict["outcome"], verdict["summary"])
    for one in run["objectives"]:
        _case(suite, run["scenario"], one["name"], one["outcome"], one["summary"])
    return suite


def _claims(claims: Iterable[Document]) -> ElementTree.Element:
    suite = _suite("claims", 0.0)
    for claim in claims:
        by = ", ".join(claim["carried_by"])
        _case(suite, "claims", f"{claim['id']} {claim['text']}", claim["outcome"], by or "nothing carries it")
    return suite


def _suite(name: str, took_s: float) -> ElementTree.Element:
    return ElementTree.Element("testsuite", name=_readable(name), time=f"{took_s:.3f}")


def _case(suite: ElementTree.Element, of: str, name: str, outcome: str, said: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=_readable(of), name=_readable(name))
    if outcome == "pass":
        return
    kind = "failure" if outcome in _FAILS else "skipped" if outcome in _SKIPPED else "error"
    told = _readable(said)
    element = ElementTree.SubElement(case, kind, message=told.partition("\n")[0][:500])
    element.text = told
    if kind != "skipped":
        element.set("type", outcome)


def _page(name: str, suites: Sequence[ElementTree.Element]) -> bytes:
    page = ElementTree.Element("testsuites", name=name)
    for element in (page, *suites):
        cases = [case for suite in (suites if element is page else [element]) for case in suite.iter("testcase")]
        for attribute, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(attribute, str(sum(case.find(kind) is not None for case in cases)))
        element.set("tests", str(len(cases)))
    page.extend(suites)
    ElementTree.indent(page)
    return bytes(ElementTree.tostring(page, encoding="utf-8", xml_declaration=True)) + b"\n"


def _readable(text: object) -> str:
    """Without what XML has no place for, and within a length."""
    shown = str(text)
    shown = "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in shown)
    return shown if len(shown) <= _TEXT_MAX else f"{shown[:_TEXT_MAX]}... ({len(shown)} characters)"
