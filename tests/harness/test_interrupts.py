"""Ctrl-C once cleans up; twice ends at once. Real signals to a real program, which tells how far it has come."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.interrupts import INTERRUPTED, Interrupted, ending_tidily, run

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, sys
from harness.interrupts import Interrupted, run

async def work():
    try:
        print("working", flush=True)
        await asyncio.Event().wait()
    finally:
        print("cleaning", flush=True)
        await asyncio.sleep(CLEANING_S)
        print("clean", flush=True)

try:
    run(work())
except Interrupted as reason:
    print(f"interrupted by {reason}", flush=True)
    sys.exit(7)
"""


@contextmanager
def program(cleaning_s: float) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("CLEANING_S", str(cleaning_s))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert said(process) == "working"
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interrupt_ends_the_work_and_lets_it_clean_up(number: signal.Signals) -> None:
    with program(cleaning_s=0.01) as process:
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert output.splitlines() == ["cleaning", "clean", f"interrupted by {number.name}"]
    assert process.returncode == 7
    assert "once more to end at once" in errors
    assert "Traceback" not in errors


def test_a_second_interrupt_waits_for_nothing() -> None:
    with program(cleaning_s=600) as process:
        process.send_signal(signal.SIGINT)
        assert said(process) == "cleaning"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert output == ""
    assert process.returncode == INTERRUPTED
    assert "the guardian cleans up" in errors
    assert "Traceback" not in errors


def test_work_that_ends_by_itself_gives_its_result_and_leaves_no_handler() -> None:
    before = signal.getsignal(signal.SIGINT)

    async def work() -> int:
        return 42

    assert run(work()) == 42
    assert signal.getsignal(signal.SIGINT) == before


def test_work_inside_of_other_work_leaves_that_its_handlers() -> None:
    async def work() -> None:
        pass

    with ending_tidily():
        run(work())
        with pytest.raises(Interrupted, match="SIGTERM"):
            signal.raise_signal(signal.SIGTERM)


def test_an_error_of_the_work_goes_through() -> None:
    async def work() -> None:
        raise ZeroDivisionError("its own")

    with pytest.raises(ZeroDivisionError, match="its own"):
        run(work())


def test_a_signal_in_this_process_is_no_keyboard_interrupt() -> None:
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    with pytest.raises(Interrupted, match="SIGINT"):
        run(work())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_loop_the_first_signal_is_raised_and_the_second_ends_it(number: signal.Signals) -> None:
    script = (
        "import sys, time\n"
        "from harness.interrupts import Interrupted, ending_tidily\n"
        "try:\n"
        "    with ending_tidily():\n"
        "        print('up', flush=True)\n"
        "        time.sleep(60)\n"
        "except Interrupted as error:\n"
        "    print('outside', error, flush=True)\n"
        "with ending_tidily():\n"
        "    try:\n"
        "        print('up', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        print('cleaning', flush=True)\n"
        "        time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as started:
        assert started.stdout is not None
        for line in ("up", f"outside {number.name}", "up", "cleaning"):
            said = started.stdout.readline().strip()
            if line.startswith("outside"):
                assert said == line
                continue
            assert said == line
            started.send_signal(number)
    assert started.returncode == INTERRUPTED
