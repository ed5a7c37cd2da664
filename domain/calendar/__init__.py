"""A school's calendar as it was known at some moment: a value that grows fact by fact and answers from those only.

School-day arithmetic (five school days for N, ten and twenty for deletion, school weeks for penalty notices) must use
the school's own sessions as then known, so a `Calendar` is never changed: each fact gives a new one, and whoever holds
the earlier value still gets the earlier answers.

How facts are read:

- A session is **held** if its date is in a half term, the week pattern has it, no planned closure covers it and it is
  not cancelled (law.md 0.3; a planned closure is `#`, a cancellation Y4).
- **Session times** govern the weekdays that their pattern names. Of several for one weekday, the one with the later
  first day counts, then the one told later. They have a session if its bit is set *and* the time at which it begins is
  given: null means no such session. With no session times for a date, the due mask of its half term gives the week;
  if that says nothing either, Monday to Friday have two sessions.
- A **half term** told again (same school year, same name) replaces what was told before. Its due mask can only take
  sessions away; None, or every bit of the week, says nothing. A due mask of 0 says that the term no longer stands, as 0
  sessions say of a closure.
- An **amendment** restates the whole block it amends and takes its place in the order of facts. It may amend the
  original, or an earlier amendment of it.

Week patterns are one int: bit 0 Monday AM, bit 1 Monday PM ... bit 13 Sunday PM.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Literal

from domain.moments import academic_year, academic_year_days

Session = Literal["AM", "PM"]
SESSIONS: Final[tuple[Session, Session]] = ("AM", "PM")
_INDEX: Final[Mapping[str, int]] = {"AM": 0, "PM": 1}

MONDAY_TO_FRIDAY: Final = 0b11_11_11_11_11
EVERY_SESSION: Final = (1 << 14) - 1
_DAY: Final = timedelta(days=1)
_LAST_DAY: Final = date.max.toordinal()
_FIRST_YEAR, _LAST_YEAR = academic_year(date.min.replace(month=8)), academic_year(date.max) - 100
"""The academic years that lie wholly within what a `date` can say: a mistyped year must not stop the ledger."""


def week_bit(day: date, session: Session) -> int:
    """The bit of a week pattern that stands for this session of this date's weekday."""
    return 1 << (2 * day.weekday() + _INDEX[session])


def whole_days(weekdays: int) -> int:
    """The week pattern with both sessions of the given weekdays, where bit 0 is Monday and bit 6 Sunday."""
    return sum(0b11 << (2 * weekday) for weekday in range(7) if weekdays >> weekday & 1)


class NotHeld(StrEnum):
    """Why a session is not held; of several reasons the first in this order is given."""

    NOT_KNOWN = "calendar not known"
    OUTSIDE_TERM = "outside term"
    NO_SUCH_SESSION = "no such session"
    PLANNED_CLOSURE = "planned closure"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """When the sessions of some weekdays begin, their registers close, and they end: minutes of the local day."""

    version: int
    first: date
    last: date | None
    pattern: int
    """The weekdays governed and their sessions, as a week pattern; `whole_days` makes one from bits of weekdays."""
    am_begins: int | None = None
    am_register_closes: int | None = None
    am_ends: int | None = None
    pm_begins: int | None = None
    pm_register_closes: int | None = None
    pm_ends: int | None = None

    def has(self, day: date, session: Session) -> bool:
        """True if these times have that session on that weekday."""
        begins = self.am_begins if session == "AM" else self.pm_begins
        return begins is not None and bool(self.pattern & week_bit(day, session))

    def register_closes(self, session: Session) -> int | None:
        """The minute at which the taking of the register ends; None if it was not said."""
        return self.am_register_closes if session == "AM" else self.pm_register_closes


@dataclass(frozen=True, slots=True)
class Term:
    """One half term: `autumn1`, `autumn2`, `spring1`, `spring2`, `summer1` or `summer2` of a school year."""

    version: int
    name: str
    school_year: int
    first: date
    last: date
    due_mask: int | None = None
    """The sessions of the week that are due in it; None: not said; 0: this term no longer stands."""

    @property
    def term(self) -> str:
        """The whole term that it is half of: `autumn`, `spring` or `summer`."""
        return self.name.rstrip("12")


