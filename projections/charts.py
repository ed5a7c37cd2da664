# ruff: noqa: S608 -- what is put into these statements is numbers and names of our own
"""What charts are drawn from: attendance by week, and cohorts by year group, as rows of counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from projections.questions import About

if TYPE_CHECKING:
    from projections.engines.engine import Reader


def attendance_by_week(reader: Reader, about: About, year: int, cohort: str) -> pl.DataFrame:
    """Of a cohort: possible, present, authorised and unauthorised sessions of each week of a school year with any."""
    return reader.ask(
        "select w.week_start, cast(sum(w.possible) as bigint) as possible, cast(sum(w.present) as bigint) as present,"
        " cast(sum(case when w.class = 'AUTH' then w.sessions else 0 end) as bigint) as authorised,"
        " cast(sum(case when w.class = 'UNAUTH' then w.sessions else 0 end) as bigint) as unauthorised"
        f" from attendance_place_week w where w.cohort = '{cohort}' and w.school_year = {year:d}{about.of_place('w')}"
        " group by w.week_start having sum(w.possible) > 0 order by w.week_start"
    )


def cohort_by_year_group(reader: Reader, about: About, year: int, cohort: str) -> pl.DataFrame:
    """Enrolments of each year group, and of them persistently and severely absent; last, where it is not known."""
    return reader.ask(
        "select p.nc_year, count(*) as enrolments, count(*) filter (where p.persistent = 1) as persistent,"
        " count(*) filter (where p.severe = 1) as severe from persistent_absence p"
        f" where p.school_year = {year:d}"
        f" and p.cohort = '{cohort}'{about.of_place('p')}"
        " group by p.nc_year order by coalesce(p.nc_year, 99)"
    )


def latest_year_of_sessions(reader: Reader) -> int | None:
    """The latest school year with a possible session."""
    found = reader.ask("select max(y.school_year) as school_year from absence_year y")
    return found["school_year"][0] if len(found) else None
