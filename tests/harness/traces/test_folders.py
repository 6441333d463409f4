"""Folders of traces: loaded whole or refused, and rewritten without touching what people wrote."""

import json
import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.traces import (
    Approval,
    Cassette,
    Trace,
    Unreadable,
    iter_headings,
    load_trace,
    load_traces,
    migrate,
    save_baseline,
    save_cassette,
    save_trace,
)
from harness.traces.recordings import cassette_document
from harness.traces.strict_yaml import dumps, loads
from tests.harness.traces.conftest import CASSETTE, TRACE, written
from tests.harness.traces.documents import DOCUMENTS
from tests.harness.traces.made_traces import MOMENTS, SOME, TRACES


def names_below(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_trace_is_loaded(folder: Path) -> None:
    trace = load_trace(folder)
    assert (trace.id, trace.folder) == ("one", folder)
    assert (trace.made.how, trace.made.source, trace.made.faults) == ("recorded", "run 7", ("kill database-primary",))
    assert trace.covers == ("original", "two-inputs")
    assert trace.end_to_end is False
    assert [one.by for one in trace.approvals] == ["Ada"]
    assert trace.baseline == {"answers": [1, 2.5, None, "x"]}
    assert [one.at_s for one in trace.inputs] == [0.0, 1.5]


@given(TRACES)
def test_it_loads_what_it_saved(trace: Trace) -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        saved = save_trace(trace, root)
        assert saved.folder == root / trace.id
        loaded = load_trace(root / trace.id, root=root)
        assert cassette_document(loaded.cassette) == cassette_document(trace.cassette)
        assert loaded.with_cassette(trace.cassette) == saved
        assert names_below(root) == [f"{trace.id}/cassette.yaml", f"{trace.id}/trace.yaml"]
        texts = [(root / file).read_bytes() for file in names_below(root)]
        save_trace(loaded, root)
        assert [(root / file).read_bytes() for file in names_below(root)] == texts, "saving it again changes nothing"


@given(TRACES)
def test_a_heading_is_the_trace_without_baseline_and_answers(trace: Trace) -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        saved = save_trace(trace, root)
        assert list(iter_headings(root)) == [saved.with_baseline(None).with_cassette(Cassette())]


def test_a_heading_is_read_from_a_file_that_is_laid_out_otherwise(old_folder: Path) -> None:
    (heading,) = iter_headings(old_folder.parent)
    assert heading == load_trace(old_folder).with_baseline(None).with_cassette(Cassette())


@given(DOCUMENTS, st.none() | st.builds(Approval, at=MOMENTS, by=SOME, why=SOME))
def test_a_baseline_is_renewed_and_what_people_wrote_stays(output: Any, approval: Approval | None) -> None:
    with TemporaryDirectory() as name:
        folder = written(Path(name) / "one", TRACE, CASSETTE)
        before = load_trace(folder)
        save_baseline(before, output, approval=approval)
        after = load_trace(folder)
        assert after.baseline == output
        assert after.approvals == (*before.approvals, *([approval] if approval else []))
        text = (folder / "trace.yaml").read_text()
        assert text.startswith(TRACE.partition("approvals:" if approval else "baseline:")[0])
        assert names_below(folder) == ["cassette.yaml", "trace.yaml"]


def test_an_old_file_is_given_a_baseline_and_keeps_its_format_until_somebody_approves(old_folder: Path) -> None:
    above = (old_folder / "trace.yaml").read_text()
    save_baseline(load_trace(old_folder), {"answers": [1]})
    save_baseline(load_trace(old_folder), {"answers": [2], "text": "baseline: not the key"})
    assert (old_folder / "trace.yaml").read_text().startswith(above)
    approval = Approval(at=load_trace(old_folder).starts_at, by="Ada", why="because")
    save_baseline(load_trace(old_folder), {"answers": [3]}, approval=approval)
    loaded = load_trace(old_folder)
    assert (loaded.baseline, loaded.approvals) == ({"answers": [3]}, (approval,))


def test_an_older_format_is_rewritten_and_comments_stay(old_folder: Path) -> None:
    before = load_trace(old_folder)
    assert migrate(old_folder)
    text = (old_folder / "trace.yaml").read_text()
    assert text.startswith("# What people wrote.\nformat: 2\nmade: {how: written}\nid: one\n")
    assert "  # the first\n" in text
    assert load_trace(old_folder) == before
    assert not migrate(old_folder), "once is enough"


def test_a_file_that_cannot_be_rewritten_safely_is_left_alone(old_folder: Path) -> None:
    path = old_folder / "trace.yaml"
    path.write_text(f"{{{', '.join(dumps(loads(path.read_text(), where='')).splitlines()[:1])}, id: one}}")
    text = path.read_text()
    with pytest.raises(Unreadable):
        migrate(old_folder)
    assert path.read_text() == text


def test_whoever_is_killed_while_writing_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_trace(folder)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os if name == "fsync" else Path, name, killed)
            with pytest.raises(KeyboardInterrupt):
                save_baseline(before, {"answers": ["new"]})
        assert load_trace(folder) == before
        assert names_below(folder) == ["cassette.yaml", "trace.yaml"]


