"""What the ledger said of streams that are folded entry by entry: of a window, and before it. Clear parts only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import polars as pl

from domain.events import Stored
from domain.ledger.bodies import fields_of
from domain.ledger.ledger import Ledger
from domain.ledger.store import Row as Entry

Told = tuple[int, int, Stored]
"""Position, recorded_at, event."""
Row = dict[str, Any]
"""A fact by column, with the ledger's ids where its numbers will stand."""

_SKIPPED: Final = frozenset("salt message message_hash topic_sent partition offset sequence sealed sealed_hash".split())
"""Fields of an entry that no fold needs."""
_STREAMS_AT_ONCE: Final = 500


def told_in(frames: Mapping[str, pl.DataFrame], topics: Iterable[str]) -> dict[str, list[Told]]:
    """What a window's entries of these topics say, by stream, each stream's in order of position."""
    told: dict[str, list[Told]] = defaultdict(list)
    for topic in topics:
        frame = frames.get(topic)
        if frame is None:
            continue
        wanted = [name for name in frame.columns if name not in _SKIPPED]
        for row in frame.select(wanted).iter_rows(named=True):
            position, recorded_at, stream = row.pop("position"), row.pop("recorded_at"), row.pop("stream")
            told[stream].append((position, recorded_at, Stored(row.pop("version"), topic, row)))
    for entries in told.values():
        entries.sort(key=lambda entry: entry[0])
    return told


def earlier(entries: Iterable[Entry], until: int, topics: Collection[str]) -> list[Told]:
    """What a stream's entries of these topics say, up to a position."""
    return [
        (entry.position, entry.recorded_at, Stored(entry.version, entry.topic, fields_of(entry.state)))
        for entry in entries
        if entry.position <= until and entry.topic in topics
    ]


def put_earlier(told: dict[str, list[Told]], ledger: Ledger, until: int, topics: Collection[str]) -> None:
    """Before what was told of each stream, put what the ledger has of it up to a position."""
    older = [stream for stream, entries in told.items() if entries[0][2].version > 1]
    for at in range(0, len(older), _STREAMS_AT_ONCE):
        for stream, entries in ledger.store.read_streams(older[at : at + _STREAMS_AT_ONCE]).items():
            told[stream][:0] = earlier(entries, until, topics)
