"""A day counts only if every session of it is G, N, O or U: a morning O and an afternoon I end the run (law.md 3.2)."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import on, picked, registers


def test_a_morning_o_with_an_afternoon_i_ends_the_run(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-12", but=("2025-09-09",), Ann="O", Ben="O")
    registers(school, "2025-09-09", "2025-09-09", Ann=("O", "I"), Ben="O")
    asks = ask_for("absence_run")
    assert asks.of("Ann", "absence_run") == []
    assert asks.one("Ben", "absence_run", limb="GNOU")["school_days"] == 10


def test_when_the_i_becomes_o_the_run_appears_and_as_at_before_there_was_none(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-12", but=("2025-09-09",), Ann="O")
    registers(school, "2025-09-09", "2025-09-09", Ann=("O", "I"))
    asks = ask_for("absence_run")
    assert asks.of("Ann", "absence_run") == []
    school.changes("2025-09-09 PM", "2025-09-22 10:00", Ann=("I", "O"), by="K", reason="No illness.")
    run = asks.one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "from_date", "school_days") == (on("2025-09-01"), 10)
    assert asks.of("Ann", "absence_run", as_at="2025-09-22 09:59") == []


def test_when_an_o_becomes_i_the_run_vanishes_and_as_at_before_it_stood(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-12", Ann="O")
    asks = ask_for("absence_run")
    assert len(asks.of("Ann", "absence_run")) == 2
    school.changes("2025-09-09 PM", "2025-09-22 10:00", Ann=("O", "I"), by="K", reason="A doctor's letter came.")
    assert asks.of("Ann", "absence_run") == []
    assert len(asks.of("Ann", "absence_run", as_at="2025-09-22 09:59")) == 2
