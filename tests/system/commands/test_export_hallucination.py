"""`export-hallucination`: what it writes is a trace that the harness reads and that replays to what was decided."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import vcr
import yaml
from click.testing import Result

from harness.replaying.comparison import ReplayResult, TraceOutcome, judge
from harness.traces import load_trace, save_trace
from scenarios.world.reading import read_signal
from scenarios.world.replay import COMPARISON
from scenarios.world.tenders import TenderSource
from system.clock import SystemClock
from system.commands.export_hallucination import trace_id_of
from system.replay import replay
from system.resolver.decision import decide
from system.settings import Settings
from system.storage import NewSignal, Partner, Resolution, State, Storage
from system.x12 import ReadTender, read_interchange, read_json

MADE_UP: dict[str, dict[str, Any]] = {
    "negative weight": {"weight_lb": -50},
    "weight_lb 40404, signal says": {"weight_lb": 40404},
    "excessive weight": {"weight_lb": 9e12},
    "impossible pickup time": {"pickup_at": "2090-02-30T08:00:00"},
}


def _read(seed: int) -> tuple[ReadTender, str]:
    """A tender as a partner sends it, in one of many spellings."""
    batch = TenderSource(f"export {seed}", "T0001", originals_only=True).next()
    if batch.control_number:
        return read_interchange(batch.body, sets_max=10).tenders[0], batch.content_type
    tenders, _ = read_json(batch.body, tenders_max=10)
    return tenders[0], batch.content_type


def _fails(storage: Storage, seed: int, made_up: dict[str, Any]) -> str:
    """The intent of a signal that the model answered with something made up, decided as the resolver does."""
    storage.partners.upsert(Partner(id="T0001", name="Trace Partner One", api_key_sha256="0" * 64, autonomy_tier=3))
    read, content_type = _read(seed)
    signal = NewSignal(
        partner_id="T0001",
        shipment_id=read.tender.shipment_id,
        purpose=read.tender.purpose,
        version=read.tender.version,
        control_number=read.control_number,
        content_type=content_type,
        raw=read.raw,
        tender=read.tender.model_dump(mode="json"),
        received_at=SystemClock().now(),
    )
    storage.signals.accept([signal])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    answer = json.dumps(read_signal(claim.signal.raw) | made_up | {"confidence": 0.97})
    storage.claims.record_resolution(claim, decide(answer, claim.signal, tier=3, settings=Settings()))
    return claim.intent.id


@pytest.mark.parametrize("name", MADE_UP)
@pytest.mark.parametrize("seed", range(8))
def test_a_case_is_a_trace_that_replays_to_what_was_decided(
    storage: Storage, document: Callable[..., Any], tmp_path: Path, seed: int, name: str
) -> None:
    intent, folder = _fails(storage, seed, MADE_UP[name]), tmp_path / "traces" / "hallucinations" / "a_case"
    told = document("export-hallucination", intent, str(folder))
    assert told["trace"] == "hallucinations/a_case"
    trace = load_trace(folder, root=tmp_path / "traces")
    (expected,) = trace.baseline["intents"]
    assert expected["state"] == "FAILED"
    assert expected["error_reason"].startswith(f"Hallucination: {name}")
    assert trace.baseline["writes"] == []
    result = replay(trace.to_contract())
    given = ReplayResult(
        trace=trace.id, output=result["output"], unmatched=tuple(result["unmatched"]), unused=tuple(result["unused"])
    )
    assert judge(trace, given, COMPARISON).outcome is TraceOutcome.PASS


def test_the_files_are_those_that_the_harness_and_vcrpy_know(
    storage: Storage, run: Callable[..., Result], tmp_path: Path
) -> None:
    """The harness writes the same trace again, and vcrpy plays the answer to the question."""
    folder = tmp_path / "traces" / "a_case"
    result = run("export-hallucination", _fails(storage, 1, {"weight_lb": -50}), str(folder))
    assert result.exit_code == 0, result.output
    trace = load_trace(folder, root=tmp_path / "traces")
    save_trace(trace, tmp_path / "again")
    again = load_trace(tmp_path / "again" / "a_case", root=tmp_path / "again")
    assert again.in_folder(None) == trace.in_folder(None)
    with vcr.use_cassette(str(folder / "cassette.yaml"), record_mode="none") as cassette:
        (request,) = cassette.requests
        (response,) = cassette.responses
    body = json.loads(request.body)
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert body["messages"][1]["content"] == f"<signal>\n{_read(1)[0].raw}\n</signal>"
    answer = json.loads(response["body"]["string"])["choices"][0]["message"]["content"]
    assert json.loads(answer)["weight_lb"] == -50
    assert not any("authorization" in text.lower() for text in (str(request.headers), request.body.decode()))


def test_with_a_dash_the_two_files_are_printed_and_none_is_written(
    storage: Storage, run: Callable[..., Result], document: Callable[..., Any], tmp_path: Path, monkeypatch: Any
) -> None:
    """As YAML and in JSON: what was printed, written into a folder of that name, is the trace."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    intent = _fails(storage, 1, {"weight_lb": -50})
    printed, told = run("export-hallucination", intent, "-"), document("export-hallucination", intent, "-")
    assert (printed.exit_code, list((tmp_path / "here").iterdir())) == (0, [])
    cases = [list(yaml.safe_load_all(printed.output)), [yaml.safe_load(text) for text in told["files"].values()]]
    for trace, _ in cases:
        del trace["made"]["at"], trace["approvals"][0]["at"]
    assert cases[0] == cases[1]
    folder = tmp_path / "traces" / "hallucinations" / "negative-weight"
    folder.mkdir(parents=True)
    for name, text in told["files"].items():
        (folder / name).write_text(text, encoding="utf-8")
    read = load_trace(folder, root=tmp_path / "traces")
    assert read.baseline["intents"][0]["error_reason"] == "Hallucination: negative weight"
    assert replay(read.to_contract())["output"]["intents"] == read.baseline["intents"]


