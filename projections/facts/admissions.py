"""Admission registers as facts: each line as known from each entry on, folded by the rules of the domain.

A line has few entries, so they are folded one by one; only their clear parts are read, and no key is asked for but for
characteristics, which analysts need in the clear and nobody else does (events.md 0.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import polars as pl

from domain.admission_register import line as lines
from domain.events import Stored, of_history
from domain.ledger.bodies import open_part
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger
from domain.moments import days, local_date
from projections.asking import pupils_of
from projections.facts.columns import beside, flag
from projections.facts.told import Row, Told, put_earlier, told_in
from projections.roll import Delivery, off_roll_from

TOPICS: Final = tuple(
    "StartingDayAgreed PlaceNotTakenUp PupilEntered LineCarriedForward EntryAmended EnteredInError YearRecorded"
    " EnrolmentStatusRecorded BoardingRecorded LeavingStated PupilDeleted DeletionReversed".split()
)
"""Events that change a line's row. What stands beside (parents, other schools) is asked of the ledger itself."""
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "CharacteristicRecorded": tuple(
        "position recorded_at stream version kind from to salt sealed_key sealed sealed_hash".split()
    )
}
"""What is read of an event that is not read whole."""


class Admissions:
    """Folds lines; of each line that is spoken of, what was said before the window is read from the ledger."""

    def __init__(self, ledger: Ledger, delivery: Delivery) -> None:
        self._ledger = ledger
        self._delivery = delivery

    def facts(self, frames: Mapping[str, pl.DataFrame], before: int) -> dict[str, list[Row]]:
        """The facts of a window that begins after the position `before`, by table, in order of position."""
        told = told_in(frames, TOPICS)
        put_earlier(told, self._ledger, before, TOPICS)
        found: dict[str, list[Row]] = {"line": [], "boarding": [], "enrolment_status": []}
        for stream, entries in told.items():
            self._fold(stream, entries, before, found)
        for rows in found.values():
            rows.sort(key=lambda row: row["position"])
        pupils = pupils_of(self._ledger, {row["line"] for row in found["line"]})
        for row in found["line"]:
            row["pupil"] = pupils.get(row["line"], row["line"])
        characteristics = frames.get("CharacteristicRecorded")
        if characteristics is not None:
            found["characteristic"] = list(_opened(characteristics, self._ledger.keys))
        return found

    def _fold(self, stream: str, entries: list[Told], before: int, found: dict[str, list[Row]]) -> None:
        place, line = lines.parts_of(stream)
        state = lines.Line(stream)
        entered: Told | None = None
        deleted: tuple[Told, date] | None = None
        for told in entries:
            position, recorded_at, event = told
            lines.evolve(state, event)
            if event.topic in ("PupilEntered", "LineCarriedForward"):
                entered = entered or told
            elif event.topic == "PupilDeleted":
                delivery = self._delivery(place, event.fields.get("source"), position)
                deleted = told, off_roll_from(delivery, event.fields, recorded_at)
            elif event.topic == "DeletionReversed":
                deleted = None
            if position <= before:
                continue
            row: Row = {**beside(position, recorded_at), "line": line}
            if event.topic == "BoardingRecorded":
                said = {"from_date": event.fields["from"], "boarder": int(event.fields["boarder"] != "no")}
                found["boarding"].append({**row, **said})
                continue
            status = _status(event, state)
            if status is not None:
                found["enrolment_status"].append({**row, **status})
            if state.entry_version or state.agreed_version:
                found["line"].append({**row, "place": place, **_line(state, entered, deleted)})


def _line(state: lines.Line, entered: Told | None, deleted: tuple[Told, date] | None) -> Row:
    """What a line says, by the columns of `line`; class and pupil are ids still."""
    entry = state.entry or state.agreed
    end_of_year = days(date(min(state.school_year // 100 + 1, date.max.year), 8, 31))
    last = end_of_year if state.leaving_on is None else state.leaving_on
    row: Row = {}
    if deleted is not None:
        (position, recorded_at, event), off_roll = deleted
        last = days(off_roll) - 1
        row = {
            name: event.fields.get(name) for name in ("deleted_on", "left_on", "ground", "destination", "la_consent_on")
        }
        row |= {"deletion_position": position, "deletion_recorded_on": days(local_date(recorded_at))}
    if entered is not None:
        position, recorded_at, event = entered
        row |= {"entry_position": position, "entry_recorded_on": days(local_date(recorded_at))}
        row["imported"] = int(of_history(event.fields))
    on_roll = bool(state.entry_version) and not state.is_guest and not state.entered_in_error
    return {
        "imported": 0,
        **row,
        "school_year": state.school_year,
        "entered": int(bool(state.entry_version)),
        "in_error": int(state.entered_in_error),
        "guest": int(state.is_guest),
        "on_roll": int(on_roll),
        "from_date": state.starting_day,
        "to_date": min(last, end_of_year),
        "carried": int(state.carried),
        "entered_on": entry.get("entered_on"),
        "starting_day_basis": entry.get("starting_day_basis") or entry.get("basis") or "not_said",
        "admission": entry.get("admission") or "other",
        "junior_class_first_day": flag(entry.get("junior_class_first_day")),
        **{name: state.year.get(name) for name in ("nc_year", "age_31_aug", "csa_from", "csa_until")},
        "class": state.year.get("group"),
        "leaving_on": None if deleted else state.leaving_on,
    }


def _status(event: Stored, state: lines.Line) -> Row | None:
    """Where an event says what a pupil's enrolment is, and from which day."""
    fields = event.fields
    if event.topic == "EnrolmentStatusRecorded":
        return {"from_date": fields["from"], "status": fields["status"], "other_place": fields.get("other_place")}
    if event.topic in ("PupilEntered", "EntryAmended") and fields.get("enrolment_status"):
        return {"from_date": state.starting_day, "status": fields["enrolment_status"]}
    return None


def _opened(frame: pl.DataFrame, keys: KeyStore) -> Iterable[Row]:
    for said in frame.iter_rows(named=True):
        key = None if said["sealed_key"] is None else keys.get(said["sealed_key"])
        if key is not None:
            _, line = lines.parts_of(said["stream"])
            row = beside(said["position"], said["recorded_at"])
            row |= {"line": line, "kind": said["kind"], "value": open_part(said, key).get("value")}
            yield {**row, "from_date": said["from"], "to_date": said["to"]}
