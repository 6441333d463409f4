"""The rules of the house, held against the sources: who imports whom, who reads time, sizes, names, words.

Everything is read through `ast` and nothing is imported, so a module that cannot start is still checked. Each check is
also shown small sources that break it and some that do not: a check that cannot fail proves nothing. Style is for ruff.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TREES = ("harness", "system", "scenarios", "benchmarks", "tests")

# Bottom first. A name imports what stands below its row; within a row nothing, except what an entry of OVER allows.
ROWS = (
    ("cache", "clock", "history", "verdict", "topology", "config", "metric", "interrupts"),
    ("environments", "services", "proxy", "traces", "checkers", "objective"),
    ("faults", "probes", "traffic", "judgement"),
    ("scenario", "run", "steps", "claims"),
    ("drill", "plan", "store", "replaying", "catalogue", "judging", "watching"),
    ("reports", "series", "standing", "doctor"),
    ("gate", "game_day"),
    ("cli", "pytest_plugin", "__main__"),
)
OVER = {
    "history": {"clock"},
    "metric": {"history"},
    "environments": {"services", "proxy"},
    "services": {"proxy"},
    "scenario": {"steps"},
    "drill": {"watching"},
    "__main__": {"cli"},
}
ROW_OF = {name: number for number, row in enumerate(ROWS, start=1) for name in row}

STARTERS = {
    "drill",
    "environments",
    "services",
    "proxy",
    "faults",
    "probes",
    "traffic",
    "replaying",
    "gate",
    "game_day",
}
STARTING_LIBRARIES = {"subprocess", "multiprocessing", "socket", "asyncio"}

# Of each module that reads time or chance: the names that do not. A seeded `Random` is passed in, so it may be named.
READERS: dict[str, set[str]] = {
    "time": set(),
    "random": {"Random"},
    "secrets": {"compare_digest"},
    "uuid": {"UUID", "uuid3", "uuid5", "NAMESPACE_URL", "NAMESPACE_DNS", "NAMESPACE_OID"},
}
NOW = {"now", "utcnow", "today"}
MAY_READ = {
    "harness.clock": {*READERS, "datetime"},
    "harness.run": {"uuid", "secrets"},
    "harness.traces.redaction_key": {"secrets"},
    "system.clock": {*READERS, "datetime"},
}

BAD_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "core", "common", "misc"}
FREIGHT = {
    "carrier",
    "consignee",
    "edi",
    "freight",
    "lading",
    "motion",
    "pallet",
    "shipment",
    "shipper",
    "tender",
    "truck",
    "x12",
}

# Tests of more than one module, or of none: what they prove stands in their docstrings.
WITHOUT_MIRROR = {
    "tests/test_curated.py",
    "tests/test_kill_audit.py",
    "tests/test_tidy.py",
    "tests/test_traces.py",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file: its dotted name, its path under the root, its text and its tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


def parsed(text: str, path: str) -> Module:
    parts = Path(path).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name=name, path=Path(path), text=text, tree=ast.parse(text, path))


@pytest.fixture(scope="module")
def sources() -> list[Module]:
    found = sorted(path for tree in TREES for path in (ROOT / tree).rglob("*.py"))
    return [parsed(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) for path in found]


def imports(module: Module) -> Iterator[str]:
    """Every dotted name imported, at any depth of the file, for types only too. `from a import b` gives `a.b`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.package.split(".")[: len(module.package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant))


def engine_imports(module: Module) -> Iterator[str]:
    """The names right under `harness` that a module imports, its own excepted."""
    own = module.name.split(".")[1] if module.name.startswith("harness.") else ""
    for name in imports(module):
        parts = name.split(".")
        if parts[0] == "harness" and len(parts) > 1 and parts[1] != own:
            yield parts[1]


def rows(module: Module) -> Iterator[str]:
    parts = module.name.split(".")
    if parts[0] != "harness" or len(parts) == 1:
        return
    if parts[1] not in ROW_OF:
        yield f"harness.{parts[1]} stands in no row: give it one in ROWS"
        return
    for other in engine_imports(module):
        if other not in ROW_OF:
            yield f"imports harness.{other}, which stands in no row"
        elif ROW_OF[other] >= ROW_OF[parts[1]] and other not in OVER.get(parts[1], ()):
            yield f"of row {ROW_OF[parts[1]]} imports harness.{other} of row {ROW_OF[other]}: downward only"


