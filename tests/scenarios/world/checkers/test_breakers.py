"""A partner that goes wrong is shut out at the eleventh time and alone, told what to mend, and let in again."""

from collections.abc import Sequence
from typing import Any

import pytest

from harness.checkers.base import Checker, judge
from harness.history import Kind
from harness.verdict import Outcome
from scenarios.world.checkers import (
    AcceptedAgain,
    ClosesByItself,
    ConsoleTells,
    FewAreLetThrough,
    OnTheReviewList,
    OpensAtTheEleventh,
    RefusedWhileOpen,
    RepeatsAreWelcome,
    ToldWhatToMend,
)
from scenarios.world.faulty import FAULTY
from scenarios.world.traffic import SEND
from tests.histories import Story

BAD = "P4"
WRONG = {"segment": "G62", "element": 2}
RETRY: dict[str, Any] = {"status": 429, "retry_after": "300"}


class Tale(Story):
    """A story of partners and the looks at their breakers."""

    def send(self, status: int, *, partner: str = BAD, action: str = SEND, **value: Any) -> None:
        """One operation and its answer; `wrong` says what is wrong with what was sent."""
        kind = Kind.OK if status < 300 else Kind.FAIL
        begun = self.tell(
            Kind.INVOKE,
            action,
            {"identities": ["a"], "wrong": value.pop("wrong", None)},
            actor=f"partner {partner}",
            operation_id=f"{partner}/{len(self.events)}",
        )
        self.end(begun, kind, status=status, **value)

    def look(self, state: str | None, *, partner: str = BAD, changes: int = 1, **row: Any) -> None:
        """A look at the breakers; None: none was ever open."""
        counted = {"malformed": 8, "duplicates": 3, "incident": "i1", **row}
        rows = [] if state is None else [{"partner": partner, "state": state, "changes": changes, **counted}]
        self.probe("breakers", rows=rows)

    def fail(self, times: int, status: int = 400) -> None:
        for number in range(times):
            self.send(status, action=FAULTY, wrong=WRONG if number % 3 else {"segment": "B2", "element": 4})

    def asked(self, *words: str, **document: Any) -> None:
        self.step("operator", actor="operator", command=list(words), exit_code=0, document=document)


def outcome_of(checker: Checker, tale: Story) -> tuple[Outcome, str]:
    verdict = judge(checker, tale.history())
    return verdict.outcome, verdict.summary


def test_every_one_knows_nothing_of_a_story_without_a_breaker() -> None:
    tale = Tale()
    tale.send(202)
    tale.fault("flood")
    tale.send(202)
    tale.heal("flood")
    everyone: Sequence[Checker] = (
        AcceptedAgain(partner=BAD),
        ClosesByItself(partner=BAD),
        ConsoleTells(partner=BAD),
        FewAreLetThrough(partner=BAD),
        OnTheReviewList(partner=BAD),
        OpensAtTheEleventh(partner=BAD),
        RefusedWhileOpen(partner=BAD),
        ToldWhatToMend(partner=BAD),
    )
    assert {one.name: judge(one, tale.history()).outcome for one in everyone} == {
        one.name: Outcome.UNKNOWN for one in everyone
    }
    assert "failed" not in {judge(one, tale.history()).summary for one in everyone}


def opened(*, failures: int = 10, early: bool = False, other: bool = False, look: dict[str, Any] | None = None) -> Tale:
    tale = Tale()
    tale.look(None)
    tale.send(202)
    tale.fail(failures)
    if early:
        tale.send(**RETRY)
    tale.fault("flood")
    if look is not None:
        tale.look("OPEN", **look)
    if other:
        tale.look("OPEN", partner="P1")
    tale.heal("flood")
    return tale


