"""Names of pupils, opened from the sealed parts of their rows in the admission registers, for display only."""

from __future__ import annotations

from collections.abc import Iterable

from domain.admission_register import line as lines
from domain.events import Stored
from domain.ledger.bodies import open_state
from domain.ledger.ledger import Ledger

_AT_ONCE = 500


def names_of_lines(ledger: Ledger, wanted: Iterable[tuple[bytes, bytes]], last: int) -> dict[bytes, str | None]:
    """The name of each (place, line) as the ledger had it at a position; None where no key opens it."""
    found: dict[bytes, str | None] = {}
    streams = sorted(f"admission-register/{place.hex()}/{line.hex()}" for place, line in wanted)
    for at in range(0, len(streams), _AT_ONCE):
        for stream, rows in ledger.store.read_streams(streams[at : at + _AT_ONCE]).items():
            state = lines.Line(stream)
            for row in rows:
                if row.position <= last:
                    lines.evolve(state, Stored(row.version, row.topic, *open_state(row.state, ledger.keys)))
            found[lines.parts_of(stream)[1]] = state.text.get("full_name")
    return found
