"""Every curated trace, replayed: in a process of its own against its baseline, in any surroundings, and on MariaDB."""

import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, create_engine

from benchmarks import corpus
from harness.cache import cache_folder
from harness.clock import Deadline, block_s
from harness.replaying import runner
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


@pytest.mark.timeout(600)
def test_every_trace_gives_its_baseline() -> None:
    """Through the runner and the contract, as any revision would be replayed."""
    verdicts = judge_in_process(TRACES, TARGET, comparison=COMPARISON)
    assert len(verdicts) >= 5
    told = {one.trace: one.to_json() for one in verdicts if one.outcome != "pass"}
    assert not told, "Trace replay mismatch"


def test_the_exported_case_is_among_them() -> None:
    """What the console wrote stands where it says, as it was written: one signal, one answer, nothing booked."""
    (exported,) = (trace for trace in TRACES if trace.id == "hallucinations/negative_weight")
    assert exported.made.source.startswith("the case of ")
    assert exported.baseline["intents"][0]["error_reason"] == "Hallucination: negative weight"
    assert (len(exported.inputs), len(exported.cassette.interactions), exported.baseline["writes"]) == (1, 1, [])


def test_every_pull_request_is_held_against_all_traces() -> None:
    """CI runs the tests, this file among them, and the gate over every trace on each pull request; neither may fail."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    asked = {str(key): value for key, value in workflow.items()}["True"]
    assert "pull_request" in asked, "YAML 1.1 reads the key `on` as true"
    (job,) = workflow["jobs"].values()
    runs = [step["run"].split() for step in job["steps"] if "run" in step]
    assert [".ci/run"] in runs
    (gate,) = (words for words in runs if words[:2] == [".venv/bin/harness", "gate"])
    assert "--traces" not in gate, "all of them"
    assert not any("continue-on-error" in one for one in (job, *job["steps"]))
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    goal = re.search(r"^test:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert goal is not None
    (tests,) = (line for line in goal[1].splitlines() if re.search("/pytest .*tests", line))
    assert not re.search(r"--ignore|--deselect| -k | -m ", tests), "all of them"


@pytest.fixture(scope="module")
def made_up() -> list[Trace]:
    """Traces that nobody chose: of every kind that the generator knows."""
    traces = [corpus.trace(3, number) for number in range(60)]
    assert {one.title for one in traces} == {kind.name for kind in corpus.KINDS}
    return traces


def _lines(
    traces: Sequence[Trace], *, python: str = sys.executable, order: int = 0, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What the runner says of each trace, by id: one process, the traces in the order that a seed gives."""
    shuffled = list(traces)
    random.Random(order).shuffle(shuffled)
    done = subprocess.run(
        [python, runner.__file__, TARGET.entry],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        input="".join(json.dumps(one.to_contract()) + "\n" for one in shuffled),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=300,
    )
    lines = {json.loads(line)["id"]: line for line in done.stdout.splitlines()}
    assert len(lines) == len(traces)
    return lines


@pytest.fixture(scope="module")
def as_it_is(made_up: list[Trace]) -> dict[str, str]:
    """What every trace gives here, in the order in which they are listed."""
    lines = _lines([*TRACES, *made_up])
    assert not [line for line in lines.values() if json.loads(line)["error"]]
    return lines


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONHASHSEED": "random", "TZ": "America/St_Johns"},
        {"PYTHONHASHSEED": "random", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONUTF8": "0"},
        {
            "PYTHONHASHSEED": "4294967295",
            "TZ": "UTC",
            "PYTHONOPTIMIZE": "1",
            "DATABASE_URL": "mysql+pymysql://no/where",
        },
    ],
    ids=lambda environ: environ["TZ"],
)
def test_what_surrounds_a_replay_changes_nothing(
    environ: dict[str, str], made_up: list[Trace], as_it_is: dict[str, str]
) -> None:
    """The order of sets, the zone, the language, switched-off assertions, and which traces came before: no byte."""
    order = int(hashlib.sha256(environ["TZ"].encode()).hexdigest()[:8], 16)
    assert _lines([*TRACES, *made_up], order=order, environ=environ) == as_it_is


def _other_pythons() -> list[str]:
    """The interpreters of the other versions that are supported, where there are some."""
    found = []
    for minor in (11, 12, 13):
        places = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3"))
        on_path = shutil.which(f"python3.{minor}")
        if minor != sys.version_info.minor:
            found += [str(place) for place in places[-1:]] or ([on_path] if on_path else [])
    return found


