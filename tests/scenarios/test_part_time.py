"""Part-time timetables and dual registration: agreed, reviewed, changed, swapped, ended, and over the turn of the year."""

from __future__ import annotations

from typing import Any

import pytest

from tests.making import LOCAL_ID, NEXT_YEAR, SIMS, School, day
from tests.scenarios.arranging import LAESTAB, arranged, part_time, row, states, story

AGREED: dict[str, Any] = {
    "local_id": "PT1",
    "agreed_on": "2025-09-12",
    "am_from": 8 * 60 + 50,
    "am_to": 12 * 60,
    "due_mask": 0b01_0101_0101,
    "minutes_week": 950,
    "purpose": "health_reintegration",
    "plan": "other",
    "risk_assessed": True,
    "review_on": "2025-10-10",
    "planned_end": "2025-12-19",
    "circumstances": "After an operation.",
}
SALTHOLME = "8051235"


@pytest.fixture
def agreed(school: School) -> School:
    """Ann's mornings only, from Monday 15 September, agreed on the Friday before."""
    part_time(school, "2025-09-12 15:00", "Ann", "started", "2025-09-15", by="HT", **AGREED)
    return school


def test_a_timetable_is_agreed_reviewed_changed_and_ended(agreed: School) -> None:
    reviewed = {"held_on": "2025-10-10", "outcome": "vary", "next_on": "2025-11-14"}
    part_time(agreed, "2025-10-10 16:00", "Ann", "reviewed", local_id="PT1", **reviewed)
    longer = AGREED | {"minutes_week": 1200, "review_on": "2025-11-14", "circumstances": None}
    part_time(agreed, "2025-10-10 16:30", "Ann", "changed", "2025-09-15", **longer)
    part_time(agreed, "2025-11-14 16:00", "Ann", "ended", local_id="PT1", ended_on="2025-11-14", why="planned")
    assert story(agreed) == ["PartTimeAgreed", "PartTimeReviewed", "PartTimeChanged", "PartTimeEnded"]
    first, review, changed, ended = arranged(agreed)
    assert len({e.stream for e in (first, review, changed, ended)}) == 1
    assert (first["purpose"], first["plan"], first["risk_assessed"]) == ("health_reintegration", "other", True)
    assert first.text["circumstances"] == "After an operation."
    assert (review["held_on"], review["outcome"], review["next_on"]) == (
        day("2025-10-10"),
        "vary",
        day("2025-11-14"),
    )
    assert (changed["minutes_week"], changed["am_to"]) == (1200, 720)
    assert changed.text.get("circumstances") is None, "a change restates the whole block: none, never unchanged"
    assert (ended["ended_on"], ended["why"]) == (day("2025-11-14"), "planned")


def test_a_review_told_twice_is_one_and_one_told_late_is_kept(agreed: School) -> None:
    part_time(agreed, "2025-11-14 16:00", "Ann", "ended", local_id="PT1", ended_on="2025-11-14")
    held = {"held_on": "2025-10-10", "outcome": "continue", "local_id": "PT1"}
    for arrives in ("2025-11-14 17:00", "2025-11-14 18:00"):
        states(agreed, "2025-10-10 16:00", row("part_time", "Ann", "reviewed", **held), arrives=arrives)
    assert story(agreed) == ["PartTimeAgreed", "PartTimeEnded", "PartTimeReviewed"]


def test_a_change_of_what_was_never_started_is_recorded_as_a_start(school: School) -> None:
    part_time(school, "2025-10-10 16:30", "Ann", "changed", "2025-09-15", **AGREED)
    assert story(school) == ["PartTimeAgreed"]


@pytest.mark.parametrize("what", ["ended", "reviewed", "corrected"])
def test_what_can_only_be_said_of_a_timetable_that_is_there_waits(school: School, what: str) -> None:
    on = {"ended_on": "2025-11-14", "held_on": "2025-11-14"}
    part_time(school, "2025-11-14 16:00", "Ann", what, "2025-09-15", **on)
    assert ([w.rule for w in school.held], story(school)) == (["g5"], [])


