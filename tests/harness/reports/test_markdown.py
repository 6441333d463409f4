"""Whatever a text holds, it is shown as it is: a Markdown reader finds the text again and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.reports.markdown import code, page, plain, prose, table

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# Signs that mean something to Markdown come far more often than by chance.
TEXTS = st.text(st.one_of(st.sampled_from("\\`*_[]<>&~|#+-=!:/.@()1 \n\twa"), st.characters()), max_size=40)


def inline_of(markdown: str, *containers: str) -> list[Token]:
    """The inline tokens of the one text in `markdown`, which has to stand in these blocks and in no others."""
    tokens = READER.parse(markdown)
    opened = [token.type for token in tokens if token.nesting == 1]
    assert opened == list(containers), markdown
    (inline,) = [token for token in tokens if token.type == "inline" and token.content]
    return inline.children or []


def text_of(tokens: list[Token]) -> str:
    assert {token.type for token in tokens} <= {"text", "text_special"}, tokens
    return "".join(token.content for token in tokens)


@given(TEXTS)
def test_prose_is_text_and_nothing_else_wherever_it_stands(text: str) -> None:
    shown = plain(text)
    if not shown:
        return
    assert text_of(inline_of(prose(text), "paragraph_open")) == shown
    assert text_of(inline_of(f"## {prose(text)}", "heading_open")) == shown
    assert text_of(inline_of(f"* {prose(text)}", "bullet_list_open", "list_item_open", "paragraph_open")) == shown


@given(TEXTS, TEXTS)
def test_cells_hold_what_was_put_into_them(one: str, other: str) -> None:
    lines = table(("a", "b"), [(prose(one), code(other))])
    cells = [token for token in READER.parse("\n".join(lines)) if token.type == "inline"][2:]
    assert len(cells) == 2
    assert text_of(cells[0].children or []) == plain(one)
    assert shown_by(cells[1].children or []) == (plain(other) or '""')


@given(TEXTS)
def test_code_is_one_span_of_the_very_words(text: str) -> None:
    assert shown_by(inline_of(code(text), "paragraph_open")) == (plain(text) or '""')


def shown_by(tokens: list[Token]) -> str:
    """The words of a code span, in either of its two forms."""
    if [token.type for token in tokens] == ["code_inline"]:
        return tokens[0].content
    if tokens and tokens[0].type == "html_inline":
        assert (tokens[0].content, tokens[-1].content) == ("<code>", "</code>")
        tokens = tokens[1:-1]
    return text_of(tokens)


@given(st.text())
def test_a_plain_text_is_one_line_that_can_be_seen(text: str) -> None:
    assert plain(text).isprintable()
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("db_failover of NEEDS_REVIEW", "db_failover of NEEDS_REVIEW"),
        ("success ratio at least 0.99: wanted", "success ratio at least 0.99: wanted"),
        ("see http://evil.example or www.evil.example", "see http\\://evil.example or www\\.evil.example"),
        ("![x](y)", "!\\[x\\](y)"),
        ("\x1b[2Jgone", "\N{REPLACEMENT CHARACTER}\\[2Jgone"),
    ],
)
def test_what_needs_no_escape_gets_none(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_a_table_without_rows_is_none() -> None:
    assert table(("a",), []) == []


def test_a_page_has_single_blank_lines_and_one_end() -> None:
    assert page(["", "a", "", "", "b", "", ""]) == "a\n\nb\n"
