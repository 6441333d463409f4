"""Three outcomes, and which of them what is."""

from typing import Any

import pytest

from harness.replaying.comparison import ReplayResult, compare
from harness.traces import Trace

CALL = {"request": {"method": "POST", "uri": "http://there.invalid/loads"}}


@pytest.mark.parametrize(
    ("result", "equal"),
    [
        ({"output": {"a": 1}}, True),
        ({"output": {"a": 2}}, False),
        ({"output": None}, False),
        ({"output": {"a": 1}, "unmatched": (CALL,)}, False),
        ({"output": {"a": 1}, "unused": (CALL,)}, False),
        ({"output": {"a": 1}, "error": "it could not be run"}, None),
        ({"error": "it could not be run"}, None),
    ],
)
def test_what_is_equal(trace: Trace, result: dict[str, Any], equal: bool | None) -> None:
    comparison = compare(trace, ReplayResult(trace="one", **result), baseline={"a": 1})
    assert comparison.equal is equal
    assert (comparison.error is None) == (equal is not None)
    assert comparison.to_json()["trace"] == "one"


def test_the_nearest_recorded_call_is_shown(trace: Trace) -> None:
    call = {**CALL, "nearest": {"number": 3, "differences": ["body -weight 1", "body +weight 2"]}}
    comparison = compare(trace, ReplayResult(trace="one", output={}, unmatched=(call,)), baseline={})
    assert comparison.unmatched == (
        "POST http://there.invalid/loads: the nearest that was recorded differs: body -weight 1; body +weight 2",
    )
