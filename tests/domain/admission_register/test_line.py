"""Facts of a school year that are derived once and stored: ages, compulsory school age, who goes on (law.md 0.3, 4)."""

from __future__ import annotations

from datetime import date

import pytest

from domain.admission_register.decide import (
    GROUNDS,
    PupilSaid,
    Saying,
    carry_forward,
    contradicted,
    enter,
    error_entered,
    goes_on,
    leave,
    parent_wrote,
    restate,
)
from domain.admission_register.line import Line, age_on, compulsory_school_age, evolve, stream_of, year_facts
from domain.admission_register.particulars import ParentSaid, Stated
from domain.events import NOBODY, Event, Origin, Stored
from domain.moments import days

PLACE, LINE, NEXT = b"P" * 16, b"L" * 16, b"M" * 16
TODAY = days(date(2025, 9, 8))


def saying(day: int = TODAY) -> Saying:
    return Saying(Origin(sent_at=day), NOBODY, day)


def take(line: Line, events: list[Event]) -> list[str]:
    for event in events:
        evolve(line, Stored(line.version + 1, event.topic, event.fields, event.seal.text if event.seal else None))
    return [event.topic for event in events]


def entered(**about: object) -> Line:
    line = Line(stream_of(PLACE, LINE))
    said = PupilSaid(days(date(2025, 9, 1)), full_name="Ann", **about)  # type: ignore[arg-type]
    take(line, enter(line, 202526, said, saying(), None))
    return line


@pytest.mark.parametrize(
    ("born", "begins", "ends"),
    [
        (date(2020, 8, 31), date(2025, 8, 31), date(2036, 6, 27)),
        (date(2020, 9, 1), date(2025, 12, 31), date(2037, 6, 26)),
        (date(2020, 12, 31), date(2025, 12, 31), date(2037, 6, 26)),
        (date(2021, 1, 1), date(2026, 3, 31), date(2037, 6, 26)),
        (date(2020, 4, 1), date(2025, 8, 31), date(2036, 6, 27)),
        (date(2020, 2, 29), date(2025, 3, 31), date(2036, 6, 27)),
    ],
)
def test_compulsory_school_age_begins_on_a_prescribed_day_and_ends_on_the_last_friday_in_june(
    born: date, begins: date, ends: date
) -> None:
    assert compulsory_school_age(born) == (begins, ends)
    assert ends.weekday() == 4


def test_a_leap_day_child_is_a_year_older_on_the_first_of_march() -> None:
    assert [age_on(date(2012, 2, 29), date(2025, 2, 28)), age_on(date(2012, 2, 29), date(2025, 3, 1))] == [12, 13]


def test_the_age_is_that_on_the_thirty_first_of_august_before_the_lessons() -> None:
    facts = [year_facts(202526, None, days(born)) for born in (date(2013, 8, 31), date(2013, 9, 1))]
    assert [fact["age_31_aug"] for fact in facts] == [12, 11]
    assert [fact["nc_year"] for fact in facts] == [8, 7]


def test_a_year_group_that_the_school_states_is_not_overruled_by_the_age() -> None:
    assert year_facts(202526, 9, days(date(2013, 9, 1)))["nc_year"] == 9


def test_without_a_birth_date_nothing_is_guessed() -> None:
    facts = year_facts(202526, None, None)
    assert (facts["nc_year"], facts["age_31_aug"], facts["csa_from"], facts["csa_until"]) == (None, None, None, None)


def test_all_twenty_grounds_are_known_as_the_law_prints_them() -> None:
    assert len(GROUNDS) == 20
    assert GROUNDS["9(1)(o)"] == "r9_1o"
    assert GROUNDS["9(3)(e)"] == "r9_3e"


def test_a_deleted_or_expected_leaver_does_not_go_on_and_whoever_leaves_later_does() -> None:
    first_day = days(date(2026, 9, 2))
    assert goes_on(entered(), first_day)
    assert not goes_on(entered(leaving_on=days(date(2026, 8, 31))), first_day)
    assert goes_on(entered(leaving_on=first_day), first_day)
    gone = entered()
    take(gone, leave(gone, TODAY, None, "not_said", "not_said", None, None, None, saying()))
    assert not goes_on(gone, first_day)


def test_a_line_carried_forward_keeps_the_block_and_counts_the_year_group_on_to_fourteen() -> None:
    for stated, expected in ((7, 8), (13, 14), (14, 14)):
        old = entered(nc_year=stated)
        new = Line(stream_of(PLACE, NEXT))
        assert take(new, carry_forward(old, new, 202627, 20_698)) == ["LineCarriedForward", "YearRecorded"]
        assert new.text["full_name"] == "Ann"
        assert new.text["previous_line"] == LINE
        assert new.year["nc_year"] == expected
        assert new.carried


def test_stating_the_same_again_adds_nothing_and_a_withdrawn_leaving_does_not_come_back() -> None:
    line = entered(nc_year=7, enrolment_status="C")
    again = PupilSaid(days(date(2025, 9, 1)), full_name="Ann", nc_year=7, enrolment_status="C")
    assert restate(line, again, saying(TODAY + 1)) == []
    take(line, leave(line, TODAY, None, "not_said", "not_said", None, None, None, saying(TODAY + 2)))
    assert take(line, restate(line, again, saying(TODAY + 3))) == ["DeletionReversed"]
    assert line.on_roll()
    assert restate(line, again, saying(TODAY + 4)) == []


def test_an_overtaken_statement_adds_nothing() -> None:
    line = entered()
    older = Saying(Origin(sent_at=TODAY - 1), NOBODY, TODAY)
    assert restate(line, PupilSaid(days(date(2025, 9, 1)), full_name="Anne"), older) == []


def test_a_leaver_told_before_a_newer_statement_contradicts_it_unless_that_has_him_gone() -> None:
    line = entered()
    older = Saying(Origin(sent_at=TODAY - 1), NOBODY, TODAY)
    assert contradicted(line, older)
    assert not contradicted(line, saying(TODAY + 1))
    line.leaving_on = TODAY
    assert not contradicted(line, older)


def test_a_parent_who_writes_is_recorded_and_the_pupil_stays_on_the_roll() -> None:
    line = entered()
    wrote = parent_wrote(line, TODAY, TODAY + 7, True, True, "Letter 12", Origin(), NOBODY)
    assert (wrote.topic, wrote.fields["after_day"], wrote.fields["in_writing"]) == (
        "ParentWroteToWithdraw",
        TODAY + 7,
        True,
    )
    assert wrote.seal is not None
    assert wrote.seal.text == {"reference": "Letter 12"}
    take(line, [wrote])
    assert line.on_roll()


def test_what_a_person_called_an_error_is_not_undone_by_the_same_statement_again() -> None:
    line = entered()
    take(line, [error_entered(line, None, Origin(), NOBODY, "Wrong child.", None)])
    said = PupilSaid(days(date(2025, 9, 1)), full_name="Ann")
    assert restate(line, said, saying()) == []
    assert line.entered_in_error


def test_the_lines_own_ids_of_its_parents_are_new_in_the_new_year() -> None:
    mother = ParentSaid(b"N" * 16, b"1" * 16, order=1)
    line = entered(beside=Stated(parents=(mother,)))
    new = Line(stream_of(PLACE, NEXT))
    carried = carry_forward(line, new, 202627, days(date(2026, 9, 2)), lambda: b"2" * 16)
    take(new, carried)
    assert [parent.id for parent in line.beside.parents.values()] == [b"1" * 16]
    assert [parent.id for parent in new.beside.parents.values()] == [b"2" * 16]
    assert list(new.beside.parents) == [mother.named]
