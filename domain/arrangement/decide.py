"""From what a school says of an arrangement to the events of its stream. Only what is new is recorded.

Nothing is refused: an arrangement may be told after it began, changed without ever having been started, or decided
before it was asked for. What a statement says it says whole: a field that it leaves out is none, never unchanged
(events.md 0). Only a row that names no first day leaves what else it does not name of the span as it stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.admission_register.particulars import Saying
from domain.arrangement.arrangement import Arrangement, stream_of
from domain.arrangement.kinds import EARLIER_DAYS, EARLIER_PERSONS, KINDS, SPAN, TOPICS, Does, Kind, Topic
from domain.attendance_register.decide import line_key
from domain.events import NOBODY, Event, Fields, Origin, Seal, reason_fields


@dataclass(frozen=True, slots=True)
class Said:
    """One row about one arrangement, in our words. Dates in days since 1970."""

    kind: str
    what: str
    """One of the words of its kind."""
    block: Fields
    """The span and the own fields of the kind; `from` may be missing where it is to stay as it stood."""
    text: Fields = field(default_factory=dict)
    """Own texts of the kind, and the sender's `local_id`."""
    ending: Fields = field(default_factory=dict)
    review: Fields = field(default_factory=dict)
    amended_on: int | None = None
    reason: str | None = None
    reason_code: str | None = None

    @property
    def does(self) -> Does:
        """What it would do to an arrangement."""
        return TOPICS[KINDS[self.kind].says[self.what]].does


def needs_one(said: Said) -> bool:
    """True for what can only be said of an arrangement that the ledger holds (g5 where it does not)."""
    return said.does in (Does.ENDS, Does.REVIEWS, Does.CORRECTS)


def becomes(state: Arrangement, said: Said, saying: Saying) -> str | None:
    """The event that a row becomes in the light of what stands; None where it says nothing new.

    A statement that a newer one has overtaken (by the time sent) says nothing new, but for two that stay true whatever
    came after: that leave was asked for, and that a review was held. The caller asks `needs_one` first.
    """
    kind = KINDS[said.kind]
    topic = TOPICS[kind.says[said.what]]
    overtaken = state.overtaken(topic.name, saying.origin.sent_at)
    if topic.does is Does.REVIEWS:
        known = state.reviews.get(said.review["held_on"])
        return None if known == _own(topic, said.review) else topic.name
    if not state.version:
        return kind.says["started"] if topic.does is Does.CHANGES else topic.name
    if topic.does is Does.ENDS:
        return None if overtaken or state.ended == _own(topic, said.ending) else topic.name
    if topic.does is Does.CORRECTS:
        corrected = f"{state.stands}Corrected" if said.kind == "leave" else topic.name
        return None if overtaken or _same(state, said, corrected) else corrected
    if said.kind == "leave":
        return _stage(state, said, topic, overtaken)
    # A start told again does not take back an end, or a feed that tells its whole story nightly would; a change does.
    same = _same(state, said, topic.name) and (topic.does is Does.STATES or state.ended is None)
    if overtaken or same:
        return None
    return kind.says.get("changed", kind.says["corrected"])


def _stage(state: Arrangement, said: Said, topic: Topic, overtaken: bool) -> str | None:
    """Leave that was asked for, granted or refused, perhaps not for the first time."""
    heard = state.heard.get(topic.name)
    if heard == (_block(state, said, topic), _text(state, said)):
        return None
    if overtaken:
        return topic.name if topic.name == "LeaveAsked" and heard is None else None
    return f"{topic.name}Corrected" if state.stands == topic.name and state.ended is None else topic.name


def decide(state: Arrangement, line: bytes, place: bytes, said: Said, saying: Saying) -> list[Event]:
    """The event that a row adds to its arrangement, if any. See `becomes`.

    `line` is of the register of `place`: its key seals the text.
    """
    name = becomes(state, said, saying)
    if name is None:
        return []
    topic, kind = TOPICS[name], KINDS[said.kind]
    fields: Fields = {"arrangement": state.id, "line": line}
    reason = {"reason": said.reason}
    match topic.does:
        case Does.ENDS:
            fields |= _own(topic, said.ending)
            text = _of_kind(kind, said.text) | reason
        case Does.REVIEWS:
            fields |= _own(topic, said.review)
            text = _of_kind(kind, said.text) | reason
        case _:
            fields |= _block(state, said, topic)
            text = _text(state, said) | reason
    if topic.does is Does.CORRECTS:
        fields |= {"amends": state.block_version, "amended_on": said.amended_on}
        fields |= reason_fields(said.reason, said.reason_code, saying.carries_reason)
    fields |= {**saying.origin.fields(), **saying.person.fields()}
    return [Event(state.stream, name, fields, _seal(kind, place, line, text))]


