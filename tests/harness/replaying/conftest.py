"""A target whose entries are in `entries.py` beside this file, and a trace for them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.replaying.runner_process import Target
from harness.traces import Cassette, Input, Interaction, Request, Response, Trace

HERE = Path(__file__).parent


@pytest.fixture
def target() -> Callable[[str], Target]:
    """The target of one entry."""
    return lambda name: Target(entry=f"entries:{name}", directory=HERE)


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """One input, one recorded answer, and a baseline that `echo` gives."""
    recorded = Interaction(
        request=Request(method="GET", uri="http://there.invalid/"), response=Response(status=200, body="fine")
    )
    return Trace(
        id="one",
        title="One",
        starts_at=datetime(2026, 2, 2, tzinfo=UTC),
        seed=1,
        partners=({"id": "T1"},),
        inputs=(Input(at_s=0.0, kind="signal", partner="T1", content_type="text/plain", body="héllo\u2028\n"),),
        cassette=Cassette(interactions=(recorded,)),
        baseline={"bodies": ["héllo\u2028\n"]},
        folder=tmp_path,
    )
