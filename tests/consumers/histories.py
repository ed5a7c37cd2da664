"""Random histories of a small authority, and a model of the table "What a row becomes" that owes nothing to `domain`.

A history is a list of `Said`: what some source says about some sessions. `deliveries` writes it as MIS messages;
`Model` is told the same and keeps, for each pupil and session, a plain list of what happened.
"""

from __future__ import annotations

import atexit
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from shutil import copy, rmtree
from tempfile import mkdtemp
from typing import Any, NamedTuple

from hypothesis import strategies as st

from consumers.deliveries import Delivery
from tests.making import LOCAL_ID, NIGHTLY, OPERATOR, SIMS, School, moment, pupil

OTHER = b"O" * 16
"""The MIS of a second place."""
SESSIONS = ("2025-09-01 AM", "2025-09-01 PM", "2025-09-05 AM")
"""The last is after every moment of a history: whatever is said of it is told beforehand."""
FUTURE = SESSIONS[2]
CLOSED = SESSIONS[1]
"""An INSET afternoon: # agrees with the calendar."""
PLACES = {SIMS: "marram", NIGHTLY: "marram", OTHER: "saltholme"}
UPNS = {"Ann": "H801200001001", "Ben": "A801200001012", "Zoe": "B801200001023"}
FIRST = "2025-09-03 08:00"


class Told(NamedTuple):
    """When something was said: minutes, or nothing."""

    source: bytes
    said: int | None
    sequence: int | None
    sent: int


class RowSaid(NamedTuple):
    """One row."""

    session: str
    pupil: str
    code: str
    said: int | None = None
    """Its own time of entry, where it has one."""
    old: str | None = None
    held_to: int | None = None


@dataclass(frozen=True)
class Said:
    """One message."""

    kind: str
    told: Told
    rows: tuple[RowSaid, ...]
    whole: bool = False
    again: bool = False
    """The bytes of the message before it of the same source, once more."""
    number: int = 0


def minutes(count: int) -> int:
    """Minutes of the histories' own clock as an instant."""
    return moment("2025-09-01 06:00") + count * 60_000_000


codes = st.sampled_from(["/", "N", "I", "L", "-", "#", "QQ", "RR", "P1"])
some_minute = st.integers(0, 30)
sources = st.sampled_from([SIMS, SIMS, NIGHTLY, OTHER])
pupils = st.sampled_from(["Ann", "Ben", "Ann", "Ben", "Zoe"])
sessions = st.sampled_from([SESSIONS[0], SESSIONS[0], CLOSED, CLOSED, FUTURE])


@st.composite
def said(draw: st.DrawFn) -> Said:
    """Any message."""
    source = draw(sources)
    kind = draw(
        st.sampled_from(["taking", "taking", "taking", "change", "remove", "foresee", "snapshot", "log", "enter"])
    )
    told = Told(
        source,
        draw(st.none() | some_minute) if kind == "taking" else None,
        draw(st.none() | st.integers(0, 20)),
        draw(some_minute),
    )
    again = draw(st.integers(0, 9)) == 0
    if kind == "enter":
        return Said(kind, told, (), again=again)
    if kind == "taking":
        session = draw(sessions)
        # Mostly a class of different children, so that the way of a whole class is taken.
        names = draw(st.lists(pupils, min_size=1, max_size=3, unique=draw(st.integers(0, 5)) > 0))
        rows = tuple(RowSaid(session, name, draw(codes)) for name in names)
        return Said(kind, told, rows, draw(st.integers(0, 5)) == 0, again)
    own = kind in ("change", "remove")
    rows = tuple(
        RowSaid(
            draw(sessions),
            draw(pupils),
            draw(codes),
            draw(st.none() | some_minute) if own else draw(some_minute) if kind == "log" else None,
            draw(st.none() | codes) if kind == "change" else None,
            draw(st.none() | some_minute) if kind == "log" else None,
        )
        for _ in range(draw(st.integers(1, 4)))
    )
    return Said(kind, told, rows, kind == "snapshot" and draw(st.booleans()), again)


histories = st.lists(said(), min_size=10, max_size=24)
cuts = st.lists(st.integers(1, 5), min_size=1, max_size=14)


