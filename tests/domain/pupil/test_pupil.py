"""Identities as functions of values: who is one child after any story of merges, and which of them stays."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import NOBODY, Event, Origin, Stored
from domain.pupil import stream_of
from domain.pupil.decide import Impossible, merge, undo_merge
from domain.pupil.pupil import LEVELS, Pupil, evolve, one_child, staying, strictest

FIVE = [bytes([n]) * 16 for n in range(1, 6)]
PAIRS = st.tuples(st.sampled_from(FIVE), st.sampled_from(FIVE))


class Story:
    """Five identities, and what a person decides about them."""

    def __init__(self) -> None:
        self.told = {one: Pupil(stream_of(one)) for one in FIVE}
        self.ever: dict[bytes, list[bytes]] = {one: [] for one in FIVE}
        self.standing: set[tuple[bytes, bytes]] = set()

    def child(self, one: bytes) -> tuple[bytes, ...]:
        return one_child(one, self.ever.__getitem__, self.told.__getitem__)

    def record(self, event: Event) -> None:
        state = self.told[bytes.fromhex(event.stream.split("/")[1])]
        evolve(state, Stored(state.version + 1, event.topic, event.fields))

    def joins(self, stays: bytes, other: bytes) -> bool:
        """Merge, if that can be."""
        mine, theirs = ([self.told[one] for one in self.child(which)] for which in (stays, other))
        try:
            event = merge(self.told[stays], self.told[other], mine, theirs, ("school_confirms", None), Origin(), NOBODY)
        except Impossible:
            return False
        self.record(event)
        self.ever[stays].append(other)
        self.ever[other].append(stays)
        self.standing.add((stays, other))
        return True

    def parts(self, stays: bytes, other: bytes) -> None:
        """Undo a merge that stands."""
        self.record(undo_merge(self.told[stays], other, 1, "no", None, Origin(), NOBODY))
        self.standing.remove((stays, other))

    def connected(self, one: bytes) -> set[bytes]:
        """Who is joined by the merges that stand, found another way."""
        found = {one}
        for _ in FIVE:
            found |= {b for pair in self.standing if found & set(pair) for b in pair}
        return found


def told(pairs: Iterable[tuple[bytes, bytes]]) -> Story:
    """Each pair is merged, or its standing merge is undone."""
    story = Story()
    for stays, other in pairs:
        if (stays, other) in story.standing:
            story.parts(stays, other)
        else:
            story.joins(stays, other)
    return story


@given(st.lists(PAIRS, max_size=14))
def test_one_child_is_whoever_the_standing_merges_join(pairs: list[tuple[bytes, bytes]]) -> None:
    story = told(pairs)
    for one in FIVE:
        child = story.child(one)
        assert child[0] == one
        assert len(child) == len(set(child))
        assert set(child) == story.connected(one)


@given(st.lists(PAIRS, max_size=14))
def test_every_identity_of_a_child_names_the_same_one_as_staying(pairs: list[tuple[bytes, bytes]]) -> None:
    story = told(pairs)
    for one in FIVE:
        child = story.child(one)
        assert len({staying(story.child(other), story.told.__getitem__) for other in child}) == 1


@given(st.lists(PAIRS, max_size=14), PAIRS)
def test_two_that_are_one_child_already_are_never_merged_again(
    pairs: list[tuple[bytes, bytes]], pair: tuple[bytes, bytes]
) -> None:
    story = told(pairs)
    known = story.connected(pair[0])
    assert story.joins(*pair) == (pair[1] not in known)


def test_the_last_of_a_chain_of_merges_stays() -> None:
    story = told([(FIVE[0], FIVE[1]), (FIVE[2], FIVE[0])])
    assert staying(story.child(FIVE[1]), story.told.__getitem__) == FIVE[2]


@pytest.mark.parametrize("mildest", range(3))
def test_the_strictest_restriction_is_what_counts(mildest: int) -> None:
    assert strictest(LEVELS[mildest:]) == "sealed"
    assert strictest(LEVELS[: mildest + 1]) == LEVELS[mildest]
    assert strictest([]) is None
