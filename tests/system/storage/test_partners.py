"""Partners are written once or again with the same call."""

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


def test_an_unknown_partner_is_none(storage: Storage) -> None:
    assert storage.partners.get("P9") is None
