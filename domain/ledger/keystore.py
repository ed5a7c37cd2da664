"""The keys that open the ledger's sealed parts, kept beside the ledger and readable by their owner only.

Names and reasons lie sealed in the log for ever; whether they can be read is decided here. So a key is durable before
the entry that needs it is written, a key that no entry came to need is swept, and a destroyed key leaves the file as
well as the table. Losing this store loses names and the way from a UPN to a child, never a mark or a proof.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self, TypeVar, get_args

_Name = TypeVar("_Name")
_Value = TypeVar("_Value")

KeyKind = Literal["line", "line_link", "pupil", "place_year", "inbox"]
"""What a key seals. A line has two, of which neither leads to the other: `line` for its marks and register entries,
`line_link` for the entries in its pupil's stream that say which line it is. An id of a key stands in clear in every
entry that it seals, so one key for both would tie the child to the line for ever, whatever is destroyed."""

_KINDS: Final = frozenset(get_args(KeyKind))
_APPLICATION: Final = 0x526F6C6B
_SCHEMA: Final = f"""
    PRAGMA application_id = {_APPLICATION};
    PRAGMA user_version = 1;
    BEGIN;
    CREATE TABLE lookup_key (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        key BLOB NOT NULL CHECK (length(key) = 32)
    );
    CREATE TABLE keys (
        id BLOB PRIMARY KEY CHECK (length(id) = 16),
        kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        scope TEXT NOT NULL,
        key BLOB NOT NULL CHECK (length(key) = 32),
        created_at INTEGER NOT NULL,
        confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
        UNIQUE (kind, owner, scope)
    ) WITHOUT ROWID;
    CREATE INDEX unconfirmed ON keys (owner) WHERE confirmed = 0;
