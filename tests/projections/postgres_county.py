"""A made-up county's ledger, and a PostgreSQL with its answers: what the tests of answers in PostgreSQL share.

Run as a program it is a projector that says which answer it is at, and waits to be killed there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import LiteralString

import psycopg

from consumers.file_import import import_file
from domain.ledger import postgres_setup
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger, found
from domain.ledger.sqlite_store import open_sqlite
from projections.answers import Answer, read
from projections.engines.engine import Engine
from projections.engines.postgres import PostgresEngine
from projections.engines.postgres_layout import Layout, set_up
from projections.facts.load import Loader
from projections.facts.rules import rules
from projections.facts.tables import TABLES, Table
from projections.projector import instant, known_names
from projections.runner import Done, Head, Runner, Window
from simulation import simulate_year
from tests.making import founding
from tests.postgres import Database, Server

ANSWERS = read()
PROJECTOR = Layout().projector
BEFORE = "at "
"""What the program prints before the name of each answer."""


def make_ledger(folder: Path) -> Ledger:
    """A county of few schools and three weeks."""
    made = simulate_year(folder / "county.avro", places=4, pupils=60, weeks=3, seed=9)
    ledger = found(open_sqlite(folder / "ledger.sqlite"), KeyStore.create(folder / "keys.sqlite"), founding())
    import_file(ledger, made.path)
    return ledger


def open_ledger(folder: Path) -> Ledger:
    """The same, in another process."""
    return Ledger(open_sqlite(folder / "ledger.sqlite"), KeyStore.open(folder / "keys.sqlite"))


def head_of(ledger: Ledger, position: int) -> Head:
    """The entry at a position."""
    entry = next(iter(ledger.store.read_positions(position, position)))
    return Head(position, instant(entry.recorded_at))


def stop_near(ledger: Ledger, position: int) -> int:
    """The next position at which a transaction ended: where it ends, the clock goes on."""
    entries = list(ledger.store.read_positions(position, position + 2_000))
    for entry, after in pairwise(entries):
        if after.recorded_at != entry.recorded_at:
            return entry.position
    return entries[-1].position


def catch_up(
    ledger: Ledger, engine: Engine, position: int, told: Callable[[str], None] = lambda _: None, rebuild: bool = False
) -> Done:
    """What a projector does, up to a position, as if the ledger ended there."""
    runner = Runner(engine, ANSWERS, rules())
    loader = Loader(ledger, known_names(engine))
    first = runner.loaded() + 1

    def windows() -> Iterator[Window]:
        for window in loader.windows(first, position) if first <= position else ():
            yield window.last, window.facts

    done = runner.catch_up(windows(), head_of(ledger, position), told)
    return runner.rebuild(told) if rebuild else done


@dataclass(frozen=True)
class Place:
    """A database of answers, and who comes to it."""

    server: Server
    database: Database
    owner: str

    @property
    def conninfo(self) -> str:
        """For whoever names a role beside."""
        return f"host={self.database.host} dbname={self.database.dbname}"

    def engine(
        self, answers: dict[str, Answer] = ANSWERS, tables: Mapping[str, Table] = TABLES, *, anew: bool = False
    ) -> PostgresEngine:
        """The projector's hands."""
        return PostgresEngine(self.conninfo, answers, tables=tables, user=PROJECTOR, anew=anew, simulated=True)

    @contextmanager
    def copy(self) -> Iterator[Place]:
        """Another database that is as this one stands: much quicker than answers made anew. Nobody may be connected."""
        as_this = f"TEMPLATE {self.database.dbname} OWNER {self.owner} STRATEGY file_copy"
        with self.server.database(as_this) as database:
            yield replace(self, database=database)

    def as_owner(self) -> psycopg.Connection:
        """A session of the owner."""
        return psycopg.connect(**self.database.as_role(self.owner).arguments, autocommit=True)

    def told(self) -> dict[str, list[tuple[object, ...]]]:
        """Every stored answer, as it stands."""
        stored = [name for name, answer in ANSWERS.items() if answer.kind == "table"]
        with psycopg.connect(**self.database.arguments) as connection:
            return {name: sorted(connection.execute(f"SELECT * FROM ans.{name}".encode()), key=repr) for name in stored}


@contextmanager
def set_up_place(server: Server, options: LiteralString = "") -> Iterator[Place]:
    """A fresh database with a ledger's schema, and all that answers need, made by an owner who is no superuser."""
    with server.database(options) as database:
        place = Place(server, database, f"owner_of_{database.dbname}")
        server.role(place.owner, "LOGIN CREATEROLE")
        database.execute(f"ALTER DATABASE {database.dbname} OWNER TO {place.owner}")
        roles = postgres_setup.Roles(f"writer_of_{database.dbname}", f"reader_of_{database.dbname}")
        with place.as_owner() as connection:
            postgres_setup.set_up(connection, "rollbook", roles)
            set_up(connection, Layout())
        # Roles are of the whole server: the owner of the first place made this one, and the next must give it as well.
        database.execute(f"GRANT {Layout().analysts} TO {place.owner} WITH ADMIN OPTION")
        yield place


if __name__ == "__main__":
    conninfo, folder, position, mode, until = sys.argv[1:]
    worker = PostgresEngine(conninfo, ANSWERS, user=PROJECTOR, anew=mode == "anew", simulated=True)

    def say(name: str) -> None:
        """Where it is; at the one asked for it waits."""
        print(f"{BEFORE}{name}", flush=True)
        if name == until:
            time.sleep(600)

    ledger_here = open_ledger(Path(folder))
    catch_up(ledger_here, worker, int(position), say, rebuild=mode == "rebuild")
    worker.publish()
    print("done", flush=True)
