"""Reads a file of deliveries back, and plays it into a ledger of a few lines: what stands at the end, and what is held.

The model knows only what the tests of the simulation need: it is no second opinion on the rules of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastavro

from schemas.codec import Undecodable, decode


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery, decoded if it can be."""

    source: str
    key: str
    received_at: int
    value: bytes
    name: str
    record: dict[str, Any]


@lru_cache(maxsize=3)
def deliveries(path: Path) -> tuple[Delivered, ...]:
    """Every delivery of a file; what cannot be read is called Undecodable. Nobody may change what it holds."""
    return tuple(_read(path))


def _read(path: Path) -> Iterator[Delivered]:
    with path.open("rb") as file:
        for row in fastavro.reader(file):
            assert isinstance(row, dict)
            try:
                schema, record = decode(row["value"])
            except Undecodable:
                yield Delivered(row["source"], row["key"], row["received_at"], row["value"], "Undecodable", {})
            else:
                yield Delivered(row["source"], row["key"], row["received_at"], row["value"], schema.name, record)


Cell = tuple[str, str, str]
"""mis_pupil, date, session."""


@dataclass
class Model:
    """What stands."""

    current: dict[Cell, str] = field(default_factory=dict)
    said_at: dict[Cell, int] = field(default_factory=dict)
    history: dict[Cell, list[str]] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    """Rows that wait, by rule."""
    surprises: list[tuple[str, Cell]] = field(default_factory=list)
    """Changes of a mark that was not what their sender says."""
    _waiting: dict[str, list[tuple[Cell, str, int]]] = field(default_factory=dict)
    _pupils: set[str] = field(default_factory=set)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)
    _seen: dict[bytes, bytes] = field(default_factory=dict)

    def take(self, delivered: Delivered) -> None:
        """One delivery."""
        record, rows = delivered.record, _rows(delivered)
        if delivered.name == "Undecodable":
            return self._hold("g1", 1)
        if self._seen.setdefault(record["message"], delivered.value) != delivered.value:
            return self._hold("g4", rows)
        if delivered.name == "SourcesStated":
            for source in record["sources"]:
                self._places[source["described"].hex()] = source["places"][0]["local_id"]
        elif delivered.source != "operator" and self._places.get(delivered.source) != record["local_id"]:
            return self._hold("g2", rows)
        take = getattr(self, "_take_" + delivered.name, None)
        if take is not None:
            take(record, self._codes.get(delivered.source, {}), delivered.source)
        return None

    def _hold(self, rule: str, rows: int) -> None:
        self.held[rule] = self.held.get(rule, 0) + rows

    def _take_CodesStated(self, record: dict[str, Any], _: dict[str, str], source: str) -> None:
        self._codes[source] = {row["raw"]: row["code"] for row in record["codes"]}

    def _take_PupilsStated(self, record: dict[str, Any], *_: Any) -> None:
        for row in record["pupils"]:
            self._pupils.add(row["mis_pupil"])
            for cell, code, said in self._waiting.pop(row["mis_pupil"], []):
                self._enter(cell, code, said)

    def _enter(self, cell: Cell, code: str, said: int) -> None:
        if code in ("-", "#"):
            return
        mis, day, session = cell
        if day.endswith("02-30") or session not in ("AM", "PM"):
            self._hold("g4", 1)
        elif mis not in self._pupils:
            self._waiting.setdefault(mis, []).append((cell, code, said))
        else:
            self.history.setdefault(cell, []).append(code)
            if said >= self.said_at.get(cell, 0):
                self.current[cell] = code
                self.said_at[cell] = said

    def _take_RegisterTaken(self, record: dict[str, Any], codes: dict[str, str], _: str) -> None:
        for row in record["marks"]:
            code = row["code"] if row["code"] in ("-", "#") else codes.get(row["code"], "")
            self._enter((row["mis_pupil"], record["date"], record["session"]), code, record["saved_at"])

    def _take_RegisterSnapshot(self, record: dict[str, Any], codes: dict[str, str], _: str) -> None:
        told = set()
        for row in record["marks"]:
            cell = (row["mis_pupil"], row["date"], row["session"])
            told.add(cell)
            self._enter(cell, codes[row["code"]], record["sent_at"])
        if record["whole"]:
            pupils = {row["mis_pupil"] for row in record["marks"]}
            gone = [c for c in self.current if c[1] == record["from"] and c[0] in pupils and c not in told]
            for cell in gone:
                del self.current[cell]

    def _take_MarkChanged(self, record: dict[str, Any], codes: dict[str, str], _: str) -> None:
        for row in record["changes"]:
            cell = (row["mis_pupil"], row["date"], row["session"])
            if row["old"] is not None and self.current.get(cell) != codes[row["old"]]:
                self.surprises.append((record["message"].hex(), cell))
            said = (row["detail"] or {}).get("said_at") or record["sent_at"]
            self._enter(cell, codes[row["new"]], said)

    def _take_MarkRemoved(self, record: dict[str, Any], *_: Any) -> None:
        for row in record["removals"]:
            del self.current[row["mis_pupil"], row["date"], row["session"]]

    def ends_held(self) -> dict[str, int]:
        """Rows held when all is taken in, by rule."""
        waiting = sum(map(len, self._waiting.values()))
        return {**self.held, **({"g3": waiting} if waiting else {})}


def _rows(delivered: Delivered) -> int:
    lists = [value for value in delivered.record.values() if isinstance(value, list)]
    return sum(map(len, lists)) if lists else 1


def rows_sent(path: Path) -> int:
    """All rows of a file."""
    return sum(_rows(delivered) for delivered in deliveries(path))


def played(path: Path) -> Model:
    """The model after the whole file."""
    model = Model()
    for delivered in deliveries(path):
        model.take(delivered)
    return model
