"""The attendance register of a place as a herringbone: pupils down, sessions across, as it stood at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

from domain.admission_register import line as lines
from domain.calendar import SESSIONS, NotHeld
from domain.events import Stored
from domain.ledger.bodies import open_state
from domain.ledger.ledger import Ledger
from domain.moments import days, from_days, local_date
from domain.place.place import Place
from projections.asking import columns_of, place_at, pupils_of, stored, upto
from projections.who import Restrictions

Spot = tuple[date, str]
"""A session: its date, AM or PM."""

_TOPICS = ("MarkRecorded", "MarkAmended", "MarkWithdrawn", "MarkForeseen")
_COLUMNS = (
    "position", "stream", "version", "line", "code", "new", "code_sent", "amends", "minutes_late",
)  # fmt: skip


class Step(NamedTuple):
    """One entry of a session, in the order in which they were made."""

    position: int
    code: str | None
    """None: the entry before was withdrawn. Empty: the source sent a code that nobody mapped."""
    code_sent: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One pupil in one session."""

    chain: tuple[Step, ...] = ()
    foreseen: str | None = None
    """Told beforehand: no entry until a register says so."""
    minutes_late: int | None = None

    @property
    def code(self) -> str | None:
        """The code that stands; None where none does."""
        return self.chain[-1].code if self.chain else None

    @property
    def code_sent(self) -> str | None:
        """What the source sent, where that is not the national code."""
        return self.chain[-1].code_sent if self.chain else None

    @property
    def withdrawn(self) -> bool:
        """There was an entry, and its sender has it no more."""
        return bool(self.chain) and self.chain[-1].code is None

    @property
    def amended(self) -> bool:
        """The entry that stands is not the first."""
        return len(self.chain) > 1 and not self.withdrawn


NOTHING = Cell()


class Column(NamedTuple):
    """One session of the place."""

    day: date
    session: str
    why_not_held: NotHeld | None
    """By the calendar as it was then known; None: it is held."""
    has_come: bool
    """Its day is not after the moment asked for."""


@dataclass(slots=True)
class Row:
    """One line of the admission register, and its sessions."""

    line: bytes
    pupil: bytes | None
    """None once its identity row is gone."""
    name: str | None
    """None where the line's key is destroyed."""
    group: str | None
    starting_day: date
    off_roll_from: date | None
    """The first day on which the pupil was not on the roll any more, as then known."""
    cells: dict[Spot, Cell] = field(default_factory=dict)

    def on_roll(self, day: date) -> bool:
        """Whether an entry is to be expected for that day."""
        return self.starting_day <= day and (self.off_roll_from is None or day < self.off_roll_from)


@dataclass(frozen=True, slots=True)
class RegisterAt:
    """The answer."""

    place: Place
    """`version` 0 where the place was not known then."""
    first_day: date
    last_day: date
    moment: int
    """What was asked for: of an answer as now, the ledger's own now."""
    position: int
    columns: list[Column]
    rows: list[Row]
    """By name, then by line."""
    may_lack: bool = False
    """True if children are restricted in this ledger, and the place did not ask for itself: whether any of them is on
    this register is not to be told."""


def register(
    ledger: Ledger,
    place: bytes,
    first_day: date,
    last_day: date,
    as_at: int | None = None,
    asked_for: bytes | None = None,
) -> RegisterAt:
    """The register of these days as it stood at a moment (now, if none is given).

    Restricted children stand on it only if the place asks for its own register (`asked_for`).
    """
    last = upto(ledger, as_at)
    moment = ledger.now() if as_at is None else as_at
    known = place_at(ledger, place, last)
    wanted = [first_day + timedelta(n) for n in range((last_day - first_day).days + 1)]
    cells = _cells(ledger, place, wanted, last)
    rows = _rows(ledger, known, first_day, last_day, last, {line for line, _ in cells})
    restricted = Restrictions(ledger)
    may_lack = bool(restricted) and asked_for != place
    if may_lack:
        rows = {line: row for line, row in rows.items() if restricted.level(row.pupil) is None}
    for (line, spot), cell in cells.items():
        if line in rows:
            rows[line].cells[spot] = cell
    used = {spot for row in rows.values() for spot in row.cells}
    columns = []
    for day in wanted:
        for session in SESSIONS:
            why = known.calendar.why_not_held(day, session)
            if day.weekday() < 5 or why is None or (day, session) in used:
                columns.append(Column(day, session, why, day <= local_date(moment)))
    in_order = sorted(rows.values(), key=_by_name)
    return RegisterAt(known, first_day, last_day, moment, last, columns, in_order, may_lack)


