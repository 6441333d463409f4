"""Redis' memory as the monitor sees it: when somebody is called, and when that is over."""

from tests.curated.case import Case, looks, signals, types
from tests.curated.x12 import load, sent

P = "T0001"
_MIB = 2**20

CASES = (
    Case(
        id="redis/memory_high",
        title="Over 90 % of its memory is an alert, until it is at 95 % of that; what is not counted is not counted",
        covers=("redis", "alerts", "operator"),
        inputs=[
            *signals(P, sent(P, 4000, load("TRR4000"))),
            looks(10),
            looks(20, used=90 * _MIB, limit=100 * _MIB),
            looks(30, used=95 * _MIB, limit=100 * _MIB, not_counted=5 * _MIB),
            looks(40, used=91 * _MIB, limit=100 * _MIB, policy="allkeys-lru", evicted_keys=12),
            types(45, "alerts"),
            types(46, "alerts", "--json"),
            looks(50),
            looks(60, used=86 * _MIB, limit=100 * _MIB),
            looks(70, used=855, limit=1000),
            looks(80, used=90 * _MIB, limit=100 * _MIB),
        ],
    ),
    Case(
        id="redis/memory_raised",
        title="It is over as well when its limit is raised or taken away, and begins anew when it is full again",
        covers=("redis", "alerts"),
        inputs=[
            *signals(P, sent(P, 4001, load("TRR4001"))),
            looks(10, used=7_500_000_000, limit=8_000_000_000, policy="volatile-ttl"),
            looks(20, used=7_500_000_000, limit=16_000_000_000),
            looks(30, used=15_900_000_000, limit=16_000_000_000),
            looks(40, used=15_900_000_000, limit=0),
            looks(50, used=999, limit=1000, evicted_keys=1),
        ],
    ),
)
