"""The published figures, sent through the whole system and read back: `make published`.

One mark for each session that the Department for Education counted at an authority's schools in 2024/25, by the command
line as a user would: init, simulate --counts, import, totals --json. Every published count must come back, and the four
published percentages to the fifth decimal. `python -m tests.benchmarks.published [--authority 805] [--phase Special]`.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parent.parent / "data" / "attendance_by_reason_three_authorities_202425.csv"
PERCENTAGES = (
    "attendance_perc",
    "overall_absence_perc",
    "authorised_absence_perc",
    "unauthorised_absence_perc",
)
COUNTS = (
    "possible_sessions",
    "overall_attendance",
    "present_sessions",
    "approved_educational_activity",
    "overall_absence",
    "authorised_absence",
    "unauthorised_absence",
    "late_sessions",
)


def rollbook(home: Path, *words: str) -> str:
    """Run the command; what it printed. A failure raises with what it said."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("rollbook")), "--home", str(home), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"rollbook {' '.join(words)} ended with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def published_rows(authority: str, phase: str | None) -> dict[str, dict[str, str]]:
    """The published rows of an authority, by phase."""
    with PUBLISHED.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["old_la_code"] == authority]
    return {row["education_phase"]: row for row in rows if phase in (None, row["education_phase"])}


def sent_through(folder: Path, authority: str, phase: str | None) -> dict[str, dict[str, Any]]:
    """What `rollbook totals --json` says of a new ledger that took in the published sessions, by phase."""
    home, file = folder / "home", folder / "counts.avro"
    rollbook(home, "init", "--authority", authority, "--name", "Published")
    chosen = () if phase is None else ("--phase", phase)
    rollbook(home, "simulate", str(file), "--counts", str(PUBLISHED), "--authority", authority, *chosen)
    started = time.perf_counter()
    print(rollbook(home, "import", str(file)).strip())
    imported = time.perf_counter()
    print(rollbook(home, "project").strip())
    projected = time.perf_counter()
    totals = json.loads(rollbook(home, "totals", "--json"))
    print(
        f"imported in {imported - started:.1f} s, answers made in {projected - imported:.1f} s, "
        f"totals asked in {time.perf_counter() - projected:.1f} s"
    )
    return {row["education_phase"]: row for row in totals}


def differences(published: dict[str, dict[str, str]], answered: dict[str, dict[str, Any]]) -> list[str]:
    """Every figure that is not the published one, as a sentence. Empty: all agree."""
    wrong = []
    for phase, row in published.items():
        answer = answered.get(phase, {})
        reasons = [name for name in row if name.startswith("reason_")]
        for name in (*COUNTS, *reasons):
            if str(answer.get(name)) != row[name]:
                wrong.append(f"{phase} {name}: published {row[name]}, answered {answer.get(name)}")
        for name in PERCENTAGES:
            if answer.get(name) != row[name]:
                wrong.append(f"{phase} {name}: published {row[name]}, answered {answer.get(name)}")
    return wrong


def main() -> int:
    """Send, read back, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--authority", default="805")
    parser.add_argument("--phase")
    arguments = parser.parse_args()
    published = published_rows(arguments.authority, arguments.phase)
    with tempfile.TemporaryDirectory() as folder:
        answered = sent_through(Path(folder), arguments.authority, arguments.phase)
    wrong = differences(published, answered)
    for phase, row in published.items():
        figures = ", ".join(f"{name.removesuffix('_perc')} {answered[phase][name]}" for name in PERCENTAGES)
        print(f"{row['la_name']} {phase}: {int(row['possible_sessions']):,} sessions; {figures}")
    print("\n".join(wrong) or "every count and percentage is the published one")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
