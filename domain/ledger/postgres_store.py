"""The event store in PostgreSQL: the library's process recorder, with dense positions and stamps of our own.

Writers take one advisory lock, in a statement of its own, before they read the head, so positions are dense and in
the order of commits. An owner makes the tables; the writer's role can add entries and cannot change or remove them.
"""

# ruff: noqa: S608 - what is put into the text of a statement is names of ours; every value is a parameter
from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import psycopg
from eventsourcing import postgres as library
from eventsourcing.persistence import (
    DataError,
    Notification,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from domain.ledger.postgres_connection import Connection, Datastore
from domain.ledger.postgres_setup import make_tables
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
    Chunk,
    CountRow,
    IdentityRow,
    Row,
    StaleDecision,
    TrackingRow,
)

if TYPE_CHECKING:
    from uuid import UUID

Cursor = psycopg.Cursor[tuple[Any, ...]]

SELECT_HEAD = "SELECT position, recorded_at FROM {s}.stored_events ORDER BY position DESC LIMIT 1"
ENTRIES = "{s}.stored_events e JOIN {s}.streams s ON s.id = e.stream JOIN {s}.topics t ON t.id = e.topic"
SELECT_ROWS = f"SELECT e.position, e.recorded_at, s.name, e.version, t.topic, e.state FROM {ENTRIES}"
ROW = struct.Struct("!hiqiqiiiiihi")
"""A row of a binary COPY but for the state: six columns, each with its length."""
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"
COPY = "COPY {s}.stored_events (position, recorded_at, stream, version, topic, state) FROM STDIN (FORMAT binary)"
ROWS_AT_ONCE = 1_000
"""How many rows are packed before they are sent."""


