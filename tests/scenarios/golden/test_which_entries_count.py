"""Which entries count: one rule for every answer. What does not count stands in the register, and is said beside."""

from __future__ import annotations

import pytest

from tests.making import SIMS, School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, Asks, on, one_day, registers

INSET = "2025-09-12"
SATURDAY = "2025-09-06"
COUNTING = (
    "attendance_week", "persistent_absence", "penalty", "penalty_threshold", "absence_run", "return_attendance",
    "return_sickness", "unresolved_n", "n_resolved_late", "attendance_sum", "left_out", "counted_entry",
)  # fmt: skip


def no_consequence(asks: Asks, name: str, as_at: str | None = None) -> bool:
    """Nothing follows from any entry of this pupil: no threshold, no run, no N, no return."""
    follows = ("penalty_threshold", "absence_run", "return_attendance", "return_sickness", "unresolved_n")
    return all(asks.of(name, answer, as_at) == [] for answer in follows)


def why(asks: Asks, name: str, day: str, as_at: str | None = None) -> set[str]:
    return {row["why"] for row in asks.of(name, "counted_entry", as_at, session_date=on(day))}


def test_o_on_a_training_day_and_on_a_saturday_make_nobody_persistently_absent(
    school: School, ask_both: AskFor
) -> None:
    school.plans("2025-09-01 07:00", closures=[(INSET, INSET, "inset")])
    registers(school, "2025-09-08", "2025-09-11", Ann=PRESENT)
    for day in (INSET, SATURDAY):
        one_day(school, day, Ann="O")
    asks = ask_both(*COUNTING)
    found = asks.one("Ann", "persistent_absence", cohort="working")
    assert (found["absent"], found["possible"], found["persistent"]) == (0, 8, 0)
    assert no_consequence(asks, "Ann")
    assert why(asks, "Ann", INSET) == why(asks, "Ann", SATURDAY) == {"not_held"}
    assert [(row["why"], row["entries"]) for row in asks.all("left_out")] == [("not_held", 4)]


def test_boarders_entries_reach_no_threshold_run_n_or_prompt(school: School, ask_both: AskFor) -> None:
    school.enters("Ann", at="2025-09-01 07:00", boarder="seven_nights", boarder_from="2025-09-01")
    registers(school, "2025-09-08", "2025-09-23", Ann="O", Ben="O")
    registers(school, "2025-09-24", "2025-09-24", Ann="N", Ben="N")
    registers(school, "2025-09-25", "2025-10-20", Ann="I")
    asks = ask_both(*COUNTING)
    assert no_consequence(asks, "Ann")
    assert asks.of("Ann", "persistent_absence") == []
    assert asks.one("Ben", "penalty_threshold")["most_in_window"] == 26
    assert {row["why"] for row in asks.of("Ann", "attendance_week")} == {"boarder"}


def test_boarding_told_afterwards_takes_away_what_had_counted_and_the_past_stays(
    school: School, ask_both: AskFor
) -> None:
    registers(school, "2025-09-08", "2025-09-12", Ann="O")
    asks = ask_both(*COUNTING)
    assert asks.one("Ann", "penalty")["met_now"] == 1
    school.enters("Ann", at="2025-09-15 08:00", boarder="seven_nights", boarder_from="2025-09-01")
    known = asks.one("Ann", "penalty")
    assert (known["met_now"], known["met_then"]) == (0, 1), "the school could know it until it was told of boarding"
    assert asks.one("Ann", "penalty", as_at="2025-09-12 18:00")["met_now"] == 1
    assert no_consequence(asks, "Ann")


def test_a_session_cancelled_afterwards_takes_its_entries_away_from_what_was_known_first(
    school: School, ask_both: AskFor
) -> None:
    registers(school, "2025-09-08", "2025-09-11", Ann="O")
    for session in ("AM", "PM"):
        school.says(
            "ClosureStated",
            "2025-09-11 17:00",
            date="2025-09-11",
            session=session,
            whole=True,
            why="weather",
            reversed=False,
        )
    one_day(school, INSET, Ann="O")
    asks = ask_both(*COUNTING)
    assert asks.of("Ann", "penalty") == [], "eight of four days, then six, then eight: never ten"
    one_day(school, "2025-09-15", Ann="O")
    assert asks.one("Ann", "penalty")["met_now"] == 1
    assert asks.one("Ann", "penalty")["known_position"] == school.session("2025-09-15 PM")[-1].position


