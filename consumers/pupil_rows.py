"""One row of PupilsStated, read: what it says of a pupil's entry in the admission register, and of what stands beside.

A date that does not exist, or an id that is none, makes the whole row impossible. What names a kind that nobody knows
here is kept with the row, which waits; the rest of the row is recorded all the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from consumers.hearing import Hearing, day_of, pick
from domain.admission_register.decide import ADMISSIONS, DESTINATIONS, STATUSES, PupilSaid
from domain.admission_register.particulars import (
    BOARDERS,
    CHARACTERISTICS,
    NOTHING,
    TOLD_BY,
    AddressSaid,
    CharacteristicSaid,
    ParentSaid,
    SchoolSaid,
    Stated,
)
from domain.identifiers import normalise_laestab
from domain.place.place import Place
from domain.pupil import names_nobody, parent_named
from domain.pupil.pupil import Pupil, parent_as_named

Row = Mapping[str, Any]

MOST_NC_YEAR, LEAST_NC_YEAR = 14, -2
_DATES: Final = (
    "birth_date",
    "starting_day",
    "entered_on",
    "leaving_on",
    "enrolment_status_from",
    "agreed_on",
    "boarder_from",
    "future_address_from",
)
_INNER_DATES: Final = {"parents": ("from", "ended_on"), "other_schools": ("from",), "characteristics": ("from", "to")}
_BASES: Final = frozenset(("agreed", "told", "first_attendance"))


def dates_of(row: Row) -> dict[str, int | None] | None:
    """The dates of a row, in days since 1970; None if one of them, or its year group, cannot exist."""
    dates = {name: day_of(row[name]) for name in _DATES}
    nc_year = row["nc_year"]
    if dates["starting_day"] is None or any(row[name] and dates[name] is None for name in _DATES):
        return None
    for name, inner in _INNER_DATES.items():
        if any(one[date] and day_of(one[date]) is None for one in row[name] or () for date in inner):
            return None
    return dates if nc_year is None or LEAST_NC_YEAR <= nc_year <= MOST_NC_YEAR else None


def unknown_in(row: Row) -> str | None:
    """What of a row can be recorded nowhere yet, in words that give none of its own away; None of nearly every row."""
    if any(one["kind"] not in CHARACTERISTICS for one in row["characteristics"] or ()):
        return "a kind of characteristic"
    if row["boarder"] and row["boarder"] not in BOARDERS:
        return "a kind of boarder"
    if any(not (_id_of(one) or one["name"]) for one in row["parents"] or ()):
        return "a parent without id and name"
    return None


def pupil_said(hearing: Hearing, place: Place, row: Row, dates: Mapping[str, int | None]) -> PupilSaid:
    """What a row says, but for its parents, who are the child's (`parents_said`)."""
    starting_day = dates["starting_day"]
    assert starting_day is not None, "held before where it is missing"
    basis = row["starting_day_basis"]
    status_from = dates["enrolment_status_from"]
    return PupilSaid(
        starting_day=starting_day,
        starting_day_basis=basis if basis in _BASES else "not_said",
        entered_on=dates["entered_on"],
        admission=row["admission"] if row["admission"] in ADMISSIONS else "other",
        enrolment_status=row["enrolment_status"] if row["enrolment_status"] in STATUSES else None,
        enrolment_status_from=status_from,
        other_place=other_school(hearing, place, row["other_laestab"], status_from or hearing.today),
        previous_place=other_school(hearing, place, row["previous_laestab"], starting_day),
        nc_year=row["nc_year"],
        group=None if hearing.origin.of_history else hearing.group(place, row["group"]),
        leaving_on=dates["leaving_on"],
        destination=row["destination"] if row["destination"] in DESTINATIONS else "not_said",
        full_name=row["full_name"],
        name_used=row["name_used"],
        sex=row["sex"],
        birth_date=dates["birth_date"],
        address=row["address"],
        last_school=row["last_school"],
        reason=row["reason"],
        junior_class_first_day=row["junior_class_first_day"],
        agreed_on=dates["agreed_on"],
        beside=_beside(hearing, place, row, dates),
    )


