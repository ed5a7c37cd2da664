"""A line: one pupil, one place, one stay, one school year, as its stream tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from domain.admission_register.particulars import Particulars
from domain.events import Fields, Stored, of_history
from domain.moments import days, from_days

ENTRY_FIELDS = (
    "line",
    "school_year",
    "starting_day",
    "starting_day_basis",
    "entered_on",
    "admission",
    "junior_class_first_day",
    "enrolment_status",
    "previous_place",
)
"""The clear part of a regulation 8 entry, which an amendment restates whole."""


FIRST_ENTRY = {
    "first_starting_day": "starting_day",
    "first_basis": "starting_day_basis",
    "first_entered_on": "entered_on",
    "first_admission": "admission",
    "first_junior_class": "junior_class_first_day",
    "first_previous_place": "previous_place",
}
"""Of a line carried forward: what the sealed text says of the entry that began the stay, and by what name the entry
itself has it. In clear it would tell whose line of the year before this is."""


@dataclass(slots=True)
class Line:
    """The state that decisions need. `version` 0: there is no such line."""

    stream: str
    version: int = 0
    agreed_version: int = 0
    """Of the StartingDayAgreed that stands; 0: none was told."""
    agreed: Fields = field(default_factory=dict)
    not_taken_up: bool = False
    """The place that was agreed was not taken up, and the pupil never entered."""
    entry_version: int = 0
    """Of the PupilEntered, LineCarriedForward or EntryAmended that stands; 0: not entered, a place is agreed only."""
    entry: Fields = field(default_factory=dict)
    text: Fields = field(default_factory=dict)
    """The sealed regulation 8 block; empty if its key is not at hand."""
    carried: bool = False
    """Carried forward from the year before, not entered."""
    year: Fields = field(default_factory=dict)
    """The last YearRecorded."""
    status: str | None = None
    status_from: int | None = None
    status_place: bytes | None = None
    """The other school of a main or subsidiary registration."""
    leaving_on: int | None = None
    leaving: Fields = field(default_factory=dict)
    left_on: int | None = None
    deletion_version: int = 0
    """Of the PupilDeleted that stands; 0: on the roll."""
    error_version: int = 0
    """Of the EnteredInError that stands."""
    error_by_source: bool = False
    """A source said so, and may say otherwise again; what a person corrected here stays."""
    beside: Particulars = field(default_factory=Particulars)
    """Parents, other schools, boarding, characteristics."""
    told_live: bool = False
    """A source has spoken of it that is no imported history."""
    told_at: int | None = None
    """`sent_at` of the newest statement taken in: an overtaken one does not undo it."""

    @property
    def school_year(self) -> int:
        """As 202526."""
        return int((self.entry or self.agreed)["school_year"])

    @property
    def starting_day(self) -> int:
        """Of the entry; of a place that is agreed only, the day agreed."""
        return int((self.entry or self.agreed)["starting_day"])

    @property
    def entered_in_error(self) -> bool:
        """The entry stays, and should never have been made."""
        return bool(self.error_version)

    @property
    def is_guest(self) -> bool:
        """Taught here and registered elsewhere: entered as one, and outside the roll (EES-M)."""
        return self.status == "G"

    def on_roll(self) -> bool:
        """Entered, not deleted, not an error: the entry stands, a guest's too."""
        return bool(self.entry_version) and not self.deletion_version and not self.entered_in_error

    @property
    def weight(self) -> int:
        """What a cache counts: a line holds some fifty things, and what stands beside its entry."""
        return 50 + self.beside.weight


def stream_of(place: bytes, line: bytes) -> str:
    """The stream of a line."""
    return f"admission-register/{place.hex()}/{line.hex()}"


def parts_of(stream: str) -> tuple[bytes, bytes]:
    """(place, line) of a line's stream."""
    _, place, line = stream.split("/")
    return bytes.fromhex(place), bytes.fromhex(line)


