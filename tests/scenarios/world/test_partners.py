"""The partners' file is whole, and its keys cannot be taken for real ones."""

from scenarios.world.partners import load_partners, trading_partners


def test_four_trade_and_three_belong_to_the_traces() -> None:
    assert [partner.id for partner in trading_partners()] == ["P1001", "P1002", "P1003", "P1004"]
    traced = [partner for partner in load_partners() if partner.steered_clock]
    assert [partner.id for partner in traced] == ["T0001", "T0002", "T0003"]
    assert {partner.autonomy_tier for partner in load_partners()} == {3}


def test_each_key_is_its_own_and_says_what_it_is() -> None:
    keys = {partner.api_key for partner in load_partners()}
    assert len(keys) == 7
    assert all(key.startswith("fixture-key-") for key in keys)
