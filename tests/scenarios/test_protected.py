"""A protected address: the order comes, views of others stop at once, the registers go on, the order ends."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ledger.commands import Done, LiftRestriction, PlaceHold, Refused, RestrictAccess, carry_out
from projections.history import history
from projections.register import register
from tests.making import School, moment

UPN = "A805200017129"
DUNE = {"laestab": "8051235", "local_id": "dune"}
MONDAY, SUNDAY = date(2025, 9, 1), date(2025, 9, 7)


@pytest.fixture
def moved(school: School) -> School:
    """Dee left Marram School for Dune School on 5 September."""
    school.describes_place("2025-08-28 09:00", name="Dune School", urn="100002", **DUNE)
    school.registers_source("2025-08-28 09:01", school.source, places=[DUNE])
    school.enters("Dee", upn=UPN)
    school.takes("7B", "2025-09-01 AM", "08:55", Ann="/", Dee="/")
    school.leaves("Dee", "2025-09-05", "2025-09-05 16:00", destination="school", destination_laestab="8051235")
    came = {"starting_day": "2025-09-08", "previous_laestab": "8051234"}
    school.enters("Dee at Dune", upn=UPN, at="2025-09-08 08:00", **came, **DUNE)
    return school


def places(school: School) -> tuple[bytes, bytes]:
    marram, dune = (entry["place"] for entry in school.entries("PlaceDescribed"))
    return marram, dune


def dee(school: School) -> bytes:
    return bytes(next(e["pupil"] for e in school.entries("PupilIdentified") if e.text["name"] == "Dee"))


def restricted(school: School, **more: Any) -> Done | Refused:
    return carry_out(school.ledger, RestrictAccess(pupil=dee(school), level="no_location", **more))


def names_on_register(school: School, place: bytes, asked_for: bytes | None, as_at: str | None = None) -> set[str]:
    then = None if as_at is None else moment(as_at)
    found = register(school.ledger, place, MONDAY, SUNDAY, then, asked_for)
    return {row.name for row in found.rows if row.name}


def test_from_the_order_on_others_see_her_on_no_register_also_as_at_before_it(moved: School) -> None:
    marram, dune = places(moved)
    assert "Dee" in names_on_register(moved, marram, None)
    assert isinstance(restricted(moved, review_on=date(2026, 9, 1), authority="Order 12"), Done)
    assert "Dee" not in names_on_register(moved, marram, None)
    assert "Dee" not in names_on_register(moved, marram, dune, as_at="2025-09-02 12:00")
    assert names_on_register(moved, marram, marram, as_at="2025-09-02 12:00") == {"Ann", "Ben", "Cal", "Dee"}


def test_the_order_itself_says_by_whose_authority_under_seal(moved: School) -> None:
    restricted(moved, authority="Order 12")
    (said,) = moved.entries("AccessRestricted")
    assert said.text == {"authority": "Order 12"}
    assert b"Order" not in said["sealed"]


def test_her_registers_go_on_as_if_nothing_were(moved: School) -> None:
    restricted(moved)
    marks = [{"mis_pupil": "Dee at Dune", "code": "/"}]
    moved.take(moved.taking("3C", "2025-09-09 AM", "08:55", **DUNE, marks=marks))
    moved.changes("2025-09-01 AM", "2025-09-09 11:00", Dee=("/", "L"))
    assert moved.register("2025-09-09 AM") == {"Dee at Dune": "/"}
    assert moved.register("2025-09-01 AM")["Dee"] == "L"
    assert not moved.held


def test_the_school_that_she_left_has_its_own_entries_without_where_she_went(moved: School) -> None:
    marram, dune = places(moved)
    restricted(moved)
    found = history(moved.ledger, dee(moved), asked_for=marram)
    assert {entry.event for entry in found.entries} >= {"PupilEntered", "MarkRecorded", "PupilDeleted"}
    assert [line.place for line in found.lines] == [marram]
    told = [value for entry in found.entries for value in (entry.about or {}).values()]
    assert dune not in told
    assert found.places.keys() == {marram}


def test_two_orders_stand_side_by_side_until_each_is_lifted(moved: School) -> None:
    marram, _ = places(moved)
    restricted(moved)
    restricted(moved)
    first, second = (entry.version for entry in moved.entries("AccessRestricted"))
    assert isinstance(carry_out(moved.ledger, LiftRestriction(pupil=dee(moved))), Refused)
    carry_out(moved.ledger, LiftRestriction(pupil=dee(moved), restriction=first))
    assert "Dee" not in names_on_register(moved, marram, None)
    carry_out(moved.ledger, LiftRestriction(pupil=dee(moved), restriction=second))
    assert "Dee" in names_on_register(moved, marram, None)
    assert isinstance(carry_out(moved.ledger, LiftRestriction(pupil=dee(moved))), Refused)


def test_a_hold_is_of_one_line_and_says_so_under_seal_only(moved: School) -> None:
    line = moved.lines("Dee")[0][0]["line"]
    done = carry_out(moved.ledger, PlaceHold(pupil=dee(moved), why="proceedings", line=line, text="Magistrates"))
    assert isinstance(done, Done)
    (hold,) = moved.entries("HoldPlaced")
    assert (hold["scope"], hold.text) == ("line", {"line": line, "text": "Magistrates"})
    assert all(line != value for value in hold.fields.values())
    theirs = PlaceHold(pupil=dee(moved), why="proceedings", line=moved.lines("Ann")[0][0]["line"])
    assert isinstance(carry_out(moved.ledger, theirs), Refused)
