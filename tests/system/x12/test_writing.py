"""Envelopes around sets: counted, numbered and padded so that a reader finds nothing wrong with them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.x12 import Envelope, OutgoingSet, tokenize, write_interchange
from system.x12.defects import Defects
from system.x12.envelope import read_envelope

AT = datetime(2027, 2, 1, 12, 30, tzinfo=UTC)
_VALUE = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-", max_size=10)


@given(
    sets=st.lists(st.lists(st.tuples(st.just("N1"), _VALUE, _VALUE), min_size=1, max_size=5), min_size=1, max_size=5),
    control_number=st.integers(min_value=1, max_value=999_999_999),
    sender=st.text(alphabet="ABC123", min_size=1, max_size=15),
)
def test_what_is_written_reads_without_a_defect(
    sets: list[list[tuple[str, str, str]]], control_number: int, sender: str
) -> None:
    envelope = Envelope(sender=sender, receiver="R", control_number=str(control_number), at=AT)
    text = write_interchange(envelope, "SM", [OutgoingSet(code="204", segments=one) for one in sets])
    defects = Defects()
    interchange = read_envelope(tokenize(text), defects)
    assert defects.found == []
    assert (interchange.sender, int(interchange.control_number)) == (sender, control_number)
    assert [len(found.segments) - 2 for found in interchange.groups[0].sets] == [len(one) for one in sets]


def test_empty_elements_at_the_end_are_not_written() -> None:
    envelope = Envelope(sender="S", receiver="R", control_number="1", at=AT)
    text = write_interchange(envelope, "SM", [OutgoingSet(code="204", segments=[("N1", "", "A", "", "")])])
    assert "~N1**A~" in text


@pytest.mark.parametrize("value", ["A*B", "A~B"])
def test_a_delimiter_in_a_value_is_refused(value: str) -> None:
    envelope = Envelope(sender="S", receiver="R", control_number="1", at=AT)
    with pytest.raises(ValueError, match="delimiter"):
        write_interchange(envelope, "SM", [OutgoingSet(code="204", segments=[("N1", value)])])


def test_an_id_that_does_not_fit_the_header_is_refused() -> None:
    with pytest.raises(ValueError, match="15"):
        write_interchange(Envelope(sender="S" * 16, receiver="R", control_number="1", at=AT), "SM", [])
