"""Makes baselines, and fills cassettes from outside parties that run: `python -m harness.replaying.record TRACE...`

A baseline is the output of a replay under exactly the recorded answers. It is refused when a call went unanswered, when
a recorded answer was not asked for, and when the replay could not be run, because none of these is the system's
behaviour. With `--upstream FROM=TO` a missing answer is fetched from a real party at TO and written into the cassette
under FROM; with `--afresh` all answers are. People check both before they commit them.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from harness.config import Config, ConfigError
from harness.replaying.comparison import ReplayResult, asked_for, judge
from harness.replaying.runner_process import Target
from harness.replaying.runners import Runners
from harness.traces import (
    Cassette,
    Interaction,
    Request,
    Response,
    Trace,
    Unreadable,
    load_trace,
    save_baseline,
    save_cassette,
)
from harness.traces.folders import TRACE_FILE

CALLS_MAX = 200
_KEPT_HEADERS = ("content-type", "idempotent-replayed", "retry-after")
_ANSWERS_WITHIN_S = 10.0


class Refused(RuntimeError):
    """This replay gives no baseline; says why."""


def approve(trace: Trace, result: ReplayResult) -> None:
    """Writes the output of `result` as the baseline of `trace`. Refused unless the replay was clean."""
    if result.error is not None:
        raise Refused(f"{trace.id}: the replay failed: {result.error}")
    verdict = judge(trace.with_baseline(result.output), result)
    wrong = [f"not recorded: {line}" for line in verdict.unmatched]
    wrong += [f"recorded, and nobody asked: {line}" for line in verdict.unused]
    if wrong:
        raise Refused("\n  ".join([f"{trace.id}: no baseline, because the answers do not fit:", *wrong]))
    save_baseline(trace, result.output)


def complete(trace: Trace, runner: Runners, upstreams: Mapping[str, str], client: httpx.Client) -> Trace:
    """`trace` with every answer that its replay asks for, fetched from `upstreams`. Refused without an upstream."""
    for _ in range(CALLS_MAX):
        result = runner.one(trace)
        if result.error is not None:
            raise Refused(f"{trace.id}: the replay failed: {result.error}")
        if not result.unmatched:
            return trace
        asked = result.unmatched[0]["request"]
        request = Request(
            method=asked["method"], uri=asked["uri"], headers=asked.get("headers", {}), body=asked.get("body", "")
        )
        fetched = Interaction(request=request, response=_fetch(request, upstreams, client))
        trace = trace.with_cassette(Cassette(interactions=(*trace.cassette.interactions, fetched)))
    raise Refused(f"{trace.id}: more than {CALLS_MAX} calls")


def _fetch(request: Request, upstreams: Mapping[str, str], client: httpx.Client) -> Response:
    source = next((name for name in upstreams if request.uri.startswith(name)), None)
    if source is None:
        raise Refused(f"no answer is recorded for {asked_for({'request': vars_of(request)})}, and no --upstream has it")
    answer = client.request(
        request.method,
        upstreams[source] + request.uri.removeprefix(source),
        headers=dict(request.headers),
        content=request.body.encode("utf-8"),
    )
    return Response(
        status=answer.status_code,
        headers={name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers},
        body=answer.text,
    )


def vars_of(request: Request) -> dict[str, str]:
    """The parts of a request that name it."""
    return {"method": request.method, "uri": request.uri}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when every baseline was written, 1 when one was refused, 2 for a wrong command line."""
    parser = argparse.ArgumentParser(prog="python -m harness.replaying.record", description=__doc__)
    parser.add_argument("traces", nargs="+", type=Path, help="folders of traces, or a folder of such folders")
    parser.add_argument("--entry", help="module:function that replays (default: `replay` of [tool.harness])")
    parser.add_argument("--upstream", action="append", default=[], metavar="FROM=TO", help="where answers come from")
    parser.add_argument("--header", action="append", default=[], metavar="NAME:VALUE", help="sent to upstreams only")
    parser.add_argument("--afresh", action="store_true", help="throw the recorded answers away first")
    options = parser.parse_args(arguments)
    upstreams = dict(str(pair).partition("=")[::2] for pair in options.upstream)
    headers = {name.strip(): value.strip() for name, _, value in (str(one).partition(":") for one in options.header)}
    folders = [path.parent.resolve() for root in options.traces for path in sorted(root.rglob(TRACE_FILE))]
    if not folders:
        parser.error(f"no {TRACE_FILE} below {', '.join(map(str, options.traces))}")
    try:
        config = Config.load()
    except ConfigError as error:
        parser.error(str(error))
    entry = options.entry or config.replay or parser.error("which entry? give --entry, or `replay` of [tool.harness]")
    refused = 0
    with (
        Runners(Target(entry=entry, directory=config.project)) as runner,
        httpx.Client(headers=headers, timeout=_ANSWERS_WITHIN_S, trust_env=False) as client,
    ):
        for folder in folders:
            try:
                root = config.traces if config.traces and folder.is_relative_to(config.traces) else None
                trace = load_trace(folder, root=root, without_cassette=bool(upstreams))
                if options.afresh:
                    trace = trace.with_cassette(Cassette())
                if upstreams:
                    trace = complete(trace, runner, upstreams, client)
                    save_cassette(trace)
                approve(trace, runner.one(trace))
                print(f"{trace.id}: baseline written")
            except (Refused, Unreadable, httpx.HTTPError) as error:
                print(f"refused: {error}", file=sys.stderr)
                refused += 1
    return 1 if refused else 0


if __name__ == "__main__":
    raise SystemExit(main())
