"""Small integers for the ledger's random ids, given in the order in which the ledger first named each.

A group or a join over 16-byte ids costs three times the space and twice the time of one over integers. The order is
that of the ledger and of nothing else, so that a rebuild, or a catch-up in other steps, gives every id the same number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl

from projections.facts.tables import DICTIONARIES

KINDS: Final = tuple(name.removesuffix("_id") for name in DICTIONARIES)
KIND_OF: Final[Mapping[str, str]] = {
    **{kind: kind for kind in KINDS},
    "old_place": "place",
    "new_place": "place",
    "other_place": "place",
    "child": "pupil",
    "decided_by": "person",
}
"""Which dictionary a column of a fact is of, by its name."""

_SCHEMA: Final = {"id": pl.Binary, "position": pl.Int64, "turn": pl.Int32}


class Names:
    """The numbers given so far, by kind."""

    def __init__(self) -> None:
        self._known: dict[str, dict[bytes, int]] = {kind: {} for kind in KINDS}
        self._frames: dict[str, pl.DataFrame] = {}
        self._mentioned: dict[str, list[pl.DataFrame]] = {kind: [] for kind in KINDS}
        self._turn = 0
        self.places: dict[int, int] = {}
        """The place of each line, by number."""
        self._places_known = -1
        self._line_frame: pl.DataFrame | None = None

    def restore(self, kind: str, rows: Iterable[tuple[int, str, int]]) -> None:
        """Take back what was given before: (number, 32 hexadecimal digits, position) as stored."""
        known = self._known[kind]
        for number, text, _ in rows:
            known[bytes.fromhex(text)] = number
        self._frames.pop(kind, None)

    def mention(self, kind: str, ids: pl.Series, positions: pl.Series) -> None:
        """Ids that entries name, nulls too; of several columns of one entry, mention the first one first."""
        self._turn += 1
        found = pl.DataFrame({"id": ids.cast(pl.Binary), "position": positions}).with_columns(
            pl.lit(self._turn, pl.Int32).alias("turn")
        )
        found = found.filter(pl.col("id").is_not_null())
        if len(found):
            self._mentioned[kind].append(
                found.group_by("id", maintain_order=True).agg(pl.col("position").min(), pl.col("turn").min())
            )

    def mention_one(self, kind: str, id_: bytes | None, position: int) -> None:
        """The same for one id."""
        if id_ is not None and id_ not in self._known[kind]:
            self.mention(kind, pl.Series([id_], dtype=pl.Binary), pl.Series([position], dtype=pl.Int64))

    def number_new(self) -> dict[str, pl.DataFrame]:
        """Number what was mentioned and is new, and give the rows of the dictionaries that this adds."""
        added = {}
        for kind, mentioned in self._mentioned.items():
            if not mentioned:
                continue
            known = self._known[kind]
            together = pl.concat(mentioned).sort("position", "turn").unique("id", keep="first", maintain_order=True)
            rows = []
            for id_, position in together.select("id", "position").iter_rows():
                if id_ not in known:
                    known[id_] = len(known) + 1
                    rows.append((known[id_], id_.hex(), position))
            mentioned.clear()
            if rows:
                self._frames.pop(kind, None)
                added[f"{kind}_id"] = pl.DataFrame(
                    rows,
                    schema={kind: pl.Int32, "id": pl.String, "first_position": pl.Int64},
                    orient="row",
                )
        self._turn = 0
        return added

    def number(self, kind: str, id_: bytes | None) -> int | None:
        """The number of an id that was mentioned; None of None."""
        return None if id_ is None else self._known[kind][id_]

    def numbered(self, frame: pl.DataFrame, column: str, kind: str) -> pl.DataFrame:
        """A frame with a column of ids replaced by their numbers; null stays null."""
        if frame[column].null_count() == len(frame):
            return frame.with_columns(pl.lit(None, pl.Int32).alias(column))
        numbers = self._frame(kind).rename({"id": column, "number": "_number"})
        return (
            frame.join(numbers, on=column, how="left", maintain_order="left").drop(column).rename({"_number": column})
        )

    def _frame(self, kind: str) -> pl.DataFrame:
        frame = self._frames.get(kind)
        if frame is None:
            known = self._known[kind]
            frame = self._frames[kind] = pl.DataFrame(
                {"id": list(known), "number": list(known.values())}, schema={"id": pl.Binary, "number": pl.Int32}
            )
        return frame

    def put_lines(self, pairs: Iterable[tuple[int, int]]) -> None:
        """(line, place) by number."""
        self.places.update(pairs)
        self._line_frame = None

    def lines(self) -> pl.DataFrame:
        """`id`, `line` and `place` of every line known: a mark names its line only."""
        if self._line_frame is None or len(self._line_frame) != len(self._known["line"]):
            numbers = self._frame("line").rename({"number": "line"})
            places: dict[str, Any] = {"line": list(self.places), "place": list(self.places.values())}
            of_place = pl.DataFrame(places, schema={"line": pl.Int32, "place": pl.Int32})
            self._line_frame = numbers.join(of_place, on="line", how="left")
        return self._line_frame
