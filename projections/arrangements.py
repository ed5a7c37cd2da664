"""What stands beside the marks of a line: its arrangements, its returns, and what providers reported of its pupil.

All are found by the identity index, which says which arrangements and cases a line has, and where it was reported of.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import polars as pl

from domain.arrangement.arrangement import stream_of
from domain.attendance_register.register import parts_of
from domain.attendance_register.reports import CLEAR
from domain.case.case import stream_of as case_stream
from domain.events import Fields, Stored
from domain.ledger.bodies import open_state
from domain.ledger.ledger import Ledger
from domain.ledger.reader import frames
from domain.ledger.store import Row
from projections.asking import stored

CHUNK = 2_000_000
"""Positions looked through at a time for the few that are about one line."""


class Beside(NamedTuple):
    """One entry about a line that is no mark and stands in no admission register."""

    position: int
    recorded_at: int
    event: Stored
    """With the origin of its header, where it has one."""
    place: bytes | None = None
    """Of the provider, for a report."""
    day: date | None = None
    session: str | None = None


def beside(ledger: Ledger, line: bytes, last: int) -> Iterator[Beside]:
    """Every entry of a line's arrangements and cases, and every report of a provider about it, up to a position.

    In order of position within each stream; the caller sorts the whole.
    """
    for arrangement in _found(ledger, "arrangement", line):
        for position, recorded_at, event in stored(ledger, stream_of(arrangement), last):
            if event.fields["line"] == line:
                # A purpose and a nature stand in a word, and in the words of those who asked.
                text = {k if k not in event.fields else f"{k}_text": v for k, v in (event.text or {}).items()}
                yield Beside(position, recorded_at, event._replace(text=text))
    for case in _found(ledger, "case", line):
        for position, recorded_at, event in stored(ledger, case_stream(case), last):
            if event.fields.get("line") == line:
                # What was sent is shown by itself: it is long, and the text of a letter or a file.
                text = {name: value for name, value in (event.text or {}).items() if name == "grounds"}
                yield Beside(position, recorded_at, event._replace(text=text))
    for place in _found(ledger, "reported_at", line):
        yield from _reports(ledger, line, place, last)


def _found(ledger: Ledger, kind: str, line: bytes) -> list[bytes]:
    rows = ledger.store.find_identities([ledger.shared.identity_key(kind, "", line.hex())])
    return list(dict.fromkeys(row.id for found in rows.values() for row in found))


def _reports(ledger: Ledger, line: bytes, place: bytes, last: int) -> Iterator[Beside]:
    """Reports of one provider about one line: columns are looked through in bulk, and what was chosen decoded whole."""
    prefix = f"attendance-register/{place.hex()}/"
    about = pl.col("line") == pl.lit(line, pl.Binary)
    looked_through = frames(
        ledger.store, 1, last, topics=tuple(CLEAR), columns=("position", "line"), stream_prefix=prefix, chunk=CHUNK
    )
    positions = [p for _, _, frame in looked_through for p in frame.filter(about)["position"].to_list()]
    headers: dict[tuple[str, int], Fields] = {}
    for row in (row for position in sorted(positions) for row in ledger.store.read_positions(position, position)):
        event = _opened(ledger, row)
        name = (row.stream, event.fields["header"])
        if name not in headers:
            headers |= {
                (row.stream, r.version): _opened(ledger, r).fields for r in ledger.store.read_stream(row.stream)
            }
        _, day, session = parts_of(row.stream)
        fields = {**_origin(headers[name]), **{k: v for k, v in event.fields.items() if v is not None}}
        yield Beside(
            row.position,
            row.recorded_at,
            event._replace(fields=fields),
            place,
            date.fromordinal(date(1970, 1, 1).toordinal() + day),
            session,
        )


def _opened(ledger: Ledger, row: Row) -> Stored:
    return Stored(row.version, row.topic, *open_state(row.state, ledger.keys))


def _origin(header: Fields) -> Fields:
    names = ("source", "said_at", "sent_at", "broker_at", "first_held_at", "import")
    return {name: header.get(name) for name in names}
