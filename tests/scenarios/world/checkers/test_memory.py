"""How Redis was given room again, on histories written by hand: right, wrong, and not seen."""

from typing import Any

import pytest

from harness.checkers import Checker
from harness.history import History, Kind
from harness.verdict import Outcome, Verdict
from scenarios.world.checkers import (
    ActionsAudited,
    MemoryShown,
    OnlyOldKeysFlushed,
    RaisedByItself,
    RepeatsPastTheKeysAreTold,
    TtlChangedInPlace,
)
from scenarios.world.traffic import SEND
from tests.histories import Story

MB = 1024**2
DAY_S, HALF_S = 86_400.0, 43_200.0


def judged(checker: Checker, story: Story) -> Verdict:
    return checker.check(story.history())


def keys(story: Story, name: str, sent: dict[str, float], *, old: int, young: int, **more: Any) -> None:
    value = {"sent": sent, "old": old, "young": young, "evicted_keys": 0, "redis": "one", "ingest": {"pid": 7}}
    story.probe(name, **{**value, **more})


def memory(story: Story, used_mb: float, limit_mb: float = 6, **more: int) -> None:
    value: dict[str, Any] = {"used_bytes": int(used_mb * MB), "limit_bytes": int(limit_mb * MB), "policy": "noeviction"}
    value |= {"peak_bytes": value["used_bytes"], "evicted_keys": 0, "refused_commands": 0, "ratio": used_mb / limit_mb}
    story.probe("memory", **{**value, **more})


class TestRepeatsPastTheKeysAreTold:
    checker = RepeatsPastTheKeysAreTold()

    def story(self, *counts: int, again: str = "duplicate") -> Story:
        story = Story()
        story.probe("ingest", repeats_past_redis=counts[0])
        story.fault()
        for status in ("accepted", again):
            begun = story.begin("a", action=SEND)
            story.end(begun, Kind.OK, results=[{"identity": "a", "intent_id": "1", "status": status}])
        for count in counts[1:]:
            story.probe("ingest", repeats_past_redis=count)
        return story

    def test_they_came_and_were_known(self) -> None:
        verdict = judged(self.checker, self.story(2, 3, 7))
        assert (verdict.outcome, verdict.summary) == (
            Outcome.PASS,
            "5 repeats came whose keys were gone, each was known",
        )

    def test_one_was_taken_for_new(self) -> None:
        verdict = judged(self.checker, self.story(0, 0, again="accepted"))
        assert (verdict.outcome, verdict.summary) == (Outcome.FAIL, "a was accepted again")

    def test_none_came_or_nobody_looked(self) -> None:
        assert judged(self.checker, self.story(2, 2)).outcome is Outcome.UNKNOWN
        assert judged(self.checker, self.story(2)).outcome is Outcome.UNKNOWN
        assert judged(self.checker, Story()).outcome is Outcome.UNKNOWN


class TestMemoryShown:
    checker = MemoryShown(words=("redis", "show"))

    def story(self, document: Any, *, look: bool = True) -> Story:
        story = Story()
        memory(story, 5.8)
        story.step("operator", command=["redis", "show"], exit_code=0, document=document)
        if look:
            memory(story, 5.9, peak_bytes=7 * MB)
        return story

    @pytest.mark.parametrize("used_mb", [5.6, 6.9])
    def test_it_is_what_redis_says(self, used_mb: float) -> None:
        """6.9 MB: more than at any look, and no more than it was at its peak."""
        verdict = judged(self.checker, self.story({"used_bytes": int(used_mb * MB), "limit_bytes": 6 * MB}))
        assert verdict.outcome is Outcome.PASS
        assert verdict.evidence == (0, 1, 2)

    @pytest.mark.parametrize(
        ("document", "said"),
        [
            ({"used_bytes": 3 * MB, "limit_bytes": 6 * MB}, "3145728 bytes used, Redis had"),
            (
                {"used_bytes": 8 * MB, "limit_bytes": 6 * MB},
                "8388608 bytes used, Redis had 6081740, and at most 7340032",
            ),
            ({"used_bytes": 6 * MB, "limit_bytes": 12 * MB}, "a limit of 12582912 bytes, Redis had 6291456"),
            ({}, "a limit of None"),
            (None, "showed nothing"),
        ],
    )
    def test_it_is_something_else(self, document: Any, said: str) -> None:
        verdict = judged(self.checker, self.story(document))
        assert verdict.outcome is Outcome.FAIL
        assert said in verdict.summary

    def test_it_was_never_asked_or_never_looked_at(self) -> None:
        assert judged(self.checker, Story()).outcome is Outcome.UNKNOWN
        right = {"used_bytes": 6 * MB, "limit_bytes": 6 * MB}
        assert judged(self.checker, self.story(right, look=False)).outcome is Outcome.UNKNOWN


