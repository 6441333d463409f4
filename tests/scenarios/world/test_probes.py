"""What a drill sees of the freight world, on answers written by hand."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from harness.clock import Clock
from harness.environments.base import EnvironmentFault
from harness.history import History, Kind
from harness.probes import Probe, SqlProbe
from scenarios.world import probes
from scenarios.world.traffic import SEND
from tests.histories import Story
from tests.toy import ToyEnvironment

CLOCK = Clock(started_at=datetime(2026, 11, 24, tzinfo=UTC))
DIARY = [
    {"at_epoch_s": CLOCK.started_at.timestamp() + 2.5, "what": "declared dead", "service": "database-primary"},
    {"at_epoch_s": CLOCK.started_at.timestamp() + 3.5, "what": "promoted", "service": "database-replica", "epoch": 9},
]


def seen(probe: Probe, environment: ToyEnvironment, history: History | None = None) -> History:
    history = History() if history is None else history
    asyncio.run(probe.observe(environment, history, CLOCK))
    return history


def test_the_diary_becomes_steps_once_each_with_their_own_moments() -> None:
    environment, history, probe = ToyEnvironment(), History(), probes.ManagedDatabaseProbe()
    for entries in (DIARY[:1], DIARY[:1], DIARY):
        environment.answers["/status"] = {"events": entries}
        seen(probe, environment, history)
    dead, promoted = history.where(kind=Kind.STEP, actor="managed-database")
    assert (dead.action, dead.value["at_s"]) == ("declared dead", 2.5)
    assert (promoted.action, promoted.value["at_s"], promoted.value["epoch"]) == ("promoted", 3.5, 9)


@pytest.mark.parametrize(
    ("states", "seen_open", "changes"), [((), 0, 0), (("OPEN", "CLOSED", "HALF_OPEN"), 2, 3), (("CLOSED",), 0, 1)]
)
def test_breakers_are_rows_and_a_gauge(states: tuple[str, ...], seen_open: int, changes: int) -> None:
    rows = [{"partner": f"P{number}", "state": state, "changes": number} for number, state in enumerate(states, 1)]

    class Rows(ToyEnvironment):
        async def query(self, service: str, sql: str, parameters: Any = ()) -> list[dict[str, Any]]:
            return rows

    history = seen(probes.BreakerProbe(service="database-primary"), Rows())
    assert history[0].action == "breakers"
    assert history[0].value == {"rows": rows, "open": seen_open, "changes": changes}


def test_loads_of_trace_partners_stay_out_of_the_ledger() -> None:
    loads = [{"reference": "P1001:S1", "load_id": "1"}, {"reference": "T1001:S1", "load_id": "2"}]
    history = seen(probes.LedgerProbe(), ToyEnvironment(answers={"/control/loads": {"loads": loads}}))
    assert history[0].action == "ledger"
    assert history[0].value == {"loads": loads[:1]}


def beyond(replicated: list[str], loads: list[str]) -> dict[str, Any]:
    """Three signals, of which a and b were acknowledged and c was not."""
    story = Story()
    for identity, kind in (("P1:a:original:1", Kind.OK), ("P1:b:original:1", Kind.OK), ("P1:c:original:1", Kind.INFO)):
        story.write(identity, action=SEND, kind=kind)
    sql = probes.signal_identities("", "").sql
    environment = ToyEnvironment(
        rows={sql: [{"identity": identity} for identity in replicated]},
        answers={"/control/loads": {"loads": [{"reference": reference} for reference in loads]}},
    )
    history = seen(probes.BeyondReplica(), environment, History(story.events))
    return dict(history[len(history) - 1].value)


@pytest.mark.parametrize(
    ("replicated", "loads", "wanted"),
    [
        ([], [], {"attempted": 3, "acknowledged": 2, "booked": 0, "replicated": 0}),
        (
            ["P1:a:original:1"],
            ["P1:a", "P1:b"],
            {"attempted": 2, "acknowledged": 1, "booked": 1, "replicated": 1},
        ),
        (
            ["P1:a:original:1", "P1:b:original:1", "P1:c:original:1"],
            ["P1:a", "P1:b", "P1:c"],
            {"attempted": 0, "acknowledged": 0, "booked": 0, "replicated": 3},
        ),
        (["P1:a:change:2"], ["P1:a"], {"attempted": 3, "acknowledged": 2, "booked": 0, "replicated": 1}),
    ],
)
def test_how_far_the_replica_is_behind_what_the_world_was_told(
    replicated: list[str], loads: list[str], wanted: dict[str, int]
) -> None:
    assert beyond(replicated, loads) == wanted


def test_a_probe_of_the_time_before_the_fault_ends_with_it() -> None:
    """A fault that is only held before the main one is no end."""
    whole = probes.LedgerProbe()
    probe = probes.BeforeFault(probe=whole)
    assert (probe.name, probe.needs, probe.every_s) == (whole.name, whole.needs, whole.every_s)
    environment, story = ToyEnvironment(answers={"/control/loads": {"loads": []}}), Story()
    story.fault("withhold", main=False)
    history = seen(probe, environment, History(story.events))
    assert len(history.where(action="ledger")) == 1
    story.fault("kill")
    assert not seen(probe, environment, History(story.events)).where(action="ledger")


AGENT_WORK = probes.agent_work("database-replica", commodity="GLUE", overdue_after_s=1.5, in_vain_after_s=2.0)
SQL_PROBES = (
    probes.signal_identities("promoted_rows", "database-replica"),
    probes.intent_rows("rows", "database-replica"),
    probes.intent_states("replica_states", "database-replica"),
    probes.transitions("database-replica"),
    probes.open_work("database-replica"),
    AGENT_WORK,
    probes.hung("database-replica"),
    probes.witness_rows("database-replica"),
    probes.semi_sync_status("database-primary"),
)


@pytest.mark.parametrize("probe", SQL_PROBES, ids=lambda probe: probe.name)
def test_a_server_that_does_not_answer_is_no_row(probe: SqlProbe) -> None:
    """The drill writes down that it could not look; a probe that invented an empty answer would hide that."""
    with pytest.raises(EnvironmentFault, match="does not answer"):
        seen(probe, ToyEnvironment())


def test_rows_are_written_as_json_has_them() -> None:
    probe = probes.intent_rows("rows", "database-replica")
    row = {"identity": "P1:a:original:1", "content": '{"weight_lb": 42000.0}', "epoch": Decimal(7), "version": b"1"}
    history = seen(probe, ToyEnvironment(rows={probe.sql: [row]}))
    assert history[0].value == {
        "rows": [{"identity": "P1:a:original:1", "content": {"weight_lb": 42000.0}, "epoch": 7.0, "version": "1"}]
    }
    assert '"weight_lb":42000.0' in history[0].to_json()


def test_open_work_is_a_gauge_of_what_has_not_come_to_rest() -> None:
    probe = probes.open_work("database-replica")
    history = seen(probe, ToyEnvironment(rows={probe.sql: [{"intents": 3}]}))
    assert history[0].value == {"intents": 3}
    assert "'EXECUTED'" not in probe.sql
    assert "'CONFIRMED'" in probe.sql


def test_the_work_of_the_agents_is_a_gauge() -> None:
    row = {"open": 3, "overdue": 1, "in_vain": 2, "settled": 1, "executed_later": 0}
    assert seen(AGENT_WORK, ToyEnvironment(rows={AGENT_WORK.sql: [row]}))[0].value == row
    assert "INTERVAL 1500000 MICROSECOND" in AGENT_WORK.sql
    assert "INTERVAL 2000000 MICROSECOND" in AGENT_WORK.sql
    assert AGENT_WORK.sql.count("'GLUE'") == 3
    assert all(f" AS {name}" in AGENT_WORK.sql for name in row)


def test_transitions_stand_under_the_name_that_the_checker_reads() -> None:
    probe = probes.transitions("database-replica")
    at = datetime(2026, 11, 24, 2, 15, 30, 5)
    history = seen(
        probe, ToyEnvironment(rows={probe.sql: [{"intent_id": "i", "from": None, "to": "RECEIVED", "at": at}]})
    )
    assert history[0].value["transitions"][0] == {
        "intent_id": "i",
        "from": None,
        "to": "RECEIVED",
        "at": "2026-11-24T02:15:30.000005",
    }
