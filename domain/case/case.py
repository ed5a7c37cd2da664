"""A case as its stream tells it: the returns made in it, what was closed, asked for and believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.events import Fields, Stored
from domain.pupil import Fact

Said = tuple[object, ...]


@dataclass(slots=True)
class Case:
    """The state that decisions need: what was said already. `version` 0: nothing yet."""

    stream: str
    version: int = 0
    said: set[Said] = field(default_factory=set)
    """Each event by topic and by what it says, without who said it and when."""
    closed: dict[tuple[int, int], Said] = field(default_factory=dict)
    """The last word on each period that was closed."""

    @property
    def id(self) -> bytes:
        """Its id."""
        return bytes.fromhex(self.stream.removeprefix("case/"))

    @property
    def weight(self) -> int:
        """What a cache counts."""
        return 4 + 4 * len(self.said)


def stream_of(case: bytes) -> str:
    """The stream of a case."""
    return f"case/{case.hex()}"


TELLS: Mapping[str, tuple[str, ...]] = {
    "ReturnMade": ("kind", "limb", "run_from", "run_days", "ground", "content", "made_on", "channel", "receipt"),
    "AttendanceReturnClosed": ("from", "to", "pupils", "receipt"),
    "ReturnAsked": ("kind", "asked_on"),
    "SicknessBeliefFormed": ("on", "limb", "expected_until", "believer"),
}
"""By event: what makes it another than one that stands already."""


def told(topic: str, fields: Fields, text: Fields | None) -> Said:
    """What an event says, to be compared. A belief on other grounds is another belief."""
    grounds = (text or {}).get("grounds")
    return (topic, *(fields.get(name) for name in TELLS[topic]), grounds)


def evolve(state: Case, stored: Stored) -> Case:
    """Fold one event of the stream into its case."""
    state.version = stored.version
    if stored.topic in TELLS:
        said = told(stored.topic, stored.fields, stored.text)
        state.said.add(said)
        if stored.topic == "AttendanceReturnClosed":
            state.closed[stored.fields["from"], stored.fields["to"]] = said
    return state


def facts_of(stream: str, body: Fields) -> list[Fact]:
    """What leads to a case: the line that it belongs to, else the school."""
    of: bytes = body.get("line") or body["place"]
    return [Fact("case", "", of.hex(), bytes.fromhex(stream.removeprefix("case/")))]
