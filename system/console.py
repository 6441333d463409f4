"""The operator's console: `python -m system.console`.

Each command does one step of a runbook and says what it did: on standard output for people, or as one JSON document
with `--json`. What goes wrong is one line on standard error and the exit code: 0 done, 1 not done (run it again once
the cause is gone), 2 the command or a setting is wrong. Every command leaves a line in the log: who, when, what, why.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import click
import httpx
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from system import logs
from system.clock import RandomIds, SystemClock
from system.commands import COMMANDS
from system.commands.connecting import done, not_done, say, say_json
from system.commands.partner_drift import partner as partner_drift
from system.outside import certificates
from system.recovery.database import SOURCES, Asked, DatabaseRecovery, Listing, NoIncident
from system.recovery.evidence import SourceUnavailable
from system.redis_server import make_redis
from system.settings import Settings
from system.storage import DatabaseUnavailable, Partner, Storage, create_schema

_REDIS_TIMEOUT_S = 5.0
_PARTNERS_BYTES_MAX = 4_194_304


class PartnerEntry(BaseModel):
    """A partner as the file for `migrate` states it; its key is stored as a digest alone."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    name: Annotated[str, StringConstraints(max_length=200)]
    api_key: Annotated[str, StringConstraints(min_length=8, max_length=200)]
    autonomy_tier: Annotated[int, Field(ge=1, le=3)] = 2
    notice_url: Annotated[str, StringConstraints(max_length=500)] | None = None
    steered_clock: bool = False


_ENTRIES = TypeAdapter(Annotated[list[PartnerEntry], Field(max_length=100_000)])


@click.group()
def cli() -> None:
    """What an operator of the freight system does, step by step."""


@cli.command()
@click.option("--partners", type=click.Path(path_type=Path, dir_okay=False), help="JSON list of partners to write.")
def migrate(partners: Path | None) -> None:
    """Create what is missing of the tables, and write partners; safe to repeat.

    The autonomy tier of the file is what a new partner begins with: that of one who is there already has become what
    its signals, or a person, made of it.
    """
    entries = [] if partners is None else _read_partners(partners)
    settings = Settings.load()
    storage = Storage.connect(settings, clock=SystemClock(), ids=RandomIds())
    try:
        storage.ping()
        create_schema(storage.engine)
        for entry in entries:
            storage.partners.introduce(_partner(entry))
    except DatabaseUnavailable as error:
        raise not_done("migrate", f"the database is not available: {error}") from None
    finally:
        storage.close()
    done("migrate", partners=len(entries))
    say(f"schema is there; {len(entries)} partners written")


@cli.group()
def recover() -> None:
    """The runbooks, one a failure."""


@recover.command("database")
@click.argument("step", required=False, type=click.Choice(["list", "ask"]))
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option("--incident", help="The incident to ask for (default: the newest).")
@click.option("--outage-at", metavar="TIME", help="When the database went, ISO 8601 (default: from the newest loss).")
@click.option("--without", multiple=True, type=click.Choice(SOURCES), help="Do without a source that is gone.")
@click.option("--reason", default="", help="Why; goes into the log.")
def recover_database(
    step: str | None, as_json: bool, incident: str | None, outage_at: str | None, without: tuple[str, ...], reason: str
) -> None:
    """List what a failover lost, and ask the partners for it (both, or one STEP)."""
    at = _moment(outage_at)
    if incident is not None and step != "ask":
        raise click.UsageError("--incident goes with `ask`; a list is always that of the database's present life")
    settings = Settings.load()
    document: dict[str, Any] = {}
    listing, asked = asyncio.run(_recover_database(settings, step, incident, at, without, reason))
    if listing is not None:
        document.update(listing.as_json())
    if asked is not None:
        document.update(asked.as_json() if listing is None else {"notices": asked.as_json()["notices"]})
    if as_json:
        say_json(document)
    else:
        say(*_told(listing, asked))
    if asked is not None and asked.failed:
        failed = ", ".join(notice.partner_id for notice in asked.notices if notice.error is not None)
        raise not_done("recover database ask", f"these partners could not be asked: {failed}; run `ask` again")


async def _recover_database(
    settings: Settings,
    step: str | None,
    incident: str | None,
    outage_at: datetime | None,
    without: Sequence[str],
    reason: str,
) -> tuple[Listing | None, Asked | None]:
    clock = SystemClock()
    storage = Storage.connect(settings, clock=clock, ids=RandomIds())
    redis_client = make_redis(settings, timeout_s=_REDIS_TIMEOUT_S)
    listing, asked = None, None
    trusted = certificates(settings.motion_base_url, settings.notice_webhook_url)
    try:
        async with httpx.AsyncClient(trust_env=False, verify=trusted) as client:
            recovery = DatabaseRecovery(storage, redis_client, client, settings, clock)
            if step != "ask":
                listing = await recovery.list_lost(outage_at=outage_at, without=without)
                counts = listing.as_json()["counts"]
                done("recover database list", why=reason, incident_id=listing.incident_id, counts=counts)
            if step != "list":
                asked = await recovery.ask_again(listing.incident_id if listing is not None else incident)
                told = [notice.as_json() for notice in asked.notices]
                done("recover database ask", why=reason, incident_id=asked.incident_id, notices=told)
    except DatabaseUnavailable as error:
        raise not_done("recover database", f"the database is not available: {error}; run it again later") from None
    except (SourceUnavailable, NoIncident) as error:
        raise not_done("recover database", str(error)) from None
    finally:
        redis_client.close()
        storage.close()
    return listing, asked


def _told(listing: Listing | None, asked: Asked | None) -> list[str]:
    lines: list[str] = []
    if listing is not None:
        counts, window = listing.as_json()["counts"], listing.window.as_json()
        lines.append(f"incident {listing.incident_id or 'none'}, window {window['from']} to {window['to']}")
        lines += [
            f"  {one.certainty:8} {one.identity}  from {', '.join(one.sources)}"
            f"{'  (stored again)' if one.identity in listing.stored_again else ''}"
            for one in listing.lost
        ]
        lines.append(
            f"lost {counts['lost']}, possibly lost {counts['possible']}; COUNT(*) over the window would have said "
            f"{counts['survived_in_window']}, which is what survived"
        )
    if asked is not None:
        lines += [
            f"asked {notice.partner_id} for {len(notice.identities)} signals"
            if notice.error is None
            else f"could not ask {notice.partner_id}: {notice.error}"
            for notice in asked.notices
        ]
        if not asked.notices:
            lines.append("nobody to ask: nothing is listed that was not asked for (`list` comes first)")
    return lines


def _read_partners(path: Path) -> list[PartnerEntry]:
    try:
        with path.open("rb") as file:
            return _ENTRIES.validate_json(file.read(_PARTNERS_BYTES_MAX))
    except OSError as error:
        raise click.UsageError(f"--partners: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise click.UsageError(f"--partners {path}: {where}: {first['msg']}") from None


def _partner(entry: PartnerEntry) -> Partner:
    return Partner(
        id=entry.id,
        name=entry.name,
        api_key_sha256=hashlib.sha256(entry.api_key.encode()).hexdigest(),
        autonomy_tier=entry.autonomy_tier,
        notice_url=entry.notice_url,
        steered_clock=entry.steered_clock,
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--outage-at: expected ISO 8601, seen {text!r}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


recover.add_command(partner_drift)
for _command in COMMANDS:
    cli.add_command(_command)


def main() -> int:
    """The command line; returns the exit code."""
    logs.configure("console")
    try:
        cli.main(prog_name="python -m system.console", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
