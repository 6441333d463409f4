"""The same work with vcrpy, deepdiff and pytest, put together as their documentation has it.

One test a trace: vcrpy answers the system's own HTTP client from the cassette, bodies matched, nothing recorded;
deepdiff holds the output against the baseline. The system is driven by the same code, on the same database in memory,
so what is compared is what answers, what compares and what runs the tests, and nothing that the system does itself.
Traces with calls that failed or came late are left out, because vcrpy knows neither.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from vcr.cassette import Cassette
from vcr.matchers import body, host, method, path, port, query, scheme
from vcr.request import Request

from harness.services.base import own_environ
from harness.traces import Trace
from harness.traces.recordings import cassette_text

_ROOT = Path(__file__).resolve().parent.parent
_WITHIN_S = 1_200.0
_WITHOUT = [word for name in ("cacheprovider", "harness", "timeout") for word in ("-p", f"no:{name}")]
_MODULE = """
import json
from pathlib import Path

import httpx
import pytest
import vcr
from deepdiff import DeepDiff

from system.replay.root import record

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.yaml"))
player = vcr.VCR(record_mode="none", match_on=("method", "scheme", "host", "port", "path", "query", "body"))


@pytest.mark.parametrize("name", NAMES)
def test_a_trace_gives_its_baseline(name):
    trace = json.loads((HERE / f"{name}.json").read_text())
    with player.use_cassette(str(HERE / f"{name}.yaml")) as cassette:
        result, _ = record(trace["trace"], httpx.AsyncHTTPTransport(trust_env=False))
    assert not DeepDiff(trace["baseline"], result["output"])
    assert cassette.all_played
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRun:
    """How long so many tests took, from the start of pytest to its end, and of that on a processor."""

    traces: int
    took_s: float
    processor_s: float


def can_play(trace: Trace) -> bool:
    """Whether vcrpy can answer its calls: each had an answer, at once."""
    return all(
        one.failure is None and not (one.response and one.response.after_s) for one in trace.cassette.interactions
    )


def prepared(traces: Iterable[Trace], folder: Path) -> Path:
    """A folder with a test module, and the traces that it tests as files beside it."""
    folder.mkdir()
    (folder / "test_traces.py").write_text(_MODULE, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for trace in traces:
        document = {"trace": trace.to_contract() | {"cassette": []}, "baseline": trace.baseline}
        (folder / f"{trace.id}.json").write_text(json.dumps(document), encoding="utf-8")
        (folder / f"{trace.id}.yaml").write_text(cassette_text(trace.cassette), encoding="utf-8")
    return folder


def tested(folder: Path) -> PeerRun:
    """Runs pytest on a prepared folder; all tests must pass."""
    traces = len(list(folder.glob("*.yaml")))
    before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--tb=line",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:harness",
            "-p",
            "no:timeout",
            ".",
        ],
        cwd=folder,
        env=own_environ({"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=_WITHIN_S,
    )
    took_s, after = perf_counter() - started_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or f"{traces} passed" not in done.stdout:
        raise SystemExit(f"the peer's tests do not pass: {done.stdout[-4000:]}{done.stderr[-500:]}")
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return PeerRun(traces=traces, took_s=took_s, processor_s=processor_s)


def between(few: PeerRun, many: PeerRun) -> PeerRun:
    """What the traces took that only the second run has: without what it takes to start."""
    return PeerRun(
        traces=many.traces - few.traces,
        took_s=many.took_s - few.took_s,
        processor_s=many.processor_s - few.processor_s,
    )


def match_us(uri: str, bodies: Sequence[bytes], calls: int) -> float:
    """Microseconds of the processor for one call, in the order of recording, that vcrpy answers: of some of the calls.

    They are spread evenly over the cassette, and those before each have been answered.
    """
    cassette = Cassette("unsaved", match_on=(method, scheme, host, port, path, query, body), record_mode="none")
    headers = {"content-type": "application/json"}
    answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"{}"}}
    cassette.data = [(Request("POST", uri, one, headers), answer) for one in bodies]
    took_s = 0.0
    places = range(0, len(bodies), max(1, len(bodies) // calls))
    for number in places:
        cassette.play_counts.update(range(number))
        request = Request("POST", uri, bodies[number], headers)
        started_s = process_time()
        cassette.play_response(request)
        took_s += process_time() - started_s
    return took_s / len(places) * 1e6
