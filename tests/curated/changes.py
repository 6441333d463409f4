"""Original, change and cancel of one shipment, in every order: the highest version counts, and a cancel ends it."""

from tests.curated.case import Case, signals
from tests.curated.x12 import cancel, load, sent

P, Q = "T0002", "T0003"


def _weighs(shipment: str, pounds: int, *, version: str = "", purpose: str = "04") -> tuple[str, ...]:
    return load(shipment, purpose=purpose, version=version, totals=(f"L3*{pounds}*G***185000",))


CASES = (
    Case(
        id="changes/amended_twice",
        title="An original and two changes in their order: one load, amended twice",
        covers=("original", "change"),
        inputs=signals(
            P,
            sent(P, 201, load("TRH0201")),
            sent(P, 202, _weighs("TRH0201", 41000, version="2")),
            sent(P, 203, _weighs("TRH0201", 40000, version="3")),
        ),
        end_to_end=True,
    ),
    Case(
        id="changes/versions_are_numbers",
        title="Version 10 is newer than 9, which comes later and alters nothing",
        covers=("change", "out-of-order"),
        inputs=signals(
            P,
            sent(P, 211, load("TRH0211")),
            sent(P, 212, _weighs("TRH0211", 41000, version="10")),
            sent(P, 213, _weighs("TRH0211", 40000, version="9")),
        ),
        end_to_end=True,
    ),
    Case(
        id="changes/without_versions",
        title="Changes that state no version follow each other as they came, before all numbered ones",
        covers=("change", "no-version"),
        inputs=signals(
            P,
            sent(P, 221, load("TRH0221")),
            sent(P, 222, _weighs("TRH0221", 41000)),
            sent(P, 223, _weighs("TRH0221", 40000)),
            sent(P, 224, _weighs("TRH0221", 38000, version="2")),
            sent(P, 225, _weighs("TRH0221", 37000)),
        ),
    ),
    Case(
        id="changes/long_version",
        title="A version of ten digits is a name and no number: any number is newer",
        covers=("change", "versions"),
        inputs=signals(
            P,
            sent(P, 231, load("TRH0231")),
            sent(P, 232, _weighs("TRH0231", 41000, version="9999999999")),
            sent(P, 233, _weighs("TRH0231", 40000, version="999999999")),
            sent(P, 234, _weighs("TRH0231", 39000, version="A7")),
        ),
    ),
    Case(
        id="changes/replacement",
        title="A replacement (05) is a change, and the same content without a version is a repeat",
        covers=("change", "replacement", "duplicate"),
        inputs=signals(
            P,
            sent(P, 241, load("TRH0241")),
            sent(P, 242, _weighs("TRH0241", 41000, purpose="05")),
            sent(P, 243, _weighs("TRH0241", 41000, purpose="05")),
        ),
        end_to_end=True,
    ),
    Case(
        id="changes/says_nothing_new",
        title="A change that says what stands already is executed without a write",
        covers=("change",),
        inputs=signals(P, sent(P, 251, load("TRH0251")), sent(P, 252, load("TRH0251", purpose="04", version="2"))),
        end_to_end=True,
    ),
    Case(
        id="changes/overtaken_together",
        title="Three versions in one interchange: the newest decides for all of them",
        covers=("change", "interchange"),
        inputs=signals(
            P,
            sent(
                P,
                261,
                _weighs("TRH0261", 40000, version="3"),
                load("TRH0261"),
                _weighs("TRH0261", 41000, version="2"),
            ),
        ),
    ),
    Case(
        id="changes/of_another_shipment",
        title="Two shipments of one partner, and one number of two partners: none touches the other",
        covers=("change", "original", "two-partners"),
        inputs=[
            *signals(P, (0, sent(P, 271, load("TRH0271"))), (60, sent(P, 272, load("TRH0272")))),
            *signals(Q, (90, sent(Q, 273, load("TRH0271", totals=("L3*900*G",))))),
            *signals(P, (120, sent(P, 274, _weighs("TRH0271", 40000, version="2")))),
            *signals(Q, (150, sent(Q, 275, cancel("TRH0271")))),
        ],
        end_to_end=True,
    ),
    Case(
        id="cancels/after_original",
        title="A cancel ends the load; a change that comes later does not bring it back",
        covers=("original", "cancel", "change"),
        inputs=signals(
            Q,
            sent(Q, 301, load("TRH0301")),
            sent(Q, 302, cancel("TRH0301")),
            sent(Q, 303, _weighs("TRH0301", 40000, version="2")),
        ),
        end_to_end=True,
    ),
    Case(
        id="cancels/before_original",
        title="A cancel comes before its original: no load is ever booked",
        covers=("cancel", "original", "out-of-order"),
        inputs=signals(Q, sent(Q, 311, cancel("TRH0311", reason="")), sent(Q, 312, load("TRH0311"))),
        end_to_end=True,
    ),
    Case(
        id="cancels/of_nothing",
        title="A cancel of a shipment that nobody knows has nothing to do",
        covers=("cancel",),
        inputs=signals(Q, sent(Q, 321, cancel("TRH0321")), sent(Q, 322, cancel("TRH0321"))),
        end_to_end=True,
    ),
    Case(
        id="cancels/all_in_one_interchange",
        title="Original, change and cancel in one interchange: the cancel decides, and nothing is booked",
        covers=("cancel", "original", "change", "interchange"),
        inputs=signals(Q, sent(Q, 331, load("TRH0331"), _weighs("TRH0331", 40000, version="2"), cancel("TRH0331"))),
    ),
    Case(
        id="cancels/twice_with_other_words",
        title="A second cancel with another reason is a repeat of the first",
        covers=("cancel", "duplicate"),
        inputs=signals(
            Q,
            sent(Q, 341, load("TRH0341")),
            sent(Q, 342, cancel("TRH0341")),
            sent(Q, 343, cancel("TRH0341", reason="TRUCK TOO SMALL")),
        ),
        end_to_end=True,
    ),
    Case(
        id="cancels/booked_twice_outside",
        title="Motion has two live loads and a dead one of the shipment: the cancel ends both",
        covers=("cancel", "motion-state"),
        inputs=signals(Q, sent(Q, 351, cancel("TRH0351"))),
        before=(
            ("book", "by hand 1", "", {"reference": "T0003:TRH0351", "content": {"weight_lb": 1}}),
            ("book", "by hand 2", "", {"reference": "T0003:TRH0351", "content": {"weight_lb": 2}}),
            ("cancel", "by hand 3", "L000001", {}),
            ("book", "by hand 4", "", {"reference": "T0003:TRH0351", "content": {"weight_lb": 3}}),
        ),
    ),
)
