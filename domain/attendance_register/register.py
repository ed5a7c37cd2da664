"""The attendance register of one session of one place, as its stream tells it.

The state that decisions need and no more: the last word on each line, what was foreseen, what is known to have been
overtaken. It belongs to the unit of work that folds events into it; see `domain/ledger/unit.py` for when it is shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from domain.attendance_register.reports import CLEAR, Key, Report, fold
from domain.events import Fields, Stored, of_history
from domain.moments import days, from_days


class Told(NamedTuple):
    """When and by whom something was said: what decides which of two statements is the older."""

    said_at: int | None
    """The school's time of entry, UTC microseconds: its claim."""
    source: bytes | None
    sequence: int | None
    sent_at: int | None
    history: bool = False
    """Imported from another system's records: never contemporaneous."""

    def before(self, other: Told) -> bool:
        """Older by the school's time of entry, else the sender's sequence, else time sent, else arrival.

        What arrives later and is told at the same time by every clock is not older. What a history says is older than
        whatever came live, whichever came first: an import never overtakes what the ledger heard at the time. Two
        histories are compared by what each says of its moment, the time of entry or that of the export: marks as they
        stood in July are newer than a change of May, whether or not the export knows when each was entered.
        """
        if self.history != other.history:
            return self.history
        if self.history:
            mine, theirs = self._stood_at, other._stood_at
            return mine is not None and theirs is not None and mine < theirs
        if self.said_at is not None and other.said_at is not None and self.said_at != other.said_at:
            return self.said_at < other.said_at
        numbered = self.source == other.source and self.sequence is not None and other.sequence is not None
        if numbered and self.sequence != other.sequence:
            return self.sequence < other.sequence  # type: ignore[operator]  # `numbered` says that neither is None
        if self.sent_at is not None and other.sent_at is not None:
            return self.sent_at < other.sent_at
        return False

    @property
    def _stood_at(self) -> int | None:
        return self.sent_at if self.said_at is None else self.said_at


class Beside(NamedTuple):
    """What a mark says beside its code. None: not said."""

    code_sent: str | None = None
    nature: str | None = None
    comment: str | None = None
    minutes_late: int | None = None
    arrived_at: int | None = None
    arrangement: bytes | None = None

    def over(self, held: Beside) -> Beside:
        """This, with what it leaves unsaid taken from what is held."""
        return Beside(*(h if s is None else s for s, h in zip(self, held, strict=True)))  # type: ignore[arg-type]  # member by member, the types are the same


PLAIN = Beside()


class Entry(NamedTuple):
    """The last word on one line in this register."""

    version: int
    """Of the mark or amendment; where it was withdrawn, of the entry that was."""
    code: str
    header: int
    stands: bool = True
    """False once withdrawn."""
    beside: Beside = PLAIN
    said_at: int | None = None
    """Where it differs from the header's."""
    last_header: int = 0
    """Of the withdrawal, where there was one; else 0."""


@dataclass(slots=True)
class Register:
    """One session's register. `version` 0: not opened yet."""

    stream: str
    version: int = 0
    _entries: dict[bytes, Entry] = field(default_factory=dict)
    _classes: list[tuple[Sequence[bytes], Iterator[Entry]]] = field(default_factory=list)
    """Classes taken in whole, whose entries nobody has asked for yet: most never are."""
    _class_lines: set[bytes] = field(default_factory=set)
    headers: dict[int, Told] = field(default_factory=dict)
    """By version of the EntriesReceived."""
    foreseen: dict[bytes, tuple[str, Beside]] = field(default_factory=dict)
    """The code last foreseen, by line, with what was said beside it; none once it was taken back."""
    known: dict[bytes, list[tuple[str, int | None]]] = field(default_factory=dict)
    """(code as in `told_as`, said_at) of every entry of a line that has more than one, or that was only learned of."""
    closed_said: int | None = None
    reports: dict[Key, Report] = field(default_factory=dict)
    """What a provider reports: attendance, not marks."""

    @property
    def entries(self) -> dict[bytes, Entry]:
        """The last word by line."""
        for lines, entries in self._classes:
            self._entries.update(zip(lines, entries, strict=True))
        self._classes.clear()
        self._class_lines.clear()
        return self._entries

    def take_class(self, lines: Sequence[bytes], entries: Iterator[Entry]) -> None:
        """Take in the first entries of lines that have none."""
        self._classes.append((lines, entries))
        self._class_lines.update(lines)

    def has_none_of(self, lines: set[bytes]) -> bool:
        """True if none of these lines has an entry."""
        return self._entries.keys().isdisjoint(lines) and self._class_lines.isdisjoint(lines)

    def has(self, line: bytes) -> bool:
        """True if this line has an entry."""
        return line in self._entries or line in self._class_lines

    def told(self, entry: Entry) -> Told:
        """When the last word on a line was told."""
        told = self.headers[entry.last_header or entry.header]
        return told if entry.said_at is None else told._replace(said_at=entry.said_at)

    @property
    def weight(self) -> int:
        """Roughly how many things it holds: what a cache counts."""
        return (
            4 + len(self._entries) + len(self._class_lines) + len(self.headers) + len(self.foreseen) + len(self.reports)
        )


