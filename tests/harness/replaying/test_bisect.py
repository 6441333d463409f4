"""The commit that changed what a trace gives, wherever it stands, and whatever does not run on the way to it."""

from math import ceil, log2
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.replaying.bisect import CannotBisect, bisect, halve
from harness.replaying.repository import RevisionError
from harness.traces import Comparison, Mask, load_trace
from tests.harness.replaying.toy_repository import PRICE, REPLAY, ToyRepository, make_repository, price

RULES = Comparison()
NO_SYNTAX = "def priced(name:\n"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    return make_repository(tmp_path, monkeypatch)


@given(last=st.integers(1, 300), data=st.data())
def test_any_culprit_is_found_among_any_that_do_not_run(last: int, data: st.DataObject) -> None:
    culprit = data.draw(st.integers(1, last))
    untold = data.draw(st.sets(st.integers(1, last - 1)) if last > 1 else st.just(set()))
    asked: list[int] = []

    def is_bad(number: int) -> bool | None:
        asked.append(number)
        return None if number in untold else number >= culprit

    good, bad = halve(last, is_bad)
    assert good < culprit <= bad
    assert good == 0 or (good in asked and good not in untold)
    assert bad == last or (bad in asked and bad not in untold)
    assert set(range(good + 1, bad)) <= untold
    assert len(asked) == len(set(asked))
    assert all(0 < number < last for number in asked)
    if not untold:
        assert len(asked) <= ceil(log2(last))


def test_a_row_of_those_that_do_not_run_is_left_soon() -> None:
    asked: list[int] = []

    def is_bad(number: int) -> bool | None:
        asked.append(number)
        return None if 20 <= number <= 44 else number >= 50

    assert halve(64, is_bad) == (49, 50)
    assert len(asked) <= 12, "halving alone takes 6"


@pytest.mark.parametrize("culprit", [1, 40])
def test_sixty_four_commits_take_eight_replays(toy: ToyRepository, culprit: int) -> None:
    for number in range(1, 65):
        if number == culprit:
            toy.commit("prices: round them up", {PRICE: price(f"len(name) + 1  # {number}")})
        else:
            toy.commit(f"change {number}", {PRICE: price(f"len(name) + {int(number > culprit)}  # {number}")})
    with toy.session() as session:
        found = bisect(session, load_trace(toy.folder / "traces" / "one"), "HEAD~64", "HEAD", RULES)
    assert found.replays <= 8
    assert found.commits == 64
    (suspect,) = found.suspects
    assert suspect.to_json() == {
        "commit": toy.commits[culprit],
        "author": "A. Developer",
        "date": f"2026-03-01T12:00:{culprit % 60:02d}+00:00",
        "subject": "prices: round them up",
    }
    assert found.verdict.lines == ("intents[0].price: was 5, now 6",)
    assert found.note is None
    document = found.document()
    assert document["suspects"][0]["subject"] == "prices: round them up"
    assert document["skipped"] == []


def test_commits_that_leave_the_code_alone_are_not_tried(toy: ToyRepository) -> None:
    for number in range(30):
        toy.commit(f"notes {number}", {"notes": f"{number}"})
    toy.commit("dearer", {PRICE: price("len(name) + 1")})
    for number in range(33):
        toy.commit(f"more notes {number}", {"notes": f"more {number}"})
    with toy.session() as session:
        found = bisect(session, load_trace(toy.folder / "traces" / "one"), "HEAD~64", "HEAD", RULES)
    assert [commit.subject for commit in found.suspects] == ["dearer"]
    assert (found.commits, found.replays) == (64, 2)


def test_a_commit_that_does_not_run_is_passed_over_and_named(toy: ToyRepository) -> None:
    toy.commit("half of it", {PRICE: NO_SYNTAX})
    toy.commit("mended", {PRICE: price("len(name)  # mended")})
    toy.commit("dearer", {PRICE: price("len(name) + 1")})
    toy.commit("raises", {PRICE: price("1 / 0")})
    toy.commit("last", {PRICE: price("len(name) + 1  # last")})
    with toy.session() as session:
        found = bisect(session, load_trace(toy.folder / "traces" / "one"), "HEAD~5", "HEAD", RULES)
    assert [commit.subject for commit in found.suspects] == ["dearer"]
    skipped = {one.commit.subject: one.reason for one in found.tried if one.outcome == "skipped"}
    assert set(skipped) <= {"half of it", "raises"}
    assert all("SyntaxError" in reason or "ZeroDivisionError" in reason for reason in skipped.values())


