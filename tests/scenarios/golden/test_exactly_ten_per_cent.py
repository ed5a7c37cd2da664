"""Exactly 10 % is persistent absence, exactly 50 % severe: whole sessions, no rounding (law.md 4)."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, one_day, picked, registers


def test_two_of_twenty_sessions_are_persistent_and_two_of_twenty_one_are_not(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-11", Ann=PRESENT)
    one_day(school, "2025-09-12", Ann="I")
    asks = ask_for("persistent_absence")
    at_the_line = asks.one("Ann", "persistent_absence", cohort="statistical")
    assert picked(at_the_line, "possible", "absent", "persistent", "severe") == (20, 2, 1, 0)
    assert picked(at_the_line, "persistent_in", "persistent_out") == (0, 1), "one session attended, and no longer"
    school.takes("7B", "2025-09-15 AM", "09:05", Ann="/")
    below = asks.one("Ann", "persistent_absence", cohort="statistical")
    assert picked(below, "possible", "absent", "persistent", "persistent_in") == (21, 2, 0, 1)


def test_authorised_and_unauthorised_absence_count_alike(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-11", Ann=PRESENT)
    one_day(school, "2025-09-12", Ann=("I", "O"))
    row = ask_for("persistent_absence").one("Ann", "persistent_absence", cohort="working")
    assert picked(row, "authorised", "unauthorised", "persistent") == (1, 1, 1)


def test_half_of_the_sessions_is_severe(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-05", Ann=("/", "I"))
    row = ask_for("persistent_absence").one("Ann", "persistent_absence", cohort="working")
    assert picked(row, "possible", "absent", "severe") == (10, 5, 1)


def test_a_cancelled_session_leaves_the_denominator(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-11", Ann=PRESENT)
    one_day(school, "2025-09-12", Ann=("I", "I"))
    one_day(school, "2025-09-15", Ann=("Y4", "Y4"))
    row = ask_for("persistent_absence").one("Ann", "persistent_absence", cohort="working")
    assert picked(row, "possible", "persistent") == (20, 1)
