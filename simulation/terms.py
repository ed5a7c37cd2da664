"""The school year: terms, holidays, school days, and Europe/London clock times as UTC instants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
WEEKS = 39
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = date(1970, 1, 1).toordinal()
_TERMS = ("autumn1", "autumn2", "spring1", "spring2", "summer1", "summer2")


@dataclass(frozen=True, slots=True)
class Term:
    """Half a term, as TermRow has it; both days are school days of somebody."""

    name: str
    first: date
    last: date


@cache
def midnight(day: date) -> int:
    """When the local day begins, UTC microseconds. Clocks change on Sundays, so noon's offset serves a school day."""
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=LONDON).utcoffset()
    if offset is None:
        raise ValueError("Europe/London has an offset at every moment")
    return (day.toordinal() - _EPOCH) * DAY - int(offset.total_seconds()) * SECOND


def school_year(start: date) -> str:
    """`202526` for a year that begins on 1 September 2025; an academic year begins on 1 August."""
    first = start.year if start.month >= 8 else start.year - 1
    return f"{first}{(first + 1) % 100:02d}"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _last_monday(year: int, month: int) -> date:
    return _monday(date(year, month, 31))


def _easter(year: int) -> date:
    """Easter Sunday (anonymous Gregorian computus)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    w = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * w) // 433
    month = (h + w - 7 * m + 90) // 25
    return date(year, month, (h + w - 7 * m + 33 * month + 19) % 32)


def _breaks(year: int) -> tuple[tuple[date, ...], ...]:
    """The Mondays of the five holidays between the half terms of the year that begins in `year`."""
    christmas = _monday(date(year, 12, 25))
    easter = _easter(year + 1) - timedelta(days=6)
    week = timedelta(days=7)
    return (
        (_last_monday(year, 10),),
        (christmas, christmas + week),
        (_monday(date(year + 1, 2, 21)),),
        (easter, easter + week),
        (_last_monday(year + 1, 5),),
    )


def terms(start: date) -> list[Term]:
    """Six half terms of 39 school weeks in all, with the usual holidays between them."""
    if not (8, 20) <= (start.month, start.day) <= (9, 30):
        raise ValueError(f"a school year starts between 20 August and 30 September, not on {start.isoformat()}")
    breaks = _breaks(start.year)
    closed = {monday for holiday in breaks for monday in holiday}
    mondays: list[date] = []
    monday = _monday(start)
    while len(mondays) < WEEKS:
        if monday not in closed:
            mondays.append(monday)
        monday += timedelta(days=7)
    found: list[Term] = []
    for n, name in enumerate(_TERMS):
        own = [m for m in mondays if sum(m > holiday[0] for holiday in breaks) == n]
        found.append(Term(name, max(own[0], start), own[-1] + timedelta(days=4)))
    return found


def bank_holidays(of: list[Term]) -> list[date]:
    """Bank holidays that fall into term: the early May one (the others lie in the holidays)."""
    first = date(of[-1].last.year, 5, 1)
    may = first + timedelta(days=-first.weekday() % 7)
    return [may] if any(t.first <= may <= t.last for t in of) else []


def spring_bank_holiday(of: list[Term]) -> date:
    """The last Monday in May (as in every year of which counts are published: 2022 was the last in which it moved)."""
    return _last_monday(of[-1].last.year, 5)


def weekdays(of: list[Term]) -> list[date]:
    """Every Monday to Friday of the terms."""
    days: list[date] = []
    for term in of:
        for n in range((term.last - term.first).days + 1):
            day = term.first + timedelta(days=n)
            if day.weekday() < 5:
                days.append(day)
    return days


def school_days(of: list[Term], closed: Iterable[date]) -> list[date]:
    """The days on which a place meets."""
    shut = set(closed)
    return [day for day in weekdays(of) if day not in shut]


def last_day_of_week(of: list[Term], weeks: int) -> date:
    """The Friday of the n-th school week."""
    if not 1 <= weeks <= WEEKS:
        raise ValueError(f"a school year has 1 to {WEEKS} weeks to simulate, not {weeks}")
    mondays = sorted({_monday(day) for day in weekdays(of)})
    return mondays[weeks - 1] + timedelta(days=4)
