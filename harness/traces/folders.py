"""Traces as folders that people read: `trace.yaml` and `cassette.yaml`, below one root.

A trace is called after its folder's path below the root, so nothing that a file says leads anywhere else. Files are
replaced whole or not at all: whoever is killed while writing leaves the old ones.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.traces import strict_yaml
from harness.traces.cassette import Cassette
from harness.traces.fields import Field
from harness.traces.formats import FORMAT, ID_PATTERN, approvals_from, trace_document, trace_from
from harness.traces.recordings import cassette_from, cassette_text
from harness.traces.strict_yaml import Unreadable, YamlText
from harness.traces.trace import Approval, Trace

TRACE_FILE, CASSETTE_FILE = "trace.yaml", "cassette.yaml"
HALF_DONE = ".refresh"
"""Stands in the root while several traces are being replaced: some may be the new ones and some the old."""
TRACE_BYTES_MAX = 2_097_152
CASSETTE_BYTES_MAX = 16_777_216


def load_trace(folder: Path, *, root: Path | None = None, without_cassette: bool = False) -> Trace:
    """The trace in `folder`, whose id is its path below `root` (default: the folder above); Unreadable.

    `without_cassette` is for recording: a missing cassette is an empty one.
    """
    path = folder / TRACE_FILE
    text = strict_yaml.read_text(path, bytes_max=TRACE_BYTES_MAX)
    cassette_path = folder / CASSETTE_FILE
    missing = without_cassette and not os.path.lexists(cassette_path)
    cassette = Cassette() if missing else load_cassette(cassette_path)
    found = _parsed(text, path, folder.relative_to(root or folder.parent).as_posix(), cassette)
    return found.in_folder(folder)


def load_cassette(path: Path) -> Cassette:
    """The cassette in the file at `path`; Unreadable when it is missing or not a cassette."""
    text = strict_yaml.read_text(path, bytes_max=CASSETTE_BYTES_MAX)
    return cassette_from(strict_yaml.loads(text, where=str(path)), source=YamlText(str(path), text))


def folders_below(root: Path) -> list[tuple[str, Path]]:
    """The id and the folder of each trace below `root`, by id; Unreadable when there is none, or one lies outside."""
    if (root / HALF_DONE).exists():
        raise Unreadable(f"{root}: a refresh was ended in its middle; `harness trace list` puts the old files back")
    found = sorted((path.parent.relative_to(root).as_posix(), path.parent) for path in root.rglob(TRACE_FILE))
    if not found:
        raise Unreadable(f"{root}: expected folders with a {TRACE_FILE}, seen none")
    real_root = root.resolve()
    for trace_id, folder in found:
        if folder.resolve() != real_root / trace_id:
            raise Unreadable(f"{folder}: expected a folder below {root}, seen a link")
    return found


def iter_folders(root: Path) -> Iterator[Trace]:
    """Every trace below `root`, by id, one at a time."""
    for _, folder in folders_below(root):
        yield load_trace(folder, root=root)


def iter_headings(root: Path) -> Iterator[Trace]:
    """What every trace below `root` says above its baseline, by id: without baseline and answers, which take longest.

    Where a baseline does not stand in a line of its own the whole file is read, and the baseline is still left out.
    """
    for trace_id, folder in folders_below(root):
        path = folder / TRACE_FILE
        above, _, _ = strict_yaml.read_text(path, bytes_max=TRACE_BYTES_MAX).partition("\nbaseline:")
        yield _parsed(f"{above}\n", path, trace_id, Cassette()).with_baseline(None).in_folder(folder)


def save_trace(trace: Trace, root: Path) -> Trace:
    """Writes both files of a trace below `root`, in this format; the trace with its folder.

    What people wrote beside the fields of a file that was there is lost; `save_baseline` and `migrate` keep it.
    """
    if not ID_PATTERN.fullmatch(trace.id):
        raise ValueError(f"{trace.id!r} is no id of a trace, so no folder is called after it")
    folder = root / trace.id
    folder.mkdir(parents=True, exist_ok=True)
    if not folder.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{folder} lies outside {root}, behind a link")
    written = trace.in_folder(folder)
    text = strict_yaml.dumps(trace_document(written))
    _parsed(text, folder / TRACE_FILE, trace.id, trace.cassette)
    save_cassette(written)  # first: what has a trace.yaml is a trace, and a trace has a cassette
    _replace(folder / TRACE_FILE, text)
    return written


def save_cassette(trace: Trace) -> None:
    """Writes the trace's cassette."""
    _replace(_folder(trace) / CASSETTE_FILE, cassette_text(trace.cassette))


