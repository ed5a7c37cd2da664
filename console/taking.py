"""The verbs that make files and take them in: simulate, import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import fastavro
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from console import say
from console.options import FormatOption, JsonFlag, NowOption, format_of, home_of, moment_of
from console.past import Asked, open_past
from console.problems import REFUSED, Misused, Refused
from console.say import Format
from consumers import file_import
from consumers.deliveries import read_deliveries
from consumers.file_import import Imported, Incoming, file_of_deliveries
from consumers.history_import import is_container
from consumers.outcome import Counts
from domain.ledger.held import waiting
from domain.ledger.ledger import Ledger
from domain.moments import Meant
from simulation import Summary, planted_path, simulate_counts, simulate_year
from simulation.history import simulate_history

WEEKS = 39
SEED = 805


def simulate_verb(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write: an Avro container of deliveries.")],
    places: Annotated[int | None, typer.Option("--places", min=1, help="How many places.")] = None,
    pupils: Annotated[int | None, typer.Option("--pupils", min=1, help="How many pupils in all of them.")] = None,
    weeks: Annotated[
        int | None, typer.Option("--weeks", min=1, max=WEEKS, help="How many school weeks (39: a year).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same authority.")] = SEED,
    no_faults: Annotated[bool, typer.Option("--no-faults", help="Nothing that ends held.")] = False,
    counts: Annotated[
        Path | None,
        typer.Option(
            "--counts", metavar="CSV", help="Published counts: one mark for each session; and some who must not count."
        ),
    ] = None,
    authority: Annotated[
        str, typer.Option("--authority", metavar="CODE", help="The authority's three digits.")
    ] = "805",
    phase: Annotated[str | None, typer.Option("--phase", help="With --counts: Primary, Secondary or Special.")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="A school's past, as tables into the folder OUT, for import --history.")
    ] = False,
    years: Annotated[int | None, typer.Option("--years", min=1, help="With --history: how many school years.")] = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Write a made-up authority's messages: a year as it happens, or exactly the published counts."""
    chosen = format_of(format_, json_)
    if years is not None and not history:
        raise Misused("--years has a meaning with --history only.")
    if history:
        for name, value in {"--places": places, "--weeks": weeks, "--counts": counts, "--phase": phase}.items():
            if value is not None:
                raise Misused(f"{name} has no meaning with --history: it writes one school's past.")
        _simulate_history(out, pupils or 60, years or 3, seed, authority, chosen)
        return
    year_only = {"--places": places, "--pupils": pupils, "--weeks": weeks}
    if counts is not None and (given := [name for name, value in year_only.items() if value is not None]):
        raise Misused(f"{given[0]} has no meaning with --counts: the counts say how many.")
    if counts is None and phase is not None:
        raise Misused("--phase has a meaning with --counts only.")
    try:
        with progress("Simulating", "marks") as tell:
            if counts is not None:
                made = simulate_counts(out, counts, authority, phase, seed, tell)
            else:
                made = simulate_year(
                    out,
                    places=places or 4,
                    pupils=pupils or 900,
                    weeks=weeks or WEEKS,
                    seed=seed,
                    authority=authority,
                    progress=tell,
                    faults=not no_faults,
                )
    except ValueError as error:
        raise Refused(f"{error}".rstrip(".") + ".") from None
    if chosen is Format.JSON:
        say.as_json(_made_data(made))
    else:
        say.line(made_sentence(made))


def _simulate_history(folder: Path, pupils: int, years: int, seed: int, authority: str, chosen: Format) -> None:
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file; with --history, OUT is a folder for the tables.")
    try:
        with progress("Simulating", "marks") as tell:
            made = simulate_history(folder, pupils=pupils, years=years, seed=seed, authority=authority, progress=tell)
    except ValueError as error:
        raise Refused(f"{error}".rstrip(".") + ".") from None
    if chosen is Format.JSON:
        data = {"folder": str(folder), "files": [str(file) for file in made.files], "laestab": made.place.laestab}
        say.as_json(data | {"pupils": made.pupils, "marks": made.marks, "changes": made.changes})
        return
    n = say.number
    say.line(f"{folder}: {n(made.pupils)} pupils, {n(made.marks)} marks and {n(made.changes)} changes of them")
    say.line("To try it:")
    name, place = made.place.name, made.place.laestab
    say.line(f"  rollbook place add --laestab {place} --name '{name}' --phase secondary")
    say.line(
        f"  rollbook source add --system SIMS --route file --delivery once --place {place} --carries person,reason"
    )
    say.line(f"  rollbook import --history --place {place} --source SIMS {folder}/*.csv")


def made_sentence(made: Summary) -> str:
    """What a simulation wrote."""
    planted = (
        f"; {len(made.planted)} things planted in it are listed in {planted_path(made.path)}" if made.planted else ""
    )
    uncounted = sum(_left_out(made).values())
    left_out = (
        f"; {say.number(uncounted)} of them must stand in no published figure: {planted_path(made.path)} says why"
        if uncounted
        else ""
    )
    return (
        f"{made.path}: {say.number(made.deliveries)} messages with {say.number(made.rows)} rows, "
        f"of which {say.number(made.marks)} are marks{planted}{left_out}"
    )


def _left_out(made: Summary) -> dict[str, int]:
    """Marks that must stand in no published figure, by reason."""
    found: Counter[str] = Counter()
    for of_phase in made.left_out.values():
        for why, codes in of_phase.items():
            found[why] += sum(codes.values())
    return dict(found)


