"""How a clone stands: its commit, its files as they are committed, and what is not."""

import asyncio
from pathlib import Path

from harness.clock import Clock
from harness.history import History, Kind
from harness.probes import CloneProbe
from tests.harness.clones import make_clone


def test_what_is_committed_and_what_is_not(tmp_path: Path) -> None:
    clone = make_clone(tmp_path)
    history, probe = History(), CloneProbe(called="stands", paths=("shop.txt",))
    asyncio.run(probe.observe(clone, history, Clock()))
    (tmp_path / "shop.txt").write_text("price = 2\n")
    (tmp_path / "other.txt").write_text("")
    asyncio.run(probe.observe(clone, history, Clock()))
    clone.git("commit", "--quiet", "--all", "--message=dearer")
    asyncio.run(probe.observe(clone, history, Clock()))
    first, second, third = (event.value for event in history.where(kind=Kind.PROBE, action="stands"))
    assert (first["head"], first["uncommitted"]) == (second["head"], [])
    assert second["uncommitted"] == [" M shop.txt"]
    assert first["ids"] == second["ids"] != third["ids"]
    assert third["head"] == clone.git("rev-parse", "HEAD").strip()
