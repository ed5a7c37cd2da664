# ruff: noqa: E501 -- one column a line reads best
"""The tables of facts: every column that an answer may read, with its type and what it says.

One definition for every engine (reference/sql.md 1 and 2): only the types below, no booleans (0/1), no clock. Ids are
small integers given in the order in which the ledger first named them, so that a rebuild gives the same ones; the
dictionaries `place_id`, `line_id`, ... lead back to the ids of the ledger. Local dates and minutes are Europe/London and
are worked out here: no answer converts time zones.

Every fact begins with `BESIDE`. A fact with a last word (a calendar, a line) is a *version*: the row with the greatest
position for its `of` columns stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Type = Literal["bigint", "integer", "smallint", "date", "timestamp", "text"]
"""`timestamp` is without a zone, in UTC. `smallint` also holds what other systems call a boolean: 0 or 1."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a fact."""

    name: str
    type: Type
    says: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    name: str
    says: str
    columns: tuple[Column, ...]
    of: tuple[str, ...] = ()
    """For versions: what the last row by position is the last word on. Empty: every row is a fact of its own."""
    dated: bool = True
    """False for rules and dictionaries, which have no position and are the same at every moment."""

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)


LAST_DAY: Final = "2999-12-31"
"""Stands for "no end known" wherever a column holds a last day, so that answers can compare without nulls."""


def _columns(text: str) -> tuple[Column, ...]:
    """One column a line: name, type, what it says."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        name, type_, says = line.strip().split(None, 2)
        found.append(Column(name, type_, says))  # type: ignore[arg-type]
    return tuple(found)


BESIDE = _columns("""
    position bigint    Where the ledger has the entry from which this row comes.
    recorded_at timestamp    When the ledger wrote it, UTC.
    recorded_on date    The same as a local date.
    recorded_minute smallint    The same as a minute of the local day, 0 to 1439.
""")

_SESSION = """
    place integer    The place in whose register it stands.
    session_date date    The day of the session.
    session smallint    1 morning, 2 afternoon.
"""
_CLAIM = """
    said_at timestamp    When the sender says that it was entered, UTC; null: not said. A claim.
    said_on date    The same as a local date.
    said_minute smallint    The same as a minute of the local day.
"""


def _fact(name: str, says: str, *columns: str, of: str = "") -> Table:
    return Table(name, says, BESIDE + _columns("".join(columns)), tuple(of.split()))


FACTS: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            # --- attendance registers
            _fact(
                "mark",
                "Every mark, amendment and withdrawal of an attendance register (MarkRecorded, MarkAmended, MarkWithdrawn).",
                _SESSION,
                """
    week_start date    The Monday of its week.
    line integer    The pupil's line.
    kind text    mark, amendment or withdrawal.
    code text    The code from now on; empty: the source sent what nobody mapped; null: withdrawn.
    code_sent text    What the source sent, where that is no national code.
    cause text    typed, prefilled, copied_from_lesson, mis_rule, bulk, closure, provider_feed, import, unknown.
    header bigint    Position of the message it came with (entries_received).
    imported smallint    1: from another system's records (a history), never contemporaneous.
    person integer    Who made it, as far as said: of the entry, else of its message; null: nobody is named.
    minutes_late smallint    As said with the mark.
    arrangement integer    The arrangement it names.
    has_text smallint    1: something sealed was said with it (nature, comment, reason).
