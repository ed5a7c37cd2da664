"""Special kinds of pupil and place (events.md 5): under compulsory school age, over it, boarders, without a UPN, with a
temporary one, returners, two schools at once, guests."""

from __future__ import annotations

from datetime import date

from projections.register import register
from tests.answering import totals_of
from tests.making import School, day, pupil

TEMPORARY, PERMANENT = "H80120000123A", "H801200001001"
MON = "2025-09-08 AM"


def year_of(school: School, name: str) -> dict[str, int | None]:
    (line,) = school.lines(name)
    (year,) = (e for e in line if e.topic == "YearRecorded")
    return {name: year[name] for name in ("nc_year", "age_31_aug", "csa_from", "csa_until")}


def test_a_nursery_child_is_on_the_roll_before_compulsory_school_age(school: School) -> None:
    school.enters("Noa", at="2025-09-01 08:00", birth_date="2022-01-15")
    school.takes("Nursery", MON, "09:05", Noa="X")
    assert year_of(school, "Noa") == {
        "nc_year": -1,
        "age_31_aug": 3,
        "csa_from": day("2027-03-31"),
        "csa_until": day("2038-06-25"),
    }
    assert school.register(MON) == {"Noa": "X"}


def test_a_sixth_former_is_on_the_roll_after_compulsory_school_age(school: School) -> None:
    school.enters("Sam", at="2025-09-01 08:00", birth_date="2008-11-02", nc_year=13)
    told = year_of(school, "Sam")
    assert (told["nc_year"], told["age_31_aug"], told["csa_until"]) == (13, 16, day("2025-06-27"))


def test_a_mark_for_a_boarder_is_recorded(school: School) -> None:
    school.enters("Bea", at="2025-09-01 08:00", boarder="seven_nights", boarder_from="2025-09-01")
    school.takes("7B", MON, "09:05", Bea="/")
    assert school.register(MON) == {"Bea": "/"}
    assert school.roll_story("Bea") == [["PupilEntered", "YearRecorded", "BoardingRecorded"]]


def test_a_pupil_without_a_upn_is_known_by_the_id_of_the_source_alone(school: School) -> None:
    school.enters("Eve", at="2025-09-01 08:00")
    school.enters("Eve", at="2025-09-02 08:00")
    (identified,) = [e for e in school.entries("PupilIdentified") if e.text["name"] == "Eve"]
    assert identified["basis"] == "mis_id_only"
    assert identified.text.get("upn") is None
    assert [e for e in school.entries("UpnGiven") if e.stream == identified.stream] == []


def test_a_permanent_upn_takes_the_place_of_a_temporary_one_and_both_lead_to_the_child(school: School) -> None:
    """events.md 2.4: UpnGiven, and no second line."""
    school.enters("Eve", at="2025-09-01 08:00", upn=TEMPORARY)
    for night in ("2025-10-01", "2025-10-02"):
        school.enters("Eve", at=f"{night} 20:00", upn=PERMANENT)
    (identified,) = [e for e in school.entries("PupilIdentified") if e.text["name"] == "Eve"]
    given = [(e["kind"], e.text["upn"]) for e in school.entries("UpnGiven")]
    assert identified["basis"] == "temporary_upn"
    assert given == [("temporary", TEMPORARY), ("permanent", PERMANENT)]
    assert school.roll_story("Eve") == [["PupilEntered", "YearRecorded"]]
    for when, upn in ((MON, TEMPORARY), ("2025-09-09 AM", PERMANENT)):
        row = {"mis_pupil": "unheard-of", "upn": upn, "code": "N"}
        school.take(school.taking("7B", when, "2025-10-03 09:05", marks=[row]))
        assert school.register(when) == {"Eve": "N"}


def test_a_former_upn_is_kept_as_such_and_leads_to_the_child(school: School) -> None:
    school.enters("Eve", at="2025-09-01 08:00", upn=PERMANENT, former_upn=TEMPORARY)
    assert {(e["kind"], e.text["upn"]) for e in school.entries("UpnGiven")} == {
        ("permanent", PERMANENT),
        ("former", TEMPORARY),
    }


