"""A small scenario of a toy shop, for tests of the engine."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.environments.base import Capability
from harness.faults import Kill
from harness.history import History, Kind
from harness.metric import EventCount, success_ratio
from harness.objective import rto
from harness.scenario import BlastRadius, NegativeControl, Recovery, Scenario, Symptom
from harness.steps import Operate
from harness.traffic import Stage, ends_within
from harness.verdict import Verdict
from tests.toy import ToyEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Shoppers:
    """Buys every 5 ms; it works while the shop's process runs, or once a person has opened the back door."""

    breaks: bool = False

    @property
    def name(self) -> str:
        return "shoppers"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset()

    async def play(self, stage: Stage) -> None:
        environment = stage.environment
        assert isinstance(environment, ToyEnvironment)
        while not await ends_within(stage, 0.005):
            if self.breaks:
                raise RuntimeError("the shoppers went home")
            works = environment.state == "running" or "open back door" in environment.log
            kind = Kind.OK if works else Kind.INFO
            status = 200 if works else 503
            stage.history.append(
                actor="shopper", kind=kind, action="buy", value={"status": status, "duration_s": 0.001}
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SomethingWasBought(Claim):
    def check(self, history: History) -> Verdict:
        bought = history.where(kind=Kind.OK, action="buy")
        return self._pass("bought") if bought else self._fail("nothing was bought")


REFUSED = EventCount(kind=Kind.INFO, action="buy")
SHOP_DIES = Scenario(
    name="shop_dies",
    title="The shop dies",
    playbook="0 Toys",
    traffic=(Shoppers(),),
    steady_state=(success_ratio.at_least(0.99),),
    faults=(Kill(service="shop"),),
    blast_radius=BlastRadius(services=frozenset({"shop"})),
    symptoms=(Symptom(text="nobody can buy", seen_as=REFUSED.at_least(1), within_s=10, claims=("0.1",)),),
    alert=None,
    recovery=Recovery(
        steps=(Operate(words=("open", "back", "door"), why="sell there"),),
        done_when=(success_ratio.at_least(0.99),),
        limit_s=30,
    ),
    invariants=(SomethingWasBought(claims=("0.2",)),),
    objectives=(rto(limit_s=60, steady=(success_ratio.at_least(0.99),), sustain_s=0.1),),
    negative_controls=(NegativeControl(name="c", settings={}, must_fail="SomethingWasBought", why="toys"),),
    steady_for_s=0.1,
    steady_within_s=10.0,
)