""",
                _CLAIM,
            ),
            _fact(
                "change",
                "What an amendment or a withdrawal says beside its code (regulation 6). One for each such mark.",
                _SESSION,
                """
    line integer    The pupil's line.
    kind text    amendment or withdrawal.
    original text    The entry amended, as the ledger had it; null for a withdrawal.
    original_said text    The entry amended, as the sender says it was; null: not said.
    new text    The entry from now on; null for a withdrawal.
    amends integer    Version, in the register's stream, of the entry amended.
    how text    Of a withdrawal: sender_said, cleared_to_blank, absent_from_whole_snapshot, pupil_removed_upstream.
    amended_on date    The date of the amendment by the school's word; null: not said.
    person integer    Who made it; null: nobody is named.
    by_kind text    named, shared_login, system, parent_portal, pupil, not_said.
    cause text    As of a mark.
    operation integer    One bulk action or one change of a MIS setting; null: none said.
    rule text    The MIS rule that made it.
    reason_code text    A coded reason; null: none.
    reason_state text    given, not_given or feed_cannot_carry.
    has_evidence smallint    1: it names evidence.
    has_text smallint    1: something sealed was said with it (reason, nature, comment).
    header bigint    Position of the message it came with (entries_received).
    source integer    Who sent that; null: a person at the console.
    came_by text    How that came: taking, snapshot, change, foreseen, audit_log or replay.
    imported smallint    1: from another system's records (a history), never contemporaneous.
""",
                _CLAIM,
            ),
            _fact(
                "entries_received",
                "The message with which entries of a register came: what they share.",
                _SESSION,
                """
    how text    taking, snapshot, change, foreseen, audit_log or replay.
    source integer    Who sent it; null: a person at the console.
    class integer    The class (group) of which it is the register; null: not one class's.
    person integer    Who took the register, or made the change.
    by_kind text    named, shared_login, system, parent_portal, pupil, not_said.
    rows integer    Rows of the message, as sent.
    medium text    electronic, paper_then_keyed, recovered_after_outage or not_said.
    whole_register smallint    1: the sender calls it the whole of the session's register.
    opened_at timestamp    When the taking began, by the sender's word.
    sent_at timestamp    When it was sent, by the sender's word.
    broker_at timestamp    When the broker took it.
    first_held_at timestamp    When it first arrived, if it had to wait as a held input.
    imported smallint    1: from another system's records.
""",
                _CLAIM,
            ),
            _fact(
                "foreseen",
                "Codes told beforehand (MarkForeseen): pre-entered, no entry until a register confirms them.",
                _SESSION,
                """
    line integer    The pupil's line.
    code text    The code told.
    code_sent text    What the source sent, where that is no national code.
    header bigint    Position of its message.
""",
            ),
            _fact(
                "older_entry",
                "Entries that had been overtaken when the ledger learned of them (OlderEntryLearned).",
                _SESSION,
                """
    line integer    The pupil's line.
    code text    The code that stood; empty where an entry had been taken back.
    header bigint    Position of its message.
    held_from timestamp    From when it stood, by the school's word.
    held_to timestamp    Until when.
    from_audit_log smallint    1: from the audit log of a MIS.
    imported smallint    1: from another system's records.
""",
            ),
            _fact(
                "register_opened",
                "The first word on a session's register (RegisterOpened).",
                _SESSION,
                """
    opened_minute smallint    When the taking began, local minute, by the sender's word; null: not said.
    closes_minute smallint    When it ends by the session times, else by the school's policy; null: neither is known.
""",
            ),
            _fact(
                "register_closed",
                "The taking of a register was closed (RegisterClosed).",
                _SESSION,
                """
    closed_on date    Local date, by the sender's word.
    closed_minute smallint    Local minute.
    person integer    Who closed it.
    unmarked integer    Pupils without a mark when it was closed.
""",
            ),
            _fact(
                "register_not_taken",
                "The school says that a register was not taken, and why (RegisterNotTaken).",
                _SESSION,
                """
    class integer    The class; null: the whole session.
    why text    system_down, emergency, staff or not_known.
""",
            ),
            _fact(
                "provider_attendance",
                "What a provider reported of a pupil's attendance (ProviderAttendanceReported): due, attended; no codes.",
                _SESSION,
                """
    line integer    The line at the home school.
    arrangement integer    The placement or activity; null: not said.
    due smallint    1: the pupil was expected.
    attended text    yes, part, no or not_known.
    arrived_minute smallint    Local minute; null: not said.
    left_minute smallint    Local minute; null: not said.
    told_home_at timestamp    When the home school was told of an absence.
