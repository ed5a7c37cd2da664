"""Moments and days: UTC microseconds inside, Europe/London wherever a school or a person is concerned.

Events carry instants as microseconds since 1970 in UTC and dates as days since 1970. Sessions, deadlines and what a
person types are local. All conversion between the two is here, in integers: no moment passes through a float.

**Doubtful hours.** When the clocks go forward one local hour never happens; when they go back one happens twice. A
person who types such a time is asked for its zone. Where nobody can be asked (a register that closes then, another
system's records) it is read as Greenwich Mean Time, the *later* of its two readings both times: nothing is left out
that was written before the clock last showed it.

**Now.** A day that a person names ends with its last microsecond, but today ends with now: what lies ahead can be
neither asked about nor known. `Meant` is what was typed, until a clock is at hand to hold it against.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T]"
    r"(?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?)"
    r"\s?(?P<zone>[Zz]|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9](?::[0-5][0-9])?)?"
)

_ACADEMIC_YEAR_BEGINS: Final = 8
"""1 August, as in the published figures. (A *school year* in law begins with its first term, law.md 0.3.)"""


def to_datetime(micros: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def to_micros(moment: datetime) -> int:
    """The instant of an aware datetime in microseconds since 1970; ValueError for a datetime without a zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone, so it is no instant.")
    return (moment - _EPOCH) // _MICROSECOND


def local(micros: int) -> datetime:
    """The instant as London clocks showed it."""
    return to_datetime(micros).astimezone(LONDON)


def local_date(micros: int) -> date:
    """The date in London at that instant."""
    return local(micros).date()


def local_minute(micros: int) -> int:
    """The minute of the London day at that instant, 0 to 1439; in the repeated hour both runs give the same minutes."""
    shown = local(micros)
    return shown.hour * 60 + shown.minute


