"""Rewrites that keep the meaning: another spelling of the same, as people make it when they tidy up.

Each is made only where it cannot be seen from outside: what would be evaluated in another order is plain (names,
constants, attributes), and what is taken for its truth alone stands where only its truth counts.
"""

import ast
import copy
from collections.abc import Iterator

from benchmarks.mutating.places import Function, Instead, Place, Rewriting

_MIRRORED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.Gt(),
    ast.LtE: ast.GtE(),
    ast.Gt: ast.Lt(),
    ast.GtE: ast.LtE(),
    ast.Eq: ast.Eq(),
    ast.NotEq: ast.NotEq(),
    ast.Is: ast.Is(),
    ast.IsNot: ast.IsNot(),
}
_OPPOSITE: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_NEW = "renamed"


def is_plain(node: ast.AST) -> bool:
    """Whether to evaluate it does nothing and cannot be told from evaluating it a little later."""
    if isinstance(node, ast.Attribute):
        return is_plain(node.value)
    return isinstance(node, ast.Name | ast.Constant)


def _not(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(op=ast.Not(), operand=node)


def _mirrored(place: Place) -> Iterator[Instead]:
    """`a < b` as `b > a`."""
    node = place.node
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _MIRRORED:
        right = node.comparators[0]
        if place.decides and is_plain(node.left) and is_plain(right):
            yield ast.Compare(left=right, ops=[_MIRRORED[type(node.ops[0])]], comparators=[node.left])


def _opposite(place: Place) -> Iterator[Instead]:
    """`a == b` as `not a != b`."""
    node = place.node
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE and place.decides:
        yield _not(ast.Compare(left=node.left, ops=[_OPPOSITE[type(node.ops[0])]], comparators=node.comparators))


def _de_morgan(place: Place) -> Iterator[Instead]:
    """`a and b` as `not (not a or not b)`."""
    if isinstance(node := place.node, ast.BoolOp) and place.decides:
        other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _not(ast.BoolOp(op=other, values=[_not(value) for value in node.values]))


def _flipped(place: Place) -> Iterator[Instead]:
    """Both ways exchanged, with the opposite condition."""
    node = place.node
    if isinstance(node, ast.If) and node.orelse:
        yield ast.If(test=_not(node.test), body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(test=_not(node.test), body=node.orelse, orelse=node.body)


def _spread_choice(place: Place) -> Iterator[Instead]:
    """`return a if c else b` as an `if`."""
    if isinstance(node := place.node, ast.Return) and isinstance(node.value, ast.IfExp):
        body: list[ast.stmt] = [ast.Return(value=node.value.body)]
        yield ast.If(test=node.value.test, body=body, orelse=[ast.Return(value=node.value.orelse)])


def _named_result(place: Place) -> Iterator[Instead]:
    """What is returned gets a name first."""
    if isinstance(node := place.node, ast.Return) and node.value is not None and not is_plain(node.value):
        name = f"result_{_NEW}"
        yield [
            ast.Assign(targets=[ast.Name(name, ast.Store())], value=node.value, lineno=0),
            ast.Return(value=ast.Name(name, ast.Load())),
        ]


def _dead_code(place: Place) -> Iterator[Instead]:
    """Something that never runs, before a way out."""
    if isinstance(node := place.node, ast.Return | ast.Raise | ast.AugAssign):
        never = ast.If(test=ast.Constant(False), body=[ast.Raise(exc=ast.Name("KeyError", ast.Load()))], orelse=[])
        yield [ast.Pass(), never, node]


def _without_sugar(place: Place) -> Iterator[Instead]:
    """`a += 1` as `a = a + 1`."""
    node = place.node
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Constant):
        read = ast.Name(node.target.id, ast.Load())
        value = ast.BinOp(left=read, op=node.op, right=node.value)
        yield ast.Assign(targets=[node.target], value=value, lineno=0)


def _one_by_one(place: Place) -> Iterator[Instead]:
    """`a, b = x, y` as two assignments, in the other order."""
    node = place.node
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return
    to, of = node.targets[0], node.value
    if not isinstance(to, ast.Tuple) or not isinstance(of, ast.Tuple) or not all(map(is_plain, (*to.elts, *of.elts))):
        return
    written, read = {ast.unparse(one) for one in to.elts}, {ast.unparse(one) for one in of.elts}
    if not any(one == other or one.startswith(f"{other}.") for one in read for other in written):
        yield [
            ast.Assign(targets=[one], value=value, lineno=0)
            for one, value in reversed(list(zip(to.elts, of.elts, strict=True)))
        ]


def _keywords_reversed(place: Place) -> Iterator[Instead]:
    """Named arguments of a class in the other order."""
    node = place.node
    if not isinstance(node, ast.Call) or len(node.keywords) < 2 or not isinstance(node.func, ast.Name):
        return
    if not node.func.id.lstrip("_")[:1].isupper() or not all(one.arg and is_plain(one.value) for one in node.keywords):
        return
    yield ast.Call(func=node.func, args=node.args, keywords=node.keywords[::-1])


def _formatted(place: Place) -> Iterator[Instead]:
    """An f-string as a text that is formatted."""
    node = place.node
    if not isinstance(node, ast.JoinedStr):
        return
    text, values = "", []
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value).replace("{", "{{").replace("}", "}}")
        elif isinstance(part, ast.FormattedValue):
            spec = _plain_spec(part)
            if spec is None or any(isinstance(one, ast.Await | ast.Yield) for one in ast.walk(part)):
                return
            conversion = f"!{chr(part.conversion)}" if part.conversion >= 0 else ""
            text += f"{{{conversion}{f':{spec}' if spec else ''}}}"
            values.append(part.value)
    if values:
        yield ast.Call(func=ast.Attribute(ast.Constant(text), "format", ast.Load()), args=values, keywords=[])


