"""Two versions of the answers over the same facts, in one run: `make bench-against REV=604d07a WHAT="--authority 886 ..."`.

The answers as they stand here, and as a revision of this repository had them, are made anew in turn, and kept up with
the same morning's marks: ratios, not seconds, are what says whether a change made them slower. Only the SQL differs: the
runner and the engine are today's.

    python -m tests.benchmarks.against REV [--authority 873] [--phase Secondary] [--home DIR --file COUNTS.AVRO]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from console.home import Home
from consumers.intake import Intake
from domain.ledger.ledger import Ledger
from projections import answers as reading
from projections.answers import Answer
from projections.engines.duck import WORK, DuckEngine
from projections.facts.load import Loader
from projections.facts.rules import rules
from projections.projector import Projector, instant, known_names
from projections.runner import Head, Runner
from tests.benchmarks.answers import (
    MEMORY,
    MORNING,
    THREADS,
    last_registers,
    lasting,
    machine,
    made,
    morning,
    parser_of,
)

TIMES = 3
"""Rebuilds of each version, in turn; the quickest counts."""


def answers_of(revision: str, folder: Path) -> dict[str, Answer]:
    """The answers as a revision had them."""
    archive = subprocess.run(["git", "archive", revision, "projections/sql"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return reading.read(folder / "projections" / "sql")


def _engine(folder: Path) -> DuckEngine:
    return DuckEngine(folder, threads=THREADS, memory_limit=MEMORY)


def _loading(ledger: Ledger, folder: Path) -> float:
    """The seconds that facts take from the event store, in either version, before a rebuild comes to its answers."""
    engine, reached = _engine(folder), list[float]()
    began = time.perf_counter()
    Projector(ledger, engine).catch_up(lambda _: reached.append(time.perf_counter()))
    engine.close()
    return reached[0] - began


def rebuilds(folders: Mapping[str, Path], versions: Mapping[str, Mapping[str, Answer]]) -> dict[str, float]:
    """The quickest rebuild of each version, in seconds, made in turn."""
    found: dict[str, list[float]] = {name: [] for name in versions}
    for _ in range(TIMES):
        for name, answers in versions.items():
            engine = _engine(folders[name])
            began = time.perf_counter()
            Runner(engine, answers, rules()).rebuild()
            found[name].append(time.perf_counter() - began)
            engine.close()
    for name, seconds in found.items():
        print(f"  {name}: {len(versions[name])} answers made anew in {', '.join(f'{one:.1f}' for one in seconds)} s")
    return {name: min(seconds) for name, seconds in found.items()}


def mornings(
    ledger: Ledger, file: Path, folders: Mapping[str, Path], versions: Mapping[str, Mapping[str, Answer]]
) -> dict[str, float]:
    """The same registers of four mornings, from facts to visible, in each version in turn; the quickest of each."""
    found: dict[str, list[float]] = {name: [] for name in versions}
    intake = Intake(ledger)
    registers = last_registers(file)
    for n, day in enumerate(("2025-07-28", "2025-07-29", "2025-07-30", "2025-07-31")):
        new = list(morning(registers, ledger, day))
        if not n:
            intake.take(lasting(new, file))
            _catch_up(ledger, folders, versions)
        intake.take(new)
        for name, took in _catch_up(ledger, folders, versions).items():
            found[name].append(took)
    for name, seconds in found.items():
        print(f"  {name}: mornings of {MORNING:,} marks in {', '.join(f'{one:.2f}' for one in seconds)} s")
    return {name: min(seconds) for name, seconds in found.items()}


def _catch_up(
    ledger: Ledger, folders: Mapping[str, Path], versions: Mapping[str, Mapping[str, Answer]]
) -> dict[str, float]:
    position, recorded_at = ledger.store.head()
    found = {}
    for name, answers in versions.items():
        engine = _engine(folders[name])
        runner = Runner(engine, answers, rules())
        windows = Loader(ledger, known_names(engine)).windows(runner.loaded() + 1, position)
        read = [(window.last, window.facts) for window in windows]
        began = time.perf_counter()
        runner.catch_up(read, Head(position, instant(recorded_at)))
        engine.publish()
        found[name] = time.perf_counter() - began
        engine.close()
    return found


def compared(what: str, seconds: Mapping[str, float]) -> None:
    """Print how much longer it takes here than in the revision."""
    here, there = seconds.values()
    print(f"{what}: here / {list(seconds)[1]} = {here / there:.3f}", flush=True)


def main() -> int:
    """Measure, and print the ratios."""
    parser = parser_of(__doc__)
    parser.add_argument("revision")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as text:
        folder = Path(text)
        path = options.home or made(folder, options.authority, None if options.phase == "all" else options.phase)
        file = options.file or folder / "counts.avro"
        versions = {"here": reading.every(), options.revision: answers_of(options.revision, folder)}
        folders = {name: folder / f"answers-{n}" for n, name in enumerate(versions)}
        with Home(path).writing() as ledger:
            loading = _loading(ledger, folders["here"])
            folders[options.revision].mkdir()
            shutil.copy(folders["here"] / WORK, folders[options.revision] / WORK)
            anew = rebuilds(folders, versions)
            compared("all answers", anew)
            compared(f"a rebuild, with {loading:.1f} s of facts", {name: loading + took for name, took in anew.items()})
            compared("a morning", mornings(ledger, file, folders, versions))
    return 0


if __name__ == "__main__":
    sys.exit(main())
