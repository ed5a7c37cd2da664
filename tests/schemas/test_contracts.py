"""The contracts: every schema ever issued can be read, all are issued, and the rules of flatness hold for those stored."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers import registers
from domain.admission_register import decide as admission
from domain.arrangement import words
from domain.authority import SETTINGS
from domain.case import decide as returning
from domain.place import decide as placing
from schemas import catalogue
from schemas.catalogue import KINDS, Issued, Schema, by_id, current, find, id_of, issued, ledger, mis, sealed
from schemas.codec import SINGLE_OBJECT, Undecodable, as_current, decode, encode, encode_body, encode_confluent

ROOM = Path(catalogue.__file__).parent
LEDGER = list(current("ledger").values())
EVERY = [schema for kind in KINDS for schema in current(kind).values()]
MESSAGES = [schema for schema in current("mis").values() if schema.name != "Delivery"]


def name_of(schema: Schema) -> str:
    return f"{schema.kind}/{schema.name}"


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every named type and complex type in a schema."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def base(stated: Any) -> Any:
    """The type of a field without its null."""
    kind = stated["type"]
    kind = kind[1] if isinstance(kind, list) else kind
    return kind["type"] if isinstance(kind, dict) else kind


def value_for(kind: Any, rng: int = 0) -> Any:
    """Some value of a type."""
    if isinstance(kind, list):
        return None if rng % 2 else value_for(kind[1], rng)
    if isinstance(kind, dict):
        match kind["type"]:
            case "fixed":
                return bytes([rng % 256]) * kind["size"]
            case "enum":
                return kind["symbols"][rng % len(kind["symbols"])]
            case "array":
                return [value_for(kind["items"], rng + n) for n in range(3)]
            case "record":
                return {field["name"]: value_for(field["type"], rng) for field in kind["fields"]}
            case inner:
                return value_for(inner, rng)
    return {"int": rng, "long": rng << 33, "string": f"text {rng}", "bytes": b"bytes", "boolean": bool(rng % 3)}[kind]


def record_of(schema: Schema, rng: int = 0) -> dict[str, Any]:
    """Some record of a schema."""
    made: dict[str, Any] = value_for(json.loads(schema.canonical), rng)
    return made


# --- issued once, readable for ever


@pytest.mark.parametrize("line", list(issued().values()), ids=lambda line: f"{line.id} {line.kind}/{line.name}")
def test_every_schema_ever_issued_can_still_be_read(line: Issued) -> None:
    schema = find(line.fingerprint)
    assert schema is not None
    assert by_id(line.id) is schema
    assert (schema.kind, schema.name) == (line.kind, line.name)
    assert id_of(schema) == line.id
    record = record_of(schema, 7)
    assert decode(encode(schema, record)) == (schema, record)


@pytest.mark.parametrize("schema", EVERY, ids=name_of)
def test_every_current_schema_is_issued(schema: Schema) -> None:
    lines = [line for line in issued().values() if line.fingerprint == schema.fingerprint]
    assert [(line.kind, line.name) for line in lines] == [(schema.kind, schema.name)]


def test_the_register_of_schemas_counts_from_one_and_issues_nothing_twice() -> None:
    with (ROOM / "issued.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["id"]) for row in rows] == list(range(1, len(rows) + 1))
    assert max(Counter(row["fingerprint"] for row in rows).values()) == 1
    assert {row["kind"] for row in rows} == set(KINDS)


@pytest.mark.parametrize("schema", EVERY, ids=name_of)
def test_the_fingerprint_is_that_of_the_specification(schema: Schema) -> None:
    """CRC-64-AVRO of the parsing canonical form, written out from the specification's own lines."""
    empty = 0xC15D213AA4D7A795
    table = []
    for n in range(256):
        fp = n
        for _ in range(8):
            fp = (fp >> 1) ^ (empty & -(fp & 1))
        table.append(fp)
    crc = empty
    for byte in schema.canonical.encode():
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    assert schema.fingerprint == crc.to_bytes(8, "little")


def test_documentation_changes_no_fingerprint_and_a_field_does() -> None:
    text = ledger("MarkRecorded").text
    assert (
        catalogue.read_schema("ledger", text.replace('"doc": "', '"doc": "Now: ')).fingerprint
        == ledger("MarkRecorded").fingerprint
    )
    other = catalogue.read_schema("ledger", text.replace('"code_sent"', '"code_said"'))
    assert other.fingerprint != ledger("MarkRecorded").fingerprint
    assert find(other.fingerprint) is None


# --- flat


