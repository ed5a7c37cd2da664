"""Every schema ever issued, found by name, by fingerprint or by registry id.

The `.avsc` beside this file is the current schema of a record. When one changes, the earlier text moves to
`earlier/NAME.FINGERPRINT.avsc` and stays readable for ever. `issued.csv` is the frozen register of both: a line is
added for each schema issued and none is ever changed; its id is the schema id of the Confluent framing.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

import fastavro
from fastavro.schema import fingerprint as avro_fingerprint
from fastavro.schema import to_parsing_canonical_form

Kind = Literal["ledger", "mis", "sealed"]
KINDS: tuple[Kind, ...] = ("ledger", "sealed", "mis")


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One schema: its text as issued, and the forms in which machines read it."""

    kind: Kind
    name: str
    text: str
    """The file, byte for byte, as text."""
    canonical: str
    """Parsing canonical form (Avro specification): what the fingerprint is of, and what readers are handed."""
    fingerprint: bytes
    """CRC-64-AVRO, 8 bytes little-endian, as in the single-object encoding."""
    sha256: bytes
    """Of the text: a CRC is forged in milliseconds, this is not."""
    index: tuple[Mapping[str, Any], ...]
    """`rollbook.index`: which fields the evidence index lists (docs/formats/1.md)."""
    writer: Any
    """Parsed for fastavro's writer: raw numbers, defaults kept."""
    reader: Any
    """Parsed for fastavro's reader, from the canonical form: raw numbers."""

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The fields as the file states them."""
        found: list[dict[str, Any]] = json.loads(self.text)["fields"]
        return found


def _without_logical_types(node: Any) -> Any:
    """The same schema over raw numbers: converting dates and instants is most of fastavro's cost."""
    if isinstance(node, dict):
        return {k: _without_logical_types(v) for k, v in node.items() if k != "logicalType"}
    if isinstance(node, list):
        return [_without_logical_types(n) for n in node]
    return node


def read_schema(kind: Kind, text: str) -> Schema:
    """A schema from the text of its file."""
    stated = json.loads(text)
    canonical = to_parsing_canonical_form(stated)
    return Schema(
        kind=kind,
        name=stated["name"],
        text=text,
        canonical=canonical,
        fingerprint=bytes.fromhex(avro_fingerprint(canonical, "CRC-64-AVRO")),
        sha256=hashlib.sha256(text.encode()).digest(),
        index=tuple(stated.get("rollbook.index", ())),
        writer=fastavro.parse_schema(_without_logical_types(stated)),
        reader=fastavro.parse_schema(json.loads(canonical)),
    )


def _texts(folder: Traversable) -> list[str]:
    return [f.read_text("utf-8") for f in sorted(folder.iterdir(), key=lambda f: f.name) if f.name.endswith(".avsc")]


@cache
def current(kind: Kind) -> Mapping[str, Schema]:
    """The schemas in force of one kind, by name."""
    return {s.name: s for s in (read_schema(kind, t) for t in _texts(files("schemas") / kind))}


@cache
def _earlier() -> list[Schema]:
    found: list[Schema] = []
    for kind in KINDS:
        folder = files("schemas") / kind / "earlier"
        if folder.is_dir():
            found.extend(read_schema(kind, t) for t in _texts(folder))
    return found


@cache
def _by_fingerprint() -> Mapping[bytes, Schema]:
    known = {s.fingerprint: s for s in _earlier()}
    for kind in KINDS:
        known.update({s.fingerprint: s for s in current(kind).values()})
    return known


def find(fingerprint: bytes) -> Schema | None:
    """The schema with this fingerprint (8 bytes, little-endian), or None if we never issued one."""
    return _by_fingerprint().get(fingerprint)


def by_fingerprint(fingerprint: bytes) -> Schema:
    """The schema with this fingerprint; KeyError if we never issued one."""
    return _by_fingerprint()[fingerprint]


def ledger(name: str) -> Schema:
    """The current schema of a ledger event; KeyError for a topic we do not know."""
    return current("ledger")[name]


def sealed(name: str) -> Schema:
    """The current schema of a sealed record."""
    return current("sealed")[name]


def mis(name: str) -> Schema:
    """The current schema of a MIS message."""
    return current("mis")[name]


@dataclass(frozen=True, slots=True)
class Issued:
    """One line of `issued.csv`."""

    id: int
    kind: str
    name: str
    fingerprint: bytes
    sha256: bytes


@cache
def issued() -> Mapping[int, Issued]:
    """Every schema ever issued, by its id in the Confluent framing."""
    text = (files("schemas") / "issued.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        int(r["id"]): Issued(
            int(r["id"]), r["kind"], r["name"], bytes.fromhex(r["fingerprint"]), bytes.fromhex(r["sha256"])
        )
        for r in rows
    }


def by_id(schema_id: int) -> Schema | None:
    """The schema with this registry id, or None."""
    line = issued().get(schema_id)
    return None if line is None else find(line.fingerprint)


def id_of(schema: Schema) -> int:
    """The registry id of a schema that we issued; KeyError if `issued.csv` does not list it."""
    for line in issued().values():
        if line.fingerprint == schema.fingerprint and line.kind == schema.kind:
            return line.id
    raise KeyError(f"{schema.name} is not in issued.csv; add it with: python -m schemas.issue")
