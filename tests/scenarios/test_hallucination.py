"""The hallucination drill is a valid plan: each way of being wrong is tried, told apart, and caught without protection.

Whether it passes is shown by drilling it; here nothing is started.
"""

import json
from random import Random
from typing import Any, cast

import pytest

from harness.environments.processes import ProcessesEnvironment
from harness.faults import Noop
from harness.history import History
from harness.judging import course_of, judge_history, objectives_of
from harness.verdict import Outcome
from scenarios.hallucination import HALLUCINATED, INJECTION, MADE_UP, MISREADINGS, SCENARIOS
from scenarios.world.alterations import InjectedName
from scenarios.world.reading import read_signal
from scenarios.world.scripts import Scripts
from scenarios.world.sent_tender import SentTender
from scenarios.world.tenders import TenderSource
from scenarios.world.topology import TOPOLOGY
from system.clock import SystemClock
from system.governance.alerts import HALLUCINATION_DETECTED
from system.resolver.decision import decide
from system.settings import Settings
from system.storage import Identity, Signal, State
from system.x12 import read_interchange

(SCENARIO,) = SCENARIOS


def test_it_fits_the_topology_and_what_processes_can_do() -> None:
    SCENARIO.check_against(TOPOLOGY)
    assert SCENARIO.needs() <= ProcessesEnvironment(TOPOLOGY).capabilities
    assert all(isinstance(fault, Noop) for fault in SCENARIO.without_injectors().faults)


def test_every_claim_that_a_drill_can_check_is_carried() -> None:
    """2.4 comes with the traces; 2.5 and 2.6 are statements about code, and tests check them."""
    of_checkers = {claim for one in (*SCENARIO.invariants, *course_of(SCENARIO)) for claim in one.claims}
    carried = of_checkers | {claim for one in objectives_of(SCENARIO) for claim in one.claims}
    assert carried == {"2.1", "2.2", "2.3", "8.1", "8.2"}


def test_of_nothing_seen_nothing_is_known() -> None:
    judgement = judge_history(SCENARIO, History())
    assert judgement.outcome is not Outcome.PASS
    assert {verdict.outcome for verdict in judgement.invariants} == {Outcome.UNKNOWN}


def test_each_control_turns_off_what_the_system_reads() -> None:
    assert {control.must_fail for control in SCENARIO.negative_controls} == {"OnlyPossibleLoads", "OnlyGroundedLoads"}
    for control in SCENARIO.negative_controls:
        assert {name.lower() for name in control.settings} <= set(Settings.model_fields)
        SCENARIO.under(control).check_against(TOPOLOGY)


def test_the_alert_is_the_systems_own() -> None:
    assert SCENARIO.alert is not None
    assert HALLUCINATION_DETECTED.summary.format(intent_id="*") == SCENARIO.alert.text
    assert HALLUCINATION_DETECTED.contact.role == "AI Engineering Lead"


def tendered() -> tuple[str, Signal]:
    """A tender as a partner sends it, with the injection in a name, and as the system stores it."""
    source = TenderSource(3, "P1001", originals_only=True, alter=_with_injection)
    batch = next(
        batch for batch in iter(source.next, None) if batch and len(batch.tenders) == 1 and batch.body[:1] != b"{"
    )
    reading = read_interchange(batch.body)
    (read,) = reading.tenders
    signal = Signal(
        id="s",
        identity=Identity("P1001", read.tender.shipment_id, "original", "1"),
        control_number="1",
        content_type=batch.content_type,
        raw=read.raw,
        tender=read.tender.model_dump(mode="json"),
        received_at=SystemClock().now(),
    )
    return read.raw, signal


def _with_injection(tender: SentTender) -> SentTender:
    return InjectedName(text=INJECTION, share=1.0).begin(cast("Any", None), Random(1))(tender)


@pytest.mark.parametrize("name", MISREADINGS)
def test_each_order_is_one_that_the_model_takes_and_the_system_refuses(name: str) -> None:
    """The words that the drill waits for are those that the resolver says to such an answer."""
    scripts = Scripts()
    scripts.add(json.loads(next(order.body for order in MADE_UP.orders if json.loads(order.body)["name"] == name)))
    raw, signal = tendered()
    scripted = scripts.answer_for(read_signal(raw), raw)
    assert scripted is not None
    resolution = decide(scripted.content or scripted.refusal or "", signal, tier=3, settings=Settings())
    assert resolution.state is State.FAILED
    assert str(resolution.error_reason).startswith(MISREADINGS[name][1])
    assert (resolution.hallucinated is not None) == (name in HALLUCINATED)


def test_without_a_script_the_same_signal_is_confirmed_injection_and_all() -> None:
    raw, signal = tendered()
    assert INJECTION in raw
    assert decide(json.dumps(read_signal(raw)), signal, tier=3, settings=Settings()).state is State.CONFIRMED


def test_the_injection_is_as_long_as_a_name_may_be() -> None:
    assert len(INJECTION) <= 60, "what N102 holds"
