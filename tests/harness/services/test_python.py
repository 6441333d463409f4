"""A Python service is told its address and its variables, and nothing of what the harness was started with."""

import pytest

from harness.services.python import PythonProgram, program_environ, variable
from tests.harness.services.placements import placement


def test_ports_have_a_variable_each() -> None:
    assert variable("main") == "PORT"
    assert variable("end-point") == "END_POINT_PORT"


def test_the_environment_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HARNESS", "1")
    found = program_environ(placement(ports={"main": 1, "endpoint": 2}, environ={"A": "b", "HOST": "127.0.0.2"}))
    assert (found["PORT"], found["ENDPOINT_PORT"], found["A"], found["HOST"]) == ("1", "2", "b", "127.0.0.2")
    assert "SECRET_OF_THE_HARNESS" not in found


def test_arguments_are_words() -> None:
    command = PythonProgram().command(placement(options={"module": "m", "argv": ["--n", 3]}))
    assert (command.module, list(command.argv)) == ("m", ["--n", "3"])
