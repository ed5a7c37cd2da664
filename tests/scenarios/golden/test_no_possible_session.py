"""Who had no possible session has no percentage: no row, and no division by zero (law.md 4)."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, picked, registers


def test_a_pupil_who_was_due_elsewhere_all_the_time_is_in_no_cohort(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-12", Ann="D", Ben=PRESENT)
    asks = ask_for("persistent_absence", "attendance_week")
    assert asks.of("Ann", "persistent_absence") == []
    assert len(asks.of("Ben", "persistent_absence")) == 2
    weeks = asks.of("Ann", "attendance_week")
    assert [picked(week, "code", "sessions", "possible", "absent") for week in weeks] == [("D", 10, 0, 0)] * 2


def test_the_first_possible_session_makes_the_row(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-05", Ann="D")
    asks = ask_for("persistent_absence")
    assert asks.of("Ann", "persistent_absence") == []
    school.takes("7B", "2025-09-08 AM", "09:05", Ann="I")
    row = asks.one("Ann", "persistent_absence", cohort="working")
    assert picked(row, "possible", "absent", "severe") == (1, 1, 1)
