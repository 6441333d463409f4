"""The console's commands that have a file of their own; `system.console` adds them all."""

from system.commands.alerts import alerts
from system.commands.breakers import breakers
from system.commands.clock import clock
from system.commands.export_hallucination import export_hallucination
from system.commands.hallucinations import hallucinations
from system.commands.partners import partners
from system.commands.prompt import prompt
from system.commands.queue import queue
from system.commands.redis import redis
from system.commands.reviews import reviews
from system.commands.stuck import stuck

COMMANDS = (
    alerts,
    breakers,
    clock,
    export_hallucination,
    hallucinations,
    partners,
    prompt,
    queue,
    redis,
    reviews,
    stuck,
)
