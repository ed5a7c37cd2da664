"""Bytes from a template are those that fastavro writes, for whatever an ordinary mark can say."""

from __future__ import annotations

from io import BytesIO

import pytest
from fastavro import schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import ledger
from schemas.codec import decode, encode
from schemas.marks import plain_marks, plain_tail, read_mark

CAUSES = [s for f in ledger("MarkRecorded").fields if f["name"] == "cause" for s in f["type"]["symbols"]]
a_mark = st.fixed_dictionaries(
    {
        "line": st.binary(min_size=16, max_size=16),
        "date": st.integers(-719_162, 2_932_896),
        "session": st.sampled_from(["AM", "PM"]),
        "header": st.integers(1, 2**31 - 1),
        "code": st.text(max_size=300),
        "code_sent": st.none() | st.text(max_size=300),
        "cause": st.sampled_from(CAUSES),
    }
)


@settings(deadline=None)
@given(st.lists(a_mark, max_size=20), st.sampled_from(["MarkRecorded", "MarkForeseen"]))
def test_a_template_writes_what_fastavro_writes(marks: list[dict[str, object]], topic: str) -> None:
    tails = [plain_tail(*(mark[name] for name in TAIL)) for mark in marks]  # type: ignore[arg-type]
    states = plain_marks([mark["line"] for mark in marks], tails, topic)  # type: ignore[misc]
    schema = ledger(topic)
    for state, mark in zip(states, marks, strict=True):
        salt = state[10:26]
        out = BytesIO()
        schemaless_writer(out, schema.writer, {"salt": salt, **mark})
        assert state == b"\xc3\x01" + schema.fingerprint + out.getvalue()
        found, record = decode(state)
        assert found is schema
        assert {name: record[name] for name in mark} == mark


@settings(deadline=None)
@given(st.lists(a_mark, max_size=20), st.none() | st.integers(0, 90), st.sampled_from(["MarkRecorded", "MarkForeseen"]))
def test_the_quick_reader_reads_what_the_codec_reads_or_leaves_it_alone(
    marks: list[dict[str, object]], minutes_late: int | None, topic: str
) -> None:
    for mark in marks:
        state = encode(ledger(topic), {"salt": b"s" * 16, **mark, "minutes_late": minutes_late})
        quick = read_mark(state)
        assert quick in (None, decode(state)[1])
        if topic == "MarkRecorded" and len(state) < 90:
            assert quick is not None
        elif topic != "MarkRecorded":
            assert quick is None


def test_the_quick_reader_gives_each_mark_a_record_of_its_own() -> None:
    first, second = plain_marks([b"1" * 16, b"2" * 16], [plain_tail(20_000, "AM", 2, "/", None, "typed")] * 2)
    one, two = read_mark(first), read_mark(second)
    assert one is not None
    assert two is not None
    assert (one["line"], two["line"], one["salt"] == two["salt"]) == (b"1" * 16, b"2" * 16, False)


TAIL = ("date", "session", "header", "code", "code_sent", "cause")


def test_every_mark_has_a_salt_of_its_own() -> None:
    tails = [plain_tail(20_000, "AM", 2, "/", None, "typed")] * 500
    states = plain_marks([b"L" * 16] * 500, tails)
    assert len({state[10:26] for state in states}) == 500
    assert len({state[26:] for state in states}) == 1


@pytest.mark.parametrize(("session", "cause"), [("EV", "typed"), ("AM", "by magic")])
def test_a_symbol_that_the_schema_lacks_is_our_own_mistake(session: str, cause: str) -> None:
    with pytest.raises(KeyError):
        plain_tail(20_000, session, 2, "/", None, cause)


def test_lines_and_tails_that_do_not_match_are_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        plain_marks([b"L" * 16] * 2, [b""])
