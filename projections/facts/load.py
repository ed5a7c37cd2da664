"""From the ledger to facts: a window of positions at a time, in columns, the same whatever the windows are.

What a window adds does not depend on where it begins, nor on what was loaded in the same run. So a catch-up and a
rebuild write the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

import polars as pl

from domain.ledger.ledger import Ledger
from domain.ledger.reader import Frame, frames
from projections.ahead import ahead
from projections.facts import admissions, arrangements, authority, identities, numbers, places, registers
from projections.facts.columns import rows_of
from projections.facts.names import KIND_OF, Names
from projections.facts.tables import FACTS

WINDOW: Final = 500_000
"""Positions at a time: some 200 MB of memory at most."""

_TOPICS: Final = (
    *registers.COLUMNS,
    *admissions.TOPICS,
    *admissions.COLUMNS,
    *places.TOPICS,
    *arrangements.TOPICS,
    *identities.TOPICS,
    *numbers.TOPICS,
    *authority.PLAIN,
    "PersonNamed",
    "GroupDescribed",
)
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    **registers.COLUMNS,
    **admissions.COLUMNS,
    **numbers.COLUMNS,
    "PersonNamed": ("position", "person"),
    "GroupDescribed": ("position", "group"),
}
"""What is read of a topic; of those that are left out, everything."""


class Window(NamedTuple):
    """What some positions add."""

    last: int
    """The last position read."""
    facts: Mapping[str, pl.DataFrame]
    """New rows of facts and dictionaries, by table; tables without new rows are left out."""


class Loader:
    """Reads a ledger's facts from some position on. One loader may go on: what it has folded it need not read again."""

    def __init__(self, ledger: Ledger, names: Names | None = None) -> None:
        """`names` are the numbers given so far: those of the store of answers that this loader feeds."""
        self.names = names or Names()
        self._ledger = ledger
        self._places = places.Places(ledger)
        self._admissions = admissions.Admissions(ledger, self._places.delivery)
        self._arrangements = arrangements.Arrangements(ledger)
        self._registers = registers.Registers()

    def windows(self, first: int, last: int, size: int = WINDOW) -> Iterator[Window]:
        """The facts of the entries from `first` to `last`, which must be where a transaction ended, in windows."""
        for end, found in ahead(_windows(self._ledger, first, last, size)):
            yield Window(end, self._facts(found, first, end))
            first = end + 1

    def _facts(self, found: Mapping[str, pl.DataFrame], first: int, last: int) -> dict[str, pl.DataFrame]:
        names, before = self.names, first - 1
        rows: dict[str, list[dict[str, Any]]] = {}
        rows |= self._places.facts(found, before)
        rows |= self._admissions.facts(found, before)
        rows |= self._arrangements.facts(found, before)
        rows |= identities.identity_facts(self._ledger, found)
        rows["number_oddity"] = numbers.number_facts(self._ledger, found, before, last)
        rows |= authority.authority_facts(found, {name: table.names for name, table in FACTS.items()})
        self._registers.mention(found, names)
        for topic, column, kind in (("PersonNamed", "person", "person"), ("GroupDescribed", "group", "class")):
            if topic in found:
                names.mention(kind, found[topic][column], found[topic]["position"])
        rows = {table: rows[table] for table in FACTS if table in rows}
        for table, facts in rows.items():
            _mention(names, table, facts)
        made: dict[str, pl.DataFrame] = dict(names.number_new())
        for table, facts in rows.items():
            if facts:
                made[table] = rows_of(table, _numbered(names, table, facts))
        if "line" in made:
            names.put_lines(made["line"].select("line", "place").unique().iter_rows())
        made |= self._registers.facts(found, names)
        assert last >= first
        return {table: frame for table, frame in made.items() if len(frame)}


def _windows(ledger: Ledger, first: int, last: int, size: int) -> Iterator[tuple[int, dict[str, pl.DataFrame]]]:
    """(last position, the events by topic) of each window that holds any; and of the last one in any case."""
    wanted = tuple(dict.fromkeys(_TOPICS))
    read = frames(ledger.store, first, last, topics=wanted, columns=_COLUMNS, chunk=size)
    ended = first - 1
    for number, pieces in groupby(read, key=lambda piece: (int(piece.frame["position"][0]) - first) // size):
        ended = min(first + (number + 1) * size - 1, last)
        yield ended, _by_topic(list(pieces))
    if ended < last:
        yield last, {}


def _by_topic(pieces: Sequence[Frame]) -> dict[str, pl.DataFrame]:
    """The frames of each topic in one, whatever versions of its schema they were written by."""
    found: dict[str, list[pl.DataFrame]] = {}
    for piece in pieces:
        found.setdefault(piece.topic, []).append(_plain(piece.frame))
    return {
        topic: some[0] if len(some) == 1 else pl.concat(some, how="diagonal_relaxed").sort("position")
        for topic, some in found.items()
    }


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _id_columns(table: str) -> list[tuple[str, str]]:
    return [(name, KIND_OF[name]) for name in FACTS[table].names if name in KIND_OF]


def _mention(names: Names, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for column, kind in _id_columns(table):
        pairs = [(row[column], row["position"]) for row in rows if row.get(column) is not None]
        if pairs:
            ids, positions = zip(*pairs, strict=True)
            names.mention(kind, pl.Series(ids, dtype=pl.Binary), pl.Series(positions, dtype=pl.Int64))


def _numbered(names: Names, table: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    columns = _id_columns(table)
    return [{**row, **{column: names.number(kind, row.get(column)) for column, kind in columns}} for row in rows]
