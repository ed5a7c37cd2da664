"""From what a school says of a pupil on its roll to the events of that pupil's line.

Every decision compares a whole statement with the line as it stands and records what is new. Nothing is refused: a
starting day in the past, a leaving date keyed late, a deletion without a ground are recorded as said.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.admission_register import particulars
from domain.admission_register.line import ENTRY_FIELDS, FIRST_ENTRY, Line, parts_of, year_facts
from domain.admission_register.particulars import NOTHING, Stated, seal
from domain.admission_register.particulars import Saying as Saying
from domain.events import NOBODY, Event, Fields, Origin, Person, reason_fields

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
AGREED_BASES = {"agreed": "agreed", "told": "told_under_duty_to_admit"}
"""Of a starting day: how an entry says it, and how an agreement does (regulation 3(4)-(5))."""
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
    junior_class_first_day: bool | None = None
    agreed_on: int | None = None
    beside: Stated = NOTHING
    """Parents, other schools, boarding, characteristics."""

    def entry(self, line: bytes, school_year: int) -> Fields:
        """The clear part."""
        return {
            "line": line,
            "school_year": school_year,
            "starting_day": self.starting_day,
            "starting_day_basis": self.starting_day_basis,
            "entered_on": self.entered_on,
            "admission": self.admission,
            "junior_class_first_day": self.junior_class_first_day,
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


def agree(line: Line, school_year: int, said: PupilSaid, saying: Saying) -> list[Event]:
    """What a place that is agreed adds: StartingDayAgreed where it is new or says something else, and what stands
    beside it. Whoever is entered already stays so: that the school calls it an agreement is kept.

    A statement that a newer one has overtaken adds nothing.
    """
    if _overtaken(line, saying):
        return []
    _, line_id = parts_of(line.stream)
    known = line.agreed
    unsaid = {"basis": "not_said", "admission": "other", "agreed_on": None}
    fields: Fields = {
        "line": line_id,
        "school_year": known.get("school_year", school_year),
        "starting_day": said.starting_day,
        "basis": AGREED_BASES.get(said.starting_day_basis, "not_said"),
        "agreed_on": said.agreed_on,
        "admission": "other" if said.admission == "transferred_on_succession" else said.admission,
    }
    fields = {k: known.get(k, v) if k in unsaid and v == unsaid[k] else v for k, v in fields.items()}
    text = _said_or_known(said.text(), line.text)
    events: list[Event] = []
    new_text = not line.entry_version and _differ(text, line.text)
    if line.not_taken_up or new_text or any(known.get(k) != v for k, v in fields.items()):
        body = fields | saying.origin.fields() | saying.person.fields()
        events.append(Event(line.stream, "StartingDayAgreed", body, seal(line.stream, "EntryText", text)))
    if not line.entry_version:
        events += _year(line, school_year, said, saying, text.get("birth_date"))
    return events + _beside(line, said, saying) + _leaving_said(line, said, saying)


def not_taken_up(line: Line, said_on: int | None, reason: str | None, saying: Saying) -> list[Event]:
    """The pupil did not come: PlaceNotTakenUp, and for one who was entered EnteredInError (in law a ground for deletion
    was needed, which is a label). The same again adds nothing, nor does a statement that was overtaken."""
    if _overtaken(line, saying):
        return []
    if line.entry_version:
        if line.entered_in_error:
            return []
        origin, person = saying.origin, saying.person
        return [error_entered(line, None, origin, person, reason, None, carries_reason=saying.carries_reason)]
    if line.not_taken_up or not line.agreed_version:
        return []
    fields = {
        "amends": line.agreed_version,
        "said_on": said_on,
        **saying.origin.fields(),
        **saying.person.fields(),
        **reason_fields(reason, None, saying.carries_reason),
    }
    return [Event(line.stream, "PlaceNotTakenUp", fields, seal(line.stream, "NoteText", {"reason": reason}))]


def enter(
    line: Line, school_year: int, said: PupilSaid, saying: Saying, line_at_old_place: bytes | None
) -> list[Event]:
    """PupilEntered and YearRecorded, for a line that is new or on which a place was agreed, and what stands beside the
    entry. A starting day before today is accepted, and one that is not the day agreed.

    On an agreed line, a statement that a newer one has overtaken adds nothing.
    """
    if line.version and _overtaken(line, saying):
        return []
    _, line_id = parts_of(line.stream)
    text = _said_or_known(said.text(), line.text) | {"line_at_old_place": line_at_old_place}
    entry = said.entry(line_id, school_year)
    if line.agreed:
        if entry["admission"] == "other":
            entry["admission"] = line.agreed["admission"]
        if entry["starting_day_basis"] == "not_said" and entry["starting_day"] == line.agreed["starting_day"]:
            entry["starting_day_basis"] = {v: k for k, v in AGREED_BASES.items()}.get(line.agreed["basis"], "not_said")
    entered = Event(
        line.stream,
        "PupilEntered",
        entry | saying.origin.fields() | saying.person.fields(),
        seal(line.stream, "EntryText", text),
    )
    events = [entered, *_year(line, school_year, said, saying, text.get("birth_date"))]
    if said.enrolment_status and (said.other_place is not None or said.enrolment_status_from is not None):
        events.append(_status(line, said, saying))  # the entry has room for the letter only
    return events + _leaving_said(line, said, saying) + _beside(line, said, saying)


def _beside(line: Line, said: PupilSaid, saying: Saying) -> list[Event]:
    if said.beside is NOTHING:
        return []
    begins = line.entry["starting_day"] if line.carried else None
    return particulars.state(line.stream, line.beside, said.beside, saying, begins)


def _leaving_said(line: Line, said: PupilSaid, saying: Saying) -> list[Event]:
    if said.leaving_on is None or said.leaving_on in (line.leaving_on, line.left_on):
        return []
    return [leaving(line, said.leaving_on, said.destination, None, None, None, saying)]


def _said_or_known(said: Fields, known: Fields) -> Fields:
    """A text as it would stand: what a statement leaves out it does not deny (a delta may carry few fields)."""
    text = {k: v if v is not None else known.get(k) for k, v in said.items()}
    return text | {k: v for k, v in known.items() if k not in text and k != "reason"}


def _differ(text: Fields, known: Fields) -> bool:
    return any(text.get(k) != known.get(k) for k in (text | known).keys() - {"reason"})


def _year(line: Line, school_year: int, said: PupilSaid, saying: Saying, birth_date: int | None) -> list[Event]:
    """YearRecorded where it says something new: by the rule in force; the school gives year group and class."""
    _, line_id = parts_of(line.stream)
    known = line.year
    facts = year_facts(school_year, known.get("nc_year") if said.nc_year is None else said.nc_year, birth_date)
    new_group = said.group is not None and said.group != known.get("group")
    if known and not new_group and all(v is None or v == known.get(k) for k, v in facts.items()):
        return []
    group = known.get("group") if said.group is None else said.group
    fields = {"line": line_id, "school_year": school_year, "group": group, **facts, **saying.origin.fields()}
    return [Event(line.stream, "YearRecorded", fields)]


def _status(line: Line, said: PupilSaid, saying: Saying) -> Event:
    """EnrolmentStatusRecorded; `from` may lie in the past: a second registration that was found out."""
    since = saying.today if said.enrolment_status_from is None else said.enrolment_status_from
    fields = {
        "status": said.enrolment_status,
        "from": max(since, line.entry["starting_day"]) if line.carried else since,
        "other_place": said.other_place if said.other_place is not None else line.status_place,
        **saying.origin.fields(),
        **saying.person.fields(),
    }
    return Event(line.stream, "EnrolmentStatusRecorded", fields)


def _status_said(line: Line, said: PupilSaid, saying: Saying) -> list[Event]:
    # A line carried forward has no status of its own yet, and C (here only) is then nothing new.
    status = line.status or ("C" if line.carried else None)
    if not said.enrolment_status:
        return []
    since = said.enrolment_status_from
    if since is not None and line.carried:
        since = max(since, line.entry["starting_day"])
    same = said.enrolment_status == status
    other = said.other_place is not None and said.other_place != line.status_place
    moved = since is not None and since != line.status_from and (line.status_from is not None or status != "C")
    return [_status(line, said, saying)] if not same or other or moved else []


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
        seal(line.stream, "LeavingText", {"text": text, "mis_reason": mis_reason}),
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
    here_after_all = line.error_by_source and line.entered_in_error
    if here_after_all or entry != line.entry or _differ(text, line.text):
        fields = {
            "amends": line.error_version if here_after_all else line.entry_version,
            **entry,
            **saying.origin.fields(),
            **saying.person.fields(),
            **reason_fields(said.reason, None, saying.carries_reason),
        }
        text_said = seal(line.stream, "EntryText", text | {"reason": said.reason})
        events.append(Event(line.stream, "EntryAmended", fields, text_said))
    events += _status_said(line, said, saying)
    events += _year(line, line.school_year, said, saying, text.get("birth_date"))
    return events + _leaving_said(line, said, saying) + _beside(line, said, saying)


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
    return Event(line.stream, "DeletionReversed", fields, seal(line.stream, "NoteText", {"reason": reason}))


def error_entered(
    line: Line,
    amended_on: int | None,
    origin: Origin,
    person: Person,
    reason: str | None,
    reason_code: str | None,
    *,
    carries_reason: bool = True,
) -> Event:
    """EnteredInError: the entry stays, and says so. Marks on the line are a label, not a refusal."""
    fields = {
        "amends": line.entry_version,
        "amended_on": amended_on,
        **origin.fields(),
        **person.fields(),
        **reason_fields(reason, reason_code, carries_reason),
    }
    return Event(line.stream, "EnteredInError", fields, seal(line.stream, "NoteText", {"reason": reason}))


def _merged(line: Line, said: PupilSaid, line_id: bytes) -> tuple[Fields, Fields]:
    """The block as it would stand: what a statement leaves out it does not deny (a delta may carry few fields).

    What only the first statement knew (basis, how admitted, the school's date of entry) stays where it is not said.
    """
    stated = said.entry(line_id, line.school_year)
    unsaid = {"starting_day_basis": "not_said", "admission": "other"}
    entry: Fields = {
        name: line.entry.get(name) if stated[name] is None or stated[name] == unsaid.get(name) else stated[name]
        for name in ENTRY_FIELDS
    }
    # The status has an event of its own once the line is entered.
    entry["enrolment_status"] = line.entry.get("enrolment_status")
    text = said.text()
    if line.carried:
        # It begins with its school year. The entry that began the stay is sealed, and what is said is said of that.
        entry = {name: line.entry.get(name) for name in ENTRY_FIELDS}
        for first, name in FIRST_ENTRY.items():
            text[first] = None if stated[name] == unsaid.get(name) else stated[name]
    return entry, _said_or_known(text, line.text)


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

    Whoever was never entered did not take up the place that was agreed.

    The caller asks `contradicted` first.
    """
    if not line.entry_version:
        known = line.not_taken_up and leaving_on == line.leaving_on
        stated = leaving(line, leaving_on, destination, destination_place, text, mis_reason, saying)
        return [] if known else [*not_taken_up(line, leaving_on, None, saying), stated]
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
        Event(
            line.stream,
            "PupilDeleted",
            fields,
            seal(line.stream, "LeavingText", {"text": text, "mis_reason": mis_reason}),
        )
    ]


