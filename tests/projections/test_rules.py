"""Rules that are dates: the spring bank holiday, from which 15-year-olds' sessions are in no published figure."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from projections.facts.rules import rules

HOLIDAYS = {row["school_year"]: row for row in rules()["holiday_rule"].to_dicts()}
MOVED = {200102: date(2002, 6, 4), 201112: date(2012, 6, 4), 202122: date(2022, 6, 2)}
"""Moved by proclamation to stand beside the holiday of a jubilee."""


def test_every_school_year_from_2000_to_2060_has_its_spring_bank_holiday_once() -> None:
    assert list(HOLIDAYS) == [first * 100 + (first + 1) % 100 for first in range(2000, 2060)]
    assert rules()["holiday_rule"].height == 60


def test_the_spring_bank_holiday_is_the_last_monday_in_may_but_for_three_jubilees() -> None:
    for year, row in HOLIDAYS.items():
        day = row["on_date"]
        assert day.year == year // 100 + 1
        if year in MOVED:
            assert day == MOVED[year]
        else:
            assert (day.strftime("%A %B"), (day + timedelta(days=7)).month) == ("Monday May", 6)


def test_the_week_of_the_spring_bank_holiday_begins_on_its_monday() -> None:
    for row in HOLIDAYS.values():
        assert row["week_start"].strftime("%A") == "Monday"
        assert timedelta(0) <= row["on_date"] - row["week_start"] < timedelta(days=7)


@pytest.mark.parametrize(
    ("year", "day", "week"),
    [(202425, "2025-05-26", "2025-05-26"), (202122, "2022-06-02", "2022-05-30"), (200102, "2002-06-04", "2002-06-03")],
)
def test_the_spring_bank_holidays_of_years_that_people_remember(year: int, day: str, week: str) -> None:
    row = HOLIDAYS[year]
    assert (str(row["on_date"]), str(row["week_start"])) == (day, week)
