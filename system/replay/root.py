"""Puts the system together for one trace and drives it: ingest, resolver and agents, each the real one.

Around them stand SQLite in memory behind the same repositories, a Redis stand-in, and the trace's cassette in the place
of the model and of Motion. Inputs come in one at a time, each once the system has come to rest after the one before,
and resolver and agents are stepped in turn, so that the order of everything follows from the trace alone. Idempotency
keys do not expire with the steered clock; a key is only a hint, so no output hangs on it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fakeredis
import httpx
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import Engine

from system.agents.agents import Agents, booking_agent
from system.agents.motion import Motion
from system.ingest.app import make_app
from system.replay.cassette import CassetteTransport
from system.replay.numbered import NumberedIds
from system.replay.output import answer_to, in_order, intent_of, writes_of
from system.replay.steered import SteeredClock, run_steered
from system.replay.trace import ReplayInput, ReplayTrace
from system.resolver.model import LanguageModel
from system.resolver.resolver import Resolver
from system.settings import Settings
from system.storage import Identity, Intent, Partner, State, Storage, create_schema, make_engine
from system.storage.blocking import in_place
from system.storage.crew import Surroundings

MODEL_URL, MOTION_URL = "http://model.invalid/v1", "http://motion.invalid"
"""Where the outside parties of a cassette are; nothing is there."""

STEPS_MAX = 20_000
_PARTNER_KEY = "replay"
_OPEN = (State.RECEIVED, State.RESOLVING, State.CONFIRMED, State.EXECUTING)


class NoRest(RuntimeError):
    """The system did not come to rest within `STEPS_MAX` steps."""


class ReplaySettings(Settings):
    """The settings of a replay: the defaults and what is given, nothing from the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given alone."""
        return (init_settings,)


def replay_settings() -> Settings:
    """One worker of each kind, a database in memory, and addresses where nothing is."""
    return ReplaySettings(
        database_url="sqlite://",
        llm_base_url=MODEL_URL,
        motion_base_url=MOTION_URL,
        resolver_concurrency=1,
        agents_concurrency=1,
    )


def replay(trace: Mapping[str, Any]) -> dict[str, Any]:
    """Replays one trace of the replay contract, version 1; the runner's documentation says what goes in and out."""
    settings = replay_settings()
    engine = make_engine(settings)
    try:
        return replay_on(engine, trace, settings=settings)
    finally:
        engine.dispose()


def replay_on(engine: Engine, trace: Mapping[str, Any], *, settings: Settings | None = None) -> dict[str, Any]:
    """The same on a given database, whose tables are made if they are not there."""
    parsed = ReplayTrace.model_validate(trace)
    create_schema(engine)
    return run_steered(
        lambda clock: _replayed(parsed, engine, clock, settings or replay_settings()), starts_at=parsed.starts_at
    )


async def _replayed(trace: ReplayTrace, engine: Engine, clock: SteeredClock, settings: Settings) -> dict[str, Any]:
    ids = NumberedIds(trace.ids.seed)
    storage = Storage(engine, clock=clock, ids=ids)
    for partner in trace.partners:
        storage.partners.upsert(
            Partner(
                id=partner.id,
                name=partner.name,
                api_key_sha256=hashlib.sha256(_PARTNER_KEY.encode()).hexdigest(),
                autonomy_tier=partner.autonomy_tier,
            )
        )
    redis_client = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    app = make_app(storage, redis_client, settings, clock, ids, run_blocking=in_place)
    outside = CassetteTransport(trace.cassette)
    around = Surroundings(settings=settings, clock=clock, ids=ids, run_blocking=in_place)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ingest.invalid") as partners,
        httpx.AsyncClient(transport=outside, trust_env=False) as client,
    ):
        driven = _Driven(
            storage=storage,
            clock=clock,
            outside=outside,
            partners=partners,
            resolver=Resolver(storage, LanguageModel(client, settings), around),
            agents=Agents(storage, booking_agent(storage, Motion(client, settings), around), around),
        )
        answers = await driven.all_of(trace.inputs)
    intents = driven.intents(in_order(answers))
    return {
        "output": {
            "answers": answers,
            "intents": [intent_of(intent, storage) for intent in intents],
            "writes": writes_of(outside.calls, MOTION_URL),
        },
        "unmatched": outside.unmatched,
        "unused": outside.unused,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Driven:
    """The parts in motion."""

    storage: Storage
    clock: SteeredClock
    outside: CassetteTransport
    partners: httpx.AsyncClient
    resolver: Resolver
    agents: Agents

    async def all_of(self, inputs: tuple[ReplayInput, ...]) -> list[dict[str, Any]]:
        """What each input was answered; ends early at the first call that the cassette has no answer for."""
        answers: list[dict[str, Any]] = []
        for number, one in enumerate(inputs):
            await self._wait_until(one.at_s)
            answers.append(answer_to(await self._send(one)))
            following = inputs[number + 1].at_s if number + 1 < len(inputs) else None
            if following is None or following > one.at_s:
                await self._come_to_rest(until_s=following)
            if self.outside.unmatched:
                break
        return answers

    def intents(self, identities: list[str]) -> list[Intent]:
        """The intents of the signals that were accepted, in the order of `identities`."""
        listed = self.storage.intents.in_state(*State, limit=10_000)
        found: dict[Identity | str, Intent] = {str(intent.identity): intent for intent in listed}
        return [found[identity] for identity in identities if identity in found]

    async def _send(self, one: ReplayInput) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {_PARTNER_KEY}",
            "X-Partner": one.partner,
            "Content-Type": one.content_type,
        }
        return await self.partners.post("/signals", content=one.body.encode("utf-8"), headers=headers)

    async def _come_to_rest(self, *, until_s: float | None) -> None:
        """Steps resolver and agents until nothing waits, or only past `until_s`; NoRest when that never comes."""
        for _ in range(STEPS_MAX):
            if self.outside.unmatched:
                return
            if await self.resolver.step() or await self.agents.step():
                continue
            due_s = self._next_due_s()
            if due_s is None or (until_s is not None and due_s >= until_s):
                return
            await self._wait_until(due_s)
        raise NoRest(f"not at rest after {STEPS_MAX} steps; {self.clock.monotonic_s():g} s of the trace have passed")

    def _next_due_s(self) -> float | None:
        """When the next intent may be tried again, in seconds of the trace; None when none waits."""
        waiting = self.storage.intents.in_state(*_OPEN, limit=10_000)
        due = [at for intent in waiting if (at := intent.retry_at or intent.lease_until) is not None]
        if not due:
            return None
        return self.clock.monotonic_s() + max(0.0, (min(due) - self.clock.now()).total_seconds())

    async def _wait_until(self, at_s: float) -> None:
        wait_s = at_s - self.clock.monotonic_s()
        if wait_s > 0:
            # A little past it: what is due at a moment is due once the clock shows it, to the microsecond.
            await self.clock.sleep_s(wait_s + 1e-6)
