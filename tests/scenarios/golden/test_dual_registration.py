"""A pupil on two registers: each school counts the sessions due at it, and D leaves its denominator (law.md 4, 7.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.making import TIMES, School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import on, picked, registers

PRU: dict[str, Any] = {"laestab": "8051235", "local_id": "saltholme"}


@pytest.fixture
def both(school: School) -> School:
    """Ann is on the roll of Marram School, and at Saltholme PRU too, which keeps a register of its own."""
    school.describes_place("2025-08-28 09:00", name="Saltholme PRU", urn="100002", kind="pru", **PRU)
    school.registers_source("2025-08-28 09:01", school.source, places=[PRU])
    school.says("SessionTimesStated", "2025-08-28 09:02", times=[TIMES], **PRU)
    school.plans("2025-08-28 09:03", **PRU)
    school.enters("Ann", upn="H801200001001", birth_date="2014-02-03", enrolment_status="M")
    school.enters("Ann", upn="H801200001001", birth_date="2014-02-03", enrolment_status="S", **PRU)
    return school


def at_saltholme(school: School, day: str, *codes: str) -> None:
    for session, at, code in zip(("AM", "PM"), ("09:05", "13:05"), codes, strict=False):
        school.takes("PRU1", f"{day} {session}", at, Ann=code, **PRU)


def test_each_school_counts_its_own_sessions(both: School, ask_for: AskFor) -> None:
    registers(both, "2025-09-01", "2025-09-02", Ann=("/", "\\"))
    registers(both, "2025-09-03", "2025-09-05", Ann="D")
    at_saltholme(both, "2025-09-03", "/", "\\")
    at_saltholme(both, "2025-09-04", "O", "O")
    at_saltholme(both, "2025-09-05", "/", "\\")
    rows = ask_for("persistent_absence").of("Ann", "persistent_absence", cohort="working")
    assert [picked(row, "possible", "absent", "persistent") for row in rows] == [(4, 0, 0), (6, 2, 1)]


def test_d_is_checked_against_the_register_of_the_other_school(both: School, ask_both: AskFor) -> None:
    registers(both, "2025-09-03", "2025-09-04", Ann="D")
    at_saltholme(both, "2025-09-03", "/", "D")
    at_saltholme(both, "2025-09-04", "O")
    asks = ask_both("dual_registration")

    def at_marram(as_at: str | None = None) -> list[tuple[Any, ...]]:
        rows = asks.of("Ann", "dual_registration", as_at, place=1)
        assert {row["other_place"] for row in rows} == {2}
        return [picked(row, "session_date", "session", "other_code", "finding") for row in rows]

    assert at_marram() == [
        (on("2025-09-03"), 1, "/", "kept"),
        (on("2025-09-03"), 2, "D", "d_at_both"),
        (on("2025-09-04"), 1, "O", "kept"),
        (on("2025-09-04"), 2, None, "other_register_silent"),
    ]
    # What the other school sent came in after the registers of both days.
    assert at_marram("2025-09-03 12:00") == [(on("2025-09-03"), 1, None, "other_register_silent")]


def test_of_three_registers_code_and_place_are_those_of_one_of_them(both: School, ask_both: AskFor) -> None:
    """A third place has the child on its roll and keeps no entry: the code of the second is not said of the third."""
    third: dict[str, Any] = {"laestab": "8051236", "local_id": "acorn"}
    both.describes_place("2025-08-28 09:00", name="Acorn PRU", urn="100003", kind="pru", **third)
    both.registers_source("2025-08-28 09:01", both.source, places=[third, PRU])
    both.says("SessionTimesStated", "2025-08-28 09:02", times=[TIMES], **third)
    both.plans("2025-08-28 09:03", **third)
    both.enters("Ann", upn="H801200001001", birth_date="2014-02-03", enrolment_status="S", **third)
    registers(both, "2025-09-03", "2025-09-03", Ann="D")
    both.takes("A1", "2025-09-03 AM", "09:05", Ann="D", **third)
    at_saltholme(both, "2025-09-03", "I")
    rows = ask_both("dual_registration").of("Ann", "dual_registration", place=1)
    assert [picked(row, "session", "other_place", "other_code", "finding") for row in rows] == [
        (1, 2, "I", "kept"),
        (2, 2, None, "other_register_silent"),
    ]


def test_absences_at_two_schools_make_no_threshold_together(both: School, ask_for: AskFor) -> None:
    registers(both, "2025-09-01", "2025-09-03", Ann="O")
    for day in ("2025-09-04", "2025-09-05"):
        at_saltholme(both, day, "O", "O")
    asks = ask_for("penalty")
    assert asks.of("Ann", "penalty") == [], "six and four: the window is of one school's register (PNR reg 9A)"
    registers(both, "2025-09-08", "2025-09-09", Ann="O")
    assert asks.one("Ann", "penalty")["most_in_window"] == 10
