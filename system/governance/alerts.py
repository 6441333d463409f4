"""The alert rules: what each says, how bad it is, and who is called. Values; firing them is the monitor's."""

from dataclasses import dataclass

from system.governance.contacts import (
    AI_ENGINEERING_LEAD,
    BACKEND_LEAD,
    DBA,
    DEVOPS_LEAD,
    WHERE_NONE_IS_NAMED,
    Contact,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """One alert. `summary` is what is read out; in braces it may hold labels of the case at hand (`{partner}`)."""

    name: str
    summary: str
    description: str
    runbook: str
    severity: str = "critical"
    contact: Contact = WHERE_NONE_IS_NAMED


DATABASE_CONNECTION_LOST = AlertRule(
    name="DatabaseConnectionLost",
    summary="Database connection lost",
    description="The primary database does not answer, takes no writes, or was replaced by another server.",
    runbook="python -m system.console recover database",
    contact=DBA,
)

CIRCUIT_BREAKER_OPEN = AlertRule(
    name="CircuitBreakerOpen",
    summary="Circuit breaker OPEN for partner {partner}",
    description="A partner sent too many malformed or repeated signals and is refused until it sends good ones again.",
    runbook="python -m system.console breakers list",
    severity="warning",
    contact=DEVOPS_LEAD,
)

HALLUCINATION_DETECTED = AlertRule(
    name="HallucinationDetected",
    summary="Hallucination detected in IntentInstance #{intent_id}",
    description="The model was sure of a value that no load has, or that its signal does not say. Nothing was booked.",
    runbook="python -m system.console hallucinations show INTENT; then hallucinations tag INTENT --why ...",
    severity="warning",
    contact=AI_ENGINEERING_LEAD,
)

TRUST_FELL = AlertRule(
    name="TrustFell",
    summary="Partner {partner} trust score: {score} (was {before})",
    description="A partner's signals lack what a load needs: its autonomy is lowered, and a person reviews them.",
    runbook="python -m system.console recover partner list",
    severity="warning",
)

AGENT_TIMEOUT = AlertRule(
    name="AgentContractTimeout",
    summary="AgentContract timeout for Intent #{intent}",
    description="An intent has been executed for longer than an execution may take; it hangs, or is tried in vain.",
    runbook="python -m system.console stuck list",
    contact=BACKEND_LEAD,
)

REDIS_MEMORY_HIGH = AlertRule(
    name="RedisMemoryHigh",
    summary="Redis memory usage > 90%",
    description="Redis is nearly full: it forgets idempotency keys before their time, or refuses to write new ones.",
    runbook="python -m system.console redis show; then redis ttl, redis flush, redis raise",
    severity="warning",
)

RULES = (
    DATABASE_CONNECTION_LOST,
    CIRCUIT_BREAKER_OPEN,
    HALLUCINATION_DETECTED,
    TRUST_FELL,
    AGENT_TIMEOUT,
    REDIS_MEMORY_HIGH,
)
