"""One spelling for each document, whatever order or spacing it came in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traces.canonical import canonical_body, canonical_json, digest

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(DOCUMENTS)
def test_spelling_and_order_do_not_matter(document: Any) -> None:
    spread = json.loads(json.dumps(document, indent=3, ensure_ascii=True))
    assert canonical_json(spread) == canonical_json(document)
    assert digest(spread) == digest(document)
    assert json.loads(canonical_json(document)) == document


def test_what_json_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"weight": float("nan")})


def test_a_body_that_is_no_json_stays_as_it_is() -> None:
    assert canonical_body('{"b": 1, "a": [ ]}') == '{"a":[],"b":1}'
    assert canonical_body("ISA*00~") == "ISA*00~"
    assert canonical_body("[" * 100_000) == "[" * 100_000
