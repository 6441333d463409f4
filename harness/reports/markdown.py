"""Texts of scenarios and runs as Markdown that shows them as they are: nothing in them is taken for markup.

What comes from servers and partners stands in code spans; sentences of scenarios are escaped. Everything stays on its
one line, so no text can begin a block of its own. For CommonMark with GitHub's tables; it renders nothing.
"""

import re
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"[\\`*\[\]<>&~|]|(?<![^\W_])_|_(?![^\W_])|(?:(?<=\s)|^)#|:(?=//)|(?<=\bwww)\.|@")
_AT_THE_START = re.compile(r"^([+=-]|\d{1,9}(?=[.)]))")


def plain(text: object) -> str:
    """One line, with a sign in the place of everything that cannot be seen."""
    shown = "".join(one if one.isprintable() or one.isspace() else "\N{REPLACEMENT CHARACTER}" for one in str(text))
    return " ".join(shown.split())


def prose(text: object) -> str:
    """A sentence; it may stand anywhere, also in a heading, a list or a table."""
    line = _MARKUP.sub(lambda found: "\\" + found[0], plain(text))
    return _AT_THE_START.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", line)


def code(text: object) -> str:
    """Words exactly as they are, in a code span."""
    line = plain(text)
    if not line:
        return '""'
    if "|" in line:
        # Within a table a code span cannot hold a backslash before a bar; character references can say anything.
        return f"<code>{''.join(one if one.isalnum() or one == ' ' else f'&#{ord(one)};' for one in line)}</code>"
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table of cells that are Markdown already, a blank line after; none at all without rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    if not body:
        return []
    return [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}", *body, ""]


def page(lines: Iterable[str]) -> str:
    """The lines as a file: never two blank ones in a row, and one end of line at the end."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).rstrip("\n") + "\n"
