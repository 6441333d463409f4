"""What must hold in the freight world, beyond what the engine's own checkers can say."""

from scenarios.world.checkers.agents import FailedHasNoLiveLoad, HungIsSettled
from scenarios.world.checkers.failover import PromotedByItself, QuickRefusals, WasSemiSynchronous
from scenarios.world.checkers.loads import NoLoadWithoutConfirmedIntent, OneLoadPerShipment
from scenarios.world.checkers.misreadings import MadeUpIsRefused, OnlyGroundedLoads, OnlyPossibleLoads

__all__ = [
    "FailedHasNoLiveLoad",
    "HungIsSettled",
    "MadeUpIsRefused",
    "NoLoadWithoutConfirmedIntent",
    "OneLoadPerShipment",
    "OnlyGroundedLoads",
    "OnlyPossibleLoads",
    "PromotedByItself",
    "QuickRefusals",
    "WasSemiSynchronous",
]
