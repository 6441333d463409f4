"""Exchanges with outside parties are written down as they happen, and pass through unchanged."""

import asyncio
import gzip
import json
import multiprocessing
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr.cassette
import vcr.serializers.yamlserializer
from vcr.matchers import method, uri
from vcr.persisters.filesystem import FilesystemPersister

from harness.traces import Failure, load_cassette
from system import exchanges
from system.exchanges import ExchangeWriter, outside_client
from system.outside import MOTION_IN_TRACES
from system.settings import Settings

BASE = "http://127.0.0.1:1234/motion"
KEY = "a-key-that-nobody-may-read"


class SteppedClock:
    """Each look at it is `step_s` after the one before."""

    def __init__(self, step_s: float = 0.1) -> None:
        self._step_s, self._at_s = step_s, 0.0

    def now(self) -> datetime:
        return datetime(2026, 2, 2, tzinfo=UTC)

    def monotonic_s(self) -> float:
        self._at_s += self._step_s
        return self._at_s

    async def sleep_s(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Broken(httpx.AsyncByteStream):
    """Half an answer, and then the connection breaks."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        raise httpx.ReadError("connection reset")


def exchanged(
    file: Path, answer: Callable[[httpx.Request], httpx.Response], *uris: str, step_s: float = 0.1, **more: Any
) -> list[httpx.Response | Exception]:
    """What whoever asks at each of these addresses gets; all of it is recorded in `file`."""

    async def go() -> list[httpx.Response | Exception]:
        transport = ExchangeWriter(
            httpx.MockTransport(answer), file, SteppedClock(step_s=step_s), called={BASE: MOTION_IN_TRACES}
        )
        found: list[httpx.Response | Exception] = []
        async with httpx.AsyncClient(transport=transport) as client:
            for one in uris:
                try:
                    found.append(await client.post(one, headers={"Authorization": f"Bearer {KEY}"}, **more))
                except httpx.HTTPError as error:
                    found.append(error)
        return found

    return asyncio.run(go())


def test_an_exchange_is_written_as_the_party_is_called_and_without_its_key(tmp_path: Path) -> None:
    file = tmp_path / "cassette.yaml"

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"Set-Cookie": f"session={KEY}", "Idempotent-Replayed": "true", "Retry-After": "2"}
        return httpx.Response(201, json={"load_id": "L1", "name": "caf\u00e9 \u2028 \x85 \U0001f69a"}, headers=headers)

    more = {"json": {"weight": 1.5}, "headers": {"Authorization": KEY, "Idempotency-Key": "k1", "X-Other": "x"}}

    async def go() -> httpx.Response:
        clock = SteppedClock(step_s=0.1)
        transport = ExchangeWriter(httpx.MockTransport(answer), file, clock, called={BASE: MOTION_IN_TRACES})
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.post(f"{BASE}/loads?a=b", **more)  # type: ignore[arg-type]

    response = asyncio.run(go())
    assert (response.status_code, response.json()["load_id"]) == (201, "L1")
    (kept,) = load_cassette(file).interactions
    assert (kept.request.method, kept.request.uri) == ("POST", f"{MOTION_IN_TRACES}/loads?a=b")
    assert json.loads(kept.request.body) == {"weight": 1.5}
    assert kept.request.headers == {"content-type": "application/json", "idempotency-key": "k1"}
    assert kept.response is not None
    assert json.loads(kept.response.body)["name"] == "caf\u00e9 \u2028 \x85 \U0001f69a"
    assert set(kept.response.headers) == {"content-type", "idempotent-replayed", "retry-after"}
    assert kept.response.after_s == 0.0
    assert KEY not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0


def test_vcrpys_own_loader_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "cassette.yaml"
    exchanged(file, lambda _: httpx.Response(200, text="fine"), f"{BASE}/one", f"{BASE}/two")
    requests, responses = FilesystemPersister.load_cassette(file, vcr.serializers.yamlserializer)
    assert [one.uri for one in requests] == [f"{MOTION_IN_TRACES}/one", f"{MOTION_IN_TRACES}/two"]
    assert responses[1]["body"]["string"] == b"fine"
    cassette = vcr.cassette.Cassette.load(path=str(file), match_on=(method, uri))
    assert len(cassette) == 2


def test_a_compressed_answer_is_written_as_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "cassette.yaml"
    packed = gzip.compress(b'{"a": 1}')
    answer = httpx.Response(200, content=packed, headers={"Content-Encoding": "gzip"})
    (response,) = exchanged(file, lambda _: answer, f"{BASE}/x")
    assert isinstance(response, httpx.Response)
    assert response.json() == {"a": 1}
    (kept,) = load_cassette(file).interactions
    assert kept.response is not None
    assert kept.response.body == '{"a": 1}'


@pytest.mark.parametrize(
    ("ends", "kind", "part"),
    [
        (httpx.ReadTimeout("too late"), "timeout", None),
        (httpx.ConnectTimeout("too late"), "timeout", None),
        (httpx.ConnectError("nobody there"), "refused", None),
        (httpx.ReadError("reset"), "reset", None),
        (httpx.RemoteProtocolError("hung up"), "reset", None),
        (httpx.Response(200, stream=Broken()), "reset", None),
        (httpx.Response(200, stream=Broken(b'{"a": ', b'"b')), "half", '{"a": "b'),
    ],
)
def test_what_ended_without_an_answer_is_a_failure_and_is_raised(
    tmp_path: Path, ends: Exception | httpx.Response, kind: str, part: str | None
) -> None:
    file = tmp_path / "cassette.yaml"

    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(ends, Exception):
            raise ends
        return ends

    (raised,) = exchanged(file, answer, f"{BASE}/x", step_s=2.5)
    assert isinstance(raised, httpx.TransportError)
    (kept,) = load_cassette(file).interactions
    assert isinstance(kept.failure, Failure)
    assert (kept.failure.kind, kept.failure.after_s) == (kind, 2.5)
    assert (kept.failure.part and kept.failure.part.body) == part


def test_whoever_gave_up_waiting_had_no_answer(tmp_path: Path) -> None:
    file = tmp_path / "cassette.yaml"

    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def go() -> None:
        transport = ExchangeWriter(Never(), file, SteppedClock(step_s=60.0), called={BASE: MOTION_IN_TRACES})
        async with httpx.AsyncClient(transport=transport) as client:
            asking = asyncio.ensure_future(client.get(f"{BASE}/x"))
            await asyncio.sleep(0.05)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(go())
    (kept,) = load_cassette(file).interactions
    assert kept.failure == Failure(kind="timeout", after_s=60.0)


def test_a_late_answer_is_written_with_its_time(tmp_path: Path) -> None:
    file = tmp_path / "cassette.yaml"
    exchanged(file, lambda _: httpx.Response(200, text="fine"), f"{BASE}/x", step_s=4.0)
    (kept,) = load_cassette(file).interactions
    assert kept.response is not None
    assert kept.response.after_s == 4.0


def test_nobody_else_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "cassette.yaml"
    exchanged(file, lambda _: httpx.Response(200), "http://127.0.0.1:99/alerts")
    assert not file.exists()


def test_a_full_file_or_none_fails_no_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(exchanges, "BYTES_MAX", 500)
    file = tmp_path / "cassette.yaml"
    answers = exchanged(file, lambda _: httpx.Response(200, text="x" * 200), f"{BASE}/one", f"{BASE}/two")
    answers += exchanged(tmp_path / "no" / "folder", lambda _: httpx.Response(200), f"{BASE}/x")
    assert all(isinstance(one, httpx.Response) for one in answers)
    assert len(load_cassette(file).interactions) == 1
    assert caplog.text.count("an exchange was not recorded") == 2


def _record_many(file: str, who: int) -> None:
    for number in range(40):
        exchanged(Path(file), lambda _: httpx.Response(200, text="x" * 5_000), f"{BASE}/{who}/{number}")


def test_several_processes_share_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cassette.yaml"
    context = multiprocessing.get_context("spawn")
    writing = [context.Process(target=_record_many, args=(str(file), who)) for who in range(3)]
    for process in writing:
        process.start()
    for process in writing:
        process.join(60)
        assert process.exitcode == 0
    uris = [one.request.uri for one in load_cassette(file).interactions]
    assert len(uris) == len(set(uris)) == 120
    assert [one for one in uris if "/1/" in one] == [f"{MOTION_IN_TRACES}/1/{number}" for number in range(40)]


def test_without_the_setting_nothing_stands_between(tmp_path: Path) -> None:
    async def transport_of(settings: Settings) -> object:
        async with outside_client(settings, SteppedClock()) as client:
            return client._transport

    assert not isinstance(asyncio.run(transport_of(Settings())), ExchangeWriter)
    named = Settings(record_cassette_file=str(tmp_path / "c.yaml"))
    assert isinstance(asyncio.run(transport_of(named)), ExchangeWriter)
