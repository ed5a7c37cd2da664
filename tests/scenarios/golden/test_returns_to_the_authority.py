"""Returns of regulation 13 as an attendance officer meets them: once for each absence, and what was told may not stand."""

from __future__ import annotations

from typing import Any

from domain.ledger.commands import AskForReturns, MakeReturns, MakeSetting, OneReturn, ReverseDeletion, SicknessBelief
from tests.making import School
from tests.projections.stories import says
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, Row, on, picked, registers


def line_and_place(school: School, name: str) -> tuple[bytes, bytes]:
    (line,) = [line for line, known in school.name_of().items() if known == name]
    return line, school.entries("PlaceDescribed")[0]["place"]


def returns(school: School, name: str, at: str, kind: str, row: Row) -> None:
    """The school makes a return of what the list says of a pupil."""
    line, place = line_and_place(school, name)
    told: dict[str, Any] = {key: row[key] for key in ("limb", "run_from", "ground") if row.get(key) is not None}
    one = OneReturn.model_validate(
        {"line": line, "content": b"Name and address.", "run_days": row["school_days"], **told}
    )
    made = {"place": place, "kind": kind, "returns": (one,), "computed_at": school.head, "definition": bytes(32)}
    says(school, MakeReturns.model_validate(made), at)


def test_a_run_over_half_term_belongs_to_the_return_of_the_month_in_which_its_tenth_day_lies(
    school: School, ask_for: AskFor
) -> None:
    registers(school, "2025-10-13", "2025-10-17", Ann=PRESENT)
    registers(school, "2025-10-20", "2025-11-07", Ann="O")
    run = ask_for("return_attendance").one("Ann", "return_attendance", limb="p7b")
    assert picked(run, "run_from", "school_days", "period_from", "period_to") == (
        on("2025-10-20"),
        10,
        on("2025-11-01"),
        on("2025-11-30"),
    )
    months = ask_for("return_attendance").of("Ann", "return_attendance", limb="p7a")
    assert [picked(row, "period_to", "school_days") for row in months] == [(on("2025-10-31"), 5), (on("2025-11-30"), 5)]


def test_an_n_that_resolves_after_the_return_leaves_the_return_and_says_that_it_no_longer_stands(
    school: School, ask_for: AskFor
) -> None:
    registers(school, "2025-09-08", "2025-09-18", Ann="O")
    registers(school, "2025-09-19", "2025-09-19", Ann="N")
    asks = ask_for("return_attendance")
    returns(school, "Ann", "2025-09-22 10:00", "attendance", asks.one("Ann", "return_attendance", limb="p7b"))
    assert asks.one("Ann", "return_attendance", limb="p7b")["superseded"] == 0
    school.changes("2025-09-19 AM", "2025-09-24 09:00", Ann=("N", "I"), by="K", reason="Mother rang.")
    after = asks.one("Ann", "return_attendance", limb="p7b")
    assert picked(after, "needed", "school_days", "superseded", "made_days") == (0, 0, 1, 10)
    before = asks.one("Ann", "return_attendance", limb="p7b", as_at="2025-09-22 12:00")
    assert picked(before, "needed", "school_days", "superseded") == (1, 10, 0)


def test_a_run_that_goes_on_for_weeks_is_returned_once_and_each_month_lists_the_pupil_all_the_same(
    school: School, ask_for: AskFor
) -> None:
    registers(school, "2025-09-08", "2025-09-26", Ann="O")
    asks = ask_for("return_attendance")
    returns(school, "Ann", "2025-09-26 16:00", "attendance", asks.one("Ann", "return_attendance", limb="p7b"))
    registers(school, "2025-09-29", "2025-10-10", Ann="O")
    run = asks.one("Ann", "return_attendance", limb="p7b")
    assert picked(run, "school_days", "superseded", "made_days") == (25, 0, 15)
    october = asks.one("Ann", "return_attendance", limb="p7a", period_to=on("2025-10-31"))
    assert picked(october, "school_days", "needed", "made_position") == (8, 1, None)


