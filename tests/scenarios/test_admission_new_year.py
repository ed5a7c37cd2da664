"""What goes on with a line into the new school year: all that stands, whole, and tied to the old line under seal only
(events.md 0.3 and 2.2, LineCarriedForward)."""

from __future__ import annotations

from itertools import pairwise

from tests.making import NEXT_YEAR, Entry, School, day, pupil

FIRST_DAY = "2026-09-02"
MUM = {"mis_parent": "P1", "name": "Eva Stone", "lives_with": True, "order": 1, "phones": "01429 1"}
DAD = {"mis_parent": "P2", "name": "Tom Stone", "ended_on": "2026-03-01"}
STANDS = {
    "full_name": "Ann Stone",
    "birth_date": "2013-05-06",
    "address": "1 Sea View",
    "nc_year": 7,
    "admission": "in_year",
    "entered_on": "2025-09-01",
    "starting_day_basis": "agreed",
    "previous_laestab": "8059999",
    "enrolment_status": "M",
    "enrolment_status_from": "2025-10-06",
    "other_laestab": "8059999",
    "boarder": "boarder",
    "boarder_from": "2025-09-01",
    "leaving_on": "2027-03-26",
    "future_address": "9 Harbour Row",
    "future_address_from": "2026-12-01",
    "parents": [MUM, DAD],
    "other_schools": [{"name": "Far Hill School", "from": "2025-11-03"}],
    "characteristics": [
        {"kind": "fsm", "value": "true", "from": "2024-11-13"},
        {"kind": "sen_provision", "value": "K", "from": "2022-01-05", "to": "2026-02-01"},
        {"kind": "ethnicity", "value": "WBRI"},
    ],
}


def turned(school: School) -> tuple[list[Entry], list[Entry]]:
    """Ann with all of this on her line, and her line of the year after."""
    school.describes_place("2025-08-28 09:00", laestab="8059999", urn="109999", name="Dune Unit", kind="pru")
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    row = pupil("Ann", **STANDS)
    school.says("PupilsStated", "2026-06-01 20:00", whole=False, pupils=[row])
    school.takes("8B", f"{FIRST_DAY} AM", "09:05", Ann="/")
    (old, new) = (next(ls for ls in every_line(school) if ls[0]["school_year"] == y) for y in (202526, 202627))
    return old, new


def every_line(school: School) -> list[list[Entry]]:
    """Ann's lines, whatever she is called on them."""
    return [*school.lines("Ann"), *school.lines("Ann Stone")]


def test_all_that_stands_goes_on_and_what_has_ended_does_not(school: School) -> None:
    _, new = turned(school)
    assert [e.topic for e in new] == [
        "LineCarriedForward",
        "YearRecorded",
        "EnrolmentStatusRecorded",
        "LeavingStated",
        "ParentRecorded",
        "FutureAddressRecorded",
        "OtherSchoolRecorded",
        "BoardingRecorded",
        "CharacteristicRecorded",
        "CharacteristicRecorded",
    ]
    carried, year, status, leaving, parent, address, other, boarding, *kinds = new
    assert (carried.text["full_name"], carried.text["address"]) == ("Ann Stone", "1 Sea View")
    assert year["nc_year"] == 8
    assert (status["status"], leaving["leaving_on"]) == ("M", day("2027-03-26"))
    assert (parent["lives_with"], parent.text["phones"]) == (True, "01429 1")
    assert (address.text["address"], other.text["name"]) == ("9 Harbour Row", "Far Hill School")
    assert boarding["boarder"] == "boarder"
    assert {(e["kind"], e.text["value"]) for e in kinds} == {("fsm", "true"), ("ethnicity", "WBRI")}


def test_the_entry_that_began_the_stay_stands_on_the_new_line_too(school: School) -> None:
    old, new = turned(school)
    text = new[0].text
    assert text["first_starting_day"] == day("2025-09-01")
    assert (text["first_admission"], text["first_basis"]) == ("in_year", "agreed")
    assert text["first_previous_place"] == old[2]["previous_place"] is not None


def test_the_whole_roll_stated_again_in_september_amends_nobody(school: School) -> None:
    turned(school)
    before = school.head
    row = pupil("Ann", **{**STANDS, "nc_year": 8})
    school.says("PupilsStated", "2026-09-02 20:00", whole=False, pupils=[row])
    again = school.reopened()
    again.says("PupilsStated", "2026-09-03 20:00", whole=False, pupils=[row])
    assert [e.topic for e in again.entries(after=before)] == []
    again.close()


