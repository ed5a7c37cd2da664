"""The calendar is put right afterwards: today's counts follow it, and what was asked before stays as it was then."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import on, picked, registers

FRIDAY = "2025-09-12"
TOLD = "2025-09-22 18:00"


def tells_of_the_training_day(school: School) -> None:
    """Friday 12 September was a training day, and nobody had told the ledger."""
    school.plans(TOLD, closures=[(FRIDAY, FRIDAY, "inset")])


def test_a_run_that_an_unmarked_friday_broke_is_whole_once_it_was_no_school_day(
    school: School, ask_for: AskFor
) -> None:
    registers(school, "2025-09-08", "2025-09-22", but=(FRIDAY,), Ann="O")
    asks = ask_for("absence_run", "register_missing")
    assert asks.of("Ann", "absence_run") == []
    missing = asks.all("register_missing", today="2025-09-22", session_date=on(FRIDAY))
    assert len(missing) == 2
    tells_of_the_training_day(school)
    run = asks.one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "from_date", "to_date", "school_days") == (on("2025-09-08"), on("2025-09-22"), 10)
    assert picked(run, "cancelled_days") == (0,), "planned, not cancelled"
    assert asks.all("register_missing", today="2025-09-22", session_date=on(FRIDAY)) == []
    assert asks.of("Ann", "absence_run", as_at="2025-09-22 17:59") == []


def test_an_n_is_due_a_school_day_later_than_was_thought(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-08", "2025-09-08", Ann="N")
    asks = ask_for("unresolved_n")
    assert {row["due_on"] for row in asks.of("Ann", "unresolved_n")} == {on("2025-09-15")}
    tells_of_the_training_day(school)
    assert {row["due_on"] for row in asks.of("Ann", "unresolved_n")} == {on("2025-09-16")}
    as_then_known = asks.of("Ann", "unresolved_n", as_at="2025-09-15 09:00")
    assert {row["due_on"] for row in as_then_known} == {on("2025-09-15")}


def test_where_the_calendar_does_not_reach_no_deadline_is_guessed(school: School, ask_for: AskFor) -> None:
    registers(school, "2026-07-15", "2026-07-15", Ann="N")
    asks = ask_for("unresolved_n", "overdue_n")
    assert {row["due_on"] for row in asks.of("Ann", "unresolved_n")} == {None}
    assert asks.of("Ann", "overdue_n", today="2026-12-31") == []
