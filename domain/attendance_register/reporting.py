"""From what a provider reports of one session to the events that its register receives.

Nothing is refused. The same again is a duplicate; another value amends the report that stands; one that was said before
the report that stands is kept and amends none, so that it is never taken for the current one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.attendance_register.decide import Decision, Header, heading, line_key, opening
from domain.attendance_register.register import Register, evolve, parts_of
from domain.attendance_register.reports import SEALED, Report, key_of, values_of
from domain.events import Event, Fields, Seal, Stored, reason_fields


class ReportRow(NamedTuple):
    """One row about one line in one session, placed and readable."""

    topic: str
    """ProviderAttendanceReported or EngagementReported."""
    line: bytes
    home: bytes
    """The place on whose register the line stands: its key seals the text."""
    fields: Fields
    """What is reported in clear; of engagement also its session, if it was said, and its system."""
    text: Fields
    """detail and reason."""
    said_at: int | None = None
    by: bytes | None = None
    reason_code: str | None = None


def decide_reports(register: Register, header: Header, rows: Sequence[ReportRow]) -> tuple[Decision, list[bool]]:
    """The events, in order, and for each row whether it said anything new. Folds the events into `register`."""
    decision, new = Decision(), []
    header_version = 0
    for row in rows:
        known = register.reports.get(key_of(row.topic, {**row.fields, "line": row.line}))
        told = header.told if row.said_at is None else header.told._replace(said_at=row.said_at)
        older = known is not None and told.before(known.told)
        if known is not None and _said_already(row, known, older):
            new.append(False)
            continue
        if not header_version:
            for event in (*opening(register, header), heading(register, header)):
                _take(register, decision, event)
            header_version = register.version
        amends = None if known is None or older else known.version
        _take(register, decision, _event(register, header, header_version, row, amends))
        new.append(True)
    return decision, new


def _said_already(row: ReportRow, known: Report, older: bool) -> bool:
    """True for what stands, or, of an older report, for what is known to have been. What is left out of the sealed
    part is not denied."""
    values = values_of(row.topic, row.fields, row.text)
    open_ = len(values) - len(SEALED[row.topic])

    def same(stands: tuple[object, ...]) -> bool:
        unsaid = all(v is None or v == s for v, s in zip(values[open_:], stands[open_:], strict=True))
        return values[:open_] == stands[:open_] and unsaid

    return same(known.values) or (older and any(map(same, known.earlier)))


def _event(register: Register, header: Header, header_version: int, row: ReportRow, amends: int | None) -> Event:
    place, day, session = parts_of(register.stream)
    fields: Fields = {
        "line": row.line,
        "place": place,
        "date": day,
        **row.fields,
        "header": header_version,
        "amends": amends,
        "said_at": row.said_at if row.said_at != header.origin.said_at else None,
        "by": row.by,
    }
    if row.topic == "ProviderAttendanceReported":
        fields["session"] = session
        fields |= reason_fields(row.text.get("reason"), row.reason_code, header.carries_reason)
    said = any(value is not None for value in row.text.values())
    return Event(
        register.stream,
        row.topic,
        fields,
        Seal(line_key(row.home, row.line), "ProvisionText", row.text) if said else None,
    )


def _take(register: Register, decision: Decision, event: Event) -> None:
    decision.events.append(event)
    evolve(register, Stored(register.version + 1, event.topic, event.fields, event.seal.text if event.seal else None))
