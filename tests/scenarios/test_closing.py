"""A school ends: it becomes an academy, and then did not; it closes, and then did not."""

from __future__ import annotations

from datetime import date

import pytest

from domain.events import OPERATOR
from domain.ledger.commands import ClosePlace, Done, EndSource, Refused, SucceedPlace, UndoSuccession, carry_out
from projections.asking import place_at, places_called
from tests.making import LAESTAB, LOCAL_ID, NEXT_YEAR, SIMS, School, day

SEAM = "2026-01-01"
BEFORE, AFTER = "2025-12-19 AM", "2026-01-05 AM"


@pytest.fixture
def converted(school: School) -> School:
    """Marram School became an academy on 1 January: another URN, the same LAESTAB, the same MIS."""
    school.describes_place("2025-12-20 09:00", urn="150001", kind="academy", name="Marram Academy", **{"from": SEAM})
    spoken_for = [{"urn": "150001", "local_id": LOCAL_ID}]
    school.registers_source("2025-12-20 09:01", SIMS, places=spoken_for, **{"from": SEAM})
    old, new = places(school)
    command = SucceedPlace(
        old_place=old,
        new_place=new,
        on=date(2026, 1, 1),
        kind="academy_conversion",
        registers_move=True,
        custody_with=new,
    )
    assert isinstance(carry_out(school.ledger, command), Done)
    return school


def places(school: School) -> list[bytes]:
    """The school, and the academy."""
    return list(dict.fromkeys(entry["place"] for entry in school.entries("PlaceDescribed")))


def undo(school: School, place: bytes, succession: int | None = None) -> Done | Refused:
    command = UndoSuccession(place=place, succession=succession, reason="The order was withdrawn.")
    return carry_out(school.ledger, command)


def place_of(school: School, when: str) -> bytes:
    """Whose register holds the entries of a session."""
    return bytes.fromhex(school.session(when)[-1].stream.split("/")[1])


def test_a_conversion_that_was_undone_leads_to_the_old_school_again(converted: School) -> None:
    old, new = places(converted)
    assert places_called(converted.ledger, LAESTAB) == [new]
    assert isinstance(undo(converted, old), Done)
    converted.takes("7B", AFTER, "08:55", Ann="/")
    assert place_of(converted, AFTER) == old
    assert places_called(converted.ledger, LAESTAB) == [old]
    succeeded, undone = converted.entries("PlaceSucceeded", "PlaceSuccessionUndone")
    assert undone["amends"] == succeeded.version
    assert undone.text == {"text": None, "reason": "The order was withdrawn."}


def test_what_the_academy_entered_before_the_undoing_stays_with_it(converted: School) -> None:
    old, new = places(converted)
    about = {"starting_day": SEAM, "admission": "transferred_on_succession", "previous_laestab": LAESTAB}
    converted.enters("Ann", at="2026-01-05 07:00", **about)
    converted.takes("7B", AFTER, "08:55", Ann="/")
    undo(converted, old)
    converted.takes("7B", "2026-01-06 AM", "08:55", Ann="/")
    assert (place_of(converted, AFTER), place_of(converted, "2026-01-06 AM")) == (new, old)
    assert converted.register(AFTER) == {"Ann": "/"}


def test_an_undone_conversion_can_be_made_after_all(converted: School) -> None:
    old, new = places(converted)
    undo(converted, old)
    command = SucceedPlace(
        old_place=old,
        new_place=new,
        on=date(2026, 4, 1),
        kind="academy_conversion",
        registers_move=True,
        custody_with=new,
    )
    assert isinstance(carry_out(converted.ledger, command), Done)
    assert places_called(converted.ledger, LAESTAB) == [new]
    assert isinstance(carry_out(converted.ledger, command), Refused), "it is on record already"


def test_the_old_schools_source_and_calendar_are_as_they_were(converted: School) -> None:
    old, _ = places(converted)
    head = converted.head
    before = place_at(converted.ledger, old, head)
    undo(converted, old)
    after = place_at(converted.ledger, old, converted.head)
    assert after.may_speak(SIMS, day("2026-01-05"))
    assert (after.sources, after.code_maps, after.blocks) == (before.sources, before.code_maps, before.blocks)
    assert (before.succeeded_by, after.succeeded_by) == ([places(converted)[1]], [])


