"""A small project with a history: a shop whose replay prices what comes in, and commits that change how it does."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from harness.config import Config
from harness.replaying.revisions import Revisions
from harness.traces import Cassette, Input, Trace, canonical_json

PYPROJECT = """\
[tool.harness]
topology = "none:NONE"
scenarios = "drills"
traces = "traces"
replay = "shop.replay:replay"
code = ["shop"]
"""
REPLAY = """\
from shop.price import priced

def replay(trace):
    intents = [{"identity": one["body"], "price": priced(one["body"])} for one in trace["inputs"]]
    return {"output": {"intents": intents}, "unmatched": [], "unused": []}
"""
TRACE = """\
contract: 1
id: %s
title: T
clock: {starts_at: "2026-02-02T14:00:00+00:00"}
ids: {seed: 1}
partners: []
inputs: [{at_s: 0, kind: signal, partner: T1, content_type: text/plain, body: %s}]
baseline: %s
"""
PRICE = "shop/price.py"
CASSETTE = "version: 1\ninteractions: []\n"


def price(expression: str) -> str:
    """The module that prices, as it would stand in the shop."""
    return f"def priced(name):\n    return {expression}\n"


@dataclass(slots=True)
class ToyRepository:
    """The project in `folder`; every commit of it is one second after the one before."""

    folder: Path
    commits: list[str] = field(default_factory=list)

    def git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def write(self, files: Mapping[str, str]) -> None:
        """Files by their paths."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, subject: str, files: Mapping[str, str] = MappingProxyType({})) -> str:
        """Write and commit; returns the commit's id."""
        self.write(files)
        self.git("add", "--all")
        at = f"2026-03-01T12:00:{len(self.commits) % 60:02d}+00:00"
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", f"--message={subject}", f"--date={at}")
        self.commits.append(self.git("rev-parse", "HEAD").strip())
        return self.commits[-1]

    def add_trace(self, name: str, body: str, value: object) -> None:
        """A trace whose baseline says that what came in costs `value`."""
        folder = self.folder / "traces" / name
        folder.mkdir(parents=True)
        baseline = canonical_json({"intents": [{"identity": body, "price": value}]})
        (folder / "trace.yaml").write_text(TRACE % (name, body, baseline))
        (folder / "cassette.yaml").write_text(CASSETTE)

    def config(self) -> Config:
        return Config.load(self.folder)

    def session(self, **words: object) -> Revisions:
        said: list[str] = []
        return Revisions(config=self.config(), progress=said.append, **words)  # type: ignore[arg-type]


def make_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    """The project with one commit, a cache of its own, and nothing of the caller's git configuration."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A. Developer")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "dev@there.invalid")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    project = folder / "project"
    (project / "drills").mkdir(parents=True)
    (project / "drills" / "kept").touch()
    (project / "pyproject.toml").write_text(PYPROJECT)
    toy = ToyRepository(project)
    toy.git("init", "--quiet", "--initial-branch=main")
    toy.add_trace("one", "apple", 5)
    toy.commit(
        "a shop",
        {".gitignore": "__pycache__/\n", "shop/__init__.py": "", "shop/replay.py": REPLAY, PRICE: price("len(name)")},
    )
    return toy


def a_trace(body: str = "apple", name: str = "one") -> Trace:
    """A trace that is nowhere on disk."""
    return Trace(
        id=name,
        title="T",
        starts_at=datetime(2026, 2, 2, tzinfo=UTC),
        seed=1,
        partners=(),
        inputs=(Input(at_s=0.0, kind="signal", partner="T1", content_type="text/plain", body=body),),
        cassette=Cassette(),
        baseline=None,
        folder=Path("/nonexistent"),
    )


def traces(number: int) -> list[Trace]:
    """So many different ones."""
    return [replace(a_trace("x" * size, f"t{size}")) for size in range(1, number + 1)]
