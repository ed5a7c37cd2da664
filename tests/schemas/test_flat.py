"""The writer for flat records writes what fastavro writes, for every schema, and refuses what does not fit."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_writer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import Schema, current, ledger, sealed
from schemas.flat import encode_flat, zigzag
from tests.examples import examples

FLAT = [*current("ledger").values(), *current("sealed").values()]
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-(1 << 31), (1 << 31) - 1),
    "long": st.integers(-(1 << 63), (1 << 63) - 1),
    "string": st.text(),
    "bytes": st.binary(),
    "boolean": st.booleans(),
}


def values(stated: Any) -> st.SearchStrategy[Any]:
    if isinstance(stated, list):
        return st.none() | values(stated[1])
    if isinstance(stated, str):
        return SIMPLE[stated]
    if stated["type"] == "fixed":
        return st.binary(min_size=stated["size"], max_size=stated["size"])
    return st.sampled_from(stated["symbols"])


def records(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    fields = json.loads(schema.canonical)["fields"]
    return st.fixed_dictionaries({field["name"]: values(field["type"]) for field in fields})


def by_fastavro(schema: Schema, record: dict[str, Any]) -> bytes:
    out = BytesIO()
    schemaless_writer(out, schema.writer, record)
    return out.getvalue()


@pytest.mark.parametrize("schema", FLAT, ids=lambda schema: schema.name)
@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_it_writes_what_fastavro_writes(schema: Schema, data: st.DataObject) -> None:
    record = data.draw(records(schema))
    assert encode_flat(schema, record) == by_fastavro(schema, record)
    said = {name: value for name, value in record.items() if value is not None}
    assert encode_flat(schema, said) == by_fastavro(schema, record)


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_long_reads_back_from_its_zigzag(number: int) -> None:
    raw, rest = zigzag(number), 0
    for shift, byte in enumerate(raw):
        rest |= (byte & 0x7F) << (7 * shift)
    assert (rest >> 1) ^ -(rest & 1) == number
    assert all(byte & 0x80 for byte in raw[:-1])
    assert not raw[-1] & 0x80


def test_a_field_that_the_schema_lacks_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="LineText has no field colour"):
        encode_flat(sealed("LineText"), {"colour": "blue"})


def test_a_required_field_that_is_missing_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="UpnText needs a value for upn"):
        encode_flat(sealed("UpnText"), {})


@pytest.mark.parametrize(
    ("field", "value"),
    [("salt", bytes(15)), ("salt", "text"), ("became", "nothing"), ("first_position", 1 << 63), ("sealed", 3)],
)
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_field(field: str, value: Any) -> None:
    record = {"salt": bytes(16), "held": bytes(16), "became": "events", "by_kind": "not_said", field: value}
    with pytest.raises(ValueError, match=f"InputResolved.{field}"):
        encode_flat(ledger("InputResolved"), record)