def test_an_end_without_an_id_or_a_first_day_means_the_only_one_that_is_open(agreed: School) -> None:
    part_time(agreed, "2025-11-14 16:00", "Ann", "ended", ended_on="2025-11-14")
    assert story(agreed) == ["PartTimeAgreed", "PartTimeEnded"]
    part_time(agreed, "2025-11-17 16:00", "Ann", "ended", ended_on="2025-11-17")
    assert [w.rule for w in agreed.held] == ["g5"], "none is open any more"


def test_an_end_that_names_no_day_is_held(agreed: School) -> None:
    part_time(agreed, "2025-11-14 16:00", "Ann", "ended", local_id="PT1")
    assert [w.rule for w in agreed.held] == ["g4"]


def test_a_start_told_again_each_night_does_not_take_back_the_end_and_a_change_does(agreed: School) -> None:
    part_time(agreed, "2025-11-14 16:00", "Ann", "ended", local_id="PT1", ended_on="2025-11-14")
    part_time(agreed, "2025-11-15 02:00", "Ann", "started", "2025-09-15", by="HT", **AGREED)
    assert story(agreed) == ["PartTimeAgreed", "PartTimeEnded"]
    part_time(agreed, "2025-11-17 09:00", "Ann", "changed", "2025-09-15", **AGREED)
    assert story(agreed)[-1] == "PartTimeChanged"


def test_the_parent_who_agreed_is_the_one_whom_this_line_has(school: School) -> None:
    parents = [{"mis_parent": "M1", "name": "Mary Ann", "lives_with": True}]
    school.enters("Ann", at="2025-09-01 08:00", parents=parents)
    part_time(school, "2025-09-12 15:00", "Ann", "started", "2025-09-15", mis_parent="M1", **AGREED)
    part_time(school, "2025-09-12 15:00", "Ben", "started", "2025-09-15", mis_parent="M9", **AGREED)
    first, second = arranged(school)
    (recorded,) = school.entries("ParentRecorded")
    assert (first["parent"], second["parent"]) == (recorded["parent"], None)


def test_over_the_turn_of_the_year_it_starts_anew_and_what_came_before_stands_in_the_old_year_alone(
    agreed: School,
) -> None:
    agreed.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    agreed.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    old, new = agreed.lines("Ann")
    first, carried = arranged(agreed)
    assert (first["line"], carried["line"]) == (old[0]["line"], new[0]["line"])
    assert first.stream != carried.stream
    assert (carried.topic, carried["from"], carried["minutes_week"]) == ("PartTimeAgreed", day("2026-09-02"), 950)
    assert (carried["agreed_on"], carried["review_on"], carried["by"]) == (None, None, None)
    assert carried.text["previous"] == first["arrangement"]
    assert carried.text["circumstances"] == "After an operation."


def test_the_same_told_again_in_the_new_year_is_a_duplicate_and_its_end_is_the_new_years(agreed: School) -> None:
    agreed.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    again = part_time(agreed, "2026-09-03 02:00", "Ann", "started", "2025-09-15", by="HT", **AGREED)
    assert again.duplicate == 1
    part_time(agreed, "2026-10-01 16:00", "Ann", "ended", local_id="PT1", ended_on="2026-10-01")
    first, carried, ended = arranged(agreed)
    assert ended.stream == carried.stream != first.stream


def test_an_end_in_last_year_told_in_the_new_one_ends_what_had_gone_on_too(agreed: School) -> None:
    agreed.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    part_time(agreed, "2026-09-10 16:00", "Ann", "ended", local_id="PT1", ended_on="2026-07-10")
    first, carried, ended, never = arranged(agreed)
    assert (ended.topic, ended.stream) == ("PartTimeEnded", first.stream)
    assert (never.topic, never.stream, never["ended_on"]) == ("PartTimeEnded", carried.stream, day("2026-07-10"))


def test_a_correction_that_ends_it_last_year_ends_what_had_gone_on_too(agreed: School) -> None:
    agreed.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    part_time(agreed, "2026-09-10 16:00", "Ann", "corrected", "2025-09-15 to 2026-07-10", **AGREED)
    assert story(agreed) == ["PartTimeAgreed", "PartTimeAgreed", "PartTimeCorrected", "PartTimeEnded"]


