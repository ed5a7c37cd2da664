"""The attendance register of a place as a herringbone: pupils down, sessions across, as it stood at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from domain.admission_register import line as lines
from domain.calendar import SESSIONS, NotHeld
from domain.codes import NATIONAL, StatisticalClass
from domain.events import Stored, of_history
from domain.ledger.bodies import open_state
from domain.ledger.ledger import Ledger
from domain.moments import days, from_days, local_date
from domain.place.place import Place
from projections.asking import columns_of, place_at, pupils_of, stored, upto
from projections.roll import off_roll_from
from projections.who import Restrictions

Spot = tuple[date, str]
"""A session: its date, AM or PM."""

_TOPICS = ("MarkRecorded", "MarkAmended", "MarkWithdrawn", "MarkForeseen", "OlderEntryLearned")
_COLUMNS = (
    "position", "stream", "version", "line", "header", "code", "new", "code_sent", "amends", "minutes_late",
    "held_from", "from_audit_log",
)  # fmt: skip
_HEADER_COLUMNS = ("position", "stream", "version", "import", "broker_at")


class Step(NamedTuple):
    """One entry of a session, in the order in which they were made."""

    position: int
    code: str | None
    """None: the entry before was withdrawn. Empty: the source sent a code that nobody mapped."""
    code_sent: str | None
    imported: bool = False
    """From another system's records: not contemporaneous."""


class Learned(NamedTuple):
    """An entry that had been overtaken when the ledger learned of it: from an audit log, or a late delivery."""

    position: int
    code: str | None
    """None: that the entry had been taken back."""
    code_sent: str | None
    held_from: int | None
    """When the school says that it was entered."""
    from_audit_log: bool
    imported: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One pupil in one session."""

    chain: tuple[Step, ...] = ()
    foreseen: str | None = None
    """Told beforehand: no entry until a register says so."""
    minutes_late: int | None = None
    learned: tuple[Learned, ...] = ()
    """What stood before, as the ledger learned it afterwards; oldest first as far as that is said."""

    @property
    def imported(self) -> bool:
        """What stands, or was withdrawn last, came from another system's records: never contemporaneous."""
        return self.chain[-1].imported if self.chain else any(entry.imported for entry in self.learned)

    @property
    def codes(self) -> tuple[tuple[str | None, str | None], ...]:
        """(code, code sent) of all that ever stood, first to last, each step once: what was learned of afterwards, then
        what the ledger heard at the time. None for a mark taken back."""
        every = [(entry.code, entry.code_sent) for entry in self.learned]
        every += [(step.code, step.code_sent) for step in self.chain]
        return tuple(step for n, step in enumerate(every) if n == 0 or step != every[n - 1])

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
        """The entry that stands is not the first, as far as the ledger heard or learned."""
        return not self.withdrawn and bool(self.chain) and (len(self.chain) > 1 or len(self.codes) > 1)


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
    entered: bool = True
    """In the register, and not in error; a place that is only agreed is not."""
    guest: bool = False
    gone_from: date | None = None
    """The first day after a deletion or a leaving day stated, a guest's too."""
    last_day: date = date.max
    """Of the school year of which this is a row."""
    boarding: dict[int, bool] = field(default_factory=dict)
    """From which day (as a number) the pupil boards, or boards no more; the last word on each."""
    cells: dict[Spot, Cell] = field(default_factory=dict)

    def on_roll(self, day: date) -> bool:
        """Whether an entry is to be expected for that day."""
        return self.starting_day <= day and (self.off_roll_from is None or day < self.off_roll_from)

    def boards(self, day: date) -> bool:
        """Whether the pupil boards on a day, so that no attendance is recorded in law (regulation 10(1))."""
        since = [first for first in self.boarding if first <= days(day)]
        return bool(since) and self.boarding[max(since)]

    def left_out(self, column: Column) -> str:
        """Why the entry of a session is in no figure, as `counted_entry` says it; empty where it counts, or none is."""
        code = self.cells.get((column.day, column.session), NOTHING).code
        if code is None:
            return ""
        if code not in NATIONAL:
            return "unmapped"
        if NATIONAL[code].statistical_class is StatisticalClass.ADM:
            return "no_mark"
        ended = self.gone_from is not None and column.day >= self.gone_from
        if not self.entered or ended or not self.starting_day <= column.day <= self.last_day:
            return "off_roll"
        if self.guest:
            return "guest"
        if self.boards(column.day):
            return "boarder"
        return "" if column.why_not_held in (None, NotHeld.NOT_KNOWN) else "not_held"


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
        headers = columns_of(ledger.store, ("EntriesReceived",), _HEADER_COLUMNS, last, prefix=prefix)
        imported = {(h["stream"], h["version"]) for h in headers.iter_rows(named=True) if of_history(h)}
        for row in columns_of(ledger.store, _TOPICS, _COLUMNS, last, prefix=prefix).iter_rows(named=True):
            is_imported = (row["stream"], row["header"]) in imported
            at = (row["line"], (day, row["stream"].rsplit("/", 1)[1]))
            cell = cells.get(at, NOTHING)
            if row["topic"] == "MarkForeseen":
                cells[at] = replace(cell, foreseen=row["code"])
                continue
            if row["topic"] == "OlderEntryLearned":
                cells[at] = replace(cell, learned=_with(cell.learned, row, is_imported))
                continue
            code = row.get("new") if row["topic"] == "MarkAmended" else row.get("code")
            step = Step(row["position"], code, row.get("code_sent"), is_imported)
            cells[at] = replace(cell, chain=(*cell.chain, step), minutes_late=row.get("minutes_late"))
    return cells


