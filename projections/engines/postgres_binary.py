"""Columns as the bytes of PostgreSQL's binary COPY: no text is written here and parsed there.

Rows are laid out for a whole frame at once. Every row gets the room of the widest, and what a null or a short text does
not fill is left out at the end. Format: PostgreSQL documentation, COPY, "Binary Format".
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

import numpy as np
import polars as pl

from projections.facts.tables import Table

HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
"""Signature, no flags, no extension."""
TAIL: Final = b"\xff\xff"

_DAYS: Final = 10_957
"""From 1970, where Polars begins to count, to 2000, where PostgreSQL does."""
_KINDS: Final[dict[str, tuple[str, Any, int]]] = {
    "bigint": (">i8", pl.Int64, 0),
    "integer": (">i4", pl.Int32, 0),
    "smallint": (">i2", pl.Int16, 0),
    "date": (">i4", pl.Int32, _DAYS),
    "timestamp": (">i8", pl.Int64, _DAYS * 86_400_000_000),
}
"""By type of a column: how it is sent, what Polars has beneath it, what is taken away."""


def rows(frame: pl.DataFrame, table: Table) -> bytes:
    """The rows of a frame that has the columns of `table`, between `HEAD` and `TAIL`."""
    count = len(frame)
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    columns: list[tuple[int, Any, Any, Any]] = []
    for number, column in enumerate(table.columns):
        series = frame.get_column(column.name)
        fields.append((f"length{number}", ">i4"))
        if series.null_count() == count:
            columns.append((number, None, None, None))
            continue
        kind, values, lengths = _text(series) if column.type == "text" else _number(series, column.type)
        fields.append((f"value{number}", kind))
        columns.append((number, values, lengths, series.is_null().to_numpy() if series.null_count() else None))
    laid = np.empty(count, dtype=np.dtype(fields))
    sizes = [np.dtype(kind).itemsize for _, kind in fields]
    begins = dict(zip((name for name, _ in fields), accumulate(sizes, initial=0), strict=False))
    laid["fields"] = len(table.columns)
    filled: np.ndarray[Any, Any] | None = None
    for number, values, lengths, nulls in columns:
        if values is None:
            laid[f"length{number}"] = -1
            continue
        room = laid.dtype[f"value{number}"].itemsize
        laid[f"value{number}"] = values
        said = np.full(count, room, dtype=np.int32) if lengths is None else lengths
        if nulls is not None:
            said = np.where(nulls, 0, said)
        laid[f"length{number}"] = said if nulls is None else np.where(nulls, -1, said)
        if nulls is not None or (said != room).any():
            if filled is None:
                filled = np.ones((count, laid.itemsize), dtype=bool)
            ends = begins[f"value{number}"] + room
            filled[:, ends - room : ends] = np.arange(room) < said[:, None]
    flat = laid.view(np.uint8).reshape(count, laid.itemsize)
    return flat.tobytes() if filled is None else flat[filled].tobytes()


def _number(series: pl.Series, kind: str) -> tuple[str, Any, None]:
    sent, beneath, begins = _KINDS[kind]
    if kind == "timestamp":
        series = series.dt.cast_time_unit("us")
    values = series.to_physical().cast(beneath).fill_null(0).to_numpy()
    return sent, values - begins if begins else values, None


def _text(series: pl.Series) -> tuple[str, Any, Any]:
    """Each text in the room of the longest: worked out once for each that differs, as most columns repeat a few."""
    texts = series.unique().drop_nulls()
    encoded = [text.encode() for text in texts.to_list()]
    room = max([1, *map(len, encoded)])
    known = np.array(encoded, dtype=f"S{room}").view(f"V{room}")
    lengths = np.array([len(text) for text in encoded], dtype=np.int32)
    which = series.cast(pl.Enum(texts)).to_physical().fill_null(0).to_numpy()
    return f"V{room}", known[which], lengths[which]
