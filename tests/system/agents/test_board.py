"""The line of each worker: written by one process, read by another."""

import os

from system.agents.board import Board, Executions
from system.agents.process import WorkerProcess


def test_a_worker_is_found_at_its_line() -> None:
    board = Board(2)
    first, second = WorkerProcess(pid=11, started_ticks=7), WorkerProcess(pid=12, started_ticks=2**40)
    assert board.process_at(0) is None
    board.take(0, first)
    board.take(1, second)
    assert (board.line_of(first), board.line_of(second)) == (0, 1)
    board.take(0, WorkerProcess(pid=13, started_ticks=9))
    assert board.line_of(first) is None


def test_what_another_process_counts_is_seen_here() -> None:
    board = Board(2)
    board.count(0, "executed")
    if (pid := os.fork()) == 0:
        board.count(1, "executed")
        board.count(1, "failed")
        os._exit(0)
    os.waitpid(pid, 0)
    assert [board.counted(outcome) for outcome in ("executed", "given_back", "failed")] == [2, 0, 1]
    (family,) = Executions(board).collect()
    assert {sample.labels["outcome"]: sample.value for sample in family.samples} == {
        "executed": 2,
        "given_back": 0,
        "failed": 1,
    }
