"""Bytes to records and back: the Avro single-object encoding, and the Confluent framing that Kafka clients use.

Refuses, as `Undecodable` with a sentence: a wrong marker, a schema we never issued, a truncated body, bytes left over.
"""

from __future__ import annotations

import json
import struct
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

from fastavro import schemaless_reader, schemaless_writer

from schemas.catalogue import Schema, by_id, find, id_of, mis
from schemas.flat import encode_flat
from schemas.plain import read_plain_register

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = 0
_CONFLUENT_HEADER = struct.Struct(">BI")

Record = dict[str, Any]


class Undecodable(ValueError):
    """Bytes that are not one whole record of a schema we issued."""


def encode_body(schema: Schema, record: Record) -> bytes:
    """The Avro body. A field that the schema lacks, or a required one that is missing, is a ValueError: our own bug."""
    if schema.kind != "mis":
        return encode_flat(schema, record)
    out = BytesIO()
    schemaless_writer(out, schema.writer, record, strict_allow_default=True)
    return out.getvalue()


def encode(schema: Schema, record: Record) -> bytes:
    """Single-object encoding: marker, fingerprint, body (Avro specification)."""
    return SINGLE_OBJECT + schema.fingerprint + encode_body(schema, record)


def encode_confluent(schema: Schema, record: Record) -> bytes:
    """Confluent framing: 0, schema id (4 bytes, big-endian), body."""
    return _CONFLUENT_HEADER.pack(CONFLUENT, id_of(schema)) + encode_body(schema, record)


def _columns_or_rows(schema: Schema, value: bytes, start: int) -> Record:
    """By the fast reader where it can, else by fastavro."""
    plain = read_plain_register(value, start) if schema is mis("RegisterTaken") else None
    if plain is None:
        return _decode_body(schema, value, start)
    _require_fit(schema, plain, _numbers_outside_rows(schema))  # plain rows hold no number
    return plain


def as_current(schema: Schema, record: Record) -> Record:
    """A MIS message in the form of its current schema: what an earlier version could not say is null.

    A version may only add nullable fields, also to the records inside: so whatever was sent is understood for ever.
    """
    now = mis(schema.name) if schema.kind == "mis" else schema
    return record if now is schema else _filled(now.fields, record)


def _filled(fields: list[dict[str, Any]], record: Any) -> Record:
    filled: Record = {}
    for field in fields:
        value = record.get(field["name"])
        stated = field["type"][-1] if isinstance(field["type"], list) else field["type"]
        inner = stated["items"] if isinstance(stated, dict) and stated["type"] == "array" else stated
        if value is not None and isinstance(inner, dict) and inner["type"] == "record":
            inside = inner["fields"]
            value = [_filled(inside, row) for row in value] if isinstance(value, list) else _filled(inside, value)
        filled[field["name"]] = value
    return filled


class Number(NamedTuple):
    """A field that is a number with bounds, or that holds records with such fields."""

    field: str
    least: int = 0
    most: int = 0
    rows: tuple[Number, ...] | None = None


_INT = (-(1 << 31), (1 << 31) - 1)
_INSTANT = (-62_135_510_400_000_000, 253_402_214_399_999_999)
"""Microseconds from 2 January of the year 1 to 30 December 9999: what a calendar can say in every time zone."""


def _numbers_in(fields: list[dict[str, Any]]) -> tuple[Number, ...]:
    found: list[Number] = []
    for field in fields:
        stated = field["type"][-1] if isinstance(field["type"], list) else field["type"]
        inner = stated.get("items", stated) if isinstance(stated, dict) else stated
        kind = inner if isinstance(inner, dict) else {"type": inner}
        if kind["type"] == "int":
            found.append(Number(field["name"], *_INT))
        elif kind.get("logicalType") == "timestamp-micros":
            found.append(Number(field["name"], *_INSTANT))
        elif kind["type"] == "record" and (numbers := _numbers_in(kind["fields"])):
            found.append(Number(field["name"], rows=numbers))
    return tuple(found)


@cache
def _numbers_of(schema: Schema) -> tuple[Number, ...]:
    return _numbers_in(json.loads(schema.text)["fields"])


@cache
def _numbers_outside_rows(schema: Schema) -> tuple[Number, ...]:
    return tuple(number for number in _numbers_of(schema) if number.rows is None)


def is_instant(micros: int) -> bool:
    """True if a calendar can say it in every time zone."""
    return _INSTANT[0] <= micros <= _INSTANT[1]


def _require_fit(schema: Schema, record: Any, numbers: tuple[Number, ...]) -> None:
    """Refuse an int of more than 32 bits, which fastavro reads and nobody could write again, and an instant that no
    calendar can say, such as nanoseconds sent for microseconds."""
    for field, least, most, rows in numbers:
        value = record[field]
        if value is None:
            continue
        if rows is not None:
            for row in value if isinstance(value, list) else (value,):
                _require_fit(schema, row, rows)
        elif not least <= value <= most:
            what = "a number" if (least, most) == _INT else "an instant"
            where = "its field of 32 bits" if (least, most) == _INT else "the years 1 to 9999"
            raise Undecodable(f"{what} of the {schema.name} does not fit {where}")


def _decode_body(schema: Schema, value: bytes, start: int) -> Record:
    stream = BytesIO(value)
    stream.seek(start)
    try:
        record = schemaless_reader(stream, schema.reader, None)
    except Exception as error:  # fastavro raises EOFError, IndexError, UnicodeDecodeError and others on bad bytes
        raise Undecodable(
            f"the body is not a {schema.name}: it ends early or holds a value that does not exist"
        ) from error
    left = len(value) - stream.tell()
    if left:
        raise Undecodable(f"{left} bytes are left over after the {schema.name}")
    if schema.kind == "mis" and schema.name != "Delivery":  # what carries a message is no message
        _require_fit(schema, record, _numbers_of(schema))
    return record  # type: ignore[return-value]  # a record's schema gives a dict


def decode(value: bytes, *, columns: bool = False) -> tuple[Schema, Record]:
    """A value in either framing, read by the schema that it names.

    Raises Undecodable. Dates and instants come as raw numbers (days, microseconds). With `columns`, the rows of a
    plain register come as `PlainRows`: two columns, and a sequence of the same rows.
    """
    read = _columns_or_rows if columns else _decode_body
    if value[:2] == SINGLE_OBJECT:
        schema = find(value[2:10])
        if schema is None:
            raise Undecodable(f"no schema with fingerprint {value[2:10].hex()} was ever issued")
        return schema, read(schema, value, 10)
    if value[:1] == b"\x00" and len(value) >= _CONFLUENT_HEADER.size:
        _, schema_id = _CONFLUENT_HEADER.unpack_from(value)
        schema = by_id(schema_id)
        if schema is None:
            raise Undecodable(f"no schema has the id {schema_id}")
        return schema, read(schema, value, _CONFLUENT_HEADER.size)
    raise Undecodable("the value begins with neither C3 01 (Avro single object) nor 00 and a schema id (Confluent)")
