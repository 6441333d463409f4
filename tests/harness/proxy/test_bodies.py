"""What clients send becomes values, or an answer that names what is wrong."""

from typing import Any

import pytest

from harness.proxy.bodies import changed_proxy, changed_toxic, many_proxies, new_proxy, new_toxic
from harness.proxy.bodies import parsed as parsed_body
from harness.proxy.errors import ApiError
from harness.proxy.specs import ProxySpec


def test_a_new_proxy_has_toxiproxys_defaults() -> None:
    spec = new_proxy({"name": "a", "upstream": "b:1", "toxics": [], "unknown": 1})
    assert spec == ProxySpec(name="a", listen="127.0.0.1:0", upstream="b:1", enabled=True)


def test_a_change_leaves_out_what_stays() -> None:
    now = ProxySpec(name="a", listen="127.0.0.1:7", upstream="b:1", enabled=False)
    assert changed_proxy({}, now) == now
    assert changed_proxy({"name": "other", "enabled": True}, now) == ProxySpec(
        name="a", listen="127.0.0.1:7", upstream="b:1", enabled=True
    )


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "object"),
        ({"upstream": "b:1"}, "name"),
        ({"name": "a"}, "upstream"),
        ({"name": 5, "upstream": "b:1"}, "name"),
        ({"name": "a/b", "upstream": "b:1"}, "name"),
        ({"name": "a", "upstream": "b:0"}, "upstream"),
        ({"name": "a", "upstream": "b:1", "listen": "x"}, "listen"),
        ({"name": "a", "upstream": "b:1", "enabled": "yes"}, "enabled"),
    ],
)
def test_a_wrong_field_of_a_proxy_is_named(document: Any, named: str) -> None:
    with pytest.raises(ApiError, match=named) as raised:
        new_proxy(document)
    assert raised.value.status == 400


def test_of_several_proxies_the_wrong_one_is_named() -> None:
    with pytest.raises(ApiError, match="upstream at proxy 2"):
        many_proxies([{"name": "a", "upstream": "b:1"}, {"name": "c"}])
    with pytest.raises(ApiError, match="list"):
        many_proxies({})


def test_a_new_toxic_has_toxiproxys_defaults() -> None:
    spec = new_toxic({"type": "latency", "attributes": {"latency": 5}})
    assert spec.document() == {
        "name": "latency_downstream",
        "type": "latency",
        "stream": "downstream",
        "toxicity": 1.0,
        "attributes": {"latency": 5, "jitter": 0},
    }


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({}, "invalid toxic type"),
        ({"type": "lag"}, "latency, bandwidth"),
        ({"type": "latency", "stream": "sideways"}, "stream was invalid"),
        ({"type": "latency", "stream": ""}, "stream was invalid"),
        ({"type": "latency", "name": "a/b"}, "name"),
        ({"type": "latency", "toxicity": 2}, "toxicity"),
        ({"type": "latency", "toxicity": True}, "toxicity"),
        ({"type": "latency", "toxicity": float("nan")}, "toxicity"),
        ({"type": "latency", "attributes": {"lag": 1}}, "'lag'"),
        ({"type": "latency", "attributes": [1]}, "attributes"),
        ({"type": "latency", "latency": 5}, "'latency'"),
    ],
)
def test_a_wrong_field_of_a_toxic_is_named(document: Any, named: str) -> None:
    with pytest.raises(ApiError, match=named) as raised:
        new_toxic(document)
    assert raised.value.status == 400


def test_a_changed_toxic_keeps_what_is_left_out() -> None:
    now = new_toxic({"type": "latency", "toxicity": 0.5, "attributes": {"latency": 5, "jitter": 2}})
    then = changed_toxic({"attributes": {"latency": 9}}, now)
    assert (then.toxicity, then.toxic.attributes()) == (0.5, {"latency": 9, "jitter": 2})


def test_null_is_a_field_left_out() -> None:
    made = new_toxic(
        {"type": "latency", "name": None, "stream": None, "toxicity": None, "attributes": {"jitter": None}}
    )
    assert made == new_toxic({"type": "latency"})
    assert new_toxic({"type": "latency", "attributes": None}) == made
    assert new_proxy({"name": "a", "upstream": "b:1", "enabled": None}).enabled
    now = new_toxic({"type": "latency", "toxicity": 0.5})
    assert changed_toxic({"toxicity": None}, now).toxicity == 0.5


def test_names_of_fields_are_read_whatever_their_case() -> None:
    assert new_proxy({"Name": "a", "UPSTREAM": "b:1"}) == new_proxy({"name": "a", "upstream": "b:1"})
    toxic = new_toxic({"Type": "slow_close", "Stream": "UPSTREAM", "Attributes": {"Delay": 5}})
    assert (toxic.stream, toxic.toxic.attributes()) == ("upstream", {"delay": 5})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError, match="bad request body"):
        parsed_body(body)