""",
                of="place session_date session line",
            ),
            # --- admission registers
            _fact(
                "line",
                "A row of a school year's admission register, as known from this entry on: pupil, place, stay, year.",
                """
    line integer    The line.
    place integer    Its place.
    pupil integer    Its pupil; a line whose identity is gone has a pupil of its own.
    school_year integer    As 202526.
    entered smallint    1: entered in the register; 0: a place is agreed only.
    in_error smallint    1: entered in error.
    guest smallint    1: registered elsewhere and taught here: outside the roll.
    on_roll smallint    1: entered, no guest, not in error. The days are those from `from_date` to `to_date`.
    from_date date    The starting day.
    to_date date    The last day on the roll as known: of the deletion, else of the leaving day stated, else the end of the school year (31 August).
    carried smallint    1: carried forward from the year before.
    entry_position bigint    Where it was first entered; null: not entered.
    entry_recorded_on date    When the ledger heard of the entry, local date.
    entered_on date    When the school says that it made the entry.
    starting_day_basis text    agreed, told, first_attendance or not_said.
    admission text    intake, in_year, managed_move, fair_access, direction, sao, reinstatement, transferred_on_succession, other.
    junior_class_first_day smallint    1: placed in the most junior class, starting on the year's first day; null: not said.
    nc_year smallint    National curriculum year, -2 to 14; null: not known.
    age_31_aug smallint    Age on the 31 August before the school year's lessons; null: not known.
    csa_from date    First day of compulsory school age; null: not known.
    csa_until date    Last day of compulsory school age; null: not known.
    class integer    Registration group; null: none said.
    leaving_on date    Leaving day stated and not followed by a deletion; null: none.
    deletion_position bigint    Where the deletion that stands was recorded; null: not deleted.
    deletion_recorded_on date    Its local date.
    deleted_on date    The date of the deletion by the school's word.
    left_on date    The last day attended, by the school's word: what census and CTF count by.
    ground text    Of regulation 9, as r9_1a ... r9_3e, pre2024 or not_said.
    destination text    Where the pupil went, as coded.
    la_consent_on date    Of a deletion: when the authority consented, by the school's word; null: not said.
    imported smallint    1: all that is known of it comes from another system's records.
""",
                of="line",
            ),
            _fact(
                "boarding",
                "Whether a pupil boards, from a day on (BoardingRecorded).",
                """
    line integer    The line.
    from_date date    From this day.
    boarder smallint    1: boards, and no attendance is recorded in law; 0: does not.
""",
                of="line from_date",
            ),
            _fact(
                "enrolment_status",
                "The enrolment status from a day on (EnrolmentStatusRecorded, or told at the entry).",
                """
    line integer    The line.
    from_date date    From this day.
    status text    C current, M main, S subsidiary, G guest, F, O.
    other_place integer    The other school of a main or subsidiary registration; null: not said.
""",
                of="line from_date",
            ),
            _fact(
                "characteristic",
                "A characteristic of a pupil, opened from its seal (CharacteristicRecorded): for those who may see it.",
                """
    line integer    The line.
    kind text    sen_provision, ehcp, fsm, looked_after, social_worker, ethnicity, ... (events.md 2.2).
    value text    As recorded.
    from_date date    From this day; null: not said.
    to_date date    Until this day; null: not said.
""",
                of="line kind from_date",
            ),
            _fact(
                "same_child",
                "Identities that a person joined or parted (IdentitiesMerged, IdentityMergeUndone).",
                """
    pupil integer    An identity.
    child integer    The identity that stays, of all that are this one child; itself where it is alone again.
""",
                of="pupil",
            ),
            _fact(
                "restriction",
                "Who may not be shown to others (AccessRestricted, RestrictionLifted). It rules every view, at whatever moment asked.",
                """
    pupil integer    An identity.
    level text    no_location, no_link or sealed; null: lifted.
""",
                of="pupil",
            ),
            _fact(
                "number_oddity",
                "What is odd about the UPN of a pupil by what was said last (UpnGiven), or no longer is; never the number. Where the keys are at hand.",
                """
    pupil integer    An identity.
    finding text    malformed, wrong_check_letter or on_two_children (who are not joined as one child).
    stands smallint    1: it is so from this entry on; 0: it ended with it.
