"""The ledger as columns: a whole ledger decodes without a Python object for each event.

Bodies of one schema laid end to end are the block of an Avro container, so each piece that the database joined gets
a header in memory and is decoded at one go. The header carries the parsing canonical form: Polars refuses defaults.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import polars as pl

from schemas.flat import zigzag

if TYPE_CHECKING:
    from domain.ledger.store import Joined, Store

SYNC = bytes(16)
BESIDE = ("position", "recorded_at", "stream", "version")
"""The columns that stand beside the body in every frame."""


class Schema(Protocol):
    """What the reader needs to know of a schema."""

    @property
    def canonical(self) -> str:
        """The parsing canonical form, as JSON text."""


SchemaLookup = Callable[[bytes], Schema]


class Frame(NamedTuple):
    """Entries of one topic and one schema, in order of position."""

    topic: str
    fingerprint: bytes
    frame: pl.DataFrame
    """`position`, `recorded_at`, `stream`, `version`, then the fields of the body as they are stored."""


def frames(
    store: Store,
    first: int,
    last: int,
    *,
    topics: Sequence[str] = (),
    stream_prefix: str | None = None,
    columns: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    chunk: int = 50_000,
    schema_of: SchemaLookup | None = None,
) -> Iterator[Frame]:
    """The entries from `first` to `last` as frames, one per topic, schema and chunk of positions.

    `columns` names those wanted, of the body or beside it, of all topics or by topic (of a topic left out, all);
    a schema that lacks one gives a frame without it. Polars resolves no schemas: align the frames of a topic by column
    before joining them.
    """
    find = schema_of or _issued
    for piece in store.joined(first, last, topics=topics, chunk=chunk, stream_prefix=stream_prefix):
        wanted = columns.get(piece.topic) if isinstance(columns, Mapping) else columns
        yield Frame(piece.topic, piece.fingerprint, _frame(piece, find(piece.fingerprint).canonical, wanted))


def container(canonical: str, count: int, bodies: bytes) -> bytes:
    """Bodies laid end to end as an Avro object container file with one block."""
    schema = canonical.encode()
    return b"".join(
        (
            b"Obj\x01\x04",  # magic, and a map of two
            _text(b"avro.codec"),
            _text(b"null"),
            _text(b"avro.schema"),
            _text(schema),
            b"\x00",
            SYNC,
            zigzag(count),
            zigzag(len(bodies)),
            bodies,
            SYNC,
        )
    )


def _text(value: bytes) -> bytes:
    return zigzag(len(value)) + value


def _issued(fingerprint: bytes) -> Schema:
    from schemas.catalogue import by_fingerprint

    return by_fingerprint(fingerprint)


def _frame(piece: Joined, canonical: str, columns: Sequence[str] | None) -> pl.DataFrame:
    beside = piece.beside
    source = io.BytesIO(container(canonical, len(beside), piece.bodies))
    if columns is None:
        return beside.hstack(pl.read_avro(source))
    wanted = [name for name in columns if name not in BESIDE]
    if wanted:
        fields = {field["name"] for field in json.loads(canonical)["fields"]}
        wanted = [name for name in wanted if name in fields]
    if wanted:
        beside = beside.hstack(pl.read_avro(source, columns=wanted))
    return beside.select([name for name in columns if name in beside.columns])
