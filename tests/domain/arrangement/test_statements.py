"""Whatever is said of an arrangement, in whatever order: a model of a few lines, which owes nothing to `domain`, and
what the events say when they are read back out of their bytes."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.admission_register.particulars import Saying
from domain.arrangement.arrangement import Arrangement, evolve, facts_of
from domain.arrangement.decide import Said, becomes, carry, decide, goes_on, needs_one
from domain.arrangement.kinds import KINDS, TOPICS, WORDS, Does
from domain.events import NOBODY, Event, Origin, Stored
from schemas.catalogue import ledger, sealed
from schemas.codec import decode as read
from schemas.codec import encode
from tests.examples import examples

LINE, PLACE = b"L" * 16, b"P" * 16
STREAM = f"arrangement/{b'I'.hex() * 16}"
STEM = {
    "part_time": ("PartTime", "Agreed"),
    "activity": ("Activity", "Approved"),
    "placement": ("Placement", "Started"),
    "dual_registration": ("DualRegistration", "Agreed"),
}


class Spoken(NamedTuple):
    """One statement: two values are two blocks, two texts two texts."""

    what: str
    value: int
    text: str
    sent: int


def said_of(kind: str, spoken: Spoken) -> Said:
    """The statement with every field that its events need."""
    fields: dict[str, Any] = {"from": 20_000, "due_mask": spoken.value, "received_on": 20_000}
    fields |= {"covers_to": 20_000 + spoken.value, "code": "B", "held_on": 20_010, "next_on": 20_020 + spoken.value}
    fields |= {"ended_on": 20_000 + spoken.value}
    fields |= {name: word.unsaid for (of, name), word in WORDS.items() if of in ("", kind)}
    return Said(kind, spoken.what, fields, {KINDS[kind].text[0]: spoken.text}, fields, fields, reason="Because.")


def saying(spoken: Spoken) -> Saying:
    return Saying(Origin(source=b"S" * 16, sent_at=spoken.sent), NOBODY, 20_100)


@dataclass
class Model:
    """What stands by the rules of events.md, for one arrangement."""

    kind: str
    heard: dict[str, tuple[int, str]] = field(default_factory=dict)
    stands: str | None = None
    ended: int | None = None
    review: int | None = None
    told: int = -1

    def hear(self, s: Spoken) -> str | None:
        """The event that a statement becomes; `?` where it can only be said of what is there."""
        what = "started" if s.what == "received" else s.what
        late = s.sent < self.told
        if what == "asked" and "asked" not in self.heard and self.stands in ("granted", "refused"):
            late = s.sent <= self.told  # said at once with the decision, it was asked for first
        if self.stands is None and what in ("ended", "withdrawn", "corrected", "reviewed"):
            return "?"
        if what == "reviewed":
            new, self.review = self.review != s.value, s.value
            self.told = max(self.told, s.sent) if new else self.told
            return "PartTimeReviewed" if new else None
        if what in ("ended", "withdrawn"):
            if late or self.ended == s.value:
                return None
            self.ended, self.told = s.value, s.sent
            return "LeaveWithdrawn" if self.kind == "leave" else f"{STEM[self.kind][0]}Ended"
        value = (s.value, s.text)
        if self.kind == "leave":
            return self._leave(what, value, s.sent, late)
        if self.stands is None:
            return self._now("one", value, s.sent, self._first())
        if late or (self.heard["one"] == value and (what != "changed" or self.ended is None)):
            return None
        corrects = what == "corrected" or self.kind == "evidence"
        name = ("Evidence" if self.kind == "evidence" else STEM[self.kind][0]) + (
            "Corrected" if corrects else "Changed"
        )
        return self._now("one", value, s.sent, name, reopens=not corrects)

    def _first(self) -> str:
        return "EvidenceReceived" if self.kind == "evidence" else "".join(STEM[self.kind])

    def _leave(self, what: str, value: tuple[int, str], sent: int, late: bool) -> str | None:
        if what == "corrected":
            assert self.stands is not None
            if late or self.heard[self.stands] == value:
                return None
            return self._now(self.stands, value, sent, f"Leave{self.stands.title()}Corrected", reopens=False)
        if self.heard.get(what) == value:
            return None
        if late:
            if what != "asked" or "asked" in self.heard:
                return None
            self.heard["asked"] = value
            return "LeaveAsked"
        again = self.stands == what and self.ended is None
        return self._now(what, value, sent, f"Leave{what.title()}" + ("Corrected" if again else ""), not again)

    def _now(self, stage: str, value: tuple[int, str], sent: int, name: str, reopens: bool = True) -> str:
        self.stands, self.heard[stage], self.told = stage, value, sent
        self.ended = None if reopens else self.ended
        return name


def spoken_of(kind: str) -> st.SearchStrategy[Spoken]:
    return st.builds(
        Spoken,
        st.sampled_from(sorted(KINDS[kind].says)),
        st.integers(1, 3),
        st.sampled_from(["plain", "other"]),
        st.integers(0, 8),
    )


def hear(state: Arrangement, said: Said, how: Saying) -> list[Event]:
    """Decide, and fold what comes of it."""
    events = decide(state, LINE, PLACE, said, how)
    for event in events:
        evolve(state, stored(event, state.version + 1))
    return events


def stored(event: Event, version: int) -> Stored:
    """An event as it comes back out of its bytes."""
    schema = ledger(event.topic)
    _, fields = read(encode(schema, {"salt": bytes(16), **event.fields}))
    text = None
    if event.seal is not None:
        _, text = read(encode(sealed(event.seal.schema), event.seal.text))
    return Stored(version, event.topic, fields, text)


@settings(max_examples=examples(100), deadline=None)
@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_every_statement_becomes_what_the_model_says_and_what_stands_is_the_models(
    data: st.DataObject, kind: str
) -> None:
    model, state = Model(kind), Arrangement(STREAM)
    for spoken in data.draw(st.lists(spoken_of(kind), max_size=12)):
        said, how = said_of(kind, spoken), saying(spoken)
        expected = model.hear(spoken)
        if expected == "?":
            assert needs_one(said)
            assert not state.version
            continue
        assert becomes(state, said, how) == expected
        hear(state, said, how)
        if model.stands is not None:
            value = state.block["due_mask"] if KINDS[kind].spans else state.block["covers_to"] - 20_000
            stands = model.heard[model.stands]
            assert (value, state.text[KINDS[kind].text[0]]) == stands
            assert (state.ended and state.ended["ended_on"]) == (model.ended and 20_000 + model.ended)


@settings(max_examples=examples(50), deadline=None)
@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_what_was_said_last_said_again_at_once_says_nothing_new(data: st.DataObject, kind: str) -> None:
    state = Arrangement(STREAM)
    for spoken in data.draw(st.lists(spoken_of(kind), min_size=1, max_size=8)):
        said, how = said_of(kind, spoken), saying(spoken)
        if needs_one(said) and not state.version:
            continue
        hear(state, said, how)
        assert hear(state, said, how) == []


@settings(max_examples=examples(50), deadline=None)
@given(st.data(), st.sampled_from(sorted(STEM)))
def test_in_whatever_order_statements_arrive_the_one_that_was_sent_last_stands(data: st.DataObject, kind: str) -> None:
    # All different: a duplicate is counted and not stored, so nobody knows later when it was sent.
    values = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=6, unique=True))
    sent = [Spoken(data.draw(st.sampled_from(["started", "changed"])), v, "x", at) for at, v in enumerate(values)]
    state = Arrangement(STREAM)
    for spoken in data.draw(st.permutations(sent)):
        hear(state, said_of(kind, spoken), saying(spoken))
    assert state.block["due_mask"] == values[-1]


@settings(max_examples=examples(50), deadline=None)
@given(st.data(), st.sampled_from([name for name, kind in KINDS.items() if kind.spans]))
def test_what_goes_on_stands_as_it_stood_from_the_first_day_on_and_names_last_years_only_where_it_is_sealed(
    data: st.DataObject, kind: str
) -> None:
    state = Arrangement(STREAM)
    for spoken in data.draw(st.lists(spoken_of(kind), min_size=1, max_size=8)):
        said = said_of(kind, spoken)
        if state.version or not needs_one(said):
            hear(state, said, saying(spoken))
    first_day = data.draw(st.integers(19_999, 20_010))
    if not goes_on(state, first_day):
        assert not state.version or state.refused or (state.last_day() or 0) < first_day
        return
    before = deepcopy(state)
    new_line, new_id = b"M" * 16, b"J" * 16
    new = Arrangement(f"arrangement/{new_id.hex()}")
    for event in carry(state, new_id, new_line, PLACE, first_day):
        assert event.fields["arrangement"] == new_id
        assert event.fields["line"] == new_line
        assert state.id not in event.fields.values()
        assert LINE not in event.fields.values()
        assert event.fields.get("source") is None, "made by rule"
        evolve(new, stored(event, new.version + 1))
    assert state == before, "nothing is written on the old one"
    assert new.begins == max(state.begins, first_day)
    assert new.text == state.text | {"previous": state.id}
    assert {k: v for k, v in new.block.items() if k != "from"} == {k: v for k, v in state.block.items() if k != "from"}
    assert (new.stands, new.ended) == (state.stands, state.ended)


def test_an_end_and_a_review_lead_nowhere_and_a_statement_leads_to_its_arrangement() -> None:
    for topic in TOPICS.values():
        body = {"line": LINE, "source": b"S" * 16, "from": 1, "received_on": 1, "place": PLACE}
        found = {fact.kind for fact in facts_of(STREAM, topic.name, body, {"local_id": "1"})}
        silent = topic.does in (Does.ENDS, Does.REVIEWS)
        assert found == (set() if silent else {"arrangement", "mis_arrangement", "placed"})


def test_what_goes_on_shares_no_row_of_the_index_with_what_it_goes_on_from() -> None:
    body = {"line": LINE, "source": b"S" * 16, "from": 1, "place": PLACE}
    text = {"local_id": "1"}
    old = facts_of(STREAM, "PartTimeAgreed", body, text)
    new = facts_of(
        f"arrangement/{b'J'.hex() * 16}", "PartTimeChanged", body | {"line": b"M" * 16}, text | {"previous": b"O" * 16}
    )
    assert {(f.kind, f.value) for f in old} & {(f.kind, f.value) for f in new} == {("placed", PLACE.hex())}
    assert {f.kind for f in new} == {"arrangement", "next_arrangement", "placed"}
