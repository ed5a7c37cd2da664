"""How a ledger stands: how much it holds, who may speak to it, what was imported, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.events import Fields
from domain.ledger.bodies import open_state
from domain.ledger.held import Waiting, waiting
from domain.ledger.ledger import Founding, Ledger
from domain.moments import from_days
from domain.place.place import Place
from projections.asking import place_at


@dataclass(frozen=True, slots=True)
class Source:
    """A source, and the places that it speaks for."""

    id: bytes
    described: Fields
    places: list[bytes]


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was taken in, or that was begun."""

    id: bytes
    file: bytes
    """SHA-256."""
    size: int
    started_at: int
    kind: str
    """container (what a broker took), or another system's records: mis_history, audit_log, ..."""
    covers: tuple[date, date] | None
    """First and last day of which a history speaks."""
    finished: Fields | None
    """The counts of its ImportFinished; None where it was never finished."""


@dataclass(frozen=True, slots=True)
class Status:
    """The answer."""

    founding: Founding
    entries: int
    last_recorded_at: int
    streams: int
    places: list[Place]
    sources: list[Source]
    imports: list[Import]
    held: list[Waiting]


def status(ledger: Ledger) -> Status:
    """How the ledger stands now."""
    store = ledger.store
    entries, last_recorded_at = store.head()
    names = store.stream_names("")
    places = [place_at(ledger, bytes.fromhex(n.split("/")[1]), entries) for n in names if n.startswith("place/")]
    places.sort(key=lambda place: (place.description.get("laestab") or "", place.stream))
    sources: dict[bytes, Source] = {}
    for place in places:
        for source, described in place.sources.items():
            sources.setdefault(source, Source(source, described, [])).places.append(place.id)
    imports = []
    for rows in store.read_streams(name for name in names if name.startswith("ledger/import/")).values():
        started, *rest = [(row, open_state(row.state, ledger.keys)[0]) for row in rows]
        fields = started[1]
        finished = rest[-1][1] if rest else None
        first, last = fields.get("covers_from"), fields.get("covers_to")
        covers = None if first is None or last is None else (from_days(first), from_days(last))
        imports.append(
            Import(
                fields["import"],
                fields["file"],
                fields["bytes"],
                started[0].recorded_at,
                fields["kind"],
                covers,
                finished,
            )
        )
    imports.sort(key=lambda one: (one.started_at, one.id))
    return Status(
        ledger.founding,
        entries,
        last_recorded_at,
        len(names),
        places,
        list(sources.values()),
        imports,
        waiting(store, ledger.keys),
    )
