"""The traffic repeats from its seed, is varied, and says the same to two readers that are not its own."""

import json
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.world.reading import read_signal
from scenarios.world.tenders import Batch, TenderSource, expected_content, normal_content
from system.x12 import read_interchange, read_json

SEEDS = st.integers(0, 100_000)


def batches(seed: int, count: int, partner: str = "P1001") -> list[Batch]:
    source = TenderSource(seed, partner)
    return [source.next() for _ in range(count)]


def single_sets(batch: Batch) -> list[str]:
    """Each transaction set of a batch as a text of its own, as the system cuts them for its resolver."""
    text = batch.body.decode()
    if batch.content_type == "application/json":
        return [text]
    element, terminator = text[3], text[105]
    sets = text.split(f"ST{element}204{element}")[1:]
    return [
        f"ST{element}204{element}" + one[: one.index(f"{terminator}", one.index("SE" + element)) + 1] for one in sets
    ]


def test_a_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    assert batches(7, 40) == batches(7, 40)
    assert batches(7, 5) != batches(8, 5)
    assert batches(7, 5) != batches(7, 5, "P1002")


def test_signals_are_unique_and_shipments_of_two_partners_or_seeds_never_meet() -> None:
    sent = [tender for batch in batches(3, 400) for tender in batch.tenders]
    assert len({tender.identity for tender in sent}) == len(sent)
    others = [tender for batch in batches(4, 400) for tender in batch.tenders]
    assert not {tender.shipment_id for tender in sent} & {tender.shipment_id for tender in others}


def test_changes_and_cancels_follow_an_original_and_versions_rise() -> None:
    life: dict[str, list[tuple[str, str]]] = {}
    for batch in batches(5, 600):
        for tender in batch.tenders:
            life.setdefault(tender.shipment_id, []).append((tender.purpose, tender.version))
    purposes = Counter(purpose for steps in life.values() for purpose, _ in steps)
    assert purposes["change"] > 40
    assert purposes["cancel"] > 20
    for steps in life.values():
        assert steps[0] == ("original", "1")
        changes = [int(version) for purpose, version in steps if purpose == "change"]
        assert changes == list(range(2, len(changes) + 2))
        assert "cancel" not in [purpose for purpose, _ in steps[:-1]]


def test_the_traffic_shows_every_variant_that_partners_send() -> None:
    sent = batches(11, 500)
    bodies = [batch.body.decode() for batch in sent if batch.content_type != "application/json"]
    assert {(body[3], body[105]) for body in bodies} >= {
        ("*", "~"),
        ("*", "\n"),
        ("*", "'"),
        ("|", "~"),
        ("\x1d", "\x1c"),
    }
    segments = [line.strip().split(body[3]) for body in bodies for line in body.split(body[105])]
    assert {"L3", "AT8", "OID", "PLD"} <= {segment[0] for segment in segments}
    assert any(segment[0] == "S5" and len(segment) > 3 for segment in segments)
    assert {"10", "37", "38", "64", "69"} <= {segment[1] for segment in segments if segment[0] == "G62"}
    assert {2, 3, 4} == {len(tender.stops) for batch in sent for tender in batch.tenders}
    assert any(len(batch.tenders) > 1 for batch in sent)
    assert any(batch.content_type == "application/json" for batch in sent)
    assert not {tender.purpose for batch in batches_of_originals() for tender in batch.tenders} - {"original"}


def batches_of_originals() -> list[Batch]:
    source = TenderSource(1, "P1001", originals_only=True)
    return [source.next() for _ in range(100)]


@settings(max_examples=60)
@given(seed=SEEDS)
def test_the_world_s_reader_finds_what_was_sent(seed: int) -> None:
    for batch in batches(seed, 12):
        for tender, text in zip(batch.tenders, single_sets(batch), strict=True):
            answer = read_signal(text)
            assert answer.pop("kind") == {"original": "tender"}.get(tender.purpose, tender.purpose)
            assert answer["confidence"] >= 0.9
            if tender.purpose == "cancel":
                assert answer["shipment_id"] == tender.shipment_id
            else:
                assert normal_content(answer) == normal_content(expected_content(tender))


def test_a_resend_says_the_same_under_another_control_number() -> None:
    source = TenderSource(9, "P1001")
    batch = next(one for one in iter(source.next, None) if one and one.control_number)
    again, third = source.again(batch), source.again(batch)
    assert again.tenders == batch.tenders
    assert len({batch.control_number, again.control_number, third.control_number}) == 3
    assert again.body.replace(again.control_number.encode(), batch.control_number.encode()) == batch.body


def test_a_resend_of_json_is_the_same_request() -> None:
    source = TenderSource(9, "P1001")
    batch = next(one for one in iter(source.next, None) if one and not one.control_number)
    assert source.again(batch) == batch
    assert json.loads(batch.body)["shipment_id"] == batch.tenders[0].shipment_id


def test_one_interchange_never_holds_a_shipment_twice() -> None:
    for batch in batches(21, 300):
        assert len({tender.shipment_id for tender in batch.tenders}) == len(batch.tenders)
        assert batch.tenders[0].partner == "P1001"


@settings(max_examples=40)
@given(seed=SEEDS)
def test_the_system_s_parser_reads_the_same_tenders(seed: int) -> None:
    for batch in batches(seed, 12):
        if batch.content_type == "application/json":
            found, defects = read_json(batch.body)
            assert not defects
        else:
            reading = read_interchange(batch.body)
            found = reading.tenders
            assert not reading.defects
            assert reading.interchange is not None
            assert reading.interchange.control_number == batch.control_number
        for sent, one in zip(batch.tenders, found, strict=True):
            assert one.tender.identity(sent.partner) == sent.identity
            if sent.purpose != "cancel":
                content = one.tender.model_dump(mode="json", exclude={"purpose", "version"})
                assert normal_content(content) == normal_content(expected_content(sent))
            answer = read_signal(one.raw)
            answer.pop("confidence")
            if sent.purpose != "cancel":
                assert normal_content(answer) == normal_content(expected_content(sent))
