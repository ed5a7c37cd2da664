"""The verbs of `returns`: who must be returned to the authority and why; what was sent, closed and asked for.

A list is an answer, as at any moment. What is said here is recorded with what was sent, the position and the definition
by which it was computed. The ledger makes no return: it keeps that one was made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import polars as pl
import typer

from console import counted, say
from console.answering import (
    MAY_LACK,
    Asking,
    AuthorityOption,
    NoCatchUp,
    Out,
    PlaceOption,
    Shown,
    Wanted,
    WantedOption,
    as_data,
    asking,
    first_of,
    named,
    show,
    wanted_of,
)
from console.home import Home
from console.options import (
    AsAt,
    AskedFor,
    FormatOption,
    JsonFlag,
    NoNames,
    NowOption,
    asked_for,
    date_of,
    format_of,
    home_of,
    moment_of,
    now_of,
    past_of,
    the_one,
    the_place,
)
from console.problems import Misused, Refused
from console.say import Format
from console.words import session_day, short_text, words
from domain.ledger.bodies import open_state
from domain.ledger.commands import (
    AdoptDefinitions,
    AskForReturns,
    CloseAttendanceReturn,
    Command,
    Done,
    MakeReturns,
    OneReturn,
    carry_out,
)
from domain.ledger.commands.returns import MOST_CONTENT
from domain.ledger.ledger import Ledger
from domain.moments import Meant, days, local_date
from projections import returns as lists
from projections.asking import lines_called, persons_called, pupils_of
from projections.population import WORKING, population
from projections.questions import numbers_of
from projections.who import Restrictions


class Kind(StrEnum):
    """Which return of regulation 13."""

    NEW_PUPIL = "new-pupil"
    DELETION = "deletion"
    ATTENDANCE = "attendance"
    SICKNESS = "sickness"

    @property
    def stored(self) -> str:
        """As events and answers have it."""
        return self.value.replace("-", "_")


class Askable(StrEnum):
    """Which return an authority may ask for where it need not be made unasked."""

    NEW_PUPIL = "new-pupil"
    DELETION = "deletion"


class Channel(StrEnum):
    """By which way a return was made."""

    PORTAL = "portal"
    FILE = "file"
    EMAIL = "email"
    API = "api"
    PAPER = "paper"
    NOT_SAID = "not_said"


TITLES: Final = {
    Kind.NEW_PUPIL: "New pupil returns: regulation 13(1)-(3), five days after the day of entry",
    Kind.DELETION: "Deletion returns: regulation 13(4)-(6), when the name is deleted",
    Kind.ATTENDANCE: "Attendance returns: regulation 13(7)-(8), p7a any unauthorised absence, p7b ten school days",
    Kind.SICKNESS: "Sickness returns: regulation 13(9)-(11), on a belief; counts only prompt",
}


# --- the lists


def list_verb(which: str) -> Callable[..., None]:
    """The verb that lists the returns of one kind, by the word of a `Kind`."""
    kind = Kind(which)

    def verb(
        context: typer.Context,
        place: PlaceOption = None,
        authority: AuthorityOption = None,
        still_open: Annotated[
            bool, typer.Option("--open", help="Only what must be made and was not, and prompts without a belief.")
        ] = False,
        everything: Annotated[
            bool, typer.Option("--everything", help="Also what needs no return, with the exception that says why.")
        ] = False,
        as_at: AsAt = None,
        for_: AskedFor = None,
        no_names: NoNames = False,
        no_catch_up: NoCatchUp = False,
        format_: WantedOption = Wanted.TABLE,
        json_: JsonFlag = False,
        out: Out = None,
    ) -> None:
        chosen = wanted_of(format_, json_, out)
        if still_open and everything:
            raise Misused("--open and --everything are two lists; ask for one.")
        with asking(
            home_of(context),
            as_at=as_at,
            place=place,
            authority=authority,
            for_=for_,
            no_catch_up=no_catch_up,
            data=chosen is not Wanted.TABLE,
        ) as asked:
            found = lists.returns(asked.reader, asked.about, kind.stored, everything=everything, still_open=still_open)
            if chosen is Wanted.TABLE:
                show_returns(asked, kind, found, names=not no_names)
            else:
                if kind in (Kind.ATTENDANCE, Kind.SICKNESS) and (told := _without_calendar(asked, kind)):
                    say.remark(told)
                as_data(named(asked, found, names=not no_names), chosen, out)

    verb.__doc__ = f"""{TITLES[kind]}.

    Who, why, when due, whether it was made, and whether entries amended since have overtaken what was told.
    """
    return verb


def show_returns(
    asked: Asking, kind: Kind, found: pl.DataFrame, *, names: bool = True, most: int | None = None
) -> None:
    """Print the list, or the first of it, as a person reads it."""
    if asked.may_lack:
        say.line(MAY_LACK, "dim")
    first_rows, more = first_of(found, most)
    shown = _for_people(named(asked, first_rows, names=names), kind, names=names)
    columns = [*([Shown("name", "Name", keep=False)] if names else []), *_COLUMNS]
    show(shown, Wanted.TABLE, columns, title=f"{TITLES[kind]}{asked.as_at}", none="Nothing.", as_is=True, more=more)
    if len(found):
        first = "" if most is None or len(found) <= most else f"The first {most} of "
        say.line(
            f"{first}{say.counted(len(found), 'row', 'rows')}, {int(found['overdue'].sum())} overdue. One that was made"
            f" is recorded by: rollbook returns made {kind.value} PLACE/LINE",
            "dim",
        )
    if kind in (Kind.ATTENDANCE, Kind.SICKNESS):
        if told := _without_calendar(asked, kind):
            say.line(told)
        counted.show_left_out(population(asked.reader, asked.about, WORKING))


def _without_calendar(asked: Asking, kind: Kind) -> str:
    """That no calendar was told of days with such entries, so that no run, threshold or deadline is counted there."""
    entries, places = lists.without_calendar(asked.reader, asked.about, kind.stored)
    if not entries:
        return ""
    return (
        f"No calendar told: {say.counted(entries, 'entry', 'entries')} of {say.counted(places, 'place', 'places')}"
        " stand for days of which no calendar was told; no run, threshold or deadline is counted by them until the"
        " school's MIS sends its terms (CalendarStated)."
    )


_COLUMNS: Final = (
    Shown("line_short", "Line"),
    Shown("school", "School", keep=False),
    Shown("why", "Why", keep=False),
    Shown("due", "Due"),
    Shown("state", "Made", keep=False),
)


def _for_people(frame: pl.DataFrame, kind: Kind, *, names: bool) -> pl.DataFrame:
    """The list as a person reads it."""
    rows = []
    for row in frame.iter_rows(named=True):
        due = "" if row["due_on"] is None else session_day(row["due_on"], year=True)
        rows.append(
            {
                "name": (row.get("name") or "(name destroyed)") if names else "",
                "line_short": short_text(row["line"]),
                "school": row["school_name"] or row["laestab"] or short_text(row["place"]),
                "why": _why(row, kind),
                "due": f"{due}{', overdue' if row['overdue'] else ''}",
                "state": _state(row),
            }
        )
    columns = ("name", "line_short", "school", "why", "due", "state")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _why(row: dict[str, Any], kind: Kind) -> str:
    told: list[str] = []
    match kind:
        case Kind.NEW_PUPIL:
            told = [f"entered {session_day(row['entry_day'], year=True)} ({words(row['entry_day_by'])})"]
        case Kind.DELETION:
            day = row["deletion_day"]
            told = ["no deletion stands" if day is None else f"deleted {session_day(day, year=True)}"]
            told += [_ground(row["ground"])] if day is not None else []
        case Kind.ATTENDANCE:
            told = [_absence(row)]
            if row["period_to"] is not None:
                told.append(f"return to {session_day(row['period_to'], year=True)}")
        case Kind.SICKNESS:
            told = [
                f"{row['limb'].replace('p9_', '')}: {row['sessions']} I sessions, {row['school_days']} days",
                f"{row['run_days']} in a row from {session_day(row['run_from'])}",
            ]
            told.append("prompt: nobody has said a belief" if row["belief_on"] is None else "believed")
    if row.get("exception") not in (None, "none"):
        told.append(words(row["exception"]))
    if row.get("csa") == "unknown" and row["needed"]:
        told.append("age not known")
    if row["weaker"]:
        told.append("a setting is weaker than the rule")
    return "; ".join(told)


def _absence(row: dict[str, Any]) -> str:
    since = f"from {session_day(row['run_from'], year=True)}"
    if not row["school_days"]:
        return f"{row['limb']}: nothing stands {since}"
    if row["limb"] == "p7a":
        counts = f"{say.counted(row['sessions'], 'session', 'sessions')} unauthorised on {row['school_days']} days"
        return f"p7a: {counts} {since}"
    return f"{row['limb']}: {row['school_days']} school days {since}"


def _ground(ground: str | None) -> str:
    """`r9_1f` as 9(1)(f)."""
    if ground is None or not ground.startswith("r9_"):
        return "ground not said" if ground in (None, "not_said") else f"ground {words(ground)}"
    return f"ground 9({ground[3]})({ground[4:]})"


def _state(row: dict[str, Any]) -> str:
    if row["made_position"] is None:
        return "no" if row["needed"] else ""
    made = f"{session_day(row['made_on'], year=True)}, at {say.number(row['made_position'])}"
    return f"{made}{', superseded' if row['superseded'] else ''}"


def periods_verb(
    context: typer.Context,
    place: PlaceOption = None,
    authority: AuthorityOption = None,
    as_at: AsAt = None,
    no_catch_up: NoCatchUp = False,
    format_: WantedOption = Wanted.TABLE,
    json_: JsonFlag = False,
    out: Out = None,
) -> None:
    """The attendance returns of each school, period by period: when due, closed or not, by how many pupils.

    By the interval agreed with the school, else the authority's setting, else each calendar month.
    """
    chosen = wanted_of(format_, json_, out)
    with asking(
        home_of(context),
        as_at=as_at,
        place=place,
        authority=authority,
        no_catch_up=no_catch_up,
        data=chosen is not Wanted.TABLE,
    ) as asked:
        found = named(asked, lists.periods(asked.reader, asked.about), names=False)
        shown = _periods_for_people(found) if chosen is Wanted.TABLE else found
        columns = [Shown(name, name.capitalize(), keep=False) for name in ("school", "period", "by", "due", "closed")]
        show(shown, chosen, columns, out=out, title=f"Attendance returns by period{asked.as_at}", as_is=True)


def _periods_for_people(frame: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for row in frame.iter_rows(named=True):
        by = words(row["basis"]) if row["interval_days"] is None else f"{row['interval_days']} days"
        closed = "no"
        if row["closed_position"] is not None:
            pupils = "nil" if row["nil"] else say.counted(row["pupils"], "pupil", "pupils")
            closed = f"{session_day(row['closed_on'], year=True)}, {pupils}"
        rows.append(
            {
                "school": row["school_name"] or row["laestab"] or short_text(row["place"]),
                "period": f"{session_day(row['from_date'])} to {session_day(row['to_date'], year=True)}",
                "by": f"{by}{', less often than monthly' if row['weaker'] else ''}",
                "due": f"{session_day(row['due_on'], year=True)}{', overdue' if row['overdue'] else ''}",
                "closed": closed,
            }
        )
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("school", "period", "by", "due", "closed"), pl.String), orient="row"
    )


# --- what was made


class _Plan(NamedTuple):
    """What is to be recorded, computed before."""

    place: bytes
    returns: tuple[OneReturn, ...]
    computed_at: int
    definition: bytes
    definitions: tuple[tuple[str, bytes], ...]
    missing: int
    """Returns that lack something which the regulation wants in them."""
    uncalled: int
    """Returns that nothing in the list calls for."""


def made_verb(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="Which return.")],
    which: Annotated[list[str] | None, typer.Argument(metavar="PLACE/LINE...", help="Of whom it was made.")] = None,
    listed: Annotated[
        str | None,
        typer.Option("--listed", metavar="PLACE", help="Of all whom the list says and who are not in one yet."),
    ] = None,
    on: Annotated[
        Meant | None,
        typer.Option(
            "--on", metavar="MOMENT", parser=moment_of, help="When it was made, London time: 2025-10-31 16:00."
        ),
    ] = None,
    made_by: Annotated[
        str | None, typer.Option("--made-by", metavar="PERSON", help="Who made it, as record name-person shows.")
    ] = None,
    channel: Annotated[Channel, typer.Option("--channel", help="By which way.")] = Channel.NOT_SAID,
    receipt: Annotated[
        str | None, typer.Option("--receipt", metavar="TEXT", help="The authority's receipt: a number, never a name.")
    ] = None,
    content: Annotated[
        Path | None,
        typer.Option(
            "--content",
            metavar="FILE",
            help="What was sent, byte for byte; else what regulation 13 asks, composed here.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    now: NowOption = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Record that a return was made: what was sent (sealed), its SHA-256, the position and definition behind it.

    Without --content it is composed from the admission register, as regulation 13 asks; `returns show` prints it.
    """
    chosen = _no_csv(format_, json_)
    home = home_of(context)
    if bool(which) == (listed is not None):
        raise Misused("Say of whom: PLACE/LINE, or --listed PLACE for all whom the list says.")
    if content is not None and len(which or ()) != 1:
        raise Misused("One file is what was sent of one pupil: name one PLACE/LINE with --content.")
    sent = None if content is None else _read(content)
    places = {text.partition("/")[0] for text in which or ()} or {listed or ""}
    if len(places) != 1:
        raise Misused("One school makes one return: name lines of one place.")
    (place,) = places
    plan = _planned(home, kind, place, which, sent, as_json=chosen is Format.JSON)
    if not plan.returns:
        _nothing(chosen)
        return
    with home.writing() as ledger:
        command = MakeReturns.model_validate(
            {
                "place": plan.place,
                "kind": kind.stored,
                "returns": plan.returns,
                "made_on": None if on is None else past_of(ledger, on, now_of(ledger, now)),
                "made_by": None if made_by is None else _person(ledger, made_by),
                "channel": channel.value,
                "computed_at": plan.computed_at,
                "definition": plan.definition,
                "receipt": receipt,
            }
        )
        done = _record(ledger, command, plan.definitions, now)
    if plan.uncalled:
        count = say.counted(plan.uncalled, "return is", "returns are")
        say.remark(f"{count} called for by nothing in the list; recorded all the same.")
    if plan.missing:
        count = say.counted(plan.missing, "return lacks", "returns lack")
        say.remark(f"{count} something that regulation 13 asks: a name, an address, a parent; the register has none.")
    _told(done, chosen, {"kind": kind.stored, "returns": len(plan.returns), "computed_at": plan.computed_at})


