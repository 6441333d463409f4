"""What checkers make of a history before they judge it."""

from harness.checkers.reading import attempts, fault_event, first_told, moment_s, some
from harness.history import Kind
from tests.histories import Story


def test_the_first_main_fault_is_the_fault() -> None:
    story = Story()
    assert fault_event(story.history()) is None
    story.fault("withhold", main=False)
    main = story.fault("kill")
    story.fault("kill")
    assert fault_event(story.history()) == main


def test_a_moment_is_when_it_was_and_not_when_it_was_written_down() -> None:
    story = Story()
    assert moment_s(story.step("promoted", told_at_s=2.0, at_s=1.5)) == 1.5
    assert moment_s(story.step("promoted", told_at_s=3.0)) == 3.0


def test_the_first_time_that_something_was_told() -> None:
    story = Story()
    story.write("a", kind=Kind.INFO)
    first = story.write("a", at_s=1.0)
    second = story.write("a", "b", at_s=2.0)
    history = story.history()
    told = first_told(history, "write", "identity")
    assert {key: one.event for key, one in told.items()} == {"a": first, "b": second}
    assert list(first_told(history, "write", "identity", until_s=1.5)) == ["a"]
    later = first_told(history, "write", "identity", from_s=1.5)
    assert {key: one.event for key, one in later.items()} == {"a": second, "b": second}
    assert first_told(history, "other", "identity") == {}


def test_every_attempt_with_what_became_of_it() -> None:
    """An operation on several things is an attempt on each; one that never ended has no completion."""
    story = Story()
    story.write("a", "b", kind=Kind.INFO)
    story.write("a")
    hanging = story.begin("b")
    found = attempts(story.history(), "write", "identity")
    assert [one.completion and one.completion.kind for one in found["a"]] == [Kind.INFO, Kind.OK]
    assert [one.completion and one.completion.kind for one in found["b"]] == [Kind.INFO, None]
    assert found["b"][1].invoke == hanging


def test_what_nobody_knew_between_two_events() -> None:
    story = Story()
    maybe = story.write("maybe", kind=Kind.INFO)
    done = story.write("done")
    slow = story.begin("slow")
    story.end(slow, Kind.OK, results=[{"identity": "slow"}])
    story.begin("hanging")
    found = {key: one[0] for key, one in attempts(story.history(), "write", "identity").items()}
    assert found["maybe"].unknown_between(done.number, slow.number), "it may have happened, for ever"
    assert not found["done"].unknown_between(done.number, slow.number + 1)
    assert found["done"].unknown_between(maybe.number, slow.number), "it was under way"
    assert found["slow"].unknown_between(slow.number, slow.number + 1)
    assert not found["slow"].unknown_between(maybe.number, slow.number), "it began later"
    assert found["hanging"].unknown_between(0, 100)


def test_what_was_begun_afterwards_says_nothing_about_what_was_known_before() -> None:
    story = Story()
    story.write("told")
    later = story.write("told", kind=Kind.INFO)
    first, second = attempts(story.history(), "write", "identity")["told"]
    assert not first.unknown_between(1, 2)
    assert not second.unknown_between(0, second.invoke.number)
    assert second.unknown_between(0, later.number)


def test_a_few_and_how_many_more() -> None:
    assert some("abc", 3) == "a, b, c"
    assert some("abcde", 3) == "a, b, c and 2 more"
    assert some([]) == ""
