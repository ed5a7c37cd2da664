"""Makers of messages, and a school that reads like an office: what it keys, when, and what its register then says.

`School` is a real ledger: a store (SQLite in its folder, or PostgreSQL), key store, intake, simulated clock. What it
reads back it reads from the stored entries and folds by a few lines of its own, so that a mistake in `domain` cannot
hide itself.
"""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import fastavro
import pytest

from consumers.deliveries import Delivery
from consumers.intake import Intake
from consumers.outcome import Counts
from domain.ledger.bodies import open_state
from domain.ledger.held import Waiting
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Founding, Ledger, found
from domain.ledger.sqlite_store import open_sqlite
from domain.ledger.store import Store
from domain.moments import days, parse_date, parse_moment
from schemas.catalogue import mis
from schemas.codec import encode_confluent

OPERATOR = bytes(16)
SIMS = b"S" * 16
"""The school's own system: carries persons, reasons, times, deletions."""
NIGHTLY = b"N" * 16
"""An aggregator's nightly feed: carries neither person nor reason nor time of entry."""
LAESTAB, URN, LOCAL_ID = "8051234", "100001", "marram"
TERMS = (
    ("autumn1", "202526", "2025-09-01", "2025-10-24"),
    ("autumn2", "202526", "2025-11-03", "2025-12-19"),
    ("spring1", "202526", "2026-01-05", "2026-02-13"),
    ("spring2", "202526", "2026-02-23", "2026-03-27"),
    ("summer1", "202526", "2026-04-13", "2026-05-22"),
    ("summer2", "202526", "2026-06-01", "2026-07-17"),
)
NEXT_YEAR = ("autumn1", "202627", "2026-09-02", "2026-10-23")

Said = str | tuple[str, Mapping[str, Any]]
"""A code, or a code and what is said beside it: see `mark`."""


def moment(text: str) -> int:
    """London time as UTC microseconds."""
    return parse_moment(text)


def day(text: str) -> int:
    """A date as days since 1970."""
    found = parse_date(text)
    assert found is not None, text
    return days(found)


def mark(code: str, **detail: Any) -> tuple[str, dict[str, Any]]:
    """A code with what is said beside it; `said_at` and `arrived_at` as London times."""
    for name in ("said_at", "arrived_at"):
        if isinstance(detail.get(name), str):
            detail[name] = moment(detail[name])
    return code, detail


def _row(said: Said) -> dict[str, Any]:
    code, detail = (said, None) if isinstance(said, str) else said
    return {"code": code, "detail": detail}


