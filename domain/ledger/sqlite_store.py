"""The event store in one SQLite file: the library's process recorder, with dense positions and stamps of our own.

Streams and topics are small integers on disk and text at every interface. Triggers in the file refuse, whoever
connects, to change, remove or replace an entry; the Merkle log is what finds those who remove the triggers first.
"""

# ruff: noqa: S608 - what is put into the text of a statement is names of ours; every value is a parameter
from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eventsourcing import sqlite as library
from eventsourcing.persistence import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    Notification,
    NotSupportedError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)

from domain.ledger.shared import (
    AFTER_ALL_NAMES,
    BESIDE,
    HEADER_SIZE,
    PAGE,
    Bodies,
    Clock,
    ColumnarScan,
    LastEntry,
    Names,
    Window,
    Written,
    batch_of,
    last_at_or_before,
    require_head,
    require_versions,
    stamps,
    stream_name,
    system_clock,
)
from domain.ledger.store import (
    MESSAGE_HASH_SIZE,
    AlreadyTaken,
    Appended,
    Batch,
    CountRow,
    IdentityRow,
    Row,
    StaleDecision,
    TrackingRow,
)

if TYPE_CHECKING:
    from uuid import UUID

    import polars as pl

LOCK_TIMEOUT = 30
"""Seconds to wait for another writer."""
ROWS_AT_ONCE = 50
"""Entries per INSERT statement: a third faster than one by one."""
NAMES_AT_ONCE = 500

