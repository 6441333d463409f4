"""Which traces are meant: the project's own, some of them by name, or those of a folder or a packed file elsewhere."""

import difflib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness.config import Config, ConfigError
from harness.replaying.all_or_nothing import put_back
from harness.traces import Trace, iter_traces, load_trace
from harness.traces.folders import TRACE_FILE

ALL = "all"


class NoSuchTrace(ValueError):
    """A name that means no trace; says which come near."""


def chosen(config: Config, names: Sequence[str]) -> Iterator[Trace]:
    """The traces that `names` mean, each place once, one in memory at a time where they stand in a packed file.

    A name is `all`, a trace's id, a folder of traces by its place below the project's, or a path. NoSuchTrace at once
    for one that means nothing; Unreadable when its turn has come.
    """
    found: dict[Path, Callable[[], Iterator[Trace]]] = {}
    for name in names:
        place = _found(config, name)
        found.setdefault(place, _reader(place, config.traces))
    return (trace for read in found.values() for trace in read())


def drafts(config: Config, names: Sequence[str]) -> list[Trace]:
    """The traces in folders that `names` mean, where a missing cassette is an empty one; for recording."""
    found: dict[Path, Trace] = {}
    for name in names:
        place = _found(config, name)
        if place.is_file():
            raise NoSuchTrace(f"{name}: traces in a packed file are not recorded; unpack it first")
        root = _root_around(place, config.traces)
        for file in sorted(place.rglob(TRACE_FILE)):
            found.setdefault(file.parent, load_trace(file.parent, root=root, without_cassette=True))
    return list(found.values())


def one(config: Config, name: str) -> Trace:
    """The one trace that a name means; NoSuchTrace when it means several."""
    traces = list(chosen(config, [name]))
    if len(traces) != 1:
        raise NoSuchTrace(f"{name!r} means {len(traces)} traces; name one of them, such as {traces[0].id}")
    return traces[0]


def mended(config: Config) -> list[str]:
    """Put back what a refresh that was ended in its middle had replaced; the files that this was done to."""
    return [] if config.traces is None or not config.traces.is_dir() else put_back(config.traces)


def root_of(config: Config) -> Path:
    """The folder of the project's own traces; ConfigError where it names none."""
    if config.traces is None:
        raise ConfigError('[tool.harness] names no traces; add traces = "traces", the folder that holds them')
    return config.traces


def _found(config: Config, name: str) -> Path:
    """The folder or the packed file that a name means."""
    if name == ALL:
        return root_of(config).resolve()
    for place in (*([config.traces / name] if config.traces is not None else []), Path(name)):
        if place.is_file() or next(place.rglob(TRACE_FILE), None) is not None:
            return place.resolve()
    raise NoSuchTrace(_unknown(config, name))


def _root_around(place: Path, traces: Path | None) -> Path | None:
    """The folder that the project's own traces are called after, from wherever; None for others."""
    return traces.resolve() if traces is not None and place.is_relative_to(traces.resolve()) else None


def _reader(place: Path, traces: Path | None) -> Callable[[], Iterator[Trace]]:
    """How to read a place."""
    root = _root_around(place, traces)
    if (place / TRACE_FILE).exists():
        return lambda: iter([load_trace(place, root=root)])
    if root is None or place.is_file() or place == root:
        return lambda: iter_traces(place)
    return lambda: (load_trace(path.parent, root=root) for path in sorted(place.rglob(TRACE_FILE)))


def _unknown(config: Config, name: str) -> str:
    known: list[str] = [ALL]
    if config.traces is not None:
        known += sorted(path.parent.relative_to(config.traces).as_posix() for path in config.traces.rglob(TRACE_FILE))
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return f"no trace is called {name!r}, and no folder or file either{hint} `harness trace list` shows what there is."
