"""Answers of a test's ledger, made in a folder that goes away: as the command would, by way of facts and SQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.ledger.ledger import Ledger
from projections import answers
from projections.engines.duck import DuckEngine
from projections.engines.duck_reader import DuckReader
from projections.projector import Projector, asked_at
from projections.totals import Totals, totals


@contextmanager
def answers_of(ledger: Ledger, as_at: int | None = None) -> Iterator[DuckReader]:
    """Every answer of a ledger, as they stand or as at a moment."""
    with tempfile.TemporaryDirectory() as folder:
        engine = DuckEngine(Path(folder), threads=1)
        try:
            Projector(ledger, engine).catch_up()
            published = engine.published
        finally:
            engine.close()
        reader = DuckReader(published, answers.every(), config={"threads": 1})
        try:
            if as_at is None:
                reader.current(asked_at(ledger, None))
            else:
                reader.as_at(asked_at(ledger, as_at))
            yield reader
        finally:
            reader.close()


def totals_of(ledger: Ledger, as_at: int | None = None) -> Totals:
    """What `rollbook totals` says."""
    with answers_of(ledger, as_at) as reader:
        return totals(reader, ledger.founding.la_code)
