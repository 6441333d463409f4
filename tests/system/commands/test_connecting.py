"""Whatever a command says leaves through one place, which makes it plain."""

from pathlib import Path

import click
import pytest

from system.commands.connecting import not_done, say, say_json, say_yaml
from system.yaml_text import yaml_text

SYSTEM = Path(__file__).resolve().parents[3] / "system"


def test_lines_and_refusals_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    say("one", "\x1b[2Jtwo\nforged")
    say_json({"two": "\x1b[2J\u202e"})
    assert capsys.readouterr().out == 'one\n\\x1b[2Jtwo\\nforged\n{"two": "\\u001b[2J\\u202e"}\n'
    say_yaml(yaml_text({"three": "\x1b[2J"}))
    assert capsys.readouterr().out == 'three: "\\e[2J"\n'
    refused = not_done("test", "no\nsuch \x1b thing")
    assert isinstance(refused, click.ClickException)
    assert refused.message == r"no\nsuch \x1b thing"


def test_no_command_prints_by_itself() -> None:
    sources = [SYSTEM / "console.py", *(SYSTEM / "commands").glob("*.py")]
    printing = [path.name for path in sources if any(word in path.read_text() for word in ("click.echo", "print("))]
    assert printing == ["connecting.py"]