def test_what_a_replay_could_not_give_is_not_exported(
    storage: Storage, run: Callable[..., Result], tmp_path: Path
) -> None:
    """A person found it: the model's answer was not kept."""
    _fails(storage, 1, {"weight_lb": -50})
    read, content_type = _read(2)
    signal = NewSignal(
        partner_id="T0001",
        shipment_id="S2",
        purpose="original",
        version="1",
        control_number="1",
        content_type=content_type,
        raw=read.raw,
        tender={},
        received_at=SystemClock().now(),
    )
    storage.signals.accept([signal])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    storage.claims.record_resolution(claim, Resolution(state=State.NEEDS_REVIEW, payload={}, confidence=0.8))
    storage.hallucinations.tag(claim.intent.id, who="ada", why="no such place")
    result = run("export-hallucination", claim.intent.id, str(tmp_path / "traces" / "x"))
    assert result.exit_code == 1
    assert "a person found it" in result.output
    assert not (tmp_path / "traces").exists()


def test_an_intent_without_a_case_is_named(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("export-hallucination", "no-such-intent", str(tmp_path / "x"))
    assert result.exit_code == 1
    assert "no hallucination in intent 'no-such-intent'; `hallucinations list --all`" in result.output


@pytest.mark.parametrize("there", ["file", "full folder"])
def test_what_is_there_stays_as_it_is(storage: Storage, run: Callable[..., Result], tmp_path: Path, there: str) -> None:
    folder = tmp_path / "case"
    if there == "file":
        folder.write_text("mine")
    else:
        folder.mkdir()
        (folder / "trace.yaml").write_text("mine")
    result = run("export-hallucination", _fails(storage, 1, {"weight_lb": -50}), str(folder))
    assert result.exit_code == 1
    assert "nothing was written" in result.output
    kept = folder if there == "file" else folder / "trace.yaml"
    assert kept.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir() if "case" in path.name) == ["case"]


def test_an_empty_folder_will_do(storage: Storage, run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    result = run("export-hallucination", _fails(storage, 1, {"weight_lb": -50}), str(tmp_path / "case"))
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "case").iterdir()) == ["cassette.yaml", "trace.yaml"]


@pytest.mark.parametrize(
    ("folder", "trace_id"),
    [
        ("/x/traces/hallucinations/negative_weight", "hallucinations/negative_weight"),
        ("/traces/y/traces/a", "a"),
        ("/x/y/some-case", "some-case"),
    ],
)
def test_a_trace_is_called_by_its_place(folder: str, trace_id: str) -> None:
    assert trace_id_of(Path(folder)) == trace_id


@pytest.mark.parametrize("folder", ["/x/traces", "/x/traces/A Case", "/x/traces/a/b/c/d/e", "/"])
def test_a_place_that_names_no_trace_is_a_wrong_command(run: Callable[..., Result], folder: str) -> None:
    result = run("export-hallucination", "an-intent", folder)
    assert result.exit_code == 2
    assert "a trace cannot be called" in result.output