""",
                of="pupil finding",
            ),
            # --- arrangements
            _fact(
                "arrangement",
                "An arrangement of a pupil's week, as known from this entry on.",
                """
    arrangement integer    The arrangement.
    line integer    The pupil's line.
    kind text    leave, part_time, activity, placement, dual_registration or evidence.
    stands text    The event whose block stands: LeaveAsked, LeaveGranted, LeaveRefused, PartTimeAgreed, ...
    first_recorded_on date    When the ledger first heard of it, local date.
    from_date date    First day (of evidence: the day on which it was received).
    from_session smallint    1 or 2; null: the whole first day.
    to_date date    Last day as known, ended or planned; 2999-12-31: none known.
    to_session smallint    1 or 2; null: the whole last day.
    ended smallint    1: it was ended or withdrawn before its time.
    due_mask integer    Sessions of the week (bit 0 Monday AM ... bit 13 Sunday PM); null: not said.
    place integer    The other place: where placed, of the activity, the other school; null: none said.
    code text    The code that it stands for, where said.
    asked_on date    When leave was asked for.
    decided_on date    When leave was decided on.
    agreed_on date    When it was agreed or approved.
    decided_by integer    Who decided or approved; null: not said.
    reg11 text    Paragraph of regulation 11.
    purpose text    As coded.
    exceptional smallint    1: circumstances were called exceptional; null: not said.
    licence smallint    1: a licence was seen; null: not said.
    arranger text    Of a placement: school, authority, parent, not_said.
    basis text    Of a placement: s19_1, s42_2, s61_1, s29A, ...
    delivery text    Of a placement: in_person_place, in_person_home, remote_home, ...
    registered_there smallint    1: registered at that place too; null: not said.
    nature text    Of an activity, as coded.
    supervisor text    Of an activity: provider_staff, school_staff, employer, parent, none, not_said.
    school_staffed smallint    1: a visit with school staff; null: not said.
    csa_all smallint    Of a part-time timetable: 1: the pupil is of compulsory school age throughout; null: not said.
    parent_agreed smallint    1: a parent is named in it.
    review_on date    Next review.
    minutes_week integer    Minutes a week; null: not said.
    covers_from date    Of evidence: first day covered.
    covers_to date    Of evidence: last day covered.
    evidence_kind text    medical, appointment, ...
""",
                of="arrangement",
            ),
            # --- places
            _fact(
                "place",
                "A place as described from this entry on.",
                """
    place integer    The place.
    laestab text    Seven digits; null: none.
    urn text    URN; null: none.
    name text    Of a registered school or organisation; null: none.
    kind text    maintained, academy, pru, unregistered_provider, ...
    phase text    As described: primary, secondary, middle_p, ...
    boarding text    none, some or all.
    state_funded smallint    1: state-funded.
    reg11_binds smallint    1: regulation 11 binds it.
    la_code text    The authority's three digits.
    age_low smallint    Lowest age; null: not said.
    age_high smallint    Highest age; null: not said.
    from_date date    From this day, as stated.
    closed_on date    Last day by the closure that stands; null: open.
""",
                of="place",
            ),
            _fact(
                "succession",
                "One place took over from another (PlaceSucceeded), or that was undone.",
                """
    old_place integer    The place that ended.
    new_place integer    The place that took over.
    on_date date    From this day.
    kind text    academy_conversion, merger, split, ...
    registers_move smallint    1: the registers went over.
    stands smallint    0: undone.
""",
                of="old_place new_place",
            ),
            _fact(
                "school_session",
                "A session of a place's calendar, as known from this entry on.",
                _SESSION,
                """
    status text    held, cancelled, planned_closure, no_such_session, outside_term or not_known.
    begins_minute smallint    When it begins, local minute; null: not known.
    closes_minute smallint    When the taking of its register ends; null: not known.
