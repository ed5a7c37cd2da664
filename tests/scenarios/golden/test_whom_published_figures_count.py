"""Published figures count pupils of 5 to 15, of 15-year-olds until the spring bank holiday, and nobody who came then."""

from __future__ import annotations

import pytest

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, Asks, on, registers

ANSWERS = ("attendance_year", "absence_year", "persistent_absence", "published_line", "left_out")
HOLIDAY = "2026-05-25"


def sessions(asks: Asks, cohort: str, as_at: str | None = None) -> int:
    """Possible sessions of all, as `totals` sums them."""
    return sum(row["sessions"] for row in asks.all("attendance_year", as_at, cohort=cohort))


def counted(asks: Asks, name: str) -> dict[str, int]:
    """Possible sessions of one pupil by cohort."""
    return {row["cohort"]: row["possible"] for row in asks.of(name, "absence_year")}


@pytest.mark.parametrize(
    ("birth_date", "counts"),
    [
        ("2020-09-01", False),
        ("2020-08-31", True),
        ("2009-09-01", True),
        ("2009-08-31", False),
    ],
)
def test_ages_five_to_fifteen_on_31_august_count(
    school: School, ask_both: AskFor, birth_date: str, counts: bool
) -> None:
    school.enters("Dee", birth_date=birth_date, nc_year=7)
    registers(school, "2025-09-08", "2025-09-09", Dee="O", Ben=PRESENT)
    asks = ask_both(*ANSWERS)
    assert counted(asks, "Dee") == ({"working": 4, "statistical": 4} if counts else {"working": 4})
    assert (sessions(asks, "working"), sessions(asks, "statistical")) == (8, 8 if counts else 4)
    left_out = [(row["why"], row["entries"]) for row in asks.all("left_out", cohort="statistical")]
    assert left_out == ([] if counts else [("age", 4)])


def test_who_has_no_age_is_counted_and_known_for_it(school: School, ask_both: AskFor) -> None:
    school.enters("Dee")
    registers(school, "2025-09-08", "2025-09-09", Dee="O")
    asks = ask_both(*ANSWERS)
    assert counted(asks, "Dee") == {"working": 4, "statistical": 4}
    assert asks.one("Dee", "published_line")["age_known"] == 0


def test_sessions_of_fifteen_year_olds_from_the_spring_bank_holiday_on_count_in_no_published_figure(
    school: School, ask_both: AskFor
) -> None:
    school.enters("Dee", birth_date="2010-03-01", nc_year=11)
    registers(school, "2026-05-21", "2026-05-22", Dee=PRESENT, Ben=PRESENT)
    registers(school, "2026-06-01", "2026-06-02", Dee="O", Ben="O")
    asks = ask_both(*ANSWERS)
    assert counted(asks, "Dee") == {"working": 8, "statistical": 4}
    assert counted(asks, "Ben") == {"working": 8, "statistical": 8}
    assert (sessions(asks, "working"), sessions(asks, "statistical")) == (16, 12)
    assert asks.one("Dee", "published_line")["weeks_before"] == on(HOLIDAY)
    dee = {row["cohort"]: row["persistent"] for row in asks.of("Dee", "persistent_absence")}
    assert dee == {"working": 1, "statistical": 0}
    assert [(row["why"], row["entries"]) for row in asks.all("left_out", cohort="statistical")] == [("year_11", 4)]


@pytest.mark.parametrize(
    ("starting_day", "about", "counts"),
    [
        ("2026-05-22", {}, True),
        (HOLIDAY, {}, False),
        ("2026-06-01", {"admission": "in_year"}, False),
        ("2026-06-01", {"admission": "transferred_on_succession"}, True),
    ],
)
def test_who_first_enrolled_from_the_spring_bank_holiday_on_is_in_no_published_figure(
    school: School, ask_both: AskFor, starting_day: str, about: dict[str, str], counts: bool
) -> None:
    school.enters("Dee", at="2026-05-21 08:00", starting_day=starting_day, birth_date="2014-02-03", **about)
    registers(school, "2026-06-01", "2026-06-02", Dee="O", Ben="O")
    asks = ask_both(*ANSWERS)
    assert counted(asks, "Dee") == ({"working": 4, "statistical": 4} if counts else {"working": 4})
    assert sessions(asks, "statistical") == (8 if counts else 4)


def test_a_re_entry_in_june_has_begun_late_and_the_stay_before_counts(school: School, ask_both: AskFor) -> None:
    registers(school, "2026-05-11", "2026-05-12", Ann="O", Ben=PRESENT)
    school.leaves("Ann", "2026-05-12", "2026-05-12 16:00", deleted_on="2026-05-12")
    school.enters("Ann", at="2026-06-01 08:00", starting_day="2026-06-01", birth_date="2014-02-03", nc_year=7)
    registers(school, "2026-06-01", "2026-06-03", Ann="O")
    asks = ask_both(*ANSWERS)
    found = sorted((row["cohort"], row["possible"]) for row in asks.of("Ann", "absence_year"))
    assert found == [("statistical", 4), ("working", 4), ("working", 6)]


def test_boarders_are_in_no_figure_and_the_age_that_is_told_later_counts_from_then(
    school: School, ask_both: AskFor
) -> None:
    school.enters("Dee")
    school.enters("Ann", at="2025-09-01 07:00", boarder="seven_nights", boarder_from="2025-09-01")
    registers(school, "2025-09-08", "2025-09-09", Ann="O", Dee="O")
    asks = ask_both(*ANSWERS)
    assert (sessions(asks, "working"), sessions(asks, "statistical")) == (4, 4)
    school.enters("Dee", at="2025-09-10 08:00", birth_date="2009-01-01")
    assert (sessions(asks, "working"), sessions(asks, "statistical")) == (4, 0)
    assert sessions(asks, "statistical", "2025-09-09 18:00") == 4
