"""A school becomes an academy: another URN, the same LAESTAB, the same MIS, the same Kafka key (field.md 2.1)."""

from __future__ import annotations

import pytest

from domain.ledger.commands import Done, SucceedPlace, carry_out
from domain.moments import from_days
from tests.making import LAESTAB, LOCAL_ID, SIMS, School, day

SEAM = "2026-01-01"


@pytest.fixture
def academy(school: School) -> School:
    """The school, converted on 1 January."""
    school.describes_place("2025-12-20 09:00", urn="150001", kind="academy", name="Marram Academy", **{"from": SEAM})
    spoken_for = [{"urn": "150001", "local_id": LOCAL_ID}]
    school.registers_source("2025-12-20 09:01", SIMS, places=spoken_for, **{"from": SEAM})
    school.enters(
        "Ann",
        "Ben",
        "Cal",
        at="2026-01-05 07:00",
        starting_day=SEAM,
        admission="transferred_on_succession",
        previous_laestab=LAESTAB,
    )
    return school


def places(school: School) -> tuple[bytes, bytes]:
    old, new = school.entries("PlaceDescribed")
    return old["place"], new["place"]


def test_another_urn_under_the_same_laestab_is_another_place(academy: School) -> None:
    old, new = academy.entries("PlaceDescribed")
    assert old["place"] != new["place"]
    assert (old["laestab"], old["urn"]) == (LAESTAB, "100001")
    assert (new["laestab"], new["urn"]) == (LAESTAB, "150001")


def test_the_succession_is_recorded_once_in_the_old_places_stream(academy: School) -> None:
    old, new = places(academy)
    command = SucceedPlace(
        old_place=old,
        new_place=new,
        on=from_days(day(SEAM)),
        kind="academy_conversion",
        registers_move=True,
        custody_with=new,
    )
    assert isinstance(carry_out(academy.ledger, command), Done)
    (succeeded,) = academy.entries("PlaceSucceeded")
    assert (succeeded["old_place"], succeeded["new_place"], succeeded["on"]) == (old, new, day(SEAM))
    assert succeeded.stream == f"place/{old.hex()}"


def test_every_pupil_is_entered_at_the_academy_from_the_old_place_and_stays_the_same_child(academy: School) -> None:
    old, new = places(academy)
    before, after = academy.lines("Ann")
    entered = after[0]
    assert (entered.topic, entered["admission"]) == ("PupilEntered", "transferred_on_succession")
    assert entered["previous_place"] == old
    assert entered.text["line_at_old_place"] == before[0]["line"]
    assert entered.stream.split("/")[1] == new.hex()
    assert len(academy.entries("PupilIdentified")) == 3


def test_marks_before_the_seam_go_to_the_school_and_after_it_to_the_academy(academy: School) -> None:
    old, new = places(academy)
    academy.takes("7B", "2025-12-19 AM", "2026-01-05 08:00", Ann="N")
    academy.takes("7B", "2026-01-05 AM", "09:05", Ann="/")
    late, mark = academy.session("2025-12-19 AM")[-1], academy.session("2026-01-05 AM")[-1]
    assert late.stream.split("/")[1] == old.hex()
    assert mark.stream.split("/")[1] == new.hex()
    before, after = academy.lines("Ann")
    assert (late["line"], mark["line"]) == (before[0]["line"], after[0]["line"])


def test_a_whole_snapshot_over_the_seam_speaks_of_both(academy: School) -> None:
    for when, at in (("2025-12-19 AM", "2025-12-19 09:05"), ("2026-01-05 AM", "2026-01-05 09:05")):
        academy.takes("7B", when, at, arrives="2026-01-05 10:00", Ann="/", Ben="/")
    said = {"2025-12-19 AM": {"Ann": "/"}, "2026-01-05 AM": {"Ben": "/"}}
    counts = academy.snapshot("2025-12-15", "2026-01-09", "2026-01-05 20:00", said)
    assert counts.adds_up
    assert academy.register("2025-12-19 AM") == {"Ann": "/"}
    assert academy.register("2026-01-05 AM") == {"Ben": "/"}


def test_sessions_of_the_old_school_that_a_snapshot_over_the_seam_leaves_out_are_withdrawn_there(
    academy: School,
) -> None:
    academy.takes("7B", "2025-12-19 PM", "2025-12-19 13:05", arrives="2026-01-05 10:00", Ann="\\")
    academy.takes("7B", "2026-01-05 PM", "2026-01-05 13:05", Ann="\\")
    academy.snapshot("2025-12-15", "2026-01-09", "2026-01-05 20:00", {})
    assert academy.register("2025-12-19 PM") == {}
    assert academy.register("2026-01-05 PM") == {}


def test_the_conversion_told_to_another_process_is_known_here(academy: School) -> None:
    other = academy.beside()
    other.takes("7B", "2026-01-05 AM", "09:05", Ann="/")
    academy.describes_place("2026-02-01 09:00", urn="160001", kind="academy", name="Merged", **{"from": "2026-02-23"})
    spoken_for = [{"urn": "160001", "local_id": LOCAL_ID}]
    academy.registers_source("2026-02-01 09:01", SIMS, places=spoken_for, **{"from": "2026-02-23"})
    counts = other.takes("7B", "2026-02-23 AM", "09:05", Ann="/")
    assert counts.held == 1, "nobody is on the new school's roll yet"
    other.close()