def _with_packages(python: str) -> str:
    """An environment of that interpreter with the locked packages, made once; skips where they cannot be had."""
    lock = ROOT / "requirements.lock"
    version = subprocess.run([python, "-VV"], check=True, capture_output=True, text=True).stdout
    place = cache_folder("pythons") / hashlib.sha256(lock.read_bytes() + version.encode()).hexdigest()[:24]
    ready = place / ".ready"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as alone:  # other tests may want the same
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not ready.exists():
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([python, "-m", "venv", str(place)], check=True, capture_output=True)
            pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run(
                [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(lock)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"the locked packages cannot be installed for {version.strip()}: {done.stderr[-300:]}")
            ready.touch()
    return str(place / "bin" / "python")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("python", _other_pythons() or [""], ids=lambda python: python or "none")
def test_every_supported_python_gives_the_same_bytes(
    python: str, made_up: list[Trace], as_it_is: dict[str, str]
) -> None:
    if not python:
        pytest.skip("no other Python of 3.11 to 3.13 is installed here, by pyenv or on the path")
    assert _lines([*TRACES, *made_up], python=_with_packages(python), order=12) == as_it_is


@by_id
def test_a_trace_runs_under_partners_that_the_world_has(trace: Trace) -> None:
    """End to end the same partners send it, with the same autonomy, and only they may state their own time.

    A trace whose partner has lost autonomy before it begins is not driven end to end.
    """
    world = {partner.id: partner for partner in load_partners()}
    for partner in trace.partners:
        known = world[partner["id"]]
        assert known.steered_clock
        assert known.name == partner["name"]
        assert known.autonomy_tier == partner["autonomy_tier"] or not trace.end_to_end


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


@pytest.fixture(scope="module")
def on_mariadb(mariadb_url: str) -> Iterator[Engine]:
    """One database for all of them: each replay empties it, as it does with the one in memory."""
    admin = create_engine(mariadb_url.format(name=""))
    with admin.begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE traces")
    admin.dispose()
    engine = create_engine(mariadb_url.format(name="traces"), isolation_level="READ COMMITTED")
    yield engine
    engine.dispose()


@pytest.mark.slow
@by_id
def test_sqlite_and_mariadb_agree(trace: Trace, on_mariadb: Engine) -> None:
    """The stand-in for the database is a fair one: the same trace gives the same bytes on the real server."""
    on_server = replay_on(on_mariadb, trace.to_contract())
    assert canonical_json(on_server) == canonical_json(replay(trace.to_contract()))


@pytest.mark.slow
def test_sqlite_and_mariadb_agree_on_what_nobody_chose(made_up: list[Trace], on_mariadb: Engine) -> None:
    for trace in made_up[:30]:
        on_server = canonical_json(replay_on(on_mariadb, trace.to_contract()))
        assert on_server == canonical_json(replay(trace.to_contract())), trace.id


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """`harness up` in a process of its own: the file of its addresses, and the one that its exchanges go to."""
    addresses, exchanges = tmp_path / "up.json", tmp_path / "exchanges.yaml"
    words = [sys.executable, "-m", "harness", "up", "--json", "--set", f"RECORD_CASSETTE_FILE={exchanges}"]
    with (
        addresses.open("wb") as output,
        (tmp_path / "up.log").open("wb") as log,
        subprocess.Popen(words, cwd=ROOT, stdout=output, stderr=log) as process,
    ):
        try:
            deadline = Deadline(120)
            while not addresses.read_bytes().endswith(b"}\n"):
                assert process.poll() is None, log.name
                assert not deadline.passed, log.name
                block_s(0.05)
            yield addresses, exchanges
        finally:
            process.terminate()


@pytest.mark.slow
def test_recorded_anew_from_the_running_system_a_trace_is_what_it_was(
    running: tuple[Path, Path], tmp_path: Path
) -> None:
    """Answers and baseline, of those whose answers the world's own parties give."""
    addresses, exchanges = running
    names = ("original_booked", "change_before_original", "cancelled_with_repeats", "pickup_time_missing")
    for name in names:
        (tmp_path / "drafts" / name).mkdir(parents=True)
        above, _, _ = (ROOT / "traces" / name / "trace.yaml").read_text().partition("\nbaseline:")
        (tmp_path / "drafts" / name / "trace.yaml").write_text(above + "\n")
    words = ["trace", "record", str(tmp_path / "drafts"), "--fictional", "--json"]
    words += ["--running", str(addresses), "--exchanges", str(exchanges)]
    command = [sys.executable, "-m", "harness", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    curated = {trace.id: trace for trace in TRACES}
    for trace in load_traces(tmp_path / "drafts"):
        assert trace.baseline == curated[trace.id].baseline
        assert len(trace.cassette.interactions) == len(curated[trace.id].cassette.interactions)
        assert trace.inputs == curated[trace.id].inputs
    assert len(json.loads(done.stdout)["recorded"]) == len(names)
