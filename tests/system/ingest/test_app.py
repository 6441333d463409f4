"""The API: what each kind of request is answered, and what it leaves behind."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from system.storage import CommitUnknown, DatabaseUnavailable, State, Storage
from system.x12 import tokenize

Segments = list[tuple[str, ...]]
TENDER = {"shipment_id": "SHP1", "purpose": "original", "weight_lb": 4200, "pickup_at": "2027-03-01T08:00:00"}
JSON = {"Content-Type": "application/json"}
NOTHING = {"signals": 0, "intents": 0, "shipments": 0, "transitions": 0}


def one_each(count: int = 1) -> dict[str, int]:
    return dict.fromkeys(NOTHING, count)


class TestAccepted:
    """A new signal is committed before it is acknowledged."""

    def test_a_tender(self, running: Any, write: Any) -> None:
        answer = running.send(write("SHP1"))
        assert answer.status_code == 202
        (result,) = answer.json()["results"]
        assert uuid.UUID(result.pop("intent_id"))
        assert result == {
            "identity": "P1001:SHP1:original:1",
            "shipment_id": "SHP1",
            "purpose": "original",
            "version": "1",
            "status": "accepted",
            "control_number": "000000077",
            "set_control_number": "0001",
        }
        assert running.rows() == one_each()

    def test_what_is_stored_is_the_set_and_its_typed_tender(self, running: Any, write: Any) -> None:
        intent_id = running.send(write("SHP0", "SHP1")).json()["results"][1]["intent_id"]
        intent = running.storage.intents.get(intent_id)
        signal = running.storage.signals.get(intent.signal_id)
        assert intent.state is State.RECEIVED
        assert signal.tender["weight_lb"] == 42000.0
        assert signal.tender["pickup_at"] == "2027-03-01T08:00:00"
        assert [segment[0] for segment in tokenize(signal.raw).segments][:4] == ["ISA", "GS", "ST", "B2"]
        assert "SHP1" in signal.raw
        assert "SHP0" not in signal.raw
        assert (signal.control_number, signal.content_type) == ("000000077", "application/edi-x12")
        assert signal.received_at == running.clock.now()

    def test_several_sets_each_have_a_result(self, running: Any, write: Any) -> None:
        answer = running.send(write("SHP1", "SHP2", "SHP3"))
        assert answer.status_code == 202
        assert [result["shipment_id"] for result in answer.json()["results"]] == ["SHP1", "SHP2", "SHP3"]
        assert running.rows() == one_each(3)

    def test_json(self, running: Any) -> None:
        answer = running.send(json.dumps(TENDER), JSON)
        assert answer.status_code == 202
        assert answer.json()["results"][0]["identity"] == "P1001:SHP1:original:1"

    def test_both_forms_of_one_signal_are_the_same_signal(self, running: Any, write: Any) -> None:
        first = running.send(write("SHP1")).json()["results"][0]
        again = running.send(json.dumps({"tenders": [TENDER]}), JSON)
        assert again.status_code == 200
        assert again.json()["results"][0]["intent_id"] == first["intent_id"]

    def test_a_997_is_the_answer_where_it_is_asked_for(self, running: Any, write: Any) -> None:
        answer = running.send(write("SHP1"), {"Accept": "application/edi-x12"})
        assert (answer.status_code, answer.headers["content-type"]) == (202, "application/edi-x12")
        ids = [segment[0] for segment in tokenize(answer.text).segments]
        assert ids == ["ISA", "GS", "ST", "AK1", "AK2", "AK5", "AK9", "SE", "GE", "IEA"]
        assert running.rows() == one_each()

    def test_it_was_received_on_the_calendar_and_lives_by_the_clock(self, start: Any, write: Any) -> None:
        """A drill that moves the days on moves nothing that machines measure."""
        ahead = start().clock
        ahead.move(8 * 86_400)
        running = start(calendar=ahead)
        intent = running.storage.intents.get(running.send(write("SHP1")).json()["results"][0]["intent_id"])
        assert running.storage.signals.get(intent.signal_id).received_at == ahead.now()
        assert intent.created_at == running.clock.now()

    def test_what_a_tender_lacks_is_written_down_with_it(self, running: Any, write: Any) -> None:
        """Whatever the model will make of it."""
        running.send(json.dumps({**TENDER, "pickup_at": None}), JSON)
        running.send(write("SHP2"))
        lacking = running.storage.signal_quality.newest("P1001", 10)
        of_json = ["pickup_at", "delivery_at", "equipment", "commodity", "stops"]
        assert sorted(lacking, key=len) == [["equipment", "commodity"], of_json]

    def test_only_a_steered_partner_says_when_it_was_received(self, running: Any, write: Any) -> None:
        steered = {"X-Partner": "T1", "Authorization": "Bearer key-of-T1", "X-Received-At": "2020-01-01T00:00:00Z"}
        for partner, headers, year in (("T1", steered, 2020), ("P1001", {"X-Received-At": "2020-01-01"}, 2027)):
            answer = running.send(write("SHP1", sender=partner), headers)
            intent = running.storage.intents.get(answer.json()["results"][0]["intent_id"])
            assert running.storage.signals.get(intent.signal_id).received_at.year == year
        wrong = running.send(write("SHP2", sender="T1"), {**steered, "X-Received-At": "2020-01-01T00:00:00"})
        assert wrong.status_code == 400
        assert wrong.json()["errors"][0]["segment"] == "X-Received-At"


class TestRepeated:
    """A repeat is told the first sending's intent, and stores nothing."""

    @pytest.mark.parametrize("forgotten", [False, True])
    def test_a_repeat(self, forgotten: bool, running: Any, write: Any) -> None:
        first = running.send(write("SHP1"))
        if forgotten:
            running.redis.flushall()
        again = running.send(write("SHP1", control_number="78"))
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json()["results"][0]["status"] == "duplicate"
        assert again.json()["results"][0]["intent_id"] == first.json()["results"][0]["intent_id"]
        assert running.rows() == one_each()

    def test_twice_in_one_interchange(self, running: Any, write: Any) -> None:
        answer = running.send(write("SHP1", "SHP1"))
        assert answer.status_code == 202
        assert [result["status"] for result in answer.json()["results"]] == ["accepted", "duplicate"]
        assert running.rows() == one_each()

    def test_new_and_old_together(self, running: Any, write: Any) -> None:
        running.send(write("SHP1"))
        answer = running.send(write("SHP2", "SHP1", "SHP3"))
        assert answer.status_code == 202
        assert [result["status"] for result in answer.json()["results"]] == ["accepted", "duplicate", "accepted"]
        assert running.rows() == one_each(3)

    def test_purpose_and_content_tell_signals_apart(self, running: Any, write: Any, segments_of: Any) -> None:
        bodies = [segments_of("SHP1"), segments_of("SHP1", "04", "1"), segments_of("SHP1", "04", "2")]
        bodies.append(segments_of("SHP1", "01"))
        assert [running.send(write(body)).status_code for body in [*bodies, *bodies]] == [202] * 4 + [200] * 4

    def test_partners_do_not_share_shipments(self, running: Any, write: Any) -> None:
        running.send(write("SHP1"))
        other = {"X-Partner": "P2002", "Authorization": "Bearer other"}
        assert running.send(write("SHP1", sender="P2002"), other).status_code == 202


