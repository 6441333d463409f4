"""What a corpus comes to: counts, causes, reasons, and how a program ends that found it."""

import pytest

from harness.replaying import findings
from harness.replaying.comparison import TraceOutcome, TraceVerdict
from harness.replaying.findings import Findings
from harness.traces import Difference

PRICE = Difference(path="intents[a].price", pattern="intents[*].price", kind="changed", before=1, after=2)


def verdict(trace: str, outcome: str, **more: object) -> TraceVerdict:
    return TraceVerdict(trace=trace, outcome=TraceOutcome(outcome), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcomes", "worst", "code"),
    [
        ((), "unknown", 12),
        (("pass", "pass"), "pass", 0),
        (("pass", "unknown"), "unknown", 12),
        (("unknown", "noisy"), "noisy", 10),
        (("noisy", "changed", "pass"), "changed", 10),
        (("unknown", "changed", "broken"), "broken", 10),
    ],
)
def test_the_worst_trace_is_the_answer(outcomes: tuple[str, ...], worst: str, code: int) -> None:
    found = Findings.of(verdict(f"t{number}", outcome) for number, outcome in enumerate(outcomes))
    assert (found.outcome, found.exit_code, found.total) == (worst, code, len(outcomes))


def test_one_line_a_cause_and_every_trace_that_did_not_pass() -> None:
    found = Findings.of(
        [
            verdict("a", "changed", differences=(PRICE,), met=frozenset({"m"})),
            verdict("b", "pass"),
            verdict("c", "changed", differences=(PRICE,)),
            verdict("d", "broken", error="ValueError: no such price\nand more"),
            verdict("e", "noisy", differences=(PRICE,)),
            verdict("f", "unknown", error="no network"),
            verdict("g", "unknown", error="no network"),
        ]
    )
    document = found.document()
    assert document["counts"] == {"pass": 1, "unknown": 2, "noisy": 1, "changed": 2, "broken": 1}
    assert [(cause["count"], cause["effect"]) for cause in document["causes"]] == [(2, False), (1, True)]
    assert "no such price" in document["causes"][1]["lines"][0]
    assert document["reasons"] == [{"reason": "no network", "count": 2}]
    assert [one["trace"] for one in document["traces"]] == ["a", "c", "d", "e", "f", "g"]
    assert document["unlisted"] == 0
    assert found.met == {"m"}


def test_memory_goes_by_causes_and_not_by_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "LISTED_MAX", 3)
    monkeypatch.setattr(findings, "REASONS_MAX", 2)
    found = Findings.of(verdict(f"t{number}", "unknown", error=f"reason {number}") for number in range(10))
    assert len(found.listed) == 3
    assert len(found.reasons) == 2
    assert found.document()["unlisted"] == 7
