"""The table of the design as a function of values: row by row, and which of two lines that hold comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.attendance_register.becoming import TABLE, Becomes, Row, what_it_becomes
from domain.attendance_register.decide import Header, decide
from domain.attendance_register.register import Beside, Register, Told, stream_of
from domain.events import Origin

LINE, PLACE, SOURCE = b"L" * 16, b"P" * 16, b"S" * 16
NINE, TEN, ELEVEN = 9, 10, 11
NOW = Told(TEN, SOURCE, None, TEN)
SAYS = Row(LINE, "N", NOW)


def origin(told: Told) -> Origin:
    return Origin(source=told.source, said_at=told.said_at, sequence=told.sequence, sent_at=told.sent_at)


def register(*rows: Row) -> Register:
    """A register that was told these rows, one message each."""
    made = Register(stream_of(PLACE, 20_332, "AM"))
    for row in rows:
        decide(made, Header("change", 1, origin(row.told)), [row])
    return made


NONE = register()
STANDS = register(SAYS)
GONE = register(SAYS, replace(SAYS, code="", blank=True, told=Told(ELEVEN, SOURCE, None, ELEVEN)))
FORESEEN = register(replace(SAYS, code="M", beforehand=True))
LATER = Told(12, SOURCE, None, 12)
EARLIER = Told(NINE, SOURCE, None, NINE)
BLANK = replace(SAYS, code="", blank=True, told=LATER)
OTHER = replace(SAYS, code="I", told=LATER)
SAME = replace(SAYS, told=LATER)
HASH = replace(SAYS, code="#", closure=True, told=LATER)
AHEAD = replace(SAYS, code="C", beforehand=True, told=LATER)

ROWS = [
    # row, register, becomes
    (BLANK, NONE, Becomes.NOTHING_SAID),
    (HASH, NONE, Becomes.NOTHING_SAID),
    (replace(HASH, closure=False), NONE, Becomes.MARK),
    (SAME, STANDS, Becomes.DUPLICATE),
    (replace(SAME, beside=Beside(minutes_late=3)), STANDS, Becomes.AMENDMENT),
    (BLANK, GONE, Becomes.DUPLICATE),
    (AHEAD, NONE, Becomes.FORESEEN),
    (AHEAD, STANDS, Becomes.FORESEEN),
    (AHEAD, FORESEEN, Becomes.FORESEEN),
    (replace(AHEAD, code="M"), FORESEEN, Becomes.DUPLICATE),
    (replace(AHEAD, code="", blank=True), FORESEEN, Becomes.FORESEEN),
    (replace(AHEAD, code="", blank=True), NONE, Becomes.NOTHING_SAID),
    (replace(OTHER, told=EARLIER), STANDS, Becomes.OLDER),
    (replace(BLANK, told=EARLIER), STANDS, Becomes.OLDER),
    (replace(OTHER, told=EARLIER), GONE, Becomes.OLDER),
    (replace(OTHER, overtaken=True, from_audit_log=True), STANDS, Becomes.OLDER),
    (replace(OTHER, overtaken=True, from_audit_log=True), NONE, Becomes.OLDER),
    (BLANK, STANDS, Becomes.WITHDRAWAL),
    (OTHER, NONE, Becomes.MARK),
    (replace(OTHER, told=EARLIER), NONE, Becomes.MARK),
    (OTHER, FORESEEN, Becomes.MARK),
    (OTHER, STANDS, Becomes.AMENDMENT),
    (OTHER, GONE, Becomes.AMENDMENT),
    (SAME, GONE, Becomes.AMENDMENT),
    (HASH, STANDS, Becomes.AMENDMENT),
]


@pytest.mark.parametrize(("row", "said_of", "becomes"), ROWS)
def test_each_row_becomes_what_the_table_says(row: Row, said_of: Register, becomes: Becomes) -> None:
    assert what_it_becomes(row, said_of) is becomes


def test_the_rows_above_reach_every_line_of_the_table() -> None:
    assert {becomes for _, _, becomes in ROWS} == {becomes for _, becomes in TABLE} == set(Becomes)


PRECEDENCE = [
    # a row for which both lines hold, and the one that wins
    (replace(SAME, told=EARLIER), STANDS, Becomes.DUPLICATE, Becomes.OLDER),
    (replace(AHEAD, code="", blank=True), NONE, Becomes.NOTHING_SAID, Becomes.FORESEEN),
    (replace(AHEAD, code="M"), FORESEEN, Becomes.DUPLICATE, Becomes.FORESEEN),
    (replace(AHEAD, told=EARLIER), STANDS, Becomes.FORESEEN, Becomes.OLDER),
    (replace(BLANK, told=EARLIER), STANDS, Becomes.OLDER, Becomes.WITHDRAWAL),
    (BLANK, STANDS, Becomes.WITHDRAWAL, Becomes.AMENDMENT),
    (OTHER, NONE, Becomes.MARK, Becomes.AMENDMENT),
]


@pytest.mark.parametrize(("row", "said_of", "wins", "loses"), PRECEDENCE)
def test_of_two_lines_that_hold_the_upper_wins(row: Row, said_of: Register, wins: Becomes, loses: Becomes) -> None:
    holding = [becomes for holds, becomes in TABLE if holds(row, said_of)]
    assert loses in holding
    assert holding[0] is wins
    assert what_it_becomes(row, said_of) is wins


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        (Told(1, SOURCE, 9, 9), Told(2, SOURCE, 1, 1), True),
        (Told(2, SOURCE, 1, 1), Told(1, SOURCE, 9, 9), False),
        (Told(None, SOURCE, 1, 9), Told(2, SOURCE, 2, 1), True),
        (Told(1, SOURCE, 2, 1), Told(1, SOURCE, 1, 9), False),
        (Told(None, SOURCE, 1, 9), Told(None, b"T" * 16, 2, 1), False),
        (Told(None, SOURCE, 1, 1), Told(None, b"T" * 16, 0, 2), True),
        (Told(1, SOURCE, 1, 1), Told(1, SOURCE, 1, 1), False),
        (Told(None, SOURCE, None, None), Told(5, SOURCE, 5, 5), False),
    ],
)
def test_time_of_entry_then_sequence_of_one_source_then_time_sent_then_arrival(
    one: Told, other: Told, before: bool
) -> None:
    assert one.before(other) is before


def test_nothing_is_both_before_and_after_another() -> None:
    some = [Told(a, s, b, c) for a in (None, 1, 2) for s in (SOURCE, None) for b in (None, 1, 2) for c in (None, 1, 2)]
    assert not [(one, other) for one in some for other in some if one.before(other) and other.before(one)]
