"""Where a project says what it brings: `[tool.harness]` of its pyproject.toml.

This is the whole plug-in point. A team with another system names its topology, its folder of scenarios, its claims, its
replay entry and its operator console here, and keeps the engine as it is.
"""

import importlib
import sys
import tomllib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

FILE_NAME = "pyproject.toml"
ON_CALL = "on call"
"""Who is told of a regression where the project names nobody."""

_WANTED = frozenset({"topology", "scenarios"})
_TEXTS = frozenset(
    {"topology", "scenarios", "claims", "traces", "replay", "comparison", "redaction", "driver"}
    | {"lock", "alert_contact", "runs"}
)
_LISTS = frozenset({"operator", "code", "may_break"})
_NAMES = _TEXTS | _LISTS
_SIZE_LIMIT_BYTES = 1_000_000


class ConfigError(ValueError):
    """The configuration cannot be used: where, what was expected, what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[tool.harness]` of one project. Paths are absolute; references are `package.module:ATTRIBUTE`.

    `code` and `lock` are what a replay's result hangs on: files and folders of the project (all of it where none is
    named), and the lock file of its packages; relative to the project, as they stand in any of its revisions.
    `may_break` is the allow-list of what faults may touch, services and links by name; None: all that it starts itself.
    """

    project: Path
    topology: str
    scenarios_directory: Path
    operator: tuple[str, ...] = ()
    claims: Path | None = None
    traces: Path | None = None
    replay: str | None = None
    comparison: str | None = None
    redaction: str | None = None
    driver: str | None = None
    code: tuple[str, ...] = ()
    lock: str | None = None
    alert_contact: str = ON_CALL
    may_break: tuple[str, ...] | None = None
    runs: Path

    @classmethod
    def load(cls, start: Path | None = None) -> Self:
        """Read the nearest pyproject.toml with a [tool.harness], from `start` (the working directory) upwards."""
        origin = (start or Path.cwd()).resolve()
        for folder in (origin, *origin.parents):
            file = folder / FILE_NAME
            if file.is_file() and (table := _table(file)) is not None:
                return cls._of(folder, str(file), table)
        raise ConfigError(
            f"no pyproject.toml with a [tool.harness] in {origin} or above; write one, or change directory"
        )

    @classmethod
    def of_revision(cls, project: Path, content: bytes, name: str) -> Self:
        """The configuration that `content`, a pyproject.toml of another revision of the project, states."""
        table = _parsed(content, f"{FILE_NAME} of {name}")
        if table is None:
            raise ConfigError(f"{FILE_NAME} of {name} has no [tool.harness]")
        return cls._of(project, f"{FILE_NAME} of {name}", table)

    @classmethod
    def _of(cls, folder: Path, file: str, table: Mapping[str, Any]) -> Self:
        if strangers := set(table) - _NAMES:
            raise ConfigError(
                f"{file}: [tool.harness] knows no {', '.join(sorted(strangers))}; it has {', '.join(sorted(_NAMES))}"
            )
        for name in sorted(_TEXTS):
            if (name in table or name in _WANTED) and not isinstance(table.get(name), str):
                raise ConfigError(f"{file}: [tool.harness] wants {name} = ... as text, saw {table.get(name)!r}")
        for name in sorted(_LISTS):
            value = table.get(name, [])
            if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
                raise ConfigError(f"{file}: [tool.harness] wants {name} = [...], a list of texts, saw {value!r}")
        for path in (*table.get("code", ()), *([table["lock"]] if "lock" in table else ())):
            if not _is_inside(path):
                raise ConfigError(f"{file}: [tool.harness] wants code and lock inside the project, saw {path!r}")
        scenarios = (folder / table["scenarios"]).resolve()
        if not scenarios.is_relative_to(folder) or scenarios == folder:
            raise ConfigError(f"{file}: [tool.harness] wants scenarios = a folder inside {folder}, saw {scenarios}")
        return cls(
            project=folder,
            topology=table["topology"],
            scenarios_directory=scenarios,
            operator=tuple(table.get("operator", ())),
            claims=folder / table["claims"] if "claims" in table else None,
            traces=folder / table["traces"] if "traces" in table else None,
            replay=table.get("replay"),
            comparison=table.get("comparison"),
            redaction=table.get("redaction"),
            driver=table.get("driver"),
            code=tuple(table.get("code", ())),
            lock=table.get("lock"),
            alert_contact=table.get("alert_contact", ON_CALL),
            may_break=tuple(table["may_break"]) if "may_break" in table else None,
            runs=folder / table.get("runs", "runs"),
        )

    def load_topology(self) -> Any:
        """The object that `topology` names."""
        return self._attribute(self.topology)

    def load_comparison(self) -> Any:
        """The object that `comparison` names: how the outputs of traces are compared; None where it is not set."""
        return None if self.comparison is None else self._attribute(self.comparison)

    def load_redaction(self) -> Any:
        """The object that `redaction` names: what in traces is secret or personal; None where it is not set."""
        return None if self.redaction is None else self._attribute(self.redaction)

    def load_driver(self) -> Any:
        """The object that `driver` names: what drives traces through a running system; None where it is not set."""
        return None if self.driver is None else self._attribute(self.driver)

    def discover_scenarios(self) -> dict[str, tuple[Any, ...]]:
        """`SCENARIOS` of each module in the scenarios folder, by the module's name; private modules are left out."""
        folder = self.scenarios_directory
        if not folder.is_dir():
            raise ConfigError(f"[tool.harness] scenarios: {folder} is not a folder")
        package = ".".join(folder.relative_to(self.project).parts)
        found: dict[str, tuple[Any, ...]] = {}
        for file in sorted(folder.glob("*.py")):
            if not file.stem.startswith("_"):
                scenarios = self._attribute(f"{package}.{file.stem}:SCENARIOS")
                if not isinstance(scenarios, tuple):
                    raise ConfigError(f"{file}: SCENARIOS must be a tuple, saw {type(scenarios).__name__}")
                found[file.stem] = scenarios
        return found

    def _attribute(self, reference: str) -> Any:
        module_name, _, attribute = reference.partition(":")
        if not module_name or not attribute or module_name.startswith("."):
            raise ConfigError(f"{reference!r} is no reference; write package.module:ATTRIBUTE")
        if str(self.project) not in sys.path:
            sys.path.insert(0, str(self.project))
        try:
            module = importlib.import_module(module_name)
        except Exception as error:
            # Whatever a project's module raises is that module's mistake: say which and where, without a traceback.
            raise ConfigError(f"cannot load {reference}: {type(error).__name__}: {error}{_place(error)}") from error
        if not hasattr(module, attribute):
            raise ConfigError(f"{module_name} ({module.__file__}) has no {attribute}")
        return getattr(module, attribute)


def _place(error: BaseException) -> str:
    """Where the innermost frame of an error stands that is not of the import machinery."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    place = next((frame for frame in reversed(frames) if frame.filename != __file__), None)
    return f" ({place.filename}, line {place.lineno})" if place else ""


def _is_inside(path: str) -> bool:
    """Whether a path of the configuration is spelled plainly and leads nowhere but into the project."""
    pure = PurePosixPath(path)
    return bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts and str(pure) == path.rstrip("/")


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        if file.stat().st_size > _SIZE_LIMIT_BYTES:
            raise ConfigError(f"{file} is larger than {_SIZE_LIMIT_BYTES} bytes and is not read")
        return _parsed(file.read_bytes(), str(file))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error


def _parsed(content: bytes, file: str) -> Mapping[str, Any] | None:
    """[tool.harness] of a pyproject.toml; None where it has none."""
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    tool = document.get("tool")
    table = tool.get("harness") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{file}: [tool.harness] has to be a table, saw {table!r}")
    return table
