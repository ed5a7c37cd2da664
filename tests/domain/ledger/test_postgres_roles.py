"""What the roles of a ledger in PostgreSQL may do, tried as those roles: add and read entries, never alter one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from domain.ledger.postgres_setup import Roles, set_up
from domain.ledger.postgres_store import PostgresStore, open_postgres
from domain.ledger.store import Batch, Chunk, IdentityRow, MessageRow, TrackingRow
from tests.postgres import Database, Server

EVERYTHING = "stored_events streams topics tracking identity messages held_bytes layout".split()
HELD = b"1"
ROW = IdentityRow(bytes(32), bytes(16), 0)


@dataclass(frozen=True)
class Office:
    """A ledger with its three roles."""

    database: Database
    owner: str
    writer: str
    reader: str
    sessions: dict[str, psycopg.Connection] = field(default_factory=dict)

    def open(self, user: str) -> PostgresStore:
        """The ledger, as one of them."""
        return open_postgres(**self.database.as_role(user).arguments, schema="rollbook", create=False)

    def try_as(self, user: str, *statements: str) -> None:
        """Run statements in this user's session, as a person with psql would; no transaction stays open."""
        if user not in self.sessions:
            self.sessions[user] = psycopg.connect(**self.database.as_role(user).arguments, autocommit=True)
            self.sessions[user].execute("SET search_path = rollbook, public")
        try:
            for statement in statements:
                self.sessions[user].execute(statement.encode())
        finally:
            self.sessions[user].rollback()


def batch(stream: str, delivery: int) -> Batch:
    return Batch([Chunk(stream, 0, "Topic", [b"one", b"two"])], tracking=[TrackingRow("source", delivery)])


@contextmanager
def set_up_office(postgres_server: Server, postgres_database: Database) -> Iterator[Office]:
    """Owner, writer and reader, none of them a superuser, and a ledger with two entries."""
    name = postgres_database.dbname
    made = Office(postgres_database, f"owner_of_{name}", f"writer_of_{name}", f"reader_of_{name}")
    postgres_server.role(made.owner, "LOGIN CREATEROLE")
    postgres_database.execute(f"ALTER DATABASE {name} OWNER TO {made.owner}")
    with psycopg.connect(**postgres_database.as_role(made.owner).arguments, autocommit=True) as connection:
        set_up(connection, "rollbook", Roles(made.writer, made.reader))
    store = made.open(made.writer)
    first = batch("place/1", 1)
    first.identity, first.held_bytes, first.messages = [ROW], [(HELD, b"x")], [MessageRow(b"s", b"m", bytes(32))]
    store.append(first)
    store.close()
    yield made
    for session in made.sessions.values():
        session.close()
    postgres_database.drop_roles(made.writer, made.reader, made.owner)


@pytest.fixture
def office(postgres_server: Server, postgres_database: Database) -> Iterator[Office]:
    with set_up_office(postgres_server, postgres_database) as made:
        yield made


@pytest.fixture(scope="module")
def unchanged(postgres_server: Server) -> Iterator[Office]:
    """One for every test in which nothing may be changed."""
    with postgres_server.database() as database, set_up_office(postgres_server, database) as made:
        yield made


def test_the_writer_adds_entries_moves_tracking_and_clears_what_is_done(office: Office) -> None:
    writer = office.open(office.writer)
    second = batch("place/2", 2)
    second.held_done = [HELD]
    assert writer.append(second).last == 4
    writer.drop_identities([ROW])
    assert [r.state for r in writer.read_positions(1, 9)] == [b"one", b"two"] * 2
    assert (writer.tracking_position("source"), writer.held_ids(), list(writer.all_identities())) == (2, [], [])
    writer.close()