""",
                of="place session_date session",
            ),
            _fact(
                "half_term",
                "A half term of a place, as known from this entry on.",
                """
    place integer    The place.
    school_year integer    As 202526.
    half_term smallint    1 autumn1, 2 autumn2, 3 spring1, 4 spring2, 5 summer1, 6 summer2.
    from_date date    First day.
    to_date date    Last day.
    stands smallint    0: it no longer stands.
""",
                of="place school_year half_term",
            ),
            _fact(
                "part_closed",
                "Part of the premises was out of use for a session (PartClosed), or that was reversed.",
                _SESSION,
                """
    version integer    Version of the closure in the place's stream.
    nc_years integer    Years concerned: bit 0 reception, bit 1 Year 1, and so on.
    stands smallint    0: reversed.
""",
                of="place version",
            ),
            _fact(
                "policy",
                "The attendance policy adopted (AttendancePolicyAdopted).",
                """
    place integer    The place.
    from_date date    From this day.
    open_minutes smallint    How long the register stays open.
""",
                of="place from_date",
            ),
            _fact(
                "source",
                "A source, the place that it may speak for, and what it can carry (SourceDescribed, SourceEnded).",
                """
    place integer    The place.
    source integer    The source.
    system text    The MIS, as named.
    delivery text    stream, snapshot_daily, snapshot_twice, weekly or once.
    carries_person smallint    1: it can say who.
    carries_reason smallint    1: it can say why.
    carries_entry_time smallint    1: it can say when an entry was made.
    carries_deletes smallint    1: it can say that an entry is gone.
    carries_closing_time smallint    1: it can say when the taking ended.
    to_date date    Last day; 2999-12-31: none known.
""",
                of="place source",
            ),
            _fact(
                "code_map",
                "What a source's own code stands for (CodeMapped).",
                """
    place integer    The place.
    source integer    The source.
    raw text    As sent.
    code text    The national code.
    from_date date    From this day; null: not said.
""",
                of="place source raw",
            ),
            # --- the authority, returns
            _fact(
                "setting",
                "A setting of the authority that changes an answer (SettingMade).",
                """
    setting text    Its name.
    value_int integer    Its value, if a number.
    value_text text    Its value, if a text.
    applies_from date    From this day: the earlier one rules questions as at an earlier day.
""",
                of="setting applies_from",
            ),
            _fact(
                "return_interval",
                "How often a school makes its attendance return, as agreed with the authority (ReturnIntervalAgreed).",
                """
    place integer    The school.
    interval_days integer    Days; null: termly.
    termly smallint    1: once a term.
    from_date date    From this day.
    agreed_on date    When it was agreed; null: not said.
""",
                of="place from_date",
            ),
            _fact(
                "return_made",
                "A return to the authority was made (ReturnMade).",
                """
    kind text    new_pupil, deletion, attendance or sickness.
    place integer    The school.
    line integer    The pupil's line.
    limb text    p7a, p7b, p9_consecutive, p9_total or none.
    made_on date    Local date on which it was made; null: not said.
    channel text    portal, file, email, api, paper or not_said.
    computed_at bigint    The ledger's last position when its content was computed.
    run_from date    First day of the absence it names; null: none.
    run_days integer    School days of that absence, as computed then; null: none.
    ground text    The ground of regulation 9 that it names; null: none.
    receipt text    The authority's receipt; null: none.
""",
            ),
            _fact(
                "attendance_return_closed",
                "The attendance return of a school was closed for a period, also when empty (AttendanceReturnClosed).",
                """
    place integer    The school.
    from_date date    First day of the period.
    to_date date    Last day of the period.
    pupils integer    Pupils returned.
    nil smallint    1: nobody.
""",
            ),
            _fact(
                "return_asked",
                "The authority asked for returns that need not be made unasked (ReturnAsked; regulation 13(3), (6)).",
                """
    place integer    The school.
    kind text    new_pupil or deletion.
    asked_on date    When.
""",
            ),
            _fact(
                "sickness_belief",
                "A school formed the belief on which the sickness return rests (SicknessBeliefFormed; regulation 13(10)).",
                """
    place integer    The school.
    line integer    The pupil's line.
    on_date date    When.
    limb text    consecutive_15 or total_15.
    expected_until date    Until when sickness is expected; null: not said.
