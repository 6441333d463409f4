"""A commit changes what a recorded trace gives, and the gate of the pull request has to stop it.

Whoever looks into it sees old beside new, and finds the commit among others. Then somebody decides. In the one variant
the change does harm (what the model makes up is believed and booked) and is reverted. In the other it is meant (a
reason is said in fewer words) and the trace is refreshed; not at once, because the first try falls into an outage, and
an outage is nobody's behaviour.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from harness.checkers import (
    AlertSaid,
    AlertsToldOnce,
    BaselineRenewed,
    ChangeIsStopped,
    CommitIsNamed,
    DecisionPassesTheGate,
    OldBesideNew,
    OutageIsNoBaseline,
)
from harness.faults import Commit, Edit, Shadow
from harness.metric import Gauge, SuccessRatio
from harness.probes import CloneProbe, InboxProbe
from harness.scenario import Alert, BlastRadius, NegativeControl, Recovery, Scenario, Symptom
from harness.steps import HealFault, Inject, Observe, Operate, SeeSymptoms, Step, WaitFor
from harness.traffic import ContinuousIntegration
from scenarios.world.trace_output import TraceOutput

GATE = "gate"
MISMATCH = "Trace replay mismatch"
REGRESSION = "Regression detected in trace test"
TRACE = "weight_not_in_signal"
LOOKED_AT = ("original_booked", "cancelled_with_repeats", "pickup_time_missing", TRACE, "reviews")
"""What the gate of the drill replays: it runs a few times, and here not how many there are is looked at."""
CHECKED = ("harness", "gate", "--drills", "none", *(word for name in LOOKED_AT for word in ("--traces", name)))

GROUNDING = "system/resolver/grounding.py"
COMMITS = 5

passed = SuccessRatio(action=GATE)
WORKING = (passed.at_least(1.0),)
output = TraceOutput(trace=TRACE)
decided = CloneProbe(called="decided", paths=(GROUNDING, "traces"))
after_outage = CloneProbe(called="after_outage", paths=("traces",))

BELIEVES = Commit(
    edit=Edit(path=GROUNDING, before="_RELATIVE, _ABSOLUTE = 0.001, 0.02", after="_RELATIVE, _ABSOLUTE = 100.0, 0.02"),
    subject="grounding: be generous with numbers",
)
SAYS_LESS = Commit(
    edit=Edit(
        path=GROUNDING,
        before='f"{name} {_plain(said)}, signal says {_plain(stands)}{hint}"',
        after='f"{name} {_plain(said)}, not {_plain(stands)}{hint}"',
    ),
    subject="grounding: say it in fewer words",
)
OUTAGE = Shadow(module="pydantic_settings")


def in_clone(*words: str, why: str, expects: int = 0, claims: tuple[str, ...] = ()) -> Operate:
    """A command that is typed in the clone of the project."""
    return Operate(words=words, why=why, where="worktree", expects=expects, claims=claims)


COMPARE = in_clone(
    *("harness", "trace", "compare", TRACE, "HEAD", f"HEAD~{COMMITS}"),
    why="what one of the traces gave, beside what it gives now",
    expects=10,
    claims=("6.3",),
)
BISECT = in_clone(
    *("harness", "trace", "bisect", TRACE, "--good", f"HEAD~{COMMITS}", "--bad", "HEAD"),
    why="which commit changed it",
    claims=("6.2",),
)
REVERT = in_clone(
    "git", "revert", "--no-edit", "HEAD~2", why="the change does harm, so it is taken back", claims=("6.4",)
)
REASON = "the reason says the same in fewer words"
REFRESH = in_clone(
    *("harness", "trace", "refresh", *LOOKED_AT, "--reason", REASON),
    why="the change is meant, so what the traces give now is what is expected",
    claims=("6.5",),
)
TOO_EARLY = replace(REFRESH, why="a try while a package is out of order has to be refused", expects=12, claims=())
COMMIT = in_clone(
    "git",
    "commit",
    "--quiet",
    "--all",
    "--message=traces: fewer words",
    why="the decision is committed",
    claims=("6.4",),
)
DECIDED = WaitFor(what="the gate passes what was decided on", conditions=WORKING, within_s=30.0)


async def decided_on(scenario: Scenario) -> AsyncIterator[Step]:
    """The output is looked at before and after, the clone once the decision has passed the gate.

    What is tried too early is tried during the outage.
    """
    yield Observe(probe=output)
    yield Inject(fault=scenario.faults[0])
    yield Observe(probe=output)
    yield SeeSymptoms()
    assert isinstance(scenario.recovery, Recovery)
    for step in scenario.recovery.steps:
        if step is TOO_EARLY:
            yield Inject(fault=OUTAGE, main=False)
        yield step
        if step is TOO_EARLY:
            yield HealFault(fault=OUTAGE)
            yield Observe(probe=after_outage)
    yield Observe(probe=decided)


NO_COMPARISON = NegativeControl(
    name="no_comparison",
    why="an output that differs passes, and the change is merged",
    settings={"UNSAFE_IGNORE_DIFFERENCES": "1"},
    must_fail="ChangeIsStopped",
)

REVERTED = Scenario(
    name="trace_regression_reverted",
    title="A commit changes what a trace gives, does harm, and is reverted",
    playbook="6 Trace replay regression",
    cause="A commit changed the behaviour of the resolution of intents.",
    prevention="Every pull request passes the replay of the traces before it is merged.",
    services=frozenset({"inbox"}),
    traffic=(ContinuousIntegration(command=CHECKED, action=GATE),),
    steady_state=WORKING,
    faults=(BELIEVES,),
    blast_radius=BlastRadius(services=frozenset({"worktree"})),
    symptoms=(
        Symptom(
            text="a recorded trace gives another output",
            seen_as=Gauge(probe="trace_output", field="changed").at_least(1),
            within_s=10,
        ),
    ),
    alert=Alert(text=REGRESSION, within_s=30, claims=("6.1",)),
    probes=(InboxProbe(),),
    recovery=Recovery(steps=(COMPARE, BISECT, REVERT, DECIDED), done_when=(), limit_s=60),
    schedule=decided_on,
    invariants=(
        ChangeIsStopped(message=MISMATCH, claims=("6.1", "6.6")),
        AlertSaid(text=REGRESSION, contact="DevOps Lead", claims=("6.1", "8.1")),
        AlertsToldOnce(text=REGRESSION, claims=("6.1",)),
        OldBesideNew(claims=("6.3",)),
        CommitIsNamed(claims=("6.2",)),
        DecisionPassesTheGate(path=GROUNDING, change_stays=False, decided="decided", claims=("6.4",)),
    ),
    objectives=(),
    negative_controls=(NO_COMPARISON,),
    steady_for_s=0.2,
    operations_at_least=1,
)

ACCEPTED = replace(
    REVERTED,
    name="trace_regression_accepted",
    title="A commit changes what a trace gives, is meant, and the trace is refreshed",
    faults=(SAYS_LESS,),
    recovery=Recovery(steps=(COMPARE, BISECT, TOO_EARLY, REFRESH, COMMIT, DECIDED), done_when=(), limit_s=60),
    invariants=(
        *(one for one in REVERTED.invariants if one.name != "DecisionPassesTheGate"),
        DecisionPassesTheGate(path=GROUNDING, change_stays=True, decided="decided", claims=("6.4",)),
        BaselineRenewed(claims=("6.5",)),
        OutageIsNoBaseline(fault="shadow", clone="after_outage"),
    ),
    negative_controls=(
        NO_COMPARISON,
        NegativeControl(
            name="outage_taken_for_right",
            why="H14: what kept the trace from being replayed is written down as what it is expected to give",
            settings={"UNSAFE_REFRESH_UNKNOWN": "1"},
            must_fail="OutageIsNoBaseline",
        ),
    ),
    hazards=("H14",),
)

SCENARIOS = (REVERTED, ACCEPTED)
