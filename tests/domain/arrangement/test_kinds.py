"""The table of kinds and the schemas say the same: a field that one has and the other lacks is found here."""

from __future__ import annotations

import pytest

from domain.arrangement.kinds import ABOUT, KINDS, TOPICS, WORDS, Does, Kind, Topic
from schemas.catalogue import current, ledger, sealed

IDS = {"salt", "arrangement", "line"}
ORIGIN = set(
    "source message message_hash topic_sent partition offset sequence sent_at said_at broker_at broker_clock"
    " first_held_at import by by_kind".split()
)
REASON = {"amends", "amended_on", "reason_code", "reason_state"}
SEALED = {"sealed_key", "sealed", "sealed_hash"}


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda t: t.name)
def test_an_event_states_exactly_the_fields_of_its_schema(topic: Topic) -> None:
    there = {field["name"] for field in ledger(topic.name).fields}
    assert there - set(topic.fields) == IDS | ORIGIN | SEALED | (REASON if topic.does is Does.CORRECTS else set())
    assert set(topic.fields) <= there


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda k: k.name)
def test_a_kind_seals_exactly_the_fields_of_its_text(kind: Kind) -> None:
    about = set(ABOUT) if kind.spans else set(ABOUT) - {"previous"}
    assert {field["name"] for field in sealed(kind.schema).fields} == set(kind.text) | about


def test_every_event_with_an_arrangement_of_its_own_is_in_the_table() -> None:
    own = {
        name
        for name, schema in current("ledger").items()
        if [f["name"] for f in schema.fields if f["name"] in ("arrangement", "header")] == ["arrangement"]
    }
    assert own == set(TOPICS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda k: k.name)
def test_whatever_may_be_said_of_a_kind_is_an_event_of_that_kind(kind: Kind) -> None:
    assert {TOPICS[topic].kind for topic in kind.says.values()} == {kind.name}


def test_a_word_that_is_not_known_becomes_one_that_can_be_stored() -> None:
    for (kind, field), word in WORDS.items():
        stored = {word.otherwise, word.unsaid} - {None}
        topics = [t for t in TOPICS.values() if field in t.fields and kind in ("", t.kind)]
        assert topics, f"no event of {kind} has a field {field}"
        for topic in topics:
            (there,) = (f for f in ledger(topic.name).fields if f["name"] == field)
            nullable = isinstance(there["type"], list)
            symbols = there["rollbook.values"] if nullable else there["type"]["symbols"]
            assert set(symbols) == set(word.known)
            assert stored <= set(symbols)
            assert nullable or word.unsaid is not None
        assert word.kept_in is None or word.kept_in in KINDS[kind].text
