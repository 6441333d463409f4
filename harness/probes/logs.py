"""Follows the log of a service, and writes down the lines that say certain words.

Lines are JSON objects, as programs write them whose logs are searched; others are passed over. Which lines were read
already is found in the history, so the probe holds no state of its own.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from harness.clock import Clock
from harness.environments.base import Capability, Environment, Logs
from harness.history import History, Kind

TEXT_LENGTH_MAX = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProbe:
    """Each line of `service` whose message is one of `says` is a probe event `log`, once.

    In the words a `*` stands for anything. The event holds the line's own fields, long texts cut at their beginning;
    and besides `service`, the `line`'s number and `says`, the words that it matched.
    """

    service: str
    says: tuple[str, ...]
    message: str = "message"
    every_s: float = 0.2

    @property
    def name(self) -> str:
        return "log"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.LOGS})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not isinstance(environment, Logs):
            raise TypeError(f"the {environment.name} environment cannot read the log of {self.service}")
        actor = f"log of {self.service}"
        last = history.last(kind=Kind.PROBE, action=self.name, actor=actor)
        read = int(last.value["line"]) if last else 0
        for number, line in enumerate(await environment.log_lines(self.service, read), start=read + 1):
            fields = _fields(line)
            words = next((one for one in self.says if _says(str(fields.get(self.message, "")), one)), None)
            if words is not None:
                value = {**fields, "service": self.service, "line": number, "says": words}
                history.append(actor=actor, kind=Kind.PROBE, action=self.name, value=value)


def _fields(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: field[-TEXT_LENGTH_MAX:] if isinstance(field, str) else field for name, field in document.items()}


def _says(message: str, words: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, words.split("*"))), message, re.DOTALL) is not None
