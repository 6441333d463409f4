"""Every curated trace, replayed: in a process of its own against its baseline, and on a real MariaDB."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from harness.clock import Deadline, block_s
from harness.replaying.in_process import judge_in_process
from harness.replaying.runner_process import Target
from harness.traces import Trace, canonical_json, load_traces
from scenarios.world.partners import load_partners
from scenarios.world.replay import COMPARISON
from system.replay import replay
from system.replay.root import replay_on

ROOT = Path(__file__).resolve().parent.parent
TRACES = load_traces(ROOT / "traces")
TARGET = Target(entry="system.replay:replay", python=(sys.executable,), directory=ROOT)

by_id = pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.id)


def test_every_trace_gives_its_baseline() -> None:
    """Through the runner and the contract, as any revision would be replayed."""
    verdicts = judge_in_process(TRACES, TARGET, comparison=COMPARISON)
    assert len(verdicts) >= 5
    told = {one.trace: one.to_json() for one in verdicts if one.outcome != "pass"}
    assert not told, "Trace replay mismatch"


@by_id
def test_a_trace_runs_under_partners_that_the_world_has(trace: Trace) -> None:
    """End to end the same partners send it, with the same autonomy, and only they may state their own time."""
    world = {partner.id: partner for partner in load_partners()}
    for partner in trace.partners:
        known = world[partner["id"]]
        assert known.steered_clock
        assert (known.name, known.autonomy_tier) == (partner["name"], partner["autonomy_tier"])


@by_id
def test_nothing_secret_stands_in_a_cassette(trace: Trace) -> None:
    for interaction in trace.cassette.interactions:
        names = {name.lower() for name in interaction.request.headers}
        assert names <= {"content-type", "idempotency-key"}
        assert "authorization" not in interaction.request.body.lower()


@pytest.fixture(scope="module")
def mariadb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A MariaDB of our own, without a network, ended by its process."""
    home = tmp_path_factory.mktemp("mariadb")
    data, socket_path, log = home / "data", home / "s.sock", home / "log"
    install = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}", "--skip-test-db"]
    subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
    options = [f"--datadir={data}", f"--socket={socket_path}", f"--pid-file={home / 'pid'}", "--skip-networking"]
    with log.open("wb") as output:
        command = ["mariadbd", "--no-defaults", "--user=root", *options, "--innodb-buffer-pool-size=32M"]
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            deadline = Deadline(30)
            while b"ready for connections" not in log.read_bytes():
                assert process.poll() is None, log.read_text()[-2000:]
                assert not deadline.passed, log.read_text()[-2000:]
                block_s(0.02)
            yield f"mysql+pymysql://root@localhost/{{name}}?unix_socket={socket_path}"
        finally:
            process.kill()
            process.wait()


@pytest.mark.slow
@by_id
def test_sqlite_and_mariadb_agree(trace: Trace, mariadb_url: str) -> None:
    """The stand-in for the database is a fair one: the same trace gives the same bytes on the real server."""
    name = f"trace_{trace.seed}"
    admin = create_engine(mariadb_url.format(name=""))
    with admin.begin() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    engine = create_engine(mariadb_url.format(name=name), isolation_level="READ COMMITTED")
    try:
        on_server = replay_on(engine, trace.to_contract())
    finally:
        engine.dispose()
    assert canonical_json(on_server) == canonical_json(replay(trace.to_contract()))
