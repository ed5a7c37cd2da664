"""The story of the ledger, from nothing, in under two minutes: told for a head teacher, on made-up children."""

from __future__ import annotations

import os
import sqlite3
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import typer

from console import herringbone, say, telling
from console.absence import Level, Which, cohort_of, show_cohort, show_cohort_totals
from console.answering import opened
from console.holding import show_held
from console.home import Home
from console.options import home_of
from console.problems import Refused
from console.projecting import Caught, catch_up
from console.reading import history_title, show_totals
from console.returning import Kind, show_returns
from console.taking import imported_sentences, progress, recorded_sentence, sum_sentence, take_in
from console.words import session_day, short
from domain.ledger.held import waiting
from domain.ledger.ledger import Ledger
from domain.moments import from_local
from projections.asking import places_called
from projections.history import history
from projections.register import RegisterAt, Row, register
from projections.returns import returns
from projections.totals import totals
from simulation import Planted, Summary, simulate_year

PLACES, PUPILS, WEEKS, SEED = 4, 900, 7, 805
AUTHORITY, NAME = "805", "Hartlepool (made up)"
FILE = "authority.avro"
EVENING = 18 * 60
"""Of the Friday as at which the week is shown again, in minutes of the day."""
RESOLVED = "n_resolved_days"
"""What is planted for the story: absences that nobody had explained, and whose reason came some days later."""
WIDTH = 98
YEAR = 202526
SHOWN = 5
"""Rows of a long list."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The week that the story is about."""

    laestab: str
    first_day: date
    evening: int
    """The Friday evening, as an instant."""
    now: RegisterAt
    then: RegisterAt
    label: str
    """Of the class."""
    pupil: Row
    """Whose N became an I after that evening."""
    day: date
    session: str


def demo_verb(context: typer.Context) -> None:
    """Make a small made-up authority and tell what the ledger does with its registers.

    An earlier demo in the same home is replaced; anything else there is left alone, and the demo refuses.
    """
    started = time.monotonic()
    home = home_of(context)
    home.remove_demo()
    home.make(la_code=AUTHORITY, name=NAME, clock="simulated", demo=True)
    file = home.path / FILE
    _para(
        f"Rollbook keeps a school's attendance registers so that nothing recorded is ever lost or altered. This is a "
        f"made-up authority with {PLACES} schools and {PUPILS} pupils, and its first {WEEKS} weeks of the autumn term. "
        "Every child and every teacher in it is invented."
    )
    with progress("Playing the autumn term", "marks") as tell:
        made = simulate_year(
            file, places=PLACES, pupils=PUPILS, weeks=WEEKS, seed=SEED, authority=AUTHORITY, progress=tell
        )
    with home.writing() as ledger:
        say.note_simulated(ledger.simulated, False)
        _sent(ledger, file, made)
        scene = _scene(ledger, made)
        _week(scene, home)
        _earlier(scene, home)
        _one_pupil(ledger, scene, home)
        _held(ledger, home)
        _again(ledger, file, home)
        _tampering(home, scene)
        caught = catch_up(home, ledger)
        _figures(ledger, home, caught)
        _cohort(ledger, home, scene)
        _cohort_then(ledger, home, scene)
        _returns(ledger, home, scene)
    _next(home, scene)
    _para(f"All this took {time.monotonic() - started:.0f} seconds, from nothing.")


# --- the chapters


def _sent(ledger: Ledger, file: Path, made: Summary) -> None:
    _chapter(1, "What was sent, and what became of it")
    result = take_in(ledger, file)
    counts = result.counts
    _para(
        f"The schools' systems sent {say.number(made.deliveries)} messages. Every row in them ended as exactly one "
        "thing, and the sum says so:"
    )
    say.line(f"  {sum_sentence(counts)}")
    say.line(f"  {recorded_sentence(counts)}")
    _para(
        "An amendment does not replace a mark: both stay. Foreseen is what was told beforehand, such as a holiday "
        "agreed: it is no entry until a register says so. Nothing is refused for being late or unlawful."
    )


def _week(scene: Scene, home: Home) -> None:
    _chapter(2, "One class's week, as the register stands now")
    _command(home, f"register {scene.laestab} --week {scene.first_day} --class {scene.label}")
    rows = _class_rows(scene.now, scene.label)
    say.heading(herringbone.title(scene.now, None))
    herringbone.show(scene.now, rows, names=True)


