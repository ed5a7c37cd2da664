"""What a provider reports: who was due and came, and how long pupils were engaged. Attendance, never codes.

A report stands in the register of the provider's own session, on the line of the pupil at the school that placed them:
found by the placement of that school year, else by the home school that the row names. A row whose line is not known
yet waits for the placement, or for the pupil, and is then taken by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from consumers.hearing import Hearing, day_of, pick
from consumers.registers import MOST_SIGNS_OF_NAME, REASON_CODES, SESSIONS
from consumers.statements import count, hold_dates
from domain.attendance_register.decide import Header
from domain.attendance_register.reporting import ReportRow, decide_reports
from domain.attendance_register.reports import ATTENDED, CLEAR
from domain.ledger.arrangements import arrangements_of
from domain.ledger.turning import turn_of_the_year
from domain.ledger.unit import Unit
from domain.moments import academic_year_of
from domain.place.place import Place
from domain.pupil import local_id_given, names_nobody

Row = Mapping[str, Any]

ROWS: Mapping[str, str] = {"ProviderAttendance": "reports", "Engagement": "engagements"}
"""Where each of these messages has its rows."""
TOPICS: Mapping[str, str] = {
    "ProviderAttendance": "ProviderAttendanceReported",
    "Engagement": "EngagementReported",
}
SCHOOLS = frozenset("maintained academy nms_special independent ctc pru ap_academy nursery".split())
"""Places whose people are school staff."""
MOST_MINUTES = 24 * 60


class _Placed(NamedTuple):
    """A line on which a report can stand."""

    line: bytes
    home: bytes


def hear_reports(hearing: Hearing) -> None:
    """ProviderAttendance, Engagement."""
    name = hearing.schema.name
    rows = hearing.message[ROWS[name]]
    by_spot: dict[tuple[int, str], list[int]] = {}
    for number, row in enumerate(rows):
        day, session = day_of(row["date"]), row["session"]
        if name == "Engagement" and not session:
            session = SESSIONS[0]  # minutes of a whole day stand in the register of its morning
        too_long = len(row.get("system") or "") > MOST_SIGNS_OF_NAME
        if day is None or session not in SESSIONS or not 0 <= (row["minutes"] or 0) <= MOST_MINUTES or too_long:
            hold_dates(hearing, (number,))
            continue
        by_spot.setdefault((day, session), []).append(number)
    places: dict[int, Place | None] = {}
    for (day, session), numbers in by_spot.items():
        if day not in places:
            same_day = tuple(n for (d, _), ns in by_spot.items() if d == day for n in ns)
            places[day] = hearing.known_place(day, same_day)
        place = places[day]
        if place is not None:
            _hear_session(hearing, place, day, session, rows, numbers)


_UNKNOWN = (
    "no pupil who is placed here, or is on the register of the home school that it names, is known by this identifier; "
    "send the placement or the pupil, or dismiss it."
)


def _hear_session(
    hearing: Hearing, place: Place, day: int, session: str, rows: Sequence[Row], numbers: Sequence[int]
) -> None:
    unit, topic = hearing.unit, TOPICS[hearing.schema.name]
    said: list[ReportRow] = []
    for number in numbers:
        row = rows[number]
        pupil = _child(hearing, place, row)
        placed = None if pupil is None else _line_of(hearing, place, pupil, row, day)
        if placed is None:
            named = hearing.place_called(row["home_urn"], row["home_laestab"], day)
            waits_for = named if pupil is None and named is not None else place.id
            hearing.hold_unknown((number,), hearing.odd_number(row), waits_for, _UNKNOWN)
            continue
        said.append(_row(hearing, place, topic, row, placed, day))
    if not said:
        return
    register = unit.register(place.id, day, session)
    header = Header(
        how="replay" if hearing.replayed else "taking",
        rows=len(numbers),
        origin=hearing.origin,
        carries_reason=place.carries(hearing.source, "reason"),
    )
    decision, new = decide_reports(register, header, said)
    unit.record_decided(decision.events, register.version)
    for is_new in new:
        count(hearing, is_new)


def _row(hearing: Hearing, place: Place, topic: str, row: Row, placed: _Placed, day: int) -> ReportRow:
    """A row in the words of its event."""
    by: bytes | None = None
    if row["by"]:
        kind = "staff" if place.description["kind"] in SCHOOLS else "provider_staff"
        by, _ = hearing.person_of(place.id, row["by"], kind)
    if topic == "EngagementReported":
        fields = {"session": row["session"] or None, "minutes": row["minutes"], "system": row["system"] or None}
        return ReportRow(topic, placed.line, placed.home, fields, {"detail": row["detail"] or None}, row["said_at"], by)
    reason, reason_code = row["reason"] or None, row["reason_code"] or None
    if reason_code is not None and reason_code not in REASON_CODES:
        reason_code, reason = "other", reason or reason_code
    fields = {name: row[name] for name in CLEAR[topic]}
    fields["attended"] = row["attended"] if row["attended"] in ATTENDED else "not_known"
    fields["arrangement"] = _arrangement_on(hearing.unit, place.id, placed.line, day)
    return ReportRow(topic, placed.line, placed.home, fields, {"reason": reason}, row["said_at"], by, reason_code)


def _child(hearing: Hearing, place: Place, row: Row) -> bytes | None:
    """The child of a row. A provider that names one by UPN and by an id of its own is known by that id from then on."""
    unit, source = hearing.unit, hearing.source
    pupil = hearing.pupil_called(row["mis_pupil"], row["upn"])
    if pupil is None or names_nobody(row["mis_pupil"]):
        return pupil
    if not unit.find("mis_pupil", source.hex(), row["mis_pupil"]):
        unit.record_of_pupil(local_id_given(pupil, source, row["mis_pupil"], hearing.origin))
        unit.mend(place.id)
    return pupil


def _line_of(hearing: Hearing, place: Place, pupil: bytes, row: Row, day: int) -> _Placed | None:
    """The pupil's line of that school year at the school that placed them here, else at the home school named."""
    unit = hearing.unit
    named = hearing.place_called(row["home_urn"], row["home_laestab"], day)
    if named is not None:
        _turn(hearing, named, day)
    year = academic_year_of(day)
    placed = _placed_here(unit, place.id, pupil, year, day)
    if placed is not None:
        return placed
    if named is None:
        # Placed in an earlier year: the home school's lines have not gone on yet, or the placement has ended.
        here = {found.id for found in unit.find("placed", "", place.id.hex())}
        earlier = [known for one in unit.same_child(pupil) for known in unit.lines_of(one) if known["line"] in here]
        if not earlier:
            return None
        named = max(earlier, key=lambda known: known["school_year"])["place"]
        _turn(hearing, named, day)
        placed = _placed_here(unit, place.id, pupil, year, day)
    line = pick(unit.stays(named, year, pupil), day)
    return placed if placed is not None or line is None else _Placed(line, named)


