"""The calendar: cases as schools have them, and random calendars against a naive model that looks at every day."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import (
    EVERY_SESSION,
    MONDAY_TO_FRIDAY,
    SESSIONS,
    Block,
    Calendar,
    Cancellation,
    Closure,
    NotHeld,
    PartClosure,
    Session,
    SessionTimes,
    Term,
    week_bit,
    whole_days,
)

BOTH = 0b11


def autumn_2025() -> Calendar:
    """A Hartlepool-like autumn: INSET on Monday 1 September, half term in the last week of October."""
    return Calendar().told(
        SessionTimes(1, date(2025, 9, 1), None, MONDAY_TO_FRIDAY, 530, 560, 720, 780, 795, 915),
        Term(2, "autumn1", 202526, date(2025, 9, 1), date(2025, 10, 24)),
        Term(3, "autumn2", 202526, date(2025, 11, 3), date(2025, 12, 19)),
        Closure(4, date(2025, 9, 1), date(2025, 9, 1), BOTH, "inset"),
    )


def whole_year() -> Calendar:
    return autumn_2025().told(
        Term(5, "spring1", 202526, date(2026, 1, 5), date(2026, 2, 13)),
        Term(6, "spring2", 202526, date(2026, 2, 23), date(2026, 3, 27)),
        Term(7, "summer1", 202526, date(2026, 4, 13), date(2026, 5, 22)),
        Term(8, "summer2", 202526, date(2026, 6, 1), date(2026, 7, 17)),
        Closure(9, date(2026, 5, 4), date(2026, 5, 4), BOTH, "bank_holiday"),
    )


# Sessions and the reasons why they are not held.


def test_an_ordinary_weekday_in_term_has_both_sessions() -> None:
    for session in SESSIONS:
        assert autumn_2025().is_held(date(2025, 9, 2), session)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2025, 9, 1), NotHeld.PLANNED_CLOSURE),
        (date(2025, 9, 6), NotHeld.NO_SUCH_SESSION),
        (date(2025, 10, 28), NotHeld.OUTSIDE_TERM),
        (date(2025, 8, 20), NotHeld.OUTSIDE_TERM),
        (date(2026, 1, 12), NotHeld.NOT_KNOWN),
        (date(2025, 7, 10), NotHeld.NOT_KNOWN),
    ],
)
def test_each_day_without_school_has_its_own_reason(day: date, reason: NotHeld) -> None:
    assert [autumn_2025().why_not_held(day, session) for session in SESSIONS] == [reason, reason]


def test_the_reasons_read_as_words() -> None:
    assert [str(reason) for reason in NotHeld] == [
        "calendar not known",
        "outside term",
        "no such session",
        "planned closure",
        "cancelled",
    ]


def test_a_session_that_is_neither_am_nor_pm_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        autumn_2025().is_held(date(2025, 9, 2), "EV")  # type: ignore[arg-type]


def test_nothing_is_known_of_an_empty_calendar() -> None:
    empty, day = Calendar(), date(2025, 9, 2)
    assert empty.why_not_held(day, "AM") is NotHeld.NOT_KNOWN
    assert empty.school_days(date.min, date.max) == []
    assert empty.nth_school_day_after(day, 1) is None
    assert empty.school_week(day) is None
    assert empty.half_term(day) is None
    assert empty.term(day) is None
    assert empty.register_closes(day, "AM") is None
    assert not empty.is_known(day)


@pytest.mark.parametrize("day", [date.min, date.max, date(1, 8, 1), date(9999, 7, 31)])
def test_a_mistyped_year_is_only_unknown_even_if_a_term_reaches_that_far(day: date) -> None:
    for calendar in (whole_year(), whole_year().told(Term(20, "autumn1", 202627, date(2026, 9, 1), date.max))):
        assert calendar.is_held(day, "AM") in (True, False)
        assert calendar.nth_school_day_after(date.max, 1) is None
        assert calendar.school_week(day) in (None, day - timedelta(days=day.weekday()))
    assert whole_year().why_not_held(day, "AM") is NotHeld.NOT_KNOWN


def test_a_term_that_ends_before_it_begins_has_no_days() -> None:
    backwards = Calendar().told(Term(1, "autumn1", 202526, date(2025, 10, 24), date(2025, 9, 1)))
    assert backwards.school_days(date(2025, 8, 1), date(2026, 7, 31)) == []


def test_with_a_term_and_no_session_times_monday_to_friday_have_two_sessions() -> None:
    calendar = Calendar().told(Term(1, "autumn1", 202526, date(2025, 9, 1), date(2025, 9, 14)))
    assert calendar.school_days(date(2025, 9, 1), date(2025, 9, 14)) == [
        date(2025, 9, n) for n in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)
    ]
    assert len(list(calendar.sessions_held(date(2025, 9, 1), date(2025, 9, 14)))) == 20


def test_with_no_session_times_the_due_mask_gives_the_week() -> None:
    saturdays_too = MONDAY_TO_FRIDAY | week_bit(date(2025, 9, 6), "AM")
    calendar = Calendar().told(Term(1, "autumn1", 202526, date(2025, 9, 1), date(2025, 9, 14), saturdays_too))
    assert calendar.is_held(date(2025, 9, 6), "AM")
    assert not calendar.is_held(date(2025, 9, 6), "PM")


def test_a_due_mask_of_every_session_says_nothing_so_weekends_stay_free() -> None:
    calendar = Calendar().told(Term(1, "autumn1", 202526, date(2025, 9, 1), date(2025, 9, 14), EVERY_SESSION))
    assert not calendar.is_school_day(date(2025, 9, 6))
    assert calendar.is_school_day(date(2025, 9, 5))


def test_a_due_mask_takes_sessions_away_from_the_session_times() -> None:
    friday_afternoon = week_bit(date(2025, 9, 5), "PM")
    calendar = autumn_2025().told(
        Term(5, "autumn1", 202526, date(2025, 9, 1), date(2025, 10, 24), MONDAY_TO_FRIDAY & ~friday_afternoon)
    )
    assert calendar.is_held(date(2025, 9, 5), "AM")
    assert calendar.why_not_held(date(2025, 9, 5), "PM") is NotHeld.NO_SUCH_SESSION


def test_a_six_day_school_has_single_sessions_on_two_days() -> None:
    calendar = Calendar().told(
        SessionTimes(1, date(2025, 9, 1), None, whole_days(0b0011111), 530, 560, 720, 780, 795, 915),
        SessionTimes(2, date(2025, 9, 1), None, whole_days(0b0100100), 530, 560, 720),
        Term(3, "autumn1", 202526, date(2025, 9, 1), date(2025, 10, 24)),
    )
    wednesday, saturday = date(2025, 9, 3), date(2025, 9, 6)
    for day in (wednesday, saturday):
        assert calendar.is_held(day, "AM")
        assert calendar.why_not_held(day, "PM") is NotHeld.NO_SUCH_SESSION
        assert calendar.register_closes(day, "AM") == 560
        assert calendar.register_closes(day, "PM") is None
        assert calendar.is_school_day(day)
    assert len(calendar.school_days(date(2025, 9, 1), date(2025, 9, 7))) == 6
    assert len(list(calendar.sessions_held(date(2025, 9, 1), date(2025, 9, 7)))) == 10


def test_one_pattern_can_hold_single_sessions_by_its_bits_alone() -> None:
    pattern = MONDAY_TO_FRIDAY & ~week_bit(date(2025, 9, 5), "PM")
    calendar = autumn_2025().told(SessionTimes(5, date(2025, 9, 8), None, pattern, 530, 560, 720, 780, 795, 915))
    assert calendar.is_held(date(2025, 9, 5), "PM")
    assert not calendar.is_held(date(2025, 9, 12), "PM")
    assert calendar.is_held(date(2025, 9, 12), "AM")


def test_weekdays_that_a_pattern_does_not_name_keep_their_earlier_times() -> None:
    fridays = SessionTimes(5, date(2025, 10, 1), None, whole_days(0b0010000), 530, 545, 720, 750, 765, 840)
    calendar = autumn_2025().told(fridays)
    assert calendar.register_closes(date(2025, 10, 3), "AM") == 545
    assert calendar.register_closes(date(2025, 10, 2), "AM") == 560
    assert calendar.register_closes(date(2025, 9, 26), "AM") == 560


def test_session_times_that_begin_later_win_whenever_they_were_told_and_of_two_on_one_day_the_one_told_later() -> None:
    later_told_first = SessionTimes(5, date(2025, 10, 1), None, MONDAY_TO_FRIDAY, 530, 545, 720, 780, 795, 915)
    earlier_told_last = SessionTimes(6, date(2025, 9, 15), None, MONDAY_TO_FRIDAY, 530, 550, 720, 780, 795, 915)
    same_day_told_last = SessionTimes(
        7, date(2025, 10, 1), date(2025, 10, 3), MONDAY_TO_FRIDAY, 530, 540, 720, 780, 795, 915
    )
    calendar = autumn_2025().told(later_told_first, earlier_told_last, same_day_told_last)
    closes = [
        calendar.register_closes(date(2025, month, day), "AM") for month, day in ((9, 12), (9, 15), (10, 3), (10, 6))
    ]
    assert closes == [560, 550, 540, 545]
    assert calendar.session_times(date(2025, 10, 6)) == later_told_first


def test_a_closure_of_one_session_leaves_the_other() -> None:
    calendar = autumn_2025().told(Closure(5, date(2025, 12, 19), date(2025, 12, 19), 0b10, "occasional"))
    assert calendar.is_held(date(2025, 12, 19), "AM")
    assert calendar.why_not_held(date(2025, 12, 19), "PM") is NotHeld.PLANNED_CLOSURE


def test_two_closures_of_one_day_close_what_either_closes() -> None:
    day = date(2025, 12, 19)
    calendar = autumn_2025().told(Closure(5, day, day, 0b10, "occasional"), Closure(6, day, day, 0b01, "occasional"))
    assert [calendar.why_not_held(day, session) for session in SESSIONS] == [NotHeld.PLANNED_CLOSURE] * 2


def test_a_cancelled_session_is_not_held_and_a_day_wholly_cancelled_is_no_school_day() -> None:
    snow = date(2025, 11, 20)
    morning = autumn_2025().told(Cancellation(5, snow, "AM"))
    assert morning.why_not_held(snow, "AM") is NotHeld.CANCELLED
    assert morning.is_school_day(snow)
    whole = morning.told(Cancellation(6, snow, "PM"))
    assert not whole.is_school_day(snow)
    assert whole.nth_school_day_after(date(2025, 11, 19), 1) == date(2025, 11, 21)


def test_a_cancellation_reversed_is_as_if_it_had_not_been_unless_another_stands() -> None:
    snow = date(2025, 11, 20)
    twice = autumn_2025().told(Cancellation(5, snow, "AM"), Cancellation(6, snow, "AM"))
    once = twice.cancellation_reversed(5)
    assert once.why_not_held(snow, "AM") is NotHeld.CANCELLED
    assert once.cancellation_reversed(6).is_held(snow, "AM")
    assert not twice.is_held(snow, "AM")


def test_part_of_the_premises_closed_closes_no_session() -> None:
    day = date(2025, 11, 20)
    calendar = autumn_2025().told(PartClosure(5, day, "AM", "Annexe", 0b11))
    assert calendar.is_held(day, "AM")
    assert calendar.is_part_closed(day, "AM")
    assert not calendar.is_part_closed(day, "PM")
    assert not calendar.cancellation_reversed(5).is_part_closed(day, "AM")


def test_a_cancelled_session_still_has_the_time_at_which_its_register_was_due_to_close() -> None:
    snow = date(2025, 11, 20)
    assert autumn_2025().told(Cancellation(5, snow, "AM")).register_closes(snow, "AM") == 560


# School days and weeks.


def test_five_school_days_after_a_thursday_end_on_the_next_thursday() -> None:
    assert autumn_2025().nth_school_day_after(date(2025, 9, 11), 5) == date(2025, 9, 18)


def test_five_school_days_run_over_half_term() -> None:
    thursday_before_half_term = date(2025, 10, 23)
    assert autumn_2025().nth_school_day_after(thursday_before_half_term, 5) == date(2025, 11, 6)


def test_an_inset_day_and_a_bank_holiday_do_not_count() -> None:
    assert autumn_2025().nth_school_day_after(date(2025, 8, 31), 1) == date(2025, 9, 2)
    assert whole_year().nth_school_day_after(date(2026, 5, 1), 1) == date(2026, 5, 5)


def test_saturday_counts_at_a_six_day_school() -> None:
    calendar = autumn_2025().told(SessionTimes(5, date(2025, 9, 1), None, whole_days(0b0100000), 530, 560, 720))
    assert calendar.nth_school_day_after(date(2025, 9, 5), 2) == date(2025, 9, 8)


def test_a_deadline_beyond_what_the_calendar_knows_is_not_guessed() -> None:
    assert autumn_2025().nth_school_day_after(date(2025, 12, 16), 3) == date(2025, 12, 19)
    assert autumn_2025().nth_school_day_after(date(2025, 12, 16), 4) is None
    assert whole_year().nth_school_day_after(date(2025, 12, 16), 4) == date(2026, 1, 5)


def test_a_deadline_runs_over_the_summer_if_both_years_are_known_and_not_over_a_year_that_is_missing() -> None:
    next_year = Term(10, "autumn1", 202627, date(2026, 9, 2), date(2026, 10, 23))
    year_after = Term(10, "autumn1", 202728, date(2027, 9, 1), date(2027, 10, 22))
    assert whole_year().told(next_year).nth_school_day_after(date(2026, 7, 16), 2) == date(2026, 9, 2)
    assert whole_year().told(year_after).nth_school_day_after(date(2026, 7, 16), 2) is None
    assert whole_year().nth_school_day_after(date(2026, 7, 16), 2) is None


def test_a_deadline_is_not_counted_from_before_the_calendar_begins() -> None:
    assert autumn_2025().nth_school_day_after(date(2025, 3, 3), 5) is None


def test_there_is_no_school_day_0_after_a_date() -> None:
    with pytest.raises(ValueError, match="Day 1 is the first"):
        autumn_2025().nth_school_day_after(date(2025, 9, 2), 0)


def test_a_week_with_one_session_is_a_school_week_and_half_term_is_none() -> None:
    calendar = autumn_2025().told(Closure(5, date(2025, 12, 15), date(2025, 12, 18), BOTH, "other"))
    calendar = calendar.told(Closure(6, date(2025, 12, 19), date(2025, 12, 19), 0b10, "other"))
    assert calendar.school_week(date(2025, 12, 21)) == date(2025, 12, 15)
    assert calendar.school_week(date(2025, 10, 29)) is None


def test_ten_school_weeks_skip_half_term() -> None:
    weeks = autumn_2025().school_weeks(date(2025, 10, 8), date(2025, 11, 5))
    assert weeks == [date(2025, 10, 6), date(2025, 10, 13), date(2025, 10, 20), date(2025, 11, 3)]
    assert autumn_2025().school_weeks(date(2025, 11, 5), date(2025, 10, 8)) == []


# Terms.


def test_a_date_lies_in_its_half_term_and_its_term() -> None:
    half = autumn_2025().half_term(date(2025, 11, 10))
    assert half is not None
    assert (half.name, half.term) == ("autumn2", "autumn")
    assert whole_year().term(date(2026, 6, 10)) == "summer"
    assert whole_year().term(date(2025, 10, 28)) is None


def test_a_half_term_told_again_replaces_the_first() -> None:
    calendar = autumn_2025().told(Term(5, "autumn2", 202526, date(2025, 11, 3), date(2025, 12, 17)))
    assert calendar.why_not_held(date(2025, 12, 18), "AM") is NotHeld.NOT_KNOWN
    assert calendar.is_held(date(2025, 12, 17), "AM")


def test_a_gap_between_two_known_half_terms_is_outside_term_and_august_and_late_july_are_too() -> None:
    for day in (date(2025, 8, 1), date(2025, 12, 25), date(2026, 4, 3), date(2026, 7, 31)):
        assert whole_year().why_not_held(day, "AM") is NotHeld.OUTSIDE_TERM
        assert whole_year().is_known(day)


def test_terms_told_as_three_whole_terms_make_the_whole_year_known() -> None:
    calendar = Calendar().told(
        Term(1, "autumn1", 202526, date(2025, 9, 1), date(2025, 12, 19)),
        Term(2, "spring1", 202526, date(2026, 1, 5), date(2026, 3, 27)),
        Term(3, "summer1", 202526, date(2026, 4, 13), date(2026, 7, 17)),
    )
    assert all(calendar.is_known(date(2025, 8, 1) + timedelta(days=n)) for n in range(365))


def test_a_calendar_that_begins_in_spring_knows_nothing_of_autumn() -> None:
    calendar = Calendar().told(Term(1, "spring1", 202526, date(2026, 1, 5), date(2026, 2, 13)))
    assert not calendar.is_known(date(2025, 12, 1))
    assert not calendar.is_known(date(2026, 2, 14))
    assert calendar.is_known(date(2026, 1, 10))


# Amendments, and what was known before them.


def test_an_inset_day_added_later_moves_a_deadline_and_the_earlier_calendar_still_gives_the_earlier_one() -> None:
    before = autumn_2025()
    assert before.nth_school_day_after(date(2025, 11, 20), 5) == date(2025, 11, 27)
    after = before.told(Closure(5, date(2025, 11, 24), date(2025, 11, 24), BOTH, "inset"))
    assert after.nth_school_day_after(date(2025, 11, 20), 5) == date(2025, 11, 28)
    assert before.nth_school_day_after(date(2025, 11, 20), 5) == date(2025, 11, 27)


def test_an_amendment_restates_its_block_and_may_be_amended_again_by_either_version() -> None:
    moved = Closure(0, date(2025, 9, 2), date(2025, 9, 2), BOTH, "inset")
    once = autumn_2025().amended(5, 4, moved)
    assert once.is_held(date(2025, 9, 1), "AM")
    assert not once.is_held(date(2025, 9, 2), "AM")
    for amends in (4, 5):
        twice = once.amended(6, amends, replace(moved, first=date(2025, 9, 3), last=date(2025, 9, 3)))
        assert twice.is_held(date(2025, 9, 2), "AM")
        assert not twice.is_held(date(2025, 9, 3), "AM")
        assert len([block for block in twice.blocks.values() if isinstance(block, Closure)]) == 1


def test_an_amendment_keeps_the_place_of_what_it_amends_among_times_that_overlap() -> None:
    fridays = SessionTimes(5, date(2025, 9, 1), None, whole_days(0b0010000), 530, 545, 720, 750, 765, 840)
    calendar = autumn_2025().told(fridays)
    whole_week = SessionTimes(0, date(2025, 9, 1), None, MONDAY_TO_FRIDAY, 530, 555, 720, 780, 795, 915)
    amended = calendar.amended(6, 1, whole_week)
    assert amended.register_closes(date(2025, 9, 4), "AM") == 555
    assert amended.register_closes(date(2025, 9, 5), "AM") == 545


def test_a_closure_with_no_sessions_and_a_term_with_none_due_no_longer_stand() -> None:
    calendar = autumn_2025().amended(5, 4, Closure(0, date(2025, 9, 1), date(2025, 9, 1), 0, "inset"))
    assert calendar.is_held(date(2025, 9, 1), "AM")
    without = calendar.amended(6, 3, Term(0, "autumn2", 202526, date(2025, 11, 3), date(2025, 12, 19), 0))
    assert without.why_not_held(date(2025, 11, 10), "AM") is NotHeld.NOT_KNOWN
    assert without.half_term(date(2025, 11, 10)) is None


def test_a_copy_of_a_calendar_is_the_calendar() -> None:
    calendar = autumn_2025()
    assert copy.deepcopy(calendar) is calendar
    assert calendar == autumn_2025()
    assert calendar != whole_year()


def test_bits_of_weekdays_become_a_week_pattern() -> None:
    assert whole_days(0b0011111) == MONDAY_TO_FRIDAY
    assert whole_days(0b1111111) == EVERY_SESSION
    assert whole_days(0) == 0
    assert week_bit(date(2025, 9, 7), "PM") == 1 << 13


# Random calendars against a model that scans every fact for every day.

FIRST, LAST = date(2024, 8, 1), date(2026, 7, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


@dataclass
class Naive:
    """All facts in a list, with the versions at which they were first told; each answer looks at all of them."""

    facts: list[tuple[int, Block | Cancellation]] = field(default_factory=list)

    def latest(self, kind: type) -> list[object]:
        return [fact for _, fact in sorted(self.facts, key=lambda pair: pair[0]) if isinstance(fact, kind)]

    def term(self, day: date) -> Term | None:
        """The last of those covering the day, in order of first day and then of telling."""
        terms = self.terms()
        found = None
        for term in terms:
            if term.first <= day <= term.last and (found is None or term.first >= found.first):
                found = term
        return found

    def terms(self) -> list[Term]:
        by_name: dict[tuple[int, str], Term] = {}
        for term in self.latest(Term):
            assert isinstance(term, Term)
            by_name.pop((term.school_year, term.name), None)
            by_name[term.school_year, term.name] = term
        return [term for term in by_name.values() if term.due_mask != 0]

    def known(self, day: date) -> bool:
        begins = date(day.year if day.month >= 8 else day.year - 1, 8, 1)
        ends = date(begins.year + 1, 7, 31)
        its_days = [
            (d, t)
            for t in self.terms()
            for d in (max(t.first, begins), min(t.last, ends))
            if t.first <= ends and t.last >= begins
        ]
        if not its_days:
            return False
        (low, first), (high, last) = min(its_days, key=lambda p: p[0]), max(its_days, key=lambda p: p[0])
        if first.name == "autumn1" or low.month in (8, 9):
            low = begins
        if last.name == "summer2" or high.month in (6, 7):
            high = ends
        return low <= day <= high

    def held(self, day: date, session: Session) -> bool:
        term = self.term(day)
        if term is None or not self.known(day):
            return False
        bit = 1 << (day.weekday() * 2 + (session == "PM"))
        mask = None if term.due_mask in (None, EVERY_SESSION) else term.due_mask
        covering = []
        for times in self.latest(SessionTimes):
            assert isinstance(times, SessionTimes)
            if times.first <= day and (times.last is None or times.last >= day):
                covering.append(times)
        if covering:
            governing = None
            for times in covering:
                names_day = times.pattern & (3 << day.weekday() * 2)
                if names_day and (governing is None or times.first >= governing.first):
                    governing = times
            if governing is None or not governing.pattern & bit:
                return False
            if (governing.am_begins if session == "AM" else governing.pm_begins) is None:
                return False
        elif mask is None and day.weekday() > 4:
            return False
        if mask is not None and not mask & bit:
            return False
        for closure in self.latest(Closure):
            assert isinstance(closure, Closure)
            if closure.first <= day <= closure.last and closure.sessions & (1 if session == "AM" else 2):
                return False
        return not any(
            isinstance(fact, Cancellation) and fact.day == day and fact.session == session for _, fact in self.facts
        )


dates = st.dates(FIRST, LAST)
spans = st.tuples(dates, st.integers(0, 80)).map(lambda pair: (pair[0], min(LAST, pair[0] + timedelta(days=pair[1]))))
patterns = st.one_of(st.just(MONDAY_TO_FRIDAY), st.integers(0, EVERY_SESSION))
minutes = st.one_of(st.none(), st.just(530))
half_terms = st.sampled_from(["autumn1", "autumn2", "spring1", "spring2", "summer1", "summer2"])
sessions: st.SearchStrategy[Session] = st.sampled_from(SESSIONS)

blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(
        lambda span, open_ended, pattern, am, pm: SessionTimes(0, span[0], None if open_ended else span[1], pattern, am, am, am, pm, pm, pm),
        spans, st.booleans(), patterns, minutes, minutes,
    ),
    st.builds(
        lambda span, name, year, mask: Term(0, name, year, span[0], span[1], mask),
        spans, half_terms, st.sampled_from([202425, 202526]), st.one_of(st.none(), patterns, st.just(EVERY_SESSION)),
    ),
    st.builds(lambda day, n, bits: Closure(0, day, day + n * timedelta(days=1), bits, "other"), dates, st.integers(0, 9), st.integers(0, 3)),
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> tuple[Calendar, Naive]:
    """The same facts told to a calendar and to the model, some of them amended or reversed later."""
    calendar = draw(st.sampled_from([Calendar(), autumn_2025(), whole_year(), whole_year()]))
    naive = Naive(sorted(calendar.blocks.items()))
    for version in range(10, draw(st.integers(10, 30)) + 1):
        told = [number for number, fact in naive.facts if not isinstance(fact, Cancellation)]
        cancelled = [number for number, fact in naive.facts if isinstance(fact, Cancellation)]
        kind = draw(st.sampled_from(["block", "block", "block", "cancel", "amend", "reverse"]))
        if kind == "cancel":
            held = calendar.school_days(FIRST, LAST)
            day = draw(st.one_of(dates, st.sampled_from(held)) if held else dates)
            cancellation = Cancellation(version, day, draw(sessions))
            calendar = calendar.told(cancellation)
            naive.facts.append((version, cancellation))
        elif kind == "reverse" and cancelled:
            amends = draw(st.sampled_from(cancelled))
            calendar = calendar.cancellation_reversed(amends)
            naive.facts = [pair for pair in naive.facts if pair[0] != amends]
        elif kind == "amend" and told:
            amends, block = draw(st.sampled_from(told)), draw(blocks)
            calendar = calendar.amended(version, amends, block)
            naive.facts = [(number, block if number == amends else fact) for number, fact in naive.facts]
        else:
            fact = replace(draw(blocks), version=version)
            calendar = calendar.told(fact)
            naive.facts.append((version, fact))
    return calendar, naive


@settings(deadline=None)
@given(histories())
def test_on_any_history_every_session_is_held_as_the_naive_model_says(history: tuple[Calendar, Naive]) -> None:
    calendar, naive = history
    for day in DAYS:
        for session in SESSIONS:
            assert calendar.is_held(day, session) == naive.held(day, session)
        assert calendar.is_known(day) == naive.known(day)


@settings(deadline=None)
@given(histories(), dates, st.integers(1, 25))
def test_on_any_history_the_nth_school_day_is_the_one_found_by_walking_day_by_day(
    history: tuple[Calendar, Naive], day: date, n: int
) -> None:
    calendar, naive = history
    walked, left = day, n
    expected: date | None = None
    while walked < LAST and left:
        walked += timedelta(days=1)
        if not naive.known(walked):
            break
        if naive.held(walked, "AM") or naive.held(walked, "PM"):
            left -= 1
            expected = walked if left == 0 else None
    assert calendar.nth_school_day_after(day, n) == expected


@settings(deadline=None)
@given(histories(), dates, dates)
def test_on_any_history_school_days_and_weeks_are_those_with_a_session(
    history: tuple[Calendar, Naive], one: date, other: date
) -> None:
    calendar, naive = history
    first = min(one, other)
    last = min(max(one, other), first + timedelta(days=90))
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    expected = [day for day in span if naive.held(day, "AM") or naive.held(day, "PM")]
    assert calendar.school_days(first, last) == expected
    assert calendar.school_days(last, first) == (expected if first == last else [])
    for day in span:
        monday = day - timedelta(days=day.weekday())
        week = [monday + timedelta(days=n) for n in range(7)]
        meets = any(naive.held(d, session) for d in week for session in SESSIONS)
        assert calendar.school_week(day) == (monday if meets else None)
        assert calendar.half_term(day) == naive_half_term(naive, day)


def naive_half_term(naive: Naive, day: date) -> Term | None:
    found = naive.term(day)
    if found is None:
        return None
    version = next(number for number, fact in naive.facts if fact is found)
    return replace(found, version=version)


@settings(deadline=None)
@given(histories(), st.lists(st.tuples(dates, sessions), max_size=5))
def test_telling_a_new_fact_never_changes_an_answer_already_given(
    history: tuple[Calendar, Naive], cancelled: list[tuple[date, Session]]
) -> None:
    calendar, _ = history

    def ask() -> list[bool]:
        return [calendar.is_held(day, session) for day in DAYS[::5] for session in SESSIONS]

    before = ask()
    calendar.told(*(Cancellation(1000 + n, day, session) for n, (day, session) in enumerate(cancelled)))
    assert ask() == before
