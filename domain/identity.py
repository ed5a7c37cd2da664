"""Which events lead from something known outside (a UPN, a LAESTAB, a MIS id) to an id of ours: one table.

The identity index beside the log holds nothing that an event does not say. A unit of work adds the facts of what it
records by this table, and `ledger.rebuild` reads them out of the log by the same table: neither can know what the
other does not. A new kind of fact is a row here, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from domain.arrangement.arrangement import facts_of as arrangement_facts
from domain.arrangement.kinds import TOPICS, Does
from domain.case.case import TELLS
from domain.case.case import facts_of as case_facts
from domain.events import OPERATOR, Fields
from domain.moments import academic_year_of
from domain.people import person_scope
from domain.pupil import Fact, line_facts, merge_facts, mis_fact, renumbered_fact, restriction_fact, upn_fact


class Told(NamedTuple):
    """An event as the table reads it. A field that is null may be missing from body and text alike."""

    stream: str
    body: Fields
    text: Fields
    """What was sealed; empty where its key is gone: what is clear leads where it did, what was sealed nowhere."""

    @property
    def owner(self) -> bytes:
        """The id after the name of the stream's room: of a place in `place/` and `people/`, of a pupil in `pupil/`."""
        return bytes.fromhex(self.stream.split("/")[1])


def group_scope(place: bytes, school_year: int) -> str:
    """The scope of a group's row: a label is another class each school year."""
    return f"{place.hex()}/{school_year}"


def parent_scope(pupil: bytes, source: bytes) -> str:
    """The scope of a parent's row: a parent is one of one child's, as one source names them."""
    return f"{pupil.hex()}/{source.hex()}"


def _of_place(told: Told) -> Iterable[Fact]:
    """Its public numbers, as told, from the day that the description names.

    An unregistered provider has neither URN nor LAESTAB: the operator's own id of it is what leads to it.
    """
    body = told.body
    for kind in ("urn", "laestab", "ukprn"):
        if body.get(kind):
            yield Fact(kind, "", body[kind], body["place"], body["from"])
    if body.get("local_id") and not (body.get("urn") or body.get("laestab")):
        yield Fact("local_place", OPERATOR.hex(), body["local_id"], body["place"], body["from"])


def _of_source(told: Told) -> Iterable[Fact]:
    """By what name of its own a source speaks of a place."""
    if told.text.get("local_id"):
        yield Fact("local_place", told.body["source"].hex(), told.text["local_id"], told.owner, told.body["from"])


def _of_group(told: Told) -> Iterable[Fact]:
    if told.text:
        yield Fact(
            "group",
            group_scope(told.owner, academic_year_of(told.body["from"])),
            told.text["label"],
            told.body["group"],
        )


def _of_person(told: Told) -> Iterable[Fact]:
    """A user id of a source, in one school year: the name goes with that year's key, and the row with it."""
    if told.text.get("source") is not None and told.text.get("user_id"):
        scope = person_scope(told.owner, told.body["school_year"], told.text["source"])
        yield Fact("person", scope, told.text["user_id"], told.body["person"])


def _of_upn(told: Told) -> Iterable[Fact]:
    """What the number leads to; and that this child was renumbered, which its stream can tell more of."""
    if told.body.get("said_on") is not None:
        yield renumbered_fact(told.owner)
    if told.text:
        yield upn_fact(told.text["upn"], told.owner)


def _of_local_id(told: Told) -> Iterable[Fact]:
    if told.text:
        yield mis_fact(told.body["known_to"], told.text["mis_pupil"], told.owner)


def _of_line(told: Told) -> Iterable[Fact]:
    if told.text:
        yield from line_facts(
            told.text["place"], told.text["school_year"], told.owner, told.text["line"], told.text["starting_day"]
        )


def _of_parent(told: Told) -> Iterable[Fact]:
    """By what id of its own a source knows one parent of one child: a mother of two has a row for each."""
    if told.body.get("source") is not None and told.text.get("mis_parent"):
        yield Fact(
            "parent", parent_scope(told.owner, told.body["source"]), told.text["mis_parent"], told.body["parent"]
        )


def _of_merge(told: Told) -> Iterable[Fact]:
    """That two identities were ever joined; whether they still are, their streams say."""
    yield from merge_facts(told.owner, told.body["other_pupil"])


def _of_restriction(told: Told) -> Iterable[Fact]:
    """That an identity was ever restricted; whether it still is, its stream says."""
    yield restriction_fact(told.owner)


def _of_arrangement(topic: str, told: Told) -> Iterable[Fact]:
    yield from arrangement_facts(told.stream, topic, told.body, told.text)


def _of_case(told: Told) -> Iterable[Fact]:
    yield from case_facts(told.stream, told.body)


def _of_report(told: Told) -> Iterable[Fact]:
    """At which places something was reported of a line."""
    yield Fact("reported_at", "", told.body["line"].hex(), told.body["place"])


def _of_import(told: Told) -> Iterable[Fact]:
    """A file by its SHA-256, whatever it is called."""
    yield Fact("import", "", told.body["file"].hex(), told.body["import"])


GIVES: Mapping[str, Callable[[Told], Iterable[Fact]]] = {
    "PlaceDescribed": _of_place,
    "SourceDescribed": _of_source,
    "GroupDescribed": _of_group,
    "PersonNamed": _of_person,
    "UpnGiven": _of_upn,
    "LocalIdGiven": _of_local_id,
    "LineOpened": _of_line,
    "ParentNamed": _of_parent,
    "IdentitiesMerged": _of_merge,
    "AccessRestricted": _of_restriction,
    "ImportStarted": _of_import,
    "ProviderAttendanceReported": _of_report,
    "EngagementReported": _of_report,
    **dict.fromkeys(TELLS, _of_case),
    **{
        topic.name: partial(_of_arrangement, topic.name)
        for topic in TOPICS.values()
        if topic.does not in (Does.ENDS, Does.REVIEWS)
    },
}
"""By topic: the facts that an event of it gives. Topics that are not here give none, and a rebuild never reads them."""


def facts_of(stream: str, topic: str, body: Fields, text: Fields | None) -> Iterable[Fact]:
    """The facts that an event gives; none for a topic that gives none."""
    gives = GIVES.get(topic)
    return () if gives is None else gives(Told(stream, body, text or {}))
