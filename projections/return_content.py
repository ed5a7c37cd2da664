"""What a return tells of a pupil, from the admission register as it stood at a position: regulation 13, kind by kind.

A content carries a random reference: its SHA-256 stands in clear in the ledger, and a name and an address alone could
be guessed and tried against it, long after the key that seals them is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from domain.admission_register import line as lines
from domain.admission_register.particulars import CharacteristicSaid, ParentStands
from domain.ledger.ledger import Ledger
from domain.moments import days, from_days
from domain.pupil import stream_of as pupil_stream
from projections.asking import place_at, pupils_of, stored
from projections.who import Identities

FLAGS: Final = ("looked_after", "ehcp", "cp_plan")
"""What the pathways ask for beside regulation 13 (law.md 9.1)."""
_NO: Final = frozenset(("", "no", "n", "0", "false", "none"))


class Composed(NamedTuple):
    """A content, and what it does not tell but the pathway asks."""

    content: bytes
    flags: Mapping[str, bool | None]
    missing: tuple[str, ...]
    """What the regulation wants in it and the register does not have, or no key opens."""


def compose(
    ledger: Ledger,
    place: bytes,
    line: bytes,
    kind: str,
    position: int,
    today: date,
    reference: str,
    why: Mapping[str, Any],
) -> Composed:
    """The content of a return: JSON, in UTF-8. `why` is what the list says of it (limb, run, ground).

    New pupil: all that the admission register has (13(2)). Deletion: name, address, parents, numbers, future address,
    other school, ground (13(5)). Attendance and sickness: full name and address.
    """
    state = lines.Line(f"admission-register/{place.hex()}/{line.hex()}")
    for _, _, event in stored(ledger, state.stream, position):
        lines.evolve(state, event)
    school = place_at(ledger, place, position).description
    told: dict[str, Any] = {
        "return": kind,
        "reference": reference,
        "school": {name: school.get(name) for name in ("name", "laestab", "urn")},
        "register_version": position,
        "why": {name: _plain(value) for name, value in why.items() if value is not None},
    }
    text = state.text
    pupil: dict[str, Any] = {"full_name": text.get("full_name"), "address": text.get("address")}
    wanted = ["full_name", "address"]
    if kind in ("new_pupil", "deletion"):
        parents = _parents(ledger, line, state, position)
        lived_with = [parent for parent in parents if parent["lives_with"] or kind == "new_pupil"]
        pupil["parents"] = lived_with
        future = state.beside.future_address
        if future is not None:
            pupil["future_address"] = {"from": _day(future.since), "address": future.address, "parents": future.parents}
        pupil["other_schools"] = list(_other_schools(ledger, state, position))
        wanted.append("parents")
    if kind == "new_pupil":
        pupil |= {name: text.get(name) for name in ("name_used", "sex", "last_school")}
        pupil |= {"birth_date": _day(text.get("birth_date")), "starting_day": _day(state.entry.get("starting_day"))}
        pupil["boarder"] = state.beside.boarder
        wanted += ["birth_date", "sex"]
    told["pupil"] = pupil
    content = json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8")
    flags = {name: _flag(state.beside.characteristics.get(name), days(today)) for name in FLAGS}
    return Composed(content, flags, tuple(name for name in wanted if not pupil.get(name)))


def _parents(ledger: Ledger, line: bytes, state: lines.Line, position: int) -> list[dict[str, Any]]:
    names: dict[bytes, str | None] = {}
    for pupil in pupils_of(ledger, [line]).values():
        for one in Identities(ledger, position).child(pupil):
            for _, _, event in stored(ledger, pupil_stream(one), position):
                if event.topic == "ParentNamed":
                    names[event.fields["parent"]] = (event.text or {}).get("name")
    standing: Iterable[ParentStands] = (parent for parent in state.beside.parents.values() if not parent.ended)
    return [
        {
            "name": names.get(parent.said.named),
            "address": parent.said.address,
            "phones": parent.said.phones,
            "lives_with": bool(parent.said.lives_with),
        }
        for parent in sorted(standing, key=lambda parent: parent.said.order or 99)
    ]


def _other_schools(ledger: Ledger, state: lines.Line, position: int) -> Iterable[dict[str, Any]]:
    for said in state.beside.other_schools.values():
        name = said.name
        if name is None and said.place is not None:
            name = place_at(ledger, said.place, position).description.get("name")
        yield {"name": name, "from": _day(said.since), "told_by": said.told_by}


def _flag(known: Any, on: int) -> bool | None:
    """Yes, no, or nothing was recorded of it."""
    if known is None:
        return None
    said: Iterable[CharacteristicSaid] = known.said
    standing = [one for one in said if one.until is None or one.until >= on]
    return any((one.value or "yes").strip().lower() not in _NO for one in standing)


def _day(number: int | None) -> str | None:
    return None if number is None else from_days(number).isoformat()


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
