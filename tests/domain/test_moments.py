"""Moments and days: exact conversion, London clocks, and the two nights a year on which those are doubtful."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.moments import (
    LONDON,
    LiesAhead,
    academic_year,
    academic_year_before,
    academic_year_days,
    academic_year_label,
    as_typed,
    days,
    end_of_day,
    from_days,
    from_local,
    local,
    local_date,
    local_minute,
    meant,
    parse_date,
    parse_moment,
    parse_record,
    to_datetime,
    to_micros,
)

DATES = st.dates(date(1900, 1, 1), date(2200, 12, 31))
MICROS = st.integers(-(10**15), 7 * 10**15)


def utc(*parts: int) -> int:
    return to_micros(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type,misc]


@given(MICROS)
def test_microseconds_survive_the_way_to_a_datetime_and_back(micros: int) -> None:
    assert to_micros(to_datetime(micros)) == micros
    assert to_micros(local(micros)) == micros


def test_a_datetime_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_micros(datetime(2025, 9, 1))  # noqa: DTZ001


@given(DATES)
def test_days_survive_the_way_to_a_number_and_back(day: date) -> None:
    assert from_days(days(day)) == day


def test_day_0_is_1_january_1970() -> None:
    assert from_days(0) == date(1970, 1, 1)
    assert days(date(2025, 9, 1)) == 20332


def test_half_past_eleven_at_night_in_utc_is_the_next_day_in_london_while_summer_time_lasts() -> None:
    assert local_date(utc(2025, 7, 1, 23, 30)) == date(2025, 7, 2)
    assert local_minute(utc(2025, 7, 1, 23, 30)) == 30
    assert local_date(utc(2025, 12, 1, 23, 30)) == date(2025, 12, 1)
    assert local_minute(utc(2025, 12, 1, 23, 30)) == 23 * 60 + 30


def test_the_academic_year_begins_on_1_august() -> None:
    assert academic_year(date(2025, 7, 31)) == 202425
    assert academic_year(date(2025, 8, 1)) == 202526
    assert academic_year(date(1999, 9, 1)) == 199900
    assert academic_year_label(202526) == "2025/26"
    assert academic_year_label(199900) == "1999/00"
    with pytest.raises(ValueError, match="no academic year"):
        academic_year_days(202527)


@given(DATES)
def test_a_date_lies_between_the_first_and_last_day_of_its_academic_year(day: date) -> None:
    first, last = academic_year_days(academic_year(day))
    assert first <= day <= last
    assert academic_year(first - timedelta(days=1)) != academic_year(day) != academic_year(last + timedelta(days=1))


@given(DATES)
def test_an_iso_date_is_read(day: date) -> None:
    assert parse_date(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-30",
        "2025-02-29",
        "2025-13-01",
        "2025-00-10",
        "2025-9-1",
        "20250901",
        "2025-W36-1",
        "01/09/2025",
        "",
        " 2025-09-01",
        "2025-09-01\n",
        "٢٠٢٥-٠٩-٠١",
        "0000-01-01",
    ],
)
def test_a_date_that_cannot_exist_or_is_written_otherwise_is_none(text: str) -> None:
    assert parse_date(text) is None


def test_a_bare_date_means_the_last_microsecond_of_that_day_in_london() -> None:
    assert parse_moment("2025-09-01") == utc(2025, 9, 1, 22, 59, 59, 999999)
    assert parse_moment("2025-12-01") == utc(2025, 12, 1, 23, 59, 59, 999999)


def test_a_time_without_a_zone_is_london_time() -> None:
    assert parse_moment("2025-09-01 09:30") == utc(2025, 9, 1, 8, 30)
    assert parse_moment(" 2025-12-01T09:30:15.25 ") == utc(2025, 12, 1, 9, 30, 15, 250000)


@pytest.mark.parametrize(
    "text", ["2025-09-01T08:30Z", "2025-09-01 09:30+01:00", "2025-09-01 09:30 +0100", "2025-09-01 08:30:00z"]
)
def test_a_zone_that_is_given_counts(text: str) -> None:
    assert parse_moment(text) == utc(2025, 9, 1, 8, 30)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2025-02-30",
        "2025-02-30 09:00",
        "2025-09-01 24:00",
        "2025-09-01 09",
        "2025-09-01 9:30",
        "2025-09-01 09:30 Europe/London",
        "2025-09-01 09:30+99:00",
        "2025-06-30 23:59:60",
        "2025-09-01Z",
        "2025-09-01 09:30 +0100 ago",
        "now",
        "today",
        "0001-01-01 00:00+14:61",
        "0001-01-01 00:00+14:00",
        "9999-12-31 23:59:59-14:00",
    ],
)
def test_what_is_no_moment_is_answered_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment; write"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01 00:00", "1969-12-31", "9999-12-31", "9999-12-31 23:59:59"])
def test_the_ends_of_the_calendar_are_moments_like_others(text: str) -> None:
    assert as_typed(parse_moment(text)).startswith(text)


@pytest.mark.parametrize(
    "text", ["2025-10-26 01:30", " 2025-10-26T01:30:15.25\n", "2024-10-27 01:00", "2024-10-27 01:59:59"]
)
def test_a_clock_time_that_happens_twice_asks_for_its_zone_and_shows_both_readings(text: str) -> None:
    with pytest.raises(ValueError, match="twice") as refused:
        parse_moment(text)
    typed = text.strip()
    assert str(refused.value).endswith(f"; write {typed}+01:00 or {typed}+00:00.")
    assert parse_moment(f"{typed}+00:00") - parse_moment(f"{typed}+01:00") == 3_600_000_000
    assert {local_minute(parse_moment(f"{typed}{zone}")) // 60 for zone in ("+01:00", "+00:00")} == {1}


@pytest.mark.parametrize("text", ["2025-03-30 01:30", "2025-03-30T01:00", "2026-03-29 01:59:59"])
def test_a_clock_time_that_never_happens_asks_for_its_zone_and_shows_both_readings(text: str) -> None:
    with pytest.raises(ValueError, match="never show") as refused:
        parse_moment(text)
    assert str(refused.value).endswith(f"; write {text}+01:00 or {text}+00:00.")
    readings = [parse_moment(f"{text}{zone}") for zone in ("+01:00", "+00:00")]
    assert [local_minute(one) // 60 for one in readings] == [0, 2]


@pytest.mark.parametrize("night", [date(2025, 3, 30), date(2025, 10, 26), date(2025, 9, 1)])
def test_no_other_minute_of_such_a_night_asks_for_its_zone(night: date) -> None:
    asked = set()
    for minute in range(24 * 60):
        text = f"{night} {minute // 60:02d}:{minute % 60:02d}"
        try:
            assert local_minute(parse_moment(text)) == minute
        except ValueError:
            asked.add(minute // 60)
    assert asked == (set() if night.month == 9 else {1})


@given(DATES)
def test_a_date_alone_never_asks_for_a_zone(day: date) -> None:
    assert parse_moment(day.isoformat()) == end_of_day(day)


def test_a_record_that_cannot_be_asked_for_its_zone_is_read_as_greenwich_mean_time() -> None:
    assert parse_record("2025-10-26 01:30") == parse_moment("2025-10-26 01:30+00:00") == utc(2025, 10, 26, 1, 30)
    assert parse_record("2025-03-30 01:30") == parse_moment("2025-03-30 01:30+00:00") == utc(2025, 3, 30, 1, 30)
    assert parse_record("2025-09-01 09:30") == utc(2025, 9, 1, 8, 30)
    assert parse_record("2025-09-01") == parse_moment("2025-09-01")


def test_a_date_that_is_today_in_london_means_now_and_any_other_its_end() -> None:
    now = utc(2025, 9, 1, 23, 30)
    assert meant("2025-09-02").at(now) == now, "in London it is half past midnight"
    assert meant("2025-09-01").at(now) == utc(2025, 9, 1, 22, 59, 59, 999999)
    assert meant("2025-09-03").at(now) == utc(2025, 9, 3, 22, 59, 59, 999999)
    assert meant("2025-09-02 00:10").at(now) == utc(2025, 9, 1, 23, 10), "a time is that time, also today"


@given(MICROS, st.integers(0, 400 * 86_400_000_000))
def test_what_has_been_is_taken_as_it_was_meant_and_now_is_the_last_moment_that_has(now: int, ago: int) -> None:
    typed = to_datetime(now - ago).isoformat()
    assert meant(typed).past(now) == now - ago
    assert meant(local_date(now).isoformat()).past(now) == now
    with pytest.raises(LiesAhead):
        meant(to_datetime(now + 1).isoformat()).past(now)
    with pytest.raises(LiesAhead):
        meant((local_date(now) + timedelta(days=1)).isoformat()).past(now)


def test_what_lies_ahead_is_refused_with_what_was_asked_what_now_is_and_what_to_do() -> None:
    now = utc(2025, 9, 1, 8, 30, 15)
    with pytest.raises(
        LiesAhead, match="2025-09-02 lies ahead: now is 2025-09-01 09:30:15; name an earlier moment, or"
    ):
        meant("2025-09-02").past(now)
    with pytest.raises(
        LiesAhead, match="the clock of this ledger is simulated and stands at 2025-09-01 09:30:15; name"
    ):
        meant("2025-09-01 10:00").past(now, simulated=True)


def test_an_instant_is_written_so_that_it_can_be_typed_with_its_offset_in_the_repeated_hour_only() -> None:
    assert as_typed(utc(2025, 9, 1, 8, 30, 15, 250000)) == "2025-09-01 09:30:15"
    assert as_typed(utc(2025, 10, 26, 0, 30)) == "2025-10-26 01:30:00+01:00"
    assert as_typed(utc(2025, 10, 26, 1, 30)) == "2025-10-26 01:30:00+00:00"
    assert as_typed(utc(2025, 10, 26, 2, 30)) == "2025-10-26 02:30:00"


@given(MICROS)
def test_an_instant_written_to_be_typed_is_read_back_to_the_second(micros: int) -> None:
    assert parse_moment(as_typed(micros)) == micros - micros % 1_000_000


@pytest.mark.parametrize("night", [date(2025, 3, 30), date(2025, 10, 26)])
def test_no_minute_of_a_dst_night_reads_earlier_than_either_fold_says(night: date) -> None:
    for minute in range(24 * 60):
        shown = datetime.combine(night, time(minute // 60, minute % 60))
        readings = [to_micros(shown.replace(tzinfo=LONDON, fold=fold)) for fold in (0, 1)]
        assert from_local(night, minute) == max(readings)


@given(MICROS)
def test_the_london_date_and_minute_lead_back_to_the_instant_but_for_the_first_run_of_a_repeated_hour(
    micros: int,
) -> None:
    whole_minute = micros - micros % 60_000_000
    assume(local(whole_minute).second == 0)  # London kept a zone with seconds before 1847 only, but be sure
    back = from_local(local_date(whole_minute), local_minute(whole_minute))
    assert back - whole_minute in {0, 3_600_000_000}
    if back != whole_minute:
        assert local(whole_minute).fold == 0
        assert local(back).fold == 1


@given(DATES)
def test_the_end_of_a_day_is_one_microsecond_before_the_next_day(day: date) -> None:
    assert local_date(end_of_day(day)) == day
    assert local_date(end_of_day(day) + 1) == day + timedelta(days=1)


@given(MICROS, st.integers(-14 * 60, 14 * 60))
def test_any_instant_written_in_any_zone_is_read_back(micros: int, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    assert parse_moment(to_datetime(micros).astimezone(zone).isoformat()) == micros


@pytest.mark.parametrize(
    ("year", "back", "before"), [(202526, 1, 202425), (202526, 6, 201920), (200001, 1, 199900), (199900, 1, 199899)]
)
def test_the_academic_year_before_is_right_over_a_century_too(year: int, back: int, before: int) -> None:
    assert academic_year_before(year, back) == before
