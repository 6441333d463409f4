"""The console's commands that have a file of their own; `system.console` adds them all."""

from system.commands.breakers import breakers
from system.commands.prompt import prompt
from system.commands.reviews import reviews

COMMANDS = (breakers, prompt, reviews)
