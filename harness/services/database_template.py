"""A data directory that is made once and copied for each server: system tables, accounts, the system's schema.

Kept below `${XDG_CACHE_HOME:-~/.cache}/drill-harness/templates/`, under a digest of all that shaped it: the server's
program, the configuration, the accounts, the command that prepares the schema and the files it reads. Built under a
lock and moved into place at once, so that two builders never see half of one.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.cache import cache_folder
from harness.clock import Deadline, sleep_s
from harness.services.base import Launcher, Placement, Program, ServiceFault, end_of_log, own_environ
from harness.services.database_brand import Brand
from harness.services.database_config import Files, render
from harness.services.database_sql import ROOT, rows, session

FORMAT = 2
HOLE = 4096
BUILDING = "template"
BUILT_WITHIN_S = 120.0
TEMPLATES_KEPT = 6


def cache_root() -> Path:
    """Where templates are kept."""
    return cache_folder("templates")


def input_files(project: Path, globs: Iterable[str]) -> list[Path]:
    """The files that the schema is made from; raises ServiceFault for a pattern that matches none."""
    found: list[Path] = []
    for pattern in globs:
        matching = sorted(path for path in project.glob(pattern) if path.is_file())
        if not matching:
            raise ServiceFault(f"prepare_inputs {pattern!r} matches no file below {project}")
        found += matching
    return found


def digest(brand: Brand, placement: Placement) -> str:
    """The name of the template that this placement needs."""
    project, options = placement.project, placement.options
    shape = {
        "format": FORMAT,
        "server": [brand.name, *_server_identity(brand, placement)],
        "config": [dict(brand.data_shape), os.getuid() == 0],
        "accounts": brand.statements(options.get("databases", {})),
        "prepare": list(options.get("prepare", ())),
    }
    content = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
    for path in input_files(project, options.get("prepare_inputs", ())):
        content.update(f"\0{path.relative_to(project)}\0".encode())
        content.update(path.read_bytes())
    return content.hexdigest()[:24]


def _server_identity(brand: Brand, placement: Placement) -> list[Any]:
    """What tells one server program from another."""
    if placement.image is not None:
        return [placement.image]
    program = brand.find_server()
    if program is None:
        raise ServiceFault(f"there is no {brand.server}: {brand.install}")
    installed = Path(program).resolve().stat()
    return [program, installed.st_size, installed.st_mtime_ns]


async def template(brand: Brand, placement: Placement, launcher: Launcher, environ: Mapping[str, str]) -> Path:
    """The data directory to copy, built when it is not there. `environ` is what the preparing command gets."""
    name = await asyncio.to_thread(digest, brand, placement)
    ready = cache_root() / name
    if not ready.is_dir():
        cache_root().mkdir(parents=True, exist_ok=True)
        async with _lock(cache_root() / f"{name}.lock"):
            if not ready.is_dir():
                await _build(brand, placement, launcher, environ, ready)
    with contextlib.suppress(OSError):
        os.utime(ready)
    return ready


def copy_data(template_directory: Path, target: Path) -> None:
    """Copy a template: real copies, since servers write in place."""
    target.mkdir(mode=0o700)
    for entry in os.scandir(template_directory):
        if entry.is_dir(follow_symlinks=False):
            copy_data(Path(entry.path), target / entry.name)
        else:
            _copy_file(entry.path, str(target / entry.name))


def _copy_file(source: str, target: str) -> None:
    """Copy what is not a hole; the copy has the same holes."""
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(writing, os.fstat(reading).st_size)
            for start, end in _data_ranges(reading):
                os.lseek(writing, start, os.SEEK_SET)
                sent = start
                while sent < end:
                    sent += os.sendfile(writing, reading, sent, end - sent)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _data_ranges(descriptor: int) -> Iterator[tuple[int, int]]:
    """Where a file has data, as (start, end)."""
    end = 0
    while True:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError:  # nothing but a hole is left
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end


def _dig_holes(directory: Path) -> None:
    """Write every file again without its blocks of zeros: of a fresh database that is two thirds."""
    nothing = bytes(HOLE)
    for path in [path for path in directory.rglob("*") if path.is_file() and path.stat().st_size > HOLE]:
        content = path.read_bytes()
        with path.open("wb") as file:
            for start in range(0, len(content), HOLE):
                block = content[start : start + HOLE]
                if block != nothing:
                    file.seek(start)
                    file.write(block)
            file.truncate(len(content))


async def _build(
    brand: Brand, placement: Placement, launcher: Launcher, environ: Mapping[str, str], ready: Path
) -> None:
    files = Files(directory=placement.directory / BUILDING)
    files.directory.mkdir(mode=0o700)
    files.scratch.mkdir()
    places = files.lines(host=placement.listens_on, port=placement.port, contained=placement.image is not None)
    files.config.write_text(render(brand.data_shape, brand.small_and_quick, places), encoding="utf-8")
    log = placement.log.with_name(f"{placement.name}-template.log")
    making = brand.making_data(files, placement.image is not None)
    if making is None:
        raise ServiceFault(f"there is nothing that makes a data directory: {brand.install}")
    await _must_run(launcher, "install", Program(argv=making, environ=own_environ({})), log)
    server = f"{placement.name}-template"
    started = brand.server if placement.image else str(brand.find_server())
    argv = [started, f"--defaults-file={files.config}", "--skip-log-bin"]
    await launcher.start(server, Program(argv=argv, environ=own_environ({})), log=log)
    await _started(launcher, server, files.socket, log)
    await asyncio.to_thread(_set_up, files.socket, brand, placement.options.get("databases", {}))
    prepare = [sys.executable if word == "python" else str(word) for word in placement.options.get("prepare", ())]
    if prepare:
        program = Program(argv=prepare, environ=own_environ(environ))
        await _must_run(launcher, " ".join(prepare[1:]), program, log)
    await asyncio.to_thread(_shut_down, files.socket)
    if await launcher.ended(server, limit_s=30.0) != 0:
        raise ServiceFault(f"the server that made the template did not end well; see {log}")
    for own in brand.own_files:
        (files.data / own).unlink(missing_ok=True)
    await asyncio.to_thread(_install, files.data, ready)
    await asyncio.to_thread(shutil.rmtree, files.directory)


async def _must_run(launcher: Launcher, what: str, program: Program, log: Path) -> None:
    code = await launcher.run(f"template {what}", program, log=log, limit_s=BUILT_WITHIN_S)
    if code != 0:
        raise ServiceFault(
            f"making the database template failed: {what} ended with {code}. Its log ends:\n{end_of_log(log)}"
        )


async def _started(launcher: Launcher, server: str, socket: Path, log: Path) -> None:
    """Wait until the server for the template takes clients; over its network there are none it would take yet."""
    deadline = Deadline(BUILT_WITHIN_S)
    while problem := await asyncio.to_thread(_refusal, socket):
        if deadline.passed or launcher.has_ended(server):
            raise ServiceFault(
                f"the server for the template does not start: {problem}. Its log ends:\n{end_of_log(log)}"
            )
        await sleep_s(0.01)


def _refusal(socket: Path) -> str | None:
    import pymysql

    try:
        with session(ROOT, at=socket):
            return None
    except (pymysql.err.MySQLError, OSError) as error:
        return str(error)


def _set_up(socket: Path, brand: Brand, databases: Mapping[str, Mapping[str, str]]) -> None:
    with session(ROOT, at=socket, limit_s=30.0) as connection:
        for statement in brand.statements(databases):
            rows(connection, statement)
        for row in rows(connection, brand.strangers):
            rows(connection, "DROP USER %s@%s", [row["User"], row["Host"]])


def _shut_down(socket: Path) -> None:
    with session(ROOT, at=socket, limit_s=30.0) as connection:
        rows(connection, "SHUTDOWN")


def _install(built: Path, ready: Path) -> None:
    """Copy into the cache beside its place, then move: it appears whole."""
    for stale in ready.parent.glob(f"{ready.name}.*.tmp"):
        shutil.rmtree(stale, ignore_errors=True)
    beside = ready.with_name(f"{ready.name}.{os.getpid()}.tmp")
    copy_data(built, beside)
    _dig_holes(beside)
    beside.rename(ready)
    ready_ones = [path for path in ready.parent.iterdir() if path.is_dir() and not path.name.endswith(".tmp")]
    by_use = sorted(ready_ones, key=lambda path: path.stat().st_mtime, reverse=True)
    for old in by_use[TEMPLATES_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


@contextlib.asynccontextmanager
async def _lock(path: Path) -> AsyncIterator[None]:
    """An exclusive lock between processes, waited for without blocking the loop."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await sleep_s(0.05)
        yield
    finally:
        os.close(descriptor)