"""
_PRAGMAS: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
)
_FIND: Final = "SELECT id, key, confirmed, created_at FROM keys WHERE kind = ? AND owner = ? AND scope = ?"
_TOUCH: Final = "UPDATE keys SET created_at = ? WHERE kind = ? AND owner = ? AND scope = ? AND confirmed = 0"
_TOUCHED_AFTER: Final = 300
"""Seconds after which an unconfirmed key that is asked for is marked as wanted again, so that no sweep takes it."""
_OWNERS_AT_ONCE: Final = 500


class KeyStoreRefused(RuntimeError):
    """The key store cannot be made, opened or trusted as it is; the message says why in one sentence."""


class KeysMissing(RuntimeError):
    """Keys that entries already need are not in the store: their sealed parts cannot be read."""


class NewKey(NamedTuple):
    """A key that is wanted."""

    kind: KeyKind
    owner: str
    """The stream that must exist for the key to be in use: `pupil/{hex}`, `admission-register/{place}/{line}`."""
    scope: str = ""
    """What the key is for within its owner, such as a school year; empty where the owner says it all."""


class Key(NamedTuple):
    """A key and its id: 16 random bytes, never the id of the line or pupil that it belongs to."""

    id: bytes
    key: bytes

    def __repr__(self) -> str:
        """Names the key without showing it: what is printed ends up in logs."""
        return f"Key(id={self.id.hex()})"


class Swept(NamedTuple):
    """What a sweep did: how many keys it confirmed, and how many orphans it removed."""

    confirmed: int
    removed: int


class KeyStore:
    """The key store of one ledger: a SQLite file that several processes may open at once, each with its own object."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lookup_key: bytes, cache: int) -> None:
        """Use `create` or `open`."""
        self.path = path
        self._connection = connection
        self._lookup_key = lookup_key
        self._cache = cache
        self._found: dict[tuple[str, str, str], Key] = {}
        self._keys: dict[bytes, bytes] = {}
        self._seen = self._data_version()

    @classmethod
    def create(cls, path: Path, *, cache: int = 50_000) -> Self:
        """Make the key store of a new ledger, with its lookup key, and open it. Durable when it returns.

        Refuses, with KeyStoreRefused, a path at which there is a file already.
        """
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            raise KeyStoreRefused(f"There is a file at {path} already, and keys are never overwritten.") from None
        try:
            path.chmod(0o600)
            connection = _connect(path)
            try:
                for pragma in ("PRAGMA journal_mode = WAL", *_PRAGMAS):
                    connection.execute(pragma)
                connection.executescript(_SCHEMA)
                connection.execute("INSERT INTO lookup_key VALUES (1, ?)", (os.urandom(32),))
                connection.execute("COMMIT")
            finally:
                connection.close()
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return cls.open(path, cache=cache)

    @classmethod
    def open(cls, path: Path, *, cache: int = 50_000) -> Self:
        """Open a key store. `cache` bounds how many keys are kept in memory.

        Refuses, with KeyStoreRefused, a missing file, one that its group or others may use (the files that SQLite
        keeps beside it too), and a file that is not a key store.
        """
        if not path.exists():
            raise KeyStoreRefused(f"There is no key store at {path}.")
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"):
            _refuse_if_shared(path.with_name(name))
        connection, lookup_key = _connect(path), None
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if (application, version) == (_APPLICATION, 1):
                lookup_key = connection.execute("SELECT key FROM lookup_key").fetchone()
        except sqlite3.DatabaseError as error:
            connection.close()
            raise KeyStoreRefused(f"The file at {path} cannot be read as a key store: {error}.") from error
        if lookup_key is None:
            connection.close()
            raise KeyStoreRefused(f"The file at {path} is not a key store of this version of Rollbook.")
        return cls(path, connection, lookup_key[0], cache)

    @property
    def lookup_key(self) -> bytes:
        """The 32 bytes under which UPNs and MIS ids become the keys of identity rows."""
        return self._lookup_key

    def new_keys(self, wanted: Sequence[NewKey]) -> list[Key]:
        """Make many keys in one durable transaction, before the entries that use them are committed.

        Gives them in the order asked. Where there is a key of that kind, owner and scope already (made by another
        process, or left by a batch that failed), that one is given instead: no two keys ever answer to one name.
        Refuses, with ValueError, an unknown kind and an empty owner.
        """
        for kind, owner, _ in wanted:
            if kind not in _KINDS:
                raise ValueError(f"There is no kind of key called {kind!a}.")
            if not owner:
                raise ValueError("A key belongs to a stream, and none was named.")
        if not wanted:
            return []
        now, random = int(time.time()), os.urandom(48 * len(wanted))
        made = [
            Key(random[at : at + 16], random[at + 16 : at + 48]) for at in range(0, 48 * len(wanted), 48)
        ]  # id and key side by side: one call to the generator
        with self._writing() as connection:
            inserted = connection.executemany(
                "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (kind, owner, scope) DO NOTHING",
                [(new.id, *want, new.key, now) for new, want in zip(made, wanted, strict=True)],
            ).rowcount
            if inserted == len(made):
                return made
            connection.executemany(_TOUCH, [(now, *want) for want in wanted])
            return [Key(*connection.execute(_FIND, want).fetchone()[:2]) for want in wanted]

    def find(self, kind: KeyKind, owner: str, scope: str = "") -> Key | None:
        """The key of that kind, owner and scope; None if there is none (never made, or destroyed)."""
        wanted = NewKey(kind, owner, scope)
        return self.find_many([wanted]).get(wanted)

    def find_many(self, wanted: Iterable[NewKey]) -> dict[NewKey, Key]:
        """The keys of many owners by what was asked; those that there are not are left out.

        A key that is not confirmed yet counts, and asking for it keeps it from the next sweep.
        """
        self._forget_if_changed()
        found: dict[NewKey, Key] = {}
        missing = []
        for want in wanted:
            key = self._found.get(want)
            if key is None:
                missing.append(want)
            else:
                found[want] = key
        if not missing:
            return found
        waiting = []
        stale = time.time() - _TOUCHED_AFTER
        with self._reading() as connection:
            for want in missing:
                row = connection.execute(_FIND, want).fetchone()
                if row is None:
                    continue
                key = found[want] = Key(row[0], row[1])
                if row[2]:
                    self._keep(self._found, want, key)
                elif row[3] < stale:
                    waiting.append(want)
        if waiting:
            self._touch(found, waiting)
        return found

    def get(self, key_id: bytes) -> bytes | None:
        """The 32 bytes of the key with that id; None if it was destroyed or never was."""
        return self.get_many([key_id]).get(key_id)

    def get_many(self, key_ids: Iterable[bytes]) -> dict[bytes, bytes]:
        """The keys by id; those that were destroyed, or never were, are left out."""
        self._forget_if_changed()
        keys: dict[bytes, bytes] = {}
        missing = []
        for key_id in key_ids:
            key = self._keys.get(key_id)
            if key is None:
                missing.append(key_id)
            else:
                keys[key_id] = key
        if missing:
            with self._reading() as connection:
                for key_id in missing:
                    row = connection.execute("SELECT key FROM keys WHERE id = ?", (key_id,)).fetchone()
                    if row is not None:
                        keys[key_id] = row[0]
                        self._keep(self._keys, key_id, row[0])
        return keys

    def confirm(self, key_ids: Iterable[bytes]) -> None:
        """Say that the entries which use these keys are committed, so that no sweep looks at them again.

        Refuses, with KeysMissing, when one of them is not in the store; the others are confirmed all the same.
        """
        ids = set(key_ids)
        if not ids:
            return
        with self._writing() as connection:
            done = connection.executemany("UPDATE keys SET confirmed = 1 WHERE id = ?", [(id,) for id in ids]).rowcount
        if done != len(ids):
            lost = sorted(id.hex() for id in ids - self.get_many(ids).keys())
            raise KeysMissing(f"Entries are sealed under keys that are not in the store at {self.path}: {lost}.")

    def sweep_orphans(self, exists: Callable[[list[str]], set[str]], older_than_seconds: float) -> Swept:
        """Settle the keys that nobody confirmed: those of streams that exist are confirmed, old orphans are removed.

        `exists` is given names of streams and answers with those that are there. A key whose stream does not exist
        and that is younger than `older_than_seconds` stays as it is, for its entries may be on their way. While other
        processes write, give at least an hour.
        """
        before = time.time() - older_than_seconds
        owners = [row[0] for row in self._connection.execute("SELECT DISTINCT owner FROM keys WHERE confirmed = 0")]
        there: set[str] = set()
        for at in range(0, len(owners), _OWNERS_AT_ONCE):
            there |= exists(owners[at : at + _OWNERS_AT_ONCE])
        with self._writing() as connection:
            confirmed = connection.executemany(
                "UPDATE keys SET confirmed = 1 WHERE confirmed = 0 AND owner = ?",
                [(owner,) for owner in owners if owner in there],
            ).rowcount
            removed = connection.executemany(
                "DELETE FROM keys WHERE confirmed = 0 AND owner = ? AND created_at < ?",
                [(owner, before) for owner in owners if owner not in there],
            ).rowcount
        self._forget()
        return Swept(max(confirmed, 0), max(removed, 0))

    def destroy(self, key_ids: Iterable[bytes]) -> int:
        """Destroy keys for good: what they sealed is unreadable from now on. Gives how many were still there.

        The rows go whole, with what tied the key to its owner; their bytes are overwritten in the file, and the
        write-ahead log is emptied. (What a disk or a backup keeps of freed blocks is outside any program's reach.)
        Refuses, with KeyStoreRefused, when another process reads for so long that the log could not be emptied: the
        keys are destroyed then, and calling again finishes the work.
        """
        ids = [(id,) for id in set(key_ids)]
        with self._writing() as connection:
            gone = connection.executemany("DELETE FROM keys WHERE id = ?", ids).rowcount
        self._forget()
        if self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise KeyStoreRefused(
                f"The keys are destroyed, but another process is reading {self.path}, so traces of them are still in "
                "its log: try again when that process has ended."
            )
        return max(gone, 0)

    def close(self) -> None:
        """Release the file."""
        self._forget()
        self._connection.close()

    def __enter__(self) -> Self:
        """The store itself, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the file."""
        self.close()

    def _touch(self, found: dict[NewKey, Key], waiting: list[NewKey]) -> None:
        """Renew the age of unconfirmed keys that are wanted again; a sweep may have been faster, so look once more."""
        with self._writing() as connection:
            now = int(time.time())
            connection.executemany(_TOUCH, [(now, *want) for want in waiting])
            for want in waiting:
                row = connection.execute(_FIND, want).fetchone()
                if row is None:
                    del found[want]
                else:
                    found[want] = Key(row[0], row[1])

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One view of the table for many look-ups, and one lock instead of many."""
        self._connection.execute("BEGIN")
        try:
            yield self._connection
        finally:
            self._connection.execute("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The write lock is taken at once: a deferred one would fail, not wait, when another process writes first."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _data_version(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _forget_if_changed(self) -> None:
        """Another process may have destroyed a key: what is in memory then counts for nothing."""
        version = self._data_version()
        if version != self._seen:
            self._seen = version
            self._forget()

    def _forget(self) -> None:
        self._found.clear()
        self._keys.clear()

    def _keep(self, cache: dict[_Name, _Value], name: _Name, value: _Value) -> None:
        """Keep a value in memory; when there is no more room, the oldest half goes."""
        if len(cache) >= self._cache:
            for old in list(islice(cache, len(cache) // 2 + 1)):
                del cache[old]
        cache[name] = value


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=30, isolation_level=None)


def _refuse_if_shared(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return
    if mode & 0o077:
        raise KeyStoreRefused(
            f"The keys at {path} can be used by others than their owner (rights {mode:03o}): chmod 600 {path}"
        )
