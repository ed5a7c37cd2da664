"""Ten sessions stood when a notice was considered; later an N among them became I. Both are true, each at its time."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import on, picked, registers

NOTICE = "2025-09-15 12:00"


def ten_sessions_with_an_n(school: School) -> None:
    """Five days, the last afternoon N."""
    registers(school, "2025-09-01", "2025-09-04", Ann="O")
    registers(school, "2025-09-05", "2025-09-05", Ann=("O", "N"))


def test_the_threshold_was_met_then_and_is_not_met_now(school: School, ask_for: AskFor) -> None:
    ten_sessions_with_an_n(school)
    asks = ask_for("penalty")
    before = asks.one("Ann", "penalty")
    assert picked(before, "met_then", "met_now", "most_in_window", "csa") == (1, 1, 10, "yes")
    assert before["first_met_on"] == on("2025-09-05")
    school.changes("2025-09-05 PM", "2025-09-22 10:00", Ann=("N", "I"), by="K", reason="Was ill.")
    after = asks.one("Ann", "penalty")
    assert picked(after, "met_then", "met_now", "most_in_window") == (1, 0, None)
    assert picked(asks.one("Ann", "penalty", as_at=NOTICE), "met_then", "met_now", "most_in_window") == (1, 1, 10)


def test_the_school_could_first_know_when_the_tenth_entry_was_recorded(school: School, ask_for: AskFor) -> None:
    ten_sessions_with_an_n(school)
    known = ask_for("penalty").one("Ann", "penalty")
    tenth = school.session("2025-09-05 PM")[-1]
    assert known["known_position"] == tenth.position
    asks = ask_for("penalty")
    assert asks.of("Ann", "penalty", as_at="2025-09-05 13:00") == []
    assert asks.one("Ann", "penalty", as_at="2025-09-05 13:05")["met_now"] == 1


def test_n_is_due_on_the_fifth_school_day_and_overdue_the_day_after(school: School, ask_for: AskFor) -> None:
    ten_sessions_with_an_n(school)
    asks = ask_for("unresolved_n", "overdue_n", "n_resolved_late")
    assert asks.one("Ann", "unresolved_n")["due_on"] == on("2025-09-12")
    assert asks.of("Ann", "overdue_n", today="2025-09-12") == []
    assert len(asks.of("Ann", "overdue_n", today="2025-09-13")) == 1


def test_an_n_resolved_late_is_listed_as_such_and_is_no_longer_overdue(school: School, ask_for: AskFor) -> None:
    ten_sessions_with_an_n(school)
    school.changes("2025-09-05 PM", "2025-09-22 10:00", Ann=("N", "I"), by="K", reason="Was ill.")
    asks = ask_for("overdue_n", "n_resolved_late")
    assert asks.of("Ann", "overdue_n", today="2025-09-30") == []
    late = asks.one("Ann", "n_resolved_late")
    assert picked(late, "new", "due_on", "recorded_on") == ("I", on("2025-09-12"), on("2025-09-22"))


def test_an_n_resolved_on_the_fifth_school_day_is_in_time(school: School, ask_for: AskFor) -> None:
    ten_sessions_with_an_n(school)
    school.changes("2025-09-05 PM", "2025-09-12 16:00", Ann=("N", "O"), by="K", reason="Nobody could be reached.")
    assert ask_for("n_resolved_late").of("Ann", "n_resolved_late") == []


def test_ten_sessions_in_ten_school_weeks_count_over_christmas_and_an_eleventh_week_is_too_late(
    school: School, ask_for: AskFor
) -> None:
    registers(school, "2025-11-17", "2025-11-17", Ann="O", Ben="O")
    registers(school, "2025-12-18", "2025-12-19", Ann="G", Ben="G")
    registers(school, "2026-02-05", "2026-02-05", Ann="O")
    registers(school, "2026-02-06", "2026-02-06", Ann="O")
    registers(school, "2026-02-12", "2026-02-13", Ben="O")
    asks = ask_for("penalty")
    assert asks.one("Ann", "penalty")["most_in_window"] == 10, "17 November to 6 February: ten weeks with school"
    assert asks.of("Ben", "penalty") == [], "12 February lies in the eleventh"