def test_what_has_ended_or_ends_before_the_new_year_does_not_go_on_and_an_end_to_come_goes_with_it(
    agreed: School,
) -> None:
    part_time(agreed, "2026-07-01 16:00", "Ann", "ended", local_id="PT1", ended_on="2026-09-30")
    part_time(agreed, "2026-06-01 16:00", "Ben", "started", "2026-06-01 to 2026-09-01", local_id="2")
    part_time(agreed, "2026-06-01 16:00", "Cal", "started", "2026-06-01", local_id="3")
    part_time(agreed, "2026-06-02 16:00", "Cal", "ended", local_id="3", ended_on="2026-07-17")
    before = agreed.head
    agreed.takes("8B", "2026-09-02 AM", "09:05", Ann="/", Ben="/", Cal="/")
    names = agreed.name_of()
    carried = [(names[e["line"]], e.topic) for e in arranged(agreed) if e.position > before]
    assert carried == [("Ann", "PartTimeAgreed"), ("Ann", "PartTimeEnded")]


def test_what_is_told_late_of_last_year_goes_on_at_once(school: School) -> None:
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    part_time(school, "2026-09-10 16:00", "Ann", "started", "2026-06-01", **AGREED)
    old, new = school.lines("Ann")
    assert [e["line"] for e in arranged(school)] == [old[0]["line"], new[0]["line"]]


def test_leave_granted_in_july_for_september_waits_on_this_years_line_and_goes_on_with_it(school: School) -> None:
    granted = row("leave", "Ann", "granted", "2026-09-03 to 2026-09-04", code="C", local_id="L9")
    states(school, "2026-07-10 12:00", granted)
    school.plans("2026-07-11 09:00", terms=[NEXT_YEAR])
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    _, new = school.lines("Ann")
    assert [e.topic for e in arranged(school)] == ["LeaveGranted", "LeaveGranted"]
    assert (arranged(school)[1]["line"], arranged(school)[1]["from"]) == (new[0]["line"], day("2026-09-03"))


def test_over_a_conversion_it_goes_on_at_the_academy_and_is_ended_there(agreed: School) -> None:
    seam = {"from": "2026-01-01"}
    agreed.describes_place("2025-12-20 09:00", urn="150001", kind="academy", name="Marram Academy", **seam)
    spoken_for = [{"urn": "150001", "local_id": LOCAL_ID}]
    agreed.registers_source("2025-12-20 09:01", SIMS, places=spoken_for, **seam)
    moved = {"admission": "transferred_on_succession", "previous_laestab": LAESTAB}
    agreed.enters("Ann", "Ben", at="2026-01-05 07:00", starting_day="2026-01-01", **moved)
    part_time(agreed, "2026-02-13 16:00", "Ann", "ended", local_id="PT1", ended_on="2026-02-13", why="planned")
    first, carried, ended = arranged(agreed)
    old, new = agreed.lines("Ann")
    assert (first["line"], carried["line"], ended["line"]) == (old[0]["line"], new[0]["line"], new[0]["line"])
    assert (carried["from"], carried["agreed_on"]) == (day("2026-01-01"), None)
    assert carried.text["previous"] == first["arrangement"]
    assert ended.stream == carried.stream


def test_a_pupil_who_simply_moves_to_another_school_takes_no_arrangement_along(agreed: School) -> None:
    other = b"T" * 16
    agreed.describes_place("2025-08-30 09:00", laestab=SALTHOLME, urn="100002", name="Saltholme School")
    agreed.registers_source("2025-08-30 09:01", other, places=[{"laestab": SALTHOLME, "local_id": "saltholme"}])
    upn = "A805200017129"
    agreed.enters("Ann", upn=upn, at="2025-10-01 08:00")
    moves = {"upn": upn, "starting_day": "2025-11-03", "previous_laestab": LAESTAB, "admission": "in_year"}
    agreed.enters("Ann", at="2025-11-03 08:00", source=other, local_id="saltholme", **moves)
    assert len(agreed.lines("Ann")) == 2
    assert story(agreed) == ["PartTimeAgreed"]


