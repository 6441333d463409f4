"""One partner's program goes wrong and floods us with malformed and repeated tenders; its circuit breaker opens.

Ten failures are not too many. The eleventh shuts the partner out, and nobody else: the others go on as if nothing were
the matter, however fast it comes, and refusing it moves nothing behind the door. It is told what to mend, and let in
again by an operator, or by itself once its signals are good.

Four variants: an operator resets it; nobody does, and ingest dies meanwhile; ten such programs at once; and partners
that repeat what we ourselves had refused, which is no fault of theirs.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from harness.checkers import (
    AcknowledgedWritesSurvive,
    AlertSaid,
    AlertsToldOnce,
    AppliedExactlyOnce,
    LeavesAReview,
    MemoryStaysFlat,
    NobodyShutOut,
    NoneStuck,
    OnlyLegalTransitions,
    OthersUndisturbed,
    RejectedChangesNothing,
    StoppedAtTheDoor,
    TracesUnchanged,
)
from harness.faults import Flood, Kill, Withhold
from harness.history import Kind
from harness.metric import BASELINE, EventCount, Gauge, StatusCount, SuccessRatio, latency
from harness.probes import InboxProbe, LinkProbe, MetricsProbe, ResidentProbe
from harness.scenario import Alert, BlastRadius, Heal, NegativeControl, Recovery, Scenario, Symptom
from harness.steps import HealFault, Inject, Operate, SeeSymptoms, Step, WaitFor
from scenarios.world import probes
from scenarios.world.checkers import (
    AcceptedAgain,
    ClosesByItself,
    ConsoleTells,
    FewAreLetThrough,
    NoLoadWithoutConfirmedIntent,
    OneLoadPerShipment,
    OnTheReviewList,
    OpensAtTheEleventh,
    RefusedWhileOpen,
    RepeatsAreWelcome,
    ToldWhatToMend,
)
from scenarios.world.faulty import FAULTY, FaultyFlood, FaultyTenders
from scenarios.world.lifecycle import FINAL, LEGAL_TRANSITIONS
from scenarios.world.replay import TRACES
from scenarios.world.traffic import SEND, SteadyTenders

DATABASE, REPLICA = "database-primary", "database-replica"
RESTING = FINAL | {"PARTIAL", "NEEDS_REVIEW"}
PARTNER = "P1004"
ACTOR = f"partner {PARTNER}"
OPEN = f"Circuit breaker OPEN for partner {PARTNER}"

OTHERS = SteadyTenders(partners=("P1001", "P1002", "P1003"), rate_per_s=18.0)
OWN = SteadyTenders(partners=(PARTNER,), rate_per_s=6.0, called="good tenders of the faulty partner")
FLOOD = Flood(link="faulty-partner->ingest", source=FaultyFlood(partner=PARTNER))

succeed = SuccessRatio(action=SEND)
others_succeed = SuccessRatio(action=SEND, apart_from=ACTOR)
own_succeed = SuccessRatio(action=SEND, actor=ACTOR)
others_accepted = StatusCount(action=SEND, apart_from=ACTOR, low=200, high=299)
own_accepted = StatusCount(action=SEND, actor=ACTOR, low=200, high=299)
refused = StatusCount(action=SEND, actor=ACTOR, low=429, high=429)
failed = StatusCount(action=FAULTY, low=200, high=499)
unanswered = StatusCount(action=SEND, low=500, high=599)
told = EventCount(kind=Kind.ALERT, action=OPEN, fields=(("status", "firing"),))
ended = EventCount(kind=Kind.ALERT, action=OPEN, fields=(("status", "resolved"),))
breakers_open = Gauge(probe="breakers", field="open")
breaker_changes = Gauge(probe="breakers", field="changes")
flooded = Gauge(probe="faulty_link", field="upstream_passed")
open_intents = Gauge(probe="open_work", field="intents")

WORKING = (others_succeed.at_least(0.99),)
STEADY_STATE = (*WORKING, latency.percentile(95, action=SEND, apart_from=ACTOR).within(4, of=BASELINE))

TEN_FAILED = WaitFor(
    what="ten bad signals are answered, and enough good ones to compare with",
    conditions=(failed.at_least(10), others_accepted.at_least(24)),
    within_s=20,
    over_s=60,
)
TOLD = WaitFor(what="somebody is told", conditions=(told.at_least(1),), within_s=20, over_s=60)
OTHERS_GO_ON = WaitFor(
    what="the others go on for a while", conditions=(others_accepted.at_least(20),), within_s=20, fresh=True
)
FLOODED = WaitFor(what="the flood is one", conditions=(flooded.at_least(400_000),), within_s=20)
REFUSED_AGAIN = WaitFor(
    what="another process refuses the partner", conditions=(refused.at_least(2),), within_s=20, fresh=True
)
SHUT_AGAIN = WaitFor(
    what="a few are let in, and it is shut again", conditions=(breaker_changes.at_least(3),), within_s=20
)
CLOSED = WaitFor(
    what="its breaker is closed", conditions=(breakers_open.at_most(0),), within_s=20, over_s=0.5, fresh=True
)
ACCEPTED_AGAIN = WaitFor(
    what="its good signals are accepted", conditions=(own_accepted.at_least(2),), within_s=20, over_s=0.7, fresh=True
)
TOLD_THE_END = WaitFor(what="they are told that it is over", conditions=(ended.at_least(1),), within_s=20, over_s=60)
ENOUGH_REFUSED = WaitFor(
    what="enough was stored and refused", conditions=(unanswered.at_least(24),), within_s=20, over_s=60
)


def _typed(*lines: str) -> tuple[str, ...]:
    """The console's command for lines at the prompt."""
    return ("prompt", *(word for line in lines for word in ("--line", line)))