_WHY: Final = ("limb", "run_from", "run_to", "ground", "due_on")
"""What a content says of its cause."""


def _planned(
    home: Home, kind: Kind, place: str, which: Sequence[str] | None, sent: bytes | None, *, as_json: bool
) -> _Plan:
    """What was returned, from the list as it stands now."""
    from projections.return_content import Composed, compose

    with asking(home, place=place, for_=place, data=as_json) as asked:
        place_id = the_place(asked.ledger, place)
        answer = f"return_{kind.stored}"
        rows = lists.returns(asked.reader, asked.about, kind.stored, everything=True, still_open=False)
        rows = named(asked, rows, names=False)
        wanted = _wanted(asked, rows, which)
        built = asked.reader.state().built
        today = _today(asked)
        found: list[OneReturn] = []
        composed: dict[bytes, Composed] = {}
        uncalled = 0
        for line, row in wanted:
            uncalled += row is None or not row["needed"]
            why: dict[str, Any] = {name: row[name] for name in _WHY if name in row} if row else {}
            if sent is not None:
                composed[line] = Composed(sent, {}, ())
            elif line not in composed:
                reference = os.urandom(16).hex()
                composed[line] = compose(
                    asked.ledger, place_id, line, kind.stored, asked.position, today, reference, why
                )
            found.append(_one(line, row, kind, composed[line], sent is None))
        missing = sum(1 for one in composed.values() if one.missing)
        return _Plan(
            place_id,
            tuple(found),
            asked.position,
            bytes.fromhex(built[answer].lineage),
            tuple(one for one in lists.not_adopted(asked.ledger, built) if one[0] == answer),
            missing,
            uncalled,
        )