def save_baseline(trace: Trace, output: Any, *, approval: Approval | None = None) -> None:
    """Writes `output` as the trace's baseline, and who approved it; what stands above in the file stays as it is."""
    path = _folder(trace) / TRACE_FILE
    text = strict_yaml.read_text(path, bytes_max=TRACE_BYTES_MAX)
    _parsed(text, path, None, trace.cassette)
    if approval is not None:
        text = migrated(text, path)
    _replace(path, _with_baseline(text, path, output, approval))


def migrate(folder: Path) -> bool:
    """Rewrites `trace.yaml` of an older format in this one, comments included; whether that was needed."""
    path = folder / TRACE_FILE
    text = strict_yaml.read_text(path, bytes_max=TRACE_BYTES_MAX)
    renewed = migrated(text, path)
    if renewed != text:
        _replace(path, renewed)
    return renewed != text


def migrated(text: str, path: Path) -> str:
    """The text of a `trace.yaml` in this format, whatever older one it was in; what people wrote stays."""
    document = strict_yaml.loads(text, where=str(path))
    if not isinstance(document, dict) or "format" in document:
        return text
    key, value = _top(text, path)["contract"]
    renewed = f"{text[: _start(key)]}format: {FORMAT}\nmade: {{how: written}}{text[_end(value) :]}"
    _same_but_for(renewed, text, path, {"contract", "format", "made"})
    return renewed


def _with_baseline(text: str, path: Path, output: Any, approval: Approval | None) -> str:
    top = _top(text, path)
    below: dict[str, Any] = {"baseline": output}
    if approval is not None:
        fields = Field(strict_yaml.loads(text, where=str(path)), YamlText(str(path), text)).mapping()
        known = approvals_from(fields["approvals"]) if "approvals" in fields else ()
        below = {"approvals": [one.to_document() for one in (*known, approval)], **below}
    cut = min((_start(key) for name, (key, _) in top.items() if name in below), default=len(text))
    above = text[:cut]
    renewed = f"{above}{'' if above.endswith(chr(10)) else chr(10)}{strict_yaml.dumps(below)}"
    _same_but_for(renewed, text, path, set(below))
    return renewed


def _same_but_for(renewed: str, text: str, path: Path, names: set[str]) -> None:
    """Nothing may change but what is meant to, however strangely the file is laid out."""
    before, after = (strict_yaml.loads(one, where=str(path)) for one in (text, renewed))
    rest = [{name: value for name, value in one.items() if name not in names} for one in (before, after)]
    if rest[0] != rest[1]:
        raise Unreadable(f"{path}: cannot be rewritten without changing more; lay its top level out a line a field")
    _parsed(renewed, path, None, Cassette())


def _parsed(text: str, path: Path, expected_id: str | None, cassette: Cassette) -> Trace:
    if len(text.encode("utf-8")) > TRACE_BYTES_MAX:
        raise Unreadable(f"{path}: expected at most {TRACE_BYTES_MAX} bytes, seen {len(text.encode('utf-8'))}")
    document = strict_yaml.loads(text, where=str(path))
    return trace_from(document, source=YamlText(str(path), text), expected_id=expected_id, cassette=cassette)


def _top(text: str, path: Path) -> dict[str, tuple[Any, Any]]:
    """The nodes of the fields of a file's top level, by name."""
    node = strict_yaml.compose(text, where=str(path))
    return {key.value: (key, value) for key, value in node.value}


def _start(node: Any) -> int:
    return int(node.start_mark.index)


def _end(node: Any) -> int:
    return int(node.end_mark.index)


def _folder(trace: Trace) -> Path:
    if trace.folder is None:
        raise ValueError(f"{trace.id} stands in no folder; unpack it first")
    return trace.folder


def _replace(path: Path, text: str) -> None:
    """Writes the file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        with beside.open("x", encoding="utf-8", newline="") as file:  # never through a link that lies there
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
