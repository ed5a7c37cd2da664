"""A leaver is keyed ten days late, with the earlier day: on the roll until the school made the deletion (law.md 2.8)."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, on, picked, registers

LEFT, KEYED = "2025-09-05", "2025-09-15 16:00"


def absent_since_he_left(school: School) -> None:
    """Ben came for a week, and then no more."""
    registers(school, "2025-09-01", LEFT, Ben=PRESENT)
    registers(school, "2025-09-08", "2025-09-15", Ben="O")


def test_what_was_marked_before_the_deletion_still_counts(school: School, ask_for: AskFor) -> None:
    absent_since_he_left(school)
    asks = ask_for("persistent_absence", "penalty")
    before = asks.one("Ben", "persistent_absence", cohort="working")
    school.leaves("Ben", LEFT, KEYED, destination="school", by="K")
    after = asks.one("Ben", "persistent_absence", cohort="working")
    assert picked(before, "possible", "absent") == picked(after, "possible", "absent") == (22, 12)
    assert picked(asks.one("Ben", "penalty"), "met_now", "most_in_window") == (1, 12)


def test_the_roll_keeps_both_days_the_deletion_and_the_leaving(school: School, ask_for: AskFor) -> None:
    absent_since_he_left(school)
    school.leaves("Ben", LEFT, KEYED, destination="school", by="K")
    asks = ask_for("roll")
    assert picked(asks.one("Ben", "roll"), "to_date", "left_on") == (on("2025-09-15"), on(LEFT))
    as_then_known = asks.one("Ben", "roll", as_at="2025-09-15 15:59")
    assert picked(as_then_known, "to_date", "left_on") == (on("2026-08-31"), None)


def test_after_the_deletion_nobody_misses_his_marks_and_a_stray_one_counts_for_nothing(
    school: School, ask_for: AskFor
) -> None:
    absent_since_he_left(school)
    school.leaves("Ben", LEFT, KEYED, destination="school", by="K")
    registers(school, "2025-09-16", "2025-09-17", Ann=PRESENT, Cal=PRESENT)
    asks = ask_for("unmarked_session", "penalty", "entry_off_roll")
    assert asks.of("Ben", "unmarked_session", session_date=on("2025-09-16")) == []
    school.takes("7B", "2025-09-18 AM", "09:05", Ann="/", Ben="O")
    assert asks.one("Ben", "penalty")["sessions"] == 12
    assert [row["session_date"] for row in asks.of("Ben", "entry_off_roll")] == [on("2025-09-18")]


def test_marks_that_the_system_dropped_with_him_no_longer_count_and_did_before(school: School, ask_for: AskFor) -> None:
    absent_since_he_left(school)
    asks = ask_for("penalty")
    assert asks.one("Ben", "penalty")["most_in_window"] == 12
    school.leaves("Ben", LEFT, KEYED, destination="school", by="K")
    for day in ("2025-09-08", "2025-09-09", "2025-09-10"):
        for session in ("AM", "PM"):
            school.removes(f"{day} {session}", "2025-09-15 16:05", "Ben", how="pupil_removed_upstream")
    assert picked(asks.one("Ben", "penalty"), "met_then", "met_now") == (1, 0)
    assert asks.one("Ben", "penalty", as_at="2025-09-15 15:59")["met_now"] == 1
