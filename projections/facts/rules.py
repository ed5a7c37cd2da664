"""The tables that are the same at every moment: codes, days, phases, holidays, and settings where none was made."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from domain.authority import RULES as SETTINGS
from domain.codes import ABSENCE, ATTENDANCE, NATIONAL
from domain.moments import academic_year
from projections.facts.columns import rows_of, schema_of
from projections.facts.tables import LAST_DAY, TABLES
from projections.totals import PHASES

FIRST, LAST = date(2000, 1, 1), date(2069, 12, 31)
"""Of the table of days."""
RELEVANT = frozenset("GNOU")
"""The relevant entries of a penalty notice (PNR reg 9A(5))."""


@cache
def rules() -> Mapping[str, pl.DataFrame]:
    """Every table of rules, by name; made once in a process, and no caller's to change."""
    return {
        "code_rule": _codes(),
        "day": _days(),
        "phase_rule": _phases(),
        "setting_rule": _settings(),
        "holiday_rule": _holidays(),
        "label_rule": _labels(),
    }


_DIGESTS: dict[int, tuple[pl.DataFrame, str]] = {}
"""By the identity of a frame, which is kept with it so that no other one takes its place."""


def digest_of_rules(frame: pl.DataFrame) -> str:
    """SHA-256 of what a table of rules says; worked out once for each frame, as nobody changes one: of all the days it
    takes longer than everything else that a runner does before it begins."""
    kept = _DIGESTS.get(id(frame))
    if kept is None:
        kept = _DIGESTS[id(frame)] = frame, hashlib.sha256(frame.write_csv().encode()).hexdigest()
    return kept[1]


def _codes() -> pl.DataFrame:
    first, last = date(1900, 1, 1), date.fromisoformat(LAST_DAY)
    return rows_of(
        "code_rule",
        [
            (
                code.code,
                str(code.statistical_class),
                int(code.possible),
                int(code.statistical_class in ATTENDANCE),
                int(code.statistical_class in ABSENCE),
                int(code.late),
                int(code.code in RELEVANT),
                int("nature" in code.must_record),
                int("AM" in code.sessions),
                int("PM" in code.sessions),
                code.pupils,
                _number(code.valid_from or first),
                _number(code.valid_until or last),
                code.published_column,
            )
            for code in NATIONAL.values()
        ],
    )


def _days() -> pl.DataFrame:
    day = pl.col("session_date")
    months = pl.date_range(FIRST, LAST, "1mo", eager=True)
    years = pl.DataFrame({"month_start": months, "academic_year": [academic_year(month) for month in months]})
    days = pl.DataFrame({"session_date": pl.date_range(FIRST, LAST, eager=True)}).with_columns(
        week_start=day.dt.truncate("1w"),
        weekday=day.dt.weekday(),
        iso_year=day.dt.iso_year(),
        iso_week=day.dt.week(),
        month_start=day.dt.month_start(),
        month_end=day.dt.month_end(),
    )
    days = days.join(years, on="month_start", how="left", maintain_order="left")
    return days.select(pl.col(column).cast(type_) for column, type_ in schema_of(TABLES["day"]).items())


def _phases() -> pl.DataFrame:
    return rows_of("phase_rule", list(PHASES.items()))


def _settings() -> pl.DataFrame:
    rules = [(rule.name, rule.default, rule.weaker_above, rule.source) for rule in SETTINGS.values()]
    return rows_of("setting_rule", rules)


def _holidays() -> pl.DataFrame:
    return rows_of(
        "holiday_rule",
        [
            (
                int(row["school_year"]),
                _number(date.fromisoformat(row["on_date"])),
                _number(date.fromisoformat(row["week_start"])),
            )
            for row in _lines("spring_bank_holiday.csv")
        ],
    )


def _labels() -> pl.DataFrame:
    return rows_of("label_rule", [{k: v or None for k, v in row.items()} for row in _lines("labels.csv")])


def _lines(name: str) -> list[dict[str, str]]:
    """The lines of a file of data beside the answers."""
    with (Path(__file__).parents[1] / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
