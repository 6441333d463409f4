"""Text from outside, made plain for whoever reads it: a column, an alert, a notice, a log, a terminal.

A partner names its fields as it likes, and a model answers what it likes: line breaks that forge a second line, escape
sequences that a terminal obeys, marks that turn the direction of reading, texts without an end. So wherever such text
leaves in words, it goes through here. What cannot be printed is shown as its escape, so nothing is hidden. Data that is
stored as it came, or sent as JSON to whoever it came from, is not text in this sense and stays as it is.
"""

CUT = "..."


def one_line(text: str, length_max: int) -> str:
    """`text` on one line in at most `length_max` (4 or more) printable characters; the end shows where it was cut."""
    kept = text[: length_max + 1]  # each shows as one character at least, so what follows cannot matter
    if not kept.isprintable():
        kept = "".join(one if one.isprintable() else _escaped(one) for one in kept)
    return kept if len(kept) <= length_max else kept[: length_max - len(CUT)] + CUT


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
