"""The partners' file is whole, and its keys cannot be taken for real ones."""

from scenarios.world.partners import load_partners, trading_partners

DRIFTING = ("P45678", "P45679", "P45680")


def test_seven_trade_and_thirteen_belong_to_the_traces() -> None:
    assert [partner.id for partner in trading_partners()] == ["P1001", "P1002", "P1003", "P1004", *DRIFTING]
    traced = [partner for partner in load_partners() if partner.steered_clock]
    assert [partner.id for partner in traced] == [f"T{number:04d}" for number in range(1, 14)]


def test_all_may_do_everything_but_those_that_drift_and_two_of_the_traces() -> None:
    tiers = {partner.id: partner.autonomy_tier for partner in load_partners()}
    assert [tiers.pop(name) for name in DRIFTING] == [3, 2, 1]
    assert (tiers.pop("T0004"), tiers.pop("T0005")) == (2, 1)
    assert set(tiers.values()) == {3}


def test_each_key_is_its_own_and_says_what_it_is() -> None:
    keys = {partner.api_key for partner in load_partners()}
    assert len(keys) == 20
    assert all(key.startswith("fixture-key-") for key in keys)
