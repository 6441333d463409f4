"""The second statement of an intent's life holds together by itself."""

import pytest

from scenarios.world.lifecycle import FINAL, LEGAL_TRANSITIONS, STATES, first_illegal_step, is_legal


def test_nothing_leaves_a_final_state_and_everything_else_goes_on() -> None:
    left = {from_state for from_state, _ in LEGAL_TRANSITIONS}
    assert not left & FINAL
    assert left - {None} == STATES - FINAL


def test_every_state_can_be_reached_from_the_birth() -> None:
    reached: set[str | None] = {None}
    for _ in STATES:
        reached |= {to_state for from_state, to_state in LEGAL_TRANSITIONS if from_state in reached}
    assert reached - {None} == STATES


def test_a_whole_life_is_legal() -> None:
    life = ["RECEIVED", "RESOLVING", "RECEIVED", "RESOLVING", "CONFIRMED", "EXECUTING", "CONFIRMED", "EXECUTING"]
    assert first_illegal_step([*life, "EXECUTED"]) is None
    assert first_illegal_step(["RECEIVED", "RESOLVING", "NEEDS_REVIEW", "CONFIRMED"]) is None


@pytest.mark.parametrize(
    ("life", "step"),
    [
        (["CONFIRMED"], (None, "CONFIRMED")),
        (["RECEIVED", "CONFIRMED"], ("RECEIVED", "CONFIRMED")),
        (["RECEIVED", "RESOLVING", "FAILED", "RECEIVED"], ("FAILED", "RECEIVED")),
        (["RECEIVED", "RESOLVING", "PARTIAL", "EXECUTING"], ("PARTIAL", "EXECUTING")),
    ],
)
def test_the_first_illegal_step_is_named(life: list[str], step: tuple[str | None, str]) -> None:
    assert first_illegal_step(life) == step
    assert not is_legal(*step)
