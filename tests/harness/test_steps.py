"""Steps are values: equal when they say the same, and safe to share between drills."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from harness.faults import Kill
from harness.metric import success_ratio
from harness.probes import InboxProbe
from harness.steps import HealFault, Inject, Observe, Operate, SeeSymptoms, Step, WaitFor

EXAMPLES = (
    Inject(fault=Kill(service="shop")),
    HealFault(fault=Kill(service="shop")),
    WaitFor(what="sales", conditions=(success_ratio.at_least(0.9),), within_s=3),
    SeeSymptoms(),
    Operate(words=("open", "shop"), why="to sell"),
    Observe(probe=InboxProbe()),
)


def test_every_step_is_a_frozen_value() -> None:
    assert {type(step) for step in EXAMPLES} == set(get_args(Step))
    for step in EXAMPLES:
        assert is_dataclass(step)
        assert len({step, type(step)(**{field.name: getattr(step, field.name) for field in fields(step)})}) == 1


def test_a_step_cannot_be_changed_by_the_drill_that_takes_it() -> None:
    with pytest.raises(FrozenInstanceError):
        EXAMPLES[0].main = False  # type: ignore[misc]


def test_what_is_injected_is_the_failure_itself_unless_said_otherwise() -> None:
    assert Inject(fault=Kill(service="shop")).main


def test_a_command_is_typed_on_the_console_or_in_the_clone() -> None:
    console = ("python", "-m", "shop.console")
    assert Operate(words=("open", "shop"), why="to sell").typed(console) == (*console, "open", "shop")
    assert Operate(words=("git", "log"), why="to see", where="worktree").typed(console) == ("git", "log")
