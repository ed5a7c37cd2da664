"""What stands beside an entry: future address, other schools, status, boarding, characteristics (regulation 8(3)-(6))."""

from __future__ import annotations

from typing import Any

import pytest

from tests.making import Entry, School, day, moment

OTHER = "8059999"


def a_second_school(school: School) -> bytes:
    school.describes_place("2025-08-28 09:00", laestab=OTHER, urn="109999", name="Dune Unit", kind="pru")
    school.registers_source("2025-08-28 09:01", b"U" * 16, places=[{"laestab": OTHER, "local_id": "unit"}])
    place: bytes = school.entries("PlaceDescribed")[-1]["place"]
    return place


def told(school: School, topic: str) -> list[Entry]:
    return school.entries(topic)


def test_an_address_to_come_is_recorded_sealed_and_once(school: School) -> None:
    about = {
        "future_address": "9 Harbour Row",
        "future_address_from": "2025-12-01",
        "future_address_parents": "Eva Stone",
    }
    for night in ("2025-09-02", "2025-09-03"):
        school.enters("Ann", at=f"{night} 20:00", **about)
    (address,) = told(school, "FutureAddressRecorded")
    assert address["from"] == day("2025-12-01")
    assert address.text == {"address": "9 Harbour Row", "parents": "Eva Stone"}


def test_another_school_is_a_place_of_this_ledger_or_a_sealed_name(school: School) -> None:
    unit = a_second_school(school)
    schools = [
        {"laestab": OTHER, "name": "Dune Unit", "from": "2025-10-01", "told_by": "school_requires"},
        {"name": "Far Hill School", "told_by": "the neighbour"},
    ]
    for night in ("2025-09-02", "2025-09-03"):
        school.enters("Ann", at=f"{night} 20:00", other_schools=schools)
    known, unknown = told(school, "OtherSchoolRecorded")
    assert (known["other_place"], known["from"], known["told_by"]) == (unit, day("2025-10-01"), "school_requires")
    assert known["sealed"] is None
    assert (unknown["other_place"], unknown["told_by"], unknown.text["name"]) == (None, "not_said", "Far Hill School")


def test_a_pupil_found_registered_elsewhere_from_an_earlier_day_is_learned_late(school: School) -> None:
    """events.md 2.4: the status with its day in the past, and N becomes D."""
    unit = a_second_school(school)
    school.enters("Ann", at="2025-09-02 08:00", enrolment_status="C")
    school.takes("7B", "2025-10-06 AM", "09:05", Ann="N")
    about = {"enrolment_status": "S", "enrolment_status_from": "2025-09-29", "other_laestab": OTHER}
    for night in ("2025-10-20", "2025-10-21"):
        school.enters("Ann", at=f"{night} 08:00", **about)
    school.changes("2025-10-06 AM", "2025-10-20 08:10", Ann=("N", "D"))
    (status,) = told(school, "EnrolmentStatusRecorded")[1:]
    assert (status["status"], status["from"], status["other_place"]) == ("S", day("2025-09-29"), unit)
    assert school.chain("2025-10-06 AM", "Ann") == ["MarkRecorded N", "MarkAmended N to D"]
    assert school.register("2025-10-06 AM", as_at="2025-10-20 07:59") == {"Ann": "N"}


def test_main_and_subsidiary_change_places_by_one_statement_at_each_school(school: School) -> None:
    unit = a_second_school(school)
    marram: bytes = school.entries("PlaceDescribed")[0]["place"]
    at_unit = {"source": b"U" * 16, "local_id": "unit", "other_laestab": "8051234"}
    for at, here, there in (("2025-09-08", "M", "S"), ("2026-01-05", "S", "M")):
        upn = "H801200001001"
        school.enters("Ann", at=f"{at} 08:00", upn=upn, enrolment_status=here, other_laestab=OTHER)
        school.enters("Ann", at=f"{at} 09:00", upn=upn, enrolment_status=there, **at_unit)
    found = [(e.stream.split("/")[1], e["status"], e["other_place"]) for e in told(school, "EnrolmentStatusRecorded")]
    assert found == [
        (marram.hex(), "M", unit),
        (unit.hex(), "S", marram),
        (marram.hex(), "S", unit),
        (unit.hex(), "M", marram),
    ]