def test_the_reader_sees_entries_and_nothing_beside_them(unchanged: Office) -> None:
    reader = unchanged.open(unchanged.reader)
    assert [r.state for r in reader.read_positions(1, 9)] == [b"one", b"two"]
    reader.close()
    for table in ("identity", "held_bytes", "messages", "tracking"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            unchanged.try_as(unchanged.reader, f"SELECT * FROM {table}")


COLUMN = {
    "stored_events": "state", "streams": "name", "topics": "topic", "tracking": "notification_id", "identity": "id",
    "messages": "hash", "held_bytes": "bytes", "layout": "does",
}  # fmt: skip
CHANGES = {
    "update": "UPDATE {t} SET {c} = {c}",
    "delete": "DELETE FROM {t}",
    "truncate": "TRUNCATE {t}",
    "replace on conflict": "INSERT INTO {t} SELECT * FROM {t} ON CONFLICT ON CONSTRAINT {t}_pkey DO UPDATE SET {c} = excluded.{c}",
    "merge": "MERGE INTO {t} USING {t} AS other ON false WHEN MATCHED THEN DELETE",
    "drop": "DROP TABLE {t}",
    "rename": "ALTER TABLE {t} RENAME TO elsewhere",
    "switch the guard off": "ALTER TABLE {t} DISABLE TRIGGER ALL",
    "add a trigger": "CREATE TRIGGER mine BEFORE INSERT ON {t} EXECUTE FUNCTION refuse_change()",
    "add a rule": "CREATE RULE mine AS ON INSERT TO {t} DO INSTEAD NOTHING",
    "hide rows": "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
    "take it over": "ALTER TABLE {t} OWNER TO CURRENT_USER",
    "give rights away": "GRANT ALL ON {t} TO CURRENT_USER; TRUNCATE {t}",
    "lock others out": "BEGIN; LOCK TABLE {t} IN ACCESS EXCLUSIVE MODE",
}
NEEDED = {
    "tracking": {"update", "replace on conflict", "lock others out"},
    "identity": {"delete", "merge", "lock others out"},
    "held_bytes": {"delete", "merge", "lock others out"},
}
"""What the writer's work is, or comes with it: whoever may update or delete rows of a table may lock it."""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("who", ["writer", "reader"])
def test_neither_writer_nor_reader_can_change_a_table(unchanged: Office, who: str, change: str) -> None:
    role = unchanged.writer if who == "writer" else unchanged.reader
    for table in EVERYTHING:
        if who == "writer" and change in NEEDED.get(table, ()):
            continue
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            unchanged.try_as(role, CHANGES[change].format(t=table, c=COLUMN[table]))
    store = unchanged.open(unchanged.owner)
    assert [r.state for r in store.read_positions(1, 9)] == [b"one", b"two"]
    store.close()


ELSEWHERE = (
    "CREATE TABLE rollbook.mine (x int)",
    "CREATE TABLE public.mine (x int)",
    "CREATE TEMPORARY TABLE stored_events (x int)",
    "CREATE SCHEMA mine",
    "CREATE VIEW rollbook.mine AS SELECT 1",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION rollbook.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "DROP FUNCTION rollbook.refuse_change() CASCADE",
    "DROP SCHEMA rollbook CASCADE",
    "SET session_replication_role = replica",
    "SET ROLE {owner}",
    "SET SESSION AUTHORIZATION {owner}",
    "GRANT {owner} TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "CREATE ROLE accomplice",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/elsewhere'",
)


@pytest.mark.parametrize("statement", ELSEWHERE)
@pytest.mark.parametrize("who", ["writer", "reader"])
def test_neither_writer_nor_reader_can_make_anything_or_become_another(
    unchanged: Office, who: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        unchanged.try_as(
            unchanged.writer if who == "writer" else unchanged.reader, statement.format(owner=unchanged.owner)
        )


@pytest.mark.parametrize("table", EVERYTHING)
def test_the_reader_cannot_add_a_row(unchanged: Office, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        unchanged.try_as(unchanged.reader, f"INSERT INTO {table} DEFAULT VALUES")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        unchanged.try_as(unchanged.reader, f"COPY {table} FROM STDIN")


def test_the_guards_stand_in_a_session_that_skips_ordinary_triggers(office: Office) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="nothing recorded is altered"):
        office.try_as("postgres", "SET session_replication_role = replica", "DELETE FROM stored_events")
