"""One place through its year: each day's registers, and what its office mends in them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any

from simulation.authority import AM, PM, Group, Place, Pupil
from simulation.behaviour import Behaviour
from simulation.messages import encoded
from simulation.post import Post
from simulation.terms import DAY, HOUR, MINUTE, SECOND, midnight
from simulation.writing import Detail, mark_row, place_part, register_snapshot, register_taken, snapshot_row

SESSIONS = ("AM", "PM")
_NATURES = {
    "B": ("Forest school", "College taster day", "Boxing academy", "Equine centre"),
    "K": ("Hospital school, ward teaching", "Home tuition arranged by the authority"),
    "Y7": ("Staggered start agreed for the first week", "Family stranded by a cancelled ferry"),
}
_COMMENTS = ("Mum rang: sickness bug", "Dad emailed: temperature", "Asthma, back tomorrow", "Text from gran: flu")
_REASONS = {
    "I": "Parent rang: unwell",
    "M": "Appointment card seen",
    "O": "No reason given after calls and a letter",
    "G": "Sibling says the family is on holiday",
    "C": "Leave found granted by the head",
    "L": "Was in the medical room when the register was taken",
    "U": "Arrived after the register had closed",
}
_UNKNOWN_FIRST = 0.4
_NEVER_RESOLVED = 0.03


@dataclass(frozen=True, slots=True)
class Change:
    """A row of MarkChanged. `why`: coded reason and its text."""

    day: date
    session: str
    mis: str
    old: str | None
    new: str
    why: tuple[str, str] | None = None
    minutes_late: int | None = None


@dataclass(slots=True)
class Register:
    """One class's register of one session, before it is sent. An empty code: no row."""

    group: Group
    day: date
    session: str
    pupils: list[Pupil]
    codes: list[str]
    details: dict[int, Detail]
    opened_at: int
    saved_at: int
    message: bytes
    cause: str = "typed"
    medium: str = "electronic"
    taker: str | None = None
    received_at: int | None = None
    again_after: int | None = None

    def put(self, pupil: Pupil, code: str, detail: Detail | None = None) -> None:
        """What the register says of a pupil."""
        position = self.pupils.index(pupil)
        self.codes[position] = code
        self.details.pop(position, None)
        if detail:
            self.details[position] = detail

    def copy(self) -> Register:
        """The same register, to be said otherwise."""
        return replace(self, codes=list(self.codes), details=dict(self.details))


@dataclass(slots=True)
class Day:
    """A school day of a place, with its registers still open to what is planted."""

    index: int
    day: date
    registers: dict[tuple[str, str], Register] = field(default_factory=dict)

    def of(self, group: Group, session: str) -> Register:
        """The register of a class."""
        return self.registers[group.name, session]