def test_a_subsidiary_registration_stated_with_the_entry_keeps_its_day_and_the_other_school(school: School) -> None:
    unit = a_second_school(school)
    about = {"enrolment_status": "S", "enrolment_status_from": "2025-09-01", "other_laestab": OTHER}
    for night in ("2025-09-02", "2025-09-03"):
        school.enters("Zoe", at=f"{night} 08:00", **about)
    assert school.roll_story("Zoe") == [["PupilEntered", "YearRecorded", "EnrolmentStatusRecorded"]]
    assert school.lines("Zoe")[0][-1]["other_place"] == unit


def test_a_change_of_entry_does_not_undo_a_change_of_status(school: School) -> None:
    school.enters("Zoe", at="2025-09-02 08:00", enrolment_status="C")
    school.enters("Zoe", at="2025-10-02 08:00", enrolment_status="M")
    school.enters("Zoe", at="2025-10-03 08:00", enrolment_status="M", address="3 New Road")
    before = school.head
    school.enters("Zoe", at="2025-10-04 08:00", enrolment_status="M", address="3 New Road")
    assert school.head == before


def test_boarding_is_recorded_when_it_begins_and_when_it_changes(school: School) -> None:
    for night, boarder in (("02", "boarder"), ("03", "boarder"), ("04", "seven_nights")):
        school.enters("Ann", at=f"2025-09-{night} 20:00", boarder=boarder, boarder_from="2025-09-01")
    school.enters("Ann", at="2025-11-03 20:00", boarder="no")
    found = [(e["boarder"], e["from"]) for e in told(school, "BoardingRecorded")]
    assert found == [
        ("boarder", day("2025-09-01")),
        ("seven_nights", day("2025-09-01")),
        ("no", day("2025-11-03")),
    ]


def kind(name: str, value: str | None = None, since: str | None = None, until: str | None = None) -> dict[str, Any]:
    return {"kind": name, "value": value, "from": since, "to": until}


def states(school: School, at: str, *kinds: dict[str, Any]) -> None:
    school.enters("Ann", at=at, characteristics=list(kinds))


def characteristics(school: School) -> list[tuple[str, str | None, int | None, int | None]]:
    return [(e["kind"], e.text.get("value"), e["from"], e["to"]) for e in told(school, "CharacteristicRecorded")]


def test_only_what_changes_in_a_pupils_characteristics_is_recorded_and_its_value_is_sealed(school: School) -> None:
    fsm, sen = kind("fsm", "true", "2025-09-01"), kind("sen_provision", "K", "2024-01-08")
    states(school, "2025-09-02 20:00", fsm, sen)
    states(school, "2025-09-03 20:00", sen, fsm)
    states(school, "2025-10-03 20:00", fsm, kind("sen_provision", "E", "2025-10-01"))
    states(school, "2025-11-03 20:00", kind("fsm", "true", "2025-09-01", "2025-10-31"))
    assert characteristics(school) == [
        ("fsm", "true", day("2025-09-01"), None),
        ("sen_provision", "K", day("2024-01-08"), None),
        ("sen_provision", "E", day("2025-10-01"), None),
        ("fsm", "true", day("2025-09-01"), day("2025-10-31")),
    ]
    assert all(e["sealed"] is not None for e in told(school, "CharacteristicRecorded"))


def test_a_characteristic_that_goes_and_comes_back_is_recorded_each_time(school: School) -> None:
    for night, value in (("02", "true"), ("03", "false"), ("04", "true"), ("05", "true")):
        states(school, f"2025-09-{night} 20:00", kind("young_carer", value))
    assert [value for _, value, _, _ in characteristics(school)] == ["true", "false", "true"]


def test_two_of_one_kind_stand_together_and_are_restated_together(school: School) -> None:
    asthma, epilepsy = kind("medical_condition", "asthma"), kind("medical_condition", "epilepsy")
    states(school, "2025-09-02 20:00", asthma, epilepsy)
    states(school, "2025-09-03 20:00", epilepsy, asthma)
    states(school, "2025-09-04 20:00", asthma)
    states(school, "2025-09-05 20:00", asthma, epilepsy)
    assert [value for _, value, _, _ in characteristics(school)] == [
        *("asthma", "epilepsy"),
        "asthma",
        *("asthma", "epilepsy"),
    ]


