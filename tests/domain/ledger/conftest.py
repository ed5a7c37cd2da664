"""Both stores for every test of the contract: SQLite in a file, PostgreSQL in a fresh database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.ledger.postgres_store import PostgresStore, open_postgres
from domain.ledger.shared import Clock, system_clock
from domain.ledger.sqlite_store import SQLiteStore, open_sqlite
from tests.postgres import Database

AnyStore = SQLiteStore | PostgresStore


class Ledger:
    """One database, opened as often as a test likes."""

    def __init__(self, where: Path | Database) -> None:
        self.where = where
        self.opened: list[AnyStore] = []

    def open(self, *, clock: Clock = system_clock, simulated: bool = False) -> AnyStore:
        """Another store on the same database, as another process would have."""
        store: AnyStore
        if isinstance(self.where, Database):
            store = open_postgres(**self.where.arguments, clock=clock, simulated=simulated)
        else:
            store = open_sqlite(self.where, clock=clock, simulated=simulated)
        self.opened.append(store)
        return store

    def close(self) -> None:
        """Close every store that was opened."""
        for store in self.opened:
            store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger, in either database."""
    where = tmp_path / "ledger.sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres_database")
    made = Ledger(where)
    yield made
    made.close()


@pytest.fixture
def store(ledger: Ledger) -> AnyStore:
    """A store with the machine's clock."""
    return ledger.open()
