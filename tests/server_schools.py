"""Schools in PostgreSQL, for tests: made once, then lent their tables and connections by those before them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from psycopg.conninfo import make_conninfo

from domain.ledger.postgres_connection import Datastore
from domain.ledger.postgres_setup import EVENT_TABLES, WRITER_RIGHTS, make_tables
from domain.ledger.postgres_store import PostgresStore
from tests.making import OpenStore, School, introduce
from tests.postgres import Database


class _Lent(Datastore):
    """Connections of another datastore, for a schema of its own: to make new ones takes longer than most scenarios."""

    def __init__(self, lender: Datastore, schema: str) -> None:
        super().__init__("", schema=schema)
        self.pool = lender.pool

    def close(self) -> None:
        """They stay open for the next one."""


class ServerSchools:
    """Schools in one PostgreSQL database, each in a schema of its own: a tenth of the time that a database takes."""

    def __init__(self, database: Database, folder: Path) -> None:
        """A database of the tests, where they are superusers."""
        self._connections = Datastore(make_conninfo(**database.arguments))
        self._folder = folder
        self._numbers = count()
        self._introduced: dict[tuple[str, ...], str] = {}
        self._free: list[str] = []
        self._lent: dict[Path, str] = {}
        """Schemas by the folders of the schools that have them."""

    def ready(self, folder: Path, pupils: Sequence[str] = ("Ann", "Ben", "Cal")) -> School:
        """As `School.ready`."""
        first = self._introduced.get(tuple(pupils)) or self._introduce(tuple(pupils))
        with self._connections.get_connection() as connection, connection.transaction():
            if self._free:
                name = self._free.pop()
            else:
                name = self._name("school")
                make_tables(connection, name)
            guards = [f"ALTER TABLE {name}.{table} {{}} TRIGGER unchanging" for table in EVENT_TABLES]
            statements = [
                *(guard.format("DISABLE") for guard in guards),
                *(f"DELETE FROM {name}.{table}" for table in WRITER_RIGHTS),
                *(f"INSERT INTO {name}.{table} SELECT * FROM {first}.{table}" for table in WRITER_RIGHTS),
                *(guard.format("ENABLE ALWAYS") for guard in guards),
            ]
            connection.execute("; ".join(statements).encode())
        shutil.copy(self._folder / first, folder / "keys.sqlite")
        self._lent[folder] = name
        return School.at(folder, self._store_in(name))

    def take_back(self, school: School) -> None:
        """Nobody needs this school any more, and the next one may have its tables: to make some takes longer than most
        scenarios."""
        self._free.append(self._lent.pop(school.folder))

    def _introduce(self, pupils: tuple[str, ...]) -> str:
        """The schema of a school that is copied; its keys have the same name."""
        name = self._introduced[pupils] = self._name("introduced")
        with self._connections.get_connection() as connection:
            make_tables(connection, name)
        introduce(School.founded(self._folder, open_store=self._store_in(name)), pupils)
        (self._folder / "keys.sqlite").rename(self._folder / name)
        return name

    def _name(self, word: str) -> str:
        return f"{word}{next(self._numbers)}"

    def _store_in(self, schema: str) -> OpenStore:
        return lambda _: PostgresStore(_Lent(self._connections, schema))

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()