def _random_id() -> bytes:
    return os.urandom(16)


def carry_forward(
    old: Line, new: Line, school_year: int, first_day: int, new_id: Callable[[], bytes] = _random_id
) -> list[Event]:
    """LineCarriedForward and YearRecorded, made by rule at the turn of the school year (events.md 2.2), and with them
    all that stands on the old line: parents, addresses, other schools, boarding, characteristics, status, leaving day.

    `new` is a line of its own, or one on which a place was agreed (from nursery to reception). `new_id` gives 16 random
    bytes. Never for a line that is deleted, was an error, or whose stated leaving day has passed: the caller asks
    `goes_on` first.
    """
    _, old_id = parts_of(old.stream)
    _, new_id_ = parts_of(new.stream)
    nc_year = old.year.get("nc_year")
    text = _said_or_known(old.text, new.text) | {"reason": None, "previous_line": old_id, "told_at": old.told_at}
    if not old.carried:
        text.update((first, old.entry.get(name)) for first, name in FIRST_ENTRY.items())
    birth_date = old.text.get("birth_date")
    facts = year_facts(school_year, None if nc_year is None else min(14, nc_year + 1), birth_date)
    by_rule = {**Origin().fields(), **NOBODY.fields()}
    events = [
        Event(
            new.stream,
            "LineCarriedForward",
            {"line": new_id_, "school_year": school_year, "starting_day": first_day},
            seal(new.stream, "EntryText", text),
        )
    ]
    if not new.year:
        fields = {"line": new_id_, "school_year": school_year, "group": None, **facts, **Origin().fields()}
        events.append(Event(new.stream, "YearRecorded", fields))
    if old.status not in (None, "C"):
        since = first_day if old.status_from is None else max(first_day, old.status_from)
        status = {"status": old.status, "from": since, "other_place": old.status_place}
        events.append(Event(new.stream, "EnrolmentStatusRecorded", status | by_rule))
    if old.leaving_on is not None and new.leaving_on is None:
        stated: Fields = {"leaving_on": old.leaving_on, "expected": True}
        stated["destination_place"] = old.leaving.get("destination_place")
        stated["destination"] = old.leaving["destination"]
        words = {name: old.leaving.get(name) for name in ("text", "mis_reason")}
        events.append(Event(new.stream, "LeavingStated", stated | by_rule, seal(new.stream, "LeavingText", words)))
    return events + particulars.carry(new.stream, old.beside, new.beside, first_day, new_id, by_rule)


def goes_on(line: Line, first_day: int) -> bool:
    """True if a line is carried into the school year that begins on `first_day`."""
    return line.on_roll() and not (line.leaving_on is not None and line.leaving_on < first_day)


def parent_wrote(
    line: Line,
    received_on: int,
    after_day: int,
    in_writing: bool,
    educated_otherwise: bool,
    reference: str | None,
    origin: Origin,
    person: Person,
) -> Event:
    """ParentWroteToWithdraw (regulation 9(1)(f)): a parent tells the school that after a day the pupil will not attend.

    Days since 1970. Notice by word alone is recorded too: that the regulation requires writing is a label. The pupil
    stays on the roll until the school deletes the entry.
    """
    fields = {
        "received_on": received_on,
        "in_writing": in_writing,
        "after_day": after_day,
        "educated_otherwise": educated_otherwise,
        **origin.fields(),
        **person.fields(),
    }
    return Event(
        line.stream, "ParentWroteToWithdraw", fields, seal(line.stream, "LetterText", {"reference": reference})
    )