LIST = Operate(words=("breakers", "list"), why="which partners are shut out", claims=("1.4",))
COUNT = Operate(
    words=_typed(
        "registry = CircuitBreakerRegistry()",
        "registry.get_open_breakers()",
        f'registry.get("{PARTNER}").failure_count',
    ),
    why="the same at the prompt, and how often it has failed",
    claims=("1.4",),
)
RESET = Operate(
    words=("breakers", "reset", PARTNER, "--why", "they have mended G62"),
    why="let the partner in again, once it has confirmed that its signals are mended",
    claims=("1.4",),
)
STATE = Operate(words=_typed(f'CircuitBreakerRegistry().get("{PARTNER}").state'), why="it is CLOSED", claims=("1.4",))
REVIEWS = Operate(words=("reviews", "list"), why="whose data is to be looked into this week", claims=("1.7",))
RESET_AT_PROMPT = Operate(
    words=_typed(
        "registry = CircuitBreakerRegistry()",
        "registry.get_open_breakers()",
        f'breaker = registry.get("{PARTNER}")',
        "breaker.failure_count",
        "breaker.reset()",
        "breaker.state",
    ),
    why="once it has confirmed that its signals are mended, let the partner in again, all of it at the prompt",
    claims=("1.4",),
)

UNHARMED = (
    AcknowledgedWritesSurvive(write=SEND, snapshot="rows", key="identity"),
    AppliedExactlyOnce(key="shipment", effects="ledger", field="loads", effect_key="reference", effect_id="load_id"),
    OneLoadPerShipment(),
    NoLoadWithoutConfirmedIntent(),
    OnlyLegalTransitions(table=LEGAL_TRANSITIONS, subject="intent_id"),
    NoneStuck(resting=RESTING),
)
SHUT_OUT = (
    OpensAtTheEleventh(partner=PARTNER, claims=("1.1",)),
    NobodyShutOut(action=SEND, apart_from=ACTOR, claims=("1.1", "1.6")),
    RejectedChangesNothing(writes=(SEND, FAULTY), snapshot="rows"),
    AcceptedAgain(partner=PARTNER, claims=("1.6",)),
    ToldWhatToMend(partner=PARTNER, claims=("1.5",)),
    AlertSaid(text=OPEN, contact="DevOps Lead", claims=("8.1",)),
    AlertsToldOnce(text="Circuit breaker OPEN for partner *", claims=("1.3",)),
)
ISOLATED = (
    RefusedWhileOpen(partner=PARTNER, claims=("1.2",)),
    OthersUndisturbed(action=SEND, apart_from=ACTOR, claims=("1.6",)),
    StoppedAtTheDoor(flood="faulty_link", behind="database_link", work=SEND),
    LeavesAReview(claims=("8.2",)),
)


