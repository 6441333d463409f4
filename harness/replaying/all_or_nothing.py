"""Replaces several files of a folder together: all of them, or none.

One file can be replaced at once; several cannot. So the old ones are copied first, into a journal beside them, which
is removed when the last new one is in place. Whoever is killed in between leaves the journal, and `put_back` brings the
old files back by it. Only one process at a time does either: the folder itself is locked, which ends with the process.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from harness.traces.folders import HALF_DONE

JOURNAL = HALF_DONE
_LIST = "files.json"
_NEW, _DONE = f"{JOURNAL}.new", f"{JOURNAL}.done"
"""The journal while it is written, and when it is to be removed."""


class HalfDone(RuntimeError):
    """A journal that cannot be followed; says where it is and what to do."""


def replace_all(root: Path, files: Mapping[str, bytes]) -> None:
    """Give each file, named by its place below `root`, its new content; all are there already."""
    with _locked(root):
        _put_back(root)
        journal = root / _NEW
        journal.mkdir()
        for number, (name, content) in enumerate(files.items()):
            _write(journal / f"{number}.old", (root / name).read_bytes())
            _write(journal / f"{number}.new", content)
        _write(journal / _LIST, json.dumps(list(files)).encode())
        _keep(journal)
        journal.rename(root / JOURNAL)
        _keep(root)
        for number, name in enumerate(files):
            (root / JOURNAL / f"{number}.new").replace(root / name)
            _keep((root / name).parent)
        (root / JOURNAL).rename(root / _DONE)
        _keep(root)
        shutil.rmtree(root / _DONE)


def put_back(root: Path) -> list[str]:
    """Undo what a killed `replace_all` left half done; the files whose old content is back."""
    if not any((root / name).exists() for name in (JOURNAL, _NEW, _DONE)):
        return []
    with _locked(root):
        return _put_back(root)


def _put_back(root: Path) -> list[str]:
    for unfinished in (_NEW, _DONE):
        shutil.rmtree(root / unfinished, ignore_errors=True)
    journal = root / JOURNAL
    if not journal.exists():
        return []
    try:
        names = [str(name) for name in json.loads((journal / _LIST).read_bytes())]
        if not all(map(_is_below, names)):
            raise ValueError(f"{_LIST} leads out of {root}")
        for number, name in enumerate(names):
            again = journal / f"{number}.again"
            _write(again, (journal / f"{number}.old").read_bytes())
            again.replace(root / name)
            _keep((root / name).parent)
    except (OSError, ValueError) as error:
        raise HalfDone(
            f"{journal} was left by a refresh that was ended in its middle, and cannot be followed ({error}); "
            f"bring {root} back as it was committed, and remove it"
        ) from error
    journal.rename(root / _DONE)
    _keep(root)
    shutil.rmtree(root / _DONE)
    return names


def _is_below(name: str) -> bool:
    """A journal is a file like any other, and leads nowhere else."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep(folder: Path) -> None:
    """Make what was renamed in a folder outlive the machine, not only the process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
