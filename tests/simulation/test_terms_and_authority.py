"""The made-up year and the made-up authority look like real ones where it matters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random

import pytest
from stdnum.gb import upn as stdnum_upn

from simulation.authority import mixed, share
from simulation.terms import MINUTE, bank_holidays, last_day_of_week, midnight, school_days, school_year, terms
from simulation.upns import check_letter


def test_the_year_2025_26_has_39_weeks_and_the_usual_holidays() -> None:
    of = terms(date(2025, 9, 1))
    assert [(t.name, t.first.isoformat(), t.last.isoformat()) for t in of] == [
        ("autumn1", "2025-09-01", "2025-10-24"),
        ("autumn2", "2025-11-03", "2025-12-19"),
        ("spring1", "2026-01-05", "2026-02-13"),
        ("spring2", "2026-02-23", "2026-03-27"),
        ("summer1", "2026-04-13", "2026-05-22"),
        ("summer2", "2026-06-01", "2026-07-17"),
    ]
    assert bank_holidays(of) == [date(2026, 5, 4)]
    assert len(school_days(of, bank_holidays(of))) == 194
    assert last_day_of_week(of, 9) == date(2025, 11, 7), "week 9 comes after the half term"
    assert school_year(date(2025, 9, 1)) == "202526"


@pytest.mark.parametrize(("day", "utc"), [(date(2025, 9, 1), "07:50"), (date(2025, 12, 1), "08:50")])
def test_ten_to_nine_is_an_hour_earlier_in_utc_in_summer(day: date, utc: str) -> None:
    moment = datetime.fromtimestamp((midnight(day) + 530 * MINUTE) / 1e6, UTC)
    assert moment.isoformat(timespec="minutes") == f"{day.isoformat()}T{utc}+00:00"


def test_weeks_and_starts_that_do_not_exist_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="1 to 39 weeks"):
        last_day_of_week(terms(date(2025, 9, 1)), 40)
    with pytest.raises(ValueError, match="starts between"):
        terms(date(2025, 1, 6))


def test_the_check_letter_of_the_published_example_is_b() -> None:
    assert check_letter("801200005001") == "B"
    assert check_letter("207000016049") == "P", "and not Q, as two help pages say"


def test_every_pupil_of_an_authority_has_a_upn_of_its_own_with_the_right_check_letter() -> None:
    _, places = mixed("805", date(2025, 9, 1), Random(1), places=6, pupils=3000)
    pupils = [pupil for place in places for pupil, _ in place.roll]
    assert len({pupil.upn for pupil in pupils}) == len({pupil.mis for pupil in pupils}) == 3000
    assert all(stdnum_upn.is_valid(pupil.upn or "") for pupil in pupils)


def test_birth_dates_fit_the_year_groups() -> None:
    _, places = mixed("805", date(2025, 9, 1), Random(1), places=4, pupils=600)
    for place in places:
        for pupil, _ in place.roll:
            age = 2025 - pupil.birth_date.year - ((pupil.birth_date.month, pupil.birth_date.day) > (8, 31))
            assert age == pupil.nc_year + 4
            assert pupil.birth_date < pupil.starting_day <= date(2025, 9, 1)


def test_places_have_laestabs_of_the_authority_and_classes_of_at_most_thirty() -> None:
    _, places = mixed("805", date(2025, 9, 1), Random(1), places=12, pupils=4000)
    assert len({place.laestab for place in places}) == 12
    assert all(place.called.startswith("805") and len(place.called) == 7 for place in places)
    assert {place.phase for place in places} == {"Primary", "Secondary", "Special", "PRU"}
    groups = [group for place in places for group in (*place.groups, *place.houses)]
    assert max(len(group.pupils) for place in places for group in place.groups) <= 30
    assert sum(len(group.pupils) for group in groups) == 4000


def test_a_total_is_shared_out_exactly() -> None:
    assert share(10, [1, 1, 1]) == [3, 3, 4]
    assert sum(share(6562, [Random(n).random() + 0.1 for n in range(30)])) == 6562


def test_too_few_pupils_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="at least 40 pupils"):
        mixed("805", date(2025, 9, 1), Random(1), places=4, pupils=30)
    with pytest.raises(ValueError, match="three digits"):
        mixed("Hartlepool", date(2025, 9, 1), Random(1), places=1, pupils=30)
