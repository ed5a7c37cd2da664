"""From what a school says of a pupil on its roll to the events of that pupil's line.

Every decision compares a whole statement with the line as it stands and records what is new. Nothing is refused: a
starting day in the past, a leaving date keyed late, a deletion without a ground are recorded as said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.admission_register.line import ENTRY_FIELDS, Line, parts_of, year_facts
from domain.attendance_register.decide import line_key
from domain.events import Event, Fields, Origin, Person, Seal, reason_fields

GROUNDS: Mapping[str, str] = MappingProxyType(
    {**{f"9(1)({g})": f"r9_1{g}" for g in "abcdefghijklmno"}, **{f"9(3)({g})": f"r9_3{g}" for g in "abcde"}}
)
"""Regulation 9's grounds as the law prints them, to the symbols of PupilDeleted."""

ADMISSIONS = frozenset(
    (
        "intake",
        "in_year",
        "managed_move",
        "fair_access",
        "direction",
        "sao",
        "reinstatement",
        "transferred_on_succession",
        "other",
    )
)
DESTINATIONS = frozenset(("school", "ehe", "abroad", "fe", "work", "unknown_xxx", "other", "not_said"))
STATUSES = frozenset("CMSGFO")


@dataclass(frozen=True, slots=True)
class PupilSaid:
    """One pupil as a school states it: the regulation 8 block and what goes with it. Dates in days since 1970."""

    starting_day: int
    starting_day_basis: str = "not_said"
    entered_on: int | None = None
    admission: str = "other"
    enrolment_status: str | None = None
    enrolment_status_from: int | None = None
    """May lie in the past: a second registration that was found out."""
    other_place: bytes | None = None
    """The other school of a main or subsidiary registration."""
    previous_place: bytes | None = None
    nc_year: int | None = None
    group: bytes | None = None
    leaving_on: int | None = None
    destination: str = "not_said"
    full_name: str | None = None
    name_used: str | None = None
    sex: str | None = None
    birth_date: int | None = None
    address: str | None = None
    last_school: str | None = None
    reason: str | None = None

    def entry(self, line: bytes, school_year: int) -> Fields:
        """The clear part."""
        return {
            "line": line,
            "school_year": school_year,
            "starting_day": self.starting_day,
            "starting_day_basis": self.starting_day_basis,
            "entered_on": self.entered_on,
            "admission": self.admission,
            "junior_class_first_day": None,
            "enrolment_status": self.enrolment_status,
            "previous_place": self.previous_place,
        }

    def text(self) -> Fields:
        """The sealed part."""
        return {
            "full_name": self.full_name,
            "name_used": self.name_used,
            "sex": self.sex,
            "birth_date": self.birth_date,
            "address": self.address,
            "last_school": self.last_school,
        }


@dataclass(frozen=True, slots=True)
class Saying:
    """How something was said: the message, the person, the day on which the ledger hears it."""

    origin: Origin
    person: Person
    today: int
    carries_reason: bool = True


def _seal(line: Line, schema: str, text: Fields) -> Seal | None:
    place, line_id = parts_of(line.stream)
    return Seal(line_key(place, line_id), schema, text) if any(v is not None for v in text.values()) else None


def enter(
    line: Line, school_year: int, said: PupilSaid, saying: Saying, line_at_old_place: bytes | None
) -> list[Event]:
    """PupilEntered and YearRecorded, for a line that is new. A starting day before today is accepted."""
    _, line_id = parts_of(line.stream)
    text = said.text() | {"line_at_old_place": line_at_old_place}
    entered = Event(
        line.stream,
        "PupilEntered",
        said.entry(line_id, school_year) | saying.origin.fields() | saying.person.fields(),
        _seal(line, "EntryText", text),
    )
    events = [entered, year_recorded(line, school_year, said, saying)]
    if said.leaving_on is not None:
        events.append(leaving(line, said.leaving_on, said.destination, None, None, None, saying))
    return events


def year_recorded(line: Line, school_year: int, said: PupilSaid, saying: Saying) -> Event:
    """YearRecorded for a line, by the rule in force."""
    _, line_id = parts_of(line.stream)
    facts = year_facts(school_year, said.nc_year, said.birth_date)
    return Event(
        line.stream,
        "YearRecorded",
        {"line": line_id, "school_year": school_year, "group": said.group, **facts, **saying.origin.fields()},
    )