def _earlier(scene: Scene, home: Home) -> None:
    friday = session_day(scene.first_day + timedelta(4))
    _chapter(3, f"The same week, as the ledger had it on {friday} at 18:00")
    _command(
        home,
        f"register {scene.laestab} --week {scene.first_day} --class {scene.label} "
        f"--as-at '{scene.first_day + timedelta(4)} 18:00'",
    )
    now = {row.line: row for row in _class_rows(scene.now, scene.label)}
    differ = [row for row in _class_rows(scene.then, scene.label) if row.cells != now[row.line].cells]
    herringbone.show(scene.then, differ, names=True)
    absent = session_day(scene.day)
    _para(
        f"Only the rows that have changed since are shown. {scene.pupil.name} was N on {absent}: absent, and nobody "
        "knew why. Now it is I, illness. What the register said on Friday can still be shown on any later day, and "
        "comes out the same each time."
    )


def _one_pupil(ledger: Ledger, scene: Scene, home: Home) -> None:
    assert scene.pupil.pupil is not None, "the demo destroys no identity"
    _chapter(4, "Who changed it, when, and why")
    _command(home, f"history {short(scene.pupil.pupil)} --changed")
    found = history(ledger, scene.pupil.pupil)
    say.heading(history_title(found, None, names=True))
    telling.show(found, telling.chosen(found, True, None, None), names=True)
    _para(
        "Regulation 6 asks for the original entry, the amended entry, the reason, the date and the person. Names and "
        "reasons lie encrypted in the ledger; they open here because this folder holds the keys."
    )


def _held(ledger: Ledger, home: Home) -> None:
    _chapter(5, "What could not be taken is kept, and says why")
    _command(home, "held list")
    show_held(ledger, waiting(ledger.store, ledger.keys))
    _para("One bad row holds back itself, not its class. Each can be tried again, or dismissed with a reason.")


def _again(ledger: Ledger, file: Path, home: Home) -> None:
    _chapter(6, "Sending everything a second time changes nothing")
    before = ledger.store.head()[0]
    _command(home, f"import {file}")
    say.line("  " + imported_sentences(take_in(ledger, file))[0])
    after = ledger.store.head()[0]
    if after != before:
        raise Refused(f"The second import wrote {after - before} entries, and should have written none.")
    say.line(f"  entries before and after: {say.number(before)}")


def _tampering(home: Home, scene: Scene) -> None:
    _chapter(7, "Someone opens the database and tries to make the N disappear")
    position = scene.pupil.cells[(scene.day, scene.session)].chain[0].position
    connection = sqlite3.connect(home.ledger_file)
    try:
        for statement in (
            f"UPDATE stored_events SET state = x'00' WHERE position = {position}",  # noqa: S608 - a number of ours
            f"DELETE FROM stored_events WHERE position = {position}",  # noqa: S608 - a number of ours
        ):
            say.line(f"  sqlite> {statement};")
            say.line(f"  {_try(connection, statement)}")
    finally:
        connection.close()
    _para(
        "The file guards itself against every program that opens it. Against someone who removes the guards first, "
        "they are not enough: that takes signed checkpoints in the hands of others, which this demo does not show yet."
    )


def _try(connection: sqlite3.Connection, statement: str) -> str:
    """What the database answers to a forgery. It must refuse."""
    try:
        connection.execute(statement)
    except sqlite3.IntegrityError as error:
        return str(error)
    connection.rollback()
    raise Refused("The database let an entry be changed: these are not the guards of a ledger.")


def _figures(ledger: Ledger, home: Home, caught: Caught) -> None:
    _chapter(8, "The figures, counted as the Department for Education publishes them")
    _para(
        f"All that follows is worked out from the entries, in SQL that anybody can read: {len(caught.done.rebuilt)} "
        f"answers, made from {say.number(caught.entries)} entries in {caught.seconds:.1f} seconds."
    )
    _command(home, "totals")
    with opened(home, ledger) as asked:
        show_totals(totals(asked.reader, ledger.founding.la_code), None)


def _cohort(ledger: Ledger, home: Home, scene: Scene) -> None:
    _chapter(9, "Who is persistently absent, how far from the line, and since when")
    _command(home, f"cohort persistent --place {scene.laestab}")
    with opened(home, ledger, place=scene.now.place.id) as asked:
        show_cohort(asked, Which.PERSISTENT, YEAR, cohort_of(asked, Which.PERSISTENT, YEAR), most=SHOWN)
    _para(
        "Persistent is ten per cent or more of a pupil's own possible sessions, in whole sessions, never rounded. The "
        "last column says how many sessions attended, one after another, would end it."
    )


