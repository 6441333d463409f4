"""A commit that changed behaviour, told as a drill tells it: for tests of the checkers that judge what came of it."""

from collections.abc import Mapping
from typing import Any

from harness.history import Event, Kind
from tests.histories import Story

FACTS = {"before": "b" * 40, "head": "c" * 40, "commit": "d" * 40, "changed_id": "blob of the change"}
DECISION = "e" * 40
REASON = {"by": "A. Developer", "why": "as it should be"}


def gate(story: Story, commit: str, kind: Kind = Kind.OK, **value: Any) -> Event:
    """What continuous integration said of a commit."""
    told = {"exit_code": {Kind.OK: 0, Kind.FAIL: 10}.get(kind, 12), "message": None, "causes": [], **value}
    return story.tell(kind, "gate", {"commit": commit, **told}, operation_id=commit)


def change(story: Story, *, proof: bool = True) -> Event:
    """The commit, and what git said of it."""
    story.fault("commit")
    return story.step("evidence", of="commit", target="worktree", main=True, proof=proof, facts=FACTS if proof else {})


def typed(story: Story, *words: str, document: Mapping[str, Any] | None = None, exit_code: int = 0) -> Event:
    """A command and its answer."""
    return story.step("operator", actor="operator", command=[*words], document=document, exit_code=exit_code)


def stopped(story: Story) -> None:
    """The gate passed what was there before, and stopped the change."""
    gate(story, FACTS["before"])
    change(story)
    gate(story, FACTS["head"], Kind.FAIL, message="mismatch", causes=[["price: a number -> a number"]])


def compared(story: Story, lines: tuple[str, ...] = ("price: was 1, now 2",), **sides: str) -> Event:
    document = {
        "before": {"commit": sides.get("before", FACTS["before"])},
        "after": {"commit": sides.get("after", FACTS["head"])},
        "outcome": "changed" if lines else "pass",
        "causes": [{"example": {"trace": "one", "lines": [*lines]}}] if lines else [],
    }
    return typed(story, "harness", "trace", "compare", "all", document=document, exit_code=10)


def searched(story: Story, *named: str) -> Event:
    suspects = [{"commit": commit, "subject": "dearer"} for commit in named]
    return typed(story, "harness", "trace", "bisect", "one", document={"suspects": suspects, "replays": 3})


def refreshed(story: Story, *traces: str, exit_code: int = 0, **document: Any) -> Event:
    told = {"written": True, "refreshed": [*traces], "approval": REASON, **document}
    return typed(story, "harness", "trace", "refresh", "all", document=told, exit_code=exit_code)


def outage(story: Story, *, exit_code: int = 12, uncommitted: tuple[str, ...] = ()) -> None:
    """Somebody tries to refresh while nothing can be replayed."""
    story.fault("shadow", main=False)
    typed(story, "harness", "trace", "refresh", "all", exit_code=exit_code)
    story.heal("shadow")
    story.probe("after_outage", head=FACTS["head"], ids={}, uncommitted=[*uncommitted])


def decided(story: Story, kind: Kind = Kind.OK, *, stays: bool = True, uncommitted: tuple[str, ...] = ()) -> None:
    """The decision is committed, and the gate looks at it."""
    gate(story, DECISION, kind)
    held = FACTS["changed_id"] if stays else "blob of before"
    story.probe("decided", head=DECISION, ids={"shop.py": held}, uncommitted=[*uncommitted])


def regression(story: Story) -> None:
    """All of it, and all went well."""
    stopped(story)
    compared(story)
    searched(story, FACTS["commit"])
    outage(story)
    refreshed(story, "one")
    decided(story)
