"""What replays of committed code gave, kept so that the same replay need not be run again.

A result is found by all that decides it: the code, the packages, the Python, the runner and the trace. Only clean
results are kept: what failed is tried again. An entry is one file, written whole or not at all, under a digest as its
name; one that does not read back as it was written is as good as none, and is written anew. The folder is bounded, and
everything in it can be thrown away.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from harness.cache import cache_folder
from harness.environments.base import EnvironmentFault
from harness.environments.run_directory import private_directory
from harness.replaying.comparison import ReplayResult

BYTES_MAX = 268_435_456
ENTRIES_MAX = 131_072
"""Past either, the entries that were used longest ago go."""

_SHARDS = 256
_LOOK_EVERY = 32
_DIGEST_LENGTH = 64


@dataclass(slots=True, kw_only=True)
class Results:
    """Clean results by their keys, which are digests: a file each below `folder`, spread by the first two digits."""

    folder: Path = field(default_factory=lambda: cache_folder("replays"))
    bytes_max: int = BYTES_MAX
    entries_max: int = ENTRIES_MAX
    _written: Counter[str] = field(default_factory=Counter)

    def get(self, key: str, trace: str) -> ReplayResult | None:
        """What is kept under `key`, as the result of `trace`; None where there is nothing that can be read."""
        path = self._path(key)
        try:
            kept = path.read_bytes()
            head, body = kept[: _DIGEST_LENGTH + 1], kept[_DIGEST_LENGTH + 1 :]
            if head != _head(body):
                return None
            os.utime(path)
            return ReplayResult(trace=trace, output=json.loads(body))
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, key: str, result: ReplayResult) -> None:
        """Keep a clean result; any other is let go, as is one that there is no room for."""
        if not result.clean:
            return
        body = json.dumps(result.output, separators=(",", ":")).encode()
        if len(body) > self.bytes_max // _SHARDS:
            return
        path = self._path(key)
        with contextlib.suppress(OSError, EnvironmentFault):  # a cache that cannot be written fails no replay
            private_directory(self.folder)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            if self._written[path.parent.name] % _LOOK_EVERY == 0:
                self._make_room(path.parent)
            self._written[path.parent.name] += 1
            descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_head(body) + body)
                Path(beside).replace(path)
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:]

    def _make_room(self, shard: Path) -> None:
        """Down to half of what a shard may hold once it holds more, the oldest first: also what was never finished."""
        entries_max, bytes_max = self.entries_max // _SHARDS, self.bytes_max // _SHARDS
        found = [(entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(shard)]
        if len(found) <= entries_max and sum(size for _, size, _ in found) <= bytes_max:
            return
        kept_bytes = 0
        for number, (_, size, path) in enumerate(sorted(found, reverse=True)):
            kept_bytes += size
            if number >= entries_max // 2 or kept_bytes > bytes_max // 2:
                Path(path).unlink(missing_ok=True)


def _head(body: bytes) -> bytes:
    """The first line of an entry."""
    return f"{hashlib.sha256(body).hexdigest()}\n".encode()
