"""An arrangement as its stream tells it: the block that stands, what became of it, and who said so last."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.arrangement.kinds import KINDS, TOPICS, Does, Kind
from domain.events import Fields, Stored
from domain.pupil import Fact


@dataclass(slots=True)
class Arrangement:
    """The state that decisions need. `version` 0: not recorded yet."""

    stream: str
    version: int = 0
    kind_name: str = ""
    line: bytes = b""
    stands: str = ""
    """The event whose block stands: of leave LeaveAsked, LeaveGranted or LeaveRefused; else the kind's first."""
    block: Fields = field(default_factory=dict)
    """What stands, as stated, changed or corrected."""
    block_version: int = 0
    text: Fields = field(default_factory=dict)
    """The sealed text of that block; empty if its key is not at hand."""
    heard: dict[str, tuple[Fields, Fields]] = field(default_factory=dict)
    """Block and text of every stage that was stated, as last corrected: of leave there are several."""
    reviews: dict[int, Fields] = field(default_factory=dict)
    """What was last said of each review, by the day on which it was held."""
    ended: Fields | None = None
    told_at: int | None = None
    """`sent_at` of the newest statement taken in: an overtaken one does not undo it."""

    @property
    def id(self) -> bytes:
        """Its id."""
        return bytes.fromhex(self.stream.removeprefix("arrangement/"))

    @property
    def kind(self) -> Kind:
        """Its row of the table."""
        return KINDS[self.kind_name]

    @property
    def begins(self) -> int:
        """Its first day: of evidence, the day on which it was received."""
        return int(self.block["from" if self.kind.spans else "received_on"])

    @property
    def refused(self) -> bool:
        """True for leave that was refused: nobody was away by it."""
        return self.stands == "LeaveRefused"

    def last_day(self) -> int | None:
        """The last day on which it holds as known: None while no end is known; before its first if none was used."""
        if self.ended is not None:
            ended_on: int | None = self.ended.get("ended_on")
            return self.begins - 1 if ended_on is None else ended_on
        last: int | None = self.block.get("to")
        return last

    def holds_on(self, day: int) -> bool:
        """True if it was in force on a day."""
        last = self.last_day()
        return self.kind.spans and not self.refused and self.begins <= day and (last is None or day <= last)

    def overtaken(self, topic: str, sent_at: int | None) -> bool:
        """True if what is said now was said before what stands; or with a decision, that leave was asked for: it was
        asked for first, in whichever order one message lists the two."""
        if sent_at is None or self.told_at is None:
            return False
        decided = topic == "LeaveAsked" and topic not in self.heard and self.stands in ("LeaveGranted", "LeaveRefused")
        return sent_at < self.told_at or (decided and sent_at == self.told_at)

    @property
    def weight(self) -> int:
        """What a cache counts."""
        return 40 + 10 * len(self.reviews)


def stream_of(arrangement: bytes) -> str:
    """The stream of an arrangement."""
    return f"arrangement/{arrangement.hex()}"


def evolve(state: Arrangement, stored: Stored) -> Arrangement:
    """Fold one event of the stream into its arrangement."""
    state.version = stored.version
    fields, text = stored.fields, stored.text or {}
    topic = TOPICS[stored.topic]
    state.kind_name, state.line = topic.kind, fields["line"]
    sent_at = fields.get("sent_at")
    overtaken = state.overtaken(topic.name, sent_at)
    if sent_at is not None and not overtaken:
        state.told_at = sent_at
    said = {name: fields.get(name) for name in topic.fields}
    match topic.does:
        case Does.REVIEWS:
            state.reviews[fields["held_on"]] = said
        case Does.ENDS:
            state.ended = said
        case _:
            stage = stage_of(topic.name)
            own = {name: text.get(name) for name in (*state.kind.text, "local_id", "previous")}
            state.heard[stage] = (said, own)
            if overtaken:  # that leave was asked for, told after it was decided
                return state
            state.stands = stage
            state.block, state.text, state.block_version = said, own, stored.version
            if topic.does is not Does.CORRECTS:
                state.ended = None
    return state


def stage_of(topic: str) -> str:
    """The stage of which an event speaks: the first event of its kind, or one of the three of leave."""
    known = TOPICS[topic]
    if known.does is Does.STATES:
        return topic
    return known.of or KINDS[known.kind].says["started"]


# --- how one is found again


def mis_value(kind: str, local_id: str) -> str:
    """A sender's own id of an arrangement, as a value of the identity index: ids of two kinds may be the same."""
    return f"{kind}/{local_id}"


def facts_of(stream: str, topic: str, body: Fields, text: Fields) -> list[Fact]:
    """What an event of an arrangement leads to: itself, by its line and by the sender's id; the next year's, by last
    year's; the line, by the place where the pupil is placed. None for an end or a review."""
    known = TOPICS[topic]
    if known.does in (Does.ENDS, Does.REVIEWS):
        return []
    arrangement = bytes.fromhex(stream.removeprefix("arrangement/"))
    line, begins = body["line"], body["from" if KINDS[known.kind].spans else "received_on"]
    facts = [Fact("arrangement", "", line.hex(), arrangement, begins)]
    source, local_id, previous = body.get("source"), text.get("local_id"), text.get("previous")
    # What went on is found by what it went on from: one row for both would tie their lines together beside the log.
    if source and local_id and not previous:
        facts.append(Fact("mis_arrangement", source.hex(), mis_value(known.kind, local_id), arrangement))
    if previous:
        facts.append(Fact("next_arrangement", "", previous.hex(), arrangement, begins))
    if body.get("place"):
        facts.append(Fact("placed", "", body["place"].hex(), line, begins))
    return facts