""",
            ),
        )
    }
)
"""By name. An `of` column set names what the last row by position is the last word on."""


def _undated(name: str, says: str, columns: str) -> Table:
    return Table(name, says, _columns(columns), dated=False)


RULES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            _undated(
                "code_rule",
                "How a code is counted, by the session's date (domain/codes/national.csv; law.md 1).",
                """
    code text    A national code, current or retired.
    class text    ATT, AEA, AUTH, UNAUTH, NPA or ADM.
    possible smallint    1: in the denominator.
    present smallint    1: attending, or at an approved activity.
    absent smallint    1: an authorised or unauthorised absence.
    late smallint    1: published as late.
    relevant smallint    1: G, N, O or U (the relevant entries of a penalty notice).
    needs_nature smallint    1: regulation 10(5)-(6) asks for the nature.
    am smallint    1: can stand in the morning.
    pm smallint    1: can stand in the afternoon.
    pupils text    any, csa, not_csa or prospective.
    valid_from date    First day of its use; 1900-01-01 where it has no known beginning.
    valid_to date    Last day of its use; 2999-12-31: still in use. Its class holds beyond: the published figures count it.
    published text    The column of the published files with its sessions; null: none.
""",
            ),
            _undated(
                "day",
                "Every date from 2000-01-01 to 2069-12-31.",
                """
    session_date date    The date.
    week_start date    The Monday of its week.
    weekday smallint    1 Monday ... 7 Sunday.
    iso_year smallint    Year of its ISO week.
    iso_week smallint    Its ISO week.
    academic_year integer    As 202526; begins on 1 August.
    month_start date    The first day of its month.
    month_end date    The last day of its month.
""",
            ),
            _undated(
                "phase_rule",
                "The phase under which a place is published, by the phase it was described with.",
                """
    phase text    As described.
    education_phase text    As published: Primary, Secondary, Special, ...
""",
            ),
            _undated(
                "setting_rule",
                "What a setting is where the authority made none, and where it would be weaker than the regulation.",
                """
    setting text    Its name.
    value_int integer    The default; null: none.
    weaker_above integer    A greater value is weaker than the regulation or guidance; null: none is.
    source text    Where that stands.
""",
            ),
            _undated(
                "holiday_rule",
                "The spring bank holiday of each school year (projections/spring_bank_holiday.csv; law.md 4): the last Monday"
                " in May, but moved in 2002, 2012 and 2022.",
                """
    school_year integer    As 202425.
    on_date date    The day of the holiday.
    week_start date    The Monday of its week.
""",
            ),
            _undated(
                "label_rule",
                "What each label says, in one sentence (projections/labels.csv).",
                """
    label text    Its name.
    family text    What it is about: mark, amendment, message, session, line, arrangement or place.
    event text    The event, or events, of events.md that it is a label of.
    says text    What it says, as an attendance officer would.
    counts text    What its `number` counts; null: nothing.
    source text    Where that stands.
""",
            ),
        )
    }
)
"""Rules and calendars of days: the same at every moment."""

DICTIONARIES: Mapping[str, Table] = MappingProxyType(
    {
        f"{name}_id": _undated(
            f"{name}_id",
            f"The ledger's id of each {name}, in the order in which it was first named.",
            f"""
    {name} integer    The small integer used in every fact and answer.
    id text    32 hexadecimal digits: the id in the ledger.
    first_position bigint    Where the ledger first named it.
""",
        )
        for name in ("place", "line", "pupil", "person", "source", "class", "arrangement", "operation")
    }
)
"""From the small integers back to the ledger's ids."""

ASKED = _undated(
    "asked",
    "One row: the moment for which an answer is asked, and its local date. Only views that are never stored may read it.",
    """
    position bigint    The last position that counts.
    moment timestamp    The moment, UTC.
    today date    Its local date.
""",
)

TABLES: Mapping[str, Table] = MappingProxyType({**FACTS, **RULES, **DICTIONARIES, "asked": ASKED})