def test_what_is_said_of_it_stands_nowhere_in_clear(agreed: School) -> None:
    agreed.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    for row_ in agreed.ledger.store.read_positions(1, agreed.head):
        assert b"After an op" not in row_.state
        assert b"PT1" not in row_.state


# --- dual registration


def dual(school: School, at: str, what: str, days: str = "", **said: Any) -> None:
    states(school, at, row("dual_registration", "Ben", what, days, local_id="D1", **said))


def test_dual_registration_main_and_subsidiary_are_swapped_and_it_ends_with_consent(school: School) -> None:
    school.describes_place("2025-08-30 09:00", laestab=SALTHOLME, urn="100002", name="Saltholme PRU", kind="pru")
    marram, saltholme = (e["place"] for e in school.entries("PlaceDescribed"))
    about = {"other_laestab": SALTHOLME, "agreed_on": "2025-09-19", "due_mask": 0b11_1111}
    dual(school, "2025-09-20 09:00", "started", "2025-09-22", main="here", **about)
    school.takes("7B", "2025-09-22 AM", "09:05", Ann="/", Ben="D")
    dual(school, "2025-11-01 09:00", "changed", "2025-09-22", main="there", **about)
    dual(school, "2026-02-01 09:00", "ended", ended_on="2026-01-30", consent_on="2026-01-29", main=None)
    agreed, swapped, ended = arranged(school)
    assert story(school) == ["DualRegistrationAgreed", "DualRegistrationChanged", "DualRegistrationEnded"]
    assert (agreed["other_place"], agreed["main_place"], agreed["due_mask"]) == (saltholme, marram, 0b11_1111)
    assert swapped["main_place"] == saltholme
    assert (ended["ended_on"], ended["consent_on"]) == (day("2026-01-30"), day("2026-01-29"))
    assert school.register("2025-09-22 AM") == {"Ann": "/", "Ben": "D"}


def test_the_other_school_that_nobody_described_keeps_its_name_sealed(school: School) -> None:
    dual(school, "2025-09-20 09:00", "started", "2025-09-22", main="there", other_name="Saltholme PRU")
    (agreed,) = arranged(school)
    assert (agreed["other_place"], agreed["main_place"]) == (None, None)
    assert agreed.text["other_place_name"] == "Saltholme PRU [main: there]"


def test_the_school_itself_is_never_the_other_school(school: School) -> None:
    dual(school, "2025-09-20 09:00", "started", "2025-09-22", main="here", other_laestab=LAESTAB)
    (agreed,) = arranged(school)
    assert agreed["other_place"] is None
    assert agreed["main_place"] is not None


def test_a_pupil_found_registered_elsewhere_has_the_agreement_and_the_marks_as_learned_late(school: School) -> None:
    for date in ("2025-09-01", "2025-09-02"):
        school.takes("7B", f"{date} AM", "09:05", Ann="/", Ben="N")
    dual(school, "2025-09-05 10:00", "started", "2025-09-01", main="there", other_name="Saltholme PRU")
    school.enters("Ben", at="2025-09-05 10:01", enrolment_status="S", enrolment_status_from="2025-09-01")
    (agreed,) = arranged(school)
    for date in ("2025-09-01", "2025-09-02"):
        about = {"reason_code": "arrangement_recorded", "arrangement": agreed["arrangement"], "by": "K"}
        school.changes(f"{date} AM", "2025-09-05 10:05", Ben=("N", "D"), **about)
    assert school.register("2025-09-02 AM") == {"Ann": "/", "Ben": "D"}
    assert school.register("2025-09-02 AM", as_at="2025-09-05 09:59") == {"Ann": "/", "Ben": "N"}
    amended = school.entries("MarkAmended")
    assert {e["arrangement"] for e in amended} == {agreed["arrangement"]}
    assert arranged(school)[0].recorded_at > amended[0]["date"] * 86_400_000_000, "recorded late, and kept with both"