def deliveries(history: Sequence[Said]) -> list[Delivery]:
    """The history as messages, in order, a minute apart."""
    made: list[Delivery] = []
    last: dict[bytes, Delivery] = {}
    received = moment(FIRST)
    for number, message in enumerate(history, 1):
        received += 60_000_000
        source = message.told.source
        if message.again and source in last:
            made.append(last[source]._replace(received_at=received))
            continue
        delivery = _delivery(message, number)._replace(received_at=received)
        last[source] = delivery
        made.append(delivery)
    return made


def _delivery(message: Said, number: int) -> Delivery:
    told, fields = message.told, dict[str, Any]()
    name = {
        "taking": "RegisterTaken",
        "change": "MarkChanged",
        "remove": "MarkRemoved",
        "foresee": "MarksForeseen",
        "snapshot": "RegisterSnapshot",
        "log": "ChangesLogged",
        "enter": "PupilsStated",
    }[message.kind]
    rows = [_row(message.kind, row) for row in message.rows]
    match message.kind:
        case "taking":
            date, session = message.rows[0].session.split()
            saved = None if told.said is None else minutes(told.said)
            fields = {"date": date, "session": session, "saved_at": saved, "cause": "typed", "whole": message.whole}
            fields["marks"] = rows
        case "snapshot":
            fields = {"from": "2025-09-01", "to": "2025-09-05", "whole": message.whole, "marks": rows}
        case "foresee":
            fields = {"marks": rows}
        case "remove":
            fields = {"removals": rows}
        case "enter":
            fields = {"whole": False, "pupils": [_zoe()]}
        case _:
            fields = {"changes": rows}
    writer = School.__new__(School)
    writer.source, writer.framed, writer._number = told.source, School.framed, 0
    delivery = writer.delivery(
        name,
        FIRST,
        message=(1 << 64) + number,
        local_id=PLACES[told.source],
        sequence=told.sequence,
        sent_at=minutes(told.sent),
        **fields,
    )
    return delivery._replace(key=PLACES[told.source])


def _row(kind: str, row: RowSaid) -> dict[str, Any]:
    date, session = row.session.split()
    detail = None if row.said is None or kind == "log" else {"said_at": minutes(row.said)}
    spot = {} if kind == "taking" else {"date": date, "session": session}
    made: dict[str, Any] = {**spot, "mis_pupil": row.pupil}
    match kind:
        case "change":
            return {**made, "old": row.old, "new": row.code, "detail": detail}
        case "remove":
            return {**made, "detail": detail}
        case "log":
            assert row.said is not None, "an audit log says when"
            held_to = None if row.held_to is None else minutes(row.held_to)
            return {**made, "code": row.code, "held_from": minutes(row.said), "held_to": held_to}
        case _:
            return {**made, "code": row.code}


def _zoe() -> dict[str, Any]:
    return pupil("Zoe", upn=UPNS["Zoe"])


# --- the authority in which histories happen


