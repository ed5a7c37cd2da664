"""A run of ten school days goes on after half term: holidays are no school days (law.md 3.2, reading 1)."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, on, picked, registers


def test_five_days_before_half_term_and_five_after_are_ten_school_days(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-10-13", "2025-10-17", Ann=PRESENT)
    registers(school, "2025-10-20", "2025-11-07", Ann="O")
    run = ask_for("absence_run").one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "from_date", "to_date", "school_days") == (on("2025-10-20"), on("2025-11-07"), 10)
    assert run["tenth_on"] == on("2025-11-07")
    assert run["csa"] == "yes"


def test_on_the_ninth_school_day_there_is_no_run_yet(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-10-20", "2025-11-07", Ann="O")
    asks = ask_for("absence_run")
    assert asks.of("Ann", "absence_run", as_at="2025-11-06 18:00") == []
    assert len(asks.of("Ann", "absence_run", as_at="2025-11-07 18:00")) == 2, "for the return, and towards twenty"


def test_one_afternoon_at_school_ends_the_run(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-10-20", "2025-11-07", but=("2025-11-04",), Ann="O")
    registers(school, "2025-11-04", "2025-11-04", Ann=("O", "\\"))
    assert ask_for("absence_run").of("Ann", "absence_run") == []


def test_a_day_that_nobody_marked_ends_the_run_and_is_listed(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-10-20", "2025-11-07", but=("2025-11-04",), Ann="O", Ben=PRESENT)
    registers(school, "2025-11-04", "2025-11-04", Ben=PRESENT)
    asks = ask_for("absence_run", "unmarked_session")
    assert asks.of("Ann", "absence_run") == []
    unmarked = asks.of("Ann", "unmarked_session")
    assert [picked(row, "session_date", "session") for row in unmarked] == [
        (on("2025-11-04"), 1),
        (on("2025-11-04"), 2),
    ]


def test_a_day_without_any_register_is_listed_as_a_missing_register(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-05", but=("2025-09-03",), Ann=PRESENT)
    asks = ask_for("unmarked_session", "register_missing")
    missing = asks.all("register_missing", today="2025-09-05")
    assert [picked(row, "session_date", "session", "on_roll") for row in missing] == [
        (on("2025-09-03"), 1, 3),
        (on("2025-09-03"), 2, 3),
    ]
    assert asks.of("Ann", "unmarked_session") == []
