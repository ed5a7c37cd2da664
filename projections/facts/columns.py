"""Columns of facts from columns of events: local dates and minutes, 0/1 for yes and no, the types of the tables.

Everything works on whole columns: a fact is never a Python object on the way of a mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from domain.moments import days, local_date
from domain.moments import local_minute as local_minute_of
from projections.facts.tables import FACTS, TABLES, Table

TYPES: Final[dict[str, pl.DataType]] = {
    "bigint": pl.Int64(),
    "integer": pl.Int32(),
    "smallint": pl.Int16(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "text": pl.String(),
}
"""The type of a frame's column for each type of the tables."""


def schema_of(table: Table) -> dict[str, pl.DataType]:
    """The schema of a table's frames."""
    return {column.name: TYPES[column.type] for column in table.columns}


def empty(name: str) -> pl.DataFrame:
    """A table without rows."""
    return pl.DataFrame(schema=schema_of(TABLES[name]))


def rows_of(name: str, rows: Sequence[Sequence[Any]] | Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A table from rows of plain values, by column or in their order: dates as days, instants as microseconds.

    For what is folded event by event, and for rules. A column that a row leaves out is null.
    """
    wanted = schema_of(TABLES[name])
    raw = {c: pl.Int32 if t == pl.Date else pl.Int64 if t in (pl.Datetime, pl.Int16) else t for c, t in wanted.items()}
    found = pl.DataFrame(rows, schema=raw, orient="row")
    return found.select(_within(column, type_) for column, type_ in wanted.items())


def _within(column: str, type_: pl.DataType) -> pl.Expr:
    """A column in its type. A number that a sender may have mistyped (an age of two thousand million) is cut to what
    the column holds: the event keeps what was said."""
    said = pl.col(column)
    return (said.clip(-32_768, 32_767) if type_ == pl.Int16 else said).cast(type_)


def beside(position: int, recorded_at: int) -> dict[str, Any]:
    """What every fact begins with, of one entry."""
    return {
        "position": position,
        "recorded_at": recorded_at,
        "recorded_on": days(local_date(recorded_at)),
        "recorded_minute": local_minute_of(recorded_at),
    }


def flag(value: Any) -> int | None:
    """Yes and no as 1 and 0; null stays null."""
    return None if value is None else int(value)


def shaped(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with the columns of a table in their order and types; columns that it lacks are null."""
    wanted = schema_of(FACTS[name])
    return frame.select(
        (pl.col(column) if column in frame.columns else pl.lit(None)).cast(type_).alias(column)
        for column, type_ in wanted.items()
    )


def local(instant: str) -> pl.Expr:
    """A column of UTC microseconds as London clocks showed them."""
    return pl.from_epoch(pl.col(instant), "us").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London")


def local_day(instant: str) -> pl.Expr:
    """The local date of an instant."""
    return local(instant).dt.date()


def local_minute(instant: str) -> pl.Expr:
    """The minute of the local day of an instant, 0 to 1439."""
    shown = local(instant)
    return (shown.dt.hour().cast(pl.Int16) * 60 + shown.dt.minute()).cast(pl.Int16)


def timed(frame: pl.DataFrame) -> pl.DataFrame:
    """Events with what every fact begins with, and the sender's time of entry where they have one, as instants, local
    dates and minutes.

    Zones are worked out once for each instant, not for each row: a batch has one stamp for all its entries, and the
    other way took a seventh of the time of a load.
    """
    for instant, day_, minute in (
        ("recorded_at", "recorded_on", "recorded_minute"),
        ("said_at", "said_on", "said_minute"),
    ):
        if instant not in frame.columns:
            continue
        shown = frame.select(pl.col(instant).unique()).with_columns(
            local_day(instant).alias(day_),
            local_minute(instant).alias(minute),
            pl.from_epoch(pl.col(instant), "us").alias("_instant"),
        )
        frame = frame.join(shown, on=instant, how="left", maintain_order="left", nulls_equal=True)
        frame = frame.drop(instant).rename({"_instant": instant})
    return frame


def session_number(column: str = "session") -> pl.Expr:
    """AM and PM as 1 and 2; null stays null."""
    said = pl.col(column).cast(pl.String)
    return pl.when(said == "AM").then(1).when(said == "PM").then(2).otherwise(None).cast(pl.Int16).alias(column)


def day(column: str, name: str | None = None) -> pl.Expr:
    """A column of days since 1970 as dates."""
    return pl.col(column).cast(pl.Date).alias(name or column)


def week_start(column: str) -> pl.Expr:
    """The Monday of the week of a column of days since 1970, which was a Thursday."""
    days = pl.col(column).cast(pl.Int32)
    return (days - (days + 3) % 7).cast(pl.Date).alias("week_start")
