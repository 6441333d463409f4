"""Fixtures are untrusted: what is not plain data within limits is an error that says where."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from harness.traces.strict_yaml import DEPTH_MAX, Unreadable, dumps, loads, read_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(DOCUMENTS)
@example("\x85")
@example({"body": "one\r\ntwo\u2028three\n"})
def test_what_is_written_reads_back_the_same(document: Any) -> None:
    assert loads(dumps(document), where="here") == document


def test_a_text_of_several_lines_is_written_as_one() -> None:
    assert dumps({"body": "ISA*00~\nGS*SM~\n"}) == "body: |\n  ISA*00~\n  GS*SM~\n"


@pytest.mark.parametrize(
    "word",
    ["2026-02-02T14:00:00Z", "2026-02-02", "12:30", "12:30:45", "NO", "yes", "on", "0o7", "017", "1_000", "0x1F", "="],
)
def test_words_and_times_stay_text(word: str) -> None:
    assert loads(f"at: {word}", where="here") == {"at": word}


def test_numbers_are_those_of_json() -> None:
    text = "[0, -7, 1.50, 1e5, -2.5E-3, true, null, ~]"
    assert loads(text, where="here") == [0, -7, 1.5, 100000.0, -0.0025, True, None, None]


@given(DOCUMENTS)
def test_yaml_at_large_reads_the_same(document: Any) -> None:
    """Other tools read our files by the rules of YAML 1.1."""
    assert yaml.safe_load(dumps(document)) == document


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x", "line 1: expected no anchors"),
        ("a: !!python/object/apply:os.system ['true']", "line 1: expected no tags, seen tag:yaml.org,2002:python"),
        ("a: !!binary aGVsbG8=", "expected no tags"),
        ("a: !!set {b}", "expected no tags"),
        ("a: !own b", "expected no tags, seen !own"),
        ("a: 1\na: 2", "line 2: 'a' stands twice"),
        ("a: .inf", "line 1: expected a finite number"),
        ("a: [1, -.nan, .nan]", "line 1: expected a finite number"),
        ("a: 1e999", "line 1: expected a finite number"),
        ("a: " + "1" * 5000, "Exceeds the limit"),
        ('a: "\\ud800"', "invalid Unicode character"),
        ("a: \x00", "control characters"),
        ("1: one", "expected a key that is text"),
        ("[a]: one", "expected a key that is text"),
        ("a: [1", "expected ',' or ']'"),
        ("[" * (DEPTH_MAX + 2), f"nested deeper than {DEPTH_MAX}"),
        ("<<: {a: 1}\nb: 2", "expected a key that is text"),
    ],
)
def test_what_is_not_plain_data_is_refused(text: str, said: str) -> None:
    with pytest.raises(Unreadable, match=r"^here[:,]") as refused:
        loads(text, where="here")
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_an_error_and_not_an_empty_document(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        read_text(tmp_path / "cassette.yaml")


def test_size_and_encoding_are_held(tmp_path: Path) -> None:
    file = tmp_path / "trace.yaml"
    file.write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(Unreadable, match="line 1: expected UTF-8"):
        read_text(file)
    file.write_text("a: " + "x" * 100)
    with pytest.raises(Unreadable, match="at most 50 bytes"):
        read_text(file, bytes_max=50)
