"""`prompt`: Python with the names of the incident playbook, so that its own lines can be typed, or piped in.

It is the operator's own account that types here; nothing is kept from it. What changes something leaves its audit row
by itself, whoever calls it.
"""

import code
import contextlib
import io
import sys
from collections.abc import Sequence
from typing import Any

import click

from system.analytics import analyze_partner_signals
from system.commands.connecting import say, say_json
from system.governance import CircuitBreakerRegistry
from system.recovery.redis_memory import RedisMemory


def names() -> dict[str, Any]:
    """What can be typed without importing it."""
    return {
        "CircuitBreakerRegistry": CircuitBreakerRegistry,
        "RedisMemory": RedisMemory,
        "analyze_partner_signals": analyze_partner_signals,
    }


class _Prompt(code.InteractiveConsole):
    """Says nothing but what the lines say when nobody sits at a terminal."""

    def raw_input(self, prompt: str = "") -> str:
        if sys.stdin.isatty():
            return super().raw_input(prompt)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")


@click.command()
@click.option("--line", "lines", multiple=True, help="A line to run instead of asking for one; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="With --line: one JSON document on standard output.")
def prompt(lines: Sequence[str], as_json: bool) -> None:
    """A Python prompt where the playbook's own lines work."""
    console = _Prompt({"__name__": "prompt", **names()})
    if not lines:
        banner = f"names: {', '.join(names())}" if sys.stdin.isatty() else ""
        console.interact(banner=banner, exitmsg="")
        return
    answers = [{"line": line, **_run(console, line)} for line in lines]
    if as_json:
        say_json({"lines": answers})
    else:
        for answer in answers:
            say(f">>> {answer['line']}", *answer["said"].splitlines())
    wrong = next((answer["error"] for answer in answers if answer["error"]), None)
    if wrong:
        raise click.ClickException(wrong)


def _run(console: _Prompt, line: str) -> dict[str, str]:
    """What a line prints, and the last line of its traceback if it raises."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        unfinished = console.push(line)
    if unfinished:
        console.resetbuffer()
        return {"said": "", "error": f"an unfinished line: {line!r}"}
    complaint = complained.getvalue().strip().splitlines()
    return {"said": said.getvalue().rstrip("\n"), "error": complaint[-1] if complaint else ""}
