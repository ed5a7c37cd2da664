"""How a ledger's PostgreSQL is reached: what a connection may say, and one plain sentence for each way it can fail.

Secrets are no part of it: libpq finds a password in PGPASSWORD, a password file or a service file by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import psycopg
from eventsourcing import postgres as library
from eventsourcing.persistence import InternalError, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row
from psycopg_pool import PoolTimeout

Connection = psycopg.Connection[Any]

SECRETS = ("password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")
CONNECT_TIMEOUT = 10
"""Seconds to wait for an answer where the connection says nothing of it."""
POOL_TIMEOUT = 30.0
"""Seconds that a running verb waits for a server that went away: about what a restart takes."""
EXAMPLE = "postgresql://owner@host/database"


class BadConnection(ValueError):
    """What was given as a connection cannot be used as one; the message never repeats it."""


class Unreachable(OperationalError):
    """The database does not let us in, or is not there; the message says which, and what to do."""


class ConnectionLost(OperationalError):
    """The database went away at work."""


def without_secrets(text: str) -> dict[str, str]:
    """A connection as libpq reads it (a URL, or key=value), by its parts. Refuses secrets: they belong elsewhere."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(text).items() if value not in (None, "")}
    except psycopg.ProgrammingError:
        raise BadConnection(f"The connection cannot be read; write {EXAMPLE}.") from None
    if any(name in parts for name in SECRETS):
        raise BadConnection(
            "The connection holds a password, which would stay in files and in lists of processes; leave it out, and "
            "set PGPASSWORD or write it into ~/.pgpass."
        )
    if "dbname" not in parts and "service" not in parts:
        raise BadConnection(f"The connection names no database; write {EXAMPLE}.")
    return parts


def connect(conninfo: str, user: str | None = None) -> Connection:
    """A connection of its own, in autocommit. Raises Unreachable with a sentence."""
    parts = conninfo_to_dict(conninfo)
    given: dict[str, Any] = {} if user is None else {"user": user}
    if "connect_timeout" not in parts:
        given["connect_timeout"] = CONNECT_TIMEOUT
    try:
        connection: Connection = psycopg.connect(conninfo, autocommit=True, application_name="rollbook", **given)
    except psycopg.OperationalError as error:
        raise Unreachable(_why(str(error), parts | given)) from error
    return connection


WHY = (
    ("no password supplied", "PostgreSQL asks for the password of the role {user}; {password}."),
    ("password authentication failed", "PostgreSQL does not take the password of the role {user}; {password}."),
    ("Peer authentication failed", "PostgreSQL does not take this account of the machine for the role {user}; {hba}."),
    ("authentication failed", "PostgreSQL does not let the role {user} in; {hba}."),
    ("no pg_hba.conf entry", "PostgreSQL lets nobody in as {user} from here; {hba}."),
    ("permission denied for database", "The role {user} may not connect; as the database's owner, run: {grant};"),
    ("is not permitted to log in", "The role {user} may not log in; as a superuser, run: ALTER ROLE {user} LOGIN;"),
    ("role .* does not exist", "There is no role {user} at {host}; rollbook init makes the writer and the reader."),
    ("database .* does not exist", "There is no database {dbname} at {host}; make it with createdb -O OWNER {dbname}."),
    ('service file ".*" not found', "There is no service file of PostgreSQL where PGSERVICEFILE says."),
    ("definition of service .* not found", "There is no service {service} in the service file of PostgreSQL."),
    ("starting up|shutting down|in recovery", "PostgreSQL at {host} is starting or stopping; try again in a moment."),
    ("too many (clients|connections)", "PostgreSQL at {host} has no connection left; raise max_connections."),
    (
        "Connection refused|No such file or directory|could not translate|resolve|timeout expired|timed out|No route",
        "No PostgreSQL answers at {host}; start it, or name the right host and port.",
    ),
)
"""What the server or libpq says before there is a connection, which has no code to go by, and what we say."""
_ADVICE = {
    "password": "set PGPASSWORD, or write it into ~/.pgpass with rights 0600",
    "hba": "mend its pg_hba.conf, or name another role",
}