def _plain_spec(part: ast.FormattedValue) -> str | None:
    if part.format_spec is None:
        return ""
    if not isinstance(part.format_spec, ast.JoinedStr):
        return None
    texts = [one.value for one in part.format_spec.values if isinstance(one, ast.Constant)]
    return "".join(map(str, texts)) if len(texts) == len(part.format_spec.values) else None


def _generator(place: Place) -> Iterator[Instead]:
    """A comprehension as what consumes a generator."""
    node = place.node
    if not isinstance(node, ast.ListComp | ast.SetComp) or place.function is None:
        return
    if any(isinstance(one, ast.Await | ast.NamedExpr) for one in ast.walk(node)):
        return
    if any(isinstance(one, ast.Name) and one.id == "next" for one in ast.walk(node)):
        return  # a generator does not let StopIteration through
    if any(one.is_async for one in node.generators):
        return
    made = ast.GeneratorExp(elt=node.elt, generators=node.generators)
    kind = "list" if isinstance(node, ast.ListComp) else "set"
    yield ast.Call(func=ast.Name(kind, ast.Load()), args=[made], keywords=[])


def _loop(place: Place) -> Iterator[Instead]:
    """`found = [f(x) for x in xs if c]` as a loop, where nothing else in the function has the loop's names."""
    node = place.node
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.ListComp) or place.function is None:
        return
    (to, *others), (over, *more) = node.targets, node.value.generators
    if others or more or over.is_async or not isinstance(to, ast.Name):
        return
    inside = {one.id for one in ast.walk(over.target) if isinstance(one, ast.Name)}
    everywhere = [one.id for one in ast.walk(place.function) if isinstance(one, ast.Name)]
    within = [one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)]
    if to.id in within or any(everywhere.count(one) != within.count(one) for one in inside):
        return
    append = ast.Attribute(ast.Name(to.id, ast.Load()), "append", ast.Load())
    body: list[ast.stmt] = [ast.Expr(ast.Call(func=append, args=[node.value.elt], keywords=[]))]
    if over.ifs:
        test = over.ifs[0] if len(over.ifs) == 1 else ast.BoolOp(op=ast.And(), values=over.ifs)
        body = [ast.If(test=test, body=body, orelse=[])]
    yield [
        ast.Assign(targets=[to], value=ast.List([], ast.Load()), lineno=0),
        ast.For(target=over.target, iter=over.iter, body=body, orelse=[], lineno=0),
    ]


def _local_renamed(place: Place) -> Iterator[Instead]:
    """A local name, everywhere in its function."""
    node = place.node
    if not isinstance(node, Function):
        return
    if any(isinstance(one, _SCOPES) for statement in node.body for one in ast.walk(statement)):
        return
    nodes = [one for statement in node.body for one in ast.walk(statement)]
    fixed = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
    fixed |= {name for one in nodes if isinstance(one, ast.Global | ast.Nonlocal) for name in one.names}
    for name in dict.fromkeys(one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)):
        if name in fixed or name == "_" or any(isinstance(one, ast.MatchAs) for one in nodes):
            continue
        instead = copy.deepcopy(node)
        for statement in instead.body:
            for one in ast.walk(statement):
                if isinstance(one, ast.Name) and one.id == name:
                    one.id = f"{name}_{_NEW}"
                elif isinstance(one, ast.ExceptHandler) and one.name == name:
                    one.name = f"{name}_{_NEW}"
        yield instead


def _hoisted(place: Place) -> Iterator[Instead]:
    """A constant of a `return` gets a name in the line before."""
    node = place.node
    if not isinstance(node, ast.Return) or node.value is None:
        return
    found = [
        one for one in ast.walk(node.value) if isinstance(one, ast.Constant) and isinstance(one.value, int | float)
    ]
    if not found or isinstance(found[0].value, bool):
        return
    instead = copy.deepcopy(node)
    wanted = ast.dump(found[0])

    class Named(ast.NodeTransformer):
        def visit_Constant(self, one: ast.Constant) -> ast.AST:
            return ast.Name(f"constant_{_NEW}", ast.Load()) if ast.dump(one) == wanted else one

    name = ast.Name(f"constant_{_NEW}", ast.Store())
    yield [ast.Assign(targets=[name], value=found[0], lineno=0), Named().visit(instead)]


REWRITINGS = (
    Rewriting(name="mirrored comparison", of=_mirrored),
    Rewriting(name="opposite comparison", of=_opposite),
    Rewriting(name="De Morgan", of=_de_morgan),
    Rewriting(name="ways exchanged", of=_flipped),
    Rewriting(name="choice as if", of=_spread_choice),
    Rewriting(name="result named", of=_named_result),
    Rewriting(name="dead code", of=_dead_code),
    Rewriting(name="augmented assignment", of=_without_sugar),
    Rewriting(name="assignments reordered", of=_one_by_one),
    Rewriting(name="arguments reordered", of=_keywords_reversed),
    Rewriting(name="f-string as format", of=_formatted),
    Rewriting(name="comprehension as generator", of=_generator),
    Rewriting(name="comprehension as loop", of=_loop),
    Rewriting(name="local renamed", of=_local_renamed),
    Rewriting(name="constant hoisted", of=_hoisted),
)
"""All of them; what a gate says to each must be that nothing has changed."""
