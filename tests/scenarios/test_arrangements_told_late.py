"""Arrangements that are told late, in another order, or with less than all: what was true stays true, nothing is lost."""

from __future__ import annotations

import pytest

from tests.making import LAESTAB, LOCAL_ID, NEXT_YEAR, SIMS, School, day
from tests.scenarios.arranging import arranged, leave, part_time, row, states

FIRST_DAY = "2026-09-02 AM"


def over_the_summer(school: School) -> None:
    """Ann's part-time timetable, as it stood when she went on into the new school year."""
    school.plans("2026-06-01 09:00", terms=[NEXT_YEAR])
    part_time(school, "2026-06-01 10:00", "Ann", "started", "2026-06-01", local_id="7", minutes_week=600)
    part_time(school, "2026-07-10 10:00", "Ann", "changed", "2026-06-01", local_id="7", minutes_week=900)


def test_an_end_that_was_overtaken_before_the_turn_of_the_year_is_overtaken_after_it(school: School) -> None:
    over_the_summer(school)
    school.takes("8B", FIRST_DAY, "09:05", Ann="/")
    before = school.head
    ended = row("part_time", "Ann", "ended", local_id="7", ended_on="2026-07-01")
    states(school, "2026-06-20 10:00", ended, arrives="2026-09-03 10:00")
    assert school.entries(after=before) == []


def test_a_shorter_span_that_was_overtaken_ends_nothing_that_went_on(school: School) -> None:
    over_the_summer(school)
    school.takes("8B", FIRST_DAY, "09:05", Ann="/")
    before = school.head
    shorter = row("part_time", "Ann", "changed", "2026-06-01 to 2026-07-03", local_id="7", minutes_week=700)
    states(school, "2026-06-20 10:00", shorter, arrives="2026-09-03 10:00")
    assert school.entries(after=before) == []


def test_an_end_of_before_the_summer_that_nothing_has_overtaken_ends_what_went_on_too(school: School) -> None:
    over_the_summer(school)
    school.takes("8B", FIRST_DAY, "09:05", Ann="/")
    ended = row("part_time", "Ann", "ended", local_id="7", ended_on="2026-07-17")
    states(school, "2026-07-20 10:00", ended, arrives="2026-09-03 10:00")
    ends = [e for e in arranged(school) if e.topic == "PartTimeEnded"]
    assert len({e["line"] for e in ends}) == 2


def test_leave_that_was_asked_for_and_granted_says_nothing_new_in_the_new_year(school: School) -> None:
    """A feed that tells its whole story every night would take leave that is granted for asked."""
    school.plans("2026-06-01 09:00", terms=[NEXT_YEAR])
    days = "2026-06-01 to 2026-12-01"
    asked = row("leave", "Ann", "asked", days, local_id="7", asked_on="2026-05-01")
    decided = {"asked_on": "2026-05-01", "decided_on": "2026-05-03", "code": "C"}
    granted = row("leave", "Ann", "granted", days, local_id="7", **decided)
    states(school, "2026-06-01 20:00", asked, granted)
    school.takes("8B", FIRST_DAY, "09:05", Ann="/")
    before = school.head
    states(school, "2026-09-02 20:00", asked, granted)
    assert school.entries(after=before) == []


def test_a_new_last_day_without_the_first_is_not_lost(school: School) -> None:
    part_time(school, "2025-09-08 10:00", "Ann", "started", "2025-09-08 AM to 2025-12-19", local_id="7", due_mask=3)
    part_time(school, "2025-10-10 10:00", "Ann", "changed", local_id="7", to="2026-02-13")
    spans = [tuple(e[name] for name in ("from", "from_session", "to", "due_mask")) for e in arranged(school)]
    first = day("2025-09-08")
    assert spans == [(first, "AM", day("2025-12-19"), 3), (first, "AM", day("2026-02-13"), 3)]


