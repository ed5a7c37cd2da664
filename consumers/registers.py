"""Messages about marks: registers taken, snapshots, changes, removals, codes foreseen, audit logs.

The rows of a class that are first marks and say no more than their code are decided at once; whatever is odd goes row
by row, after them, through the table of `domain.attendance_register.becoming`. Both ways end in the same events: a
property test says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from consumers.hearing import BY_KINDS, Hearing, Meaning, day_of, meaning
from domain.attendance_register.becoming import Becomes, Row
from domain.attendance_register.decide import Header, decide, missing_from_whole, take_whole
from domain.attendance_register.register import PLAIN, Beside, Register, Told, parts_of
from domain.calendar import NotHeld, Session
from domain.events import NOBODY, Person
from domain.ledger.turning import turn_of_the_year
from domain.moments import academic_year_of, from_days, from_local
from domain.people import key_of
from domain.place.place import Place
from schemas.marks import plain_tail
from schemas.plain import PlainRows

SESSIONS = ("AM", "PM")
CAUSES = frozenset("typed prefilled copied_from_lesson mis_rule bulk closure provider_feed import unknown".split())
REASON_CODES = frozenset(
    "cause_established parent_contact evidence_received arrived_late wrong_pupil wrong_code wrong_session"
    " register_not_taken closure arrangement_recorded rule_change panel_or_court system_fault other".split()
)
MEDIA = frozenset("electronic paper_then_keyed recovered_after_outage not_said".split())
GONE = frozenset("sender_said cleared_to_blank pupil_removed_upstream".split())
HOW: Mapping[str, str] = {
    "RegisterTaken": "taking",
    "RegisterSnapshot": "snapshot",
    "MarkChanged": "change",
    "MarkRemoved": "change",
    "MarksForeseen": "foreseen",
    "ChangesLogged": "audit_log",
}
ROWS: Mapping[str, str] = {
    "RegisterTaken": "marks",
    "RegisterSnapshot": "marks",
    "MarkChanged": "changes",
    "MarkRemoved": "removals",
    "MarksForeseen": "marks",
    "ChangesLogged": "changes",
}
MOST_MINUTES_LATE = 24 * 60
MOST_SIGNS = 10
"""Of a code. What is longer is no code but perhaps a name in the wrong column, and codes stand in clear."""


MOST_SIGNS_OF_NAME = 40
"""Of what a system calls itself or a rule, or a school its site, in clear. What is longer is no name but perhaps a note
in the wrong column. A mark waits for no such thing: a rule's long text is sealed with its reason."""


class Spot(NamedTuple):
    """The session of which a row speaks."""

    day: int
    session: str


def hear_register(hearing: Hearing) -> None:
    """RegisterTaken: the register of one class, one session."""
    message = hearing.message
    rows = message["marks"]
    everyone = tuple(range(len(rows)))
    spot = _spot(hearing, message["date"], message["session"], everyone)
    place = None if spot is None else hearing.known_place(spot.day, everyone)
    if spot is None or place is None:
        return
    _hear_session(hearing, place, spot, rows, everyone)


def hear_rows(hearing: Hearing) -> None:
    """RegisterSnapshot, MarkChanged, MarkRemoved, MarksForeseen, ChangesLogged: rows of any days and sessions."""
    message, name = hearing.message, hearing.schema.name
    rows = message[ROWS[name]]
    by_spot: dict[Spot, list[int]] = {}
    for number, row in enumerate(rows):
        spot = _spot(hearing, row["date"], row["session"], (number,))
        if spot is not None:
            by_spot.setdefault(spot, []).append(number)
    if name == "RegisterSnapshot" and message["whole"]:
        _silent_registers(hearing, by_spot)
    places: dict[int, Place | None] = {}
    for spot, numbers in by_spot.items():
        if spot.day not in places:
            same_day = tuple(n for s, ns in by_spot.items() if s.day == spot.day for n in ns)
            places[spot.day] = hearing.known_place(spot.day, same_day or None)
        place = places[spot.day]
        if place is not None:
            _hear_session(hearing, place, spot, [rows[n] for n in numbers], tuple(numbers))


def _spot(hearing: Hearing, date: str, session: str, rows: tuple[int, ...]) -> Spot | None:
    """The session that rows name, or None: then they are held (g4)."""
    day = day_of(date)
    if day is not None and session in SESSIONS:
        return Spot(day, session)
    which = hearing.rows(rows) if len(rows) == 1 else f"All {len(rows)} rows"
    hearing.taken.hold(
        "g4", rows, f"{which}: the date or the session does not exist; send it again as it should be, or dismiss it."
    )
    return None


