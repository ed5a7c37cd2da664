"""Hartlepool's special schools, 98,827 sessions of 2024/25, through the whole system and back. `make published` sends
all three phases."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.published import differences, published_rows, sent_through


def test_the_published_counts_and_percentages_of_hartlepools_special_schools_come_back(tmp_path: Path) -> None:
    published = published_rows("805", "Special")
    assert int(published["Special"]["possible_sessions"]) == 98_827
    assert differences(published, sent_through(tmp_path, "805", "Special")) == []


def test_a_count_that_is_one_off_would_be_found() -> None:
    published = published_rows("805", "Special")
    answered = {"Special": {**published["Special"], "reason_i_authorised_illness": 4171}}
    assert differences(published, answered) == ["Special reason_i_authorised_illness: published 4170, answered 4171"]
