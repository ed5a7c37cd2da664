"""How far a whole snapshot speaks: for its own days, and not where it names a pupil whom nobody here knows."""

from __future__ import annotations

from tests.making import School

MON, TUE = "2025-09-01 AM", "2025-09-02 AM"


def test_a_stray_row_outside_its_days_withdraws_nobody_there(school: School) -> None:
    for when in (MON, TUE):
        school.takes("7B", when, "09:01", Ann="/", Ben="/", Cal="/")
    school.snapshot("2025-09-01", "2025-09-01", "2025-09-02 19:00", {MON: {"Ann": "/"}, TUE: {"Ann": "/"}})
    assert school.register(MON) == {"Ann": "/"}
    assert school.register(TUE) == {"Ann": "/", "Ben": "/", "Cal": "/"}


def test_a_snapshot_under_new_ids_for_everybody_withdraws_nobody(school: School) -> None:
    school.takes("7B", MON, "09:01", Ann="/", Ben="/", Cal="/")
    school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 19:00", {MON: {"New-1": "/"}})
    assert school.register(MON) == {"Ann": "/", "Ben": "/", "Cal": "/"}
    assert [(w.rule, w.rows) for w in school.held] == [("g3", 1)]


def test_withdrawals_that_nobody_sent_stand_outside_the_sum(school: School) -> None:
    school.takes("7B", MON, "09:01", Ann="/", Ben="/", Cal="/")
    counts = school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 19:00", {MON: {"Ann": "/", "Ben": "-"}})
    assert (counts.sent, counts.duplicate, counts.withdrawals, counts.withdrawn_unsent) == (2, 1, 1, 1)
    again = school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 20:00", {MON: {"Ann": "/", "Ben": "-"}})
    assert (again.sent, again.duplicate, again.withdrawals, again.withdrawn_unsent) == (2, 2, 0, 0)
