"""Bringing the answers up to the ledger: `rollbook project`, and the catching up that a question does by itself.

One process at a time brings a home's answers up to date: it holds the lock of their folder. Readers never wait for it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from eventsourcing.persistence import OperationalError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from console import say
from console.home import Home
from console.options import FormatOption, JsonFlag, format_of, home_of
from console.problems import REFUSED, Misused, Refused
from console.say import Format
from console.stopping import until_told
from domain.ledger.ledger import Ledger

if TYPE_CHECKING:
    from projections.checking import Differing, Rounds
    from projections.engines.engine import Engine, Reader
    from projections.runner import Done

FOLDER: Final = "answers"
"""Of a home in the embedded profile: where its answers are."""
LOCK: Final = "projector.lock"
SPILL: Final = "spill"
"""Beneath it: what a question that does not fit into memory writes meanwhile."""
EVERY: Final = 0.5
"""Seconds between two looks at the ledger."""
CHECK_EVERY: Final = 60.0
"""Seconds without anything new after which a few keys of an answer are checked: all answers in an idle hour."""
SAME: Final = "Counted again, entry by entry, the ledger gives the same register."
NOTICE: Final = 0.2
"""Seconds after which whoever waits hears of it when told to stop."""


class AtWork(Exception):
    """Another process brings these answers up to date."""


@dataclass(frozen=True, slots=True)
class Caught:
    """What a catch-up did."""

    entries: int
    """Entries that were new to the answers."""
    done: Done
    seconds: float
    adopted: int = 0
    """Definitions that the ledger was told of."""


# --- the store of answers, by profile


def folder_of(home: Home) -> Path:
    """Where the answers of an embedded home are."""
    return home.path / FOLDER


def open_reader(home: Home, config: Mapping[str, Any] | None = None, *, whole: bool = False) -> Reader:
    """The published answers, to read from; `config` is DuckDB's own. `whole`: what is asked reads nearly all rows.
    Refuses a home whose answers were never made."""
    from projections import answers

    server = home.settings.server
    if server is not None:
        from projections.engines.postgres_layout import Layout
        from projections.engines.postgres_reader import PostgresReader

        layout = Layout(server.schema)
        with _as_projector(layout.projector):
            return PostgresReader(server.connection, layout, answers.every(), user=layout.projector, whole=whole)
    from projections.engines.duck import PUBLISHED
    from projections.engines.duck_reader import DuckReader

    # What does not fit into memory is pupils' data too: never into the folder in which somebody happens to work.
    spill = {"temp_directory": str(folder_of(home) / SPILL)}
    return DuckReader(folder_of(home) / PUBLISHED, answers.every(), config={**spill, **(config or {})})


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the published answers are."""

    position: int = 0
    """What they know of the ledger; 0: there are none."""
    outdated: bool = False
    """Some were made by other definitions than this version of Rollbook has."""


def published_answers(
    home: Home, config: Mapping[str, Any] | None = None, *, whole: bool = False
) -> tuple[Reader | None, Standing]:
    """The published answers, opened as by `open_reader`, and how far they are; None where they were never made."""
    from projections import answers

    try:
        reader = open_reader(home, config, whole=whole)
    except FileNotFoundError:
        return None, Standing()
    try:
        state = reader.state()
    except BaseException:
        reader.close()
        raise
    built = {name: one.digest for name, one in state.built.items()}
    return reader, Standing(state.position, built != {name: answer.digest for name, answer in answers.every().items()})


def standing(home: Home) -> Standing:
    """How far the published answers are; nothing is changed."""
    reader, stands = published_answers(home)
    if reader is not None:
        reader.close()
    return stands


@contextmanager
def _working(home: Home, ledger: Ledger, *, folder: str = FOLDER, anew: bool = False) -> Iterator[Engine]:
    """The projector's hands on the answers; alone."""
    server = home.settings.server
    if server is not None:
        from projections import answers
        from projections.engines import postgres
        from projections.engines.postgres_layout import Layout

        layout = Layout(server.schema)
        try:
            with _as_projector(layout.projector):
                engine = postgres.PostgresEngine(
                    server.connection,
                    answers.every(),
                    layout,
                    user=layout.projector,
                    anew=anew,
                    simulated=ledger.simulated,
                )
        except postgres.AnswersInUse as error:
            raise AtWork(f"{error}.") from None
        try:
            yield engine
        finally:
            engine.close()
        return
    from projections.engines import duck

    with _alone(folder_of(home)):
        try:
            made = duck.DuckEngine(home.path / folder)
        except duck.AnswersInUse as error:
            raise AtWork(f"{error}.") from None
        try:
            yield made
        finally:
            made.close()


