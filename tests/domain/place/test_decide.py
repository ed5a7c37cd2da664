"""Of what is said of a place only what is new is recorded."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.events import NOBODY, OPERATOR, Event, KeyOf, Origin, Stored
from domain.moments import days
from domain.place.decide import (
    code_map_hash,
    describe_source,
    map_code,
    no_longer_planned,
    state_block,
    state_closure,
)
from domain.place.place import Place, evolve, stream_of

PLACE, SOURCE = b"P" * 16, b"S" * 16
KEY = KeyOf("place_year", stream_of(PLACE), "202526")
SEPTEMBER, DECEMBER = days(date(2025, 9, 1)), days(date(2025, 12, 19))
CARRIES = {f"carries_{what}": True for what in ("person", "reason", "entry_time", "deletes", "closing_time")}
DESCRIBED: dict[str, Any] = {"system": "SIMS", "route": "direct", "delivery": "stream", **CARRIES, "from": SEPTEMBER}
TERM: dict[str, Any] = {
    "term": "autumn1",
    "school_year": 202526,
    "from": SEPTEMBER,
    "to": DECEMBER,
    "due_mask": (1 << 10) - 1,
}


def a_place() -> Place:
    return Place(stream_of(PLACE))


def take(place: Place, events: list[Event]) -> list[str]:
    for event in events:
        evolve(place, Stored(place.version + 1, event.topic, event.fields, event.seal.text if event.seal else None))
    return [event.topic for event in events]


def state(place: Place, kind: str, said: dict[str, Any]) -> list[str]:
    return take(place, state_block(place, kind, said, Origin(), NOBODY))


def test_a_term_is_set_once_amended_when_it_differs_and_amended_back() -> None:
    place = a_place()
    shorter = {**TERM, "to": DECEMBER - 7}
    assert [state(place, "term", said) for said in (TERM, TERM, shorter, shorter, TERM)] == [
        ["TermSet"],
        [],
        ["CalendarAmended"],
        [],
        ["CalendarAmended"],
    ]
    assert place.first_day_of(202526) == SEPTEMBER


def test_a_closure_that_a_whole_calendar_leaves_out_no_longer_stands_and_may_come_back() -> None:
    place = a_place()
    inset = {"from": SEPTEMBER, "to": SEPTEMBER, "sessions": 3, "kind": "inset"}
    state(place, "term", TERM)
    state(place, "closure", inset)
    assert not place.calendar.is_held(date(2025, 9, 1), "AM")
    span = (SEPTEMBER, DECEMBER)
    assert take(place, no_longer_planned(place, [inset], span, Origin(), NOBODY)) == []
    assert take(place, no_longer_planned(place, [], span, Origin(), NOBODY)) == ["CalendarAmended"]
    assert place.calendar.is_held(date(2025, 9, 1), "AM")
    assert take(place, no_longer_planned(place, [], span, Origin(), NOBODY)) == []
    assert state(place, "closure", inset) == ["CalendarAmended"]
    assert not place.calendar.is_held(date(2025, 9, 1), "AM")


def test_a_closure_outside_the_span_of_a_whole_calendar_stands() -> None:
    place = a_place()
    state(place, "closure", {"from": DECEMBER + 60, "to": DECEMBER + 60, "sessions": 3, "kind": "inset"})
    assert no_longer_planned(place, [], (SEPTEMBER, DECEMBER), Origin(), NOBODY) == []


def test_a_source_ends_once_and_is_described_again_to_come_back() -> None:
    place = a_place()

    def says(**more: Any) -> list[str]:
        local_id = more.pop("local_id", None)
        return take(place, describe_source(place, SOURCE, {**DESCRIBED, "to": None, **more}, local_id, NOBODY, KEY))

    assert says() == ["SourceDescribed"]
    assert says(local_id="marram") == ["SourceDescribed"]
    assert says() == []
    assert says(to=DECEMBER) == ["SourceEnded"]
    assert says(to=DECEMBER) == []
    assert [place.may_speak(SOURCE, on) for on in (DECEMBER - 1, DECEMBER)] == [True, False]
    assert says(to=DECEMBER, system="SIMS 7") == ["SourceDescribed", "SourceEnded"]
    assert not place.may_speak(SOURCE, DECEMBER)
    assert says(system="SIMS 7") == ["SourceDescribed"]
    assert place.may_speak(SOURCE, DECEMBER)


def test_nobody_speaks_unregistered_but_the_operator() -> None:
    place = a_place()
    assert not place.may_speak(SOURCE, SEPTEMBER)
    assert place.may_speak(OPERATOR, SEPTEMBER)


def test_a_code_is_mapped_once_and_the_hash_is_of_what_is_in_force() -> None:
    place = a_place()
    said = {"raw": "ILL", "code": "I", "from": SEPTEMBER, "active": True}
    empty = code_map_hash(place, SOURCE)
    assert take(place, map_code(place, SOURCE, said, Origin(), NOBODY)) == ["CodeMapped"]
    mapped = code_map_hash(place, SOURCE)
    assert mapped != empty
    assert take(place, map_code(place, SOURCE, said, Origin(), NOBODY)) == []
    assert take(place, map_code(place, SOURCE, {**said, "active": False}, Origin(), NOBODY)) == ["CodeMapped"]
    assert code_map_hash(place, SOURCE) == empty
    assert code_map_hash(place, OPERATOR) == empty


def test_a_cancelled_session_is_held_again_once_the_cancellation_is_taken_back() -> None:
    place = a_place()
    state(place, "term", TERM)
    said: dict[str, Any] = {"date": SEPTEMBER, "session": "AM", "whole": True, "why": "weather", "reversed": False}
    said |= {"decided_at": None, "decided_by": None, "site": None, "nc_years": None}

    def states(**more: Any) -> list[str]:
        return take(place, state_closure(place, {**said, **more}, False, Origin(), NOBODY, KEY, None))

    assert states() == ["SessionCancelled"]
    assert states() == []
    assert not place.calendar.is_held(date(2025, 9, 1), "AM")
    assert place.calendar.is_held(date(2025, 9, 1), "PM")
    assert states(reversed=True) == ["CancellationReversed"]
    assert place.calendar.is_held(date(2025, 9, 1), "AM")
    assert states(reversed=True) == []
    assert states() == ["SessionCancelled"], "cancelled after all"
