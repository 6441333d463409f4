"""A run as a drill leaves it, made by hand: for tests of whatever saves, loads or shows one."""

from collections.abc import Mapping
from typing import Any

from harness.history import History
from harness.judgement import Judgement
from harness.metric import success_ratio
from harness.objective import rpo, rto, time_to_alert
from harness.run import Run
from harness.verdict import Outcome, Verdict
from tests.histories import Story

RUN_ID = "20261124-021530-shop_dies-s7-4f2a"
OBJECTIVES = (
    rto(limit_s=300, scale=0.1, steady=(success_ratio.at_least(0.99),), sustain_s=0.1, claims=("4.6",)),
    rpo(limit_s=120, write="write", snapshot="promoted_rows", claims=("4.6",)),
    time_to_alert(text="Shop closed", limit_s=10, claims=("4.1",)),
)


def drilled(lost: int = 0) -> History:
    """A short drill: traffic, a fault with its evidence, an alert, a recovery, and `lost` lost writes."""
    story = Story()
    story.step("phase", phase="gate")
    for number in range(20):
        story.write(f"w{number}")
    story.step("phase", phase="inject")
    story.fault("kill")
    story.step("phase", phase="recover")
    facts = {"pid": 4242, "alive": False}
    story.step("evidence", of="kill", target="server", main=True, proof=True, facts=facts)
    story.step("promoted")
    story.rows(*(f"w{number}" for number in range(lost, 20)), name="promoted_rows")
    story.alert("Shop closed")
    story.step("phase", phase="heal")
    story.heal("kill")
    story.step("phase", phase="wait")
    for number in range(20):
        story.write(f"again {number}")
    story.step("phase", phase="judge")
    return story.history()


def verdict(checker: str, outcome: Outcome = Outcome.PASS, summary: str = "as it should be", **more: Any) -> Verdict:
    return Verdict(checker=checker, outcome=outcome, summary=summary, **more)


def judged(history: History, *invariants: Verdict) -> Judgement:
    """The given verdicts, or one that passes, and what the objectives measured."""
    return Judgement(
        invariants=invariants or (verdict("NothingIsSoldTwice", evidence=(3, 5), claims=("4.3",)),),
        course=(verdict("FaultsBit", summary="kill of server bit"),),
        measurements=tuple(objective.measure(history) for objective in OBJECTIVES),
    )


def make_run(*invariants: Verdict, history: History | None = None, **changes: Any) -> Run:
    """A run that passed, but for what is given."""
    history = drilled() if history is None else history
    settings: Mapping[str, str] = {"TIMEOUT_S": "0.5"}
    parts: dict[str, Any] = {
        "id": RUN_ID,
        "scenario": "shop_dies",
        "seed": 7,
        "commit": "0123456789ab",
        "environment": "processes",
        "versions": {"python": "3.11.2"},
        "settings": settings,
        "started_at": "2026-11-24T02:15:30.000+00:00",
        "duration_s": 1.25,
        "history": history,
        "judgement": judged(history, *invariants),
    }
    return Run(**{**parts, **changes})
