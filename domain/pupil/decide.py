"""What a person decides about a child's identity: merged or not, continued, restricted, held (events.md 2.1).

Nothing here is made by rule: two identities become one, or stop being one, only because somebody said so, and nothing
is ever joined by name and birth date. What cannot be so is refused with a sentence, as a value.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.events import Event, Fields, Origin, Person, Seal, reason_fields
from domain.pupil import key_of
from domain.pupil.pupil import Pupil

MERGE_BASES = ("temporary_upn_replaced", "duplicate_upn", "school_confirms", "la_matched")


class Impossible(ValueError):
    """A transition that cannot be (g6); the message is a sentence for the person who asked for it."""


def _said(pupil: Pupil, schema: str, text: Fields) -> Seal | None:
    return Seal(key_of(pupil.id), schema, text) if any(v is not None for v in text.values()) else None


def merge(
    pupil: Pupil,
    other: Pupil,
    child: Iterable[Pupil],
    others: Iterable[Pupil],
    said: tuple[str, bytes | None],
    origin: Origin,
    person: Person,
) -> Event:
    """IdentitiesMerged, in the stream of the identity that stays.

    `child` and `others` are all identities that either is merged with already, itself included; `said` is the basis,
    and who decided it. Refuses (g6) an identity with itself, two that are one child already, any that is restricted,
    and an old identity with the new one that it is sealed away from: a merge would join them in clear.
    """
    basis, decided_by = said
    mine, theirs = list(child), list(others)
    if pupil.id == other.id:
        raise Impossible("A pupil cannot be merged with itself; name the other identity of the same child.")
    if any(known.id == other.id for known in mine):
        raise Impossible("These two are one child already: the merge that says so stands.")
    if any(known.level for known in (*mine, *theirs)):
        raise Impossible(
            "One of these identities is restricted, and a merge would show where the child is; "
            "lift the restriction first, if it may be lifted."
        )
    ids = {known.id for known in (*mine, *theirs)}
    if any(known.earlier in ids for known in (*mine, *theirs)):
        raise Impossible(
            "One of these identities continues the other under seal, and a merge would join them in clear; "
            "leave them apart."
        )
    fields = {"other_pupil": other.id, "basis": basis, "decided_by": decided_by}
    return Event(pupil.stream, "IdentitiesMerged", {**fields, **origin.fields(), **person.fields()})


def undo_merge(
    pupil: Pupil,
    other: bytes,
    merge: int,
    reason: str | None,
    reason_code: str | None,
    origin: Origin,
    person: Person,
) -> Event:
    """IdentityMergeUndone: the merge at this position of the ledger stays, and says that it should not stand."""
    fields = {
        "other_pupil": other,
        "merge": merge,
        **origin.fields(),
        **person.fields(),
        **reason_fields(reason, reason_code, carries_reason=True),
    }
    return Event(pupil.stream, "IdentityMergeUndone", fields, _said(pupil, "NoteText", {"reason": reason}))


def continue_identity(pupil: Pupil, earlier: Pupil, basis: str, origin: Origin, person: Person) -> Event:
    """IdentityContinued, in the new identity's stream; the old one is named under the new one's key only.

    Refuses an identity that continues itself, or that continues another already.
    """
    if pupil.id == earlier.id:
        raise Impossible("An identity cannot continue itself; enter the child under the new identity first.")
    if pupil.earlier is not None or earlier.earlier == pupil.id:
        raise Impossible("It is on record already, sealed, whom this identity continues; nothing was added.")
    text = {"earlier_pupil": earlier.id}
    fields = {"basis": basis, **origin.fields(), **person.fields()}
    return Event(pupil.stream, "IdentityContinued", fields, Seal(key_of(pupil.id), "ContinuedText", text))


def restrict(
    pupil: Pupil, level: str, review_on: int | None, authority: str | None, origin: Origin, person: Person
) -> Event:
    """AccessRestricted, beside any that stands: the strictest is what views obey."""
    fields = {"level": level, "review_on": review_on, **origin.fields(), **person.fields()}
    return Event(pupil.stream, "AccessRestricted", fields, _said(pupil, "AuthorityText", {"authority": authority}))


def lift_restriction(
    pupil: Pupil,
    restriction: int | None,
    lifted_on: int | None,
    authority: str | None,
    origin: Origin,
    person: Person,
) -> Event:
    """RestrictionLifted. `restriction` is the version of the one meant, and may be left out where one stands."""
    amends = _the_one("restriction", pupil.restrictions, restriction)
    fields = {"amends": amends, "lifted_on": lifted_on, **origin.fields(), **person.fields()}
    return Event(pupil.stream, "RestrictionLifted", fields, _said(pupil, "AuthorityText", {"authority": authority}))


def place_hold(
    pupil: Pupil, why: str, until: int | None, line: bytes | None, text: str | None, origin: Origin, person: Person
) -> Event:
    """HoldPlaced: of the whole child, or of one line, which is sealed. Until it is lifted nothing of it is destroyed,
    whatever `until` says: that day is when somebody means to look again."""
    fields = {"scope": "pupil" if line is None else "line", "why": why, "until": until}
    seal = _said(pupil, "HoldText", {"line": line, "text": text})
    return Event(pupil.stream, "HoldPlaced", {**fields, **origin.fields(), **person.fields()}, seal)


def lift_hold(
    pupil: Pupil, hold: int | None, lifted_on: int | None, text: str | None, origin: Origin, person: Person
) -> Event:
    """HoldLifted. `hold` is the version of the one meant, and may be left out where one stands."""
    fields = {"amends": _the_one("hold", pupil.holds, hold), "lifted_on": lifted_on}
    return Event(
        pupil.stream,
        "HoldLifted",
        {**fields, **origin.fields(), **person.fields()},
        _said(pupil, "HoldText", {"line": None, "text": text}),
    )


def _the_one(what: str, standing: Iterable[int], meant: int | None) -> int:
    versions = sorted(standing)
    if not versions:
        raise Impossible(f"No {what} of this pupil stands, so there is none to lift.")
    if meant is None and len(versions) > 1:
        raise Impossible(f"More than one {what} of this pupil stands; say which: {', '.join(map(str, versions))}.")
    if meant is not None and meant not in versions:
        raise Impossible(f"No {what} of this pupil stands under {meant}; there is: {', '.join(map(str, versions))}.")
    return versions[0] if meant is None else meant


def match_parents(
    pupil: Pupil,
    parent_a: bytes,
    parent_b: bytes,
    reason: str | None,
    reason_code: str | None,
    origin: Origin,
    person: Person,
) -> Event:
    """ParentsMatched: two parents of one pupil are one person. Refuses a parent with itself, one of another pupil, and
    what is on record."""
    if parent_a == parent_b:
        raise Impossible("These two are one parent already; name the other one.")
    if not {parent_a, parent_b} <= pupil.parents.keys():
        raise Impossible("One of these is no parent of this pupil; a parent has an id for each pupil.")
    if frozenset((parent_a, parent_b)) in pupil.matched:
        raise Impossible("It is on record already that these two are one parent.")
    fields = {
        "parent_a": parent_a,
        "parent_b": parent_b,
        **origin.fields(),
        **person.fields(),
        **reason_fields(reason, reason_code, carries_reason=True),
    }
    return Event(pupil.stream, "ParentsMatched", fields, _said(pupil, "NoteText", {"reason": reason}))
