"""The turn of the school year: every line once, leavers never, marks on the right line (events.md 2.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.making import NEXT_YEAR, School, day


def carried(school: School, year: int = 202627) -> list[str]:
    names = school.name_of()
    return sorted(names[e["line"]] for e in school.entries("LineCarriedForward") if e["school_year"] == year)


def test_the_first_register_of_the_new_year_carries_every_line_once(school: School) -> None:
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/", Ben="N")
    school.takes("8C", "2026-09-02 AM", "09:06", Cal="/")
    school.takes("8B", "2026-09-02 PM", "13:05", Ann="\\", Ben="\\", Cal="\\")
    assert carried(school) == ["Ann", "Ben", "Cal"]
    old, new = school.lines("Ann")
    assert (new[0]["school_year"], new[0]["starting_day"]) == (202627, day("2026-09-02"))
    assert new[0].text["previous_line"] == old[0]["line"]
    assert new[0].text["full_name"] == "Ann"
    assert school.session("2026-09-02 AM")[2]["line"] == new[0]["line"]


def test_the_turn_comes_before_the_marks_in_the_same_transaction(school: School) -> None:
    before = school.head
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    written = [e.topic for e in school.entries(after=before)]
    assert max(n for n, t in enumerate(written) if t == "LineCarriedForward") < written.index("MarkRecorded")


def test_the_first_day_of_term_turns_the_year_even_without_a_register(school: School) -> None:
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.maps("2026-09-01 20:00", {"x": "X"})
    assert carried(school) == []
    school.maps("2026-09-02 07:00", {"y": "Y1"})
    assert carried(school) == ["Ann", "Ben", "Cal"]


def test_leavers_are_not_carried_but_those_who_leave_later_are(school: School) -> None:
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.leaves("Ann", "2026-07-17", "2026-07-17 16:00")
    school.leaves("Ben", "2026-08-31", "2026-07-10 16:00")
    school.leaves("Cal", "2026-10-23", "2026-07-10 16:00")
    school.takes("8B", "2026-09-02 AM", "09:05", Cal="/")
    assert carried(school) == ["Cal"]


def test_the_turn_is_an_event_of_the_place_even_where_no_line_goes_on(tmp_path: Path) -> None:
    school = School.ready(tmp_path, ())
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.maps("2026-09-02 07:00", {"y": "Y1"})
    school = school.reopened()
    school.maps("2026-09-03 07:00", {"z": "Z"})
    begun = [(e["school_year"], e["first_day"]) for e in school.entries("SchoolYearBegun")]
    assert begun == [(202526, day("2025-09-01")), (202627, day("2026-09-02"))]
    school.close()


def test_a_late_mark_of_last_year_goes_to_last_years_line(school: School) -> None:
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/", Ben="/")
    school.takes("7B", "2026-07-17 AM", "2026-09-03 10:00", medium="paper_then_keyed", Ann="N")
    old, new = school.lines("Ann")
    assert school.session("2026-07-17 AM")[-1]["line"] == old[0]["line"]
    assert school.session("2026-09-02 AM")[2]["line"] == new[0]["line"]


def test_a_code_foreseen_for_next_year_does_not_turn_this_one(school: School) -> None:
    school.plans("2026-06-01 09:00", terms=[NEXT_YEAR])
    school.foresees("2026-09-03 AM", "2026-07-01 10:00", Ann="C")
    assert carried(school) == []
    school.leaves("Ben", "2026-07-17", "2026-07-17 16:00")
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    assert carried(school) == ["Ann", "Cal"]
    assert school.chain("2026-09-03 AM", "Ann") == ["MarkForeseen C"]


def test_a_mistyped_year_turns_nothing(school: School) -> None:
    school.takes("7B", "2026-10-06 AM", "2025-10-06 09:05", Ann="/")
    assert carried(school) == []
    school.enters("Zoe", at="2025-11-03 08:00", starting_day="2025-11-03")
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/", Zoe="/")
    assert carried(school) == ["Ann", "Ben", "Cal", "Zoe"]
    assert school.register("2026-09-02 AM") == {"Ann": "/", "Zoe": "/"}


def test_a_code_foreseen_for_a_new_pupil_does_not_keep_the_others_from_being_carried(school: School) -> None:
    school.enters("Zoe", at="2026-07-01 08:00", starting_day="2026-09-02")
    school.foresees("2026-09-02 AM", "2026-07-01 10:00", Zoe="C")
    again = school.reopened()
    again.takes("8B", "2026-09-02 AM", "09:05", Ann="/", Zoe="/")
    assert carried(again) == ["Ann", "Ben", "Cal"]
    again.close()


def test_a_restart_does_not_turn_the_year_again(school: School) -> None:
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    again = school.reopened()
    again.takes("8B", "2026-09-03 AM", "09:05", Ann="/")
    assert carried(again) == ["Ann", "Ben", "Cal"]
    assert len(again.lines("Ann")) == 2
    again.close()


def test_the_roll_stated_in_september_restates_the_carried_lines(school: School) -> None:
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.enters("Ann", "Ben", "Cal", at="2026-09-02 07:00", nc_year=8, group="8B")
    assert carried(school) == ["Ann", "Ben", "Cal"]
    assert [len(school.lines(name)) for name in ("Ann", "Ben", "Cal")] == [2, 2, 2]
    assert school.roll_story("Ann")[1] == ["LineCarriedForward", "YearRecorded", "YearRecorded"]


@pytest.mark.parametrize("told", [True, False], ids=["calendar told", "calendar not told"])
def test_a_roll_stated_in_august_opens_no_second_entry(school: School, told: bool) -> None:
    if told:
        school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.enters("Ann", "Ben", "Cal", at="2026-08-20 07:00")
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    assert [e.topic for e in school.entries("PupilEntered")] == ["PupilEntered"] * 3
    assert carried(school) == ["Ann", "Ben", "Cal"]


def test_a_new_pupil_entered_in_july_for_september_has_one_line_in_the_new_year(school: School) -> None:
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.enters("Zoe", at="2026-07-10 08:00", starting_day="2026-09-02")
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/", Zoe="/")
    ((entered, *_),) = school.lines("Zoe")
    assert entered["school_year"] == 202627
    assert carried(school) == ["Ann", "Ben", "Cal"]


def test_a_subsidiary_registration_goes_on_with_its_line_and_a_plain_one_needs_no_words(school: School) -> None:
    school.enters("Ann", at="2025-09-02 08:00", enrolment_status="S")
    school.enters("Ben", at="2025-09-02 08:00", enrolment_status="C")
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    assert school.roll_story("Ann")[1] == ["LineCarriedForward", "YearRecorded", "EnrolmentStatusRecorded"]
    assert school.roll_story("Ben")[1] == ["LineCarriedForward", "YearRecorded"]
    before = school.head
    school.enters("Ann", at="2026-09-03 08:00", enrolment_status="S")
    school.enters("Ben", at="2026-09-03 08:00", enrolment_status="C")
    assert school.head == before


def test_staff_are_named_again_under_the_new_years_key(school: School) -> None:
    school.takes("7B", "2026-07-16 AM", "09:05", Ann="/", by="T9")
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/", by="T9")
    school.takes("8B", "2026-09-03 AM", "09:05", Ann="/", by="T9")
    named = school.entries("PersonNamed")
    assert [e["school_year"] for e in named] == [202526, 202627]
    assert len({e["person"] for e in named}) == 1
    assert len({e["sealed_key"] for e in named}) == 2


def test_two_years_on_only_the_last_line_is_carried(tmp_path: Path) -> None:
    school = School.ready(tmp_path, ["Ann"])
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    school.takes("9B", "2027-09-02 AM", "09:05", Ann="/")
    assert [line[0]["school_year"] for line in school.lines("Ann")] == [202526, 202627, 202728]
    assert school.lines("Ann")[2][0].text["previous_line"] == school.lines("Ann")[1][0]["line"]
    school.close()


def test_a_teacher_away_for_a_whole_school_year_is_the_same_person(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", "2025-09-01 AM", "09:01", Ann="/", by="T9")
    school.takes("7B", "2026-09-02 AM", "09:01", Ann="/", by="T1")
    school.takes("7B", "2027-09-02 AM", "09:01", Ann="/", by="T9")
    takers = [entry["taker"] for entry in school.entries("EntriesReceived")]
    assert takers[0] == takers[2] != takers[1]
    school.close()
