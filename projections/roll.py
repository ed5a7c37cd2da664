"""When a roll ends: by the school's word if it told of the deletion at once, else when the ledger heard of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from domain.events import Fields, of_history
from domain.moments import days, from_days, local_date

Delivery = Callable[[bytes, bytes | None, int], str]
"""How a source delivers to a place (stream, weekly, ...), as known at a position."""

DELIVERED_WITHIN: Mapping[str, int] = MappingProxyType(
    {"stream": 1, "snapshot_twice": 1, "snapshot_daily": 2, "weekly": 8, "once": 0}
)
"""Days that a source may need to tell of a deletion (events.md 2.2): what it says of an earlier day is not believed,
nor what it says of a day to come."""


def off_roll_from(delivery: str, deleted: Fields, recorded_at: int) -> date:
    """The day after the deletion: as the school says it made it, if it told at once, else as recorded."""
    recorded = days(local_date(recorded_at))
    said: int | None = deleted.get("deleted_on")
    if of_history(deleted):
        # All that is known of that stay is the other system's word, and so is its end; imported, and shown so.
        left = said if said is not None else deleted.get("left_on")
        return from_days((recorded if left is None else left) + 1)
    within = DELIVERED_WITHIN.get(delivery, 1)
    believed = said if said is not None and recorded - within <= said <= recorded else recorded
    return from_days(believed + 1)
