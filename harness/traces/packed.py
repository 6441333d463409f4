"""Thousands of traces in one compressed file, written and read as a stream.

It is gzip over lines of JSON, one trace a line:

    {"packed": 1}
    SHA256 {"id": ..., "trace": {...}, "cassette": {...}, "texts": {...}}
    ...
    SHA256 {"count": N, "sha256": over all bytes before this line}

`trace` and `cassette` are what the two files of the folder hold, in the format of today, and `texts` are the files
themselves where they hold more than that: comments, a layout of somebody's own, an older format. So a folder that is
packed and unpacked is the same, byte for byte, and nobody who replays needs to read YAML. Each line begins with the
digest of the rest of it. Ids rise from line to line.

Packed files are untrusted like folders: nothing in them names a place, and lines and expansion are limited.
"""

import gzip
import hashlib
import json
import shutil
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from harness.traces import strict_yaml
from harness.traces.fields import Field, Record
from harness.traces.folders import (
    CASSETTE_BYTES_MAX,
    CASSETTE_FILE,
    TRACE_BYTES_MAX,
    TRACE_FILE,
    folders_below,
    load_trace,
)
from harness.traces.formats import trace_document, trace_from
from harness.traces.recordings import cassette_document, cassette_from, cassette_text
from harness.traces.strict_yaml import Unreadable
from harness.traces.trace import Trace

PACKED = 1
LINE_BYTES_MAX = 25_165_824
EXPANDED_BYTES_MAX = 8_589_934_592
_DIGEST_LENGTH = 64
_HEAD_LENGTH = _DIGEST_LENGTH + 1

Texts = dict[str, str]
"""The two files of a folder, by name."""


def pack(source: Path | Iterable[Trace], target: Path) -> int:
    """Writes the traces below a folder, or traces whose ids rise, into the file `target`; how many there were.

    Unreadable when a trace cannot be read, ValueError when ids do not rise; then `target` is what it was.
    """
    beside = target.with_name(f".{target.name}.new")
    records = _of_folders(source) if isinstance(source, Path) else ((trace, {}) for trace in source)
    try:
        beside.unlink(missing_ok=True)
        with beside.open("xb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as stream:
            count = _write(records, stream)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return count


def unpack(source: Path, folder: Path) -> int:
    """Writes the traces of a packed file below `folder`, which must be new or empty; how many there were.

    All or nothing: Unreadable when the file is damaged, cut off or says what it must not; then there is no folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} is there and not empty; unpack into a new folder")
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    count = 0
    try:
        beside.mkdir(parents=True)
        for trace, texts in _read(source):
            count += 1
            inside = beside / trace.id
            inside.mkdir(parents=True)
            for name, text in (_files(trace) | texts).items():
                (inside / name).write_text(text, encoding="utf-8", newline="")
            if texts:
                _same_as_its_texts(trace, beside, source)
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return count


def iter_packed(source: Path) -> Iterator[Trace]:
    """The traces of a packed file, one in memory at a time; Unreadable at the first that is damaged."""
    return (trace for trace, _ in _read(source))


def _of_folders(root: Path) -> Iterator[tuple[Trace, Texts]]:
    for _, folder in folders_below(root):
        trace = load_trace(folder, root=root)
        texts = {
            TRACE_FILE: strict_yaml.read_text(folder / TRACE_FILE, bytes_max=TRACE_BYTES_MAX),
            CASSETTE_FILE: strict_yaml.read_text(folder / CASSETTE_FILE, bytes_max=CASSETTE_BYTES_MAX),
        }
        made = _files(trace)
        yield trace, {name: text for name, text in texts.items() if text != made[name]}


def _files(trace: Trace) -> Texts:
    """The two files as they would be written today."""
    return {
        TRACE_FILE: strict_yaml.dumps(trace_document(trace)),
        CASSETTE_FILE: cassette_text(trace.cassette),
    }


def _write(records: Iterable[tuple[Trace, Texts]], stream: gzip.GzipFile) -> int:
    whole = hashlib.sha256()

    def write(line: bytes) -> None:
        whole.update(line)
        stream.write(line)

    write(_spelled({"packed": PACKED}) + b"\n")
    count, last = 0, ""
    for trace, texts in records:
        if trace.id <= last:
            raise ValueError(f"expected ids that rise, seen {trace.id!r} after {last!r}")
        document = {
            "id": trace.id,
            "trace": trace_document(trace),
            "cassette": cassette_document(trace.cassette, spread=False),
        }
        write(_line(document | ({"texts": texts} if texts else {})))
        count, last = count + 1, trace.id
    stream.write(_line({"count": count, "sha256": whole.hexdigest()}))
    return count


def _line(document: dict[str, Any]) -> bytes:
    body = _spelled(document)
    if len(body) > LINE_BYTES_MAX - _HEAD_LENGTH - 1:
        raise ValueError(
            f"{document.get('id')}: {len(body)} bytes are too many for one trace; {LINE_BYTES_MAX} at most"
        )
    return hashlib.sha256(body).hexdigest().encode() + b" " + body + b"\n"


def _spelled(document: dict[str, Any]) -> bytes:
    """A document in one line, its fields in their order: that of the files."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


@dataclass(slots=True, kw_only=True)
class _Reader:
    """A packed file that is being read, and how far that came."""

    source: Path
    stream: gzip.GzipFile
    whole: Any = field(default_factory=hashlib.sha256)
    expanded: int = 0
    count: int = 0
    last: str = ""

    def refuse(self, said: str) -> NoReturn:
        after = f"after trace {self.count} ({self.last})" if self.count else "before the first trace"
        raise Unreadable(f"{self.source}: {after}: {said}")

    def line(self) -> bytes:
        """The next line; empty at the end of the file."""
        try:
            line = self.stream.readline(LINE_BYTES_MAX + 1)
        except EOFError:
            self.refuse("the file is cut off here")
        except (OSError, zlib.error) as error:
            self.refuse(f"the file is damaged here, or no packed file: {error}")
        self.expanded += len(line)
        if len(line) > LINE_BYTES_MAX:
            self.refuse(f"expected lines of at most {LINE_BYTES_MAX} bytes, seen more")
        if self.expanded > EXPANDED_BYTES_MAX:
            self.refuse(f"expected at most {EXPANDED_BYTES_MAX} bytes in all, seen more")
        if line and not line.endswith(b"\n"):
            self.refuse("the file is cut off here")
        return line

    def document(self, line: bytes, *, digest: bool = True) -> dict[str, Any]:
        """What a line holds, if it is what was written."""
        body = line[_HEAD_LENGTH:-1] if digest else line[:-1]
        if digest and line[:_HEAD_LENGTH] != hashlib.sha256(body).hexdigest().encode() + b" ":
            self.refuse("the next line is damaged: its digest is not that of what it says")
        try:
            document = json.loads(body, parse_constant=_refuse_constant)
            spelled = _spelled(document) if b"\\u" in body else body  # half a letter has such a spelling
        except (ValueError, RecursionError) as error:
            self.refuse(f"the next line is no JSON: {error}")
        if spelled != body:
            self.refuse("the next line is not spelled as this is written")
        if not isinstance(document, dict):
            self.refuse(f"expected an object a line, seen {str(document)[:100]}")
        return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"expected finite numbers, seen {name}")


