"""From the rows of one message about one session to the events that its register receives.

`decide` takes any rows, one by one, and is the readable path. `take_whole` is for what nearly every row is, a first
mark that says no more than its code: all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import NamedTuple

from domain.attendance_register.becoming import Becomes, Row, what_it_becomes
from domain.attendance_register.register import PLAIN, Beside, Entry, Register, Told, evolve, parts_of
from domain.codes import is_national
from domain.events import NOBODY, Event, Fields, KeyOf, Origin, Person, Seal, Stored, reason_fields
from domain.place.place import BLANKS


class Header(NamedTuple):
    """What the entries of one message share (EntriesReceived)."""

    how: str
    """taking, snapshot, change, foreseen, audit_log, replay."""
    rows: int
    """As sent, for this session."""
    origin: Origin
    person: Person = NOBODY
    taker: bytes | None = None
    group: bytes | None = None
    opened_said: int | None = None
    closed_said: int | None = None
    closes_by: int | None = None
    """By the school's policy and session times, as known."""
    medium: str = "not_said"
    whole_register: bool = False
    paper_ref: str | None = None
    staff_key: KeyOf | None = None
    """For the paper's reference."""
    carries_reason: bool = True

    @property
    def told(self) -> Told:
        """When the message as a whole was told."""
        origin = self.origin
        return Told(origin.said_at, origin.source, origin.sequence, origin.sent_at, origin.of_history)


@dataclass(slots=True)
class Decision:
    """The events, in order, and what each row became."""

    events: list[Event] = field(default_factory=list)
    became: list[Becomes] = field(default_factory=list)


def opening(register: Register, header: Header) -> list[Event]:
    """RegisterOpened, version 1 of its stream, if this is the first that the register hears."""
    if register.version:
        return []
    place, day, session = parts_of(register.stream)
    return [
        Event(
            register.stream,
            "RegisterOpened",
            {
                "place": place,
                "date": day,
                "session": session,
                "opened_said": header.opened_said,
                "closes_by": header.closes_by,
            },
        )
    ]


def heading(register: Register, header: Header) -> Event:
    """EntriesReceived: one for each message and session, and only if an entry results."""
    fields: Fields = {
        "how": header.how,
        "group": header.group,
        "taker": header.taker,
        **header.person.fields(),
        "opened_said": header.opened_said,
        "rows": header.rows,
        "medium": header.medium,
        "whole_register": header.whole_register,
        **header.origin.fields(),
    }
    seal = None
    if header.paper_ref is not None and header.staff_key is not None:
        seal = Seal(header.staff_key, "NoteText", {"text": header.paper_ref})
    return Event(register.stream, "EntriesReceived", fields, seal)


def _mark_seal(register: Register, row: Row, beside: Beside) -> Seal | None:
    """Nature, comment and reason, under the line's key."""
    if beside.nature is None and beside.comment is None and row.reason is None:
        return None
    place, _, _ = parts_of(register.stream)
    text = {"nature": beside.nature, "comment": beside.comment, "reason": row.reason}
    return Seal(line_key(place, row.line), "MarkText", text)


def line_key(place: bytes, line: bytes) -> KeyOf:
    """The key of a line: its marks' texts and its entries in the admission register."""
    return KeyOf("line", f"admission-register/{place.hex()}/{line.hex()}")


def _event(register: Register, header_version: int, header: Header, row: Row, becomes: Becomes) -> Event:
    """The event that a row becomes."""
    _, day, session = parts_of(register.stream)
    common: Fields = {"line": row.line, "date": day, "session": session, "header": header_version}
    person = {"by": row.by, "by_kind": row.by_kind}
    reason = reason_fields(row.reason, row.reason_code, header.carries_reason)
    beside = row.beside
    stated: Fields = {
        "code_sent": beside.code_sent,
        "minutes_late": beside.minutes_late,
        "arrived_at": beside.arrived_at,
        "arrangement": beside.arrangement,
    }
    entry = register.entries.get(row.line)
    match becomes:
        case Becomes.MARK | Becomes.FORESEEN:
            topic = "MarkRecorded" if becomes is Becomes.MARK else "MarkForeseen"
            fields = {"code": row.code, "cause": row.cause, "said_at": row.said_at, **stated}
            if row.by != (header.person.by or header.taker):
                fields["by"] = row.by
        case Becomes.AMENDMENT:
            assert entry is not None, "an amendment amends an entry"
            topic = "MarkAmended"
            if entry.code == row.code and entry.stands:
                # The whole block is restated: what the row leaves unsaid of the same code still holds.
                beside = row.beside.over(entry.beside)
                stated |= {k: getattr(beside, k) for k in stated}
            fields = {
                "amends": entry.version,
                "original": entry.code,
                "original_said": row.original_said,
                "new": row.code,
                "amended_on": row.amended_on,
                "said_at": row.said_at,
                **person,
                "cause": row.cause,
                "operation": row.operation,
                "rule": row.rule,
                **reason,
                "evidence": row.evidence,
                **stated,
            }
        case Becomes.WITHDRAWAL:
            assert entry is not None, "a withdrawal withdraws an entry"
            topic = "MarkWithdrawn"
            fields = {
                "amends": entry.version,
                "how": row.gone_how,
                "amended_on": row.amended_on,
                "said_at": row.said_at,
                **person,
                "cause": row.cause,
                "operation": row.operation,
                "rule": row.rule,
                **reason,
            }
        case _:
            topic = "OlderEntryLearned"
            fields = {
                "code": "" if row.blank else row.code,
                "code_sent": beside.code_sent,
                "held_from": row.held_from if row.from_audit_log else row.told.said_at,
                "held_to": row.held_to,
                **person,
                "cause": row.cause,
                "from_audit_log": row.from_audit_log,
                **reason,
            }
    return Event(register.stream, topic, common | fields, _mark_seal(register, row, beside))