def _by_name(row: Row) -> tuple[str, str, bytes]:
    """By surname as the name's last word, so that a class reads as its teacher's list does."""
    name = row.name or ""
    return name.rsplit(" ", 1)[-1], name, row.line


def _cells(ledger: Ledger, place: bytes, wanted: list[date], last: int) -> dict[tuple[bytes, Spot], Cell]:
    cells: dict[tuple[bytes, Spot], Cell] = {}
    for day in wanted:
        prefix = f"attendance-register/{place.hex()}/{day.isoformat()}/"
        for row in columns_of(ledger.store, _TOPICS, _COLUMNS, last, prefix=prefix).iter_rows(named=True):
            at = (row["line"], (day, row["stream"].rsplit("/", 1)[1]))
            cell = cells.get(at, NOTHING)
            if row["topic"] == "MarkForeseen":
                cells[at] = replace(cell, foreseen=row["code"])
                continue
            code = row.get("new") if row["topic"] == "MarkAmended" else row.get("code")
            step = Step(row["position"], code, row.get("code_sent"))
            cells[at] = replace(cell, chain=(*cell.chain, step), minutes_late=row.get("minutes_late"))
    return cells


def _rows(
    ledger: Ledger, place: Place, first_day: date, last_day: date, last: int, marked: set[bytes]
) -> dict[bytes, Row]:
    """The lines that were on the roll on any of these days, and those with an entry on them."""
    rows: dict[bytes, Row] = {}
    labels = _labels(ledger, place, last)
    names = ledger.store.stream_names(f"admission-register/{place.id.hex()}/")
    for at in range(0, len(names), 500):
        for stream, entries in ledger.store.read_streams(names[at : at + 500]).items():
            state, off_roll = lines.Line(stream), None
            for entry in entries:
                if entry.position > last:
                    break
                event = Stored(entry.version, entry.topic, *open_state(entry.state, ledger.keys))
                lines.evolve(state, event)
                if entry.topic == "PupilDeleted":
                    off_roll = _off_roll_from(place, event, entry.recorded_at)
            if not state.entry_version:
                continue
            _, line = lines.parts_of(stream)
            row = Row(
                line,
                None,
                state.text.get("full_name"),
                labels.get(state.year.get("group") or b""),
                from_days(state.entry["starting_day"]),
                off_roll if state.deletion_version else _left_as_stated(state),
            )
            due = not state.entered_in_error and row.starting_day <= last_day and _is_of(state, last_day)
            if line in marked or (due and (row.off_roll_from is None or first_day < row.off_roll_from)):
                rows[line] = row
    for line, pupil in pupils_of(ledger, rows).items():
        rows[line].pupil = pupil
    return rows


def _left_as_stated(line: lines.Line) -> date | None:
    """Where no deletion was seen, the day after the leaving day that the school states: the roll is read so (events.md
    2.2, LeavingStated)."""
    stated = line.leaving_on
    return None if stated is None or stated >= days(date.max) else from_days(stated + 1)


def _is_of(line: lines.Line, day: date) -> bool:
    """A line is a row of one school year's register."""
    year = line.school_year // 100
    return date(year, 8, 1) <= day < date(year + 1, 9, 1)


DELIVERED_WITHIN = {"stream": 1, "snapshot_twice": 1, "snapshot_daily": 2, "weekly": 8, "once": 0}
"""Days that a source may need to tell of a deletion (events.md 2.2): what it says of an earlier day is not believed,
nor what it says of a day to come."""


def _off_roll_from(place: Place, deleted: Stored, recorded_at: int) -> date:
    """The day after the deletion: as the school says it made it, if it told at once, else as recorded."""
    recorded = days(local_date(recorded_at))
    said: int | None = deleted.fields.get("deleted_on")
    source = place.sources.get(deleted.fields.get("source") or b"", {})
    within = DELIVERED_WITHIN.get(source.get("delivery", "stream"), 1)
    believed = said if said is not None and recorded - within <= said <= recorded else recorded
    return from_days(believed + 1)


def _labels(ledger: Ledger, place: Place, last: int) -> dict[bytes, str]:
    """The labels of a place's classes, where the key is at hand."""
    return {
        event.fields["group"]: event.text["label"]
        for _, _, event in stored(ledger, place.stream, last)
        if event.topic == "GroupDescribed" and event.text
    }