def test_a_threshold_that_a_cancellation_undid_was_known_then(school: School, ask_both: AskFor) -> None:
    registers(school, "2025-09-08", INSET, Ann="O")
    reached = school.session(f"{INSET} PM")[-1].position
    for session in ("AM", "PM"):
        school.says(
            "ClosureStated", f"{INSET} 17:00", date=INSET, session=session, whole=True, why="weather", reversed=False
        )
    asks = ask_both(*COUNTING)
    found = asks.one("Ann", "penalty")
    assert (found["met_now"], found["met_then"], found["known_position"]) == (0, 1, reached)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("Z", "no_mark"), ("#", "no_mark"), ("ZZ9", "unmapped")],
)
def test_what_is_no_mark_and_what_nobody_mapped_is_counted_nowhere(
    school: School, ask_both: AskFor, code: str, reason: str
) -> None:
    one_day(school, "2025-09-08", Ann=PRESENT)
    one_day(school, "2025-09-09", Ann="/", Ben=code)
    asks = ask_both(*COUNTING)
    said = {row["why"] for row in asks.of("Ben", "counted_entry")}
    assert said in ({reason}, set()), "a feed that says # where nobody has an entry says nothing"
    assert asks.of("Ben", "persistent_absence") == []


def test_entries_after_the_deletion_and_of_guests_are_left_out_each_with_its_reason(
    school: School, ask_both: AskFor
) -> None:
    school.enters("Gus", at="2025-09-01 07:30", enrolment_status="G")
    registers(school, "2025-09-08", "2025-09-09", Ann="O", Ben=PRESENT, Gus="O")
    school.leaves("Ann", "2025-09-09", "2025-09-09 16:00", deleted_on="2025-09-09")
    registers(school, "2025-09-10", "2025-09-19", Ann="O", Gus="O")
    asks = ask_both(*COUNTING)
    assert why(asks, "Ann", "2025-09-15") == {"off_roll"}
    assert why(asks, "Gus", "2025-09-08") == {"guest"}
    assert asks.of("Ann", "penalty_threshold") == []
    assert no_consequence(asks, "Gus")
    told = {row["why"]: row["entries"] for row in asks.all("left_out")}
    assert told == {"off_roll": 16, "guest": 20}


def test_where_no_calendar_was_told_entries_count_in_sums_and_n_says_that_no_deadline_is_known(
    school: School, ask_both: AskFor
) -> None:
    school.describes_place("2025-08-29 08:00", laestab="8052001", urn="100002", phase="primary", name="Dunlin")
    places = [{"laestab": "8051234", "local_id": "marram"}, {"laestab": "8052001", "local_id": "dunlin"}]
    school.registers_source("2025-08-29 08:00", SIMS, places=places)
    school.enters("Dee", local_id="dunlin")
    for day in ("2025-09-06", "2025-09-08", "2025-09-09", "2025-09-10", "2025-09-11"):
        for session in ("AM", "PM"):
            school.takes("1A", f"{day} {session}", "13:50", Dee="N", local_id="dunlin")
    asks = ask_both(*COUNTING)
    found = asks.one("Dee", "persistent_absence", cohort="working")
    assert (found["absent"], found["possible"]) == (10, 10), "nobody can say that Saturday was not held"
    assert asks.of("Dee", "penalty_threshold") == asks.of("Dee", "absence_run") == []
    assert {(row["due_on"], row["told"]) for row in asks.of("Dee", "unresolved_n")} == {(None, 0)}


def test_a_closure_told_later_leaves_the_day_out_and_the_past_as_it_was(school: School, ask_both: AskFor) -> None:
    registers(school, "2025-09-08", INSET, Ann="O")
    asks = ask_both(*COUNTING)
    assert asks.one("Ann", "persistent_absence", cohort="working")["absent"] == 10
    school.plans("2025-09-22 18:00", closures=[(INSET, INSET, "inset")])
    assert asks.one("Ann", "persistent_absence", cohort="working")["absent"] == 8
    assert asks.of("Ann", "penalty_threshold") == []
    assert asks.one("Ann", "persistent_absence", as_at="2025-09-22 17:59", cohort="working")["absent"] == 10
    assert asks.one("Ann", "penalty_threshold", as_at="2025-09-22 17:59")["most_in_window"] == 10


def test_amended_and_withdrawn_entries_are_counted_beside_the_figures(school: School, ask_both: AskFor) -> None:
    one_day(school, "2025-09-08", Ann="N", Ben="/")
    school.changes("2025-09-08 AM", "11:00", Ann=("N", "I"))
    school.removes("2025-09-08 PM", "15:00", "Ann")
    told = {row["why"]: row["entries"] for row in ask_both(*COUNTING).all("left_out", cohort="working")}
    assert told == {"overtaken": 1, "withdrawn": 1}
