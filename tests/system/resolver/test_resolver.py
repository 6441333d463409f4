"""The resolver between a storage and a model: an outage of the model is never held against the signal."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from system.clock import RandomIds
from system.resolver.model import LanguageModel, ModelUnavailable
from system.resolver.resolver import Resolver
from system.settings import Settings
from system.storage import NewSignal, Partner, Signal, State, Storage, create_schema
from system.storage.blocking import in_place
from system.storage.crew import Surroundings

SETTINGS = Settings(database_url="sqlite://", llm_base_url="http://model/v1/", resolver_concurrency=1)
Respond = Callable[[httpx.Request], httpx.Response]


class SteeredClock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.at = datetime(2027, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    async def sleep_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock()


@pytest.fixture
def storage(clock: SteeredClock) -> Iterator[Storage]:
    storage = Storage.connect(SETTINGS, clock=clock, ids=RandomIds())
    create_schema(storage.engine)
    storage.partners.upsert(Partner(id="P1", name="One", api_key_sha256="0" * 64, autonomy_tier=3))
    yield storage
    storage.close()


@pytest.fixture
def intent_id(storage: Storage, signal_with: Callable[..., Signal], clock: SteeredClock) -> str:
    """One received intent."""
    signal = signal_with()
    new = NewSignal(
        **signal.identity._asdict(),
        control_number="1",
        content_type=signal.content_type,
        raw=signal.raw,
        tender=signal.tender,
        received_at=clock.now(),
    )
    return storage.signals.accept([new])[0].intent_id


def _steps(storage: Storage, clock: SteeredClock, respond: Respond, count: int = 1) -> list[bool]:
    async def work() -> list[bool]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
            around = Surroundings(settings=SETTINGS, clock=clock, ids=RandomIds(), run_blocking=in_place)
            resolver = Resolver(storage, LanguageModel(client, SETTINGS), around)
            return [await resolver.step() for _ in range(count)]

    return asyncio.run(work())


def _completion(content: Any, **message: Any) -> httpx.Response:
    text = content if isinstance(content, str | None) else json.dumps(content)
    return httpx.Response(200, json={"choices": [{"message": {"content": text, **message}}]})


def test_a_signal_is_read_and_decided(
    storage: Storage, clock: SteeredClock, intent_id: str, answer: Callable[..., dict[str, Any]]
) -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return _completion(answer())

    assert _steps(storage, clock, respond, 2) == [True, False]
    intent = storage.intents.get(intent_id)
    assert intent is not None
    assert (intent.state, intent.confidence) == (State.CONFIRMED, 0.97)
    assert [str(request.url) for request in asked] == ["http://model/v1/chat/completions"]
    assert intent_id not in asked[0].content.decode(), "no id of ours in what a cassette has to match"


def _break(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


@pytest.mark.parametrize(
    "respond",
    [
        _break,
        lambda request: httpx.Response(500),
        lambda request: httpx.Response(429),
        lambda request: httpx.Response(401),
        lambda request: httpx.Response(200, text="<html>maintenance</html>"),
        lambda request: httpx.Response(200, json={"choices": []}),
    ],
    ids=["timeout", "500", "429", "401", "html", "no choice"],
)
def test_an_outage_never_fails_an_intent(
    storage: Storage, clock: SteeredClock, intent_id: str, answer: Callable[..., dict[str, Any]], respond: Respond
) -> None:
    for _ in range(40):
        assert _steps(storage, clock, respond, 2) == [True, False]
        intent = storage.intents.get(intent_id)
        assert intent is not None
        assert intent.state is State.RECEIVED
        assert intent.retry_at is not None
        clock.at = intent.retry_at
    assert _steps(storage, clock, lambda request: _completion(answer())) == [True]
    intent = storage.intents.get(intent_id)
    assert intent is not None
    assert (intent.state, intent.retries, intent.retry_at) == (State.CONFIRMED, 0, None)


def test_the_model_says_when_to_come_back(storage: Storage, clock: SteeredClock, intent_id: str) -> None:
    _steps(storage, clock, lambda request: httpx.Response(429, headers={"Retry-After": "9"}))
    intent = storage.intents.get(intent_id)
    assert intent is not None
    assert intent.retry_at == clock.now() + timedelta(seconds=9)


@pytest.mark.parametrize(
    "message", [{"content": "no JSON"}, {"content": None, "refusal": "I will not"}, {"content": ""}]
)
def test_an_answer_that_is_none_fails_the_intent(
    storage: Storage, clock: SteeredClock, intent_id: str, message: dict[str, Any]
) -> None:
    _steps(storage, clock, lambda request: httpx.Response(200, json={"choices": [{"message": message}]}))
    intent = storage.intents.get(intent_id)
    assert intent is not None
    assert intent.state is State.FAILED


def test_a_partner_that_is_gone_gets_no_autonomy(
    storage: Storage, clock: SteeredClock, intent_id: str, answer: Callable[..., dict[str, Any]]
) -> None:
    from sqlalchemy import delete

    from system.storage import schema

    with storage.engine.begin() as connection:
        connection.execute(delete(schema.partners))
    _steps(storage, clock, lambda request: _completion(answer()))
    intent = storage.intents.get(intent_id)
    assert intent is not None
    assert intent.state is State.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("header", "after_s"), [("5", 5.0), ("99999", 60.0), ("-1", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("", 0.0)]
)
def test_retry_after_is_bounded(header: str, after_s: float) -> None:
    async def ask() -> float:
        respond = httpx.MockTransport(lambda request: httpx.Response(503, headers={"Retry-After": header}))
        async with httpx.AsyncClient(transport=respond) as client:
            with pytest.raises(ModelUnavailable) as caught:
                await LanguageModel(client, SETTINGS).read("x")
        return caught.value.after_s

    assert asyncio.run(ask()) == after_s
