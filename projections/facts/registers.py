"""Attendance registers as facts: messages, marks and what amends them, a window of positions at a time.

A mark names its line and the message that it came with; its place is the line's. Nothing here takes time per event but
what Polars does for a whole column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from projections.facts.columns import (
    day,
    local_day,
    local_minute,
    session_number,
    shaped,
    timed,
    week_start,
)
from projections.facts.names import Names

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "EntriesReceived": tuple(
        "position recorded_at stream version how group taker by by_kind opened_said rows medium whole_register source"
        " sent_at said_at broker_at first_held_at import".split()
    ),
    "MarkRecorded": tuple(
        "position recorded_at line date session header code code_sent cause said_at by minutes_late arrangement"
        " sealed_key".split()
    ),
    "MarkAmended": tuple(
        "position recorded_at line date session header amends original original_said new code_sent amended_on said_at"
        " by by_kind cause operation rule reason_code reason_state arrangement evidence minutes_late"
        " sealed_key".split()
    ),
    "MarkWithdrawn": tuple(
        "position recorded_at line date session header amends how amended_on said_at by by_kind cause operation rule"
        " reason_code reason_state sealed_key".split()
    ),
    "MarkForeseen": tuple("position recorded_at line date session header code code_sent".split()),
    "OlderEntryLearned": tuple(
        "position recorded_at line date session header code code_sent held_from held_to from_audit_log".split()
    ),
    "RegisterOpened": tuple("position recorded_at place date session opened_said closes_by".split()),
    "RegisterClosed": tuple("position recorded_at stream closed_said closed_by unmarked".split()),
    "RegisterNotTaken": tuple("position recorded_at place date session group why".split()),
    "ProviderAttendanceReported": tuple(
        "position recorded_at line place date session arrangement due attended arrived_at left_at"
        " told_home_school_at".split()
    ),
}
"""What is read of each event of a register."""

_HEADER: Final = {
    "place": pl.Int32,
    "date": pl.Int32,
    "session": pl.Int16,
    "header": pl.Int32,
    "at": pl.Int64,
    "h_person": pl.Binary,
    "h_said_at": pl.Int64,
    "h_source": pl.Binary,
    "came_by": pl.String,
    "imported": pl.Int16,
}


class Registers:
    """The messages of the last window, to which marks of the next may still belong."""

    def __init__(self) -> None:
        self._headers = pl.DataFrame(schema=_HEADER)

    def mention(self, frames: Mapping[str, pl.DataFrame], names: Names) -> None:
        """Tell which ids these events name."""
        for topic, columns in _NAMED.items():
            frame = frames.get(topic)
            if frame is None:
                continue
            for column, kind in columns:
                names.mention(kind, frame[column], frame["position"])
        received = frames.get("EntriesReceived")
        if received is not None:
            frames_of = _with_stream(received)
            names.mention("place", frames_of["place"], frames_of["position"])

    def facts(self, frames: Mapping[str, pl.DataFrame], names: Names) -> dict[str, pl.DataFrame]:
        """The facts of a window, by table."""
        found: dict[str, pl.DataFrame] = {}
        received = frames.get("EntriesReceived")
        headers = self._headers
        if received is not None:
            found["entries_received"], own = _received(received, names)
            headers = pl.concat([headers, own])
            self._headers = own
        marks = []
        recorded = frames.get("MarkRecorded")
        if recorded is not None:
            marks.append(_marks(recorded.with_columns(pl.lit("mark").alias("kind")), headers, names))
        changes = []
        for topic, kind in (("MarkAmended", "amendment"), ("MarkWithdrawn", "withdrawal")):
            frame = frames.get(topic)
            if frame is not None:
                frame = frame.with_columns(pl.lit(kind).alias("kind"))
                if topic == "MarkAmended":
                    frame = frame.with_columns(pl.col("new").alias("code"))
                placed = _placed(frame, names).join(headers, on=_KEY, how="left", maintain_order="left")
                marks.append(_marked(placed, names))
                changes.append(_changed(placed, names))
        if marks:
            found["mark"] = pl.concat(marks).sort("position") if len(marks) > 1 else marks[0]
        if changes:
            found["change"] = pl.concat(changes).sort("position")
        for topic, table in (("MarkForeseen", "foreseen"), ("OlderEntryLearned", "older_entry")):
            frame = frames.get(topic)
            if frame is not None:
                placed = _placed(frame, names).join(headers, on=_KEY, how="left", maintain_order="left")
                found[table] = _beside_marks(table, placed)
        for topic, make in (
            ("RegisterOpened", _opened),
            ("RegisterClosed", _closed),
            ("RegisterNotTaken", _not_taken),
            ("ProviderAttendanceReported", _reported),
        ):
            frame = frames.get(topic)
            if frame is not None:
                table, fact = make(frame, names)
                found[table] = fact
        return found


_KEY: Final = ["place", "date", "session", "header"]
_NAMED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "EntriesReceived": (("taker", "person"), ("by", "person"), ("source", "source"), ("group", "class")),
    "MarkRecorded": (("by", "person"), ("arrangement", "arrangement")),
    "MarkAmended": (("by", "person"), ("operation", "operation"), ("arrangement", "arrangement")),
    "MarkWithdrawn": (("by", "person"), ("operation", "operation")),
    "RegisterOpened": (("place", "place"),),
    "RegisterClosed": (("closed_by", "person"),),
    "RegisterNotTaken": (("place", "place"), ("group", "class")),
    "ProviderAttendanceReported": (("place", "place"), ("arrangement", "arrangement")),
}


def _with_stream(frame: pl.DataFrame) -> pl.DataFrame:
    """Place, date and session of each entry, from the name of its stream."""
    streams = frame.select(pl.col("stream").unique())
    parts = pl.col("stream").str.split("/")
    of = streams.select(
        "stream",
        parts.list.get(1).str.decode("hex").alias("place"),
        parts.list.get(2).str.to_date("%Y-%m-%d").cast(pl.Int32).alias("date"),
        pl.when(parts.list.get(3) == "AM").then(1).otherwise(2).cast(pl.Int16).alias("session"),
    )
    return frame.join(of, on="stream", how="left", maintain_order="left")


def _received(frame: pl.DataFrame, names: Names) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(the facts, what marks take over from them)."""
    frame = names.numbered(_with_stream(frame), "place", "place").with_columns(
        pl.coalesce("by", "taker").alias("person"),
        (pl.col("import").is_not_null() & pl.col("broker_at").is_null()).cast(pl.Int16).alias("imported"),
    )
    headers = frame.select(
        "place",
        "date",
        "session",
        pl.col("version").cast(pl.Int32).alias("header"),
        pl.col("position").alias("at"),
        pl.col("person").alias("h_person"),
        pl.col("said_at").alias("h_said_at"),
        pl.col("source").alias("h_source"),
        pl.col("how").alias("came_by"),
        "imported",
    )
    for column, kind in (("person", "person"), ("source", "source"), ("group", "class")):
        frame = names.numbered(frame, column, kind)
    instants = ("sent_at", "broker_at", "first_held_at")
    facts = timed(frame).with_columns(
        *(pl.from_epoch(pl.col(name), "us").alias(name) for name in instants),
        pl.from_epoch(pl.col("opened_said"), "us").alias("opened_at"),
        day("date", "session_date"),
        pl.col("group").alias("class"),
    )
    return shaped("entries_received", facts), headers.cast(_HEADER)  # type: ignore[arg-type]


