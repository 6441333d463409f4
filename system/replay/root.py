"""Puts the system together for one trace and drives it: ingest, resolver and agents, each the real one.

Around them stand SQLite in memory behind the same repositories, Redis in memory, and the trace's cassette in the place
of the model and of Motion. Everything is made anew for each trace but the database, whose tables are emptied. Nothing
is read from the environment.
"""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import Engine
from starlette.applications import Starlette

from system.agents.agents import Agents, booking_agent
from system.agents.motion import Motion
from system.clock import Clock
from system.ingest.app import make_app, make_ingest
from system.ingest.metrics import Metrics
from system.monitor.lookout import Lookout
from system.monitor.state import StateFile
from system.outside import MODEL_IN_TRACES, MOTION_IN_TRACES
from system.replay.cassette import CassetteTransport
from system.replay.driving import PARTNER_KEY, Driver
from system.replay.inbox import ALERTS_HOST, NOTICES_HOST, Outside
from system.replay.memory_redis import MemoryRedis
from system.replay.names import Names
from system.replay.numbered import NumberedIds
from system.replay.operating import NotAllowed, Operator, check_allowed
from system.replay.output import beside_them, intent_names, intents_of, writes_of
from system.replay.partners import write_partner
from system.replay.recording import RecordingTransport
from system.replay.redis_says import RedisSays
from system.replay.stage import Stage, empty
from system.replay.steered import Steered
from system.replay.trace import CONTRACTS, RecordedInteraction, ReplayTrace
from system.resolver.model import LanguageModel
from system.resolver.resolver import Resolver
from system.settings import Settings
from system.storage import Storage, create_schema
from system.storage.blocking import in_place
from system.storage.crew import Surroundings
from system.storage.engine import Database

_DEFECTS_TOLD = 5

# What the system has to say while it replays is in the output, or belongs to whoever asked for it to be logged.
logging.getLogger("system").addHandler(logging.NullHandler())


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
        llm_base_url=MODEL_IN_TRACES,
        motion_base_url=MOTION_IN_TRACES,
        alert_webhook_url=f"http://{ALERTS_HOST}/",
        notice_webhook_url=f"http://{NOTICES_HOST}/",
        resolver_concurrency=1,
        agents_concurrency=1,
    )


@functools.cache
def _app() -> tuple[Starlette, Metrics]:
    """The app of this process, and what it counts in; each trace puts an ingest of its own into it."""
    metrics = Metrics()
    return make_app(replay_settings(), metrics), metrics


_stage = functools.cache(Stage)
"""That of this process."""


def replay(trace: Mapping[str, Any]) -> dict[str, Any]:
    """Replays one trace of the replay contract; the runner's documentation says what goes in and out."""
    return _replayed(trace, _stage().cleared, _cassette)


replay.contracts = CONTRACTS  # type: ignore[attr-defined]


def replay_on(engine: Engine, trace: Mapping[str, Any]) -> dict[str, Any]:
    """The same on a given database, whose tables are made if they are not there, and emptied."""
    create_schema(engine)

    def cleared(clock: Clock) -> Database:
        with engine.begin() as connection:
            empty(connection)
        return Database(engine, clock)

    return _replayed(trace, cleared, _cassette)


def record(trace: Mapping[str, Any], live: httpx.AsyncBaseTransport) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The same with outside parties that answer now, instead of the trace's cassette; and the cassette of it."""
    made: list[RecordingTransport] = []

    def make(_: Sequence[RecordedInteraction], clock: Clock) -> RecordingTransport:
        made.append(RecordingTransport(live, clock))
        return made[0]

    result = _replayed(trace, _stage().cleared, make)
    return result, made[0].interactions if made else []


MakeOutside = Callable[[Sequence[RecordedInteraction], Clock], "CassetteTransport | RecordingTransport"]


def _cassette(interactions: Sequence[RecordedInteraction], _: Clock) -> CassetteTransport:
    return CassetteTransport(interactions)


def _replayed(
    document: Mapping[str, Any], cleared: Callable[[Clock], Database], make_outside: MakeOutside
) -> dict[str, Any]:
    try:
        trace = ReplayTrace.model_validate(document)
        for one in trace.inputs:
            if one.kind == "operator":
                check_allowed(one.words)
    except (ValidationError, NotAllowed) as error:
        return {"error": _told(error)}
    with Steered(trace.starts_at) as steered:
        return _played(trace, cleared(steered.clock), steered, make_outside(trace.cassette, steered.clock))


def _played(
    trace: ReplayTrace, database: Database, steered: Steered, cassette: CassetteTransport | RecordingTransport
) -> dict[str, Any]:
    settings, clock, ids = replay_settings(), steered.clock, NumberedIds(trace.ids.seed)
    storage = Storage(database, clock=clock, ids=ids)
    for partner in trace.partners:
        write_partner(storage, partner, key=PARTNER_KEY, at=trace.starts_at)
    app, metrics = _app()
    redis, redis_says = MemoryRedis(clock), RedisSays()
    app.state.ingest = make_ingest(storage, redis, settings, clock, ids, run_blocking=in_place, metrics=metrics)
    outside = Outside(cassette)
    client = httpx.AsyncClient(transport=outside, trust_env=False)
    around = Surroundings(settings=settings, clock=clock, ids=ids, run_blocking=in_place)

    @functools.cache
    def lookout() -> Lookout:
        return Lookout(storage, redis_says, client, StateFile(None), settings, clock, run_blocking=in_place)

    driver = Driver(
        steered=steered,
        storage=storage,
        cassette=cassette,
        app=app,
        resolver=Resolver(storage, LanguageModel(client, settings), around),
        agents=Agents(storage, booking_agent(storage, Motion(client, settings), around), around),
        operator=lambda: Operator(storage, client, settings, steered),
        lookout=lookout,
        redis_says=redis_says,
    )
    answers = driver.all_of(trace.inputs)
    output = {
        "answers": answers,
        "intents": intents_of(answers, storage),
        "writes": writes_of(cassette.calls, MOTION_IN_TRACES),
    }
    if trace.contract > 1:
        names = Names(ids, trace.starts_at, intent_names(storage))
        output["answers"] = [names.told(answer) if "operator" in answer else answer for answer in answers]
        output |= beside_them(outside, storage, names)
    return {"output": output, "unmatched": cassette.unmatched, "unused": cassette.unused}


def _told(error: Exception) -> str:
    """What is wrong with a document, in one line, without the document."""
    if not isinstance(error, ValidationError):
        return str(error)
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, one['loc'])) or 'the trace'}: {one['msg']}" for one in found[:_DEFECTS_TOLD]]
    return "; ".join(lines)