def carry(
    old: Arrangement, arrangement: bytes, line: bytes, place: bytes, first_day: int, parent: bytes | None = None
) -> list[Event]:
    """An open arrangement goes on in the next school year's line, under an id of its own, made by rule.

    The block is the one that stands, from the first day on; an end that was told beforehand comes with it. What ties
    it to last year's is sealed (events.md 0.3), and stands in clear there alone: how it came about, and when. `parent`
    is whom the new line calls by that id. The caller asks `goes_on` first. Nothing is written on the old one.
    """
    kind = old.kind
    block = _in_this_year(old.block, first_day)
    if "parent" in block:
        block["parent"] = parent
    common: Fields = {"arrangement": arrangement, "line": line}
    nobody = {**Origin().fields(), **NOBODY.fields()}
    text = {**old.text, "previous": old.id, "reason": None}
    started = Event(stream_of(arrangement), old.stands, {**common, **block, **nobody}, _seal(kind, place, line, text))
    if old.ended is None:
        return [started]
    ends = next(t.name for t in TOPICS.values() if t.kind == kind.name and t.does is Does.ENDS)
    return [started, Event(stream_of(arrangement), ends, {**common, **old.ended, **nobody})]


def _in_this_year(block: Fields, first_day: int) -> Fields:
    """What a block says in clear of a school year that begins on a day, where the arrangement is older than that."""
    said = dict(block)
    if said["from"] < first_day:
        said |= {"from": first_day, "from_session": None}
    for person, day in EARLIER_PERSONS.items():
        if person in said and (said.get(day) is None or said[day] < first_day):
            said[person] = None
    for day in EARLIER_DAYS:
        if said.get(day) is not None and said[day] < first_day:
            said[day] = None
    return said


def goes_on(state: Arrangement, first_day: int) -> bool:
    """True if an arrangement is open on or after the first day of the next school year."""
    last = state.last_day()
    return bool(state.version) and state.kind.spans and not state.refused and (last is None or last >= first_day)


def same_block(state: Arrangement, said: Said) -> bool:
    """True if a row states the very block that stands; of leave, what was asked or decided on the way there as well."""
    if not state.version:
        return False
    topic = TOPICS[KINDS[said.kind].says[said.what]]
    heard = state.heard.get(topic.name) if said.kind == "leave" and topic.does is Does.STATES else None
    if heard is not None and heard == (_block(state, said, topic), _text(state, said)):
        return True
    return _same(state, said, state.stands)


def overtaken_before(state: Arrangement, earlier: Iterable[Arrangement], sent_at: int | None, said_on: int) -> bool:
    """True for what was said before this arrangement began, and before something newer of one that it goes on from.

    What is carried forward says in clear nothing of when it was told, so what came too late for the arrangements before
    it is too late for this one. `said_on` is the day of `sent_at` (days since 1970).
    """
    if sent_at is None or state.text.get("previous") is None or said_on >= state.begins:
        return False
    return any(known.told_at is not None and sent_at < known.told_at for known in earlier)


def _same(state: Arrangement, said: Said, topic: str) -> bool:
    return (state.block, state.text) == (_block(state, said, TOPICS[topic]), _text(state, said))


def _own(topic: Topic, said: Mapping[str, object]) -> Fields:
    return {name: said.get(name) for name in topic.fields}


def _block(state: Arrangement, said: Said, topic: Topic) -> Fields:
    """The block as it would stand: whole as said, but for what a row without a first day leaves of the span."""
    block = _own(topic, said.block)
    if "from" not in topic.fields or not state.version:
        return block
    if block["from"] is None:
        block |= {name: state.block.get(name) for name in SPAN if block.get(name) is None}
    if state.text.get("previous") is not None:
        # Carried forward, it begins with its line; how it came about stands in the arrangement before it.
        return _in_this_year(block, state.block["from"])
    return block


def _of_kind(kind: Kind, text: Mapping[str, object]) -> Fields:
    return {name: text.get(name) for name in kind.text}


def _text(state: Arrangement, said: Said) -> Fields:
    """The sealed text as it would stand. The sender's id and last year's arrangement are not said anew each time."""
    local_id = said.text.get("local_id") or state.text.get("local_id")
    return _of_kind(KINDS[said.kind], said.text) | {"local_id": local_id, "previous": state.text.get("previous")}


def _seal(kind: Kind, place: bytes, line: bytes, text: Fields) -> Seal | None:
    said = {name: value for name, value in text.items() if name != "previous" or kind.spans}
    return Seal(line_key(place, line), kind.schema, said) if any(v is not None for v in said.values()) else None