def _read(source: Path) -> Iterator[tuple[Trace, Texts]]:
    try:
        file = gzip.GzipFile(source, "rb")
    except OSError as error:
        raise Unreadable(f"{source}: {error.strerror or error}") from error
    with file:
        reader = _Reader(source=source, stream=file)
        first = reader.line()
        reader.whole.update(first)
        if not first:
            reader.refuse("the file is empty, or cut off here")
        if reader.document(first, digest=False) != {"packed": PACKED}:
            reader.refuse(f"expected a packed file of version {PACKED}, seen {first[:60]!r}")
        while True:
            line = reader.line()
            if not line:
                reader.refuse("the file is cut off here: its last line is missing")
            document = reader.document(line)
            if "count" in document:
                break
            yield _trace(reader, document)
            reader.whole.update(line)
        if document != {"count": reader.count, "sha256": reader.whole.hexdigest()}:
            reader.refuse(f"the last line says {document}, seen {reader.count} traces and {reader.whole.hexdigest()}")
        if reader.line():
            reader.refuse("something follows the last line")


def _trace(reader: _Reader, document: dict[str, Any]) -> tuple[Trace, Texts]:
    place = Record(name=f"{reader.source}, trace {reader.count + 1}")
    fields = Field(document, place).fields(("id", "trace", "cassette"), ("texts",))
    cassette = cassette_from(fields["cassette"].value, source=Record(name=f"{place.name}, cassette"))
    trace = trace_from(fields["trace"].value, source=place, expected_id=fields["id"].text(), cassette=cassette)
    if trace.id <= reader.last:
        reader.refuse(f"expected ids that rise, seen {trace.id!r}")
    texts: Texts = {}
    if "texts" in fields:
        found = fields["texts"].fields((), (TRACE_FILE, CASSETTE_FILE))
        texts = {name: text.text(empty=True) for name, text in found.items()}
    reader.count, reader.last = reader.count + 1, trace.id
    return trace, texts


def _same_as_its_texts(trace: Trace, root: Path, source: Path) -> None:
    """What people read must be what is replayed."""
    read = load_trace(root / trace.id, root=root)
    if read.in_folder(None) != trace:
        raise Unreadable(f"{source}: {trace.id}: its files do not say what it is replayed as")