@dataclass(frozen=True, slots=True)
class Closure:
    """Days on which the school planned not to meet (`#`): INSET, bank holidays, polling."""

    version: int
    first: date
    last: date
    sessions: int
    """Bit 0 AM, bit 1 PM; 0: this closure no longer stands."""
    kind: str


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A session that was due and not held (reg 10(10), Y4)."""

    version: int
    day: date
    session: Session


@dataclass(frozen=True, slots=True)
class PartClosure:
    """Part of the premises out of use for a session (Y3). The session is held: this closes nothing by itself."""

    version: int
    day: date
    session: Session
    site: str | None
    nc_years: int
    """Bit 0 reception, bit 1 Year 1, and so on."""


Block = SessionTimes | Term | Closure
Fact = Block | Cancellation | PartClosure


@dataclass(frozen=True, slots=True)
class _Year:
    """One academic year worked out: a look-up for each date, and the sorted school days."""

    known: tuple[date, date] | None
    """The part of the year of which the calendar says anything."""
    answers: Mapping[date, tuple[NotHeld | None, NotHeld | None]]
    school_days: tuple[date, ...]


_UNTOLD_YEAR: Final = _Year(None, {}, ())
_UNKNOWN_DAY: Final = (NotHeld.NOT_KNOWN, NotHeld.NOT_KNOWN)


@dataclass(frozen=True)
class Calendar:
    """What is known of one school's calendar: begin with `Calendar()` and tell it facts in the order of their versions.

    Immutable, so it may be shared: a copy of it is itself.
    """

    blocks: Mapping[int, Block] = field(default_factory=dict)
    """Session times, terms and closures as they now stand, by the version of the event that first told them."""
    cancellations: Mapping[int, Cancellation] = field(default_factory=dict)
    part_closures: Mapping[int, PartClosure] = field(default_factory=dict)
    amendments: Mapping[int, int] = field(default_factory=dict)
    """The version of each amendment, and the version of the block that it restates."""
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __deepcopy__(self, memo: object) -> Calendar:
        return self

    # Facts in.

    def told(self, *facts: Fact) -> Calendar:
        """The calendar after these facts."""
        blocks, cancelled, part_closed = dict(self.blocks), dict(self.cancellations), dict(self.part_closures)
        for fact in facts:
            if isinstance(fact, Cancellation):
                cancelled[fact.version] = fact
            elif isinstance(fact, PartClosure):
                part_closed[fact.version] = fact
            else:
                blocks[fact.version] = fact
        return Calendar(blocks, cancelled, part_closed, self.amendments)

    def amended(self, version: int, amends: int, block: Block) -> Calendar:
        """The calendar after `CalendarAmended`: the block told at version `amends` now reads as restated here.

        `block` carries the whole restated block; its own `version` is not looked at. It may even be of another kind.
        """
        original = self.amendments.get(amends, amends)
        return Calendar(
            {**self.blocks, original: replace(block, version=original)},
            self.cancellations,
            self.part_closures,
            {**self.amendments, version: original},
        )

    def cancellation_reversed(self, amends: int) -> Calendar:
        """The calendar after `CancellationReversed`: that cancellation, or closure of a part, did not happen.

        A second cancellation of the same session still stands.
        """
        return Calendar(
            self.blocks,
            {version: fact for version, fact in self.cancellations.items() if version != amends},
            {version: fact for version, fact in self.part_closures.items() if version != amends},
            self.amendments,
        )

    # Sessions.

    def why_not_held(self, day: date, session: Session) -> NotHeld | None:
        """None if the session is held, else the first reason why it is not."""
        return self._year(academic_year(day)).answers.get(day, _UNKNOWN_DAY)[_INDEX[session]]

    def is_held(self, day: date, session: Session) -> bool:
        """True if the school meets for that session."""
        return self.why_not_held(day, session) is None

    def sessions_held(self, first: date, last: date) -> Iterator[tuple[date, Session]]:
        """The sessions held from the first to the last date, in order."""
        for day in self.school_days(first, last):
            for session in SESSIONS:
                if self.is_held(day, session):
                    yield day, session

    def is_part_closed(self, day: date, session: Session) -> bool:
        """True if part of the premises was out of use for that session (Y3)."""
        return any(fact.day == day and fact.session == session for fact in self.part_closures.values())

    def session_times(self, day: date) -> SessionTimes | None:
        """The session times that govern that date; None if none were told for its weekday."""
        named = 0b11 << (2 * day.weekday())
        governing = (times for times in self._times() if times.pattern & named and _covers(times, day))
        return max(governing, key=_told_last, default=None)

    def register_closes(self, day: date, session: Session) -> int | None:
        """The local minute at which the taking of that register ends (reg 10(1)); None if unknown or no such session.

        Cancelled sessions have one too: the time at which they were due.
        """
        times = self.session_times(day)
        return times.register_closes(session) if times is not None and times.has(day, session) else None

    # Days.

    def is_school_day(self, day: date) -> bool:
        """True if the school has a session on that date (EA96 s.579(1)); a day wholly cancelled is no school day."""
        return any(self.is_held(day, session) for session in SESSIONS)

    def school_days(self, first: date, last: date) -> list[date]:
        """The school days from the first to the last date, both included."""
        terms = list(self._terms())
        first = max(first, min((term.first for term in terms), default=date.max))
        last = min(last, max((term.last for term in terms), default=date.min))
        found: list[date] = []
        for start in range(academic_year(first) // 100, academic_year(last) // 100 + 1) if first <= last else ():
            days = self._year(_year_from(start)).school_days
            found += days[bisect_left(days, first) : bisect_right(days, last)]
        return found

    def nth_school_day_after(self, day: date, n: int) -> date | None:
        """The date `n` school days after a date: day 1 is the first school day after it (law.md 2.4, reading 4).

        None if the calendar does not reach that far, or has a gap on the way: no deadline is guessed.
        """
        if n < 1:
            raise ValueError(f"Day 1 is the first school day after the date; there is no day {n}.")
        left, seek = n, _later(day, 1)
        while True:
            year = self._year(academic_year(seek))
            if year.known is None or not year.known[0] <= seek <= year.known[1]:
                return None
            at = bisect_left(year.school_days, seek)
            if at + left <= len(year.school_days):
                return year.school_days[at + left - 1]
            left -= len(year.school_days) - at
            seek = year.known[1] + _DAY

    def school_week(self, day: date) -> date | None:
        """The Monday of the date's week if it is a school week (PNR reg 9A(6): at least one session), else None."""
        monday = _monday(day)
        return monday if self.school_days(monday, _later(monday, 6)) else None

    def school_weeks(self, first: date, last: date) -> list[date]:
        """The Mondays of the school weeks that have a day from the first to the last date."""
        if first > last:
            return []
        return sorted({_monday(day) for day in self.school_days(_monday(first), _later(_monday(last), 6))})

    # Terms.

    def half_term(self, day: date) -> Term | None:
        """The half term of a date; of two that overlap, the one that begins later, then the one told later."""
        return max((term for term in self._terms() if _covers(term, day)), key=_told_last, default=None)

    def term(self, day: date) -> str | None:
        """The term that the date lies in: `autumn`, `spring` or `summer`; None outside term."""
        half = self.half_term(day)
        return None if half is None else half.term

    def half_terms(self) -> list[Term]:
        """The half terms that stand, as told last, in order of their first days."""
        return sorted(self._terms(), key=_told_last)

    def academic_years(self) -> list[int]:
        """The academic years of which the calendar says anything, as 202526."""
        told = {academic_year(day) for term in self._terms() for day in (term.first, term.last)}
        return sorted(year for year in told if _FIRST_YEAR <= year <= _LAST_YEAR)

    def is_known(self, day: date) -> bool:
        """True if the calendar says anything of that date: it lies between the terms told of its academic year.

        August counts as known once an autumn term is (`autumn1`, or one that begins by September), and the days after
        the summer term once that is (`summer2`, or one that ends in June or later).
        """
        return self.why_not_held(day, "AM") is not NotHeld.NOT_KNOWN

    # One academic year, worked out when first asked for.

    def _times(self) -> Iterable[SessionTimes]:
        return (block for block in self.blocks.values() if isinstance(block, SessionTimes))

    def _terms(self) -> Iterable[Term]:
        """The half terms as told last, but for those that no longer stand."""
        last_told: dict[tuple[int, str], Term] = {}
        for block in self.blocks.values():
            if isinstance(block, Term):
                key = (block.school_year, block.name)
                if key not in last_told or last_told[key].version < block.version:
                    last_told[key] = block
        return (term for term in last_told.values() if term.due_mask != 0)

    def _year(self, year: int) -> _Year:
        found = self._years.get(year)
        if found is None:
            told = any(academic_year(term.first) <= year <= academic_year(term.last) for term in self._terms())
            told = told and _FIRST_YEAR <= year <= _LAST_YEAR
            found = self._years[year] = self._work_out(*academic_year_days(year)) if told else _UNTOLD_YEAR
        return found

    def _work_out(self, begins: date, ends: date) -> _Year:
        """Lays the facts of one academic year over its days, each in its order, so that the last to be laid counts."""
        span = [begins + number * _DAY for number in range((ends - begins).days + 1)]
        terms = sorted((t for t in self._terms() if t.first <= ends and t.last >= begins), key=_told_last)
        term_of = {day: term for term in terms for day in _days(term.first, term.last, begins, ends)}
        times_of: dict[date, SessionTimes] = {}
        any_times: set[date] = set()
        for times in sorted(self._times(), key=_told_last):
            for day in _days(times.first, times.last or ends, begins, ends):
                any_times.add(day)
                if times.pattern >> (2 * day.weekday()) & 0b11:
                    times_of[day] = times
        closed: dict[date, int] = {}
        for block in self.blocks.values():
            if isinstance(block, Closure):
                for day in _days(block.first, block.last, begins, ends):
                    closed[day] = closed.get(day, 0) | block.sessions
        cancelled = {(fact.day, fact.session) for fact in self.cancellations.values()}
        known = _reach(terms, begins, ends)

        def why_not(day: date, session: Session) -> NotHeld | None:
            if not known[0] <= day <= known[1]:
                return NotHeld.NOT_KNOWN
            if (term := term_of.get(day)) is None:
                return NotHeld.OUTSIDE_TERM
            if not _in_week(day, session, term.due_mask, times_of.get(day), day in any_times):
                return NotHeld.NO_SUCH_SESSION
            if closed.get(day, 0) >> _INDEX[session] & 1:
                return NotHeld.PLANNED_CLOSURE
            return NotHeld.CANCELLED if (day, session) in cancelled else None

        answers = {day: (why_not(day, "AM"), why_not(day, "PM")) for day in span}
        return _Year(known, answers, tuple(day for day in span if None in answers[day]))


