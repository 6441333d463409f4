"""The rendered playbook: each part of a scenario is in it, texts are not markup, and it is the same every time."""

from dataclasses import replace

import pytest

from harness.checkers import AlertSaid
from harness.claims import Claims
from harness.faults import Kill
from harness.metric import success_ratio
from harness.objective import rto, time_to_alert
from harness.reports.playbook import render_playbook
from harness.scenario import Alert, Heal, Recovery, Scenario, Symptom
from harness.steps import Inject, Observe, Operate, WaitFor
from tests.harness.reports.test_coverage import DRILL, STATED
from tests.harness.toy_scenario import REFUSED

CONSOLE = ("python", "-m", "shop console")
CLOSED = replace(
    DRILL,
    cause="The shop's owner left.",
    prevention="Two owners.",
    alert=Alert(text="Shop closed", within_s=10, claims=("0.1",)),
    invariants=(*DRILL.invariants, AlertSaid(text="Shop closed", contact="the owner's sister", claims=("0.1",))),
    recovery=Recovery(
        steps=(
            Inject(fault=Kill(service="inbox"), main=False),
            WaitFor(what="the door is open", conditions=(), within_s=30),
            Operate(words=("open", "back door"), why="let people in", claims=("0.2",)),
        ),
        done_when=(success_ratio.at_least(0.99),),
        limit_s=60,
    ),
    objectives=(rto(limit_s=300, scale=0.1, steady=(), claims=("0.2",)), time_to_alert(text="Till open", limit_s=2)),
)


def rendered(*scenarios: Scenario, claims: Claims = STATED, module: str = "shop") -> str:
    return render_playbook({module: scenarios}, claims, CONSOLE)


def part(text: str, heading: str) -> list[str]:
    """The lines under a heading, up to the next; empty ones are left out."""
    lines = text.splitlines()
    assert lines.count(heading) == 1, text
    start = lines.index(heading) + 1
    end = next((number for number in range(start, len(lines)) if lines[number].startswith("#")), len(lines))
    return [line for line in lines[start:end] if line]


def test_a_scenario_reads_as_its_section() -> None:
    text = rendered(CLOSED)
    assert part(text, "## 0 Toys") == [
        "Drill it: `harness drill shop`",
        "| drill | failure |",
        "|---|---|",
        "| `shop_dies` | The shop dies |",
    ]
    assert part(text, "### Seen as") == [
        "* nobody can buy, within 10 s (0.1)",
        "* alert `Shop closed`, within 10 s, for the owner's sister (0.1)",
    ]
    assert part(text, "### Cause") == ["The shop's owner left."]
    assert part(text, "### Prevention") == ["Two owners."]


def test_the_steps_are_the_console_commands_that_are_typed() -> None:
    assert part(rendered(CLOSED), "### Recovery") == [
        "1. Wait until the door is open, for 30 s at most.",
        "2. Let people in (0.2): `python -m 'shop console' open 'back door'`",
        "It is mended when: success ratio at least 0.99, within 60 s.",
    ]
    healed = rendered(replace(CLOSED, recovery=Heal()))
    assert part(healed, "### Recovery") == ["Nothing is to be done: the system is well again once the fault is over."]


def test_objectives_are_nominal_and_say_what_the_drill_shortened() -> None:
    assert part(rendered(CLOSED), "### Objectives")[2:] == [
        "| recovery time (RTO) | 300 s (30 s in the drill) | 0.2 |",
        "| time to alert | 2 s |  |",
        "| time to alert | 10 s | 0.1 |",
    ]


def test_hazards_have_what_shows_them_or_say_that_nothing_does() -> None:
    text = rendered(CLOSED)
    assert part(text, "### Hazards")[2:] == [
        "| H1 | The door stays open | It is closed | `open` of `shop_dies` |",
        "| H2 | Sold twice | Counted | **nothing yet** |",
    ]
    assert part(text, "## Hazards that belong to no drill")[2:] == [
        "| H10 | Nothing left | Kept | `tests/test_till.py` |"
    ]
    assert part(text, "### Negative controls")[2:] == [
        "| `open` | H1: the door is not closed | `SomethingWasBought` | `shop_dies` |"
    ]


