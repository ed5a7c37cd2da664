"""What a row becomes: the table of the design, as code that reads like it.

A row that could not be read, placed or could not exist was held before it came here. For every other, the first line of
TABLE whose condition holds says what it becomes. Nothing is refused for being late, unlawful or unexplained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from domain.attendance_register.register import PLAIN, Beside, Entry, Register, Told, told_as


class Becomes(StrEnum):
    """What a row can become. Every row sent ends as exactly one of these, or as held."""

    NOTHING_SAID = "nothing said"
    DUPLICATE = "duplicate"
    FORESEEN = "foreseen"
    OLDER = "older entry learned"
    WITHDRAWAL = "withdrawal"
    MARK = "mark"
    AMENDMENT = "amendment"


@dataclass(frozen=True, slots=True)
class Row:
    """One row about one line in one session, placed and readable."""

    line: bytes
    code: str
    """The national code; empty where the source sent one that nobody mapped (`beside.code_sent` has it)."""
    told: Told
    number: int = 0
    """Its place in the message, from 1."""
    beside: Beside = PLAIN
    blank: bool = False
    """No mark (`-`), or a removal: the sender has no entry here."""
    gone_how: str = "cleared_to_blank"
    """For a blank: sender_said, cleared_to_blank, absent_from_whole_snapshot, pupil_removed_upstream."""
    closure: bool = False
    """`#`, where the calendar as known agrees that no session is held."""
    beforehand: bool = False
    """Told by a message of future codes, or for a date after today."""
    overtaken: bool = False
    """An audit log's row about an entry that the sender itself no longer holds."""
    from_audit_log: bool = False
    held_from: int | None = None
    held_to: int | None = None
    original_said: str | None = None
    """What the sender says the entry was before."""
    cause: str = "unknown"
    by: bytes | None = None
    by_kind: str = "not_said"
    said_at: int | None = None
    """Where it differs from the message's."""
    amended_on: int | None = None
    operation: bytes | None = None
    rule: str | None = None
    reason: str | None = None
    reason_code: str | None = None
    evidence: bytes | None = None


def _says_nothing(row: Row, register: Register) -> bool:
    """`-`, or a `#` that agrees with the calendar, where there is no entry to withdraw or amend."""
    if row.beforehand:
        return (row.blank or row.closure) and row.line not in register.foreseen
    if _is_logged_history(row):
        return False  # that an entry was removed, and when, is what the log has to tell
    return (row.blank or row.closure) and row.line not in register.entries


def _already_there(row: Row, register: Register) -> bool:
    """A value equal to the current one, or something that was learned before."""
    if row.beforehand:
        code, beside = register.foreseen.get(row.line, (None, PLAIN))
        return code == row.code and not row.blank and _same_beside(row.beside, beside)
    entry = register.entries.get(row.line)
    if _tells_how(row, register):
        return False
    # What an imported log says had stood once may be what stands again: N, I, and N after all.
    if not (row.from_audit_log and row.told.history and row.overtaken):
        if row.blank and entry is not None and not entry.stands:
            return True
        if not row.blank and _equal(row, entry):
            return True
    learned_at = row.held_from if row.from_audit_log else row.told.said_at
    code = told_as("", None) if row.blank else told_as(row.code, row.beside.code_sent)
    return (code, learned_at) in register.known.get(row.line, ()) and (
        _is_older(row, register) or _was_overtaken(row, learned_at, entry, register)
    )


def _is_logged_history(row: Row) -> bool:
    """True for a row of the audit log of an imported history that says since when."""
    return row.from_audit_log and row.told.history and row.held_from is not None


def _tells_how(row: Row, register: Register) -> bool:
    """An imported audit log's word on the very value that stands (or on none standing): by whom it was made, when and
    why, which marks as they stand do not say (regulation 6(1)(c) to (e)). Unless that is known already."""
    if not _is_logged_history(row) or row.overtaken:
        return False
    entry = register.entries.get(row.line)
    if row.blank:
        code, agrees = told_as("", None), entry is None or not entry.stands
    else:
        code, agrees = told_as(row.code, row.beside.code_sent), _equal(row, entry)
    if entry is not None and not register.told(entry).history and register.told(entry).said_at is not None:
        return False  # the ledger heard it live, with its time of entry
    return agrees and (code, row.held_from) not in register.known.get(row.line, ())


def _equal(row: Row, entry: Entry | None) -> bool:
    """True if the row says what stands already."""
    return entry is not None and entry.stands and entry.code == row.code and _same_beside(row.beside, entry.beside)


def _was_overtaken(row: Row, learned_at: int | None, entry: Entry | None, register: Register) -> bool:
    """True for an entry that the ledger knows by its very time of entry, and that one without such a time overtook: the
    morning's register sent again in the evening does not undo what was amended at noon."""
    if learned_at is None or entry is None:
        return False
    told = register.told(entry)
    return told.said_at is None and told.history <= row.told.history


def _same_beside(said: Beside, held: Beside) -> bool:
    """True unless the row says something else. What a row leaves out it does not deny."""
    return said is PLAIN or all(s is None or s == h for s, h in zip(said, held, strict=True))


def _beforehand(row: Row, _: Register) -> bool:
    """Told beforehand: a message of future codes, or a date after today."""
    return row.beforehand


def _is_older(row: Row, register: Register) -> bool:
    """Older than the last word on the line, or an audit log's word on what is past, or on how what stands was made."""
    entry = register.entries.get(row.line)
    if row.overtaken or _tells_how(row, register):
        return True
    return entry is not None and row.told.before(register.told(entry))


def _is_gone(row: Row, _: Register) -> bool:
    """Gone upstream: deleted, blanked, or missing from a snapshot that the sender calls whole."""
    return row.blank


def _is_first(row: Row, register: Register) -> bool:
    """A code, where the line has no entry yet: however late."""
    return row.line not in register.entries


def _is_another(_row: Row, _register: Register) -> bool:
    """Another code than the current one, or the same with another nature or other times; or one after a withdrawal."""
    return True


TABLE: tuple[tuple[Callable[[Row, Register], bool], Becomes], ...] = (
    # the row                  becomes
    (_says_nothing, Becomes.NOTHING_SAID),
    (_already_there, Becomes.DUPLICATE),
    (_beforehand, Becomes.FORESEEN),
    (_is_older, Becomes.OLDER),
    (_is_gone, Becomes.WITHDRAWAL),
    (_is_first, Becomes.MARK),
    (_is_another, Becomes.AMENDMENT),
)


def what_it_becomes(row: Row, register: Register) -> Becomes:
    """The first line of the table that holds for this row."""
    return next(becomes for holds, becomes in TABLE if holds(row, register))
