"""An agent does not come back from an intent: because Motion never answers, or because of itself.

A guard inside the agent ends what awaits. What does not await is ended from outside, by a supervisor that kills the one
process and nothing beside it; and before the intent gets its final state, Motion is asked whether it has the load.

Four variants: Motion never answers a write, and a person gives the work up; the agent computes for ever; Motion books
and never says so, and the worker that asked hangs itself; a worker is stopped, declared dead, and goes on.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

from harness.checkers import (
    AcknowledgedWritesSurvive,
    AlertSaid,
    AlertsToldOnce,
    AppliedExactlyOnce,
    EachIsTold,
    KilledAndReplaced,
    LateWritesAreRefused,
    LeavesAReview,
    LogTellsWhere,
    NoneStuck,
    OnlyLegalTransitions,
    TracesUnchanged,
    WorkersLiveOn,
)
from harness.faults import Diary, Misbehave, Order, PauseWorker, Spin
from harness.history import Kind
from harness.metric import BASELINE, AlertsStanding, EventCount, Gauge, SuccessRatio, latency
from harness.probes import InboxProbe, LogProbe, WorkersProbe
from harness.scenario import Alert, BlastRadius, NegativeControl, Recovery, Scenario, Symptom
from harness.steps import HealFault, Inject, Operate, SeeSymptoms, Step, WaitFor
from scenarios.world import probes
from scenarios.world.alterations import Indigestible
from scenarios.world.checkers import (
    FailedHasNoLiveLoad,
    HungIsSettled,
    NoLoadWithoutConfirmedIntent,
    OneLoadPerShipment,
)
from scenarios.world.lifecycle import FINAL, LEGAL_TRANSITIONS
from scenarios.world.replay import TRACES
from scenarios.world.traffic import SEND, SteadyTenders
from scenarios.world.workers import WaitsForMotion

DATABASE, AGENTS, MOTION = "database-primary", "agents", "motion"
RESTING = FINAL | {"PARTIAL", "NEEDS_REVIEW"}
TIMEOUT = "AgentContract timeout for Intent #*"
COMMODITY = "PERPETUAL MOTION MACHINES"
"""What nobody can deal with; a few tenders after the fault carry it, and all others go on as ever."""

STUCK_AFTER_S, STUCK_AFTER_NOMINAL_S = 1.5, 300.0
SHORTENED = STUCK_AFTER_S / STUCK_AFTER_NOMINAL_S
GUARD_S = 0.5
SETTINGS = {
    "AGENT_GUARD_S": f"{GUARD_S}",
    "STUCK_AFTER_S": f"{STUCK_AFTER_S}",
    "MOTION_SETTLES_S": "0.1",
    "SUPERVISE_INTERVAL_S": "0.1",
    "WATCH_INTERVAL_S": "0.1",
}

CUT_OFF, KILLED, REPLACED, FENCED_OFF = (
    "execution cut off after *",
    "AgentContract timeout: *",
    "* was killed and is replaced",
    "fenced off, dropped: *",
)

success_ratio = SuccessRatio(action=SEND)
overdue = Gauge(probe="agent_work", field="overdue")
in_vain = Gauge(probe="agent_work", field="in_vain")
settled = Gauge(probe="agent_work", field="settled")
done_by_another = Gauge(probe="agent_work", field="executed_later")
open_intents = Gauge(probe="agent_work", field="open")
told = EventCount(kind=Kind.ALERT, action=TIMEOUT, fields=(("status", "firing"),))
refused = EventCount(kind=Kind.PROBE, action="log", fields=(("says", FENCED_OFF),))
WORKING = (success_ratio.at_least(0.99), overdue.at_most(0))


def tenders(after: str, times: int) -> SteadyTenders:
    """Partners at work, of whom some tender what nobody can deal with, so many `times` after the fault."""
    return SteadyTenders(
        partners=("P1001", "P1002", "P1003", "P1004"),
        rate_per_s=8.0,
        alterations=(Indigestible(commodity=COMMODITY, after=after, times=times),),
    )


def misbehaving(mode: str, answered: str, *, delay_s: float = 0.0) -> Misbehave:
    """Motion does not do as it should with writes of that commodity; its diary says `answered` of each."""
    behaviour = {"mode": mode, "contains": COMMODITY, "delay_s": delay_s}
    return Misbehave(
        service=MOTION,
        orders=(Order(path="/control/behaviour", body=json.dumps(behaviour)),),
        amends=(Order(path="/control/behaviour"),),
        diary=Diary(path="/control/requests?after={after}", shown_by=(("answered", answered),)),
    )


SETTLED_BY_ITSELF = WaitFor(
    what="the supervisor has killed the worker and settled the intent with Motion",
    conditions=(settled.at_least(1),),
    within_s=10.0,
)
DONE_BY_ANOTHER = WaitFor(
    what="the supervisor has given the intent to another worker, which has executed it",
    conditions=(done_by_another.at_least(1),),
    within_s=20.0,
)
LIST = Operate(words=("stuck", "list"), why="which intents hang or hung, with whom, and where")
SAFETY = (
    AcknowledgedWritesSurvive(write=SEND, snapshot="rows", key="identity"),
    AppliedExactlyOnce(key="shipment", effects="ledger", field="loads", effect_key="reference", effect_id="load_id"),
    OneLoadPerShipment(),
    NoLoadWithoutConfirmedIntent(claims=("5.1",)),
    FailedHasNoLiveLoad(claims=("5.1",)),
    AlertSaid(text=TIMEOUT, contact="Backend Lead", claims=("5.1", "8.1")),
    EachIsTold(text=TIMEOUT, snapshot="hung", key="intent_id", claims=("5.1",)),
    AlertsToldOnce(text=TIMEOUT, claims=("5.1",)),
    OnlyLegalTransitions(table=LEGAL_TRANSITIONS, subject="intent_id"),
    NoneStuck(resting=RESTING),
    LeavesAReview(claims=("8.2",)),
    TracesUnchanged(at_least=5),
)
FAILED = HungIsSettled(end="FAILED", claims=("5.3",))
ALL_LIVE_ON = WorkersLiveOn(service=AGENTS)
KILLED_AND_REPLACED = KilledAndReplaced(service=AGENTS, victims="hung", claims=("5.2",))

MOTION_NEVER_ANSWERS = Scenario(
    name="agent_hang_motion",
    title="Motion never answers a booking",
    playbook="5 Agent hangs",
    cause="Motion took the request and never answered; each try ended at the agent's guard and was in vain.",
    prevention="A guard around every agent's one method, which no agent can do without.",
    traffic=(tenders("misbehave", times=2),),
    steady_state=(*WORKING, latency.percentile(95, action=SEND).within(4, of=BASELINE)),
    faults=(misbehaving("hang", "held"),),
    blast_radius=BlastRadius(services=frozenset({MOTION, AGENTS}), abort_if=success_ratio.at_most(0.0, for_s=30)),
    symptoms=(
        Symptom(
            text="an intent is under way for longer than an execution takes, and comes to no end",
            seen_as=overdue.at_least(1),
            within_s=10,
            claims=("5.1",),
        ),
    ),
    alert=Alert(text=TIMEOUT, within_s=900, scale=SHORTENED, claims=("5.1",)),
    probes=(
        InboxProbe(),
        probes.agent_work(DATABASE, commodity=COMMODITY, overdue_after_s=2 * GUARD_S, in_vain_after_s=STUCK_AFTER_S),
        WorkersProbe(service=AGENTS),
        LogProbe(service=AGENTS, says=(CUT_OFF, KILLED, REPLACED, FENCED_OFF)),
    ),
    recovery=Recovery(
        steps=(
            WaitFor(
                what="people are told of both",
                conditions=(told.at_least(2), in_vain.at_least(2)),
                within_s=10.0,
                over_s=30.0,
            ),
            LIST,
            Operate(
                words=("stuck", "resolve", "--in-vain", "--why", "Motion does not take them; it has no load of them"),
                why="give up what is tried in vain, after a look into Motion",
                claims=("5.3",),
            ),
        ),
        done_when=WORKING,
        limit_s=60,
    ),
    settle=(open_intents.at_most(0), AlertsStanding(text=TIMEOUT).at_most(0)),
    steady_within_s=10.0,
    steady_for_s=1.0,
    operations_at_least=6,
    settle_within_s=20.0,
    snapshots=(
        probes.intent_rows("rows", DATABASE),
        probes.LedgerProbe(),
        probes.transitions(DATABASE),
        probes.hung(DATABASE),
    ),
    replay=TRACES,
    settings=SETTINGS,
    invariants=(
        *SAFETY,
        FAILED,
        ALL_LIVE_ON,
        LogTellsWhere(snapshot="hung", key="intent_id", where="_bring_about", claims=("5.4",)),
    ),
    objectives=(),
    negative_controls=(
        NegativeControl(
            name="no_guard",
            why="with a guard that lets everything pass, each call that hangs costs a process instead of its own end",
            settings={"AGENT_GUARD_S": "600"},
            must_fail="WorkersLiveOn",
        ),
    ),
    hazards=(),
)

AGENT_SPINS = replace(
    MOTION_NEVER_ANSWERS,
    name="agent_hang_spin",
    title="An agent computes for ever, and never awaits",
    cause="An agent met what it cannot deal with and looped for ever; nothing inside its own process could end that.",
    prevention="A supervisor outside, which kills the process; the log then says where it was.",
    traffic=(tenders("spin", times=1),),
    faults=(Spin(service=AGENTS),),
    recovery=Recovery(steps=(SETTLED_BY_ITSELF, LIST), done_when=WORKING, limit_s=60),
    settings={**SETTINGS, "UNSAFE_SPIN_ON_COMMODITY": COMMODITY, "ALLOW_UNSAFE": "1"},
    invariants=(
        *SAFETY,
        FAILED,
        KILLED_AND_REPLACED,
        LogTellsWhere(snapshot="hung", key="intent_id", where="_wait_for_what_never_comes", claims=("5.4",)),
    ),
    negative_controls=(
        NegativeControl(
            name="no_supervisor",
            why="H4: the guard alone, in the very loop that never gets to it, stops nothing",
            settings={"UNSAFE_NO_SUPERVISOR": "1"},
            must_fail="NoneStuck",
        ),
    ),
    hazards=("H4",),
)

BOOKED_AND_NEVER_SAID = replace(
    MOTION_NEVER_ANSWERS,
    name="agent_hang_unrecorded",
    title="Motion books and never says so, and the worker is killed before it knows",
    cause="Motion booked the load and did not answer; the worker that had asked hung, and was killed.",
    prevention="Motion is asked by the shipment before an intent gets its final state.",
    traffic=(tenders("misbehave", times=3),),
    faults=(
        misbehaving("book_and_hang", "done and held"),
        PauseWorker(service=AGENTS, which=WaitsForMotion(answered="done and held")),
    ),
    recovery=Recovery(steps=(SETTLED_BY_ITSELF, LIST), done_when=WORKING, limit_s=60),
    invariants=(*SAFETY, HungIsSettled(end="EXECUTED"), KILLED_AND_REPLACED),
    negative_controls=(
        NegativeControl(
            name="fail_without_reconciling",
            why="H5: the worker is killed and the intent failed without a look into Motion, where its load is live",
            settings={"UNSAFE_FAIL_WITHOUT_RECONCILING": "1"},
            must_fail="FailedHasNoLiveLoad",
        ),
    ),
    hazards=("H5",),
)


async def stop_then_continue(scenario: Scenario) -> AsyncIterator[Step]:
    """The worker goes on once another has done its work, and ends what it had begun."""
    slow, pause = scenario.faults
    yield Inject(fault=slow)
    yield Inject(fault=pause)
    yield SeeSymptoms()
    yield DONE_BY_ANOTHER
    yield HealFault(fault=pause)
    yield WaitFor(what="it has ended what it had begun", conditions=(refused.at_least(1),), within_s=5.0, over_s=30.0)
    yield LIST


WORKER_WAKES_UP = replace(
    MOTION_NEVER_ANSWERS,
    name="agent_hang_zombie",
    title="A worker is stopped, declared dead, and goes on",
    cause="A worker's machine stopped for a moment and was out of reach when its work was given to another.",
    prevention="Every write of a worker carries its attempt and its database's epoch; an older pair is refused.",
    traffic=(tenders("misbehave", times=3),),
    faults=(
        misbehaving("slow", "delayed", delay_s=2.0),
        PauseWorker(service=AGENTS, which=WaitsForMotion(answered="delayed")),
    ),
    recovery=Recovery(steps=(DONE_BY_ANOTHER, LIST), done_when=WORKING, limit_s=60),
    schedule=stop_then_continue,
    settings={**SETTINGS, "SUPERVISOR_MAY_KILL": "0"},
    invariants=(
        *SAFETY,
        HungIsSettled(end="EXECUTED"),
        ALL_LIVE_ON,
        LateWritesAreRefused(subject="intent_id", fence=("epoch", "attempt"), refused=FENCED_OFF),
    ),
    negative_controls=(
        NegativeControl(
            name="no_attempt_fence",
            why="H6: the worker that was declared dead goes on, and undoes what its successor has written",
            settings={"UNSAFE_NO_ATTEMPT_FENCE": "1"},
            must_fail="LateWritesAreRefused",
        ),
    ),
    hazards=("H6", "H17"),
)

SCENARIOS = (MOTION_NEVER_ANSWERS, AGENT_SPINS, BOOKED_AND_NEVER_SAID, WORKER_WAKES_UP)