def founding(clock: str = "simulated") -> Founding:
    """A made-up authority's entry 0."""
    return Founding("hartlepool.example/1", b"A" * 16, "805", "Hartlepool", "log", "ml", "rec", 16, clock, b"f" * 32)


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored entry, opened."""

    position: int
    recorded_at: int
    stream: str
    version: int
    topic: str
    fields: dict[str, Any]
    text: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        """A field of its body."""
        return self.fields[name]


OpenStore = Callable[[Path], Store]


def sqlite_in(folder: Path) -> Store:
    """The embedded profile: the store lies in the folder."""
    return open_sqlite(folder / "ledger.sqlite")


@dataclass
class School:
    """A school, its MIS, and the ledger that listens."""

    folder: Path
    ledger: Ledger
    intake: Intake
    open_store: OpenStore = sqlite_in
    source: bytes = SIMS
    framed: Callable[..., bytes] = encode_confluent
    _together: list[Delivery] | None = None
    _number: int = 0

    @classmethod
    def founded(cls, folder: Path, clock: str = "simulated", open_store: OpenStore = sqlite_in) -> School:
        """A ledger that knows of no place yet."""
        ledger = found(open_store(folder), KeyStore.create(folder / "keys.sqlite"), founding(clock))
        return cls(folder, ledger, Intake(ledger), open_store)

    @classmethod
    def at(cls, folder: Path, open_store: OpenStore = sqlite_in) -> School:
        """The ledger in a folder, as a new process opens it."""
        store = open_store(folder)
        ledger = Ledger(store, KeyStore.open(folder / "keys.sqlite"))
        school = cls(folder, ledger, Intake(ledger), open_store)
        school._number = store.head()[0] << 20
        return school

    @classmethod
    def ready(cls, folder: Path, pupils: Sequence[str] = ("Ann", "Ben", "Cal")) -> School:
        """A place, its sources, times and terms, and a class on the roll from Monday 1 September 2025."""
        for name in ("ledger.sqlite", "keys.sqlite"):
            shutil.copy(_introduced(tuple(pupils)) / name, folder / name)
        return cls.at(folder)

    def close(self) -> None:
        """Let go of the files."""
        self.ledger.store.close()
        self.ledger.keys.close()

    def reopened(self) -> School:
        """As after a restart."""
        self.close()
        return self.beside()

    def beside(self) -> School:
        """The same ledger, as another process opens it meanwhile."""
        other = School.at(self.folder, self.open_store)
        other._number += 1 << 19  # its messages are others, where nothing was recorded since
        return other

    # --- sending

    def delivery(self, schema: str, sent: str, arrives: str | None = None, /, **fields: Any) -> Delivery:
        """A message as it lies on the source's topic. `sent` and `arrives` are London times."""
        self._number += 1
        source = fields.pop("source", self.source)
        delivered_by = fields.pop("delivered_by", source)
        number = fields.pop("message", self._number)
        record: dict[str, Any] = {
            "message": number if isinstance(number, bytes) else number.to_bytes(16, "big"),
            "source": source,
            "sent_at": moment(sent),
        }
        if schema != "SourcesStated":
            record["local_id"] = LOCAL_ID
        record |= fields
        key = record.get("local_id") or LOCAL_ID
        by = "operator" if delivered_by == OPERATOR else delivered_by.hex()
        return Delivery(by, key, moment(arrives or sent), self.framed(mis(schema), record))

    def take(self, *deliveries: Delivery) -> Counts:
        """Deliveries as one batch; the sum of rows always holds."""
        if self._together is not None:
            self._together += deliveries
            return Counts()
        counts = self.intake.take(deliveries)
        assert self.intake.totals.adds_up, self.intake.totals
        return counts

    def says(self, schema: str, sent: str, arrives: str | None = None, /, **fields: Any) -> Counts:
        """Any message, sent and taken."""
        return self.take(self.delivery(schema, sent, fields.pop("arrives", arrives), **fields))

    @contextmanager
    def one_batch(self) -> Iterator[None]:
        """What is said inside goes in as one batch."""
        self._together = []
        yield
        together, self._together = self._together, None
        self.take(*together)

    # --- what an office does

    def taking(
        self,
        group: str,
        when: str,
        at: str,
        *,
        arrives: str | None = None,
        said: str | None = "",
        by: str | None = "T9",
        **more: Any,
    ) -> Delivery:
        """The register of a class as a message: see `takes`."""
        names = {name for name in more if name[0].isupper()}
        date, session = when.split()
        at = _on(date, at)
        rows = [{"mis_pupil": name, **_row(more.pop(name))} for name in list(more) if name in names]
        saved = at if said == "" else said
        fields: dict[str, Any] = {
            "date": date,
            "session": session,
            "group": group,
            "taker": by,
            "saved_at": None if saved is None else moment(_on(date, saved)),
            "whole": False,
            "cause": "typed",
            "marks": rows,
        }
        return self.delivery("RegisterTaken", at, arrives and _on(date, arrives), **{**fields, **more})

    def takes(self, group: str, when: str, at: str, **more: Any) -> Counts:
        """`takes("7B", "2025-09-01 AM", "09:01", Ann="/", Ben="N")`. `said=None`: the feed carries no time of entry."""
        return self.take(self.taking(group, when, at, **more))

    def change(self, when: str, at: str, *, arrives: str | None = None, **more: Any) -> Delivery:
        """Marks changed, as a message: see `changes`."""
        date, session = when.split()
        at = _on(date, at)
        names = [name for name in more if name[0].isupper()]
        codes = {name: more.pop(name) for name in names}
        about = {name: more.pop(name) for name in list(more) if name in _DETAIL}
        if isinstance(about.get("said_at"), str):
            about["said_at"] = moment(_on(date, about["said_at"]))
        rows = []
        for name, said in codes.items():
            old, new = said if isinstance(said, tuple) else (None, said)
            rows.append({"date": date, "session": session, "mis_pupil": name, "old": old, "new": new})
            rows[-1]["detail"] = about or None
        return self.delivery("MarkChanged", at, arrives and _on(date, arrives), **{"changes": rows, **more})

    def changes(self, when: str, at: str, **more: Any) -> Counts:
        """`changes("2025-09-01 AM", "11:00", Ben=("N", "I"), by="K", reason="Mother rang.")`"""
        return self.take(self.change(when, at, **more))

    def removes(self, when: str, at: str, *names: str, how: str | None = None, **more: Any) -> Counts:
        """Marks deleted in the MIS."""
        date, session = when.split()
        about = {name: more.pop(name) for name in list(more) if name in _DETAIL} or None
        if about and isinstance(about.get("said_at"), str):
            about["said_at"] = moment(_on(date, about["said_at"]))
        rows = [{"date": date, "session": session, "mis_pupil": name, "how": how, "detail": about} for name in names]
        arrives = more.pop("arrives", None)
        return self.says("MarkRemoved", _on(date, at), arrives and _on(date, arrives), removals=rows, **more)

    def foresees(self, when: str, at: str, *, arrives: str | None = None, **more: Any) -> Counts:
        """Codes entered beforehand."""
        names = [name for name in more if name[0].isupper()]
        date, session = when.split()
        rows = [{"date": date, "session": session, "mis_pupil": name, **_row(more.pop(name))} for name in names]
        return self.says("MarksForeseen", at, arrives, marks=rows, **more)

    def snapshot(
        self,
        first: str,
        last: str,
        at: str,
        marks: Mapping[str, Mapping[str, Said]],
        *,
        whole: bool = True,
        **more: Any,
    ) -> Counts:
        """What the MIS holds for a span of days: `{"2025-09-01 AM": {"Ann": "/"}}`."""
        rows = []
        for when, said in marks.items():
            date, session = when.split()
            rows += [{"date": date, "session": session, "mis_pupil": n, **_row(s)} for n, s in said.items()]
        arrives = more.pop("arrives", None)
        fields = {"from": first, "to": last, "whole": whole, "marks": rows}
        return self.says("RegisterSnapshot", at, arrives, **fields, **more)

    def logs(self, when: str, at: str, name: str, *entries: tuple[str, str, str | None], **more: Any) -> Counts:
        """Rows of the MIS's audit log about one pupil's session: (code, held from, held to)."""
        date, session = when.split()
        rows = [
            {
                "date": date,
                "session": session,
                "mis_pupil": name,
                "code": code,
                "held_from": moment(_on(date, held_from)),
                "held_to": None if held_to is None else moment(_on(date, held_to)),
            }
            for code, held_from, held_to in entries
        ]
        return self.says("ChangesLogged", at, changes=rows, **more)

    def enters(self, *names: str, at: str = "2025-08-29 08:00", **about: Any) -> Counts:
        """Pupils on the roll; the name is the MIS's id too. `about` goes into each row."""
        whole = about.pop("whole", False)
        message = {name: about.pop(name) for name in list(about) if name in _MESSAGE}
        return self.says("PupilsStated", at, whole=whole, pupils=[pupil(n, **about) for n in names], **message)

    def leaves(self, name: str, on: str, at: str, **about: Any) -> Counts:
        """A leaver keyed."""
        message = {key: about.pop(key) for key in list(about) if key in _MESSAGE}
        return self.says("PupilLeft", at, leavers=[{"mis_pupil": name, "leaving_on": on, **about}], **message)

    def plans(
        self,
        at: str,
        closures: Iterable[tuple[str, str, str]] = (),
        terms: Iterable[tuple[str, str, str, str]] = TERMS,
        *,
        whole: bool = False,
        **more: Any,
    ) -> Counts:
        """Terms, and whole days closed: (from, to, kind)."""
        return self.says(
            "CalendarStated",
            at,
            whole=whole,
            terms=[{"term": t, "school_year": y, "from": first, "to": last} for t, y, first, last in terms],
            closures=[{"from": f, "to": t, "sessions": 3, "kind": k} for f, t, k in closures],
            **more,
        )

    def maps(self, at: str, codes: Mapping[str, str], **more: Any) -> Counts:
        """The MIS's own codes."""
        rows = [{"raw": raw, "code": code, "from": "2025-08-01", "active": True} for raw, code in codes.items()]
        return self.says("CodesStated", at, codes=rows, **more)

    # --- what the operator does

    def describes_place(self, at: str, **about: Any) -> Counts:
        """A place, by the operator."""
        return self.says("PlaceStated", at, source=OPERATOR, **{**PLACE, **about})

    def registers_source(self, at: str, source: bytes, **about: Any) -> Counts:
        """A source, by the operator."""
        row = {**SOURCE, "described": source, **about}
        return self.says("SourcesStated", at, source=OPERATOR, sources=[row])

    # --- what the ledger holds

    def entries(self, *topics: str, prefix: str = "", as_at: str | None = None, after: int = 0) -> list[Entry]:
        """Stored entries in order."""
        last = self.ledger.store.head()[0] if as_at is None else self.ledger.store.last_position_at(moment(as_at))
        keys = self.ledger.keys
        return [
            Entry(r.position, r.recorded_at, r.stream, r.version, r.topic, fields, text or {})
            for r in self.ledger.store.read_positions(after + 1, last)
            if (not topics or r.topic in topics) and r.stream.startswith(prefix)
            for fields, text in (open_state(r.state, keys),)
        ]

    @property
    def head(self) -> int:
        """The last position."""
        return self.ledger.store.head()[0]

    def name_of(self) -> dict[bytes, str]:
        """The name of each line's pupil, as first written on it."""
        names: dict[bytes, str] = {}
        for entry in self.entries("StartingDayAgreed", "PupilEntered", "LineCarriedForward"):
            names.setdefault(entry["line"], entry.text.get("full_name") or "nameless")
        return names

    def lines(self, name: str) -> list[list[Entry]]:
        """The lines of everybody of that name, each as its entries."""
        mine = [line for line, known in self.name_of().items() if known == name]
        written = self.entries(prefix="admission-register/")
        return [[e for e in written if e.stream.endswith(line.hex())] for line in mine]

    def roll_story(self, name: str) -> list[list[str]]:
        """The topics of each of their lines."""
        return [[e.topic for e in line] for line in self.lines(name)]

    def session(self, when: str, as_at: str | None = None) -> list[Entry]:
        """The entries of a session's registers, of whichever place."""
        end = "/" + when.replace(" ", "/")
        return [e for e in self.entries(prefix="attendance-register/", as_at=as_at) if e.stream.endswith(end)]

    def register(self, when: str, as_at: str | None = None) -> dict[str, str]:
        """What the register says: the code that stands, by name."""
        return register_of(self.session(when, as_at), self.name_of())

    def story(self, when: str, as_at: str | None = None) -> list[str]:
        """The entries of a session, a line each."""
        names = self.name_of()
        return [told(entry, names) for entry in self.session(when, as_at)]

    def chain(self, when: str, name: str) -> list[str]:
        """The entries of one pupil's session, without the name."""
        return [line.replace(f" {name}", "", 1) for line in self.story(when) if f" {name} " in f"{line} "]

    @property
    def held(self) -> list[Waiting]:
        """What waits."""
        return list(self.intake.held.values())


