"""A folder with one valid trace, to be changed by the tests."""

from pathlib import Path

import pytest

OLD_TRACE = """\
# What people wrote.
contract: 1
id: one
title: The one trace
clock: {starts_at: "2026-02-02T14:00:00+00:00"}
ids: {seed: 7}
partners: [{id: T1, tier: 3}]
inputs:
  # the first
  - {at_s: 0, kind: signal, partner: T1, content_type: text/plain, body: hello}
  - {at_s: 1.5, kind: signal, partner: T1, content_type: text/plain, body: again}
"""
TRACE = """\
# What people wrote.
format: 2
id: one
title: The one trace
made:
  how: recorded
  source: run 7
  at: "2026-02-03T10:00:00+01:00"
  faults: [kill database-primary]
covers: [original, two-inputs]
clock: {starts_at: "2026-02-02T14:00:00+00:00"}
ids: {seed: 7}
partners: [{id: T1, tier: 3}]
inputs:
  # the first
  - {at_s: 0, kind: signal, partner: T1, content_type: text/plain, body: hello}
  - {at_s: 1.5, kind: signal, partner: T1, content_type: text/plain, body: again}
end_to_end: false
# Why it is so:
approvals:
  - {at: "2026-02-04T10:00:00+00:00", by: Ada, why: it is right, commit: abc123}
baseline:
  answers: [1, 2.5, null, "x"]
"""
CASSETTE = """\
version: 1
interactions:
- request: {method: GET, uri: "http://there.invalid/", headers: {}, body: ''}
  response: {status: {code: 200, message: OK}, headers: {}, body: {string: fine}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`traces/one`, valid, with everything that can be said."""
    return written(tmp_path / "traces" / "one", TRACE, CASSETTE)


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    """`traces/one` in format 1, without a baseline."""
    return written(tmp_path / "traces" / "one", OLD_TRACE, CASSETTE)


def written(folder: Path, trace: str, cassette: str) -> Path:
    """A folder with these two files."""
    folder.mkdir(parents=True)
    (folder / "trace.yaml").write_text(trace, encoding="utf-8")
    (folder / "cassette.yaml").write_text(cassette, encoding="utf-8")
    return folder
