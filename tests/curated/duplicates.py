"""Repeats: what a partner sends again is known by what it is, not by its envelope."""

from tests.curated.case import Case, json_signal, signals
from tests.curated.originals import in_json
from tests.curated.x12 import cancel, load, other, sent

P, Q = "T0012", "T0013"

CASES = (
    Case(
        id="duplicates/same_bytes",
        title="The same bytes again are answered 200, at once and a day later",
        covers=("duplicate",),
        inputs=signals(
            P,
            (0, sent(P, 901, load("TRD9010"))),
            (1, sent(P, 901, load("TRD9010"))),
            (90_000, sent(P, 901, load("TRD9010"))),
            (200_000, sent(P, 901, load("TRD9010"))),
        ),
        end_to_end=True,
    ),
    Case(
        id="duplicates/before_it_is_resolved",
        title="Repeats that come before the first is resolved are repeats as well",
        covers=("duplicate",),
        inputs=signals(P, *((0, sent(P, 902 + number, load("TRD9020"))) for number in range(3))),
    ),
    Case(
        id="duplicates/other_content",
        title="Another content under the same identity is a repeat: who wants a change says so",
        covers=("duplicate", "identity"),
        inputs=signals(
            P,
            sent(P, 905, load("TRD9050")),
            sent(P, 906, load("TRD9050", totals=("L3*1000*G",))),
            sent(P, 907, load("TRD9050", purpose="04", version="2", totals=("L3*1000*G",))),
            sent(P, 908, load("TRD9050", purpose="04", version="2", totals=("L3*2000*G",))),
        ),
        end_to_end=True,
    ),
    Case(
        id="duplicates/some_are_new",
        title="An interchange in which some are new is answered 202, one without any 200",
        covers=("duplicate", "interchange"),
        inputs=signals(
            Q,
            sent(Q, 910, load("TRD9100")),
            sent(Q, 911, load("TRD9100"), load("TRD9101"), cancel("TRD9100")),
            sent(Q, 912, load("TRD9101"), cancel("TRD9100")),
        ),
        end_to_end=True,
    ),
    Case(
        id="duplicates/twice_in_one",
        title="Twice in one interchange is once",
        covers=("duplicate", "interchange"),
        inputs=signals(P, sent(P, 913, load("TRD9130"), load("TRD9130"), load("TRD9131"))),
        end_to_end=True,
    ),
    Case(
        id="duplicates/json_for_x12",
        title="JSON repeats what came as X12, and the other way round; another partner's is its own",
        covers=("duplicate", "json", "two-partners"),
        inputs=(
            *signals(P, sent(P, 914, load("TRD9140"))),
            json_signal(30, P, in_json("TRD9140")),
            json_signal(60, P, in_json("TRD9141", version="1")),
            *signals(P, (90, sent(P, 915, load("TRD9141")))),
            *signals(Q, (120, sent(Q, 916, load("TRD9140")))),
        ),
        end_to_end=True,
    ),
    Case(
        id="duplicates/of_what_failed",
        title="A repeat of what failed, and of what waits for a person, changes neither",
        covers=("duplicate", "hallucination", "partial"),
        inputs=signals(
            Q,
            sent(Q, 917, load("TRD9170"), other(load("TRD9171"), ("G62*37", ""))),
            sent(Q, 918, load("TRD9170"), load("TRD9171")),
        ),
        scripts=({"shipment_id": "TRD9170", "misread": {"set": {"weight_lb": -50, "confidence": 0.97}}},),
        end_to_end=True,
    ),
)
