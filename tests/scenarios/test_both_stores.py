"""The same file, into SQLite and into PostgreSQL: the same counts, the same events, the same totals."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from consumers.file_import import Imported, import_file
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger, found
from domain.ledger.postgres_store import open_postgres
from domain.ledger.sqlite_store import open_sqlite
from domain.ledger.store import Store
from projections.totals import totals
from simulation import simulate_year
from tests.making import founding
from tests.postgres import Database


def imported_into(store: Store, folder: Path, file: Path) -> tuple[Ledger, Imported]:
    ledger = found(store, KeyStore.create(folder / "keys.sqlite"), founding())
    return ledger, import_file(ledger, file)


def kinds(ledger: Ledger) -> Counter[tuple[str, str, int]]:
    """How many entries of each topic and kind of stream there are at each moment."""
    head, _ = ledger.store.head()
    return Counter(
        (row.topic, row.stream.split("/")[0], row.recorded_at) for row in ledger.store.read_positions(1, head)
    )


@pytest.fixture
def both(tmp_path: Path, postgres_database: Database) -> list[tuple[Ledger, Imported]]:
    file = tmp_path / "year.avro"
    simulate_year(file, places=4, pupils=120, weeks=3, seed=5)
    ours, theirs = tmp_path / "sqlite", tmp_path / "postgres"
    ours.mkdir()
    theirs.mkdir()
    return [
        imported_into(open_sqlite(ours / "ledger.sqlite"), ours, file),
        imported_into(open_postgres(**postgres_database.arguments), theirs, file),
    ]


def test_both_stores_hold_the_same_after_the_same_file(both: list[tuple[Ledger, Imported]]) -> None:
    (embedded, here), (server, there) = both
    assert here.counts == there.counts
    assert here.counts.adds_up
    assert kinds(embedded) == kinds(server)
    assert totals(embedded) == totals(server)
    for ledger, _ in both:
        ledger.store.close()