@pytest.mark.parametrize("schema", EVERY, ids=name_of)
def test_the_record_is_named_as_its_file_and_has_no_namespace(schema: Schema) -> None:
    text = (ROOM / schema.kind / f"{schema.name}.avsc").read_text("utf-8")
    assert text == schema.text
    assert not [node for node in walk(json.loads(text)) if "namespace" in node or "." in str(node.get("name", ""))]


@pytest.mark.parametrize("schema", EVERY, ids=name_of)
def test_no_named_type_is_used_twice_and_null_comes_first_and_defaults(schema: Schema) -> None:
    nodes = list(walk(json.loads(schema.text)))
    named = [node["name"] for node in nodes if node.get("type") in ("fixed", "enum", "record")]
    assert len(named) == len(set(named))
    for node in nodes:
        if isinstance(node.get("type"), list):
            assert node["type"][0] == "null"
            assert len(node["type"]) == 2
            assert node["default"] is None


@pytest.mark.parametrize("schema", [*LEDGER, *current("sealed").values()], ids=name_of)
def test_what_is_stored_is_flat(schema: Schema) -> None:
    stated = json.loads(schema.text)
    kinds = {base(field) for field in stated["fields"]}
    assert kinds <= {"int", "long", "string", "bytes", "boolean", "fixed", "enum"}
    for field in stated["fields"]:
        nullable = isinstance(field["type"], list)
        assert not (nullable and base(field) == "enum"), f"{field['name']}: a nullable enum breaks bulk decoding"
        if base(field) == "enum":
            assert "default" not in field
            assert field["type"]["name"] == "".join(word.capitalize() for word in field["name"].split("_"))


@pytest.mark.parametrize("schema", LEDGER, ids=name_of)
def test_every_ledger_body_begins_with_its_salt(schema: Schema) -> None:
    first = schema.fields[0]
    assert first == {"name": "salt", "type": {"type": "fixed", "name": "Salt", "size": 16}}


@pytest.mark.parametrize("schema", LEDGER, ids=name_of)
def test_a_sealed_part_is_three_fields_at_the_end_or_none(schema: Schema) -> None:
    names = [field["name"] for field in schema.fields]
    there = [name for name in names if name.startswith("sealed")]
    assert there in ([], ["sealed_key", "sealed", "sealed_hash"])
    assert not there or names[-3:] == there


PERSONAL = {
    "full_name",
    "name_used",
    "address",
    "birth_date",
    "upn",
    "mis_pupil",
    "user_id",
    "reason",
    "nature",
    "comment",
}


@pytest.mark.parametrize("schema", LEDGER, ids=name_of)
def test_no_clear_field_is_there_for_what_must_be_sealed(schema: Schema) -> None:
    assert not PERSONAL & {field["name"] for field in schema.fields if base(field) != "enum"}


def values_said() -> Iterator[Any]:
    for schema in LEDGER:
        for field in schema.fields:
            if "rollbook.values" in field:
                yield pytest.param(field, id=f"{schema.name}.{field['name']}")


KNOWN_VALUES = {
    "reason_code": registers.REASON_CODES,
    "broker_clock": frozenset(("create", "append")),
    "enrolment_status": admission.STATUSES,
    "setting_type": frozenset(("NFE", "OOT", "OTH", "WBP")),
    "setting": frozenset(SETTINGS),
    "term": frozenset(placing.TERMS),
    "kind": placing.CLOSURE_KINDS,
    "from_session": words.SESSIONS,
    "to_session": words.SESSIONS,
    "ended_session": words.SESSIONS,
    "session": words.SESSIONS,
    "plan": words.PLANS,
    "census_reason": words.CENSUS_REASONS,
    "ground": frozenset({*admission.GROUNDS.values(), "pre2024", "not_said"}),
}


@pytest.mark.parametrize("field", list(values_said()))
def test_a_list_of_values_that_is_no_enum_is_a_string_whose_values_the_code_knows(field: dict[str, Any]) -> None:
    assert field["type"] in (["null", "string"], "string")
    assert field["name"] in KNOWN_VALUES, "say here which code decides on it"
    assert set(field["rollbook.values"]) == KNOWN_VALUES[field["name"]]


def enum(topic: str, name: str) -> set[str]:
    return {s for f in ledger(topic).fields if f["name"] == name for s in f["type"]["symbols"]}