def told(entry: Entry, names: Mapping[bytes, str]) -> str:
    """One entry of an attendance register in a line."""
    fields = entry.fields
    name = names.get(fields.get("line", b""), "somebody")
    code = fields.get("code") or fields.get("new") or ""
    shown = code or f"?{fields.get('code_sent') or ''}"
    match entry.topic:
        case "EntriesReceived":
            medium = fields["medium"]
            return f"EntriesReceived {fields['how']}" + (f" {medium}" if "_" in medium and medium != "not_said" else "")
        case "MarkAmended":
            return f"MarkAmended {name} {fields['original'] or '?'} to {shown}"
        case "MarkWithdrawn":
            return f"MarkWithdrawn {name} {fields['how']}"
        case "MarkRecorded" | "MarkForeseen" | "OlderEntryLearned":
            return f"{entry.topic} {name} {shown}"
        case _:
            return entry.topic


def register_of(entries: Iterable[Entry], names: Mapping[bytes, str]) -> dict[str, str]:
    """The codes that stand after these entries, by name."""
    stands: dict[str, str] = {}
    for entry in entries:
        name = names.get(entry.fields.get("line", b""), "somebody")
        if entry.topic == "MarkRecorded":
            stands[name] = entry["code"] or f"?{entry['code_sent']}"
        elif entry.topic == "MarkAmended":
            stands[name] = entry["new"] or f"?{entry['code_sent']}"
        elif entry.topic == "MarkWithdrawn":
            del stands[name]
    return stands


