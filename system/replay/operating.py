"""An operator's command, given to the console itself, on the trace's storage and by its clock.

A trace comes from outside, so what it may let an operator do is listed: commands that read or change rows. Those that
write files, run Python or ask servers that a replay has not got are refused before anything runs.
"""

import contextlib
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import click
import httpx

from system.commands.surroundings import Console
from system.console import cli
from system.replay.steered import Steered
from system.settings import Settings
from system.storage import Storage
from system.storage.blocking import in_place
from system.storage.signals import readings_of

OPERATOR = "operator"
ANY_WORD = "INTENT"
"""Stands for one word that is no option."""
ALLOWED = (
    ("alerts",),
    ("breakers",),
    ("export-hallucination", ANY_WORD, "-"),  # printed, never into a folder
    ("hallucinations", "list"),
    ("hallucinations", "show"),
    ("hallucinations", "tag"),
    ("partners",),
    ("queue",),
    ("recover", "partner"),
    ("reviews",),
    ("stuck",),
)
INTENT = "intent:"
"""A word that begins so names an intent by its signal's identity, because nobody knows its id beforehand."""


class NotAllowed(ValueError):
    """The command is none of those that a trace may hold."""


def check_allowed(words: Sequence[str]) -> None:
    """Raises NotAllowed unless the command is on the list."""
    if not any(_begins(words, one) for one in ALLOWED):
        listed = ", ".join(" ".join(one) for one in ALLOWED)
        raise NotAllowed(f"operator: {' '.join(words)[:80]!r} is no command that a trace may hold; those are {listed}")


def _begins(words: Sequence[str], allowed: Sequence[str]) -> bool:
    return len(words) >= len(allowed) and all(
        word == one or (one == ANY_WORD and not word.startswith("-")) for word, one in zip(words, allowed, strict=False)
    )


class Operator:
    """Types commands, one after the other."""

    def __init__(self, storage: Storage, client: httpx.AsyncClient, settings: Settings, steered: Steered) -> None:
        @contextmanager
        def open_storage() -> Iterator[Storage]:
            yield storage

        @asynccontextmanager
        async def open_client() -> AsyncIterator[httpx.AsyncClient]:
            yield client

        self._storage = storage
        self._console = Console(
            settings=settings,
            clock=steered.clock,
            operator=OPERATOR,
            open_storage=open_storage,
            open_client=open_client,
            run_coroutine=steered.run,
            run_blocking=in_place,
        )

    def types(self, words: Sequence[str]) -> dict[str, Any]:
        """What the console says: its exit code and its lines. Not to be called inside the loop."""
        check_allowed(words)
        said, code = io.StringIO(), 0
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                typed = [self._word(word) for word in words]
                cli.main(args=typed, prog_name="console", standalone_mode=False, obj=self._console)
            except click.ClickException as error:
                error.show()
                code = error.exit_code
        return {"operator": list(words), "exit_code": code, "said": said.getvalue().splitlines()}

    def _word(self, word: str) -> str:
        identity = word.removeprefix(INTENT)
        if identity == word:
            return word
        found = self._storage.signals.intent_ids(readings_of(identity))
        return next(iter(found.values()), identity)
