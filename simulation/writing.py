"""Bytes, fast: the rows of registers from templates, and the Avro container of deliveries.

fastavro needs some 4 us for a row; a row from templates is a look-up. Tests prove the bytes equal to fastavro's.
The container's header carries the canonical schema, so that `received_at` is read as a raw number (microseconds).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from schemas.catalogue import id_of, mis
from schemas.flat import zigzag

Detail = Mapping[str, str | int | bytes]

NULL = b"\x00"
SEQUENCE_AT = 37
"""Every MIS message begins: framing (5), message (16), source (16), sequence; a null sequence is one byte there."""

_DETAIL_FIELDS = (
    "cause",
    "minutes_late",
    "arrived_at",
    "nature",
    "comment",
    "by",
    "by_kind",
    "said_at",
    "amended_on",
    "reason_code",
    "reason",
    "operation",
    "rule",
    "evidence",
    "arrangement",
)
_BLOCK = 256 * 1024


def string(text: str) -> bytes:
    """An Avro string."""
    raw = text.encode()
    return zigzag(len(raw)) + raw


def nullable_string(text: str | None) -> bytes:
    """A string of a union with null."""
    return NULL if text is None else b"\x02" + string(text)


def nullable_long(number: int | None) -> bytes:
    """A number of a union with null."""
    return NULL if number is None else b"\x02" + zigzag(number)


def detail_body(detail: Detail | None) -> bytes:
    """A mark's `detail`, null or record."""
    if not detail:
        return NULL
    parts = [b"\x02"]
    for name in _DETAIL_FIELDS:
        value = detail.get(name)
        if value is None:
            parts.append(NULL)
        elif isinstance(value, str):
            parts.append(b"\x02" + string(value))
        elif isinstance(value, bytes):
            parts.append(b"\x02" + value)
        else:
            parts.append(b"\x02" + zigzag(value))
    return b"".join(parts)


@cache
def pupil_part(mis_pupil: str) -> bytes:
    """The first half of a row: mis_pupil, and no UPN."""
    return string(mis_pupil) + NULL


@cache
def code_part(code: str) -> bytes:
    """The second half of a plain row: the code, and no detail."""
    return string(code) + NULL


def mark_row(mis_pupil: str, code: str, detail: Detail | None = None) -> bytes:
    """One row of a RegisterTaken."""
    if not detail:
        return pupil_part(mis_pupil) + code_part(code)
    return pupil_part(mis_pupil) + string(code) + detail_body(detail)


def snapshot_row(date: str, session: str, mis_pupil: str, code: str, detail: Detail | None = None) -> bytes:
    """One row of a RegisterSnapshot."""
    return string(date) + string(session) + mark_row(mis_pupil, code, detail)


@cache
def framing(name: str) -> bytes:
    """The Confluent framing of a MIS message: 0 and the schema's id."""
    return struct.pack(">BI", 0, id_of(mis(name)))


def array(rows: Iterable[bytes], count: int) -> bytes:
    """An Avro array as one block (fastavro writes it so too)."""
    return NULL if not count else b"".join((zigzag(count), *rows, NULL))


@cache
def place_part(laestab: str | None, local_id: str | None) -> bytes:
    """By which names a message means its place: laestab, no urn, local_id."""
    return nullable_string(laestab) + NULL + nullable_string(local_id)


@cache
def _session_part(date: str, session: str) -> bytes:
    return string(date) + string(session)


@cache
def _people_part(group: str | None, taker: str | None, by_kind: str | None) -> bytes:
    return nullable_string(group) + nullable_string(taker) + nullable_string(by_kind)


@cache
def _end_part(medium: str | None, cause: str) -> bytes:
    return nullable_string(medium) + NULL + NULL + string(cause)


def register_taken(
    *,
    message: bytes,
    source: bytes,
    sequence: int | None,
    sent_at: int,
    place: bytes,
    date: str,
    session: str,
    group: str | None,
    taker: str | None,
    by_kind: str | None,
    opened_at: int | None,
    saved_at: int | None,
    medium: str | None,
    cause: str,
    rows: list[bytes],
) -> bytes:
    """A RegisterTaken of one class (never closed, no paper reference, not whole). `place` comes from `place_part`."""
    return b"".join(
        (
            framing("RegisterTaken"),
            message,
            source,
            nullable_long(sequence),
            zigzag(sent_at),
            place,
            _session_part(date, session),
            _people_part(group, taker, by_kind),
            nullable_long(opened_at),
            nullable_long(saved_at),
            NULL,
            _end_part(medium, cause),
            array(rows, len(rows)),
        )
    )


def register_snapshot(
    *,
    message: bytes,
    source: bytes,
    sequence: int | None,
    sent_at: int,
    place: bytes,
    first: str,
    last: str,
    whole: bool,
    rows: list[bytes],
) -> bytes:
    """A RegisterSnapshot. `rows` come from `snapshot_row`."""
    return b"".join(
        (
            framing("RegisterSnapshot"),
            message,
            source,
            nullable_long(sequence),
            zigzag(sent_at),
            place,
            string(first),
            string(last),
            b"\x01" if whole else b"\x00",
            array(rows, len(rows)),
        )
    )


def with_sequence(value: bytes, sequence: int) -> bytes:
    """A message written with a null sequence, given one: it is known only when the message is sent."""
    return b"%b\x02%b%b" % (value[:SEQUENCE_AT], zigzag(sequence), value[SEQUENCE_AT + 1 :])


class Deliveries:
    """The Avro object container of deliveries, written in order of `received_at`; renamed into place when closed."""

    def __init__(self, out: Path, sync: bytes) -> None:
        self.count = 0
        self._out = out
        self._part = out.with_name(out.name + ".part")
        self._file = self._part.open("wb")
        self._sync = sync
        self._rows: list[bytes] = []
        self._size = 0
        self._last = 0
        self._addresses: dict[tuple[str, str], bytes] = {}
        meta = {"avro.schema": mis("Delivery").canonical.encode(), "avro.codec": b"deflate"}
        entries = b"".join(string(name) + zigzag(len(value)) + value for name, value in meta.items())
        self._file.write(b"Obj\x01" + zigzag(len(meta)) + entries + NULL + sync)

    def put(self, source: str, key: str, received_at: int, value: bytes) -> None:
        """One more delivery. `source` is 32 hex digits, or the word operator."""
        if received_at < self._last:
            raise ValueError(f"a delivery received at {received_at} comes after one received at {self._last}")
        self._last = received_at
        address = self._addresses.get((source, key))
        if address is None:
            address = self._addresses[source, key] = string(source) + string(key)
        row = b"%b%b%b%b" % (address, zigzag(received_at), zigzag(len(value)), value)
        self._rows.append(row)
        self._size += len(row)
        self.count += 1
        if self._size >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        deflater = zlib.compressobj(1, zlib.DEFLATED, -15)
        body = deflater.compress(b"".join(self._rows)) + deflater.flush()
        self._file.write(zigzag(len(self._rows)) + zigzag(len(body)) + body + self._sync)
        self._rows = []
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)
            return
        self._flush()
        self._file.close()
        os.replace(self._part, self._out)
