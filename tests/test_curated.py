"""The corpus of curated traces: what it must hold, that it can be made again, and that its README tells the truth."""

from collections import Counter
from pathlib import Path

import pytest

from harness.traces import Cassette, Trace, load_traces
from system.settings import Settings
from tests.curated.case import Case
from tests.curated.groups import CASES
from tests.curated.table import with_table

ROOT = Path(__file__).resolve().parents[1] / "traces"
TRACES = {trace.id: trace for trace in load_traces(ROOT)}

HALLUCINATIONS = (
    *("negative_weight", "zero_weight", "infinite_weight", "excessive_weight", "kilograms_as_pounds", "past_pickup"),
    *("ten_times_the_weight", "rate_not_in_signal", "extra_field", "no_json", "half_a_json", "refusal"),
    *("injection_obeyed", "injection_ignored", "injection_closes_the_signal", "other_kind", "other_shipment"),
)
GROUPS = {
    *("breaker", "cancels", "changes", "duplicates", "hallucinations", "interchanges", "malformed", "model_errors"),
    *("motion_errors", "originals", "partials", "pickups", "redis", "reviews", "trust", "weights"),
}


def test_there_are_many_of_every_group() -> None:
    groups = Counter(trace.partition("/")[0] for trace in TRACES if "/" in trace)
    assert sum(groups.values()) >= 60
    assert set(groups) >= GROUPS
    assert {f"hallucinations/{kind}" for kind in HALLUCINATIONS} <= set(TRACES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_trace_is_made_of_what_its_case_says(case: Case) -> None:
    """All that people wrote; answers and baseline are what came of it, and may have been renewed since."""
    written = TRACES[case.id]
    drafted = case.draft
    assert _heading(written) == _heading(drafted)


def _heading(trace: Trace) -> dict[str, object]:
    document = trace.with_baseline(None).with_cassette(Cassette()).to_contract()
    return {
        **{name: document[name] for name in ("id", "clock", "ids", "partners", "inputs")},
        "title": trace.title,
        "covers": trace.covers,
        "end_to_end": trace.end_to_end,
        "made": trace.made,
    }


def test_some_were_recorded_from_a_system_in_trouble() -> None:
    """And say what was wrong with it, and hold answers that were late, broken or missing."""
    under = [trace for trace in TRACES.values() if trace.id.startswith("under_faults/")]
    assert len(under) >= 5
    for trace in under:
        assert (trace.made.how, len(trace.made.faults)) == ("recorded", 1)
        calls = trace.cassette.interactions
        assert any(
            one.failure is not None or one.response is None or one.response.after_s or one.response.status >= 400
            for one in calls
        )


def test_no_two_are_the_same() -> None:
    """Neither in their ids, from which what they are seeded with is made, nor in their titles."""
    assert len({case.id for case in CASES}) == len(CASES)
    assert len({trace.seed for trace in TRACES.values()}) == len(TRACES)
    titles = Counter(trace.title for trace in TRACES.values())
    assert [title for title, count in titles.items() if count > 1] == []


def test_the_table_of_the_readme_is_that_of_the_folders() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_table(text, list(TRACES.values())) == text, "write it with `python -m tests.curated --table`"


def test_end_to_end_no_partner_is_shut_out() -> None:
    """All of them at once come within one window, so their failures together must not open anybody's breaker."""
    failures: Counter[str] = Counter()
    for trace in TRACES.values():
        if trace.end_to_end:
            for one, answer in zip(trace.inputs, trace.baseline["answers"], strict=True):
                repeated = sum(result["status"] == "duplicate" for result in answer["results"])
                failures[one.partner] += repeated or answer["status"] == 400
    limit = Settings.model_fields["breaker_threshold"].default
    assert {partner: count for partner, count in failures.items() if count > limit} == {}


def test_end_to_end_no_two_send_the_same_shipment() -> None:
    """Its signals can be new to a system once."""
    seen: dict[str, str] = {}
    for trace in TRACES.values():
        if trace.end_to_end:
            answers = trace.baseline["answers"]
            shipments = {one["identity"].rsplit(":", 2)[0] for answer in answers for one in answer["results"]}
            for shipment in shipments:
                assert seen.setdefault(shipment, trace.id) == trace.id