RECORDED = frozenset({Becomes.MARK, Becomes.AMENDMENT, Becomes.WITHDRAWAL, Becomes.OLDER, Becomes.FORESEEN})
"""What becomes an event; the rest is counted."""


def decide(register: Register, header: Header, rows: Sequence[Row], header_version: int = 0) -> Decision:
    """Decide rows one by one, in order, each in the light of those before it. Folds the events into `register`.

    `header_version` is that of the header where `take_whole` wrote it already.

    A change whose sender names the earlier value, where the ledger holds none, becomes two: the older entry learned,
    and the mark (events.md 4, MarkChanged). So does the last row of an imported audit log, where no mark came before
    it. Only the row itself is counted.
    """
    decision = Decision()
    for row in rows:
        becomes = what_it_becomes(row, register)
        decision.became.append(becomes)
        if becomes not in RECORDED:
            continue
        if not header_version:
            for event in (*opening(register, header), heading(register, header)):
                _take(register, decision, event)
            header_version = register.version
        if becomes is Becomes.MARK and row.original_said and row.original_said not in BLANKS:
            earlier = _earlier(row, row.original_said)
            _take(register, decision, _event(register, header_version, header, earlier, Becomes.OLDER))
        if becomes is Becomes.MARK and row.from_audit_log and row.told.history:
            # As it would be learned had the marks come first: what the log tells is kept in the log's own terms.
            _take(register, decision, _event(register, header_version, header, row, Becomes.OLDER))
        _take(register, decision, _event(register, header_version, header, row, becomes))
    told_live = header.origin.of_history and register.closed_said is not None
    if (
        header.closed_said is not None
        and register.version
        and header.closed_said != register.closed_said
        and not told_live
    ):
        unmarked = sum(1 for row in rows if row.blank)
        fields = {
            "closed_said": header.closed_said,
            "closed_by": header.taker,
            "unmarked": unmarked,
            **header.origin.fields(),
        }
        _take(register, decision, Event(register.stream, "RegisterClosed", fields))
    return decision


def _earlier(row: Row, original: str) -> Row:
    """The entry that a change names as the one before it: of which nothing else is said, nor by whom it was made."""
    known = is_national(original)
    return Row(
        row.line,
        original if known else "",
        row.told._replace(said_at=None),
        beside=PLAIN if known else Beside(code_sent=original),
    )


def _take(register: Register, decision: Decision, event: Event) -> None:
    decision.events.append(event)
    text = event.seal.text if event.seal else None
    evolve(register, Stored(register.version + 1, event.topic, event.fields, text))


def missing_from_whole(register: Register, header: Header, said: set[bytes]) -> list[Row]:
    """The withdrawals that a whole snapshot implies: entries that stand, are not in it, and are not newer than it."""
    told = header.told
    return [
        Row(
            line,
            "",
            told,
            blank=True,
            gone_how="absent_from_whole_snapshot",
            cause="unknown",
            by=header.person.by,
            by_kind=header.person.by_kind,
        )
        for line, entry in register.entries.items()
        if entry.stands and line not in said and not told.before(register.told(entry))
    ]


def plain_entries(header: int, codes: Sequence[str], besides: Iterable[Beside]) -> Iterator[Entry]:
    """Entries of consecutive versions after their header that say no more than a code: made in C, not one by one."""
    versions = range(header + 1, header + 1 + len(codes))
    fields = zip(versions, codes, repeat(header), repeat(True), besides, repeat(None), repeat(0), strict=False)
    return map(partial(tuple.__new__, Entry), fields)


def take_whole(
    register: Register,
    header: Header,
    lines: Sequence[bytes],
    codes: Sequence[str],
    sent: Sequence[str | None] | None = None,
) -> list[Event]:
    """Take in rows of a class that are first marks with nothing beside their code, or what was `sent` for it.

    Returns the events that come before the marks (opening, heading). The marks follow as consecutive versions, one for
    each line in order, and are in `register` already when this returns; the caller writes their bytes.
    """
    before = Decision()
    for event in (*opening(register, header), heading(register, header)):
        _take(register, before, event)
    head = register.version
    besides = repeat(PLAIN) if sent is None else (PLAIN if raw is None else Beside(raw) for raw in sent)
    register.take_class(lines, plain_entries(head, codes, besides))
    register.version += len(lines)
    return before.events


def not_taken(
    register: Register,
    group: bytes | None,
    why: str,
    said_on: int | None,
    person: Person,
    key: KeyOf,
    text: str | None,
) -> list[Event]:
    """RegisterNotTaken: why there is no register. Later takings are late entries."""
    place, day, session = parts_of(register.stream)
    fields = {
        "place": place,
        "date": day,
        "session": session,
        "group": group,
        "why": why,
        "said_on": said_on,
        **Origin().fields(),
        **person.fields(),
    }
    seal = Seal(key, "NoteText", {"text": text}) if text else None
    unopened = opening(register, Header(how="change", rows=0, origin=Origin()))
    return [*unopened, Event(register.stream, "RegisterNotTaken", fields, seal)]
