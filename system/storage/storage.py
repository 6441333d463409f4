"""All repositories over one database, made once for each process."""

from collections.abc import Callable
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine, select

from system.clock import Clock, Ids
from system.settings import Settings
from system.storage.agent_timeouts import AgentTimeouts
from system.storage.breakers import Breakers
from system.storage.claims import Claims
from system.storage.clock_moves import ClockMoves
from system.storage.engine import EPOCH, Database, make_engine
from system.storage.hallucinations import Hallucinations
from system.storage.intents import Intents
from system.storage.live_settings import LiveSettings
from system.storage.lost_signals import LostSignals
from system.storage.operator_actions import OperatorActions
from system.storage.partners import Partners
from system.storage.quality_reviews import QualityReviews
from system.storage.scorecards import Scorecards
from system.storage.signal_quality import SignalQuality
from system.storage.signals import Signals
from system.storage.transitions import Transitions
from system.storage.trust_incidents import TrustIncidents
from system.storage.unsafe_claims import UnfencedClaims
from system.storage.unsafe_signals import SignalsWithoutKey
from system.storage.unsafe_trust import UnlatchedTrust

T = TypeVar("T")


class Storage:
    """The repositories as attributes; blocking, safe to use from several threads, one engine behind them."""

    def __init__(
        self,
        bind: Engine | Database,
        *,
        clock: Clock,
        ids: Ids,
        counter_ids: bool = False,
        unfenced: bool = False,
        unlatched: bool = False,
        no_unique_key: bool = False,
    ) -> None:
        self._database = bind if isinstance(bind, Database) else Database(bind, clock)
        self.engine = self._database.engine
        self.partners = Partners(self._database)
        self.transitions = Transitions(self._database, clock, ids)
        signals = SignalsWithoutKey if no_unique_key else Signals
        self.signals = signals(self._database, clock, ids, self.transitions, counter_ids=counter_ids)
        self.intents = Intents(self._database, clock, self.transitions)
        self.claims = (UnfencedClaims if unfenced else Claims)(self._database, clock, self.transitions)
        self.agent_timeouts = AgentTimeouts(self._database, clock, ids)
        self.lost_signals = LostSignals(self._database)
        self.operator_actions = OperatorActions(self._database, clock, ids)
        self.live_settings = LiveSettings(self._database, clock, self.operator_actions)
        self.quality_reviews = QualityReviews(self._database, clock, ids)
        self.breakers = Breakers(self._database, clock, ids, self.quality_reviews, self.operator_actions)
        self.signal_quality = SignalQuality(self._database)
        self.trust_incidents = (UnlatchedTrust if unlatched else TrustIncidents)(
            self._database, ids, self.quality_reviews, self.operator_actions
        )
        self.clock_moves = ClockMoves(self._database, clock, ids, self.operator_actions)
        self.scorecards = Scorecards(self._database)
        self.hallucinations = Hallucinations(self._database, clock, self.intents, self.operator_actions)

    @classmethod
    def connect(cls, settings: Settings, *, clock: Clock, ids: Ids) -> Self:
        """The storage that `settings` name; nothing is connected until the first call."""
        return cls(
            make_engine(settings),
            clock=clock,
            ids=ids,
            counter_ids=settings.unsafe_counter_ids,
            unfenced=settings.unsafe_no_attempt_fence,
            unlatched=settings.unsafe_trust_lowers_at_each_evaluation,
            no_unique_key=settings.unsafe_no_unique_key,
        )

    def transact(self, work: Callable[[Connection], T]) -> T:
        """One transaction over several repositories, by their methods that take a connection; DatabaseUnavailable."""
        return self._database.transact(work)

    def ping(self) -> int:
        """Asks the database for its epoch (the id of the server that answers); DatabaseUnavailable."""

        def ask(connection: Connection) -> int:
            return connection.execute(select(EPOCH)).scalar_one()

        return self._database.transact(ask, writes=False)

    def close(self) -> None:
        """Drops all pooled connections; the next call makes new ones."""
        self.engine.dispose()
