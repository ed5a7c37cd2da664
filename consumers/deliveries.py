"""A delivery: one value as it lies on a source's topic, and files of them.

A file is an Avro container of `schemas/mis/Delivery.avsc`; its values are framed exactly as on Kafka, so one decoder
serves both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

import fastavro

from domain.events import OPERATOR
from domain.identifiers import is_id
from schemas.catalogue import mis
from schemas.codec import is_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileRows(NamedTuple):
    """Of a message made from a table: which rows of which file its rows are, so that a sentence can say so."""

    file: str
    """The first digits of its SHA-256: a file's name may hold a person's, and sentences stand in clear."""
    numbers: Sequence[int]
    """As a spreadsheet counts them: 1 is the row of the column names."""


class Delivery(NamedTuple):
    """One value, and what its carrier says of it."""

    source: str
    """32 hex digits, or the word operator."""
    key: str
    """The source's id of the place."""
    received_at: int
    """When the broker took it, UTC microseconds."""
    value: bytes
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    rows: FileRows | None = None
    """Of a message made from a table; else None."""
    clock: str = "append"
    """Whose clock `received_at` is: append, the broker's; create, the producer's."""

    @property
    def source_id(self) -> bytes | None:
        """The source's id; None for what is no id. Nobody is the operator by writing thirty-two noughts."""
        if self.source == "operator":
            return OPERATOR
        source = bytes.fromhex(self.source) if is_id(self.source) else None
        return None if source == OPERATOR else source


class NotDeliveries(ValueError):
    """A file that is not an Avro container of deliveries."""


def read_deliveries(path: Path) -> Iterator[Delivery]:
    """The deliveries of a file, in order. Raises NotDeliveries with a sentence; memory does not grow with the file."""
    with path.open("rb") as file:
        try:
            reader = fastavro.reader(file, reader_schema=mis("Delivery").reader)
            for row in reader:
                yield _delivery(cast("dict[str, Any]", row))
        except (ValueError, EOFError, KeyError, IndexError, OSError, TypeError) as error:
            raise NotDeliveries(
                f"{path.name} is not a whole Avro container of deliveries ({error or 'it ends early'}); "
                "write one with rollbook simulate, or see schemas/mis/Delivery.avsc."
            ) from error


def _delivery(stated: dict[str, Any]) -> Delivery:
    received_at = stated["received_at"]
    if isinstance(received_at, datetime):  # the file's own schema says that it is an instant
        received_at = (received_at - _EPOCH) // timedelta(microseconds=1)
    if not is_instant(received_at):
        raise ValueError("a delivery was received outside the years 1 to 9999")
    return Delivery(stated["source"], stated["key"], received_at, stated["value"])


def file_hash(path: Path) -> bytes:
    """SHA-256 of a file: by it an import knows what it has taken in, whatever the file is called."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
