"""What stands beside an entry of the admission register: parents, addresses to come, other schools, boarding, and
characteristics (regulation 8(2)-(6), events.md 2.2).

A statement is compared with what stands, and only what is new becomes an event. The day on which something began is
clear, but not on a line that was carried forward: together such days would tell whose line of the year before it was.
There the clear day is the line's own first, and the true one is sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.events import Event, Fields, KeyOf, Origin, Person, Seal, Stored

CHARACTERISTICS = frozenset(
    "sen_provision ehcp fsm looked_after prev_looked_after social_worker cin cp_plan early_help ethnicity language"
    " gtrsb young_carer pupil_premium sao_in_force la_placed_special lsoa medical_condition".split()
)
BOARDERS = frozenset(("no", "boarder", "six_nights", "seven_nights"))
TOLD_BY = frozenset(("person_with_control", "school_requires"))


class Saying(NamedTuple):
    """How something was said: the message, the person, the day on which the ledger hears it."""

    origin: Origin
    person: Person
    today: int
    carries_reason: bool = True


class ParentSaid(NamedTuple):
    """A parent as a list states one: the whole of it, so that what is not said is none."""

    named: bytes
    """ParentNamed.parent."""
    fresh: bytes
    """16 random bytes, to call the parent by on a line that does not have them yet."""
    lives_with: bool | None = None
    order: int | None = None
    since: int | None = None
    ended_on: int | None = None
    address: str | None = None
    phones: str | None = None
    email: str | None = None
    relationship: str | None = None

    def block(self) -> tuple[object, ...]:
        """What is compared."""
        return self[2:5] + self[6:]


class ParentStands(NamedTuple):
    """A parent of whom the register knows."""

    id: bytes
    """By which this line calls the parent in clear: another on each line."""
    said: ParentSaid
    ended: bool = False
    """`said.ended_on` says when, where that was said."""


class AddressSaid(NamedTuple):
    """Where a pupil is to live (regulation 8(3))."""

    since: int | None
    address: str | None
    parents: str | None


class SchoolSaid(NamedTuple):
    """Another school (regulation 8(4)-(5)): a place of this ledger, else its name."""

    place: bytes | None
    name: str | None
    since: int | None
    told_by: str = "not_said"


class CharacteristicSaid(NamedTuple):
    """One characteristic. What is said of a kind in one row is all that holds of that kind."""

    kind: str
    value: str | None
    since: int | None
    until: int | None


class PriorSaid(NamedTuple):
    """Attendance at an earlier school, by its common transfer file."""

    from_place: bytes | None
    school: str | None
    year: int
    possible: int
    authorised: int
    unauthorised: int
    attended: int
    marks_from: int | None
    marks: str | None


class Stated(NamedTuple):
    """What a statement says beside the entry. None: nothing is said of it."""

    parents: tuple[ParentSaid, ...] | None = None
    """All of them."""
    future_address: AddressSaid | None = None
    other_schools: tuple[SchoolSaid, ...] = ()
    boarder: str | None = None
    boarder_from: int | None = None
    characteristics: tuple[CharacteristicSaid, ...] = ()


NOTHING = Stated()


class _Kind(NamedTuple):
    """What holds of one kind of characteristic, and the message that said it."""

    message: tuple[bytes | None, bytes | None]
    said: frozenset[CharacteristicSaid]


@dataclass(slots=True)
class Particulars:
    """What stands on a line beside its entry."""

    parents: dict[bytes, ParentStands] = field(default_factory=dict)
    """By ParentNamed.parent; by the line's own id where the key is gone."""
    future_address: AddressSaid | None = None
    other_schools: dict[bytes | str | None, SchoolSaid] = field(default_factory=dict)
    boarder: str | None = None
    boarder_from: int | None = None
    characteristics: dict[str, _Kind] = field(default_factory=dict)
    prior: frozenset[PriorSaid] = frozenset()

    @property
    def weight(self) -> int:
        """What a cache counts."""
        return 6 * (len(self.parents) + len(self.other_schools) + len(self.characteristics) + len(self.prior))

    def fold(self, stored: Stored) -> None:
        """Fold one event of the line, if it is about any of this."""
        fields, text = stored.fields, stored.text or {}
        match stored.topic:
            case "CharacteristicRecorded":
                since = text.get("began") if text.get("began") is not None else fields.get("from")
                said = CharacteristicSaid(fields["kind"], text.get("value"), since, fields.get("to"))
                told = (fields.get("source"), fields.get("message"))
                known = self.characteristics.get(said.kind)
                together = known is not None and known.message == told and (told[1] is not None or told[0] is None)
                others = known.said if known is not None and together else frozenset()
                self.characteristics[said.kind] = _Kind(told, others | {said})
            case "ParentRecorded":
                named = text.get("named") or fields["parent"]
                since = text.get("began") if text.get("began") is not None else fields.get("from")
                self.parents[named] = ParentStands(
                    fields["parent"],
                    ParentSaid(
                        named,
                        fields["parent"],
                        fields.get("lives_with"),
                        fields.get("order"),
                        since,
                        None,
                        *(text.get(name) for name in _REACHED_BY),
                    ),
                )
            case "ParentRecordEnded":
                for named, known_parent in self.parents.items():
                    if known_parent.id == fields["parent"]:
                        said_of = known_parent.said._replace(ended_on=fields.get("ended_on"))
                        self.parents[named] = ParentStands(known_parent.id, said_of, ended=True)
            case "FutureAddressRecorded":
                self.future_address = AddressSaid(fields.get("from"), text.get("address"), text.get("parents"))
            case "OtherSchoolRecorded":
                school = SchoolSaid(fields.get("other_place"), text.get("name"), fields.get("from"), fields["told_by"])
                self.other_schools[_called(school)] = school
            case "BoardingRecorded":
                self.boarder, self.boarder_from = fields["boarder"], fields["from"]
            case "PriorTotalsReceived":
                prior: Fields = {name: fields.get(name) for name in _TOTALS}
                self.prior |= {PriorSaid(**prior, school=text.get("school"), marks=text.get("marks"))}
            case _:
                pass


