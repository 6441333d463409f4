"""Ids of ours and moments as an output may say them: what partners call a thing, or its kind and number, and the
seconds since the trace began.

So an output depends neither on the seed of the ids nor on when a trace begins. Times without a zone are those of a
stop, as the partner wrote them, and stay.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from system.replay.numbered import NumberedIds

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")


class Names:
    """Says documents without ids and moments; `of_intents` are the identities of the intents by their ids."""

    def __init__(self, ids: NumberedIds, starts_at: datetime, of_intents: Mapping[str, str]) -> None:
        self._ids, self._starts_at, self._of_intents = ids, starts_at, of_intents

    def told(self, document: Any) -> Any:
        """The document with every text and moment in it said so; keys of objects too."""
        if isinstance(document, str):
            return self._text(document)
        if isinstance(document, Mapping):
            return {self._text(name): self.told(value) for name, value in document.items()}
        if isinstance(document, list | tuple):
            return [self.told(value) for value in document]
        return self._since(document) if isinstance(document, datetime) else document

    def _text(self, text: str) -> str:
        named = self._ids.pattern.sub(self._name, text)
        return _MOMENT.sub(lambda match: self._since(datetime.fromisoformat(match[0])), named)

    def _name(self, match: re.Match[str]) -> str:
        return self._of_intents.get(match[0]) or self._ids.name_of(match[0])

    def _since(self, moment: datetime) -> str:
        return f"{(moment - self._starts_at).total_seconds():+.3f} s"
