"""Off-site provision: placements at an unregistered provider, its daily reports, a no-show, and what it cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.making import NEXT_YEAR, School, day, moment
from tests.scenarios.arranging import (
    ACORN,
    ACORN_ID,
    ACORN_URN,
    LAESTAB,
    acorn_is_known,
    arranged,
    placement,
    reported,
    reports,
    row,
    states,
    story,
)

MON, PM = "2025-09-08 AM", "2025-09-08 PM"
UPN = "A805200017129"
AUTUMN = "2025-09-08 to 2025-12-19"


@pytest.fixture
def placed(school: School) -> School:
    """Ben is placed at Acorn Workshop for the autumn; Acorn knows him by his UPN, and calls him B7."""
    acorn_is_known(school)
    school.enters("Ben", upn=UPN, at="2025-08-30 10:00")
    placement(
        school,
        "2025-09-05 12:00",
        "Ben",
        "started",
        AUTUMN,
        local_id="P1",
        setting_urn=ACORN_URN,
        arranger="school",
        basis="s29A",
        delivery="in_person_place",
        registered_there=False,
        due_mask=0b11,
        objectives="Back in school by January.",
    )
    return school


def ben(**said: Any) -> dict[str, Any]:
    """What Acorn says of him."""
    return {"upn": UPN, **said}


def test_a_week_at_a_provider_is_reported_as_attendance_and_the_school_keeps_its_own_codes(placed: School) -> None:
    placed.takes("7B", MON, "09:05", Ann="/", Ben="B")
    about = {"arrived_at": "09:10", "left_at": "12:00", "minutes": 170, "said_at": "12:05", "by": "Mo"}
    reports(placed, "2025-09-08 12:10", MON, B7=ben(attended="yes", **about))
    (report,) = placed.entries("ProviderAttendanceReported")
    (started,) = arranged(placed)
    assert report["line"] == placed.lines("Ben")[0][0]["line"]
    assert (report["attended"], report["due"], report["minutes"]) == ("yes", True, 170)
    assert report["arrived_at"] == moment("2025-09-08 09:10")
    assert report["arrangement"] == started["arrangement"]
    assert placed.register(MON) == {"Ann": "/", "Ben": "B"}
    acorn = started["place"]
    assert report.stream == f"attendance-register/{acorn.hex()}/2025-09-08/AM"
    (mo,) = (e for e in placed.entries("PersonNamed") if e.text["user_id"] == "Mo")
    assert (report["by"], mo["kind"]) == (mo["person"], "provider_staff")


def test_a_register_of_a_provider_opens_and_is_headed_like_any_other(placed: School) -> None:
    reports(placed, "2025-09-08 12:10", MON, B7=ben(attended="yes"))
    opened, headed, report = placed.session(MON)
    assert [e.topic for e in (opened, headed, report)] == [
        "RegisterOpened",
        "EntriesReceived",
        "ProviderAttendanceReported",
    ]
    assert (opened.version, report["header"]) == (1, headed.version)
    assert (headed["source"], headed["how"], headed["rows"]) == (ACORN, "taking", 1)


def test_a_no_show_that_turns_up_at_ten_is_a_report_that_amends_the_first(placed: School) -> None:
    reports(placed, "2025-09-08 09:40", MON, B7=ben(attended="no", told_home_school_at="09:35", said_at="09:35"))
    late = {"arrived_at": "10:02", "said_at": "10:05", "reason": "Missed the bus.", "reason_code": "arrived_late"}
    reports(placed, "2025-09-08 10:06", MON, B7=ben(attended="part", **late))
    assert reported(placed, MON) == [("Ben", "no", None), ("Ben", "part", 3)]
    amended = placed.entries("ProviderAttendanceReported")[-1]
    assert (amended["reason_code"], amended["reason_state"]) == ("arrived_late", "given")
    assert amended.text["reason"] == "Missed the bus."
    assert placed.entries("ProviderAttendanceReported", as_at="2025-09-08 10:00")[-1]["attended"] == "no"


def test_the_same_report_again_is_a_duplicate_and_an_older_one_is_kept_but_never_current(placed: School) -> None:
    reports(placed, "2025-09-08 10:06", MON, B7=ben(attended="yes", said_at="10:05"))
    again = reports(placed, "2025-09-08 11:00", MON, B7=ben(attended="yes", said_at="10:05"))
    assert (again.statements, again.duplicate) == (0, 1)
    reports(placed, "2025-09-08 11:05", MON, B7=ben(attended="no", said_at="09:35"))
    once_more = reports(placed, "2025-09-08 11:06", MON, B7=ben(attended="no", said_at="09:35"))
    assert once_more.duplicate == 1
    assert reported(placed, MON) == [("Ben", "yes", None), ("Ben", "no", None)]
    placed = placed.reopened()
    reports(placed, "2025-09-08 12:00", MON, B7=ben(attended="part", said_at="11:50"))
    assert reported(placed, MON)[-1] == ("Ben", "part", 3), "what it amends is the current one"


def test_once_named_by_upn_a_pupil_is_known_by_the_providers_own_id(placed: School) -> None:
    reports(placed, "2025-09-08 12:10", MON, B7=ben(attended="yes"))
    reports(placed, "2025-09-08 15:10", PM, B7="yes")
    assert reported(placed, PM) == [("Ben", "yes", None)]
    assert [e.text["mis_pupil"] for e in placed.entries("LocalIdGiven") if e["known_to"] == ACORN] == ["B7"]


def test_a_report_that_comes_before_the_placement_waits_and_is_taken_when_the_placement_comes(school: School) -> None:
    acorn_is_known(school)
    school.enters("Ben", upn=UPN, at="2025-08-30 10:00")
    reports(school, "2025-09-08 12:10", MON, B7=ben(attended="yes"))
    assert [w.rule for w in school.held] == ["g3"]
    placement(school, "2025-09-08 16:00", "Ben", "started", AUTUMN, setting_urn=ACORN_URN)
    assert (reported(school, MON), school.held) == ([("Ben", "yes", None)], [])
    assert school.session(MON)[1]["how"] == "replay"
    assert school.session(MON)[1]["first_held_at"] == moment("2025-09-08 12:10")


def test_a_report_without_a_placement_finds_the_home_school_that_it_names(school: School) -> None:
    acorn_is_known(school)
    reports(school, "2025-09-08 12:10", MON, B7=ben(attended="yes", home_laestab=LAESTAB))
    assert [w.rule for w in school.held] == ["g3"], "nobody has that number yet"
    school.enters("Dan", upn=UPN, at="2025-09-08 13:00")
    assert (reported(school, MON), school.held) == ([("Dan", "yes", None)], [])
    assert school.entries("ProviderAttendanceReported")[0]["arrangement"] is None


def test_an_approved_activity_leads_a_provider_to_its_pupil_as_a_placement_does(school: School) -> None:
    acorn_is_known(school)
    school.enters("Ben", upn=UPN, at="2025-08-30 10:00")
    about = {"setting_urn": ACORN_URN, "nature": "unregistered_ap", "approved_on": "2025-09-01", "approved_by": "HT"}
    fit = {"supervisor": "provider_staff", "fit_because": "provider_check", "school_staffed": False}
    states(
        school,
        "2025-09-05 12:00",
        row("activity", "Ben", "started", AUTUMN, code="B", nature_text="Bicycles", **about, **fit),
    )
    reports(school, "2025-09-08 12:10", MON, B7=ben(attended="yes"))
    (activity,) = arranged(school)
    assert (activity.topic, activity["code"], activity.text["nature"]) == ("ActivityApproved", "B", "Bicycles")
    assert school.entries("ProviderAttendanceReported")[0]["arrangement"] == activity["arrangement"]


def test_a_source_that_does_not_speak_for_the_provider_is_held(school: School) -> None:
    acorn_is_known(school, registered=False)
    reports(school, "2025-09-08 12:10", MON, B7="yes", urn=ACORN_URN, local_id=None)
    assert [w.rule for w in school.held] == ["g2"]
    assert reported(school, MON) == []


def test_a_provider_that_nobody_described_is_held_and_its_reports_go_in_once_it_is(school: School) -> None:
    school.enters("Ben", upn=UPN, at="2025-08-30 10:00")
    reports(school, "2025-09-08 12:10", MON, B7=ben(attended="yes", home_laestab=LAESTAB))
    assert [w.rule for w in school.held] == ["g2"]
    acorn_is_known(school, "2025-09-09 09:00")
    assert (reported(school, MON), school.held) == ([("Ben", "yes", None)], [])


def test_a_placement_at_a_place_that_is_not_known_keeps_its_name_sealed(school: School) -> None:
    placement(school, "2025-09-05 12:00", "Ben", "started", AUTUMN, setting_name="The Old Mill", local_id="P1")
    (started,) = arranged(school)
    assert (started["place"], started.text["place_name"]) == (None, "The Old Mill")
    assert "Old Mill" not in str(started.fields)


@pytest.mark.parametrize(
    "said",
    [{"attended": "yes", "minutes": -1}, {"attended": "yes", "minutes": 1441}],
)
def test_minutes_that_no_day_has_are_held(placed: School, said: dict[str, Any]) -> None:
    assert reports(placed, "2025-09-08 12:10", MON, B7=ben(**said)).held == 1
    assert [w.rule for w in placed.held] == ["g4"]


def test_a_date_or_session_that_does_not_exist_holds_that_row_alone(placed: School) -> None:
    rows = [{"mis_pupil": "B7", "upn": UPN, "attended": "yes", "date": d, "session": s} for d, s in _SPOTS]
    counts = placed.says("ProviderAttendance", "2025-09-08 12:10", source=ACORN, local_id=ACORN_ID, reports=rows)
    assert (counts.sent, counts.statements, counts.held) == (3, 1, 2)


_SPOTS = (("2025-02-30", "AM"), ("2025-09-08", "EV"), ("2025-09-08", "AM"))


def test_a_word_for_attending_that_nobody_knows_is_not_known(placed: School) -> None:
    reports(placed, "2025-09-08 12:10", MON, B7=ben(attended="sort of"))
    assert reported(placed, MON) == [("Ben", "not_known", None)]


def engaged(school: School, at: str, **said: Any) -> Any:
    one = {"mis_pupil": "B7", "upn": UPN, "date": "2025-09-08", **said}
    return school.says("Engagement", at, source=ACORN, local_id=ACORN_ID, engagements=[one])


def test_engagement_is_kept_in_the_morning_where_no_session_is_said_and_counts_nowhere(placed: School) -> None:
    engaged(placed, "2025-09-08 16:00", minutes=95, system="Nisai", detail="Maths, two lessons")
    again = engaged(placed, "2025-09-08 17:00", minutes=95, system="Nisai")
    assert again.duplicate == 1, "what is left out is not denied"
    engaged(placed, "2025-09-08 18:00", minutes=110, system="Nisai")
    engaged(placed, "2025-09-08 18:00", minutes=20, system="Other")
    told = [e for e in placed.session(MON) if e.topic == "EngagementReported"]
    assert [(e["minutes"], e["system"], e["session"], e["amends"]) for e in told] == [
        (95, "Nisai", None, None),
        (110, "Nisai", None, 3),
        (20, "Other", None, None),
    ]
    assert told[0].text["detail"] == "Maths, two lessons"
    assert placed.register(MON) == {}


def test_a_placement_is_changed_and_ended_with_what_became_of_it(placed: School) -> None:
    about = {"local_id": "P1", "setting_urn": ACORN_URN, "arranger": "school"}
    placement(placed, "2025-10-01 12:00", "Ben", "changed", AUTUMN, due_mask=0b1111, **about)
    ends = {"ended_on": "2025-10-17", "why": "school_decided", "outcome": "returned"}
    placement(placed, "2025-10-17 12:00", "Ben", "ended", local_id="P1", **ends)
    assert story(placed) == ["PlacementStarted", "PlacementChanged", "PlacementEnded"]
    started, changed, ended = arranged(placed)
    assert (started["due_mask"], changed["due_mask"]) == (0b11, 0b1111)
    assert (changed["basis"], changed.text["objectives"]) == ("not_said", None), "a change restates the whole block"
    assert (ended["ended_on"], ended["outcome"]) == (day("2025-10-17"), "returned")


def test_a_placement_that_spans_the_turn_of_the_year_goes_on_with_the_line(placed: School) -> None:
    placement(placed, "2025-12-01 12:00", "Ben", "changed", "2025-09-08", local_id="P1", setting_urn=ACORN_URN)
    placed.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    reports(placed, "2026-09-02 12:10", "2026-09-02 AM", B7=ben(attended="yes"))
    old, new = placed.lines("Ben")
    started = arranged(placed, "PlacementStarted")
    assert [e["line"] for e in started] == [old[0]["line"], new[0]["line"]]
    assert started[1]["from"] == day("2026-09-02")
    assert started[1].text["previous"] == started[0]["arrangement"]
    assert started[1]["source"] is None, "made by rule"
    report = placed.entries("ProviderAttendanceReported")[-1]
    assert (report["line"], report["arrangement"]) == (new[0]["line"], started[1]["arrangement"])


def test_a_provider_may_call_a_child_by_the_id_that_the_school_gives_to_another(placed: School) -> None:
    reports(placed, "2025-09-08 12:10", MON, Ann=ben(attended="yes"))
    reports(placed, "2025-09-08 15:10", PM, Ann="yes")
    assert reported(placed, MON) == reported(placed, PM) == [("Ben", "yes", None)]
