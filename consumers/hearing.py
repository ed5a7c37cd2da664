"""The hearing of one message: who says it, of which place, on which day, and what its words mean there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from consumers.deliveries import Delivery
from consumers.outcome import Taken
from domain.codes import is_national
from domain.events import NOBODY, OPERATOR, Event, Origin, Person, Seal
from domain.identifiers import normalise_laestab, normalise_upn, normalise_urn
from domain.identity import group_scope
from domain.ledger.caches import Found
from domain.ledger.turning import turn_of_the_year
from domain.ledger.unit import Unit
from domain.moments import academic_year_before, academic_year_of, days, from_days, local_date, parse_date
from domain.people import KINDS, evolve, key_of, named, person_scope
from domain.place.place import BLANKS, Place, still_standing
from domain.place.place import evolve as evolve_place
from domain.pupil import MALFORMED, ON_TWO_CHILDREN, WRONG_CHECK_LETTER, can_identify, names_nobody, number_finding
from schemas.catalogue import Schema

BY_KINDS = frozenset(("named", "shared_login", "system", "parent_portal", "pupil", "not_said"))
UNKNOWN_HERE = "no pupil on any register of this place is known by this identifier; send PupilsStated, or dismiss it."
UNKNOWN_BY_NUMBER: Mapping[str, str] = {
    MALFORMED: "the pupil is named by a number that has not the shape of a UPN, which leads to nobody; send it again"
    " with the right one, or with the id by which this source knows the pupil, or dismiss it.",
    WRONG_CHECK_LETTER: "the pupil is named by a UPN whose check letter does not agree with its other characters, and"
    " nobody is known by it; send it again with the right one, or PupilsStated if the school has this one, or dismiss"
    " it.",
    ON_TWO_CHILDREN: "the pupil is named by a UPN that two children have, which identifies neither (rollbook labels"
    " upn_on_two_children); if they are one child, say so with rollbook record merge-identities, else let the school"
    " whose number is wrong send PupilsStated with the right one; rollbook held replay then takes this, or dismiss it.",
}
"""What holds a row whose pupil is told by a number alone, and what mends that, by what is odd about the number."""

_HOUR = 3_600_000_000
YEARS_BACK = 6
"""School years in which a user id is looked for: entries and the names with them are kept six years (regulation 7)."""


@lru_cache(maxsize=64)
def _london_day(hour: int) -> int:
    """The London day of an hour since 1970: London's clocks differ from UTC by whole hours."""
    return days(local_date(hour * _HOUR))


class Meaning(NamedTuple):
    """What a code that a source sent stands for."""

    code: str
    """The national code; empty where nobody mapped what was sent."""
    sent: str | None
    """What was sent, where that is not the national code."""
    blank: bool


def meaning(place: Place, source: bytes, raw: str, day: int) -> Meaning:
    """By the source's own map as it stood, else the national table, else kept as sent (events.md 0)."""
    mapped = place.code_maps.get(source, {}).get(raw)
    if mapped is not None and mapped["active"] and mapped["from"] <= day:
        code = mapped["code"]
        return Meaning("" if code in BLANKS else code, None if code == raw else raw, code in BLANKS)
    if raw in BLANKS:
        return Meaning("", None, blank=True)
    return Meaning(raw, None, blank=False) if is_national(raw) else Meaning("", raw, blank=False)


@lru_cache(maxsize=4_096)
def day_of(text: str | None) -> int | None:
    """Days since 1970 of a date that a MIS sent; None for none, and for one that does not exist."""
    found = None if text is None else parse_date(text)
    return None if found is None else days(found)


def pick(found: list[Found], day: int) -> bytes | None:
    """The id that held on a day: the last that had begun, else the first."""
    begun = [f for f in found if f.valid_from <= day]
    if begun:
        return begun[-1].id
    return found[0].id if found else None