@cache
def _authority() -> Path:
    folder = Path(mkdtemp(prefix="rollbook-authority-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    school = School.ready(folder, ())
    settle_in(school)
    school.close()
    return folder


def settle_in(school: School) -> None:
    """What is said before any history: a second place, Ann and Ben on every roll, the codes of each source."""
    school.plans("2025-08-28 09:00", terms=())
    closed = [{"from": "2025-09-01", "to": "2025-09-01", "sessions": 2, "kind": "inset"}]
    school.says("CalendarStated", "2025-08-28 09:00", whole=False, terms=[], closures=closed)
    place = {"laestab": "8054321", "urn": "100002", "name": "Saltholme School"}
    school.describes_place("2025-08-28 09:01", **place)
    spoken_for = [{"urn": "100002", "local_id": "saltholme"}]
    school.registers_source("2025-08-28 09:02", OTHER, places=spoken_for)
    school.says("CalendarStated", "2025-08-28 09:03", source=OTHER, local_id="saltholme", whole=False, terms=[
        {"term": "autumn1", "school_year": "202526", "from": "2025-09-01", "to": "2025-10-24"}
    ], closures=closed)  # fmt: skip
    for source, local_id in PLACES.items():
        rows = [pupil(name, upn=UPNS[name]) for name in ("Ann", "Ben")]
        school.says("PupilsStated", "2025-08-29 08:00", source=source, local_id=local_id, whole=False, pupils=rows)
        codes_ = [{"raw": "P1", "code": "P", "from": "2025-08-01", "active": True}]
        school.says("CodesStated", "2025-08-29 08:01", source=source, local_id=local_id, codes=codes_)


def fresh(folder: Path) -> School:
    """The authority, before a history."""
    for name in ("ledger.sqlite", "keys.sqlite"):
        copy(_authority() / name, folder / name)
    return School.at(folder)


# --- the model


@dataclass
class Cell:
    """One pupil, one session."""

    code: str = ""
    stands: bool = False
    told: Told | None = None
    """Of the last word; None: there is no entry."""
    foreseen: str = ""
    chain: list[str] = field(default_factory=list)
    known: list[tuple[str, int | None]] = field(default_factory=list)


@dataclass
class Model:
    """What the registers should say."""

    cells: dict[tuple[str, str, str], Cell] = field(default_factory=dict)
    """By place, session, pupil."""
    counts: Counter[str] = field(default_factory=Counter)
    zoe_by: set[tuple[str, bytes]] = field(default_factory=set)
    """Places at which a source has entered Zoe."""
    last: dict[bytes, int] = field(default_factory=dict)
    """Rows of the last message of each source."""
    waiting: list[tuple[Said, RowSaid]] = field(default_factory=list)
    """Rows about Zoe, where nobody knows her yet."""
    opened: set[tuple[str, str]] = field(default_factory=set)
    """Registers of which anything was ever recorded."""

    def hear(self, history: Sequence[Said]) -> Model:
        """Told a whole history."""
        seen: set[bytes] = set()
        for message in history:
            source = message.told.source
            if message.again and source in seen:
                self.counts["duplicate"] += self.last[source]
                self.counts["sent"] += self.last[source]
                continue
            seen.add(source)
            self.one(message)
        return self

    def one(self, message: Said) -> None:
        """One message that is new."""
        place, source = PLACES[message.told.source], message.told.source
        if message.kind == "enter":
            self.last[source] = 1
            self.counts["sent"] += 1
            self._enter(place, source)
            return
        self.last[source] = len(message.rows)
        self.counts["sent"] += len(message.rows)
        about: dict[str, list[RowSaid]] = {}
        for row in message.rows:
            about.setdefault(row.session, []).append(row)
        if message.whole and message.kind == "snapshot":
            for session in SESSIONS:
                if (place, session) in self.opened:
                    about.setdefault(session, [])
        for session, rows in about.items():
            known = [row for row in rows if self._is_known(place, source, row.pupil)]
            for row in rows:
                if row in known:
                    self._row(place, message, row)
                else:
                    self.counts["held"] += 1
                    self.waiting.append((message, row))
            if message.whole:
                self._missing(place, session, message, {row.pupil for row in known})

    def _is_known(self, place: str, source: bytes, name: str) -> bool:
        return name != "Zoe" or (place, source) in self.zoe_by

    def _enter(self, place: str, source: bytes) -> None:
        if (place, source) in self.zoe_by:
            self.counts["duplicate"] += 1
            return
        self.counts["statements"] += 1
        self.zoe_by.add((place, source))
        still: list[tuple[Said, RowSaid]] = []
        for message, row in self.waiting:
            if PLACES[message.told.source] == place and self._is_known(place, message.told.source, "Zoe"):
                self.counts["held"] -= 1
                self._row(place, message, row)
            else:
                still.append((message, row))
        self.waiting = still

    def _missing(self, place: str, session: str, message: Said, there: set[str]) -> None:
        for (where, when, name), cell in self.cells.items():
            if (where, when) != (place, session) or name in there or cell.told is None or not cell.stands:
                continue
            if not _before(message.told, cell.told):
                self.counts["withdrawn_unsent"] += 1
                self._withdraw(cell, message.told, "absent_from_whole_snapshot")

    def _row(self, place: str, message: Said, row: RowSaid) -> None:
        cell = self.cells.setdefault((place, row.session, row.pupil), Cell())
        kind = message.kind
        code = "-" if kind == "remove" else {"P1": "P", "QQ": "?QQ", "RR": "?RR"}.get(row.code, row.code)
        told = message.told._replace(said=message.told.said if row.said is None else row.said)
        became = self._becomes(cell, kind, code, told, row)
        self.counts[became] += 1
        if became in ("duplicate", "nothing_said", "held"):
            return
        self.opened.add((place, row.session))
        if became == "marks" and row.old not in (None, "-"):
            old = {"P1": "P", "QQ": "?QQ", "RR": "?RR"}.get(row.old or "", row.old or "")
            cell.chain.append(f"OlderEntryLearned {old}")
            cell.known.append((old, None))
        match became:
            case "foreseen":
                cell.foreseen = "" if code == "-" else code
                cell.chain.append(f"MarkForeseen {'?' if code == '-' else code}")
            case "older":
                cell.chain.append(f"OlderEntryLearned {'?' if code == '-' else code}")
                cell.known.append((code, told.said))
            case "marks":
                cell.chain.append(f"MarkRecorded {code}")
                cell.code, cell.stands, cell.told = code, True, told
            case "amendments":
                cell.chain.append(f"MarkAmended {_plain(cell.code) or '?'} to {code}")
                self._keep(cell)
                cell.code, cell.stands, cell.told = code, True, told
                self._keep(cell)
            case "withdrawals":
                self._withdraw(cell, told, "sender_said" if kind == "remove" else "cleared_to_blank")

    def _becomes(self, cell: Cell, kind: str, code: str, told: Told, row: RowSaid) -> str:
        blank = code == "-"
        says_nothing = blank or (code == "#" and row.session == CLOSED)
        if kind == "foresee" or row.session == FUTURE:
            if not cell.foreseen and says_nothing:
                return "nothing_said"
            return "duplicate" if not blank and code == cell.foreseen else "foreseen"
        if cell.told is None:
            if kind == "remove":
                return "held"
            if says_nothing:
                return "nothing_said"
            if row.held_to is None:
                return "marks"
            return "duplicate" if (code, told.said) in cell.known else "older"
        if (blank and not cell.stands) or (cell.stands and code == cell.code):
            return "duplicate"
        older = _before(told, cell.told) or row.held_to is not None
        if (code, told.said) in cell.known and (older or (told.said is not None and cell.told.said is None)):
            return "duplicate"
        if older:
            return "older"
        return "withdrawals" if blank else "amendments"

    @staticmethod
    def _keep(cell: Cell) -> None:
        assert cell.told is not None, "there is an entry"
        if (cell.code, cell.told.said) not in cell.known:
            cell.known.append((cell.code, cell.told.said))

    def _withdraw(self, cell: Cell, told: Told, how: str) -> None:
        cell.chain.append(f"MarkWithdrawn {how}")
        self._keep(cell)
        cell.stands, cell.told = False, told
        cell.known.append(("-", told.said))

    def registers(self) -> dict[tuple[str, str], dict[str, str]]:
        """What stands."""
        found: dict[tuple[str, str], dict[str, str]] = {}
        for (place, session, name), cell in self.cells.items():
            if cell.told is not None and cell.stands:
                found.setdefault((place, session), {})[name] = cell.code
        return found

    def chains(self) -> dict[tuple[str, str, str], list[str]]:
        """What happened, by place, session and pupil."""
        return {where: cell.chain for where, cell in self.cells.items() if cell.chain}


def _plain(code: str) -> str:
    """What stands in `code`: nothing for a code that nobody mapped."""
    return "" if code.startswith("?") else code


def _before(one: Told, other: Told) -> bool:
    """Older by the school's time of entry, else the sender's sequence, else time sent."""
    if one.said is not None and other.said is not None and one.said != other.said:
        return one.said < other.said
    numbered = one.sequence is not None and other.sequence is not None and one.source == other.source
    if numbered and one.sequence != other.sequence:
        return (one.sequence or 0) < (other.sequence or 0)
    return one.sent < other.sent


# --- what a ledger says, in the same words


def places_of(school: School) -> dict[str, str]:
    """Local id by place, hexadecimal."""
    names = {"Marram School": LOCAL_ID, "Saltholme School": "saltholme"}
    return {e["place"].hex(): names[e["name"]] for e in school.entries("PlaceDescribed")}


def cut(items: Sequence[Delivery], sizes: Sequence[int]) -> Iterator[Sequence[Delivery]]:
    """In batches of these sizes, over and over."""
    at, turn = 0, 0
    while at < len(items):
        size = sizes[turn % len(sizes)]
        yield items[at : at + size]
        at, turn = at + size, turn + 1


__all__ = ["OPERATOR", "Model", "Said", "cut", "cuts", "deliveries", "fresh", "histories", "places_of", "settle_in"]
