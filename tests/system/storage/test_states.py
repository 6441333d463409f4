"""The table of legal transitions: what the checker's own table says, and nothing else can be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.world.lifecycle import FINAL as THEIR_FINAL
from scenarios.world.lifecycle import LEGAL_TRANSITIONS
from system.storage import FINAL, LEGAL, IllegalTransition, State, check_transition


def test_both_statements_of_the_table_agree() -> None:
    assert {(before, str(after)) for before, after in LEGAL} == set(LEGAL_TRANSITIONS)
    assert {str(state) for state in FINAL} == set(THEIR_FINAL)


@given(st.one_of(st.none(), st.sampled_from(State)), st.sampled_from(State))
def test_only_what_stands_in_the_table_passes(before: State | None, after: State) -> None:
    if (before, after) in LEGAL:
        check_transition(before, after)
    else:
        with pytest.raises(IllegalTransition, match=str(after)):
            check_transition(before, after)


def test_nothing_leaves_a_final_state() -> None:
    assert not [step for step in LEGAL if step[0] in FINAL]