def test_where_only_such_lie_before_it_each_of_them_may_be_the_one(toy: ToyRepository) -> None:
    toy.commit("fine", {PRICE: price("len(name) + 0")})
    toy.commit("half of it", {PRICE: NO_SYNTAX})
    toy.commit("another half", {PRICE: NO_SYNTAX + "#"})
    toy.commit("whole, and dearer", {PRICE: price("len(name) + 1")})
    with toy.session() as session:
        found = bisect(session, load_trace(toy.folder / "traces" / "one"), "HEAD~4", "HEAD", RULES)
    assert [commit.subject for commit in found.suspects] == ["half of it", "another half", "whole, and dearer"]
    assert len(found.document()["skipped"]) == 2


def test_a_merge_is_the_one_that_brought_it_in(toy: ToyRepository) -> None:
    toy.git("checkout", "--quiet", "-b", "side")
    toy.commit("dearer, aside", {PRICE: price("len(name) + 1")})
    toy.git("checkout", "--quiet", "main")
    toy.commit("notes", {"notes": "x"})
    toy.git("merge", "--quiet", "--no-ff", "--message=merge the prices", "side")
    toy.commit("more notes", {"notes": "y"})
    with toy.session() as session:
        found = bisect(session, load_trace(toy.folder / "traces" / "one"), "HEAD~3", "HEAD", RULES)
    assert [commit.subject for commit in found.suspects] == ["merge the prices"]


def test_ends_that_are_not_what_they_are_said_to_be(toy: ToyRepository) -> None:
    toy.commit("same", {PRICE: price("len(name) + 0")})
    toy.commit("dearer", {PRICE: price("len(name) + 1")})
    toy.commit("much dearer", {PRICE: price("len(name) + 9")})
    toy.commit("still much", {PRICE: price("len(name) + 9.0 - 0.0 if 0 else len(name) + 9")})
    toy.commit("does not run", {PRICE: NO_SYNTAX})
    trace = load_trace(toy.folder / "traces" / "one")
    for good, bad, said in (
        ("HEAD~5", "HEAD~4", r"bad is not bad: HEAD~4 .* gives what HEAD~5 .* gives, which is the baseline"),
        ("HEAD~2", "HEAD~1", r"bad is not bad: .*neither is the baseline: the change is older than both"),
        ("HEAD~3", "HEAD~1", r"good is not good: HEAD~3 .* does not give the baseline either .*was 5, now 6.*older"),
        ("HEAD~5", "HEAD", r"bad is not known to be bad: HEAD .* gives no result: SyntaxError"),
        ("HEAD", "HEAD", r"nothing lies between"),
        ("HEAD", "HEAD~5", r"does not descend from"),
        ("nothing", "HEAD", r"no revision 'nothing'"),
    ):
        with toy.session() as session, pytest.raises(RevisionError, match=said) as refused:
            bisect(session, trace, good, bad, RULES)
        assert isinstance(refused.value, CannotBisect) == ("is not" in said)


def test_after_a_refresh_the_commit_that_was_refreshed_for_is_found(toy: ToyRepository) -> None:
    toy.commit("same", {PRICE: price("len(name) + 0")})
    toy.commit("dearer", {PRICE: price("len(name) + 1")})
    toy.commit("last", {PRICE: price("len(name) + 1  # last")})
    trace = load_trace(toy.folder / "traces" / "one")
    renewed = trace.with_baseline({"intents": [{"identity": "apple", "price": 6}]})
    for baseline, said in ((renewed, "it was refreshed since"), (trace.with_baseline(None), "there is no baseline")):
        with toy.session() as session:
            found = bisect(session, baseline, "HEAD~3", "HEAD", RULES)
        assert [commit.subject for commit in found.suspects] == ["dearer"]
        assert said in (found.note or "")


def test_what_is_masked_is_no_change(toy: ToyRepository) -> None:
    toy.commit("dearer", {PRICE: price("len(name) + 1")})
    toy.commit("another type", {PRICE: price("str(len(name))")})
    rules = Comparison(masks=(Mask(path="intents[*].price", why="prices are drawn"),))
    with toy.session() as session:
        found = bisect(session, load_trace(toy.folder / "traces" / "one"), "HEAD~2", "HEAD", rules)
    assert [commit.subject for commit in found.suspects] == ["another type"]


def test_what_the_bad_commit_raises_is_found_too(toy: ToyRepository) -> None:
    toy.commit("same", {PRICE: price("len(name) + 0")})
    toy.commit("raises", {PRICE: price("1 / 0")})
    toy.commit("still raises", {PRICE: price("2 / 0"), "shop/replay.py": REPLAY + "\n"})
    with toy.session() as session:
        found = bisect(session, load_trace(toy.folder / "traces" / "one"), "HEAD~3", "HEAD", RULES)
    assert [commit.subject for commit in found.suspects] == ["raises"]
    assert "after: ZeroDivisionError: division by zero" in (found.verdict.error or "")