class School:
    """A place at work. What is planted hangs in `mornings` (before the registers) and `afternoons` (registers made)."""

    def __init__(self, place: Place, days: Sequence[date], shut: Mapping[date, str], post: Post, rng: Random) -> None:
        self.place = place
        self.days = list(days)
        """The simulated school days."""
        self.shut = shut
        self.post = post
        self.rng = rng
        self.behaviour = Behaviour(place.phase)
        self.mornings: dict[int, list[Callable[[Day], None]]] = {}
        self.afternoons: dict[int, list[Callable[[Day], None]]] = {}
        self.evenings: dict[int, list[Callable[[Day], None]]] = {}
        """After all that: what repeats the registers as they then are."""
        self.snow: dict[date, Callable[[Day], None]] = {}
        self.lates: list[tuple[date, str, str, int]] = []
        """L marks of the last days (date, session, pupil, minutes late), which a changed setting would recalculate."""
        self.kept_lates: set[str] = set()
        """Pupils (mis) whose lates are not let go of, for something planted wants them."""
        self.kept_minutes = 0
        """Nor lates of so few minutes: a setting that re-writes the term wants them all."""
        self.spared = False
        """No snow day here."""
        self.class_busy: set[tuple[str, int]] = set()
        """Classes that something is planted in, by name and day index: nothing else may touch their register then."""
        self.pupil_busy: set[tuple[str, int]] = set()
        self.not_entered: set[str] = set()
        """Pupils (mis) whose marks come before they are entered."""
        self.unsteady: set[int] = set()
        """Indices of days on which some pupil is in that state."""
        self._index = {day: n for n, day in enumerate(self.days)}
        self._at = place_part(place.laestab, place.local_id)
        for pupil in place.pupils:
            if rng.random() < self.behaviour.part_time:
                pupil.afternoon = "C2"

    # Telling ------------------------------------------------------------------------------------------------------

    def raw(self, code: str) -> str:
        """The code as this source writes it."""
        return self.place.profile.raw.get(code, code)

    def told_by(self, user: str | None, said_at: int, *, kind: str = "named") -> dict[str, str | int | bytes]:
        """Who and when, as far as this source carries it."""
        told: dict[str, str | int | bytes] = {}
        if self.place.profile.carries_person:
            told["by_kind"] = kind
            if user is not None:
                told["by"] = user
        if self.place.profile.carries_entry_time:
            told["said_at"] = said_at
        return told

    def change(
        self,
        rows: Sequence[Change],
        at: int,
        *,
        by: str | None = "",
        by_kind: str = "named",
        cause: str | None = "typed",
        operation: bytes | None = None,
        rule: str | None = None,
        received_at: int | None = None,
    ) -> bytes:
        """Marks changed at a moment; a nightly source tells it in that night's snapshot. Answers the message id."""
        profile = self.place.profile
        user = self.place.officer if by == "" else by
        shared: dict[str, str | int | bytes] = self.told_by(user, at, kind=by_kind)
        said = {"cause": cause, "operation": operation, "rule": rule}
        shared.update({name: value for name, value in said.items() if value is not None})
        told: list[tuple[Change, dict[str, str | int | bytes]]] = []
        for row in rows:
            detail = dict(shared)
            if row.minutes_late is not None:
                detail["minutes_late"] = row.minutes_late
            if profile.carries_reason:
                detail["amended_on"] = _day_of(at)
                if row.why is not None:
                    detail["reason_code"], detail["reason"] = row.why
            told.append((row, detail))
        if profile.nightly:
            return self._change_by_night(told, at)
        changes = [
            {
                "date": row.day.isoformat(),
                "session": row.session,
                "mis_pupil": row.mis,
                "old": None if row.old is None else self.raw(row.old),
                "new": self.raw(row.new),
                "detail": detail or None,
            }
            for row, detail in told
        ]
        sent_at = at + self.rng.randrange(1 * SECOND, 20 * SECOND)
        return self.post.state("MarkChanged", self.place, sent_at, {"changes": changes}, received_at=received_at)

    def _change_by_night(self, told: Iterable[tuple[Change, Detail]], at: int) -> bytes:
        rows = [
            snapshot_row(row.day.isoformat(), row.session, row.mis, self.raw(row.new), {"cause": "typed"})
            for row, _ in told
        ]
        dates = sorted(row.day.isoformat() for row, _ in told)
        night = midnight(date.fromisoformat(_day_of(at))) + 23 * HOUR + self.rng.randrange(30 * MINUTE)
        return self.send_snapshot(dates[0], dates[-1], rows, night, whole=False)

    def send_snapshot(self, first: str, last: str, rows: list[bytes], at: int, *, whole: bool) -> bytes:
        """A RegisterSnapshot, sent at a moment. Answers its id."""
        message = self.post.message_id()
        value = register_snapshot(
            message=message,
            source=self.place.source,
            sequence=None,
            sent_at=at,
            place=self._at,
            first=first,
            last=last,
            whole=whole,
            rows=rows,
        )
        self.post.send(self.place, value, at, rows=len(rows), marks=len(rows))
        return message

    def register_value(self, register: Register, sent_at: int) -> tuple[bytes, int]:
        """A register as this source writes it, and how many rows it has."""
        carries_person = self.place.profile.carries_person
        rows = [
            mark_row(pupil.mis, self.raw(code), register.details.get(n))
            for n, (pupil, code) in enumerate(zip(register.pupils, register.codes, strict=True))
            if code
        ]
        value = register_taken(
            message=register.message,
            source=self.place.source,
            sequence=None,
            sent_at=sent_at,
            place=self._at,
            date=register.day.isoformat(),
            session=register.session,
            group=register.group.name,
            taker=register.taker if carries_person else None,
            by_kind="named" if carries_person and register.taker else None,
            opened_at=register.opened_at,
            saved_at=register.saved_at,
            medium=register.medium,
            cause=register.cause,
            rows=rows,
        )
        return value, len(rows)

    def send_register(self, register: Register, *, cut: bool = False, again_after: int | None = None) -> int:
        """Send a register a few seconds after it was saved. Answers when it will be received."""
        sent_at = register.saved_at + self.rng.randrange(1 * SECOND, 9 * SECOND)
        value, rows = self.register_value(register, sent_at)
        again = register.again_after if again_after is None else again_after
        return self.post.send(
            self.place,
            value,
            sent_at,
            rows=rows,
            marks=rows,
            received_at=register.received_at,
            again_after=again,
            cut=cut,
        )

    # A day ---------------------------------------------------------------------------------------------------------

    def begins(self, day: date, session: str) -> int:
        """When a session begins."""
        return midnight(day) + self.place.times[0 if session == "AM" else 3] * MINUTE

    def new_register(self, group: Group, day: date, session: str, codes: list[str]) -> Register:
        """A register as its teacher opens and saves it within minutes of the beginning of the session."""
        opened = self.begins(day, session) + self.rng.randrange(2 * MINUTE)
        saved = opened + self.rng.randrange(4 * MINUTE, 15 * MINUTE)
        message = self.post.message_id()
        return Register(group, day, session, list(group.pupils), codes, {}, opened, saved, message, taker=group.taker)

    def work(self, day: date) -> None:
        """Everything that this place sends because of one school day."""
        index = self._index[day]
        today = Day(index, day)
        for planted in self.mornings.pop(index, ()):
            planted(today)
        if day in self.snow:
            self.snow[day](today)
            return
        unresolved: list[tuple[Register, int, str]] = []
        for group in self.place.groups:
            morning, afternoon = self._class_day(group, day, unresolved)
            today.registers[group.name, "AM"] = morning
            today.registers[group.name, "PM"] = afternoon
        for planted in (*self.afternoons.pop(index, ()), *self.evenings.pop(index, ())):
            planted(today)
        if self.place.profile.nightly:
            self._nightly(today)
        else:
            for register in today.registers.values():
                self._sometimes_late(register, index)
                self.send_register(register)
                self._sometimes_corrected(register, index)
        self._resolve(unresolved, index)

    def _class_day(
        self, group: Group, day: date, unresolved: list[tuple[Register, int, str]]
    ) -> tuple[Register, Register]:
        rng = self.rng
        if rng.random() < self.behaviour.trip:
            both = [("V", "V") if not pupil.reserved else (AM, PM) for pupil in group.pupils]
        else:
            both = [self.behaviour.day(pupil, day, rng) for pupil in group.pupils]
        made = (
            self.new_register(group, day, "AM", [am for am, _ in both]),
            self.new_register(group, day, "PM", [pm for _, pm in both]),
        )
        for register in made:
            for n, code in enumerate(register.codes):
                if code not in (AM, PM):
                    known = register is made[1] and made[0].codes[n] == "N" and rng.random() < 0.55
                    self._particulars(register, n, code, unresolved, known)
        return made

    def _particulars(
        self, register: Register, n: int, code: str, unresolved: list[tuple[Register, int, str]], known: bool
    ) -> None:
        """What is said beside a code; and whether the code is not known yet, so that the register says N.

        `known`: what was N in the morning had been learned by the afternoon.
        """
        rng = self.rng
        if code == "L":
            minutes = rng.randrange(2, 28)
            register.details[n] = {"minutes_late": minutes}
            self.lates.append((register.day, register.session, register.pupils[n].mis, minutes))
        elif code in _NATURES:
            register.details[n] = {"nature": rng.choice(_NATURES[code])}
        elif code == "U" or (not known and code in ("I", "O", "M", "G", "C") and rng.random() < _UNKNOWN_FIRST):
            if not (code == "U" and self.place.profile.nightly):
                register.codes[n] = "N"
            unresolved.append((register, n, code))
        elif code == "I" and rng.random() < 0.15 and self.place.profile.carries_reason:
            register.details[n] = {"comment": rng.choice(_COMMENTS)}

    def _sometimes_late(self, register: Register, index: int) -> None:
        """Now and then a teacher saves the register hours after the session."""
        if self.rng.random() < 0.003 and not self.class_or_pupil_busy(register.group, index):
            register.saved_at = midnight(register.day) + self.rng.randrange(15 * HOUR + 40 * MINUTE, 16 * HOUR)

    def class_or_pupil_busy(self, group: Group, index: int) -> bool:
        """Is anything planted in this class on that day?"""
        return (group.name, index) in self.class_busy or (group.name, index) in self.pupil_busy

    def _sometimes_corrected(self, register: Register, index: int) -> None:
        """Now and then a mark was simply wrong; not everyone says why, or who they are."""
        rng = self.rng
        if rng.random() >= 0.02 or self.class_or_pupil_busy(register.group, index):
            return
        n = rng.randrange(len(register.codes)) if register.codes else 0
        present = AM if register.session == "AM" else PM
        if not register.codes or register.codes[n] != present or register.pupils[n].reserved:
            return
        new, why = rng.choice(
            (
                ("L", ("wrong_code", _REASONS["L"])),
                ("I", ("wrong_pupil", "Two pupils with like names were swapped")),
                ("M", ("wrong_code", "Signed out for the dentist before registration")),
            )
        )
        how = rng.random()
        by, kind = (self.place.shared_login, "shared_login") if how < 0.15 else (self.place.officer, "named")
        at = max(register.saved_at, midnight(register.day) + 10 * HOUR) + rng.randrange(40 * MINUTE, 5 * HOUR)
        mis = register.pupils[n].mis
        change = Change(register.day, register.session, mis, present, new, why if how < 0.7 else None)
        self.change([change], at, by=by, by_kind=kind)

    def _nightly(self, today: Day) -> None:
        """The whole day at once, in the evening, without times of entry."""
        rows = self.snapshot_rows(today.registers.values())
        if rows:
            at = midnight(today.day) + 19 * HOUR + 30 * MINUTE + self.rng.randrange(3 * HOUR)
            iso = today.day.isoformat()
            self.send_snapshot(iso, iso, rows, at, whole=True)

    def snapshot_rows(self, registers: Iterable[Register]) -> list[bytes]:
        """Registers as rows of a snapshot."""
        return [
            snapshot_row(r.day.isoformat(), r.session, pupil.mis, self.raw(code), r.details.get(n))
            for r in registers
            for n, (pupil, code) in enumerate(zip(r.pupils, r.codes, strict=True))
            if code
        ]

    # Afterwards ----------------------------------------------------------------------------------------------------

    def _resolve(self, unresolved: list[tuple[Register, int, str]], index: int) -> None:
        """N becomes what is learned: most within days, some after weeks or months, some never (field 3.4)."""
        rng = self.rng
        by_pupil: dict[str, list[tuple[Register, int, str]]] = {}
        for item in unresolved:
            by_pupil.setdefault(item[0].pupils[item[1]].mis, []).append(item)
        for mis, items in by_pupil.items():
            code = items[0][2]
            if rng.random() < _NEVER_RESOLVED and code != "U":
                continue
            when = self._learned(items, index, code)
            if when is None:
                continue
            late = rng.randrange(31, 95) if code == "U" else None
            reason = "arrived_late" if code == "U" else ("cause_established" if code == "O" else "parent_contact")
            rows = [
                Change(r.day, r.session, mis, r.codes[n], final, (reason, _REASONS[final]), late)
                for r, n, final in items
                if r.codes[n] == "N"
            ]
            if rows:
                self.change(rows, when)

    def _learned(self, items: list[tuple[Register, int, str]], index: int, code: str) -> int | None:
        """The moment at which the office learns it; None after the simulated time."""
        rng = self.rng
        saved = max(register.saved_at for register, _, _ in items)
        chance = rng.random()
        if code == "U":
            return saved + rng.randrange(30 * MINUTE, 2 * HOUR)
        morning_only = all(register.session == "AM" for register, _, _ in items)
        if chance < (0.2 if code == "O" else (0.75 if morning_only else 0.4)):
            if self.place.profile.nightly:
                return self._on(index + 1)
            return saved + rng.randrange(35 * MINUTE, 3 * HOUR)
        if chance < 0.85:
            return self._on(index + (6 if code == "O" else rng.randrange(1, 5)))
        if chance < 0.95:
            return self._on(index + rng.randrange(7, 20))
        return self._on(index + rng.randrange(20, 110))

    def _on(self, index: int) -> int | None:
        """A moment in office hours of a later school day."""
        return self.office_hours(index) if index < len(self.days) else None

    def office_hours(self, index: int) -> int:
        """A moment between 9.45 and 14.30."""
        return midnight(self.days[index]) + self.rng.randrange(9 * HOUR + 45 * MINUTE, 14 * HOUR + 30 * MINUTE)

    def forget(self, day: date) -> None:
        """Let go of lates of more than three weeks ago."""
        if len(self.lates) > 400:
            kept, few = self.kept_lates, self.kept_minutes
            self.lates = [late for late in self.lates if (day - late[0]).days < 21 or late[2] in kept or late[3] <= few]

    def closed(self, day: date) -> None:
        """A planned closure: some sources send `#` for everyone, most send nothing."""
        if not self.place.profile.sends_hash:
            return
        for session in SESSIONS:
            for group in self.place.groups:
                codes = ["" if pupil.mis in self.not_entered else "#" for pupil in group.pupils]
                register = self.new_register(group, day, session, codes)
                register.cause, register.taker = "closure", None
                register.opened_at = register.saved_at = midnight(day) + 6 * HOUR + self.rng.randrange(HOUR)
                self.send_register(register)

    def encode(self, name: str, message: bytes, sent_at: int, fields: Mapping[str, Any]) -> bytes:
        """A message of this place whose id is chosen."""
        return encoded(name, message, self.place, sent_at, fields)


def _day_of(moment: int) -> str:
    """The local date of a moment (never near midnight here)."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + moment // DAY).isoformat()
