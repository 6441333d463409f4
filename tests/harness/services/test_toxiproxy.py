"""Toxiproxy is built once, by whoever comes first; what goes wrong is told; a build that was killed leaves nothing."""

import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.proxy import API_VERSION
from harness.services import toxiproxy
from harness.services.base import ServiceFault

RIGHT = f"\tmod\t{toxiproxy.MODULE}\tv{API_VERSION}\t{toxiproxy.SUM}"


def pretend_go(folder: Path, monkeypatch: pytest.MonkeyPatch, install: str = "", module: str = RIGHT) -> Path:
    """A `go` that writes down how it was called and builds a program of one line; returns its notes."""
    notes, go = folder / "notes", folder / "bin" / "go"
    go.parent.mkdir()
    go.write_text(
        f"""#!/bin/sh
echo "$@" >> {notes}
case $1 in
    install) {install or 'echo built > "$GOBIN/server"'} ;;
    version) printf '{module}\\n' ;;
esac
"""
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return notes


def left(folder: Path) -> list[str]:
    """What lies in the cache."""
    return sorted(path.name for path in (folder / "cache" / "drill-harness" / "toxiproxy" / API_VERSION).iterdir())


def test_it_is_built_once_and_found_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = pretend_go(tmp_path, monkeypatch)
    assert toxiproxy.cached_program() is None
    found = toxiproxy.program()
    assert found.read_text() == "built\n"
    assert toxiproxy.program() == toxiproxy.cached_program() == found
    install, _ = notes.read_text().splitlines()
    assert install.endswith(f"{toxiproxy.MODULE}/cmd/server@v{API_VERSION}")
    assert left(tmp_path) == ["lock", "toxiproxy-server"]


def test_of_two_that_want_it_at_once_one_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = pretend_go(tmp_path, monkeypatch)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(toxiproxy.program())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(notes.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("install", "module", "said"),
    [
        ("echo no network; exit 1", RIGHT, "ended with 1:\nno network"),
        ("", "mod elsewhere v0 h1:x", "what go built is not"),
        ("sleep 60", RIGHT, "had not ended"),
    ],
)
def test_what_goes_wrong_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: str, module: str, said: str
) -> None:
    pretend_go(tmp_path, monkeypatch, install, module)
    monkeypatch.setattr(toxiproxy, "BUILT_WITHIN_S", 0.5)
    with pytest.raises(ServiceFault, match=said):
        toxiproxy.program()
    assert left(tmp_path) == ["lock"]


def test_a_build_that_was_killed_is_swept_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_go(tmp_path, monkeypatch)
    (tmp_path / "cache" / "drill-harness" / "toxiproxy" / API_VERSION / "build-of-another").mkdir(parents=True)
    toxiproxy.program()
    assert left(tmp_path) == ["lock", "toxiproxy-server"]


def test_without_go_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(toxiproxy, "_GO_PLACES", ())
    ended = CliRunner().invoke(toxiproxy.main)
    assert ended.exit_code == 1
    assert "there is no go: install Go 1.23" in ended.output
