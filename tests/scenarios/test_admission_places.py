"""Places agreed: the line opens, the pupil comes or does not, and nobody stands twice on a register (regulation 3(4)-(5),
events.md 2.2)."""

from __future__ import annotations

from tests.making import NEXT_YEAR, School, day, mark, pupil

UPN = "H801200001001"
OTHER = "8059999"


def agrees(school: School, name: str, starting_day: str, at: str, **about: object) -> None:
    school.enters(name, at=at, stage="agreed", starting_day=starting_day, starting_day_basis="agreed", **about)


def test_a_place_agreed_opens_the_line_and_the_pupil_is_entered_on_it(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 10:00", agreed_on="2025-09-12", admission="in_year", nc_year=7)
    (opened,) = school.lines("Zoe")
    assert [e.topic for e in opened] == ["StartingDayAgreed", "YearRecorded"]
    agreed = opened[0]
    assert (agreed["starting_day"], agreed["agreed_on"]) == (day("2025-10-06"), day("2025-09-12"))
    assert (agreed["basis"], agreed["admission"]) == ("agreed", "in_year")
    assert agreed.text["full_name"] == "Zoe"
    school.enters("Zoe", at="2025-10-06 08:30", starting_day="2025-10-06", nc_year=7)
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded", "PupilEntered"]]
    entered = school.lines("Zoe")[0][-1]
    assert (entered["starting_day_basis"], entered["admission"]) == ("agreed", "in_year")
    assert len(school.entries("LineOpened")) == 4, "Ann, Ben, Cal and one for Zoe"


def test_the_same_agreement_every_night_says_nothing_new(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 20:00", address="1 Sea View", nc_year=7)
    before = school.head
    agrees(school, "Zoe", "2025-10-06", "2025-09-16 20:00", address="1 Sea View", nc_year=7)
    assert school.intake.totals.duplicate == 1
    assert school.head == before


def test_a_starting_day_that_moves_is_agreed_again_and_the_line_stays(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 10:00")
    agrees(school, "Zoe", "2025-10-13", "2025-10-03 10:00")
    school.enters("Zoe", at="2025-10-14 08:30", starting_day="2025-10-14", starting_day_basis="first_attendance")
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded", "StartingDayAgreed", "PupilEntered"]]
    entered = school.lines("Zoe")[0][-1]
    assert (entered["starting_day"], entered["starting_day_basis"]) == (day("2025-10-14"), "first_attendance")


def test_marks_of_a_pupil_who_has_not_started_hang_on_the_line_that_the_place_opened(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 10:00")
    counts = school.takes("7B", "2025-09-16 AM", "09:01", Ann="/", Zoe="Z")
    assert (counts.marks, counts.held) == (2, 0)
    school.takes("7B", "2025-09-17 AM", "09:01", Ann="/", Zoe=mark("/", comment="Came to look round"))
    school.enters("Zoe", at="2025-10-06 08:30", starting_day="2025-10-06")
    school.takes("7B", "2025-10-06 AM", "09:01", Ann="/", Zoe="/")
    (line,) = school.lines("Zoe")
    marked = [school.session(f"{date} AM")[-1]["line"] for date in ("2025-09-16", "2025-09-17", "2025-10-06")]
    assert marked == [line[0]["line"]] * 3


def test_a_place_that_was_not_taken_up_is_said_so_once(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 10:00")
    for at in ("2025-10-07", "2025-10-08"):
        school.enters("Zoe", at=f"{at} 20:00", stage="not_taken_up", starting_day="2025-10-06", reason="Moved to York.")
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded", "PlaceNotTakenUp"]]
    refused = school.lines("Zoe")[0][-1]
    assert refused["amends"] == 1
    assert refused.text["reason"] == "Moved to York."


def test_a_place_not_taken_up_by_a_pupil_who_was_entered_is_an_entry_in_error(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 10:00")
    school.enters("Zoe", at="2025-10-06 08:30", starting_day="2025-10-06")
    for at in ("2025-10-07", "2025-10-08"):
        school.enters("Zoe", at=f"{at} 20:00", stage="not_taken_up", starting_day="2025-10-06")
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded", "PupilEntered", "EnteredInError"]]


def test_who_comes_after_all_stands_on_the_line_that_was_an_error(school: School) -> None:
    school.enters("Zoe", at="2025-10-06 08:30", starting_day="2025-10-06")
    school.enters("Zoe", at="2025-10-07 20:00", stage="not_taken_up", starting_day="2025-10-06")
    school.enters("Zoe", at="2025-10-09 20:00", starting_day="2025-10-06")
    school.enters("Zoe", at="2025-10-10 20:00", starting_day="2025-10-06")
    assert school.roll_story("Zoe") == [["PupilEntered", "YearRecorded", "EnteredInError", "EntryAmended"]]
    assert school.lines("Zoe")[0][-1]["amends"] == 3


def test_an_entry_in_error_and_a_new_place_are_two_lines(school: School) -> None:
    school.enters("Zoe", at="2025-10-06 08:30", starting_day="2025-10-06")
    school.enters("Zoe", at="2025-10-07 20:00", stage="not_taken_up", starting_day="2025-10-06")
    agrees(school, "Zoe", "2026-01-05", "2025-12-01 10:00")
    assert [line[0].topic for line in school.lines("Zoe")] == ["PupilEntered", "StartingDayAgreed"]


def test_who_comes_after_all_to_a_place_not_taken_up_is_entered_on_its_line(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 10:00")
    school.enters("Zoe", at="2025-10-07 20:00", stage="not_taken_up", starting_day="2025-10-06")
    school.enters("Zoe", at="2025-10-13 08:30", starting_day="2025-10-13")
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded", "PlaceNotTakenUp", "PupilEntered"]]


def test_a_place_not_taken_up_of_which_nothing_was_known_is_recorded_whole(school: School) -> None:
    school.enters("Zoe", at="2025-10-07 20:00", stage="not_taken_up", starting_day="2025-10-06")
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded", "PlaceNotTakenUp"]]


def test_a_leaver_who_never_came_did_not_take_up_the_place(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 10:00")
    for at in ("2025-10-08", "2025-10-09"):
        school.leaves("Zoe", "2025-10-06", f"{at} 16:00", mis_reason="No show")
    story = ["StartingDayAgreed", "YearRecorded", "PlaceNotTakenUp", "LeavingStated"]
    assert school.roll_story("Zoe") == [story]


def test_an_agreement_that_an_entry_has_overtaken_says_nothing(school: School) -> None:
    agrees(school, "Zoe", "2025-10-06", "2025-09-15 10:00")
    school.enters("Zoe", at="2025-10-06 08:30", starting_day="2025-10-06")
    school.enters(
        "Zoe", at="2025-10-01 20:00", arrives="2025-10-06 09:00", stage="not_taken_up", starting_day="2025-10-06"
    )
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded", "PupilEntered"]]


def test_a_day_that_moves_into_the_next_school_year_moves_on_the_first_line_too(school: School) -> None:
    agrees(school, "Zoe", "2026-06-01", "2026-05-01 10:00")
    agrees(school, "Zoe", "2026-09-02", "2026-05-20 10:00")
    agrees(school, "Zoe", "2026-09-02", "2026-05-21 10:00")
    first, second = school.lines("Zoe")
    assert [e["starting_day"] for e in first if e.topic == "StartingDayAgreed"] == [
        day("2026-06-01"),
        day("2026-09-02"),
    ]
    assert [e["school_year"] for e in (first[0], second[0])] == [202526, 202627]
    school.enters("Zoe", at="2026-09-02 08:30", starting_day="2026-09-02")
    assert [e.topic for e in school.lines("Zoe")[1]] == ["StartingDayAgreed", "YearRecorded", "PupilEntered"]


def test_nobody_is_carried_forward_from_a_place_that_was_only_agreed(school: School) -> None:
    agrees(school, "Zoe", "2026-07-01", "2026-06-15 10:00")
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded"]]


def test_from_nursery_to_reception_a_child_has_one_line_in_the_new_year(school: School) -> None:
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.enters("Noa", at="2025-09-01 08:00", nc_year=-1)
    agrees(school, "Noa", "2026-09-02", "2026-05-20 10:00", nc_year=0)
    school.enters("Noa", at="2026-05-21 20:00", nc_year=-1, address="2 Dune Road")
    school.takes("Nursery", "2026-05-22 AM", "09:05", Noa="/")
    school.takes("Reception", "2026-09-02 AM", "09:05", Ann="/", Noa="/")
    school.enters("Noa", at="2026-09-02 20:00", nc_year=0, starting_day="2026-09-02")
    school.enters("Noa", at="2026-09-03 20:00", nc_year=0, starting_day="2026-09-02")
    by_year = {line[0]["school_year"]: line for line in school.lines("Noa")}
    assert len(school.lines("Noa")) == 2
    nursery, reception = by_year[202526], by_year[202627]
    assert [e.topic for e in nursery] == ["PupilEntered", "YearRecorded", "EntryAmended"]
    assert [e.topic for e in reception] == ["StartingDayAgreed", "YearRecorded", "LineCarriedForward", "EntryAmended"]
    assert reception[2].text["previous_line"] == nursery[0]["line"]
    assert reception[3].text["first_starting_day"] == day("2026-09-02")
    assert school.session("2026-05-22 AM")[-1]["line"] == nursery[0]["line"]
    assert school.session("2026-09-02 AM")[-1]["line"] == reception[0]["line"]


def test_a_roll_stated_in_august_leaves_the_place_agreed_for_september_alone(school: School) -> None:
    school.enters("Noa", at="2025-09-01 08:00", nc_year=-1)
    agrees(school, "Noa", "2026-09-02", "2026-05-20 10:00", nc_year=0)
    school.enters("Noa", at="2026-08-20 20:00", nc_year=-1)
    assert [[e.topic for e in line] for line in school.lines("Noa")] == [
        ["PupilEntered", "YearRecorded"],
        ["StartingDayAgreed", "YearRecorded"],
    ]
    school.takes("Reception", "2026-09-02 AM", "09:05", Ann="/", Noa="/")
    assert [len(line) for line in school.lines("Noa")] == [2, 3]


def test_a_nursery_child_who_left_and_comes_back_in_september_is_entered_on_the_agreed_line(school: School) -> None:
    school.enters("Noa", at="2025-09-01 08:00", nc_year=-1)
    agrees(school, "Noa", "2026-09-02", "2026-05-20 10:00", nc_year=0)
    school.leaves("Noa", "2026-07-17", "2026-07-17 16:00", ground="9(1)(b)")
    school.takes("Reception", "2026-09-02 AM", "09:05", Ann="/")
    school.enters("Noa", at="2026-09-02 20:00", nc_year=0, starting_day="2026-09-02")
    assert school.roll_story("Noa") == [
        ["PupilEntered", "YearRecorded", "PupilDeleted"],
        ["StartingDayAgreed", "YearRecorded", "PupilEntered"],
    ]


def test_a_child_on_roll_at_one_school_with_a_place_at_another_is_one_child(school: School) -> None:
    school.describes_place("2025-08-28 09:00", laestab=OTHER, urn="109999", name="Upper School")
    upper = b"U" * 16
    school.registers_source("2025-08-28 09:01", upper, places=[{"laestab": OTHER, "local_id": "upper"}])
    school.enters("Zoe", at="2025-09-01 08:00", upn=UPN)
    row = pupil("U77", full_name="Zoe", upn=UPN, stage="agreed", starting_day="2026-09-02")
    school.says("PupilsStated", "2026-05-01 08:00", source=upper, local_id="upper", whole=False, pupils=[row])
    assert school.roll_story("Zoe") == [["PupilEntered", "YearRecorded"], ["StartingDayAgreed", "YearRecorded"]]
    assert len(school.entries("PupilIdentified")) == 4, "Ann, Ben, Cal and one Zoe"
