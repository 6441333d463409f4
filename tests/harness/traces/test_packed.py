"""Packed files: the same bytes both ways, a stream, and an error that says how far it came for whatever is wrong."""

import gzip
import hashlib
import json
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.traces import Trace, Unreadable, iter_traces, load_trace, load_traces, pack, packed, save_trace, unpack
from tests.harness.traces.conftest import CASSETTE, OLD_TRACE, TRACE, written
from tests.harness.traces.made_traces import TRACES
from tests.harness.traces.test_folders import MUTATIONS, mutated


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def corpus(root: Path, count: int = 5) -> Path:
    """A folder of traces: some as we write them, some with comments, some in the older format."""
    for number in range(count):
        name = f"kind{number % 2}/t{number:04}"
        old = OLD_TRACE if number % 3 else TRACE
        written(root / name, old.replace("id: one", f"id: {name}"), CASSETTE)
        if number % 4 == 0:
            save_trace(load_trace(root / name, root=root), root)
    return root


def test_a_folder_comes_out_as_it_went_in(tmp_path: Path) -> None:
    root = corpus(tmp_path / "traces")
    assert pack(root, tmp_path / "corpus") == 5
    assert unpack(tmp_path / "corpus", tmp_path / "again") == 5
    assert contents(tmp_path / "again") == contents(root)
    pack(tmp_path / "again", tmp_path / "corpus2")
    assert (tmp_path / "corpus2").read_bytes() == (tmp_path / "corpus").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "corpus", "corpus2", "traces"]


@settings(max_examples=25)
@given(st.lists(TRACES, max_size=4, unique_by=lambda trace: trace.id))
def test_any_traces_both_ways(traces: list[Trace]) -> None:
    traces = sorted(traces, key=lambda trace: trace.id)
    with TemporaryDirectory() as name:
        file, folder = Path(name) / "corpus", Path(name) / "traces"
        assert pack(iter(traces), file) == len(traces)
        assert list(packed.iter_packed(file)) == traces
        if traces:
            unpack(file, folder)
            pack(folder, file)
            assert [trace.id for trace in iter_traces(file)] == [trace.id for trace in iter_traces(folder)]
            unpack(file, Path(name) / "again")
            assert contents(Path(name) / "again") == contents(folder)


def test_both_forms_are_read_alike(tmp_path: Path) -> None:
    root = corpus(tmp_path / "traces")
    pack(root, tmp_path / "corpus")
    assert [trace.in_folder(None) for trace in iter_traces(root)] == list(iter_traces(tmp_path / "corpus"))
    with pytest.raises(Unreadable, match="seen none"):
        list(iter_traces(tmp_path / "nowhere"))


def many(count: int, trace: Trace, *, size: int = 1) -> Iterator[Trace]:
    return (replace(trace, id=f"t{number:06}", baseline=list(range(size))) for number in range(count))


