"""A pupil leaves and comes back: two stays, two enrolments for the statistics, one child for the law of absence."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, on, picked, registers


def leaves_and_returns(school: School) -> None:
    """Ben is off the roll from 13 to 28 September."""
    school.leaves("Ben", "2025-09-12", "2025-09-12 16:00", deleted_on="2025-09-12")
    school.enters("Ben", at="2025-09-29 08:00", starting_day="2025-09-29", birth_date="2014-02-03", nc_year=7)


def test_absences_before_and_after_are_counted_in_one_window(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-10", "2025-09-12", Ben="O")
    leaves_and_returns(school)
    asks = ask_for("penalty")
    assert asks.of("Ben", "penalty") == []
    registers(school, "2025-09-29", "2025-09-30", Ben="O")
    assert picked(asks.one("Ben", "penalty"), "met_now", "most_in_window") == (1, 10)


def test_the_days_between_two_stays_end_a_run(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-08", "2025-09-12", Ben="O")
    leaves_and_returns(school)
    registers(school, "2025-09-29", "2025-10-03", Ben="O")
    asks = ask_for("absence_run")
    assert asks.of("Ben", "absence_run") == []
    registers(school, "2025-10-06", "2025-10-10", Ben="O")
    assert asks.one("Ben", "absence_run", limb="GNOU")["from_date"] == on("2025-09-29")


def test_each_stay_is_an_enrolment_of_its_own_in_the_percentages(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-08", "2025-09-12", Ben="O")
    leaves_and_returns(school)
    registers(school, "2025-09-29", "2025-10-03", Ben=PRESENT)
    rows = ask_for("persistent_absence").of("Ben", "persistent_absence", cohort="working")
    assert [picked(row, "possible", "absent", "persistent") for row in rows] == [(10, 10, 1), (10, 0, 0)]


def test_nobody_misses_marks_between_the_stays(school: School, ask_for: AskFor) -> None:
    leaves_and_returns(school)
    registers(school, "2025-09-15", "2025-09-15", Ann=PRESENT, Cal=PRESENT)
    registers(school, "2025-09-29", "2025-09-29", Ann=PRESENT, Cal=PRESENT)
    unmarked = ask_for("unmarked_session").all("unmarked_session")
    assert [picked(row, "name", "session_date", "session") for row in unmarked] == [
        ("Ben", on("2025-09-29"), 1),
        ("Ben", on("2025-09-29"), 2),
    ]


def test_a_window_goes_on_into_the_new_school_year(school: School, ask_for: AskFor) -> None:
    registers(school, "2026-07-15", "2026-07-17", Ben="O")
    terms = [("autumn1", "202627", "2026-09-02", "2026-10-23")]
    school.plans("2026-08-20 09:00", terms=terms)
    for day in ("2026-09-02", "2026-09-03"):
        for session, at in (("AM", "09:05"), ("PM", "13:05")):
            school.takes("8B", f"{day} {session}", at, Ben="O")
    row = ask_for("penalty").one("Ben", "penalty")
    assert picked(row, "met_now", "most_in_window", "first_met_on") == (1, 10, on("2026-09-03"))
