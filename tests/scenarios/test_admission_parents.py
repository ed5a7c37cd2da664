"""Parents of a pupil: named once under the pupil's key, recorded on each line, and ended when the register no longer
has them (regulation 8(2)(d)-(e), events.md 2.1 and 2.2)."""

from __future__ import annotations

from typing import Any

from tests.making import NIGHTLY, Entry, School, day, pupil


def parent(name: str | None, mis_parent: str | None = None, **about: Any) -> dict[str, Any]:
    """A row of a list of parents."""
    return {"name": name, "mis_parent": mis_parent, **about}


MUM = parent("Eva Stone", "P1", lives_with=True, order=1, phones="01429 1", address="1 Sea View", relationship="mother")
DAD = parent("Tom Stone", "P2", lives_with=False, order=2)


def states(school: School, at: str, *parents: dict[str, Any], **about: Any) -> None:
    school.enters("Ann", at=at, parents=list(parents), **about)


def named(school: School) -> list[Entry]:
    return school.entries("ParentNamed")


def test_parents_are_named_under_the_pupils_key_and_recorded_on_the_line(school: School) -> None:
    states(school, "2025-09-02 08:00", MUM, DAD)
    mum, dad = named(school)
    assert (mum.text["name"], mum.text["mis_parent"]) == ("Eva Stone", "P1")
    assert school.roll_story("Ann") == [["PupilEntered", "YearRecorded", "ParentRecorded", "ParentRecorded"]]
    _, _, first, second = school.lines("Ann")[0]
    assert (first["lives_with"], first["order"], second["lives_with"]) == (True, 1, False)
    assert first.text["phones"] == "01429 1"
    assert (first.text["named"], second.text["named"]) == (mum["parent"], dad["parent"])


def test_what_a_line_calls_a_parent_in_clear_ties_it_to_no_pupil(school: School) -> None:
    states(school, "2025-09-02 08:00", MUM, DAD)
    in_the_pupils_stream = {entry["parent"] for entry in named(school)}
    assert in_the_pupils_stream.isdisjoint(entry["parent"] for entry in school.entries("ParentRecorded"))


def test_the_same_parents_every_night_say_nothing_new(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM, DAD)
    before = school.head
    states(school, "2025-09-03 20:00", DAD, MUM)
    again = school.reopened()
    states(again, "2025-09-04 20:00", MUM, DAD)
    assert again.head == before
    again.close()


def test_a_new_telephone_number_is_recorded_whole_and_names_nobody_again(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM, DAD)
    states(school, "2025-09-03 20:00", MUM | {"phones": "01429 2"}, DAD)
    assert len(named(school)) == 2
    recorded = school.entries("ParentRecorded")
    assert len(recorded) == 3
    assert recorded[2]["parent"] == recorded[0]["parent"]
    assert (recorded[2].text["phones"], recorded[2].text["address"]) == ("01429 2", "1 Sea View")


def test_an_address_that_is_left_out_of_a_list_is_there_no_more(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM)
    states(school, "2025-09-03 20:00", MUM | {"address": None})
    assert school.entries("ParentRecorded")[-1].text.get("address") is None


def test_a_parent_whom_the_list_no_longer_names_is_ended_and_comes_back_as_the_same(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM, DAD)
    states(school, "2025-10-02 20:00", MUM)
    states(school, "2025-10-03 20:00", MUM)
    states(school, "2025-11-02 20:00", MUM, DAD)
    story = ["ParentRecorded", "ParentRecorded", "ParentRecordEnded", "ParentRecorded"]
    assert school.roll_story("Ann")[0][2:] == story
    _, dad, ended, back = school.lines("Ann")[0][2:]
    assert dad["parent"] == ended["parent"] == back["parent"]
    assert len(named(school)) == 2