def peak(work: Callable[[], object]) -> int:
    """Bytes that were in use at once while it worked."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_memory_is_that_of_one_trace(folder: Path, tmp_path: Path) -> None:
    trace, file = load_trace(folder), tmp_path / "corpus"

    def peaks(count: int) -> tuple[int, int]:
        return peak(lambda: pack(many(count, trace, size=1_000), file)), peak(
            lambda: deque(iter_traces(file), maxlen=0)
        )

    few, more = peaks(10), peaks(150)
    assert more[0] < 2 * few[0]
    assert more[1] < 2 * few[1]


@pytest.mark.parametrize("ids", [["b", "a"], ["a", "a"]])
def test_ids_rise(folder: Path, tmp_path: Path, ids: list[str]) -> None:
    trace = load_trace(folder)
    target = tmp_path / "corpus"
    target.write_text("what was there")
    with pytest.raises(ValueError, match=f"seen 'a' after '{ids[0]}'"):
        pack((replace(trace, id=one) for one in ids), target)
    assert target.read_text() == "what was there"
    assert not list(tmp_path.glob(".*"))


def test_a_trace_that_cannot_be_read_is_not_packed(folder: Path, tmp_path: Path) -> None:
    (folder / "cassette.yaml").write_text("version: 1\ninteractions: [")
    with pytest.raises(Unreadable, match=r"cassette.yaml, line 3"):
        pack(folder.parent, tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()


def test_a_file_that_is_cut_off_says_after_which_trace(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "corpus"
    pack(many(40, load_trace(folder)), file)
    whole = file.read_bytes()
    told = set()
    for length in range(0, len(whole), max(1, len(whole) // 60)):
        file.write_bytes(whole[:length])
        ids = []
        with pytest.raises(Unreadable) as refused:
            ids += [trace.id for trace in iter_traces(file)]
        told.add(str(refused.value))
    assert all("cut off" in one or "damaged" in one for one in told), told
    assert len(told) > 5, "and each time after another trace"
    with pytest.raises(Unreadable, match=r"after trace \d+ \(t0000\d\d\): the file is cut off here"):
        unpack(file, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "traces"]


@settings(max_examples=100)
@given(MUTATIONS, st.booleans())
def test_whatever_happened_to_a_file_it_is_whole_or_refused(
    mutations: list[tuple[str, float, bytes]], inside: bool
) -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        pack(corpus(root / "traces", 3), root / "corpus")
        whole = (root / "corpus").read_bytes()
        before = list(iter_traces(root / "corpus"))
        changed = gzip.compress(mutated(gzip.decompress(whole), mutations)) if inside else mutated(whole, mutations)
        (root / "corpus").write_bytes(changed)
        try:
            after = list(iter_traces(root / "corpus"))
        except Unreadable as refused:
            assert str(root / "corpus") in str(refused)  # noqa: PT017 -- whether it is refused is open, how is not
        else:
            assert after == before, "what is read is what was written"


def signed(*documents: Any, count: int | None = None) -> bytes:
    """A packed file whose digests are right, whatever it says."""
    head = b'{"packed":1}\n'
    lines = [head]
    for document in documents:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        lines.append(hashlib.sha256(body).hexdigest().encode() + b" " + body + b"\n")
    last = json.dumps(
        {"count": len(documents) if count is None else count, "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    ).encode()
    lines.append(hashlib.sha256(last).hexdigest().encode() + b" " + last + b"\n")
    return gzip.compress(b"".join(lines), mtime=0)


def document(folder: Path, **changed: Any) -> dict[str, Any]:
    file = folder.parent.parent / "one"
    pack(folder.parent, file)
    line = gzip.decompress(file.read_bytes()).splitlines()[1]
    found: dict[str, Any] = json.loads(line[65:])
    return found | changed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "../one"}, "id: expected"),
        ({"id": "two"}, "expected the id 'two'"),
        ({"path": "/etc"}, "path: no such field"),
        ({"texts": {"../../evil": "x"}}, "no such field"),
        ({"texts": {"trace.yaml": 5}}, "texts.trace.yaml: expected text"),
        ({"cassette": {"version": 1}}, "interactions: missing"),
        ({"trace": []}, "expected an object"),
    ],
)
def test_what_it_says_is_not_believed(folder: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "corpus"
    file.write_bytes(signed(document(folder, **change)))
    with pytest.raises(Unreadable) as refused:
        list(iter_traces(file))
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{file}, trace 1")


@pytest.mark.parametrize(
    "texts",
    [
        {"trace.yaml": TRACE.replace("hello", "other")},
        {"cassette.yaml": "version: 1\ninteractions: []\n"},
        {"trace.yaml": "a: ["},
    ],
)
def test_files_that_do_not_say_what_is_replayed_are_not_unpacked(
    folder: Path, tmp_path: Path, texts: dict[str, str]
) -> None:
    file = tmp_path / "corpus"
    file.write_bytes(signed(document(folder, texts=texts)))
    with pytest.raises(Unreadable):
        unpack(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "before the first trace"),
        (b"no gzip at all", "no packed file"),
        (gzip.compress(b"", mtime=0), "empty, or cut off here"),
        (gzip.compress(b'{"packed":2}\n', mtime=0), "expected a packed file of version 1"),
        (gzip.compress(b'{"packed":1}\n', mtime=0), "its last line is missing"),
        (gzip.compress(b"[" * 100_000 + b"\n", mtime=0), "is no JSON"),
        (signed(b"NaN"), "is no JSON: expected finite numbers"),
        (signed(b'{"id":"\\ud800"}'), "is no JSON"),
        (signed([]), "expected an object a line"),
        (signed(count=3), "the last line says"),
        (signed() + b"x" * 50, "damaged here"),
        (signed() + gzip.compress(b"more\n", mtime=0), "something follows the last line"),
    ],
)
def test_what_is_no_packed_file_is_refused(tmp_path: Path, raw: bytes, said: str) -> None:
    file = tmp_path / "corpus"
    file.write_bytes(raw)
    with pytest.raises(Unreadable) as refused:
        list(iter_traces(file))
    assert said in str(refused.value)


def test_lines_and_expansion_are_limited(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kilobyte that becomes gigabytes is given up before it is in memory."""
    file = tmp_path / "corpus"
    file.write_bytes(gzip.compress(b'{"packed":1}\n' + b"x" * 26_000_000, compresslevel=1))
    with pytest.raises(Unreadable, match="expected lines of at most"):
        list(iter_traces(file))
    pack(many(30, load_trace(folder)), file)
    monkeypatch.setattr(packed, "EXPANDED_BYTES_MAX", 10_000)
    with pytest.raises(Unreadable, match=r"after trace \d+ .*expected at most 10000 bytes in all"):
        list(iter_traces(file))
    monkeypatch.setattr(packed, "LINE_BYTES_MAX", 500)
    with pytest.raises(ValueError, match="too many for one trace"):
        pack(many(1, load_trace(folder)), file)


def test_nothing_is_unpacked_over_what_is_there(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "corpus"
    pack(folder.parent, file)
    with pytest.raises(FileExistsError, match="unpack into a new folder"):
        unpack(file, folder.parent)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert unpack(file, empty) == 1
    assert load_traces(empty)[0].id == "one"