@pytest.mark.parametrize(
    ("topic", "name", "known"),
    [
        ("MarkRecorded", "cause", registers.CAUSES),
        ("MarkAmended", "cause", registers.CAUSES),
        ("MarkWithdrawn", "how", registers.GONE | {"absent_from_whole_snapshot"}),
        ("EntriesReceived", "how", {*registers.HOW.values(), "replay"}),
        ("EntriesReceived", "medium", registers.MEDIA),
        ("PupilEntered", "admission", admission.ADMISSIONS),
        ("PupilDeleted", "ground", {*admission.GROUNDS.values(), "pre2024", "not_said"}),
        ("PupilDeleted", "destination", admission.DESTINATIONS),
        ("EnrolmentStatusRecorded", "status", admission.STATUSES),
        ("PlaceDescribed", "kind", placing.PLACE_KINDS),
        ("PlaceDescribed", "phase", placing.PHASES),
        ("SourceDescribed", "route", placing.ROUTES),
        ("SourceDescribed", "delivery", placing.DELIVERIES),
        ("TermSet", "term", set(placing.TERMS)),
        ("ClosurePlanned", "kind", placing.CLOSURE_KINDS),
        ("SessionCancelled", "why", placing.CANCEL_WHYS),
        ("LeaveAsked", "asker", words.ASKERS),
        ("LeaveAsked", "reg11", words.PARAGRAPHS),
        ("LeaveAsked", "purpose", words.LEAVE_PURPOSES),
        ("LeaveWithdrawn", "why", words.WHYS),
        ("PartTimeAgreed", "purpose", words.PART_TIME_PURPOSES),
        ("PartTimeReviewed", "outcome", words.REVIEW_OUTCOMES),
        ("ActivityApproved", "code", words.ACTIVITY_CODES),
        ("ActivityApproved", "nature", words.ACTIVITY_NATURES),
        ("ActivityApproved", "supervisor", words.SUPERVISORS),
        ("ActivityApproved", "fit_because", words.FITNESS),
        ("PlacementStarted", "arranger", words.ARRANGERS),
        ("PlacementStarted", "basis", words.BASES),
        ("PlacementStarted", "delivery", words.DELIVERY),
        ("PlacementEnded", "outcome", words.OUTCOMES),
        ("EvidenceReceived", "kind", words.EVIDENCE_KINDS),
        ("ReturnMade", "kind", returning.KINDS),
        ("ReturnMade", "limb", returning.LIMBS),
        ("ReturnMade", "channel", returning.CHANNELS),
        ("ReturnAsked", "kind", returning.ASKABLE),
        ("SicknessBeliefFormed", "limb", returning.BELIEFS),
    ],
)
def test_the_code_decides_on_exactly_the_symbols_that_can_be_stored(topic: str, name: str, known: set[str]) -> None:
    assert enum(topic, name) == set(known)


# --- the evidence index


@pytest.mark.parametrize("schema", LEDGER, ids=name_of)
def test_every_ledger_schema_says_what_the_index_lists_and_names_fields_that_exist(schema: Schema) -> None:
    stated = json.loads(schema.text)
    assert "rollbook.index" in stated
    sizes = {f["name"]: f["type"].get("size") for f in schema.fields if isinstance(f["type"], dict)}
    days = {f["name"] for f in schema.fields if base(f) == "int"}
    for listed in stated["rollbook.index"]:
        assert listed["kind"] in ("line", "pupil", "register", "place")
        assert ("field" in listed) != ("stream" in listed), "an id comes from a field or from the stream's name"
        if "field" in listed:
            assert sizes[listed["field"]] == 16
        if "year" in listed:
            assert listed["year"] in days


@pytest.mark.parametrize("schema", LEDGER, ids=name_of)
def test_whatever_carries_a_line_is_listed_under_it(schema: Schema) -> None:
    carries = any(field["name"] == "line" for field in schema.fields)
    listed = [entry["kind"] for entry in schema.index]
    assert not carries or "line" in listed
    assert len(listed) == len(set(map(str, schema.index)))


# --- read in columns


@pytest.mark.parametrize("schema", LEDGER, ids=name_of)
def test_polars_reads_bodies_laid_end_to_end_as_one_container(schema: Schema) -> None:
    records = [record_of(schema, rng) for rng in range(8)]
    sync = b"S" * 16
    bodies = b"".join(encode_body(schema, record) for record in records)
    out = BytesIO()
    empty = BytesIO()
    fastavro.writer(
        empty, json.loads(schema.canonical), [], sync_marker=sync, metadata={"avro.schema": schema.canonical}
    )
    out.write(empty.getvalue())
    out.write(zigzag(len(records)) + zigzag(len(bodies)) + bodies + sync)
    out.seek(0)
    frame = pl.read_avro(out)
    assert frame.columns == [field["name"] for field in schema.fields]
    assert frame.height == len(records)
    for name in frame.columns:
        assert frame[name].to_list() == [record[name] for record in records]


