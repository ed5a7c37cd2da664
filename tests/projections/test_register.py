"""The herringbone: what stands, what stood, what was foreseen, and who was on the roll, as at any moment."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from domain.calendar import NotHeld
from projections.asking import places_called
from projections.register import Cell, RegisterAt, Row, register
from tests.making import LAESTAB, School, moment

MON = "2025-09-01 AM"
FIRST, LAST = date(2025, 9, 1), date(2025, 9, 7)


def week(school: School, as_at: str | None = None) -> RegisterAt:
    place = places_called(school.ledger, LAESTAB)[0]
    return register(school.ledger, place, FIRST, LAST, None if as_at is None else moment(as_at))


def rows(found: RegisterAt) -> dict[str | None, Row]:
    return {row.name: row for row in found.rows}


def cell(found: RegisterAt, name: str, session: str = "AM", day: date = FIRST) -> Cell:
    return rows(found)[name].cells[(day, session)]


def test_a_code_that_was_amended_shows_every_code_that_stood_there(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="/", Ben="N")
    school.changes(MON, "11:00", Ben=("N", "O"))
    school.changes(MON, "12:00", Ben=("O", "I"))
    found = week(school)
    assert [step.code for step in cell(found, "Ben").chain] == ["N", "O", "I"]
    assert (cell(found, "Ben").code, cell(found, "Ben").amended) == ("I", True)
    assert (cell(found, "Ann").code, cell(found, "Ann").amended) == ("/", False)


def test_as_at_shows_the_register_as_it_stood(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ben="N")
    school.changes(MON, "11:00", Ben=("N", "I"))
    assert cell(week(school, "2025-09-01 10:59"), "Ben").code == "N"
    assert cell(week(school, "2025-09-01 11:00"), "Ben").code == "I"
    assert rows(week(school, "2025-09-01 08:00"))["Ben"].cells == {}


def test_a_withdrawn_entry_is_no_code_and_no_gap(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="/")
    school.removes(MON, "12:00", "Ann")
    found = cell(week(school), "Ann")
    assert (found.code, found.withdrawn, found.amended) == (None, True, False)
    assert [step.code for step in found.chain] == ["/", None]


def test_what_was_foreseen_stands_apart_until_a_register_says_so(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.foresees("2025-09-03 AM", "2025-09-01 12:00", Ann="C")
    wednesday = date(2025, 9, 3)
    foreseen = cell(week(school), "Ann", day=wednesday)
    assert (foreseen.code, foreseen.foreseen) == (None, "C")
    school.takes("7B", "2025-09-03 AM", "08:45", Ann="C")
    assert cell(week(school), "Ann", day=wednesday).code == "C"


def test_a_code_that_nobody_mapped_is_shown_as_sent(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="ZZ9")
    assert (cell(week(school), "Ann").code, cell(week(school), "Ann").code_sent) == ("", "ZZ9")


def test_a_planned_closure_is_known_only_once_it_was_told(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.plans("2025-09-02 09:00", [("2025-09-05", "2025-09-05", "inset")])
    told = {(c.day.day, c.session): c.why_not_held for c in week(school).columns}
    before = {(c.day.day, c.session): c.why_not_held for c in week(school, "2025-09-01 12:00").columns}
    assert told[(5, "AM")] is NotHeld.PLANNED_CLOSURE
    assert before[(5, "AM")] is None


def test_a_weekend_is_not_shown_unless_something_happened_on_it(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    assert {c.day.weekday() for c in week(school).columns} == {0, 1, 2, 3, 4}
    school.takes("7B", "2025-09-06 AM", "08:45", Ann="/")
    assert (date(2025, 9, 6), "AM") in {(c.day, c.session) for c in week(school).columns}


def test_a_pupil_is_on_the_register_from_the_starting_day_to_the_deletion(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.enters("Eve", at="2025-09-03 08:00", starting_day="2025-09-03")
    school.leaves("Cal", "2025-09-03", "2025-09-03 15:30", deleted_on="2025-09-03")
    found = rows(week(school))
    assert [found["Eve"].on_roll(date(2025, 9, day)) for day in (2, 3)] == [False, True]
    assert [found["Cal"].on_roll(date(2025, 9, day)) for day in (3, 4)] == [True, False]
    assert "Eve" not in rows(week(school, "2025-09-02 12:00"))
    place = places_called(school.ledger, LAESTAB)[0]
    after = register(school.ledger, place, date(2025, 9, 8), date(2025, 9, 14))
    assert {row.name for row in after.rows} == {"Ann", "Ben", "Eve"}


def test_a_deletion_keyed_late_ends_the_roll_when_it_was_made_not_when_it_is_dated(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.leaves("Cal", "2025-09-01", "2025-09-05 15:30", deleted_on="2025-09-01")
    assert rows(week(school))["Cal"].off_roll_from == date(2025, 9, 6)


def test_a_deletion_dated_after_it_was_told_ends_the_roll_on_the_day_it_was_told(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.leaves("Ben", "2025-09-03", "2025-09-03 15:30", deleted_on="2026-05-01")
    school.leaves("Cal", "2025-09-03", "2025-09-03 15:30", deleted_on="9999-12-31")
    gone = {name: row.off_roll_from for name, row in rows(week(school)).items()}
    assert gone == {"Ann": None, "Ben": date(2025, 9, 4), "Cal": date(2025, 9, 4)}


def test_pupils_read_in_the_order_of_their_surnames(tmp_path: Path) -> None:
    school = School.ready(tmp_path, ())
    for name in ("Ann Zostera", "Zelda Ashgrove", "Ben Ashgrove"):
        school.enters(name)
    assert [row.name for row in week(school).rows] == ["Ben Ashgrove", "Zelda Ashgrove", "Ann Zostera"]


def test_a_destroyed_key_takes_the_name_and_leaves_the_marks(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="/")
    line = next(row for row in week(school).rows if row.name == "Ann").line
    owner = next(n for n in school.ledger.store.stream_names("admission-register/") if n.endswith(line.hex()))
    key = school.ledger.keys.find("line", owner)
    assert key is not None
    school.ledger.keys.destroy([key.id])
    found = next(row for row in week(school).rows if row.line == line)
    assert (found.name, found.cells[(FIRST, "AM")].code) == (None, "/")


def test_a_place_that_was_not_known_yet_is_not_known(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    found = week(school, "2001-01-01 12:00")
    assert (found.place.version, found.rows) == (0, [])


def test_a_leaving_day_that_was_stated_ends_the_roll_where_no_deletion_was_seen(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.leaves("Ben", "2025-09-03", "2025-09-01 08:00")
    school.leaves("Cal", "9999-12-31", "2025-09-01 08:00")
    assert {e["expected"] for e in school.entries("LeavingStated")} == {True}
    gone = {name: row.off_roll_from for name, row in rows(week(school)).items()}
    assert gone == {"Ann": None, "Ben": date(2025, 9, 4), "Cal": None}