class TestLostRow:
    """A key that stands in Redis for a row that a failover lost (the naive step is behind an unsafe switch)."""

    def lose(self, running: Any, write: Any) -> Any:
        running.send(write("SHP1"))
        with running.storage.engine.begin() as connection:
            for table in ("signals", "intents", "transitions", "shipments"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        return running.send(write("SHP1"))

    def test_the_key_does_not_vouch_for_it(self, running: Any, write: Any) -> None:
        again = self.lose(running, write)
        assert again.status_code == 202
        assert running.rows() == one_each()
        key = json.loads(running.redis.get("idempotency:P1001:SHP1:original:1"))
        assert key["intent_id"] == again.json()["results"][0]["intent_id"]

    def test_with_the_protection_off_the_signal_is_lost(self, start: Any, write: Any) -> None:
        running = start(unsafe_key_vouches_alone=True, allow_unsafe=True)
        assert self.lose(running, write).status_code == 200
        assert running.rows() == NOTHING


class TestRefused:
    """What is refused leaves no row and no key of a signal."""

    @pytest.fixture(autouse=True)
    def _nothing_is_left(self, running: Any) -> Any:
        yield
        assert running.rows() == NOTHING
        assert running.redis.keys("idempotency:*") == []

    def test_malformed_x12(self, running: Any, write: Any) -> None:
        answer = running.send(write("SHP1", "SHP2").replace("*SHP2*", "**"))
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "malformed",
            "errors": [
                {
                    "segment": "B2",
                    "element": 4,
                    "position": 15,
                    "code": "1",
                    "message": "expected a shipment id in B204",
                    "level": "element",
                    "set_position": 2,
                    "control_number": "0002",
                }
            ],
            "complete": True,
        }

    def test_malformed_x12_with_a_997(self, running: Any, write: Any) -> None:
        answer = running.send(write("SHP1").replace("*SHP1*", "**"), {"Accept": "application/edi-x12"})
        assert answer.status_code == 400
        assert "AK3*B2*2**8~AK4*4**1~AK5*R*5~AK9*R*1*1*0" in answer.text

    def test_what_has_no_envelope_is_answered_in_json(self, running: Any) -> None:
        answer = running.send(b"\xff\x00", {"Accept": "application/edi-x12"})
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed")

    def test_malformed_json(self, running: Any) -> None:
        answer = running.send(json.dumps({**TENDER, "weight_lb": -1, "extra": 1}), JSON)
        assert answer.status_code == 400
        assert {error["segment"] for error in answer.json()["errors"]} == {"weight_lb", "extra"}

    def test_somebody_elses_envelope(self, running: Any, write: Any) -> None:
        answer = running.send(write("SHP1", sender="P2002"))
        assert answer.status_code == 400
        error = answer.json()["errors"][0]
        assert (error["segment"], error["element"], error["code"]) == ("ISA", 6, "006")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": "Bearer wrong"},
            {"Authorization": ""},
            {"Authorization": "Basic key-of-P1001"},
            {"X-Partner": "P9999"},
            {"X-Partner": ""},
            {"X-Partner": "P2002"},
        ],
    )
    def test_not_the_partners_key(self, headers: dict[str, str], running: Any, write: Any) -> None:
        answer = running.send(write("SHP1"), headers)
        assert answer.status_code == 401
        assert "error" in answer.json()

    @pytest.mark.parametrize(
        "headers", [{"Content-Type": "text/plain"}, {"Content-Type": ""}, {"Content-Encoding": "gzip"}]
    )
    def test_neither_form(self, headers: dict[str, str], running: Any, write: Any) -> None:
        assert running.send(write("SHP1"), headers).status_code == 415

    def test_too_many_sets(self, running: Any, write: Any) -> None:
        assert running.send(write(*(f"S{n}" for n in range(1001)))).status_code == 400

    def test_too_large(self, running: Any) -> None:
        assert running.send(b"x" * 1_048_577).status_code == 413