def test_a_change_of_the_first_entry_told_in_the_new_year_is_an_amendment_of_the_new_line(school: School) -> None:
    turned(school)
    row = pupil("Ann", **{**STANDS, "nc_year": 8, "starting_day": "2025-09-08"})
    school.says("PupilsStated", "2026-09-03 20:00", whole=False, pupils=[row])
    amended = school.entries("EntryAmended")[-1]
    assert amended.text["first_starting_day"] == day("2025-09-08")
    assert amended["starting_day"] == day(FIRST_DAY), "the line begins with its school year"


def test_no_day_that_began_before_ties_the_new_line_to_the_old_one_in_clear(school: School) -> None:
    old, new = turned(school)
    clear_days = {
        value
        for entry in new
        for name, value in entry.fields.items()
        if name in ("from", "starting_day", "entered_on") and value is not None
    }
    assert clear_days == {day(FIRST_DAY), day("2026-12-01")}, "what is still to come may be told"
    parents = [{e["parent"] for e in line if e.topic == "ParentRecorded"} for line in (old, new)]
    assert parents[0].isdisjoint(parents[1])
    (fsm,) = (e for e in new if e.fields.get("kind") == "fsm")
    assert fsm.text["began"] == day("2024-11-13"), "and the true day is sealed"


def test_a_statement_that_was_overtaken_before_the_turn_of_the_year_is_overtaken_after_it(school: School) -> None:
    turned(school)
    before = school.head
    school.enters("Ann", at="2026-05-01 20:00", arrives="2026-09-02 12:00", address="7 Old Street")
    assert school.entries(after=before) == []


def test_the_order_of_the_new_lines_tells_nothing_of_the_old_ones(school: School) -> None:
    """Were either order that of the old lines' names or entries, the ranks would rise with each other."""
    names = [f"Pupil {n}" for n in range(200)]
    school.enters(*names, at="2025-08-29 09:00")
    school.takes("8B", f"{FIRST_DAY} AM", "09:05", Ann="/")
    of_new = {e["line"]: e.text["previous_line"] for e in school.entries("LineCarriedForward")}
    entered = [e["line"] for e in school.entries("PupilEntered")]
    by_name, by_entry = sorted(entered), entered
    for order in (by_name, by_entry):
        rank = {line: n for n, line in enumerate(order)}
        ranks = [rank[old] for old in of_new.values()]
        assert len(ranks) == 203
        rises = sum(one < next_ for one, next_ in pairwise(ranks))
        assert 60 < rises < 143, "ten deviations to either side of half of them"


def test_the_lines_that_are_opened_are_told_in_another_order_than_the_lines_themselves(school: School) -> None:
    school.enters(*(f"Pupil {n}" for n in range(200)), at="2025-08-29 09:00")
    before = school.head
    school.takes("8B", f"{FIRST_DAY} AM", "09:05", Ann="/")
    new = [e["line"] for e in school.entries("LineCarriedForward", after=before)]
    rank = {line: n for n, line in enumerate(new)}
    ranks = [rank[e.text["line"]] for e in school.entries("LineOpened", after=before)]
    assert 60 < sum(one < next_ for one, next_ in pairwise(ranks)) < 143


def test_an_address_that_has_become_the_present_one_is_not_carried_as_one_to_come(school: School) -> None:
    school.enters("Ann", at="2026-06-01 20:00", future_address="9 Harbour Row", future_address_from="2026-07-01")
    school.takes("8B", f"{FIRST_DAY} AM", "09:05", Ann="/")
    assert school.roll_story("Ann")[1] == ["LineCarriedForward", "YearRecorded"]


def test_what_was_carried_once_is_carried_again_the_year_after(school: School) -> None:
    school.enters(
        "Ann",
        at="2025-09-02 20:00",
        parents=[MUM],
        admission="in_year",
        characteristics=[{"kind": "fsm", "value": "true", "from": "2024-11-13"}],
    )
    school.takes("8B", f"{FIRST_DAY} AM", "09:05", Ann="/")
    school.takes("9B", "2027-09-02 AM", "09:05", Ann="/")
    last = school.lines("Ann")[-1]
    assert [e.topic for e in last] == ["LineCarriedForward", "YearRecorded", "ParentRecorded", "CharacteristicRecorded"]
    assert last[0].text["first_starting_day"] == day("2025-09-01")
    assert last[0].text["first_admission"] == "in_year"
    assert last[3].text["began"] == day("2024-11-13")
    assert len(school.entries("ParentNamed")) == 1