@contextmanager
def _as_projector(role: str) -> Iterator[None]:
    """Say what to do where the role that builds answers was never made."""
    try:
        yield
    except OperationalError as error:
        if "no role" not in str(error):
            raise
        raise Refused(
            f"There is no role {role}, which builds the answers; let the owner of the ledger's tables run "
            "rollbook server answers."
        ) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of answers. Refuses, with AtWork, one that another process holds."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AtWork(f"Another process is at work on the answers in {folder}; let it end, or stop it.") from None
        yield
    finally:
        os.close(number)


# --- catching up


def catch_up(home: Home, ledger: Ledger) -> Caught:
    """Bring the answers up to the ledger's head, once, with progress on a terminal.

    Refused: while another process does (AtWork), and facts loaded by another version of Rollbook (Refused).
    """
    with _working(home, ledger) as engine, _told(ledger) as told:
        return _catch_up(_projector(ledger, engine), told)


def _projector(ledger: Ledger, engine: Engine) -> Any:
    from projections.projector import Projector

    return Projector(ledger, engine)


def _catch_up(projector: Any, told: Telling) -> Caught:
    from projections.runner import FactsOutdated

    began = time.monotonic()
    try:
        before = projector.runner.loaded()
        told.begin(before)
        done = projector.catch_up(told.making, read=told.reading)
    except FactsOutdated as error:
        raise Refused(f"{error}.") from None
    return Caught(done.position - before, done, time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Telling:
    """Who hears how far it is."""

    begin: Callable[[int], None]
    reading: Callable[[int], None]
    making: Callable[[str], None]


@contextmanager
def _told(ledger: Ledger) -> Iterator[Telling]:
    """Two lines of progress on stderr where a person looks on: entries read, answers made."""
    if not say.on_terminal():
        yield Telling(lambda _: None, lambda _: None, lambda _: None)
        return
    from projections import answers

    shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*shown, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        reading = bar.add_task("Reading entries", total=ledger.store.head()[0])
        making = bar.add_task("Making answers", total=len(answers.every()))
        yield Telling(
            lambda position: bar.update(reading, completed=position, total=ledger.store.head()[0]),
            lambda position: bar.update(reading, completed=position),
            lambda name: bar.update(making, advance=1, description=f"Making {name}"),
        )


# --- the verb


def project_verb(
    context: typer.Context,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on, until told to stop (Ctrl-C), as the ledger grows.")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", min=0.2, metavar="SECONDS", help="With --follow: how often to look.")
    ] = EVERY,
    check_every: Annotated[
        float,
        typer.Option(
            "--check-every",
            min=0,
            metavar="SECONDS",
            help="With --follow: how often, while nothing is new, to check a few keys of one answer; 0: never.",
        ),
    ] = CHECK_EVERY,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Read everything again, beside; check it, and only then put it in place."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Change nothing: compare every answer with what its facts give. Exit 1 if any differs."
        ),
    ] = False,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Bring the answers up to the ledger: read what is new, and refresh every answer that it changes.

    Questions do this by themselves while a ledger is small. Killed and started again it goes on where it was; whoever
    reads meanwhile sees, whole, what was there before.
    """
    chosen = format_of(format_, json_)
    if chosen is Format.CSV:
        raise Misused("What was done is no table; ask for it as a table or as JSON.")
    if follow and rebuild:
        raise Misused("Rebuild first, then follow: --rebuild ends when it is done.")
    if check and (follow or rebuild):
        raise Misused("Check by itself: --check changes nothing, and ends when it is done.")
    home = home_of(context)
    with home.reading() as ledger:
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
        try:
            if check:
                _check(home, ledger, chosen)
            elif follow:
                _follow(home, ledger, every, check_every, chosen)
            elif rebuild:
                _rebuild(home, ledger, chosen)
            else:
                caught = catch_up(home, ledger)
                _show(_adopted(home, ledger, caught), chosen)
        except AtWork as error:
            raise Refused(str(error)) from None


def _adopted(home: Home, ledger: Ledger, caught: Caught) -> Caught:
    """Let the ledger say by which definitions its answers are computed, where it does not say so yet; and let the
    answers know of that entry too."""
    began = time.monotonic()
    recorded = adopt(home, ledger)
    if not recorded:
        return caught
    again = catch_up(home, ledger)
    changed = tuple(dict.fromkeys((*caught.done.changed, *again.done.changed)))
    done = replace(caught.done, position=again.done.position, changed=changed)
    return Caught(caught.entries + again.entries, done, caught.seconds + time.monotonic() - began, recorded)


def adopt(home: Home, ledger: Ledger) -> int:
    """Record DefinitionAdopted for every answer that is computed by another definition than the ledger says; how many.

    Questions never do: to ask writes nothing.
    """
    from domain.ledger.commands import AdoptDefinitions, carry_out
    from projections.returns import not_adopted

    reader = open_reader(home)
    try:
        built = reader.state().built
    finally:
        reader.close()
    definitions = not_adopted(ledger, built)
    if definitions:
        with home.writing() as writing:
            carry_out(writing, AdoptDefinitions(definitions=definitions))
    return len(definitions)


def _show(caught: Caught, chosen: Format, checked: str | None = None) -> None:
    done = caught.done
    if chosen is Format.JSON:
        say.as_json(
            {
                "position": done.position,
                "entries": caught.entries,
                "rebuilt": list(done.rebuilt),
                "changed": list(done.changed),
                "dropped": list(done.dropped),
                "definitions_adopted": caught.adopted,
                "seconds": round(caught.seconds, 3),
                "checked": checked,
            }
        )
        return
    say.line(caught_sentence(caught))
    if caught.adopted:
        say.line(
            f"Recorded by which definition each of {say.counted(caught.adopted, 'answer', 'answers')} is computed."
        )
    if checked:
        say.line(checked)


def caught_sentence(caught: Caught) -> str:
    """What a catch-up did, for a person."""
    done = caught.done
    at = f"The answers know the ledger up to position {say.number(done.position)}"
    if not caught.entries and not done.anything:
        return f"{at}: nothing new."
    made = say.counted(len(done.rebuilt), "answer", "answers")
    changed = say.counted(len(done.changed), "answer", "answers")
    did = [f"{made} made anew"] if done.rebuilt else []
    did += [f"{changed} refreshed"] if done.changed else []
    did += [f"{say.counted(len(done.dropped), 'answer', 'answers')} removed"] if done.dropped else []
    entries = say.counted(caught.entries, "new entry", "new entries")
    return f"{at}: {entries}, {', '.join(did) or 'no answer changed'}, {caught.seconds:.1f} seconds."


def _follow(home: Home, ledger: Ledger, every: float, check_every: float, chosen: Format) -> None:
    """Catch up again and again. What was done is committed and published each time, so a stop loses nothing. While
    nothing is new, look now and then whether what stands is right."""
    with until_told() as stopping, _working(home, ledger) as engine:
        projector = _projector(ledger, engine)
        rounds = _rounds(projector)
        first, looked = True, time.monotonic()
        while not stopping():
            if first or ledger.store.head()[0] > projector.runner.loaded():
                with _told(ledger) as told:
                    caught = _catch_up(projector, told)
                _show(replace(caught, adopted=adopt(home, ledger) if first else 0), chosen)
                looked = time.monotonic()
            elif check_every and time.monotonic() >= looked + check_every:
                if wrong := rounds.look():
                    say.remark(healed_sentence(wrong))
                looked = time.monotonic()
            if first:
                say.remark("Following the ledger; stop with Ctrl-C.")
                first = False
            until = time.monotonic() + every
            while not stopping() and time.monotonic() < until:
                time.sleep(min(NOTICE, every))


# --- whether what stands is right


def _rounds(projector: Any) -> Rounds:
    from random import Random

    from projections import answers
    from projections.checking import Rounds

    return Rounds(projector.engine, projector.runner, answers.every(), Random())  # noqa: S311


def healed_sentence(name: str) -> str:
    """What a follower says that found an answer wrong."""
    return (
        f"The answer {name} was not what its facts give, for some of a few keys that were looked at, so every answer"
        " was made anew: a fault of Rollbook, please report it."
    )


def _check(home: Home, ledger: Ledger, chosen: Format) -> None:
    """Compare every stored answer with what its text gives over what stands. Nothing is written; readers and a
    projector go on meanwhile."""
    from projections import answers
    from projections.checking import differing
    from projections.projector import asked_at

    stored = [answer for answer in answers.every().values() if answer.kind == "table"]
    reader, stands = published_answers(home, whole=True)
    with closing(reader) if reader else nullcontext():
        if reader is None or not stands.position:
            raise Refused("There are no answers to check yet: run rollbook project first.")
        if stands.outdated:
            raise Refused(
                "Some answers were made by another version of Rollbook: bring them up to date first (rollbook project)."
            )
        reader.current(asked_at(ledger, None))
        position = reader.state().position
        found = [one for answer in stored if (one := differing(reader, answer)) is not None]
    if chosen is Format.JSON:
        said = [{**one._asdict(), "keys": [_plain(key) for key in one.keys]} for one in found]
        say.as_json({"position": position, "checked": len(stored), "differing": said})
    else:
        for one in found:
            say.line(difference_sentence(one))
        say.line(_verdict(len(stored), found, position))
    if found:
        raise typer.Exit(REFUSED)


def difference_sentence(one: Differing) -> str:
    """How an answer differs, for a person; keys are the ledger's numbers and days, never a name."""
    told = ((one.missing, "missing"), (one.too_many, "too many"), (one.other, "other than it should be"))
    rows = ", ".join(f"{say.counted(n, 'row', 'rows')} {how}" for n, how in told if n)
    keys = "; ".join(" ".join(f"{name} {value}" for name, value in _plain(key).items()) for key in one.keys)
    return f"{one.answer}: {rows}, among them {keys}"


