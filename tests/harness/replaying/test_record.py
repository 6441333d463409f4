"""Baselines come from clean replays alone, answers from a party that is named, and nothing secret is written."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from harness.replaying.keeping import Refused
from harness.replaying.record import Recorded, Recorder, Upstreams, record
from harness.replaying.runner_process import Target
from harness.replaying.runners import Runners
from harness.run import ExitCode
from harness.traces import (
    Approval,
    Cassette,
    RedactionRules,
    Redactor,
    Request,
    Trace,
    load_trace,
    save_trace,
)
from tests.answering import answering_beside

KEY = b"a key of the tests"
APPROVAL = Approval(at=datetime(2026, 3, 1, tzinfo=UTC), by="A. Developer", why="it is right")
ELSEWHERE = Request(method="GET", uri="http://elsewhere.invalid/")


@pytest.fixture
def party() -> Iterator[str]:
    """Answers those who show the key."""
    with answering_beside(
        lambda asked: (200 if asked.headers.get("x-key") == "k" else 401, {"answer": 42}),
        Content_Type="application/json",
        Set_Cookie="session=not-to-be-kept",
    ) as served:
        yield served.url


@pytest.fixture
def recorder(target: Callable[[str], Target]) -> Iterator[Callable[[str], Recorder]]:
    """A recorder by one of the entries; it keeps traces as they are."""
    begun: list[Runners] = []

    def make(entry: str) -> Recorder:
        begun.append(Runners(target(entry), processes=1))
        return Recorder(runners=begun[-1])

    yield make
    for runners in begun:
        runners.__exit__(None, None, None)


def saying(trace: Trace, body: str) -> Trace:
    """The trace with another input, and no baseline."""
    return replace(trace, inputs=(replace(trace.inputs[0], body=body),), baseline=None, folder=None)


@pytest.mark.parametrize(
    ("entry", "said", "exit_code"),
    [
        ("ends", "the replay failed: .*ended", ExitCode.UNKNOWN),
        ("refuses", "the replay failed: inputs: expected a list", ExitCode.UNKNOWN),
        ("raises", "the system raised: LookupError", ExitCode.INVARIANT),
        ("asks", "recorded, and nobody asked: GET http://elsewhere.invalid/", ExitCode.INVARIANT),
        ("counts", r"two replays differ: so_far: was 1, now 2", ExitCode.INVARIANT),
    ],
)
def test_what_is_not_the_systems_behaviour_is_no_baseline(
    trace: Trace, tmp_path: Path, recorder: Callable[[str], Recorder], entry: str, said: str, exit_code: ExitCode
) -> None:
    answered = trace.cassette.interactions[0]
    there = Cassette(interactions=(answered, replace(answered, request=ELSEWHERE)))
    draft = save_trace(replace(saying(trace, "x"), id="two", cassette=there), tmp_path)
    before = {file.name: file.read_bytes() for file in (tmp_path / "two").iterdir()}
    with pytest.raises(Refused, match=said) as refused:
        record(draft, Recorded(), recorder(entry), root=tmp_path, approval=APPROVAL)
    assert refused.value.exit_code is exit_code
    assert {file.name: file.read_bytes() for file in (tmp_path / "two").iterdir()} == before


def test_missing_answers_are_fetched_and_what_is_secret_is_not_kept(
    trace: Trace, tmp_path: Path, party: str, recorder: Callable[[str], Recorder]
) -> None:
    draft = saying(trace, "x").with_cassette(Cassette())
    with httpx.Client(headers={"X-Key": "k"}, trust_env=False) as client:
        upstreams = Upstreams(addresses={"http://there.invalid": party}, client=client)
        made = record(draft, upstreams, recorder("asks"), root=tmp_path, approval=None)
    assert (made.baseline, made.redacted) == ("new", False)
    found = load_trace(tmp_path / "one")
    assert found.baseline == {"asked": 1}
    (interaction,) = found.cassette.interactions
    assert interaction.response is not None
    assert (interaction.response.status, interaction.response.body.split()) == (200, ["{", '"answer":', "42", "}"])
    assert set(interaction.response.headers) == {"content-type"}
    assert "X-Key" not in interaction.request.headers
    assert record(found, Recorded(), recorder("asks"), root=tmp_path, approval=None).baseline == "as it was"


def test_an_answer_from_nowhere_is_refused(trace: Trace, tmp_path: Path, recorder: Callable[[str], Recorder]) -> None:
    draft = saying(trace, "x").with_cassette(Cassette())
    with httpx.Client(trust_env=False) as client:
        for source, said, exit_code in (
            ("http://elsewhere.invalid", "no upstream has it", ExitCode.INVARIANT),
            ("http://there.invalid", "ConnectError", ExitCode.UNKNOWN),
        ):
            upstreams = Upstreams(addresses={source: "http://127.0.0.1:1"}, client=client)
            with pytest.raises(Refused, match=said) as refused:
                record(draft, upstreams, recorder("asks"), root=tmp_path, approval=None)
            assert refused.value.exit_code is exit_code
    assert not (tmp_path / "one").exists()


def test_a_system_that_asks_for_ever_is_refused(
    trace: Trace, tmp_path: Path, party: str, recorder: Callable[[str], Recorder]
) -> None:
    draft = saying(trace, "x").with_cassette(Cassette())
    with httpx.Client(trust_env=False) as client:
        upstreams = Upstreams(addresses={"http://there.invalid": party}, client=client, calls_max=3)
        with pytest.raises(Refused, match="more than 3 calls"):
            record(draft, upstreams, recorder("asks_on"), root=tmp_path, approval=None)


def test_what_is_secret_is_replaced_before_it_is_written(
    trace: Trace, tmp_path: Path, recorder: Callable[[str], Recorder]
) -> None:
    draft = saying(trace, '{"note": "call me", "phone": "209-555-0188"}')
    by = replace(recorder("echo"), redactor=Redactor(RedactionRules(), KEY))
    made = record(draft, Recorded(), by, root=tmp_path, approval=None)
    assert made.redacted
    written = (tmp_path / "one" / "trace.yaml").read_text()
    assert "call me" in written
    assert "555-0188" not in written
    found = load_trace(tmp_path / "one")
    assert found.baseline == {"bodies": [found.inputs[0].body]}, "of the replay of what is written"


def test_one_about_which_the_system_decides_otherwise_without_its_secrets_is_refused(
    trace: Trace, tmp_path: Path, recorder: Callable[[str], Recorder]
) -> None:
    rules = RedactionRules(decision=lambda output: output["said"])
    draft = saying(trace, "hello@there.invalid")
    by = replace(recorder("first_letter"), redactor=Redactor(rules, KEY))
    with pytest.raises(Refused, match="without its secrets and personal data it is decided otherwise: "):
        record(draft, Recorded(), by, root=tmp_path, approval=None)
    assert not (tmp_path / "one").exists()


def test_another_baseline_needs_a_reason(trace: Trace, tmp_path: Path, recorder: Callable[[str], Recorder]) -> None:
    draft = save_trace(replace(saying(trace, "x"), baseline={"bodies": ["y"]}), tmp_path)
    with pytest.raises(Refused, match=r"say with --reason why that is right:\n  bodies\[0\]: was \"y\", now \"x\""):
        record(draft, Recorded(), recorder("echo"), root=tmp_path, approval=None)
    made = record(draft, Recorded(), recorder("echo"), root=tmp_path, approval=APPROVAL)
    assert made.to_json() == {
        "trace": "one",
        "folder": str(tmp_path / "one"),
        "answers": 1,
        "baseline": "renewed",
        "redacted": False,
    }
    found = load_trace(tmp_path / "one")
    assert (found.baseline, found.approvals) == ({"bodies": ["x"]}, (APPROVAL,))
