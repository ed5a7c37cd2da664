"""Two sessions that make answers side by side: for a rebuild, of which nothing is seen before it is put in place.

One session works on one core, but for the scans that PostgreSQL shares out by itself. Here an answer is begun as soon
as those that it reads are there, whatever was asked for before it: of three large ones one used to run alone. Nobody
waits for indexes, so they fill whatever time is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread
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


@dataclass(frozen=True, eq=False)
class _Task:
    """What one session does at one go."""

    rank: tuple[bool, int]
    """What others wait for comes first; then as it was asked for."""
    name: str | None
    statements: Sequence[Composed]
    needs: frozenset[str] = frozenset()
    later: Sequence[Composed] = ()
    told: Callable[[str], None] | None = None


class Hands:
    """Sessions at work. What fails in one is raised by whoever waits next, and nothing else is begun."""

    def __init__(self, connections: Sequence[psycopg.Connection[Any]], held: str) -> None:
        """The connections are this object's own from now on."""
        self._connections = connections
        for connection in connections:
            for setting in SETTINGS:
                connection.execute(SQL(setting))
            connection.execute(SQL(HELD), [held])
        self._changed = Condition()
        self._asked = 0
        self._waiting: list[_Task] = []
        self._under_way = 0
        self._unmade: set[str] = set()
        self._failed: BaseException | None = None
        self._closed = False
        self._threads = [
            Thread(target=self._work, args=(connection,), name="hand", daemon=True) for connection in connections
        ]
        for thread in self._threads:
            thread.start()

    def make(
        self,
        name: str,
        statements: Sequence[Composed],
        *,
        needs: Iterable[str] = (),
        later: Sequence[Composed] = (),
        told: Callable[[str], None] | None = None,
    ) -> None:
        """Make an answer by these statements, once those that it `needs` are made, as far as they are made here; then
        the `later` ones, for which nobody waits but `finish`. `told` hears the name when the work on it begins."""
        with self._changed:
            self._unmade.add(name)
            self._add(_Task((False, self._asked), name, statements, frozenset(needs), later, told))

    def later(self, statement: Composed) -> None:
        """Run a statement when a session has nothing else to do."""
        with self._changed:
            self._add(_Task((True, self._asked), None, (statement,)))

    def wait(self, names: Iterable[str]) -> None:
        """Until these answers are made, as far as they are made here."""
        awaited = set(names)
        self._until(lambda: not awaited & self._unmade)

    def finish(self) -> None:
        """Until everything is made."""
        self._until(lambda: not self._waiting and not self._under_way)

    @property
    def lost(self) -> bool:
        """Whether the server ended one of the sessions."""
        return any(connection.broken for connection in self._connections)

    def close(self) -> None:
        """Stop whatever is under way, and let go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for connection in self._connections:
            with suppress(psycopg.Error):
                connection.cancel_safe()
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            connection.close()

    def _add(self, task: _Task) -> None:
        self._asked += 1
        self._waiting.append(task)
        self._changed.notify_all()

    def _until(self, done: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._failed is not None or done())
            if self._failed is not None:
                raise self._failed

    def _work(self, connection: psycopg.Connection[Any]) -> None:
        while (task := self._next()) is not None:
            try:
                if task.name is not None and task.told is not None:
                    task.told(task.name)
                for statement in task.statements:
                    connection.execute(statement)
            except BaseException as error:  # whatever it is, whoever waits must hear of it
                with self._changed:
                    self._failed = self._failed or error
            with self._changed:
                self._under_way -= 1
                if self._failed is None:
                    self._unmade.discard(task.name or "")
                    for statement in task.later:
                        self._add(_Task((True, self._asked), None, (statement,)))
                self._changed.notify_all()

    def _next(self) -> _Task | None:
        with self._changed:
            while not self._closed:
                ready = [task for task in self._waiting if not task.needs & self._unmade]
                if ready and self._failed is None:
                    task = min(ready, key=lambda one: one.rank)
                    self._waiting.remove(task)
                    self._under_way += 1
                    return task
                self._changed.wait()
            return None