def test_a_succession_told_a_year_late_is_recorded_with_both_dates(school: School) -> None:
    school.describes_place("2026-12-01 09:00", laestab="8051299", urn="150009", name="Heron Academy")
    old, new = places(school)
    command = SucceedPlace(
        old_place=old, new_place=new, on=date(2025, 9, 1), kind="merger", registers_move=True, custody_with=new
    )
    assert isinstance(carry_out(school.ledger, command), Done)
    (succeeded,) = school.entries("PlaceSucceeded")
    assert succeeded["on"] == day("2025-09-01")
    assert school.entries("PlaceSucceeded", as_at="2026-11-30 09:00") == []


def test_nobody_goes_on_into_the_new_year_of_a_school_that_closed(school: School) -> None:
    (place,) = places(school)
    command = ClosePlace(place=place, on=date(2026, 7, 17))
    assert isinstance(carry_out(school.ledger, command), Done)
    school.plans("2026-08-01 09:00", terms=[NEXT_YEAR])
    school.enters("Dee", at="2026-09-02 08:00", starting_day="2026-09-02")
    assert not school.entries("LineCarriedForward")
    assert isinstance(carry_out(school.ledger, command), Refused), "it is on record already"


def test_if_the_closure_is_undone_they_do(school: School) -> None:
    (place,) = places(school)
    carry_out(school.ledger, ClosePlace(place=place, on=date(2026, 7, 17)))
    assert isinstance(undo(school, place), Done)
    school.plans("2026-08-01 09:00", terms=[NEXT_YEAR])
    school.takes("8B", "2026-09-02 AM", "08:55", Ann="/")
    assert len(school.entries("LineCarriedForward")) == 3


def test_marks_sent_after_the_closing_day_are_kept_as_told(school: School) -> None:
    (place,) = places(school)
    carry_out(school.ledger, ClosePlace(place=place, on=date(2025, 10, 24)))
    school.takes("7B", "2025-11-03 AM", "08:55", Ann="/")
    assert school.register("2025-11-03 AM") == {"Ann": "/"}


def test_where_a_closure_and_a_succession_stand_the_one_meant_must_be_said(converted: School) -> None:
    old, new = places(converted)
    carry_out(converted.ledger, ClosePlace(place=old, on=date(2025, 12, 31), custody_with=new))
    refused = undo(converted, old)
    assert isinstance(refused, Refused)
    (closed,) = converted.entries("PlaceClosed")
    assert f"{closed.version} (closure)" in refused.sentence
    assert isinstance(undo(converted, old, succession=closed.version), Done)
    assert place_at(converted.ledger, old, converted.head).closed_on is None
    assert isinstance(undo(converted, old, succession=closed.version), Refused), "it stands no more"


def test_an_undoing_without_a_reason_and_one_of_nothing_are_refused(school: School) -> None:
    (place,) = places(school)
    assert isinstance(undo(school, place), Refused)
    assert isinstance(carry_out(school.ledger, UndoSuccession(place=place)), Refused)
    assert isinstance(carry_out(school.ledger, ClosePlace(place=b"?" * 16, on=date(2026, 1, 1))), Refused)


def test_a_source_that_ended_speaks_no_more_from_that_day_on(school: School) -> None:
    (place,) = places(school)
    command = EndSource(place=place, source=SIMS, to=date(2025, 9, 2))
    assert isinstance(carry_out(school.ledger, command), Done)
    school.takes("7B", "2025-09-01 AM", "2025-09-03 08:55", Ann="/")
    school.takes("7B", "2025-09-03 AM", "08:55", Ann="/")
    assert [w.rule for w in school.held] == ["g2"]
    assert isinstance(carry_out(school.ledger, command), Refused), "it is on record already"
    assert isinstance(carry_out(school.ledger, EndSource(place=place, source=OPERATOR, to=date(2026, 1, 1))), Refused)
