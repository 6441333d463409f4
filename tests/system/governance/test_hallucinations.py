"""One finding a hallucination, in the playbook's words, until somebody has looked into it."""

from pathlib import Path

from system.clock import RandomIds, SystemClock
from system.governance.contacts import AI_ENGINEERING_LEAD
from system.governance.hallucinations import HallucinationWatcher
from system.settings import Settings
from system.storage import NewSignal, Resolution, State, Storage, create_schema


def test_what_was_made_up_is_found_until_it_is_tagged(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'freight.db'}")
    clock = SystemClock()
    storage = Storage.connect(settings, clock=clock, ids=RandomIds())
    create_schema(storage.engine)
    watcher = HallucinationWatcher(storage.hallucinations)
    assert watcher.look() == []
    signal = NewSignal(
        partner_id="P1",
        shipment_id="S1",
        purpose="original",
        version="1",
        control_number="1",
        content_type="application/json",
        raw="{}",
        tender={},
        received_at=clock.now(),
    )
    storage.signals.accept([signal])
    claim = storage.claims.claim_received("resolver", lease_s=60)
    assert claim is not None
    reason = "Hallucination: negative weight"
    made_up = Resolution(state=State.FAILED, confidence=0.97, error_reason=reason, hallucinated="{}")
    storage.claims.record_resolution(claim, made_up)

    (finding,) = watcher.look()
    assert finding.rule in watcher.rules
    assert finding.rule.contact is AI_ENGINEERING_LEAD
    said = finding.rule.summary.format(**finding.labels, **finding.details)
    assert said == f"Hallucination detected in IntentInstance #{claim.intent.id}"
    assert (finding.reason, finding.details["confidence"]) == (reason, "0.97")

    storage.hallucinations.tag(claim.intent.id, who="ada", why="seen")
    assert watcher.look() == []
    storage.close()
