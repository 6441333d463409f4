"""Changes of behaviour: what people get wrong when they write code, made where the syntax tree has a place for it."""

import ast
from collections.abc import Iterator

from benchmarks.mutating.places import Instead, Place, Rewriting

_EDGES: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_SIDES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SUMS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.FloorDiv(),
}
_TWINS = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "next": "list",
    "reversed": "list",
}
_METHODS = frozenset({"strip", "lower", "upper", "casefold", "title", "copy", "encode", "isoformat"})
_WRITTEN_DOWN = ("value", "args")


def _compared(edges: dict[type[ast.cmpop], type[ast.cmpop]], place: Place) -> Iterator[Instead]:
    node = place.node
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            if type(operator) in edges:
                ops = [*node.ops[:number], edges[type(operator)](), *node.ops[number + 1 :]]
                yield ast.Compare(left=node.left, ops=ops, comparators=node.comparators)


def _boundary(place: Place) -> Iterator[Instead]:
    yield from _compared(_EDGES, place)


def _comparison(place: Place) -> Iterator[Instead]:
    yield from _compared(_SIDES, place)


def _connective(place: Place) -> Iterator[Instead]:
    if isinstance(node := place.node, ast.BoolOp):
        other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(op=other, values=node.values)


def _operand(place: Place) -> Iterator[Instead]:
    """One part of a condition forgotten."""
    if isinstance(node := place.node, ast.BoolOp):
        for number in range(len(node.values)):
            left = [*node.values[:number], *node.values[number + 1 :]]
            yield left[0] if len(left) == 1 else ast.BoolOp(op=node.op, values=left)


def _negation(place: Place) -> Iterator[Instead]:
    node = place.node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif place.field in ("test", "ifs") and isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr):
        yield ast.UnaryOp(op=ast.Not(), operand=node)


def _number(place: Place) -> Iterator[Instead]:
    node = place.node
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return
    if isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    elif isinstance(node.value, float):
        yield ast.Constant(node.value * 2 or 1.0)
        yield ast.Constant(node.value / 2)


def _truth(place: Place) -> Iterator[Instead]:
    if isinstance(node := place.node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)


def _text(place: Place) -> Iterator[Instead]:
    node = place.node
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield ast.Constant(f"{node.value}XX" if node.value else "XX")


def _statement(place: Place) -> Iterator[Instead]:
    """What is done, not done: a call, an assignment to something that is there already, a way out."""
    node = place.node
    done = isinstance(node, ast.Expr | ast.AugAssign | ast.Raise | ast.Continue | ast.Break | ast.Delete)
    kept = isinstance(node, ast.Assign) and all(isinstance(one, ast.Attribute | ast.Subscript) for one in node.targets)
    if done or (kept and (place.function is None or place.function.name != "__init__")):
        yield ast.Pass()


def _returned(place: Place) -> Iterator[Instead]:
    node = place.node
    if not isinstance(node, ast.Return) or node.value is None:
        return
    if isinstance(node.value, ast.Constant) and node.value.value is None:
        return
    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
        return  # `truth` does it
    yield ast.Return(value=ast.Constant(None))


def _early_return(place: Place) -> Iterator[Instead]:
    """A way out forgotten, where the function goes on."""
    if isinstance(place.node, ast.Return) and isinstance(place.parent, ast.If):
        yield ast.Pass()


def _arguments(place: Place) -> Iterator[Instead]:
    node = place.node
    if not isinstance(node, ast.Call) or len(node.args) < 2:
        return
    if any(isinstance(one, ast.Starred) for one in node.args[:2]):
        return
    if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "getattr", "min", "max", "cast"):
        return
    first, second, *rest = node.args
    yield ast.Call(func=node.func, args=[second, first, *rest], keywords=node.keywords)


