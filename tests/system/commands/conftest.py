"""A database with two partners, one of them shut out, and the console run in this process or as one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from system.clock import RandomIds, SystemClock
from system.console import cli
from system.settings import Settings
from system.storage import Partner, Place, Storage, Trip, create_schema

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    url = f"sqlite:///{tmp_path / 'freight.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("OPERATOR", "ada")
    storage = Storage.connect(Settings(database_url=url), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    for partner_id in ("P1", "P12345"):
        storage.partners.upsert(Partner(id=partner_id, name=partner_id, api_key_sha256="0" * 64))
    place = Place(segment="G62", element=2, message="expected a date", count=9)
    later = datetime.now(UTC) + timedelta(seconds=300)
    opened = storage.breakers.trip("P12345", Trip(malformed=9, duplicates=2, places=(place,), probe_after=later))
    storage.breakers.add_refused({("P12345", opened.incident_id): 4})
    yield storage
    storage.close()


@pytest.fixture
def run(storage: Storage) -> Callable[..., Result]:
    """Runs a command of the console in this process."""
    return lambda *words: CliRunner().invoke(cli, words)


@pytest.fixture
def document(run: Callable[..., Result]) -> Callable[..., Any]:
    """The `--json` document of a command that works."""

    def ask(*words: str) -> Any:
        result = run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return ask


@pytest.fixture
def typed(storage: Storage) -> Callable[[str], "subprocess.CompletedProcess[str]"]:
    """What the prompt says to lines that are piped in."""

    def pipe(text: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "system.console", "prompt"]
        return subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, env=os.environ, timeout=60)

    return pipe
