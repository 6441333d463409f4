"""A partner whose signals became bad: lowered once, asked by the field, on probation, and back step by step."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from system.governance.trust_controller import TrustController
from system.recovery.partner_drift import Asked, Course, NoIncident, PartnerDriftRecovery, request_to_mend
from system.settings import Settings
from system.storage import Partner, Storage, TrustIncident
from tests.system.incoming import incoming

DAY_S = 86_400.0
LATE, WHOLE = ("pickup_at",), ()


@dataclass
class Drifting:
    """A system with partners of each tier, the runbook, and the controller that runs it."""

    aftermath: Any
    changes: dict[str, Any] = field(default_factory=dict)
    sent: int = 0

    def __post_init__(self) -> None:
        self.settings = Settings(
            database_url="sqlite://", trust_window=12, trust_signals_min=6, probation_signals_min=3, **self.changes
        )
        self.storage: Storage = self.aftermath.storage
        self.clock = self.aftermath.clock
        for tier in (1, 2, 3):
            self.storage.partners.upsert(
                Partner(id=f"P{tier}", name=f"Tier {tier}", api_key_sha256="0" * 64, autonomy_tier=tier)
            )
        self.recovery = PartnerDriftRecovery(self.storage, self.settings, self.clock, by="ada")
        self.controller = TrustController(self.storage, self.settings, self.clock)

    def send(self, partner_id: str, *lacking: tuple[str, ...]) -> None:
        """One signal each, a second apart, lacking these."""
        for missing in lacking:
            self.sent += 1
            self.clock.at += timedelta(seconds=1)
            signal = incoming(f"S{self.sent}", partner_id=partner_id, at=self.clock.now(), missing=missing)
            self.storage.signals.accept([signal])

    def pass_days(self, days: float) -> None:
        self.clock.at += timedelta(days=days)

    def fall(self, partner_id: str = "P3") -> TrustIncident:
        """From 0.92 to 0.75."""
        self.send(partner_id, *[WHOLE] * 11, LATE, *[WHOLE] * 9, *[LATE] * 3)
        incident = self.recovery.evaluate(partner_id)
        assert incident is not None
        return incident

    def ask(self, partner_id: str = "P3", *, again: bool = False) -> Asked:
        async def asked() -> Asked:
            async with httpx.AsyncClient(transport=httpx.MockTransport(self.aftermath._answer)) as client:
                return await self.recovery.ask(client, partner_id, again=again)

        return asyncio.run(asked())

    def advance(self, partner_id: str = "P3") -> Course:
        newest = self.newest(partner_id)
        return self.recovery.advance(newest)

    def newest(self, partner_id: str = "P3") -> TrustIncident:
        newest = self.storage.trust_incidents.newest(partner_id)
        assert newest is not None
        return newest

    def autonomy(self, partner_id: str = "P3") -> tuple[int, bool]:
        partner = self.storage.partners.get(partner_id)
        assert partner is not None
        return partner.autonomy_tier, partner.require_review


@pytest.fixture
def drift(made: Callable[[], Any]) -> Callable[..., Drifting]:
    return lambda **changes: Drifting(made(), changes)


@pytest.fixture
def drifting(drift: Callable[..., Drifting]) -> Drifting:
    return drift()


def test_a_score_under_the_threshold_opens_an_incident_and_one_on_it_does_not(drifting: Drifting) -> None:
    drifting.send("P3", *[WHOLE] * 8, *[LATE] * 2)
    score = drifting.recovery.score("P3")
    assert score is not None
    assert score.value == 0.8
    assert drifting.recovery.evaluate("P3") is None
    assert drifting.autonomy() == (3, False)


def test_from_092_to_075(drifting: Drifting) -> None:
    """3.1 and 3.3, computed from the signals."""
    incident = drifting.fall()
    assert (incident.score, round(incident.score_before or 0, 2)) == (0.75, 0.92)
    assert incident.missing == {"pickup_at": 3}
    assert drifting.autonomy() == (2, True)


@pytest.mark.parametrize(("partner_id", "ceiling"), [("P3", 2), ("P2", 1), ("P1", 1)])
def test_however_often_it_is_evaluated_it_costs_one_tier(drifting: Drifting, partner_id: str, ceiling: int) -> None:
    drifting.fall(partner_id)
    for _ in range(5):
        drifting.send(partner_id, LATE)
        drifting.controller.evaluate()
    assert drifting.autonomy(partner_id) == (ceiling, True)


def test_the_partner_is_asked_by_the_field_once(drifting: Drifting) -> None:
    incident = drifting.fall()
    assert drifting.ask().as_json() == {"partner": "P3", "status": "sent", "error": None}
    (notice,) = drifting.aftermath.notices
    assert notice["message"] == "We noticed your EDI 204s are missing the pickup time. Can you restore this field?"
    assert notice["fields"] == [{"field": "pickup_time", "segment": "G62", "missing_in": 3}]
    assert (notice["kind"], notice["partner"], notice["key"]) == ("missing_fields", "P3", incident.id)
    assert drifting.newest().asked_at == drifting.clock.now()
    (action,) = [one for one in drifting.storage.operator_actions.newest() if one.command == "trust ask"]
    assert (action.who, action.what["partner"], action.why) == ("ada", "P3", notice["message"])
    assert drifting.ask().as_json()["status"] == "asked before"
    assert len(drifting.aftermath.notices) == 1
    drifting.pass_days(1)
    assert drifting.ask(again=True).as_json()["status"] == "sent"
    assert drifting.aftermath.notices[1]["key"] != notice["key"]


def test_several_fields_are_asked_for_together(drifting: Drifting) -> None:
    drifting.send("P3", *[("pickup_at", "weight_lb")] * 4, *[LATE] * 4, *[("equipment", "pickup_at")] * 2)
    incident = drifting.recovery.evaluate("P3")
    assert incident is not None
    message = request_to_mend(incident)["message"]
    wanted = "missing the pickup time, the weight and the equipment. Can you restore these fields?"
    assert message == f"We noticed your EDI 204s are {wanted}"


def test_a_partner_that_cannot_be_reached_was_not_asked(drifting: Drifting) -> None:
    drifting.fall()
    drifting.aftermath.inbox_down.add("P3")
    asked = drifting.ask()
    assert asked.error is not None
    assert asked.as_json()["status"] == "failed"
    assert drifting.newest().asked_at is None
    drifting.aftermath.inbox_down.clear()
    assert drifting.ask().as_json()["status"] == "sent"


def test_without_an_incident_there_is_nothing_to_ask_or_to_begin(drifting: Drifting) -> None:
    for partner_id in ("P3", "nobody"):
        with pytest.raises(NoIncident, match="no incident"):
            drifting.ask(partner_id)
        with pytest.raises(NoIncident, match="no incident"):
            drifting.recovery.begin_probation(partner_id, why="they say so")


def test_time_alone_gives_nothing_back(drifting: Drifting) -> None:
    drifting.fall()
    drifting.send("P3", *[WHOLE] * 10)
    drifting.pass_days(30)
    drifting.controller.evaluate()
    assert drifting.autonomy() == (2, True), "nobody has said that it is mended"


def test_seven_good_days_end_the_review_and_seven_more_bring_it_back(drifting: Drifting) -> None:
    """3.6, for a partner of the highest tier: to 2 first, gradually."""
    drifting.fall()
    drifting.recovery.begin_probation("P3", why="they restored it")
    drifting.send("P3", *[WHOLE] * 3)
    drifting.pass_days(6.9)
    course = drifting.advance()
    assert not course.given_back
    assert course.left is not None
    assert timedelta() < course.left < timedelta(days=0.1)
    drifting.pass_days(0.1)
    course = drifting.advance()
    assert (course.given_back, course.incident.stage) == (True, "returning")
    assert drifting.autonomy() == (2, False)
    drifting.pass_days(7)
    assert not drifting.advance().given_back, "it has sent nothing, and so shown nothing"
    drifting.send("P3", *[WHOLE] * 3)
    course = drifting.advance()
    assert (course.given_back, course.incident.stage) == (True, "closed")
    assert drifting.autonomy() == (3, False)
    drifting.controller.evaluate()
    assert drifting.autonomy() == (3, False), "what it had been forgiven for is not held against it"


@pytest.mark.parametrize(("partner_id", "ceiling"), [("P2", 2), ("P1", 1)])
def test_it_gets_back_what_it_had_and_no_more(drifting: Drifting, partner_id: str, ceiling: int) -> None:
    """3.6 for a partner of tier 2: one step, to 2. H8 for one of tier 1."""
    drifting.fall(partner_id)
    drifting.recovery.begin_probation(partner_id, why="they restored it")
    drifting.send(partner_id, *[WHOLE] * 3)
    drifting.pass_days(7)
    drifting.controller.evaluate()
    assert drifting.autonomy(partner_id) == (ceiling, False)
    assert drifting.newest(partner_id).stage == "closed"


def test_the_playbooks_two_lifts_a_partner_above_what_it_was(drift: Callable[..., Drifting]) -> None:
    """The harm of H8, as the unsafe switch shows it."""
    unsafe = drift(allow_unsafe=True, unsafe_give_back_to_tier_two=True)
    unsafe.fall("P1")
    unsafe.recovery.begin_probation("P1", why="they restored it")
    unsafe.send("P1", *[WHOLE] * 3)
    unsafe.pass_days(7)
    unsafe.controller.evaluate()
    assert unsafe.autonomy("P1") == (2, False)


def test_a_bad_signal_begins_the_probation_anew(drifting: Drifting) -> None:
    drifting.fall()
    drifting.recovery.begin_probation("P3", why="they restored it")
    drifting.send("P3", *[WHOLE] * 5)
    drifting.pass_days(5)
    drifting.send("P3", LATE)
    bad_at = drifting.clock.now()
    drifting.send("P3", WHOLE)
    drifting.pass_days(2)
    course = drifting.advance()
    assert (course.given_back, course.incident.probation_at, course.incident.restarts) == (False, bad_at, 1)
    assert drifting.newest() == course.incident
    drifting.pass_days(5)
    assert drifting.advance().signals_left == 2, "the good ones before it do not count any more"
    drifting.send("P3", *[WHOLE] * 2)
    assert drifting.advance().given_back


def test_a_relapse_after_the_review_is_a_new_incident(drifting: Drifting) -> None:
    drifting.fall()
    drifting.recovery.begin_probation("P3", why="they restored it")
    drifting.send("P3", *[WHOLE] * 3)
    drifting.pass_days(7)
    drifting.controller.evaluate()
    first = drifting.newest()
    assert drifting.autonomy() == (2, False)
    drifting.send("P3", *[LATE] * 6)
    drifting.controller.evaluate()
    assert drifting.newest().id != first.id
    assert drifting.autonomy() == (1, True)
