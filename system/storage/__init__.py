"""What the system keeps in its database: the schema, the repositories, and the errors that callers act on.

Everything here blocks; async code calls it through a thread. It decides nothing about freight: what a signal means is
the resolver's, what to do about it the agents'.
"""

from system.storage.breakers import Breaker, BreakerState, Place, Trip
from system.storage.engine import make_engine
from system.storage.errors import CommitUnknown, DatabaseUnavailable, FencedOff, IllegalTransition
from system.storage.hallucinations import Hallucination
from system.storage.operator_actions import OperatorAction
from system.storage.quality_reviews import QualityReview
from system.storage.schema import create_schema
from system.storage.states import BINDING, FINAL, LEGAL, State, check_transition
from system.storage.storage import Storage
from system.storage.trust_incidents import TrustIncident
from system.storage.values import (
    Accepted,
    Claim,
    Identity,
    Intent,
    LostSignal,
    NewSignal,
    Partner,
    Resolution,
    Signal,
    Transition,
)

__all__ = [
    "BINDING",
    "FINAL",
    "LEGAL",
    "Accepted",
    "Breaker",
    "BreakerState",
    "Claim",
    "CommitUnknown",
    "DatabaseUnavailable",
    "FencedOff",
    "Hallucination",
    "Identity",
    "IllegalTransition",
    "Intent",
    "LostSignal",
    "NewSignal",
    "OperatorAction",
    "Partner",
    "Place",
    "QualityReview",
    "Resolution",
    "Signal",
    "State",
    "Storage",
    "Transition",
    "Trip",
    "TrustIncident",
    "check_transition",
    "create_schema",
    "make_engine",
]
