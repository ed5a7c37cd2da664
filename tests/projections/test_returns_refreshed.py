"""The return lists over random entries, calendars, agreements, closings and returns: brought up to date is made anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from projections.answers import arranged, parse
from projections.engines.duck import DuckEngine
from projections.facts.columns import schema_of
from projections.facts.rules import rules
from projections.facts.tables import TABLES
from projections.runner import Head, Runner
from tests.answering import new_engine
from tests.examples import examples
from tests.projections.facts_by_hand import FIRST_MOMENT, in_order, mark_row, school_days, text_of

LISTS = (
    "return_new_pupil",
    "return_deletion",
    "return_attendance",
    "return_sickness",
    "return_due",
    "return_period_due",
)
ANSWERS = arranged(parse(name, text_of(name)) for name in in_order(*LISTS))
DAYS = list(school_days(date(2025, 9, 1), 50))
PLACES, LINES = (1, 2), (1, 2, 3, 4)
"""Lines 1 and 2 stand in place 1 and are one pupil's, one after the other; 3 and 4 in place 2."""
CODES = ("O", "O", "O", "N", "U", "I", "I", "/", "G")
Row = dict[str, Any]


def line_row(line: int, random: Random) -> Row:
    place = 1 if line < 3 else 2
    starts = DAYS[0] if line != 2 else DAYS[25]
    ends = date(2026, 8, 31)
    row: Row = {
        "line": line, "place": place, "pupil": 1 if line == 2 else line, "school_year": 202526, "entered": 1,
        "in_error": 0, "guest": 0, "on_roll": 1, "from_date": starts, "to_date": ends, "carried": 0, "imported": 0,
        "entry_position": 1, "entry_recorded_on": starts, "entered_on": None, "starting_day_basis": "agreed",
        "admission": "in_year", "nc_year": random.choice((7, 11)), "csa_from": date(2015, 8, 31),
        "csa_until": random.choice((date(2027, 6, 25), date(2025, 9, 26), None)),
    }  # fmt: skip
    match random.randrange(6):
        case 0:
            gone = random.choice(DAYS)
            ground = random.choice(("r9_1a", "r9_1g"))
            row |= {"to_date": gone, "deletion_position": 5, "deletion_recorded_on": gone, "ground": ground}
        case 1:
            row |= {"in_error": 1, "on_roll": 0}
        case 2:
            row |= {"junior_class_first_day": random.randrange(2), "from_date": DAYS[random.randrange(3)]}
    return row


def spells(random: Random) -> Iterator[tuple[str, Row]]:
    """Some days of one code, and sometimes an amendment of one of them."""
    line = random.choice(LINES)
    first = random.randrange(len(DAYS))
    code = random.choice(CODES)
    for day in DAYS[first : first + random.randrange(1, 18)]:
        for session in (1, 2):
            yield "mark", mark_row(line, day, session, code, "amendment", 1 if line < 3 else 2)