class TestOpensAtTheEleventh:
    checker = OpensAtTheEleventh(partner=BAD)

    def test_ten_are_not_too_many_and_the_eleventh_is(self) -> None:
        outcome, said = outcome_of(self.checker, opened(look={}))
        assert (outcome, said) == (
            Outcome.PASS,
            "open at the 11th failure, of 8 malformed and 3 repeated, and no other partner's",
        )

    @pytest.mark.parametrize(
        ("tale", "outcome", "said"),
        [
            (opened(look={"malformed": 9}), Outcome.FAIL, "it opened at 12 failures"),
            (opened(look={"malformed": 7}), Outcome.FAIL, "it opened at 10 failures"),
            (opened(early=True, look={}), Outcome.FAIL, "was shut out after 10 failures"),
            (opened(other=True, look={}), Outcome.FAIL, "the breaker of P1 opened too"),
            (opened(), Outcome.FAIL, "never opened"),
            (opened(failures=9, look={}), Outcome.UNKNOWN, "9 failures before the fault"),
        ],
        ids=["too late", "too early", "shut out before", "another's", "never", "too few to tell"],
    )
    def test_anything_else_is_not(self, tale: Tale, outcome: Outcome, said: str) -> None:
        found, words = outcome_of(self.checker, tale)
        assert found is outcome
        assert said in words


def refused(*during: dict[str, Any], restarted: bool = False) -> Tale:
    tale = Tale()
    tale.fault("flood")
    tale.send(202)
    tale.look("OPEN")
    if restarted:
        tale.send(202)
        tale.fault("kill", main=False)
        tale.heal("kill")
    for value in during:
        tale.send(**value)
    tale.heal("flood")
    tale.send(202)
    return tale


class TestRefusedWhileOpen:
    checker = RefusedWhileOpen(partner=BAD)

    @pytest.mark.parametrize(
        ("during", "outcome"),
        [
            ([RETRY, RETRY], Outcome.PASS),
            ([RETRY, {"status": 202}], Outcome.FAIL),
            ([RETRY, {"status": 400}], Outcome.FAIL),
            ([RETRY, {"status": 503}], Outcome.PASS),
            ([{"status": 503}], Outcome.UNKNOWN),
            ([{"status": 429}], Outcome.FAIL),
            ([{"status": 429, "retry_after": "0"}], Outcome.FAIL),
            ([{"status": 429, "retry_after": "soon"}], Outcome.FAIL),
            ([], Outcome.UNKNOWN),
        ],
        ids=[
            "refused",
            "accepted",
            "read",
            "not in time",
            "never in time",
            "when?",
            "at once",
            "vague",
            "nothing sent",
        ],
    )
    def test_every_answer_is_429_and_says_when_to_come_back(self, during: list[Any], outcome: Outcome) -> None:
        assert outcome_of(self.checker, refused(*during))[0] is outcome

    def test_with_a_restart_only_what_comes_after_it_counts(self) -> None:
        checker = RefusedWhileOpen(partner=BAD, after_heal_of="kill", let_in_at_most=1)
        assert outcome_of(checker, refused(RETRY))[0] is Outcome.UNKNOWN, "nothing was killed"
        assert outcome_of(checker, refused(RETRY, restarted=True))[0] is Outcome.PASS
        assert outcome_of(checker, refused(RETRY, {"status": 202}, restarted=True))[0] is Outcome.PASS, "to see"
        assert outcome_of(checker, refused(RETRY, *[{"status": 202}] * 2, restarted=True))[0] is Outcome.FAIL
        assert outcome_of(checker, refused({"status": 202}, restarted=True))[0] is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("last", "after", "outcome"),
    [
        ("CLOSED", (202, 202), Outcome.PASS),
        ("CLOSED", (429, 202, 202), Outcome.PASS),
        ("CLOSED", (202, 503, 202), Outcome.PASS),
        ("CLOSED", (202, 429, 202), Outcome.FAIL),
        ("CLOSED", (429, 429), Outcome.FAIL),
        ("CLOSED", (202,), Outcome.FAIL),
        ("HALF_OPEN", (202, 202), Outcome.FAIL),
    ],
)
def test_once_accepted_it_is_refused_no_more(last: str, after: tuple[int, ...], outcome: Outcome) -> None:
    tale = refused(RETRY)
    tale.look("OPEN", changes=3)
    for status in after:
        tale.send(status)
    tale.look(last, changes=4)
    assert outcome_of(AcceptedAgain(partner=BAD), tale)[0] is outcome


