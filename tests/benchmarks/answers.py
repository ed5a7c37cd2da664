"""How fast answers are made, kept up and asked: `make bench-answers`, on a machine that does nothing else.

One ledger of exact-count marks of an authority (`simulate --counts`), from the event store to every answer; then one
morning's 5,000 new marks, from durable to visible; then questions of today and of a past moment; and beside them what a
replay of the same entries as objects would take. `--home` measures a ledger that is there already.

    python -m tests.benchmarks.answers [--authority 886] [--phase Secondary] [--home DIR] [--only-build]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import fastavro

from console.home import Home
from consumers.deliveries import Delivery
from consumers.intake import Intake
from domain.admission_register import line as lines
from domain.attendance_register import register as registers
from domain.events import Stored
from domain.ledger.bodies import open_state
from domain.ledger.ledger import Ledger
from projections.answers import read
from projections.engines.duck import DuckEngine
from projections.engines.duck_reader import DuckReader
from projections.engines.engine import Asked
from projections.projector import Projector, asked_at
from schemas.catalogue import mis
from schemas.codec import decode, encode_confluent
from tests.benchmarks.published import PUBLISHED, differences, published_rows, rollbook
from tests.making import moment

MORNING = 5_000
REPLAYED = 200_000
MEMORY = "8GB"
THREADS = 2


def machine() -> str:
    """What this ran on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    load = os.getloadavg()
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}, load before {load[0]:.2f} {load[1]:.2f}"


def made(folder: Path, authority: str, phase: str | None) -> Path:
    """A ledger of an authority's published sessions, by the command line."""
    home, file = folder / "home", folder / "counts.avro"
    rollbook(home, "init", "--authority", authority, "--name", "Published")
    chosen = () if phase is None else ("--phase", phase)
    rollbook(home, "simulate", str(file), "--counts", str(PUBLISHED), "--authority", authority, *chosen)
    began = time.perf_counter()
    print(rollbook(home, "import", str(file)).strip())
    print(f"imported in {time.perf_counter() - began:,.1f} s")
    return home


def best(ask: Callable[[], Any], times: int = 3) -> float:
    """Seconds, of the quickest of some runs."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        found.append(time.perf_counter() - began)
    return min(found)


# --- from the event store to all answers


def build(home: Home, ledger: Ledger, folder: Path) -> float:
    """Every answer from nothing, with the time of each; the seconds of all of it."""
    engine = DuckEngine(folder, threads=THREADS, memory_limit=MEMORY)
    projector = Projector(ledger, engine)
    head = ledger.store.head()[0]
    steps: list[tuple[str, float]] = []
    began = time.perf_counter()
    projector.catch_up(lambda name: steps.append((name, time.perf_counter())))
    ended = time.perf_counter()
    engine.close()
    times = dict(zip((n for n, _ in steps), _between([at for _, at in steps], ended), strict=True))
    loading = (steps[0][1] if steps else ended) - began
    print(f"{head:,} entries to all {len(times)} answers: {ended - began:,.1f} s")
    print(f"  facts from the event store: {loading:,.1f} s ({head / loading:,.0f} entries a second)")
    print(f"  answers: {ended - began - loading:,.1f} s")
    for name, seconds in sorted(times.items(), key=lambda item: -item[1])[:12]:
        print(f"    {name:<24}{seconds:>8.2f} s")
    size = sum(file.stat().st_size for file in folder.iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"  files {size / 1e9:,.2f} GB, peak memory {peak:,.2f} GB (limit of the engine {MEMORY})")
    return ended - began


def _between(starts: list[float], end: float) -> list[float]:
    return [after - before for before, after in zip(starts, [*starts[1:], end], strict=True)]


# --- one morning


NEXT, LAST = "2025-07-28", "2025-07-31"
"""A Monday after the last day of the published year's registers, and the last day of the academic year."""


def last_registers(file: Path, marks: int = MORNING) -> list[Delivery]:
    """The last morning registers of the file, of so many marks: to be sent once more as of later days."""
    last: deque[tuple[Delivery, int]] = deque()
    rows = 0
    with file.open("rb") as container:
        for record in cast("Iterator[dict[str, Any]]", fastavro.reader(container)):
            schema, message = decode(record["value"])
            if schema.name == "RegisterTaken" and message["session"] == "AM":
                delivery = Delivery(record["source"], record["key"], record["received_at"], record["value"])
                last.append((delivery, len(message["marks"])))
                rows += last[-1][1]
            while rows > marks + 40:
                rows -= last.popleft()[1]
    return [delivery for delivery, _ in last]


def morning(registers: list[Delivery], ledger: Ledger, on: str = NEXT) -> Iterator[Delivery]:
    """Registers once more, as of a later day: new marks of one morning."""
    # A simulated ledger's clock follows what is said: there it is that morning.
    now = max(ledger.now(), moment(f"{on} 08:50"))
    for number, delivery in enumerate(registers):
        _, message = decode(delivery.value)
        message["message"] = on[2:].encode() + number.to_bytes(8, "big")
        message["date"] = on
        message["saved_at"] = message["sent_at"] = now
        yield delivery._replace(received_at=now, value=encode_confluent(mis("RegisterTaken"), message))