def _wanted(
    asked: Asking, rows: pl.DataFrame, which: Sequence[str] | None
) -> list[tuple[bytes, dict[str, Any] | None]]:
    """The lines that were meant, each with what the list says of it: all that is still to be made, else the last."""
    told: dict[bytes, list[dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        told.setdefault(bytes.fromhex(row["line"]), []).append(row)
    wanted: list[tuple[bytes, dict[str, Any] | None]] = []
    if which is None:
        for line, of in told.items():
            wanted += [(line, row) for row in of if row["needed"] and row["made_position"] is None]
        return wanted
    for text in which:
        _, is_one, digits = text.partition("/")
        if not is_one:
            raise Misused(f"Write PLACE/LINE, such as 8052001/3fa9c2d1; {text!r} names no line.")
        hint = "the list shows the lines"
        line = the_one("line", digits, lines_called(asked.ledger, digits), hint)
        if not numbers_of(asked.reader, "line", [line]):
            raise Refused("The answers do not know this line yet; run rollbook project.")
        of = told.get(line, [])
        still = [row for row in of if row["needed"] and row["made_position"] is None]
        wanted += [(line, row) for row in still] or [(line, of[-1] if of else None)]
    return wanted


def _one(line: bytes, row: dict[str, Any] | None, kind: Kind, composed: Any, is_json: bool) -> OneReturn:
    said = row or {}
    run_days = said.get("school_days")
    if kind is Kind.SICKNESS and said.get("limb") == "p9_consecutive":
        run_days = said.get("run_days")
    return OneReturn(
        line=line,
        limb=said.get("limb") or "none",
        run_from=said.get("run_from"),
        run_days=run_days,
        ground=said.get("ground"),
        content=composed.content,
        media_type="application/json" if is_json else "application/octet-stream",
        **composed.flags,
    )


def _read(file: Path) -> bytes:
    found = file.read_bytes()
    if not found or len(found) > MOST_CONTENT:
        raise Refused(
            f"{file} has {say.number(len(found))} bytes; what was sent is kept from 1 to {say.number(MOST_CONTENT)}"
            " bytes: give its text."
        )
    return found


def _today(asked: Asking) -> date:
    return local_date(asked.ledger.now())


def _person(ledger: Ledger, text: str) -> bytes:
    return the_one("person", text, persons_called(ledger, text), "name them first, with rollbook record name-person")


def show_verb(
    context: typer.Context,
    position: Annotated[int, typer.Argument(min=1, metavar="POSITION", help="Where the ledger has the return.")],
    for_: AskedFor = None,
) -> None:
    """Print what was sent with a return, byte for byte, as the ledger kept it."""
    with home_of(context).reading() as ledger:
        row = next(iter(ledger.store.read_positions(position, position)), None)
        if row is None or row.topic != "ReturnMade":
            raise Refused(f"At position {say.number(position)} there is no return; the lists show where each stands.")
        fields, text = open_state(row.state, ledger.keys)
        if not text or text.get("content") is None:
            raise Refused("The key that sealed this return is destroyed or not at hand; its SHA-256 stands.")
        restricted = Restrictions(ledger).level(pupils_of(ledger, [fields["line"]]).get(fields["line"]))
        if restricted == "sealed" or (restricted and asked_for(ledger, for_) != fields["place"]):
            raise Refused("The whereabouts of this child are restricted; the child's own place asks with --for.")
        say.note_simulated(ledger.simulated, True)
        typer.get_binary_stream("stdout").write(text["content"])


# --- closed, asked for


def close_verb(
    context: typer.Context,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="Whose attendance return.")],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day (default: of the first period not closed).")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day that it covers (default: of that period).")
    ] = None,
    receipt: Annotated[
        str | None, typer.Option("--receipt", metavar="TEXT", help="The authority's receipt: a number, never a name.")
    ] = None,
    now: NowOption = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Close a school's attendance return for a period, also when nobody is in it.

    It counts the pupils returned since the one before; the next period begins the day after.
    """
    chosen = _no_csv(format_, json_)
    home = home_of(context)
    with asking(home, place=place, for_=place, data=chosen is Format.JSON) as asked:
        place_id = the_place(asked.ledger, place)
        first, last = _period(asked, from_, to)
        rows = lists.returns(asked.reader, asked.about, Kind.ATTENDANCE.stored, everything=False, still_open=True)
        left = rows.filter(pl.col("run_from") <= last)["line"].n_unique()
        today = asked.reader.ask("select today from asked")["today"][0]
        pupils = lists.returned_since(asked.ledger, place_id, days(first))
        built = asked.reader.state().built
        command = CloseAttendanceReturn(
            place=place_id,
            from_day=first,
            to=last,
            pupils=pupils,
            computed_at=asked.position,
            definition=bytes.fromhex(built["return_attendance"].lineage),
            receipt=receipt,
        )
        definitions = tuple(
            one for one in lists.not_adopted(asked.ledger, built) if one[0] in ("return_attendance", "return_period")
        )
    with home.writing() as ledger:
        done = _record(ledger, command, definitions, now)
    if left:
        count = say.counted(left, "pupil is", "pupils are")
        say.remark(f"{count} listed for this return and not in one: rollbook returns attendance --open.")
    if last > today:
        say.remark(
            f"The period ends on {session_day(last, year=True)}: whoever is absent until then is in a return that is"
            " closed already."
        )
    said = {"from": first.isoformat(), "to": last.isoformat(), "pupils": pupils, "nil": pupils == 0}
    _told(
        done,
        chosen,
        said,
        f"{_period_text(first, last)}: {'nil' if not pupils else say.counted(pupils, 'pupil', 'pupils')}.",
    )


def _period(asked: Asking, from_: str | None, to: str | None) -> tuple[date, date]:
    """The period meant: what was not said is that of the first period that is not closed."""
    if from_ is not None and to is not None:
        return date_of(from_), date_of(to)
    still = lists.periods(asked.reader, asked.about).filter(pl.col("closed_position").is_null())
    if not len(still):
        raise Refused("No period of this school's attendance return is open; say one with --from and --to.")
    first, last = still.select("from_date", "to_date").row(0)
    return date_of(from_) if from_ else first, date_of(to) if to else last


def _period_text(first: date, last: date) -> str:
    return f"{session_day(first)} to {session_day(last, year=True)}"


def asked_verb(
    context: typer.Context,
    kind: Annotated[Askable, typer.Argument(help="Which return.")],
    place: Annotated[str, typer.Argument(metavar="PLACE", help="Of which school.")],
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="When it was asked (default: today).")] = None,
    now: NowOption = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Record that the authority asks for returns that need not be made unasked: junior class, most senior class."""
    chosen = _no_csv(format_, json_)
    with home_of(context).writing() as ledger:
        day = date_of(on) if on else local_date(now_of(ledger, now))
        stored = kind.value.replace("-", "_")
        command = AskForReturns.model_validate({"place": the_place(ledger, place), "kind": stored, "asked_on": day})
        done = _record(ledger, command, (), now)
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    _told(done, chosen, {"kind": command.kind, "asked_on": day.isoformat()})


