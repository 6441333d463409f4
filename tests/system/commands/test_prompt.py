"""The prompt takes the playbook's own lines, typed, piped or given."""

from typing import Any

import pytest

from system.storage import Storage

LINES = """from system.governance import CircuitBreakerRegistry
registry = CircuitBreakerRegistry()
registry.get_open_breakers()
breaker = registry.get('P12345')
breaker.failure_count
breaker.reset()
breaker.state
"""


def test_piped(typed: Any, storage: Storage) -> None:
    said = typed(LINES)
    assert (said.returncode, said.stdout) == (0, "['P12345']\n15\n'CLOSED'\n")
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.command) == ("ada", "CircuitBreaker.reset")


def test_the_analysis_of_a_partners_signals(typed: Any) -> None:
    """3.5: the playbook's own line, from the module of that name, or as it stands."""
    line = "analyze_partner_signals('P12345', '2026-01-01', '2026-01-08')\n"
    said = typed(f"from system.analytics import analyze_partner_signals\n{line}{line}")
    assert (said.returncode, said.stdout) == (0, "'No signals'\n'No signals'\n")


def test_blocks_and_mistakes(typed: Any) -> None:
    said = typed("for one in CircuitBreakerRegistry().get_open_breakers():\n    print(one)\n\n1 / 0\n1 + 1\n")
    assert (said.returncode, said.stdout) == (0, "P12345\n2\n")
    assert "ZeroDivisionError" in said.stderr


def test_lines_as_options(run: Any, document: Any, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a registry connects is closed by the end of its process, and this one goes on.
    monkeypatch.setattr(Storage, "connect", lambda *_, **__: storage)
    ask, count = "CircuitBreakerRegistry().get_open_breakers()", "CircuitBreakerRegistry().get('P12345').failure_count"
    assert document("prompt", "--line", ask, "--line", count)["lines"] == [
        {"line": ask, "said": "['P12345']", "error": ""},
        {"line": count, "said": "15", "error": ""},
    ]
    assert run("prompt", "--line", "x = 2", "--line", "x * 21").output == ">>> x = 2\n>>> x * 21\n42\n"


def test_a_line_that_fails_ends_with_1(run: Any) -> None:
    wrong = run("prompt", "--line", "nothing")
    assert wrong.exit_code == 1
    assert "NameError" in wrong.output
    assert "unfinished" in run("prompt", "--line", "for x in y:").output