def _in_week(day: date, session: Session, due_mask: int | None, times: SessionTimes | None, any_times: bool) -> bool:
    """True if the week has the session: by the due mask if it says anything, and by the times if any were told."""
    bit = week_bit(day, session)
    said = due_mask is not None and due_mask & EVERY_SESSION != EVERY_SESSION
    if said and not (due_mask or 0) & bit:
        return False
    if times is not None:
        return times.has(day, session)
    return not any_times and (said or bool(MONDAY_TO_FRIDAY & bit))


def _reach(terms: list[Term], begins: date, ends: date) -> tuple[date, date]:
    """The part of an academic year of which its terms say anything (see `Calendar.is_known`)."""
    first, last = min(terms, key=lambda t: t.first), max(terms, key=lambda t: t.last)
    whole_start = first.name == "autumn1" or first.first < begins.replace(month=10)
    whole_end = last.name == "summer2" or last.last >= ends.replace(month=6, day=1)
    return begins if whole_start else first.first, ends if whole_end else last.last


def _covers(block: SessionTimes | Term, day: date) -> bool:
    return block.first <= day and (block.last is None or day <= block.last)


def _told_last(block: Block) -> tuple[date, int]:
    return block.first, block.version


def _days(first: date, last: date, begins: date, ends: date) -> Iterator[date]:
    """The days from first to last that lie between begins and ends."""
    day, stop = max(first, begins), min(last, ends)
    while day <= stop:
        yield day
        day += _DAY


def _later(day: date, number: int) -> date:
    """So many days later, or the last date there is."""
    return date.fromordinal(min(day.toordinal() + number, _LAST_DAY))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _year_from(start: int) -> int:
    return start * 100 + (start + 1) % 100
