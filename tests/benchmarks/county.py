"""A county: `make county`, or `python -m tests.benchmarks.county [--places 600 --pupils 200000 --weeks 1] [--server]`.

Six hundred places and two hundred thousand pupils for a week: simulated, taken in (into SQLite, or with --server into a
PostgreSQL that is set up as an operator would), and everything that the simulation lists as planted found again in the
ledger's events, by the finder of the tests. Each step is a process of its own, whose peak memory is its own. It ends
with 1 if anything is not found, or held that should not be.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from console.home import Home
from consumers.file_import import import_file
from simulation import planted_path, read_planted, simulate_year
from tests.benchmarks import server
from tests.benchmarks.run import machine
from tests.finding import Finder, Who, act
from tests.postgres import Server

FILE = "county.avro"


def step(name: str, *words: Any) -> dict[str, Any]:
    """Run a step of this module in a fresh process; what it answered, with its seconds, CPU seconds and peak MB."""
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, f"--step={name}", *map(str, words)]
    started = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr}")
    return {"whole_seconds": time.perf_counter() - started, **json.loads(done.stdout)}


def simulate(folder: str, places: str, pupils: str, weeks: str, seed: str) -> dict[str, Any]:
    """Write the file."""
    out = Path(folder) / FILE
    made = simulate_year(out, places=int(places), pupils=int(pupils), weeks=int(weeks), seed=int(seed))
    ends_held = sum(int(planted.expect["rows"] or 0) for planted in made.ends_held)
    said = {"marks": made.marks, "rows": made.rows, "deliveries": made.deliveries, "ends_held": ends_held}
    return {**said, "planted": len(made.planted), "bytes": out.stat().st_size}


def take_in(folder: str, home: str) -> dict[str, Any]:
    """Import it."""
    with Home(Path(home)).writing() as ledger:
        taken = import_file(ledger, Path(folder) / FILE)
        counts = taken.counts
        return {
            "recorded": counts.recorded,
            "held": counts.held,
            "adds_up": counts.adds_up,
            "entries": ledger.store.head()[0],
        }


def open_and_close(_: str, home: str) -> dict[str, Any]:
    """Open it for writing and let it go again."""
    with Home(Path(home)).writing() as ledger:
        return {"entries": ledger.store.head()[0]}


def find(folder: str, home: str) -> dict[str, Any]:
    """Do what only a person may, and find all that is listed."""
    planted = read_planted(planted_path(Path(folder) / FILE))
    with Home(Path(home)).writing() as ledger:
        who = Who(ledger, planted)
        done = act(ledger, planted, who)
        finder = Finder(ledger, planted, who)
        missing = finder.missing(planted)
    return {"commands": done, "missing": missing, "found": dict(Counter(finder.counts))}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "simulate": simulate,
    "take_in": take_in,
    "open_and_close": open_and_close,
    "find": find,
}


def main() -> int:
    """Measure, find and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=600)
    parser.add_argument("--pupils", type=int, default=200_000)
    parser.add_argument("--weeks", type=int, default=1)
    parser.add_argument("--seed", type=int, default=805)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    if arguments.step:
        started = time.perf_counter()
        said = STEPS[arguments.step](*arguments.words)
        own, helpers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        said |= {"seconds": time.perf_counter() - started, "peak": own.ru_maxrss / 1024}
        said["cpu"] = own.ru_utime + own.ru_stime + helpers.ru_utime + helpers.ru_stime
        print(json.dumps(said))
        return 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return measure(folder, arguments, stack)


def measure(folder: Path, asked: argparse.Namespace, stack: ExitStack) -> int:
    """The figures, printed as they come."""
    print(machine())
    home = folder / "home"
    if asked.server:
        running = stack.enter_context(Server(folder))
        database = stack.enter_context(running.database())
        print(server.settings_of(database))
        home = server.set_up(folder, running, database).path
    else:
        Home(home).make(la_code="805", name="County", clock="simulated")
    made = step("simulate", folder, asked.places, asked.pupils, asked.weeks, asked.seed)
    what = f"{asked.places} places, {asked.pupils:,} pupils, {asked.weeks} week(s)"
    print(f"{what}: {made['deliveries']:,} messages, {made['rows']:,} rows, {made['marks']:,} marks, ", end="")
    print(f"{made['bytes'] / 1e6:.0f} MB; {made['planted']:,} things planted")
    _say("simulated", made, made["marks"], "marks")
    taken = step("take_in", folder, home)
    _say("taken in", taken, made["rows"], "rows")
    print(f"  {taken['entries']:,} entries, {taken['entries'] / taken['seconds']:,.0f} a second")
    _say("opened and closed", step("open_and_close", folder, home), 1, "time")
    found = step("find", folder, home)
    _say("found again", found, made["planted"], "planted things")
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found["found"].items()))
    print(f"  after {found['commands']} commands of a person: {kinds}")
    wrong = list(found["missing"])
    if taken["held"] != made["ends_held"] or not taken["adds_up"]:
        wrong.append(f"{taken['held']} rows are held, and {made['ends_held']} should be")
    print("\n".join(wrong) or "all that was planted was found again, and nothing else is held")
    return 1 if wrong else 0


def _say(what: str, said: dict[str, Any], count: int, unit: str) -> None:
    seconds = said["seconds"]
    rate = f"{count / seconds:,.0f} {unit} a second" if count > 1 else ""
    print(
        f"{what:<18} {seconds:>7.1f} s   CPU {said['cpu']:>6.1f} s   peak {said['peak']:>5.0f} MB   {rate}", flush=True
    )


if __name__ == "__main__":
    sys.exit(main())
