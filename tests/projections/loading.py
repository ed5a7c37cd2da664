"""Facts of a ledger as tests read them: all of them at once, as rows by name."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from domain.ledger.ledger import Ledger
from projections.facts.columns import empty
from projections.facts.load import Loader
from projections.facts.tables import DICTIONARIES, FACTS

Facts = dict[str, pl.DataFrame]


def loaded(ledger: Ledger, size: int = 1_000_000, stops: tuple[int, ...] = ()) -> Facts:
    """Every fact and dictionary of a ledger, read in windows of so many positions, by a new loader after each stop."""
    found: dict[str, list[pl.DataFrame]] = {name: [] for name in (*FACTS, *DICTIONARIES)}
    loader, first = Loader(ledger), 1
    for last in (*stops, ledger.store.head()[0]):
        for window in loader.windows(first, last, size):
            for name, frame in window.facts.items():
                found[name].append(frame)
        first, loader = last + 1, Loader(ledger, loader.names)
    return {name: pl.concat(frames) if frames else _empty(name) for name, frames in found.items()}


_empty = cache(empty)


def differing(one: Facts, other: Facts) -> list[str]:
    """The tables in which two loads differ, whatever the order of rows of one position."""
    return [
        name
        for name in one
        if not one[name].equals(other[name]) and not _sorted(one[name]).equals(_sorted(other[name]))
    ]


def differing_in_windows(ledger: Ledger, size: int) -> list[str]:
    """The tables that come out otherwise where a ledger is read by so many positions, and by a new loader midway."""
    return differing(loaded(ledger), loaded(ledger, size=size, stops=(ledger.store.head()[0] // 2,)))


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(frame.columns)


def rows(facts: Facts, table: str) -> list[dict[str, Any]]:
    """A table's rows, by column."""
    return facts[table].to_dicts()
