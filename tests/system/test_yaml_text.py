"""YAML for people: whatever is written is read back the same, by the strict rules of traces and by YAML 1.1's."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.traces import strict_yaml
from system.yaml_text import spread_json, yaml_text

_TEMPTING = (
    *("no", "On", "1e5", "12:30", "0x1f", "007", "~", "2026-02-02", "<<", "- a", "a: b", "#", " lead", "trail "),
    *("\n", "a\nb\n", "a\n b\n\n", "\ta\nb", "'\"'"),
)
_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30) | st.sampled_from(_TEMPTING)
_numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_plain = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts.filter(len), inner, max_size=4),
    max_leaves=12,
)


@given(_plain)
def test_it_reads_back_the_same(document: Any) -> None:
    text = yaml_text({"document": document})
    assert strict_yaml.loads(text, where="here") == {"document": document}
    assert yaml.safe_load(text) == {"document": document}


@given(_plain)
def test_json_that_is_spread_out_is_the_same_json(document: Any) -> None:
    assert json.loads(spread_json(document)) == document


def test_texts_of_several_lines_stand_as_they_are() -> None:
    assert yaml_text({"body": "one: 1\ntwo\n", "to": "x y"}) == "body: |\n  one: 1\n  two\nto: x y\n"