def evolve(line: Line, stored: Stored) -> Line:
    """Fold one event of the stream into its line."""
    line.version = stored.version
    fields = stored.fields
    if fields.get("source") is not None and not of_history(fields):
        line.told_live = True
    sent_at = fields.get("sent_at")
    if sent_at is not None:
        line.told_at = sent_at if line.told_at is None else max(line.told_at, sent_at)
    match stored.topic:
        case "StartingDayAgreed":
            line.agreed_version = stored.version
            line.agreed = fields
            line.not_taken_up = False
            if not line.entry_version:
                line.text = dict(stored.text or {})
        case "PlaceNotTakenUp":
            line.not_taken_up = True
        case "PupilEntered" | "EntryAmended" | "LineCarriedForward":
            if line.error_version and fields.get("amends") == line.error_version:
                line.error_version = 0
            line.entry_version = stored.version
            line.entry = {name: fields.get(name) for name in ENTRY_FIELDS}
            line.text = dict(stored.text or {})
            if stored.topic == "LineCarriedForward":
                line.carried = True
                line.entry |= {"starting_day_basis": "not_said", "admission": "other"}
                line.told_at = max(filter(None, (line.told_at, line.text.get("told_at"))), default=None)
            if fields.get("enrolment_status") and line.status is None:
                line.status = fields["enrolment_status"]
        case "YearRecorded":
            line.year = fields
        case "EnrolmentStatusRecorded":
            line.status, line.status_from = fields["status"], fields["from"]
            line.status_place = fields.get("other_place")
        case "LeavingStated":
            line.leaving_on = fields.get("leaving_on")
            line.leaving = fields | (stored.text or {})
        case "PupilDeleted":
            line.deletion_version = stored.version
            line.left_on = fields.get("left_on")
            line.leaving_on = None
        case "DeletionReversed":
            line.deletion_version = 0
            line.left_on = line.leaving_on = None
        case "EnteredInError":
            line.error_version = stored.version
            line.error_by_source = fields.get("message") is not None
        case _:
            line.beside.fold(stored)
    return line


# Compulsory school age (Education Act 1996 s.8, law.md 0.3): the prescribed days are marked [M] there, so the rule
# has a name of its own, stored in every YearRecorded that used it.
RULE = "s8/31aug-31dec-31mar/last-friday-june/1"
_PRESCRIBED = ((8, 31), (12, 31), (3, 31))
_LAST_BIRTH = date.max.year - 20
"""Whoever is said to be born later reaches no age that a calendar can say."""


def age_on(birth: date, day: date) -> int:
    """Completed years; a child born on 29 February has a birthday on 1 March in other years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def compulsory_school_age(birth: date) -> tuple[date, date]:
    """(first day, last day) of compulsory school age.

    It begins on the prescribed day on or after the fifth birthday and ends on the last Friday in June of the school
    year in which the child reaches 16.
    """
    fifth = _birthday(birth, 5)
    begins = min(
        day
        for year in (fifth.year, fifth.year + 1)
        for month, d in _PRESCRIBED
        if (day := date(year, month, d)) >= fifth
    )
    sixteenth = _birthday(birth, 16)
    june_year = sixteenth.year if (sixteenth.month, sixteenth.day) <= (8, 31) else sixteenth.year + 1
    last = date(june_year, 6, 30)
    return begins, from_days(days(last) - (last.weekday() - 4) % 7)


def _birthday(birth: date, age: int) -> date:
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:
        return date(birth.year + age, 3, 1)


def year_facts(school_year: int, nc_year: int | None, birth_date: int | None) -> Fields:
    """The derived facts of a YearRecorded: year group, age on 31 August, compulsory school age.

    `birth_date` in days since 1970. `age_31_aug` is the age on the 31 August that precedes the school year's lessons
    (law.md 4). Without a birth date only the year group is known.
    """
    if birth_date is None or from_days(birth_date).year > _LAST_BIRTH:
        return {"nc_year": nc_year, "age_31_aug": None, "csa_from": None, "csa_until": None, "rule": RULE}
    birth = from_days(birth_date)
    age = age_on(birth, date(school_year // 100, 8, 31))
    begins, ends = compulsory_school_age(birth)
    if nc_year is None:
        nc_year = max(-2, min(14, age - 4))
    return {
        "nc_year": nc_year,
        "age_31_aug": age,
        "csa_from": days(begins),
        "csa_until": days(ends),
        "rule": RULE,
    }
