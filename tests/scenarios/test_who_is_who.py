"""What leads to whom, and that it is the same whether it was remembered or read."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers.file_import import import_file
from domain.ledger import unit
from tests.making import SIMS, School, container

MON = "2025-09-01 AM"
UPN = "A805200017129"


def by_upn(school: School, when: str, at: str) -> None:
    """A register that knows the pupil by UPN only."""
    row = {"mis_pupil": "unheard-of", "upn": UPN, "code": "/"}
    school.take(school.taking("7B", when, at, marks=[row]))


def test_a_number_given_to_a_second_child_leads_to_nobody_whether_remembered_or_read(school: School) -> None:
    school.enters("Dora", upn=UPN)
    by_upn(school, MON, "09:01")
    assert school.register(MON) == {"Dora": "/"}
    school.enters("Eve", upn=UPN)
    by_upn(school, "2025-09-02 AM", "09:01")
    assert school.register("2025-09-02 AM") == {}
    assert [w.rule for w in school.held] == ["g3"]


def test_a_second_stay_does_not_hide_the_first_when_look_ups_are_forgotten(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit, "_FACTS_KEPT", 0)
    school.takes("7B", MON, "09:01", Ann="N")
    school.leaves("Ann", "2025-09-05", "2025-09-05 16:00")
    with school.one_batch():
        school.enters("Ann", at="2025-09-15 08:00", starting_day="2025-09-15")
        school.changes(MON, "2025-09-15 08:05", Ann=("N", "I"))
    assert school.register(MON) == {"Ann": "I"}
    assert [entry.topic for entry in school.session(MON)][-1] == "MarkAmended"


def test_the_id_by_which_a_source_knows_a_place_is_sealed_in_the_ledger(school: School) -> None:
    (described,) = [e for e in school.entries("SourceDescribed") if e["source"] == SIMS]
    assert described["sealed_key"] is not None
    assert described.text == {"local_id": "marram"}


def test_a_leaver_whom_a_newer_roll_has_here_is_held_for_a_person_to_say(school: School) -> None:
    school.enters("Ann", at="2025-09-15 08:00", address="1 New Street")
    school.leaves("Ann", "2025-09-05", "2025-09-05 16:00", arrives="2025-09-16 08:00")
    assert [w.rule for w in school.held] == ["g6"]
    assert not school.entries("PupilDeleted")
    school.leaves("Ann", "2025-09-05", "2025-09-16 09:00")
    assert len(school.entries("PupilDeleted")) == 1


def test_what_was_told_beforehand_stays_so_in_a_file_that_is_taken_in_a_year_later(tmp_path: Path) -> None:
    (tmp_path / "then").mkdir()
    (tmp_path / "later").mkdir()
    school = School.ready(tmp_path / "then")
    row = {"date": "2025-09-22", "session": "AM", "mis_pupil": "Ann", "code": "H"}
    said = {"from": "2025-09-03", "to": "2025-09-22", "whole": False, "marks": [row]}
    path = container(tmp_path / "late.avro", school.delivery("RegisterSnapshot", "2025-09-03 19:00", **said))
    later = School.founded(tmp_path / "later", clock="system")
    later.describes_place("2025-08-01 08:00")
    later.registers_source("2025-08-01 08:01", SIMS)
    later.enters("Ann")
    import_file(later.ledger, path)
    assert [entry.topic for entry in later.session("2025-09-22 AM")][-1] == "MarkForeseen"
    later.close()
    school.close()
