"""Every simulated pupil has a household, at rates like England's, and the same one whoever asks."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random

import pytest

from simulation.authority import Place, mixed
from simulation.household import characteristics, parents

KINDS = frozenset(
    "sen_provision ehcp fsm pupil_premium ethnicity language looked_after social_worker cp_plan young_carer gtrsb"
    " medical_condition".split()
)


@pytest.fixture(scope="module")
def places() -> list[Place]:
    return mixed("805", date(2025, 9, 1), Random(3), places=12, pupils=8_000)[1]


def test_characteristics_come_at_plausible_rates(places: list[Place]) -> None:
    mainstream = [pupil for place in places if place.phase != "Special" for pupil, _ in place.roll]
    told = [{row["kind"]: row["value"] for row in characteristics(pupil)} for pupil in mainstream]
    share = {kind: count / len(told) for kind, count in Counter(kind for one in told for kind in one).items()}
    assert set(share) == KINDS
    for kind, rate in (("sen_provision", 0.18), ("ehcp", 0.05), ("fsm", 0.25), ("ethnicity", 1), ("language", 1)):
        assert share[kind] == pytest.approx(rate, abs=0.015), kind
    assert all(one.get("sen_provision") == "E" for one in told if "ehcp" in one)
    assert all("pupil_premium" in one for one in told if "fsm" in one)


def test_everybody_at_a_special_school_has_a_plan(places: list[Place]) -> None:
    special = [pupil for place in places if place.phase == "Special" for pupil, _ in place.roll]
    assert special
    assert all({"kind": "ehcp", "value": "yes"} in characteristics(pupil) for pupil in special)


def test_every_child_lives_with_a_parent_who_can_be_rung(places: list[Place]) -> None:
    several = Counter[int]()
    for place in places:
        for pupil, _ in place.roll:
            told = parents(pupil)
            several[len(told)] += 1
            assert told[0]["lives_with"]
            assert told[0]["address"] == pupil.address
            assert [row["order"] for row in told] == list(range(1, len(told) + 1))
            assert all(row["phones"].startswith("07700 900") for row in told), "numbers set aside for drama"
            assert all((row["email"] or ".invalid").endswith(".invalid") for row in told)
    assert several[2] > several[1] > several[3] > 0


def test_the_same_child_at_another_place_has_the_same_household(places: list[Place]) -> None:
    authority, (first, *_) = mixed("805", date(2025, 9, 1), Random(3), places=1, pupils=30)
    pupil = first.pupils[0]
    elsewhere = authority.same_child(pupil)
    assert [row["name"] for row in parents(elsewhere)] == [row["name"] for row in parents(pupil)]
    assert characteristics(elsewhere) == characteristics(pupil)


def test_boarders_are_on_the_roll_and_in_no_class(places: list[Place]) -> None:
    boarding = [place for place in places if place.houses]
    assert {place.phase for place in boarding} == {"Secondary"}
    for place in boarding:
        boarders = [pupil for pupil, _ in place.roll if pupil.boarder]
        assert len(boarders) == pytest.approx(len(place.roll) / 10, abs=1)
        assert not {pupil.mis for pupil in boarders} & {pupil.mis for pupil in place.pupils}


def test_a_nursery_takes_three_year_olds_in_the_morning_and_a_sixth_form_whoever_is_over_school_age(
    places: list[Place],
) -> None:
    years = {pupil.nc_year for place in places for pupil in place.pupils}
    assert {-1, 12, 13} < years
    assert {pupil.afternoon for place in places for pupil in place.pupils if pupil.nc_year < 0} == {"X"}
    assert {pupil.afternoon for place in places for pupil in place.pupils if 0 <= pupil.nc_year < 12} == {"\\"}
