"""Redis as a round of a trace has it: what is said is what the system's own questions find."""

from system.redis_server import Memory, read_memory
from system.replay.redis_says import RedisSays
from system.replay.trace import ReplayRedis


def test_it_has_no_limit_until_something_is_said() -> None:
    assert read_memory(RedisSays()).ratio is None


def test_what_is_said_is_what_is_read() -> None:
    says = RedisSays()
    says.memory = ReplayRedis(used=950, limit=1_000, not_counted=50, policy="allkeys-lru", evicted_keys=3)
    expected = Memory(used_bytes=900, limit_bytes=1_000, policy="allkeys-lru", evicted_keys=3, refused_commands=0)
    assert read_memory(says) == expected
