"""What the world's language model was told to answer: recorded answers, and when to answer at all.

All of it is bounded, because it arrives over HTTP. Scripts stand in `scripts`; which of them wins is decided in `llm`.
"""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scenarios.world.serving import BadRequest

INTERACTIONS_MAX = 10_000
HANG_S_MAX = 600.0
DELAY_S_MAX = 600.0

_CREATED = 1_767_225_600
"""A fixed moment: an answer depends on its request alone, so that recording it twice gives the same bytes."""


def canonical_digest(body: Mapping[str, Any]) -> str:
    """A digest of a request's body that spelling (order of keys, white space, escapes) does not change."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def completion(body: Mapping[str, Any], content: str | None, refusal: str | None = None) -> dict[str, Any]:
    """A chat completion in the API's format that answers `content` to `body`, or refuses to."""
    prompt_tokens = len(json.dumps(body.get("messages", []))) // 4
    completion_tokens = len(content or refusal or "") // 4
    return {
        "id": f"chatcmpl-{canonical_digest(body)[:24]}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": body.get("model"),
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
        "system_fingerprint": "fp_world",
    }


def number_of(document: Mapping[str, Any], name: str, high: float) -> float:
    """The number `name` of a control request, 0 when absent. Raises BadRequest outside 0 to `high`."""
    value = document.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
        raise BadRequest(f"{name}: expected a number from 0 to {high}, seen {value!r}")
    return value


@dataclass(slots=True)
class Behaviour:
    """How requests are treated: `delay_s` late, refused with `status`, held (`hang`), or done and left without an
    answer (`lose_answer`).

    `times` is how many requests this still holds for; None: until told otherwise. `changed` releases what is held.
    """

    delay_s: float = 0.0
    status: int = 0
    hang: bool = False
    lose_answer: bool = False
    times: int | None = None
    limit_s: float = HANG_S_MAX
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def become(self, document: Mapping[str, Any]) -> None:
        """Take over what a control request says; what it leaves out is normal. Raises BadRequest."""
        delay_s = number_of(document, "delay_s", DELAY_S_MAX)
        status = int(number_of(document, "status", 599))
        if status and status < 400:
            raise BadRequest(f"status: expected an error from 400 to 599, seen {status}")
        times = document.get("times")
        self.delay_s, self.status, self.hang = delay_s, status, document.get("hang") is True
        self.lose_answer = document.get("lose_answer") is True
        self.times = None if times is None else int(number_of(document, "times", 1_000_000))
        self.changed.set()
        self.changed = asyncio.Event()

    def take(self) -> "Behaviour":
        """How the next request is treated; counts it."""
        if self.times == 0:
            return Behaviour()
        if self.times is not None:
            self.times -= 1
        return replace(self)

    def as_json(self) -> dict[str, Any]:
        """What `become` would have to be told to get here."""
        names = ("delay_s", "status", "hang", "lose_answer", "times")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One recorded answer: the body of the response, and its HTTP status."""

    response: Mapping[str, Any]
    status: int


class Cassette:
    """Recorded answers, found by the canonical body of their request.

    Answers to equal requests are given in the order of recording, and the last again after that, because a retry asks
    the same thing. `strict` refuses requests that were not recorded instead of reading them.
    """

    def __init__(self) -> None:
        self.strict = False
        self._recorded: dict[str, list[Recorded]] = {}
        self._played: dict[str, int] = {}

    def load(self, document: Mapping[str, Any]) -> None:
        """Replace everything by `{"interactions": [{"request", "response"}], "strict"?}`. Raises BadRequest.

        A request is the body itself or an object with `body`; a response likewise, with a `status` when it has one.
        """
        interactions = document.get("interactions")
        if not isinstance(interactions, list) or len(interactions) > INTERACTIONS_MAX:
            raise BadRequest(f"interactions: expected a list of up to {INTERACTIONS_MAX}")
        recorded: dict[str, list[Recorded]] = defaultdict(list)
        for number, interaction in enumerate(interactions):
            if not isinstance(interaction, dict) or set(interaction) - {"request", "response"}:
                raise BadRequest(f"interaction {number}: expected `request` and `response` and nothing else")
            request, response = interaction.get("request"), interaction.get("response")
            if not isinstance(request, dict) or not isinstance(response, dict):
                raise BadRequest(f"interaction {number}: expected `request` and `response` as objects")
            bare = request if "messages" in request else _body(request, number)
            answer = response if {"choices", "error"} & set(response) else _body(response, number)
            answered = Recorded(response=answer, status=_status(response, number))
            recorded[canonical_digest(bare)].append(answered)
        self._recorded, self._played = dict(recorded), {}
        self.strict = document.get("strict") is True

    def answer(self, body: Mapping[str, Any]) -> Recorded | None:
        """The next recorded answer to `body`, or None when it was never recorded."""
        digest = canonical_digest(body)
        known = self._recorded.get(digest)
        if known is None:
            return None
        played = self._played.get(digest, 0)
        self._played[digest] = played + 1
        return known[min(played, len(known) - 1)]

    def as_json(self) -> dict[str, Any]:
        """How much was loaded and played, and the digests of requests that nobody has made."""
        return {
            "interactions": sum(len(known) for known in self._recorded.values()),
            "played": sum(self._played.values()),
            "unplayed": [
                digest for digest, known in self._recorded.items() if self._played.get(digest, 0) < len(known)
            ],
            "strict": self.strict,
        }


def _body(message: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The JSON body of a recorded message: an object, a text of JSON, or `{"string": text}` as vcrpy writes it."""
    body = message.get("body")
    if isinstance(body, dict) and set(body) == {"string"}:
        body = body["string"]
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"interaction {number}: the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest(f"interaction {number}: expected a body that is a JSON object")
    return body


def _status(response: Mapping[str, Any], number: int) -> int:
    status = response.get("status", 200)
    code = status.get("code") if isinstance(status, dict) else status
    if isinstance(code, bool) or not isinstance(code, int) or not 100 <= code <= 599:
        raise BadRequest(f"interaction {number}: expected an HTTP status, seen {status!r}")
    return code
