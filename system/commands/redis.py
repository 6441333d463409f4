"""`redis`: what fills its memory, and the steps that give it room again, in the order of the incident playbook."""

import contextlib
from collections.abc import Iterator
from typing import Any

import click

from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.recovery.redis_memory import NotAllowed, RedisFailed, RedisMemory
from system.units import size_of, size_text, span_of, span_text

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_WHY = click.option("--why", required=True, help="Why; goes into the audit.")


@click.group(invoke_without_command=True)
@click.pass_context
def redis(context: click.Context) -> None:
    """Redis' memory: `show` (also when nothing is said), `ttl`, `flush`, `raise`."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@redis.command("show")
@_AS_JSON
def show(as_json: bool = False) -> None:
    """Show the memory used and its limit, what happens at the limit, and the keys."""
    with _runbook("redis show") as runbook:
        found = runbook.show()
    done("redis show", **found)
    if as_json:
        say_json(found)
    else:
        say(*_lines(found))


@redis.command("ttl")
@click.argument("ttl", metavar="TTL")
@_WHY
@_AS_JSON
def ttl(ttl: str, why: str, as_json: bool) -> None:
    """Let idempotency keys live for TTL (such as 12h) from now on, also those that are there; loses none."""
    ttl_s = _read(span_of, ttl)
    with _runbook("redis ttl") as runbook:
        what = runbook.set_ttl(ttl_s, why)
    done("redis ttl", why=why, **what)
    _tell(
        what,
        as_json,
        f"idempotency keys live {span_text(what['ttl_s'])}, before {span_text(what['before_s'])}; {what['adapted']} "
        f"have their new end, {what['older']} are older than that and wait for `redis flush`",
    )


@redis.command("flush")
@_WHY
@_AS_JSON
def flush(why: str, as_json: bool) -> None:
    """Delete the idempotency keys that are older than the TTL in force, and no other key."""
    with _runbook("redis flush") as runbook:
        what = runbook.flush_old(why)
    done("redis flush", why=why, **what)
    _tell(
        what,
        as_json,
        f"{what['flushed']} keys older than {span_text(what['ttl_s'])} are deleted, {what['kept']} are kept",
    )


@redis.command("raise")
@click.argument("limit", metavar="LIMIT")
@_WHY
@_AS_JSON
def raise_limit(limit: str, why: str, as_json: bool) -> None:
    """Raise Redis' memory limit to LIMIT (such as 12gb), at most to REDIS_MAXMEMORY_CEILING; until it is restarted."""
    size = _read(size_of, limit)
    with _runbook("redis raise") as runbook:
        what = runbook.raise_limit(size, why)
    done("redis raise", why=why, **what)
    _tell(what, as_json, f"limit {size_text(what['limit_bytes'])}, before {size_text(what['before']['limit_bytes'])}")


@contextlib.contextmanager
def _runbook(action: str) -> Iterator[RedisMemory]:
    """The runbook for the time of one command. What goes wrong ends it with 1 and one line."""
    with storage_for(action) as storage:
        here = console()
        runbook = RedisMemory(None, storage, here.settings, here.clock, operator=here.operator)
        try:
            yield runbook
        except (RedisFailed, NotAllowed) as error:
            raise not_done(action, str(error)) from None
        finally:
            runbook.close()


def _tell(what: dict[str, Any], as_json: bool, text: str) -> None:
    if as_json:
        say_json(what)
    else:
        say(text)


def _read(reading: Any, text: str) -> int:
    try:
        return int(reading(text))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _lines(found: dict[str, Any]) -> Iterator[str]:
    limit = size_text(found["limit_bytes"]) if found["limit_bytes"] else "none"
    share = "" if found["ratio"] is None else f" ({found['ratio']:.0%})"
    yield f"used_memory: {size_text(found['used_bytes'])}{share}"
    yield f"maxmemory: {limit}, policy {found['policy']}"
    yield f"evicted keys: {found['evicted_keys']}, commands refused for want of memory: {found['refused_commands']}"
    yield (
        f"keys: {found['keys']}, of them idempotency: {found['idempotency_keys']}, "
        f"{found['older_than_ttl']} older than {span_text(found['ttl_s'])}"
    )
