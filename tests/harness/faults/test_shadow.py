"""A package out of order: what imports it fails, says why, and works again afterwards."""

from pathlib import Path

from harness.faults import Noop, Shadow
from tests.harness.clones import make_clone
from tests.harness.faults.injecting import injected

FAULT = Shadow(module="this_is_needed")


def test_whatever_imports_it_fails_until_it_is_healed(tmp_path: Path) -> None:
    clone = make_clone(tmp_path)
    evidence = injected(FAULT, clone)
    assert evidence.proof
    assert evidence.facts == {"module": "this_is_needed", "exit_code": 1}
    assert clone.git("status", "--porcelain") == ""


def test_one_that_was_never_there_is_no_proof(tmp_path: Path) -> None:
    """It cannot be imported either, but for another reason."""
    assert not injected(Noop(instead_of=FAULT), make_clone(tmp_path)).proof
