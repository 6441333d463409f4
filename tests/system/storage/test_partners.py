"""Partners are written once or again with the same call."""

from dataclasses import replace

from system.storage import Partner, Storage


def test_written_new_and_again(storage: Storage) -> None:
    two = Partner(
        id="P2", name="Two", api_key_sha256="a" * 64, autonomy_tier=1, notice_url="http://x", steered_clock=True
    )
    storage.partners.upsert(two)
    storage.partners.upsert(two)
    assert storage.partners.get("P2") == two
    one = storage.partners.get("P1")
    assert one is not None
    changed = Partner(id="P1", name="Uno", api_key_sha256=one.api_key_sha256, autonomy_tier=2)
    storage.partners.upsert(changed)
    assert storage.partners.all() == [changed, two]


def test_introduced_again_a_partner_may_do_no_more_than_it_had_come_to(storage: Storage) -> None:
    two = Partner(id="P2", name="Two", api_key_sha256="a" * 64, autonomy_tier=3)
    storage.partners.introduce(two)
    assert storage.partners.get("P2") == two
    fallen = replace(two, autonomy_tier=1, require_review=True)
    storage.partners.upsert(fallen)
    storage.partners.introduce(replace(two, name="Zwei"))
    assert storage.partners.get("P2") == replace(fallen, name="Zwei")


def test_an_unknown_partner_is_none(storage: Storage) -> None:
    assert storage.partners.get("P9") is None