def lasting(new: list[Delivery], file: Path) -> list[Delivery]:
    """The term lasts to the end of July where those registers are taken: or their sessions would not be held."""
    with file.open("rb") as container:
        messages = (decode(row["value"]) for row in cast("Iterator[dict[str, Any]]", fastavro.reader(container)))
        told = next(message for schema, message in messages if schema.name == "CalendarStated")
    term = {**told["terms"][-1], "to": LAST}
    found = {}
    for delivery in new:
        _, message = decode(delivery.value)
        names = {name: message[name] for name in ("source", "sent_at", "laestab", "urn", "local_id")}
        said = {**names, "message": b"term" + message["source"][:12], "sequence": None, "whole": False}
        value = encode_confluent(mis("CalendarStated"), {**said, "terms": [term], "closures": []})
        found[delivery.source] = delivery._replace(value=value)
    return list(found.values())


def visible(home: Home, ledger: Ledger, folder: Path, file: Path) -> None:
    """New marks of one morning, from durable to visible in every answer, in a projector that follows."""
    engine = DuckEngine(folder, threads=THREADS, memory_limit=MEMORY)
    projector = Projector(ledger, engine)
    intake = Intake(ledger)
    deliveries = list(morning(last_registers(file), ledger))
    intake.take(lasting(deliveries, file))
    projector.catch_up()
    taken = intake.take(deliveries)
    began = time.perf_counter()
    done = projector.catch_up()
    ended = time.perf_counter()
    engine.close()
    print(f"{taken.marks:,} new marks of one morning, from durable to visible in all answers: {ended - began:.2f} s")
    print(f"  {len(done.changed)} answers changed")


# --- questions


def questions(ledger: Ledger, folder: Path) -> None:
    """Questions of today, and of a moment in the middle of what was recorded."""
    reader = DuckReader(folder / "answers.duckdb", read(), config={"threads": THREADS, "memory_limit": MEMORY})
    asked = asked_at(ledger, None)
    reader.current(asked)
    place = reader.ask("select place from attendance_year group by place order by sum(sessions) desc limit 1")[0, 0]
    week = reader.ask("select max(week_start) as w from attendance_week")[0, 0]
    for name, statement in QUESTIONS.items():
        text = statement.format(place=place, week=week)
        print(f"  {name:<46}{best(lambda text=text: reader.ask(text)) * 1000:>9.0f} ms")  # type: ignore[misc]
    half = Asked(ledger.store.head()[0] // 2, asked.moment, asked.today)
    for what, scope in (("a school", place), ("the county", None)):
        began = time.perf_counter()
        reader.as_at(half, scope)
        reader.ask(QUESTIONS["persistently absent, by school"].format(place=place, week=week))
        print(f"  {what} as at a past moment: persistent absence {time.perf_counter() - began:>20.2f} s")
    reader.close()


QUESTIONS = {
    "persistently absent, by school": "select place, count(*) as n, sum(persistent) as p from persistent_absence"
    " where cohort = 'statistical' group by place",
    "totals of absence by phase and year group": "select * from absence_total",
    "the hundred most absent pupils": "select * from persistent_absence where cohort = 'working'"
    " order by persistent_out desc, line limit 100",
    "one school's register of a week": "select * from register where place = {place} and week_start = '{week}'",
    "codes by week, the authority": "select week_start, code, sum(sessions) as n from attendance_week group by 1, 2",
    "penalty thresholds, one school": "select * from penalty where place = {place}",
    "labels, counted": "select * from label_count",
}


def replayed(ledger: Ledger, whole: int) -> None:
    """The same entries read one by one and folded into registers: what a rebuild through objects would take."""
    began = time.perf_counter()
    states: dict[str, Any] = {}
    middle = whole // 2
    for row in ledger.store.read_positions(middle, middle + REPLAYED - 1):
        room = row.stream.partition("/")[0]
        event = Stored(row.version, row.topic, *open_state(row.state, ledger.keys))
        if room == "attendance-register":
            registers.evolve(states.setdefault(row.stream, registers.Register(row.stream)), event)
        elif room == "admission-register":
            lines.evolve(states.setdefault(row.stream, lines.Line(row.stream)), event)
    seconds = time.perf_counter() - began
    print(f"  replayed as objects: {REPLAYED / seconds:,.0f} entries a second: {whole / REPLAYED * seconds:,.0f} s")


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """What is measured: an authority's marks, or a ledger that is there already and the file that it was made of."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--authority", default="873")
    parser.add_argument("--phase", default="Secondary")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--file", type=Path)
    return parser


def main() -> int:
    """Measure, and say whether the published figures came out."""
    parser = parser_of(__doc__)
    parser.add_argument("--only-build", action="store_true")
    options = parser.parse_args()
    phase = None if options.phase == "all" else options.phase
    print(machine())
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as text:
        folder = Path(text)
        path = options.home or made(folder, options.authority, phase)
        file = options.file or folder / "counts.avro"
        answers = path / "answers"
        home = Home(path)
        with home.reading() as ledger:
            seconds = build(home, ledger, answers)
            head = ledger.store.head()[0]
            replayed(ledger, head)
            print(f"  by columns and SQL: {seconds:,.0f} s")
            questions(ledger, answers)
        wrong = _compared(path, options.authority, phase)
        if not options.only_build:
            with home.writing() as ledger:
                visible(home, ledger, answers, file)
    return 1 if wrong else 0


def _compared(path: Path, authority: str, phase: str | None) -> list[str]:
    totals = {row["education_phase"]: row for row in json.loads(rollbook(path, "totals", "--json"))}
    wrong = differences(published_rows(authority, phase), totals)
    for sentence in wrong:
        print(sentence)
    print("published counts and percentages: " + ("differ" if wrong else "all the same, to the fifth decimal"))
    return wrong


if __name__ == "__main__":
    sys.exit(main())