def test_a_change_of_name_is_read_as_at_each_date_and_not_in_the_past(school: School) -> None:
    """events.md 2.4: adoption or a change of name; the name as at each date."""
    school.enters("Eve", at="2025-09-01 08:00")
    row = pupil("Eve", full_name="Eve Brown", reason="Adopted.")
    school.says("PupilsStated", "2026-01-12 09:00", whole=False, pupils=[row])
    place: bytes = school.entries("PlaceDescribed")[0]["place"]
    monday = date(2026, 1, 12)
    names = [
        {row.name for row in register(school.ledger, place, monday, monday, moment).rows}
        for moment in (school.entries("EntryAmended")[0].recorded_at - 1, None)
    ]
    assert "Eve" in names[0]
    assert "Eve Brown" not in names[0]
    assert "Eve Brown" in names[1]
    assert "Eve" not in names[1]


def test_a_returner_brings_nothing_of_the_first_stay_along(school: School) -> None:
    mother = {"mis_parent": "P1", "name": "Eva Stone", "order": 1}
    school.enters("Ann", at="2025-09-02 08:00", parents=[mother])
    school.leaves("Ann", "2025-10-03", "2025-10-03 16:00")
    school.enters("Ann", at="2026-01-05 08:00", starting_day="2026-01-05", parents=[mother])
    first, second = school.lines("Ann")
    assert [e.topic for e in second] == ["PupilEntered", "YearRecorded", "ParentRecorded"]
    assert len(school.entries("ParentNamed")) == 1
    assert first[2]["parent"] != second[2]["parent"]


def test_a_pupil_of_a_unit_and_a_school_has_a_line_and_marks_at_both(school: School) -> None:
    """A PRU and the main school both keep full registers (law 7.4)."""
    school.describes_place("2025-08-28 09:00", laestab="8051100", urn="109998", name="Dune Unit", kind="pru")
    unit = b"U" * 16
    school.registers_source("2025-08-28 09:01", unit, places=[{"laestab": "8051100", "local_id": "unit"}])
    about = {"upn": PERMANENT, "starting_day": "2025-09-01"}
    school.enters("Zoe", at="2025-09-01 08:00", enrolment_status="M", other_laestab="8051100", **about)
    at_unit = {"source": unit, "local_id": "unit"}
    school.enters("Zoe", at="2025-09-01 08:30", enrolment_status="S", other_laestab="8051234", **about, **at_unit)
    school.takes("7B", MON, "09:05", Zoe="D")
    school.takes("A", MON, "09:06", Zoe="/", **at_unit)
    assert [story[0] for story in school.roll_story("Zoe")] == ["PupilEntered", "PupilEntered"]
    marks = {e.stream.split("/")[1]: e["code"] for e in school.entries("MarkRecorded")}
    assert sorted(marks.values()) == ["/", "D"]
    assert len(marks) == 2


def test_a_guest_stands_on_no_roll_and_a_mark_for_one_is_shown(school: School) -> None:
    school.enters("Gus", at="2025-09-01 08:00", enrolment_status="G")
    place: bytes = school.entries("PlaceDescribed")[0]["place"]
    monday = date(2025, 9, 8)
    assert "Gus" not in {row.name for row in register(school.ledger, place, monday, monday).rows}
    school.takes("7B", MON, "09:05", Gus="/")
    (shown,) = (row for row in register(school.ledger, place, monday, monday).rows if row.name == "Gus")
    assert not shown.on_roll(monday)


def test_a_pupil_who_has_not_started_is_shown_where_a_mark_was_made_and_is_not_due(school: School) -> None:
    school.enters("Zoe", at="2025-09-01 08:00", stage="agreed", starting_day="2025-09-15")
    school.enters("Yan", at="2025-09-01 08:00", stage="agreed", starting_day="2025-09-15")
    school.takes("7B", MON, "09:05", Ann="/", Zoe="Z")
    place: bytes = school.entries("PlaceDescribed")[0]["place"]
    monday = date(2025, 9, 8)
    rows = {row.name: row for row in register(school.ledger, place, monday, monday).rows}
    assert "Yan" not in rows
    assert not rows["Zoe"].on_roll(monday)
    assert rows["Zoe"].cells[monday, "AM"].code == "Z"
    (counted,) = totals_of(school.ledger).rows
    assert counted["possible_sessions"] == 1, "Z is counted nowhere"
