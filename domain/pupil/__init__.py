"""Who a child is, as far as the ledger knows: ids, unique pupil numbers, and lines, whose link to the child is sealed.

What leads to a child is the identity index; `pupil.py` folds what was decided of an identity (merges, restrictions,
holds), `decide.py` decides it, and here are the events made by rule, with the index rows that go with them.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.events import Event, Fields, KeyOf, Origin, Person, Seal
from domain.identifiers import Finding, check_upn, is_temporary_upn


class Fact(NamedTuple):
    """A dated fact that leads to an id: what an identity row is made of (DESIGN, Who is who)."""

    kind: str
    scope: str
    value: str
    id: bytes
    valid_from: int = 0


def stream_of(pupil: bytes) -> str:
    """The stream of a child's identity."""
    return f"pupil/{pupil.hex()}"


def key_of(pupil: bytes) -> KeyOf:
    """The key of a child's identity."""
    return KeyOf("pupil", stream_of(pupil))


def upn_fact(upn: str, pupil: bytes) -> Fact:
    """A unique pupil number leads to a pupil."""
    return Fact("upn", "", upn, pupil)


def mis_fact(source: bytes, mis_pupil: str, pupil: bytes) -> Fact:
    """A source's own id leads to a pupil."""
    return Fact("mis_pupil", source.hex(), mis_pupil, pupil)


def line_scope(place: bytes, school_year: int) -> str:
    """The scope of a line's row: lines are found by pupil within a place and school year."""
    return f"{place.hex()}/{school_year}"


def line_facts(place: bytes, school_year: int, pupil: bytes, line: bytes, starting_day: int) -> list[Fact]:
    """A pupil's line at a place in a year, and the way back from the line to the pupil."""
    return [
        Fact("line", line_scope(place, school_year), pupil.hex(), line, starting_day),
        Fact("pupil_of_line", "", line.hex(), pupil, 0),
    ]


EVERYONE = "everyone"
"""The value under which all identities that were ever merged, or restricted, are found: they are few, and whoever asks
of a child whether it is one of them should not have to ask the index for each child."""


def merge_facts(pupil: bytes, other: bytes) -> list[Fact]:
    """Two identities were joined once: each leads to the other, and both are among those that ever were.

    A row cannot end, so it says "ever"; whether the merge stands is told by the streams (`pupil.one_child`).
    """
    return [
        Fact("same_child", "", pupil.hex(), other),
        Fact("same_child", "", other.hex(), pupil),
        Fact("same_child", "", EVERYONE, pupil),
        Fact("same_child", "", EVERYONE, other),
    ]


def restriction_fact(pupil: bytes) -> Fact:
    """An identity was restricted once."""
    return Fact("restricted", "", EVERYONE, pupil)


def renumbered_fact(pupil: bytes) -> Fact:
    """A child known before was given another number once: what is said of it again may be a correction."""
    return Fact("renumbered", "", EVERYONE, pupil)


def basis_of(upn: str | None) -> str:
    """By what a child was first identified."""
    if upn is None:
        return "mis_id_only"
    return "temporary_upn" if is_temporary_upn(upn) else "upn"


def identified(pupil: bytes, upn: str | None, name: str | None, birth_date: int | None) -> Event:
    """PupilIdentified, made by rule at first sight."""
    text: Fields = {"upn": upn, "name": name, "birth_date": birth_date}
    return Event(
        stream_of(pupil),
        "PupilIdentified",
        {"pupil": pupil, "basis": basis_of(upn)},
        Seal(key_of(pupil), "PupilText", text),
    )


def upn_given(pupil: bytes, upn: str, former: bool, origin: Origin, said_on: int | None = None) -> Event:
    """UpnGiven. A wrong check letter is a label, and a number that is another child's is not a merge.

    `said_on` is for a child who was known before: the day on which the number was said, in place of another or again.
    """
    kind = "former" if former else "temporary" if is_temporary_upn(upn) else "permanent"
    said = {"kind": kind, "said_on": said_on, **origin.fields()}
    return Event(stream_of(pupil), "UpnGiven", said, Seal(key_of(pupil), "UpnText", {"upn": upn}))


def local_id_given(pupil: bytes, source: bytes, mis_pupil: str, origin: Origin) -> Event:
    """LocalIdGiven: the id by which a source knows the child."""
    return Event(
        stream_of(pupil),
        "LocalIdGiven",
        {"known_to": source, **origin.fields()},
        Seal(key_of(pupil), "LocalIdText", {"mis_pupil": mis_pupil}),
    )


def parent_named(
    pupil: bytes,
    parent: bytes,
    name: str | None,
    other_names: str | None,
    mis_parent: str | None,
    origin: Origin,
    person: Person,
) -> Event:
    """ParentNamed: a parent at first sight, one who is called otherwise now, or one to whom a source gave its id."""
    text: Fields = {"name": name, "other_names": other_names, "mis_parent": mis_parent}
    said = {"parent": parent, **origin.fields(), **person.fields()}
    return Event(stream_of(pupil), "ParentNamed", said, Seal(key_of(pupil), "ParentText", text))


def line_opened(
    pupil: bytes, line: bytes, place: bytes, school_year: int, starting_day: int, previous: bytes | None
) -> Event:
    """LineOpened, sealed under the line's link key: not its line key, whose id its marks show in clear."""
    text: Fields = {
        "line": line,
        "place": place,
        "school_year": school_year,
        "starting_day": starting_day,
        "previous_line": previous,
    }
    owner = f"admission-register/{place.hex()}/{line.hex()}"
    return Event(stream_of(pupil), "LineOpened", {}, Seal(KeyOf("line_link", owner), "LineText", text))


_NOBODY = frozenset(("", "-", "null", "none", "nil", "nan", "na", "n/a", "undefined", "unknown"))


def names_nobody(mis_pupil: str) -> bool:
    """True for what systems write where they have no id: two children must not become one by having none."""
    return mis_pupil.strip().casefold() in _NOBODY


MALFORMED, WRONG_CHECK_LETTER, ON_TWO_CHILDREN = "malformed", "wrong_check_letter", "on_two_children"
"""What can be said against a child's number without saying the number."""


def number_finding(upn: str) -> str | None:
    """What a number shows by itself: `malformed`, `wrong_check_letter`, or nothing."""
    found = check_upn(upn)
    if not found:
        return None
    return WRONG_CHECK_LETTER if found == [Finding.UPN_CHECK_LETTER] else MALFORMED


def can_identify(upn: str) -> bool:
    """True if a number may lead to a child: it has the shape of a UPN. A wrong check letter is a label only."""
    return number_finding(upn) != MALFORMED
