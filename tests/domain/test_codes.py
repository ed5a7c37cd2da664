"""The table of codes, held against every row of the published figures, and the arithmetic of rates against fractions."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.codes import (
    COUNTED_AS,
    NATIONAL,
    StatisticalClass,
    code,
    is_national,
    is_possible,
    is_retired,
    statistical_class,
)
from domain.figures import percentage, rate, rate_text

DATA = Path(__file__).parent.parent / "data"
ATT, AEA, AUTH, UNAUTH, NPA = (StatisticalClass(name) for name in ("ATT", "AEA", "AUTH", "UNAUTH", "NPA"))
A_DAY_IN_2025 = date(2025, 3, 3)

Row = dict[str, str]


def rows(name: str) -> list[Row]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


THREE_AUTHORITIES = rows("attendance_by_reason_three_authorities_202425.csv")
EVERY_CODE = rows("every_code_national_week37_2024.csv")
FREQUENCIES = rows("code_frequency_national.csv")


def named(row: Row) -> str:
    parts = [row.get(key, "") for key in ("la_name", "attendance_date", "breakdown", "education_phase")]
    return " ".join(part for part in parts if part)


def total(row: Row, codes: Iterable[str]) -> int:
    """The sessions of these codes in a row; a code without a column there has none."""
    return sum(int(row[column]) for text in codes if (column := NATIONAL[text].published_column) in row)


def of_class(wanted: StatisticalClass) -> list[str]:
    return [text for text, row in NATIONAL.items() if row.statistical_class is wanted]


def proves_all_but_authorised(row: Row) -> None:
    assert total(row, of_class(ATT)) == int(row["present_sessions"])
    assert total(row, "/\\") == int(row["reason_present"])
    assert total(row, of_class(AEA)) == int(row["approved_educational_activity"])
    assert total(row, of_class(ATT) + of_class(AEA)) == int(row["overall_attendance"])
    assert total(row, of_class(UNAUTH)) == int(row["unauthorised_absence"])
    assert total(row, [text for text, found in NATIONAL.items() if found.late]) == int(row["late_sessions"])
    assert int(row["authorised_absence"]) + int(row["unauthorised_absence"]) == int(row["overall_absence"])
    assert int(row["overall_attendance"]) + int(row["overall_absence"]) == int(row["possible_sessions"])


def proves_rates(row: Row) -> None:
    possible = int(row["possible_sessions"])
    for counted, printed in (
        ("overall_attendance", "attendance_perc"),
        ("overall_absence", "overall_absence_perc"),
        ("authorised_absence", "authorised_absence_perc"),
        ("unauthorised_absence", "unauthorised_absence_perc"),
    ):
        assert percentage(int(row[counted]), possible) == row[printed]


@pytest.mark.parametrize("row", EVERY_CODE, ids=named)
def test_the_classes_give_every_published_count_of_the_week_with_every_code(row: Row) -> None:
    proves_all_but_authorised(row)
    assert total(row, of_class(AUTH)) == int(row["authorised_absence"])
    possible = [text for text, found in NATIONAL.items() if found.possible]
    assert total(row, possible) == int(row["possible_sessions"])


@pytest.mark.parametrize("row", THREE_AUTHORITIES, ids=named)
def test_the_classes_give_every_published_count_of_three_authorities_with_a_remainder_that_only_f_explains(
    row: Row,
) -> None:
    proves_all_but_authorised(row)
    f_column = code("F").published_column
    assert f_column not in row
    remainder = int(row["authorised_absence"]) - total(row, of_class(AUTH))
    assert 0 <= remainder <= 25
    assert total(row, [text for text, found in NATIONAL.items() if found.possible]) + remainder == int(
        row["possible_sessions"]
    )


@pytest.mark.parametrize(
    "row", [row for row in EVERY_CODE if row["education_phase"] != "Total"] + THREE_AUTHORITIES, ids=named
)
def test_rates_from_integers_are_the_published_rates_to_the_fifth_decimal(row: Row) -> None:
    proves_rates(row)


def test_every_reason_column_of_the_published_files_belongs_to_one_code_of_the_table() -> None:
    published = {
        column for row in (EVERY_CODE[0], THREE_AUTHORITIES[0]) for column in row if column.startswith("reason_")
    }
    ours = [row.published_column for row in NATIONAL.values() if row.published_column is not None]
    assert len(ours) == len(set(ours))
    assert published - {"reason_present"} == set(ours)
    assert [text for text, row in NATIONAL.items() if row.published_column is None] == ["X"]


@pytest.mark.parametrize(
    "row", FREQUENCIES, ids=lambda row: f"{row['time_period']} {row['education_phase']} {row['code']}"
)
def test_every_category_in_the_code_frequencies_is_the_class_of_its_code(row: Row) -> None:
    found = code(row["code"])
    assert COUNTED_AS[found.statistical_class] == row["category"]
    assert row["code"] == "F" or found.published_column == row["source_column"]


def test_the_code_frequencies_hold_every_code_of_a_possible_session() -> None:
    assert {row["code"] for row in FREQUENCIES} == {text for text, found in NATIONAL.items() if found.possible}


def test_the_rows_of_table_3_stand_in_the_order_of_the_law() -> None:
    in_law = "C1 M J1 S X C2 D C T R I Q Y1 Y2 Y3 Y5 Y6 E Y7 G N O"
    assert " ".join(text for text, found in NATIONAL.items() if found.table == "3") == in_law


def test_only_b_k_and_y7_require_their_nature_in_the_register() -> None:
    assert {text for text, found in NATIONAL.items() if "nature" in found.must_record} == {"B", "K", "Y7"}


def test_the_codes_that_rest_on_leave_are_those_that_regulation_10_ties_to_leave_and_three_retired_ones() -> None:
    current = {text for text, found in NATIONAL.items() if "leave" in found.rests_on and found.in_use(A_DAY_IN_2025)}
    assert current == {"C", "C1", "C2", "D", "J1", "M", "S", "X"}


def test_a_part_time_timetable_is_c2_for_compulsory_school_age_and_x_outside_it_and_only_c2_is_an_absence() -> None:
    assert (code("C2").pupils, code("X").pupils) == ("csa", "not_csa")
    assert statistical_class("C2", A_DAY_IN_2025) is AUTH
    assert statistical_class("X", A_DAY_IN_2025) is NPA


def test_a_stroke_stands_in_the_morning_and_a_backslash_in_the_afternoon() -> None:
    assert code("/").sessions == {"AM"}
    assert code("\\").sessions == {"PM"}
    assert all(found.sessions == {"AM", "PM"} for text, found in NATIONAL.items() if text not in "/\\")


@pytest.mark.parametrize(("text", "counted"), [("F", AUTH), ("H", AUTH), ("J", AEA), ("Y", NPA)])
def test_a_retired_code_is_counted_as_it_always_was_and_is_called_retired_from_the_day_after_its_last(
    text: str, counted: StatisticalClass
) -> None:
    last = code(text).valid_until
    assert last is not None
    assert not is_retired(text, last)
    assert is_retired(text, date.fromordinal(last.toordinal() + 1))
    assert statistical_class(text, last) is statistical_class(text, A_DAY_IN_2025) is counted


def test_h_j_and_y_ended_the_day_before_the_regulations_of_2024_began() -> None:
    assert {code(text).valid_until for text in "HJY"} == {date(2024, 8, 18)}
    new = {text for text, found in NATIONAL.items() if found.valid_from == date(2024, 8, 19)}
    assert new == {"K", "Q", "C1", "C2", "J1", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"}
    assert not code("J1").in_use(date(2024, 8, 18))
    assert not is_retired("J1", date(2024, 8, 18))


@pytest.mark.parametrize("text", ["", "-", "i", "Y8", "I01", " I", "//"])
def test_what_is_no_national_code_has_no_class_and_is_neither_possible_nor_retired(text: str) -> None:
    assert not is_national(text)
    assert statistical_class(text, A_DAY_IN_2025) is None
    assert not is_possible(text, A_DAY_IN_2025)
    assert not is_retired(text, A_DAY_IN_2025)
    with pytest.raises(KeyError, match="is not a national attendance code"):
        code(text)


@given(whole=st.integers(1, 10**9), part=st.integers(0, 10**9))
@example(whole=256, part=1)  # 0.390625 exactly: half up gives ...063, half to even ...062
@example(whole=75_000_000, part=74_999_999)
def test_a_percentage_is_the_exact_fraction_rounded_half_up(whole: int, part: int) -> None:
    part %= whole + 1
    doubled = Fraction(100 * part, whole) * 10**5 * 2
    expected = (doubled.numerator // doubled.denominator + 1) // 2
    assert rate(part, whole) == expected
    assert Decimal(percentage(part, whole)) == Decimal(expected).scaleb(-5)


@given(st.integers(0, 10**8))
def test_the_text_of_a_rate_has_five_decimals_and_reads_back(hundred_thousandths: int) -> None:
    text = rate_text(hundred_thousandths)
    assert len(text.partition(".")[2]) == 5
    assert int(text.replace(".", "")) == hundred_thousandths


@given(whole=st.integers(1, 2000), part=st.integers(0, 2000))
def test_a_percentage_agrees_with_decimal_arithmetic_half_up(whole: int, part: int) -> None:
    part %= whole + 1
    exact = (Decimal(100 * part) / Decimal(whole)).quantize(Decimal("0.00001"), ROUND_HALF_UP)
    assert percentage(part, whole) == str(exact)


def test_without_possible_sessions_or_with_less_than_none_there_is_no_rate() -> None:
    with pytest.raises(ZeroDivisionError, match="no possible session"):
        percentage(0, 0)
    with pytest.raises(ValueError, match="made of counts"):
        percentage(-1, 10)