def _why(said: str, parts: dict[str, Any]) -> str:
    import re

    named = re.search(r'(?:role|user) "([^"]+)"', said)
    host = str(parts.get("host") or parts.get("hostaddr") or "the local socket")
    port = parts.get("port")
    user = str(parts.get("user") or (named.group(1) if named else "of this account"))
    dbname = str(parts.get("dbname") or "?")
    words = {
        "user": user,
        "host": f"{host}:{port}" if port else host,
        "dbname": dbname,
        "service": str(parts.get("service") or "?"),
        "grant": f"GRANT CONNECT ON DATABASE {dbname} TO {user}",
        **_ADVICE,
    }
    for pattern, sentence in WHY:
        if re.search(pattern, said, re.IGNORECASE):
            return sentence.format_map(words)
    first = said.strip().splitlines()[0] if said.strip() else "it gives no reason"
    return f"PostgreSQL at {words['host']} cannot be used: {first.removeprefix('connection failed: ')}"


class Datastore(library.PostgresDatastore):
    """Connections that commit durably, and at READ COMMITTED: each statement after the lock sees what it waited for."""

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "",
        read_only: bool = False,
        originator_id_type: Literal["uuid", "text"] = "text",
    ) -> None:
        self._read_only = read_only
        super().__init__(
            dbname="",
            host="",
            port="",
            user="",
            password="",
            connect_timeout=POOL_TIMEOUT,
            pool_size=1,  # most commands need no second one, and each takes a server a hundredth of a second
            max_overflow=14,
            schema=schema,
            originator_id_type=originator_id_type,
        )
        # The library passes each part by name, an empty password too, and that would hide PGPASSWORD from libpq.
        self.pool.conninfo = make_conninfo(conninfo, application_name="rollbook")
        self.pool.kwargs = {"row_factory": dict_row}
        # Its workers log what they could not reach; the sentence is in the error.
        logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())

    def after_connect_func(self) -> Callable[[Connection], None]:
        """Set every new connection up; called by the pool."""
        inherited = super().after_connect_func()
        settings = "SET synchronous_commit = on"
        if self._read_only:
            settings += "; SET default_transaction_read_only = on"

        def after_connect(connection: Connection) -> None:
            inherited(connection)
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            connection.execute(settings)

        return after_connect

    def register_type_adapters(self) -> None:
        """The library's composite types serve its database functions, which never run here (they skip tracking)."""

    @contextmanager
    def get_connection(self) -> Iterator[Connection]:
        """A connection of the pool. Raises ConnectionLost, with a sentence, where the server went away."""
        used: list[Connection] = []
        try:
            with super().get_connection() as connection:
                used.append(connection)
                yield connection
        except OperationalError as error:
            cause = error.__cause__
            if isinstance(cause, PoolTimeout):
                raise ConnectionLost(
                    f"PostgreSQL has not answered for {POOL_TIMEOUT:.0f} s; once it does, run the same command again: "
                    "it goes on from what was committed."
                ) from error
            ended = isinstance(cause, (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown))
            if isinstance(cause, psycopg.OperationalError) and (ended or (used and used[0].broken)):
                self.pool.check()  # the others died with it; whoever asks next gets one that lives
                raise ConnectionLost(
                    "The connection to PostgreSQL was lost; run the same command again: it goes on from what was "
                    "committed."
                ) from error
            raise
        except InternalError as error:
            if isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction) and not self._read_only:
                # A standby that took over has not been promoted yet, or an administrator holds the database still.
                raise ConnectionLost(
                    "PostgreSQL takes no writes now: the database is read-only; once it takes them, run the same "
                    "command again: it goes on from what was committed."
                ) from error
            raise
