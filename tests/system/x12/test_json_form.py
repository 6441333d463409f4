"""The JSON form: the same tender, the same rules for the version, the same shape of defect."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.x12 import read_json

PLAIN: dict[str, Any] = {
    "shipment_id": "SHP1",
    "purpose": "original",
    "weight_lb": 4200,
    "pickup_at": "2027-03-01T08:00:00Z",
    "stops": [{"sequence": 1, "type": "pickup", "city": "DALLAS"}],
}


def read(document: object) -> tuple[Any, list[Any]]:
    tenders, defects = read_json(json.dumps(document).encode())
    return tenders, defects.found


def test_one_tender() -> None:
    (one,), found = read(PLAIN)
    assert found == []
    assert one.tender.weight_lb == 4200.0
    assert one.tender.stops[0].city == "DALLAS"
    assert json.loads(one.raw) == PLAIN


def test_several_tenders() -> None:
    tenders, _ = read({"tenders": [PLAIN, {**PLAIN, "shipment_id": "SHP2"}]})
    assert [one.tender.shipment_id for one in tenders] == ["SHP1", "SHP2"]
    assert [one.set_control_number for one in tenders] == ["1", "2"]


def test_versions_follow_the_same_rules() -> None:
    assert read(PLAIN)[0][0].tender.version == "1"
    assert read({**PLAIN, "purpose": "cancel"})[0][0].tender.version == "1"
    assert read({**PLAIN, "version": "9"})[0][0].tender.version == "9"
    change = {**PLAIN, "purpose": "change"}
    versions = [
        read(one)[0][0].tender.version for one in (change, dict(reversed(change.items())), {**change, "rate_usd": 1})
    ]
    assert versions[0] == versions[1] != versions[2]
    assert len(versions[0]) == 12


@pytest.mark.parametrize(
    ("change", "segment", "code"),
    [
        ({"shipment_id": ""}, "shipment_id", "4"),
        ({"shipment_id": "x" * 31}, "shipment_id", "5"),
        ({"purpose": "other"}, "purpose", "7"),
        ({"weight_lb": -1}, "weight_lb", "6"),
        ({"weight_lb": 1e9}, "weight_lb", "5"),
        ({"weight_lb": "4200"}, "weight_lb", "6"),
        ({"pickup_at": "tomorrow"}, "pickup_at", "8"),
        ({"pickup_at": 5}, "pickup_at", "8"),
        ({"stops": [{"sequence": 1, "type": "pickup", "at": "x"}]}, "stops.0.at", "8"),
        ({"stops": [{"type": "pickup"}]}, "stops.0.sequence", "1"),
        ({"surplus": 1}, "surplus", "3"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, object], segment: str, code: str) -> None:
    tenders, found = read({"tenders": [PLAIN, {**PLAIN, **change}]})
    assert tenders == ()
    assert [(defect.segment, defect.position, defect.code) for defect in found] == [(segment, 2, code)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[]",
        b"null",
        b'"text"',
        b"5",
        b"{}",
        b'{"tenders": []}',
        b'{"tenders": {}}',
        b'{"tenders": [1]}',
        b'{"tenders": [{}], "more": 1}',
        b"\xff",
        b"[" * 100_000,
        b'{"weight_lb": NaN}',
        b'{"weight_lb": Infinity}',
        b'{"weight_lb": 1e999, "shipment_id": "S", "purpose": "original"}',
        b'{"weight_lb": ' + b"9" * 5000 + b"}",
        b'{"shipment_id": "\\ud800", "purpose": "original"}',
        b'{"shipment_id": "S", "purpose": "original", "commodity": "\\u0000"}',
        json.dumps({"tenders": [PLAIN] * 1001}).encode(),
    ],
)
def test_what_is_no_tender_is_refused(body: bytes) -> None:
    tenders, defects = read_json(body)
    assert tenders == ()
    assert defects.found[0].message


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON, st.sampled_from(["shipment_id", "weight_lb", "pickup_at", "stops", "tenders", "purpose"]))
def test_any_json_gives_tenders_or_defects(value: object, name: str) -> None:
    for document in (value, {**PLAIN, name: value}):
        tenders, defects = read_json(json.dumps(document).encode())
        assert bool(tenders) != bool(defects)
