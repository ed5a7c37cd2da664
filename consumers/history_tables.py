"""Tables that an office can export from another system, as the messages that such a system would have sent.

A history comes as CSV files: pupils, marks as they stand, changes (the audit log), and if wanted the calendar and the
system's own codes. Each becomes messages of `schemas/mis/` with the values as written, so that the rules are those of
every message: a 30 February is held by the intake, not judged here. Only what cannot be carried in a message at all (a
row with too many cells, minutes that are no number) is kept as the row that it is, and held.

A file is read whole before anything is written, and refused with a sentence where it is no such table. What the columns
mean is in docs/history.md; `TABLES` is the same in data.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from consumers.ahead import Read, read, weighed
from consumers.deliveries import Delivery, FileRows, file_hash
from domain.moments import days, local_date, parse_date, parse_record
from domain.place.decide import CLOSURE_KINDS, TERMS
from domain.place.place import BLANKS
from schemas.catalogue import mis
from schemas.codec import encode_confluent
from schemas.flat import zigzag

Cells = Sequence[str]


class NotATable(ValueError):
    """A file that is none of these tables."""


class Columns(NamedTuple):
    """What a table must and may hold."""

    needs: tuple[str, ...]
    may: tuple[str, ...]


TABLES: Mapping[str, Columns] = {
    "codes": Columns(("raw", "code"), ()),
    "calendar": Columns(("what", "from", "to"), ()),
    "changes": Columns(
        ("pupil", "date", "session", "old", "new", "changed_at"), ("upn", "changed_by", "reason", "minutes_late")
    ),
    "marks": Columns(
        ("pupil", "date", "session", "code"), ("upn", "minutes_late", "comment", "entered_at", "entered_by")
    ),
    "pupils": Columns(
        ("pupil", "starting_day"),
        tuple(
            "upn former_upn full_name forename surname name_used sex birth_date address last_school leaving_on"
            " year_group class enrolment_status destination leaving_reason ground deleted_on".split()
        ),
    ),
}
"""The tables, told apart by the columns that they need: the first whose needs are met. `pupil` may be left out where
there is a `upn`: the number then stands for the other system's id."""

ORDER = ("codes", "calendar", "pupils", "marks", "changes")
"""In which tables are best taken in: what others refer to first. Another order ends the same, with rows held on the
way."""

ALSO_CALLED: Mapping[str, str] = {
    **dict.fromkeys(("personid", "pupilid", "studentid", "mispupil", "admissionnumber", "admno", "adno"), "pupil"),
    **dict.fromkeys(("uniquepupilnumber",), "upn"),
    **dict.fromkeys(("formerupn",), "former_upn"),
    **dict.fromkeys(("attendancedate", "markdate"), "date"),
    **dict.fromkeys(("sessionname", "ampm"), "session"),
    **dict.fromkeys(("attendancemark", "mark", "attendancecode"), "code"),
    **dict.fromkeys(("minslate", "minuteslate"), "minutes_late"),
    **dict.fromkeys(("comments", "comment"), "comment"),
    **dict.fromkeys(("originalmark", "oldmark", "oldcode", "original"), "old"),
    **dict.fromkeys(("newmark", "newcode", "amended"), "new"),
    **dict.fromkeys(("changedon", "datechanged", "changedate", "changedat"), "changed_at"),
    **dict.fromkeys(("changedby", "user", "username"), "changed_by"),
    **dict.fromkeys(("reasonforchange", "changereason"), "reason"),
    **dict.fromkeys(("enteredat",), "entered_at"),
    **dict.fromkeys(("enteredby",), "entered_by"),
    **dict.fromkeys(("legalforename", "firstname"), "forename"),
    **dict.fromkeys(("legalsurname", "lastname"), "surname"),
    **dict.fromkeys(("fullname", "name"), "full_name"),
    **dict.fromkeys(("nameused", "preferredname"), "name_used"),
    **dict.fromkeys(("gender",), "sex"),
    **dict.fromkeys(("dateofbirth", "dob", "birthdate"), "birth_date"),
    **dict.fromkeys(("lastschool", "previousschool"), "last_school"),
    **dict.fromkeys(("admissiondate", "dateofadmission", "doa", "startingday", "startdate"), "starting_day"),
    **dict.fromkeys(("leavingon", "leavingdate", "dateofleaving", "dol"), "leaving_on"),
    **dict.fromkeys(("yeargroup", "ncyear", "nationalcurriculumyear"), "year_group"),
    **dict.fromkeys(("reggroup", "registrationgroup", "form", "tutorgroup"), "class"),
    **dict.fromkeys(("enrolmentstatus",), "enrolment_status"),
    **dict.fromkeys(("leavingreason", "reasonforleaving"), "leaving_reason"),
    **dict.fromkeys(("deletedon",), "deleted_on"),
    **dict.fromkeys(("displaycode", "simsdisplaycode", "localcode"), "raw"),
    **dict.fromkeys(("statutoryreturncode", "statutorycode", "nationalcode"), "code"),
}
"""Names that systems give these columns, without capitals, blanks and signs (field.md 2.4)."""

