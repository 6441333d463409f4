"""Five outcomes, which of them is what, and what their verdicts tell."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import Config, ConfigError
from harness.replaying.comparison import LINES_MAX, ReplayResult, configured, judge, unknown
from harness.traces import Cassette, Clusters, Comparison, Mask, Trace

CALL = {"request": {"method": "POST", "uri": "http://there.invalid/loads"}}
RULES = Comparison(keys={"writes": ("key",)}, effects=("writes",))
BASELINE = {"a": 1, "writes": [{"key": "k", "n": 1}]}
WRITES = BASELINE["writes"]


def result(**fields: Any) -> ReplayResult:
    return ReplayResult(trace="one", **fields)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"output": BASELINE}, "pass"),
        ({"output": {**BASELINE, "a": 2}}, "changed"),
        ({"output": {"a": 1, "writes": [{"key": "k", "n": 2}]}}, "changed"),
        ({"output": {"a": 1}}, "broken"),
        ({"output": {"a": 1, "writes": [*WRITES, *WRITES]}}, "broken"),  # type: ignore[misc]
        ({"output": {"a": 1, "writes": [{"key": "other", "n": 1}]}}, "broken"),
        ({"output": None}, "broken"),
        ({"output": BASELINE, "unmatched": (CALL,)}, "broken"),
        ({"output": BASELINE, "unused": (CALL,)}, "broken"),
        ({"error": "LookupError: x", "raised": True}, "broken"),
        ({"output": BASELINE, "error": "it could not be run"}, "unknown"),
        ({"error": "it could not be run"}, "unknown"),
    ],
)
def test_the_outcome(trace: Trace, fields: dict[str, Any], outcome: str) -> None:
    verdict = judge(trace.with_baseline(BASELINE), result(**fields), RULES)
    assert verdict.outcome == outcome
    assert (verdict.error is not None) == ("error" in fields)
    told = verdict.to_json()
    assert (told["trace"], told["outcome"]) == ("one", outcome)


def test_without_a_baseline_nobody_can_tell(trace: Trace) -> None:
    verdict = judge(trace.with_baseline(None), result(output=BASELINE), RULES)
    assert verdict.outcome == "unknown"
    assert "no baseline yet" in str(verdict.error)


@pytest.mark.parametrize(
    ("again", "outcome"),
    [
        ({"output": BASELINE}, "pass"),
        ({"output": {**BASELINE, "a": 2}}, "noisy"),
        ({"output": BASELINE, "unused": (CALL,)}, "noisy"),
        ({"error": "LookupError: x", "raised": True}, "noisy"),
        ({"error": "it could not be run"}, "unknown"),
    ],
)
def test_the_same_code_twice(trace: Trace, again: dict[str, Any], outcome: str) -> None:
    first, second = result(output=BASELINE), result(**again)
    verdict = judge(trace.with_baseline(BASELINE), first, RULES, again=second)
    assert verdict.outcome == outcome
    if outcome == "noisy":
        assert verdict.replays == (first, second)
        assert verdict.differences
    else:
        assert verdict.replays == ()


def test_what_is_masked_is_no_noise_and_is_met(trace: Trace) -> None:
    rules = Comparison(masks=(Mask(path="a", why="chance"), Mask(path="b", why="it is not there")))
    first, second = result(output={"a": 5}), result(output={"a": 6})
    verdict = judge(trace.with_baseline({"a": 1}), first, rules, again=second)
    assert verdict.outcome == "pass"
    assert [mask.path for mask in rules.unmet(verdict.met)] == ["b"]


def test_the_nearest_recorded_call_is_shown_and_what_moved(trace: Trace) -> None:
    nearest = {"number": 3, "differences": ["body -weight 1", "body +weight 2"]}
    call = {**CALL, "nearest": nearest, "moved": ["template", "input"]}
    verdict = judge(trace.with_baseline({}), result(output={}, unmatched=(call, CALL), unused=(CALL,)))
    assert verdict.unmatched == (
        (
            "POST http://there.invalid/loads (template and input moved): the nearest that was recorded differs: "
            "body -weight 1; body +weight 2"
        ),
        "POST http://there.invalid/loads: nothing like it was recorded",
    )
    assert verdict.unused == ("POST http://there.invalid/loads",)


def test_calls_that_do_not_fit_are_the_cause_of_what_differs_after_them(trace: Trace) -> None:
    """A prompt that changed is one cause, whatever each trace lacks for want of an answer."""
    clusters = Clusters()
    for number in range(5):
        uri = f"http://there.invalid/v1/loads/L{number}?reference={number}"
        call = {"request": {"method": "POST", "uri": uri, "body": "x" * number}, "moved": ["template"]}
        output = {"a": number, "writes": []}
        verdict = judge(trace.with_baseline(BASELINE), result(output=output, unmatched=(call,)), RULES)
        assert verdict.differences
        clusters.add(f"t{number}", verdict.causes)
    (cluster,) = clusters.listed()
    assert cluster.lines == ("calls[POST http://there.invalid/v#/loads/*].template: new",)
    assert cluster.effect


def test_side_effects_are_told_first_and_lines_are_cut(trace: Trace) -> None:
    before = {f"a{number}": 1 for number in range(300)} | {"writes": WRITES}
    verdict = judge(trace.with_baseline(before), result(output={f"a{number}": 2 for number in range(300)}), RULES)
    assert len(verdict.lines) == LINES_MAX + 1
    assert verdict.lines[0].startswith("writes[k]: gone")
    assert verdict.lines[-1] == "... and 101 more"
    assert verdict.to_json()["effects"] == 1


@pytest.mark.parametrize("output", [float("nan"), {"a": float("inf")}])
def test_what_is_no_json_is_unknown(trace: Trace, output: Any) -> None:
    assert judge(trace.with_baseline(BASELINE), result(output=output), RULES).outcome == "unknown"


def test_what_is_too_deep_to_be_compared_is_unknown(trace: Trace) -> None:
    deep: Any = []
    for _ in range(200_000):
        deep = [deep]
    assert judge(trace.with_baseline(BASELINE), result(output=deep), RULES).outcome == "unknown"


ENTRIES = st.dictionaries(
    st.sampled_from(["request", "nearest", "moved", "x"]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["method", "uri", "differences", "y"]), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=4,
)


@given(st.lists(ENTRIES, max_size=3), st.lists(ENTRIES, max_size=3))
def test_calls_of_any_form_are_told(unmatched: list[dict[str, Any]], unused: list[dict[str, Any]]) -> None:
    """What a foreign runner writes there is not to be trusted."""
    verdict = judge(_bare(), result(output={}, unmatched=tuple(unmatched), unused=tuple(unused)), RULES)
    assert verdict.outcome == ("broken" if unmatched or unused else "pass")
    assert len(verdict.causes) == len(unmatched) + len(unused)
    clusters = Clusters()
    clusters.add("one", verdict.causes)
    assert len(clusters.listed()) == bool(unmatched or unused)


def _bare() -> Trace:
    return Trace(
        id="one",
        title="One",
        starts_at=datetime(2026, 2, 2, tzinfo=UTC),
        seed=1,
        partners=(),
        inputs=(),
        cassette=Cassette(),
        baseline={},
        folder=Path(),
    )


def test_unknown_says_why() -> None:
    assert unknown("one", "gone").to_json()["error"] == "gone"


def _project(folder: Path, line: str) -> Config:
    (folder / "pyproject.toml").write_text(f'[tool.harness]\ntopology = "t:T"\nscenarios = "s"\n{line}\n')
    (folder / f"rules_of_{folder.name}.py").write_text(
        "from harness.traces import Comparison\nRULES = Comparison(effects=('writes',))\nNONE = 5\n"
    )
    return Config.load(folder)


def test_rules_come_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    module = f"rules_of_{tmp_path.name}"
    assert configured(_project(tmp_path, "")) == Comparison()
    assert configured(_project(tmp_path, f'comparison = "{module}:RULES"')) == Comparison(effects=("writes",))
    with pytest.raises(ConfigError, match=r"expected .*:NONE to be a harness.traces.Comparison, saw int"):
        configured(_project(tmp_path, f'comparison = "{module}:NONE"'))