def noticed(*notices: dict[str, Any]) -> Tale:
    tale = Tale()
    tale.fail(9)
    for notice in notices:
        tale.step("notice", actor="inbox", **{"kind": "malformed_signals", "partner": BAD, **notice})
    return tale


RIGHT: dict[str, Any] = {
    **WRONG,
    "message": "It is wrong. Please fix X12 segment G62, element 2: no such day.",
}


@pytest.mark.parametrize(
    ("notices", "outcome"),
    [
        ([RIGHT, {"kind": "resend_request", "partner": "P1"}], Outcome.PASS),
        ([], Outcome.FAIL),
        ([RIGHT, RIGHT], Outcome.FAIL),
        ([RIGHT, {**RIGHT, "partner": "P1"}], Outcome.FAIL),
        ([{**RIGHT, "segment": "B2", "element": 4}], Outcome.FAIL),
        ([{**RIGHT, "message": "Something is wrong."}], Outcome.FAIL),
    ],
    ids=["told", "nobody", "twice", "another too", "another place", "no words"],
)
def test_the_partner_alone_is_told_once_of_the_place_that_was_wrong(notices: list[Any], outcome: Outcome) -> None:
    assert outcome_of(ToldWhatToMend(partner=BAD), noticed(*notices))[0] is outcome


def console(
    *, named: str = BAD, counts: tuple[int, int, int] = (11, 15, 19), state: str = "CLOSED", lines: int = 2
) -> Tale:
    tale = Tale()
    tale.asked("breakers", "list", open=[named], breakers=[{"partner": named, "failure_count": counts[0]}])
    said = [("registry.get_open_breakers()", f"['{named}']"), ("registry.get('P4').failure_count", str(counts[1]))]
    tale.asked("prompt", "--line", "...", lines=[{"line": line, "said": words} for line, words in said[:lines]])
    tale.asked("breakers", "reset", BAD, before={"failure_count": counts[2]}, state=state)
    tale.asked("prompt", "--line", "...", lines=[{"line": "registry.get('P4').state", "said": f"'{state}'"}])
    return tale


@pytest.mark.parametrize(
    ("tale", "outcome"),
    [
        (console(), Outcome.PASS),
        (console(named="P1"), Outcome.FAIL),
        (console(state="OPEN"), Outcome.FAIL),
        (console(counts=(11, 11, 11)), Outcome.FAIL),
        (console(counts=(11, 15, 14)), Outcome.FAIL),
        (console(counts=(3, 15, 19)), Outcome.FAIL),
        (console(lines=0), Outcome.UNKNOWN),
    ],
    ids=["right", "another", "still open", "refusals not counted", "fewer later", "too few", "one way only"],
)
def test_the_console_names_counts_and_closes_it(tale: Tale, outcome: Outcome) -> None:
    assert outcome_of(ConsoleTells(partner=BAD), tale)[0] is outcome


def test_one_way_is_enough_where_it_is_all_that_is_asked_for() -> None:
    tale = Tale()
    said = {"get_open_breakers()": f"['{BAD}']", "breaker.failure_count": "4711", "breaker.state": "'CLOSED'"}
    tale.asked("prompt", "--line", "...", lines=[{"line": line, "said": words} for line, words in said.items()])
    assert outcome_of(ConsoleTells(partner=BAD, times_at_least=1), tale)[0] is Outcome.PASS
    assert outcome_of(ConsoleTells(partner=BAD), tale)[0] is Outcome.UNKNOWN