async def flood_until_mended(scenario: Scenario) -> AsyncIterator[Step]:
    """The partner stops before it is let in again; until then the others have gone on beside its flood for a while."""
    (flood,) = scenario.faults
    yield TEN_FAILED
    yield Inject(fault=flood)
    yield SeeSymptoms()
    yield TOLD
    yield LIST
    yield COUNT
    yield OTHERS_GO_ON
    yield FLOODED
    yield HealFault(fault=flood)
    for step in (RESET, STATE, ACCEPTED_AGAIN, REVIEWS, TOLD_THE_END):
        yield step


RESET_BY_OPERATOR = Scenario(
    name="circuit_breaker_reset",
    title="A partner floods us with malformed and repeated tenders, until it has mended them and is let in again",
    playbook="1 Circuit breaker opened",
    cause="A partner's program sent malformed and repeated signals, over and over and without a pause.",
    prevention="The partner stands on the weekly list for a review of its data; somebody talks to it.",
    traffic=(OTHERS, OWN, FaultyTenders(partner=PARTNER)),
    steady_state=STEADY_STATE,
    faults=(FLOOD,),
    blast_radius=BlastRadius(services=frozenset({"ingest"}), abort_if=others_succeed.at_most(0.0, for_s=30)),
    symptoms=(Symptom(text="the partner's signals are answered 429", seen_as=refused.at_least(1), claims=("1.2",)),),
    alert=Alert(text=OPEN, within_s=10, claims=("1.3",)),
    probes=(
        InboxProbe(),
        probes.BreakerProbe(service=DATABASE),
        probes.open_work(DATABASE),
        LinkProbe(name="faulty_link", link=FLOOD.link),
        LinkProbe(name="database_link", link="ingest->database"),
    ),
    recovery=Recovery(
        steps=(LIST, COUNT, RESET, STATE, ACCEPTED_AGAIN, REVIEWS),
        done_when=(*WORKING, own_succeed.at_least(1.0)),
        limit_s=60,
    ),
    settle=(open_intents.at_most(0),),
    snapshots=(probes.intent_rows("rows", DATABASE), probes.LedgerProbe(), probes.transitions(DATABASE)),
    replay=TRACES,
    settings={"WATCH_INTERVAL_S": "0.2"},
    schedule=flood_until_mended,
    invariants=(
        *SHUT_OUT,
        *ISOLATED,
        ConsoleTells(partner=PARTNER, claims=("1.4",)),
        OnTheReviewList(partner=PARTNER, claims=("1.7",)),
        *UNHARMED,
        TracesUnchanged(at_least=5),
    ),
    objectives=(),
    negative_controls=(
        NegativeControl(
            name="writes_each_reject",
            why="H13: each attempt that is refused is written down at once, so the flood goes through to the database",
            settings={"UNSAFE_BREAKER_WRITES_EACH_REJECT": "1"},
            must_fail="StoppedAtTheDoor",
        ),
    ),
    hazards=("H13",),
    steady_for_s=1.2,
)


async def nobody_comes(scenario: Scenario) -> AsyncIterator[Step]:
    """A look at the partner's signals finds them bad; ingest dies and comes back; a later look finds them good."""
    flood, death = scenario.faults
    yield TEN_FAILED
    yield Inject(fault=flood)
    yield SeeSymptoms()
    yield TOLD
    yield SHUT_AGAIN
    yield Inject(fault=death, main=False)
    yield HealFault(fault=death)
    yield REFUSED_AGAIN
    yield HealFault(fault=flood)
    for step in (CLOSED, ACCEPTED_AGAIN, TOLD_THE_END):
        yield step


UNATTENDED = replace(
    RESET_BY_OPERATOR,
    name="circuit_breaker_unattended",
    title="Nobody resets the breaker, and ingest dies meanwhile: it stays open, and closes by itself",
    faults=(FLOOD, Kill(service="ingest")),
    probes=(
        *RESET_BY_OPERATOR.probes,
        MetricsProbe(
            name="ingest",
            service="ingest",
            samples=(("malformed", 'ingest_signals_total{outcome="malformed"}'),),
        ),
    ),
    recovery=Heal(),
    replay=None,
    settings={**RESET_BY_OPERATOR.settings, "BREAKER_COOLDOWN_S": "1.0"},
    schedule=nobody_comes,
    invariants=(
        *SHUT_OUT,
        RefusedWhileOpen(
            called="RefusedAfterTheRestart", partner=PARTNER, after_heal_of="kill", let_in_at_most=3, claims=("1.2",)
        ),
        FewAreLetThrough(partner=PARTNER),
        ClosesByItself(partner=PARTNER),
        *UNHARMED,
    ),
    negative_controls=(
        NegativeControl(
            name="not_shared",
            why="a process knows only the breakers that it has opened itself, so a new one lets the flood in again",
            settings={"UNSAFE_BREAKER_NOT_SHARED": "1"},
            must_fail="FewAreLetThrough",
        ),
    ),
    hazards=(),
)