def said(random: Random) -> Iterator[tuple[str, Row]]:
    """One thing that somebody says."""
    place, line, day = random.choice(PLACES), random.choice(LINES), random.choice(DAYS)
    of_line = {"place": 1 if line < 3 else 2, "line": line}
    match random.randrange(12):
        case 0 | 1 | 2:
            yield from spells(random)
        case 3:
            status = random.choice(("held", "cancelled", "planned_closure"))
            yield "school_session", {"place": place, "session_date": day, "session": 1, "status": status}
            yield "school_session", {"place": place, "session_date": day, "session": 2, "status": status}
        case 4:
            yield "line", line_row(line, random)
        case 5:
            termly = random.randrange(2)
            interval = None if termly else random.choice((7, 14, 35))
            yield "return_interval", {"place": place, "interval_days": interval, "termly": termly, "from_date": day}
        case 6:
            name, value = random.choice(
                (("attendance_return_interval_days", 28), ("sickness_prompt_days", 5), ("sickness_prompt_sessions", 12))
            )
            yield "setting", {"setting": name, "value_int": value + random.randrange(9), "applies_from": day}
        case 7:
            last = day + timedelta(days=random.randrange(30))
            closing = {"place": place, "from_date": day, "to_date": last, "pupils": random.randrange(2), "nil": 0}
            yield "attendance_return_closed", closing
        case 8:
            until = random.choice((None, day + timedelta(days=20)))
            limb = random.choice(("consecutive_15", "total_15"))
            yield "sickness_belief", {**of_line, "on_date": day, "limb": limb, "expected_until": until}
        case 9:
            yield "boarding", {"line": line, "from_date": day, "boarder": random.randrange(2)}
        case 10:
            yield "return_asked", {"place": place, "kind": random.choice(("new_pupil", "deletion")), "asked_on": day}
        case _:
            kind, limb = random.choice(
                (("attendance", "p7a"), ("attendance", "p7b"), ("sickness", "p9_total"), ("sickness", "p9_consecutive"),
                 ("new_pupil", "none"), ("deletion", "none"), ("attendance", "none"))
            )  # fmt: skip
            run = {} if limb == "none" else {"run_from": day, "run_days": random.randrange(1, 15)}
            ground = "r9_1a" if kind == "deletion" else None
            yield "return_made", {**of_line, "kind": kind, "limb": limb, "channel": "paper", "ground": ground, **run}


def history(random: Random) -> list[list[tuple[str, Row]]]:
    """What is said, step by step; the first step sets up the places."""
    first: list[tuple[str, Row]] = []
    for place in PLACES:
        first.append(("place", {"place": place, "boarding": "none"}))
        term = {"place": place, "school_year": 202526, "from_date": DAYS[0], "to_date": DAYS[-1], "half_term": 1}
        first.append(("half_term", {**term, "stands": 1}))
        for day in DAYS:
            for session in (1, 2):
                held = {"place": place, "session_date": day, "session": session, "status": "held"}
                first.append(("school_session", held))
    first += [("line", line_row(line, random)) for line in LINES]
    for _ in range(6):
        first += spells(random)
    return [first, *(list(said(random)) for _ in range(25))]


def frames(rows: list[tuple[str, Row]], first: int) -> dict[str, pl.DataFrame]:
    """Rows with their positions, as the loader hands them over."""
    found: dict[str, list[Row]] = {}
    for position, (table, row) in enumerate(rows, first):
        at = FIRST_MOMENT + timedelta(minutes=position)
        beside = {"position": position, "recorded_at": at, "recorded_on": at.date()}
        computed = {"computed_at": position - 1} if table == "return_made" else {}
        found.setdefault(table, []).append({**row, **beside, **computed})
    return {name: pl.DataFrame(those, schema=schema_of(TABLES[name])) for name, those in found.items()}


def stored(engine: DuckEngine) -> dict[str, list[tuple[Any, ...]]]:
    """Every stored answer, sorted."""
    names = [name for name, answer in ANSWERS.items() if answer.kind == "table"]
    return {name: sorted(engine.rows(f"select * from {name}"), key=repr) for name in names}


@settings(
    max_examples=examples(3),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.randoms(use_true_random=False))
def test_returns_brought_up_to_date_are_returns_made_anew_and_a_key_finds_one_row(random: Random) -> None:
    steps = history(random)
    with TemporaryDirectory(prefix="rollbook-returns-") as folder:
        engine = new_engine(Path(folder))
        runner = Runner(engine, ANSWERS, rules())
        first = 0
        while steps:
            taken = [steps.pop(0) for _ in range(min(len(steps), random.randrange(1, 4)))]
            rows = [row for step in taken for row in step]
            end = first + len(rows)
            head = Head(end, FIRST_MOMENT + timedelta(minutes=end))
            runner.catch_up([(end, frames(rows, first + 1))], head)
            first = end
        refreshed = stored(engine)
        runner.rebuild()
        anew = stored(engine)
        twice = []
        for name in LISTS[:4]:
            key = ", ".join(ANSWERS[name].key)
            twice += engine.rows(f"select '{name}', {key} from {name} group by {key} having count(*) > 1")
        engine.close()
    assert [name for name in anew if refreshed[name] != anew[name]] == []
    assert twice == []