class PostgresStore(ColumnarScan, library.PostgresProcessRecorder):
    """The `Store` of the server profile, and the recorder that the library's application uses."""

    def __init__(
        self,
        datastore: Datastore,
        *,
        clock: Clock = system_clock,
        simulated: bool = False,
        events_table_name: str = "stored_events",
        tracking_table_name: str = "tracking",
    ) -> None:
        if (events_table_name, tracking_table_name) != ("stored_events", "tracking"):
            raise ProgrammingError("A ledger's tables have fixed names: give each ledger a schema of its own.")
        if datastore.enable_db_functions or not datastore.single_row_tracking:
            raise ProgrammingError("A ledger uses neither database functions nor many tracking rows for one name.")
        ColumnarScan.__init__(self)
        library.PostgresProcessRecorder.__init__(
            self, datastore, events_table_name=events_table_name, tracking_table_name=tracking_table_name
        )
        self.clock = clock
        self.simulated = simulated
        self._streams = Names()
        self._topics = Names()
        self._texts: dict[str, bytes] = {}
        self.sql_create_statements = []  # the library's; ours are in `postgres_setup`
        self.max_notification_id_statement = SQL("SELECT max(position) FROM {}.stored_events").format(
            Identifier(datastore.schema)
        )
        digest = hashlib.sha256(f"rollbook append {datastore.schema}".encode()).digest()
        lock = f"SELECT pg_advisory_xact_lock({int.from_bytes(digest[:8], signed=True)})"
        # Statements of their own, though sent as one text: the snapshot of whatever follows is taken after the wait.
        wait = f"SET LOCAL lock_timeout = '{datastore.lock_timeout:d}s'; " if datastore.lock_timeout else ""
        self._begin_locked = f"BEGIN ISOLATION LEVEL READ COMMITTED; {wait}{lock}".encode()

    def _sql(self, statement: str) -> bytes:
        """A statement of ours with the schema's name in it, made once."""
        text = self._texts.get(statement)
        if text is None:
            text = self._texts[statement] = SQL(statement).format(s=Identifier(self.datastore.schema)).as_bytes()
        return text

    # --- making it

    def create_table(self) -> None:
        """Make the tables and guards that are not there yet; for their owner."""
        with self.datastore.get_connection() as connection:
            make_tables(connection, self.datastore.schema)

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
                if connection.info.transaction_status is not TransactionStatus.INTRANS:
                    raise ProgrammingError("The append lock has been given back: ask for it again.")
                return self._append(connection, batch)

            yield append

    @contextmanager
    def _lock(self) -> Iterator[Connection]:
        """A transaction that holds the append lock; what is not committed at its end is undone."""
        with self.datastore.get_connection() as connection:
            try:
                connection.execute(self._begin_locked)
                yield connection
            finally:
                self._undo(connection)

    @staticmethod
    def _undo(connection: Connection) -> None:
        if not connection.closed and connection.info.transaction_status is not TransactionStatus.IDLE:
            with suppress(psycopg.OperationalError):
                connection.rollback()

    @contextmanager
    def _transaction(self) -> Iterator[Cursor]:
        with self.datastore.get_connection() as connection, connection.transaction():
            yield connection.cursor(row_factory=tuple_row)

    def _append(self, connection: Connection, batch: Batch) -> Appended:
        with connection.cursor(row_factory=tuple_row) as cursor:
            try:
                written = self._write(cursor, batch)
            except psycopg.errors.UniqueViolation as error:
                table = error.diag.table_name
                if table in ("stored_events", "messages"):
                    raise StaleDecision(f"Another writer added to {table} since the decision was made.") from error
                raise
        self._commit_or_ask(connection, written)
        self._streams.learn(written.streams)
        self._topics.learn(written.topics)
        return written.appended

    def _write(self, cursor: Cursor, batch: Batch) -> Written:
        """Everything but the commit, under the lock."""
        self._write_tracking(cursor, batch.tracking, batch.counted)
        position, last = cursor.execute(self._sql(SELECT_HEAD)).fetchone() or (0, 0)
        require_head(batch.expected_head, position)
        chunks = [chunk for chunk in batch.chunks if chunk.states]
        given = stamps(chunks, last, self.clock, simulated=self.simulated) if chunks else []
        streams = self._numbers(cursor, "streams", "name", self._streams, {c.stream for c in chunks})
        topics = self._numbers(cursor, "topics", "topic", self._topics, {c.topic for c in chunks})
        self._require_heads(cursor, chunks, streams)
        first = position + 1
        entry = self._copy(cursor, position, zip(chunks, given, strict=True), streams, topics) if chunks else None
        self._write_beside(cursor, batch)
        return Written(
            appended=Appended(first, entry.position if entry else position, given[-1] if given else last),
            last=entry,
            tracking=batch.tracking,
            streams={name: streams[name] for name in streams if name not in self._streams.ids},
            topics={name: topics[name] for name in topics if name not in self._topics.ids},
        )

    def _numbers(self, cursor: Cursor, table: str, column: str, names: Names, wanted: set[str]) -> dict[str, int]:
        """The numbers of these texts; new ones are added to the table, and learned only after the commit."""
        known = names.ids
        numbers = {text: known[text] for text in wanted if text in known}
        missing = sorted(wanted - numbers.keys())
        if not missing:
            return numbers
        cursor.execute(self._sql(f"SELECT {column}, id FROM {{s}}.{table} WHERE {column} = ANY(%b)"), (missing,))
        numbers.update(cursor.fetchall())
        new = [text for text in missing if text not in numbers]
        if new:
            found = cursor.execute(self._sql(f"SELECT coalesce(max(id), 0) FROM {{s}}.{table}")).fetchone()
            assert found is not None
            added = {text: found[0] + i for i, text in enumerate(new, 1)}
            cursor.execute(
                self._sql(f"INSERT INTO {{s}}.{table} SELECT * FROM unnest(%s::int[], %s::text[])"),
                (list(added.values()), new),
            )
            numbers.update(added)
        return numbers

    def _require_heads(self, cursor: Cursor, chunks: Sequence[Chunk], streams: dict[str, int]) -> None:
        """Each chunk must continue its stream: there is no trigger here to refuse a gap."""
        if not chunks:
            return
        cursor.execute(
            self._sql(
                "SELECT i, version FROM unnest(%s::int[]) i, LATERAL (SELECT version FROM {s}.stored_events"
                " WHERE stream = i ORDER BY version DESC LIMIT 1) h"
            ),
            (list(streams.values()),),
        )
        heads: dict[int, int] = dict(cursor.fetchall())
        for chunk in chunks:
            stream = streams[chunk.stream]
            # An empty stream begins at version 1; the library's own tests also begin at 0.
            if chunk.version != heads.get(stream, min(chunk.version, 0)):
                raise StaleDecision(f"The stream {chunk.stream} has moved since the decision was made.")
            heads[stream] = chunk.version + len(chunk.states)

    def _copy(
        self,
        cursor: Cursor,
        position: int,
        chunks: Iterable[tuple[Chunk, int]],
        streams: dict[str, int],
        topics: dict[str, int],
    ) -> LastEntry | None:
        """Send the entries after `position`; the server stores the first of them while the next are packed."""
        # What the library's subscriptions wait for.
        cursor.execute(f'NOTIFY "{self.channel_name}"'.encode())
        entry: LastEntry | None = None
        packed, size = [COPY_HEAD], 0
        with cursor.copy(self._sql(COPY)) as copy:
            for chunk, stamp in chunks:
                stream, topic, version = streams[chunk.stream], topics[chunk.topic], chunk.version
                for state in chunk.states:
                    position += 1
                    version += 1
                    packed += (
                        ROW.pack(6, 8, position, 8, stamp, 4, stream, 4, version, 2, topic, len(state)),
                        state,
                    )
                entry = LastEntry(position, stamp, stream, version, chunk.states[-1])
                size += len(chunk.states)
                if size >= ROWS_AT_ONCE:
                    copy.write(b"".join(packed))
                    packed, size = [], 0
            packed.append(COPY_END)
            copy.write(b"".join(packed))
        return entry

    def _write_tracking(
        self, cursor: Cursor, tracking: Iterable[TrackingRow], counted: Sequence[CountRow] = ()
    ) -> None:
        for name, position, after in tracking:
            if after is not None and after != (stands := self._tracked(cursor, name) or 0):
                raise AlreadyTaken(f"{name} stands at {stands}, not at {after}: another consumer took it further.")
            row = {"application_name": name, "notification_id": position}
            if cursor.execute(self.insert_tracking_statement, row).fetchone() is None:
                raise AlreadyTaken(f"{name} has already been taken in up to delivery {position} or further.")
        if counted:
            cursor.executemany(
                self._sql(
                    "INSERT INTO {s}.tracking AS t VALUES (%s, %s) ON CONFLICT (application_name)"
                    " DO UPDATE SET notification_id = t.notification_id + excluded.notification_id"
                ),
                counted,
            )

    def _write_beside(self, cursor: Cursor, batch: Batch) -> None:
        """The rows that share the transaction with the entries; as binary arrays, at a fifth of the time of text."""
        for statement, rows in (
            (
                "INSERT INTO {s}.identity SELECT * FROM unnest(%b::bytea[], %s::int[], %b::bytea[])"
                " ON CONFLICT DO NOTHING",
                [(row.key, row.valid_from, row.id) for row in batch.identity],
            ),
            (
                "INSERT INTO {s}.messages SELECT * FROM unnest(%b::bytea[], %b::bytea[], %b::bytea[])",
                [(row.source, row.message, row.hash[:MESSAGE_HASH_SIZE]) for row in batch.messages],
            ),
            ("INSERT INTO {s}.held_bytes SELECT * FROM unnest(%b::bytea[], %b::bytea[])", batch.held_bytes),
            ("DELETE FROM {s}.held_bytes WHERE id = ANY(%b::bytea[])", [(held,) for held in batch.held_done]),
        ):
            if rows:
                cursor.execute(self._sql(statement), [list(column) for column in zip(*rows, strict=True)])

    def _commit_or_ask(self, connection: Connection, written: Written) -> None:
        """Commit; if that fails, find out from the database whether it went through all the same."""
        try:
            self._commit(connection)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self._undo(connection)
            self.datastore.pool.check()  # if the server went away, the others died as well
            if not (written.can_be_recognised and self._is_stored(written)):
                raise

    def _commit(self, connection: Connection) -> None:
        if connection.execute("COMMIT").statusmessage != "COMMIT":
            raise OperationalError("The database undid the transaction instead of committing it.")

    def _is_stored(self, written: Written) -> bool:
        """Whether the log holds the last entry of this batch, in its place and to the byte, and its tracking rows.

        Asked under the append lock: a commit whose answer was lost may still be under way, and holds the lock till it
        is done. Bodies are salted, so nobody else's entry can pass for ours.
        """
        with self._lock() as connection, connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            if written.last is not None:
                found = cursor.execute(
                    self._sql(
                        "SELECT position, recorded_at, stream, version, state FROM {s}.stored_events"
                        " WHERE position = %s"
                    ),
                    (written.last.position,),
                ).fetchone()
                if found != tuple(written.last):
                    return False
            return all((self._tracked(cursor, name) or 0) >= position for name, position, _ in written.tracking)

    # --- reading

    @contextmanager
    def _asking(self) -> Iterator[Cursor]:
        """For one statement, whose snapshot is its own; binary results and rows as plain tuples."""
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row, binary=True) as cursor,
        ):
            yield cursor

    @contextmanager
    def _reading(self) -> Iterator[Cursor]:
        """A read transaction with one snapshot, for several statements."""
        with self.datastore.get_connection() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            try:
                with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
                    yield cursor
            finally:
                self._undo(connection)

    def head(self) -> tuple[int, int]:
        """(position, recorded_at) of the last entry; (0, 0) for an empty ledger."""
        with self._asking() as cursor:
            position, recorded_at = cursor.execute(self._sql(SELECT_HEAD)).fetchone() or (0, 0)
            return position, recorded_at

    def streams_written_since(self, position: int) -> set[str]:
        """Names of the streams with entries after `position`."""
        with self._asking() as cursor:
            cursor.execute(
                self._sql(
                    "SELECT name FROM {s}.streams WHERE id IN"
                    " (SELECT stream FROM {s}.stored_events WHERE position > %s)"
                ),
                (position,),
            )
            return {name for (name,) in cursor.fetchall()}

    def read_stream(self, stream: str, after: int = 0) -> list[Row]:
        """The entries of a stream with version > after, in order."""
        with self._asking() as cursor:
            cursor.execute(
                self._sql(f"{SELECT_ROWS} WHERE s.name = %s AND e.version > %s ORDER BY e.version"), (stream, after)
            )
            return list(map(Row._make, cursor.fetchall()))

    def read_streams(self, streams: Iterable[str]) -> dict[str, list[Row]]:
        """The entries of many streams, each in order; streams without entries are left out."""
        found: dict[str, list[Row]] = {}
        with self._asking() as cursor:
            cursor.execute(
                self._sql(f"{SELECT_ROWS} WHERE s.name = ANY(%b) AND e.version > 0 ORDER BY s.name, e.version"),
                (list(streams),),
            )
            for row in map(Row._make, cursor.fetchall()):
                found.setdefault(row.stream, []).append(row)
        return found

    def stream_names(self, prefix: str, until: str | None = None) -> list[str]:
        """Names of streams that begin with `prefix` (or lie in [prefix, until) where `until` is given), sorted."""
        with self._asking() as cursor:
            cursor.execute(
                self._sql("SELECT name FROM {s}.streams WHERE name >= %s AND name < %s ORDER BY name"),
                (prefix, prefix + AFTER_ALL_NAMES if until is None else until),
            )
            return [name for (name,) in cursor.fetchall()]

    def read_positions(self, first: int, last: int) -> Iterator[Row]:
        """Entries by position, inclusive; each page in a read transaction of its own."""
        first = max(first, 1)
        while first <= last:
            with self._asking() as cursor:
                cursor.execute(
                    self._sql(f"{SELECT_ROWS} WHERE e.position BETWEEN %s AND %s ORDER BY e.position"),
                    (first, min(last, first + PAGE - 1)),
                )
                page = list(map(Row._make, cursor.fetchall()))
            if not page:
                return
            yield from page
            first = page[-1].position + 1

    def last_position_at(self, moment: int) -> int:
        """The last position recorded at or before a moment (UTC microseconds); 0 if none."""
        one = self._sql("SELECT recorded_at FROM {s}.stored_events WHERE position = %s")
        with self._reading() as cursor:

            def recorded_at(position: int) -> int:
                found = cursor.execute(one, (position,)).fetchone()
                assert found is not None
                stamp: int = found[0]
                return stamp

            last, _ = cursor.execute(self._sql(SELECT_HEAD)).fetchone() or (0, 0)
            return last_at_or_before(moment, last, recorded_at)

    def tracking_position(self, name: str) -> int:
        """How far a name has been taken in; 0 if never."""
        with self._asking() as cursor:
            return self._tracked(cursor, name) or 0

    def tracking_rows(self, prefix: str) -> dict[str, int]:
        """Every tracking row whose name begins so, and where it stands."""
        with self._asking() as cursor:
            cursor.execute(
                self._sql(
                    "SELECT application_name, notification_id FROM {s}.tracking"
                    " WHERE starts_with(application_name, %s) ORDER BY 1"
                ),
                (prefix,),
            )
            return dict(cursor.fetchall())

    def _tracked(self, cursor: Cursor, name: str) -> int | None:
        found = cursor.execute(self.max_tracking_id_statement, (name,)).fetchone()
        assert found is not None
        position: int | None = found[0]
        return position

    # --- the columnar path (see `ColumnarScan`)

    def _topic_numbers(self, topics: Sequence[str]) -> dict[int, str]:
        with self._asking() as cursor:
            found = cursor.execute(self._sql("SELECT id, topic FROM {s}.topics")).fetchall()
        return {number: topic for number, topic in found if not topics or topic in topics}

    def _stream_texts(self, numbers: Sequence[int]) -> list[str]:
        texts = self._streams.texts
        missing = [n for n in numbers if n not in texts]
        found: dict[int, str] = {}
        if missing:
            with self._asking() as cursor:
                cursor.execute(self._sql("SELECT id, name FROM {s}.streams WHERE id = ANY(%s)"), (missing,))
                found.update(cursor.fetchall())
            self._streams.learn({name: number for number, name in found.items()})
        return [found[n] if n in found else texts[n] for n in numbers]

    def _chosen(self, window: Window, columns: str, header: bytes | None = None) -> tuple[str, list[Any]]:
        """Columns of the window's entries, as a subquery."""
        where = ["position BETWEEN %s AND %s"]
        parameters: list[Any] = [window.first, window.last]
        if window.topics:
            where.append("topic = ANY(%s)")
            parameters.append(list(window.topics))
        if window.stream_prefix is not None:
            where.append("stream IN (SELECT id FROM {s}.streams WHERE name >= %s AND name < %s)")
            parameters += (window.stream_prefix, window.stream_prefix + AFTER_ALL_NAMES)
        if header is not None:
            where.append(f"substr(state, 1, {HEADER_SIZE}) = %s")
            parameters.append(header)
        text = f"(SELECT {columns} FROM {{s}}.stored_events WHERE {' AND '.join(where)} ORDER BY position) AS chosen"
        return text, parameters

    def _beside(self, window: Window) -> pl.DataFrame:
        chosen, parameters = self._chosen(window, ", ".join(BESIDE))
        packed = ", ".join(f"string_agg(int8send({name}), ''::bytea ORDER BY position)" for name in BESIDE)
        with self._asking() as cursor:
            found = cursor.execute(self._sql(f"SELECT count(*), {packed} FROM {chosen}"), parameters).fetchone()
        assert found is not None
        count, *columns = found
        if not count:
            return pl.DataFrame(schema=dict.fromkeys(BESIDE, pl.Int64))
        whole = not window.topics and window.stream_prefix is None
        if whole and count != window.last - window.first + 1:
            raise DataError(f"There are entries missing between positions {window.first} and {window.last}.")
        return pl.DataFrame([integers(c, count).alias(n) for n, c in zip(BESIDE, columns, strict=True)])

    def _bodies(self, window: Window, header: bytes) -> Bodies:
        chosen, parameters = self._chosen(window, "position, state", header)
        query = (
            "SELECT count(*), sum(length(state)),"
            f" string_agg(substr(state, {HEADER_SIZE + 1}), ''::bytea ORDER BY position) FROM {chosen}"
        )
        with self._asking() as cursor:
            found = cursor.execute(self._sql(query), parameters).fetchone()
        assert found is not None
        count, length, blob = found
        return Bodies(count, (length or 0) - HEADER_SIZE * count, blob or b"")

    def _headers(self, window: Window) -> dict[bytes, list[int]]:
        chosen, parameters = self._chosen(window, f"substr(state, 1, {HEADER_SIZE}) AS header, position")
        found: dict[bytes, list[int]] = {}
        with self._asking() as cursor:
            query = self._sql(f"SELECT header, position FROM {chosen} ORDER BY position")
            for header, position in cursor.execute(query, parameters).fetchall():
                found.setdefault(header, []).append(position)
        return found

    def _states(self, window: Window, header: bytes) -> list[bytes]:
        chosen, parameters = self._chosen(window, "position, state", header)
        with self._asking() as cursor:
            query = self._sql(f"SELECT state FROM {chosen} ORDER BY position")
            return [state for (state,) in cursor.execute(query, parameters).fetchall()]

    # --- the few tables beside the log

    def find_identities(self, keys: Iterable[bytes]) -> dict[bytes, list[IdentityRow]]:
        """Rows by key, each list in order of valid_from; keys without rows are left out."""
        found: dict[bytes, list[IdentityRow]] = {}
        with self._asking() as cursor:
            cursor.execute(
                self._sql(
                    "SELECT key, id, valid_from FROM {s}.identity WHERE key = ANY(%b) ORDER BY key, valid_from, id"
                ),
                (list(keys),),
            )
            for row in map(IdentityRow._make, cursor.fetchall()):
                found.setdefault(row.key, []).append(row)
        return found

    def all_identities(self) -> Iterator[IdentityRow]:
        """Every row, by key."""
        query = self._sql(
            "SELECT key, id, valid_from FROM {s}.identity WHERE (key, valid_from, id) > (%s, %s, %s)"
            " ORDER BY key, valid_from, id LIMIT %s"
        )
        after: tuple[bytes, int, bytes] = (b"", -(2**31), b"")
        while True:
            with self._asking() as cursor:
                page = list(map(IdentityRow._make, cursor.execute(query, (*after, PAGE)).fetchall()))
            if not page:
                return
            yield from page
            after = (page[-1].key, page[-1].valid_from, page[-1].id)

    def drop_identities(self, rows: Iterable[IdentityRow]) -> None:
        """Remove rows whose time is over."""
        self.replace_identities((), rows)

    def replace_identities(
        self, add: Iterable[IdentityRow], drop: Iterable[IdentityRow], expected_head: int | None = None
    ) -> None:
        """Remove rows and add others, in one transaction under the append lock. See `Store.replace_identities`."""
        with self._lock() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            position, _ = cursor.execute(self._sql(SELECT_HEAD)).fetchone() or (0, 0)
            require_head(expected_head, position)
            cursor.executemany(
                self._sql("DELETE FROM {s}.identity WHERE key = %s AND valid_from = %s AND id = %s"),
                ((row.key, row.valid_from, row.id) for row in drop),
            )
            cursor.executemany(
                self._sql("INSERT INTO {s}.identity VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"),
                ((row.key, row.valid_from, row.id) for row in add),
            )
            self._commit(connection)

    def find_messages(self, keys: Iterable[tuple[bytes, bytes]]) -> dict[tuple[bytes, bytes], bytes]:
        """By (source, message), for those already taken in: the first 16 bytes of the SHA-256."""
        asked = list(keys)
        with self._asking() as cursor:
            cursor.execute(
                self._sql(
                    # OFFSET 0 keeps it at a look-up for each: a join would read the whole table, more with every batch.
                    "SELECT source, message, hash FROM unnest(%b::bytea[], %b::bytea[]) asked (s, m), LATERAL"
                    " (SELECT * FROM {s}.messages WHERE source = s AND message = m OFFSET 0) known"
                ),
                ([source for source, _ in asked], [message for _, message in asked]),
            )
            return {(source, message): kept for source, message, kept in cursor.fetchall()}

    def held_bytes(self, held: bytes) -> bytes | None:
        """The encrypted bytes of a held input, while they are kept."""
        with self._asking() as cursor:
            row = cursor.execute(self._sql("SELECT bytes FROM {s}.held_bytes WHERE id = %s"), (held,)).fetchone()
        return None if row is None else row[0]

    def held_ids(self) -> list[bytes]:
        """Ids of the held inputs whose bytes are kept: those that nobody has resolved."""
        with self._asking() as cursor:
            return [row[0] for row in cursor.execute(self._sql("SELECT id FROM {s}.held_bytes ORDER BY id"))]

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
        with self._asking() as cursor:
            cursor.execute(
                self._sql(
                    f"SELECT e.version, t.topic, e.state FROM {ENTRIES}"
                    " WHERE s.name = %s AND e.version > %s AND e.version <= %s"
                    f" ORDER BY e.version {'DESC' if desc else 'ASC'} LIMIT %s"
                ),
                (stream_name(originator_id), -1 if gt is None else gt, 2**31 - 1 if lte is None else lte, limit),
            )
            return [StoredEvent(originator_id, version, topic, state) for version, topic, state in cursor.fetchall()]

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
        chosen = " AND t.topic = ANY(%s)" if topics else ""
        with self._asking() as cursor:
            cursor.execute(
                self._sql(f"{SELECT_ROWS} WHERE e.position BETWEEN %s AND %s{chosen} ORDER BY e.position LIMIT %s"),
                (first, 2**62 if stop is None else stop, *([list(topics)] if topics else ()), limit),
            )
            return [
                Notification(
                    id=position,
                    originator_id=self._originator(name),
                    originator_version=version,
                    topic=topic,
                    state=state,
                )
                for position, _, name, version, topic, state in cursor.fetchall()
            ]

    def _originator(self, name: str) -> UUID | str:
        from uuid import UUID

        return UUID(name) if self.datastore.originator_id_type == "uuid" else name


def integers(packed: bytes, count: int) -> pl.Series:
    """A column of integers from the bytes that the database laid end to end."""
    one = pl.Series([packed], dtype=pl.Binary)
    return one.bin.reinterpret(dtype=pl.Array(pl.Int64, count), endianness="big").explode()


def open_postgres(
    conninfo: str = "",
    *,
    schema: str = "",
    create: bool = True,
    read_only: bool = False,
    clock: Clock = system_clock,
    simulated: bool = False,
    originator_id_type: Literal["uuid", "text"] = "text",
    **parts: str | int,
) -> PostgresStore:
    """The store in this database and schema (public where none is named).

    `conninfo` and its `parts` (dbname, host, port, user) are as libpq reads them. `create=False` for whoever does not
    own the tables.
    """
    datastore = Datastore(
        make_conninfo(conninfo, **parts), schema=schema, read_only=read_only, originator_id_type=originator_id_type
    )
    store = PostgresStore(datastore, clock=clock, simulated=simulated)
    if create:
        store.create_table()
    return store
