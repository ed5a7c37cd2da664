"""Totals count what stands, as the Department for Education counts it: against a naive count, and at any moment."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.codes import NATIONAL
from projections import totals as module
from projections.totals import COLUMNS, COUNTS, PERCENTAGES, REASONS, count_sessions, row_of, totals
from tests.making import SIMS, School, moment

PUBLISHED = Path(__file__).parent.parent / "data" / "attendance_by_reason_three_authorities_202425.csv"
MON, TUE = "2025-09-01 AM", "2025-09-02 AM"


def naive(school: School, as_at: str | None = None) -> Counter[str]:
    """Codes that stand, one register after another, by the folding of the tests' own."""
    sessions = {e.stream.split("/", 2)[2].replace("/", " ") for e in school.entries(prefix="attendance-register/")}
    return Counter(code for when in sessions for code in school.register(when, as_at).values())


def counted(school: School, as_at: str | None = None) -> Counter[str]:
    last = school.head if as_at is None else school.ledger.store.last_position_at(moment(as_at))
    found: Counter[str] = Counter()
    for cell, n in count_sessions(school.ledger, last).items():
        found[cell.code or "?ZZ9"] += n
    return found


def busy(school: School) -> School:
    """A Monday and a Tuesday on which everything happens once."""
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    school.changes(MON, "11:00", Ben=("N", "I"), reason="Mother rang.", by="K")
    school.removes(MON, "12:00", "Cal")
    school.takes("7B", TUE, "08:45", Ann="L", Ben="ZZ9", Cal="X")
    school.foresees("2025-09-03 AM", "2025-09-02 12:00", Ann="C")
    school.logs(MON, "2025-09-02 16:00", "Ann", ("N", "08:00", "08:30"))
    return school


def test_an_entry_counts_once_with_the_code_that_stands_now(tmp_path: Path) -> None:
    school = busy(School.ready(tmp_path))
    assert counted(school) == naive(school) == Counter({"/": 1, "I": 1, "L": 1, "X": 1, "?ZZ9": 1})


def test_foreseen_and_older_entries_never_count(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.foresees("2025-09-03 AM", "2025-09-02 12:00", Ann="C")
    school.changes(MON, "11:00", Ben=("N", "I"))
    assert [e.topic for e in school.entries("OlderEntryLearned", "MarkForeseen")] == [
        "MarkForeseen",
        "OlderEntryLearned",
    ]
    assert counted(school) == Counter({"I": 1})


def test_a_mark_withdrawn_and_entered_again_counts_once(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="/")
    school.removes(MON, "09:00", "Ann")
    assert counted(school) == Counter()
    school.takes("7B", MON, "10:00", Ann="I")
    assert counted(school) == naive(school) == Counter({"I": 1})


def test_totals_as_at_a_moment_are_those_of_a_ledger_that_stopped_there(tmp_path: Path) -> None:
    school = busy(School.ready(tmp_path))
    assert counted(school, "2025-09-01 10:00") == naive(school, "2025-09-01 10:00") == Counter({"/": 2, "N": 1})
    assert counted(school, "2025-09-01 11:30") == naive(school, "2025-09-01 11:30") == Counter({"/": 2, "I": 1})
    row = totals(school.ledger, moment("2025-09-01 10:00")).rows[0]
    assert (row["possible_sessions"], row["unauthorised_absence"], row["attendance_perc"]) == (3, 1, "66.66667")


def test_what_stands_outside_the_denominator_is_said(tmp_path: Path) -> None:
    found = totals(busy(School.ready(tmp_path)).ledger)
    assert (found.not_possible, found.not_national) == (1, 1)
    assert found.rows[0]["possible_sessions"] == 3


def test_a_place_without_a_possible_session_has_no_rate(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="X")
    row = totals(school.ledger).rows[0]
    assert (row["possible_sessions"], row["attendance_perc"]) == (0, None)


def test_an_empty_ledger_has_no_totals(tmp_path: Path) -> None:
    assert totals(School.ready(tmp_path).ledger).rows == []


def test_a_total_stands_beside_phases_when_there_are_several(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    other = {"laestab": "8052001", "local_id": "dunlin"}
    school.describes_place("2025-08-29 08:00", laestab="8052001", urn="100002", phase="middle_p", name="Dunlin")
    places = [{"laestab": "8051234", "local_id": "marram"}, other]
    school.registers_source("2025-08-29 08:00", SIMS, places=places)
    school.enters("Dee", local_id="dunlin")
    school.takes("7B", MON, "08:45", Ann="/", Ben="N")
    assert [row["education_phase"] for row in totals(school.ledger).rows] == ["Secondary"]
    school.takes("1A", MON, "08:50", Dee="/", local_id="dunlin")
    found = {row["education_phase"]: row["possible_sessions"] for row in totals(school.ledger).rows}
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


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 2), st.sampled_from(["/", "N", "I", "-"])), max_size=25)
)
def test_any_history_is_counted_as_a_naive_count_does(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, int, str]]
) -> None:
    """Marks, amendments, withdrawals and repeats in any order, read in pieces smaller than the history."""
    names = {"A": "Ann", "B": "Ben", "C": "Cal"}
    school = School.ready(tmp_path_factory.mktemp("history"))
    before, module.CHUNK = module.CHUNK, 7
    try:
        for n, (who, on, code) in enumerate(history):
            school.takes("7B", f"2025-09-0{1 + on} AM", f"2025-09-05 {10 + n // 60}:{n % 60:02d}", **{names[who]: code})
        assert counted(school) == naive(school)
    finally:
        module.CHUNK = before
        school.close()