def test_a_parent_with_an_end_of_his_own_is_ended_on_that_day_and_once(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM, DAD)
    for night in ("2025-10-02", "2025-10-03"):
        states(school, f"{night} 20:00", MUM, DAD | {"ended_on": "2025-09-30"})
    assert [e["ended_on"] for e in school.entries("ParentRecordEnded")] == [day("2025-09-30")]


def test_a_row_that_says_nothing_of_parents_ends_nobody(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM, DAD)
    school.enters("Ann", at="2025-09-03 20:00")
    assert school.entries("ParentRecordEnded") == []


def test_a_parent_who_is_called_otherwise_is_named_again(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM)
    states(school, "2025-10-02 20:00", MUM | {"name": "Eva Brown"})
    states(school, "2025-10-02 19:00", MUM, arrives="2025-10-02 21:00")
    first, second = named(school)
    assert first["parent"] == second["parent"]
    assert second.text["name"] == "Eva Brown"
    assert len(school.entries("ParentRecorded")) == 1


def test_a_source_without_ids_finds_a_parent_by_name_within_this_one_pupil(school: School) -> None:
    for night in ("2025-09-02", "2025-09-03"):
        school.enters("Ann", "Ben", at=f"{night} 20:00", parents=[parent("Eva  stone"), parent("EVA STONE", order=2)])
    assert len(named(school)) == 4, "two of one name for each of two pupils"
    assert len({entry["parent"] for entry in named(school)}) == 4
    assert len(school.entries("ParentRecorded")) == 4


def test_a_second_source_means_the_same_parent_by_the_same_name(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM)
    row = pupil("Ann", parents=[MUM | {"mis_parent": "W-17"}])
    for night in ("2025-09-03", "2025-09-04"):
        school.says("PupilsStated", f"{night} 20:00", source=NIGHTLY, whole=False, pupils=[row | {"mis_pupil": "Ann"}])
    assert len({entry["parent"] for entry in named(school)}) == len({entry.stream for entry in named(school)})


def test_two_ids_of_one_system_are_two_people_whatever_they_are_called(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM)
    states(school, "2025-09-03 20:00", MUM, MUM | {"mis_parent": "P9", "relationship": "grandmother"})
    assert len({entry["parent"] for entry in named(school)}) == 2


def test_parents_said_twice_in_one_batch_are_named_once(school: School) -> None:
    with school.one_batch():
        states(school, "2025-09-02 20:00", MUM)
        states(school, "2025-09-02 20:01", MUM, DAD)
    assert len(named(school)) == 2
    assert len(school.entries("ParentRecorded")) == 2


def test_a_parent_without_id_and_name_waits_with_the_row_and_the_others_are_recorded(school: School) -> None:
    states(school, "2025-09-02 20:00", MUM, parent(None, phones="01429 3"))
    assert [w.rule for w in school.held] == ["g4"]
    assert len(school.entries("ParentRecorded")) == 1


def test_parents_of_a_place_agreed_are_recorded_before_the_pupil_comes(school: School) -> None:
    school.enters("Zoe", at="2025-09-02 20:00", stage="agreed", starting_day="2025-10-06", parents=[MUM])
    school.enters("Zoe", at="2025-10-06 08:00", starting_day="2025-10-06", parents=[MUM])
    assert school.roll_story("Zoe") == [["StartingDayAgreed", "YearRecorded", "ParentRecorded", "PupilEntered"]]


def test_a_parent_who_is_listed_twice_with_two_numbers_is_one_and_not_recorded_every_night(school: School) -> None:
    mum = {"mis_parent": "P1", "name": "Eva Stone"}
    both = [{**mum, "phones": "01429 1"}, {**mum, "phones": "01429 2"}]
    for night in ("2025-09-02", "2025-09-03", "2025-09-04"):
        school.enters("Ann", at=f"{night} 20:00", parents=both)
    recorded = school.entries("ParentRecorded")
    assert [e.text["phones"] for e in recorded] == ["01429 1", "01429 2"], "neither is lost"
    assert len({e["parent"] for e in recorded}) == 1