def from_local(day: date, minute: int) -> int:
    """The instant at which London clocks showed that minute of that day (doubtful hours: see the module)."""
    return _instant(datetime.combine(day, time(minute // 60, minute % 60)))


def end_of_day(day: date) -> int:
    """The last microsecond of a London day: 23:59:59.999999."""
    return _instant(datetime.combine(day, time.max))


def days(day: date) -> int:
    """Days since 1970, as events carry dates."""
    return day.toordinal() - _EPOCH_DAY


def from_days(number: int) -> date:
    """The date of a number of days since 1970."""
    return date.fromordinal(number + _EPOCH_DAY)


def academic_year(day: date) -> int:
    """The academic year of a date as the published figures write it: 202526 from 1 August 2025 to 31 July 2026."""
    first = day.year if day.month >= _ACADEMIC_YEAR_BEGINS else day.year - 1
    return first * 100 + (first + 1) % 100


@lru_cache(maxsize=4_096)
def academic_year_of(number: int) -> int:
    """The academic year of a number of days since 1970."""
    return academic_year(from_days(number))


def academic_year_days(year: int) -> tuple[date, date]:
    """First and last day of an academic year: 202526 gives 1 August 2025 and 31 July 2026."""
    first, second = divmod(year, 100)
    if (first + 1) % 100 != second:
        raise ValueError(f"{year} is no academic year; write 202526 for 2025/26.")
    return date(first, _ACADEMIC_YEAR_BEGINS, 1), date(first + 1, _ACADEMIC_YEAR_BEGINS - 1, 31)


def academic_year_before(year: int, back: int = 1) -> int:
    """The academic year so many years before: 202526 gives 202425, and 200001 gives 199900, 199900 gives 199899."""
    first = year // 100 - back
    return first * 100 + (first + 1) % 100


def parse_academic_year(text: str) -> int | None:
    """The academic year of its six digits, such as `202526`; None for everything else, so for `202527`."""
    if len(text) != len("202526") or not (text.isascii() and text.isdigit()):
        return None
    return int(text) if (int(text[:4]) + 1) % 100 == int(text[4:]) else None


def academic_year_label(year: int) -> str:
    """The academic year as people write it: 202526 becomes `2025/26`."""
    return f"{year // 100:04d}/{year % 100:02d}"


def parse_date(text: str) -> date | None:
    """The date of a strict `YYYY-MM-DD`; None for everything else, so for 30 February, `2025-9-1` and `20250901`."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class LiesAhead(ValueError):
    """A moment after now, where only what has been can be meant."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A moment as a person typed it."""

    written: str
    instant: int
    """In microseconds since 1970; of a date alone, the end of that day in London."""
    day: date | None
    """The date, where a date alone was typed."""

    def at(self, now: int) -> int:
        """The instant that is meant by somebody who types it now: today's date means now."""
        return now if self.day is not None and self.day == local_date(now) else self.instant

    def past(self, now: int, *, simulated: bool = False) -> int:
        """The same, where only what has been can be meant; LiesAhead, with a sentence, for what is later than now.

        `simulated`: now is where a simulated clock stands, and the sentence says so.
        """
        instant = self.at(now)
        if instant <= now:
            return instant
        clock = "the clock of this ledger is simulated and stands at" if simulated else "now is"
        raise LiesAhead(
            f"{self.written} lies ahead: {clock} {as_typed(now)}; name an earlier moment, or leave it out, which means"
            " now."
        )


def meant(text: str) -> Meant:
    """What a person means by a moment; ValueError with a sentence if it is none, or if it needs its zone to be one.

    `2025-09-01` is the end of that day in London, as "as at" a day includes the day. `2025-09-01 09:30` (or with
    seconds, or with a `T`) is London time, exactly that instant. With a zone (`Z`, `+01:00`) the zone counts.
    """
    written = text.strip()
    readings = _readings(text)
    if len(readings) > 1:
        happens = all(local(to_micros(one)).replace(tzinfo=None) == one.replace(tzinfo=None) for one in readings)
        shows = f"show {written} twice" if happens else f"never show {written}"
        first, second = (f"{written}{_offset(one)}" for one in readings)
        raise ValueError(f"London clocks {shows}, for they change that night; write {first} or {second}.")
    return Meant(written, to_micros(readings[0]), parse_date(written))


def parse_moment(text: str) -> int:
    """The instant of a moment that a person typed, as `meant`, where no clock is at hand."""
    return meant(text).instant


def parse_record(text: str) -> int:
    """The instant of a moment in a record, which nobody can ask for its zone: the later of two readings."""
    return to_micros(_readings(text)[-1])


def as_typed(micros: int) -> str:
    """The instant, to the second, as it can be typed: 2025-09-01 09:30:15; with its offset only where it needs one."""
    return f"{local(micros).replace(tzinfo=None, microsecond=0).isoformat(' ')}{needed_offset(micros)}"


def needed_offset(micros: int) -> str:
    """The offset without which the time of an instant could be read as another: +01:00; mostly none is needed."""
    clock = local(micros)
    return _offset(clock) if len(_in_london(clock.replace(tzinfo=None))) > 1 else ""


def _readings(text: str) -> list[datetime]:
    """What a moment may be, the earlier first: two in a doubtful hour. ValueError with a sentence if it is none."""
    written = text.strip()
    day = parse_date(written)
    try:
        if day is not None:
            return [local(end_of_day(day))]
        if (found := _MOMENT.fullmatch(written)) is not None:
            clock = datetime.fromisoformat(f"{found['day']}T{found['time']}{(found['zone'] or '').upper()}")
            readings = [clock] if found["zone"] else _in_london(clock)
            local(to_micros(readings[-1]))  # which overflows if its year is none
            return readings
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text!r} is no moment; write 2025-09-01, 2025-09-01 09:30 or 2025-09-01T09:30:00Z.")


def _in_london(clock: datetime) -> list[datetime]:
    """A time as London clocks show it, as the one or, in a doubtful hour, the two that it may be, the earlier first."""
    readings = {to_micros(one): one for one in (clock.replace(tzinfo=LONDON, fold=fold) for fold in (0, 1))}
    return [readings[micros] for micros in sorted(readings)]


def _instant(clock: datetime) -> int:
    """A naive London time as an instant: the later of its readings."""
    return to_micros(_in_london(clock)[-1])


def _offset(moment: datetime) -> str:
    """The offset of a moment as it is typed: +01:00."""
    return moment.replace(microsecond=0).isoformat()[len("2025-09-01T09:30:15") :]