@pytest.mark.parametrize(
    "about",
    [{"characteristics": [kind("shoe_size", "36"), kind("fsm", "true")]}, {"boarder": "sometimes"}],
    ids=["characteristic", "boarder"],
)
def test_a_kind_that_nobody_knows_waits_with_its_row_and_the_rest_is_recorded(
    school: School, about: dict[str, Any]
) -> None:
    before = school.head
    counts = school.says(
        "PupilsStated",
        "2025-09-02 20:00",
        whole=False,
        pupils=[{"mis_pupil": "Ann", "starting_day": "2025-09-01", "full_name": "Ann", "address": "5 Quay", **about}],
    )
    assert (counts.held, counts.statements) == (1, 0)
    (waiting,) = school.held
    assert waiting.rule == "g4"
    assert "shoe_size" not in waiting.fields["sentence"]
    written = [e.topic for e in school.entries(after=before)]
    assert "EntryAmended" in written
    assert ("CharacteristicRecorded" in written) == ("characteristics" in about)


@pytest.mark.parametrize(
    "about",
    [
        {"parents": [{"name": "Eva Stone", "from": "2025-02-30"}]},
        {"other_schools": [{"name": "Far Hill", "from": "soon"}]},
        {"characteristics": [kind("fsm", "true", "2025-13-01")]},
        {"future_address_from": "2025-09-31"},
        {"boarder": "boarder", "boarder_from": "x"},
        {"stage": "agreed", "agreed_on": "2025-06-31"},
    ],
)
def test_a_day_that_does_not_exist_holds_the_row_and_nothing_of_it_is_recorded(
    school: School, about: dict[str, Any]
) -> None:
    before = len(school.entries(prefix="admission-register/"))
    school.enters("Ann", at="2025-09-02 20:00", address="5 Quay", **about)
    assert [w.rule for w in school.held] == ["g4"]
    assert len(school.entries(prefix="admission-register/")) == before


def test_a_transfer_file_is_kept_once_and_counted_nowhere(school: School) -> None:
    row: dict[str, Any] = {
        "mis_pupil": "Ann",
        "from_laestab": "8051111",
        "school": "Low Hill Primary",
        "year": "202425",
    }
    row |= {"possible": 380, "authorised": 10, "unauthorised": 2, "attended": 368}
    row |= {"marks_from": "2024-09-02", "marks": "/\\/\\IIMM"}
    for at in ("2025-09-03", "2025-09-04"):
        school.says("TransferReceived", f"{at} 08:00", transfers=[row])
    (prior,) = told(school, "PriorTotalsReceived")
    assert (prior["year"], prior["possible"], prior["marks_from"]) == (202425, 380, day("2024-09-02"))
    assert prior.text == {"marks": "/\\/\\IIMM", "school": "Low Hill Primary"}
    assert prior["from_place"] is None
    assert school.intake.totals.duplicate == 1


def test_a_transfer_file_from_a_school_of_this_ledger_names_the_place(school: School) -> None:
    unit = a_second_school(school)
    row: dict[str, Any] = {"mis_pupil": "Ann", "from_laestab": OTHER, "school": "Dune Unit", "year": "202425"}
    row |= dict.fromkeys(("possible", "authorised", "unauthorised", "attended"), 0)
    school.says("TransferReceived", "2025-09-03 08:00", transfers=[row])
    (prior,) = told(school, "PriorTotalsReceived")
    assert (prior["from_place"], prior["sealed"]) == (unit, None)


def test_a_transfer_file_that_comes_before_its_pupil_waits_for_him(school: School) -> None:
    row: dict[str, Any] = {
        "mis_pupil": "Zoe",
        "year": "202425",
        "possible": 380,
        "authorised": 0,
        "unauthorised": 0,
        "attended": 380,
    }
    school.says("TransferReceived", "2025-09-03 08:00", transfers=[row])
    assert [w.rule for w in school.held] == ["g3"]
    school.enters("Zoe", at="2025-09-10 08:00", stage="agreed", starting_day="2025-10-06")
    assert school.held == []
    assert school.lines("Zoe")[0][-1]["first_held_at"] == moment("2025-09-03 08:00")


@pytest.mark.parametrize("wrong", [{"year": "202427"}, {"possible": -1}, {"marks_from": "2024-02-30"}])
def test_totals_that_cannot_exist_are_held(school: School, wrong: dict[str, Any]) -> None:
    row: dict[str, Any] = {
        "mis_pupil": "Ann",
        "year": "202425",
        "possible": 380,
        "authorised": 0,
        "unauthorised": 0,
        "attended": 380,
    }
    school.says("TransferReceived", "2025-09-03 08:00", transfers=[row | wrong])
    assert [w.rule for w in school.held] == ["g4"]