def pupil(name: str, **about: Any) -> dict[str, Any]:
    """A row of PupilsStated."""
    return {"mis_pupil": name, "full_name": name, "starting_day": "2025-09-01", **about}


def _on(date: str, at: str) -> str:
    """A time of that day, unless it names its own."""
    return at if " " in at else f"{date} {at}"


_DETAIL = frozenset(
    "cause minutes_late arrived_at nature comment by by_kind said_at amended_on reason_code reason operation rule"
    " evidence arrangement".split()
)
_MESSAGE = frozenset("source message arrives local_id laestab urn sequence delivered_by".split())

PLACE: Mapping[str, Any] = {
    "laestab": LAESTAB,
    "urn": URN,
    "kind": "maintained",
    "phase": "secondary",
    "reg11_binds": True,
    "state_funded": True,
    "in_daily_share": True,
    "boarding": "none",
    "name": "Marram School",
    "from": "2020-09-01",
}
SOURCE: Mapping[str, Any] = {
    "system": "SIMS",
    "route": "direct",
    "delivery": "stream",
    **{f"carries_{what}": True for what in ("person", "reason", "entry_time", "deletes", "closing_time")},
    "from": "2020-09-01",
    "places": [{"laestab": LAESTAB, "local_id": LOCAL_ID}],
}
TIMES: Mapping[str, Any] = {
    "from": "2025-09-01",
    "weekdays": 0b11111,
    "am_begins": 8 * 60 + 50,
    "am_register_closes": 9 * 60 + 30,
    "am_ends": 12 * 60,
    "pm_begins": 13 * 60,
    "pm_register_closes": 13 * 60 + 30,
    "pm_ends": 15 * 60 + 30,
}


