"""Attributes are checked by name and type, and shown as they were given."""

from typing import Any

import pytest

from harness.proxy.toxics import TOXIC_BY_KIND, TOXICS, by_kind
from harness.proxy.toxics.base import BadAttribute
from harness.proxy.toxics.latency import Latency


@pytest.mark.parametrize(
    ("kind", "attributes", "named"),
    [
        ("latency", {"latncy": 5}, "latncy"),
        ("latency", {"latency": "5"}, "latency"),
        ("latency", {"latency": 1.5}, "latency"),
        ("latency", {"latency": True}, "latency"),
        ("latency", {"latency": None}, "latency"),
        ("latency", {"jitter": -1}, "jitter"),
        ("latency", {"latency": 2**60}, "latency"),
        ("slicer", {}, "average_size"),
        ("slicer", {"average_size": 10, "size_variation": 10}, "size_variation"),
        ("packet_loss", {"loss_rate": 1.5}, "loss_rate"),
        ("packet_loss", {"loss_rate": float("nan")}, "loss_rate"),
        ("packet_loss", {"correlation": [0]}, "correlation"),
        ("timeout", {"latency": 1}, "latency"),
    ],
)
def test_a_wrong_attribute_is_refused_by_name(kind: str, attributes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadAttribute, match=f"'{named}'"):
        TOXIC_BY_KIND[kind].of(attributes)


def test_attributes_left_out_have_toxiproxys_defaults() -> None:
    assert Latency.of({"latency": 5}).attributes() == {"latency": 5, "jitter": 0}


def test_every_kind_is_there_once() -> None:
    assert set(TOXIC_BY_KIND) == {
        "latency",
        "bandwidth",
        "slow_close",
        "timeout",
        "reset_peer",
        "slicer",
        "limit_data",
        "packet_loss",
    }
    assert len(TOXICS) == len(TOXIC_BY_KIND)


def test_two_toxics_of_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="both of kind 'latency'"):
        by_kind((*TOXICS, Latency))
