"""Puts the system together for one trace and drives it: ingest, resolver and agents, each the real one.

Around them stand SQLite in memory behind the same repositories, Redis in memory, and the trace's cassette in the place
of the model and of Motion. Everything is made anew for each trace but the database, whose tables are emptied. Nothing
is read from the environment.
"""

import functools
import hashlib
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import Engine

from system.agents.agents import Agents, booking_agent
from system.agents.motion import Motion
from system.ingest.app import make_app
from system.replay.cassette import CassetteTransport
from system.replay.driving import PARTNER_KEY, Driver
from system.replay.memory_redis import MemoryRedis
from system.replay.numbered import NumberedIds
from system.replay.output import intents_of, writes_of
from system.replay.stage import Stage
from system.replay.steered import SteeredClock, run_steered
from system.replay.trace import ReplayPartner, ReplayTrace
from system.resolver.model import LanguageModel
from system.resolver.resolver import Resolver
from system.settings import Settings
from system.storage import Partner, Storage, make_engine
from system.storage.blocking import in_place
from system.storage.crew import Surroundings

MODEL_URL, MOTION_URL = "http://model.invalid/v1", "http://motion.invalid"
"""Where the outside parties of a cassette are; nothing is there."""

_PARTNER_KEY_SHA256 = hashlib.sha256(PARTNER_KEY.encode()).hexdigest()


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


@functools.cache
def replay_settings() -> Settings:
    """One worker of each kind, a database in memory, and addresses where nothing is."""
    return ReplaySettings(
        database_url="sqlite://",
        llm_base_url=MODEL_URL,
        motion_base_url=MOTION_URL,
        resolver_concurrency=1,
        agents_concurrency=1,
    )


@functools.cache
def _stage() -> Stage:
    """The one of this process."""
    return Stage(make_engine(replay_settings()))


def replay(trace: Mapping[str, Any]) -> dict[str, Any]:
    """Replays one trace of the replay contract; the runner's documentation says what goes in and out."""
    return _replayed(trace, _stage())


def replay_on(engine: Engine, trace: Mapping[str, Any]) -> dict[str, Any]:
    """The same on a given database, whose tables are made if they are not there, and emptied."""
    stage = Stage(engine)
    try:
        return _replayed(trace, stage)
    finally:
        stage.close()


def _replayed(document: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    trace = ReplayTrace.model_validate(document)
    return run_steered(lambda clock: _play(trace, clock, stage), starts_at=trace.starts_at)


async def _play(trace: ReplayTrace, clock: SteeredClock, stage: Stage) -> dict[str, Any]:
    settings, ids = replay_settings(), NumberedIds(trace.ids.seed)
    storage = Storage(stage.cleared(), clock=clock, ids=ids)
    for partner in trace.partners:
        storage.partners.upsert(_partner(partner))
    app = make_app(storage, MemoryRedis(clock), settings, clock, ids, run_blocking=in_place)
    outside = CassetteTransport(trace.cassette)
    around = Surroundings(settings=settings, clock=clock, ids=ids, run_blocking=in_place)
    async with httpx.AsyncClient(transport=outside, trust_env=False) as client:
        driver = Driver(
            storage=storage,
            clock=clock,
            outside=outside,
            app=app,
            resolver=Resolver(storage, LanguageModel(client, settings), around),
            agents=Agents(storage, booking_agent(storage, Motion(client, settings), around), around),
        )
        answers = await driver.all_of(trace.inputs)
    return {
        "output": {
            "answers": answers,
            "intents": intents_of(answers, storage),
            "writes": writes_of(outside.calls, MOTION_URL),
        },
        "unmatched": outside.unmatched,
        "unused": outside.unused,
    }


def _partner(partner: ReplayPartner) -> Partner:
    return Partner(
        id=partner.id, name=partner.name, api_key_sha256=_PARTNER_KEY_SHA256, autonomy_tier=partner.autonomy_tier
    )