def test_a_change_told_in_the_new_year_without_the_first_day_shows_no_day_of_last_year(school: School) -> None:
    over_the_summer(school)
    school.takes("8B", FIRST_DAY, "09:05", Ann="/")
    before = school.head
    about = {"agreed_on": "2026-05-29", "la_told_on": "2026-05-30", "review_on": "2026-10-01"}
    part_time(school, "2026-09-03 10:00", "Ann", "changed", local_id="7", minutes_week=950, **about)
    (changed,) = school.entries("PartTimeChanged", after=before)
    assert (changed["agreed_on"], changed["la_told_on"], changed["review_on"]) == (None, None, day("2026-10-01"))


def test_what_is_said_of_an_arrangement_in_august_takes_nobody_into_the_new_year(school: School) -> None:
    """Who leaves on 31 August would stand in September's register."""
    over_the_summer(school)
    school.leaves("Ben", "2026-08-31", "2026-07-10 10:00")
    part_time(school, "2026-08-10 10:00", "Ann", "ended", local_id="7", ended_on="2026-08-10")
    school.leaves("Ben", "2026-08-31", "2026-09-01 10:00")
    school.takes("8B", FIRST_DAY, "09:05", Ann="/")
    assert school.roll_story("Ben") == [["PupilEntered", "YearRecorded", "LeavingStated", "PupilDeleted"]]
    assert len(school.lines("Ann")) == 2


def test_a_last_day_of_evidence_stops_nothing(school: School) -> None:
    letter = {"kind": "medical", "received_on": "2025-09-08", "covers_to": "2025-09-12", "to": "2025-09-12"}
    counts = states(school, "2025-09-08 10:00", row("evidence", "Ann", "started", **letter))
    assert (counts.statements, counts.held) == (1, 0)
    leave(school, "2025-09-09 10:00", "Ben", "asked", "2025-09-10")
    assert [e.topic for e in arranged(school)] == ["EvidenceReceived", "LeaveAsked"]


def test_that_leave_was_asked_for_and_granted_is_said_in_one_message_in_either_order(school: School) -> None:
    days = "2025-09-08 to 2025-09-12"
    asked = row("leave", "Ann", "asked", days, local_id="7", asked_on="2025-09-01")
    granted = row("leave", "Ann", "granted", days, local_id="7", asked_on="2025-09-01", code="C")
    states(school, "2025-09-02 20:00", granted, asked)
    leave(school, "2025-09-03 20:00", "Ann", "corrected", days, local_id="7", asked_on="2025-09-01", code="S")
    topics = [e.topic for e in arranged(school)]
    assert topics == ["LeaveGranted", "LeaveAsked", "LeaveGrantedCorrected"], "what was granted stands"


@pytest.fixture
def academy(school: School) -> School:
    """Ann's timetable of September, of which the system says no id; and the academy that the school became."""
    part_time(school, "2025-09-08 10:00", "Ann", "started", "2025-09-08", minutes_week=600)
    seam = {"from": "2026-01-01"}
    school.describes_place("2025-12-20 09:00", urn="150001", kind="academy", name="Marram Academy", **seam)
    school.registers_source("2025-12-20 09:01", SIMS, places=[{"urn": "150001", "local_id": LOCAL_ID}], **seam)
    moved = {"admission": "transferred_on_succession", "previous_laestab": LAESTAB}
    school.enters("Ann", "Ben", at="2026-01-05 07:00", starting_day="2026-01-01", **moved)
    return school


def test_after_a_conversion_the_same_told_again_by_its_first_day_is_no_second_timetable(academy: School) -> None:
    part_time(academy, "2026-01-06 10:00", "Ann", "started", "2025-09-08", minutes_week=600)
    assert [e.topic for e in arranged(academy)] == ["PartTimeAgreed", "PartTimeAgreed"], "at the school; at the academy"


def test_after_a_conversion_an_end_that_names_the_first_day_ends_what_went_on(academy: School) -> None:
    part_time(academy, "2026-01-20 10:00", "Ann", "ended", "2025-09-08", ended_on="2026-01-19")
    assert academy.held == []
    _, carried, ended = arranged(academy)
    assert (ended.topic, ended.stream) == ("PartTimeEnded", carried.stream)
