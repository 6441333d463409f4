"""Runs one command of the system's operator console inside an environment, and reads what it answers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.environments.base import EnvironmentFault, OperatorAnswer
from harness.environments.running import KILLED_STATUS, Running
from harness.services.base import Placement, Program, PythonModule
from harness.services.python import program_environ

KIND = "operator"


def console_command(operator: Sequence[str], words: Sequence[str], placement: Placement) -> Program | PythonModule:
    """The console's command with `words`; `python -m module` is forked from the warm interpreter."""
    environ = program_environ(placement)
    asked = [*words, "--json"] if "--json" not in words else list(words)
    if len(operator) >= 3 and Path(operator[0]).name.startswith("python") and operator[1] == "-m":
        return PythonModule(module=operator[2], argv=[*operator[3:], *asked], environ=environ)
    return Program(argv=[*operator, *asked], environ=environ)


async def operate(
    running: Running, placement: Placement, operator: Sequence[str], words: Sequence[str], limit_s: float
) -> OperatorAnswer:
    """Run it to its end. Past `limit_s` it is killed, and its exit code is that of SIGKILL, -9."""
    if not operator:
        raise EnvironmentFault('there is no operator console: say operator = ["python", "-m", ...] in [tool.harness]')
    placement.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    number = sum(1 for _ in placement.directory.glob("*.out")) + 1
    output, errors = placement.directory / f"{number}.out", placement.directory / f"{number}.err"
    command = console_command(operator, words, placement)
    identity = await running.launch(f"{placement.name}-{number}", command, log=output, errors=errors)
    status = await running.status_within(identity, limit_s)
    said = output.read_text(encoding="utf-8", errors="replace")
    complaint = errors.read_text(encoding="utf-8", errors="replace")
    if status is None:
        complaint += f"\nkilled by the harness: it still ran after {limit_s:g} s"
    return OperatorAnswer(
        command=(*operator, *words),
        exit_code=KILLED_STATUS if status is None else status,
        output=said,
        errors=complaint,
        document=document_in(said),
    )


def document_in(text: str) -> Any:
    """The JSON document that a console printed; None when it printed something else."""
    try:
        return json.loads(text)
    except ValueError:
        return None
