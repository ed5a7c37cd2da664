"""Bytes to records and back: the Avro single-object encoding, and the Confluent framing that Kafka clients use.

Refuses, as `Undecodable` with a sentence: a wrong marker, a schema we never issued, a truncated body, bytes left over.
"""

from __future__ import annotations

import json
import struct
from functools import cache
from io import BytesIO
from typing import Any

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
    return _decode_body(schema, value, start) if plain is None else plain


Ints = tuple[tuple[str, "Ints | None"], ...]


def _ints_in(fields: list[dict[str, Any]]) -> Ints:
    found: list[tuple[str, Ints | None]] = []
    for field in fields:
        stated = field["type"][-1] if isinstance(field["type"], list) else field["type"]
        inner = stated.get("items", stated) if isinstance(stated, dict) else stated
        if inner == "int" or (isinstance(inner, dict) and inner["type"] == "int"):
            found.append((field["name"], None))
        elif isinstance(inner, dict) and inner["type"] == "record" and (ints := _ints_in(inner["fields"])):
            found.append((field["name"], ints))
    return tuple(found)


@cache
def _where_ints_are(schema: Schema) -> Ints:
    return _ints_in(json.loads(schema.canonical)["fields"])


def _fits(record: Any, ints: Ints) -> bool:
    """True if every int has 32 bits: fastavro reads longer ones, and nobody could write them again."""
    for name, inner in ints:
        value = record[name]
        if value is None:
            continue
        if inner is None:
            if not -(1 << 31) <= value < 1 << 31:
                return False
        elif not all(_fits(row, inner) for row in (value if isinstance(value, list) else (value,))):
            return False
    return True


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
    if schema.kind == "mis" and not _fits(record, _where_ints_are(schema)):
        raise Undecodable(f"a number of the {schema.name} does not fit its field of 32 bits")
    return record  # type: ignore[return-value]


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
