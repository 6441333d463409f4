"""The interpreter that has what a lock file names: this one, or one of our own beside it.

A revision is replayed with the packages that it was locked to. Where this interpreter has exactly those, it is the one;
else an environment is made for the lock file, once, with pip, by hash, from wheels alone. It is kept below the user's
cache under a digest of the lock and of this Python. What cannot be had (there may be no network) is an error with pip's
own words, never a replay with other packages.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.cache import cache_folder
from harness.environments.run_directory import private_directory
from harness.replaying.repository import RevisionError

READY = ".ready"
"""Written last: an environment without it was interrupted, and is made anew."""

KEPT = 4
"""Environments that stay in the cache."""

_MADE_WITHIN_S = 900.0
_QUIET = ("--disable-pip-version-check", "--no-input", "--retries", "2", "--quiet")
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?==(?P<version>[^\s;]+)\s*(;(?P<marker>.*))?")
_HASHES = re.compile(r"\s--hash=\S+")


def lock_digest(lock: bytes) -> str:
    """Tells lock files apart, and the Pythons that they are installed for."""
    return hashlib.sha256(lock + f"\0{sys.version}\0{sys.base_prefix}".encode()).hexdigest()[:24]


def installed() -> dict[str, str]:
    """The packages that this interpreter can import, by their canonical names."""
    found: dict[str, str] = {}
    for place in reversed(sys.path):
        try:
            entries = os.listdir(place or ".")  # noqa: PTH208 -- names alone
        except OSError:
            continue
        for entry in entries:
            if entry.endswith(".dist-info"):
                name, _, version = entry.removesuffix(".dist-info").rpartition("-")
                found[canonicalize_name(name)] = version
    return found


def has_all(lock: bytes) -> bool:
    """Whether this interpreter has every package of the lock that is meant for it, in the very version."""
    try:
        wanted = dict(_pinned(lock.decode("utf-8")))
    except (UnicodeDecodeError, ValueError):
        return False
    here = installed()
    return all(name in here and _same(here[name], version) for name, version in wanted.items())


def _lines(lock: str) -> Iterator[str]:
    """The requirements of a lock file, without comments, hashes and options."""
    for line in lock.replace("\\\n", " ").splitlines():
        text = _HASHES.sub("", line.partition(" #")[0]).strip()
        if text and not text.startswith(("#", "-")):
            yield text


def _pinned(lock: str) -> Iterator[tuple[str, str]]:
    """The pins of a lock file whose markers hold here; ValueError for a line that pins nothing."""
    for text in _lines(lock):
        pin = _PINNED.fullmatch(text)
        if pin is None:
            raise ValueError(f"{text[:80]!r} pins no version")
        try:
            if pin["marker"] is None or Marker(pin["marker"]).evaluate():
                yield canonicalize_name(pin["name"]), pin["version"]
        except InvalidMarker as error:
            raise ValueError(str(error)) from error


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


@dataclass(slots=True, kw_only=True)
class Interpreters:
    """Gives interpreters, and keeps those that it gave from being removed until `close`."""

    progress: Callable[[str], None]
    folder: Path = field(default_factory=lambda: cache_folder("interpreters"))
    _held: list[int] = field(default_factory=list)

    def for_lock(self, lock: bytes | None) -> Path:
        """The interpreter for a lock file; this one where there is none. RevisionError when it cannot be had."""
        if lock is None or has_all(lock):
            return Path(sys.executable)
        private_directory(self.folder)
        place = self.folder / lock_digest(lock)
        # Shared by those who use it, alone for who makes or removes it.
        held = os.open(place.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._held.append(held)
        fcntl.flock(held, fcntl.LOCK_SH)
        while not (place / READY).is_file():
            fcntl.flock(held, fcntl.LOCK_EX)
            if not (place / READY).is_file():
                self._make(place, lock, held)
            fcntl.flock(held, fcntl.LOCK_SH)
        os.utime(place)
        return place / "bin" / "python"

    def close(self) -> None:
        """Let go of what was given."""
        while self._held:
            os.close(self._held.pop())

    def _make(self, place: Path, lock: bytes, held: int) -> None:
        self._remove_old()
        packages = len(list(_lines(lock.decode("utf-8", "replace"))))
        self.progress(f"installing the {packages} packages of another lock file; they are kept")
        shutil.rmtree(place, ignore_errors=True)
        try:
            _run([sys.executable, "-I", "-m", "venv", str(place)], held)
            wanted = place / "requirements.lock"
            wanted.write_bytes(lock)
            # No source distributions: building one would run code that no lock names.
            install = ["install", "--require-hashes", "--only-binary", ":all:", "-r", str(wanted)]
            _run([str(place / "bin" / "python"), "-I", "-m", "pip", *_QUIET, *install], held)
            (place / READY).touch()
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def _remove_old(self) -> None:
        """Keep room for one more; what somebody uses stays."""
        places = sorted(self.folder.glob("*/"), key=lambda place: place.stat().st_mtime, reverse=True)
        for place in places[KEPT - 1 :]:
            lock = os.open(place.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place, ignore_errors=True)
            except BlockingIOError:
                continue
            finally:
                os.close(lock)


def _run(words: list[str], held: int) -> None:
    """Run to the end; it holds the lock too, in case this process is killed and it goes on."""
    try:
        done = subprocess.run(  # noqa: S603 -- this Python, or one made by it
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_MADE_WITHIN_S,
            pass_fds=(held,),
        )
    except subprocess.TimeoutExpired:
        raise RevisionError(f"its locked packages were not installed within {_MADE_WITHIN_S:g} s") from None
    if done.returncode:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        wrong = [line for line in said if line.startswith("ERROR: ")] or said[-3:]
        raise RevisionError(f"its locked packages cannot be installed here: {' / '.join(wrong)[:600]}")
