"""A pupil's history on the screen: every entry in the order of the ledger, with its reason and its person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from rich.text import Text

from console import arranging, say
from console.herringbone import code_text
from console.say import Column
from console.words import BY_KINDS, CAUSES, EVENTS, GONE, session_day, short, stamp, when, when_recorded, words
from domain.moments import academic_year_label, from_days
from projections.history import MARKS, Entry, History

_DAYS = (
    "starting_day",
    "entered_on",
    "leaving_on",
    "deleted_on",
    "left_on",
    "birth_date",
    "csa_from",
    "csa_until",
    "from",
)


def show(found: History, entries: Sequence[Entry], *, names: bool) -> None:
    """Print the lines, then the entries."""
    if len(found.child) > 1:
        say.line(f"One child under {len(found.child)} identities: {', '.join(short(one) for one in found.child)}")
    for line in found.lines:
        place = found.places[line.place].description.get("name") or short(line.place)
        year = academic_year_label(line.school_year)
        say.line(f"Line {short(line.line)}: {place}, {year}, from {session_day(line.starting_day, year=True)}")
    columns = [
        Column("Position", right=True),
        Column("Recorded"),
        Column("Session"),
        Column("What"),
        Column("Entry"),
        Column("Why, by whom, how", keep=False),
    ]
    say.table(columns, [_row(entry, names) for entry in entries])


def _row(entry: Entry, names: bool) -> list[str | Text]:
    session = "" if entry.day is None else f"{session_day(entry.day)} {entry.session}"
    return [
        say.number(entry.position),
        when_recorded(entry.recorded_at),
        session,
        EVENTS.get(entry.event) or arranging.EVENTS.get(entry.event, entry.event),
        Text(codes(entry), "bold" if entry.event == "MarkAmended" else ""),
        "; ".join(filter(None, (why(entry, names), by(entry, names), how(entry)))),
    ]


def codes(entry: Entry) -> str:
    """The codes of an entry: N → I."""
    new = code_text(entry.new, entry.code_sent)
    match entry.event:
        case "MarkAmended" | "MarkWithdrawn":
            return f"{entry.original or '?'} → {new}"
        case "MarkForeseen":
            return f"({new})"
        case "MarkRecorded" | "OlderEntryLearned":
            return new
        case _:
            return ""


def why(entry: Entry, names: bool) -> str:
    """The reason, as far as there is one; what a feed cannot carry is no fault of the school.

    Without names its texts are left out too: they may hold one.
    """
    said = [(entry.reason or "") if names else "", f"({words(entry.reason_code)})" if entry.reason_code else ""]
    said = [" ".join(filter(None, said))]
    if entry.event in ("MarkAmended", "MarkWithdrawn") and not said[0]:
        carried = entry.reason_state != "feed_cannot_carry"
        said = ["no reason given" if carried else "this feed carries no reasons"]
    if entry.nature and names:
        said.append(f"nature: {entry.nature}")
    if entry.comment and names:
        said.append(entry.comment)
    if entry.minutes_late is not None:
        said.append(f"{entry.minutes_late} minutes late")
    if entry.event == "MarkWithdrawn" and entry.how:
        said.append(GONE.get(entry.how, words(entry.how)))
    if entry.original_said and entry.original_said != entry.original:
        said.append(f"the sender says it was {entry.original_said}")
    if entry.about is not None:
        said += arranging.line_of(entry.event, entry.about, names=names) or _about(entry)
    return "; ".join(filter(None, said))


def _of_identity(entry: Entry) -> list[str]:
    """What was decided about who the child is. A merge, restriction or hold is undone by what stands here."""
    about = entry.about or {}
    match entry.event:
        case "IdentitiesMerged":
            return [f"{short(about['other_pupil'])} into {short(about['pupil'])}: {words(about['basis'])}"]
        case "IdentityMergeUndone":
            return [f"the merge at {about['merge']} of {short(about['other_pupil'])} into {short(about['pupil'])}"]
        case "AccessRestricted":
            return [f"{words(about['level'])} (number {about['version']})"]
        case "HoldPlaced":
            return [f"of the {about['scope']}, for {words(about['why'])} (number {about['version']})"]
        case "RestrictionLifted" | "HoldLifted":
            return [f"of number {about['amends']}"]
        case _:
            return []


def _about(entry: Entry) -> list[str]:
    shown = _of_identity(entry)
    for name in ("starting_day", "deleted_on", "left_on", "leaving_on", "nc_year", "ground", "status", "destination"):
        value = (entry.about or {}).get(name)
        if value is not None and value not in ("not_said", "none"):
            text = from_days(value).isoformat() if name in _DAYS else words(str(value))
            shown.append(f"{words(name).replace('nc year', 'year group')} {text}")
    return shown


def by(entry: Entry, names: bool) -> str:
    """The person, by name because the key holder asked."""
    if entry.by is not None:
        return "by " + (entry.by_name or short(entry.by) if names else short(entry.by))
    if entry.by_kind in (None, "not_said"):
        return ""
    return "by " + BY_KINDS[entry.by_kind]


def how(entry: Entry) -> str:
    """The cause, the system, and whether it waited or was imported.

    What a history says of its moments is another system's word, and no entry was late because it was imported.
    """
    said = []
    if entry.of_history:
        said.append(f"imported, not entered here at the time{f' (file from {entry.system})' if entry.system else ''}")
        if entry.from_audit_log:
            said.append("from the audit log")
    if entry.cause not in (None, "typed", "unknown"):
        said.append(CAUSES[entry.cause or "unknown"])
    if entry.rule:
        said.append(entry.rule)
    if entry.of_history:
        if entry.said_at is not None:
            said.append(f"that system dates it {when(entry.said_at)}")
    elif (
        entry.said_at is not None
        and entry.event != "MarkForeseen"
        and abs(entry.recorded_at - entry.said_at) > 600_000_000
    ):
        said.append(f"entered at the school {when(entry.said_at)}, by its word")
    if entry.first_held_at is not None:
        said.append(f"waited here since {when(entry.first_held_at)}")
    return "; ".join(said)


def chosen(found: History, changed: bool, first: date | None, last: date | None) -> list[Entry]:
    """The entries asked for: all, or those of sessions with more than a first mark; and of some days only."""
    entries = found.entries
    if first is not None or last is not None:
        entries = [e for e in entries if e.day is not None and (first or e.day) <= e.day <= (last or e.day)]
    if changed:
        more = {(e.day, e.session) for e in entries if e.event in MARKS and e.event != "MarkRecorded"}
        entries = [e for e in entries if (e.day, e.session) in more]
    return entries


def as_data(found: History, entries: Sequence[Entry], *, names: bool) -> dict[str, Any]:
    """The answer for machines."""
    return {
        "pupil": found.pupil.hex(),
        "identities": [one.hex() for one in found.child],
        "restricted": found.restricted,
        "name": found.name if names else None,
        "position": found.position,
        "lines": [
            {
                "line": line.line.hex(),
                "place": line.place.hex(),
                "laestab": found.places[line.place].description.get("laestab"),
                "school_year": line.school_year,
                "starting_day": line.starting_day.isoformat(),
            }
            for line in found.lines
        ],
        "entries": [entry_data(entry, names=names) | {"identity": _identity(entry)} for entry in entries],
    }


def _identity(entry: Entry) -> dict[str, Any] | None:
    """What an entry about an identity decided; None of other entries."""
    if entry.line is not None:
        return None
    dates = ("review_on", "lifted_on", "until")
    return {
        name: value.hex() if isinstance(value, bytes) else from_days(value).isoformat() if name in dates else value
        for name, value in (entry.about or {}).items()
    }


CSV_COLUMNS = (
    "position recorded_at said_at event place line date session original new code_sent how amended_on by by_kind"
    " by_name cause operation rule reason_code reason_state reason nature comment minutes_late source system"
    " first_held_at import imported held_to from_audit_log"
).split()


def entry_data(entry: Entry, *, names: bool) -> dict[str, Any]:
    """One entry for machines. Without names its texts are left out too: they may hold one."""
    data: dict[str, Any] = {
        "position": entry.position,
        "recorded_at": stamp(entry.recorded_at),
        "said_at": stamp(entry.said_at),
        "event": entry.event,
        "place": None if entry.place is None else entry.place.hex(),
        "line": None if entry.line is None else entry.line.hex(),
        "date": None if entry.day is None else entry.day.isoformat(),
        "session": entry.session,
        "original": entry.original,
        "new": entry.new,
        "code_sent": entry.code_sent,
        "how": entry.how,
        "amended_on": None if entry.amended_on is None else entry.amended_on.isoformat(),
        "by": None if entry.by is None else entry.by.hex(),
        "by_kind": entry.by_kind,
        "by_name": entry.by_name if names else None,
        "cause": entry.cause,
        "operation": None if entry.operation is None else entry.operation.hex(),
        "rule": entry.rule,
        "reason_code": entry.reason_code,
        "reason_state": entry.reason_state,
        "reason": entry.reason if names else None,
        "nature": entry.nature if names else None,
        "comment": entry.comment if names else None,
        "minutes_late": entry.minutes_late,
        "source": None if entry.source is None else entry.source.hex(),
        "system": entry.system,
        "first_held_at": stamp(entry.first_held_at),
        "import": None if entry.imported is None else entry.imported.hex(),
        "imported": entry.of_history,
        "held_to": stamp(entry.held_to),
        "from_audit_log": entry.from_audit_log,
    }
    return data
