"""MIS messages that are not registers: records for the codec, which writes them through fastavro."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from simulation.authority import Place, Pupil, describe
from simulation.household import characteristics, parents
from simulation.records import message as written
from simulation.sources import Profile
from simulation.terms import Term, school_year

OPERATOR = "operator"
NOBODY = bytes(16)
NATIONAL = tuple("/ \\ L K V P W B C1 M J1 S X C2 D C T R I Q Y1 Y2 Y3 Y4 Y5 Y6 Y7 E G N O U Z #".split())
_ARRAYS = (
    *("marks", "changes", "removals", "pupils", "leavers", "staff", "codes", "times", "sources"),
    *("arrangements", "placements", "transfers", "reports", "engagements"),
)

Fields = Mapping[str, Any]


def rows_of(record: Fields) -> int:
    """How many rows a message counts as: those of its arrays, or one if it has none."""
    if "terms" in record:
        return len(record["terms"]) + len(record["closures"])
    for name in _ARRAYS:
        if name in record:
            return len(record[name])
    return 1


def encoded(name: str, message: bytes, place: Place | None, sent_at: int, fields: Fields) -> bytes:
    """A message in Confluent framing; its sequence is null, and filled in when it is sent (`writing.with_sequence`)."""
    return written(name, record(message, place, sent_at, fields))


def record(message: bytes, place: Place | None, sent_at: int, fields: Fields) -> dict[str, Any]:
    """The fields that every message has, and its own."""
    common: dict[str, Any] = {"message": message, "source": NOBODY if place is None else place.source}
    common.update(sequence=None, sent_at=sent_at)
    if place is not None:
        common.update(laestab=place.laestab, urn=None, local_id=place.local_id)
    common.update(fields)
    return common


def place_stated(place: Place) -> dict[str, Any]:
    """What a place is, said by the operator."""
    return {
        "source": NOBODY,
        "laestab": place.laestab,
        "urn": place.urn,
        "local_id": place.local_id,
        **describe(place),
    }


def sources_stated(places: Sequence[Place], start: date) -> dict[str, Any]:
    """Each place's source, and what it can carry."""
    return {"sources": [_source_row(place, place.profile, start) for place in places]}


def _source_row(place: Place, profile: Profile, start: date) -> dict[str, Any]:
    return {
        "described": place.source,
        "system": profile.system,
        "route": profile.route,
        "delivery": profile.delivery,
        "carries_person": profile.carries_person,
        "carries_reason": profile.carries_reason,
        "carries_entry_time": profile.carries_entry_time,
        "carries_deletes": True,
        "carries_closing_time": False,
        "from": f"{start.year}-08-01",
        "ended": None,
        "places": [{"laestab": place.laestab, "urn": None, "local_id": place.local_id}],
    }


def source_moved(place: Place, urn: str, seam: date) -> dict[str, Any]:
    """The same source speaks for the place that takes over, which is known by its URN until it does."""
    row = _source_row(place, place.profile, seam)
    spoken_for = {"laestab": None, "urn": urn, "local_id": place.local_id}
    return {"sources": [{**row, "from": seam.isoformat(), "places": [spoken_for]}]}


def times_stated(place: Place, start: date) -> dict[str, Any]:
    """The sessions of Monday to Friday."""
    names = ("am_begins", "am_register_closes", "am_ends", "pm_begins", "pm_register_closes", "pm_ends")
    row: dict[str, Any] = {"from": start.isoformat(), "to": None, "weekdays": 0b11111}
    row.update(zip(names, place.times, strict=True))
    return {"times": [row]}


def calendar_stated(start: date, of: Sequence[Term], closures: Mapping[date, str]) -> dict[str, Any]:
    """The whole year's terms, and the closures planned in them."""
    return {
        "whole": True,
        "terms": [
            {
                "term": t.name,
                "school_year": school_year(start),
                "from": t.first.isoformat(),
                "to": t.last.isoformat(),
                "due_mask": None,
            }
            for t in of
        ],
        "closures": [
            {"from": day.isoformat(), "to": day.isoformat(), "sessions": 3, "kind": kind}
            for day, kind in sorted(closures.items())
        ],
    }


def codes_stated(profile: Profile, start: date) -> dict[str, Any]:
    """The source's codes; its own where it has its own."""
    return {
        "codes": [
            {"raw": profile.raw.get(code, code), "code": code, "from": f"{start.year}-08-01", "active": True}
            for code in NATIONAL
        ]
    }


def staff_stated(place: Place) -> dict[str, Any]:
    """Who makes entries."""
    return {
        "staff": [
            {
                "user_id": m.user_id,
                "name": m.name,
                "kind": m.kind,
                "office": m.office,
                "office_from": None if m.office is None else "2022-09-01",
                "office_to": None,
            }
            for m in place.staff
        ]
    }


def pupil_row(pupil: Pupil, group: str | None, *, admission: str = "intake", **more: Any) -> dict[str, Any]:
    """One row of PupilsStated: what every school says of every pupil."""
    return {
        "mis_pupil": pupil.mis,
        "upn": pupil.upn,
        "full_name": pupil.full_name,
        "name_used": pupil.name_used,
        "sex": pupil.sex,
        "birth_date": pupil.birth_date.isoformat(),
        "address": pupil.address,
        "nc_year": pupil.nc_year,
        "group": group,
        "enrolment_status": pupil.status,
        "admission": admission,
        "starting_day": pupil.starting_day.isoformat(),
        "starting_day_basis": "agreed",
        **more,
    }


def whole_row(pupil: Pupil, group: str | None, **more: Any) -> dict[str, Any]:
    """The same with all that a register holds of a pupil: parents, characteristics, boarding."""
    about: dict[str, Any] = {
        "parents": parents(pupil),
        "characteristics": characteristics(pupil),
        "boarder": pupil.boarder,
    }
    return pupil_row(pupil, group, **about, **more)


Row = Callable[[Pupil, str | None], dict[str, Any]]


def roll_stated(place: Place, row: Row = whole_row) -> dict[str, Any]:
    """The starting roll."""
    return {"whole": True, "pupils": [row(pupil, group.name) for pupil, group in place.roll]}
