"""Where a source can be rewritten, and the source that results.

A rewriting looks at one node of the syntax tree and says what could stand there instead. Everything else of the source
stays, but for comments and layout, which mean nothing. What is left out everywhere: types, docstrings, decorators,
what is written into logs, assertions of what cannot be, and what only a protection that is switched off leads to.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Instead = ast.AST | list[ast.stmt]
"""What stands in the place of a node; of a statement also several."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SKIPPED_FIELDS = {
    "annotation",
    "returns",
    "decorator_list",
    "bases",
    "format_spec",
    "type_params",
    "ctx",
}
_SKIPPED = (ast.Import, ast.ImportFrom, ast.Assert, ast.pattern, ast.Global, ast.Nonlocal)
_LOGS = ("_log.", "logging.", "traceback.")
_TEXT_HEAD, _TEXT_TAIL = 60, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One node in its tree: what it hangs on, by which field, and as which item of it where that is a list.

    `statement` and `function` are the innermost ones around it (a statement is its own); `enums` are the names of the
    members of each enumeration that is known.
    """

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None = None
    statement: ast.stmt | None = None
    function: Function | None = None
    enums: dict[str, tuple[str, ...]]

    @property
    def decides(self) -> bool:
        """Whether only the truth of the node counts here."""
        return self.field == "test" or (isinstance(self.parent, ast.UnaryOp) and isinstance(self.parent.op, ast.Not))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """One way to rewrite a node."""

    name: str
    of: Callable[[Place], Iterable[Instead]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A source with one place rewritten: as it will be, once `source` is asked for."""

    path: str
    rewriting: str
    tree: ast.Module
    place: Place
    instead: Instead

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.rewriting}: {self.what}"

    @property
    def line(self) -> int:
        """Where it begins in the original."""
        node = self.place.node if hasattr(self.place.node, "lineno") else self.place.parent
        return int(getattr(node, "lineno", 1))

    @property
    def lines(self) -> range:
        """Lines of the original of which some run whenever the place does.

        All of a statement, because not every line of one is told; of what stands above others, such as the condition of
        an `if`, the lines until those begin; of a function those of its body.
        """
        node, statement = self.place.node, self.place.statement
        if statement is None:
            return range(self.line, self.line + 1)
        body: list[ast.stmt] = getattr(statement, "body", [])
        last = int(statement.end_lineno or statement.lineno)
        if node is statement and isinstance(statement, Function):
            return range(body[ast.get_docstring(statement) is not None].lineno, last + 1)
        if not body or node is statement:
            return range(statement.lineno, last + 1)
        return range(statement.lineno, max(body[0].lineno, statement.lineno + 1))

    @property
    def what(self) -> str:
        """The old and the new in a line."""
        new = "; ".join(map(_text, self.instead)) if isinstance(self.instead, list) else _text(self.instead)
        return f"{_text(self.place.node)} -> {new}"

    def source(self) -> str:
        """The whole source."""
        return _with(self.tree, self.place, self.instead)

    def changes_code(self) -> bool:
        """Whether it compiles to other code than the original."""
        return _code(ast.unparse(self.tree)) != _code(self.source())


def places(tree: ast.Module, enums: dict[str, tuple[str, ...]] | None = None) -> Iterator[Place]:
    """Every node that may be rewritten, in the order of the source."""
    yield from _below(tree, None, None, enums or {})


def enums_of(trees: Iterable[ast.Module]) -> dict[str, tuple[str, ...]]:
    """The members of each enumeration that the trees define, by its name."""
    return {
        node.name: tuple(
            target.id
            for one in node.body
            if isinstance(one, ast.Assign)
            for target in one.targets
            if isinstance(target, ast.Name)
        )
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("Enum") for base in node.bases)
    }


def rewritten(
    path: str,
    text: str,
    rewritings: Sequence[Rewriting],
    enums: dict[str, tuple[str, ...]] | None = None,
) -> list[Rewritten]:
    """All that the rewritings make of a source, each a source of its own."""
    tree = ast.parse(text)
    return [
        Rewritten(path=path, rewriting=one.name, tree=tree, place=place, instead=instead)
        for place in list(places(tree, enums))
        for one in rewritings
        for instead in one.of(place)
    ]


def _below(
    node: ast.AST, statement: ast.stmt | None, function: Function | None, enums: dict[str, tuple[str, ...]]
) -> Iterator[Place]:
    inside = node if isinstance(node, Function) else function
    for field, value in ast.iter_fields(node):
        if field in _SKIPPED_FIELDS:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_left_out(child, node, field):
                continue
            within = child if isinstance(child, ast.stmt) else statement
            yield Place(
                node=child,
                parent=node,
                field=field,
                index=index if isinstance(value, list) else None,
                statement=within,
                function=inside,
                enums=enums,
            )
            yield from _below(child, within, inside, enums)


def _is_left_out(node: ast.AST, parent: ast.AST, field: str) -> bool:
    if isinstance(node, _SKIPPED):
        return True
    if isinstance(parent, ast.If) and field == "body" and "unsafe_" in ast.unparse(parent.test):
        return True
    if isinstance(node, ast.Raise):
        return node.exc is not None and ast.unparse(node.exc).startswith("AssertionError")
    if isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Constant):
            return True
        return ast.unparse(node).startswith(_LOGS)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func) in {"TypeVar", "logging.getLogger"}
    return False


def _with(tree: ast.Module, place: Place, instead: Instead) -> str:
    """The source with something else at a place; the tree is afterwards as it was."""
    if place.index is None:
        setattr(place.parent, place.field, instead)
        try:
            return ast.unparse(tree)
        finally:
            setattr(place.parent, place.field, place.node)
    items: list[Any] = getattr(place.parent, place.field)
    before = list(items)
    items[place.index : place.index + 1] = instead if isinstance(instead, list) else [instead]
    try:
        return ast.unparse(tree)
    finally:
        items[:] = before


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    short = len(text) <= _TEXT_HEAD + _TEXT_TAIL
    return text if short else f"{text[:_TEXT_HEAD]} ... {text[-_TEXT_TAIL:]}"


def _code(text: str) -> list[Any]:
    """What a source compiles to, wherever its lines are."""
    found: list[Any] = []

    def add(code: Any) -> None:
        inner = [one for one in code.co_consts if hasattr(one, "co_code")]
        plain = [(type(one), one) for one in code.co_consts if not hasattr(one, "co_code")]
        found.append((code.co_code, code.co_names, code.co_varnames, code.co_freevars, plain))
        for one in inner:
            add(one)

    add(compile(text, "source", "exec", dont_inherit=True))
    return found
