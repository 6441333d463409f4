"""A trace is written in its place: what people wrote stays where it still holds, and both files change together."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.replaying.all_or_nothing import JOURNAL
from harness.replaying.keeping import keep
from harness.traces import Approval, Cassette, Trace, load_trace

TRACE_YAML = """\
# why this is here
format: 2
id: shop/one
title: T
made: {how: written}
clock: {starts_at: "2026-02-02T14:00:00+00:00"}
ids: {seed: 1}
partners: []
inputs: [{at_s: 0, kind: signal, partner: T1, content_type: text/plain, body: x}]  # what came in
"""
APPROVAL = Approval(at=datetime(2026, 3, 1, tzinfo=UTC), by="A. Developer", why="it is right")


@pytest.fixture
def draft(tmp_path: Path) -> Trace:
    folder = tmp_path / "traces" / "shop" / "one"
    folder.mkdir(parents=True)
    (folder / "trace.yaml").write_text(TRACE_YAML)
    return load_trace(folder, root=tmp_path / "traces", without_cassette=True)


def loaded(trace: Trace) -> Trace:
    assert trace.folder is not None
    return load_trace(trace.folder, root=trace.folder.parent.parent)


def text_of(trace: Trace) -> str:
    assert trace.folder is not None
    return (trace.folder / "trace.yaml").read_text()


def test_the_first_baseline_is_added_below_what_people_wrote(draft: Trace, trace: Trace) -> None:
    whole = replace(draft, baseline={"seen": 1}, cassette=trace.cassette)
    keep(whole, draft, None)
    assert text_of(draft) == TRACE_YAML + "baseline:\n  seen: 1\n"
    assert loaded(draft) == whole


def test_what_changed_above_is_written_anew_with_all_approvals(draft: Trace, trace: Trace) -> None:
    keep(replace(draft, baseline=1, cassette=trace.cassette), draft, APPROVAL)
    once = loaded(draft)
    keep(replace(once, title="Another", baseline=2, cassette=Cassette()), once, replace(APPROVAL, why="better"))
    found = loaded(draft)
    assert (found.title, found.baseline, found.cassette) == ("Another", 2, Cassette())
    assert [one.why for one in found.approvals] == ["it is right", "better"]
    assert "why this is here" not in text_of(draft)


def test_killed_in_its_middle_it_leaves_the_old_ones_to_be_put_back(
    draft: Trace, trace: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(replace(draft, baseline=1, cassette=trace.cassette), draft, None)
    once = loaded(draft)
    moved: list[Path] = []
    real = Path.replace

    def second_fails(self: Path, target: Path) -> Path:
        if self.suffix == ".new" and JOURNAL in self.parts:
            moved.append(self)
            if len(moved) == 2:
                raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", second_fails)
    with pytest.raises(KeyboardInterrupt):
        keep(replace(once, baseline=2, cassette=Cassette()), once, None)
    monkeypatch.undo()
    assert once.folder is not None
    root = once.folder.parent.parent
    assert (root / JOURNAL).exists()
    keep(replace(once, baseline=3), once, None)
    assert loaded(draft) == replace(once, baseline=3)