def introduce(school: School, pupils: Sequence[str] = ()) -> None:
    """A place, its sources, session times and terms, and a class."""
    school.describes_place("2025-08-28 08:00")
    school.registers_source("2025-08-28 08:01", SIMS)
    nothing = {f"carries_{what}": False for what in ("person", "reason", "entry_time", "closing_time")}
    school.registers_source("2025-08-28 08:01", NIGHTLY, system="Wonde", delivery="snapshot_daily", **nothing)
    school.says("SessionTimesStated", "2025-08-28 08:02", times=[TIMES])
    school.plans("2025-08-28 08:03")
    if pupils:
        school.enters(*pupils)
    school.close()


@cache
def _introduced(pupils: tuple[str, ...]) -> Path:
    """A ledger that knows a place, its sources, session times and terms, and a class: made once a process."""
    folder = Path(mkdtemp(prefix="rollbook-introduced-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    introduce(School.founded(folder), pupils)
    return folder


def container(path: Path, *deliveries: Delivery) -> Path:
    """A file of deliveries."""
    rows = [d._asdict() for d in deliveries]
    keep = ("source", "key", "received_at", "value")
    with path.open("wb") as file:
        fastavro.writer(file, mis("Delivery").writer, [{k: row[k] for k in keep} for row in rows])
    return path


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """A school with Ann, Ben and Cal on its roll."""
    made = School.ready(tmp_path)
    yield made
    made.close()


__all__ = [
    "LAESTAB",
    "LOCAL_ID",
    "NIGHTLY",
    "OPERATOR",
    "SIMS",
    "URN",
    "Entry",
    "Said",
    "School",
    "container",
    "day",
    "mark",
    "moment",
    "pupil",
    "register_of",
    "school",
    "told",
]