@dataclass(slots=True)
class Hearing:
    """One message before it is decided."""

    unit: Unit
    delivery: Delivery
    schema: Schema
    message: dict[str, Any]
    source: bytes
    origin: Origin
    authority: bytes
    """Whose ledger this is."""
    replayed: bool = False
    taken: Taken = field(default_factory=Taken)
    today: int = 0
    """The day on which the ledger hears it, in London, as days since 1970."""
    school_year: int = 0
    """The school year in which it is heard: whose staff key seals its names."""

    def __post_init__(self) -> None:
        self.today = _london_day(self.unit.now // _HOUR)
        self.school_year = academic_year_of(self.today)

    def place_on(self, day: int) -> bytes | None:
        """The place that the message speaks of, as it was on a day: by URN, LAESTAB, local id or the delivery's key."""
        message = self.message
        urn, laestab, local_id = message.get("urn"), message.get("laestab"), message.get("local_id")
        if (place := self.place_called(urn, laestab, day)) is not None:
            return place
        scope = self.source.hex()
        if local_id and (found := self.unit.find("local_place", scope, local_id)):
            return self._pick(found, day)
        if not (urn or laestab or local_id) and (found := self.unit.find("local_place", scope, self.delivery.key)):
            return self._pick(found, day)
        return None

    def place_called(self, urn: str | None, laestab: str | None, day: int) -> bytes | None:
        """The place with this URN, else with this LAESTAB, as it was on a day."""
        if urn and (found := self.unit.find("urn", "", normalise_urn(urn))):
            return self._pick(found, day)
        if laestab and (found := self.unit.find("laestab", "", normalise_laestab(laestab))):
            return self._pick(found, day)
        return None

    def _pick(self, found: list[Found], day: int) -> bytes | None:
        """The place that held on a day; of two with one name, not the one whose taking over was undone."""
        if len(found) > 1:
            ids = still_standing([one.id for one in found], self.unit.place)
            found = [one for one in found if one.id in ids]
        return pick(found, day)

    def pupil_called(self, mis_pupil: str, upn: str | None) -> bytes | None:
        """The child that a row names: by this source's own id, else by a UPN that leads to one child."""
        found = self._known_by_id(mis_pupil)
        if found:
            return found[-1].id
        return self.unit.numbered(normalise_upn(upn)) if upn else None

    def odd_number(self, row: Mapping[str, Any]) -> str | None:
        """What is odd about the number of a row, where no pupil is known by its ids and the number may be why."""
        upn = normalise_upn(row["upn"]) if row["upn"] else ""
        if not upn or self._known_by_id(row["mis_pupil"]) or self.unit.numbered(upn) is not None:
            return None
        return ON_TWO_CHILDREN if can_identify(upn) and self.unit.find("upn", "", upn) else number_finding(upn)

    def hold_unknown(
        self, rows: Sequence[int], finding: str | None, place: bytes, otherwise: str = UNKNOWN_HERE
    ) -> None:
        """Hold rows of which no pupil is known (g3), and say why: what is odd about their number, else `otherwise`.
        The number itself is never said."""
        why = otherwise if finding is None else UNKNOWN_BY_NUMBER[finding]
        self.taken.hold("g3", tuple(rows), f"{self.rows(rows)}: {why}", place, finding)

    def _known_by_id(self, mis_pupil: str) -> list[Found]:
        return [] if names_nobody(mis_pupil) else self.unit.find("mis_pupil", self.source.hex(), mis_pupil)

    def known_place(self, day: int, rows: tuple[int, ...] | None) -> Place | None:
        """The place on a day, if it is known and this source may speak for it; else the rows are held (g2).

        None for rows: a day of which the message is silent, so that there is nothing to hold.
        """
        place_id = self.place_on(day)
        if place_id is None:
            if rows is None:
                return None
            self.taken.hold(
                "g2", rows, "This place is not known here; describe it (PlaceStated, by the operator), or dismiss this."
            )
            return None
        place = self.unit.place(place_id)
        if not place.may_speak(self.source, day) and not place.may_speak(self.source, self.today):
            if rows is None:
                return None
            self.taken.hold(
                "g2",
                rows,
                f"Source {self.source.hex()[:8]} may not speak for place {place_id.hex()[:8]}; "
                "register it with rollbook source add, or dismiss this.",
                place_id,
            )
            return None
        first = place.first_day_of(self.school_year)
        if first is not None and self.today >= first:
            turn_of_the_year(self.unit, place_id, self.today)
        return place

    def person(self, place: bytes, user_id: str | None, by_kind: str | None = None) -> Person:
        """The person behind a user id, named by rule at first sight and again each school year."""
        if not user_id:
            kind = by_kind if by_kind in BY_KINDS else "not_said"
            return NOBODY if kind == "not_said" else Person(None, kind)
        person, kind = self.person_of(place, user_id)
        default = kind if kind in ("shared_login", "system") else "named"
        return Person(person, by_kind if by_kind in BY_KINDS else default)

    def person_of(self, place: bytes, user_id: str, kind: str = "staff", name: str | None = None) -> tuple[bytes, str]:
        """(person, kind) of a user id in this school year; recorded if it is new, or newly named."""
        year = self.school_year
        seen = (place, year, self.source, user_id)
        if name is None and seen in self.unit.people_seen:
            return self.unit.people_seen[seen]
        people = self.unit.people(place)
        scope = person_scope(place, year, self.source)
        found = self.unit.find("person", scope, user_id)
        earlier, back = found, 1
        while not earlier and back <= YEARS_BACK:
            earlier = self.unit.find(
                "person", person_scope(place, academic_year_before(year, back), self.source), user_id
            )
            back += 1
        person = earlier[-1].id if earlier else os.urandom(16)
        if found and name is None and (person, year) in people.named:
            self.unit.people_seen[seen] = known_as = (person, people.named[person, year]["kind"])
            return known_as
        last = people.last_named(person) if earlier else None
        if last is not None:
            kind = last["kind"] if name is None else kind
            name = last.get("name") if name is None else name
        kind = kind if kind in KINDS else "staff"
        known = people.named.get((person, year))
        if known is None or known.get("name") != name or known["kind"] != kind:
            self.unit.record([named(place, year, person, kind, self.source, user_id, name)], evolve, people)
        self.unit.people_seen[seen] = (person, kind)
        return person, kind

    def group(self, place: Place, label: str | None, year: int | None = None) -> bytes | None:
        """The class with this label in this school year, or in an earlier one, described at first sight."""
        if not label:
            return None
        year, from_day = (self.school_year, self.today) if year is None else (year, days(date(year // 100, 9, 1)))
        if (place.id, year, label) in self.unit.groups_seen:
            return self.unit.groups_seen[place.id, year, label]
        found = self.unit.find("group", group_scope(place.id, year), label)
        if found:
            self.unit.groups_seen[place.id, year, label] = found[-1].id
            return found[-1].id
        group = os.urandom(16)
        seal = Seal(key_of(place.id, self.school_year), "GroupText", {"label": label})
        event = Event(place.stream, "GroupDescribed", {"group": group, "kind": "registration", "from": from_day}, seal)
        self.unit.record([event], evolve_place, place)
        return group

    def rows(self, numbers: Sequence[int]) -> str:
        """Rows of the message, from 0, as a sentence names them: of a table, by its file and its own numbers."""
        made_from = self.delivery.rows
        named = [n + 1 if made_from is None else made_from.numbers[n] for n in numbers]
        shown = ", ".join(map(str, named[:5])) + (f" and {len(named) - 5} more" if len(named) > 5 else "")
        return f"Row{'s' if len(named) > 1 else ''} {shown}" + (f" of file {made_from.file}" if made_from else "")

    @property
    def heard_on(self) -> int:
        """The day on which it came: what was told beforehand stays so, however long it was held or lay in a file."""
        held_at = self.origin.first_held_at
        came = self.delivery.received_at if held_at is None else min(held_at, self.delivery.received_at)
        return min(self.today, _london_day(came // _HOUR))

    @property
    def said_on(self) -> int:
        """The day on which the sender says it said so, never after today: a roll stated then is the roll of then."""
        sent_at = self.origin.sent_at
        return self.today if sent_at is None else min(self.today, _london_day(sent_at // _HOUR))

    @property
    def by_operator(self) -> bool:
        """True for what the operator's own import or console says."""
        return self.source == OPERATOR


def shown(day: int) -> str:
    """A day in a sentence."""
    return from_days(day).isoformat()
