"""Identifiers: what is said against them, and that nothing is ever raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import (
    Finding,
    check_laestab,
    check_upn,
    check_urn,
    is_id,
    is_temporary_upn,
    laestab_authority,
    normalise_laestab,
    normalise_upn,
    normalise_urn,
)

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


def with_check_letter(rest: str) -> str:
    """By the published rule, written out here afresh: position times digit, a letter counting by its index, modulo 23."""
    values = [LETTERS.index(mark) if mark in LETTERS else int(mark) for mark in rest]
    return LETTERS[sum(place * value for place, value in enumerate(values, 2)) % 23] + rest


def test_the_published_good_vector_has_nothing_against_it() -> None:
    assert check_upn("B801200005001") == []


def test_the_worked_example_of_two_help_pages_has_the_wrong_check_letter() -> None:
    assert check_upn("B207000016049") == [Finding.UPN_CHECK_LETTER]
    assert check_upn("Q207000016049") == [Finding.UPN_CHECK_LETTER]
    assert check_upn("P207000016049") == []


def test_an_authority_that_no_list_knows_is_not_held_against_a_upn() -> None:
    assert check_upn(with_check_letter("000200005001")) == []


@given(st.from_regex(r"[0-9]{11}", fullmatch=True), st.sampled_from(LETTERS + "0123456789"))
def test_any_upn_made_by_the_rule_is_good_and_is_temporary_exactly_if_it_ends_in_a_letter(
    digits: str, final: str
) -> None:
    upn = with_check_letter(digits + final)
    assert check_upn(upn) == []
    assert is_temporary_upn(upn) == final.isalpha()


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.integers(0, 11), st.integers(1, 9))
def test_one_mistyped_digit_is_always_found(digits: str, place: int, off_by: int) -> None:
    wrong = digits[:place] + str((int(digits[place]) + off_by) % 10) + digits[place + 1 :]
    assert check_upn(with_check_letter(digits)[0] + wrong) == [Finding.UPN_CHECK_LETTER]


@pytest.mark.parametrize("upn", ["", "B80120000500", "B8012000050011", "UN3"])
def test_a_upn_of_another_length_is_said_to_be_so(upn: str) -> None:
    assert check_upn(upn) == [Finding.UPN_LENGTH]


@pytest.mark.parametrize(
    "upn", ["I801200005001", "B80120000500S", "BB01200005001", "B8012A0005001", "1801200005001", "B80120000500١"]
)
def test_a_upn_of_another_shape_is_said_to_be_so(upn: str) -> None:
    assert check_upn(upn) == [Finding.UPN_SHAPE]
    assert not is_temporary_upn(upn)


def test_a_upn_is_kept_in_upper_case_without_spaces() -> None:
    assert normalise_upn(" b8012 0000 5001\n") == "B801200005001"
    assert check_upn("b801200005001") == []


@pytest.mark.parametrize("text", ["8051234", "805/1234", " 805/1234 ", "805 1234", "805-1234"])
def test_a_laestab_is_seven_digits_however_it_is_written(text: str) -> None:
    assert normalise_laestab(text) == "8051234"
    assert check_laestab(text) == []
    assert laestab_authority(text) == "805"


@pytest.mark.parametrize("text", ["", "805123", "80/51234", "805//1234", "80512345", "805123A", "805/12345"])
def test_anything_else_is_no_laestab_and_names_no_authority(text: str) -> None:
    assert check_laestab(text) == [Finding.LAESTAB_SHAPE]
    assert laestab_authority(text) is None


def test_a_urn_has_six_digits() -> None:
    assert check_urn("111642") == []
    assert check_urn(normalise_urn(" 111642 ")) == []
    for text in ("", "11164", "1116421", "11164A"):
        assert check_urn(text) == [Finding.URN_SHAPE]


def test_an_id_is_32_hexadecimal_digits_in_lower_case() -> None:
    assert is_id("0123456789abcdef" * 2)
    for text in ("", "0123456789ABCDEF" * 2, "0" * 31, "0" * 33, "0" * 31 + "g", "0" * 32 + "\n"):
        assert not is_id(text)


@given(st.text())
def test_no_text_makes_a_check_fail_with_an_error(text: str) -> None:
    for check in (check_upn, check_laestab, check_urn):
        assert all(finding.value.endswith(".") for finding in check(text))
    is_temporary_upn(text)
    is_id(text)
