"""The model is away, late or broken: that says nothing about the signal, which waits and is asked again."""

import json
from collections.abc import Sequence

from tests.curated.case import Case, looks, signals, types
from tests.curated.originals import in_json
from tests.curated.outside import (
    HALF,
    LOST,
    LOST_LATE,
    MAINTENANCE,
    REFUSED,
    RESET,
    TIMEOUT,
    WELL,
    Trouble,
    late,
    says,
)
from tests.curated.x12 import cancel, load, sent

P = "T0010"
_number = iter(range(1200, 1300))


def _case(
    name: str, title: str, *troubles: Trouble, count: int = 1, every_s: float = 30.0, end_to_end: bool = True
) -> Case:
    first = next(_number)
    bodies = [sent(P, first, load(f"TRL{first}{number}")) for number in range(count)]
    return Case(
        id=f"model_errors/{name}",
        title=title,
        covers=("model-error", name.replace("_", "-")),
        inputs=signals(P, *bodies, every_s=every_s),
        model=troubles,
        end_to_end=end_to_end,
    )


def _nothing(*bodies: str) -> Sequence[Trouble]:
    return [says(200, body=body) for body in bodies]


def _completion(*contents: str) -> str:
    """A completion with so many choices."""
    choices = [
        {"index": number, "message": {"role": "assistant", "content": content}}
        for number, content in enumerate(contents)
    ]
    return json.dumps({"object": "chat.completion", "choices": choices})


def _reading(shipment: str, **values: object) -> str:
    """What the model says of a tender that is as usual."""
    document = {"kind": "tender", **in_json(shipment), "confidence": 0.97, **values}
    del document["purpose"]
    return json.dumps(document)


CASES = (
    _case("server_errors", "500, 502, 503, and then the answer", says(500), says(502), says(503)),
    _case("client_errors", "401, 403, 404 and 400 are outages as well: the signal waits",
          says(401), says(403), says(404), says(400), end_to_end=False),
    _case("too_many_requests", "429 with a time to come back, without one, with too long a one, and with a date",
          says(429, retry_after_s=30), says(429), says(429, retry_after_s=3600), end_to_end=False),
    _case("timeout", "No answer in ten seconds, twice", TIMEOUT, TIMEOUT),
    _case("reset", "The connection breaks before an answer, and is refused", RESET, REFUSED, RESET),
    _case("half_an_answer", "Half an answer, twice, and then a whole one", HALF, HALF),
    _case("answer_lost", "The model answers, and the answer is lost on its way", LOST, LOST_LATE),
    _case("no_completion", "Answers that are no completion are outages",
          *_nothing("{}", '{"choices": []}', '{"choices": [{}]}', '{"choices": [{"message": null}]}', "[]"),
          MAINTENANCE, end_to_end=False),
    _case("empty_message", "A completion without content and refusal is an answer, and no valid one",
          *_nothing('{"choices": [{"message": {"role": "assistant", "content": null}}]}')),
    _case("late", "Late answers count; one that is later than ten seconds does not", late(2.5), late(9.9), late(10.5),
          count=2, end_to_end=False),
    _case("others_go_on", "While one signal waits for the model, others are read; the first is read in the end",
          says(503), WELL, says(503), WELL, count=3, every_s=0.1, end_to_end=False),
    _case("waits_longer", "Each time the wait is twice as long, up to five seconds",
          *[says(503)] * 8, end_to_end=False),
    _case("several_choices", "Of several choices the first counts, whatever the others say",
          says(200, body=_completion(_reading("TRL12120"), _reading("TRL12120", weight_lb=-50), "I am not sure"))),
    Case(
        id="model_errors/waits_as_asked",
        title="It is asked again when it said, not before, and after a minute at most; without a time soon",
        covers=("model-error", "retry-after", "operator"),
        inputs=[
            *signals(P, (0, sent(P, 1280, cancel("TRL1280")))),
            *(types(at_s, "partners", "scorecard", P) for at_s in (6.9, 7.1)),
            *signals(P, (100, sent(P, 1281, cancel("TRL1281")))),
            *(types(100 + at_s, "partners", "scorecard", P) for at_s in (59.9, 60.1)),
            *signals(P, (200, sent(P, 1282, cancel("TRL1282")))),
            *(types(200 + at_s, "partners", "scorecard", P) for at_s in (0.19, 0.21)),
        ],
        model=[says(429, retry_after_s=7), WELL, says(503, retry_after_s=120), WELL, says(503)],
    ),
    Case(
        id="model_errors/long_outage",
        title="An outage of minutes: the wait becomes a minute after twenty times, and nothing is given up",
        covers=("model-error", "outage"),
        inputs=[
            *signals(P, (0, sent(P, 1290, cancel("TRL1290")))),
            looks(310),
            types(311, "stuck", "list"),
        ],
        model=[says(503)] * 24,
    ),
)  # fmt: skip
