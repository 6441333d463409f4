"""A stock OpenAI client works against the world's model, which answers in the system's shape and as it was told."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from scenarios.world.llm import signal_of
from scenarios.world.tenders import TenderSource, expected_content, normal_content
from tests.scenarios.world.server_process import ServerProcess, running

KEY = "fixture-llm-key"
SOURCE = TenderSource(5, "P1001", originals_only=True)
BATCH = next(batch for batch in iter(SOURCE.next, None) if batch and len(batch.tenders) == 1)
TENDER = BATCH.tenders[0]


@pytest.fixture(scope="module")
def process() -> Iterator[ServerProcess]:
    with running("scenarios.world.llm", {"LLM_API_KEY": KEY}) as started:
        yield started


@pytest.fixture
def url(process: ServerProcess) -> str:
    httpx.post(f"{process.url}/control/reset").raise_for_status()
    return process.url


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=10) as made:
        yield made


def ask(client: openai.OpenAI, signal: str) -> dict[str, Any]:
    """The model's answer to a signal, asked for as the system asks."""
    completion = client.chat.completions.create(
        model="tender-reader",
        temperature=0,
        messages=[
            {"role": "system", "content": "Read the tender."},
            {"role": "user", "content": f"The signal follows.\n<signal>\n{signal}\n</signal>\nAnswer in JSON."},
        ],
        response_format={"type": "json_schema", "json_schema": {"name": "intent", "strict": True, "schema": {}}},
    )
    content = completion.choices[0].message.content
    assert content is not None
    assert completion.usage is not None
    assert completion.usage.total_tokens > 0
    answer: dict[str, Any] = json.loads(content)
    return answer


def test_a_stock_client_gets_the_tender_that_was_sent(client: openai.OpenAI) -> None:
    answer = ask(client, BATCH.body.decode())
    assert normal_content(answer) == normal_content(expected_content(TENDER))
    assert answer["kind"] == "tender"
    assert answer["confidence"] >= 0.9


def test_the_same_request_gets_the_same_bytes(url: str) -> None:
    body = {"model": "tender-reader", "messages": [{"role": "user", "content": BATCH.body.decode()}]}
    headers = {"Authorization": f"Bearer {KEY}"}
    answers = {httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers).content for _ in range(3)}
    assert len(answers) == 1


def test_the_models_are_listed_and_another_one_does_not_exist(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["tender-reader"]
    with pytest.raises(openai.NotFoundError, match="other"):
        client.chat.completions.create(model="other", messages=[{"role": "user", "content": "x"}])


def test_a_wrong_key_is_refused(url: str) -> None:
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key="wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        ask(client, "x")


def test_a_request_that_cannot_be_answered_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="user message"):
        client.chat.completions.create(model="tender-reader", messages=[])
    with pytest.raises(openai.BadRequestError, match="stream"):
        client.chat.completions.create(
            model="tender-reader", messages=[{"role": "user", "content": "x"}], stream=True
        ).close()


def test_a_script_replaces_the_answer_for_its_shipment_and_times(url: str, client: openai.OpenAI) -> None:
    script = {"shipment_id": TENDER.shipment_id, "content": '{"weight_lb": -50}', "times": 1}
    httpx.post(f"{url}/control/answers", json=script).raise_for_status()
    assert ask(client, BATCH.body.decode()) == {"weight_lb": -50}
    assert ask(client, BATCH.body.decode())["weight_lb"] == TENDER.weight_lb


def test_a_misreading_is_served_until_it_is_forgotten_and_stands_in_the_diary(url: str, client: openai.OpenAI) -> None:
    script = {"contains": "", "misread": {"literal": {"weight_lb": "1e999"}}, "name": "infinite weight"}
    httpx.post(f"{url}/control/answers", json=script).raise_for_status()
    assert ask(client, BATCH.body.decode())["weight_lb"] == float("inf")
    httpx.post(f"{url}/control/answers/forget").raise_for_status()
    assert ask(client, BATCH.body.decode())["weight_lb"] == TENDER.weight_lb
    diary = httpx.get(f"{url}/control/requests").json()["requests"]
    assert [(entry["answered"], entry["script"]) for entry in diary] == [
        ("script", "infinite weight"),
        ("reader", None),
    ]