class TestTtlChangedInPlace:
    checker = TtlChangedInPlace(before="before", after="after", later="later", ttl_s=HALF_S)

    def story(self, after: dict[str, float], later: dict[str, float] | None = None, **more: Any) -> Story:
        story = Story()
        keys(story, "before", {"a": DAY_S - 10, "b": DAY_S - 5}, old=800, young=900)
        keys(story, "after", after, **{"old": 800, "young": 901, **more})
        keys(story, "later", {**after, **(later or {})}, old=0, young=901)
        return story

    def test_every_key_is_there_and_has_its_new_end(self) -> None:
        verdict = judged(self.checker, self.story({"a": HALF_S - 11, "b": HALF_S - 6}, {"c": HALF_S}))
        assert verdict.outcome is Outcome.PASS
        assert verdict.summary == "2 young keys, and 1 that came after, each with 43200 s or less to live"

    def test_what_was_written_while_the_command_ran_may_have_either(self) -> None:
        assert judged(self.checker, self.story({"a": HALF_S, "b": HALF_S, "c": DAY_S})).outcome is Outcome.PASS

    def test_what_was_evicted_meanwhile_was_not_taken(self) -> None:
        story = self.story({"b": HALF_S}, old=700, young=850, evicted_keys=200)
        assert judged(self.checker, story).outcome is Outcome.PASS

    @pytest.mark.parametrize(
        ("after", "more", "said"),
        [
            ({"b": HALF_S}, {}, "1 of 2 young keys are gone: a"),
            ({"a": DAY_S, "b": HALF_S}, {}, "1 keys have more than 43200 s to live: a"),
            ({"a": -0.001, "b": HALF_S}, {}, "1 keys have more than 43200 s to live: a"),
            ({"a": HALF_S, "b": HALF_S}, {"later": {"c": DAY_S}}, "1 keys have more than 43200 s to live: c"),
            ({"a": HALF_S, "b": HALF_S}, {"old": 5}, "800 keys were old, 5 are there"),
            ({"a": HALF_S, "b": HALF_S}, {"young": 5}, "900 keys were young, 5 are there"),
            ({"a": HALF_S, "b": HALF_S}, {"redis": "two"}, "redis was started anew"),
            ({"a": HALF_S, "b": HALF_S}, {"ingest": {"pid": 8}}, "ingest was started anew"),
        ],
    )
    def test_what_is_no_change_in_place(self, after: dict[str, float], more: dict[str, Any], said: str) -> None:
        verdict = judged(self.checker, self.story(after, **more))
        assert verdict.outcome is Outcome.FAIL
        assert said in verdict.summary

    def test_nothing_to_be_seen(self) -> None:
        assert judged(self.checker, Story()).outcome is Outcome.UNKNOWN
        story = Story()
        keys(story, "before", {"a": HALF_S}, old=1, young=1)
        assert judged(self.checker, story).outcome is Outcome.UNKNOWN
        keys(story, "after", {"a": HALF_S}, old=1, young=1)
        assert "no look later" in judged(self.checker, story).summary
        keys(story, "later", {"a": HALF_S}, old=1, young=1)
        verdict = judged(self.checker, story)
        assert (verdict.outcome, "no key had more than 43200 s" in verdict.summary) == (Outcome.UNKNOWN, True)


class TestOnlyOldKeysFlushed:
    checker = OnlyOldKeysFlushed(before="before", after="after")

    def story(self, after: list[str], **more: Any) -> Story:
        story = Story()
        keys(story, "before", {"a": HALF_S, "b": HALF_S}, old=800, young=900)
        keys(story, "after", dict.fromkeys(after, HALF_S), **{"old": 0, "young": 902, **more})
        return story

    def test_the_old_are_gone_and_the_young_stand(self) -> None:
        verdict = judged(self.checker, self.story(["a", "b", "c"]))
        assert (verdict.outcome, verdict.summary) == (Outcome.PASS, "800 old keys are gone, 902 young ones stand")
        assert judged(self.checker, self.story(["a", "b"], old=3, young=895)).outcome is Outcome.PASS

    def test_what_was_evicted_meanwhile_was_not_flushed(self) -> None:
        assert judged(self.checker, self.story(["b"], young=880, evicted_keys=20)).outcome is Outcome.PASS
        assert judged(self.checker, self.story([], young=2, evicted_keys=1)).outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        ("after", "more", "said"),
        [
            ([], {"young": 0}, "2 of 2 young keys are gone: a, b"),
            (["a", "b"], {"young": 450}, "900 keys were young, 450 are there"),
            (["a", "b"], {"old": 800}, "800 of 800 old keys are still there"),
            (["a", "b"], {"old": 9}, "9 of 800 old keys"),
        ],
    )
    def test_what_is_no_flush_of_the_old_alone(self, after: list[str], more: dict[str, Any], said: str) -> None:
        verdict = judged(self.checker, self.story(after, **more))
        assert verdict.outcome is Outcome.FAIL
        assert said in verdict.summary

    def test_nothing_to_be_seen(self) -> None:
        assert judged(self.checker, Story()).outcome is Outcome.UNKNOWN
        for sent, old in (({}, 800), ({"a": HALF_S}, 0)):
            story = Story()
            keys(story, "before", dict(sent), old=old, young=1)
            keys(story, "after", dict(sent), old=0, young=1)
            assert judged(self.checker, story).outcome is Outcome.UNKNOWN


