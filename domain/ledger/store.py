"""What the event store promises, whichever database keeps it.

The rooms above see only this page: batches go in whole or not at all, positions are dense, the clock never runs
backwards, and what is read is text and bytes. `sqlite_store` and `postgres_store` keep the promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from eventsourcing.persistence import IntegrityError, OperationalError

if TYPE_CHECKING:
    import polars as pl

MESSAGE_HASH_SIZE = 16
"""How much of a message's SHA-256 is kept: enough to tell other bytes under the same id."""


class Chunk(NamedTuple):
    """Consecutive events of one stream and one topic, already encoded."""

    stream: str
    version: int
    """The version that the stream stood at when these were decided: the first of `states` becomes version + 1."""
    topic: str
    states: Sequence[bytes]
    stamp: int | None = None
    """The moment of the message, in UTC microseconds. Used by a simulated clock only; a system clock ignores it."""


class TrackingRow(NamedTuple):
    """How far a source of deliveries has been taken in. `position` counts them, from 1, and only moves forward."""

    name: str
    position: int
    after: int | None = None
    """Where the row must stand now, if that matters: a consumer that lost its partition wakes up with a batch that
    begins before, and may end after, what the new owner has taken in."""


class CountRow(NamedTuple):
    """Something counted beside the entries: kept as a tracking row that grows."""

    name: str
    by: int


class IdentityRow(NamedTuple):
    """A dated fact that leads from something known outside (a UPN, a MIS id) to an id of ours."""

    key: bytes
    """HMAC-SHA-256(lookup key, kind, scope, value): 32 bytes, never the value itself."""
    id: bytes
    """16 random bytes: a pupil, place, line, person, group."""
    valid_from: int
    """Days since 1970-01-01; 0 where the fact has no known beginning."""


class MessageRow(NamedTuple):
    """A message that was taken in: so that its exact re-delivery is known, and other bytes under its id too."""

    source: bytes
    message: bytes
    hash: bytes
    """SHA-256 of the bytes received; the first `MESSAGE_HASH_SIZE` bytes of it are stored."""


@dataclass(slots=True)
class Batch:
    """What is written in one transaction: all of it, or none."""

    chunks: list[Chunk] = field(default_factory=list)
    tracking: list[TrackingRow] = field(default_factory=list)
    counted: list[CountRow] = field(default_factory=list)
    identity: list[IdentityRow] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)
    held_bytes: list[tuple[bytes, bytes]] = field(default_factory=list)
    """(held id, encrypted bytes) to keep beside the log."""
    held_done: list[bytes] = field(default_factory=list)
    """Held ids whose bytes may go: they became events, or were dismissed."""
    expected_head: int | None = None
    """Where bodies name positions: the last position that the decision counted on. Another head is a StaleDecision."""


class Appended(NamedTuple):
    """Positions given, inclusive (first = last + 1 where the batch held no events), and the last stamp."""

    first: int
    last: int
    recorded_at: int


class Row(NamedTuple):
    """One entry as stored."""

    position: int
    recorded_at: int
    stream: str
    version: int
    topic: str
    state: bytes


class StaleDecision(IntegrityError):
    """Another writer was first: forget what was cached, read again, decide again."""


class AlreadyTaken(IntegrityError):
    """The tracking row stands at or past this position: the batch is stored, or another consumer owns it."""


class ClockBehind(OperationalError):
    """The machine's clock is more than two seconds behind the last entry: the writer stops."""


class Joined(NamedTuple):
    """Bodies of one topic and one schema, laid end to end, with what stands beside them."""

    topic: str
    fingerprint: bytes
    """8 bytes, as in the state (little-endian CRC-64-AVRO)."""
    beside: pl.DataFrame
    """One row for each body: position and recorded_at (Int64), stream (String), version (Int64)."""
    bodies: bytes
    """The Avro bodies without their ten-byte headers, in order of position."""


class Store(Protocol):
    """The event store and the few tables that share its transactions."""

    simulated: bool
    """True if its clock follows the stamps of the chunks; set by the ledger, from what its entry 0 says."""

    def append(self, batch: Batch) -> Appended:
        """Write a batch in one transaction, durably. Raises StaleDecision, AlreadyTaken or ClockBehind.

        A stream that another writer moved, a head other than expected and a message taken meanwhile are all a
        StaleDecision. If the answer to the commit is lost, the store asks the database and answers with what it finds.
        """

    def locked(self) -> AbstractContextManager[Callable[[Batch], Appended]]:
        """Hold the append lock and yield an `append` to use once under it: for a decision that lost twice.

        Read with this store meanwhile as usual; nothing changes until the yielded `append` has committed.
        """

    def head(self) -> tuple[int, int]:
        """(position, recorded_at) of the last entry; (0, 0) for an empty ledger."""

    def streams_written_since(self, position: int) -> set[str]:
        """Names of the streams with entries after `position`: what a cache must forget."""

    def read_stream(self, stream: str, after: int = 0) -> list[Row]:
        """The entries of a stream with version > after, in order."""

    def read_streams(self, streams: Iterable[str]) -> dict[str, list[Row]]:
        """The entries of many streams, each in order; streams without entries are left out."""

    def stream_names(self, prefix: str, until: str | None = None) -> list[str]:
        """Names of streams that begin with `prefix` (or lie in [prefix, until) where `until` is given), sorted."""

    def read_positions(self, first: int, last: int) -> Iterator[Row]:
        """Entries by position, inclusive."""

    def joined(
        self,
        first: int,
        last: int,
        *,
        topics: Sequence[str] = (),
        chunk: int = 50_000,
        stream_prefix: str | None = None,
    ) -> Iterator[Joined]:
        """The columnar path: bodies joined by the database, one piece per topic, schema and `chunk` of positions."""

    def last_position_at(self, moment: int) -> int:
        """The last position recorded at or before a moment (UTC microseconds); 0 if none."""

    def tracking_position(self, name: str) -> int:
        """How far a name has been taken in; 0 if never."""

    def tracking_rows(self, prefix: str) -> dict[str, int]:
        """Every tracking row whose name begins so, and where it stands."""

    def find_identities(self, keys: Iterable[bytes]) -> dict[bytes, list[IdentityRow]]:
        """Rows by key, each list in order of valid_from; keys without rows are left out."""

    def all_identities(self) -> Iterator[IdentityRow]:
        """Every row, by key: for a comparison with an index rebuilt from sealed parts."""

    def drop_identities(self, rows: Iterable[IdentityRow]) -> None:
        """Remove rows whose time is over."""

    def replace_identities(
        self, add: Iterable[IdentityRow], drop: Iterable[IdentityRow], expected_head: int | None = None
    ) -> None:
        """Remove rows and add others, in one transaction under the append lock.

        Raises StaleDecision, and changes nothing, where the head is another than expected.
        """

    def find_messages(self, keys: Iterable[tuple[bytes, bytes]]) -> Mapping[tuple[bytes, bytes], bytes]:
        """By (source, message), for those already taken in: the first `MESSAGE_HASH_SIZE` bytes of the SHA-256."""

    def held_bytes(self, held: bytes) -> bytes | None:
        """The encrypted bytes of a held input, while they are kept."""

    def held_ids(self) -> list[bytes]:
        """Ids of the held inputs whose bytes are kept: those that nobody has resolved."""

    def close(self) -> None:
        """Release the database."""