def leaving(
    line: Line,
    leaving_on: int,
    destination: str,
    destination_place: bytes | None,
    text: str | None,
    mis_reason: str | None,
    saying: Saying,
) -> Event:
    """LeavingStated: not itself a deletion."""
    return Event(
        line.stream,
        "LeavingStated",
        {
            "leaving_on": leaving_on,
            "expected": leaving_on > saying.today,
            "destination_place": destination_place,
            "destination": destination,
            **saying.origin.fields(),
            **saying.person.fields(),
        },
        _seal(line, "LeavingText", {"text": text, "mis_reason": mis_reason}),
    )


def restate(line: Line, said: PupilSaid, saying: Saying) -> list[Event]:
    """What a statement about a pupil who is on the roll adds: nothing, or EntryAmended, YearRecorded, status, leaving.

    A statement that a newer one has overtaken adds nothing.
    """
    if _overtaken(line, saying):
        return []
    events: list[Event] = []
    if line.deletion_version and said.leaving_on is None:
        events.append(
            reverse_deletion(
                line,
                "moved_back",
                saying.today,
                None,
                saying.origin,
                saying.person,
                said.reason,
                None,
                carries_reason=saying.carries_reason,
            )
        )
    _, line_id = parts_of(line.stream)
    entry, text = _merged(line, said, line_id)
    if entry != line.entry or any(text.get(k) != line.text.get(k) for k in (text | line.text).keys() - {"reason"}):
        events.append(
            Event(
                line.stream,
                "EntryAmended",
                {
                    "amends": line.entry_version,
                    **entry,
                    **saying.origin.fields(),
                    **saying.person.fields(),
                    **reason_fields(said.reason, None, saying.carries_reason),
                },
                _seal(line, "EntryText", text | {"reason": said.reason}),
            )
        )
    # A line carried forward has no status of its own yet, and C (here only) is then nothing new.
    status = line.status or ("C" if line.carried else None)
    if said.enrolment_status and said.enrolment_status != status:
        events.append(
            Event(
                line.stream,
                "EnrolmentStatusRecorded",
                {
                    "status": said.enrolment_status,
                    "from": saying.today if said.enrolment_status_from is None else said.enrolment_status_from,
                    "other_place": said.other_place,
                    **saying.origin.fields(),
                    **saying.person.fields(),
                },
            )
        )
    nc_year = line.year.get("nc_year") if said.nc_year is None else said.nc_year
    facts = year_facts(line.school_year, nc_year, text.get("birth_date"))
    new_group = said.group is not None and said.group != line.year.get("group")
    if new_group or any(v is not None and v != line.year.get(k) for k, v in facts.items()):
        group = said.group if said.group is not None else line.year.get("group")
        fields = {"line": line_id, "school_year": line.school_year, "group": group, **facts, **saying.origin.fields()}
        events.append(Event(line.stream, "YearRecorded", fields))
    if said.leaving_on is not None and said.leaving_on not in (line.leaving_on, line.left_on):
        events.append(leaving(line, said.leaving_on, said.destination, None, None, None, saying))
    return events


def _overtaken(line: Line, saying: Saying) -> bool:
    """Said before something newer; or by an imported history, of a line that a live source has spoken of."""
    if saying.origin.of_history and line.told_live:
        return True
    return line.told_at is not None and saying.origin.sent_at is not None and saying.origin.sent_at < line.told_at


def reverse_deletion(
    line: Line,
    why: str,
    back_on_roll_from: int,
    decided_on: int | None,
    origin: Origin,
    person: Person,
    reason: str | None,
    reason_code: str | None,
    *,
    carries_reason: bool = True,
) -> Event:
    """DeletionReversed: the deletion stays, and the line is on the roll again from a day."""
    fields: Fields = {
        "amends": line.deletion_version,
        "why": why,
        "decided_on": decided_on,
        "back_on_roll_from": back_on_roll_from,
        **origin.fields(),
        **person.fields(),
        **reason_fields(reason, reason_code, carries_reason),
    }
    return Event(line.stream, "DeletionReversed", fields, _seal(line, "NoteText", {"reason": reason}))