def test_claims_have_what_checks_them_or_say_that_nothing_does() -> None:
    text = rendered(CLOSED, replace(CLOSED, name="shop_dies_slowly", alert=None))
    alert = "alert `Shop closed` (of `shop_dies`)"
    assert part(text, "### Claims")[2:] == [
        f"| 0.1 | Nobody can buy | symptom `nobody can buy`, {alert}, checker `AlertSaid` in `shop` |",
        "| 0.2 | Somebody bought | step `open 'back door'`, checker `SomethingWasBought`, objective `rto` in `shop` |",
        "| 0.3 | Every till is guarded | `tests/test_till.py` |",
        "| 0.4 | Nobody looks at this | **nothing yet** |",
    ]
    assert part(text, "## Not yet held") == [
        "* Claims that nothing checks: 0.4.",
        "* Hazards whose harm nothing shows: H2.",
    ]


def test_variants_share_what_they_share() -> None:
    text = rendered(CLOSED, replace(CLOSED, name="other", invariants=CLOSED.invariants[:1], cause="A flood."))
    assert part(text, "### Prevention") == ["Two owners."]
    assert part(text, "### Cause") == ["In `shop_dies`:", "The shop's owner left.", "In `other`:", "A flood."]
    assert part(text, "### What must hold") == ["* `SomethingWasBought`", "* and in `shop_dies`: `AlertSaid`"]


def test_whom_to_call_is_what_a_checker_holds() -> None:
    assert part(rendered(CLOSED), "## Whom to call")[2:] == ["| `Shop closed` | the owner's sister | 0 Toys |"]
    assert "Whom to call" not in rendered(replace(CLOSED, invariants=CLOSED.invariants[:1]))


def test_a_section_may_have_no_drill_or_several_modules_or_no_number() -> None:
    stated = replace(STATED, sections={"0": "Toys", "7": "Fire"})
    assert part(rendered(CLOSED, claims=stated), "## 7 Fire") == ["It has no drill of its own."]
    other = replace(CLOSED, name="other", playbook="Not numbered")
    text = render_playbook({"b": (CLOSED,), "c": (other,), "a": (replace(CLOSED, name="third"),), "d": ()}, stated)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Whom to call",
        "## 0 Toys: `b`",
        "## 0 Toys: `a`",
        "## 7 Fire",
        "## Not numbered",
        "## Hazards that belong to no drill",
        "## Not yet held",
    ]


def test_without_claims_the_scenarios_say_what_they_can() -> None:
    text = rendered(CLOSED, claims=Claims())
    assert part(text, "### Hazards")[2:] == ["| H1 |  |  | `open` of `shop_dies` |", "| H2 |  |  | **nothing yet** |"]
    assert "### Claims" not in text


def test_the_same_scenarios_give_the_same_text() -> None:
    assert rendered(CLOSED) == rendered(replace(CLOSED))


@pytest.mark.parametrize("text", ["# Heading", "<script>x</script>", "a\n\n# b", "[x](http://y)", "`a` | b", "**b**"])
def test_texts_are_never_markup(text: str) -> None:
    scenario = replace(
        CLOSED,
        title=text,
        cause=text,
        prevention=text,
        symptoms=(Symptom(text=text, seen_as=REFUSED.at_least(1)),),
        alert=Alert(text=text, within_s=1),
        recovery=Recovery(steps=(Operate(words=("say", text), why=text),), done_when=()),
    )
    before, after = rendered(CLOSED).splitlines(), rendered(scenario).splitlines()
    structure = [line for line in before if line.startswith("#") and line != "## Whom to call"]
    assert [line for line in after if line.startswith("#")] == structure
    assert not {"<script>", "](http:", "**b**"} & {word for line in after for word in line.split()}


def test_any_other_step_is_left_out() -> None:
    class Probe:
        name, every_s = "look", 1.0

    odd = replace(CLOSED, recovery=Recovery(steps=(Observe(probe=Probe()),), done_when=()))  # type: ignore[arg-type]
    assert "### Recovery" not in rendered(odd)
