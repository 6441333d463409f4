"""What becomes a baseline, and what never does: all or nothing, one cause alone, and each trace says who took it."""

from pathlib import Path

import pytest

from harness.replaying.keeping import Refused
from harness.replaying.refresh import approval, propose, write
from harness.replaying.repository import RevisionError
from harness.traces import Comparison, Trace, load_trace, load_traces
from tests.harness.replaying.toy_repository import PRICE, REPLAY, ToyRepository, make_repository, price

RULES = Comparison(keys={"intents": ("identity",)})
LETTERS = """\
from shop.price import priced

def replay(trace):
    intents = [{"identity": one["body"], "price": priced(one["body"]), "size": SIZE} for one in trace["inputs"]]
    return {"output": {"intents": intents}, "unmatched": [], "unused": []}
"""
CALLS = REPLAY.replace(
    '"unmatched": []', '"unmatched": [{"request": {"method": "GET", "uri": "http://there.invalid/"}}]'
)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    """Three traces; long names are dearer now, which is not committed."""
    toy = make_repository(tmp_path, monkeypatch)
    toy.add_trace("long/a", "pineapple", 9)
    toy.add_trace("long/b", "grapefruit", 10)
    toy.commit("more traces")
    toy.write({PRICE: price("len(name) + 100 * (len(name) > 5)")})
    return toy


def traces(toy: ToyRepository) -> list[Trace]:
    return list(load_traces(toy.folder / "traces"))


def refreshed(toy: ToyRepository, cluster: int | None = None, reason: str = "dearer") -> list[str]:
    """The traces that were written."""
    with toy.session(fresh=True) as session:
        proposal = propose(session, traces(toy), RULES, cluster=cluster)
        write(toy.config(), proposal, approval(session, reason))
    return [trace.id for trace, _ in proposal.baselines]


def refused(toy: ToyRepository) -> Refused:
    """Why nothing was written; and nothing was."""
    before = {path: path.read_bytes() for path in (toy.folder / "traces").rglob("*") if path.is_file()}
    with pytest.raises(Refused) as said:
        refreshed(toy)
    assert {path: path.read_bytes() for path in (toy.folder / "traces").rglob("*") if path.is_file()} == before
    return said.value


def price_of(toy: ToyRepository, name: str) -> object:
    return load_trace(toy.folder / "traces" / name, root=toy.folder / "traces").baseline["intents"][0]


def test_only_what_changed_is_written_and_what_people_wrote_stays(toy: ToyRepository) -> None:
    file = toy.folder / "traces" / "long" / "a" / "trace.yaml"
    file.write_text("# of a customer who asked\n" + file.read_text())
    one = (toy.folder / "traces" / "one" / "trace.yaml").read_bytes()
    assert refreshed(toy) == ["long/a", "long/b"]
    assert (toy.folder / "traces" / "one" / "trace.yaml").read_bytes() == one
    text = file.read_text()
    assert text.startswith("# of a customer who asked\n")
    trace = load_trace(file.parent, root=toy.folder / "traces")
    assert trace.baseline["intents"][0]["price"] == 109
    (approved,) = trace.approvals
    assert (approved.by, approved.why) == ("A. Developer <dev@there.invalid>", "dearer")
    assert approved.commit == f"{toy.commits[-1]}+", "the change itself is not committed yet"
    assert refreshed(toy) == []
    toy.write({PRICE: price("len(name) + 200 * (len(name) > 5)")})
    refreshed(toy, reason="dearer still")
    assert [one.why for one in load_trace(file.parent, root=toy.folder / "traces").approvals] == [
        "dearer",
        "dearer still",
    ]


def test_one_trace_that_does_not_run_and_none_is_written(toy: ToyRepository) -> None:
    """H14: trouble of what replays is nobody's behaviour."""
    toy.write({PRICE: price("__import__('os')._exit(3) if name == 'apple' else 7")})
    why = refused(toy)
    assert "one: unknown: the runner ended with 3" in str(why)
    assert why.exit_code == 12


