"""A school becomes an academy on 1 January. By the letter the academy's register begins anew; by a setting of the
authority runs and windows go on over the conversion (PNR reg 9A: "a school's attendance register")."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ledger.commands import Done, MakeSetting, SucceedPlace, UndoSuccession, carry_out
from tests.making import LAESTAB, LOCAL_ID, SIMS, TERMS, TIMES, School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import on, picked, registers

SEAM = "2026-01-01"
ACADEMY: dict[str, Any] = {"urn": "150001"}


def places(school: School) -> list[bytes]:
    return list(dict.fromkeys(entry["place"] for entry in school.entries("PlaceDescribed")))


@pytest.fixture
def academy(school: School) -> School:
    """Marram School until Christmas, Marram Academy from then on: the same children, the same system."""
    registers(school, "2025-12-15", "2025-12-19", Ann="O", Ben=("O", "U"))
    school.describes_place("2025-12-20 09:00", kind="academy", name="Marram Academy", **ACADEMY, **{"from": SEAM})
    school.registers_source("2025-12-20 09:01", SIMS, places=[{**ACADEMY, "local_id": LOCAL_ID}], **{"from": SEAM})
    times = [{**TIMES, "from": SEAM}]
    school.says("SessionTimesStated", "2026-01-02 08:00", times=times, **ACADEMY)
    school.plans("2026-01-02 08:01", terms=TERMS[2:], **ACADEMY)
    about = {"birth_date": "2014-02-03", "nc_year": 7, "previous_laestab": LAESTAB}
    school.enters(
        "Ann",
        "Ben",
        "Cal",
        at="2026-01-05 07:00",
        starting_day=SEAM,
        admission="transferred_on_succession",
        **about,
    )
    old, new = places(school)
    command = SucceedPlace(
        old_place=old,
        new_place=new,
        on=date(2026, 1, 1),
        kind="academy_conversion",
        registers_move=True,
        custody_with=new,
    )
    assert isinstance(carry_out(school.ledger, command), Done)
    registers(school, "2026-01-05", "2026-01-09", Ann="O", Ben="O")
    return school


def lets_windows_run_over(school: School, value: int = 1, applies_from: str = "2025-09-01") -> None:
    setting = MakeSetting(setting="window_over_succession", value=value, applies_from=date.fromisoformat(applies_from))
    assert isinstance(carry_out(school.ledger, setting), Done)


def test_by_the_letter_five_days_here_and_five_days_there_are_no_run(academy: School, ask_for: AskFor) -> None:
    asks = ask_for("absence_run", "penalty")
    assert asks.of("Ann", "absence_run") == []
    assert [picked(row, "most_in_window") for row in asks.of("Ann", "penalty")] == [(10,), (10,)], "one at each school"


def test_by_the_setting_the_run_and_the_window_go_on(academy: School, ask_for: AskFor) -> None:
    asks = ask_for("absence_run", "penalty")
    assert asks.of("Ann", "absence_run") == []
    lets_windows_run_over(academy)
    run = asks.one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "from_date", "to_date", "school_days") == (on("2025-12-15"), on("2026-01-09"), 10)
    assert asks.one("Ann", "penalty")["most_in_window"] == 20


def test_u_breaks_the_count_of_twenty_over_the_conversion_too(academy: School, ask_for: AskFor) -> None:
    lets_windows_run_over(academy)
    registers(academy, "2026-01-12", "2026-01-16", Ben="O")
    asks = ask_for("absence_run")
    assert asks.one("Ben", "absence_run", limb="GNOU")["school_days"] == 15
    assert asks.one("Ben", "absence_run", limb="GNO")["from_date"] == on("2026-01-05")


def test_a_setting_made_later_leaves_earlier_questions_as_they_were(academy: School, ask_for: AskFor) -> None:
    academy.takes("7B", "2026-01-12 AM", "09:05", Ann="/")
    lets_windows_run_over(academy)
    asks = ask_for("absence_run")
    assert len(asks.of("Ann", "absence_run")) == 2
    assert asks.of("Ann", "absence_run", as_at="2026-01-09 18:00") == []
    lets_windows_run_over(academy, value=0)
    assert asks.of("Ann", "absence_run") == []


def test_a_conversion_that_was_undone_joins_nothing(academy: School, ask_for: AskFor) -> None:
    lets_windows_run_over(academy)
    asks = ask_for("absence_run")
    assert len(asks.of("Ann", "absence_run")) == 2
    old, _ = places(academy)
    undo = UndoSuccession(place=old, succession=None, reason="The order was withdrawn.")
    assert isinstance(carry_out(academy.ledger, undo), Done)
    assert asks.of("Ann", "absence_run") == []


def test_an_n_of_the_last_days_is_due_by_the_calendar_of_the_school_that_goes_on(
    academy: School, ask_for: AskFor
) -> None:
    academy.plans("2026-01-05 08:00", terms=(), closures=[("2026-01-05", "2026-01-05", "inset")], **ACADEMY)
    academy.takes("7B", "2025-12-19 AM", "2026-01-09 18:00", Cal="N")
    asks = ask_for("unresolved_n")
    assert asks.one("Cal", "unresolved_n")["due_on"] == on("2026-01-09"), "by the old school's own calendar"
    lets_windows_run_over(academy)
    assert asks.one("Cal", "unresolved_n")["due_on"] == on("2026-01-12"), "the academy had a training day"