def error_entered(
    line: Line, amended_on: int | None, origin: Origin, person: Person, reason: str | None, reason_code: str | None
) -> Event:
    """EnteredInError: the entry stays, and says so. Marks on the line are a label, not a refusal."""
    fields = {
        "amends": line.entry_version,
        "amended_on": amended_on,
        **origin.fields(),
        **person.fields(),
        **reason_fields(reason, reason_code, carries_reason=True),
    }
    return Event(line.stream, "EnteredInError", fields, _seal(line, "NoteText", {"reason": reason}))


def _merged(line: Line, said: PupilSaid, line_id: bytes) -> tuple[Fields, Fields]:
    """The block as it would stand: what a statement leaves out it does not deny (a delta may carry few fields).

    What only the first statement knew (basis, how admitted, the school's date of entry) stays where it is not said.
    """
    stated = said.entry(line_id, line.school_year)
    unsaid = {"starting_day_basis": "not_said", "admission": "other"}
    entry = {
        name: line.entry.get(name) if stated[name] is None or stated[name] == unsaid.get(name) else stated[name]
        for name in ENTRY_FIELDS
    }
    # The status has an event of its own once the line is entered.
    entry["enrolment_status"] = line.entry.get("enrolment_status")
    if line.carried:
        # A line carried forward begins with its school year; the first starting day stands in the line before it.
        entry["starting_day"] = line.entry["starting_day"]
    text = {k: v if v is not None else line.text.get(k) for k, v in said.text().items()}
    kept = {k: v for k, v in line.text.items() if k not in text and k != "reason"}
    return entry, text | kept


def contradicted(line: Line, saying: Saying) -> bool:
    """True for a leaver told before a newer statement that has the pupil here: which of them holds, a person must say.

    One that the newer statement agrees with is not, such as a leaver who had to wait until his pupil was stated.
    """
    gone_by_now = line.leaving_on is not None and line.leaving_on <= saying.today
    return _overtaken(line, saying) and not gone_by_now and not line.deletion_version


def leave(
    line: Line,
    leaving_on: int,
    deleted_on: int | None,
    ground: str,
    destination: str,
    destination_place: bytes | None,
    text: str | None,
    mis_reason: str | None,
    saying: Saying,
) -> list[Event]:
    """A leaver. Date reached: PupilDeleted (in a MIS, making a leaver is the deletion). Future: LeavingStated.

    A second statement about a pupil already deleted is kept as LeavingStated where it names another day; the same
    again adds nothing. Never refused: ground not said, back-dated, without consent are labels.

    The caller asks `contradicted` first.
    """
    if line.deletion_version or leaving_on > saying.today:
        if leaving_on in (line.left_on, line.leaving_on):
            return []
        return [leaving(line, leaving_on, destination, destination_place, text, mis_reason, saying)]
    fields = {
        "deleted_on": deleted_on,
        "left_on": leaving_on,
        "ground": ground,
        "destination_place": destination_place,
        "destination": destination,
        **saying.origin.fields(),
        **saying.person.fields(),
    }
    return [
        Event(line.stream, "PupilDeleted", fields, _seal(line, "LeavingText", {"text": text, "mis_reason": mis_reason}))
    ]


def carry_forward(old: Line, new: Line, school_year: int, first_day: int) -> list[Event]:
    """LineCarriedForward and YearRecorded, made by rule at the turn of the school year (events.md 2.2).

    Never for a line that is deleted, was an error, or whose stated leaving day has passed: the caller asks
    `goes_on` first.
    """
    _, old_id = parts_of(old.stream)
    _, new_id = parts_of(new.stream)
    nc_year = old.year.get("nc_year")
    text = {k: v for k, v in old.text.items() if k not in ("reason", "previous_line")} | {"previous_line": old_id}
    facts = year_facts(school_year, None if nc_year is None else min(14, nc_year + 1), old.text.get("birth_date"))
    return [
        Event(
            new.stream,
            "LineCarriedForward",
            {"line": new_id, "school_year": school_year, "starting_day": first_day},
            _seal(new, "EntryText", text),
        ),
        Event(
            new.stream,
            "YearRecorded",
            {"line": new_id, "school_year": school_year, "group": None, **facts, **Origin().fields()},
        ),
    ]


def goes_on(line: Line, first_day: int) -> bool:
    """True if a line is carried into the school year that begins on `first_day`."""
    return line.on_roll() and not (line.leaving_on is not None and line.leaving_on < first_day)
