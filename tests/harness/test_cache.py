"""Where caches lie."""

from pathlib import Path

import pytest

from harness.cache import cache_folder


def test_a_folder_a_kind_below_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder("results") == Path("/somewhere/drill-harness/results")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/one")
    assert cache_folder("results") == Path("/home/one/.cache/drill-harness/results")
