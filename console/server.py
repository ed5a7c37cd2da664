"""The server profile: which PostgreSQL a home's ledger is in, who comes to it by which role, and setting it up.

`rollbook init` comes as the owner of the tables; every other verb comes as the writer, and a reading verb in
transactions that cannot write. A home names database and roles; passwords are libpq's to find, never ours to keep.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from console.problems import Refused
from domain.ledger.ledger import FOUNDING
from domain.ledger.postgres_connection import BadConnection, Connection, connect, without_secrets
from domain.ledger.postgres_setup import (
    DEFAULT_READER,
    DEFAULT_SCHEMA,
    DEFAULT_WRITER,
    Roles,
    has_ledger,
    left_to_do,
    require_ready,
    set_up,
)
from domain.ledger.postgres_store import PostgresStore, open_postgres
from schemas.codec import decode

KEYS = ("connection", "schema", "writer", "reader")
"""What `rollbook.toml` says of a server, all as text."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a ledger is, and its roles."""

    connection: str
    """As libpq reads it, without user or secrets."""
    schema: str = DEFAULT_SCHEMA
    writer: str = DEFAULT_WRITER
    reader: str = DEFAULT_READER

    @property
    def roles(self) -> Roles:
        """Who may use it beside the owner."""
        return Roles(self.writer, self.reader)

    @property
    def called(self) -> str:
        """As a sentence names it."""
        parts = conninfo_to_dict(self.connection)
        database = parts.get("dbname") or f"of the service {parts.get('service')}"
        at = f" at {parts['host']}" if parts.get("host") else ""
        return f"schema {self.schema} of the database {database}{at}"

    def as_settings(self) -> dict[str, str]:
        """For `rollbook.toml`."""
        return {name: getattr(self, name) for name in KEYS}

    @contextmanager
    def connected(self, user: str) -> Iterator[Connection]:
        """A session of a role. Refuses, with a sentence, a database that does not let it in."""
        with _connected(self.connection, user) as connection:
            yield connection

    def open(self, *, read_only: bool) -> PostgresStore:
        """The store, as the writer. Refuses, with a sentence, a database that is not there or not ready."""
        with _connected(self.connection, self.writer) as connection:
            require_ready(connection, self.schema)
        return open_postgres(self.connection, user=self.writer, schema=self.schema, create=False, read_only=read_only)


def server_of(said: dict[str, Any]) -> Server:
    """What `rollbook.toml` says. Refuses a connection that cannot be read, or that keeps a password."""
    try:
        parts = without_secrets(str(said["connection"]))
    except BadConnection as error:
        raise Refused(f"In rollbook.toml: {error}") from None
    parts.pop("user", None)
    return Server(make_conninfo("", **parts), **{name: str(said[name]) for name in KEYS[1:] if name in said})


def asked_for(database: str, **named: str | None) -> tuple[Server, str]:
    """What the options of `rollbook init` say: the server, and the owner's connection to it."""
    try:
        parts = without_secrets(database)
    except BadConnection as error:
        raise Refused(str(error)) from None
    owner = make_conninfo("", **parts)
    parts.pop("user", None)
    return Server(make_conninfo("", **parts), **{name: said for name, said in named.items() if said}), owner


class Owned:
    """A server, as the owner of its tables sees it."""

    def __init__(self, server: Server, connection: Connection, conninfo: str) -> None:
        self.server = server
        self._connection = connection
        self._conninfo = conninfo

    def founding(self) -> dict[str, Any] | None:
        """What entry 0 says of the ledger that is there, if there is one."""
        if not has_ledger(self._connection, self.server.schema):
            return None
        store = self.open()
        try:
            first = store.read_stream(FOUNDING)
        finally:
            store.close()
        if not first:
            raise Refused(f"The {self.server.called} holds entries, but no founding of a ledger; name another.")
        return decode(first[0].state)[1]

    def set_up(self) -> tuple[list[str], list[str]]:
        """(what was done, what is left for another to do), as sentences."""
        did = set_up(self._connection, self.server.schema, self.server.roles)
        return did, left_to_do(self._connection, self.server.schema, self.server.roles)

    def open(self) -> PostgresStore:
        """The store, as the owner: to found a ledger."""
        return open_postgres(self._conninfo, schema=self.server.schema, create=False)


@contextmanager
def as_owner(server: Server, conninfo: str) -> Iterator[Owned]:
    """A session of the owner. Refuses, with a sentence, a database that does not let it in."""
    with _connected(conninfo) as connection:
        yield Owned(server, connection, conninfo)


@contextmanager
def _connected(conninfo: str, user: str | None = None) -> Iterator[Connection]:
    connection = connect(conninfo, user)
    try:
        yield connection
    finally:
        connection.close()
