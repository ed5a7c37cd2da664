"""What ends a command: a sentence for a person, and the exit code that a script reads."""

from __future__ import annotations

REFUSED = 1
"""Refused, or found wanting."""
MISUSED = 2
"""Not a command as this program knows them."""


class Refused(Exception):
    """The command cannot be done; the message says why in one sentence, and what to do."""


class Misused(Exception):
    """What was typed makes no sense: a bad date, an option that does not fit another."""