def test_a_refusal_is_one_for_a_stock_client(url: str, client: openai.OpenAI) -> None:
    script = {"contains": "", "misread": {"refuse": "I cannot help with that."}}
    httpx.post(f"{url}/control/answers", json=script).raise_for_status()
    messages: Any = [{"role": "user", "content": "x"}]
    message = client.chat.completions.create(model="tender-reader", messages=messages).choices[0].message
    assert (message.content, message.refusal) == (None, "I cannot help with that.")


def test_recorded_answers_are_served_to_requests_that_are_equal(url: str, client: openai.OpenAI) -> None:
    ask(client, BATCH.body.decode())
    kept = httpx.get(f"{url}/control/requests").json()["requests"][0]
    assert kept["shipment_id"] == TENDER.shipment_id
    response = {
        "id": "recorded",
        "object": "chat.completion",
        "created": 1,
        "model": "tender-reader",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": '{"from": "tape"}'}}
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    interactions = [{"request": kept["request"], "response": response}]
    httpx.post(f"{url}/control/cassette", json={"interactions": interactions}).raise_for_status()
    assert ask(client, BATCH.body.decode()) == {"from": "tape"}
    assert ask(client, "something else")["kind"] == "tender"
    assert httpx.get(f"{url}/control/cassette").json()["unplayed"] == []

    httpx.post(f"{url}/control/cassette", json={"interactions": interactions, "strict": True}).raise_for_status()
    with pytest.raises(openai.NotFoundError, match="recorded"):
        ask(client, "something else")


def test_errors_delays_and_lost_answers_come_as_told(url: str, client: openai.OpenAI) -> None:
    httpx.post(f"{url}/control/behaviour", json={"status": 429, "times": 1}).raise_for_status()
    with pytest.raises(openai.RateLimitError):
        ask(client, "x")
    httpx.post(f"{url}/control/behaviour", json={"lose_answer": True, "times": 1}).raise_for_status()
    with pytest.raises(openai.APIConnectionError):
        ask(client, "x")
    httpx.post(f"{url}/control/behaviour", json={"delay_s": 0.2, "times": 1}).raise_for_status()
    began_s = time.monotonic()
    ask(client, "x")
    assert time.monotonic() - began_s >= 0.2


def test_a_hang_lasts_until_it_is_reset(url: str, client: openai.OpenAI) -> None:
    httpx.post(f"{url}/control/behaviour", json={"hang": True}).raise_for_status()
    with pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=0.3), "x")
    with ThreadPoolExecutor() as pool:
        held = pool.submit(ask, client, "x")
        while len(httpx.get(f"{url}/control/requests").json()["requests"]) < 2:
            pass
        assert not held.done()
        httpx.post(f"{url}/control/behaviour", json={}).raise_for_status()
        with pytest.raises(openai.InternalServerError):
            held.result(timeout=5)
    assert ask(client, "x")["kind"] == "tender"


@pytest.mark.parametrize(
    ("path", "body"),
    [("answers", {}), ("behaviour", {"delay_s": "soon"}), ("cassette", {"interactions": 1}), ("cassette", [])],
)
def test_nonsense_told_is_refused(url: str, path: str, body: object) -> None:
    answer = httpx.post(f"{url}/control/{path}", json=body)
    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]


def test_it_stops_cleanly_while_a_request_hangs() -> None:
    with running("scenarios.world.llm", {"LLM_API_KEY": KEY}) as started, ThreadPoolExecutor() as pool:
        httpx.post(f"{started.url}/control/behaviour", json={"hang": True}).raise_for_status()
        with openai.OpenAI(base_url=f"{started.url}/v1", api_key=KEY, max_retries=0) as client:
            held = pool.submit(ask, client, "x")
            while not httpx.get(f"{started.url}/control/requests").json()["requests"]:
                pass
            started.process.terminate()
            assert started.process.wait(timeout=4) == 0
            assert held.exception(timeout=5) is not None


def test_without_a_key_it_does_not_start() -> None:
    with pytest.raises(RuntimeError, match="LLM_API_KEY"), running("scenarios.world.llm", {"LLM_API_KEY": ""}):
        pass


@pytest.mark.parametrize(
    ("prompt", "signal"),
    [
        ("a\n<signal>\nX\nY\n</signal>\nb", "X\nY"),
        ("<signal>\nX\n</signal>\nforget\n</signal>\n", "X\n</signal>\nforget"),
        ("no marks", "no marks"),
    ],
)
def test_the_signal_stands_between_its_marks(prompt: str, signal: str) -> None:
    assert signal_of(prompt) == signal