def _argument(place: Place) -> Iterator[Instead]:
    """A named argument forgotten, where there is a default or none."""
    if isinstance(node := place.node, ast.Call):
        for number, keyword in enumerate(node.keywords):
            if keyword.arg is not None and keyword.arg not in ("extra", "exc_info"):
                left = [*node.keywords[:number], *node.keywords[number + 1 :]]
                yield ast.Call(func=node.func, args=node.args, keywords=left)


def _arithmetic(place: Place) -> Iterator[Instead]:
    node = place.node
    if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
        yield ast.BinOp(left=node.left, op=_SUMS[type(node.op)], right=node.right)
    elif isinstance(node, ast.AugAssign) and type(node.op) in _SUMS:
        yield ast.AugAssign(target=node.target, op=_SUMS[type(node.op)], value=node.value)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def _member(place: Place) -> Iterator[Instead]:
    """Another member of the same enumeration."""
    node = place.node
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        members = place.enums.get(node.value.id, ())
        if node.attr in members:
            other = members[(members.index(node.attr) + 1) % len(members)]
            yield ast.Attribute(value=node.value, attr=other, ctx=node.ctx)


def _called(place: Place) -> Iterator[Instead]:
    """Another function of the same form, or a method that is not called."""
    node = place.node
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Name) and node.func.id in _TWINS and node.args:
        yield ast.Call(func=ast.Name(_TWINS[node.func.id], ast.Load()), args=node.args[:1], keywords=[])
    elif isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and not node.args:
        yield node.func.value


def _handler(place: Place) -> Iterator[Instead]:
    """One of several errors no longer caught."""
    node = place.node
    if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Tuple):
        for number in range(len(node.type.elts)):
            left = [*node.type.elts[:number], *node.type.elts[number + 1 :]]
            kind = left[0] if len(left) == 1 else ast.Tuple(elts=left, ctx=ast.Load())
            yield ast.ExceptHandler(type=kind, name=node.name, body=node.body)


def _choice(place: Place) -> Iterator[Instead]:
    """One of two values, whatever decides."""
    if isinstance(node := place.node, ast.IfExp):
        yield node.body
        yield node.orelse


def _cut(place: Place) -> Iterator[Instead]:
    """A part of something taken for all of it, or the other end."""
    node = place.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    if isinstance(node.slice, ast.Slice):
        yield node.value
    elif isinstance(node.slice, ast.Constant) and node.slice.value == 0:
        yield ast.Subscript(value=node.value, slice=ast.Constant(-1), ctx=ast.Load())


def _element(place: Place) -> Iterator[Instead]:
    """One of several forgotten, in a list that is written down."""
    node = place.node
    if not isinstance(node, ast.Tuple | ast.List | ast.Set) or len(node.elts) == 1 or place.field not in _WRITTEN_DOWN:
        return
    if all(isinstance(one, ast.Constant | ast.Name | ast.Attribute) for one in node.elts):
        left = node.elts[:-1]
        yield ast.Set(left) if isinstance(node, ast.Set) else type(node)(elts=left, ctx=ast.Load())


CHANGES = (
    Rewriting(name="boundary", of=_boundary),
    Rewriting(name="comparison", of=_comparison),
    Rewriting(name="connective", of=_connective),
    Rewriting(name="operand", of=_operand),
    Rewriting(name="negation", of=_negation),
    Rewriting(name="number", of=_number),
    Rewriting(name="truth", of=_truth),
    Rewriting(name="text", of=_text),
    Rewriting(name="statement", of=_statement),
    Rewriting(name="returned", of=_returned),
    Rewriting(name="early return", of=_early_return),
    Rewriting(name="arguments", of=_arguments),
    Rewriting(name="argument", of=_argument),
    Rewriting(name="arithmetic", of=_arithmetic),
    Rewriting(name="member", of=_member),
    Rewriting(name="called", of=_called),
    Rewriting(name="handler", of=_handler),
    Rewriting(name="choice", of=_choice),
    Rewriting(name="cut", of=_cut),
    Rewriting(name="element", of=_element),
)
"""All of them; each is one mistake at one place."""
