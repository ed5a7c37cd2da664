"""The verbs that only read: register, history, totals, status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from console import counted, herringbone, projecting, say, telling
from console.absence import with_rate, year_text
from console.answering import NoCatchUp, Out, Shown, Wanted, WantedOption, as_data, asking, show, wanted_of
from console.home import Home
from console.options import (
    AsAt,
    AskedFor,
    Everyone,
    FormatOption,
    JsonFlag,
    NoNames,
    as_at_of,
    asked_for,
    date_of,
    format_of,
    home_of,
    the_place,
    the_pupil,
)
from console.problems import Misused, Refused
from console.say import Column, Format
from console.words import session_day, short, stamp, when, words
from domain.ledger.ledger import Ledger
from domain.moments import Meant, academic_year_label, from_days
from domain.place.place import Place
from projections import totals as published
from projections.asking import place_at
from projections.history import History, history
from projections.questions import week_counts, with_ids
from projections.register import RegisterAt, Row, class_labels, register
from projections.status import Import, Status, status
from projections.totals import Totals, totals


class By(StrEnum):
    """What a week is summed by."""

    SCHOOL = "school"
    CLASS = "class"
    YEAR_GROUP = "year-group"


def register_verb(
    context: typer.Context,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="A LAESTAB, a URN, or an id.")],
    week: Annotated[str, typer.Option("--week", metavar="DATE", help="Any day of the week that is wanted.")],
    as_at: AsAt = None,
    class_: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Only the pupils of this class.")
    ] = None,
    counts: Annotated[
        By | None, typer.Option("--counts", help="Instead of pupils: the week in numbers, by these.")
    ] = None,
    no_names: NoNames = False,
    for_: AskedFor = None,
    format_: WantedOption = Wanted.TABLE,
    json_: JsonFlag = False,
    out: Out = None,
) -> None:
    """Show a week of an attendance register as it stands, or as it stood: pupils down, sessions across."""
    chosen, day = wanted_of(format_, json_, out), date_of(week)
    if out is not None and chosen is Wanted.JSON:
        raise Misused("JSON of a register goes to stdout; into a file go CSV and parquet.")
    if counts is not None:
        if class_ is not None:
            raise Misused("--class shows the pupils of one class; --counts class has them all, in numbers.")
        _week_in_numbers(context, place, day - timedelta(day.weekday()), as_at, counts, chosen, out)
        return
    with home_of(context).reading() as ledger:
        moment = as_at_of(ledger, as_at)
        found = register_of(ledger, the_place(ledger, place), day, moment, asked_for(ledger, for_))
        rows = rows_of_class(found, class_)
        say.note_simulated(ledger.simulated, chosen is not Wanted.TABLE)
    names = not no_names
    if chosen is Wanted.JSON:
        say.as_json({"simulated": ledger.simulated} | herringbone.as_data(found, rows, moment, names=names))
    elif out is not None:
        listed = [
            [row[name] for name in herringbone.CSV_COLUMNS] for row in herringbone.as_rows(found, rows, names=names)
        ]
        columns = list(herringbone.CSV_COLUMNS)
        as_data(pl.DataFrame(listed, columns, orient="row", infer_schema_length=None), chosen, out)
    elif chosen is Wanted.CSV:
        say.as_csv(herringbone.CSV_COLUMNS, herringbone.as_rows(found, rows, names=names))
    else:
        show_register(found, rows, moment, names=names)


def _week_in_numbers(
    context: typer.Context, place: str, monday: date, as_at: Meant | None, by: By, chosen: Wanted, out: Path | None
) -> None:
    """A week summed by school, class or year group, from the answers."""
    data = chosen is not Wanted.TABLE
    with asking(home_of(context), as_at=as_at, place=place, data=data) as asked:
        found = week_counts(asked.reader, asked.about, monday, by.value)
        known = the_place(asked.ledger, place)
        described = place_at(asked.ledger, known, asked.position)
        parts = found["part"].to_list()
        if by is By.CLASS:
            labels = class_labels(asked.ledger, described, asked.position)
            ids = with_ids(asked.reader, found.select(pl.col("part").alias("class")))["class"].to_list()
            parts = ["no class" if one is None else labels.get(bytes.fromhex(one), one[:8]) for one in ids]
        elif by is By.YEAR_GROUP:
            parts = [year_text(one) or "not known" for one in parts]
        else:
            parts = [described.description.get("name") or place for _ in parts]
    found = with_rate(found.with_columns(pl.Series("part", parts, pl.String)), "present_perc", "present", "possible")
    title = f"{described.description.get('name') or place}, week of {session_day(monday, year=True)}{asked.as_at}"
    show(
        found,
        chosen,
        [
            Shown("part", by.value.replace("-", " ").capitalize(), keep=False),
            *(
                Shown(name, title, right=True)
                for name, title in (
                    ("pupils", "Pupils"),
                    ("possible", "Possible\nsessions"),
                    ("present", "Attended"),
                    ("present_perc", "%"),
                    ("late", "Late"),
                    ("authorised", "Authorised\nabsence"),
                    ("unauthorised", "Unauthorised\nabsence"),
                    ("unmarked", "Not\nmarked"),
                )
            ),
        ],
        out=out,
        title=title,
        none="No session of that week is marked.",
        as_is=True,
    )


def register_of(ledger: Ledger, place: bytes, day: date, moment: int | None, asks: bytes | None = None) -> RegisterAt:
    """The register of the week of a day. Refuses a place that was not known at that moment."""
    monday = day - timedelta(day.weekday())
    found = register(ledger, place, monday, monday + timedelta(6), moment, asks)
    if not found.place.version:
        raise Refused("At that moment the ledger did not know this place yet.")
    return found


MAY_LACK = (
    "Children whose whereabouts are restricted are not shown; the place itself asks with --for, which shows its own."
)
WITHHELD = (
    "Access to this child is restricted: nothing is shown but to the child's own place, which asks with --for PLACE."
)
WITHHELD_FROM_ALL = "Access to this child is sealed: no history is shown to anybody; the place's own register stands."


def rows_of_class(found: RegisterAt, label: str | None) -> list[Row]:
    """The rows of one class. Refuses one that nobody is in."""
    if label is None:
        return found.rows
    rows = [row for row in found.rows if row.group is not None and row.group.casefold() == label.casefold()]
    if not rows:
        classes = sorted({row.group for row in found.rows if row.group})
        raise Refused(f"Nobody was in class {label} in that week; there are: {', '.join(classes) or 'none'}.")
    return rows


def show_register(found: RegisterAt, rows: Sequence[Row], moment: int | None, *, names: bool) -> None:
    """Print the herringbone."""
    say.heading(herringbone.title(found, moment))
    if found.may_lack:
        say.line(MAY_LACK, "dim")
    if not rows:
        say.line("Nobody was on this register in that week, as the ledger then knew.")
        return
    herringbone.show(found, rows, names=names)
    herringbone.show_amendments(rows, names=names)


def history_verb(
    context: typer.Context,
    pupil: Annotated[str, typer.Argument(metavar="PUPIL", help="A UPN, or an id (its first 8 digits will do).")],
    as_at: AsAt = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only sessions with more than a first mark.")] = False,
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day of sessions shown.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day of sessions shown.")] = None,
    no_names: NoNames = False,
    for_: AskedFor = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Show everything recorded about a pupil, in the order of the ledger: what, when, by whom, and why."""
    chosen = format_of(format_, json_)
    first, last = (None if text is None else date_of(text) for text in (from_, to))
    with home_of(context).reading() as ledger:
        moment = as_at_of(ledger, as_at)
        found = history(ledger, the_pupil(ledger, pupil), moment, asked_for(ledger, for_))
        entries = telling.chosen(found, changed, first, last)
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    names = not no_names
    if chosen is Format.JSON:
        say.as_json({"simulated": ledger.simulated} | telling.as_data(found, entries, names=names))
    elif chosen is Format.CSV:
        say.as_csv(telling.CSV_COLUMNS, [telling.entry_data(entry, names=names) for entry in entries])
    else:
        say.heading(history_title(found, moment, names=names))
        if found.restricted is not None and not found.lines:
            say.line(WITHHELD if found.restricted != "sealed" else WITHHELD_FROM_ALL)
            return
        if not found.lines:
            say.line("At that moment no line of this pupil was known.")
            return
        telling.show(found, entries, names=names)


