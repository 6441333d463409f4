"""A real primary dies or sleeps under open connections, and the managed database fails over: fenced, drained, promoted.

Two tests are the same drill twice: with the fence no write on an old connection is ever acknowledged; without it such a
write is, which shows that the fence is what prevents it.
"""

import contextlib
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pymysql
import pytest

from harness.clock import Deadline, block_s, epoch_s
from tests.scenarios.world.mariadb_pair import Pair, run
from tests.scenarios.world.server_process import ServerProcess, running

if TYPE_CHECKING:
    from tests.scenarios.world.mariadb_pair import Connection

pytestmark = pytest.mark.slow
MODULE = "scenarios.world.managed_database"
STEPS = ["declared dead", "fenced", "drained", "promoted", "endpoint moved"]


@contextlib.contextmanager
def managed(pair: Pair, environ: dict[str, str] | None = None, **config: Any) -> Iterator[ServerProcess]:
    """The managed database over `pair`, once it is ready."""
    with running(MODULE, {"CONFIG": pair.config(**config), **(environ or {})}) as started:
        until(lambda: httpx.get(f"{started.url}/readyz").status_code == 200)
        yield started


def until(holds: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait until `holds`; fails after `limit_s`."""
    deadline = Deadline(limit_s)
    while not holds():
        assert not deadline.passed, "waited in vain"
        block_s(0.01)


def status(started: ServerProcess) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{started.url}/status").json()
    return answer


def events(started: ServerProcess) -> dict[str, dict[str, Any]]:
    return {event["what"]: event for event in status(started)["events"]}


def moved(started: ServerProcess) -> bool:
    return "endpoint moved" in events(started)


def insert(connection: "Connection", number: int) -> None:
    run(connection, "INSERT INTO notes VALUES (%s, 'x')", number)


def ids(connection: "Connection") -> list[int]:
    return [row["id"] for row in run(connection, "SELECT id FROM notes ORDER BY id")]


def test_a_killed_primary_is_replaced_and_nothing_received_is_lost(pair: Pair) -> None:
    with managed(pair) as started:
        assert (status(started)["primary"], status(started)["epoch"]) == ("database-primary", 1)
        old = pair.connect()
        for number in range(50):
            insert(old, number)
        until(lambda: pair.replica.ask("SELECT COUNT(*) AS n FROM freight.notes")[0]["n"] == 50)
        killed_at_s = epoch_s()
        pair.primary.signal(signal.SIGKILL)
        with pytest.raises(pymysql.err.OperationalError):
            insert(old, 100)
        until(lambda: moved(started))
        told = status(started)
        assert [event["what"] for event in told["events"]][1:6] == STEPS
        assert (told["primary"], told["epoch"], told["state"]) == ("database-replica", 2, "alone")
        stamps = [event["at_epoch_s"] for event in told["events"]]
        assert stamps == sorted(stamps)
        assert stamps[1] >= killed_at_s
        with contextlib.closing(pair.connect()) as new:
            assert ids(new) == list(range(50))
            insert(new, 101)
        assert httpx.get(f"{started.url}/readyz").status_code == 200
        assert "read_only" in pair.primary.files.fence.read_text()

        # Somebody starts the old primary again: it comes up read-only, and is looked after.
        pair.primary.start(3)
        until(lambda: "old primary fenced again" in events(started))
        with contextlib.closing(pair.connect(pair.primary.port)) as direct, pytest.raises(pymysql.err.OperationalError):
            insert(direct, 102)


def test_what_the_replica_received_but_had_not_applied_is_applied_before_it_is_promoted(pair: Pair) -> None:
    with managed(pair) as started:
        pair.replica.ask("STOP SLAVE SQL_THREAD")
        with contextlib.closing(pair.connect()) as client:
            for number in range(20):
                insert(client, number)
        last = pair.primary.ask("SELECT @@gtid_binlog_pos AS at")[0]["at"]
        until(lambda: pair.replica.ask("SHOW SLAVE STATUS")[0]["Gtid_IO_Pos"] == last)
        assert httpx.get(f"{started.url}/readyz").status_code == 503
        assert pair.replica.ask("SELECT COUNT(*) AS n FROM freight.notes")[0]["n"] == 0
        pair.primary.signal(signal.SIGKILL)
        until(lambda: moved(started))
        assert events(started)["drained"]["gtid"] == last
        with contextlib.closing(pair.connect()) as client:
            assert ids(client) == list(range(20))


def test_a_paused_primary_whose_host_can_be_reached_is_killed(pair: Pair) -> None:
    with managed(pair) as started:
        old = pair.connect()
        insert(old, 1)
        assert pair.primary.process is not None
        pid = pair.primary.process.pid
        pair.primary.signal(signal.SIGSTOP)
        until(lambda: moved(started))
        assert events(started)["fenced"]["killed_pid"] == pid
        assert events(started)["fenced"]["connections_cut"] == 1
        assert pair.primary.process.wait(timeout=5) == -signal.SIGKILL
        with pytest.raises(pymysql.err.OperationalError):
            insert(old, 2)


def test_a_lone_promoted_primary_does_not_wait_for_a_replica(semi_sync_pair: Pair) -> None:
    with managed(semi_sync_pair) as started:
        with contextlib.closing(semi_sync_pair.connect()) as client:
            insert(client, 1)
        semi_sync_pair.replica.ask("SET GLOBAL rpl_semi_sync_master_enabled = ON")
        semi_sync_pair.primary.signal(signal.SIGKILL)
        until(lambda: moved(started))
        with contextlib.closing(semi_sync_pair.connect()) as client:
            insert(client, 2)
            assert ids(client) == [1, 2]


def test_a_semi_synchronous_zombie_with_a_commit_that_waits_is_made_read_only(semi_sync_pair: Pair) -> None:
    pair = semi_sync_pair
    with managed(pair, can_kill=False) as started:
        client = pair.connect(pair.primary.port)
        pair.replica.signal(signal.SIGSTOP)
        with pytest.raises(pymysql.err.OperationalError):
            insert(client, 1)  # waits for an acknowledgment that does not come
        pair.primary.signal(signal.SIGSTOP)
        pair.replica.signal(signal.SIGCONT)
        until(lambda: moved(started))
        pair.primary.signal(signal.SIGCONT)
        until(lambda: bool(pair.primary.ask("SELECT @@read_only AS r")[0]["r"]))


def sleep_through_failover(pair: Pair, started: ServerProcess) -> list[str]:
    """Pause the primary, let the failover happen, wake the primary, and write on connections that were open all along.

    Returns how each write ended: "acknowledged" or the error. One of them was sent while the primary slept.
    """
    held = [pair.connect() for _ in range(4)]
    for number, connection in enumerate(held):
        insert(connection, number)
    pair.primary.signal(signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        # Sent before the primary is declared dead: it lies in the sleeping server's socket when the failover happens.
        asleep = pool.submit(outcome_of_insert, held[0], 1000)
        until(lambda: moved(started))
        pair.primary.signal(signal.SIGCONT)
        outcomes = [outcome_of_insert(connection, 1000 + number) for number, connection in enumerate(held) if number]
        return [asleep.result(timeout=10), *outcomes]


def outcome_of_insert(connection: "Connection", number: int) -> str:
    try:
        insert(connection, number)
    except (pymysql.err.MySQLError, OSError) as error:
        return str(error)
    return "acknowledged"


def test_with_the_fence_no_write_on_an_old_connection_is_acknowledged(pair: Pair) -> None:
    with managed(pair, can_kill=False) as started:
        outcomes = sleep_through_failover(pair, started)
        assert "acknowledged" not in outcomes
        until(lambda: "old primary fenced again" in events(started))
        assert pair.primary.ask("SELECT @@read_only AS r")[0]["r"] == 1
        with contextlib.closing(pair.connect(pair.primary.port)) as direct, pytest.raises(pymysql.err.MySQLError):
            insert(direct, 2000)
        with contextlib.closing(pair.connect()) as new:
            insert(new, 2001)
        assert status(started)["endpoint"]["connections"].keys() <= {"database-replica"}


def test_without_the_fence_such_writes_are_acknowledged_and_lost(pair: Pair) -> None:
    environ = {"UNSAFE_NO_FENCE": "1", "ALLOW_UNSAFE": "1"}
    with managed(pair, environ, can_kill=False) as started:
        assert httpx.get(f"{started.url}/readyz").json()["unsafe"] == ["unsafe_no_fence"]
        outcomes = sleep_through_failover(pair, started)
        assert outcomes == ["acknowledged"] * 4
        with contextlib.closing(pair.connect()) as new:
            assert not {1000, 1001, 1002, 1003} & set(ids(new))
        assert "fenced" not in events(started)


def test_a_pause_that_is_shorter_than_the_limit_is_no_failover(pair: Pair) -> None:
    with (
        managed(pair, probe_timeout_s=0.3, failures_to_dead=20) as started,
        contextlib.closing(pair.connect()) as client,
    ):
        pair.primary.signal(signal.SIGSTOP)
        until(lambda: httpx.get(f"{started.url}/readyz").status_code == 503)
        pair.primary.signal(signal.SIGCONT)
        until(lambda: httpx.get(f"{started.url}/readyz").status_code == 200)
        insert(client, 1)
        assert [event["what"] for event in status(started)["events"]] == ["watching"]


def test_a_primary_without_a_replica_is_waited_for(pair: Pair) -> None:
    with managed(pair) as started:
        pair.primary.signal(signal.SIGKILL)
        until(lambda: moved(started))
        pair.replica.signal(signal.SIGKILL)
        until(lambda: status(started)["state"] == "lost")
        assert httpx.get(f"{started.url}/readyz").status_code == 503
        pair.replica.start(4)
        until(lambda: status(started)["state"] == "alone")
        assert status(started)["epoch"] == 4
        with contextlib.closing(pair.connect()) as client:
            insert(client, 1)
        assert httpx.get(f"{started.url}/readyz").status_code == 200


def test_it_stops_cleanly_while_its_databases_sleep(pair: Pair) -> None:
    with managed(pair, failures_to_dead=100, probe_timeout_s=5) as started:
        pair.primary.signal(signal.SIGSTOP)
        block_s(0.2)
        started.process.terminate()
        assert started.process.wait(timeout=4) == 0


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"CONFIG": "{"}, "CONFIG"),
        ({"CONFIG": '{"databases": []}'}, "databases"),
        ({"CONFIG": "{}", "UNSAFE_NO_FENCE": "1"}, "databases"),
    ],
)
def test_settings_that_cannot_work_are_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(RuntimeError, match=message), running(MODULE, environ):
        pass
