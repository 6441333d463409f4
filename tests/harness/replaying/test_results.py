"""Kept results: what is kept, what a broken entry is worth, and how much there can be."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.replaying import results
from harness.replaying.comparison import ReplayResult
from harness.replaying.results import Results
from harness.traces import digest

CALL = {"request": {"method": "GET", "uri": "http://there.invalid/"}}


@pytest.fixture
def kept(tmp_path: Path) -> Results:
    return Results(folder=tmp_path / "replays")


def files(kept: Results) -> list[Path]:
    return [path for path in kept.folder.rglob("*") if path.is_file()]


def clean(output: object) -> ReplayResult:
    return ReplayResult(trace="one", output=output)


def test_what_was_kept_is_found_under_its_key_alone(kept: Results) -> None:
    key = digest({"code": "a", "trace": "t"})
    assert kept.get(key, "one") is None
    kept.put(key, clean({"a": [1, 2.0, None, "\u2028"]}))
    assert kept.get(key, "one") == clean({"a": [1, 2.0, None, "\u2028"]})
    assert kept.get(digest({"code": "b", "trace": "t"}), "one") is None


def test_a_key_is_no_path(kept: Results) -> None:
    key = digest({"code": "../../../etc", "trace": "a/b"})
    kept.put(key, clean(1))
    assert [path.relative_to(kept.folder).as_posix() for path in files(kept)] == [f"{key[:2]}/{key[2:]}"]
    assert kept.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("wrong", [{"error": "it fell"}, {"unmatched": (CALL,)}, {"unused": (CALL,)}])
def test_what_is_not_clean_is_not_kept(kept: Results, wrong: dict[str, object]) -> None:
    kept.put(digest({}), ReplayResult(trace="one", output=1, **wrong))  # type: ignore[arg-type]
    assert kept.get(digest({}), "one") is None
    assert not kept.folder.exists()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_an_entry_that_was_damaged_is_none(kept: Results, data: st.DataObject) -> None:
    key = digest({"some": "replay"})
    kept.put(key, clean({"weight": 4200, "state": "EXECUTED"}))
    (path,) = files(kept)
    whole = path.read_bytes()
    line_end = whole.index(b"\n")
    at = data.draw(st.integers(0, len(whole) - 1) | st.just(line_end))
    damage: Callable[[bytes], bytes] = data.draw(
        st.sampled_from(
            [
                lambda content: content[:at],
                lambda content: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
                lambda content: content + b" ",
                lambda content: content[:at] + b"\xff\x00" + content[at:],
            ]
        )
    )
    path.write_bytes(damage(whole))
    assert kept.get(key, "one") is None
    kept.put(key, clean({"weight": 4200, "state": "EXECUTED"}))
    assert kept.get(key, "one") is not None


def test_the_folder_is_bounded_and_what_was_used_last_stays(kept: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_SHARDS", 1)
    monkeypatch.setattr(results, "_LOOK_EVERY", 1)
    kept.entries_max, kept.bytes_max = 10, 10_000
    keys = [f"aa{number:062x}" for number in range(40)]
    for age, key in enumerate(keys):
        kept.put(key, clean(age))
        os.utime(kept.folder / "aa" / key[2:], (1e9 + age, 1e9 + age))
        assert len(files(kept)) <= 11
    assert kept.get(keys[-1], "one") == clean(39)
    assert kept.get(keys[0], "one") is None
    kept.put(keys[0], clean("x" * 20_000))
    assert kept.get(keys[0], "one") is None, "larger than all that there is room for"
    for number, key in enumerate(keys):
        kept.put(key, clean(f"{number} {'x' * 4_000}"))
        assert sum(path.stat().st_size for path in files(kept)) <= 15_000


def test_a_folder_that_cannot_be_written_fails_no_replay(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = Results(folder=tmp_path / "file" / "replays")
    kept.put(digest({}), clean(1))
    assert kept.get(digest({}), "one") is None