_OWN_NAMES = {name.replace("_", ""): name for columns in TABLES.values() for name in (*columns.needs, *columns.may)}
_PLAIN = re.compile(r"[^a-z0-9]")
PUPILS_AT_ONCE = 200
ROWS_AT_ONCE = 2_000
MOST_SIGNS = 10
"""Of a code that goes the short way; what is longer is looked at by itself (and held)."""
_NO_MARKS = BLANKS | {"#"}


@dataclass(frozen=True, slots=True)
class About:
    """For whom a table is taken in."""

    source: bytes
    urn: str | None
    laestab: str | None
    exported_at: int
    """When the other system wrote it, UTC microseconds: marks stood so then."""
    received_at: int

    @property
    def name(self) -> str:
        """Of place and source, as digits."""
        return hashlib.sha256(f"{self.urn}/{self.laestab}/{self.source.hex()}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read: one list for each column, each value as written but for blanks around it."""

    kind: str
    digest: bytes
    columns: Mapping[str, list[str]]
    numbers: Sequence[int]
    """Of each row, as a spreadsheet counts them."""
    odd: Sequence[tuple[int, str]] = ()
    """Rows that have not as many cells as there are columns: number, and the row as it stood."""
    header: str = ""

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def label(self) -> str:
        """What its sentences call it: a file's name may hold a person's."""
        return self.digest.hex()[:8]

    def column(self, name: str) -> Sequence[str]:
        """A column; empty cells where the table has none of it."""
        found = self.columns.get(name)
        return _Nothing(len(self)) if found is None else found

    def covers(self) -> tuple[int, int] | None:
        """The first and last day of which its rows speak, as days since 1970."""
        found = [parse_date(day_in(text)) for name in _DAYS_OF[self.kind] for text in set(self.column(name))]
        known = [days(day) for day in found if day is not None]
        return (min(known), max(known)) if known else None


_DAYS_OF: Mapping[str, tuple[str, ...]] = {
    "codes": (),
    "calendar": ("from", "to"),
    "pupils": ("starting_day", "leaving_on"),
    "marks": ("date",),
    "changes": ("date",),
}


class _Nothing(Sequence[str]):
    """A column that is not there."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: Any) -> Any:
        if at >= self._length:
            raise IndexError(at)
        return ""


# --- reading


def read_table(path: Path) -> Table:
    """A CSV file as one of the tables.

    Raises NotATable with a sentence, which repeats nothing of what the file holds.
    """
    digest = file_hash(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            return _table(path, digest, rows)
        except UnicodeDecodeError:
            raise NotATable(
                f"{path.name} is not UTF-8 (after line {rows.line_num} comes a sign in another encoding); "
                "save it again as CSV UTF-8 and import that."
            ) from None
        except csv.Error:
            raise NotATable(
                f"{path.name} is no CSV from line {rows.line_num} on (a quotation mark is not closed, or stands inside "
                "a cell); save it again as CSV UTF-8 and import that."
            ) from None


def _table(path: Path, digest: bytes, rows: Iterator[list[str]]) -> Table:
    header = next(rows, [])
    names = [_name_of(cell) for cell in header]
    kind = _kind_of(path, names)
    doubled = {name for name in names if name and names.count(name) > 1}
    if doubled & {*TABLES[kind].needs, *TABLES[kind].may}:
        raise NotATable(f"{path.name} has two columns {sorted(doubled)[0]}; take one of them out and import it again.")
    width = len(header)
    known = {*TABLES[kind].needs, *TABLES[kind].may}
    wanted = [(at, name) for at, name in enumerate(names) if name in known]
    lists: list[list[str]] = [[] for _ in wanted]
    taken: list[tuple[int, list[str], dict[str, str]]] = [
        (at, cells, {}) for (at, _), cells in zip(wanted, lists, strict=True)
    ]
    numbers: list[int] = []
    odd: list[tuple[int, str]] = []
    for number, row in enumerate(rows, 2):
        if len(row) != width:
            if any(cell.strip() for cell in row):
                odd.append((number, _as_csv(row)))
            continue
        numbers.append(number)
        for at, cells, same in taken:
            cell = row[at]
            known_cell = same.get(cell)
            if known_cell is None:  # one string for equal cells: ten years of marks have few of them
                known_cell = same[cell] = cell.strip()
            cells.append(known_cell)
    columns = dict(zip((name for _, name in wanted), lists, strict=True))
    if "pupil" not in columns and "upn" in columns:
        columns["pupil"] = columns["upn"]
    return Table(kind, digest, columns, numbers, odd, _as_csv(header))


def _name_of(cell: str) -> str:
    plain = _PLAIN.sub("", cell.lower())
    return _OWN_NAMES.get(plain) or ALSO_CALLED.get(plain, "")


def _kind_of(path: Path, names: Sequence[str]) -> str:
    """Which table has these columns."""
    there = {*names} | ({"pupil"} if "upn" in names else set())
    lacks = {kind: [name for name in columns.needs if name not in there] for kind, columns in TABLES.items()}
    for kind, missing in lacks.items():
        if not missing:
            return kind
    nearest = min(lacks, key=lambda kind: len(lacks[kind]) / len(TABLES[kind].needs))
    missing = lacks[nearest]
    if len(missing) == len(TABLES[nearest].needs):
        raise NotATable(
            f"{path.name} does not begin with the names of its columns, or has none that is known here; "
            "docs/history.md lists them."
        )
    raise NotATable(
        f"{path.name} has no column {' and no column '.join(missing)}, so it is no table of {nearest}; "
        "docs/history.md lists the columns."
    )


def _as_csv(cells: Cells) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


_BRITISH = re.compile(r"([0-3]?[0-9])/([01]?[0-9])/([0-9]{4})(?: 00:00(?::00)?)?")
_BRITISH_TIME = re.compile(r"([0-3]?[0-9])/([01]?[0-9])/([0-9]{4}) ([0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?)")


@lru_cache(maxsize=65_536)
def day_in(text: str) -> str:
    """A date as messages carry it. 04/09/2019 is 4 September; what is no date stays as written, to be held."""
    if (found := _BRITISH.fullmatch(text)) is not None:
        return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    return text.removesuffix(" 00:00:00")


@lru_cache(maxsize=65_536)
def moment_in(text: str) -> int | None:
    """A moment; a date alone is the end of that day, nothing is None. ValueError with a sentence for what is none."""
    if not text:
        return None
    written = day_in(text)
    if (found := _BRITISH_TIME.fullmatch(text)) is not None:
        written = f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d} {found[4]:0>5}"
        written = written if len(found[4]) not in (4, 7) else f"{written[:11]}0{found[4]}"
    return parse_record(written)


def _whole_number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < MOST_SIGNS):
        raise ValueError("no number")
    return int(text)


# --- messages


@dataclass(slots=True)
class _Writer:
    """Messages of one table, in order, each with an id that the same file gives again."""

    table: Table
    about: About
    count: int = 0

    def message(self, name: str, rows: Sequence[int], fields: Mapping[str, Any]) -> Delivery:
        """A message, whose rows are these of the table."""
        common = {**self.common(), **fields}
        value = encode_confluent(mis(name), common)
        return self.delivery(value, rows)

    def common(self) -> dict[str, Any]:
        """What every message says of itself."""
        self.count += 1
        named = f"{self.about.name}/{self.count}".encode()
        return {
            "message": hashlib.sha256(self.table.digest + named).digest()[:16],
            "source": self.about.source,
            "sequence": None,
            "sent_at": self.about.exported_at,
            "urn": self.about.urn,
            "laestab": self.about.laestab,
            "local_id": None,
        }

    def delivery(self, value: bytes, rows: Sequence[int]) -> Delivery:
        """Framed bytes as a delivery."""
        numbers = self.table.numbers
        made_from = FileRows(self.table.label, [numbers[at] for at in rows])
        key = self.about.urn or self.about.laestab or ""
        return Delivery(self.about.source.hex(), key, self.about.received_at, value, rows=made_from)

    def unreadable(self, number: int, row: str, what: str) -> Read:
        """A row that no message can carry, kept as it stood."""
        value = f"{self.table.header}\n{row}\n".encode()
        sentence = f"Row {number} of file {self.table.label}: {what}; mend it there and import the mended file."
        delivery = Delivery(self.about.source.hex(), "", self.about.received_at, value)
        return Read(delivery, "", None, sentence, hashlib.sha256(value).digest())

    def row_unreadable(self, at: int, what: str) -> Read:
        """The same for a row whose cells are all there."""
        cells = [column[at] for column in self.table.columns.values()]
        read = self.unreadable(self.table.numbers[at], _as_csv(cells), what)
        value = f"{_as_csv(list(self.table.columns))}\n{_as_csv(cells)}\n".encode()
        return read._replace(delivery=read.delivery._replace(value=value), digest=hashlib.sha256(value).digest())


def reads(table: Table, about: About, skip: int = 0) -> Iterator[list[Read]]:
    """The messages of a table after the first `skip`, a transaction's worth at a time: the same ones each time."""
    writer = _Writer(table, about)
    width = [
        writer.unreadable(number, row, "it has not as many cells as there are columns") for number, row in table.odd
    ]

    def together() -> Iterator[Read]:
        yield from width
        yield from _MESSAGES[table.kind](writer)

    return weighed(islice(together(), skip, None))


def _chunks(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for at in range(0, len(rows), size):
        yield rows[at : at + size]


def _codes(writer: _Writer) -> Iterator[Read]:
    table = writer.table
    raw, code = table.column("raw"), table.column("code")
    for rows in _chunks(range(len(table)), ROWS_AT_ONCE):
        stated = [{"raw": raw[at], "code": code[at], "from": "1900-01-01", "active": True} for at in rows]
        yield read(writer.message("CodesStated", rows, {"codes": stated}))


def _calendar(writer: _Writer) -> Iterator[Read]:
    """Half terms and closures. Rows are numbered through both, half terms first: so they are put in that order."""
    table = writer.table
    what, first, last = table.column("what"), table.column("from"), table.column("to")
    terms, closures = [], []
    for at in range(len(table)):
        kind = what[at].lower().replace(" ", "_")
        begins = parse_date(day_in(first[at]))
        if kind in TERMS and begins is not None:
            year = begins.year if begins.month >= 8 else begins.year - 1
            terms.append((at, {"term": kind, "school_year": f"{year}{(year + 1) % 100:02d}", "due_mask": None}))
        elif kind in CLOSURE_KINDS:
            closures.append((at, {"kind": kind, "sessions": 3}))
        else:
            yield writer.row_unreadable(at, "it names neither a half term with its first day nor a kind of closure")
    span = [(at, block | {"from": day_in(first[at]), "to": day_in(last[at] or first[at])}) for at, block in terms]
    shut = [(at, block | {"from": day_in(first[at]), "to": day_in(last[at] or first[at])}) for at, block in closures]
    if span or shut:
        fields = {"whole": False, "terms": [block for _, block in span], "closures": [block for _, block in shut]}
        yield read(writer.message("CalendarStated", [at for at, _ in (*span, *shut)], fields))


def _pupils(writer: _Writer) -> Iterator[Read]:
    """Pupils, then those of them who have left by the day of the export."""
    table = writer.table
    exported_on = local_date(writer.about.exported_at).isoformat()
    good: list[int] = []
    said: list[dict[str, Any]] = []
    left: list[tuple[int, dict[str, Any]]] = []
    for at in range(len(table)):
        try:
            row = _pupil(table, at)
        except ValueError:
            yield writer.row_unreadable(at, "its year group is none")
            continue
        good.append(at)
        said.append(row)
        leaving = row["leaving_on"]
        if leaving and parse_date(leaving) is not None and leaving <= exported_on:
            left.append((at, _leaver(table, at, row)))
    for numbers in _chunks(range(len(good)), PUPILS_AT_ONCE):
        fields = {"whole": False, "pupils": [said[n] for n in numbers]}
        yield read(writer.message("PupilsStated", [good[n] for n in numbers], fields))
    for chunk in _chunks(range(len(left)), PUPILS_AT_ONCE):
        fields = {"leavers": [left[n][1] for n in chunk]}
        yield read(writer.message("PupilLeft", [left[n][0] for n in chunk], fields))


_YEAR_GROUPS = {"r": 0, "reception": 0, "n": -1, "n1": -2, "n2": -1, "nursery": -1}


def _year_group(text: str) -> int | None:
    plain = text.lower().removeprefix("year").removeprefix("yr").strip()
    return _YEAR_GROUPS[plain] if plain in _YEAR_GROUPS else _whole_number(plain)


def _pupil(table: Table, at: int) -> dict[str, Any]:
    def cell(name: str) -> str | None:
        return table.column(name)[at] or None

    def day(name: str) -> str | None:
        return day_in(table.column(name)[at]) or None

    full_name = cell("full_name") or " ".join(filter(None, (cell("forename"), cell("surname")))) or None
    return {
        "mis_pupil": table.column("pupil")[at],
        "upn": cell("upn"),
        "former_upn": cell("former_upn"),
        "full_name": full_name,
        "name_used": cell("name_used"),
        "sex": cell("sex"),
        "birth_date": day("birth_date"),
        "address": cell("address"),
        "last_school": cell("last_school"),
        "starting_day": day("starting_day") or "",
        "leaving_on": day("leaving_on"),
        "nc_year": _year_group(table.column("year_group")[at]),
        "group": cell("class"),
        "enrolment_status": cell("enrolment_status"),
        "destination": cell("destination"),
    }


def _leaver(table: Table, at: int, pupil: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mis_pupil": pupil["mis_pupil"],
        "upn": pupil["upn"],
        "leaving_on": pupil["leaving_on"],
        "deleted_on": day_in(table.column("deleted_on")[at]) or None,
        "ground": table.column("ground")[at] or None,
        "mis_reason": table.column("leaving_reason")[at] or None,
        "destination": pupil["destination"],
    }


# --- marks


def _by_day(table: Table) -> Iterator[tuple[str, list[int]]]:
    """Rows by day, in order of days: a register is then one message, however the file was sorted."""
    found: dict[str, list[int]] = {}
    for at, date in enumerate(table.column("date")):
        found.setdefault(date, []).append(at)
    yield from sorted(found.items(), key=lambda item: day_in(item[0]))


def _marks(writer: _Writer) -> Iterator[Read]:
    """A snapshot for each day of those marks that say no more than their code, and one of the others: so a class is
    taken whole, and only what is odd goes row by row."""
    table = writer.table
    code, session = table.column("code"), table.column("session")
    beside = [
        table.columns[name] for name in ("minutes_late", "comment", "entered_at", "entered_by") if name in table.columns
    ]
    for date, rows in _by_day(table):
        plain: list[int] = []
        others: list[int] = []
        for at in rows:
            odd = code[at] in _NO_MARKS or len(code[at]) > MOST_SIGNS or any(column[at] for column in beside)
            (others if odd else plain).append(at)
        plain.sort(key=session.__getitem__)
        for chunk in _chunks(plain, ROWS_AT_ONCE):
            yield read(_plain_snapshot(writer, day_in(date), chunk))
        marks: list[tuple[int, dict[str, Any]]] = []
        for at in others:
            try:
                marks.append((at, _mark(table, at)))
            except ValueError:
                yield writer.row_unreadable(at, "its minutes late or its time of entry cannot be read")
        for pieces in _chunks(range(len(marks)), ROWS_AT_ONCE):
            fields = _snapshot_of(day_in(date)) | {"marks": [marks[n][1] for n in pieces]}
            yield read(writer.message("RegisterSnapshot", [marks[n][0] for n in pieces], fields))


def _snapshot_of(date: str) -> dict[str, Any]:
    return {"from": date, "to": date, "whole": False}


def _plain_snapshot(writer: _Writer, date: str, rows: Sequence[int]) -> Delivery:
    """A snapshot whose rows are written from parts that repeat: fastavro needs four times as long for them."""
    table = writer.table
    empty = encode_confluent(mis("RegisterSnapshot"), writer.common() | _snapshot_of(date) | {"marks": []})
    session, pupil = table.column("session"), table.column("pupil")
    code, upn = table.column("code"), table.column("upn")
    day = _string(date)
    parts = [
        b"%b%b%b%b%b\x00"
        % (day, _string(_session(session[at])), _string(pupil[at]), _nullable(upn[at]), _string(code[at]))
        for at in rows
    ]
    value = b"".join((empty[:-1], zigzag(len(rows)), *parts, b"\x00"))
    return writer.delivery(value, rows)


@lru_cache(maxsize=65_536)
def _string(text: str) -> bytes:
    raw = text.encode()
    return zigzag(len(raw)) + raw


def _nullable(text: str) -> bytes:
    return b"\x02" + _string(text) if text else b"\x00"


def _session(text: str) -> str:
    return text.upper() if text.upper() in ("AM", "PM") else text


def _mark(table: Table, at: int) -> dict[str, Any]:
    minutes, entered_at = _whole_number(table.column("minutes_late")[at]), moment_in(table.column("entered_at")[at])
    detail = {
        "minutes_late": minutes,
        "comment": table.column("comment")[at] or None,
        "said_at": entered_at,
        "by": table.column("entered_by")[at] or None,
    }
    return _whose(table, at) | {
        "code": table.column("code")[at],
        "detail": detail if any(value is not None for value in detail.values()) else None,
    }


def _whose(table: Table, at: int) -> dict[str, Any]:
    return {
        "date": day_in(table.column("date")[at]),
        "session": _session(table.column("session")[at]),
        "mis_pupil": table.column("pupil")[at],
        "upn": table.column("upn")[at] or None,
    }


# --- changes


class _Change(NamedTuple):
    at: int
    old: str
    new: str
    changed_at: int


def _changes(writer: _Writer) -> Iterator[Read]:
    """Changes of one entry into another, as the entries that there were: each with since when and until when it held.

    A log tells of steps, and a register of entries. The entry before the first step began nobody knows when; one that a
    log skips (SIMS leaves out N to a reason) is there because a later step names it.
    """
    table = writer.table
    changed_at = table.column("changed_at")
    old, new = table.column("old"), table.column("new")
    for _, rows in _by_day(table):
        steps: dict[tuple[str, str], list[_Change]] = {}
        for at in rows:
            try:
                when = moment_in(changed_at[at])
                _whole_number(table.column("minutes_late")[at])
            except ValueError:
                when = None
            if when is None:
                yield writer.row_unreadable(at, "when it was changed, or the minutes late, cannot be read")
                continue
            key = (table.column("pupil")[at], _session(table.column("session")[at]))
            steps.setdefault(key, []).append(_Change(at, old[at], new[at], when))
        logged = [row for _, changes in sorted(steps.items()) for row in _entries(table, changes)]
        for chunk in _chunks(range(len(logged)), ROWS_AT_ONCE):
            fields = {"changes": [logged[n][1] for n in chunk]}
            yield read(writer.message("ChangesLogged", [logged[n][0] for n in chunk], fields))


def _entries(table: Table, changes: list[_Change]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The entries of one pupil's session, oldest first. Changes of one moment stand in the order of the file."""
    changes = sorted(changes, key=lambda change: change.changed_at)
    before: str | None = None
    for n, change in enumerate(changes):
        if change.old not in BLANKS and (before is None or change.old != before):
            yield (
                change.at,
                _whose(table, change.at)
                | {
                    "code": change.old,
                    "held_from": None,
                    "held_to": change.changed_at,
                    "detail": None,
                },
            )
        following = changes[n + 1].changed_at if n + 1 < len(changes) else None
        detail = {
            "by": table.column("changed_by")[change.at] or None,
            "reason": table.column("reason")[change.at] or None,
            "amended_on": local_date(change.changed_at).isoformat(),
            "minutes_late": _whole_number(table.column("minutes_late")[change.at]),
        }
        yield (
            change.at,
            _whose(table, change.at)
            | {
                "code": "" if change.new in BLANKS else change.new,
                "held_from": change.changed_at,
                "held_to": following,
                "detail": detail,
            },
        )
        before = change.new


_MESSAGES: Mapping[str, Callable[[_Writer], Iterable[Read]]] = {
    "codes": _codes,
    "calendar": _calendar,
    "pupils": _pupils,
    "marks": _marks,
    "changes": _changes,
}
