"""The attendance register on the screen: pupils down, sessions across, amendments visible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from console import say
from console.say import Column
from console.words import SHORT, session_day, short, stamp, when
from domain.calendar import NotHeld
from domain.codes import NATIONAL
from domain.moments import from_days
from projections.register import NOTHING, Cell, RegisterAt, Row
from projections.register import Column as Session

AMENDED, WITHDRAWN, NOT_YET, CANCELLED, CLOSED, IMPORTED, LEFT_OUT = "*", "~", "-", "=", "#", "°", "×"
LEGEND = {
    AMENDED: "amended since it was first entered",
    WITHDRAWN: "withdrawn: the school has this entry no more",
    "()": "told beforehand: no entry until a register says so",
    NOT_YET: "not marked yet",
    CANCELLED: "session cancelled",
    CLOSED: "planned closure",
    IMPORTED: "imported from another system's records, not entered here at the time",
    LEFT_OUT: "counted in no figure: no session was held, or the pupil was off the roll, a guest or a boarder",
    "?": "a code that nobody mapped to a national one",
}
MOST_AMENDMENTS = 12
"""How many amendments are listed under the grid; data has them all."""


def sign(row: Row, column: Session) -> str:
    """What stands in one cell of the grid."""
    cell = row.cells.get((column.day, column.session), NOTHING)
    if cell.withdrawn:
        return WITHDRAWN + (IMPORTED if cell.imported else "")
    if cell.chain:
        return (
            code_text(cell.code, cell.code_sent)
            + (AMENDED if cell.amended else "")
            + (IMPORTED if cell.imported else "")
            + (LEFT_OUT if _would_count(cell.code) and row.left_out(column) else "")
        )
    if cell.learned:
        return WITHDRAWN + (IMPORTED if cell.imported else "")
    if cell.foreseen is not None:
        return f"({cell.foreseen})"
    if column.why_not_held is NotHeld.PLANNED_CLOSURE:
        return CLOSED
    if column.why_not_held is NotHeld.CANCELLED:
        return CANCELLED
    if column.why_not_held in (NotHeld.OUTSIDE_TERM, NotHeld.NO_SUCH_SESSION):
        return ""
    return NOT_YET if column.has_come and row.on_roll(column.day) else ""


def _would_count(code: str | None) -> bool:
    """Whether a code is one of a possible session: of the others nobody expects that they count."""
    return code is not None and code in NATIONAL and NATIONAL[code].possible


def code_text(code: str | None, code_sent: str | None) -> str:
    """A code as it is shown; what nobody mapped, as it was sent and with a question mark."""
    if code is None:
        return "withdrawn"
    return code or f"{code_sent or ''}?"


def chain_text(cell: Cell) -> str:
    """All entries of a session: N → I."""
    return " → ".join(code_text(code, sent) for code, sent in cell.codes) + (" (imported)" if cell.imported else "")


_STYLES = {"N": "red", "O": "red", "G": "red", "U": "red", NOT_YET: "dim", CLOSED: "dim", CANCELLED: "dim"}


def _styled(text: str) -> Text:
    plain = text.rstrip(AMENDED + IMPORTED + LEFT_OUT)
    if AMENDED in text or plain == WITHDRAWN:
        return Text(text, "bold yellow")
    return Text(text, _STYLES.get(plain, "dim italic" if text.startswith("(") else ""))


def person(row: Row, names: bool) -> str:
    """Who a line is: by name because the key holder asked, else by its id."""
    return (row.name or "(name destroyed)") if names else short(row.line)


def show(found: RegisterAt, rows: Sequence[Row], *, names: bool, with_ids: bool = True) -> None:
    """Print the grid, its legend, and what was amended."""
    columns = [Column("Pupil" if names else "Line")]
    if with_ids and names:
        columns.append(Column("Id", style="dim"))
    for column in found.columns:
        head = f"{column.day:%a}" if column.session == "AM" else str(column.day.day)
        columns.append(Column(f"{head}\n{column.session}"))
    body: list[list[str | Text]] = []
    used: set[str] = set()
    for row in rows:
        shown: list[str | Text] = [person(row, names)]
        if with_ids and names:
            shown.append(short(row.pupil) or short(row.line))
        for column in found.columns:
            text = sign(row, column)
            used.update(_signs(text))
            shown.append(_styled(text))
        body.append(shown)
    say.table(columns, body)
    legend = [f"{mark} {meaning}" for mark, meaning in LEGEND.items() if mark in used]
    if legend:
        say.line("   ".join(legend), "dim")


def _signs(text: str) -> list[str]:
    """The signs of the legend that a cell uses."""
    if text in LEGEND:
        return [text]
    if text.startswith("("):
        return ["()"]
    return [mark for mark in (AMENDED, WITHDRAWN, IMPORTED, LEFT_OUT, "?") if mark in text]


def show_amendments(rows: Sequence[Row], *, names: bool) -> None:
    """List what was amended or withdrawn in these sessions, with every code that ever stood there."""
    changed = [
        (person(row, names), f"{session_day(day)} {session}", chain_text(cell))
        for row in rows
        for (day, session), cell in sorted(row.cells.items())
        if len(cell.codes) > 1
    ]
    if not changed:
        return
    say.line()
    say.heading("Amended or withdrawn: nothing was overwritten")
    say.table([Column("Pupil" if names else "Line"), Column("Session"), Column("Entries")], changed[:MOST_AMENDMENTS])
    if len(changed) > MOST_AMENDMENTS:
        say.line(f"and {say.number(len(changed) - MOST_AMENDMENTS)} more (--json has them all)")


def title(found: RegisterAt, as_at: int | None) -> str:
    """What the grid is of."""
    place = found.place.description
    name = place.get("name") or f"Place {found.place.id.hex()[:SHORT]}"
    closed = found.place.closed_on
    ended = "" if closed is None else f", closed on {session_day(from_days(closed), year=True)}"
    asked = "as the ledger stands now" if as_at is None else f"as recorded by {when(as_at)}"
    week = session_day(found.first_day, year=True)
    return f"{name} ({place.get('laestab') or 'no LAESTAB'}){ended}, week of {week}, {asked}"


def as_data(found: RegisterAt, rows: Sequence[Row], as_at: int | None, *, names: bool) -> dict[str, Any]:
    """The answer for machines."""
    columns = {(column.day, column.session): column for column in found.columns}
    place = found.place
    return {
        "place": {"id": place.id.hex()} | {k: place.description.get(k) for k in ("laestab", "urn", "name")},
        "from": found.first_day.isoformat(),
        "to": found.last_day.isoformat(),
        "as_at": stamp(as_at),
        "position": found.position,
        "may_lack_restricted": found.may_lack,
        "sessions": [
            {
                "date": column.day.isoformat(),
                "session": column.session,
                "held": column.why_not_held is None,
                "why_not_held": None if column.why_not_held is None else str(column.why_not_held),
            }
            for column in found.columns
        ],
        "pupils": [
            _who(row, names)
            | {
                "starting_day": row.starting_day.isoformat(),
                "off_roll_from": None if row.off_roll_from is None else row.off_roll_from.isoformat(),
                "entries": [
                    {
                        "date": day.isoformat(),
                        "session": session,
                        "code": cell.code,
                        "code_sent": cell.code_sent,
                        "amended": cell.amended,
                        "withdrawn": cell.withdrawn,
                        "chain": [step.code for step in cell.chain],
                        "positions": [step.position for step in cell.chain],
                        "foreseen": cell.foreseen,
                        "minutes_late": cell.minutes_late,
                        "imported": cell.imported,
                        "left_out": row.left_out(columns[day, session]),
                        "learned": [
                            {
                                "code": entry.code,
                                "code_sent": entry.code_sent,
                                "held_from": stamp(entry.held_from),
                                "from_audit_log": entry.from_audit_log,
                                "imported": entry.imported,
                                "position": entry.position,
                            }
                            for entry in cell.learned
                        ],
                    }
                    for (day, session), cell in sorted(row.cells.items())
                ],
            }
            for row in rows
        ],
    }


CSV_COLUMNS = (
    "date",
    "session",
    "line",
    "pupil",
    "name",
    "class",
    "code",
    "code_sent",
    "entries",
    "foreseen",
    "imported",
    "left_out",
)


def as_rows(found: RegisterAt, rows: Sequence[Row], *, names: bool) -> list[dict[str, Any]]:
    """One row for each pupil and session with an entry, or with one foreseen; `left_out`: why it is in no figure."""
    columns = {(column.day, column.session): column for column in found.columns}
    return [
        _who(row, names)
        | {
            "date": day.isoformat(),
            "session": session,
            "code": cell.code,
            "code_sent": cell.code_sent,
            "entries": " > ".join("withdrawn" if code is None else code for code, _ in cell.codes),
            "foreseen": cell.foreseen,
            "imported": cell.imported,
            "left_out": row.left_out(columns[day, session]),
        }
        for row in rows
        for (day, session), cell in sorted(row.cells.items())
    ]


def _who(row: Row, names: bool) -> dict[str, Any]:
    return {
        "line": row.line.hex(),
        "pupil": row.pupil.hex() if names and row.pupil is not None else None,
        "name": row.name if names else None,
        "class": row.group,
    }
