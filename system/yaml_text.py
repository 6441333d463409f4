"""Plain data as YAML that people read: block style, texts of several lines as they are, JSON in them spread out.

For what the system hands to others as files. Whoever reads YAML by other rules reads the same: what could be taken for
a number, a time or a word of the language is quoted. It reads nothing.
"""

import json
import re
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_TAKEN_FOR_LINE_ENDS = re.compile("[\r\x85\u2028\u2029\ufeff]")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"})
_SPREAD_DEPTH = 2


class _Dumper(yaml.SafeDumper):
    """Block style; keys stay in the order given, and nothing is said once and referred to."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else "'"
    if "\n" in value.rstrip("\n"):
        style = "|"
    if _TAKEN_FOR_LINE_ENDS.search(value):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(document: Any) -> str:
    """`document`, which is plain data (mappings with text keys, lists, texts, numbers, booleans, None)."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def spread_json(document: Any) -> str:
    """`document` as JSON over several lines, its outer levels a line an entry."""
    return _spread(document, 0) + "\n"


def _spread(document: Any, depth: int) -> str:
    if depth == _SPREAD_DEPTH or not document or not isinstance(document, dict | list):
        return json.dumps(document, ensure_ascii=False)
    indent = " " * (depth + 1)
    if isinstance(document, list):
        inner = [indent + _spread(item, depth + 1) for item in document]
    else:
        inner = [f"{indent}{json.dumps(name)}: {_spread(value, depth + 1)}" for name, value in document.items()]
    opening, closing = "[]" if isinstance(document, list) else "{}"
    return "\n".join([opening, ",\n".join(inner), " " * depth + closing])
