"""Two sessions that make answers side by side: for a rebuild, of which nothing is seen before it is put in place.

One session works on one core, but for the scans that PostgreSQL shares out by itself. Here an answer is begun as soon
as those that it reads are there, and indexes are made when a session is free, beside the answers that do not wait for
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Composed

HANDS: Final = 2

SETTINGS: Final = (
    # Nothing here must last before it is put in place, and that commit takes everything before it along.
    "SET synchronous_commit = off",
    # A projector that was killed makes nothing more; the next waits for this.
    "SET client_connection_check_interval = '500ms'",
    # Indexes may still be missing, and every answer reads nearly all rows: a loop that was misjudged would not end.
    "SET enable_nestloop = off",
    # The sessions share the cores out; that each shares out its own work as well took an eighth more of the time.
    "SET max_parallel_workers_per_gather = 1",
    "SET max_parallel_maintenance_workers = 0",
)
HELD: Final = "SELECT pg_advisory_lock_shared(hashtextextended(%s, 2))"
"""Held by each session, by the name of the ledger's schema."""


class Hands:
    """Sessions at work. What fails in one is raised by the next call that waits for it."""

    def __init__(self, connections: Sequence[psycopg.Connection[Any]], held: str) -> None:
        """The connections are this object's own from now on."""
        self._connections = connections
        self._free: SimpleQueue[psycopg.Connection[Any]] = SimpleQueue()
        for connection in connections:
            for setting in SETTINGS:
                connection.execute(SQL(setting))
            connection.execute(SQL(HELD), [held])
            self._free.put(connection)
        self._threads = ThreadPoolExecutor(len(connections), thread_name_prefix="hand")
        self._answers: dict[str, Future[None]] = {}
        self._later: list[Future[None]] = []

    def make(self, name: str, statements: Sequence[Composed], later: Sequence[Composed]) -> None:
        """Make an answer by these statements; then the others, for which nobody waits but `finish`."""

        def whole() -> None:
            self._run(statements)
            for statement in later:
                self.later(statement)

        self._answers[name] = self._threads.submit(whole)

    def later(self, statement: Composed) -> None:
        """Run a statement when a session is free."""
        self._later.append(self._threads.submit(self._run, (statement,)))

    def wait(self, names: Iterable[str]) -> None:
        """Until these answers are made, as far as they are made here."""
        for name in names:
            if name in self._answers:
                self._answers[name].result()

    def finish(self) -> None:
        """Until everything is made."""
        self.wait(list(self._answers))
        self._answers.clear()
        while self._later:
            self._later.pop().result()

    @property
    def lost(self) -> bool:
        """Whether the server ended one of the sessions."""
        return any(connection.broken for connection in self._connections)

    def close(self) -> None:
        """Stop whatever is under way, and let go."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for connection in self._connections:
            with suppress(psycopg.Error):
                connection.cancel_safe()
        self._threads.shutdown(wait=True)
        for connection in self._connections:
            connection.close()

    def _run(self, statements: Sequence[Composed]) -> None:
        connection = self._free.get()
        try:
            for statement in statements:
                connection.execute(statement)
        finally:
            self._free.put(connection)