def zigzag(number: int) -> bytes:
    """Written out once more, so that this test owes nothing to the writers that it checks."""
    rest, out = (number << 1) ^ (number >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


# --- framing and refusals


@pytest.mark.parametrize("schema", EVERY, ids=name_of)
@pytest.mark.parametrize("framed", [encode, encode_confluent])
def test_both_framings_come_back_as_they_went(schema: Schema, framed: Any) -> None:
    for rng in range(4):
        record = record_of(schema, rng)
        assert decode(framed(schema, record)) == (schema, record)


def test_the_framings_are_those_of_the_avro_specification_and_of_confluent() -> None:
    schema = mis("MarkRemoved")
    body = encode_body(schema, record_of(schema))
    assert encode(schema, record_of(schema)) == b"\xc3\x01" + schema.fingerprint + body
    assert encode_confluent(schema, record_of(schema)) == b"\x00" + id_of(schema).to_bytes(4, "big") + body


@pytest.mark.parametrize("schema", MESSAGES, ids=name_of)
@pytest.mark.parametrize("framed", [encode, encode_confluent])
def test_a_value_cut_anywhere_or_with_bytes_left_over_is_refused(schema: Schema, framed: Any) -> None:
    value = framed(schema, record_of(schema, 4))
    for length in range(len(value)):
        with pytest.raises(Undecodable):
            decode(value[:length])
    with pytest.raises(Undecodable, match="left over"):
        decode(value + b"\x00")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=60), st.sampled_from(MESSAGES), st.booleans())
def test_any_bytes_are_a_message_or_refused_and_nothing_else(noise: bytes, schema: Schema, confluent: bool) -> None:
    head = b"\x00" + id_of(schema).to_bytes(4, "big") if confluent else SINGLE_OBJECT + schema.fingerprint
    for value in (noise, head + noise):
        try:
            found, record = decode(value)
        except Undecodable:
            continue
        assert found is schema
        assert decode(encode(found, record)) == (found, record)


def test_a_refusal_quotes_no_text_of_the_value() -> None:
    schema = mis("PupilLeft")
    leaver = {"mis_pupil": "Peregrine Oakenshaw", "leaving_on": "2025-09-01"}
    record = {"message": b"m" * 16, "source": b"s" * 16, "sent_at": 0, "leavers": [leaver]}
    value = encode_confluent(schema, record)
    for broken in (value[:-3], value + b"Peregrine", b"Peregrine Oakenshaw"):
        with pytest.raises(Undecodable) as refused:
            decode(broken)
        assert "Peregrine" not in str(refused.value)


def test_a_sealed_text_and_a_ledger_event_of_one_name_are_told_apart() -> None:
    assert {s.name for s in current("sealed").values()}.isdisjoint(current("ledger"))
    assert sealed("MarkText").kind == "sealed"


# --- versions


EARLIER = [
    schema
    for schema in (find(line.fingerprint) for line in issued().values())
    if schema is not None and schema is not current(schema.kind).get(schema.name)
]


def shape(stated: Any) -> Any:
    """The fields of a record by name, records inside arrays and options opened too."""
    inner = stated["type"][-1] if isinstance(stated["type"], list) else stated["type"]
    inner = inner["items"] if isinstance(inner, dict) and inner.get("type") == "array" else inner
    fields = inner["fields"] if isinstance(inner, dict) and inner.get("type") == "record" else None
    return None if fields is None else {field["name"]: (field, shape(field)) for field in fields}


def additions(was: dict[str, Any], now: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a later version has more; a field that went or changed its type is an error."""
    assert was.keys() <= now.keys()
    for name, (field, inside) in now.items():
        if name not in was:
            yield field
        elif inside is not None:
            yield from additions(was[name][1], inside)
        else:
            assert was[name][0]["type"] == field["type"]


@pytest.mark.parametrize("schema", EARLIER, ids=name_of)
def test_a_later_version_only_adds_fields_that_may_be_null(schema: Schema) -> None:
    now = current(schema.kind)[schema.name]
    new = list(additions(shape({"type": json.loads(schema.text)}), shape({"type": json.loads(now.text)})))
    assert new
    assert all(field["type"][0] == "null" for field in new)


@pytest.mark.parametrize("schema", [s for s in EARLIER if s.kind == "mis"], ids=name_of)
def test_a_message_of_an_earlier_version_is_read_as_one_of_today(schema: Schema) -> None:
    record = record_of(schema, 3)
    _, sent = decode(encode(schema, record))
    read = as_current(schema, sent)
    assert decode(encode(mis(schema.name), read)) == (mis(schema.name), read)
    assert {name: value for name, value in read.items() if not isinstance(value, list)} == {
        name: value for name, value in record.items() if not isinstance(value, list)
    }
    for name, rows in record.items():
        if isinstance(rows, list):
            assert [{key: row[key] for key in sent_row} for row, sent_row in zip(read[name], rows, strict=True)] == rows
