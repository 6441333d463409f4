"""Old against new, and the commit that did it: what `harness trace compare` and `bisect` cost, on the real system.

In a clone of the repository, with commits of its own on top and a cache of its own, both gone afterwards. A comparison
keeps what each revision gave, so the second one is held against one plain replay. Of the commits to search, one changes
what comes out, and all change the code.
"""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.figures import Figure, Report
from harness.services.base import own_environ

SEED, COMMITS = 7, 64
AGAIN_TARGET, REPLAYS_TARGET = 1.2, 8.0
TRACE = "original_booked"
_ROOT = Path(__file__).resolve().parent.parent
_WITHIN_S, _ROUNDS = 300.0, 3
_AUTHOR = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b.invalid"}
_COMMITTER = {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b.invalid"}
_FILE, _RIGHT, _WRONG = "system/resolver/decision.py", "State.CONFIRMED, None)", "State.NEEDS_REVIEW, None)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A clone that may be committed to, and a cache for it alone."""

    folder: Path
    cache: Path

    @classmethod
    def made(cls, below: Path) -> "Clone":
        """A clone of this repository, as it was committed last."""
        clone = cls(folder=below / "clone", cache=below / "cache")
        words = ["git", "clone", "--quiet", str(_ROOT), str(clone.folder)]
        subprocess.run(words, check=True, capture_output=True, timeout=_WITHIN_S)
        return clone

    def commit(self, number: int, *, wrong: bool) -> str:
        """One commit more, whose code is another; its id."""
        file = self.folder / _FILE
        text = file.read_text(encoding="utf-8")
        if wrong:
            if _RIGHT not in text:
                raise SystemExit(f"{_FILE} does not say {_RIGHT!r} any more: let this benchmark break something else")
            text = text.replace(_RIGHT, _WRONG)
        file.write_text(f"{text}# change {number}\n", encoding="utf-8")
        self._git("commit", "--quiet", "--all", "--no-verify", "-m", f"change {number}")
        return self._git("rev-parse", "HEAD")

    def trace(self, *words: str) -> tuple[float, dict[str, Any]]:
        """What a `harness trace` command took, from start to end, and its document."""
        started_s = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "harness", "trace", *words, "--json"],
            cwd=self.folder,
            env=own_environ({"XDG_CACHE_HOME": str(self.cache), "PYTHONDONTWRITEBYTECODE": "1"}),
            capture_output=True,
            text=True,
            check=False,
            timeout=_WITHIN_S,
        )
        took_s = perf_counter() - started_s
        try:
            return took_s, json.loads(done.stdout)
        except ValueError:
            raise SystemExit(f"harness trace {' '.join(words)} ended with {done.returncode}: {done.stderr}") from None

    def cold(self) -> None:
        """Forget what was kept."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def _git(self, *words: str) -> str:
        environ = own_environ({**_AUTHOR, **_COMMITTER})
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=environ, check=True, capture_output=True, text=True, timeout=_WITHIN_S
        )
        return done.stdout.strip()


def compared(clone: Clone) -> list[Figure]:
    """One replay, a first comparison and a second one, each the best of some rounds."""

    def best_s(work: Callable[[], float]) -> float:
        return min(work() for _ in range(_ROUNDS))

    def replayed() -> float:
        clone.cold()
        return clone.trace("replay", "all", "--at", "HEAD")[0]

    def first() -> float:
        clone.cold()
        return clone.trace("compare", "all", "HEAD", "HEAD~1")[0]

    replay_s, first_s = best_s(replayed), best_s(first)
    again_s = best_s(lambda: clone.trace("compare", "all", "HEAD", "HEAD~1")[0])
    return [
        Figure(
            name="comparing two commits again",
            value=again_s / replay_s,
            unit="x one replay",
            target=AGAIN_TARGET,
            beside=f"{again_s:.2f} s; one replay of all traces {replay_s:.2f} s, comparing them first {first_s:.2f} s",
        )
    ]


def searched(clone: Clone, seed: int) -> list[Figure]:
    """A search through so many commits, one of which did it; SystemExit when it names another one."""
    culprit = random.Random(seed).randrange(1, COMMITS)
    ids = [clone.commit(number, wrong=number == culprit) for number in range(COMMITS)]
    clone.cold()
    took_s, found = clone.trace("bisect", TRACE, "--good", f"HEAD~{COMMITS}", "--bad", "HEAD")
    suspects = [one["commit"] for one in found["suspects"]]
    if suspects != [ids[culprit]]:
        raise SystemExit(f"{ids[culprit]} did it, and {suspects} are said to have: {found}")
    return [
        Figure(
            name=f"one commit of {found['commits']} found: replays",
            value=found["replays"],
            unit="",
            target=REPLAYS_TARGET,
            beside=f"commit {culprit + 1} did it; {took_s:.1f} s",
        )
    ]


def run() -> Report:
    """Both, in one clone."""
    with TemporaryDirectory(prefix="revisions-") as folder:
        clone = Clone.made(Path(folder))
        clone.commit(-1, wrong=False)
        figures = (*compared(clone), *searched(clone, SEED))
    return Report(title="Revisions of the system replayed", figures=figures, conditions=f"best of {_ROUNDS} rounds")
