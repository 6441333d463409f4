"""Who is at the console."""

import pytest

from system.governance.operators import operator_name


def test_the_variable_goes_before_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR", "ada")
    assert operator_name() == "ada"
    monkeypatch.delenv("OPERATOR")
    assert operator_name()