def _placed(frame: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Marks with the number of their line, and its place."""
    lines = names.lines().rename({"id": "line", "line": "_line"})
    found = frame.join(lines, on="line", how="left", maintain_order="left").drop("line").rename({"_line": "line"})
    return found.with_columns(session_number())


def _marks(frame: pl.DataFrame, headers: pl.DataFrame, names: Names) -> pl.DataFrame:
    return _marked(_placed(frame, names).join(headers, on=_KEY, how="left", maintain_order="left"), names)


def _marked(frame: pl.DataFrame, names: Names) -> pl.DataFrame:
    frame = frame.with_columns(
        pl.coalesce("by", "h_person").alias("person"),
        pl.coalesce("said_at", "h_said_at").alias("said_at"),
        pl.col("sealed_key").is_not_null().cast(pl.Int16).alias("has_text"),
    )
    frame = names.numbered(frame, "person", "person")
    if "arrangement" in frame.columns:
        frame = names.numbered(frame, "arrangement", "arrangement")
    return shaped(
        "mark",
        timed(frame).with_columns(day("date", "session_date"), week_start("date"), pl.col("at").alias("header")),
    )


def _changed(frame: pl.DataFrame, names: Names) -> pl.DataFrame:
    frame = frame.with_columns(
        pl.coalesce("by", "h_person").alias("person"),
        pl.coalesce("said_at", "h_said_at").alias("said_at"),
        pl.col("sealed_key").is_not_null().cast(pl.Int16).alias("has_text"),
        pl.col("h_source").alias("source"),
    )
    for column in ("person", "operation", "source"):
        frame = names.numbered(frame, column, column)
    evidence = pl.col("evidence").is_not_null() if "evidence" in frame.columns else pl.lit(False)
    return shaped(
        "change",
        timed(frame).with_columns(
            day("date", "session_date"),
            day("amended_on"),
            evidence.cast(pl.Int16).alias("has_evidence"),
            pl.col("at").alias("header"),
        ),
    )


def _beside_marks(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    instants = [name for name in ("held_from", "held_to") if name in frame.columns]
    return shaped(
        table,
        timed(frame).with_columns(
            day("date", "session_date"),
            pl.col("at").alias("header"),
            *(pl.from_epoch(pl.col(name), "us").alias(name) for name in instants),
        ),
    )


def _opened(frame: pl.DataFrame, names: Names) -> tuple[str, pl.DataFrame]:
    facts = timed(names.numbered(frame, "place", "place")).with_columns(
        day("date", "session_date"),
        session_number(),
        local_minute("opened_said").alias("opened_minute"),
        local_minute("closes_by").alias("closes_minute"),
    )
    return "register_opened", shaped("register_opened", facts)


def _closed(frame: pl.DataFrame, names: Names) -> tuple[str, pl.DataFrame]:
    frame = names.numbered(names.numbered(_with_stream(frame), "place", "place"), "closed_by", "person")
    facts = timed(frame).with_columns(
        day("date", "session_date"),
        local_day("closed_said").alias("closed_on"),
        local_minute("closed_said").alias("closed_minute"),
        pl.col("closed_by").alias("person"),
    )
    return "register_closed", shaped("register_closed", facts)


def _not_taken(frame: pl.DataFrame, names: Names) -> tuple[str, pl.DataFrame]:
    frame = names.numbered(names.numbered(frame, "place", "place"), "group", "class")
    facts = timed(frame).with_columns(day("date", "session_date"), session_number(), pl.col("group").alias("class"))
    return "register_not_taken", shaped("register_not_taken", facts)


def _reported(frame: pl.DataFrame, names: Names) -> tuple[str, pl.DataFrame]:
    for column, kind in (("line", "line"), ("place", "place"), ("arrangement", "arrangement")):
        frame = names.numbered(frame, column, kind)
    facts = timed(frame).with_columns(
        day("date", "session_date"),
        session_number(),
        local_minute("arrived_at").alias("arrived_minute"),
        local_minute("left_at").alias("left_minute"),
        pl.from_epoch(pl.col("told_home_school_at"), "us").alias("told_home_at"),
    )
    return "provider_attendance", shaped("provider_attendance", facts)
