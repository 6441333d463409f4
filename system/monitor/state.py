"""What the monitor must know again after a restart, in a small file: what it told of, and what is undelivered.

Not in the database, which is what is down when it matters. Without a file the monitor works just as well until it is
restarted; a file that cannot be read is started over, with a line in the log, because alerting matters more.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from system.monitor.alertmanager import TEXT_MAX

_BYTES_MAX = 4_194_304
TOLD_MAX = 1_000
NOTICED_MAX = 1_000
_Text = Annotated[str, StringConstraints(max_length=TEXT_MAX)]
_Texts = Annotated[dict[_Text, _Text], Field(max_length=50)]
_Notification = Annotated[dict[_Text, Any], Field(max_length=50)]
_log = logging.getLogger(__name__)


class Told(BaseModel):
    """A finding that somebody was told of, as it was then: its end is told in the same words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alert: _Text
    labels: _Texts
    details: _Texts = {}
    since: AwareDatetime


class Remembered(BaseModel):
    """The file's content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alerted_since: AwareDatetime | None = None
    undelivered: Annotated[list[_Notification], Field(max_length=100)] = []
    undelivered_notices: Annotated[list[_Notification], Field(max_length=100)] = []
    told: Annotated[dict[_Text, Told], Field(max_length=TOLD_MAX)] = {}
    noticed: Annotated[tuple[_Text, ...], Field(max_length=NOTICED_MAX)] = ()


class StateFile:
    """Reads once, and is written whole whenever something changes; without a path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.remembered = self._read()

    def note(self, *, alerted_since: datetime | None) -> None:
        """Keeps the incident that was told of, or that there is none."""
        self._keep(self.remembered.model_copy(update={"alerted_since": alerted_since}))

    def note_told(self, told: Mapping[str, Told]) -> None:
        """Keeps the findings that stand and were told of, by fingerprint."""
        self._keep(self.remembered.model_copy(update={"told": dict(told)}))

    def note_undelivered(self, undelivered: Sequence[dict[str, Any]]) -> None:
        """Keeps what waits to be delivered."""
        self._keep(self.remembered.model_copy(update={"undelivered": list(undelivered)}))

    def note_undelivered_notices(self, undelivered: Sequence[dict[str, Any]]) -> None:
        """Keeps what waits to be delivered to partners."""
        self._keep(self.remembered.model_copy(update={"undelivered_notices": list(undelivered)}))

    def note_noticed(self, incident_ids: Sequence[str]) -> None:
        """Keeps the incidents that partners were told of, the newest last."""
        self._keep(self.remembered.model_copy(update={"noticed": tuple(incident_ids)}))

    def _read(self) -> Remembered:
        if self._path is None or not self._path.exists():
            return Remembered()
        try:
            with self._path.open("rb") as file:
                return Remembered.model_validate_json(file.read(_BYTES_MAX))
        except (OSError, ValidationError) as error:
            _log.error("state file cannot be read, starting over: %s", str(error)[:300])
            return Remembered()

    def _keep(self, remembered: Remembered) -> None:
        self.remembered = remembered
        if self._path is None:
            return
        beside = self._path.with_name(f".{self._path.name}.new")
        try:
            beside.write_text(remembered.model_dump_json(), encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            _log.error("state file cannot be written: %s", error)
