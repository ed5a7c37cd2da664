"""What another system says of its past, and what the ledger then says: for each session the same codes, first to last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.file_import import take_in
from consumers.history_import import open_tables, table_history
from consumers.history_tables import About
from domain.moments import from_days
from projections.register import register
from simulation.history import simulate_history
from tests.examples import examples
from tests.making import LAESTAB, SIMS, School, moment

CODES = ("/", "N", "I", "O", "M", "L", "")
"""The last: taken back."""
PUPILS = ("Ann", "Ben")
DAYS = ("2025-09-01", "2025-09-02")
Spot = tuple[str, str, str]


@st.composite
def records(draw: st.DrawFn) -> dict[Spot, list[str]]:
    """The other system's own record: the codes of each session in order, no step leading to the same code again."""
    found: dict[Spot, list[str]] = {}
    for spot in ((who, day, session) for who in PUPILS for day in DAYS for session in ("AM", "PM")):
        codes = draw(st.lists(st.sampled_from(CODES), max_size=5))
        steps = [code for n, code in enumerate(codes) if n == 0 or code != codes[n - 1]]
        while steps and not steps[0]:
            steps.pop(0)  # what never was marked cannot be taken back
        if steps:
            found[spot] = steps
    return found


def _exports(folder: Path, record: dict[Spot, list[str]], skipped: Sequence[int]) -> tuple[Path, Path]:
    """The marks as they stand, and the log of changes; of some sessions it leaves out the last step (SIMS does)."""
    marks, log = ["pupil,date,session,code"], ["pupil,date,session,old,new,changed_at,changed_by,reason"]
    for n, (spot, steps) in enumerate(record.items()):
        if steps[-1]:
            marks.append(",".join((*spot, steps[-1])))
        when = datetime(2025, 9, 3, 9)  # noqa: DTZ001 - as the office's clock shows it
        logged = list(pairwise(steps))
        for old, new in logged[:-1] if n in skipped and steps[-1] and len(logged) > 1 else logged:
            log.append(",".join((*spot, old, new, f"{when:%d/%m/%Y %H:%M}", "KB", f"Because {n}")))
            when += timedelta(hours=7)
    paths = folder / "marks.csv", folder / "log.csv"
    for path, rows in zip(paths, (marks, log), strict=True):
        path.write_text("\n".join(rows) + "\n", "utf-8")
    return paths


def _chains(school: School) -> dict[Spot, list[str]]:
    (place,) = {entry["place"] for entry in school.entries("PlaceDescribed")}
    found = register(school.ledger, place, date.fromisoformat(DAYS[0]), date.fromisoformat(DAYS[-1]))
    return {
        (str(row.name), day.isoformat(), session): [code or "" for code, _ in cell.codes]
        for row in found.rows
        for (day, session), cell in row.cells.items()
    }


def test_a_made_up_schools_past_goes_in_whole_and_every_chain_is_found_in_the_ledger(tmp_path: Path) -> None:
    made = simulate_history(tmp_path / "past", pupils=24, years=2, seed=11)
    school = School.ready(tmp_path, ())
    about = About(SIMS, None, LAESTAB, moment("2025-10-10 16:00"), moment("2025-10-10 16:00"))
    for path, opened in open_tables(made.files):
        assert take_in(school.ledger, table_history(path, opened, about)).counts.held == 0
    ids = {entry.stream: entry.text["mis_pupil"] for entry in school.entries("LocalIdGiven")}
    whose = {entry.text["line"]: ids[entry.stream] for entry in school.entries("LineOpened")}
    chains: dict[Spot, list[tuple[int, str]]] = {}
    for entry in school.entries("MarkRecorded", "OlderEntryLearned"):
        spot = (whose[entry["line"]], from_days(entry["date"]).isoformat(), entry["session"])
        at = (entry["held_from"] or 0) if entry.topic == "OlderEntryLearned" else 1 << 62
        chains.setdefault(spot, []).append((at, entry["code"]))
    found = {spot: [code for code, _ in groupby(code for _, code in sorted(steps))] for spot, steps in chains.items()}
    assert {spot: codes for spot, codes in found.items() if len(codes) > 1} == made.chains
    assert len(school.entries("MarkRecorded")) == sum(1 for codes in found.values() if codes[-1])
    school.close()


@settings(max_examples=examples(15), deadline=None)
@given(records(), st.booleans(), st.lists(st.integers(0, 7), max_size=4))
def test_marks_and_log_together_give_the_chain_that_the_other_system_has(
    record: dict[Spot, list[str]], log_first: bool, skipped: list[int]
) -> None:
    with TemporaryDirectory() as folder:
        school = School.ready(Path(folder), PUPILS)
        about = About(SIMS, None, LAESTAB, moment("2025-10-10 16:00"), moment("2025-10-10 16:00"))
        marks, log = _exports(Path(folder), record, skipped)
        for path in (log, marks) if log_first else (marks, log):
            for _, opened in open_tables([path]):
                assert take_in(school.ledger, table_history(path, opened, about)).counts.adds_up
        assert _chains(school) == record
        school.close()