def _verdict(stored: int, found: Sequence[Differing], position: int) -> str:
    at = f"at position {say.number(position)}"
    all_of_them = say.counted(stored, "stored answer", "stored answers")
    if not found:
        return f"Each of {all_of_them} is what its facts give, {at}."
    return (
        f"Not what the facts give: {say.number(len(found))} of {all_of_them}, {at}. A fault of Rollbook: please report"
        " it, and let them be made anew (rollbook project --rebuild)."
    )


def _plain(key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in key.items()}


# --- anew, beside


def _rebuild(home: Home, ledger: Ledger, chosen: Format) -> None:
    """Read the whole ledger again into a new place, check it against the ledger, and put it in place of the old.

    Refused, and the old stands, where the new does not agree with a count of the ledger made another way.
    """
    if home.settings.server is not None:
        with _working(home, ledger, anew=True) as engine, _told(ledger) as told:
            caught = _catch_up(_projector_unpublished(ledger, engine), told)
        _show(_adopted(home, ledger, caught), chosen, SAME)
        return
    from projections.engines.duck import PUBLISHED, WORK

    beside = f"{FOLDER}.new"
    with ExitStack() as stack:
        shutil.rmtree(home.path / beside, ignore_errors=True)
        stack.callback(shutil.rmtree, home.path / beside, ignore_errors=True)
        with _working(home, ledger, folder=beside) as engine, _told(ledger) as told:
            caught = _catch_up(_projector(ledger, engine), told)
            require_same_register(ledger, engine, caught.done.position)
            (folder_of(home) / f"{WORK}.wal").unlink(missing_ok=True)
            engine.close()  # type: ignore[attr-defined]
            for name in (PUBLISHED, WORK):
                # A crash between the two leaves either whole: the next catch-up publishes what it works on.
                (home.path / beside / name).replace(folder_of(home) / name)
    _show(_adopted(home, ledger, caught), chosen, SAME)