def test_what_lies_in_the_way_of_writing_is_not_written_through(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (folder / ".trace.yaml.new").symlink_to(victim)
    save_baseline(load_trace(folder), {"answers": ["new"]})
    assert victim.read_text() == "untouched"
    assert load_trace(folder).baseline == {"answers": ["new"]}


def test_a_trace_is_saved_nowhere_but_below_its_root(folder: Path, tmp_path: Path) -> None:
    trace = load_trace(folder)
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "kinds").symlink_to(outside)
    for trace_id in ("../one", "kinds/one", "/tmp/one"):
        with pytest.raises(ValueError, match=r"no id of a trace|lies outside"):
            save_trace(replace(trace, id=trace_id), root)
    assert names_below(outside) == []


def test_a_cassette_is_saved(folder: Path) -> None:
    trace = load_trace(folder)
    save_cassette(trace.with_cassette(Cassette(interactions=trace.cassette.interactions * 2)))
    assert len(load_trace(folder).cassette.interactions) == 2


def test_a_trace_without_a_folder_is_not_saved_in_place(folder: Path) -> None:
    with pytest.raises(ValueError, match="unpack it first"):
        save_baseline(load_trace(folder).in_folder(None), {})


def test_traces_in_folders_of_folders_are_named_by_their_path(folder: Path) -> None:
    root = folder.parent
    for name in ("a-b", "a/c", "kinds/one"):
        deeper = root / name
        deeper.mkdir(parents=True)
        for file in ("trace.yaml", "cassette.yaml"):
            (deeper / file).write_text((folder / file).read_text().replace("id: one", f"id: {name}"))
    assert [trace.id for trace in load_traces(root)] == ["a-b", "a/c", "kinds/one", "one"]


def test_no_traces_at_all_is_an_error(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Unreadable, match="seen none"):
            load_traces(place)


def test_a_missing_cassette_is_an_error_but_for_recording(folder: Path) -> None:
    (folder / "cassette.yaml").unlink()
    with pytest.raises(Unreadable, match="No such file"):
        load_trace(folder)
    assert load_trace(folder, without_cassette=True).cassette.interactions == ()


def test_an_unreadable_cassette_is_never_an_absent_one(folder: Path) -> None:
    path = folder / "cassette.yaml"
    for make in (
        lambda: path.write_text("version: 1\ninteractions: ["),
        lambda: path.symlink_to(folder / "nowhere"),
        path.mkdir,
        lambda: os.mkfifo(path),
    ):
        path.unlink() if path.is_file() or path.is_symlink() else path.rmdir()
        make()
        for without_cassette in (False, True):
            with pytest.raises(Unreadable):
                load_trace(folder, without_cassette=without_cassette)


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("token: not to be told")
    (folder / "trace.yaml").unlink()
    (folder / "trace.yaml").symlink_to(secret)
    with pytest.raises(Unreadable, match="links are not followed") as refused:
        load_traces(folder.parent)
    assert "not to be told" not in str(refused.value)