def _cohort_then(ledger: Ledger, home: Home, scene: Scene) -> None:
    friday = scene.first_day + timedelta(4)
    _chapter(10, f"The same question, as at {session_day(friday)} at 18:00")
    _command(home, f"cohort persistent --place {scene.laestab} --totals school --as-at '{friday} 18:00'")
    with opened(home, ledger, scene.evening, place=scene.now.place.id) as asked:
        show_cohort_totals(asked, Level.SCHOOL, YEAR)
    _para(
        "That is what anybody could know on that evening: every N that was later explained is still an N. Whoever took "
        "a decision then can show, years later, what it rested on; asked again, it comes out the same."
    )


def _returns(ledger: Ledger, home: Home, scene: Scene) -> None:
    _chapter(11, "Whose absence the school must return to the authority, and by when")
    _command(home, f"returns attendance --place {scene.laestab} --open")
    with opened(home, ledger, place=scene.now.place.id) as asked:
        wanted = returns(asked.reader, asked.about, Kind.ATTENDANCE.stored, everything=False, still_open=True)
        show_returns(asked, Kind.ATTENDANCE, wanted, most=SHOWN)
    _para("The ledger makes no return: it says who is to be in one, and keeps that it was made, with what it said.")


def _next(home: Home, scene: Scene) -> None:
    _chapter(12, "What to try next")
    pupil = short(scene.pupil.pupil)
    first = scene.first_day
    for command, what in (
        ("status", "what this ledger holds"),
        (f"register {scene.laestab} --week {first + timedelta(7)}", "the whole school, a week later"),
        (f"history {pupil} --as-at '{first + timedelta(4)} 18:00'", "one pupil, as at that Friday"),
        ("totals --as-at 2025-09-30 --json", "for a spreadsheet or a script"),
        ("labels", "what is odd about the registers, and by which rule"),
        ("cohort severe --near 3", "who is within three sessions of severe absence"),
        ('sql "select code, count(*) as entries from register group by code order by code"', "a question of your own"),
        ("--help", "everything else"),
    ):
        say.line(f"  {_called(home)} {command}")
        say.line(f"      {what}", "dim")


# --- the scene


def _scene(ledger: Ledger, made: Summary) -> Scene:
    """An absence whose reason came after the Friday of its week, from a school whose system can say why and who."""
    for planted in made.planted:
        if planted.kind == RESOLVED and planted.date is not None and planted.session is not None:
            scene = _try_scene(ledger, planted, date.fromisoformat(planted.date), planted.session)
            if scene is not None:
                return scene
    raise Refused("The made-up authority has no absence explained after its week: a fault of the demo.")


def _try_scene(ledger: Ledger, planted: Planted, day: date, session: str) -> Scene | None:
    first = day - timedelta(day.weekday())
    evening = from_local(first + timedelta(4), EVENING)
    place = places_called(ledger, planted.place)[0]
    last = first + timedelta(6)
    now, then = register(ledger, place, first, last), register(ledger, place, first, last, evening)
    before = {row.line: row for row in then.rows}
    for row in now.rows:
        cell, earlier = row.cells.get((day, session)), before.get(row.line)
        if cell is None or earlier is None or row.group is None or row.pupil is None:
            continue
        was = earlier.cells.get((day, session))
        if was is None or (was.code, cell.code) != ("N", "I"):
            continue
        said = [entry for entry in history(ledger, row.pupil).entries if entry.day == day and entry.reason]
        if said and all(entry.by_name for entry in said):
            return Scene(planted.place, first, evening, now, then, row.group, row, day, session)
    return None


def _class_rows(found: RegisterAt, label: str) -> list[Row]:
    return [row for row in found.rows if row.group == label]


# --- the telling


def _chapter(number: int, title: str) -> None:
    say.line()
    say.heading(f"{number}. {title}")


def _para(text: str) -> None:
    for line in textwrap.wrap(text, WIDTH):
        say.line(line)


def _command(home: Home, command: str) -> None:
    say.line(f"$ {_called(home)} {command}", "cyan")


def _called(home: Home) -> str:
    """The command as a reader can type it."""
    return f"{_as_typed(sys.argv)} --home {home.path}"


def _as_typed(arguments: Sequence[str]) -> str:
    called = arguments[0] if arguments else ""
    if Path(called).name != "rollbook":
        return "rollbook"
    return min(called, os.path.relpath(called), key=len) if os.sep in called else called