# --- said


def _record(ledger: Ledger, command: Command, definitions: tuple[tuple[str, bytes], ...], now: Meant | None) -> Done:
    """Record, with the definitions behind it first, where the ledger does not have them yet."""
    moment = now_of(ledger, now)
    if definitions:
        carry_out(ledger, AdoptDefinitions(definitions=definitions), moment)
    done = carry_out(ledger, command, moment)
    if not isinstance(done, Done):
        raise Refused(done.sentence)
    return done


def _told(done: Done, chosen: Format, said: dict[str, Any], sentence: str = "") -> None:
    new = done.last >= done.first
    if chosen is Format.JSON:
        say.as_json(
            {**said, "first_position": done.first if new else None, "last_position": done.last if new else None}
        )
        return
    if not new:
        say.line("That was on record already; nothing was added.")
    elif done.first == done.last:
        say.line(f"Recorded at position {say.number(done.last)}.{' ' + sentence if sentence else ''}")
    else:
        say.line(f"Recorded at positions {say.number(done.first)} to {say.number(done.last)}.")


def _nothing(chosen: Format) -> None:
    if chosen is Format.JSON:
        say.as_json({"returns": 0, "first_position": None, "last_position": None})
    else:
        say.line("Nobody is listed who is not in a return already; nothing was recorded.")


def _no_csv(format_: Format, json_: bool) -> Format:
    chosen = format_of(format_, json_)
    if chosen is Format.CSV:
        raise Misused("What was recorded is no table; ask for it as JSON.")
    return chosen
