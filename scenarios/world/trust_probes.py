"""What a drill looks at of partners' trust: what each may do now, and how far the way there and back has come."""

from collections.abc import Sequence

from harness.probes import SqlProbe

_NEWEST_LOOKED_AT = 12


def trust(service: str) -> SqlProbe:
    """What each trading partner may do now, with its newest incident, as rows of `trust`.

    `now` is the database's own clock, `ahead_s` how far the calendar was moved on; moments of the incident stand on the
    calendar.
    """
    return SqlProbe(
        name="trust",
        service=service,
        sql=(
            "SELECT p.id AS partner, p.autonomy_tier AS ceiling, p.require_review AS review, i.id AS incident, "
            "i.ceiling_before, i.opened_at, i.probation_at, i.review_ended_at, i.closed_at, UTC_TIMESTAMP(6) AS now, "
            "(SELECT COALESCE(SUM(ahead_s), 0) FROM freight.clock_moves) AS ahead_s "
            "FROM freight.partners p LEFT JOIN freight.trust_incidents i ON i.id = (SELECT n.id "
            "FROM freight.trust_incidents n WHERE n.partner_id = p.id ORDER BY n.opened_at DESC LIMIT 1) "
            "WHERE p.id LIKE 'P%%' ORDER BY p.id"
        ),
        every_s=0.15,
    )


def drift(service: str, partners: Sequence[str]) -> SqlProbe:
    """A gauge called `drift` over `partners`.

    `partial`: incomplete intents; `late`: signals of the first of them that lack something; `lately`: how many of the
    newest few tenders do; `under_review` and `returned`: how many partners are.
    """
    named = ", ".join(f"'{partner}'" for partner in partners)
    return SqlProbe(
        name="drift",
        service=service,
        gauge=True,
        sql=(
            "SELECT "
            f"(SELECT COUNT(*) FROM freight.intents WHERE partner_id IN ({named}) AND state = 'PARTIAL') AS partial, "
            "(SELECT COUNT(*) FROM freight.signals "
            f"WHERE partner_id = '{partners[0]}' AND missing IS NOT NULL) AS late, "
            f"(SELECT COUNT(*) FROM freight.partners WHERE id IN ({named}) AND require_review) AS under_review, "
            "(SELECT COUNT(*) FROM freight.trust_incidents WHERE closed_at IS NOT NULL) AS returned, "
            "(SELECT COUNT(*) FROM (SELECT missing FROM freight.signals "
            f"WHERE partner_id IN ({named}) AND purpose <> 'cancel' "
            f"ORDER BY received_at DESC LIMIT {_NEWEST_LOOKED_AT}) newest WHERE missing IS NOT NULL) AS lately"
        ),
        every_s=0.15,
    )