def entry(partner: str = BAD, cause: str = "circuit breaker", reviewed_at: str | None = None) -> dict[str, Any]:
    return {"partner": partner, "cause": cause, "reviewed_at": reviewed_at, "week": "2026-W48"}


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ([entry()], Outcome.PASS),
        ([], Outcome.FAIL),
        ([entry(), entry()], Outcome.FAIL),
        ([entry("P1")], Outcome.FAIL),
        ([entry(cause="trust score")], Outcome.FAIL),
        ([entry(reviewed_at="2026-11-27")], Outcome.FAIL),
    ],
)
def test_the_list_has_the_partner_once(entries: list[Any], outcome: Outcome) -> None:
    tale = Tale()
    tale.asked("reviews", "list", reviews=entries)
    assert outcome_of(OnTheReviewList(partner=BAD), tale)[0] is outcome


def unattended(*looks: tuple[str, int], last: str = "CLOSED", incident: str = "i1") -> Tale:
    tale = Tale()
    tale.fault("flood")
    for state, changes in (("OPEN", 1), *looks):
        tale.look(state, changes=changes)
    tale.heal("flood")
    tale.look("HALF_OPEN", changes=6)
    tale.look(last, changes=7, incident=incident)
    return tale


def test_it_is_shut_again_by_a_bad_look_and_closed_by_good_ones() -> None:
    checker = ClosesByItself(partner=BAD)
    assert outcome_of(checker, unattended(("HALF_OPEN", 2), ("OPEN", 3)))[0] is Outcome.PASS
    assert outcome_of(checker, unattended(("OPEN", 3)))[0] is Outcome.PASS, "half-open between two looks"
    assert outcome_of(checker, unattended(("OPEN", 1)))[0] is Outcome.UNKNOWN, "nothing was let through"
    assert outcome_of(checker, unattended(("OPEN", 3), last="OPEN"))[0] is Outcome.FAIL
    assert outcome_of(checker, unattended(("OPEN", 3), incident="i2"))[0] is Outcome.FAIL
    helped = unattended(("OPEN", 3))
    helped.asked("breakers", "reset", BAD)
    assert outcome_of(checker, helped)[0] is Outcome.UNKNOWN


def let_through(*counts: int, changes: int = 5) -> Tale:
    tale = Tale()
    tale.fault("flood")
    tale.look("OPEN")
    for count in counts:
        tale.probe("ingest", malformed=count)
    tale.look("OPEN", changes=changes)
    tale.heal("flood")
    tale.probe("ingest", malformed=99)
    return tale


@pytest.mark.parametrize(
    ("tale", "outcome"),
    [
        (let_through(11, 12, 14), Outcome.PASS),
        (let_through(11, 12, 0, 1), Outcome.PASS),
        (let_through(11, 12, 15), Outcome.FAIL),
        (let_through(11, 12, 0, 11), Outcome.FAIL),
        (let_through(11, 12, changes=1), Outcome.PASS),
        (let_through(11), Outcome.UNKNOWN),
    ],
    ids=["one a round", "also by another process", "more", "another process begins anew", "a round begun", "one look"],
)
def test_no_more_come_through_than_a_look_takes(tale: Tale, outcome: Outcome) -> None:
    """Five changes are two rounds, and one more may have begun."""
    assert outcome_of(FewAreLetThrough(partner=BAD), tale)[0] is outcome


def repeated(times: int, *statuses: int) -> Tale:
    tale = Tale()
    for number in range(times):
        tale.send(200, partner="P1", results=[{"identity": str(number), "status": "duplicate"}])
        tale.send(202, partner="P2", results=[{"identity": str(number), "status": "accepted"}])
    for status in statuses:
        tale.send(status, partner="P2", results=[])
    return tale


def test_repeats_of_those_who_mean_well_are_welcome() -> None:
    assert outcome_of(RepeatsAreWelcome(), repeated(11)) == (
        Outcome.PASS,
        "11 repeats of 1 partners, and nobody was shut out",
    )
    assert outcome_of(RepeatsAreWelcome(), repeated(10))[0] is Outcome.UNKNOWN
    assert outcome_of(RepeatsAreWelcome(), repeated(0))[0] is Outcome.UNKNOWN
    outcome, said = outcome_of(RepeatsAreWelcome(), repeated(3, 503, 429))
    assert outcome is Outcome.FAIL
    assert "1 answers were 429, to partner P2" in said
