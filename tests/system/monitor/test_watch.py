"""When somebody is told: once an incident, never for a blip, and also for a failover between two looks."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from system.monitor.database_probe import Look
from system.monitor.watch import DatabaseWatch, News

START = datetime(2026, 2, 2, 14, tzinfo=UTC)
GOOD, BAD = Look(problem=None, server=1), Look(problem="gone")


def _see(watch: DatabaseWatch, looks: list[Look], *, every_s: float = 0.2, takes_s: float = 0.0) -> list[News]:
    news: list[News] = []
    for number, look in enumerate(looks):
        began_at = START + timedelta(seconds=number * every_s)
        news += watch.see(look, began_at=began_at, ended_at=began_at + timedelta(seconds=takes_s))
    return news


def test_told_once_after_the_span_and_once_when_it_is_over() -> None:
    news = _see(DatabaseWatch(lost_after_s=1.0), [GOOD, *[BAD] * 50, *[GOOD] * 20])
    assert [one.word for one in news] == ["lost", "restored"]
    assert news[0].since == news[1].since == START + timedelta(seconds=0.2), "since the first look that failed"


def test_a_blip_is_nobodys_news() -> None:
    assert _see(DatabaseWatch(lost_after_s=1.0), [GOOD, BAD, BAD, BAD, GOOD] * 20) == []


def test_a_look_that_hangs_counts_for_as_long_as_it_took() -> None:
    """A stopped server answers nothing: the first look alone took longer than the span."""
    news = _see(DatabaseWatch(lost_after_s=1.0), [BAD], takes_s=1.0)
    assert [one.word for one in news] == ["lost"]


def test_another_server_means_that_the_primary_was_lost_however_briefly() -> None:
    promoted = Look(problem=None, server=2)
    for looks in ([GOOD, promoted], [GOOD, BAD, promoted]):
        news = _see(DatabaseWatch(lost_after_s=60.0), [*looks, promoted, promoted])
        assert [one.word for one in news] == ["lost", "restored"]
        assert "server 2 answers instead of 1" in news[0].reason


def test_a_failover_during_an_incident_is_the_same_incident() -> None:
    news = _see(DatabaseWatch(lost_after_s=1.0), [GOOD, *[BAD] * 10, Look(problem=None, server=2)])
    assert [one.word for one in news] == ["lost", "restored"]


def test_after_a_restart_the_incident_is_not_told_again_but_ended() -> None:
    since = START - timedelta(minutes=5)
    assert _see(DatabaseWatch(lost_after_s=1.0, alerted_since=since), [BAD] * 50) == []
    (news,) = _see(DatabaseWatch(lost_after_s=1.0, alerted_since=since), [*[BAD] * 5, GOOD, GOOD])
    assert (news.word, news.since) == ("restored", since)


@given(st.lists(st.sampled_from([GOOD, BAD, Look(problem=None, server=2)]), max_size=60))
def test_lost_and_restored_take_turns(looks: list[Look]) -> None:
    words = [one.word for one in _see(DatabaseWatch(lost_after_s=0.5), looks)]
    assert words == (["lost", "restored"] * len(words))[: len(words)]
