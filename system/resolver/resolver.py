"""The resolver: received signals in, decided intents out.

Each worker claims one intent, asks the model once, decides, and writes. A model that is away says nothing about the
signal: the claim is given back and tried again later, never failed. It books nothing.
"""

import functools
import logging

from prometheus_client import CollectorRegistry, Counter

from system.governance.trust import LOWEST_TIER
from system.resolver.decision import decide
from system.resolver.model import LanguageModel, ModelUnavailable
from system.storage import Claim, Partner, Resolution, State, Storage
from system.storage.crew import Crew, Ending, Surroundings, give_back

_log = logging.getLogger(__name__)


class Resolver:
    """Reads signals with `model` into intents of `storage`; `step` for one at a time, `run` for all until cancelled."""

    def __init__(
        self, storage: Storage, model: LanguageModel, around: Surroundings, *, registry: CollectorRegistry | None = None
    ) -> None:
        self._claims, self._model = storage.claims, model
        self._settings, self._clock = around.settings, around.clock
        self._decided, self._outages = _counters(registry)
        self._crew = Crew(
            "resolver",
            size=around.settings.resolver_concurrency,
            claims=storage.claims,
            take=lambda worker: storage.claims.claim_received(worker, lease_s=around.settings.lease_s),
            handle=self._handle,
            handled=State.RESOLVING,
            around=around,
        )
        self.step = self._crew.step
        self.run = self._crew.run
        self.expire_leases = self._crew.expire_leases

    async def _handle(self, claim: Claim) -> Ending:
        try:
            content = await self._model.read(claim.signal.raw)
        except ModelUnavailable as error:
            self._outages.inc()
            _log.warning("model away, the intent waits: %s", error)
            return give_back(
                self._claims,
                claim,
                f"model away: {error}",
                settings=self._settings,
                clock=self._clock,
                after_s=error.after_s,
            )
        return lambda: self._record(claim, content)

    def _record(self, claim: Claim, content: str) -> None:
        settings = self._settings

        def decision(partner: Partner | None) -> Resolution:
            tier = partner.autonomy_tier if partner else LOWEST_TIER
            review = partner is not None and partner.require_review and not settings.unsafe_no_human_review
            return decide(content, claim.signal, tier=tier, review=review, settings=settings)

        resolution = self._claims.record_decision(claim, decision)
        self._decided.labels(resolution.state).inc()
        _log.info("resolved", extra={"state": resolution.state, "reason": resolution.error_reason})


@functools.lru_cache(maxsize=1)
def _counters(registry: CollectorRegistry | None) -> tuple[Counter, Counter]:
    """Made once for a registry, because it takes a name once; one that is in none may be everybody's."""
    decided = Counter("resolver_intents", "Intents decided, by the state they got", ["state"], registry=registry)
    outages = Counter("resolver_model_outages", "Questions the model did not answer", registry=registry)
    return decided, outages