async def ten_until_mended(scenario: Scenario) -> AsyncIterator[Step]:
    """As with one, and the operator sits at the prompt."""
    (flood,) = scenario.faults
    yield TEN_FAILED
    yield Inject(fault=flood)
    yield SeeSymptoms()
    yield TOLD
    yield OTHERS_GO_ON
    yield FLOODED
    yield HealFault(fault=flood)
    for step in (RESET_AT_PROMPT, ACCEPTED_AGAIN, TOLD_THE_END):
        yield step


TENFOLD = replace(
    RESET_BY_OPERATOR,
    name="circuit_breaker_tenfold",
    title="Ten programs of the partner flood us at once: the others do not notice, and memory stays flat",
    faults=(replace(FLOOD, clients=10),),
    probes=(*RESET_BY_OPERATOR.probes, ResidentProbe(name="ingest_memory", service="ingest")),
    recovery=Recovery(
        steps=(RESET_AT_PROMPT, ACCEPTED_AGAIN), done_when=(*WORKING, own_succeed.at_least(1.0)), limit_s=60
    ),
    replay=None,
    schedule=ten_until_mended,
    invariants=(
        *SHUT_OUT,
        *ISOLATED,
        MemoryStaysFlat(probe="ingest_memory"),
        ConsoleTells(partner=PARTNER, times_at_least=1, claims=("1.4",)),
        *UNHARMED,
    ),
)


async def stored_and_refused(scenario: Scenario) -> AsyncIterator[Step]:
    """What is sent now is stored, and answered 503, because the database does not say so in time."""
    (withhold,) = scenario.faults
    yield Inject(fault=withhold)
    yield SeeSymptoms()
    yield ENOUGH_REFUSED


OWN_REFUSALS = Scenario(
    name="circuit_breaker_own_refusals",
    title="Partners repeat what we had stored and yet answered 503: that is no fault of theirs",
    playbook="1 Circuit breaker opened",
    cause="The database took what it was given and did not say so in time; partners were told to come again.",
    prevention="What we refused, left unanswered or asked for ourselves is never counted against a partner.",
    traffic=(SteadyTenders(partners=("P1001", "P1002"), rate_per_s=24.0, retry_after_s=0.1),),
    steady_state=(succeed.at_least(0.99), latency.percentile(95, action=SEND).within(4, of=BASELINE)),
    faults=(Withhold(link="replica->primary"),),
    blast_radius=BlastRadius(services=frozenset({DATABASE, REPLICA}), abort_if=succeed.at_most(0.0, for_s=30)),
    symptoms=(Symptom(text="the API answers 5xx", seen_as=unanswered.at_least(1)),),
    alert=None,
    probes=(InboxProbe(), probes.open_work(DATABASE)),
    recovery=Heal(),
    settle=(open_intents.at_most(0),),
    snapshots=RESET_BY_OPERATOR.snapshots,
    settings={
        **{f"{server}.replication": "semi_sync" for server in (DATABASE, REPLICA)},
        "DATABASE_POOL_SIZE": "32",  # so many commits wait for the replica at a time
        "BREAKER_COOLDOWN_S": "1.0",  # and one that opens for nothing does not last
    },
    schedule=stored_and_refused,
    invariants=(RepeatsAreWelcome(claims=("1.1",)), *UNHARMED),
    objectives=(),
    negative_controls=(
        NegativeControl(
            name="counts_our_refusals",
            why="H15: repeats after our own 503 count like any others, and shut out those who did as they were told",
            settings={"UNSAFE_BREAKER_COUNTS_OUR_REFUSALS": "1"},
            must_fail="RepeatsAreWelcome",
        ),
    ),
    hazards=("H15",),
    steady_for_s=1.2,
)

SCENARIOS = (RESET_BY_OPERATOR, UNATTENDED, TENFOLD, OWN_REFUSALS)
