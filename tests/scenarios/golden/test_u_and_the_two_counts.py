"""U counts towards the ten school days of a return, and ends the twenty of a deletion (PRR reg 13(7)(b), 9(1)(i))."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import on, picked, registers


def test_one_u_leaves_the_return_and_takes_away_the_deletion(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-26", but=("2025-09-12",), Ann="O", Ben="O")
    registers(school, "2025-09-12", "2025-09-12", Ann=("O", "N"), Ben="O")
    school.changes("2025-09-12 PM", "2025-09-12 14:30", Ann=("N", "U"), by="K", reason="Came at 2.20 pm.")
    asks = ask_for("absence_run")
    for_return = asks.one("Ann", "absence_run", limb="GNOU")
    assert picked(for_return, "from_date", "to_date", "school_days") == (on("2025-09-01"), on("2025-09-26"), 20)
    for_deletion = asks.one("Ann", "absence_run", limb="GNO")
    assert picked(for_deletion, "from_date", "school_days", "twenty") == (on("2025-09-15"), 10, 0)
    assert for_deletion["twentieth_on"] is None


def test_twenty_school_days_without_u_are_twenty_for_both(school: School, ask_for: AskFor) -> None:
    registers(school, "2025-09-01", "2025-09-26", Ben=("O", "G"))
    both = ask_for("absence_run").of("Ben", "absence_run")
    assert [picked(run, "limb", "school_days", "twenty", "twentieth_on") for run in both] == [
        ("GNO", 20, 1, on("2025-09-26")),
        ("GNOU", 20, 1, on("2025-09-26")),
    ]