def _silent_registers(hearing: Hearing, by_spot: dict[Spot, list[int]]) -> None:
    """A whole snapshot speaks also of the registers, within its days, of which it has no row."""
    first, last = day_of(hearing.message["from"]), day_of(hearing.message["to"])
    if first is None or last is None:
        return
    # Two places where the span lies over the seam of a conversion.
    for place_id in {hearing.place_on(first), hearing.place_on(last)} - {None}:
        assert place_id is not None
        prefix = f"attendance-register/{place_id.hex()}/"
        for name in hearing.unit.stream_names(f"{prefix}{from_days(first)}/", f"{prefix}{from_days(last)}0"):
            _, day, session = parts_of(name)
            by_spot.setdefault(Spot(day, session), [])


def _hear_session(
    hearing: Hearing, place: Place, spot: Spot, rows: Sequence[Mapping[str, Any]], numbers: tuple[int, ...]
) -> None:
    """The rows of one session."""
    unit, source = hearing.unit, hearing.source
    if spot.day <= hearing.heard_on and hearing.schema.name != "MarksForeseen":
        turn_of_the_year(unit, place.id, spot.day)
    register = unit.register(place.id, spot.day, spot.session)
    roll = unit.roll(place.id, source, academic_year_of(spot.day))
    ids = rows.pupils if isinstance(rows, PlainRows) else [row["mis_pupil"] for row in rows]
    lines: list[bytes | None] = list(map(roll.one.get, ids))
    if None in lines:
        unit.learn(roll, [(row["mis_pupil"], row["upn"]) for row in rows])
        lines = [roll.line(mis_pupil, spot.day) for mis_pupil in ids]
    plain = _first_and_plain(hearing, place, spot, register, rows, lines)
    order = [*plain, *sorted(set(range(len(rows))).difference(plain))] if len(plain) < len(rows) else plain
    header = _header(hearing, place, register, spot, len(rows))
    had_entries = bool(register.version)
    head = _take_class(hearing, place, spot, register, header, rows, lines, plain)
    rest = order[len(plain) :] if head else order
    if rest or not head or (_is_whole(hearing) and had_entries):
        _take_row_by_row(hearing, place, spot, register, header, head, rows, lines, numbers, rest)
    elif header.closed_said is not None:
        hearing.unit.record_decided(decide(register, header, (), head).events, register.version)


def _is_whole(hearing: Hearing) -> bool:
    """True if what the message does not say is gone."""
    whole: bool = hearing.message.get("whole", False)
    return whole and hearing.schema.name in ("RegisterTaken", "RegisterSnapshot")


def _first_and_plain(
    hearing: Hearing,
    place: Place,
    spot: Spot,
    register: Register,
    rows: Sequence[Mapping[str, Any]],
    lines: Sequence[bytes | None],
) -> Sequence[int]:
    """Which rows are first marks that say no more than their code. They come first among the entries of a message.

    None where a pupil is there twice: what the second row says depends on the first.
    """
    if hearing.schema.name not in ("RegisterTaken", "RegisterSnapshot") or spot.day > hearing.heard_on:
        return ()
    known = [line for line in lines if line is not None]
    unique = set(known)
    if len(unique) < len(known):
        return ()
    raws = _codes(rows)
    odd = {raw for raw in set(raws) if _is_odd(place, hearing.source, raw, spot.day)}
    all_new = register.has_none_of(unique)
    if all_new and not odd and len(known) == len(lines) and isinstance(rows, PlainRows):
        return range(len(rows))
    simple = isinstance(rows, PlainRows)
    return [
        n
        for n, (line, raw) in enumerate(zip(lines, raws, strict=True))
        if line is not None
        and raw not in odd
        and (simple or not rows[n]["detail"])
        and (all_new or not register.has(line))
    ]