def _made_data(made: Summary) -> dict[str, Any]:
    return {
        "file": str(made.path),
        "deliveries": made.deliveries,
        "rows": made.rows,
        "marks": made.marks,
        "planted": len(made.planted),
        "left_out": _left_out(made),
    }


def import_verb(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Avro containers of deliveries; with --history, CSV too.")
    ],
    history: Annotated[
        bool, typer.Option("--history", help="Another system's records: imported, never contemporaneous.")
    ] = False,
    place: Annotated[
        str | None, typer.Option("--place", metavar="PLACE", help="With --history: whose CSV tables these are.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="SOURCE", help="With --history: the system they come from, by id or name."),
    ] = None,
    exported: Annotated[
        Meant | None,
        typer.Option(
            "--exported",
            metavar="MOMENT",
            parser=moment_of,
            help="With --history: when they were exported (default: now).",
        ),
    ] = None,
    now: NowOption = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Take files of messages in. Killed and started again it goes on; the same file again is nothing new."""
    chosen = format_of(format_, json_)
    asked = Asked(place, source, exported, now)
    if not history and asked != Asked():
        raise Misused("--place, --source, --exported and --now have a meaning with --history only.")
    for file in files:
        if not file.is_file():
            raise Refused(f"There is no file {file}.")
        if not history:
            next(read_deliveries(file), None)  # refuses, before anything is recorded, what holds no deliveries
    past = open_past(files) if history else None
    with home_of(context).writing() as ledger:
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
        ready = [file_of_deliveries(file) for file in files] if past is None else past.ready(ledger, asked)
        results = []
        for incoming in ready:
            try:
                result = take_in_one(ledger, incoming)
            except KeyboardInterrupt:
                say.remark("Stopped; what was taken in stays, and the same command goes on from there.")
                raise
            results.append(result)
            if chosen is not Format.JSON:
                for sentence in imported_sentences(result):
                    say.line(sentence)
        held = waiting(ledger.store, ledger.keys)
        if past is not None and chosen is not Format.JSON:
            for sentence in past.held_sentences(held):
                say.line(sentence)
    if chosen is Format.JSON:
        say.as_json([_imported_data(result) for result in results])
    if held:
        rows = sum(item.rows for item in held)
        inputs = say.counted(len(held), "input", "inputs")
        say.remark(f"{inputs} ({say.counted(rows, 'row', 'rows')}) still held: see rollbook held list.")
        raise typer.Exit(REFUSED)


def take_in(ledger: Ledger, file: Path) -> Imported:
    """Import one file of deliveries, with a line of progress on a terminal."""
    return take_in_one(ledger, file_of_deliveries(file))


def take_in_one(ledger: Ledger, file: Incoming) -> Imported:
    """Import one file that is ready to be read, with a line of progress on a terminal."""
    total = _messages_in(file.path) if say.on_terminal() and is_container(file.path) else None
    with progress(f"Importing {file.path.name}", "messages", total) as tell:
        try:
            return file_import.take_in(ledger, file, lambda counts: tell(counts.deliveries))
        except RuntimeError as error:
            raise Refused(str(error)) from None


def _messages_in(file: Path) -> int:
    """How many messages a file holds, by the counts of its blocks."""
    with file.open("rb") as opened:
        return sum(block.num_records for block in fastavro.block_reader(opened))


@contextmanager
def progress(what: str, unit: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A line of progress on stderr where a person looks on; nothing else otherwise."""
    if not say.on_terminal():
        yield lambda _: None
        return
    shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    with Progress(*shown, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def sum_sentence(counts: Counts) -> str:
    """The sum that every import shows."""
    n = say.number
    return (
        f"sent {n(counts.sent)} = recorded {n(counts.recorded)} + foreseen {n(counts.foreseen)} + "
        f"duplicate {n(counts.duplicate)} + nothing said {n(counts.nothing_said)} + held {n(counts.held)}"
    )


def recorded_sentence(counts: Counts) -> str:
    """The parts of what was recorded."""
    n = say.number
    return (
        f"recorded: {n(counts.marks)} marks, {n(counts.amendments)} amendments, {n(counts.withdrawals)} withdrawals, "
        f"{n(counts.older)} older entries, {n(counts.statements)} statements"
    )


def imported_sentences(result: Imported) -> list[str]:
    """What became of a file."""
    counts = result.counts
    if not result.new:
        return [f"{result.path.name}: nothing new; it was taken in before ({sum_sentence(counts)})"]
    said = [f"{result.path.name}: {sum_sentence(counts)}", f"  {recorded_sentence(counts)}"]
    if counts.withdrawn_unsent:
        said.append(f"  {say.number(counts.withdrawn_unsent)} more withdrawn, being missing from a whole snapshot")
    if counts.held_out:
        said.append(
            f"  {say.number(counts.held_out)} rows were held until their pupil came, and are counted as recorded"
        )
    if counts.replayed_earlier:
        said.append(f"  {say.number(counts.replayed_earlier)} rows held since earlier were set free by this file")
    if not counts.adds_up:
        said.append("  This sum does not add up, which is a fault of Rollbook: please report it.")
    return said


def _imported_data(result: Imported) -> dict[str, Any]:
    counts = result.counts
    names = (
        "sent recorded foreseen duplicate nothing_said held marks amendments withdrawals older statements"
        " withdrawn_unsent replayed_earlier deliveries"
    ).split()
    return {"file": str(result.path), "new": result.new, **{name: getattr(counts, name) for name in names}}
