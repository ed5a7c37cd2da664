"""Entries that stand, counted straight from the ledger: nothing of facts and answers is used.

Only entries that stand count: what an amendment or a withdrawal names as amended does not, nor does what was foreseen
or learned too late. So what was built of facts can be checked against it. Memory is bounded by what was amended, not by
the number of marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import polars as pl

from domain.ledger.ledger import Ledger
from domain.ledger.reader import frames
from domain.moments import academic_year
from projections.asking import columns_of

CHUNK = 250_000
"""Positions decoded at a time."""


class Cell(NamedTuple):
    """What sessions are counted by."""

    place: bytes
    year: int
    code: str


def count_sessions(ledger: Ledger, last: int) -> Counter[Cell]:
    """Entries that stood at a position, by place, academic year and code."""
    changes = columns_of(
        ledger.store, ("MarkAmended", "MarkWithdrawn"), ("position", "stream", "version", "amends", "new"), last
    )
    superseded = None
    found = []
    if len(changes):
        superseded = changes.select("stream", version=pl.col("amends").cast(pl.Int64)).unique()
        standing = changes.filter(pl.col("topic") == "MarkAmended").rename({"new": "code"})
        if len(standing):
            found.append(_tallied(standing.select("stream", "version", "code"), superseded))
    for marks in _marks(ledger, last):
        found.append(_tallied(marks, superseded))
    counted: Counter[Cell] = Counter()
    if found:
        tally = pl.concat(found).group_by("place", "date", "code").agg(pl.col("len").sum())
        for place, day, code, n in tally.iter_rows():
            counted[Cell(bytes.fromhex(place), academic_year(date.fromisoformat(day)), code)] += n
    return counted


def _marks(ledger: Ledger, last: int) -> Iterator[pl.DataFrame]:
    wanted = ("stream", "version", "code")
    for piece in frames(ledger.store, 1, last, topics=("MarkRecorded",), columns=wanted, chunk=CHUNK):
        yield piece.frame


def _tallied(entries: pl.DataFrame, superseded: pl.DataFrame | None) -> pl.DataFrame:
    """Entries that nothing amends or withdraws, by place, date and code."""
    if superseded is not None:
        entries = entries.join(superseded, on=["stream", "version"], how="anti")
    by_stream = entries.group_by("stream", "code").len()
    parts = pl.col("stream").str.split("/")
    return (
        by_stream.select(parts.list.get(1).alias("place"), parts.list.get(2).alias("date"), "code", "len")
        .group_by("place", "date", "code")
        .agg(pl.col("len").sum())
    )