def history_title(found: History, moment: int | None, *, names: bool) -> str:
    """Whose history, and as at when."""
    withheld = found.restricted is not None and found.name is None
    who = found.name or "(name destroyed)" if names and not withheld else f"Pupil {short(found.pupil)}"
    return who if moment is None else f"{who}, as recorded by {when(moment)}"


def totals_verb(
    context: typer.Context,
    everyone: Everyone = False,
    as_at: AsAt = None,
    no_catch_up: NoCatchUp = False,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Count the sessions as the Department for Education publishes them, by academic year and phase.

    Of pupils aged 5 to 15 on 31 August, without boarders and guests, in sessions that were held; of 15-year-olds until
    the spring bank holiday; without enrolments that began from then on. With --everyone, of all on the roll.
    """
    chosen = format_of(format_, json_)
    data = chosen is not Format.TABLE
    with asking(home_of(context), as_at=as_at, no_catch_up=no_catch_up, data=data) as asked:
        found = totals(asked.reader, asked.ledger.founding.la_code, everyone=everyone)
    if data:
        counted.show(found.population, data=True)
    if chosen is Format.JSON:
        say.as_json(found.rows)
    elif chosen is Format.CSV:
        say.as_csv(published.COLUMNS, found.rows)
    else:
        show_totals(found, asked.moment)


_SHOWN = (
    ("possible_sessions", "Possible\nsessions"),
    ("overall_attendance", "Attended"),
    ("authorised_absence", "Authorised\nabsence"),
    ("unauthorised_absence", "Unauthorised\nabsence"),
    ("attendance_perc", "Attendance\n%"),
    ("overall_absence_perc", "Absence\n%"),
)


def show_totals(found: Totals, moment: int | None) -> None:
    """Print the totals, the headline columns only."""
    say.heading("Totals" + (" as the ledger stands now" if moment is None else f" as recorded by {when(moment)}"))
    if not found.rows:
        say.line("No session was recorded yet.")
        return
    counted.show(found.population)
    columns = [Column("Year"), Column("Phase", keep=False), *(Column(title, right=True) for _, title in _SHOWN)]
    say.table(
        columns,
        [
            [
                academic_year_label(int(str(row["time_period"]))),
                str(row["education_phase"]),
                *(_figure(row[name]) for name, _ in _SHOWN),
            ]
            for row in found.rows
        ],
    )
    if found.not_possible:
        n = say.counted(found.not_possible, "entry that is", "entries that are")
        say.line(f"Beside these stand {n} no possible session (such as D, X, Y4).", "dim")
    counted.show_left_out(found.population)


def _figure(value: str | int | None) -> str:
    return "" if value is None else say.number(value) if isinstance(value, int) else value


def status_verb(context: typer.Context, format_: FormatOption = Format.TABLE, json_: JsonFlag = False) -> None:
    """Show how the ledger stands: entries, places, sources, imports, streams, and what waits."""
    # The Kafka client comes with these, and no other reading wants it.
    from console import flowing
    from consumers.standing import published as published_by
    from consumers.standing import standings

    chosen = format_of(format_, json_)
    if chosen is Format.CSV:
        raise Misused("The status is no table; ask for it as a table or as JSON.")
    home = home_of(context)
    settings = home.settings
    with home.reading() as ledger:
        found = status(ledger)
        streams, sent = standings(ledger.store), published_by(ledger.store)
        answers = _answers(home)
        simulated = ledger.simulated
        say.note_simulated(simulated, chosen is not Format.TABLE)
    if chosen is Format.JSON:
        say.as_json(
            {"simulated": simulated, "profile": settings.profile}
            | _status_data(found)
            | {"answers": None if answers is None else {"position": answers.position, "outdated": answers.outdated}}
            | flowing.as_data(streams, sent)
        )
    else:
        _show_status(found, settings.profile, answers)
        flowing.show(streams, sent, found.entries)


_FINISHED = ("accepted", "foreseen", "duplicates", "nothing_said", "held")


def _status_data(found: Status) -> dict[str, Any]:
    return {
        "origin": found.founding.origin,
        "la_code": found.founding.la_code,
        "name": found.founding.name,
        "clock": found.founding.clock,
        "entries": found.entries,
        "streams": found.streams,
        "last_recorded_at": stamp(found.last_recorded_at),
        "held": len(found.held),
        "held_rows": sum(item.rows for item in found.held),
        "places": [
            {"id": place.id.hex()}
            | {k: place.description.get(k) for k in ("laestab", "urn", "name", "phase")}
            | {
                "closed_on": None if place.closed_on is None else from_days(place.closed_on).isoformat(),
                "succeeded_by": [other.hex() for other in place.succeeded_by],
            }
            for place in found.places
        ],
        "sources": [
            {
                "id": source.id.hex(),
                "topic": f"attendance.mis.{source.id.hex()}",
                "places": [place.hex() for place in source.places],
            }
            | {k: v for k, v in source.described.items() if k in ("system", "route", "delivery") or k[:8] == "carries_"}
            for source in found.sources
        ],
        "imports": [
            {
                "id": one.id.hex(),
                "file_sha256": one.file.hex(),
                "bytes": one.size,
                "started_at": stamp(one.started_at),
                "kind": one.kind,
                "covers_from": None if one.covers is None else one.covers[0].isoformat(),
                "covers_to": None if one.covers is None else one.covers[1].isoformat(),
                "finished": None if one.finished is None else {name: one.finished[name] for name in _FINISHED},
            }
            for one in found.imports
        ],
    }


_IMPORTS = {"container": "messages", "mis_history": "history", "audit_log": "audit log"}


def _what(one: Import) -> str:
    """What was imported: of a history, with the days that it covers."""
    named = _IMPORTS.get(one.kind, words(one.kind))
    if one.covers is None:
        return named
    return f"{named}, {one.covers[0].isoformat()} to {one.covers[1].isoformat()}"


def _ended(place: Place) -> str:
    """That it closed, or that another took over from it."""
    if place.closed_on is not None:
        return f" (closed on {session_day(from_days(place.closed_on), year=True)})"
    return " (taken over)" if place.succeeded_by else ""


def _answers(home: Home) -> projecting.Standing | None:
    """How far the answers are; None where there are none, or where none may be read from here."""
    try:
        answers = projecting.standing(home)
    except Refused:
        return None
    return answers if answers.position else None


def _show_status(found: Status, profile: str, answers: projecting.Standing | None) -> None:
    founding = found.founding
    say.heading(f"{founding.name} ({founding.la_code}): {founding.origin}")
    say.line(f"Profile {profile}, {founding.clock} clock")
    last = when(found.last_recorded_at) if found.entries else "none"
    say.line(f"{say.number(found.entries)} entries in {say.number(found.streams)} streams; last entry {last}")
    held = len(found.held)
    say.line(f"Held: {say.number(held)}" + (" (rollbook held list)" if held else ""))
    if answers is None:
        say.line("Answers: none yet (rollbook project)")
    else:
        known = f"Answers: up to position {say.number(answers.position)}"
        say.line(known + (", by definitions of another version (rollbook project)" if answers.outdated else ""))
    if found.places:
        say.line()
        named = {source.id: source.described["system"] for source in found.sources}
        spoken = {place: named[source.id] for source in found.sources for place in source.places}
        say.table(
            [Column("LAESTAB"), Column("URN"), Column("Place", keep=False), Column("Phase"), Column("Source")],
            [
                [
                    place.description.get("laestab") or short(place.id),
                    place.description.get("urn") or "",
                    (place.description.get("name") or "") + _ended(place),
                    words(place.description.get("phase")),
                    spoken.get(place.id, "none"),
                ]
                for place in found.places
            ],
        )
    if found.sources:
        say.line()
        say.table(
            [
                Column("Source"),
                Column("System"),
                Column("Delivery"),
                Column("Places", right=True),
                Column("Carries", keep=False),
            ],
            [
                [
                    source.id.hex(),
                    source.described["system"],
                    words(source.described["delivery"]),
                    str(len(source.places)),
                    ", ".join(words(k[8:]) for k, v in source.described.items() if k.startswith("carries_") and v),
                ]
                for source in found.sources
            ],
        )
    if found.imports:
        say.line()
        titles = ("Recorded", "Foreseen", "Duplicate", "Nothing said", "Held")
        say.table(
            [
                Column("Import of file (SHA-256)"),
                Column("What", keep=False),
                *(Column(title, right=True) for title in titles),
            ],
            [
                [
                    one.file.hex()[:16],
                    _what(one),
                    *(
                        ["not finished: import it again", "", "", "", ""]
                        if one.finished is None
                        else [say.number(one.finished[name]) for name in _FINISHED]
                    ),
                ]
                for one in found.imports
            ],
        )
