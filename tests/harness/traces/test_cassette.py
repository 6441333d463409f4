"""Interactions: one end each, and in the contract what its lowest version can say."""

import pytest

from harness.traces import Cassette, Failure, Interaction, Request, Response

ASKED = Request(method="POST", uri="http://there.invalid/loads", headers={"Idempotency-Key": "k"}, body='{"a": 1}')
PART = Response(status=200, headers={"content-type": "text/plain"}, body="the first ha")


def test_an_interaction_ends_in_one_way() -> None:
    with pytest.raises(ValueError, match="one of the two"):
        Interaction(request=ASKED)
    with pytest.raises(ValueError, match="one of the two"):
        Interaction(request=ASKED, response=Response(status=200), failure=Failure(kind="reset"))


def test_half_an_answer_has_a_part_and_no_other_failure_has() -> None:
    with pytest.raises(ValueError, match="kind is half"):
        Failure(kind="half")
    with pytest.raises(ValueError, match="kind is half"):
        Failure(kind="reset", part=PART)


def test_what_the_contract_is_told() -> None:
    failed = Interaction(request=ASKED, failure=Failure(kind="timeout", after_s=5.0))
    half = Interaction(request=ASKED, failure=Failure(kind="half", after_s=1.0, part=PART))
    answered = Interaction(request=ASKED, response=Response(status=201, body="{}"))
    late = Interaction(request=ASKED, response=Response(status=201, body="{}", after_s=2.5))
    assert failed.to_contract()["failure"] == {"kind": "timeout", "after_s": 5.0}
    assert "response" not in failed.to_contract()
    assert answered.to_contract()["response"] == {"status": 201, "headers": {}, "body": "{}"}
    assert late.to_contract()["response"]["after_s"] == 2.5
    assert half.to_contract()["failure"] == {
        "kind": "half",
        "after_s": 1.0,
        "status": 200,
        "headers": {"content-type": "text/plain"},
        "body": "the first ha",
    }
    assert [one.contract for one in (failed, answered, late, half)] == [1, 1, 2, 2]
    assert [Cassette(interactions=ones).contract for ones in ((), (failed, answered), (answered, late))] == [1, 1, 2]
