"""From looks at the database to the moments at which somebody is told: once an incident, and once when it is over.

The incident begins with the first failed look and is told of after `lost_after_s` of them, or as soon as another server
answers than before: then the primary was lost, however briefly. Pure: time comes in with each look, nothing is sent.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from system.monitor.database_probe import Look

Word = Literal["lost", "restored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to tell: since when, and why."""

    word: Word
    since: datetime
    reason: str


class DatabaseWatch:
    """Remembers the incident at hand. `alerted_since` is that of an incident that was told of before a restart."""

    def __init__(self, *, lost_after_s: float, alerted_since: datetime | None = None) -> None:
        self._lost_after_s = lost_after_s
        self._failing_since: datetime | None = alerted_since
        self._alerted = alerted_since is not None
        self._server: int | None = None

    def see(self, look: Look, *, began_at: datetime, ended_at: datetime) -> list[News]:
        """What is to be told after a look that took from `began_at` to `ended_at` (aware)."""
        if look.problem is not None:
            return self._failed(look.problem, began_at, ended_at)
        news: list[News] = []
        replaced = self._server is not None and look.server != self._server
        if replaced and not self._alerted:
            reason = f"server {look.server} answers instead of {self._server}"
            news.append(News(word="lost", since=self._failing_since or began_at, reason=reason))
            self._alerted = True
        if self._alerted:
            news.append(News(word="restored", since=self._failing_since or began_at, reason="it takes writes again"))
        self._server, self._failing_since, self._alerted = look.server, None, False
        return news

    def _failed(self, problem: str, began_at: datetime, ended_at: datetime) -> list[News]:
        if self._failing_since is None:
            self._failing_since = began_at
        if self._alerted or (ended_at - self._failing_since).total_seconds() < self._lost_after_s:
            return []
        self._alerted = True
        return [News(word="lost", since=self._failing_since, reason=problem)]
