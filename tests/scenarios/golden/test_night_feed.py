"""A feed that runs at night: late at the ledger, and nobody at the school was late (DESIGN, Time)."""

from __future__ import annotations

from tests.making import NIGHTLY, School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import on, picked

MONDAY = "2025-09-01"


def labels(rows: list[dict[str, object]]) -> set[object]:
    return {row["label"] for row in rows}


def test_marks_of_nine_oclock_that_arrive_at_two_in_the_night_accuse_nobody(school: School, ask_for: AskFor) -> None:
    school.takes("7B", f"{MONDAY} AM", "09:05", arrives="2025-09-02 02:00", Ann="O")
    asks = ask_for("label_mark", "label_message")
    assert "late_at_ledger" in labels(asks.all("label_message"))
    assert labels(asks.all("label_mark")) == set()


def test_marks_made_at_eleven_are_late_at_the_school_whenever_they_arrive(school: School, ask_for: AskFor) -> None:
    school.takes("7B", f"{MONDAY} AM", "11:00", Ann="O")
    assert "late_at_school" in labels(ask_for("label_mark").of("Ann", "label_mark"))


def test_a_feed_that_cannot_say_when_is_not_called_late(school: School, ask_for: AskFor) -> None:
    school.enters("Dee", at="2025-08-30 02:00", source=NIGHTLY)
    school.snapshot(MONDAY, MONDAY, "2025-09-02 02:00", {f"{MONDAY} AM": {"Dee": "O"}}, source=NIGHTLY)
    assert school.register(f"{MONDAY} AM") == {"Dee": "O"}
    asks = ask_for("label_mark", "label_message")
    assert "late_at_school" not in labels(asks.all("label_mark"))
    assert labels(asks.all("label_message")) == {"told_after_the_day"}


def test_the_night_belongs_to_the_local_day_in_summer_time(school: School, ask_for: AskFor) -> None:
    """00:30 in London is still the day before in UTC."""
    school.takes("7B", "2025-09-05 PM", "13:05", Ann="N")
    school.changes("2025-09-05 PM", "2025-09-13 00:30", Ann=("N", "I"), by="K", reason="Was ill.")
    late = ask_for("n_resolved_late").one("Ann", "n_resolved_late")
    assert picked(late, "due_on", "recorded_on") == (on("2025-09-12"), on("2025-09-13"))


def test_the_school_could_know_only_when_the_ledger_had_the_tenth(school: School, ask_for: AskFor) -> None:
    for day in ("2025-09-01", "2025-09-02", "2025-09-03", "2025-09-04", "2025-09-05"):
        for session, at in (("AM", "09:05"), ("PM", "13:05")):
            school.takes("7B", f"{day} {session}", at, arrives=f"{day} 23:00", Ann="O")
    asks = ask_for("penalty")
    row = asks.one("Ann", "penalty")
    assert row["first_met_on"] == on("2025-09-05")
    assert row["known_at"].isoformat() == "2025-09-05T22:00:00", "23:00 in London"
    assert asks.of("Ann", "penalty", as_at="2025-09-05 22:59") == []