def test_a_folder_behind_a_link_is_no_trace(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "two"
    elsewhere.mkdir(parents=True)
    for file in ("trace.yaml", "cassette.yaml"):
        (elsewhere / file).write_text((folder / file).read_text().replace("id: one", "id: two"))
    (folder.parent / "two").symlink_to(elsewhere)
    try:
        loaded = load_traces(folder.parent)
    except Unreadable as refused:
        assert "seen a link" in str(refused)  # noqa: PT017 -- either way the link leads nowhere
    else:
        assert [trace.id for trace in loaded] == ["one"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("format: 2", "format: 9", 2, "format: this is format 9"),
        ("id: one", "id: other", 3, "id: expected the id 'one', after its folder, seen 'other'"),
        ("title: The one trace", "title: 5", 4, "title: expected text (quote it), seen 5"),
        ("how: recorded", "how: guessed", 6, "made.how: expected recorded or written, seen 'guessed'"),
        ("how: recorded", "who: me", 6, "made.who: no such field; there are at, faults, how, source"),
        ("two-inputs]", "Two Inputs]", 10, "covers[1]: expected a short word"),
        ("2026-02-02T14:00:00+00:00", "2026-02-02T14:00:00", 11, "clock.starts_at: expected a time with its zone"),
        ("2026-02-02T14:00:00+00:00", "0026-02-02T14:00:00Z", 11, "clock.starts_at: expected a year from 1970"),
        ("seed: 7", "seed: yes", 12, "ids.seed: expected a whole number from 0 to 2147483647, seen 'yes'"),
        ("seed: 7", "seed: -1", 12, "ids.seed: expected a whole number"),
        ("[{id: T1, tier: 3}]", "[{tier: 3}]", 13, "partners[0].id: missing"),
        ("at_s: 1.5", "at_s: -1", 17, "inputs[1].at_s: expected a number from 0 to"),
        ("at_s: 1.5", "at_s: .inf", 17, "expected a finite number"),
        ("at_s: 0,", "at_s: 2,", 17, "inputs[1].at_s: expected a number from 2 to"),
        ("partner: T1, content_type: text/plain, body: hello", "body: x", 16, "inputs[0].partner: missing"),
        ("body: hello", "body: ''", 16, "inputs[0].body: expected text, seen ''"),
        ("body: hello", "body: 5", 16, "inputs[0].body: expected text"),
        ("body: hello", "bodies: hello", 16, "inputs[0].bodies: no such field"),
        ("end_to_end: false", "end_to_end: no", 18, "end_to_end: expected true or false, seen 'no'"),
        ("by: Ada, ", "", 21, "approvals[0].by: missing"),
        ("# What people wrote.", "extra: 1", 1, "extra: no such field"),
        ("baseline:\n", "baseline:\n  same: 1\n  same: 2\n", 24, "'same' stands twice"),
        ("baseline:\n", "b: &x\n", 22, "expected no anchors"),
        ("# What people wrote.", "baseline: 1", 22, "'baseline' stands twice"),
    ],
)
def test_what_is_no_trace_is_refused_with_file_line_and_field(
    folder: Path, old: str, new: str, line: int, said: str
) -> None:
    path = folder / "trace.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(Unreadable) as refused:
        load_trace(folder)
    assert str(refused.value).startswith(f"{path}, line {line}: ")
    assert said in str(refused.value)


def test_a_baseline_stands_last(folder: Path) -> None:
    path = folder / "trace.yaml"
    path.write_text(path.read_text().replace("end_to_end: false\n", "") + "end_to_end: false\n")
    with pytest.raises(Unreadable, match=r"line 19: approvals: expected to stand last in the file, seen end_to_end"):
        load_trace(folder)


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["cut", "insert", "replace", "repeat", "end"]),
        st.floats(0, 1),
        st.binary(max_size=3)
        | st.sampled_from([b"\n", b": ", b"- ", b"{", b"!!binary ", b"&a ", b"*a", b"'", b"\xff", b"|"]),
    ),
    min_size=1,
    max_size=3,
)


def mutated(raw: bytes, mutations: list[tuple[str, float, bytes]]) -> bytes:
    """A file that something happened to."""
    for what, where, piece in mutations:
        at = int(where * len(raw))
        match what:
            case "cut":
                raw = raw[:at] + raw[at + len(piece) + 1 :]
            case "insert":
                raw = raw[:at] + piece + raw[at:]
            case "replace":
                raw = raw[:at] + piece + raw[at + len(piece) :]
            case "repeat":
                raw = raw[:at] + raw[at // 2 :]
            case "end":
                raw = raw[:at]
    return raw


@settings(max_examples=300)
@given(st.sampled_from(["trace.yaml", "cassette.yaml"]), MUTATIONS)
def test_whatever_happened_to_a_file_it_is_read_or_unreadable_never_absent(
    file: str, mutations: list[tuple[str, float, bytes]]
) -> None:
    with TemporaryDirectory() as name:
        folder = written(Path(name) / "one", TRACE, CASSETTE)
        (folder / file).write_bytes(mutated((folder / file).read_bytes(), mutations))
        read_or_refused(folder, file)


@given(st.data())
def test_whatever_stands_in_a_field_is_read_or_unreadable(data: st.DataObject) -> None:
    documents = {"trace.yaml": loads(TRACE, where=""), "cassette.yaml": loads(CASSETTE, where="")}
    file = data.draw(st.sampled_from(sorted(documents)))
    holder: Any = documents
    step: Any = file
    while isinstance(holder[step], dict | list) and holder[step] and data.draw(st.integers(0, 3)):
        holder = holder[step]
        step = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[step] = data.draw(DOCUMENTS | st.floats() | st.text() | st.integers())
    with TemporaryDirectory() as name:
        texts = [json.dumps(documents[file]) for file in ("trace.yaml", "cassette.yaml")]  # JSON is YAML
        read_or_refused(written(Path(name) / "one", *texts), file)


def read_or_refused(folder: Path, file: str) -> None:
    try:
        (trace,) = load_traces(folder.parent)
    except Unreadable as refused:
        assert str(folder / file) in str(refused)  # noqa: PT017 -- whether it is refused is open, how is not
    else:
        assert trace.id == "one"
        json.dumps(trace.to_contract())
