"""The 990: a right interchange with one set a response, and values that would break it refused."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from system.x12 import Envelope, TenderResponse, tokenize, write_responses
from system.x12.defects import Defects
from system.x12.envelope import read_envelope

ENVELOPE = Envelope(sender="FREIGHT", receiver="P1001", control_number="5", at=datetime(2027, 2, 1, 12, 30, tzinfo=UTC))
PLAIN: dict[str, Any] = {"carrier": "FXCA", "shipment_id": "SHP1", "on": date(2027, 2, 1), "answer": "accepted"}


def test_responses() -> None:
    yes = TenderResponse(**PLAIN, reference="L-1", remark="SEE YOU")
    no = TenderResponse(**{**PLAIN, "answer": "declined"})
    tokens = tokenize(write_responses(ENVELOPE, [yes, no]))
    defects = Defects()
    interchange = read_envelope(tokens, defects)
    assert defects.found == []
    assert [group.code for group in interchange.groups] == ["GF"]
    assert ["*".join(segment) for segment in tokens.segments[2:-2]] == [
        "ST*990*0001",
        "B1*FXCA*SHP1*20270201*A",
        "N9*CN*L-1",
        "K1*SEE YOU",
        "SE*5*0001",
        "ST*990*0002",
        "B1*FXCA*SHP1*20270201*D",
        "SE*3*0002",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("carrier", "X"), ("carrier", "A1B"), ("shipment_id", ""), ("shipment_id", "x" * 31), ("remark", "a\nb")],
)
def test_what_does_not_fit_is_refused_when_it_is_made(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        TenderResponse(**{**PLAIN, name: value})


def test_a_delimiter_in_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="delimiter"):
        write_responses(ENVELOPE, [TenderResponse(**PLAIN, remark="A*B")])