def told_as(code: str, code_sent: str | None) -> str:
    """A code, or what was sent for one that nobody mapped, or that there is none: three things that are never equal."""
    return code or ("-" if code_sent is None else f"?{code_sent}")


def stream_of(place: bytes, day: int, session: str) -> str:
    """The stream of a session's register. `day` in days since 1970, session AM or PM."""
    return f"attendance-register/{place.hex()}/{from_days(day).isoformat()}/{session}"


def parts_of(stream: str) -> tuple[bytes, int, str]:
    """(place, day, session) of a register's stream."""
    _, place, day, session = stream.split("/")
    return bytes.fromhex(place), days(date.fromisoformat(day)), session


_BESIDE = ("code_sent", "minutes_late", "arrived_at", "arrangement")


def _beside(fields: Fields, text: Fields | None) -> Beside:
    if text is None:
        if not any(map(fields.get, _BESIDE)) and fields.get("code_sent") is None and fields.get("minutes_late") is None:
            return PLAIN
        text = {}
    return Beside(
        fields.get("code_sent"),
        text.get("nature"),
        text.get("comment"),
        fields.get("minutes_late"),
        fields.get("arrived_at"),
        fields.get("arrangement"),
    )


def evolve(register: Register, stored: Stored) -> Register:
    """Fold one event of the stream into its register."""
    fields, topic = stored.fields, stored.topic
    register.version = stored.version
    if topic == "MarkRecorded":
        beside = _beside(fields, stored.text)
        register.entries[fields["line"]] = Entry(
            stored.version,
            fields["code"],
            fields["header"],
            True,
            PLAIN if beside is PLAIN or beside == PLAIN else beside,
            fields.get("said_at"),
        )
    elif topic == "EntriesReceived":
        register.headers[stored.version] = Told(
            fields.get("said_at"),
            fields.get("source"),
            fields.get("sequence"),
            fields.get("sent_at"),
            of_history(fields),
        )
    elif topic == "MarkAmended":
        line = fields["line"]
        _remember(register, line)
        register.entries[line] = Entry(
            stored.version, fields["new"], fields["header"], True, _beside(fields, stored.text), fields.get("said_at")
        )
        _remember(register, line)
    elif topic == "MarkWithdrawn":
        line = fields["line"]
        _remember(register, line)
        register.entries[line] = register.entries[line]._replace(
            stands=False, last_header=fields["header"], said_at=fields.get("said_at")
        )
        register.known[line].append((told_as("", None), register.told(register.entries[line]).said_at))
    elif topic == "MarkForeseen":
        code, beside = fields["code"], _beside(fields, stored.text)
        if code or beside.code_sent is not None:
            register.foreseen[fields["line"]] = (code, beside)
        else:
            register.foreseen.pop(fields["line"], None)
    elif topic == "OlderEntryLearned":
        code = told_as(fields["code"], fields.get("code_sent"))
        register.known.setdefault(fields["line"], []).append((code, fields.get("held_from")))
    elif topic == "RegisterClosed":
        register.closed_said = fields.get("closed_said")
    elif topic in CLEAR:
        told = register.headers[fields["header"]]
        said_at = fields.get("said_at")
        fold(register.reports, told if said_at is None else told._replace(said_at=said_at), stored)
    return register


def _remember(register: Register, line: bytes) -> None:
    """Keep the entry that stands now among those known, before and after another takes its place."""
    entry = register.entries[line]
    known = register.known.setdefault(line, [])
    told = (told_as(entry.code, entry.beside.code_sent), register.told(entry).said_at)
    if told not in known:
        known.append(told)