def test_a_larger_interchange_is_parsed_apart(start: Any, write: Any) -> None:
    running = start(threads=True)
    answer = running.send(write(*(f"S{n}" for n in range(500))))
    assert answer.status_code == 202
    assert running.rows() == one_each(500)


class Broken:
    """A storage whose writes fail in a given way."""

    def __init__(self, storage: Storage, error: Exception, *, at_once: bool = True) -> None:
        self.__dict__.update(vars(storage))
        self.signals: Any = self
        self.error = error
        self._storage = storage
        if at_once:
            self.partners = self

    def all(self) -> Any:
        raise self.error

    def intent_ids(self, _: Any) -> Any:
        raise self.error

    def accept(self, _: Any) -> Any:
        raise self.error

    def ping(self) -> int:
        raise self.error


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("error", [DatabaseUnavailable("gone"), CommitUnknown("gone")])
def test_an_unreachable_database_is_said_quickly(error: Exception, at_once: bool, start: Any, write: Any) -> None:
    running = start(storage=lambda real: Broken(real, error, at_once=at_once))
    answer = running.send(write("SHP1"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json() == {"error": "database unavailable"}
    again = running.send(write("SHP1"))
    assert again.status_code == 503
    assert "ingest_database_errors_total" in running.get("/metrics").text
    assert running.get("/readyz").status_code == 503


class TestIntents:
    """`GET /intents/{id}`."""

    def test_its_own(self, running: Any, write: Any) -> None:
        result = running.send(write("SHP1")).json()["results"][0]
        answer = running.get(f"/intents/{result['intent_id']}")
        assert answer.status_code == 200
        assert answer.json() == {
            "id": result["intent_id"],
            "identity": "P1001:SHP1:original:1",
            "partner_id": "P1001",
            "shipment_id": "SHP1",
            "purpose": "original",
            "version": "1",
            "state": "RECEIVED",
            "payload": None,
            "confidence": None,
            "missing": None,
            "error_reason": None,
            "attempt": 0,
            "load_id": None,
            "created_at": "2027-02-01T12:00:00Z",
            "updated_at": "2027-02-01T12:00:00Z",
        }

    def test_somebody_elses_is_not_found(self, running: Any, write: Any) -> None:
        intent_id = running.send(write("SHP1")).json()["results"][0]["intent_id"]
        other = {"X-Partner": "P2002", "Authorization": "Bearer other"}
        assert running.get(f"/intents/{intent_id}", other).status_code == 404
        assert running.get(f"/intents/{intent_id}", {"Authorization": "Bearer x"}).status_code == 401

    @pytest.mark.parametrize(
        "intent_id", ["x", "0d9f5a52-6d0b-4b34-9d3e-0f4f6a6f1c11", "y" * 500, "%00", "%F0%9F%9A%9A"]
    )
    def test_none_such(self, intent_id: str, running: Any) -> None:
        assert running.get(f"/intents/{intent_id}").status_code == 404


class TestAround:
    """Health, readiness and metrics."""

    def test_health(self, running: Any) -> None:
        assert running.get("/healthz").json() == {"status": "ok", "service": "ingest"}

    def test_ready_names_the_unsafe_switches(self, start: Any) -> None:
        ready = start(unsafe_key_vouches_alone=True, allow_unsafe=True).get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["unsafe"] == ["UNSAFE_KEY_VOUCHES_ALONE"]
        assert ready.json()["checks"] == {"database": None, "redis": None}

    def test_ingest_is_ready_without_redis(self, start: Any, write: Any) -> None:
        running = start(redis=Gone())
        ready = running.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert "refused" in ready.json()["checks"]["redis"]
        assert running.send(write("SHP1")).status_code == 202
        assert running.send(write("SHP1")).status_code == 200

    def test_metrics_count_requests_and_signals(self, running: Any, write: Any) -> None:
        running.send(write("SHP1"))
        running.send(write("SHP1", "SHP2"))
        running.send(b"nonsense")
        text = running.get("/metrics").text
        for line in (
            'ingest_requests_total{route="signals",status="202"} 2.0',
            'ingest_requests_total{route="signals",status="400"} 1.0',
            'ingest_signals_total{outcome="accepted"} 2.0',
            'ingest_signals_total{outcome="duplicate"} 1.0',
            'ingest_signals_total{outcome="malformed"} 1.0',
            'ingest_request_seconds_count{route="signals"} 3.0',
            "ingest_in_flight 0.0",
        ):
            assert line in text


class Gone:
    """A Redis that nobody can reach."""

    def pipeline(self, *, transaction: bool) -> Any:
        raise ConnectionRefusedError("refused")

    def ping(self) -> Callable[[], None]:
        raise ConnectionRefusedError("refused")