_REACHED_BY = ("address", "phones", "email", "relationship")
_TOTALS = ("from_place", "year", "possible", "authorised", "unauthorised", "attended", "marks_from")


def _called(school: SchoolSaid) -> bytes | str | None:
    return school.place or school.name


def seal(stream: str, schema: str, text: Fields) -> Seal | None:
    """A text under the key of its line; None where it says nothing."""
    return Seal(KeyOf("line", stream), schema, text) if any(v is not None for v in text.values()) else None


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes the events of one line and one statement."""

    stream: str
    said_by: Fields
    begins: int | None
    """The first day of a line that was carried forward; None for one that was entered."""

    def event(self, topic: str, fields: Fields, schema: str | None = None, text: Fields | None = None) -> Event:
        return Event(
            self.stream, topic, fields | self.said_by, None if schema is None else seal(self.stream, schema, text or {})
        )

    def since(self, day: int | None) -> tuple[int | None, int | None]:
        """(the day in clear, the true day where that is sealed)."""
        if self.begins is not None and day is not None and day < self.begins:
            return self.begins, day
        return day, None

    def is_before(self, last_day: int | None) -> bool:
        """True of what ended before a line that was carried forward began: no news of that line."""
        return self.begins is not None and last_day is not None and last_day < self.begins

    def parent(self, id_: bytes, said: ParentSaid) -> Event:
        day, began = self.since(said.since)
        text = {"named": said.named, "began": began, **{name: getattr(said, name) for name in _REACHED_BY}}
        fields = {"parent": id_, "lives_with": said.lives_with, "order": said.order, "from": day}
        return self.event("ParentRecorded", fields, "ParentRecordText", text)

    def parent_ended(self, id_: bytes, ended_on: int | None) -> Event:
        return self.event("ParentRecordEnded", {"parent": id_, "ended_on": ended_on})

    def address(self, said: AddressSaid) -> Event:
        text = {"address": said.address, "parents": said.parents}
        return self.event("FutureAddressRecorded", {"from": said.since}, "FutureAddressText", text)

    def school(self, said: SchoolSaid) -> Event:
        fields = {"other_place": said.place, "from": said.since, "told_by": said.told_by}
        return self.event("OtherSchoolRecorded", fields, "SchoolText", {"name": said.name})

    def characteristic(self, said: CharacteristicSaid) -> Event:
        day, began = self.since(said.since)
        text = {"value": said.value, "began": began}
        fields = {"kind": said.kind, "from": day, "to": said.until}
        return self.event("CharacteristicRecorded", fields, "CharacteristicText", text)


def state(stream: str, stands: Particulars, said: Stated, saying: Saying, begins: int | None) -> list[Event]:
    """What a statement adds to what stands: nothing, or the events of this module's list.

    `begins` is the first day of a line that was carried forward, and None for one that was entered.
    """
    writer = _Writer(stream, {**saying.origin.fields(), **saying.person.fields()}, begins)
    events: list[Event] = []
    if said.parents is not None:
        events += _parents(writer, stands, said.parents)
    if said.future_address is not None and said.future_address != stands.future_address:
        events.append(writer.address(said.future_address))
    for school in said.other_schools:
        here = school._replace(since=writer.since(school.since)[0])
        if stands.other_schools.get(_called(here)) != here:
            events.append(writer.school(here))
    if said.boarder is not None:
        since = writer.since(said.boarder_from)[0]
        if said.boarder != stands.boarder or (since is not None and since != stands.boarder_from):
            fields = {"boarder": said.boarder, "from": saying.today if since is None else since}
            events.append(writer.event("BoardingRecorded", fields))
    return events + _characteristics(writer, stands, said.characteristics)


def _parents(writer: _Writer, stands: Particulars, said: Sequence[ParentSaid]) -> list[Event]:
    """A list of parents is all of them: whom it does not name any more is ended."""
    events: list[Event] = []
    last = {parent.named: parent for parent in said}
    ids: dict[bytes, bytes] = {}
    for parent in said:
        known = stands.parents.get(parent.named)
        if known is not None and parent is not last[parent.named] and known.said.block() == last[parent.named].block():
            continue  # listed twice, each time otherwise: both were recorded when first said, and not every night
        id_ = ids.setdefault(parent.named, parent.fresh if known is None else known.id)
        goes_on = parent.ended_on is None
        if known is None and not goes_on and writer.is_before(parent.ended_on):
            continue
        if known is None or known.said.block() != parent.block() or (known.ended and goes_on):
            events.append(writer.parent(id_, parent))
            known = None
        if not goes_on and (known is None or not known.ended or known.said.ended_on != parent.ended_on):
            events.append(writer.parent_ended(id_, parent.ended_on))
    named = {parent.named for parent in said}
    gone = (known for name, known in stands.parents.items() if name not in named and not known.ended)
    return events + [writer.parent_ended(known.id, None) for known in gone]


def _characteristics(writer: _Writer, stands: Particulars, said: Sequence[CharacteristicSaid]) -> list[Event]:
    """A kind that is named is stated whole, and recorded whole where it differs; a kind that is not named is not
    denied."""
    kinds: dict[str, list[CharacteristicSaid]] = {}
    for one in said:
        if not writer.is_before(one.until):
            kinds.setdefault(one.kind, []).append(one)
    events = []
    for kind, stated in kinds.items():
        known = stands.characteristics.get(kind)
        if known is None or known.said != frozenset(stated):
            events += [writer.characteristic(one) for one in dict.fromkeys(stated)]
    return events


def carry(
    stream: str, old: Particulars, new: Particulars, first_day: int, new_id: Callable[[], bytes], said_by: Fields
) -> list[Event]:
    """What still holds on the first day of a new school year, as events of the new line: it must be whole by itself,
    for the key of the old one may be destroyed first.

    `said_by` are the origin and person of what is made by rule. Nothing is said again that the new line has already
    (a place there may have been agreed before).
    """
    writer = _Writer(stream, said_by, first_day)
    events: list[Event] = []
    for named, parent in old.parents.items():
        ended_on = parent.said.ended_on
        if named not in new.parents and (not parent.ended or (ended_on is not None and ended_on >= first_day)):
            id_ = new_id()
            events.append(writer.parent(id_, parent.said))
            if parent.ended:
                events.append(writer.parent_ended(id_, ended_on))
    address = old.future_address
    if address is not None and new.future_address is None and (address.since is None or address.since >= first_day):
        events.append(writer.address(address))
    for called, school in old.other_schools.items():
        if called not in new.other_schools:
            events.append(writer.school(school._replace(since=writer.since(school.since)[0])))
    if old.boarder is not None and new.boarder is None:
        since = writer.since(old.boarder_from)[0]
        events.append(writer.event("BoardingRecorded", {"boarder": old.boarder, "from": since}))
    for kind, known in old.characteristics.items():
        if kind not in new.characteristics:
            in_force = (one for one in known.said if one.until is None or one.until >= first_day)
            events += [writer.characteristic(one) for one in sorted(in_force, key=_first_begun)]
    return events


def _first_begun(said: CharacteristicSaid) -> tuple[int, str]:
    return (-(1 << 31) if said.since is None else said.since, said.value or "")


def prior_totals(stream: str, stands: Particulars, said: Iterable[PriorSaid], saying: Saying) -> list[Event]:
    """PriorTotalsReceived for each earlier school and year that the line does not have yet: for viewing only, and in
    no count of ours."""
    writer = _Writer(stream, {**saying.origin.fields(), **saying.person.fields()}, None)
    return [
        writer.event(
            "PriorTotalsReceived",
            {name: getattr(one, name) for name in _TOTALS},
            "PriorTotalsText",
            {"marks": one.marks, "school": one.school},
        )
        for one in dict.fromkeys(said)
        if one not in stands.prior
    ]
