"""What waits is set free once, whoever is first, and what could not be read does not speak by its absence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fastavro
import pytest

from consumers import file_import
from consumers.deliveries import NotDeliveries, read_deliveries
from domain.events import NOBODY
from domain.ledger.held import BytesGone
from schemas.catalogue import mis
from tests.making import SIMS, School, container, mark, pupil

MON = "2025-09-01 AM"


def test_a_held_message_without_rows_is_set_free_by_its_place(tmp_path: Path) -> None:
    school = School.founded(tmp_path)
    school.takes("7B", MON, "09:01")
    assert [(w.rule, w.rows) for w in school.held] == [("g2", 0)]
    school.describes_place("2025-09-02 08:00")
    school.registers_source("2025-09-02 08:01", SIMS)
    assert school.held == []
    school.close()


def test_what_another_process_has_taken_is_not_dismissed_as_well(school: School) -> None:
    school.takes("7B", MON, "09:01", Ann="/", Zed="/")
    (waiting,) = school.held
    other = school.beside()
    school.enters("Zed")
    with pytest.raises(BytesGone, match="resolved or dismissed"):
        other.intake.dismiss(waiting.id, NOBODY, "a test message")
    other.close()
    assert [entry["became"] for entry in school.entries("InputResolved")] == ["events"]


def test_two_processes_that_begin_one_file_at_once_make_one_import(school: School) -> None:
    path = container(school.folder / "file.avro", school.taking("7B", MON, "09:01", Ann="/"))
    file = file_import.file_of_deliveries(path)
    other = school.beside()
    begun = [file_import._start(one.ledger, file) for one in (school, other)]
    other.close()
    assert begun[0] == begun[1]
    assert len(school.entries("ImportStarted")) == 1


def test_a_closure_that_cannot_be_read_is_not_taken_for_one_that_is_gone(school: School) -> None:
    school.plans("2025-09-01 08:00", [("2025-10-03", "2025-10-03", "inset")], whole=True)
    school.plans("2025-09-02 08:00", [("2025-10-03", "2025-10-03", "insett")], whole=True)
    assert [w.rule for w in school.held] == ["g4"]
    assert school.entries("CalendarAmended") == []
    school.plans("2025-09-03 08:00", whole=True)
    assert [entry["sessions"] for entry in school.entries("CalendarAmended")] == [0]


def test_a_leaver_who_had_to_wait_for_his_pupil_is_deleted_if_the_pupil_is_stated_as_gone(school: School) -> None:
    school.leaves("Dora", "2025-09-12", "2025-09-12 16:00", ground="9(1)(f)", deleted_on="2025-09-12")
    assert [w.rule for w in school.held] == ["g3"]
    school.enters("Dora", at="2025-09-15 08:00", leaving_on="2025-09-12")
    assert school.roll_story("Dora") == [["PupilEntered", "YearRecorded", "LeavingStated", "PupilDeleted"]]
    assert school.held == []


NANOSECONDS = 1_756_710_000_000_000_000
"""Sent for microseconds, as a careless producer may: some day in the year 57,000."""


@pytest.mark.parametrize("field", ["sent_at", "saved_at", "closed_at"])
def test_an_instant_that_no_calendar_can_say_is_held_and_stops_nobody(school: School, field: str) -> None:
    about: dict[str, Any] = {field: NANOSECONDS}
    school.take(school.taking("7B", MON, "09:01", Ann="/", **about))
    school.takes("7B", MON, "09:02", Ben="/")
    assert ([w.rule for w in school.held], school.register(MON)) == (["g1"], {"Ben": "/"})
    assert "does not fit the years 1 to 9999" in school.held[0].fields["sentence"]


def test_nor_does_one_in_a_roll_or_beside_a_mark(school: School) -> None:
    school.says("PupilsStated", "2025-09-01 08:00", sent_at=NANOSECONDS, whole=False, pupils=[pupil("Zoe")])
    school.take(school.taking("7B", MON, "09:01", Ann=mark("L", arrived_at=NANOSECONDS)))
    school.take(school.change(MON, "09:05", Ann="N", said_at=NANOSECONDS))
    assert [w.rule for w in school.held] == ["g1"] * 3


def test_a_file_received_in_no_year_is_refused_with_a_sentence(school: School) -> None:
    delivery = school.taking("7B", MON, "09:01", Ann="/")._replace(received_at=NANOSECONDS)
    with pytest.raises(NotDeliveries, match="outside the years 1 to 9999"):
        list(read_deliveries(container(school.folder / "file.avro", delivery)))


def test_what_one_process_holds_another_sets_free_when_it_enters_the_pupil(school: School) -> None:
    school.takes("7B", MON, "09:01", Ann="/")  # both have looked
    other = school.beside()
    other.takes("7B", MON, "09:02", Zed="N")
    school.enters("Zed")
    assert school.register(MON) == {"Ann": "/", "Zed": "N"}
    other.close()


def test_what_one_process_held_while_another_entered_the_pupil_is_free_at_its_next_message(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = school.beside()
    other.takes("7B", MON, "09:00", Ann="/")
    enter, decide = school.enters, other.intake._decide

    def slowly(*asked: Any) -> Any:
        decided = decide(*asked)
        monkeypatch.setattr(other.intake, "_decide", decide)
        enter("Zed")
        return decided

    monkeypatch.setattr(other.intake, "_decide", slowly)
    other.takes("7B", MON, "09:02", Zed="N")
    other.takes("7B", "2025-09-02 AM", "09:01", Ann="/")
    assert other.register(MON) == {"Ann": "/", "Zed": "N"}
    other.close()


def test_a_file_whose_schema_says_which_numbers_are_instants_is_read_as_one_that_does_not(school: School) -> None:
    """fastavro turns such numbers into datetimes: whoever writes a file by our own .avsc sends such a one."""
    register = school.taking("7B", MON, "09:01", Ann="/")
    file = school.folder / "theirs.avro"
    row = {name: getattr(register, name) for name in ("source", "key", "received_at", "value")}
    with file.open("wb") as out:
        fastavro.writer(out, json.loads(mis("Delivery").text), [row])
    assert list(read_deliveries(file)) == [register]
