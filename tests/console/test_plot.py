"""`rollbook plot` draws what the answers say, into a picture that names what it shows."""

from __future__ import annotations

import re
from pathlib import Path

from tests.console.conftest import Command, settled, standing
from tests.making import LAESTAB, School


def two_weeks(home: Path) -> School:
    """Two weeks: Ann is there, Ben half the time, Cal never."""
    school = settled(home, "Ann", "Ben", "Cal")
    for n, day in enumerate(("2025-09-01", "2025-09-02", "2025-09-08", "2025-09-09")):
        school.takes("7B", f"{day} AM", "08:55", Ann="/", Ben="I" if n % 2 else "/", Cal="O")
    return school


term = standing(two_weeks)


def said_in(svg: Path) -> str:
    """The words of a picture."""
    return " ".join(re.findall(r">([^<>]+)<", svg.read_text("utf-8")))


def test_attendance_by_week_says_its_weeks_units_and_figures(term: School, at_school: Command, tmp_path: Path) -> None:
    file = tmp_path / "weeks.svg"
    said = at_school("plot", "attendance", str(file), "--place", LAESTAB)
    assert said.code == 0, said.err
    words = said_in(file)
    for wanted in ("Attendance and absence by week", "Marram", "2025/26", "1 Sep", "8 Sep", "50.0 %", "Simulated"):
        assert wanted in words
    assert "% of possible sessions" in words
    assert "Absent, unauthorised" in words
    assert file.stat().st_mode & 0o077 == 0


def test_the_cohort_by_year_group_says_how_many(term: School, at_school: Command, tmp_path: Path) -> None:
    file = tmp_path / "cohort.svg"
    assert at_school("plot", "cohort", str(file)).code == 0
    words = said_in(file)
    for wanted in (
        "Persistent and severe absence by year group",
        "Severely absent (50 % or more)",
        "% of the year group",
    ):
        assert wanted in words


def test_a_picture_is_the_same_each_time_and_can_be_a_png(term: School, at_school: Command, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert at_school("plot", "attendance", str(tmp_path / f"{name}.svg")).code == 0
        assert at_school("plot", "attendance", str(tmp_path / f"{name}.png")).code == 0
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_a_picture_as_at_a_moment_knows_nothing_later(term: School, at_school: Command, tmp_path: Path) -> None:
    file = tmp_path / "weeks.svg"
    assert at_school("plot", "attendance", str(file), "--as-at", "2025-09-05 12:00").code == 0
    assert "as recorded by" in said_in(file)
    assert "8 Sep" not in said_in(file)


def test_other_kinds_of_file_and_empty_registers_are_refused(
    school: School, at_school: Command, tmp_path: Path
) -> None:
    assert at_school("plot", "attendance", str(tmp_path / "weeks.pdf")).code == 2
    said = at_school("plot", "attendance", str(tmp_path / "weeks.png"))
    assert (said.code, "no possible session to draw" in said.err) == (1, True)
    assert list(tmp_path.glob("*.png")) == []
