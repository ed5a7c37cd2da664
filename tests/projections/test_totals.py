"""Totals count what stands, as the Department for Education counts it, by way of the answers, and at any moment."""

from __future__ import annotations

import csv
from pathlib import Path

from domain.codes import NATIONAL
from projections.totals import COLUMNS, COUNTS, PERCENTAGES, REASONS, row_of
from tests.answering import totals_of
from tests.making import SIMS, School, moment

PUBLISHED = Path(__file__).parent.parent / "data" / "attendance_by_reason_three_authorities_202425.csv"
MON, TUE = "2025-09-01 AM", "2025-09-02 AM"


def busy(school: School) -> School:
    """A Monday and a Tuesday on which everything happens once."""
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    school.changes(MON, "11:00", Ben=("N", "I"), reason="Mother rang.", by="K")
    school.removes(MON, "12:00", "Cal")
    school.takes("7B", TUE, "08:45", Ann="L", Ben="ZZ9", Cal="X")
    school.foresees("2025-09-03 AM", "2025-09-02 12:00", Ann="C")
    school.logs(MON, "2025-09-02 16:00", "Ann", ("N", "08:00", "08:30"))
    return school


def test_totals_as_at_a_moment_are_those_of_a_ledger_that_stopped_there(tmp_path: Path) -> None:
    school = busy(School.ready(tmp_path))
    row = totals_of(school.ledger, moment("2025-09-01 10:00")).rows[0]
    assert (row["possible_sessions"], row["unauthorised_absence"], row["attendance_perc"]) == (3, 1, "66.66667")


def test_what_stands_outside_the_denominator_is_said(tmp_path: Path) -> None:
    found = totals_of(busy(School.ready(tmp_path)).ledger)
    assert found.not_possible == 1
    assert dict(found.population.left_out) == {"unmapped": 1, "overtaken": 1, "withdrawn": 1}
    assert found.rows[0]["possible_sessions"] == 3


def test_a_place_without_a_possible_session_has_no_rate(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="X")
    row = totals_of(school.ledger).rows[0]
    assert (row["possible_sessions"], row["attendance_perc"]) == (0, None)


def test_an_empty_ledger_has_no_totals(tmp_path: Path) -> None:
    assert totals_of(School.ready(tmp_path).ledger).rows == []


def test_a_total_stands_beside_phases_when_there_are_several(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    other = {"laestab": "8052001", "local_id": "dunlin"}
    school.describes_place("2025-08-29 08:00", laestab="8052001", urn="100002", phase="middle_p", name="Dunlin")
    places = [{"laestab": "8051234", "local_id": "marram"}, other]
    school.registers_source("2025-08-29 08:00", SIMS, places=places)
    school.enters("Dee", local_id="dunlin")
    school.takes("7B", MON, "08:45", Ann="/", Ben="N")
    assert [row["education_phase"] for row in totals_of(school.ledger).rows] == ["Secondary"]
    school.takes("1A", MON, "08:50", Dee="/", local_id="dunlin")
    found = {row["education_phase"]: row["possible_sessions"] for row in totals_of(school.ledger).rows}
    assert found == {"Primary": 1, "Secondary": 2, "Total": 3}


def test_every_published_row_comes_back_from_its_counts_by_reason() -> None:
    """The published file itself: counts by reason in, every other column out, to the fifth decimal."""
    columns = {code.published_column: name for name, code in NATIONAL.items() if code.published_column}
    with PUBLISHED.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for published in rows:
        codes = {columns[name]: int(published[name]) for name in REASONS if name in columns}
        listed = sum(codes[c] for c in ("C", "C1", "C2", "E", "H", "I", "J1", "M", "R", "S", "T"))
        codes["F"] = int(published["authorised_absence"]) - listed
        row = row_of(published["time_period"], published["old_la_code"], published["education_phase"], codes)
        for name in (*COUNTS, *REASONS):
            assert row[name] == int(published[name]), (published["la_name"], published["education_phase"], name)
        for name in PERCENTAGES:
            assert row[name] == published[name], (published["la_name"], published["education_phase"], name)
        assert tuple(row) == COLUMNS
