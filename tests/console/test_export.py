"""`rollbook export`: the published statistics' own shape, whole, with small numbers kept back, and what it says is so."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from domain.codes import NATIONAL
from projections.published import EVERY, PARTS, REASON_OF, Part
from tests.console.conftest import Command, settled, standing
from tests.making import LAESTAB, URN, School

DAYS = ("2025-09-01", "2025-09-02", "2025-09-03", "2025-09-04")


def four_mornings(home: Path) -> School:
    """Four mornings: Ann is there, Ben is ill once, Cal always absent."""
    school = settled(home, "Ann", "Ben", "Cal")
    for day in DAYS:
        school.takes("7B", f"{day} AM", "08:55", Ann="/", Ben="I" if day == DAYS[0] else "/", Cal="O")
    return school


term = standing(four_mornings)


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def exported(command: Command, folder: Path, *more: str) -> Path:
    said = command("export", str(folder), *more)
    assert said.code == 0, said.err
    return folder


def part(rows: list[dict[str, str]], level: str, *which: str) -> dict[str, str]:
    (row,) = (
        row
        for row in rows
        if (row["geographic_level"], row["attendance_status"], row["attendance_type"], row["attendance_reason"])
        == (level, *which)
        and row["education_phase"] != "Total"
    )
    return row


def test_the_tidy_file_has_the_published_columns_a_total_of_everything_and_its_description(
    term: School, at_school: Command, tmp_path: Path
) -> None:
    folder = exported(at_school, tmp_path / "out", "--suppress-below", "0", "--new-la-code", "E06000001")
    rows = read(folder, "attendance")
    whole = part(rows, "School", "Total", "Total", "Total")
    assert (whole["session_count"], whole["session_percent"]) == ("12", "100.00000")
    assert (whole["time_period"], whole["time_identifier"]) == ("202526", "Academic year")
    assert (whole["school_laestab"], whole["school_urn"], whole["old_la_code"]) == (LAESTAB, URN, "805")
    assert (whole["new_la_code"], whole["country_code"]) == ("E06000001", "E92000001")
    assert part(rows, "School", "Absence", "Total", "Total")["session_percent"] == "41.66667"
    assert part(rows, "Local authority", "Absence", "Unauthorised", "Other unauthorised")["session_count"] == "4"
    meta = read(folder, "attendance.meta")
    assert {row["col_name"] for row in meta if row["col_type"] == "Filter"} == {
        "education_phase",
        "attendance_status",
        "attendance_type",
        "attendance_reason",
    }
    described = {row["col_name"] for row in meta}
    assert {"session_count", "session_percent"} <= described <= set(rows[0])


def test_every_sum_of_the_tidy_file_is_the_sum_of_its_parts(term: School, at_school: Command, tmp_path: Path) -> None:
    rows = read(exported(at_school, tmp_path / "out", "--suppress-below", "0"), "attendance")
    for level in ("School", "Local authority"):
        counts = {
            Part(row["attendance_status"], row["attendance_type"], row["attendance_reason"]): int(row["session_count"])
            for row in rows
            if row["geographic_level"] == level and row["education_phase"] != "Total"
        }
        assert set(counts) == set(EVERY)
        for total, parts in PARTS.items():
            assert counts[total] == sum(counts[one] for one in parts), total


def test_small_numbers_are_kept_back_and_so_is_what_would_give_them_away(
    term: School, at_school: Command, tmp_path: Path
) -> None:
    rows = read(exported(at_school, tmp_path / "out", "--suppress-below", "2"), "attendance")
    ill = part(rows, "School", "Absence", "Authorised", "Illness")
    assert (ill["session_count"], ill["session_percent"]) == ("c", "c")
    assert part(rows, "School", "Absence", "Authorised", "Total")["session_count"] == "c"
    assert part(rows, "School", "Absence", "Authorised", "Excluded")["session_count"] == "0"
    assert not [row for row in rows if row["session_count"] == "1"]
    exported(at_school, tmp_path / "out")
    absence = read(tmp_path / "out", "persistent_absence")
    assert {row["enrolments"] for row in absence} <= {"c"}
    assert {row["sess_overall"] for row in absence} <= {"c"}


def test_the_wide_file_says_the_same_as_totals(term: School, at_school: Command, tmp_path: Path) -> None:
    rows = read(
        exported(at_school, tmp_path / "out", "--suppress-below", "0", "--what", "wide"), "attendance_by_reason_wide"
    )
    (totals,) = at_school("totals", "--json").data
    for row in rows:
        for name, value in totals.items():
            if name not in ("education_phase", "time_period"):
                assert row[name] == str(value), name
    assert not (tmp_path / "out" / "attendance.csv").exists()


@pytest.mark.parametrize(("by", "period"), [("week", ("2025", "Week 36")), ("term", ("202526", "Autumn term"))])
def test_periods_are_named_as_published(
    term: School, at_school: Command, tmp_path: Path, by: str, period: tuple[str, str]
) -> None:
    rows = read(exported(at_school, tmp_path / "out", "--by", by, "--what", "attendance"), "attendance")
    assert {(row["time_period"], row["time_identifier"]) for row in rows} == {period}


def test_an_export_as_at_a_moment_knows_nothing_later(term: School, at_school: Command, tmp_path: Path) -> None:
    folder = exported(at_school, tmp_path / "out", "--suppress-below", "0", "--as-at", f"{DAYS[0]} 12:00")
    assert part(read(folder, "attendance"), "School", "Total", "Total", "Total")["session_count"] == "3"


def test_of_one_school_nothing_is_said_of_its_authority(term: School, at_school: Command, tmp_path: Path) -> None:
    folder = exported(at_school, tmp_path / "out", "--suppress-below", "0", "--place", LAESTAB)
    for name in ("attendance", "attendance_by_reason_wide", "persistent_absence"):
        assert {row["geographic_level"] for row in read(folder, name)} <= {"School"}, name


def test_sessions_of_few_pupils_are_kept_back_in_every_file_however_many_they_are(
    term: School, at_school: Command, tmp_path: Path
) -> None:
    folder = exported(at_school, tmp_path / "out", "--suppress-below", "4")
    assert {row["session_count"] for row in read(folder, "attendance")} == {"c"}
    assert {row["possible_sessions"] for row in read(folder, "attendance_by_reason_wide")} == {"c"}
    enough = exported(at_school, tmp_path / "enough", "--suppress-below", "3")
    assert part(read(enough, "attendance"), "School", "Total", "Total", "Total")["session_count"] == "12"


def test_the_authority_decides_what_is_small(term: School, at_school: Command, tmp_path: Path) -> None:
    assert at_school("export", str(tmp_path / "out"), "--json").data["suppress_below"] == 6
    assert at_school("export", str(tmp_path / "out"), "--school-year", "2025").code == 2


def test_every_code_that_is_a_possible_session_has_a_reason_of_its_own_within_its_type() -> None:
    possible = [code for code in NATIONAL.values() if code.possible]
    assert set(REASON_OF) == {code.code for code in possible}
    named = [(code.statistical_class, REASON_OF[code.code]) for code in possible]
    assert len(named) == len(set(named))