class TestRaisedByItself:
    checker = RaisedByItself(by="autoscaler", up_to_bytes=12 * MB)

    def story(
        self, *, limit_mb: float = 9, audit: list[Any] | None = None, operated: bool = False, **last: int
    ) -> Story:
        story = Story()
        memory(story, 1)
        story.fault()
        memory(story, 5)
        if operated:
            story.step("operator", command=["redis", "raise", "9mb"], exit_code=0)
        memory(story, 5, limit_mb, **last)
        row = {"who": "autoscaler", "command": "redis raise", "what": {"limit_bytes": limit_mb * MB}, "why": "80 %"}
        story.probe("operator_actions", rows=[row] if audit is None else audit)
        return story

    def test_it_rose(self) -> None:
        verdict = judged(self.checker, self.story())
        assert (verdict.outcome, "from 6291456 to 9437184" in verdict.summary) == (Outcome.PASS, True)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"limit_mb": 6}, "the limit did not rise"),
            ({"operated": True}, "not before somebody was at the console"),
            ({"limit_mb": 13}, "past the bound of 12582912"),
            ({"evicted_keys": 3}, "it came too late: 3 evicted_keys"),
            ({"refused_commands": 1}, "it came too late: 0 evicted_keys, 1 refused_commands"),
            ({"audit": []}, "no audit row says that autoscaler"),
            ({"audit": [{"who": "ada", "command": "redis raise", "what": {"limit_bytes": 9 * MB}}]}, "no audit row"),
        ],
    )
    def test_it_did_not_or_not_so(self, changes: dict[str, Any], said: str) -> None:
        verdict = judged(self.checker, self.story(**changes))
        assert verdict.outcome is Outcome.FAIL
        assert said in verdict.summary

    def test_a_person_may_come_later(self) -> None:
        story = self.story()
        story.step("operator", command=["redis", "show"], exit_code=0)
        assert judged(self.checker, story).outcome is Outcome.PASS

    def test_nothing_to_be_seen(self) -> None:
        story = Story()
        story.fault()
        memory(story, 1)
        assert judged(self.checker, story).outcome is Outcome.UNKNOWN
        without_audit = [event for event in self.story().events if event.action != "operator_actions"]
        assert self.checker.check(History(without_audit)).outcome is Outcome.UNKNOWN


class TestActionsAudited:
    checker = ActionsAudited(commands=("redis ttl", "redis flush"))

    def story(self, *commands: str, rows: list[dict[str, Any]] | None = None, exit_code: int = 0) -> Story:
        story = Story()
        for command in commands:
            story.step("operator", command=command.split(), exit_code=exit_code)
        if rows is not None:
            story.probe("operator_actions", rows=rows)
        return story

    def test_each_has_its_row(self) -> None:
        rows = [{"who": "ada", "command": name, "why": "full"} for name in ("redis ttl", "redis flush")]
        story = self.story("redis show", "redis ttl 12h --why full", "redis flush", rows=rows)
        verdict = judged(self.checker, story)
        assert (verdict.outcome, verdict.summary) == (Outcome.PASS, "2 commands, each with who and why")

    @pytest.mark.parametrize(
        "rows",
        [
            [],
            [{"who": "ada", "command": "redis flush", "why": "full"}],
            [{"who": "", "command": "redis ttl", "why": "full"}],
            [{"who": "ada", "command": "redis ttl", "why": ""}],
        ],
    )
    def test_one_has_none(self, rows: list[dict[str, Any]]) -> None:
        verdict = judged(self.checker, self.story("redis ttl 12h", rows=rows))
        assert (verdict.outcome, "redis ttl" in verdict.summary) == (Outcome.FAIL, True)

    def test_nothing_was_changed_or_nobody_looked(self) -> None:
        assert judged(self.checker, self.story("redis show", "redis ttlx", rows=[])).outcome is Outcome.UNKNOWN
        assert judged(self.checker, self.story("redis ttl 12h")).outcome is Outcome.UNKNOWN
        assert judged(self.checker, self.story("redis ttl 12h", rows=[], exit_code=1)).outcome is Outcome.UNKNOWN
