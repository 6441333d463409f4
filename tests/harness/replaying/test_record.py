"""Baselines come from clean replays alone, and missing answers from a party that is named."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from harness.replaying.comparison import ReplayResult
from harness.replaying.record import Refused, approve, complete, main
from harness.replaying.runner_process import Target
from harness.replaying.runners import Runners
from harness.traces import Cassette, Trace, load_trace

HERE = Path(__file__).parent
CALL = {"request": {"method": "GET", "uri": "http://there.invalid/"}}
TRACE_YAML = """\
contract: 1
id: one
title: T
clock: {starts_at: "2026-02-02T14:00:00+00:00"}
ids: {seed: 1}
partners: []
inputs: [{at_s: 0, kind: signal, partner: T1, content_type: text/plain, body: x}]
"""


class Party(BaseHTTPRequestHandler):
    """Answers every GET, to those who show the key."""

    def do_GET(self) -> None:
        body = b'{"answer": 42}'
        self.send_response(200 if self.headers["X-Key"] == "k" else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "session=not-to-be-kept")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.fixture
def party() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Party)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "trace.yaml").write_text(TRACE_YAML)
    return folder


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"error": "the database was away"}, "the replay failed: the database was away"),
        ({"output": {}, "unmatched": (CALL,)}, "not recorded: GET http://there.invalid/"),
        ({"output": {}, "unused": (CALL,)}, "nobody asked: GET http://there.invalid/"),
    ],
)
def test_an_outage_never_becomes_a_baseline(trace: Trace, folder: Path, result: dict[str, object], said: str) -> None:
    before = (folder / "trace.yaml").read_text()
    with pytest.raises(Refused) as refused:
        approve(replace(trace, folder=folder), ReplayResult(trace="one", **result))  # type: ignore[arg-type]
    assert said in str(refused.value)
    assert (folder / "trace.yaml").read_text() == before


def test_missing_answers_are_fetched_and_what_is_secret_is_not_kept(
    trace: Trace, party: str, target: Callable[[str], Target]
) -> None:
    empty = trace.with_cassette(Cassette())
    with Runners(target("asks")) as process, httpx.Client(headers={"X-Key": "k"}, trust_env=False) as client:
        whole = complete(empty, process, {"http://there.invalid": party}, client)
        assert process.one(whole).clean
    (interaction,) = whole.cassette.interactions
    assert interaction.response is not None
    assert interaction.response.status == 200
    assert interaction.response.body == '{"answer": 42}'
    assert set(interaction.response.headers) == {"content-type"}
    assert "X-Key" not in interaction.request.headers


def test_an_answer_from_nowhere_is_refused(trace: Trace, target: Callable[[str], Target]) -> None:
    empty = trace.with_cassette(Cassette())
    with (
        Runners(target("asks")) as process,
        httpx.Client(trust_env=False) as client,
        pytest.raises(Refused, match="no --upstream has it"),
    ):
        complete(empty, process, {"http://elsewhere.invalid": "http://127.0.0.1:1"}, client)


def test_the_command(
    folder: Path, party: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = folder.parent
    (project / "pyproject.toml").write_text(
        '[tool.harness]\ntopology = "t:T"\nscenarios = "s"\ntraces = "."\nreplay = "entries:asks"\n'
    )
    (project / "entries.py").write_text((HERE / "entries.py").read_text())
    monkeypatch.chdir(project)
    assert main([str(folder)]) == 1
    assert "refused:" in capsys.readouterr().err
    assert main([str(folder), "--upstream", f"http://there.invalid={party}", "--header", "X-Key: k"]) == 0
    assert load_trace(folder).baseline == {"asked": 1}
    assert main([str(folder)]) == 0, "and once it is recorded, without the party"
    with pytest.raises(SystemExit) as usage:
        main([str(project / "nowhere")])
    assert usage.value.code == 2
