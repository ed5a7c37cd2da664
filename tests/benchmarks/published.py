"""The published figures, sent through the whole system and read back: `make published`.

One mark for each session that the Department for Education counted at an authority's schools in 2024/25, by the command
line as a user would: init, simulate --counts, import, totals --json. Every published count must come back, and the four
published percentages to the fifth decimal, though some who must not count came in with them; these must come back by
their reasons. `python -m tests.benchmarks.published [--authority 805] [--phase Special]`.
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

from simulation import planted_path

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

FILE = "counts.avro"
ANSWERED = {"under_five": "age", "over_fifteen": "age"}
"""Reasons of the simulation of which the answers have another word."""
Left = dict[tuple[str, str], int]
"""Sessions that must not count, by reason and code."""
_LEFT_OUT = """
select n.education_phase, w.why, w.code, cast(sum(w.sessions) as bigint) as sessions
from (
  select a.place, a.code, a.sessions,
         case when a.why <> '' then a.why
              when a.week_start < p.weeks_before then 'not_possible'
              when p.left_out = '' then 'year_11'
              else p.left_out end as why
  from attendance_week a
  left join published_line p on p.line = a.line
  where a.why <> '' or a.possible = 0 or a.week_start >= p.weeks_before
) as w
join place_now n on n.place = w.place
group by n.education_phase, w.why, w.code
"""


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


def sent_through(folder: Path, authority: str, phase: str | None) -> Path:
    """A new ledger that took in the published sessions, and whoever stands beside them; its answers are made."""
    home, file = folder / "home", folder / FILE
    rollbook(home, "init", "--authority", authority, "--name", "Published")
    chosen = () if phase is None else ("--phase", phase)
    rollbook(home, "simulate", str(file), "--counts", str(PUBLISHED), "--authority", authority, *chosen)
    started = time.perf_counter()
    print(rollbook(home, "import", str(file)).strip())
    imported = time.perf_counter()
    print(rollbook(home, "project").strip())
    print(f"imported in {imported - started:.1f} s, answers made in {time.perf_counter() - imported:.1f} s")
    return home


def totals(home: Path, *options: str) -> dict[str, dict[str, Any]]:
    """What `rollbook totals --json` says, by phase."""
    return {row["education_phase"]: row for row in json.loads(rollbook(home, "totals", "--json", *options))}


def sent_beside(home: Path) -> dict[str, Left]:
    """By phase, what the simulation says that it sent and that must not count."""
    planted = json.loads(planted_path(home.parent / FILE).read_text("utf-8"))["left_out"]
    return {
        phase: {(why, code): n for why, codes in by.items() for code, n in codes.items()}
        for phase, by in planted.items()
    }


def left_out(home: Path) -> dict[str, Left]:
    """By phase, what the ledger's answers leave out of the published figures, and why."""
    found: dict[str, Left] = {}
    for row in json.loads(rollbook(home, "sql", _LEFT_OUT, "--json")):
        found.setdefault(row["education_phase"], {})[row["why"], row["code"]] = row["sessions"]
    return found


def in_words_of_answers(sent: Left) -> Left:
    """The same by the reasons that answers give."""
    found: Left = {}
    for (why, code), n in sent.items():
        key = ANSWERED.get(why, why), code
        found[key] = found.get(key, 0) + n
    return found


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
        home = sent_through(Path(folder), arguments.authority, arguments.phase)
        answered, out, sent = totals(home), left_out(home), sent_beside(home)
    wrong = differences(published, answered)
    for phase, row in published.items():
        figures = ", ".join(f"{name.removesuffix('_perc')} {answered[phase][name]}" for name in PERCENTAGES)
        print(f"{row['la_name']} {phase}: {int(row['possible_sessions']):,} sessions; {figures}")
        if out.get(phase) != in_words_of_answers(sent[phase]):
            wrong.append(
                f"{phase}: {in_words_of_answers(sent[phase])} must not count, and {out.get(phase)} were left out"
            )
    print(
        "\n".join(wrong) or "every count and percentage is the published one, and only who must not count was left out"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
