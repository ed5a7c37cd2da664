"""Every line of *Time* in the design, and of the table "What a row becomes", with a test that tries to break it."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest

from consumers.deliveries import Delivery
from consumers.file_import import import_file
from consumers.intake import Intake
from domain.ledger.store import ClockBehind
from schemas.catalogue import id_of, ledger, mis
from schemas.codec import encode, encode_confluent
from tests.making import NIGHTLY, OPERATOR, SIMS, Said, School, container, day, mark, moment, pupil

MONDAY, AFTERNOON, TUESDAY = "2025-09-01 AM", "2025-09-01 PM", "2025-09-02 AM"


def marks_of(school: School, when: str = MONDAY) -> list[str]:
    """The story of a session without opening and headers."""
    return [line for line in school.story(when) if "Mark" in line or "Older" in line]


# --- four times, never mixed


def test_the_four_times_of_a_mark_stand_in_four_places(school: School) -> None:
    school.takes("7B", MONDAY, "09:20", said="09:01", arrives="09:30", Ann="/")
    _, header, ann = school.session(MONDAY)
    assert (ann["date"], ann["session"]) == (day("2025-09-01"), "AM")
    assert header["said_at"] == moment("2025-09-01 09:01")
    assert header["sent_at"] == moment("2025-09-01 09:20")
    assert header["broker_at"] == moment("2025-09-01 09:30")
    assert ann.recorded_at == moment("2025-09-01 09:30")


def test_what_a_school_says_of_the_future_or_the_past_moves_no_clock(school: School) -> None:
    school.takes("7B", MONDAY, "2025-12-24 09:00", said="2031-01-01 09:00", arrives="2025-09-01 09:05", Ann="/")
    school.takes("7B", MONDAY, "1999-01-01 09:00", said="1999-01-01 09:00", arrives="2025-09-01 09:06", Ben="/")
    assert [e.recorded_at for e in school.session(MONDAY)[-1:]] == [moment("2025-09-01 09:06")]
    assert school.register(MONDAY) == {"Ann": "/", "Ben": "/"}


def test_recorded_at_never_runs_backwards_whatever_order_deliveries_come_in(school: School) -> None:
    for at in ("09:30", "09:10", "10:00", "08:00"):
        school.takes(f"7{at[1]}", MONDAY, "09:00", arrives=at, **{f"P{at[1]}": "/"})
        school.enters(f"P{at[1]}", at=f"2025-09-01 {at}")
    stamps = [e.recorded_at for e in school.entries()]
    assert stamps == sorted(stamps)


def test_a_simulated_clock_stands_at_the_largest_arrival_of_the_deliveries_taken(school: School) -> None:
    school.take(
        school.taking("7B", MONDAY, "09:00", arrives="09:40", Ann="/"),
        school.taking("7B", MONDAY, "09:00", arrives="09:20", Ben="/"),
        school.taking("7B", MONDAY, "09:00", arrives="09:50", Cal="/"),
    )
    stamps = [e.recorded_at for e in school.session(MONDAY) if e.topic == "MarkRecorded"]
    assert stamps == [moment(f"2025-09-01 {at}") for at in ("09:40", "09:40", "09:50")]


def test_a_simulated_clock_begins_in_1970(tmp_path: Path) -> None:
    school = School.founded(tmp_path)
    assert {e.recorded_at for e in school.entries()} == {0}
    school.close()


def test_a_system_clock_asks_nobody_but_itself(tmp_path: Path) -> None:
    school = School.founded(tmp_path, clock="system")
    now = school.ledger.store.head()[1]
    school.ledger.store.clock = lambda: now + 5_000_000  # type: ignore[attr-defined]
    school.describes_place("2031-01-01 09:00", arrives="2031-01-01 09:00")
    described = school.entries("PlaceDescribed")[0]
    assert described.recorded_at == now + 5_000_000
    assert described["broker_at"] == moment("2031-01-01 09:00")
    school.close()


def test_a_writer_whose_clock_is_behind_by_more_than_two_seconds_stops_and_one_within_waits_for_no_one(
    tmp_path: Path,
) -> None:
    school = School.founded(tmp_path, clock="system")
    head, now = school.ledger.store.head()
    school.ledger.store.clock = lambda: now - 2_000_001  # type: ignore[attr-defined]
    with pytest.raises(ClockBehind):
        school.describes_place("2025-09-01 09:00")
    assert school.head == head
    school.ledger.store.clock = lambda: now - 1_900_000  # type: ignore[attr-defined]
    school.describes_place("2025-09-01 09:01")
    assert school.entries(after=head)[0].recorded_at == now
    school.close()


def test_sessions_are_local_so_a_summer_morning_closes_an_hour_earlier_in_utc(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="/")
    school.takes("7B", "2025-11-10 AM", "09:01", Ann="/")
    closes = [e["closes_by"] % 86_400_000_000 // 60_000_000 for e in school.entries("RegisterOpened")]
    assert closes == [8 * 60 + 30, 9 * 60 + 30]


# --- cannot be read, placed, or exist: held, that row alone


def garbage() -> dict[str, bytes]:
    """Values that are no message."""
    whole = encode_confluent(
        mis("MarkRemoved"), {"message": b"m" * 16, "source": SIMS, "sent_at": 0, "local_id": "marram", "removals": []}
    )
    salt = {"salt": b"s" * 16, "source": SIMS, "to": 0, "by_kind": "not_said"}
    return {
        "empty": b"",
        "one byte": b"\x00",
        "text": b"Ann Smith was here",
        "truncated": whole[:-1],
        "trailing": whole + b"\x00",
        "unknown schema id": b"\x00\x00\x00\xff\xff" + whole[5:],
        "unknown fingerprint": b"\xc3\x01" + b"12345678" + whole[5:],
        "a ledger event": encode(ledger("SourceEnded"), salt),
        "a delivery in a delivery": encode(mis("Delivery"), {"source": "", "key": "", "received_at": 0, "value": b""}),
        "bad UTF-8": whole[:5] + whole[5:].replace(b"marram", b"marr\xff\xfe"),
        "a length of minus one": whole[:5] + b"\x01" * 40,
    }


@pytest.mark.parametrize("what", sorted(garbage()))
def test_what_cannot_be_read_is_held_whole_and_nothing_else_is(school: School, what: str) -> None:
    bad = Delivery(SIMS.hex(), "marram", moment("2025-09-01 09:05"), garbage()[what])
    counts = school.take(
        school.taking("7B", MONDAY, "09:01", Ann="/"), bad, school.taking("7C", MONDAY, "09:02", Ben="N")
    )
    assert (counts.sent, counts.marks, counts.held) == (3, 2, 1)
    assert [w.rule for w in school.held] == ["g1"]
    assert "Ann Smith" not in school.held[0].fields["sentence"]
    assert school.register(MONDAY) == {"Ann": "/", "Ben": "N"}


@pytest.mark.parametrize("what", sorted(garbage()))
def test_what_cannot_be_read_and_comes_again_is_counted_and_not_held_twice(school: School, what: str) -> None:
    bad = Delivery(SIMS.hex(), "marram", moment("2025-09-01 09:05"), garbage()[what])
    school.take(bad)
    before = school.head
    assert school.take(bad, bad).duplicate == 2
    assert school.head == before
    again = school.reopened()
    assert again.take(bad).duplicate == 1
    again.close()


def test_one_bad_row_holds_itself_back_and_not_its_class(school: School) -> None:
    counts = school.takes("7B", MONDAY, "09:01", Ann="/", Zoe="/", Ben=mark("L", minutes_late=-1), Cal="N")
    assert (counts.sent, counts.marks, counts.held) == (4, 2, 2)
    assert sorted((w.rule, w.rows) for w in school.held) == [("g3", 1), ("g4", 1)]
    assert school.register(MONDAY) == {"Ann": "/", "Cal": "N"}
    assert school.session(MONDAY)[1]["rows"] == 4, "as sent"


@pytest.mark.parametrize(
    ("date", "session"),
    [
        ("2025-02-30", "AM"),
        ("2025-09-01", "EV"),
        ("2025-9-1", "AM"),
        ("", "AM"),
        ("NULL", "PM"),
        ("2025-09-01", ""),
        ("2025-09-01", "am"),
        ("20250901", "AM"),
        ("2025-09-01T00:00:00", "AM"),
    ],
)
def test_a_session_that_does_not_exist_holds_its_rows_and_is_not_quoted(
    school: School, date: str, session: str
) -> None:
    rows = [
        {"date": date, "session": session, "mis_pupil": "Ann", "new": "I"},
        {"date": "2025-09-01", "session": "AM", "mis_pupil": "Ben", "new": "I"},
    ]
    counts = school.says("MarkChanged", "2025-09-01 11:00", changes=rows)
    assert (counts.marks, counts.held) == (1, 1)
    assert [w.rule for w in school.held] == ["g4"]
    assert marks_of(school) == ["MarkRecorded Ben I"]
    for text in (date, session):
        assert not text or f"'{text}'" not in school.held[0].fields["sentence"]


def test_a_date_of_amendment_that_does_not_exist_is_held_and_not_dropped(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N", Ben="N")
    counts = school.changes(MONDAY, "11:00", Ann="I", amended_on="2025-02-30")
    assert counts.held == 1
    assert school.register(MONDAY)["Ann"] == "N"
    assert school.changes(MONDAY, "11:01", Ben="I", amended_on="").amendments == 1, "an empty one is none"


def test_an_unknown_place_and_a_place_of_others_are_held(school: School) -> None:
    stranger = b"X" * 16
    fields: dict[str, Any] = {"date": "2025-09-01", "session": "AM", "whole": False, "cause": "typed"}
    rows = [pupil_mark("Ann"), pupil_mark("Ben")]
    here = school.delivery("RegisterTaken", "2025-09-01 09:00", marks=rows, laestab="8059999", local_id=None, **fields)
    theirs = school.delivery(
        "RegisterTaken", "2025-09-01 09:00", marks=rows, laestab="8051234", source=stranger, **fields
    )
    counts = school.take(here, theirs)
    assert (counts.sent, counts.held) == (4, 4)
    assert [(w.rule, w.place is None) for w in school.held] == [("g2", True), ("g2", False)]
    assert school.register(MONDAY) == {}


def pupil_mark(name: str, code: str = "/") -> dict[str, Any]:
    return {"mis_pupil": name, "code": code}


def test_a_message_on_the_topic_of_another_source_is_held(school: School) -> None:
    register = school.taking("7B", MONDAY, "09:01", Ann="/")
    counts = school.take(register._replace(source=NIGHTLY.hex()), register._replace(source="no id at all"))
    assert counts.held == 2
    assert school.register(MONDAY) == {}
    again = school.take(register._replace(source=NIGHTLY.hex()))
    assert (again.duplicate, len(school.held)) == (1, 2)
    assert school.take(register).marks == 1, "and its own source may still say it"


def test_sources_are_registered_by_the_operator_only(school: School) -> None:
    row = {
        "described": b"X" * 16,
        "system": "x",
        "route": "direct",
        "delivery": "stream",
        **{f"carries_{what}": True for what in ("person", "reason", "entry_time", "deletes", "closing_time")},
        "from": "2025-09-01",
        "places": [{"laestab": "8051234", "local_id": "marram"}],
    }
    counts = school.says("SourcesStated", "2025-09-01 09:00", sources=[row])
    assert counts.held == 1
    assert {e["source"] for e in school.entries("SourceDescribed")} == {SIMS, NIGHTLY}
    assert school.says("SourcesStated", "2025-09-01 09:00", source=OPERATOR, sources=[row]).statements == 1


def test_a_source_that_has_ended_speaks_no_more_until_it_is_registered_again(school: School) -> None:
    school.registers_source("2025-09-01 08:00", SIMS, ended="2025-09-02")
    assert school.takes("7B", MONDAY, "2025-09-03 09:01", Ann="/").marks == 1, "of the days before"
    assert school.takes("7B", "2025-09-03 AM", "09:01", Ann="/").held == 1
    assert school.registers_source("2025-09-04 08:00", SIMS).statements == 1
    assert school.register("2025-09-03 AM") == {"Ann": "/"}


def test_a_source_described_anew_with_the_same_end_stays_ended(school: School) -> None:
    school.registers_source("2025-09-01 08:00", SIMS, ended="2025-09-02")
    school.registers_source("2025-09-01 08:01", SIMS, ended="2025-09-02", system="SIMS 7")
    assert school.takes("7B", "2025-09-03 AM", "09:01", Ann="/").held == 1
    before = school.head
    assert school.registers_source("2025-09-01 08:02", SIMS, ended="2025-09-02", system="SIMS 7").duplicate == 1
    assert school.head == before


def test_removing_an_entry_that_is_not_in_the_ledger_is_held_and_goes_in_when_it_comes(school: School) -> None:
    assert school.removes(MONDAY, "11:00", "Ann").held == 1
    assert [w.rule for w in school.held] == ["g5"]
    school.takes("7B", MONDAY, "09:01", arrives="11:10", Ann="N")
    school.intake.replay_waiting()
    assert marks_of(school) == ["MarkRecorded Ann N", "MarkWithdrawn Ann sender_said"]
    assert school.held == []


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(lambda s: s.snapshot("0001-01-01", "9999-12-31", "2025-09-02 08:00", {}), id="endless snapshot"),
        pytest.param(lambda s: s.enters("Zoe", at="2025-09-02 08:00", birth_date="9999-12-31"), id="unborn"),
        pytest.param(lambda s: s.enters("Zoe", at="2025-09-02 08:00", birth_date="0001-01-01"), id="ancient"),
        pytest.param(lambda s: s.enters("Zoe", at="2025-09-02 08:00", starting_day="9999-12-31"), id="never starts"),
        pytest.param(lambda s: s.enters("Zoe", at="2025-09-02 08:00", starting_day="0001-01-01"), id="always was"),
        pytest.param(lambda s: s.leaves("Ann", "9999-12-31", "2025-09-02 08:00"), id="never leaves"),
        pytest.param(lambda s: s.leaves("Ann", "0001-01-01", "2025-09-02 08:00"), id="left before Rome"),
        pytest.param(lambda s: s.takes("7B", "9999-12-31 PM", "2025-09-02 08:00", Ann="/"), id="last day"),
        pytest.param(lambda s: s.takes("7B", "0001-01-01 AM", "2025-09-02 08:00", Ann="/"), id="first day"),
        pytest.param(
            lambda s: s.plans("2025-09-02 08:00", terms=[("autumn1", "20²²26", "2025-09-01", "2025-10-01")]),
            id="digits",
        ),
        pytest.param(
            lambda s: s.plans("2025-09-02 08:00", terms=[("autumn1", "999900", "0001-01-01", "9999-12-31")]), id="term"
        ),
        pytest.param(
            lambda s: s.plans("2025-09-02 08:00", [("0001-01-01", "9999-12-31", "holiday")], terms=()), id="holiday"
        ),
        pytest.param(lambda s: s.takes("7B", MONDAY, "09:01", Ann=mark("\x00" * 5000)), id="long code"),
        pytest.param(lambda s: s.takes("7\x00B" * 900, MONDAY, "09:01", Ann="/", by="\x00"), id="long class"),
        pytest.param(
            lambda s: s.takes("7B", MONDAY, "09:01", closed_at=-(2**63), Ann="/"), id="closed in the Cretaceous"
        ),
        pytest.param(lambda s: s.takes("7B", MONDAY, "09:01", sequence=2**63 - 1, Ann="/"), id="sequence"),
        pytest.param(lambda s: s.describes_place("2025-09-02 08:00", age_low=-5, age_high=2**31 - 1), id="ages"),
        pytest.param(
            lambda s: s.says("SessionTimesStated", "2025-09-02 08:00", times=[{"from": "9999-12-31", "weekdays": 127}]),
            id="times",
        ),
        pytest.param(lambda s: s.maps("2025-09-02 08:00", {"": "/", "-": "N", "\x00": "\x00"}), id="code map"),
    ],
)
def test_no_value_stops_the_intake(school: School, poison: Any) -> None:
    poison(school)
    assert school.intake.totals.adds_up
    school.takes("7C", TUESDAY, "09:01", Ben="N")
    assert school.register(TUESDAY).get("Ben") == "N"


def too_large(schema: str, **fields: Any) -> Delivery:
    """A message with ints of more than 32 bits, as a careless producer may write them."""
    wide = fastavro.parse_schema(json.loads(mis(schema).text.replace('"int"', '"long"')))
    record = {"message": b"L" * 16, "source": SIMS, "sent_at": 0, "local_id": "marram", **fields}
    out = BytesIO()
    fastavro.schemaless_writer(out, wide, record)
    framed = b"\x00" + id_of(mis(schema)).to_bytes(4, "big") + out.getvalue()
    return Delivery(SIMS.hex(), "marram", moment("2025-09-01 09:05"), framed)


def test_a_number_too_large_for_its_field_is_held_and_stops_nothing(school: School) -> None:
    closure = {"date": "2025-09-01", "session": "AM", "whole": False, "why": "premises", "reversed": False}
    rows = [
        {"mis_pupil": "Ann", "code": "L", "detail": mark("L", minutes_late=1 << 40)[1]},
        {"mis_pupil": "Ben", "code": "/"},
    ]
    register: dict[str, Any] = {"date": "2025-09-01", "session": "AM", "whole": False, "cause": "typed", "marks": rows}
    counts = school.take(
        too_large("ClosureStated", nc_years=-(1 << 40), **closure),
        too_large("RegisterTaken", **register),
        school.taking("7C", MONDAY, "09:02", Cal="N"),
    )
    assert (counts.held, counts.marks) == (2, 1)
    assert [w.rule for w in school.held] == ["g1", "g1"]


# --- says nothing


def test_no_mark_where_there_is_none_is_counted_and_not_stored(school: School) -> None:
    counts = school.takes("7B", MONDAY, "09:01", Ann="-", Ben="", Cal="-")
    assert (counts.sent, counts.nothing_said) == (3, 3)
    assert school.session(MONDAY) == []


def test_a_hash_that_agrees_with_the_calendar_is_counted_and_one_that_does_not_is_a_mark(school: School) -> None:
    school.plans("2025-08-30 09:00", [("2025-09-01", "2025-09-01", "inset")], terms=())
    counts = school.takes("7B", MONDAY, "09:01", Ann="#", Ben="#")
    assert (counts.nothing_said, counts.marks) == (2, 0)
    counts = school.takes("7B", TUESDAY, "09:01", Ann="#", Ben="/")
    assert (counts.nothing_said, counts.marks) == (0, 2)
    assert marks_of(school, TUESDAY) == ["MarkRecorded Ben /", "MarkRecorded Ann #"]


def test_a_hash_where_the_calendar_knows_nothing_is_a_mark(school: School) -> None:
    """Not knowing is not agreeing."""
    school.enters("Zoe", at="2028-09-01 08:00", starting_day="2028-09-01")
    assert school.takes("7B", "2028-09-04 AM", "09:01", Zoe="#").marks == 1


def test_a_hash_over_a_mark_amends_it_even_where_the_calendar_agrees(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="/")
    school.plans("2025-09-01 10:00", [("2025-09-01", "2025-09-01", "occasional")], terms=())
    assert school.changes(MONDAY, "10:01", Ann="#", cause="closure").amendments == 1


# --- seen already, or equal to the current one


def test_a_message_seen_before_is_a_duplicate_in_the_same_batch_the_next_and_after_a_restart(school: School) -> None:
    register = school.taking("7B", MONDAY, "09:01", Ann="/", Ben="N")
    assert school.take(register, register).duplicate == 2
    assert school.take(register).duplicate == 2
    again = school.reopened()
    assert again.take(register._replace(received_at=moment("2025-10-01 09:00"), partition=3, offset=9)).duplicate == 2
    assert marks_of(again) == ["MarkRecorded Ann /", "MarkRecorded Ben N"]
    again.close()


def test_the_same_id_with_other_bytes_is_held_and_says_so(school: School) -> None:
    school.take(school.taking("7B", MONDAY, "09:01", message=77, Ann="/"))
    other = school.taking("7B", MONDAY, "09:01", message=77, Ann="N")
    assert school.take(other).held == 1
    assert [w.rule for w in school.held] == ["g4"]
    assert school.register(MONDAY) == {"Ann": "/"}
    assert school.take(other).duplicate == 1
    school.intake.replay_waiting()
    assert len(school.held) == 1, "a replay does not make it another message"


def test_two_sources_may_use_the_same_message_id(school: School) -> None:
    school.enters("Ben", source=NIGHTLY)
    school.take(school.taking("7B", MONDAY, "09:01", message=77, Ann="/"))
    marks = {MONDAY: {"Ben": "N"}}
    school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 22:00", marks, whole=False, source=NIGHTLY, message=77)
    assert school.register(MONDAY) == {"Ann": "/", "Ben": "N"}


def test_an_equal_value_under_another_id_is_a_duplicate(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="/", Ben=mark("L", minutes_late=5, comment="Bus"))
    before = school.head
    assert school.takes("7B", MONDAY, "09:02", Ann="/", Ben="L").duplicate == 2
    assert school.takes("7B", MONDAY, "09:03", Ben=mark("L", minutes_late=5)).duplicate == 1
    assert school.head == before


@pytest.mark.parametrize("restart", [False, True])
def test_an_equal_unmapped_or_mapped_code_is_a_duplicate_whether_the_register_was_cached_or_read(
    school: School, restart: bool
) -> None:
    school.maps("2025-09-01 08:00", {"P1": "P", "ILL": "I"})
    school.takes("7B", MONDAY, "09:01", Ann="P1", Ben="QQ", Cal="ILL")
    if restart:
        school = school.reopened()
    counts = school.takes("7B", MONDAY, "09:02", Ann="P1", Ben="QQ", Cal="ILL")
    assert (counts.duplicate, counts.amendments) == (3, 0)
    counts = school.takes("7B", MONDAY, "09:03", Ann="P", Ben="RR", Cal="I")
    assert (counts.duplicate, counts.amendments) == (2, 1)
    assert school.chain(MONDAY, "Ben") == ["MarkRecorded ?QQ", "MarkAmended ? to ?RR"]
    if restart:
        school.close()


# --- told beforehand


def test_a_code_told_beforehand_is_kept_and_is_no_entry(school: School) -> None:
    counts = school.foresees("2025-09-03 AM", "2025-09-01 10:00", Ann=mark("M", reason="Dentist"), Ben="C")
    assert (counts.sent, counts.foreseen) == (2, 2)
    assert marks_of(school, "2025-09-03 AM") == ["MarkForeseen Ann M", "MarkForeseen Ben C"]
    assert school.register("2025-09-03 AM") == {}


def test_a_date_after_today_is_foreseen_by_whatever_message(school: School) -> None:
    assert school.takes("7B", "2025-09-03 AM", "2025-09-02 09:00", Ann="/").foreseen == 1
    assert school.changes("2025-09-03 AM", "2025-09-02 09:01", Ben="I").foreseen == 1
    said = {"2025-09-03 AM": {"Cal": "C"}}
    assert school.snapshot("2025-09-01", "2025-09-05", "2025-09-02 09:02", said).foreseen == 1
    assert school.register("2025-09-03 AM") == {}


def test_a_register_saved_minutes_early_is_a_taking(school: School) -> None:
    assert school.takes("7B", TUESDAY, "2025-09-02 08:40", Ann="/").marks == 1
    assert school.takes("7B", "2025-09-02 PM", "2025-09-02 00:01", Ann="\\").marks == 1


def test_today_is_londons_and_not_utcs(school: School) -> None:
    """At 00:30 British Summer Time it is still yesterday in UTC."""
    assert school.takes("7B", TUESDAY, "2025-09-02 00:30", Ann="/").marks == 1
    assert school.takes("7B", "2025-09-03 AM", "2025-09-02 23:59", Ann="/").foreseen == 1


def test_what_was_foreseen_never_becomes_an_entry_by_itself(school: School) -> None:
    school.foresees(TUESDAY, "2025-09-01 10:00", Ann="M")
    school.takes("7B", TUESDAY, "09:01", Ben="/")
    school.takes("7B", "2025-09-03 AM", "09:01", Ann="/", Ben="/")
    again = school.reopened()
    again.intake.replay_waiting()
    assert again.register(TUESDAY) == {"Ben": "/"}
    again.takes("7B", TUESDAY, "2025-09-03 10:00", cause="prefilled", Ann="M")
    assert again.register(TUESDAY) == {"Ann": "M", "Ben": "/"}
    assert again.session(TUESDAY)[-1]["cause"] == "prefilled"
    again.close()


def test_foreseen_again_differently_is_kept_again_and_the_same_is_a_duplicate(school: School) -> None:
    for code, expected in (("M", "foreseen"), ("M", "duplicate"), ("C", "foreseen"), ("M", "foreseen")):
        assert getattr(school.foresees(TUESDAY, "2025-09-01 10:00", Ann=code), expected) == 1
    for code, expected in (("QQ", "foreseen"), ("RR", "foreseen"), ("RR", "duplicate"), ("-", "foreseen")):
        assert getattr(school.foresees(TUESDAY, "2025-09-01 11:00", Ann=code), expected) == 1
    assert school.foresees(TUESDAY, "2025-09-01 12:00", Ann="-").nothing_said == 1


def test_nothing_foreseen_taken_back_says_nothing(school: School) -> None:
    assert school.foresees(TUESDAY, "2025-09-01 10:00", Ann="-").nothing_said == 1
    assert school.session(TUESDAY) == []


def test_what_was_told_beforehand_stays_so_however_long_it_was_held(school: School) -> None:
    school.takes("7B", "2025-09-03 AM", "2025-09-01 10:00", Zoe="C")
    school.takes("7B", "2025-09-03 PM", "2025-09-03 13:05", Zoe="\\")
    school.enters("Zoe", at="2025-09-10 08:00")
    assert marks_of(school, "2025-09-03 AM") == ["MarkForeseen Zoe C"]
    assert marks_of(school, "2025-09-03 PM") == ["MarkRecorded Zoe \\"]


def test_foreseen_beats_older_and_amendment(school: School) -> None:
    """Precedence: a message of future codes about an entry that stands changes nothing of it."""
    school.takes("7B", MONDAY, "09:01", Ann="/")
    assert school.foresees(MONDAY, "2025-09-01 12:00", Ann="C").foreseen == 1
    assert school.foresees(MONDAY, "2025-08-01 12:00", arrives="2025-09-01 12:01", Ann="M").foreseen == 1
    assert school.register(MONDAY) == {"Ann": "/"}


# --- older than the current entry


def test_the_schools_time_of_entry_decides_first(school: School) -> None:
    school.changes(MONDAY, "11:00", said_at="10:30", sequence=5, Ann="I")
    school.changes(MONDAY, "12:00", said_at="10:20", sequence=9, Ann="N")
    assert marks_of(school) == ["MarkRecorded Ann I", "OlderEntryLearned Ann N"]
    school.changes(MONDAY, "10:59", arrives="12:30", said_at="10:40", sequence=1, Ann="M")
    assert school.register(MONDAY) == {"Ann": "M"}


def test_else_the_senders_sequence_decides(school: School) -> None:
    school.changes(MONDAY, "11:00", sequence=5, Ann="I")
    school.changes(MONDAY, "12:00", sequence=4, Ann="N")
    assert marks_of(school) == ["MarkRecorded Ann I", "OlderEntryLearned Ann N"]
    school.changes(MONDAY, "10:00", arrives="12:30", sequence=6, Ann="M")
    assert school.register(MONDAY) == {"Ann": "M"}


def test_sequences_of_two_sources_are_not_compared(school: School) -> None:
    school.enters("Ann", source=NIGHTLY, at="2025-08-29 09:00", upn=None)
    school.changes(MONDAY, "11:00", sequence=5000, Ann="I")
    nightly = [line for line, name in school.name_of().items() if name == "Ann"]
    assert len(nightly) == 2, "without a UPN two sources know two children"


def test_else_the_time_sent_decides(school: School) -> None:
    school.changes(MONDAY, "11:00", Ann="I")
    school.changes(MONDAY, "10:00", arrives="12:00", Ann="N")
    assert marks_of(school) == ["MarkRecorded Ann I", "OlderEntryLearned Ann N"]


def test_else_what_arrives_later_is_the_newer(school: School) -> None:
    school.changes(MONDAY, "11:00", Ann="I")
    school.changes(MONDAY, "11:00", arrives="12:00", Ann="M")
    assert marks_of(school) == ["MarkRecorded Ann I", "MarkAmended Ann I to M"]


def test_the_register_resent_after_an_amendment_is_no_amendment_back(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N")
    school.changes(MONDAY, "11:00", Ann=("N", "I"))
    counts = school.takes("7B", MONDAY, "20:00", said="09:01", Ann="N")
    assert counts.duplicate == 1
    assert school.register(MONDAY) == {"Ann": "I"}


def test_an_amendment_that_overtook_its_register_keeps_both(school: School) -> None:
    school.changes(MONDAY, "11:00", Ann=("N", "I"))
    school.takes("7B", MONDAY, "09:01", arrives="12:00", Ann="N", Ben="/")
    assert school.register(MONDAY) == {"Ann": "I", "Ben": "/"}
    assert school.chain(MONDAY, "Ann")[:2] == ["OlderEntryLearned N", "MarkRecorded I"]


def test_an_older_removal_removes_nothing(school: School) -> None:
    school.changes(MONDAY, "11:00", Ann="I")
    counts = school.removes(MONDAY, "10:00", "Ann", arrives="12:00")
    assert (counts.older, counts.withdrawals) == (1, 0)
    assert school.register(MONDAY) == {"Ann": "I"}
    assert school.session(MONDAY)[-1]["code"] == ""


def test_an_older_mark_does_not_undo_a_withdrawal(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N")
    school.removes(MONDAY, "11:00", "Ann")
    school.changes(MONDAY, "10:00", arrives="12:00", Ann="I")
    assert school.register(MONDAY) == {}
    assert school.chain(MONDAY, "Ann")[-1] == "OlderEntryLearned I"


def test_an_audit_log_tells_of_what_was_and_never_changes_what_is(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="I")
    counts = school.logs(MONDAY, "2025-09-05 20:00", "Ann", ("N", "08:55", "08:58"), ("/", "08:58", "09:01"))
    assert counts.older == 2
    assert school.chain(MONDAY, "Ann") == ["MarkRecorded I", "OlderEntryLearned N", "OlderEntryLearned /"]
    older = school.session(MONDAY)[-1]
    assert older["from_audit_log"] is True
    assert (older["held_from"], older["held_to"]) == (moment("2025-09-01 08:58"), moment("2025-09-01 09:01"))
    again = school.logs(MONDAY, "2025-09-06 20:00", "Ann", ("N", "08:55", "08:58"), ("/", "08:58", "09:01"))
    assert again.duplicate == 2


def test_an_audit_log_without_any_mark_learns_and_marks_only_what_still_holds(school: School) -> None:
    school.logs(MONDAY, "2025-09-05 20:00", "Ann", ("N", "09:01", "11:00"), ("I", "11:00", None))
    assert school.chain(MONDAY, "Ann") == ["OlderEntryLearned N", "MarkRecorded I"]


# --- mark, amendment, withdrawal


@pytest.mark.parametrize("late", ["2025-09-02 09:00", "2025-12-19 15:00", "2026-07-17 15:00", "2026-08-15 15:00"])
def test_a_first_code_is_a_mark_however_late(school: School, late: str) -> None:
    assert school.takes("7B", MONDAY, late, Ann="N").marks == 1
    assert school.session(MONDAY)[-1].topic == "MarkRecorded"


def test_a_mark_after_a_withdrawal_amends_the_withdrawn_entry(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N")
    school.removes(MONDAY, "10:00", "Ann")
    assert school.removes(MONDAY, "10:30", "Ann").duplicate == 1
    school.changes(MONDAY, "11:00", Ann="N")
    assert school.chain(MONDAY, "Ann") == ["MarkRecorded N", "MarkWithdrawn sender_said", "MarkAmended N to N"]
    recorded, _, withdrawn, _, amended = school.session(MONDAY)[2:]
    assert withdrawn["amends"] == amended["amends"] == recorded.version
    assert school.register(MONDAY) == {"Ann": "N"}


@pytest.mark.parametrize("restart", [False, True])
def test_each_way_of_going_upstream_says_which_it_was(school: School, restart: bool) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N", Ben="/", Cal="/")
    school.takes("7B", AFTERNOON, "13:01", Ann="N", Ben="\\", Cal="\\")
    if restart:
        school = school.reopened()
    school.removes(MONDAY, "10:00", "Ann")
    school.removes(AFTERNOON, "14:00", "Ann", how="pupil_removed_upstream")
    school.takes("7B", MONDAY, "10:05", Ben="-")
    said = {MONDAY: {"Cal": "/"}, AFTERNOON: {"Ben": "\\"}}
    counts = school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 20:00", said)
    assert (counts.duplicate, counts.withdrawn_unsent, counts.withdrawals) == (2, 1, 0)
    assert {tuple(x.split()[1:]) for x in marks_of(school) + marks_of(school, AFTERNOON) if "Withdrawn" in x} == {
        ("Ann", "sender_said"),
        ("Ann", "pupil_removed_upstream"),
        ("Ben", "cleared_to_blank"),
        ("Cal", "absent_from_whole_snapshot"),
    }
    if restart:
        school.close()


def test_a_snapshot_that_is_not_whole_withdraws_nothing(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N", Ben="/")
    school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 20:00", {MONDAY: {"Ann": "I"}}, whole=False)
    assert school.register(MONDAY) == {"Ann": "I", "Ben": "/"}


def test_a_whole_snapshot_speaks_of_registers_of_which_it_has_no_row_and_of_no_others(school: School) -> None:
    for date in ("2025-09-01", "2025-09-02", "2025-09-03"):
        school.takes("7B", f"{date} AM", "09:01", Ann="/")
    school.snapshot("2025-09-01", "2025-09-02", "2025-09-03 20:00", {})
    assert [school.register(f"2025-09-0{n} AM") for n in (1, 2, 3)] == [{}, {}, {"Ann": "/"}]


def test_a_whole_snapshot_does_not_withdraw_what_was_entered_after_it_was_sent(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="/")
    school.takes("7C", MONDAY, "11:00", Ben="/")
    school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 10:00", {}, arrives="2025-09-01 12:00")
    assert school.register(MONDAY) == {"Ben": "/"}


def test_the_whole_register_of_a_place_withdraws_who_is_not_on_it(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="/", Ben="/")
    school.takes("all", MONDAY, "10:00", whole=True, Ann="N")
    assert school.register(MONDAY) == {"Ann": "N"}


def test_a_bad_row_of_a_whole_snapshot_does_not_withdraw_its_pupils_mark(school: School) -> None:
    school.takes("7B", MONDAY, "09:20", Ann="L", Ben="/")
    said: dict[str, dict[str, Said]] = {MONDAY: {"Ann": mark("L", minutes_late=-7), "Ben": "/"}}
    counts = school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 20:00", said)
    assert (counts.held, counts.withdrawn_unsent) == (1, 0)
    assert school.register(MONDAY) == {"Ann": "L", "Ben": "/"}


def test_an_amendment_without_reason_or_name_is_recorded_and_says_what_it_lacks(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N", Ben="N", Cal="N")
    school.changes(MONDAY, "11:00", Ann="I", by="K", reason="Rang.")
    school.changes(MONDAY, "11:01", Ben="I", reason_code="parent_contact")
    school.changes(MONDAY, "11:02", Cal="I", by_kind="shared_login", reason_code="a code of their own")
    states = [
        (e["reason_state"], e["reason_code"], e["by_kind"], e.text.get("reason")) for e in school.entries("MarkAmended")
    ]
    assert states == [
        ("given", None, "named", "Rang."),
        ("given", "parent_contact", "not_said", None),
        ("given", "other", "shared_login", "a code of their own"),
    ]


# --- codes


def test_an_unknown_code_is_a_mark_that_keeps_what_was_sent(school: School) -> None:
    assert school.takes("7B", MONDAY, "09:01", Ann="QQ", Ben="i", Cal="/").marks == 3
    sent = [(e["code"], e["code_sent"]) for e in school.session(MONDAY)[2:]]
    assert sent == [("", "QQ"), ("", "i"), ("/", None)]


def test_an_unknown_code_that_is_mapped_later_leaves_the_old_mark_as_it_is(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="QQ")
    school.maps("2025-09-01 10:00", {"QQ": "I"})
    assert school.register(MONDAY) == {"Ann": "?QQ"}
    school.takes("7B", TUESDAY, "09:01", Ann="QQ")
    tuesday = school.session(TUESDAY)[-1]
    assert (tuesday["code"], tuesday["code_sent"]) == ("I", "QQ")


@pytest.mark.parametrize("code", ["F", "H", "J", "Y"])
def test_a_retired_code_is_accepted(school: School, code: str) -> None:
    assert school.takes("7B", MONDAY, "09:01", Ann=code).marks == 1
    assert school.register(MONDAY) == {"Ann": code}


@pytest.mark.parametrize("blank", ["-", ""])
def test_no_mark_is_not_a_code_and_a_dash_mapped_from_a_local_code_is_none_either(school: School, blank: str) -> None:
    school.maps("2025-09-01 08:00", {"none": blank})
    assert school.takes("7B", MONDAY, "09:01", Ann=blank, Ben="none").nothing_said == 2


# --- late facts keep earlier answers


def test_whatever_comes_later_leaves_every_entry_recorded_before_as_it_was(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="/", Ben="N", Cal="/")
    school.leaves("Cal", "2025-09-05", "2025-09-05 16:00")
    asked = "2025-09-05 18:00"
    before = school.entries(as_at=asked)
    register = school.register(MONDAY, as_at=asked)
    school.changes(MONDAY, "2025-09-08 09:00", Ben="I", said_at="2025-09-01 09:30")
    school.snapshot("2025-09-01", "2025-09-05", "2025-09-08 10:00", {})
    school.enters("Cal", at="2025-09-08 11:00")
    school.enters("Dan", at="2025-09-08 11:00", starting_day="2025-09-01")
    school.takes("7B", MONDAY, "2025-09-08 12:00", said="2025-09-01 09:00", Dan="/")
    school.plans("2025-09-08 13:00", [("2025-09-01", "2025-09-05", "holiday")], terms=())
    school.logs(MONDAY, "2025-09-08 14:00", "Ann", ("N", "08:59", "09:00"))
    assert school.entries(as_at=asked) == before
    assert school.register(MONDAY, as_at=asked) == register == {"Ann": "/", "Ben": "N", "Cal": "/"}
    assert school.register(MONDAY) == {"Dan": "/"}


def test_the_roll_ends_when_the_deletion_was_made_and_the_leaving_date_is_kept_beside_it(school: School) -> None:
    school.leaves("Ben", "2025-09-05", "2025-09-15 16:00")
    deleted = school.lines("Ben")[0][-1]
    assert deleted["left_on"] == day("2025-09-05")
    assert deleted.recorded_at == moment("2025-09-15 16:00")
    assert deleted["deleted_on"] is None, "nobody said, so nobody is made to have said"


def test_a_mark_never_opens_a_line(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Zoe="/")
    school.foresees(TUESDAY, "2025-09-01 10:00", Zoe="C")
    school.changes(MONDAY, "11:00", Zoe="I")
    assert len(school.entries("LineOpened")) == 3, "Ann, Ben and Cal"


# --- imported history


def test_imported_history_points_at_its_file_and_is_never_shown_as_contemporaneous(
    school: School, tmp_path: Path
) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="/")
    history = container(
        tmp_path / "history.avro",
        school.taking("7B", TUESDAY, "09:01", Ann="/", Ben="N"),
        school.delivery(
            "RegisterSnapshot",
            "2025-09-05 20:00",
            whole=False,
            marks=[{"date": "2025-09-03", "session": "AM", "mis_pupil": "Ann", "code": "/"}],
            **{"from": "2025-09-03", "to": "2025-09-03"},
        ),
    )
    imported = import_file(school.ledger, history)
    (started,) = school.entries("ImportStarted")
    assert school.session(MONDAY)[1]["import"] is None
    for when in (TUESDAY, "2025-09-03 AM"):
        assert school.session(when)[1]["import"] == started["import"]
    assert school.session(TUESDAY)[-1]["cause"] == "typed", "the source says what it was"
    assert school.session("2025-09-03 AM")[-1]["cause"] == "import", "only where it says nothing"
    (finished,) = school.entries("ImportFinished")
    assert (finished["accepted"], imported.counts.sent, imported.counts.adds_up) == (3, 3, True)


def test_a_file_imported_again_under_any_name_is_nothing_new(school: School, tmp_path: Path) -> None:
    first = container(tmp_path / "a.avro", school.taking("7B", MONDAY, "09:01", Ann="/", Zoe="/"))
    counts = import_file(school.ledger, first).counts
    before = school.head
    again = import_file(school.ledger, first.rename(tmp_path / "b.avro"))
    assert not again.new
    assert (again.counts.sent, again.counts.marks, again.counts.held) == (2, 1, 1)
    assert (counts.sent, counts.held) == (2, 1)
    assert school.head == before


def test_the_same_deliveries_in_another_file_are_all_duplicates(school: School, tmp_path: Path) -> None:
    register = school.taking("7B", MONDAY, "09:01", Ann="/", Ben="N")
    import_file(school.ledger, container(tmp_path / "a.avro", register))
    again = import_file(school.ledger, container(tmp_path / "b.avro", register, register))
    assert (again.counts.sent, again.counts.duplicate) == (4, 4)


# --- causes


@pytest.mark.parametrize(
    "cause", ["typed", "prefilled", "copied_from_lesson", "mis_rule", "bulk", "provider_feed", "unknown"]
)
def test_each_mark_has_its_cause(school: School, cause: str) -> None:
    school.takes("7B", MONDAY, "09:01", cause=cause, Ann="/", Ben=mark("N", cause="closure"))
    assert [e["cause"] for e in school.session(MONDAY)[2:]] == [cause, "closure"]


def test_a_cause_that_nobody_knows_is_unknown_and_no_reason_to_hold(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", cause="by magic", Ann="/")
    assert school.session(MONDAY)[-1]["cause"] == "unknown"


# --- the header


def test_a_message_that_brings_no_entry_has_no_header(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="/")
    count = len(school.session(MONDAY))
    school.takes("7B", MONDAY, "09:02", Ann="/", Ben="-")
    assert len(school.session(MONDAY)) == count


def test_closing_is_recorded_once_with_how_many_were_unmarked(school: School) -> None:
    closed = moment("2025-09-01 09:30")
    school.takes("7B", MONDAY, "09:30", closed_at=closed, Ann="/", Ben="-")
    school.takes("7B", MONDAY, "09:31", closed_at=closed, Ann="/", Ben="-")
    closings = school.entries("RegisterClosed")
    assert [(e["closed_said"], e["unmarked"]) for e in closings] == [(closed, 1)]


def test_a_second_intake_sees_what_the_first_held(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Zoe="/")
    second = Intake(school.ledger)
    assert [w.rule for w in second.held.values()] == ["g3"]
    school.says("PupilsStated", "2025-09-01 10:00", whole=False, pupils=[pupil("Zoe")])
    counts = second.take([school.delivery("PupilsStated", "2025-09-01 11:00", whole=False, pupils=[pupil("Yan")])])
    assert counts.statements == 1, "what another has taken does not stop it"