def _beside(hearing: Hearing, place: Place, row: Row, dates: Mapping[str, int | None]) -> Stated:
    boarder = row["boarder"] if row["boarder"] in BOARDERS else None
    address = AddressSaid(dates["future_address_from"], row["future_address"], row["future_address_parents"])
    schools, characteristics = row["other_schools"], row["characteristics"]
    if not (boarder or schools or characteristics) and address == _NO_ADDRESS:
        return NOTHING
    return Stated(
        future_address=None if address == _NO_ADDRESS else address,
        other_schools=tuple(_school(hearing, place, one) for one in schools or ()),
        boarder=boarder,
        boarder_from=dates["boarder_from"],
        characteristics=tuple(
            CharacteristicSaid(one["kind"], one["value"], day_of(one["from"]), day_of(one["to"]))
            for one in characteristics or ()
            if one["kind"] in CHARACTERISTICS
        ),
    )


_NO_ADDRESS: Final = AddressSaid(None, None, None)


def _school(hearing: Hearing, place: Place, row: Row) -> SchoolSaid:
    """Another school: a place of this ledger, else by its name, which is sealed."""
    since = day_of(row["from"])
    day = hearing.today if since is None else since
    known = hearing.place_called(row["urn"], row["laestab"], day)
    if known == place.id:  # an academy may keep the LAESTAB of the school that it was
        known = other_school(hearing, place, row["laestab"], day)
    name = None if known is not None else row["name"] or row["laestab"] or row["urn"]
    return SchoolSaid(known, name, since, row["told_by"] if row["told_by"] in TOLD_BY else "not_said")


def other_school(hearing: Hearing, place: Place, laestab: str | None, day: int) -> bytes | None:
    """Another school that a row names, as it was on a day, if this ledger knows it.

    Never the place itself: an academy may keep the LAESTAB of the school that it was.
    """
    found = hearing.unit.find("laestab", "", normalise_laestab(laestab)) if laestab else []
    return pick([other for other in found if other.id != place.id], day)


def _id_of(row: Row) -> str | None:
    mis_parent = row["mis_parent"]
    return None if mis_parent is None or names_nobody(mis_parent) else mis_parent


def parents_said(hearing: Hearing, place: Place, pupil: Pupil, row: Row) -> tuple[ParentSaid, ...] | None:
    """The parents whom a row lists, each named in the child's stream at first sight, or when called otherwise.

    None: the row says nothing of parents.
    """
    if row["parents"] is None:
        return None
    return tuple(_parents(hearing, place, pupil, row["parents"], row["by"]))


def _parents(hearing: Hearing, place: Place, pupil: Pupil, rows: Sequence[Row], by: str | None) -> Iterator[ParentSaid]:
    listed: set[bytes] = set()
    for row in rows:
        mis_parent = _id_of(row)
        if not (mis_parent or row["name"]):
            continue  # `unknown_in` keeps the row
        parent = pupil.parent_called(hearing.source, mis_parent, row["name"], listed)
        known = None if parent is None else pupil.parents[parent]
        parent = parent or os.urandom(16)
        listed.add(parent)
        name = row["name"] or (known and known.name)
        others = row["other_names"] or (known and known.other_names)
        sent_at = hearing.origin.sent_at
        is_news = known is None or known.told_at is None or sent_at is None or sent_at >= known.told_at
        is_new_id = mis_parent is not None and (known is None or (hearing.source, mis_parent) not in known.ids)
        if known is None or is_new_id or (is_news and (name, others) != (known.name, known.other_names)):
            person = hearing.person(place.id, by)
            named = parent_named(pupil.id, parent, name, others, mis_parent, hearing.origin, person)
            hearing.unit.record_of_pupil(named)
            # Pupils' events are written at the end of the batch: what else it says of this child must know them now.
            parent_as_named(pupil, named.fields, {"name": name, "other_names": others, "mis_parent": mis_parent})
        yield ParentSaid(
            named=parent,
            fresh=os.urandom(16),
            lives_with=row["lives_with"],
            order=row["order"],
            since=day_of(row["from"]),
            ended_on=day_of(row["ended_on"]),
            **{name: row[name] for name in ("address", "phones", "email", "relationship")},
        )
