"""Motion over HTTP: keys, conflicts, and the ways it misbehaves when told to."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.scenarios.world.server_process import ServerProcess, running

KEY = "fixture-motion-key"
BOOKING: dict[str, Any] = {"reference": "P1001:S1", "content": {"weight_lb": 42000}, "rank": [0, "1"]}


@pytest.fixture(scope="module")
def process() -> Iterator[ServerProcess]:
    with running("scenarios.world.motion", {"MOTION_API_KEY": KEY}) as started:
        yield started


@pytest.fixture
def client(process: ServerProcess) -> Iterator[httpx.Client]:
    httpx.post(f"{process.url}/control/reset").raise_for_status()
    with httpx.Client(base_url=process.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=10) as made:
        yield made


def book(client: httpx.Client, key: str = "book:P1001:S1", **more: Any) -> httpx.Response:
    return client.post("/loads", json={**BOOKING, **more}, headers={"Idempotency-Key": key})


def ledger(client: httpx.Client) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.get("/control/ledger").json()["entries"]
    return entries


def test_a_load_is_booked_amended_cancelled_and_found(client: httpx.Client) -> None:
    answer = book(client)
    load = answer.json()
    assert answer.status_code == 201
    assert {"load_id", "reference", "status", "content", "booking_key", "rank"} <= set(load)
    assert (load["status"], load["booking_key"], load["rank"]) == ("BOOKED", "book:P1001:S1", [0, "1"])
    path = f"/loads/{load['load_id']}"
    amended = client.patch(path, json={"content": {"weight_lb": 1}, "rank": [1, "2"]}, headers={"Idempotency-Key": "c"})
    assert (amended.status_code, amended.json()["content"]) == (200, {"weight_lb": 1})
    older = client.patch(path, json={"content": {"weight_lb": 2}, "rank": [0, "9"]}, headers={"Idempotency-Key": "d"})
    assert older.status_code == 409
    assert client.post(f"{path}/cancel", headers={"Idempotency-Key": "e"}).json()["status"] == "CANCELLED"
    assert client.get(path).json()["status"] == "CANCELLED"
    assert [one["load_id"] for one in client.get("/loads", params={"reference": "P1001:S1"}).json()["loads"]] == [
        load["load_id"]
    ]
    assert [entry["action"] for entry in ledger(client)] == ["book", "amend", "cancel"]


def test_a_repeat_with_its_key_is_a_replay_and_says_so(client: httpx.Client) -> None:
    first, again = book(client), book(client)
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert book(client, content={"weight_lb": 7}).status_code == 422
    assert len(ledger(client)) == 1


def test_a_request_needs_both_keys(client: httpx.Client) -> None:
    assert client.post("/loads", json=BOOKING).status_code == 400
    for path in ("/loads", "/ledger", "/loads/L1"):
        assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert ledger(client) == []


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"reference": "r", "content": {"weight_lb": NaN}}', b'{"reference": "r"}']
)
def test_a_body_that_is_no_booking_is_refused(client: httpx.Client, body: bytes) -> None:
    assert client.post("/loads", content=body, headers={"Idempotency-Key": "k"}).status_code == 400
    assert client.get("/loads/none").status_code == 404


def test_loads_are_found_by_time_in_either_spelling(client: httpx.Client) -> None:
    at = book(client).json()["updated_at"]
    for since, count in ((at, 1), ("0", 1), ("2099-01-01T00:00:00Z", 0), ("4102444800", 0)):
        assert len(client.get("/loads", params={"since": since}).json()["loads"]) == count
    assert client.get("/loads", params={"since": "yesterday"}).status_code == 400


def test_told_to_fail_it_fails_as_often_as_told_and_books_nothing(client: httpx.Client) -> None:
    client.post("/control/behaviour", json={"mode": "fail", "status": 500, "times": 2}).raise_for_status()
    assert [book(client).status_code for _ in range(3)] == [500, 500, 201]


def test_told_to_book_and_lose_it_books_and_the_answer_never_comes(client: httpx.Client) -> None:
    client.post("/control/behaviour", json={"mode": "book_and_lose", "times": 1}).raise_for_status()
    with pytest.raises(httpx.TransportError):
        book(client)
    assert len(ledger(client)) == 1
    assert len(client.get("/loads").json()["loads"]) == 1
    assert book(client).headers["Idempotent-Replayed"] == "true"


def test_told_to_hang_it_keeps_silent_and_books_nothing(client: httpx.Client) -> None:
    client.post("/control/behaviour", json={"mode": "hang"}).raise_for_status()
    with pytest.raises(httpx.ReadTimeout):
        client.post("/loads", json=BOOKING, headers={"Idempotency-Key": "k"}, timeout=0.3)
    client.post("/control/behaviour", json={"mode": "ok"}).raise_for_status()
    assert ledger(client) == []
    assert book(client).status_code == 201


def test_a_client_that_gives_up_does_not_stop_a_slow_booking(client: httpx.Client) -> None:
    client.post("/control/behaviour", json={"mode": "slow", "delay_s": 0.4, "times": 1}).raise_for_status()
    with pytest.raises(httpx.ReadTimeout):
        client.post("/loads", json=BOOKING, headers={"Idempotency-Key": "k"}, timeout=0.1)
    assert ledger(client) == []
    while not ledger(client):
        pass
    assert (
        client.post("/loads", json=BOOKING, headers={"Idempotency-Key": "k"}).headers["Idempotent-Replayed"] == "true"
    )


def test_a_mode_that_does_not_exist_is_refused(client: httpx.Client) -> None:
    answer = client.post("/control/behaviour", json={"mode": "explode"})
    assert answer.status_code == 400
    assert "book_and_lose" in answer.json()["error"]
    assert client.get("/control/behaviour").json()["mode"] == "ok"


def test_told_to_book_and_hang_it_books_and_keeps_silent(client: httpx.Client) -> None:
    client.post("/control/behaviour", json={"mode": "book_and_hang", "times": 1}).raise_for_status()
    with pytest.raises(httpx.ReadTimeout):
        client.post("/loads", json=BOOKING, headers={"Idempotency-Key": "k"}, timeout=0.3)
    assert len(ledger(client)) == 1
    assert len(client.get("/loads").json()["loads"]) == 1, "looking is answered all along"
    again = client.post("/loads", json=BOOKING, headers={"Idempotency-Key": "k"})
    assert again.headers["Idempotent-Replayed"] == "true"


def test_what_it_did_to_requests_stands_in_its_diary(client: httpx.Client) -> None:
    before = client.get("/control/requests").json()["count"]
    client.post("/control/behaviour", json={"mode": "fail", "status": 500, "times": 1}).raise_for_status()
    book(client)
    book(client)
    (entry,) = client.get(f"/control/requests?after={before}").json()["requests"]
    assert entry == {
        "number": before + 1,
        "method": "POST",
        "path": "/loads",
        "reference": BOOKING["reference"],
        "answered": "500",
    }


@pytest.mark.parametrize("mode", ["hang", "book_and_hang", "slow", "fail", "book_and_lose"])
def test_only_writes_that_contain_a_text_are_treated_so(client: httpx.Client, mode: str) -> None:
    told = {"mode": mode, "contains": "PERPETUAL", "delay_s": 60 if mode == "slow" else 0}
    client.post("/control/behaviour", json=told).raise_for_status()
    assert client.get("/control/behaviour").json()["contains"] == "PERPETUAL"
    assert book(client).status_code == 201, "any other load is booked"
    assert client.get("/loads").json()["loads"][0]["load_id"], "looking is answered"
    poison = {**BOOKING, "reference": "P1001:S2", "content": {"commodity": "PERPETUAL MOTION MACHINES"}}
    try:
        answer = client.post("/loads", json=poison, headers={"Idempotency-Key": "p"}, timeout=0.3)
    except httpx.TransportError:
        assert mode != "fail"
    else:
        assert (mode, answer.status_code) == ("fail", 503)
    entry = client.get("/control/requests").json()["requests"][-1]
    assert (entry["reference"], entry["path"]) == ("P1001:S2", "/loads")


@pytest.mark.parametrize("contains", [7, "x" * 201, None])
def test_what_is_to_be_contained_is_a_short_text(client: httpx.Client, contains: object) -> None:
    answer = client.post("/control/behaviour", json={"mode": "hang", "contains": contains})
    assert answer.status_code == 400
    assert "contains" in answer.json()["error"]
    assert client.get("/control/behaviour").json()["mode"] == "ok"
