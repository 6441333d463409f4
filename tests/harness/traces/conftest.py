"""A folder with one valid trace, to be changed by the tests."""

from pathlib import Path

import pytest

TRACE = """\
# What people wrote.
contract: 1
id: one
title: The one trace
clock: {starts_at: "2026-02-02T14:00:00+00:00"}
ids: {seed: 7}
partners: [{id: T1, tier: 3}]
inputs:
  - {at_s: 0, kind: signal, partner: T1, content_type: text/plain, body: hello}
  - {at_s: 1.5, kind: signal, partner: T1, content_type: text/plain, body: again}
"""
CASSETTE = """\
version: 1
interactions:
- request: {method: GET, uri: "http://there.invalid/", headers: {}, body: ''}
  response: {status: {code: 200, message: OK}, headers: {}, body: {string: fine}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`traces/one`, valid, without a baseline."""
    folder = tmp_path / "traces" / "one"
    folder.mkdir(parents=True)
    (folder / "trace.yaml").write_text(TRACE)
    (folder / "cassette.yaml").write_text(CASSETTE)
    return folder