def test_a_planned_operation_calls_for_the_sickness_return_on_its_first_day(school: School, ask_for: AskFor) -> None:
    line, place = line_and_place(school, "Ben")
    asks = ask_for("return_sickness", "return_due")
    belief = {"place": place, "line": line, "limb": "consecutive_15", "on": on("2025-09-05")}
    says(school, SicknessBelief.model_validate({**belief, "expected_until": on("2025-10-10")}), "2025-09-05 15:00")
    assert asks.one("Ben", "return_sickness")["needed"] == 0, "no I is recorded yet"
    registers(school, "2025-09-15", "2025-09-15", Ben="I")
    sick = asks.one("Ben", "return_sickness")
    assert picked(sick, "needed", "due_on", "prompt", "sessions", "school_days") == (1, on("2025-09-15"), 0, 2, 1)
    assert asks.one("Ben", "return_due", kind="sickness", today="2025-09-16")["overdue"] == 1


def test_a_weaker_setting_is_obeyed_and_every_row_under_it_says_so(school: School, ask_for: AskFor) -> None:
    says(
        school,
        MakeSetting(setting="attendance_return_interval_days", value=60, applies_from=on("2025-09-01")),
        "2025-09-01 08:00",
    )
    registers(school, "2025-09-08", "2025-09-08", Ann="O")
    row = ask_for("return_attendance").one("Ann", "return_attendance")
    assert picked(row, "basis", "due_on", "weaker") == ("setting", on("2025-10-30"), 1)


def test_a_deletion_taken_back_leaves_its_return_and_says_so(school: School, ask_for: AskFor) -> None:
    school.leaves("Cal", "2025-09-12", "2025-09-12 16:00", ground="r9_1f")
    asks = ask_for("return_deletion")
    row = asks.one("Cal", "return_deletion")
    assert picked(row, "due_on", "ground", "needed") == (on("2025-09-12"), "r9_1f", 1)
    returns(school, "Cal", "2025-09-12 16:10", "deletion", {**row, "school_days": None})
    assert picked(asks.one("Cal", "return_deletion"), "made_ground", "superseded") == ("r9_1f", 0)
    line, place = line_and_place(school, "Cal")
    back = {"place": place, "line": line, "why": "moved_back", "back_on_roll_from": on("2025-09-15")}
    says(school, ReverseDeletion.model_validate(back), "2025-09-15 08:30")
    row = asks.one("Cal", "return_deletion")
    assert picked(row, "deletion_day", "needed", "made_ground", "superseded") == (None, 0, "r9_1f", 1)


def test_what_happens_on_the_day_of_the_request_is_not_after_it(school: School, ask_both: AskFor) -> None:
    """Regulation 13(3) and (5): of entries and deletions made after the day on which the authority asked."""
    terms = {"starting_day": "2025-09-01", "nc_year": 7, "birth_date": "2014-02-03", "junior_class_first_day": True}
    school.enters("Dee", at="2025-09-01 08:00", **terms)
    school.leaves("Cal", "2026-07-17", "2026-07-17 16:00", ground="r9_1m")
    asks = ask_both("return_new_pupil", "return_deletion")
    assert asks.one("Dee", "return_new_pupil")["exception"] == "junior_class"
    assert asks.one("Cal", "return_deletion")["exception"] == "senior_class"
    place = school.entries("PlaceDescribed")[0]["place"]

    def asked(kind: str, day: str) -> None:
        says(
            school,
            AskForReturns.model_validate({"place": place, "kind": kind, "asked_on": on(day)}),
            "2026-07-20 08:00",
        )

    asked("new_pupil", "2025-09-01")
    asked("deletion", "2026-07-17")
    assert asks.one("Dee", "return_new_pupil")["exception"] == "junior_class"
    assert asks.one("Cal", "return_deletion")["exception"] == "senior_class"
    asked("new_pupil", "2025-08-31")
    asked("deletion", "2026-07-16")
    assert picked(asks.one("Dee", "return_new_pupil"), "exception", "needed") == ("asked", 1)
    assert picked(asks.one("Cal", "return_deletion"), "exception", "needed") == ("asked", 1)
    assert asks.one("Cal", "return_deletion", as_at="2026-07-18")["exception"] == "senior_class"
