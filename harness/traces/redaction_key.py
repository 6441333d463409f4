"""The key that pseudonyms are made with: never in the project, so that nobody who reads the traces can undo them.

It is the text of the environment variable `HARNESS_REDACTION_KEY`, or the content of the file that
`HARNESS_REDACTION_KEY_FILE` names, which must lie outside of the project and belong to its owner alone. Where neither
is set it is drawn afresh: then a value has the same pseudonym in all traces of one recording, and another one in the
next. `python -c "import secrets; print(secrets.token_hex(32))"` makes one to keep.
"""

import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from harness.config import Config, ConfigError
from harness.traces.pseudonyms import KEY_BYTES_MIN
from harness.traces.redact import Redactor
from harness.traces.redaction_rules import RedactionRules

KEY, KEY_FILE = "HARNESS_REDACTION_KEY", "HARNESS_REDACTION_KEY_FILE"
_FILE_BYTES_MAX = 4_096
_FRESH_BYTES = 32


def redactor_of(config: Config, environ: Mapping[str, str]) -> Redactor:
    """The redactor of a project, by its own rules and those of the engine; ConfigError where either cannot be used."""
    rules = RedactionRules() if config.redaction is None else config.load_redaction()
    if not isinstance(rules, RedactionRules):
        raise ConfigError(
            f"[tool.harness] redaction: expected {config.redaction} to be a harness.traces.RedactionRules, "
            f"saw {type(rules).__name__}"
        )
    return Redactor(rules, redaction_key(config.project, environ))


def redaction_key(project: Path, environ: Mapping[str, str]) -> bytes:
    """The key that the environment names, else a fresh one; ConfigError where it names one that is no good."""
    if text := environ.get(KEY):
        return _long_enough(text.encode("utf-8", "surrogateescape"), KEY)
    if name := environ.get(KEY_FILE):
        return _long_enough(_content(Path(name), project), f"{KEY_FILE} ({name})")
    return secrets.token_bytes(_FRESH_BYTES)


def _content(file: Path, project: Path) -> bytes:
    where = f"{KEY_FILE} ({file})"
    try:
        place = file.resolve(strict=True)
        mode = place.stat().st_mode
        content = place.read_bytes() if stat.S_ISREG(mode) and place.stat().st_size <= _FILE_BYTES_MAX else None
    except OSError as error:
        raise ConfigError(f"{where}: {error.strerror or error}") from error
    if content is None:
        raise ConfigError(f"{where}: expected a file of at most {_FILE_BYTES_MAX} bytes")
    if place.is_relative_to(project.resolve()):
        raise ConfigError(f"{where}: expected a file outside of {project}: a key in the project is committed one day")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{where}: others can read it; run chmod 600 {file}")
    return content.strip()


def _long_enough(key: bytes, where: str) -> bytes:
    if len(key) < KEY_BYTES_MIN:
        raise ConfigError(f"{where}: expected a key of at least {KEY_BYTES_MIN} bytes, seen {len(key)}")
    return key
