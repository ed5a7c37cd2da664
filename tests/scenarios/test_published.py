"""The published sessions of the special schools of Hartlepool and Cambridgeshire, 2024/25, through the whole system
and back. `make published` sends all three phases of Hartlepool, `make bench-answers` those of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.published import differences, published_rows, sent_through


@pytest.mark.parametrize(("authority", "possible"), [("805", 98_827), ("873", 576_668)])
def test_the_published_counts_and_percentages_of_special_schools_come_back(
    tmp_path: Path, authority: str, possible: int
) -> None:
    published = published_rows(authority, "Special")
    assert int(published["Special"]["possible_sessions"]) == possible
    assert differences(published, sent_through(tmp_path, authority, "Special")) == []


def test_a_count_that_is_one_off_would_be_found() -> None:
    published = published_rows("805", "Special")
    answered = {"Special": {**published["Special"], "reason_i_authorised_illness": 4171}}
    assert differences(published, answered) == ["Special reason_i_authorised_illness: published 4170, answered 4171"]