def judges_see_row_one(module: Module) -> Iterator[str]:
    if module.name.startswith(("harness.checkers", "harness.objective")):
        for other in engine_imports(module):
            if other not in ROWS[0]:
                yield f"judges, and imports harness.{other}: a saved run must be judged from row 1 alone"


def reports_start_nothing(module: Module) -> Iterator[str]:
    if module.name.startswith("harness.reports"):
        yield from (
            f"imports harness.{other}: a report starts nothing" for other in engine_imports(module) if other in STARTERS
        )
        libraries = {name.split(".")[0] for name in imports(module)} & STARTING_LIBRARIES
        yield from (f"imports {library}: a report starts nothing" for library in sorted(libraries))


def walls(module: Module) -> Iterator[str]:
    """Engine and system never meet in an import; a scenario sees engine and world; the replay root is a root."""
    tree = module.name.split(".")[0]
    forbidden = {"harness": {"system", "scenarios"}, "system": {"harness", "scenarios"}, "scenarios": {"system"}}.get(
        tree, set()
    )
    for name in imports(module):
        parts = name.split(".")
        if parts[0] in forbidden or (
            tree in {"harness", "system", "scenarios"} and parts[0] in {"tests", "benchmarks"}
        ):
            yield f"imports {name}: {tree}/ never imports {parts[0]}/"
        if tree == "scenarios" and parts[0] == "scenarios" and parts[1:2] != ["world"]:
            yield f"imports {name}: a scenario imports harness and scenarios.world only"
        if tree == "system" and parts[:2] == ["system", "replay"] and not module.name.startswith("system.replay"):
            yield f"imports {name}: nothing imports the composition root of replay"


