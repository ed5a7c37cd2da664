"""The published sessions of the special schools of Hartlepool and Cambridgeshire, 2024/25, through the whole system
and back, with some who must not count beside them. `make published` sends all three phases of Hartlepool, `make
bench-answers` those of the others."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.benchmarks.published import (
    Left,
    differences,
    in_words_of_answers,
    left_out,
    published_rows,
    sent_beside,
    sent_through,
    totals,
)

POSSIBLE = {"805": 98_827, "873": 576_668}
REASONS = {
    "I": "reason_i_authorised_illness",
    "O": "reason_o_other_unauthorised",
    "U": "reason_u_unauthorised_late_after_registers_closed",
    "/": "reason_present_am",
    "\\": "reason_present_pm",
}


class Sent(NamedTuple):
    """An authority's special schools, and the ledger that has their sessions."""

    authority: str
    home: Path

    @property
    def beside(self) -> Left:
        """What came in with them and must not count."""
        return sent_beside(self.home)["Special"]


@pytest.fixture(scope="module", params=POSSIBLE)
def sent(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return Sent(request.param, sent_through(tmp_path_factory.mktemp("published"), request.param, "Special"))


def test_the_published_counts_and_percentages_of_special_schools_come_back(sent: Sent) -> None:
    published = published_rows(sent.authority, "Special")
    assert int(published["Special"]["possible_sessions"]) == POSSIBLE[sent.authority]
    assert differences(published, totals(sent.home)) == []


def test_exactly_those_who_must_not_count_are_left_out_each_for_their_reason(sent: Sent) -> None:
    assert left_out(sent.home) == {"Special": in_words_of_answers(sent.beside)}


def test_asked_of_everyone_those_of_other_ages_and_who_came_late_are_counted_too_and_nobody_else(sent: Sent) -> None:
    published = published_rows(sent.authority, "Special")["Special"]
    everyone = totals(sent.home, "--everyone")["Special"]
    more = dict.fromkeys(REASONS, 0)
    for (why, code), n in sent.beside.items():
        if why in ("under_five", "over_fifteen", "late_joiner", "year_11"):
            more[code] += n
    assert all(more.values())
    assert {code: everyone[name] - int(published[name]) for code, name in REASONS.items()} == more
    assert everyone["possible_sessions"] - int(published["possible_sessions"]) == sum(more.values())


def test_a_count_that_is_one_off_would_be_found() -> None:
    published = published_rows("805", "Special")
    answered = {"Special": {**published["Special"], "reason_i_authorised_illness": 4171}}
    assert differences(published, answered) == ["Special reason_i_authorised_illness: published 4170, answered 4171"]