def _projector_unpublished(ledger: Ledger, engine: Engine) -> Any:
    """A projector whose publishing checks first."""
    projector = _projector(ledger, engine)
    publish = engine.publish

    def checked() -> None:
        require_same_register(ledger, engine, engine.state().position)
        publish()

    engine.publish = checked  # type: ignore[method-assign]
    return projector


def require_same_register(ledger: Ledger, engine: Engine, position: int) -> None:
    """Refuse answers whose register does not count what the ledger's entries, read another way, count."""
    from projections.counting import count_sessions

    counted = {(cell.place.hex(), cell.year, cell.code): n for cell, n in count_sessions(ledger, position).items()}
    asked = engine.rows(
        "select p.id, d.academic_year, r.code, count(*) from register r join day d on d.session_date = r.session_date"
        " join place_id p on p.place = r.place group by p.id, d.academic_year, r.code"
    )
    answered = {(place, year, code): n for place, year, code, n in asked}
    if counted != answered:
        differ = sum(1 for key in counted.keys() | answered.keys() if counted.get(key) != answered.get(key))
        raise Refused(
            f"What was built anew differs from the ledger in {say.counted(differ, 'count', 'counts')} of sessions by"
            " place, year and code, so it was not put in place: a fault of Rollbook, please report it."
        )