def time_and_chance(module: Module) -> Iterator[str]:
    """In the engine and in the system they are read in clock.py alone; elsewhere they are passed in."""
    if module.name.split(".")[0] not in {"harness", "system"}:
        return
    allowed = MAY_READ.get(module.name, set())
    nodes = list(ast.walk(module.tree))
    aliases = [alias for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    imported = {alias.asname or alias.name: alias.name for alias in aliases}
    if "time" in imported.values() and "time" not in allowed:
        yield "imports time"
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module in READERS and node.module not in allowed:
            for name in sorted({alias.name for alias in node.names} - READERS[node.module]):
                yield f"line {node.lineno}: imports {node.module}.{name}"
        elif isinstance(node, ast.Attribute):
            of = ast.unparse(node.value)
            library = imported.get(of, "")
            if library in READERS and library not in allowed and node.attr not in READERS[library]:
                yield f"line {node.lineno}: reads {library}.{node.attr}"
            if of.split(".")[-1] in {"datetime", "date"} and node.attr in NOW and "datetime" not in allowed:
                yield f"line {node.lineno}: reads {of}.{node.attr}"
            if (library, node.attr) == ("os", "urandom"):
                yield f"line {node.lineno}: reads os.urandom"
        elif isinstance(node, ast.Call) and not node.args and not node.keywords:
            called = ast.unparse(node.func)
            if called in {"Random", "random.Random"}:
                yield f"line {node.lineno}: a Random without a seed"
            if called.endswith(("loop.time", "loop().time")) and "time" not in allowed:
                yield f"line {node.lineno}: reads {called}"


def sizes(module: Module) -> Iterator[str]:
    lines = len(module.text.splitlines())
    if lines > 400:
        yield f"has {lines} lines; 400 at most, and one noun a file"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            long = (node.end_lineno or node.lineno) - node.lineno + 1
            if long >= 70:
                yield f"{node.name} has {long} lines; fewer than 70"


def docstrings(module: Module) -> Iterator[str]:
    if module.text.strip() and not ast.get_docstring(module.tree):
        yield "has no docstring: what it is, why, what it is not"


def names(module: Module) -> Iterator[str]:
    for word in re.split(r"[._]", module.name):
        if word in BAD_NAMES:
            yield f"is named {word}, which says nothing"


def freight_words(module: Module) -> Iterator[str]:
    """In names, comments and texts alike: the engine knows no freight."""
    if module.name.split(".")[0] == "harness":
        for number, line in enumerate(module.text.splitlines(), start=1):
            words = {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+", line)}
            for word in sorted(words & (FREIGHT | {f"{word}s" for word in FREIGHT})):
                yield f"line {number} says {word}"


def mirrors(module: Module) -> Iterator[str]:
    """tests/harness/faults/test_kill.py tests harness/faults/kill.py, or the package of that name."""
    if (
        module.name.startswith("tests.")
        and module.path.name.startswith("test_")
        and str(module.path) not in WITHOUT_MIRROR
    ):
        source = ROOT / Path(*module.path.parts[1:-1]) / module.path.stem.removeprefix("test_")
        if not (source.with_name(f"{source.name}.py").exists() or (source / "__init__.py").exists()):
            yield f"tests no module: {source.relative_to(ROOT)}.py is not there"


Check = Callable[[Module], Iterator[str]]
CHECKS: tuple[Check, ...] = (
    rows,
    judges_see_row_one,
    reports_start_nothing,
    walls,
    time_and_chance,
    sizes,
    docstrings,
    names,
    freight_words,
    mirrors,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_sources_keep_the_rule(sources: list[Module], check: Check) -> None:
    broken = dict.fromkeys(f"{module.path}: {finding}" for module in sources for finding in check(module))
    assert not broken, "\n".join(["", *broken])


def test_most_modules_are_short(sources: list[Module]) -> None:
    lengths = [len(module.text.splitlines()) for module in sources if module.text.strip()]
    assert sum(length < 200 for length in lengths) >= 0.75 * len(lengths), sorted(lengths)


def test_every_row_is_named_once() -> None:
    assert len(ROW_OF) == sum(len(row) for row in ROWS)
    assert {*OVER} <= {*ROW_OF}


DOC = '"""What it is."""\n'

BROKEN = (
    (rows, "harness/clock.py", "import harness.history", "row 1 imports harness.history of row 1"),
    (rows, "harness/history.py", "from harness import drill", "row 1 imports harness.drill of row 5"),
    (rows, "harness/faults/kill.py", "from harness.probes.base import Probe", "row 3 imports harness.probes of row 3"),
    (rows, "harness/faults/kill.py", "from ..drill import run_drill", "imports harness.drill"),
    (rows, "harness/services/redis.py", "from harness.environments import base", "imports harness.environments"),
    (rows, "harness/proxy/app.py", "def f():\n    import harness.services.base", "imports harness.services"),
    (rows, "harness/store.py", "if TYPE_CHECKING:\n    from harness.cli import main", "imports harness.cli"),
    (rows, "harness/run.py", "import_module('harness.cli')", "imports harness.cli"),
    (rows, "harness/faults/kill.py", "from harness import Scenario", "harness.Scenario, which stands in no row"),
    (rows, "harness/novel.py", "", "harness.novel stands in no row"),
    (judges_see_row_one, "harness/checkers/lost.py", "from harness.traces.diff import diff", "row 1 alone"),
    (judges_see_row_one, "harness/objective.py", "import harness.checkers.base", "row 1 alone"),
    (reports_start_nothing, "harness/reports/text.py", "from harness.drill import run_drill", "starts nothing"),
    (reports_start_nothing, "harness/reports/html.py", "import subprocess", "imports subprocess"),
    (walls, "harness/cli/drills.py", "from system.settings import Settings", "never imports system/"),
    (walls, "harness/cli/drills.py", "import scenarios.world.topology", "never imports scenarios/"),
    (walls, "system/ingest/app.py", "from harness.clock import Clock", "never imports harness/"),
    (walls, "system/console.py", "from tests import anything", "never imports tests/"),
    (walls, "system/ingest/app.py", "from system.replay import replay", "composition root"),
    (walls, "scenarios/db_failover.py", "import system.ingest", "never imports system/"),
    (walls, "scenarios/db_failover.py", "from scenarios.redis_oom import FULL", "scenarios.world only"),
    (walls, "scenarios/world/motion.py", "from scenarios import db_failover", "scenarios.world only"),
    (time_and_chance, "harness/drill.py", "import time", "imports time"),
    (time_and_chance, "harness/drill.py", "from time import monotonic", "imports time.monotonic"),
    (time_and_chance, "harness/drill.py", "import datetime\ndatetime.datetime.now()", "reads datetime.datetime.now"),
    (time_and_chance, "harness/drill.py", "import random\nrandom.random()", "reads random.random"),
    (time_and_chance, "harness/drill.py", "import random\nrandom.Random()", "without a seed"),
    (time_and_chance, "harness/drill.py", "import uuid\nuuid.uuid4()", "reads uuid.uuid4"),
    (time_and_chance, "harness/drill.py", "import random as chance\nchance.random()", "reads random.random"),
    (time_and_chance, "harness/run.py", "import time", "imports time"),
    (time_and_chance, "system/agents/worker.py", "from uuid import uuid4", "imports uuid.uuid4"),
    (time_and_chance, "system/agents/worker.py", "date.today()", "reads date.today"),
    (time_and_chance, "system/agents/worker.py", "import os\nos.urandom(8)", "reads os.urandom"),
    (time_and_chance, "system/agents/worker.py", "asyncio.get_running_loop().time()", "reads asyncio"),
    (sizes, "system/long.py", "x = 1\n" * 400, "has 401 lines"),
    (sizes, "system/long.py", "async def f():\n" + "    x = 1\n" * 69, "f has 70 lines"),
    (docstrings, "system/mute.py", "x = 1", "no docstring"),
    (names, "harness/traffic/utils.py", "", "named utils"),
    (names, "system/core/state.py", "", "named core"),
    (names, "system/lease_manager.py", "", "named manager"),
    (freight_words, "harness/probes/sql.py", "shipments_seen = 0", "says shipments"),
    (freight_words, "harness/probes/sql.py", "class TenderSeen: ...", "says tender"),
    (freight_words, "harness/probes/sql.py", "# as X12 has it", "says x12"),
    (mirrors, "tests/harness/test_nothing_of_the_kind.py", "", "tests no module"),
)

KEPT = (
    (rows, "harness/environments/processes.py", "from harness.services import redis\nfrom harness.proxy import app"),
    (
        rows,
        "harness/faults/kill.py",
        "from .base import Fault\nfrom ..clock import Clock\nimport harness.environments.base",
    ),
    (rows, "harness/__init__.py", "from harness.drill import run_drill"),
    (
        judges_see_row_one,
        "harness/checkers/lost.py",
        "from harness.history import History\nfrom harness.checkers.base import A",
    ),
    (
        reports_start_nothing,
        "harness/reports/text.py",
        "from harness.store import load\nfrom harness.reports.html import page",
    ),
    (
        walls,
        "scenarios/db_failover.py",
        "from harness.faults import Kill\nfrom scenarios.world.partners import TENDERS",
    ),
    (walls, "system/replay/root.py", "from system.replay.clock import SteeredClock"),
    (walls, "tests/harness/test_drill.py", "import system.ingest, harness.drill, scenarios.db_failover"),
    (time_and_chance, "harness/clock.py", "import time\ntime.monotonic()\ndatetime.now(UTC)"),
    (time_and_chance, "harness/run.py", "import uuid\nuuid.uuid4()"),
    (time_and_chance, "harness/drill.py", "import random\ndef f(r: random.Random): r.random()\nrandom.Random(seed)"),
    (
        time_and_chance,
        "system/agents/worker.py",
        "clock.now()\ntime.isdigit()\nfrom uuid import UUID\nfrom secrets import compare_digest",
    ),
    (time_and_chance, "scenarios/world/motion.py", "import time\ntime.time()"),
    (sizes, "system/short.py", "def f():\n" + "    x = 1\n" * 68),
    (docstrings, "system/__init__.py", ""),
    (names, "system/commons.py", ""),
    (freight_words, "harness/probes/sql.py", "edited = promotion = extended"),
    (freight_words, "system/x12/tender.py", "shipment = 1"),
    (mirrors, "tests/harness/test_clock.py", ""),
    (mirrors, "tests/harness/test_faults.py", ""),
)


@pytest.mark.parametrize(
    ("check", "path", "text", "finding"), BROKEN, ids=lambda value: value.__name__ if callable(value) else None
)
def test_a_check_sees_what_it_forbids(check: Check, path: str, text: str, finding: str) -> None:
    doc = "" if check is docstrings else DOC
    assert any(finding in found for found in check(parsed(doc + text, path)))


@pytest.mark.parametrize(("check", "path", "text"), KEPT, ids=lambda value: value.__name__ if callable(value) else None)
def test_a_check_lets_pass_what_it_allows(check: Check, path: str, text: str) -> None:
    assert list(check(parsed(text, path))) == []
