"""The fast reader of plain registers reads what fastavro reads, and leaves to fastavro what is not plain."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_reader
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import mis
from schemas.codec import Undecodable, decode, encode, encode_body, encode_confluent
from schemas.plain import PlainRows, read_plain_register
from tests.examples import examples

REGISTER = mis("RegisterTaken")


def register(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "message": b"m" * 16,
        "source": b"s" * 16,
        "sent_at": 1_756_710_000_000_000,
        "local_id": "marram",
        "date": "2025-09-01",
        "session": "AM",
        "group": "7B",
        "taker": "T9",
        "saved_at": 1_756_710_000_000_001,
        "whole": False,
        "cause": "typed",
        "marks": rows,
    }


texts = st.text(max_size=8) | st.sampled_from(["/", "\\", "C1", "", "x" * 63, "x" * 64, "é" * 40])
plain_rows = st.lists(st.fixed_dictionaries({"mis_pupil": texts, "code": texts}), max_size=70)
odd_rows = st.lists(
    st.fixed_dictionaries(
        {
            "mis_pupil": texts,
            "code": texts,
            "upn": st.none() | st.just("B801200005001"),
            "detail": st.none() | st.just({"minutes_late": 7}),
        }
    ),
    max_size=5,
)


def by_fastavro(body: bytes) -> Any:
    return schemaless_reader(BytesIO(body), REGISTER.reader, None)


def as_rows(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "marks": list(message["marks"])}


@settings(max_examples=examples(60), deadline=None)
@given(plain_rows | odd_rows)
def test_it_reads_what_fastavro_reads(rows: list[dict[str, Any]]) -> None:
    body = encode_body(REGISTER, register(rows))
    for value in (encode(REGISTER, register(rows)), encode_confluent(REGISTER, register(rows))):
        assert as_rows(decode(value, columns=True)[1]) == by_fastavro(body) == decode(value)[1]


def test_an_ordinary_class_is_plain() -> None:
    rows = [{"mis_pupil": f"P{n}", "code": "/"} for n in range(30)]
    found = read_plain_register(encode_body(REGISTER, register(rows)), 0)
    assert found is not None
    marks = found["marks"]
    assert isinstance(marks, PlainRows)
    assert (marks.pupils[29], marks.codes[29], len(marks)) == ("P29", "/", 30)


def test_plain_rows_are_a_sequence_of_the_same_rows() -> None:
    rows = PlainRows(["P1", "P2"], ["/", "N"])
    second = {"mis_pupil": "P2", "upn": None, "code": "N", "detail": None}
    assert rows[1] == second
    assert rows[-1:] == [second]
    assert list(rows)[1] == second


@settings(max_examples=examples(40), deadline=None)
@given(plain_rows, st.data())
def test_a_register_cut_short_or_with_bytes_left_over_is_undecodable(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    value = encode(REGISTER, register(rows))
    cut = data.draw(st.integers(10, len(value) - 1))
    with pytest.raises(Undecodable):
        decode(value[:cut], columns=True)
    with pytest.raises(Undecodable):
        decode(value + b"\x00", columns=True)


def test_a_pupil_that_is_no_text_is_undecodable() -> None:
    value = encode(REGISTER, register([{"mis_pupil": "PPPP", "code": "/"}])).replace(b"PPPP", b"PP\xff\xff")
    with pytest.raises(Undecodable):
        decode(value, columns=True)