def _codes(rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    return rows.codes if isinstance(rows, PlainRows) else [row["code"] for row in rows]


def _is_odd(place: Place, source: bytes, raw: str, day: int) -> bool:
    """True for what is no code, or perhaps none."""
    means = meaning(place, source, raw, day)
    return means.blank or means.code == "#" or len(raw) > MOST_SIGNS


def _take_class(
    hearing: Hearing,
    place: Place,
    spot: Spot,
    register: Register,
    header: Header,
    rows: Sequence[Mapping[str, Any]],
    lines: Sequence[bytes | None],
    plain: Sequence[int],
) -> int:
    """Take in the plain rows of a class at once. Returns the version of their header; 0 where there are none."""
    if not plain:
        return 0
    raws = _codes(rows)
    if len(plain) < len(rows):
        lines, raws = [lines[n] for n in plain], [raws[n] for n in plain]
    known = cast("Sequence[bytes]", lines)
    meanings = {raw: meaning(place, hearing.source, raw, spot.day) for raw in set(raws)}
    cause = _cause(hearing, hearing.message.get("cause"))
    sent = [meanings[raw].sent for raw in raws] if any(m.sent is not None for m in meanings.values()) else None
    events = take_whole(register, header, known, [meanings[raw].code for raw in raws], sent)
    head = register.version - len(raws)
    hearing.unit.record_decided(events, head)
    tails = {raw: plain_tail(spot.day, spot.session, head, m.code, m.sent, cause) for raw, m in meanings.items()}
    hearing.unit.record_marks(register, known, [tails[raw] for raw in raws])
    hearing.taken.counts.add(Becomes.MARK, len(raws))
    return head


def _take_row_by_row(
    hearing: Hearing,
    place: Place,
    spot: Spot,
    register: Register,
    header: Header,
    head: int,
    rows: Sequence[Mapping[str, Any]],
    lines: Sequence[bytes | None],
    numbers: tuple[int, ...],
    order: Sequence[int],
) -> None:
    """The readable path: every row by itself, those of `order` in that order. `head` is 0, or the header's version."""
    message, taken, name = hearing.message, hearing.taken, hearing.schema.name
    because: dict[str | None, list[int]] = {}
    for n, line in enumerate(lines):
        if line is None:
            because.setdefault(hearing.odd_number(rows[n]), []).append(numbers[n])
    for finding, those in because.items():
        hearing.hold_unknown(those, finding, place.id)
    said: list[Row] = []
    for n in order:
        number, row, line = numbers[n], rows[n], lines[n]
        if line is None:
            continue
        detail = row["detail"]
        if detail and not 0 <= (detail["minutes_late"] or 0) <= MOST_MINUTES_LATE:
            taken.hold(
                "g4",
                (number,),
                f"{hearing.rows((number,))}: nobody is {detail['minutes_late']} minutes late for a session; "
                "send it again.",
                place.id,
            )
            continue
        if len(row.get("code", row.get("new", ""))) > MOST_SIGNS or len(row.get("old") or "") > MOST_SIGNS:
            sentence = f"{hearing.rows((number,))}: what stands for its code is too long to be one; send it again."
            taken.hold("g4", (number,), sentence, place.id)
            continue
        if detail and detail["amended_on"] and day_of(detail["amended_on"]) is None:
            sentence = f"{hearing.rows((number,))}: the date of its amendment does not exist; send it again."
            taken.hold("g4", (number,), sentence, place.id)
            continue
        decided = _row(hearing, place, spot, header, row, line, number)
        if name == "MarkRemoved" and decided.blank and not decided.beforehand and line not in register.entries:
            taken.hold(
                "g5",
                (number,),
                f"{hearing.rows((number,))}: the entry that it removes is not in the ledger; "
                "send the entry, or dismiss it.",
                place.id,
            )
            continue
        said.append(decided)
    gone: list[Row] = []
    if _is_whole(hearing) and None not in lines and _speaks_of(message, spot):
        # Where a row's pupil is not known here, nobody can say whose mark is missing: a MIS may have new ids for all.
        gone = missing_from_whole(register, header, {line for line in lines if line is not None})
    decision = decide(register, header, [*said, *gone], head)
    hearing.unit.record_decided(decision.events, register.version)
    for becomes in decision.became[: len(said)]:
        taken.counts.add(becomes)
    taken.counts.withdrawn_unsent += decision.became[len(said) :].count(Becomes.WITHDRAWAL)


def _speaks_of(message: Mapping[str, Any], spot: Spot) -> bool:
    """True if a message that is whole is so for this session: a snapshot only within the days that it names."""
    if "from" not in message:
        return True
    first, last = day_of(message["from"]), day_of(message["to"])
    return first is not None and last is not None and first <= spot.day <= last


def _cause(hearing: Hearing, said: str | None) -> str:
    if said is None and hearing.origin.import_id is not None:
        return "import"
    return said if said in CAUSES else "unknown"


def _header(hearing: Hearing, place: Place, register: Register, spot: Spot, rows: int) -> Header:
    """What the entries of this message share in this session."""
    message, name = hearing.message, hearing.schema.name
    taker: bytes | None = None
    person = NOBODY
    if name == "RegisterTaken":
        who = hearing.person(place.id, message["taker"], message["by_kind"])
        taker, person = who.by, Person(None, who.by_kind)
    closes = None
    if not register.version:
        minute = place.closes_by_minute(spot.day, spot.session)
        closes = None if minute is None else from_local(from_days(spot.day), minute)
    medium = message.get("medium") or "not_said"
    return Header(
        how="replay" if hearing.replayed else HOW[name],
        rows=rows,
        origin=hearing.origin,
        person=person,
        taker=taker,
        group=hearing.group(place, message.get("group")),
        opened_said=message.get("opened_at"),
        closed_said=message.get("closed_at"),
        closes_by=closes,
        medium=medium if medium in MEDIA else "not_said",
        whole_register=bool(message.get("whole", False)),
        paper_ref=message.get("paper_ref"),
        staff_key=key_of(place.id, hearing.school_year) if message.get("paper_ref") else None,
        carries_reason=place.carries(hearing.source, "reason"),
    )


def _row(
    hearing: Hearing, place: Place, spot: Spot, header: Header, row: Mapping[str, Any], line: bytes, number: int
) -> Row:
    """A row in the words of the table."""
    name = hearing.schema.name
    detail: Mapping[str, Any] = row["detail"] or {}
    raw = row.get("code", row.get("new", "-"))
    means = meaning(place, hearing.source, raw, spot.day)
    audit = name == "ChangesLogged"
    said_at = row["held_from"] if audit else detail.get("said_at")
    by = hearing.person(place.id, detail.get("by"), detail.get("by_kind"))
    if by == NOBODY:
        by = Person(header.taker, header.person.by_kind)
    reason_code = detail.get("reason_code")
    reason = detail.get("reason")
    if reason_code is not None and reason_code not in REASON_CODES:
        reason_code, reason = "other", reason or reason_code
    rule = detail.get("rule")
    if rule and len(rule) > MOST_SIGNS_OF_NAME:
        rule, reason = None, f"{reason} ({rule})" if reason else rule
    default_cause = hearing.message.get("cause")
    original = None if row.get("old") is None else meaning(place, hearing.source, row["old"], spot.day)
    header_said = header.origin.said_at
    return Row(
        line=line,
        code=means.code,
        told=Told(
            said_at if said_at is not None else header_said,
            hearing.source,
            header.origin.sequence,
            header.origin.sent_at,
            header.origin.of_history,
        ),
        number=number + 1,
        beside=_beside(means, detail),
        blank=means.blank or name == "MarkRemoved",
        gone_how=_gone(name, row.get("how")),
        closure=means.code == "#" and _calendar_agrees(place, spot),
        beforehand=name == "MarksForeseen" or spot.day > hearing.heard_on,
        overtaken=audit and row["held_to"] is not None,
        from_audit_log=audit,
        held_from=row["held_from"] if audit else None,
        held_to=row["held_to"] if audit else None,
        original_said=None if original is None or original.blank else original.code or original.sent,
        cause=_cause(hearing, detail.get("cause") or default_cause),
        by=by.by,
        by_kind=by.by_kind if by.by_kind in BY_KINDS else "not_said",
        said_at=said_at if said_at != header_said else None,
        amended_on=day_of(detail.get("amended_on")),
        operation=detail.get("operation"),
        rule=rule,
        reason=reason,
        reason_code=reason_code,
        evidence=detail.get("evidence"),
    )


def _beside(means: Meaning, detail: Mapping[str, Any]) -> Beside:
    if means.sent is None and not detail:
        return PLAIN
    beside = Beside(
        means.sent,
        detail.get("nature"),
        detail.get("comment"),
        detail.get("minutes_late"),
        detail.get("arrived_at"),
        detail.get("arrangement"),
    )
    return PLAIN if beside == PLAIN else beside


def _gone(name: str, how: str | None) -> str:
    if how in GONE:
        return how
    return "sender_said" if name == "MarkRemoved" else "cleared_to_blank"


def _calendar_agrees(place: Place, spot: Spot) -> bool:
    """True if the calendar, as known, has no session there, and says so rather than not knowing."""
    why = place.calendar.why_not_held(from_days(spot.day), cast("Session", spot.session))
    return why is not None and why is not NotHeld.NOT_KNOWN
