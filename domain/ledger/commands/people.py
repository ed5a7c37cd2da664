"""Commands about the people who make entries and sign: their names and offices; and the authority's settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from domain.authority import key_of as authority_key_of
from domain.authority import setting_made, weaker
from domain.events import Event, KeyOf
from domain.ledger.commands.base import (
    CONSOLE,
    NO_PLACE,
    Answer,
    Command,
    Handler,
    Made,
    Noted,
    PeopleId,
    PersonId,
    Refused,
    Text,
    day,
)
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.moments import academic_year, days, local_date
from domain.people import evolve, key_of, named, office_held


class NamePerson(Command):
    """Name a person who makes entries or decides, so that what they say can carry their name (regulation 6(1)(e))."""

    place: PeopleId = Field(description="Whose staff they are.")
    name: Text = Field(description="Sealed under the key of the place and school year.")
    kind: Literal["staff", "provider_staff", "la_officer", "shared_login", "system"] = "staff"
    person: PersonId | None = Field(
        default=None, description="To name somebody again; a new person where none is said."
    )
    in_year_of: date | None = Field(default=None, description="A day of the school year meant; today's, if not said.")


class HoldOffice(Command):
    """An office that a person holds, which decides what they may sign."""

    place: PeopleId
    person: PersonId
    office: Literal[
        "head",
        "acting_head",
        "teacher_in_charge",
        "person_in_charge",
        "deputy_authorised",
        "attendance_champion",
        "dsl",
        "la_authorised",
        "la_prosecutor",
        "constable",
    ]
    from_day: date
    to: date | None = Field(default=None, description="The last day; still held where none is said.")
    reason: Text | None = Field(default=None, description="Where it mends what was said before; sealed.")


class MakeSetting(Command):
    """A setting that changes answers, with the day from which it applies."""

    setting: str
    value: int | str
    applies_from: date
    authority_for_it: Text | None = Field(default=None, description="Who decided it, and where; sealed.")


def _key(ledger: Ledger, place: bytes, school_year: int) -> KeyOf:
    """An authority counts as a place, and its key is owned by its own stream."""
    return (authority_key_of if place == ledger.authority else key_of)(place, school_year)


def _known(ledger: Ledger, unit: Unit, place: bytes) -> bool:
    return place == ledger.authority or bool(unit.place(place).version)


def _name(ledger: Ledger, unit: Unit, command: NamePerson) -> Answer:
    if not _known(ledger, unit, command.place):
        return Refused(NO_PLACE)
    people = unit.people(command.place)
    year = academic_year(command.in_year_of or local_date(unit.now))
    last = None if command.person is None else people.last_named(command.person)
    if command.person is not None and last is None:
        return Refused("Nobody of this place is known by this id; leave it out to name somebody new.")
    person = command.person or os.urandom(16)
    known = people.named.get((person, year))
    if known is not None and (known["kind"], known.get("name")) == (command.kind, command.name):
        return Refused("This person is named so for that school year already.")
    source, user_id = (None, None) if last is None else (last.get("source"), last.get("user_id"))
    event = named(command.place, year, person, command.kind, source, user_id, command.name)
    assert event.seal is not None, "a name is sealed"
    seal = event.seal._replace(key=_key(ledger, command.place, year))
    unit.record([event._replace(seal=seal)], evolve, people)
    return Made(person)


def _hold_office(ledger: Ledger, unit: Unit, command: HoldOffice) -> Answer:
    if not _known(ledger, unit, command.place):
        return Refused(NO_PLACE)
    people = unit.people(command.place)
    if people.last_named(command.person) is None:
        return Refused("Nobody of this place is known by this id; name the person first, with record name-person.")
    span = (days(command.from_day), day(command.to))
    if people.offices.get((command.person, command.office)) == span:
        return Refused("It is on record already that this person holds this office so.")
    key = _key(ledger, command.place, academic_year(command.from_day))
    event: Event = office_held(people, command.person, command.office, span, command.reason, CONSOLE, key)
    unit.record([event], evolve, people)
    return None


def _make_setting(ledger: Ledger, unit: Unit, command: MakeSetting) -> Answer:
    try:
        event = setting_made(
            ledger.authority,
            command.setting,
            command.value,
            days(command.applies_from),
            academic_year(command.applies_from),
            command.said_by,
            command.authority_for_it,
        )
    except ValueError as error:
        return Refused(str(error))
    unit.record_new(event)
    weak = weaker(command.setting, command.value)
    return None if weak is None else Noted(weak)


HANDLERS: Mapping[type[Command], Handler] = {NamePerson: _name, HoldOffice: _hold_office, MakeSetting: _make_setting}