def test_a_trace_without_a_baseline_is_unknown_too(toy: ToyRepository) -> None:
    file = toy.folder / "traces" / "one" / "trace.yaml"
    file.write_text(file.read_text().partition("baseline:")[0])
    assert "one: unknown: there is no baseline yet" in str(refused(toy))


def test_what_is_left_to_chance_is_refused(toy: ToyRepository) -> None:
    toy.write({PRICE: "import random\n\ndef priced(name):\n    return random.random()\n"})
    why = refused(toy)
    assert "long/a: noisy: " in str(why)
    assert why.exit_code == 10


def test_what_hangs_on_the_order_of_the_traces_is_noisy(toy: ToyRepository) -> None:
    """One process sees them forwards, another backwards."""
    toy.write({PRICE: "seen = []\n\ndef priced(name):\n    seen.append(name)\n    return len(seen)\n"})
    with toy.session(fresh=True, processes=1) as session, pytest.raises(Refused, match="noisy"):
        propose(session, traces(toy), RULES)


def test_what_hangs_on_a_hash_is_noisy(toy: ToyRepository) -> None:
    toy.write({PRICE: "def priced(name):\n    return list(set('abcdefghijklmnopqrstuvwxyz'))\n"})
    assert "noisy" in str(refused(toy))


def test_answers_that_do_not_fit_are_recorded_and_not_refreshed(toy: ToyRepository) -> None:
    toy.write({"shop/replay.py": CALLS})
    why = refused(toy)
    assert "long/a: not recorded: GET http://there.invalid/" in str(why)
    assert "record their answers first: `harness trace record`" in str(why)
    assert why.exit_code == 10


def test_what_the_system_raises_is_no_output(toy: ToyRepository) -> None:
    toy.write({PRICE: price("1 / 0")})
    why = refused(toy)
    assert "long/a: the system raised: ZeroDivisionError" in str(why)
    assert why.exit_code == 10


def test_one_cause_alone(toy: ToyRepository) -> None:
    """Prices changed in two traces, and in all three there is a new field: only the field is taken."""
    toy.write({"shop/replay.py": LETTERS.replace("SIZE", "len(one['body'])")})
    with toy.session(fresh=True) as session:
        found = propose(session, traces(toy), RULES).found
        field = next(one.number for one in found.causes.listed() if len(one.lines) == 1)
        proposal = propose(session, traces(toy), RULES, cluster=field)
        write(toy.config(), proposal, approval(session, "sizes are told"))
    assert [trace.id for trace, _ in proposal.baselines] == ["long/a", "long/b", "one"]
    assert proposal.left == ("long/a", "long/b")
    assert price_of(toy, "long/a") == {"identity": "pineapple", "price": 9, "size": 9}
    assert price_of(toy, "one") == {"identity": "apple", "price": 5, "size": 5}
    assert refreshed(toy, cluster=1) == ["long/a", "long/b"]
    assert price_of(toy, "long/a") == {"identity": "pineapple", "price": 109, "size": 9}
    assert refreshed(toy) == []


def test_a_cause_that_is_not_there(toy: ToyRepository) -> None:
    with toy.session(fresh=True) as session, pytest.raises(Refused, match="there is no cause 3; there are 1"):
        propose(session, traces(toy), RULES, cluster=3)


def test_who_does_it_has_to_be_known(toy: ToyRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME")
        monkeypatch.delenv(f"GIT_{name}_EMAIL")
    toy.git("config", "user.useConfigOnly", "true")
    with toy.session() as session, pytest.raises(RevisionError, match=r"user\.email|no email|tell me who you are"):
        approval(session, "because")
    (toy.folder / ".git").rename(toy.folder / "no longer")
    with toy.session() as session:
        assert approval(session, "because").commit == ""


def test_traces_of_others_are_not_written(toy: ToyRepository, tmp_path: Path) -> None:
    (toy.folder / "traces" / "one").rename(tmp_path / "one")
    with toy.session() as session, pytest.raises(Refused, match="one is none of the traces in"):
        propose(session, [load_trace(tmp_path / "one")], RULES)
