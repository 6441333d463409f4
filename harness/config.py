"""Where a project says what it brings: `[tool.harness]` of its pyproject.toml.

This is the whole plug-in point. A team with another system names its topology, its folder of scenarios, its claims, its
replay entry and its operator console here, and keeps the engine as it is.
"""

import importlib
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_NAMES = frozenset({"topology", "scenarios", "claims", "traces", "replay", "operator", "runs"})
_SIZE_LIMIT_BYTES = 1_000_000


class ConfigError(ValueError):
    """The configuration cannot be used: where, what was expected, what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[tool.harness]` of one project. Paths are absolute; references are `package.module:ATTRIBUTE`."""

    project: Path
    topology: str
    scenarios_directory: Path
    operator: tuple[str, ...] = ()
    claims: Path | None = None
    traces: Path | None = None
    replay: str | None = None
    runs: Path

    @classmethod
    def load(cls, start: Path | None = None) -> Self:
        """Read the nearest pyproject.toml with a [tool.harness], from `start` (the working directory) upwards."""
        origin = (start or Path.cwd()).resolve()
        for folder in (origin, *origin.parents):
            file = folder / "pyproject.toml"
            if file.is_file() and (table := _table(file)) is not None:
                return cls._of(folder, file, table)
        raise ConfigError(
            f"no pyproject.toml with a [tool.harness] in {origin} or above; write one, or change directory"
        )

    @classmethod
    def _of(cls, folder: Path, file: Path, table: Mapping[str, Any]) -> Self:
        if strangers := set(table) - _NAMES:
            raise ConfigError(
                f"{file}: [tool.harness] knows no {', '.join(sorted(strangers))}; it has {sorted(_NAMES)}"
            )
        for name, kind in (("topology", str), ("scenarios", str)):
            if not isinstance(table.get(name), kind):
                raise ConfigError(f"{file}: [tool.harness] wants {name} = ... as text, saw {table.get(name)!r}")
        operator = table.get("operator", [])
        if not isinstance(operator, list) or not all(isinstance(word, str) for word in operator):
            raise ConfigError(f'{file}: [tool.harness] wants operator = ["python", "-m", ...], saw {operator!r}')
        return cls(
            project=folder,
            topology=table["topology"],
            scenarios_directory=folder / table["scenarios"],
            operator=tuple(operator),
            claims=folder / table["claims"] if "claims" in table else None,
            traces=folder / table["traces"] if "traces" in table else None,
            replay=table.get("replay"),
            runs=folder / table.get("runs", "runs"),
        )

    def load_topology(self) -> Any:
        """The object that `topology` names."""
        return self._attribute(self.topology)

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
        module_name, colon, attribute = reference.partition(":")
        if not colon:
            raise ConfigError(f"{reference!r} is no reference; write package.module:ATTRIBUTE")
        if str(self.project) not in sys.path:
            sys.path.insert(0, str(self.project))
        try:
            return getattr(importlib.import_module(module_name), attribute)
        except ModuleNotFoundError as error:
            raise ConfigError(f"cannot load {reference}: {error}") from error
        except AttributeError as error:
            raise ConfigError(f"{module_name} has no {attribute}: {error}") from error


def _table(file: Path) -> Mapping[str, Any] | None:
    if file.stat().st_size > _SIZE_LIMIT_BYTES:
        raise ConfigError(f"{file} is larger than {_SIZE_LIMIT_BYTES} bytes")
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    table = document.get("tool", {}).get("harness")
    return table if isinstance(table, dict) else None