TABLES = (
    "CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS topics (id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS stored_events (position INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL,"
    " stream INTEGER NOT NULL, version INTEGER NOT NULL, topic INTEGER NOT NULL, state BLOB NOT NULL,"
    " UNIQUE (stream, version))",
    "CREATE TABLE IF NOT EXISTS tracking (application_name TEXT, notification_id INTEGER,"
    " PRIMARY KEY (application_name)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS identity (key BLOB NOT NULL, valid_from INTEGER NOT NULL, id BLOB NOT NULL,"
    " PRIMARY KEY (key, valid_from, id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS messages (source BLOB NOT NULL, message BLOB NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY (source, message)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS held_bytes (id BLOB NOT NULL PRIMARY KEY, bytes BLOB NOT NULL)",
)
UNCHANGING = ("stored_events", "streams", "topics")
GUARDS = (
    *(
        f"CREATE TRIGGER IF NOT EXISTS no_{verb.lower()}_of_{table} BEFORE {verb} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, 'The ledger refuses {verb} of {table}: nothing recorded is altered.'); END"
        for table in UNCHANGING
        for verb in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE fires no delete trigger on a connection without recursive_triggers: so a new entry must be new.
    "CREATE TRIGGER IF NOT EXISTS next_of_stored_events BEFORE INSERT ON stored_events"
    " WHEN NEW.position IS NOT coalesce((SELECT max(position) FROM stored_events), 0) + 1"
    " OR NEW.version IS NOT coalesce((SELECT max(version) FROM stored_events WHERE stream = NEW.stream) + 1,"
    " NEW.version IN (0, 1) AND NEW.version)"
    " BEGIN SELECT RAISE(ABORT, 'An entry takes the next position and the next version of its stream.'); END",
    *(
        f"CREATE TRIGGER IF NOT EXISTS next_of_{table} BEFORE INSERT ON {table}"
        f" WHEN NEW.id IS NOT coalesce((SELECT max(id) FROM {table}), 0) + 1"
        f" OR EXISTS (SELECT 1 FROM {table} WHERE {text} = NEW.{text})"
        f" BEGIN SELECT RAISE(ABORT, 'A row of {table} takes the next number and a new text.'); END"
        for table, text in (("streams", "name"), ("topics", "topic"))
    ),
)
ONE_ROW = "(?,?,?,?,?,?)"
INSERT_ROW = f"INSERT INTO stored_events VALUES {ONE_ROW}"
INSERT_ROWS = f"INSERT INTO stored_events VALUES {','.join([ONE_ROW] * ROWS_AT_ONCE)}"
SELECT_HEAD = "SELECT position, recorded_at FROM stored_events ORDER BY position DESC LIMIT 1"
ENTRIES = "stored_events e JOIN streams s ON s.id = e.stream JOIN topics t ON t.id = e.topic"
SELECT_ROWS = f"SELECT e.position, e.recorded_at, s.name, e.version, t.topic, e.state FROM {ENTRIES}"

ERRORS: tuple[tuple[type[sqlite3.Error], type[PersistenceError]], ...] = (
    (sqlite3.InterfaceError, InterfaceError),
    (sqlite3.DataError, DataError),
    (sqlite3.OperationalError, OperationalError),
    (sqlite3.IntegrityError, IntegrityError),
    (sqlite3.InternalError, InternalError),
    (sqlite3.ProgrammingError, ProgrammingError),
    (sqlite3.NotSupportedError, NotSupportedError),
    (sqlite3.DatabaseError, DatabaseError),
    (sqlite3.Error, PersistenceError),
)


@contextmanager
def library_errors() -> Iterator[None]:
    """Raise the errors of `sqlite3` under the library's names."""
    try:
        yield
    except sqlite3.Error as error:
        raise next(ours for theirs, ours in ERRORS if isinstance(error, theirs))(str(error)) from error


class Connection(library.SQLiteConnection):
    """A connection whose writing transactions take the lock at once: they read the head before they write."""

    @property
    def raw(self) -> sqlite3.Connection:
        """The connection of the standard library."""
        return self._sqlite_conn

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[library.SQLiteCursor]:
        """The library's transaction, but BEGIN IMMEDIATE where it writes: a deferred one is refused after reading."""
        if not commit:
            with super().transaction(commit=False) as cursor:
                yield cursor
            return
        with library_errors():
            self.begin()
            try:
                with self.cursor() as cursor:
                    yield library.SQLiteCursor(cursor)
                self.raw.commit()
            finally:
                self.end()

    def begin(self) -> None:
        """Take the append lock, or say that somebody else kept it too long."""
        try:
            self.raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise OperationalError("Another writer has kept the ledger locked for too long: try again.") from error
            raise

    def end(self) -> None:
        """Undo whatever has not been committed."""
        if self.raw.in_transaction:
            self.raw.rollback()


class Pool(library.SQLiteConnectionPool):
    """Connections that are durable at each commit, and on which REPLACE counts as a deletion."""

    def _create_connection(self) -> Connection:
        with library_errors():
            raw = sqlite3.connect(
                self.db_name,
                uri=True,
                check_same_thread=False,
                isolation_level=None,
                timeout=self.lock_timeout or LOCK_TIMEOUT,
            )
            for pragma in (
                "page_size=8192",
                "journal_mode=WAL",
                "synchronous=FULL",
                "recursive_triggers=ON",
                "cache_size=-32000",
            ):
                raw.execute(f"PRAGMA {pragma}")
            raw.row_factory = sqlite3.Row
        return Connection(sqlite_conn=raw, max_age=self.max_age)

    def close(self) -> None:
        """Close the connections that nobody uses, and each of the others when it is given back.

        The library closes them under the feet of the threads that use them, and `sqlite3` then ends the process with
        a segmentation fault (seen with eventsourcing 9.5.6 on Python 3.11).
        """
        with self._put_condition:
            self._closed = True
            while self._pool:
                self._pool.popleft().close()

    def put_connection(self, conn: library.SQLiteConnection) -> None:
        """Take a connection back; close it if the pool was closed meanwhile."""
        with self._put_condition:
            if self._closed:
                self._in_use.pop(id(conn), None)
                conn.close()
                conn.in_use.release()
                if conn.is_writer:
                    self._writer_lock.release()
                return
            super().put_connection(conn)


class Datastore(library.SQLiteDatastore):
    """A database file, made with owner-only rights (its WAL inherits them)."""

    def __init__(
        self,
        path: str | Path,
        *,
        originator_id_type: Literal["uuid", "text"] = "text",
        pool_size: int = 5,
        max_overflow: int = 10,
    ) -> None:
        name = str(path)
        if Pool.detect_memory_mode(name):
            raise ProgrammingError("A ledger needs a file: its readers and its writer hold connections of their own.")
        if not name.startswith("file:"):
            with suppress(FileExistsError):
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        super().__init__(db_name=name, originator_id_type=originator_id_type)
        self.pool = Pool(
            db_name=name,
            lock_timeout=LOCK_TIMEOUT,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=LOCK_TIMEOUT,
        )


class SQLiteStore(ColumnarScan, library.SQLiteProcessRecorder):
    """The `Store` of the embedded profile, and the recorder that the library's application uses."""

    def __init__(self, datastore: Datastore, *, clock: Clock = system_clock, simulated: bool = False) -> None:
        ColumnarScan.__init__(self)
        library.SQLiteProcessRecorder.__init__(self, datastore)
        self.clock = clock
        self.simulated = simulated
        self._streams = Names()
        self._topics = Names()

    # --- making it

    def construct_create_table_statements(self) -> list[str]:
        """Our tables and their guards instead of the library's."""
        return [*TABLES, *GUARDS]

    def create_table(self) -> None:
        """Make the tables and triggers that are not there yet."""
        with self.datastore.transaction(commit=True) as cursor:
            for statement in self.create_table_statements:
                cursor.execute(statement)
            cursor.execute(
                "INSERT INTO tracking VALUES (?, 1) ON CONFLICT DO NOTHING", (self.table_migration_identifier,)
            )

    def close(self) -> None:
        """Release the database."""
        self.datastore.close()

    # --- appending

    def append(self, batch: Batch) -> Appended:
        """Write a batch in one transaction, durably. See `Store.append`."""
        require_versions(batch.chunks)
        with self._lock() as connection:
            return self._append(connection, batch)

    @contextmanager
    def locked(self) -> Iterator[Callable[[Batch], Appended]]:
        """Hold the append lock and yield an `append` to use once under it. Reads go through other connections."""
        with self._lock() as connection:

            def append(batch: Batch) -> Appended:
                require_versions(batch.chunks)
                if not connection.raw.in_transaction:
                    raise ProgrammingError("The append lock has been given back: ask for it again.")
                return self._append(connection, batch)

            yield append

    @contextmanager
    def _lock(self) -> Iterator[Connection]:
        with self.datastore.get_connection(commit=True) as connection:
            assert isinstance(connection, Connection)
            with library_errors():
                connection.begin()
                try:
                    yield connection
                finally:
                    connection.end()

    def _append(self, connection: Connection, batch: Batch) -> Appended:
        cursor = connection.raw.cursor()
        cursor.row_factory = None
        try:
            written = self._write(cursor, batch)
        finally:
            cursor.close()
        self._commit_or_ask(connection, written)
        self._streams.learn(written.streams)
        self._topics.learn(written.topics)
        return written.appended

    def _write(self, cursor: sqlite3.Cursor, batch: Batch) -> Written:
        """Everything but the commit, under the lock."""
        self._write_tracking(cursor, batch.tracking, batch.counted)
        position, last = cursor.execute(SELECT_HEAD).fetchone() or (0, 0)
        require_head(batch.expected_head, position)
        chunks = [chunk for chunk in batch.chunks if chunk.states]
        given = stamps(chunks, last, self.clock, simulated=self.simulated) if chunks else []
        streams = self._numbers(cursor, "streams", "name", self._streams, {c.stream for c in chunks})
        topics = self._numbers(cursor, "topics", "topic", self._topics, {c.topic for c in chunks})
        first = position + 1
        values: list[Any] = []
        for chunk, stamp in zip(chunks, given, strict=True):
            stream, topic, version = streams[chunk.stream], topics[chunk.topic], chunk.version
            for state in chunk.states:
                position += 1
                version += 1
                values += (position, stamp, stream, version, topic, state)
        self._write_entries(cursor, values)
        self._write_beside(cursor, batch)
        return Written(
            appended=Appended(first, position, given[-1] if given else last),
            last=LastEntry._make((*values[-6:-2], values[-1])) if values else None,
            tracking=batch.tracking,
            streams={name: streams[name] for name in streams if name not in self._streams.ids},
            topics={name: topics[name] for name in topics if name not in self._topics.ids},
        )

    def _numbers(
        self, cursor: sqlite3.Cursor, table: str, column: str, names: Names, wanted: set[str]
    ) -> dict[str, int]:
        """The numbers of these texts; new ones are added to the table, and learned only after the commit."""
        known = names.ids
        numbers: dict[str, int] = {}
        new: list[str] = []
        for text in sorted(wanted):
            number = known.get(text)
            if number is None:
                found = cursor.execute(f"SELECT id FROM {table} WHERE {column} = ?", (text,)).fetchone()
                if found is None:
                    new.append(text)
                    continue
                number = found[0]
            numbers[text] = number
        if new:
            (highest,) = cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
            added = {text: highest + i for i, text in enumerate(new, 1)}
            cursor.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(i, text) for text, i in added.items()])
            numbers.update(added)
        return numbers

    def _write_entries(self, cursor: sqlite3.Cursor, values: list[Any]) -> None:
        width = 6 * ROWS_AT_ONCE
        whole = len(values) // width * width
        try:
            cursor.executemany(INSERT_ROWS, (values[i : i + width] for i in range(0, whole, width)))
            cursor.executemany(INSERT_ROW, (values[i : i + 6] for i in range(whole, len(values), 6)))
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorname == "SQLITE_CONSTRAINT_TRIGGER":
                raise StaleDecision("A stream of this batch has moved since the decision was made.") from error
            raise

    def _write_tracking(
        self, cursor: sqlite3.Cursor, tracking: Iterable[TrackingRow], counted: Sequence[CountRow] = ()
    ) -> None:
        for name, position, after in tracking:
            if after is not None and after != (stands := self._max_tracking(cursor, name) or 0):
                raise AlreadyTaken(f"{name} stands at {stands}, not at {after}: another consumer took it further.")
            row = {"application_name": name, "notification_id": position}
            if cursor.execute(self.insert_tracking_statement, row).fetchone() is None:
                raise AlreadyTaken(f"{name} has already been taken in up to delivery {position} or further.")
        cursor.executemany(
            "INSERT INTO tracking VALUES (?, ?) ON CONFLICT (application_name)"
            " DO UPDATE SET notification_id = notification_id + excluded.notification_id",
            counted,
        )

    def _write_beside(self, cursor: sqlite3.Cursor, batch: Batch) -> None:
        """The rows that share the transaction with the entries."""
        cursor.executemany(
            "INSERT INTO identity VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(row.key, row.valid_from, row.id) for row in batch.identity],
        )
        try:
            cursor.executemany(
                "INSERT INTO messages VALUES (?, ?, ?)",
                [(row.source, row.message, row.hash[:MESSAGE_HASH_SIZE]) for row in batch.messages],
            )
        except sqlite3.IntegrityError as error:
            raise StaleDecision("A message of this batch was taken in since the decision was made.") from error
        cursor.executemany("INSERT INTO held_bytes VALUES (?, ?)", batch.held_bytes)
        cursor.executemany("DELETE FROM held_bytes WHERE id = ?", [(held,) for held in batch.held_done])

    def _commit_or_ask(self, connection: Connection, written: Written) -> None:
        """Commit; if that fails, find out from the database whether it went through all the same."""
        try:
            self._commit(connection)
        except (sqlite3.OperationalError, sqlite3.InterfaceError, OperationalError, InterfaceError):
            with suppress(sqlite3.Error):
                connection.end()
            if not (written.can_be_recognised and self._is_stored(written)):
                raise

    def _commit(self, connection: Connection) -> None:
        connection.raw.commit()

    def _is_stored(self, written: Written) -> bool:
        """Whether the log holds the last entry of this batch, in its place and to the byte, and its tracking rows.

        Bodies are salted, so nobody else's entry can pass for ours; a batch without entries is known by its tracking.
        """
        with self._reading() as cursor:
            if written.last is not None:
                found = cursor.execute(
                    "SELECT position, recorded_at, stream, version, state FROM stored_events WHERE position = ?",
                    (written.last.position,),
                ).fetchone()
                if found != tuple(written.last):
                    return False
            return all((self._max_tracking(cursor, name) or 0) >= position for name, position, _ in written.tracking)

    # --- reading

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        """A read transaction with rows as plain tuples."""
        with self.datastore.transaction(commit=False) as wrapped:
            cursor = wrapped.sqlite_cursor
            cursor.row_factory = None
            yield cursor

    def head(self) -> tuple[int, int]:
        """(position, recorded_at) of the last entry; (0, 0) for an empty ledger."""
        with self._reading() as cursor:
            position, recorded_at = cursor.execute(SELECT_HEAD).fetchone() or (0, 0)
            return position, recorded_at

    def streams_written_since(self, position: int) -> set[str]:
        """Names of the streams with entries after `position`."""
        with self._reading() as cursor:
            found = cursor.execute(
                "SELECT name FROM streams WHERE id IN (SELECT stream FROM stored_events WHERE position > ?)",
                (position,),
            )
            return {name for (name,) in found}

    def read_stream(self, stream: str, after: int = 0) -> list[Row]:
        """The entries of a stream with version > after, in order."""
        with self._reading() as cursor:
            return self._read_stream(cursor, stream, after)

    def read_streams(self, streams: Iterable[str]) -> dict[str, list[Row]]:
        """The entries of many streams, each in order; streams without entries are left out."""
        with self._reading() as cursor:
            found = {stream: self._read_stream(cursor, stream, 0) for stream in streams}
        return {stream: rows for stream, rows in found.items() if rows}

    @staticmethod
    def _read_stream(cursor: sqlite3.Cursor, stream: str, after: int) -> list[Row]:
        found = cursor.execute(
            f"{SELECT_ROWS} WHERE s.name = ? AND e.version > ? ORDER BY e.version",
            (stream, after),
        )
        return list(map(Row._make, found))

    def stream_names(self, prefix: str, until: str | None = None) -> list[str]:
        """Names of streams that begin with `prefix` (or lie in [prefix, until) where `until` is given), sorted."""
        with self._reading() as cursor:
            found = cursor.execute(
                "SELECT name FROM streams WHERE name >= ? AND name < ? ORDER BY name",
                (prefix, prefix + AFTER_ALL_NAMES if until is None else until),
            )
            return [name for (name,) in found]

    def read_positions(self, first: int, last: int) -> Iterator[Row]:
        """Entries by position, inclusive; each page in a read transaction of its own."""
        first = max(first, 1)
        while first <= last:
            with self._reading() as cursor:
                found = cursor.execute(
                    f"{SELECT_ROWS} WHERE e.position BETWEEN ? AND ? ORDER BY e.position",
                    (first, min(last, first + PAGE - 1)),
                )
                page = list(map(Row._make, found))
            if not page:
                return
            yield from page
            first = page[-1].position + 1

    def last_position_at(self, moment: int) -> int:
        """The last position recorded at or before a moment (UTC microseconds); 0 if none."""
        with self._reading() as cursor:

            def recorded_at(position: int) -> int:
                found = cursor.execute("SELECT recorded_at FROM stored_events WHERE position = ?", (position,))
                stamp: int = found.fetchone()[0]
                return stamp

            (last,) = cursor.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()
            return last_at_or_before(moment, last, recorded_at)

    def tracking_position(self, name: str) -> int:
        """How far a name has been taken in; 0 if never."""
        with self._reading() as cursor:
            return self._max_tracking(cursor, name) or 0

    def tracking_rows(self, prefix: str) -> dict[str, int]:
        """Every tracking row whose name begins so, and where it stands."""
        with self._reading() as cursor:
            return dict(
                cursor.execute(
                    "SELECT application_name, notification_id FROM tracking"
                    " WHERE application_name >= ? AND application_name < ? ORDER BY 1",
                    (prefix, prefix + AFTER_ALL_NAMES),
                ).fetchall()
            )

    def _max_tracking(self, cursor: sqlite3.Cursor, name: str) -> int | None:
        found: int | None = cursor.execute(self.select_max_tracking_id_statement, (name,)).fetchone()[0]
        return found

    # --- the columnar path (see `ColumnarScan`)

    def _topic_numbers(self, topics: Sequence[str]) -> dict[int, str]:
        with self._reading() as cursor:
            found = dict(cursor.execute("SELECT id, topic FROM topics").fetchall())
        return {number: topic for number, topic in found.items() if not topics or topic in topics}

    def _stream_texts(self, numbers: Sequence[int]) -> list[str]:
        texts = self._streams.texts
        missing = [n for n in numbers if n not in texts]
        found: dict[int, str] = {}
        with self._reading() as cursor:
            for i in range(0, len(missing), NAMES_AT_ONCE):
                some = missing[i : i + NAMES_AT_ONCE]
                asked = f"SELECT id, name FROM streams WHERE id IN ({','.join('?' * len(some))})"
                found.update(cursor.execute(asked, some))
        self._streams.learn({name: number for number, name in found.items()})
        return [found[n] if n in found else texts[n] for n in numbers]

    @staticmethod
    def _chosen(window: Window, columns: str, header: bytes | None = None) -> tuple[str, list[Any]]:
        """Columns of the window's entries by position, as a subquery: ordered, whatever the aggregate outside does."""
        where = ["position BETWEEN ? AND ?"]
        parameters: list[Any] = [window.first, window.last]
        if window.topics:
            where.append(f"topic IN ({','.join('?' * len(window.topics))})")
            parameters += window.topics
        if window.stream_prefix is not None:
            where.append("stream IN (SELECT id FROM streams WHERE name >= ? AND name < ?)")
            parameters += (window.stream_prefix, window.stream_prefix + AFTER_ALL_NAMES)
        if header is not None:
            where.append(f"substr(state, 1, {HEADER_SIZE}) = ?")
            parameters.append(header)
        return f"(SELECT {columns} FROM stored_events WHERE {' AND '.join(where)} ORDER BY position)", parameters

    def _beside(self, window: Window) -> pl.DataFrame:
        import polars as pl

        whole = not window.topics and window.stream_prefix is None
        names = ["recorded_at", "stream", "version", "topic"] if whole else list(BESIDE)
        chosen, parameters = self._chosen(window, ", ".join(names))
        joined = ", ".join(f"group_concat({name})" for name in names)
        with self._reading() as cursor:
            count, *texts = cursor.execute(f"SELECT count(*), {joined} FROM {chosen}", parameters).fetchone()
        if not count:
            return pl.DataFrame(schema=dict.fromkeys(BESIDE, pl.Int64))
        columns = [integers(text).alias(name) for name, text in zip(names, texts, strict=True)]
        if whole:
            if count != window.last - window.first + 1:
                raise DataError(f"There are entries missing between positions {window.first} and {window.last}.")
            columns.insert(0, pl.int_range(window.first, window.last + 1, eager=True).alias("position"))
        return pl.DataFrame(columns)

    def _bodies(self, window: Window, header: bytes) -> Bodies:
        chosen, parameters = self._chosen(window, f"substr(state, {HEADER_SIZE + 1}) AS body", header)
        with self._reading() as cursor:
            count, length, blob = cursor.execute(
                f"SELECT count(*), sum(length(body)), CAST(group_concat(body, '') AS BLOB) FROM {chosen}", parameters
            ).fetchone()
        return Bodies(count, length or 0, blob or b"")

    def _headers(self, window: Window) -> dict[bytes, list[int]]:
        chosen, parameters = self._chosen(window, f"substr(state, 1, {HEADER_SIZE}), position")
        found: dict[bytes, list[int]] = {}
        with self._reading() as cursor:
            for header, position in cursor.execute(f"SELECT * FROM {chosen}", parameters):
                found.setdefault(header, []).append(position)
        return found

    def _states(self, window: Window, header: bytes) -> list[bytes]:
        chosen, parameters = self._chosen(window, "state", header)
        with self._reading() as cursor:
            return [state for (state,) in cursor.execute(f"SELECT * FROM {chosen}", parameters)]

    # --- the few tables beside the log

    def find_identities(self, keys: Iterable[bytes]) -> dict[bytes, list[IdentityRow]]:
        """Rows by key, each list in order of valid_from; keys without rows are left out."""
        with self._reading() as cursor:
            found = {
                key: [
                    IdentityRow(key, id_, valid_from)
                    for valid_from, id_ in cursor.execute(
                        "SELECT valid_from, id FROM identity WHERE key = ? ORDER BY valid_from, id", (key,)
                    )
                ]
                for key in keys
            }
        return {key: rows for key, rows in found.items() if rows}

    def all_identities(self) -> Iterator[IdentityRow]:
        """Every row, by key."""
        after: tuple[bytes, int, bytes] = (b"", -(2**62), b"")
        while True:
            with self._reading() as cursor:
                page = cursor.execute(
                    "SELECT key, valid_from, id FROM identity WHERE (key, valid_from, id) > (?, ?, ?)"
                    " ORDER BY key, valid_from, id LIMIT ?",
                    (*after, PAGE),
                ).fetchall()
            if not page:
                return
            for key, valid_from, id_ in page:
                yield IdentityRow(key, id_, valid_from)
            after = page[-1]

    def drop_identities(self, rows: Iterable[IdentityRow]) -> None:
        """Remove rows whose time is over."""
        self.replace_identities((), rows)

    def replace_identities(
        self, add: Iterable[IdentityRow], drop: Iterable[IdentityRow], expected_head: int | None = None
    ) -> None:
        """Remove rows and add others, in one transaction under the append lock. See `Store.replace_identities`."""
        with self._lock() as connection:
            require_head(expected_head, connection.raw.execute("SELECT max(position) FROM stored_events").fetchone()[0])
            connection.raw.executemany(
                "DELETE FROM identity WHERE key = ? AND valid_from = ? AND id = ?",
                ((row.key, row.valid_from, row.id) for row in drop),
            )
            connection.raw.executemany(
                "INSERT INTO identity VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                ((row.key, row.valid_from, row.id) for row in add),
            )
            self._commit(connection)

    def find_messages(self, keys: Iterable[tuple[bytes, bytes]]) -> dict[tuple[bytes, bytes], bytes]:
        """By (source, message), for those already taken in: the first 16 bytes of the SHA-256."""
        wanted = list(keys)
        found: dict[tuple[bytes, bytes], bytes] = {}
        with self._reading() as cursor:
            for i in range(0, len(wanted), NAMES_AT_ONCE):
                some = wanted[i : i + NAMES_AT_ONCE]
                # A join, not `IN (VALUES ...)`: SQLite finds no index for a pair in a list, and would read the table.
                asked = (
                    f"WITH wanted (source, message) AS (VALUES {_pairs(some)}) SELECT m.source, m.message, m.hash"
                    " FROM wanted w CROSS JOIN messages m ON m.source = w.source AND m.message = w.message"
                )
                for source, message, digest in cursor.execute(asked, [name for pair in some for name in pair]):
                    found[source, message] = digest
        return found

    def held_bytes(self, held: bytes) -> bytes | None:
        """The encrypted bytes of a held input, while they are kept."""
        with self._reading() as cursor:
            row = cursor.execute("SELECT bytes FROM held_bytes WHERE id = ?", (held,)).fetchone()
        return None if row is None else row[0]

    def held_ids(self) -> list[bytes]:
        """Ids of the held inputs whose bytes are kept: those that nobody has resolved."""
        with self._reading() as cursor:
            return [row[0] for row in cursor.execute("SELECT id FROM held_bytes ORDER BY id")]

    # --- the library's own interface

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append the library's stored events, with its tracking if given; returns their positions."""
        tracking: Tracking | None = kwargs.get("tracking")
        row = None if tracking is None else TrackingRow(tracking.application_name, tracking.notification_id)
        with self._lock() as connection:
            appended = self._append(connection, batch_of(stored_events, row))
        return list(range(appended.first, appended.last + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The stored events of one aggregate."""
        with self._reading() as cursor:
            found = cursor.execute(
                f"SELECT e.version, t.topic, e.state FROM {ENTRIES} WHERE s.name = ? AND e.version BETWEEN ? AND ?"
                f" ORDER BY e.version {'DESC' if desc else 'ASC'} LIMIT ?",
                (
                    stream_name(originator_id),
                    -1 if gt is None else gt + 1,
                    2**62 if lte is None else lte,
                    -1 if limit is None else limit,
                ),
            )
            return [StoredEvent(originator_id, version, topic, state) for version, topic, state in found]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The library's page of the log."""
        first = 1 if start is None else start if inclusive_of_start else start + 1
        chosen = f" AND t.topic IN ({','.join('?' * len(topics))})" if topics else ""
        with self._reading() as cursor:
            found = cursor.execute(
                f"{SELECT_ROWS} WHERE e.position BETWEEN ? AND ?{chosen} ORDER BY e.position LIMIT ?",
                (first, 2**62 if stop is None else stop, *topics, limit),
            )
            return [
                Notification(
                    id=position,
                    originator_id=self.convert_originator_id(name),
                    originator_version=version,
                    topic=topic,
                    state=state,
                )
                for position, _, name, version, topic, state in found
            ]


def _pairs(some: Sequence[object]) -> str:
    """A place holder for each pair."""
    return ",".join(["(?,?)"] * len(some))


def integers(text: str) -> pl.Series:
    """A column of integers from what group_concat made of it."""
    import polars as pl

    lines = io.BytesIO(text.replace(",", "\n").encode())
    return pl.read_csv(lines, has_header=False, schema={"number": pl.Int64})["number"]


def open_sqlite(path: str | Path, *, clock: Clock = system_clock, simulated: bool = False) -> SQLiteStore:
    """The store in this file, made if it is not there."""
    store = SQLiteStore(Datastore(path), clock=clock, simulated=simulated)
    store.create_table()
    return store