def _with(learned: tuple[Learned, ...], row: dict[str, Any], imported: bool) -> tuple[Learned, ...]:
    """One more, in order of when each was entered; what does not say when comes before what does."""
    none = not row["code"] and row["code_sent"] is None
    entry = Learned(
        row["position"],
        None if none else row["code"],
        row["code_sent"],
        row["held_from"],
        bool(row["from_audit_log"]),
        imported,
    )
    return tuple(sorted((*learned, entry), key=lambda e: (e.held_from is not None, e.held_from or 0, e.position)))


def _rows(
    ledger: Ledger, place: Place, first_day: date, last_day: date, last: int, marked: set[bytes]
) -> dict[bytes, Row]:
    """The lines that were on the roll on any of these days, and those with an entry on them.

    A pupil whose place is agreed is not on it yet, and a guest never is: no entry is expected, and one that was made is
    shown.
    """
    rows: dict[bytes, Row] = {}
    labels = class_labels(ledger, place, last)
    names = ledger.store.stream_names(f"admission-register/{place.id.hex()}/")
    for at in range(0, len(names), 500):
        for stream, entries in ledger.store.read_streams(names[at : at + 500]).items():
            state, off_roll = lines.Line(stream), None
            boarding: dict[int, bool] = {}
            for entry in entries:
                if entry.position > last:
                    break
                event = Stored(entry.version, entry.topic, *open_state(entry.state, ledger.keys))
                lines.evolve(state, event)
                if entry.topic == "BoardingRecorded":
                    boarding[event.fields["from"]] = event.fields["boarder"] != "no"
                if entry.topic == "PupilDeleted":
                    off_roll = off_roll_from(_delivery(place, event), event.fields, entry.recorded_at)
            if not (state.entry_version or state.agreed_version):
                continue
            _, line = lines.parts_of(stream)
            gone_from = off_roll if state.deletion_version else _left_as_stated(state)
            row = Row(
                line,
                None,
                state.text.get("full_name"),
                labels.get(state.year.get("group") or b""),
                from_days(state.starting_day),
                gone_from,
                bool(state.entry_version or state.is_guest) and not state.entered_in_error,
                state.is_guest,
                gone_from,
                date(state.school_year // 100 + 1, 8, 31),
                boarding,
            )
            if not state.entry_version or state.is_guest:
                row.off_roll_from = row.starting_day
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


def _delivery(place: Place, deleted: Stored) -> str:
    return str(place.sources.get(deleted.fields.get("source") or b"", {}).get("delivery", "stream"))


def class_labels(ledger: Ledger, place: Place, last: int) -> dict[bytes, str]:
    """The labels of a place's classes, where the key is at hand."""
    return {
        event.fields["group"]: event.text["label"]
        for _, _, event in stored(ledger, place.stream, last)
        if event.topic == "GroupDescribed" and event.text
    }