def _turn(hearing: Hearing, home: bytes, day: int) -> None:
    """Let the lines of the home school go on into the school year of a day that has come."""
    if day <= hearing.heard_on and academic_year_of(day) == academic_year_of(hearing.today):
        turn_of_the_year(hearing.unit, home, day)


def _placed_here(unit: Unit, place: bytes, pupil: bytes, school_year: int, day: int) -> _Placed | None:
    """The line of a school year that has a placement or an activity here: the last that had begun, else the first."""
    found = unit.find("placed", "", place.hex())
    if not found:
        return None
    homes = {
        known["line"]: known["place"]
        for one in unit.same_child(pupil)
        for known in unit.lines_of(one)
        if known["school_year"] == school_year
    }
    line = pick([f for f in found if f.id in homes], day)
    return None if line is None else _Placed(line, homes[line])


def _arrangement_on(unit: Unit, place: bytes, line: bytes, day: int) -> bytes | None:
    """The placement or activity here that was in force on a day, as now known."""
    holds = [s for s in arrangements_of(unit, line) if s.block.get("place") == place and s.holds_on(day)]
    return holds[-1].id if holds else None


HEAR: Mapping[str, Callable[[Hearing], None]] = {"ProviderAttendance": hear_reports, "Engagement": hear_reports}
"""Which of these hears which message."""
